/**
 * Partitions: rows in a temporary file, divided by the hash of their keys, so that each part can be worked on alone: whatever is equal lies in one.
 *
 *   P1  The rows of one partition come back in the order in which they were added. They may be read while more are still to come.
 */
import { type Batch, gatherBatch } from '#sql/batch.ts';
import type { Run } from '../operator.ts';
import { batchBytes } from '../row-buffer.ts';
import { type Block, blockBytes, SpillFile } from './spill-file.ts';

/** Parts of one division. A part that is still too large is divided again. */
export const partitionCount = 16;
/** So often may a part be divided again: what is left then consists of rows with one key, or nearly so. */
export const deepestPartition = 5;

export class Partitions {
  readonly #file: SpillFile;
  readonly #run: Run;
  readonly #blockBytes: number;
  readonly #pending: Batch[][] = Array.from({ length: partitionCount }, () => []);
  readonly #pendingBytes = new Float64Array(partitionCount);
  readonly #blocks: Block[][] = Array.from({ length: partitionCount }, () => []);
  readonly #rowCounts = new Float64Array(partitionCount);
  #charged: number;

  /** `types`: the columns' oids. */
  constructor(types: readonly number[], run: Run) {
    this.#file = new SpillFile(types, run);
    this.#run = run;
    this.#blockBytes = blockBytes(run.memory.workBytes);
    this.#charged = this.#blockBytes * partitionCount;
    run.memory.charge(this.#charged);
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  rowCount(partition: number): number {
    return this.#rowCounts[partition];
  }

  /** `partitions`: the partition of each row; -1 leaves a row out. */
  add(batch: Batch, partitions: Int32Array): void {
    const bytesPerRow = batchBytes(batch) / batch.rowCount;
    const counts = new Int32Array(partitionCount);
    for (let row = 0; row < batch.rowCount; row++) if (partitions[row] >= 0) counts[partitions[row]]++;
    const rows: Int32Array[] = [];
    for (let p = 0; p < partitionCount; p++) rows.push(new Int32Array(counts[p]));
    const filled = new Int32Array(partitionCount);
    for (let row = 0; row < batch.rowCount; row++) {
      const p = partitions[row];
      if (p >= 0) rows[p][filled[p]++] = row;
    }
    for (let p = 0; p < partitionCount; p++) {
      if (counts[p] === 0) continue;
      this.#pending[p].push(counts[p] === batch.rowCount ? batch : gatherBatch(batch, rows[p], counts[p]));
      this.#pendingBytes[p] += bytesPerRow * counts[p];
      this.#rowCounts[p] += counts[p];
      if (this.#pendingBytes[p] >= this.#blockBytes) this.#flush(p);
    }
  }

  #flush(partition: number): void {
    if (this.#pending[partition].length === 0) return;
    this.#blocks[partition].push(this.#file.append(this.#pending[partition]));
    this.#pending[partition] = [];
    this.#pendingBytes[partition] = 0;
  }

  /** No more rows come. */
  finish(): void {
    for (let p = 0; p < partitionCount; p++) this.#flush(p);
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
  }

  *read(partition: number): Generator<Batch, void, undefined> {
    for (const block of this.#blocks[partition]) yield* this.#file.read(block);
    yield* this.#pending[partition];
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#file.close();
  }
}
