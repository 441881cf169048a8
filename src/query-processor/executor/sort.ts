/**
 * Sort: all rows by the keys; with `limit` only the first so many (top-N), for which no more than a few times that many are ever held.
 */
import type { Batch, Vector } from '#sql/batch.ts';
import { batchRows, datumAt, gatherBatch } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { gatherFlat, RowBuffer, sliceRows } from './row-buffer.ts';
import { datumComparator, type KeyOrder, ordinalComparator, sortOrdinals } from './row-order.ts';

type Sort = Extract<PhysicalPlan, { kind: 'sort' }>;

export const keyOrder = (key: SortKey): KeyOrder => ({
  typeOid: key.expression.type.oid,
  descending: key.descending,
  nullsFirst: key.nullsFirst,
});

const prepare = prepared((plan: Sort) => {
  const input = idsOf(plan.input.output);
  const orders = plan.keys.map(keyOrder);
  return {
    width: input.length,
    orders,
    comparators: orders.map(datumComparator),
    keys: plan.keys.map((key) => compileExpression(key.expression, input)),
    positions: picker(idsOf(plan.output), input),
  };
});

export function* sort(plan: Sort, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { width, orders, comparators, keys, positions } = prepare(plan);
  const limit = plan.limit ?? Number.POSITIVE_INFINITY;
  if (limit === 0) return;
  // Keys are kept behind the row's own columns: they are computed once.
  const buffer = new RowBuffer(width + keys.length, run.memory);
  const trimAt = limit * 2 + batchRows;
  /** Keys of the worst row that is still wanted, once there are enough. */
  let bound: readonly Vector[] | undefined;

  function* sorted(): Generator<Wait, { rows: ReturnType<RowBuffer['seal']>; ids: Int32Array }, undefined> {
    const rows = buffer.seal();
    const ids = yield* sortOrdinals(rows.rowCount, ordinalComparator(orders, rows.columns.slice(width)), run);
    return { rows, ids };
  }

  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      let batch: Batch = { rowCount: item.rowCount, columns: [...item.columns, ...evaluateAll(keys, item, run)] };
      if (bound !== undefined) {
        const kept = better(batch, width, bound, comparators);
        if (kept === undefined) continue;
        batch = kept;
      }
      buffer.add(batch);
      if (buffer.rowCount >= trimAt) {
        const { rows, ids } = yield* sorted();
        const first = gatherFlat(rows, ids, 0, limit);
        buffer.release();
        for (let from = 0; from < limit; from += batchRows) buffer.add(sliceRows(first, from, Math.min(from + batchRows, limit)));
        bound = first.columns.slice(width).map((vector) => ({ values: [datumAt(vector, limit - 1)], nulls: undefined, mask: 0 }));
      }
      if (run.shouldPause()) yield run.pause();
    }
    const { rows, ids } = yield* sorted();
    const visible = pick({ rowCount: rows.rowCount, columns: rows.columns.slice(0, width) }, positions);
    const count = Math.min(rows.rowCount, limit);
    for (let from = 0; from < count; from += batchRows) {
      yield gatherFlat(visible, ids, from, Math.min(from + batchRows, count));
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    buffer.release();
  }
}

/** Rows that come before the bound; one that equals it came later and loses (stability). */
function better(
  batch: Batch,
  width: number,
  bound: readonly Vector[],
  comparators: ReturnType<typeof datumComparator>[],
): Batch | undefined {
  const rows = new Int32Array(batch.rowCount);
  let count = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    for (let k = 0; k < comparators.length; k++) {
      const order = comparators[k](datumAt(batch.columns[width + k], row), datumAt(bound[k], 0));
      if (order === 0) continue;
      if (order < 0) rows[count++] = row;
      break;
    }
  }
  if (count === 0) return undefined;
  return count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
}
