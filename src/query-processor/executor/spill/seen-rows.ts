/**
 * Seen rows: of rows that come in rounds, those that have not been there before, once each (recursive UNION). While their keys fit into work memory each
 * batch is answered at once. After that, rows that are not known wait until their round is over, in a file divided by the hash of their key, and are then
 * compared with what lies in the same part of another one: that is read through once for as many of them as work memory takes.
 */
import { type Batch, gatherBatch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import { KeyNumbering } from '../key-numbering.ts';
import type { Run } from '../operator.ts';
import { KeptBatches } from './kept-batches.ts';
import { KeyHash } from './key-hash.ts';
import { Partitions, partitionCount } from './partitions.ts';

export class SeenRows {
  readonly #types: readonly number[];
  readonly #run: Run;
  readonly #known: KeyNumbering;
  #charged = 0;
  #isFull = false;
  /** Rows seen that are not among the known ones. */
  #others: Partitions | undefined;
  #waiting: Partitions | undefined;
  #hash: KeyHash | undefined;
  #numbers = new Int32Array(0);

  /** `types`: of all columns, which together are the key. */
  constructor(types: readonly number[], run: Run) {
    this.#types = types;
    this.#run = run;
    this.#known = new KeyNumbering(types);
  }

  /** The rows of the batch that are known to be new now. */
  take(batch: Batch): Batch | undefined {
    if (this.#isFull) {
      this.#wait(batch);
      return undefined;
    }
    const fresh = this.#firstOf(this.#known, batch);
    const { bytes } = this.#known;
    if (bytes > this.#charged) this.#run.memory.charge(bytes - this.#charged);
    this.#charged = Math.max(bytes, this.#charged);
    // Half of it, as a round's rows need numbers of their own.
    this.#isFull = this.#run.memory.mustSpill(this.#charged * 2, 'hash');
    return fresh;
  }

  #wait(batch: Batch): void {
    const numbers = this.#room(batch.rowCount);
    this.#known.find(batch.columns, batch.rowCount, numbers);
    const unknown = chosen(batch, (row) => numbers[row] < 0);
    if (unknown === undefined) return;
    this.#waiting ??= new Partitions(this.#types, this.#run);
    this.#waiting.add(unknown, this.#partitionsOf(unknown));
  }

  #partitionsOf(batch: Batch): Int32Array {
    this.#hash ??= new KeyHash(this.#types);
    return this.#hash.partitions(batch.columns, batch.rowCount, 0);
  }

  /** The new rows among those of the round that had to wait. */
  *late(): Generator<Batch | Wait, void, undefined> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#others ??= new Partitions(this.#types, this.#run);
    try {
      for (let p = 0; p < partitionCount; p++) if (waiting.rowCount(p) > 0) yield* this.#lateOf(p, waiting.read(p), this.#others);
    } finally {
      waiting.release();
    }
  }

  *#lateOf(p: number, waiting: Iterator<Batch>, others: Partitions): Generator<Batch | Wait, void, undefined> {
    for (let isAtEnd = false; !isAtEnd; ) {
      const numbering = new KeyNumbering(this.#types);
      const candidates = new KeptBatches(this.#types, this.#run);
      let charged = 0;
      try {
        while (charged === 0 || !this.#run.memory.mustSpill(charged * 2, 'hash')) {
          const next = waiting.next();
          isAtEnd = next.done === true;
          if (next.done === true) break;
          const first = this.#firstOf(numbering, next.value);
          if (first !== undefined) candidates.add(first);
          this.#run.memory.charge(Math.max(0, numbering.bytes - charged));
          charged = Math.max(charged, numbering.bytes);
          if (this.#run.shouldPause()) yield this.#run.pause();
        }
        if (candidates.rowCount > 0) yield* this.#newAmong(candidates, numbering, p, others);
      } finally {
        candidates.release();
        this.#run.memory.release(charged);
      }
    }
  }

  /** `candidates` have the numbers 0, 1, ... in their order. */
  *#newAmong(candidates: KeptBatches, numbering: KeyNumbering, p: number, others: Partitions): Generator<Batch | Wait, void, undefined> {
    const isOld = new Uint8Array(numbering.size);
    for (const item of others.read(p)) {
      const numbers = this.#room(item.rowCount);
      numbering.find(item.columns, item.rowCount, numbers);
      for (let row = 0; row < item.rowCount; row++) if (numbers[row] >= 0) isOld[numbers[row]] = 1;
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
    let number = 0;
    for (const item of candidates.rows()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const fresh = chosen(item, () => isOld[number++] === 0);
      if (fresh === undefined) continue;
      others.add(fresh, new Int32Array(fresh.rowCount).fill(p));
      yield fresh;
    }
  }

  #firstOf(numbering: KeyNumbering, batch: Batch): Batch | undefined {
    let next = numbering.size;
    const numbers = this.#room(batch.rowCount);
    numbering.number(batch.columns, batch.rowCount, numbers);
    return chosen(batch, (row) => {
      if (numbers[row] !== next) return false;
      next++;
      return true;
    });
  }

  #room(rowCount: number): Int32Array {
    if (this.#numbers.length < rowCount) this.#numbers = new Int32Array(rowCount);
    return this.#numbers;
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#others?.release();
    this.#waiting?.release();
  }
}

function chosen(batch: Batch, isChosen: (row: number) => boolean): Batch | undefined {
  const rows = new Int32Array(batch.rowCount);
  let count = 0;
  for (let row = 0; row < batch.rowCount; row++) if (isChosen(row)) rows[count++] = row;
  if (count === 0) return undefined;
  return count === batch.rowCount ? batch : gatherBatch(batch, rows, count);
}
