/** The three servers that are measured, each started as its user would, on loopback, one after the other. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

export type BenchServer = {
  readonly name: string;
  /** For libpq and node-postgres. */
  readonly environment: Readonly<Record<string, string>>;
  readonly startMs: number;
  /** Resident memory of all its processes, MB. */
  readonly residentMb: () => number;
  /** More than one client at a time. */
  readonly isConcurrent: boolean;
  /** COPY FROM STDIN works; else rows are loaded by INSERT. */
  readonly hasCopy: boolean;
  /** Statistics must be asked for; Borealis counts rows by itself. */
  readonly needsAnalyze: boolean;
  stop(): Promise<void>;
};

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../../..');

function residentMb(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return kilobytes / 1024;
}

export async function startBorealis(): Promise<BenchServer> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-borealis-'));
  const command = path.join(root, 'bin/borealis.mjs');
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [command, 'start', '--data-dir', dataDir, '--port', '0', '--http-port', '0', '--log-level', 'error'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (/^borealis is ready$/m.test(output)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`borealis ended with ${code}`)));
  });
  const startMs = performance.now() - startedMs;
  const { stdout } = await run(process.execPath, [command, 'env', '--data-dir', dataDir]);
  const environment = Object.fromEntries([...stdout.matchAll(/^export (PG\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
  return {
    name: 'Borealis',
    environment,
    startMs,
    isConcurrent: true,
    hasCopy: true,
    needsAnalyze: false,
    residentMb: () => residentMb([child.pid ?? 0]),
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Debian's PostgreSQL with its own settings (fsync on); undefined where there is none. */
export async function startPostgres(): Promise<BenchServer | undefined> {
  const installed = '/usr/lib/postgresql';
  const version = existsSync(installed)
    ? readdirSync(installed)
        .sort((a, b) => Number(b) - Number(a))
        .find((name) => existsSync(`${installed}/${name}/bin/initdb`))
    : undefined;
  if (version === undefined) return undefined;
  const bin = `${installed}/${version}/bin`;
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-postgres-'));
  const isRoot = process.getuid?.() === 0;
  const ids: { readonly uid?: number; readonly gid?: number } = isRoot
    ? { uid: Number(execFileSync('id', ['-u', 'postgres'])), gid: Number(execFileSync('id', ['-g', 'postgres'])) }
    : {};
  if (ids.uid !== undefined) chownSync(dataDir, ids.uid, ids.gid ?? ids.uid);
  const port = 15_000 + (process.pid % 10_000);
  await run(`${bin}/initdb`, ['-D', dataDir, '-U', 'admin', '-A', 'trust', '--locale=C', '-E', 'UTF8'], { ...ids, cwd: '/' });
  const startedMs = performance.now();
  const child = spawn(
    `${bin}/postgres`,
    ['-D', dataDir, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${dataDir}`],
    {
      ...ids,
      cwd: '/',
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stderr.on('data', (data) => {
      output += data;
      if (output.includes('ready to accept connections')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${output}`)));
  });
  const startMs = performance.now() - startedMs;
  return {
    name: `PostgreSQL ${version}`,
    environment: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'admin', PGDATABASE: 'postgres', PGSSLMODE: 'disable' },
    startMs,
    isConcurrent: true,
    hasCopy: true,
    needsAnalyze: true,
    residentMb: () => {
      const children = execFileSync('pgrep', ['-P', String(child.pid)])
        .toString()
        .trim()
        .split('\n')
        .map(Number);
      return residentMb([child.pid ?? 0, ...children]);
    },
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** PGlite behind its socket server, in this process, with its files on disk. One client at a time. */
export async function startPglite(): Promise<BenchServer> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'bench-pglite-'));
  const before = process.memoryUsage.rss();
  const startedMs = performance.now();
  const database = await PGlite.create(dataDir);
  const port = 25_000 + (process.pid % 10_000);
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port, maxConnections: 4 });
  await server.start();
  const startMs = performance.now() - startedMs;
  return {
    name: 'PGlite',
    environment: { PGHOST: '127.0.0.1', PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'postgres', PGSSLMODE: 'disable' },
    startMs,
    isConcurrent: false,
    // Its socket server does not hand CopyData on.
    hasCopy: false,
    needsAnalyze: true,
    residentMb: () => (process.memoryUsage.rss() - before) / 1024 / 1024,
    stop: async () => {
      await server.stop();
      await database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
