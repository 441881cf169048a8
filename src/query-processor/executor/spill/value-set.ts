/**
 * Value set: the values of an uncorrelated `= ANY (subquery)`, and which of a batch's values are among them, with SQL's three-valued logic. Values that work
 * memory does not hold lie in a file, which is read through once for each batch.
 */
import { type Batch, datumAt, gatherBatch, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Wait } from '#storage/storage.ts';
import { KeyNumbering, setNullsApart } from '../key-numbering.ts';
import type { Run } from '../operator.ts';
import { KeptBatches } from './kept-batches.ts';

export class ValueSet {
  readonly #typeOid: number;
  readonly #run: Run;
  readonly #numbering: KeyNumbering;
  /** Values that are not numbered. */
  readonly #others: KeptBatches;
  #numbers = new Int32Array(0);
  #hasNull = false;
  #isEmpty = true;
  #isFull = false;
  #charged = 0;

  constructor(typeOid: number, run: Run) {
    this.#typeOid = typeOid;
    this.#run = run;
    this.#numbering = new KeyNumbering([typeOid]);
    this.#others = new KeptBatches([typeOid], run);
  }

  add(batch: Batch): void {
    this.#isEmpty = false;
    const numbers = this.#room(batch.rowCount);
    if (this.#isFull) this.#numbering.find(batch.columns, batch.rowCount, numbers);
    else this.#numbering.number(batch.columns, batch.rowCount, numbers);
    const [vector] = batch.columns;
    const unknown = new Int32Array(batch.rowCount);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      if (datumAt(vector, row) === null) this.#hasNull = true;
      else if (numbers[row] < 0) unknown[count++] = row;
    }
    if (count > 0) this.#others.add(gatherBatch(batch, unknown, count));
    if (this.#isFull) return;
    const grown = this.#numbering.bytes - this.#charged;
    this.#run.memory.charge(grown);
    this.#charged += grown;
    this.#isFull = this.#run.memory.mustSpill(this.#charged, 'hash');
  }

  *contains(vector: Vector, rowCount: number): Generator<Wait, Vector, undefined> {
    const out: Datum[] = new Array(rowCount);
    const numbers = this.#room(rowCount);
    this.#numbering.find([vector], rowCount, numbers);
    const isAmongOthers = this.#others.rowCount === 0 ? undefined : yield* this.#amongOthers(vector, rowCount);
    for (let row = 0; row < rowCount; row++) {
      if (this.#isEmpty) out[row] = false;
      else if (datumAt(vector, row) === null) out[row] = null;
      else if (numbers[row] >= 0 || isAmongOthers?.[row] === 1) out[row] = true;
      else out[row] = this.#hasNull ? null : false;
    }
    return vectorOf(out);
  }

  /** The batch's values are few: they are numbered, and all others go past them. */
  *#amongOthers(vector: Vector, rowCount: number): Generator<Wait, Uint8Array, undefined> {
    const asked = new KeyNumbering([this.#typeOid]);
    const numberOf = new Int32Array(rowCount);
    asked.number([vector], rowCount, numberOf);
    setNullsApart([vector], rowCount, numberOf);
    const isThere = new Uint8Array(asked.size);
    for (const item of this.#others.rows()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const found = new Int32Array(item.rowCount);
      asked.find(item.columns, item.rowCount, found);
      for (let row = 0; row < item.rowCount; row++) if (found[row] >= 0) isThere[found[row]] = 1;
    }
    return Uint8Array.from(numberOf, (number) => (number < 0 ? 0 : isThere[number]));
  }

  #room(rowCount: number): Int32Array {
    if (this.#numbers.length < rowCount) this.#numbers = new Int32Array(rowCount);
    return this.#numbers;
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#others.release();
  }
}
