/**
 * Checkpoint: everything that a replica shows at one timestamp, to be written down, compared or loaded elsewhere.
 *
 * A checkpoint is a header (where in the journal it stands) and rows in key order: of each key the version that the snapshot shows, with its
 * commit timestamp; no tombstones. A replica opened over a store that was filled from it goes on behind the header's position.
 *
 *   C1  Two replicas of one journal have the same digest at the same snapshot, whatever they have flushed or collected.
 *   C2  A store becomes readable with the last step of an import; what an import left halfway is wiped by Replica.open.
 */
import { createHash } from 'node:crypto';
import { assert } from '#base/assert.ts';
import { ByteWriter } from '#base/bytes.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer } from '#sql/row.ts';
import type { OrderedStore } from './ordered-store.ts';
import { isEmpty, type Replica, type StoredRow } from './replica.ts';
import type { Storage, Wait } from './storage.ts';
import { encodeHeader, encodeRowCount, firstKey, headerKey, rowCountKey, storeEnd, writeCurrent } from './store-layout.ts';

export type CheckpointHeader = {
  readonly journalId: string;
  readonly position: JournalPosition;
  readonly hash: Uint8Array;
  /** Rows are as of this timestamp. */
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
};

/** Bounds of a page: rows, and bytes of keys and values (or one larger row). */
const pageRows = 1000;
const pageBytes = 1024 * 1024;
/** Rows are put into a store so many bytes at a time. */
const importBytes = 4 * 1024 * 1024;

/** A checkpoint of now: its rows are `checkpointRows(replica, world, header.appliedTimestamp)`, taken before the horizon passes it. */
export function checkpointHeader(replica: Replica): CheckpointHeader {
  const { journalId, position, hash, appliedTimestamp, catalogTimestamp } = replica;
  return { journalId, position, hash, appliedTimestamp, catalogTimestamp };
}

/** All rows as of the snapshot in key order, in pages, with a Wait behind each so that others have their turn. */
export function* checkpointRows(
  storage: Storage,
  world: World,
  snapshot: Timestamp,
): Generator<readonly StoredRow[] | Wait, void, undefined> {
  let start = firstKey;
  for (;;) {
    const rows = storage.scanKeys(snapshot, { start, end: storeEnd }, pageRows, pageBytes);
    if (rows.length === 0) return;
    yield rows;
    start = `${rows[rows.length - 1].key}\0`;
    yield world.timers.yield();
  }
}

/** Fills an empty store from a checkpoint. Rows ascend by key over all pages. */
export async function importCheckpoint(
  store: OrderedStore,
  header: CheckpointHeader,
  pages: AsyncIterable<readonly StoredRow[]> | Iterable<readonly StoredRow[]>,
): Promise<void> {
  assert(isEmpty(store), 'a checkpoint is loaded into an empty store');
  let last = '';
  const counts = new Map<Key, number>();
  let keys: Key[] = [];
  let values: Buffer[] = [];
  let bytes = 0;
  // The store writes one batch while the next is made; no more of them are held in memory.
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const { visible } = store.write({ keys, values });
    keys = [];
    values = [];
    bytes = 0;
    await writing;
    writing = visible;
  };
  for await (const rows of pages) {
    for (const { key, value, timestamp } of rows) {
      assert(
        key > last && key >= firstKey && timestamp <= header.appliedTimestamp,
        'the rows of a checkpoint ascend and are not newer than it',
      );
      const current = Buffer.allocUnsafe(9 + value.length);
      writeCurrent(current, timestamp, asBuffer(value));
      keys.push(key);
      values.push(current);
      bytes += key.length + current.length;
      const prefix = key.slice(0, 4);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      last = key;
    }
    if (bytes >= importBytes) await write();
  }
  await write();
  await writing;
  const { journalId, position, hash, appliedTimestamp, catalogTimestamp } = header;
  const horizon = appliedTimestamp;
  const encoded = encodeHeader({ journalId, position, hash: asBuffer(hash), appliedTimestamp, catalogTimestamp, horizon });
  const prefixes = [...counts.keys()];
  await store.write({
    keys: [...prefixes.map(rowCountKey), headerKey],
    values: [...prefixes.map((prefix) => encodeRowCount({ rows: counts.get(prefix) ?? 0, versions: counts.get(prefix) ?? 0 })), encoded],
  }).durable;
  store.refresh();
}

/** SHA-256, in hexadecimal, over the keys and values that the snapshot shows (C1). */
export async function digest(storage: Storage, world: World, snapshot: Timestamp): Promise<string> {
  const hash = createHash('sha256');
  const writer = new ByteWriter(64 * 1024);
  for (const item of checkpointRows(storage, world, snapshot)) {
    if (item instanceof Promise) {
      await item;
      continue;
    }
    writer.clear();
    for (const { key, value } of item) {
      writer.int32(key.length);
      writer.latin1(key);
      writer.int32(value.length);
      writer.bytes(value);
    }
    hash.update(writer.view());
  }
  return hash.digest('hex');
}
