/**
 * Hash join: keeps the inner rows, numbered by their keys, and streams the outer rows past them.
 *
 *   H1  A NULL key finds no partner (SQL's `=`), but for a null-aware anti join: `x NOT IN (...)` is unknown, and the row left out, as
 *       soon as an inner row might be equal for all that is known.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, datumAt, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import { oid } from '#sql/oids.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { type Candidates, canMatchSingles, joinShape, matchBatch, matchSingles, unmatchedInner } from './join-matching.ts';
import { KeyNumbering, setNullsApart } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { type FlatRows, RowBuffer } from './row-buffer.ts';
import { datumComparator } from './row-order.ts';

type HashJoin = Extract<PhysicalPlan, { kind: 'hashJoin' }>;

/** Types of which datums of one may be looked up among datums of another. */
const families: readonly ReadonlySet<number>[] = [
  new Set([oid.int2, oid.int4, oid.int8]),
  new Set([oid.float4, oid.float8]),
  new Set([oid.text, oid.varchar, oid.name]),
];

function isHashable(left: number, right: number): boolean {
  return left === right || families.some((family) => family.has(left) && family.has(right));
}

const prepare = prepared((plan: HashJoin) => {
  const outer = idsOf(plan.outer.output);
  const inner = idsOf(plan.inner.output);
  for (let k = 0; k < plan.outerKeys.length; k++)
    if (!isHashable(plan.outerKeys[k].type.oid, plan.innerKeys[k].type.oid))
      throw new InvariantError('keys of a hash join are of one type');
  return {
    shape: joinShape(plan, outer, inner),
    outerKeys: plan.outerKeys.map((key) => compileExpression(key, outer)),
    innerKeys: plan.innerKeys.map((key) => compileExpression(key, inner)),
    types: plan.innerKeys.map((key) => key.type.oid),
    equality: plan.innerKeys.map((key) => datumComparator({ typeOid: key.type.oid, descending: false, nullsFirst: false })),
  };
});

export function* hashJoin(plan: HashJoin, outer: Rows, inner: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { shape, outerKeys, innerKeys, types, equality } = prepare(plan);
  const width = plan.inner.output.length;
  const keepsKeys = plan.nullAware;
  const buffer = new RowBuffer(width + (keepsKeys ? types.length : 0), run.memory);
  const numbering = new KeyNumbering(types);
  try {
    const table = new JoinTable();
    let charged = 0;
    for (const item of inner) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const keys = evaluateAll(innerKeys, item, run);
      const numbers = new Int32Array(item.rowCount);
      numbering.number(keys, item.rowCount, numbers);
      setNullsApart(keys, item.rowCount, numbers);
      table.add(numbers);
      buffer.add(keepsKeys ? { rowCount: item.rowCount, columns: [...item.columns, ...keys] } : item);
      const bytes = numbering.bytes + table.bytes;
      if (bytes > charged) buffer.charge(bytes - charged);
      charged = Math.max(bytes, charged);
      if (run.shouldPause()) yield run.pause();
    }
    const flat = buffer.seal();
    const rows: FlatRows = { rowCount: flat.rowCount, columns: flat.columns.slice(0, width) };
    table.seal(numbering.size);
    if (rows.rowCount === 0 && (plan.join === 'inner' || plan.join === 'semi' || plan.join === 'right')) return;
    const innerMatched = plan.join === 'right' || plan.join === 'full' ? new Uint8Array(rows.rowCount) : undefined;
    for (const item of outer) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const keys = evaluateAll(outerKeys, item, run);
      const numbers = new Int32Array(item.rowCount);
      numbering.find(keys, item.rowCount, numbers);
      setNullsApart(keys, item.rowCount, numbers);
      const { singles } = table;
      if (singles !== undefined && canMatchSingles(shape) && !plan.nullAware) {
        const batch = matchSingles(shape, item, rows, numbers, singles, innerMatched);
        if (batch !== undefined) yield batch;
        if (run.shouldPause()) yield run.pause();
        continue;
      }
      const candidates = plan.nullAware
        ? table.possibleCandidates(numbers, keys, flat.columns.slice(width), equality)
        : table.candidates(numbers);
      yield* matchBatch(shape, item, rows, candidates, innerMatched, run);
      if (run.shouldPause()) yield run.pause();
    }
    if (innerMatched !== undefined) yield* unmatchedInner(shape, rows, innerMatched, run);
  } finally {
    buffer.release();
  }
}

function singlesOf(starts: Int32Array, ids: Int32Array): Int32Array | undefined {
  const singles = new Int32Array(starts.length - 1).fill(-1);
  for (let n = 0; n < singles.length; n++) {
    const count = starts[n + 1] - starts[n];
    if (count > 1) return undefined;
    if (count === 1) singles[n] = ids[starts[n]];
  }
  return singles;
}

/** The inner rows of each key number: rows of key n are #ids[#starts[n]] .. #ids[#starts[n + 1] - 1], in order of arrival. */
class JoinTable {
  #parts: Int32Array[] = [];
  #rowCount = 0;
  #starts = new Int32Array(0);
  #ids = new Int32Array(0);
  /** Where no key has two rows: the row of each key number, -1 where there is none. */
  singles: Int32Array | undefined;
  /** Rows with a NULL in their key. */
  #withNulls: number[] = [];

  get bytes(): number {
    return this.#rowCount * 12;
  }

  add(numbers: Int32Array): void {
    this.#parts.push(numbers);
    this.#rowCount += numbers.length;
  }

  seal(keyCount: number): void {
    const starts = new Int32Array(keyCount + 1);
    for (const part of this.#parts) for (let i = 0; i < part.length; i++) if (part[i] >= 0) starts[part[i] + 1]++;
    for (let n = 0; n < keyCount; n++) starts[n + 1] += starts[n];
    const next = starts.slice();
    const ids = new Int32Array(starts[keyCount]);
    let row = 0;
    for (const part of this.#parts)
      for (let i = 0; i < part.length; i++, row++) {
        if (part[i] >= 0) ids[next[part[i]]++] = row;
        else this.#withNulls.push(row);
      }
    this.#starts = starts;
    this.#ids = ids;
    this.singles = singlesOf(starts, ids);
    this.#parts = [];
  }

  // Hot: once an outer row.
  candidates(numbers: Int32Array): Candidates {
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    for (let row = 0; row < numbers.length; row++) {
      const number = numbers[row];
      if (number < 0) continue;
      from[row] = this.#starts[number];
      to[row] = this.#starts[number + 1];
    }
    return { from, to, ids: this.#ids };
  }

  /** H1: inner rows that are equal, or may be because one side of a key is NULL. */
  possibleCandidates(
    numbers: Int32Array,
    outerKeys: readonly Vector[],
    innerKeys: readonly Vector[],
    equality: readonly ReturnType<typeof datumComparator>[],
  ): Candidates {
    const known = this.candidates(numbers);
    const from = new Int32Array(numbers.length);
    const to = new Int32Array(numbers.length);
    const ids: number[] = [];
    const mayEqual = (outerRow: number, innerRow: number): boolean =>
      equality.every((compare, k) => {
        const left = datumAt(outerKeys[k], outerRow);
        const right = datumAt(innerKeys[k], innerRow);
        return left === null || right === null || compare(left, right) === 0;
      });
    for (let row = 0; row < numbers.length; row++) {
      from[row] = ids.length;
      if (outerKeys.some((vector) => datumAt(vector, row) === null)) {
        for (let id = 0; id < this.#rowCount; id++) if (mayEqual(row, id)) ids.push(id);
      } else {
        for (let at = known.from[row]; at < known.to[row]; at++) ids.push(known.ids[at]);
        for (const id of this.#withNulls) if (mayEqual(row, id)) ids.push(id);
      }
      to[row] = ids.length;
    }
    return { from, to, ids: Int32Array.from(ids) };
  }
}
