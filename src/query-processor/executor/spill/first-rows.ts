/**
 * First rows: of rows with equal keys the first (DISTINCT, UNION). While the keys fit into work memory each batch is answered at once; after that, rows
 * whose key is not known wait in a file, divided by the hash of the key, and come at the end.
 */
import { type Batch, gatherBatch, type Vector } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import { KeyNumbering } from '../key-numbering.ts';
import type { HashFigures, Run } from '../operator.ts';
import { KeyHash } from './key-hash.ts';
import { deepestPartition, Partitions, partitionCount } from './partitions.ts';

export class FirstRows {
  readonly #types: readonly number[];
  readonly #keyTypes: readonly number[];
  readonly #depth: number;
  readonly #run: Run;
  readonly #numbering: KeyNumbering;
  #numbers = new Int32Array(0);
  #charged = 0;
  #hash: KeyHash | undefined;
  #waiting: Partitions | undefined;
  #part: FirstRows | undefined;
  #batches = 1;
  #diskBytes = 0;

  /** `types`: of the columns of rows that wait. `keyTypes`: of the keys. */
  constructor(types: readonly number[], keyTypes: readonly number[], run: Run, depth = 0) {
    this.#types = types;
    this.#keyTypes = keyTypes;
    this.#depth = depth;
    this.#run = run;
    this.#numbering = new KeyNumbering(keyTypes);
  }

  /** True once rows may have to wait. */
  get isFull(): boolean {
    return this.#waiting !== undefined;
  }

  get figures(): HashFigures {
    return { buckets: 0, batches: this.#batches, peakBytes: this.#charged, diskBytes: this.#diskBytes };
  }

  /** The rows of the batch that are the first with their key, as far as that is known. */
  take(batch: Batch, keys: readonly Vector[]): Batch | undefined {
    if (this.#numbers.length < batch.rowCount) this.#numbers = new Int32Array(batch.rowCount);
    const numbers = this.#numbers;
    if (this.#waiting !== undefined) {
      this.#wait(batch, keys, numbers, this.#waiting);
      return undefined;
    }
    const rows = new Int32Array(batch.rowCount);
    let next = this.#numbering.size;
    this.#numbering.number(keys, batch.rowCount, numbers);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      if (numbers[row] !== next) continue;
      rows[count++] = row;
      next++;
    }
    const { bytes } = this.#numbering;
    if (bytes > this.#charged) this.#run.memory.charge(bytes - this.#charged);
    this.#charged = Math.max(bytes, this.#charged);
    if (this.#depth < deepestPartition && this.#run.memory.mustSpill(this.#charged, 'hash'))
      this.#waiting = new Partitions([...this.#types, ...this.#keyTypes], this.#run);
    if (count === 0) return undefined;
    return count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
  }

  #wait(batch: Batch, keys: readonly Vector[], numbers: Int32Array, waiting: Partitions): void {
    this.#numbering.find(keys, batch.rowCount, numbers);
    this.#hash ??= new KeyHash(this.#keyTypes);
    const partitions = this.#hash.partitions(keys, batch.rowCount, this.#depth);
    for (let row = 0; row < batch.rowCount; row++) if (numbers[row] >= 0) partitions[row] = -1;
    waiting.add({ rowCount: batch.rowCount, columns: [...batch.columns, ...keys] }, partitions);
  }

  /** The first rows among those that had to wait. They come in sequences, each in order of arrival; `begin` is called before each. */
  *late(begin: () => void): Generator<Batch | Wait, void, undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.finish();
    this.#diskBytes += waiting.bytes;
    const width = this.#types.length;
    for (let p = 0; p < partitionCount; p++) {
      if (waiting.rowCount(p) === 0) continue;
      const part = new FirstRows(this.#types, this.#keyTypes, this.#run, this.#depth + 1);
      this.#part = part;
      begin();
      for (const batch of waiting.read(p)) {
        const first = part.take({ rowCount: batch.rowCount, columns: batch.columns.slice(0, width) }, batch.columns.slice(width));
        if (first !== undefined) yield first;
        if (this.#run.shouldPause()) yield this.#run.pause();
      }
      yield* part.late(begin);
      this.#batches += part.figures.batches;
      this.#diskBytes += part.figures.diskBytes;
      part.release();
    }
  }

  release(): void {
    this.#part?.release();
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#waiting?.release();
  }
}
