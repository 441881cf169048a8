/**
 * `borealis backup FILE`, `borealis restore FILE`, `borealis cluster fork ID`: through the deployment's API, so that they work on whatever it serves. The file is
 * this command's: it is written beside its place, read back, and then put there.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { type BackupDescription, BackupFileDamaged, BackupFileReader, BackupFileWriter } from '#deployment/backup-file.ts';
import { type ApiAnswer, ApiClient } from './api-client.ts';
import { type ClusterChoice, located, settled } from './cluster.ts';
import { CommandError, reason } from './data-directory.ts';
import { printAnswer } from './print-answer.ts';

export type RestoreChoice = ClusterChoice & {
  /** `new`, or the cluster that is replaced. */
  readonly cluster: string;
  readonly regions: readonly string[] | undefined;
  readonly witnessRegion: string | undefined;
  readonly isProtected: boolean;
};

const pollMs = 50;
const fillingMs = 15 * 60_000;

export async function backup(file: string, cluster: string | undefined, choice: ClusterChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const id = cluster ?? client.deployment.clusters.find(({ isDefault }) => isDefault)?.id;
  if (id === undefined) throw new CommandError('there is no default cluster: name one with --cluster');
  const [region] = await located(client, id, choice);
  const job = await finishedBackup(client, region, await client.call(region, 'POST', '/borealis/backup-jobs', { clusterIdentifier: id }));
  const point = `/borealis/recovery-points/${String(job.recoveryPointId)}`;
  const temporary = `${file}.${process.pid}.partial`;
  try {
    const described = await client.call(region, 'GET', point);
    const description = descriptionOf(described);
    await writeFile(temporary, async (write) => {
      const writer = new BackupFileWriter(description, write);
      for (let part = 1; part <= description.parts; part++) writer.part(await client.bytes(region, `${point}/parts/${part}`));
      writer.end();
    });
    // What was written is read before it takes the place of an older backup.
    verify(temporary);
    renameSync(temporary, file);
    syncDirectory(path.dirname(file));
    printAnswer(
      { file, cluster: id, timestamp: new Date(description.appliedTimestamp / 1_000).toISOString(), rows: description.rows },
      choice.isJson,
    );
  } catch (error) {
    throw asCommandError(file, error);
  } finally {
    rmSync(temporary, { force: true });
    await client.call(region, 'DELETE', point);
  }
}

export async function restore(file: string, choice: RestoreChoice): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const isNew = choice.cluster === 'new';
  const region = isNew
    ? (choice.regions?.[0] ?? choice.region ?? client.deployment.regions[0].name)
    : (await located(client, choice.cluster, choice))[0];
  const descriptor = opened(file);
  try {
    const reader = new BackupFileReader(readerOf(descriptor));
    const { parts, rows, ...described } = reader.description;
    const upload = await client.call(region, 'POST', '/borealis/recovery-points', described);
    const point = `/borealis/recovery-points/${String(upload.recoveryPointId)}`;
    try {
      let part = 0;
      for (const bytes of reader.parts()) await client.call(region, 'POST', `${point}/parts/${++part}`, bytes);
      await client.call(region, 'POST', `${point}/complete`, { parts, rows });
      const job = await client.call(region, 'POST', '/borealis/restore-jobs', {
        clientToken: randomUUID(),
        recoveryPointId: upload.recoveryPointId,
        ...(isNew ? newCluster(choice) : { clusterIdentifier: choice.cluster }),
      });
      printAnswer(await settled(client, region, job, fillingMs), choice.isJson);
    } finally {
      await client.call(region, 'DELETE', point);
    }
  } catch (error) {
    throw asCommandError(file, error);
  } finally {
    closeSync(descriptor);
  }
}

/** `at`: as it was then; as it is, unless told otherwise. */
/** A new cluster that begins as another (the default one) was at a moment. */
export async function restoreMoment(at: string, source: string | undefined, choice: Omit<RestoreChoice, 'cluster'>): Promise<void> {
  const { deployment } = new ApiClient(choice.dataDir, process.env);
  const id = source ?? deployment.clusters.find(({ isDefault }) => isDefault)?.id;
  if (id === undefined) throw new CommandError('there is no default cluster: say of which with --of');
  await forkCluster(id, at, choice);
}

export async function forkCluster(id: string, at: string | undefined, choice: Omit<RestoreChoice, 'cluster'>): Promise<void> {
  const client = new ApiClient(choice.dataDir, process.env);
  const [region] = await located(client, id, choice);
  const answer = await client.call(region, 'POST', `/borealis/clusters/${id}/fork`, {
    clientToken: randomUUID(),
    ...newCluster(choice),
    ...(at === undefined ? {} : { restoreTime: at }),
  });
  printAnswer(await settled(client, region, answer, fillingMs), choice.isJson);
}

const newCluster = ({ regions, witnessRegion, isProtected }: Omit<RestoreChoice, 'cluster'>): ApiAnswer => ({
  deletionProtectionEnabled: isProtected,
  ...(regions === undefined ? {} : { regions }),
  ...(witnessRegion === undefined ? {} : { witnessRegion }),
});

async function finishedBackup(client: ApiClient, region: string, started: ApiAnswer): Promise<ApiAnswer> {
  for (;;) {
    const job = await client.call(region, 'GET', `/borealis/backup-jobs/${String(started.backupJobId)}`);
    if (job.state === 'COMPLETED') return job;
    if (job.state === 'FAILED') throw new CommandError(`the backup has failed: ${String(job.statusMessage)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function descriptionOf(answer: ApiAnswer): BackupDescription {
  return {
    clusterIdentifier: String(answer.clusterIdentifier),
    resourceArn: String(answer.resourceArn),
    createdAt: Number(answer.createdAt),
    appliedTimestamp: Number(answer.appliedTimestamp),
    catalogTimestamp: Number(answer.catalogTimestamp),
    parts: Number(answer.parts),
    rows: Number(answer.rows),
  };
}

async function writeFile(name: string, work: (write: (bytes: Uint8Array) => void) => Promise<void>): Promise<void> {
  const descriptor = openSync(name, 'wx', 0o600);
  try {
    await work((bytes) => {
      for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    });
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads all of it; throws when it is not whole. */
function verify(name: string): void {
  const descriptor = opened(name);
  try {
    const parts = new BackupFileReader(readerOf(descriptor)).parts();
    while (parts.next().done !== true);
  } finally {
    closeSync(descriptor);
  }
}

function opened(name: string): number {
  try {
    return openSync(name, 'r');
  } catch (error) {
    throw new CommandError(`cannot read ${name}: ${reason(error)}`);
  }
}

function readerOf(descriptor: number): (length: number) => Buffer {
  return (length) => {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const read = readSync(descriptor, bytes, filled, length - filled, null);
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  };
}

function syncDirectory(name: string): void {
  const descriptor = openSync(name, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function asCommandError(file: string, error: unknown): unknown {
  if (error instanceof BackupFileDamaged) return new CommandError(`${file} cannot be used: ${error.message}`);
  if (error instanceof Error && 'code' in error && 'path' in error) return new CommandError(`cannot write ${file}: ${reason(error)}`);
  return error;
}
