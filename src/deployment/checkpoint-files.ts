/**
 * Checkpoints on disk: a replica's content at one journal position, so that the journal may be cut below it and a lost or doubtful replica
 * is rebuilt without it.
 *
 *   DIR/checkpoints/POSITION/part-N     pages of rows, each with its length and checksum
 *   DIR/checkpoints/POSITION/complete   header, number of parts and rows; written last
 *
 *   K1  A checkpoint without `complete` does not exist: it is removed when it is met.
 *   K2  An older checkpoint is removed only when a newer one is complete.
 *   K3  A page whose checksum is wrong ends the start, loudly: nothing is rebuilt from half of the data.
 */
import { assert } from '#base/assert.ts';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { type CheckpointHeader, checkpointHeader, checkpointRows } from '#storage/checkpoint.ts';
import type { Replica, StoredRow } from '#storage/replica.ts';
import { readPage, writePage } from './checkpoint-page.ts';

const formatVersion = 1;
/** A part is read whole when it is loaded. */
const partBytes = 32 * 1024 * 1024;

type CompleteFile = {
  readonly formatVersion: number;
  readonly journalId: string;
  readonly position: JournalPosition;
  readonly hash: string;
  readonly appliedTimestamp: number;
  readonly catalogTimestamp: number;
  readonly parts: number;
  readonly rows: number;
};

export type StoredCheckpoint = { readonly header: CheckpointHeader; readonly pages: Iterable<readonly StoredRow[]> };

const nameOf = (position: JournalPosition): string => String(position).padStart(16, '0');
const partName = (number: number): string => `part-${String(number).padStart(6, '0')}`;

/** Writes a checkpoint of what the replica shows now; its position. Others go on meanwhile. */
export async function writeCheckpoint(world: World, directory: string, replica: Replica): Promise<JournalPosition> {
  const { disk } = world;
  const header = checkpointHeader(replica);
  const folder = `${directory}/${nameOf(header.position)}`;
  disk.remove(folder);
  disk.makeDirectory(folder);
  const writer = new ByteWriter(1024 * 1024);
  let parts = 0;
  let rows = 0;
  let file = disk.openAppend(`${folder}/${partName(++parts)}`);
  for (const item of checkpointRows(replica, world, header.appliedTimestamp)) {
    if (item instanceof Promise) {
      await item;
      continue;
    }
    if (file.length >= partBytes) {
      await file.sync();
      file.close();
      file = disk.openAppend(`${folder}/${partName(++parts)}`);
    }
    writePage(writer, item);
    file.write(writer.view());
    rows += item.length;
  }
  await file.sync();
  file.close();
  const complete: CompleteFile = {
    formatVersion,
    journalId: header.journalId,
    position: header.position,
    hash: Buffer.from(header.hash).toString('hex'),
    appliedTimestamp: header.appliedTimestamp,
    catalogTimestamp: header.catalogTimestamp,
    parts,
    rows,
  };
  await disk.syncDirectory(folder);
  await disk.replace(`${folder}/complete`, Buffer.from(JSON.stringify(complete)));
  await disk.syncDirectory(directory);
  for (const name of disk.list(directory)) if (name !== nameOf(header.position)) disk.remove(`${directory}/${name}`);
  return header.position;
}

/** The newest complete checkpoint of the journal; incomplete ones are removed. */
export function newestCheckpoint(world: World, directory: string, journalId: string): StoredCheckpoint | undefined {
  const { disk } = world;
  let newest: CompleteFile | undefined;
  for (const name of disk.list(directory)) {
    const content = disk.read(`${directory}/${name}/complete`);
    const found = content === undefined ? undefined : (JSON.parse(Buffer.from(content).toString('utf8')) as CompleteFile);
    if (found === undefined) disk.remove(`${directory}/${name}`);
    else if (found.formatVersion !== formatVersion)
      throw new Error(`checkpoint ${directory}/${name} has format ${found.formatVersion}, which is not known here`);
    else if (found.journalId === journalId && found.position > (newest?.position ?? -1)) newest = found;
  }
  if (newest === undefined) return undefined;
  const { position, hash, appliedTimestamp, catalogTimestamp } = newest;
  const header: CheckpointHeader = { journalId, position, hash: Buffer.from(hash, 'hex'), appliedTimestamp, catalogTimestamp };
  return { header, pages: pagesOf(world, `${directory}/${nameOf(position)}`, newest) };
}

function* pagesOf(world: World, folder: string, complete: CompleteFile): Generator<readonly StoredRow[]> {
  let rows = 0;
  for (let part = 1; part <= complete.parts; part++) {
    const content = world.disk.read(`${folder}/${partName(part)}`);
    if (content === undefined) throw new Error(`checkpoint ${folder} lacks its part ${part}`);
    const reader = new ByteReader(content);
    while (reader.remaining > 0) {
      const read = readPage(reader);
      if (read === undefined) throw new Error(`checkpoint ${folder} is damaged in part ${part}`);
      rows += read.length;
      yield read;
    }
  }
  assert(rows === complete.rows, 'K3: a checkpoint holds as many rows as its last file says');
}
