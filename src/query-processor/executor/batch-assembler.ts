/**
 * Batch assembler: makes few large batches of many small ones (index look-ups, inner plans run once a row, sparse filters).
 */
import { type Batch, batchRows, toDatums, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';

export class BatchAssembler {
  #columns: Datum[][];
  #rowCount = 0;

  constructor(columnCount: number) {
    this.#columns = Array.from({ length: columnCount }, () => []);
  }

  get isEmpty(): boolean {
    return this.#rowCount === 0;
  }

  /** Adds a batch; returns what is to be handed on now: nothing, or one batch. Order is kept. */
  *add(batch: Batch): Generator<Batch, void, undefined> {
    if (this.#rowCount === 0 && batch.rowCount >= batchRows >> 1) {
      yield batch;
      return;
    }
    if (this.#rowCount + batch.rowCount > batchRows) yield this.take();
    if (batch.rowCount >= batchRows >> 1) {
      if (this.#rowCount > 0) yield this.take();
      yield batch;
      return;
    }
    for (let c = 0; c < this.#columns.length; c++) {
      const column = this.#columns[c];
      const vector = batch.columns[c];
      if (vector.mask === 0) {
        const value = vector.nulls !== undefined && vector.nulls[0] === 1 ? null : vector.values[0];
        for (let row = 0; row < batch.rowCount; row++) column.push(value);
        continue;
      }
      const values = toDatums(vector, batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) column.push(values[row]);
    }
    this.#rowCount += batch.rowCount;
  }

  take(): Batch {
    const batch: Batch = { rowCount: this.#rowCount, columns: this.#columns.map(vectorOf) };
    this.#columns = this.#columns.map(() => []);
    this.#rowCount = 0;
    return batch;
  }

  *rest(): Generator<Batch, void, undefined> {
    if (this.#rowCount > 0) yield this.take();
  }
}
