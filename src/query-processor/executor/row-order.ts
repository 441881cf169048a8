/**
 * Row order: comparing rows of flat columns by sort keys, and sorting row ordinals.
 *
 * The order of a key is its type's btree order; NULLs come where the key says. Sorting is stable: rows that compare equal keep their
 * order of arrival.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, type Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Wait } from '#storage/storage.ts';
import type { Run } from './operator.ts';

export type KeyOrder = { readonly typeOid: number; readonly descending: boolean; readonly nullsFirst: boolean };

/** Types whose datums `<` orders as PostgreSQL does, all values included (NaN is not among them). */
const plainlyOrdered: ReadonlySet<number> = new Set([
  oid.bool,
  oid.int2,
  oid.int4,
  oid.int8,
  oid.oid,
  oid.uuid,
  oid.date,
  oid.time,
  oid.timestamp,
  oid.timestamptz,
]);

export function compareOf(typeOid: number): (a: NonNull, b: NonNull) => number {
  if (plainlyOrdered.has(typeOid)) return comparePlainly;
  const type = typeByOid(typeOid);
  if (type.compare === undefined)
    throw new SqlError(sqlstate.undefinedFunction, `could not identify an ordering operator for type ${type.displayName}`);
  return type.compare;
}

const comparePlainly = (a: NonNull, b: NonNull): number => (a < b ? -1 : a > b ? 1 : 0);

/** Compares two datums, NULLs included, by a key's order. */
export function datumComparator(key: KeyOrder): (a: Datum, b: Datum) => number {
  const compare = compareOf(key.typeOid);
  const sign = key.descending ? -1 : 1;
  const nullSign = key.nullsFirst ? -1 : 1;
  return (a, b) => {
    if (a === null) return b === null ? 0 : nullSign;
    if (b === null) return -nullSign;
    return sign * compare(a, b);
  };
}

/** Compares rows given as arrays whose first values are the keys. */
export function rowComparator(keys: readonly KeyOrder[]): (a: readonly Datum[], b: readonly Datum[]) => number {
  const comparators = keys.map(datumComparator);
  return (a, b) => {
    for (let k = 0; k < comparators.length; k++) {
      const order = comparators[k](a[k], b[k]);
      if (order !== 0) return order;
    }
    return 0;
  };
}

type Comparator = (a: number, b: number) => number;

/** Compares rows, by ordinal, of one set of key vectors. */
export function ordinalComparator(keys: readonly KeyOrder[], vectors: readonly Vector[]): Comparator {
  const comparators = keys.map((key, k) => vectorComparator(key, vectors[k]));
  if (comparators.length === 0) return () => 0;
  if (comparators.length === 1) return comparators[0];
  if (comparators.length === 2) {
    const [first, second] = comparators;
    return (a, b) => first(a, b) || second(a, b);
  }
  return (a, b) => {
    for (let k = 0; k < comparators.length; k++) {
      const order = comparators[k](a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function vectorComparator(key: KeyOrder, vector: Vector): Comparator {
  const { values, nulls, mask } = vector;
  if (mask === 0) return () => 0;
  const compare = compareOf(key.typeOid);
  const sign = key.descending ? -1 : 1;
  const nullSign = key.nullsFirst ? -1 : 1;
  if (values instanceof Float64Array || values instanceof Int32Array) {
    if (nulls === undefined && compare === comparePlainly)
      return (a, b) => sign * (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : 0);
    return (a, b) => {
      const aNull = nulls !== undefined && nulls[a] === 1;
      const bNull = nulls !== undefined && nulls[b] === 1;
      if (aNull) return bNull ? 0 : nullSign;
      if (bNull) return -nullSign;
      return sign * compare(values[a], values[b]);
    };
  }
  return (a, b) => {
    const left = values[a];
    const right = values[b];
    if (left === null) return right === null ? 0 : nullSign;
    if (right === null) return -nullSign;
    return sign * compare(left, right);
  };
}

/** True when the key of row `a` of one set of vectors differs from that of row `b` of another. */
export function keysDiffer(
  comparators: readonly ((a: Datum, b: Datum) => number)[],
  left: readonly Vector[],
  a: number,
  right: readonly Vector[],
  b: number,
): boolean {
  for (let k = 0; k < comparators.length; k++) if (comparators[k](datumAt(left[k], a), datumAt(right[k], b)) !== 0) return true;
  return false;
}

/** Rows sorted at a stretch: some milliseconds. */
const runLength = 16384;

/**
 * The ordinals 0 .. rowCount - 1 sorted by `compare`, stably: runs first, which are then merged, with pauses in between (E4).
 */
export function* sortOrdinals(rowCount: number, compare: Comparator, run: Run): Generator<Wait, Int32Array, undefined> {
  let ids = new Int32Array(rowCount);
  for (let i = 0; i < rowCount; i++) ids[i] = i;
  if (isSorted(ids, compare)) return ids;
  for (let from = 0; from < rowCount; from += runLength) {
    ids.subarray(from, Math.min(from + runLength, rowCount)).sort(compare);
    if (run.shouldPause()) yield run.pause();
  }
  if (rowCount <= runLength) return ids;
  let merged = new Int32Array(rowCount);
  for (let width = runLength; width < rowCount; width *= 2) {
    for (let from = 0; from < rowCount; from += 2 * width) {
      const middle = Math.min(from + width, rowCount);
      const end = Math.min(from + 2 * width, rowCount);
      let left = from;
      let right = middle;
      for (let at = from; at < end; at++) {
        merged[at] = right >= end || (left < middle && compare(ids[left], ids[right]) <= 0) ? ids[left++] : ids[right++];
        if ((at & 0x3fff) === 0 && run.shouldPause()) yield run.pause();
      }
    }
    [ids, merged] = [merged, ids];
  }
  return ids;
}

function isSorted(ids: Int32Array, compare: Comparator): boolean {
  for (let i = 1; i < ids.length; i++) if (compare(ids[i - 1], ids[i]) > 0) return false;
  return true;
}
