/** Cross match: right and full joins whose condition has no equality. Every pair is tried; what found no partner comes at the end. */
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { matchBatch, unmatchedInner } from './join-matching.ts';
import { allCandidates, crossShape } from './nested-loop.ts';
import type { Rows, Run } from './operator.ts';
import { collect, RowBuffer } from './row-buffer.ts';

type CrossMatch = Extract<PhysicalPlan, { kind: 'crossMatch' }>;

export function* crossMatch(plan: CrossMatch, outer: Rows, inner: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const shape = crossShape(plan);
  const buffer = new RowBuffer(plan.inner.output.length, run.memory);
  try {
    yield* collect(inner, buffer, run);
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
    buffer.release();
  }
}
