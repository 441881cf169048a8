/**
 * Nested loop: for each outer row the inner plan's rows. With bindings the inner plan is run anew for every outer row, which it reads
 * through outerValues (lateral); without, it is run once and kept: rows that work memory does not hold are read from a file for each outer row.
 */
import { type Batch, constantVector, datumAt, gather, type Vector } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { BatchAssembler } from './batch-assembler.ts';
import { type Candidates, joinShape, matchBatch } from './join-matching.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { nullVector, RowBuffer } from './row-buffer.ts';
import { KeptBatches } from './spill/kept-batches.ts';

type NestedLoop = Extract<PhysicalPlan, { kind: 'nestedLoop' }>;
type CrossMatch = Extract<PhysicalPlan, { kind: 'crossMatch' }>;

export const crossShape = prepared((plan: NestedLoop | CrossMatch) => joinShape(plan, idsOf(plan.outer.output), idsOf(plan.inner.output)));

/** Every inner row is a candidate of every outer row. */
export function allCandidates(outerRows: number, innerRows: number): Candidates {
  const ids = new Int32Array(innerRows);
  for (let i = 0; i < innerRows; i++) ids[i] = i;
  return { from: new Int32Array(outerRows), to: new Int32Array(outerRows).fill(innerRows), ids };
}

const prepareBound = prepared((plan: NestedLoop) => {
  const outer = idsOf(plan.outer.output);
  const inner = idsOf(plan.inner.output);
  const available = [...outer, ...inner];
  return {
    outerWidth: outer.length,
    bindings: positionsOf(plan.bindings, outer),
    output: positionsOf(idsOf(plan.output), available),
    predicate: plan.condition === undefined ? undefined : compilePredicate(plan.condition, available),
  };
});

/** `runInner` starts the inner plan. */
export function* nestedLoop(plan: NestedLoop, outer: Rows, runInner: () => Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  if (plan.bindings.length === 0) yield* keptLoop(plan, outer, runInner, run);
  else yield* boundLoop(plan, outer, runInner, run);
}

function* keptLoop(plan: NestedLoop, outer: Rows, runInner: () => Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const shape = crossShape(plan);
  const kept = new KeptBatches(typesOf(plan.inner.output), run);
  const buffer = new RowBuffer(plan.inner.output.length, run.memory);
  try {
    let isCollected = false;
    for (const item of outer) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      if (!isCollected) {
        yield* kept.collect(runInner());
        if (!kept.hasSpilled) kept.moveTo(buffer);
      }
      isCollected = true;
      if (kept.hasSpilled) {
        yield* boundLoop(plan, [item], () => kept.rows(), run);
        continue;
      }
      const rows = buffer.seal();
      if (rows.rowCount === 0 && (plan.join === 'inner' || plan.join === 'semi')) return;
      yield* matchBatch(shape, item, rows, allCandidates(item.rowCount, rows.rowCount), undefined, run);
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    kept.release();
    buffer.release();
  }
}

function* boundLoop(plan: NestedLoop, outer: Rows, runInner: () => Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { outerWidth, bindings, output, predicate } = prepareBound(plan);
  const { outerValues } = run.context;
  const assembler = new BatchAssembler(output.length);
  const project = (columns: readonly Vector[], rowCount: number): Batch => ({
    rowCount,
    columns: output.map((position) => columns[position]),
  });
  const innerNulls: Vector[] = new Array(plan.inner.output.length).fill(nullVector);
  for (const item of outer) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    for (let row = 0; row < item.rowCount; row++) {
      for (let b = 0; b < bindings.length; b++) outerValues.set(plan.bindings[b], datumAt(item.columns[bindings[b]], row));
      const outerColumns = item.columns.map((vector) => constantVector(datumAt(vector, row)));
      let isMatched = false;
      for (const found of runInner()) {
        if (found instanceof Promise) {
          yield found;
          continue;
        }
        const joined: Batch = { rowCount: found.rowCount, columns: [...outerColumns, ...found.columns] };
        let kept = joined;
        if (predicate !== undefined) {
          const { rows, count } = predicate(joined, run.context);
          run.removed?.(plan, joined.rowCount - count);
          if (count === 0) continue;
          if (count < joined.rowCount) kept = { rowCount: count, columns: joined.columns.map((vector) => gather(vector, rows, count)) };
        }
        isMatched = true;
        // Leaving the loop ends the inner plan.
        if (plan.join === 'semi' || plan.join === 'anti') break;
        yield* assembler.add(project(kept.columns, kept.rowCount));
      }
      const isKept = plan.join === 'semi' ? isMatched : plan.join === 'inner' ? false : !isMatched;
      if (isKept) yield* assembler.add(project([...outerColumns.slice(0, outerWidth), ...innerNulls], 1));
      if (run.shouldPause()) yield run.pause();
    }
  }
  yield* assembler.rest();
}
