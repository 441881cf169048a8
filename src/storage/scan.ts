/**
 * Scan: rows of key ranges as of a snapshot, as column batches, filtered and projected beside the data.
 *
 * Works in slices of at most `batchRows` keys. A slice is synchronous and opens its own cursor behind the last key met, because no store
 * cursor outlives a pause; between slices the consumer has its turn, and every few milliseconds everybody else.
 *
 *   ranges     taken in the order given, or from the last to the first when descending; each in key order or its reverse
 *   columns    decoded straight from the stored value (column-decoder.ts), or kept from an earlier scan (block-scan.ts)
 */
import { assert } from '#base/assert.ts';
import type { Timestamp, World } from '#base/world.ts';
import { type Batch, batchRows, gatherBatch } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { blockScan } from './block-scan.ts';
import { ColumnDecoder } from './column-decoder.ts';
import type { Observed, ScanRequest, Wait } from './storage.ts';
import type { Versions } from './versions.ts';

/** A scan that has worked for so long lets others run. */
const sliceMs = 4;
/** Where a filter may leave out rows and few are wanted, the first slices are short. */
const firstFilteredSlice = 64;

export function* scan(
  versions: Versions,
  appliedTimestamp: () => Timestamp,
  world: World,
  request: ScanRequest,
  context: EvaluationContext,
  observed: Observed,
): Generator<Batch | Wait, void, undefined> {
  const { snapshot, descending, overlay, filter } = request;
  assert(snapshot <= appliedTimestamp(), 'S3: a read waits until every commit at or below its snapshot has been applied');
  versions.checkHorizon(snapshot);
  const inBlocks = blockScan(versions, request, observed);
  const decoder = inBlocks?.decoder ?? new ColumnDecoder(request);
  const predicate = filter === undefined ? undefined : predicateOf(filter, request.columns.length);
  let remaining = request.limit ?? Number.POSITIVE_INFINITY;
  if (remaining <= 0) return;
  let sliceRows =
    predicate !== undefined && remaining < batchRows ? Math.min(batchRows, Math.max(remaining, firstFilteredSlice)) : batchRows;
  /** Unknown during the first slice: short scans, the most of all, never look at the clock. */
  let lastWait: number | undefined;

  for (let i = 0; i < request.ranges.length; i++) {
    const range = request.ranges[descending ? request.ranges.length - 1 - i : i];
    let { start, end } = range;
    while (start < end) {
      versions.checkHorizon(snapshot);
      let batch: Batch | undefined;
      if (inBlocks !== undefined) {
        start = inBlocks.step(range.start, start, end);
        batch = inBlocks.batch;
      } else {
        const wanted = predicate === undefined ? Math.min(sliceRows, remaining) : sliceRows;
        const cursor = versions.cursor(start, end, descending, snapshot, overlay, observed);
        let isPaused: boolean;
        try {
          const bytes = decoder.fill(cursor, wanted);
          if (observed.bytes !== undefined) observed.bytes += bytes;
          isPaused = cursor.isPaused;
        } finally {
          cursor.close();
        }
        if (isPaused) {
          if (descending) end = cursor.lastKey;
          else start = `${cursor.lastKey}\0`;
        } else start = end;
        batch = decoder.take();
      }

      if (batch !== undefined && predicate !== undefined) {
        const { rows, count } = predicate(batch, context);
        if (observed.removed !== undefined) observed.removed += batch.rowCount - count;
        const kept = Math.min(count, remaining);
        batch = kept === 0 ? undefined : kept === batch.rowCount ? batch : gatherBatch(batch, rows, kept);
      }
      if (batch !== undefined) {
        remaining -= batch.rowCount;
        yield batch;
        if (remaining <= 0) return;
      }
      sliceRows = Math.min(batchRows, sliceRows * 4);
      if (start >= end) break;
      const now = world.clock.monotonicMs();
      if (lastWait === undefined) lastWait = now;
      else if (now - lastWait >= sliceMs) {
        yield world.timers.yield();
        lastWait = world.clock.monotonicMs();
      }
    }
  }
}

type Predicate = ReturnType<typeof compilePredicate>;

/** Plans are kept and run many times, with the same filter: compiled once. */
const predicates = new WeakMap<Expression, Predicate>();

function predicateOf(filter: Expression, width: number): Predicate {
  let predicate = predicates.get(filter);
  if (predicate === undefined) {
    predicate = compilePredicate(
      filter,
      Array.from({ length: width }, (_, column) => column),
    );
    predicates.set(filter, predicate);
  }
  return predicate;
}
