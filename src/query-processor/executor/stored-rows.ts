/**
 * Stored rows: looking values up by key, and turning them into batches. The short way beside Storage.scan, for point reads.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer, RowReader } from '#sql/row.ts';
import type { Type } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { Run } from './operator.ts';

/** Values as the transaction sees them when the statement begins: its earlier writes, else the snapshot. Hot: point reads. */
export function lookUp(run: Run, keys: readonly Key[], transaction: Transaction = run.transaction): readonly (Uint8Array | undefined)[] {
  const { storage, observed } = run;
  const overlay = transaction.overlay;
  if (overlay === undefined) return storage.get(transaction.snapshot, keys, observed);
  const found: (Uint8Array | undefined)[] = new Array(keys.length);
  const wanted: Key[] = [];
  const places: number[] = [];
  for (let i = 0; i < keys.length; i++) {
    const own = overlay.get(keys[i]);
    if (own !== undefined) {
      found[i] = own.value;
      continue;
    }
    wanted.push(keys[i]);
    places.push(i);
  }
  if (wanted.length > 0) {
    const stored = storage.get(transaction.snapshot, wanted, observed);
    for (let i = 0; i < places.length; i++) found[places[i]] = stored[i];
  }
  return found;
}

/** What a column of a batch holds: a field of the stored row, or the row's key. */
export type StoredColumn = number | 'key';

/** Turns stored values into batches of the given columns. */
export class RowDecoder {
  readonly #columns: readonly StoredColumn[];
  readonly #types: readonly Type[];
  readonly #missing: readonly (Datum | undefined)[];
  readonly #reader = new RowReader();

  constructor(columns: readonly StoredColumn[], fieldTypes: readonly number[], missing: readonly (Datum | undefined)[]) {
    this.#columns = columns;
    this.#types = fieldTypes.map(typeByOid);
    this.#missing = missing;
  }

  /** Rows whose value is undefined are left out; undefined when none is left. */
  decode(keys: readonly Key[], values: readonly (Uint8Array | undefined)[]): Batch | undefined {
    const reader = this.#reader;
    const out: Datum[][] = this.#columns.map(() => []);
    let rowCount = 0;
    for (let i = 0; i < keys.length; i++) {
      const value = values[i];
      if (value === undefined) continue;
      reader.open(asBuffer(value), 0, value.length);
      for (let c = 0; c < this.#columns.length; c++) {
        const column = this.#columns[c];
        out[c].push(column === 'key' ? keys[i] : reader.datum(column, this.#types[column], this.#missing[column] ?? null));
      }
      rowCount++;
    }
    if (rowCount === 0) return undefined;
    return { rowCount, columns: out.map((values): Vector => vectorOf(values)) };
  }

  /** A batch of this one row. Hot: point reads. */
  decodeOne(key: Key, value: Uint8Array): Batch {
    const reader = this.#reader;
    reader.open(asBuffer(value), 0, value.length);
    const width = this.#columns.length;
    const columns: Vector[] = new Array(width);
    for (let c = 0; c < width; c++) {
      const column = this.#columns[c];
      columns[c] = vectorOf([column === 'key' ? key : reader.datum(column, this.#types[column], this.#missing[column] ?? null)]);
    }
    return { rowCount: 1, columns };
  }
}

/** The values of rows that an index entry or an earlier read has named: they are there, in the same snapshot. */
export function required(values: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] {
  return values.map((value) => {
    if (value === undefined) throw new InvariantError('an index entry names a row that is there');
    return value;
  });
}
