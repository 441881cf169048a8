/**
 * Window: for each row of its input the answers of window functions over the row's partition. All rows come out, sorted by partition and
 * order keys (input that is so already stays as it is).
 *
 * Rows are sorted, in files where they are too many, and then worked on by whole partitions (window-stretch.ts).
 */
import type { Batch } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression, SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { sliceRows } from './row-buffer.ts';
import { datumComparator, keysDiffer } from './row-order.ts';
import { keyOrder } from './sort.ts';
import { RowSorter } from './spill/row-sorter.ts';
import { prepareWindowCall } from './window-call.ts';
import { prepareFrame } from './window-frame.ts';
import { WindowStretch } from './window-stretch.ts';

type Window = Extract<PhysicalPlan, { kind: 'window' }>;

const prepare = prepared((plan: Window) => {
  const { specification } = plan;
  const input = idsOf(plan.input.output);
  const partitionKeys = specification.partitionBy.map((expression): SortKey => ({ expression, descending: false, nullsFirst: false }));
  const orderKeys = specification.orderBy;
  // Everything that is read of a row is computed when it comes and kept beside its own columns: sort keys, arguments, filters.
  const expressions: Expression[] = [...partitionKeys, ...orderKeys].map((key) => key.expression);
  const calls = plan.calls.map(({ call }) => {
    const argsAt = expressions.length;
    expressions.push(...call.args);
    const filterAt = call.filter === undefined ? undefined : expressions.length;
    if (call.filter !== undefined) expressions.push(call.filter);
    return prepareWindowCall(call, argsAt, filterAt);
  });
  const partitionOrders = partitionKeys.map(keyOrder);
  return {
    width: input.length,
    types: [...typesOf(plan.input.output), ...expressions.map((expression) => expression.type.oid)],
    partitionOrders,
    partitionComparators: partitionOrders.map(datumComparator),
    orders: orderKeys.map(keyOrder),
    computed: expressions.map((expression) => compileExpression(expression, input)),
    calls,
    frame: prepareFrame(specification),
    output: positionsOf(idsOf(plan.output), [...input, ...plan.calls.map((item) => item.id)]),
  };
});

/** Whole partitions are worked on together up to about this size: many small ones cost no more than a large one. */
const stretchBytes = 8 * 1024 * 1024;

export function* window(plan: Window, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const work = prepare(plan);
  const { width, types, partitionOrders, partitionComparators, orders, computed, frame } = work;
  const sorter = new RowSorter(types, width, [...partitionOrders, ...orders], run);
  let stretch: WindowStretch | undefined;
  try {
    for (const item of input) {
      if (item instanceof Promise) yield item;
      else yield* sorter.add({ rowCount: item.rowCount, columns: [...item.columns, ...evaluateAll(computed, item, run)] });
      if (run.shouldPause()) yield run.pause();
    }
    const frames = frame.start(run);
    const target = Math.min(stretchBytes, run.memory.workBytes / 2);
    let last: Batch | undefined;
    for (const item of sorter.sorted()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      let batch = item;
      if (stretch !== undefined && last !== undefined && stretch.bytes >= target) {
        const end = endOfPartition(partitionComparators, width, last, batch);
        if (end > 0) stretch.add(sliceRows(batch, 0, end));
        if (end < batch.rowCount) {
          yield* stretch.answers();
          stretch = undefined;
          batch = sliceRows(batch, end, batch.rowCount);
        }
        last = item;
        if (end === item.rowCount) continue;
      }
      stretch ??= new WindowStretch(work, frames, run);
      stretch.add(batch);
      last = item;
    }
    if (stretch !== undefined) yield* stretch.answers();
  } finally {
    stretch?.release();
    sorter.release();
  }
}

/** How many rows of `next` belong to the partition of the last row of `before`. */
function endOfPartition(comparators: readonly ReturnType<typeof datumComparator>[], keysAt: number, before: Batch, next: Batch): number {
  const beforeKeys = before.columns.slice(keysAt, keysAt + comparators.length);
  const nextKeys = next.columns.slice(keysAt, keysAt + comparators.length);
  for (let row = 0; row < next.rowCount; row++) if (keysDiffer(comparators, beforeKeys, before.rowCount - 1, nextKeys, row)) return row;
  return next.rowCount;
}
