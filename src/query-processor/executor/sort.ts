/**
 * Sort: all rows by the keys; with `limit` only the first so many (top-N), for which no more than a few times that many are ever held.
 *
 * Rows that are sorted by the first keys already are sorted a few groups of equal ones at a time: the first come soon, and little is held.
 */
import { type Batch, batchRows, type Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { sliceRows } from './row-buffer.ts';
import { datumComparator, type KeyOrder, keysDiffer } from './row-order.ts';
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
    presorted: plan.keys.slice(0, plan.presorted).map((key) => datumComparator(keyOrder(key))),
    keys: plan.keys.map((key) => compileExpression(key.expression, input)),
    positions: positionsOf(idsOf(plan.output), input),
  };
});

/** `rowLimit`: as many rows as the consumer takes, which for LIMIT $1 is known only now. */
export function* sort(plan: Sort, input: Rows, rowLimit: number, run: Run): Generator<Batch | Wait, void, undefined> {
  const limit = Math.min(plan.limit ?? Number.POSITIVE_INFINITY, rowLimit);
  if (limit === 0) return;
  if (plan.presorted > 0) yield* sortGroups(plan, input, limit, run);
  else yield* sortAll(plan, input, limit, run);
}

function* sortAll(plan: Sort, input: Rows, limit: number, run: Run): Generator<Batch | Wait, void, undefined> {
  const { width, types, orders, keys, positions } = prepare(plan);
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

/** At least so many rows are sorted together; then twice as many, up to a batch. */
const firstStretch = 32;

function* sortGroups(plan: Sort, input: Rows, limit: number, run: Run): Generator<Batch | Wait, void, undefined> {
  const { width, types, orders, keys, positions, presorted } = prepare(plan);
  let left = limit;
  let target = firstStretch;
  let held = 0;
  let sorter = new RowSorter(types, width, orders, run, left);
  let last: { readonly keys: readonly Vector[]; readonly row: number } | undefined;
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const vectors = evaluateAll(keys, item, run);
      const batch: Batch = { rowCount: item.rowCount, columns: [...item.columns, ...vectors] };
      for (let from = 0; from < batch.rowCount; ) {
        // To the end of the group in which there are enough.
        let to = Math.min(batch.rowCount, from + Math.max(0, target - held));
        const isOfGroup = (): boolean =>
          to > 0
            ? !keysDiffer(presorted, vectors, to - 1, vectors, to)
            : last === undefined || !keysDiffer(presorted, last.keys, last.row, vectors, 0);
        while (to < batch.rowCount && isOfGroup()) to++;
        if (to > from) yield* sorter.add(from === 0 && to === batch.rowCount ? batch : sliceRows(batch, from, to));
        held += to - from;
        from = to;
        if (to === batch.rowCount) break;
        yield* sorter.sorted(positions);
        left -= held;
        if (left <= 0) return;
        run.report?.(plan, sorter.figures);
        sorter.release();
        sorter = new RowSorter(types, width, orders, run, left);
        held = 0;
        target = Math.min(target * 2, batchRows);
      }
      last = { keys: vectors, row: item.rowCount - 1 };
      if (run.shouldPause()) yield run.pause();
    }
    yield* sorter.sorted(positions);
  } finally {
    run.report?.(plan, sorter.figures);
    sorter.release();
  }
}
