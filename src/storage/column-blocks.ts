/**
 * Column blocks: decoded columns of key ranges that were scanned before, kept so that the next scan hands them out as they are.
 *
 *   blocks   [ a .. f )   [ f .. q )        gap        [ t .. end )     each of at most `batchRows` rows, none overlapping
 *
 *   CB1  A block is what the store's current entries of its range were at every moment since it was put here: the flusher takes it out in the same
 *        synchronous step in which a batch with a key of its range becomes visible and the batch's versions leave recent (as with
 *        hot rows, H1). So store content that a block does not have is in recent still, and a reader lays recent over blocks as over the store:
 *        where recent, or the transaction's own writes, have anything in a block's range, the block is passed over.
 *   CB2  A block serves snapshots at or above `newest`, the newest timestamp in its range, tombstones included: then all its current entries
 *        are visible, and none has to be looked for in history. Collection changes neither rows nor order.
 *   CB3  Memory is bounded by `limitBytes`. When it is used up, blocks go that no recent scan has touched; otherwise the new one is not
 *        kept. So a scan larger than the limit keeps its first part, instead of driving out everything it will want the next time.
 *
 * Why: a column over 1 000 000 rows is read from blocks in about a millisecond, from one LMDB entry a row in 250 (bench: join and sum over 1 000 000
 * invoices). Blocks live in memory alone; nothing depends on them.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { SortedMap } from './sorted-map.ts';

export type BlockColumn = {
  readonly field: number;
  readonly typeOid: number;
  /** What rows stored without the field read as: a column added in a transaction that was rolled back may have had another default. */
  readonly missing: Datum;
  readonly vector: Vector;
};

export type ColumnBlock = {
  /** All keys of [start, end). */
  readonly start: Key;
  readonly end: Key;
  readonly rowCount: number;
  readonly newest: Timestamp;
  /** Mean length of a stored row. */
  readonly rowBytes: number;
  readonly columns: BlockColumn[];
  bytes: number;
  /** The last scan that used it. */
  scan: number;
};

const blockOverheadBytes = 600;
/** Scans for which an unused block is kept at least. */
const keptScans = 8;
/** A block of fewer rows is joined with the gap before it when that is read again. */
const smallRows = 256;

export class ColumnBlocks {
  readonly #limitBytes: number;
  readonly #blocks = new SortedMap<ColumnBlock>();
  /** In order of their last use. */
  readonly #used = new Set<ColumnBlock>();
  #bytes = 0;
  #scans = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEnabled(): boolean {
    return this.#limitBytes > 0;
  }

  /** A number for a scan that is going to use blocks. */
  beginScan(): number {
    return ++this.#scans;
  }

  /** The block that holds the key, or would if it were there. */
  around(key: Key): ColumnBlock | undefined {
    const cursor = this.#blocks.cursor('', `${key}\0`, true);
    return cursor.next() && cursor.value.end > key ? cursor.value : undefined;
  }

  /** Where the gap that the key lies in ends. Small blocks there go, so that inserts in the middle do not leave ever smaller ones. */
  gapEnd(key: Key, limit: Key): Key {
    for (;;) {
      const cursor = this.#blocks.cursor(key, limit, false);
      if (!cursor.next()) return limit;
      const block = cursor.value;
      if (block.rowCount >= smallRows) return block.start;
      this.#drop(block);
    }
  }

  touch(block: ColumnBlock, scan: number): void {
    if (block.scan === scan) return;
    block.scan = scan;
    this.#used.delete(block);
    this.#used.add(block);
  }

  /** Keeps a block if there is room. Its range holds no other. */
  add(block: Omit<ColumnBlock, 'bytes'>): void {
    const bytes = blockOverheadBytes + block.start.length * 2 + bytesOf(block.columns, block);
    if (!this.#makeRoom(bytes, block.scan)) return;
    const kept: ColumnBlock = { ...block, bytes };
    this.#blocks.set(kept.start, kept);
    this.#used.add(kept);
    this.#bytes += bytes;
  }

  /** Adds columns to a block that is here, if there is room. */
  extend(block: ColumnBlock, columns: readonly BlockColumn[]): void {
    const bytes = bytesOf(columns, block);
    if (!this.#makeRoom(bytes, block.scan)) return;
    block.columns.push(...columns);
    block.bytes += bytes;
    this.#bytes += bytes;
  }

  /** The store's entry of the key has changed. Hot: once a flushed version. */
  invalidate(key: Key): void {
    if (this.#used.size === 0) return;
    const block = this.around(key);
    if (block !== undefined) this.#drop(block);
  }

  #makeRoom(bytes: number, scan: number): boolean {
    if (bytes > this.#limitBytes / 16) return false;
    while (this.#bytes + bytes > this.#limitBytes) {
      const oldest = this.#used.values().next().value;
      if (oldest === undefined || oldest.scan > scan - keptScans) return false;
      this.#drop(oldest);
    }
    return true;
  }

  #drop(block: ColumnBlock): void {
    assert(this.#blocks.delete(block.start), 'a block is dropped once');
    this.#used.delete(block);
    this.#bytes -= block.bytes;
  }
}

function bytesOf(
  columns: readonly BlockColumn[],
  { rowCount, rowBytes }: { readonly rowCount: number; readonly rowBytes: number },
): number {
  let bytes = 0;
  for (const { vector } of columns) {
    const { values, nulls } = vector;
    if (nulls !== undefined) bytes += nulls.length;
    if (values instanceof Float64Array || values instanceof Int32Array) bytes += values.byteLength + 100;
    else for (const value of values) bytes += 8 + datumBytes(value, rowBytes);
  }
  return bytes + rowCount / 8;
}

function datumBytes(value: Datum, rowBytes: number): number {
  if (value === null || typeof value === 'boolean') return 0;
  if (typeof value === 'number') return 16;
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value === 'bigint') return 32;
  // An object of a type of its own (numeric, interval, jsonb, array): not more than a multiple of the row that it came from.
  return 100 + 3 * rowBytes;
}
