/**
 * A deployment's data directory: who holds it, and what the other commands must know of the deployment that runs there.
 *
 *   borealis.pid      the process that holds the directory
 *   deployment.json   Regions, ports and clusters, written when the deployment serves
 *   credentials       the root access key (iam/access-key-file.ts)
 *   tls/              certificate authority and server certificate (pgwire/tls/)
 *   clusters/ID/      journal and replicas of each cluster
 */
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A refusal that the user reads as one line; exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

export type DeploymentFile = {
  readonly formatVersion: 1;
  readonly host: string;
  readonly httpPort: number;
  /** SHA-256 of the certificate that the HTTP port shows, in hexadecimal; undefined: it speaks plain HTTP. */
  readonly httpFingerprint?: string | undefined;
  readonly regions: readonly { readonly name: string; readonly port: number }[];
  readonly clusters: readonly { readonly id: string; readonly isDefault: boolean }[];
};

/** Makes the directory (for its owner only) and takes it for this process. The returned function gives it back. */
export function holdDirectory(directory: string): () => void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  } catch (error) {
    throw new CommandError(`cannot use the data directory ${directory}: ${reason(error)}`);
  }
  const lock = path.join(directory, 'borealis.pid');
  const own = `${lock}.${process.pid}`;
  const mine = `${process.pid}\n${startedAt(process.pid) ?? ''}\n`;
  try {
    writeFileSync(own, mine, { mode: 0o600 });
  } catch (error) {
    throw new CommandError(`cannot use the data directory ${directory}: ${reason(error)}`);
  }
  try {
    // A link either is made or is there already, in one step: two processes cannot both succeed.
    if (!tryLink(own, lock)) {
      const holder = holderOf(directory);
      if (holder !== undefined) {
        throw new CommandError(`the data directory ${directory} is in use by another Borealis process (pid ${holder})`);
      }
      // Left behind by a process that was killed. Moved aside first: should another starter have just replaced it, we see that here.
      const aside = `${own}.stale`;
      renameSync(lock, aside);
      const stale = isAlive(readFileSync(aside, 'utf8')) === undefined;
      if (!stale) linkSync(aside, lock);
      unlinkSync(aside);
      if (!stale || !tryLink(own, lock)) throw new CommandError(`the data directory ${directory} is in use by another Borealis process`);
    }
  } finally {
    unlinkSync(own);
  }
  return () => rmSync(lock, { force: true });
}

/** The process that holds the directory, undefined when none does. */
export function holderOf(directory: string): number | undefined {
  try {
    return isAlive(readFileSync(path.join(directory, 'borealis.pid'), 'utf8'));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new CommandError(`cannot read the data directory ${directory}: ${reason(error)}`);
  }
}

export function writeDeployment(directory: string, deployment: DeploymentFile): void {
  const file = path.join(directory, 'deployment.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(deployment, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function readDeployment(directory: string): DeploymentFile {
  let text: string;
  try {
    text = readFileSync(path.join(directory, 'deployment.json'), 'utf8');
  } catch (error) {
    if (isMissing(error))
      throw new CommandError(`no deployment has been started in ${directory}: run \`borealis start --data-dir ${directory}\` first`);
    throw new CommandError(`cannot read the data directory ${directory}: ${reason(error)}`);
  }
  const deployment = JSON.parse(text) as DeploymentFile;
  if (deployment.formatVersion !== 1) throw new CommandError(`${directory} was written by another version of Borealis`);
  return deployment;
}

export function readCredentialsFile(directory: string): string {
  try {
    return readFileSync(path.join(directory, 'credentials'), 'utf8');
  } catch (error) {
    throw new CommandError(`cannot read the access key in ${directory}/credentials: ${reason(error)}`);
  }
}

export const reason = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'it is not a directory';
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'ENOSPC') return 'the disk is full';
  return error instanceof Error ? error.message : String(error);
};

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** The pid in a lock's text when that very process still runs: pids are used again, so its start time is compared too. */
function isAlive(text: string): number | undefined {
  const [pidText, started] = text.split('\n');
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  const now = startedAt(pid);
  return started !== '' && now !== undefined && now !== started ? undefined : pid;
}

/** Start time of a process in kernel ticks, where /proc tells it. */
function startedAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined; // No /proc here (macOS), or the process has just ended: the pid alone has to do.
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
