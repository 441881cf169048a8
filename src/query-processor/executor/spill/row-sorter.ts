/**
 * Row sorter: takes rows in any order and gives them back sorted: in memory as long as work memory allows, else by sorted runs in a temporary file
 * (external merge sort). With a limit only the first so many rows come back, and little more than twice as many are ever held.
 *
 *   S1  Stable: rows with equal keys come in their order of arrival.
 */
import type { Batch, Vector } from '#sql/batch.ts';
import { batchRows, datumAt, gatherBatch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { Run, SortFigures } from '../operator.ts';
import { pick } from '../prepared.ts';
import { type FlatRows, gatherFlat, RowBuffer, sliceRows } from '../row-buffer.ts';
import { datumComparator, type KeyOrder, ordinalComparator, sortOrdinals } from '../row-order.ts';
import { SortedRuns } from './sorted-runs.ts';

export class RowSorter {
  readonly #orders: readonly KeyOrder[];
  readonly #comparators: readonly ReturnType<typeof datumComparator>[];
  /** Where the key columns begin. */
  readonly #keysAt: number;
  readonly #limit: number;
  readonly #run: Run;
  readonly #buffer: RowBuffer;
  readonly #runs: SortedRuns;
  /** Keys of the worst row that is still wanted, once there are enough. */
  #bound: readonly Vector[] | undefined;
  #peakBytes = 0;

  /** `types`: the oids of all columns, of which those from `keysAt` on are the keys. */
  constructor(types: readonly number[], keysAt: number, orders: readonly KeyOrder[], run: Run, limit = Number.POSITIVE_INFINITY) {
    this.#orders = orders;
    this.#comparators = orders.map(datumComparator);
    this.#keysAt = keysAt;
    this.#limit = limit;
    this.#run = run;
    this.#buffer = new RowBuffer(types.length, run.memory);
    this.#runs = new SortedRuns(
      types,
      orders.map((order, k) => ({ column: keysAt + k, order })),
      run,
    );
  }

  get heldBytes(): number {
    return this.#buffer.bytes;
  }

  get figures(): SortFigures {
    if (!this.#runs.isEmpty) return { method: 'external merge', space: 'Disk', bytes: this.#runs.writtenBytes };
    return { method: this.#bound === undefined ? 'quicksort' : 'top-N heapsort', space: 'Memory', bytes: this.#peakBytes };
  }

  *add(given: Batch): Generator<Wait, void, undefined> {
    const batch = this.#bound === undefined ? given : this.#better(given, this.#bound);
    if (batch === undefined) return;
    this.#buffer.add(batch);
    this.#peakBytes = Math.max(this.#peakBytes, this.#buffer.bytes);
    if (this.#buffer.rowCount >= this.#limit * 2 + batchRows) yield* this.#trim();
    if (this.#run.memory.mustSpill(this.#buffer.bytes, 'sort')) yield* this.#spill();
  }

  /** All rows in order: of their columns those at `positions`, or all. */
  *sorted(positions?: readonly number[]): Generator<Batch | Wait, void, undefined> {
    if (this.#runs.isEmpty) {
      const { rows, ids } = yield* this.#sortBuffer();
      const visible = pick(rows, positions);
      const count = Math.min(rows.rowCount, this.#limit);
      for (let from = 0; from < count; from += batchRows) {
        yield gatherFlat(visible, ids, from, Math.min(from + batchRows, count));
        if (this.#run.shouldPause()) yield this.#run.pause();
      }
      return;
    }
    if (this.#buffer.rowCount > 0) yield* this.#spill();
    let left = this.#limit;
    for (const item of this.#runs.merge()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const rows = pick(item, positions);
      yield rows.rowCount <= left ? rows : sliceRows(rows, 0, left);
      left -= rows.rowCount;
      if (left <= 0) return;
    }
  }

  *#sortBuffer(): Generator<Wait, { readonly rows: FlatRows; readonly ids: Int32Array }, undefined> {
    const rows = this.#buffer.seal();
    const ids = yield* sortOrdinals(rows.rowCount, ordinalComparator(this.#orders, rows.columns.slice(this.#keysAt)), this.#run);
    return { rows, ids };
  }

  /** Keeps the first rows alone. */
  *#trim(): Generator<Wait, void, undefined> {
    const limit = this.#limit;
    const { rows, ids } = yield* this.#sortBuffer();
    const first = gatherFlat(rows, ids, 0, limit);
    this.#buffer.release();
    for (let from = 0; from < limit; from += batchRows) this.#buffer.add(sliceRows(first, from, Math.min(from + batchRows, limit)));
    this.#bound = first.columns.slice(this.#keysAt).map((vector) => ({ values: [datumAt(vector, limit - 1)], nulls: undefined, mask: 0 }));
  }

  *#spill(): Generator<Wait, void, undefined> {
    const bytes = this.#buffer.bytes;
    const { rows, ids } = yield* this.#sortBuffer();
    const count = Math.min(rows.rowCount, this.#limit);
    const step = this.#runs.rowsOfBlock(rows.rowCount, bytes);
    this.#runs.beginRun();
    for (let from = 0; from < count; from += step) {
      this.#runs.write(gatherFlat(rows, ids, from, Math.min(from + step, count)));
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
    this.#runs.endRun();
    this.#buffer.release();
  }

  /** Rows that come before the bound; one that equals it came later and loses (S1). */
  #better(batch: Batch, bound: readonly Vector[]): Batch | undefined {
    const rows = new Int32Array(batch.rowCount);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      for (let k = 0; k < this.#comparators.length; k++) {
        const order = this.#comparators[k](datumAt(batch.columns[this.#keysAt + k], row), datumAt(bound[k], 0));
        if (order === 0) continue;
        if (order < 0) rows[count++] = row;
        break;
      }
    }
    if (count === 0) return undefined;
    return count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
  }

  release(): void {
    this.#buffer.release();
    this.#runs.release();
  }
}
