/**
 * Row reader: any row of kept batches by its number, in any order. Rows that are asked for are mostly near those asked for last: a few decoded batches are
 * kept.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { KeptBatches } from './kept-batches.ts';

/** Frames have two edges, and a bisection some places between them. */
const decodedBatches = 8;

export class KeptRowReader {
  readonly #kept: KeptBatches;
  /** The number of each batch's first row. */
  readonly #starts: readonly number[];
  readonly #decoded = new Map<number, Batch>();
  #batch: Batch = { rowCount: 0, columns: [] };
  #from = 0;

  /** No more rows come to `kept`. */
  constructor(kept: KeptBatches) {
    this.#kept = kept;
    this.#starts = kept.firstRows();
  }

  at(column: number, row: number): Datum {
    if (row < this.#from || row >= this.#from + this.#batch.rowCount) this.#turnTo(row);
    return datumAt(this.#batch.columns[column], row - this.#from);
  }

  #turnTo(row: number): void {
    if (row < 0 || row >= this.#kept.rowCount) throw new InvariantError('a row that is kept');
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] <= row) low = middle;
      else high = middle;
    }
    const batch = this.#decoded.get(low) ?? this.#kept.at(low);
    this.#decoded.delete(low);
    this.#decoded.set(low, batch);
    if (this.#decoded.size > decodedBatches)
      for (const oldest of this.#decoded.keys()) {
        this.#decoded.delete(oldest);
        break;
      }
    this.#batch = batch;
    this.#from = this.#starts[low];
  }
}
