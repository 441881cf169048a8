/**
 * Kept batches: what an operator must be able to read again and again, front to back (a common table, the inner side of a nested loop), in memory as long as
 * work memory allows and behind that in a temporary file.
 *
 *   K1  Batches keep their order and number; any number of readers may be anywhere in them while more come.
 */
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { Rows, Run } from '../operator.ts';
import { batchBytes, type RowBuffer } from '../row-buffer.ts';
import { type Block, SpillFile } from './spill-file.ts';

export class KeptBatches {
  readonly #types: readonly number[];
  readonly #run: Run;
  #inMemory: Batch[] = [];
  /** Those behind the ones in memory. */
  #blocks: Block[] = [];
  #file: SpillFile | undefined;
  #charged = 0;
  rowCount = 0;

  /** `types`: the columns' oids. */
  constructor(types: readonly number[], run: Run) {
    this.#types = types;
    this.#run = run;
  }

  get batchCount(): number {
    return this.#inMemory.length + this.#blocks.length;
  }

  /** In memory. */
  get bytes(): number {
    return this.#charged;
  }

  get hasSpilled(): boolean {
    return this.#file !== undefined;
  }

  add(batch: Batch): void {
    this.rowCount += batch.rowCount;
    if (this.#file === undefined) {
      const bytes = batchBytes(batch);
      if (!this.#run.memory.mustSpill(this.#charged + bytes, 'sort')) {
        this.#run.memory.charge(bytes);
        this.#charged += bytes;
        this.#inMemory.push(batch);
        return;
      }
      this.#file = new SpillFile(this.#types, this.#run);
    }
    this.#blocks.push(this.#file.append([batch]));
  }

  /** Reads `rows` to their end. */
  *collect(rows: Rows): Generator<Wait, void, undefined> {
    for (const item of rows) {
      if (item instanceof Promise) yield item;
      else this.add(item);
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  /** Everything to one who needs all rows in memory at once. Only while nothing has spilled. */
  moveTo(buffer: RowBuffer): void {
    const batches = this.#inMemory;
    this.release();
    for (const batch of batches) buffer.add(batch);
  }

  at(position: number): Batch {
    if (position < this.#inMemory.length) return this.#inMemory[position];
    const [batch] = this.#file?.read(this.#blocks[position - this.#inMemory.length]) ?? [];
    return batch;
  }

  /** By batch: how many rows are before it. */
  firstRows(): readonly number[] {
    const counts = [...this.#inMemory, ...this.#blocks].map(({ rowCount }) => rowCount);
    let before = 0;
    return counts.map((count) => {
      before += count;
      return before - count;
    });
  }

  /** All that is there, with pauses. */
  *rows(): Generator<Batch | Wait, void, undefined> {
    for (let at = 0; at < this.batchCount; at++) {
      yield this.at(at);
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#inMemory = [];
    this.#blocks = [];
    this.rowCount = 0;
    this.#file?.close();
    this.#file = undefined;
  }
}
