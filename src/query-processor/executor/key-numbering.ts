/**
 * Key numbering: gives equal keys of one or more columns the same small number, distinct ones different numbers, counting from 0 in
 * order of first appearance. Grouping, hash joins, DISTINCT and the set operations are all made of it.
 *
 *   N1  numbers are dense: 0 .. size - 1.
 *   N2  equal means equal by the type's btree order (so 1.0 and 1.00 are one numeric key); NULL equals NULL here, and whoever wants
 *       SQL's `=` leaves rows with NULLs out (`nulls: 'apart'` numbers them -1).
 *
 * Several columns are numbered in a chain: the number of the first k columns and the code of column k + 1 make one integer key for the
 * next map. Nothing is turned into strings, and every map has keys of one primitive kind.
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import type { NonNull, Type } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';

/** Types whose datums are equal exactly when Map says so. */
const selfKeyed: ReadonlySet<number> = new Set([
  oid.bool,
  oid.int2,
  oid.int4,
  oid.int8,
  oid.oid,
  oid.float4,
  oid.float8,
  oid.text,
  oid.varchar,
  oid.name,
  oid.uuid,
  oid.date,
  oid.time,
  oid.timestamp,
  oid.timestamptz,
]);

type HashKey = string | number | bigint | boolean;

export function hashKeyOf(type: Type): ((value: NonNull) => HashKey) | undefined {
  if (selfKeyed.has(type.oid)) return undefined;
  if (type.hashKey === undefined)
    throw new SqlError(sqlstate.undefinedFunction, `could not identify an equality operator for type ${type.displayName}`);
  return type.hashKey;
}

/** Small integers have their codes in an array, by value: at first up to here. It grows with the codes, where values lie close together. */
const firstDirect = 4096;

/** Codes of one column: a value is its number of first appearance + 1, NULL is 0. */
class ColumnCodes {
  readonly #codes = new Map<HashKey, number>();
  /** Codes of integers below its length, 0 where there is none: an array access and no hash (bench: join and sum over 1 000 000 invoices). */
  #direct = new Int32Array(0);
  readonly #hashKey: ((value: NonNull) => HashKey) | undefined;

  constructor(type: Type) {
    this.#hashKey = hashKeyOf(type);
  }

  get size(): number {
    return this.#codes.size;
  }

  // Hot: once a row of every grouping and join. -1 for what is not there when `add` is false.
  fill(vector: Vector, rowCount: number, add: boolean, out: Int32Array): void {
    const { values, nulls, mask } = vector;
    const codes = this.#codes;
    const hashKey = this.#hashKey;
    if (mask === 0) {
      out.fill(this.#code(nulls !== undefined && nulls[0] === 1 ? null : values[0], add), 0, rowCount);
      return;
    }
    if (values instanceof Int32Array) {
      this.#fillNumbers(values, nulls, rowCount, add, out);
      return;
    }
    if (values instanceof Float64Array) {
      this.#fillNumbers(values, nulls, rowCount, add, out);
      return;
    }
    for (let row = 0; row < rowCount; row++) {
      const value = values[row];
      if (value === null) {
        out[row] = 0;
        continue;
      }
      const key = hashKey === undefined ? primitive(value) : hashKey(value);
      let code = codes.get(key);
      if (code === undefined) {
        code = add ? codes.size + 1 : -1;
        if (add) codes.set(key, code);
      }
      out[row] = code;
    }
  }

  #fillNumbers(values: Int32Array | Float64Array, nulls: Uint8Array | undefined, rowCount: number, add: boolean, out: Int32Array): void {
    const codes = this.#codes;
    if (this.#direct.length === 0) this.#direct = new Int32Array(firstDirect);
    let direct: Int32Array = this.#direct;
    for (let row = 0; row < rowCount; row++) {
      if (nulls !== undefined && nulls[row] === 1) {
        out[row] = 0;
        continue;
      }
      const value = values[row];
      const at = value | 0;
      const isDirect = at === value && at >= 0 && at < direct.length;
      let code = isDirect ? direct[at] : 0;
      if (code === 0) {
        code = codes.get(value) ?? 0;
        if (code === 0) {
          if (!add) {
            out[row] = -1;
            continue;
          }
          code = codes.size + 1;
          codes.set(value, code);
        }
        if (isDirect) direct[at] = code;
        else if (at === value && at >= 0 && at < codes.size * 4) direct = this.#growDirect(at);
      }
      out[row] = code;
    }
  }

  /** Room for `at`; what is not copied from the map yet comes with its next look-up. */
  #growDirect(at: number): Int32Array {
    const grown = new Int32Array(2 ** Math.ceil(Math.log2(at + 1)));
    grown.set(this.#direct);
    this.#direct = grown;
    return grown;
  }

  #code(value: Datum, add: boolean): number {
    if (value === null) return 0;
    const key = this.#hashKey === undefined ? primitive(value) : this.#hashKey(value);
    const code = this.#codes.get(key);
    if (code !== undefined) return code;
    if (!add) return -1;
    this.#codes.set(key, this.#codes.size + 1);
    return this.#codes.size;
  }
}

function primitive(value: NonNull): HashKey {
  if (typeof value === 'object') throw new InvariantError('a self-keyed type has primitive datums');
  return value;
}

/** Above any code of one column: two codes make one safe integer. */
const codeLimit = 2 ** 26;

export class KeyNumbering {
  readonly #columns: readonly ColumnCodes[];
  /** #chain[k]: (number so far, code of column k + 1) to the next number. */
  readonly #chain: readonly Map<number, number>[];
  /** Where the first column alone is the key: its codes in order of appearance (NULL among them) to numbers. */
  #nullNumber = -1;
  #size = 0;
  #scratch = new Int32Array(0);

  constructor(typeOids: readonly number[]) {
    this.#columns = typeOids.map((typeOid) => new ColumnCodes(typeByOid(typeOid)));
    this.#chain = typeOids.slice(1).map(() => new Map());
  }

  get size(): number {
    return this.#size;
  }

  /** Estimate of what the maps hold, for the memory account. */
  get bytes(): number {
    let bytes = 0;
    for (const column of this.#columns) bytes += column.size * 56;
    for (const map of this.#chain) bytes += map.size * 56;
    return bytes;
  }

  /** Writes the number of each row's key to `out`; unknown keys get new numbers. */
  number(vectors: readonly Vector[], rowCount: number, out: Int32Array): void {
    this.#fill(vectors, rowCount, true, out);
  }

  /** As `number`, but unknown keys are -1 and nothing is added. */
  find(vectors: readonly Vector[], rowCount: number, out: Int32Array): void {
    this.#fill(vectors, rowCount, false, out);
  }

  #fill(vectors: readonly Vector[], rowCount: number, add: boolean, out: Int32Array): void {
    const columns = this.#columns;
    if (columns.length === 0) {
      if (add && rowCount > 0) this.#size = 1;
      out.fill(this.#size === 0 ? -1 : 0, 0, rowCount);
      return;
    }
    const known = columns[0].size;
    columns[0].fill(vectors[0], rowCount, add, out);
    if (columns.length === 1) {
      this.#numberSingle(rowCount, add, known, out);
      return;
    }
    if (this.#scratch.length < rowCount) this.#scratch = new Int32Array(Math.max(rowCount, 1024));
    const codes = this.#scratch;
    for (let k = 0; k < this.#chain.length; k++) {
      const map = this.#chain[k];
      columns[k + 1].fill(vectors[k + 1], rowCount, add, codes);
      for (let row = 0; row < rowCount; row++) {
        const left = out[row];
        const code = codes[row];
        if (left < 0 || code < 0) {
          out[row] = -1;
          continue;
        }
        const key = left * codeLimit + code;
        let number = map.get(key);
        if (number === undefined) {
          number = add ? map.size : -1;
          if (add) map.set(key, number);
        }
        out[row] = number;
      }
    }
    this.#size = this.#chain[this.#chain.length - 1].size;
    if (this.#size >= codeLimit) throw new SqlError(sqlstate.outOfMemory, 'out of memory', { detail: 'Too many distinct keys.' });
  }

  /** Codes of a lone column become numbers: NULL takes its place in the order of appearance. */
  #numberSingle(rowCount: number, add: boolean, known: number, out: Int32Array): void {
    let seen = known;
    for (let row = 0; row < rowCount; row++) {
      const code = out[row];
      if (code < 0) continue;
      if (code === 0) {
        if (this.#nullNumber < 0 && add) this.#nullNumber = seen;
        out[row] = this.#nullNumber;
        continue;
      }
      if (code > seen) seen = code;
      out[row] = this.#nullNumber >= 0 && code > this.#nullNumber ? code : code - 1;
    }
    this.#size = this.#columns[0].size + (this.#nullNumber >= 0 ? 1 : 0);
  }
}

/** Marks rows with a NULL in any of the vectors by -1: SQL's `=` finds no partner for them. */
export function setNullsApart(vectors: readonly Vector[], rowCount: number, numbers: Int32Array): void {
  for (const { values, nulls, mask } of vectors) {
    if (mask === 0) {
      if (nulls !== undefined ? nulls[0] === 1 : values[0] === null) numbers.fill(-1, 0, rowCount);
    } else if (nulls !== undefined) {
      for (let row = 0; row < rowCount; row++) if (nulls[row] === 1) numbers[row] = -1;
    } else if (!(values instanceof Float64Array || values instanceof Int32Array)) {
      for (let row = 0; row < rowCount; row++) if (values[row] === null) numbers[row] = -1;
    }
  }
}
