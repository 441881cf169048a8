/** Distinct: the first row of each group of equal rows (or of rows equal in the ON expressions), in input order. */
import { type Batch, gatherBatch, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { datumComparator, keysDiffer } from './row-order.ts';

type Distinct = Extract<PhysicalPlan, { kind: 'distinct' }>;

const prepare = prepared((plan: Distinct) => {
  const input = idsOf(plan.input.output);
  const types = plan.on === undefined ? plan.input.output.map((column) => column.type.oid) : plan.on.map((key) => key.type.oid);
  return {
    types,
    keys: plan.on?.map((key) => compileExpression(key, input)),
    // Only whether keys are equal is asked here, so any direction serves.
    comparators: plan.isSorted ? types.map((typeOid) => datumComparator({ typeOid, descending: false, nullsFirst: false })) : [],
    positions: picker(idsOf(plan.output), input),
  };
});

export function* distinct(plan: Distinct, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { types, keys, comparators, positions } = prepare(plan);
  const numbering = new KeyNumbering(plan.isSorted ? [] : types);
  let numbers = new Int32Array(0);
  let charged = 0;
  let previous: { readonly keys: readonly Vector[]; readonly row: number } | undefined;
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const vectors = keys === undefined ? item.columns : evaluateAll(keys, item, run);
      const rows = new Int32Array(item.rowCount);
      let count = 0;
      if (plan.isSorted) {
        for (let row = 0; row < item.rowCount; row++) {
          if (previous === undefined || keysDiffer(comparators, previous.keys, previous.row, vectors, row)) rows[count++] = row;
          previous = { keys: vectors, row };
        }
      } else {
        if (numbers.length < item.rowCount) numbers = new Int32Array(item.rowCount);
        let next = numbering.size;
        numbering.number(vectors, item.rowCount, numbers);
        for (let row = 0; row < item.rowCount; row++) {
          if (numbers[row] !== next) continue;
          rows[count++] = row;
          next++;
        }
        const bytes = numbering.bytes;
        if (bytes > charged) run.memory.charge(bytes - charged);
        charged = Math.max(bytes, charged);
      }
      if (count > 0) yield pick(count === item.rowCount ? item : gatherBatch(item, rows, count), positions);
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    run.memory.release(charged);
  }
}
