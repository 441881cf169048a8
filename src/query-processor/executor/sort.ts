/**
 * Sort: all rows by the keys; with `limit` only the first so many (top-N), for which no more than a few times that many are ever held.
 */
import type { Batch } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import type { KeyOrder } from './row-order.ts';
import { RowSorter } from './spill/row-sorter.ts';

type Sort = Extract<PhysicalPlan, { kind: 'sort' }>;

export const keyOrder = (key: SortKey): KeyOrder => ({
  typeOid: key.expression.type.oid,
  descending: key.descending,
  nullsFirst: key.nullsFirst,
});

const prepare = prepared((plan: Sort) => {
  const input = idsOf(plan.input.output);
  return {
    width: input.length,
    types: [...typesOf(plan.input.output), ...plan.keys.map((key) => key.expression.type.oid)],
    orders: plan.keys.map(keyOrder),
    keys: plan.keys.map((key) => compileExpression(key.expression, input)),
    positions: positionsOf(idsOf(plan.output), input),
  };
});

/** `rowLimit`: as many rows as the consumer takes, which for LIMIT $1 is known only now. */
export function* sort(plan: Sort, input: Rows, rowLimit: number, run: Run): Generator<Batch | Wait, void, undefined> {
  const { width, types, orders, keys, positions } = prepare(plan);
  const limit = Math.min(plan.limit ?? Number.POSITIVE_INFINITY, rowLimit);
  if (limit === 0) return;
  const sorter = new RowSorter(types, width, orders, run, limit);
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      // Keys are kept behind the row's own columns: they are computed once.
      yield* sorter.add({ rowCount: item.rowCount, columns: [...item.columns, ...evaluateAll(keys, item, run)] });
      if (run.shouldPause()) yield run.pause();
    }
    yield* sorter.sorted(positions);
  } finally {
    run.report?.(plan, sorter.figures);
    sorter.release();
  }
}
