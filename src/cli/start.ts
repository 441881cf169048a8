/**
 * `borealis start`: holds the data directory, runs a node, says where it serves, and stops it cleanly on SIGTERM, SIGINT, or when the
 * npm process that started it is gone. A second signal stops at once.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { fileDisk, realWorld } from '#base/real-world.ts';
import { startNode } from '#main.ts';
import { CommandError, holdDirectory, reason, writeDeployment } from './data-directory.ts';
import { makeLog } from './log.ts';
import { type FlagValues, type StartOptions, startOptions } from './options.ts';
import { givenRootKey } from './own-key.ts';

export async function start(flags: FlagValues, environment: NodeJS.ProcessEnv): Promise<void> {
  const options = startOptions(flags, environment);
  const stopped = stopSignals();
  const log = await makeLog(options);
  const directory = path.resolve(options.dataDir);
  const release = holdDirectory(directory);
  const forget = options.inMemory ? forgetting(directory) : () => {};
  try {
    const world = realWorld({ log, disk: fileDisk() });
    const node = await startNode(world, {
      ...options,
      directory,
      consoleDirectory: path.join(import.meta.dirname, '../console'),
      rootKey: givenRootKey(environment),
      tls: ownTls(options),
      onFatal: (error) => {
        process.stderr.write(`borealis: ${error.message}\n`);
        process.exit(1);
      },
    }).catch((error: unknown) => {
      throw asCommandError(error, options);
    });
    writeDeployment(directory, node.deployment);
    process.stdout.write(`${greeting(node.deployment, options)}\nborealis is ready\n`);
    const why = await stopped;
    log.info('stopping', { why });
    await node.stop();
  } finally {
    forget();
    release();
  }
  process.exit(0);
}

/**
 * With --in-memory the directory holds only what `borealis env`, `psql` and `stop` need while the deployment runs. The returned function
 * removes what was not there before.
 */
function forgetting(directory: string): () => void {
  const made = ['credentials', 'deployment.json', 'tls'].map((name) => path.join(directory, name)).filter((file) => !existsSync(file));
  return () => {
    for (const file of made) rmSync(file, { recursive: true, force: true });
  };
}

function greeting(deployment: Parameters<typeof writeDeployment>[1], options: StartOptions): string {
  const lines: string[] = ['', 'Borealis'];
  const cluster = deployment.clusters.find(({ isDefault }) => isDefault);
  const host = deployment.host;
  for (const { name, port } of deployment.regions) {
    lines.push(`  ${name.padEnd(16)}${cluster === undefined ? '' : `${cluster.id}.dsql.${name}.on.aws at `}${host}:${port}`);
  }
  lines.push(`  ${options.witnessRegion.padEnd(16)}witness`);
  const dataDir = options.dataDir === './borealis-data' ? '' : ` --data-dir ${options.dataDir}`;
  if (cluster !== undefined) lines.push('', `  psql            eval "$(npx borealis env${dataDir})" && psql`);
  const address = `http${deployment.httpFingerprint === undefined ? '' : 's'}://${isIP(host) === 6 ? `[${host}]` : host}:${deployment.httpPort}`;
  lines.push(`  console         ${address}/`, `  health          ${address}/health`, '');
  return lines.join('\n');
}

function ownTls(options: StartOptions): { readonly certificate: Buffer; readonly privateKey: Buffer } | undefined {
  if (options.tlsCertFile === undefined || options.tlsKeyFile === undefined) return undefined;
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new CommandError(`cannot read ${file}: ${reason(error)}`);
    }
  };
  return { certificate: read(options.tlsCertFile), privateKey: read(options.tlsKeyFile) };
}

/** What a user can mend, in one line; everything else keeps its stack. */
function asCommandError(error: unknown, options: StartOptions): unknown {
  const { code, port, address } = error as NodeJS.ErrnoException & { readonly port?: number; readonly address?: string };
  if (code === 'EADDRINUSE')
    return new CommandError(`port ${port} on ${address ?? options.host} is in use: choose another with --port or --http-port`);
  if (code === 'EADDRNOTAVAIL') return new CommandError(`this machine has no address ${options.host}`);
  if (code === 'EACCES' && port !== undefined) return new CommandError(`no permission to listen on port ${port}`);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOSPC' || code === 'ENOTDIR') {
    return new CommandError(`cannot use the data directory ${options.dataDir}: ${reason(error)}`);
  }
  if (error instanceof Error && (error.name === 'UnfitServer' || error.name === 'JournalDamaged')) return new CommandError(error.message);
  if (options.fleet !== undefined && error instanceof Error && /CONNECTION_REFUSED|connection refused/i.test(error.message))
    return new CommandError(`none of the NATS servers ${options.fleet.nats.servers.join(', ')} can be reached`);
  return error;
}

/** Resolves with the first reason to stop; a second signal ends the process on the spot. */
function stopSignals(): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (isStopping) process.exit(1);
        isStopping = true;
        resolve(signal);
      });
    }
    watchNpm(() => {
      isStopping = true;
      resolve('the npm process that started this one is gone');
    });
  });
}

/** npm does not pass signals on. Its process is our parent, or our parent's parent (with a shell in between). */
function watchNpm(onGone: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const ancestors = [process.ppid, parentOf(process.ppid)].filter((pid): pid is number => pid !== undefined && pid > 1);
  const timer = setInterval(() => {
    if (process.ppid === ancestors[0] && (ancestors[1] === undefined || parentOf(process.ppid) === ancestors[1])) return;
    clearInterval(timer);
    onGone();
  }, 500);
  timer.unref();
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // No /proc here: the parent alone is watched.
  }
}
