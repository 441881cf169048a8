/** Filter: keeps the rows for which the condition is true. */
import { type Batch, gatherBatch } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';

type Filter = Extract<PhysicalPlan, { kind: 'filter' }>;

const prepare = prepared((plan: Filter) => {
  const input = idsOf(plan.input.output);
  return { predicate: compilePredicate(plan.condition, input), positions: picker(idsOf(plan.output), input) };
});

export function* filter(plan: Filter, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { predicate, positions } = prepare(plan);
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
