/**
 * Checkpoints on disk: a replica's content at one journal position, so that the journal may be cut below it and a lost or doubtful replica
 * is rebuilt without it.
 *
 *   DIR/checkpoints/POSITION/   rows of the position (checkpoint-folder.ts)
 *
 *   K1  A checkpoint without `complete` does not exist: it is removed when it is met.
 *   K2  An older checkpoint is removed only when a newer one is complete, and reaches as far back as is promised.
 *   K3  A page whose checksum is wrong ends the start, loudly: nothing is rebuilt from half of the data.
 */
import type { Timestamp, World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { type CheckpointHeader, checkpointHeader, checkpointRows } from '#storage/checkpoint.ts';
import type { Replica, StoredRow } from '#storage/replica.ts';
import {
  type CompleteFile,
  headerOf,
  type PageSource,
  pagesOfFolder,
  readCompleteFile,
  writeCheckpointFolder,
} from './checkpoint-folder.ts';

/** A part is read whole when it is loaded. */
const partBytes = 32 * 1024 * 1024;

export type StoredCheckpoint = { readonly header: CheckpointHeader; readonly pages: Iterable<readonly StoredRow[]> };

const nameOf = (position: JournalPosition): string => String(position).padStart(16, '0');

/** Writes a checkpoint of what the replica shows now; its header. Others go on meanwhile. */
export async function writeCheckpoint(world: World, directory: string, replica: Replica): Promise<CheckpointHeader> {
  const header = checkpointHeader(replica);
  await writeCheckpointOf(world, directory, header, checkpointRows(replica, world, header.appliedTimestamp));
  return header;
}

/** Writes a checkpoint of rows that come from elsewhere. */
export async function writeCheckpointOf(world: World, directory: string, header: CheckpointHeader, pages: PageSource): Promise<void> {
  await writeCheckpointFolder(world, `${directory}/${nameOf(header.position)}`, header, pages, partBytes);
}

/**
 * Removes what is older than the newest checkpoint at or below the timestamp; that one stays, and what is newer. The position of the oldest that is left:
 * the journal is needed from there on. undefined when there is none at or below the timestamp: all of the journal is needed.
 */
export function removeOlderCheckpoints(
  world: World,
  directory: string,
  journalId: string,
  timestamp: Timestamp,
): JournalPosition | undefined {
  const found = storedCheckpoints(world, directory, journalId);
  const first = found.findLast(({ appliedTimestamp }) => appliedTimestamp <= timestamp);
  if (first === undefined) return undefined;
  const kept = new Set(found.filter(({ position }) => position >= first.position).map(({ position }) => nameOf(position)));
  for (const name of world.disk.list(directory)) if (!kept.has(name)) world.disk.remove(`${directory}/${name}`);
  return first.position;
}

/** The newest complete checkpoint of the journal; incomplete ones are removed. */
export function newestCheckpoint(world: World, directory: string, journalId: string): StoredCheckpoint | undefined {
  return loaded(world, directory, checkedCheckpoints(world, directory, journalId).at(-1));
}

/** The oldest one that the journal goes on from: who begins with it comes to have all the history that is kept. Incomplete ones are removed. */
export function oldestCheckpoint(
  world: World,
  directory: string,
  journalId: string,
  firstPosition: JournalPosition,
): StoredCheckpoint | undefined {
  const found = checkedCheckpoints(world, directory, journalId).find(({ position }) => position >= firstPosition - 1);
  return loaded(world, directory, found);
}

function checkedCheckpoints(world: World, directory: string, journalId: string): readonly CompleteFile[] {
  for (const name of world.disk.list(directory))
    if (world.disk.read(`${directory}/${name}/complete`) === undefined) world.disk.remove(`${directory}/${name}`);
  return storedCheckpoints(world, directory, journalId);
}

/** Complete ones, the oldest first. */
export function storedCheckpoints(world: World, directory: string, journalId: string): readonly CompleteFile[] {
  return world.disk
    .list(directory)
    .flatMap((name) => readCompleteFile(world, `${directory}/${name}`) ?? [])
    .filter((found) => found.journalId === journalId)
    .sort((a, b) => a.position - b.position);
}

function loaded(world: World, directory: string, found: CompleteFile | undefined): StoredCheckpoint | undefined {
  if (found === undefined) return undefined;
  return { header: headerOf(found), pages: pagesOfFolder(world, `${directory}/${nameOf(found.position)}`, found) };
}
