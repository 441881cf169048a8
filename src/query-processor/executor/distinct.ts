/** Distinct: the first row of each group of equal rows (or of rows equal in the ON expressions), in input order. */
import { type Batch, gatherBatch, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import { oid } from '#sql/oids.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { datumComparator, keysDiffer } from './row-order.ts';
import { FirstRows } from './spill/first-rows.ts';
import { SortedRuns } from './spill/sorted-runs.ts';

type Distinct = Extract<PhysicalPlan, { kind: 'distinct' }>;

const prepare = prepared((plan: Distinct) => {
  const input = idsOf(plan.input.output);
  const types = plan.on === undefined ? typesOf(plan.input.output) : plan.on.map((key) => key.type.oid);
  return {
    types,
    inputTypes: typesOf(plan.input.output),
    keys: plan.on?.map((key) => compileExpression(key, input)),
    // Only whether keys are equal is asked here, so any direction serves.
    comparators: plan.isSorted ? types.map((typeOid) => datumComparator({ typeOid, descending: false, nullsFirst: false })) : [],
    positions: picker(idsOf(plan.output), input),
    latePositions: positionsOf(idsOf(plan.output), input),
  };
});

export function distinct(plan: Distinct, input: Rows, run: Run): Rows {
  return plan.isSorted ? sortedDistinct(plan, input, run) : hashedDistinct(plan, input, run);
}

function* sortedDistinct(plan: Distinct, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { keys, comparators, positions } = prepare(plan);
  let previous: { readonly keys: readonly Vector[]; readonly row: number } | undefined;
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const vectors = keys === undefined ? item.columns : evaluateAll(keys, item, run);
    const rows = new Int32Array(item.rowCount);
    let count = 0;
    for (let row = 0; row < item.rowCount; row++) {
      if (previous === undefined || keysDiffer(comparators, previous.keys, previous.row, vectors, row)) rows[count++] = row;
      previous = { keys: vectors, row };
    }
    if (count > 0) yield pick(count === item.rowCount ? item : gatherBatch(item, rows, count), positions);
    if (run.shouldPause()) yield run.pause();
  }
}

const byOrdinal = { typeOid: oid.float8, descending: false, nullsFirst: false };

function* hashedDistinct(plan: Distinct, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { types, inputTypes, keys, positions, latePositions } = prepare(plan);
  // Rows that have to wait carry the number of their arrival, by which they are put in order again.
  const lateTypes = [...inputTypes, oid.float8];
  const first = new FirstRows(lateTypes, types, run);
  const late = new SortedRuns(lateTypes, [{ column: inputTypes.length, order: byOrdinal }], run);
  let arrived = 0;
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const vectors = keys === undefined ? item.columns : evaluateAll(keys, item, run);
      const found = first.take(first.isFull ? withOrdinals(item, arrived) : item, vectors);
      if (first.isFull) arrived += item.rowCount;
      if (found !== undefined) yield pick(found, positions);
      if (run.shouldPause()) yield run.pause();
    }
    for (const item of first.late(() => {
      late.endRun();
      late.beginRun();
    }))
      if (item instanceof Promise) yield item;
      else late.write(item);
    late.endRun();
    for (const item of late.merge()) yield item instanceof Promise ? item : pick(item, latePositions);
  } finally {
    run.report?.(plan, first.figures);
    first.release();
    late.release();
  }
}

/** The batch with a further column: the place of each row among all, from `from` on. */
export function withOrdinals(batch: Batch, from: number): Batch {
  const ordinals = new Float64Array(batch.rowCount);
  for (let row = 0; row < batch.rowCount; row++) ordinals[row] = from + row;
  return { rowCount: batch.rowCount, columns: [...batch.columns, { values: ordinals, nulls: undefined, mask: -1 }] };
}
