/**
 * Batch: up to 1 024 rows, column by column. The unit that operators, storage and the wire hand on.
 *
 * A Vector's values are either datums (any array; NULL is null in place) or a typed array with a null mask; both index alike, so
 * that code for one datum at a time reads `datumAt(v, row)` and hot loops look at `values` themselves.
 * A constant vector holds one value and `mask` 0: `values[row & mask]` reads both kinds without a branch.
 *
 *   B1  A batch handed on is never changed by its maker afterwards; a receiver may keep it, and may not change it either.
 *   B2  rowCount > 0: an operator skips what is empty instead of handing it on.
 */
import type { Datum } from './datum.ts';

export const batchRows = 1024;

export type Vector = {
  readonly values: readonly Datum[] | Float64Array | Int32Array;
  /** 1 where NULL; only with typed arrays, undefined when nothing is NULL. */
  readonly nulls: Uint8Array | undefined;
  /** -1: one value a row. 0: values[0] (and nulls[0]) stand for all rows. */
  readonly mask: -1 | 0;
};

export type Batch = { readonly rowCount: number; readonly columns: readonly Vector[] };

export const vectorOf = (values: readonly Datum[]): Vector => ({ values, nulls: undefined, mask: -1 });

export const constantVector = (value: Datum): Vector => ({ values: [value], nulls: undefined, mask: 0 });

export function datumAt(vector: Vector, row: number): Datum {
  const at = row & vector.mask;
  if (vector.nulls !== undefined && vector.nulls[at] === 1) return null;
  return vector.values[at];
}

export const isNullConstant = (vector: Vector): boolean => vector.mask === 0 && datumAt(vector, 0) === null;

/** The vector as one datum a row. No copy when it is so already. */
export function toDatums(vector: Vector, rowCount: number): readonly Datum[] {
  const { values, nulls, mask } = vector;
  if (mask === -1 && Array.isArray(values)) return values as readonly Datum[];
  const out: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const at = row & mask;
    out[row] = nulls !== undefined && nulls[at] === 1 ? null : values[at];
  }
  return out;
}

/** The rows named by `rows` (the first `count` entries), in that order. */
export function gather(vector: Vector, rows: Int32Array | readonly number[], count: number): Vector {
  const { values, nulls, mask } = vector;
  if (mask === 0) return vector;
  if (values instanceof Float64Array || values instanceof Int32Array) {
    const out = values instanceof Float64Array ? new Float64Array(count) : new Int32Array(count);
    for (let i = 0; i < count; i++) out[i] = values[rows[i]];
    if (nulls === undefined) return { values: out, nulls: undefined, mask: -1 };
    const outNulls = new Uint8Array(count);
    for (let i = 0; i < count; i++) outNulls[i] = nulls[rows[i]];
    return { values: out, nulls: outNulls, mask: -1 };
  }
  const out: Datum[] = new Array(count);
  for (let i = 0; i < count; i++) out[i] = values[rows[i]];
  return vectorOf(out);
}

export function gatherBatch(batch: Batch, rows: Int32Array | readonly number[], count: number): Batch {
  return { rowCount: count, columns: batch.columns.map((column) => gather(column, rows, count)) };
}

/** Rows from (inclusive) to (exclusive). */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  const rows = new Int32Array(to - from);
  for (let i = 0; i < rows.length; i++) rows[i] = from + i;
  return gatherBatch(batch, rows, rows.length);
}

export function rowAt(batch: Batch, row: number): Datum[] {
  return batch.columns.map((column) => datumAt(column, row));
}

/** Collects rows into batches of at most `batchRows`. */
export class BatchBuilder {
  #columns: Datum[][];
  #rowCount = 0;

  constructor(columnCount: number) {
    this.#columns = Array.from({ length: columnCount }, () => []);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get isFull(): boolean {
    return this.#rowCount >= batchRows;
  }

  addRow(row: readonly Datum[]): void {
    const columns = this.#columns;
    for (let c = 0; c < columns.length; c++) columns[c].push(row[c]);
    this.#rowCount++;
  }

  /** What was collected, and starts anew. */
  take(): Batch {
    const batch: Batch = { rowCount: this.#rowCount, columns: this.#columns.map(vectorOf) };
    this.#columns = this.#columns.map(() => []);
    this.#rowCount = 0;
    return batch;
  }
}
