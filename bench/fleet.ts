/**
 * `npm run bench -- --fleet`: what a fleet of two Regions and a witness does, each Region's node and NATS server a process of this machine, started by `borealis fleet`.
 *
 *   commits     single-row statements that each commit, by connections (half of them in each Region): how many a second, how long one takes, and what they cost in processor time
 *   distance    20 ms between Regions: reads and commits at each Region, beside a deployment of one process, commits counted in round trips
 *
 * Processor time is the kernel's count for each process. On a machine that others use too it and the ratios say more than the rates do.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startBorealis } from './servers.ts';

export type FleetBenchOptions = {
  readonly seconds: number;
  readonly connections: readonly number[];
  /** `commits`, `distance`. */
  readonly parts: readonly string[];
};

const root = path.join(import.meta.dirname, '../../..');
const command = path.join(root, 'bin/borealis.mjs');
const run = promisify(execFile);
const rows = 20_000;
const rttMs = 20;

type Environment = Readonly<Record<string, string>>;
type BenchNode = { readonly region: string; readonly environment: Environment; readonly httpPort: number };
type Process = { readonly name: string; readonly pid: number };
type BenchFleet = { readonly nodes: readonly BenchNode[]; readonly processes: readonly Process[]; readonly stop: () => Promise<void> };

async function startFleet(regionRttMs: number): Promise<BenchFleet> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-fleet-'));
  const base = 20_000 + Math.floor(Math.random() * 10_000);
  const [port, httpPort, natsPort] = [base, base + 10, base + 20];
  const child = spawn(
    process.execPath,
    [
      command,
      'fleet',
      ...['--data-dir', dataDir, '--region-rtt', `${regionRttMs}ms`, '--log-level', 'warn'],
      ...['--port', String(port), '--http-port', String(httpPort), '--nats-port', String(natsPort)],
    ],
    // The nodes inherit it: NODE_OPTIONS=--cpu-prof profiles them.
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (/^borealis is ready$/m.test(output)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`borealis fleet ended with ${code}:\n${output}`)));
  });
  const nodes = await Promise.all(
    ['us-east-1', 'us-east-2'].map(async (region, i) => ({
      region,
      httpPort: httpPort + i,
      environment: await environmentOf(dataDir, region),
    })),
  );
  return {
    nodes,
    processes: childrenOf(child.pid ?? 0, dataDir),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function environmentOf(dataDir: string, region: string): Promise<Environment> {
  const { stdout } = await run(process.execPath, [command, 'env', '--data-dir', dataDir, '--region', region]);
  return Object.fromEntries([...stdout.matchAll(/^export (PG\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
}

/** The processes that the command has started: NATS servers and nodes. */
function childrenOf(parent: number, dataDir: string): readonly Process[] {
  const found = [{ name: 'proxies', pid: parent }];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8');
      if (Number(/PPid:\s+(\d+)/.exec(status)?.[1]) !== parent) continue;
      const name = readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(`${dataDir}/nodes`) ? 'nodes' : 'NATS';
      found.push({ name, pid: Number(entry) });
    } catch {
      // It has ended while it was looked at.
    }
  }
  return found;
}

/** Seconds of processor time so far, by name. */
function processorSeconds(processes: readonly Process[]): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>();
  for (const { name, pid } of processes) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    seconds.set(name, (seconds.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) / 100);
  }
  return seconds;
}

type Measured = { readonly count: number; readonly perSecond: number; readonly p50: number; readonly p99: number; readonly failed: number };

const scripts = {
  insert: 'INSERT INTO made (note) VALUES (:client_id);\n',
  update: `\\set id random(1, ${rows})\nUPDATE account SET balance = balance + 1 WHERE id = :id;\n`,
  read: `\\set id random(1, ${rows})\nSELECT balance FROM account WHERE id = :id;\n`,
} as const;
type Workload = keyof typeof scripts;

/** pgbench at one node, prepared statements; every transaction's time. */
async function load(environment: Environment, workload: Workload, connections: number, seconds: number): Promise<Measured> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-load-'));
  try {
    const file = path.join(folder, 'script.sql');
    writeFileSync(file, scripts[workload]);
    const { stdout } = await run(
      'pgbench',
      ['-n', '-f', file, '-M', 'prepared', '-c', String(connections), '-j', '1', '-T', String(seconds), '--max-tries', '50', '-l'],
      { env: { ...process.env, ...environment }, cwd: folder, maxBuffer: 2 ** 26 },
    );
    const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
    const times = readdirSync(folder)
      .filter((name) => name.startsWith('pgbench_log'))
      .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n'))
      .map((line) => Number(line.split(' ')[2]) / 1000)
      .filter((ms) => ms > 0)
      .sort((a, b) => a - b);
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))];
    return { count: times.length, perSecond, p50: at(0.5), p99: at(0.99), failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function prepareTables(environment: Environment): Promise<void> {
  const psql = (text: string): unknown =>
    execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', text], { env: { ...process.env, ...environment } });
  psql('CREATE TABLE made (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), note int)');
  psql('CREATE TABLE account (id int PRIMARY KEY, balance int)');
  for (let first = 1; first <= rows; first += 2000)
    psql(`INSERT INTO account SELECT n, 0 FROM generate_series(${first}, ${first + 1999}) n`);
}

/** Entries in the journal: batches of commits, and heartbeats' empty ones. */
async function journalPosition({ httpPort }: BenchNode): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
  return Number(/^borealis_journal_position\{.*\} (\d+)$/m.exec(await answer.text())?.[1]);
}

/** Which Region the adjudicator is in. */
async function adjudicatorRegion(nodes: readonly BenchNode[]): Promise<string> {
  for (const { region, httpPort } of nodes) {
    const answer = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
    if (/^borealis_adjudicator\{.*\} 1$/m.test(await answer.text())) return region;
  }
  return 'nowhere';
}

const table = (heads: readonly string[], lines: readonly (readonly string[])[]): string =>
  [heads, ['---', ...heads.slice(1).map(() => '---:')], ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const whole = (value: number): string => Math.round(value).toLocaleString('en-US').replaceAll(',', ' ');

async function commitsByConnections(fleet: BenchFleet, { seconds, connections }: FleetBenchOptions): Promise<string> {
  const lines: string[][] = [];
  for (const workload of ['insert', 'update'] as const) {
    for (const count of connections) {
      const shares = fleet.nodes.map((_, i) => Math.ceil((count - i) / fleet.nodes.length)).filter((share) => share > 0);
      const before = processorSeconds(fleet.processes);
      const position = await journalPosition(fleet.nodes[0]);
      const startedMs = performance.now();
      const measured = await Promise.all(shares.map((share, i) => load(fleet.nodes[i].environment, workload, share, seconds)));
      const elapsed = (performance.now() - startedMs) / 1000;
      const after = processorSeconds(fleet.processes);
      const batches = (await journalPosition(fleet.nodes[0])) - position;
      const commits = measured.reduce((sum, { count }) => sum + count, 0);
      const busy = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
      lines.push([
        `${workload}, ${count}`,
        whole(measured.reduce((sum, { perSecond }) => sum + perSecond, 0)),
        measured.map(({ p50 }) => p50.toFixed(1)).join(' / '),
        measured.map(({ p99 }) => p99.toFixed(1)).join(' / '),
        ...['nodes', 'NATS'].map((name) => `${whole((busy(name) / commits) * 1e6)} (${((busy(name) / elapsed) * 100).toFixed(0)} %)`),
        (commits / batches).toFixed(1),
        String(measured.reduce((sum, { failed }) => sum + failed, 0)),
      ]);
    }
  }
  return table(
    [
      'statement, connections',
      'commits/s',
      'p50 ms, each Region',
      'p99 ms, each Region',
      'nodes: µs CPU a commit (busy)',
      'NATS: µs CPU a commit (busy)',
      'commits a batch',
      'failed',
    ],
    lines,
  );
}

async function atADistance({ seconds }: FleetBenchOptions): Promise<string> {
  const lines: string[][] = [];
  const single = await startBorealis();
  try {
    await prepareTables(single.environment);
    for (const workload of ['read', 'update'] as const) {
      const { perSecond, p50, p99 } = await load(single.environment, workload, 1, seconds);
      lines.push([`one process: ${workload}`, whole(perSecond), p50.toFixed(3), p99.toFixed(3), '']);
    }
  } finally {
    await single.stop();
  }
  const fleet = await startFleet(rttMs);
  try {
    await prepareTables(fleet.nodes[0].environment);
    const leader = await adjudicatorRegion(fleet.nodes);
    for (const workload of ['read', 'update'] as const) {
      for (const { region, environment } of fleet.nodes) {
        const { perSecond, p50, p99 } = await load(environment, workload, 1, seconds);
        const where = `${region}${region === leader ? ' (adjudicator)' : ''}`;
        lines.push([
          `${where}: ${workload}`,
          whole(perSecond),
          p50.toFixed(3),
          p99.toFixed(3),
          workload === 'update' ? (p50 / rttMs).toFixed(2) : '',
        ]);
      }
    }
  } finally {
    await fleet.stop();
  }
  return table(['one connection', 'a second', 'p50 ms', 'p99 ms', 'round trips at p50'], lines);
}

export async function measureFleet(options: FleetBenchOptions): Promise<void> {
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0].model}, Node ${process.version}, ${options.seconds} s a run\n`,
  );
  const { parts } = options;
  if (parts.includes('commits')) {
    const fleet = await startFleet(0);
    try {
      await prepareTables(fleet.nodes[0].environment);
      console.log(
        `No distance; the adjudicator is in ${await adjudicatorRegion(fleet.nodes)}.\n\n${await commitsByConnections(fleet, options)}\n`,
      );
    } finally {
      await fleet.stop();
    }
  }
  if (parts.includes('distance')) console.log(`${rttMs} ms between Regions.\n\n${await atADistance(options)}\n`);
}
