/**
 * `borealis fleet`: a whole fleet on this machine, for development and tests: a nats-server in each Region and in the witness Region, and a node of Borealis in each Region.
 *
 *   DIR/nats/        the servers' directories
 *   DIR/nodes/NAME/  a node's own data directory
 *   DIR              as any deployment's: borealis env, psql and token work with it
 *
 * What ends by itself is told and not started again: this is for trying things, `borealis start --journal` under a supervisor is for keeping.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileDisk, realWorld, silentLog } from '#base/real-world.ts';
import { rootKey } from '#iam/access-key-file.ts';
import { CommandError, holdDirectory, readDeployment, writeDeployment } from '../data-directory.ts';
import { type FlagValues, startOptions } from '../options.ts';
import { givenRootKey } from '../own-key.ts';
import { NatsServers, NoNatsServer } from './nats-servers.ts';

type FleetNode = {
  readonly name: string;
  readonly region: string;
  readonly directory: string;
  readonly port: number;
  readonly httpPort: number;
};

const startMs = 60_000;

export async function fleet(flags: FlagValues, environment: NodeJS.ProcessEnv): Promise<void> {
  const options = startOptions(flags, environment);
  const directory = path.resolve(options.dataDir);
  const stopped = untilStopped();
  const release = holdDirectory(directory);
  const children: ChildProcess[] = [];
  let servers: NatsServers | undefined;
  try {
    const world = realWorld({ log: silentLog, disk: fileDisk() });
    const key = await rootKey(world.disk, `${directory}/credentials`, world.random, givenRootKey(environment));
    process.stdout.write('starting three NATS servers …\n');
    servers = await NatsServers.start({
      directory: path.join(directory, 'nats'),
      regions: [...options.regions, options.witnessRegion],
      basePort: options.natsPort,
      rttMs: options.regionRttMs,
    });
    const nodes = options.regions.map(
      (region, i): FleetNode => ({
        name: `node-${region}`,
        region,
        directory: path.join(directory, 'nodes', region),
        port: options.port + i,
        httpPort: options.httpPort + i,
      }),
    );
    for (const node of nodes) {
      children.push(
        startNode(node, servers, {
          ...environment,
          BOREALIS_ROOT_ACCESS_KEY_ID: key.accessKeyId,
          BOREALIS_ROOT_SECRET_ACCESS_KEY: key.secretAccessKey,
        }),
      );
    }
    await Promise.all(nodes.map((node, i) => untilReady(node, children[i])));
    const { clusters } = readDeployment(nodes[0].directory);
    writeDeployment(directory, {
      formatVersion: 1,
      host: options.host,
      httpPort: options.httpPort,
      regions: nodes.map(({ region, port }) => ({ name: region, port })),
      clusters,
    });
    for (const { name, region, port, httpPort } of nodes)
      process.stdout.write(`  ${region.padEnd(16)}${name} at ${options.host}:${port}, http://${options.host}:${httpPort}\n`);
    for (const { name, port } of servers.servers) process.stdout.write(`  ${name.padEnd(16)}nats://127.0.0.1:${port}\n`);
    process.stdout.write(`\n  psql            eval "$(npx borealis env --data-dir ${options.dataDir})" && psql\n\nborealis is ready\n`);
    await stopped;
  } catch (error) {
    throw error instanceof NoNatsServer ? new CommandError(error.message) : error;
  } finally {
    await Promise.all(children.map(ended));
    await servers?.stop();
    release();
  }
  process.exit(0);
}

function startNode(node: FleetNode, servers: NatsServers, environment: NodeJS.ProcessEnv): ChildProcess {
  mkdirSync(node.directory, { recursive: true, mode: 0o700 });
  const log = openSync(path.join(node.directory, 'node.log'), 'a', 0o600);
  const program = new URL('../borealis.js', import.meta.url).pathname;
  const child = spawn(
    process.execPath,
    [
      program,
      'start',
      ...['--data-dir', node.directory, '--node-name', node.name, '--regions', node.region],
      ...['--port', String(node.port), '--http-port', String(node.httpPort)],
      ...['--journal', servers.urlsFrom(node.region), '--journal-monitor', servers.monitorUrls.join(',')],
    ],
    { env: environment, stdio: ['ignore', 'pipe', log] },
  );
  child.on('exit', (code, signal) =>
    process.stderr.write(`${node.name} has ended (${signal ?? code}); its log is ${node.directory}/node.log\n`),
  );
  return child;
}

/** Until it has said that it is ready. */
function untilReady(node: FleetNode, child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new CommandError(`${node.name} ${why}: see ${node.directory}/node.log`));
    const timer = setTimeout(() => fail(`was not ready within ${startMs / 1000} seconds`), startMs);
    let said = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      if (!said.includes('borealis is ready')) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', () => {
      clearTimeout(timer);
      fail('has ended');
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  child.removeAllListeners('exit');
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
