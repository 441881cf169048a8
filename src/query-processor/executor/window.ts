/**
 * Window: for each row of its input the answers of window functions over the row's partition. All rows come out, sorted by partition and
 * order keys (input that is so already stays as it is).
 *
 * Rows are sorted, in files where they are too many, and then worked on by whole partitions. Of a partition beyond work memory only the columns that the
 * functions read are in memory; the others wait in a file.
 */
import { type Batch, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression, SortKey } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { RowBuffer, sliceRows } from './row-buffer.ts';
import { datumComparator, keysDiffer, ordinalComparator } from './row-order.ts';
import { keyOrder } from './sort.ts';
import { KeptBatches } from './spill/kept-batches.ts';
import { RowSorter } from './spill/row-sorter.ts';
import { evaluateWindowCall, prepareWindowCall } from './window-call.ts';
import { type Frames, Partition, prepareFrame } from './window-frame.ts';

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
  const { width, types, partitionOrders, partitionComparators, orders, computed, frame } = prepare(plan);
  const sorter = new RowSorter(types, width, [...partitionOrders, ...orders], run);
  let stretch: Stretch | undefined;
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
      stretch ??= new Stretch(plan, frames, run);
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

/** One or more whole partitions, in their order. */
class Stretch {
  readonly #plan: Window;
  readonly #frames: Frames;
  readonly #run: Run;
  readonly #rows: KeptBatches;
  readonly #computed: RowBuffer;

  constructor(plan: Window, frames: Frames, run: Run) {
    const { width, types } = prepare(plan);
    this.#plan = plan;
    this.#frames = frames;
    this.#run = run;
    this.#rows = new KeptBatches(types.slice(0, width), run);
    this.#computed = new RowBuffer(types.length - width, run.memory);
  }

  get bytes(): number {
    return this.#rows.bytes + this.#computed.bytes;
  }

  add(batch: Batch): void {
    const { width } = prepare(this.#plan);
    this.#rows.add({ rowCount: batch.rowCount, columns: batch.columns.slice(0, width) });
    this.#computed.add({ rowCount: batch.rowCount, columns: batch.columns.slice(width) });
  }

  /** The rows with the functions' answers; lets go of all that is held. */
  *answers(): Generator<Batch | Wait, void, undefined> {
    const { width, partitionOrders, orders, calls, output } = prepare(this.#plan);
    const run = this.#run;
    const { rowCount, columns } = this.#computed.seal();
    this.#computed.charge(calls.length * rowCount * 16);
    const orderVectors = columns.slice(partitionOrders.length, partitionOrders.length + orders.length);
    const samePartition = ordinalComparator(partitionOrders, columns.slice(0, partitionOrders.length));
    const samePeers = ordinalComparator(orders, orderVectors);
    const answers: Datum[][] = calls.map(() => new Array(rowCount));
    for (let start = 0; start < rowCount; ) {
      let end = start + 1;
      while (end < rowCount && samePartition(start, end) === 0) end++;
      const partition = new Partition(start, end, samePeers, orderVectors[0], this.#frames);
      for (let c = 0; c < calls.length; c++) yield* evaluateWindowCall(calls[c], partition, columns, answers[c], run);
      start = end;
      if (run.shouldPause()) yield run.pause();
    }
    let from = 0;
    for (const item of this.#rows.rows()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const to = from + item.rowCount;
      yield {
        rowCount: item.rowCount,
        columns: output.map(
          (position): Vector => (position < width ? item.columns[position] : vectorOf(answers[position - width].slice(from, to))),
        ),
      };
      from = to;
    }
    this.release();
  }

  release(): void {
    this.#rows.release();
    this.#computed.release();
  }
}
