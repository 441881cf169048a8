/**
 * Row buffer: rows that an operator must hold in memory before it can go on. What may grow beyond work memory is held in `spill/`, which is made of these.
 *
 *   R1  What is held is charged to the statement's memory account, and released by `release()`, which every holder calls in a finally.
 *   R2  Rows keep their order of arrival; after `seal()` a row is named by its ordinal in every column alike.
 */
import { assert } from '#base/assert.ts';
import { type Batch, batchRows, constantVector, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { Interval } from '#sql/types/interval-value.ts';
import type { Wait } from '#storage/storage.ts';
import type { MemoryAccount, Rows, Run } from './operator.ts';

/** Rows side by side: column c of row r is `columns[c]` at r. May hold any number of rows, so it is not a Batch. */
export type FlatRows = { readonly rowCount: number; readonly columns: readonly Vector[] };

export class RowBuffer {
  readonly #memory: MemoryAccount;
  readonly #columnCount: number;
  #batches: Batch[] = [];
  #flat: FlatRows | undefined;
  #rowCount = 0;
  #charged = 0;

  constructor(columnCount: number, memory: MemoryAccount) {
    this.#columnCount = columnCount;
    this.#memory = memory;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** What is charged for it. */
  get bytes(): number {
    return this.#charged;
  }

  add(batch: Batch): void {
    assert(this.#flat === undefined, 'R2: a sealed buffer takes no more rows');
    this.charge(batchBytes(batch));
    this.#batches.push(batch);
    this.#rowCount += batch.rowCount;
  }

  /** Memory that the holder keeps beside the rows (hash tables, ids). */
  charge(bytes: number): void {
    this.#memory.charge(bytes);
    this.#charged += bytes;
  }

  /** The batches as they came, before `seal`. */
  get batches(): readonly Batch[] {
    return this.#batches;
  }

  /** Joins the columns end to end; each column's parts are let go as soon as it is joined. */
  seal(): FlatRows {
    if (this.#flat === undefined) {
      const columns: Vector[] = [];
      for (let c = 0; c < this.#columnCount; c++) columns.push(concatenate(this.#batches, c, this.#rowCount));
      this.#flat = { rowCount: this.#rowCount, columns };
      this.#batches = [];
    }
    return this.#flat;
  }

  release(): void {
    this.#memory.release(this.#charged);
    this.#charged = 0;
    this.#batches = [];
    this.#flat = undefined;
    this.#rowCount = 0;
  }
}

/** Reads `rows` to their end into the buffer. */
export function* collect(rows: Rows, buffer: RowBuffer, run: Run): Generator<Wait, void, undefined> {
  for (const item of rows) {
    if (item instanceof Promise) yield item;
    else buffer.add(item);
    if (run.shouldPause()) yield run.pause();
  }
}

function concatenate(batches: readonly Batch[], column: number, rowCount: number): Vector {
  if (batches.length === 1) {
    const only = batches[0].columns[column];
    if (only.mask === -1) return only;
  }
  let isTyped = batches.length > 0;
  let isInteger = true;
  let hasNulls = false;
  for (const batch of batches) {
    const { values, nulls } = batch.columns[column];
    if (values instanceof Float64Array) isInteger = false;
    else if (!(values instanceof Int32Array)) {
      isTyped = false;
      break;
    }
    if (nulls !== undefined) hasNulls = true;
  }
  return isTyped ? concatenateTyped(batches, column, rowCount, isInteger, hasNulls) : concatenateDatums(batches, column, rowCount);
}

function concatenateTyped(batches: readonly Batch[], column: number, rowCount: number, isInteger: boolean, hasNulls: boolean): Vector {
  const out = isInteger ? new Int32Array(rowCount) : new Float64Array(rowCount);
  const outNulls = hasNulls ? new Uint8Array(rowCount) : undefined;
  let at = 0;
  for (const batch of batches) {
    const { values, nulls, mask } = batch.columns[column];
    const end = at + batch.rowCount;
    if (mask === 0) {
      out.fill(Number(values[0]), at, end);
      if (nulls !== undefined && nulls[0] === 1) outNulls?.fill(1, at, end);
    } else if (values instanceof Float64Array || values instanceof Int32Array) {
      out.set(values.length === batch.rowCount ? values : values.subarray(0, batch.rowCount), at);
      if (nulls !== undefined) outNulls?.set(nulls.length === batch.rowCount ? nulls : nulls.subarray(0, batch.rowCount), at);
    }
    at = end;
  }
  return { values: out, nulls: outNulls, mask: -1 };
}

function concatenateDatums(batches: readonly Batch[], column: number, rowCount: number): Vector {
  const out: Datum[] = new Array(rowCount);
  let at = 0;
  for (const batch of batches) {
    const { values, nulls, mask } = batch.columns[column];
    for (let row = 0; row < batch.rowCount; row++) {
      const from = row & mask;
      out[at++] = nulls !== undefined && nulls[from] === 1 ? null : values[from];
    }
  }
  return vectorOf(out);
}

/** Rows [from, to) of the flat rows as a batch. */
export function sliceRows(rows: FlatRows, from: number, to: number): Batch {
  return { rowCount: to - from, columns: rows.columns.map((column) => sliceVector(column, from, to)) };
}

export function sliceVector(vector: Vector, from: number, to: number): Vector {
  const { values, nulls, mask } = vector;
  if (mask === 0) return vector;
  if (values instanceof Float64Array || values instanceof Int32Array)
    return { values: values.subarray(from, to), nulls: nulls?.subarray(from, to), mask: -1 };
  return vectorOf(values.slice(from, to));
}

/**
 * The rows named by ids[from..to), in that order; an id of -1 gives a row of NULLs. Hot: the output of every join and sort.
 */
export function gatherWithNulls(vector: Vector, ids: Int32Array, from: number, to: number): Vector {
  const { values, nulls, mask } = vector;
  const count = to - from;
  if (values instanceof Float64Array || values instanceof Int32Array) {
    const out = values instanceof Float64Array ? new Float64Array(count) : new Int32Array(count);
    let outNulls: Uint8Array | undefined = nulls === undefined ? undefined : new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const id = ids[from + i];
      if (id < 0) {
        outNulls ??= new Uint8Array(count);
        outNulls[i] = 1;
        continue;
      }
      const at = id & mask;
      out[i] = values[at];
      if (nulls !== undefined && outNulls !== undefined) outNulls[i] = nulls[at];
    }
    return { values: out, nulls: outNulls, mask: -1 };
  }
  const out: Datum[] = new Array(count);
  for (let i = 0; i < count; i++) {
    const id = ids[from + i];
    out[i] = id < 0 ? null : values[id & mask];
  }
  return vectorOf(out);
}

/** Rows of the flat rows by ordinal (-1: NULLs), as a batch. */
export function gatherFlat(rows: FlatRows, ids: Int32Array, from: number, to: number): Batch {
  return { rowCount: to - from, columns: rows.columns.map((column) => gatherWithNulls(column, ids, from, to)) };
}

/** All rows of flat rows, a batch at a time. */
export function* batchesOf(rows: FlatRows): Generator<Batch, void, undefined> {
  for (let from = 0; from < rows.rowCount; from += batchRows) yield sliceRows(rows, from, Math.min(from + batchRows, rows.rowCount));
}

export const nullVector: Vector = constantVector(null);
/** Stands for the argument of count(*). */
export const constantOne: Vector = constantVector(1);

/** Estimate of what a batch holds. Typed arrays say it themselves; of other columns a few values are measured. */
export function batchBytes(batch: Batch): number {
  let bytes = 64;
  for (const { values, nulls, mask } of batch.columns) {
    if (values instanceof Float64Array || values instanceof Int32Array) {
      bytes += values.byteLength + (nulls?.byteLength ?? 0);
      continue;
    }
    const rows = mask === 0 ? 1 : batch.rowCount;
    const step = Math.max(1, rows >> 4);
    let sampled = 0;
    let sum = 0;
    for (let row = 0; row < rows; row += step) {
      sum += datumBytes(values[row]);
      sampled++;
    }
    bytes += Math.ceil((sum / sampled) * rows) + 8 * rows;
  }
  return bytes;
}

/** Rough size of one datum beside the slot that refers to it. */
export function datumBytes(value: Datum): number {
  switch (typeof value) {
    case 'string':
      return 24 + value.length;
    case 'number':
      return 8;
    case 'bigint':
      return 24;
    case 'boolean':
      return 0;
    default:
      if (value === null) return 0;
      if (value instanceof Uint8Array) return 96 + value.length;
      return value instanceof Interval ? 48 : 160;
  }
}
