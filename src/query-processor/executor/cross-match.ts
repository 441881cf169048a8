/**
 * Cross match: right and full joins whose condition has no equality. Every pair is tried; what found no partner comes at the end. Inner rows that work
 * memory does not hold are read from a file for each outer row.
 */
import { type Batch, batchRows } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { BatchAssembler } from './batch-assembler.ts';
import { matchBatch, unmatchedInner } from './join-matching.ts';
import { allCandidates, crossShape } from './nested-loop.ts';
import type { Rows, Run } from './operator.ts';
import { typesOf } from './prepared.ts';
import { nullVector, RowBuffer, sliceRows } from './row-buffer.ts';
import { KeptBatches } from './spill/kept-batches.ts';

type CrossMatch = Extract<PhysicalPlan, { kind: 'crossMatch' }>;

export function* crossMatch(plan: CrossMatch, outer: Rows, inner: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const shape = crossShape(plan);
  const kept = new KeptBatches(typesOf(plan.inner.output), run);
  const buffer = new RowBuffer(plan.inner.output.length, run.memory);
  try {
    yield* kept.collect(inner);
    if (kept.hasSpilled) {
      yield* matchKept(plan, outer, kept, run);
      return;
    }
    kept.moveTo(buffer);
    const rows = buffer.seal();
    const innerMatched = new Uint8Array(rows.rowCount);
    for (const item of outer) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      yield* matchBatch(shape, item, rows, allCandidates(item.rowCount, rows.rowCount), innerMatched, run);
      if (run.shouldPause()) yield run.pause();
    }
    yield* unmatchedInner(shape, rows, innerMatched, run);
  } finally {
    kept.release();
    buffer.release();
  }
}

/** One outer row after the other, each against all of the inner rows, a batch of them at a time. */
function* matchKept(plan: CrossMatch, outer: Rows, kept: KeptBatches, run: Run): Generator<Batch | Wait, void, undefined> {
  const shape = crossShape(plan);
  // Whether an outer row has a partner is known after the last batch only.
  const pairs = { ...shape, join: 'right' } as const;
  const left = { ...shape, join: 'left' } as const;
  const all = allCandidates(1, batchRows);
  const none = allCandidates(1, 0);
  const nothing = { rowCount: 0, columns: plan.inner.output.map(() => nullVector) };
  const innerMatched = new Uint8Array(kept.rowCount);
  run.memory.charge(innerMatched.length);
  const assembler = new BatchAssembler(plan.output.length);
  try {
    for (const item of outer) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      for (let row = 0; row < item.rowCount; row++) {
        const single = sliceRows(item, row, row + 1);
        let isMatched = false;
        let from = 0;
        for (const batch of kept.rows()) {
          if (batch instanceof Promise) {
            yield batch;
            continue;
          }
          const candidates = batch.rowCount === batchRows ? all : { ...all, to: new Int32Array(1).fill(batch.rowCount) };
          for (const found of matchBatch(pairs, single, batch, candidates, innerMatched.subarray(from, from + batch.rowCount), run)) {
            if (found instanceof Promise) {
              yield found;
              continue;
            }
            isMatched = true;
            yield* assembler.add(found);
          }
          from += batch.rowCount;
        }
        if (isMatched || plan.join === 'right') continue;
        for (const found of matchBatch(left, single, nothing, none, undefined, run)) {
          if (found instanceof Promise) yield found;
          else yield* assembler.add(found);
        }
      }
    }
    yield* assembler.rest();
    let from = 0;
    for (const batch of kept.rows()) {
      if (batch instanceof Promise) {
        yield batch;
        continue;
      }
      yield* unmatchedInner(shape, batch, innerMatched.subarray(from, from + batch.rowCount), run);
      from += batch.rowCount;
    }
  } finally {
    run.memory.release(innerMatched.length);
  }
}
