/**
 * Window: for each row of its input the answers of window functions over the row's partition. All rows come out, sorted by partition and
 * order keys (input that is so already stays as it is).
 */
import { type Batch, batchRows, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression, SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { type FlatRows, gatherWithNulls, RowBuffer, sliceVector } from './row-buffer.ts';
import { type KeyOrder, ordinalComparator, sortOrdinals } from './row-order.ts';
import { keyOrder } from './sort.ts';
import { evaluateWindowCall, prepareWindowCall } from './window-call.ts';
import { Partition, prepareFrame } from './window-frame.ts';

type Window = Extract<PhysicalPlan, { kind: 'window' }>;

const prepare = prepared((plan: Window) => {
  const { specification } = plan;
  const input = idsOf(plan.input.output);
  const partitionKeys = specification.partitionBy.map((expression): SortKey => ({ expression, descending: false, nullsFirst: false }));
  const orderKeys = specification.orderBy;
  // Everything that is read of a row is computed when it comes and kept beside its own columns.
  const expressions: Expression[] = [...partitionKeys, ...orderKeys].map((key) => key.expression);
  const calls = plan.calls.map(({ call }) => {
    const argsAt = input.length + expressions.length;
    expressions.push(...call.args);
    const filterAt = call.filter === undefined ? undefined : input.length + expressions.length;
    if (call.filter !== undefined) expressions.push(call.filter);
    return prepareWindowCall(call, argsAt, filterAt);
  });
  return {
    width: input.length,
    partitionOrders: partitionKeys.map(keyOrder),
    orders: orderKeys.map(keyOrder),
    computed: expressions.map((expression) => compileExpression(expression, input)),
    calls,
    frame: prepareFrame(specification),
    output: positionsOf(idsOf(plan.output), [...input, ...plan.calls.map((item) => item.id)]),
  };
});

export function* window(plan: Window, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { width, partitionOrders, orders, computed, calls, frame, output } = prepare(plan);
  const buffer = new RowBuffer(width + computed.length, run.memory);
  try {
    for (const item of input) {
      if (item instanceof Promise) yield item;
      else buffer.add({ rowCount: item.rowCount, columns: [...item.columns, ...evaluateAll(computed, item, run)] });
      if (run.shouldPause()) yield run.pause();
    }
    const rows = yield* sortRows(buffer.seal(), width, [...partitionOrders, ...orders], run);
    const { rowCount, columns } = rows;
    buffer.charge(calls.length * rowCount * 16);

    const partitionVectors = columns.slice(width, width + partitionOrders.length);
    const orderVectors = columns.slice(width + partitionOrders.length, width + partitionOrders.length + orders.length);
    const samePartition = ordinalComparator(partitionOrders, partitionVectors);
    const samePeers = ordinalComparator(orders, orderVectors);
    const frames = frame.start(run);
    const answers: Datum[][] = calls.map(() => new Array(rowCount));

    for (let start = 0; start < rowCount; ) {
      let end = start + 1;
      while (end < rowCount && samePartition(start, end) === 0) end++;
      const partition = new Partition(start, end, samePeers, orderVectors[0], frames);
      for (let c = 0; c < calls.length; c++) yield* evaluateWindowCall(calls[c], partition, columns, answers[c], run);
      start = end;
      if (run.shouldPause()) yield run.pause();
    }

    for (let from = 0; from < rowCount; from += batchRows) {
      const to = Math.min(from + batchRows, rowCount);
      yield {
        rowCount: to - from,
        columns: output.map(
          (position): Vector =>
            position < width ? sliceVector(columns[position], from, to) : vectorOf(answers[position - width].slice(from, to)),
        ),
      };
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    buffer.release();
  }
}

function* sortRows(rows: FlatRows, keysAt: number, orders: readonly KeyOrder[], run: Run): Generator<Wait, FlatRows, undefined> {
  const compare = ordinalComparator(orders, rows.columns.slice(keysAt, keysAt + orders.length));
  const ids = yield* sortOrdinals(rows.rowCount, compare, run);
  let isInOrder = true;
  for (let i = 0; i < ids.length && isInOrder; i++) isInOrder = ids[i] === i;
  if (isInOrder) return rows;
  return { rowCount: rows.rowCount, columns: rows.columns.map((vector) => gatherWithNulls(vector, ids, 0, rows.rowCount)) };
}
