/**
 * Sorted runs: sequences of rows, each sorted already, in a temporary file, and their merge into one.
 *
 *   M1  The merge is stable: of rows with equal keys those of an earlier run come first.
 *   M2  No more than some blocks are in memory at once, however many runs there are: runs are merged in passes where they are too many.
 */
import { assert } from '#base/assert.ts';
import { type Batch, BatchBuilder, datumAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Wait } from '#storage/storage.ts';
import type { Run } from '../operator.ts';
import { batchBytes } from '../row-buffer.ts';
import { datumComparator, type KeyOrder } from '../row-order.ts';
import { type Block, blockBytes, SpillFile } from './spill-file.ts';

const mostMerged = 16;
/** Rows compared between two looks at the clock. */
const stretch = 1024;

type SortedKey = { readonly column: number; readonly order: KeyOrder };

export class SortedRuns {
  readonly #types: readonly number[];
  readonly #keys: readonly SortedKey[];
  readonly #run: Run;
  readonly #blockBytes: number;
  #file: SpillFile | undefined;
  #runs: Block[][] = [];
  #pending: Batch[] = [];
  #pendingBytes = 0;
  #charged = 0;
  /** All that was ever written, for EXPLAIN. */
  writtenBytes = 0;

  /** `keys`: which columns the rows are sorted by. */
  constructor(types: readonly number[], keys: readonly SortedKey[], run: Run) {
    this.#types = types;
    this.#keys = keys;
    this.#run = run;
    this.#blockBytes = blockBytes(run.memory.workBytes);
  }

  get isEmpty(): boolean {
    return this.#runs.length === 0;
  }

  beginRun(): void {
    this.#runs.push([]);
  }

  /** The next rows of the run begun last. */
  write(batch: Batch): void {
    this.#pending.push(batch);
    this.#pendingBytes += batchBytes(batch);
    if (this.#pendingBytes >= this.#blockBytes) this.#flush();
  }

  endRun(): void {
    this.#flush();
  }

  /** Rows that make about a block of batches as large as this one. */
  rowsOfBlock(rowCount: number, bytes: number): number {
    return Math.max(1, Math.min(1024, Math.floor((this.#blockBytes * rowCount) / Math.max(1, bytes))));
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#file ??= new SpillFile(this.#types, this.#run);
    const block = this.#file.append(this.#pending);
    this.#runs[this.#runs.length - 1].push(block);
    this.writtenBytes += block.length;
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /** All rows, in order. Once. */
  *merge(): Generator<Batch | Wait, void, undefined> {
    while (this.#runs.length > mostMerged) yield* this.#mergePass();
    if (this.#file === undefined) return;
    yield* this.#mergeSome(this.#runs, this.#file);
  }

  /** Neighbouring runs become one, in a file of its own; the old file goes. */
  *#mergePass(): Generator<Wait, void, undefined> {
    const { file, runs } = { file: this.#file, runs: this.#runs };
    assert(file !== undefined, 'runs lie in a file');
    this.#file = undefined;
    this.#runs = [];
    try {
      for (let from = 0; from < runs.length; from += mostMerged) {
        this.beginRun();
        for (const item of this.#mergeSome(runs.slice(from, from + mostMerged), file)) {
          if (item instanceof Promise) yield item;
          else this.write(item);
        }
        this.endRun();
      }
    } finally {
      file.close();
    }
  }

  // Hot: once a row and comparison of every sort beyond work memory.
  *#mergeSome(runs: readonly (readonly Block[])[], file: SpillFile): Generator<Batch | Wait, void, undefined> {
    const keys = this.#keys.map(({ column }) => column);
    const comparators = this.#keys.map(({ order }) => datumComparator(order));
    const isBefore = (a: Cursor, b: Cursor): boolean => {
      for (let k = 0; k < comparators.length; k++) {
        const order = comparators[k](a.keys[k], b.keys[k]);
        if (order !== 0) return order < 0;
      }
      return a.number < b.number;
    };
    const held = runs.length * this.#blockBytes;
    this.#run.memory.charge(held);
    this.#charged += held;
    /** A heap: no entry is before its parent at (i - 1) >> 1. */
    const heap: Cursor[] = [];
    runs.forEach((blocks, number) => {
      const cursor = new Cursor(file, blocks, number, keys);
      if (cursor.advance()) siftUp(heap, cursor, isBefore);
    });
    const builder = new BatchBuilder(this.#types.length);
    const row: Datum[] = new Array(this.#types.length);
    let compared = 0;
    while (heap.length > 0) {
      const [first] = heap;
      for (let c = 0; c < row.length; c++) row[c] = datumAt(first.batch.columns[c], first.row);
      builder.addRow(row);
      if (builder.isFull) yield builder.take();
      if (!first.advance()) {
        const last = heap.pop();
        if (last === undefined || heap.length === 0) break;
        heap[0] = last;
      }
      siftDown(heap, isBefore);
      if (++compared % stretch === 0 && this.#run.shouldPause()) yield this.#run.pause();
    }
    if (builder.rowCount > 0) yield builder.take();
    this.#run.memory.release(held);
    this.#charged -= held;
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#file?.close();
    this.#file = undefined;
    this.#runs = [];
    this.#pending = [];
  }
}

const nothing: Batch = { rowCount: 0, columns: [] };

/** A place in one run. */
class Cursor {
  readonly number: number;
  readonly #file: SpillFile;
  readonly #blocks: readonly Block[];
  readonly #keyColumns: readonly number[];
  readonly keys: Datum[];
  #nextBlock = 0;
  #batches: Iterator<Batch> | undefined;
  batch: Batch = nothing;
  row = -1;

  constructor(file: SpillFile, blocks: readonly Block[], number: number, keyColumns: readonly number[]) {
    this.#file = file;
    this.#blocks = blocks;
    this.number = number;
    this.#keyColumns = keyColumns;
    this.keys = new Array(keyColumns.length).fill(null);
  }

  /** False at the end. */
  advance(): boolean {
    this.row++;
    while (this.row >= this.batch.rowCount) {
      const next = this.#batches?.next();
      if (next !== undefined && next.done !== true) {
        this.batch = next.value;
        this.row = 0;
      } else if (this.#nextBlock < this.#blocks.length) this.#batches = this.#file.read(this.#blocks[this.#nextBlock++]);
      else return false;
    }
    for (let k = 0; k < this.keys.length; k++) this.keys[k] = datumAt(this.batch.columns[this.#keyColumns[k]], this.row);
    return true;
  }
}

type IsBefore = (a: Cursor, b: Cursor) => boolean;

function siftUp(heap: Cursor[], cursor: Cursor, isBefore: IsBefore): void {
  let at = heap.length;
  heap.push(cursor);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(cursor, heap[parent])) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = cursor;
}

/** The first entry has changed. */
function siftDown(heap: Cursor[], isBefore: IsBefore): void {
  const [cursor] = heap;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
    if (!isBefore(heap[child], cursor)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = cursor;
}
