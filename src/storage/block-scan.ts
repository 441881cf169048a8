/**
 * Block scan: reads key ranges in order, a block or a slice at a time, from column blocks where there are such that may be used, from the
 * store and recent elsewhere; what is read of a whole relation becomes blocks for the next time (column-blocks.ts).
 *
 * One step is one synchronous slice. Hot: every ascending scan without a limit.
 */
import { assert } from '#base/assert.ts';
import { type Batch, batchRows, type Vector } from '#sql/batch.ts';
import type { Key } from '#sql/key.ts';
import type { BlockColumn, ColumnBlock } from './column-blocks.ts';
import { ColumnDecoder } from './column-decoder.ts';
import type { Observed, ScanRequest } from './storage.ts';
import type { Versions } from './versions.ts';

/** A key range that is all of a relation begins and ends with its space alone. */
const spaceBytes = 4;

type Wanted = Omit<BlockColumn, 'vector'>;

/** undefined for scans that blocks do not serve: few rows wanted, another order, or the keys themselves. */
export function blockScan(versions: Versions, request: ScanRequest, observed: Observed): BlockScan | undefined {
  const { columns, fieldTypes, missing } = request;
  if (!versions.blocks.isEnabled || request.descending || request.limit !== undefined) return undefined;
  const wanted: Wanted[] = [];
  for (const field of columns) {
    if (field === 'key') return undefined;
    wanted.push({ field, typeOid: fieldTypes[field], missing: missing[field] ?? null });
  }
  return new BlockScan(versions, request, wanted, observed);
}

export class BlockScan {
  /** What the last step has read. */
  batch: Batch | undefined;
  readonly #versions: Versions;
  readonly #request: ScanRequest;
  readonly #wanted: readonly Wanted[];
  readonly #observed: Observed;
  readonly #scan: number;
  readonly decoder: ColumnDecoder;
  /** The columns that the last block used did not have, and a decoder for them. */
  #lacking: readonly Wanted[] = [];
  #lackingDecoder: ColumnDecoder | undefined;

  constructor(versions: Versions, request: ScanRequest, wanted: readonly Wanted[], observed: Observed) {
    this.#versions = versions;
    this.#request = request;
    this.#wanted = wanted;
    this.#observed = observed;
    this.#scan = versions.blocks.beginScan();
    this.decoder = new ColumnDecoder(request);
  }

  /** Reads on from `start` in [start, end), of a range that began at `rangeStart`; returns where the next step goes on. */
  step(rangeStart: Key, start: Key, end: Key): Key {
    const { blocks } = this.#versions;
    const block = blocks.around(start);
    if (block === undefined) {
      const isWhole = rangeStart.length === spaceBytes && end.length === spaceBytes;
      return this.#read(start, isWhole ? blocks.gapEnd(start, end) : end, isWhole);
    }
    if (block.start === start && block.end <= end && block.newest <= this.#request.snapshot && !this.#hasNewer(block.start, block.end)) {
      this.batch = this.#fromBlock(block);
      this.#observe(block.newest, block.rowCount * block.rowBytes);
      return block.end;
    }
    return this.#read(start, block.end < end ? block.end : end, false);
  }

  #read(start: Key, end: Key, keeps: boolean): Key {
    const { snapshot, overlay } = this.#request;
    const met: Observed = { newest: 0 };
    const cursor = this.#versions.cursor(start, end, false, snapshot, overlay, met);
    let next = end;
    let bytes: number;
    try {
      bytes = this.decoder.fill(cursor, batchRows);
      if (cursor.isPaused) next = `${cursor.lastKey}\0`;
    } finally {
      cursor.close();
    }
    const batch = this.decoder.take();
    this.batch = batch;
    this.#observe(met.newest, bytes);
    // CB1 and CB2: nothing but current entries of the store, all visible.
    if (keeps && batch !== undefined && met.newest <= snapshot && !this.#hasNewer(start, next)) {
      const { rowCount } = batch;
      const columns = this.#wanted.map((column, at) => ({ ...column, vector: batch.columns[at] }));
      this.#versions.blocks.add({ start, end: next, rowCount, newest: met.newest, rowBytes: bytes / rowCount, columns, scan: this.#scan });
    }
    return next;
  }

  #fromBlock(block: ColumnBlock): Batch {
    this.#versions.blocks.touch(block, this.#scan);
    const columns: Vector[] = [];
    for (const wanted of this.#wanted) {
      const found = block.columns.find((column) => isSame(column, wanted));
      if (found === undefined) break;
      columns.push(found.vector);
    }
    if (columns.length === this.#wanted.length) return { rowCount: block.rowCount, columns };
    const decoded = this.#decodeLacking(block);
    return {
      rowCount: block.rowCount,
      columns: this.#wanted.map((wanted) => {
        const found = block.columns.find((column) => isSame(column, wanted)) ?? decoded.find((column) => isSame(column, wanted));
        assert(found !== undefined, 'a column is in the block or has been decoded');
        return found.vector;
      }),
    };
  }

  #decodeLacking(block: ColumnBlock): readonly BlockColumn[] {
    const lacking = this.#wanted.filter((wanted) => !block.columns.some((column) => isSame(column, wanted)));
    // Blocks of one relation mostly lack the same columns.
    if (this.#lackingDecoder === undefined || lacking.length !== this.#lacking.length || !lacking.every((w, i) => w === this.#lacking[i])) {
      const { fieldTypes, missing } = this.#request;
      this.#lacking = lacking;
      this.#lackingDecoder = new ColumnDecoder({ columns: lacking.map(({ field }) => field), fieldTypes, missing });
    }
    const cursor = this.#versions.cursor(block.start, block.end, false, this.#request.snapshot, undefined, { newest: 0 });
    try {
      this.#lackingDecoder.fill(cursor, batchRows);
      assert(!cursor.isPaused, 'CB1: a block has the keys of its range');
    } finally {
      cursor.close();
    }
    const batch = this.#lackingDecoder.take();
    assert(batch?.rowCount === block.rowCount, 'CB1: a block has the rows of its range');
    const decoded = lacking.map((column, at) => ({ ...column, vector: batch.columns[at] }));
    this.#versions.blocks.extend(block, decoded);
    return decoded;
  }

  /** Something in the range lies over the store. */
  #hasNewer(start: Key, end: Key): boolean {
    if (this.#versions.recent.hasAny(start, end)) return true;
    const { overlay } = this.#request;
    if (overlay === undefined) return false;
    for (const _ of overlay.entries({ start, end }, false)) return true;
    return false;
  }

  #observe(newest: number, bytes: number): void {
    if (newest > this.#observed.newest) this.#observed.newest = newest;
    if (this.#observed.bytes !== undefined) this.#observed.bytes += bytes;
  }
}

const isSame = (column: Wanted, wanted: Wanted): boolean =>
  column.field === wanted.field && column.typeOid === wanted.typeOid && column.missing === wanted.missing;
