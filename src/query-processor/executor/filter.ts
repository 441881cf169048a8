/** Filter: keeps the rows for which the condition is true. One that is the same for all rows is asked first: where it is not true nothing is read. */
import { type Batch, gatherBatch } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { columnsOf, isVolatile } from './column-references.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';

type Filter = Extract<PhysicalPlan, { kind: 'filter' }>;

const prepare = prepared((plan: Filter) => {
  const input = idsOf(plan.input.output);
  return {
    predicate: compilePredicate(plan.condition, input),
    isOneTime: columnsOf(plan.condition).size === 0 && !isVolatile(plan.condition),
    positions: picker(idsOf(plan.output), input),
  };
});

const oneRowBatch: Batch = { rowCount: 1, columns: [] };

export function* filter(plan: Filter, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { predicate, isOneTime, positions } = prepare(plan);
  if (isOneTime && predicate(oneRowBatch, run.context).count === 0) return;
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const { rows, count } = predicate(item, run.context);
    run.removed?.(plan, item.rowCount - count);
    if (count > 0) {
      const kept = pick(item, positions);
      yield count === item.rowCount ? kept : gatherBatch(kept, rows, count);
    }
    if (run.shouldPause()) yield run.pause();
  }
}
