/**
 * A NATS cluster on this machine, for development and tests: one nats-server process a Region, each with JetStream on its own directory, synchronising always.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { DelayingProxy } from './delaying-proxy.ts';

export type NatsServer = {
  readonly name: string;
  readonly region: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly process: ChildProcess;
};

export type NatsServersOptions = {
  readonly directory: string;
  /** One server each; the same Region may come more than once. */
  readonly regions: readonly string[];
  /** Ports from here on, three for each server; any free ones when left out. */
  readonly basePort?: number;
  /** Round trip between servers of different Regions, and between a node and another Region's server; none when left out. */
  readonly rttMs?: number;
};

/** `sync_interval: always` has covered the Raft log since then (docs/operations.md). */
const leastVersion = [2, 10, 23] as const;

export class NatsServers {
  readonly servers: NatsServer[] = [];
  readonly #plans: readonly Plan[];
  readonly #binary: string;
  readonly #links: readonly Link[];

  private constructor(binary: string, plans: readonly Plan[], links: readonly Link[]) {
    this.#binary = binary;
    this.#plans = plans;
    this.#links = links;
  }

  /**
   * Throws NoNatsServer when there is no server program, or one that is too old. Resolves when every server answers its health check. Where the ports are free ones, another process may
   * take one in between: then it is tried again with others.
   */
  static async start(options: NatsServersOptions): Promise<NatsServers> {
    const binary = natsServerBinary();
    for (let tries = 1; ; tries++) {
      const all = await NatsServers.#plan(binary, options);
      try {
        for (const i of all.#plans.keys()) all.startServer(i);
        await Promise.all(all.#plans.map((plan, i) => untilHealthy(plan, all.servers[i].process)));
        return all;
      } catch (error) {
        await all.stopAndRemove();
        if (!(error instanceof ServerEnded) || options.basePort !== undefined || tries === 3) throw error;
      }
    }
  }

  static async #plan(binary: string, options: NatsServersOptions): Promise<NatsServers> {
    const ports = await freePorts(options.regions.length * 3, options.basePort);
    const plans = options.regions.map((region, i) => ({
      name: `nats-${i + 1}`,
      region,
      directory: path.join(options.directory, `nats-${i + 1}`),
      port: ports[i * 3],
      monitorPort: ports[i * 3 + 1],
      routePort: ports[i * 3 + 2],
    }));
    return new NatsServers(binary, plans, await linksBetween(plans, (options.rttMs ?? 0) / 2));
  }

  get urls(): string {
    return this.#plans.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
  }

  /** As a node in the Region reaches them, its own Region's first. */
  urlsFrom(region: string): string {
    const portOf = (plan: Plan): number => this.#links.find((link) => link.region === region && link.to === plan)?.client.port ?? plan.port;
    const own = this.#plans.filter((plan) => plan.region === region);
    const others = this.#plans.filter((plan) => plan.region !== region);
    return [...own, ...others].map((plan) => `nats://127.0.0.1:${portOf(plan)}`).join(',');
  }

  /** Cuts every link of the Region to others that goes through a proxy; only where there is a distance. */
  isolate(region: string): void {
    for (const link of this.#links)
      if (link.region === region || link.to.region === region) for (const proxy of [link.route, link.client]) proxy.cut();
  }

  heal(): void {
    for (const { route, client } of this.#links) for (const proxy of [route, client]) proxy.mend();
  }

  get monitorUrls(): readonly string[] {
    return this.#plans.map(({ monitorPort }) => `http://127.0.0.1:${monitorPort}`);
  }

  /** Starts, or starts again with what its directory holds. */
  startServer(index: number): NatsServer {
    const plan = this.#plans[index];
    mkdirSync(plan.directory, { recursive: true });
    const file = path.join(plan.directory, 'nats.conf');
    writeFileSync(
      file,
      configuration(plan, this.#plans, (other) => this.#routePort(plan, other)),
    );
    const started: NatsServer = {
      name: plan.name,
      region: plan.region,
      port: plan.port,
      monitorPort: plan.monitorPort,
      process: spawn(this.#binary, ['-c', file, '-l', path.join(plan.directory, 'nats.log')], { stdio: 'ignore' }),
    };
    this.servers[index] = started;
    return started;
  }

  #routePort(from: Plan, to: Plan): number {
    return this.#links.find((link) => link.region === from.region && link.to === to)?.route.port ?? to.routePort;
  }

  untilHealthy(index: number): Promise<void> {
    return untilHealthy(this.#plans[index], this.servers[index].process);
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map(({ process }) => ended(process, 'SIGTERM')));
    await this.#closeLinks();
  }

  async #closeLinks(): Promise<void> {
    for (const { route, client } of this.#links) await Promise.all([route.close(), client.close()]);
  }

  async stopAndRemove(): Promise<void> {
    await Promise.all(this.servers.map(({ process }) => ended(process, 'SIGKILL')));
    await this.#closeLinks();
    for (const { directory } of this.#plans) rmSync(directory, { recursive: true, force: true });
  }
}

type Plan = {
  readonly name: string;
  readonly region: string;
  readonly directory: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly routePort: number;
};

/** A way from a Region to a server in another one: for its server, and for its nodes. */
type Link = { readonly region: string; readonly to: Plan; readonly route: DelayingProxy; readonly client: DelayingProxy };

async function linksBetween(plans: readonly Plan[], oneWayMs: number): Promise<readonly Link[]> {
  if (oneWayMs === 0) return [];
  const links: Link[] = [];
  for (const region of new Set(plans.map((plan) => plan.region))) {
    for (const to of plans) {
      if (to.region === region) continue;
      const [route, client] = await Promise.all([DelayingProxy.listen(to.routePort, oneWayMs), DelayingProxy.listen(to.port, oneWayMs)]);
      links.push({ region, to, route, client });
    }
  }
  return links;
}

export class NoNatsServer extends Error {
  override readonly name = 'NoNatsServer';
}

/** The nats-server of BOREALIS_NATS_SERVER, or of PATH. */
export function natsServerBinary(): string {
  const binary = process.env.BOREALIS_NATS_SERVER ?? 'nats-server';
  const asked = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (asked.error !== undefined || asked.status !== 0)
    throw new NoNatsServer(
      `a fleet needs nats-server ${leastVersion.join('.')} or newer, and ${binary} cannot be run (BOREALIS_NATS_SERVER names another one)`,
    );
  const version = /v?(\d+)\.(\d+)\.(\d+)/.exec(asked.stdout + asked.stderr);
  if (version === null || isOlder([Number(version[1]), Number(version[2]), Number(version[3])]))
    throw new NoNatsServer(`a fleet needs nats-server ${leastVersion.join('.')} or newer; this is ${asked.stdout.trim()}`);
  return binary;
}

/** For tests that can do without. */
export function hasNatsServer(): boolean {
  try {
    natsServerBinary();
    return true;
  } catch (error) {
    if (error instanceof NoNatsServer) return false;
    throw error;
  }
}

function isOlder(version: readonly [number, number, number]): boolean {
  for (const [i, least] of leastVersion.entries()) if (version[i] !== least) return version[i] < least;
  return false;
}

function configuration(plan: Plan, all: readonly Plan[], routePort: (to: Plan) => number): string {
  const lines = [
    `server_name: ${plan.name}`,
    `listen: 127.0.0.1:${plan.port}`,
    `http: 127.0.0.1:${plan.monitorPort}`,
    `server_tags: ["region:${plan.region}"]`,
    'max_payload: 1MB',
    'jetstream {',
    `  store_dir: ${JSON.stringify(path.join(plan.directory, 'jetstream'))}`,
    '  sync_interval: always',
    ...(new Set(all.map(({ region }) => region)).size === all.length && all.length > 1 ? ['  unique_tag: "region:"'] : []),
    '}',
  ];
  if (all.length > 1) {
    lines.push(
      'cluster {',
      '  name: borealis',
      `  listen: 127.0.0.1:${plan.routePort}`,
      // Only these: what servers tell each other would lead around the proxies.
      '  no_advertise: true',
      `  routes: [${all.filter((other) => other !== plan).map((other) => `"nats://127.0.0.1:${routePort(other)}"`)}]`,
      '}',
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The server's process ended before it was healthy. */
class ServerEnded extends Error {}

/** One that was killed under load first reads its log back and catches up: long on a busy disk. */
const healthyWithinMs = 120_000;

async function untilHealthy({ name, monitorPort, directory }: Plan, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + healthyWithinMs; Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new ServerEnded(`${name} has ended; its log is ${path.join(directory, 'nats.log')}`);
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/healthz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} did not become healthy within ${healthyWithinMs / 1000} seconds`);
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else {
      child.once('exit', () => resolve());
      child.kill(signal);
    }
  });
}

/** Below the range that the kernel takes for outgoing connections, so that no connection is in the way a moment later. */
async function freePorts(count: number, base: number | undefined): Promise<number[]> {
  if (base !== undefined) return Array.from({ length: count }, (_, i) => base + i);
  const found = new Set<number>();
  while (found.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) found.add(port);
  }
  return [...found];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
