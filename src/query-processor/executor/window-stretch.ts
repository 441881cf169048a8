/**
 * Window stretch: one or more whole partitions of a window's rows, in their order, and the answers for them.
 *
 * What the functions read of the rows is held beside the rows themselves. While it is in memory a row's value is an array access; beyond work memory it lies
 * in a file, as the rows and the answers do, and is read a batch at a time. What stays in memory then are the bounds of each row's peers: 8 bytes a row.
 */
import { type Batch, batchRows, datumAt, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Wait } from '#storage/storage.ts';
import type { Run } from './operator.ts';
import { RowBuffer } from './row-buffer.ts';
import { datumComparator, type KeyOrder, ordinalComparator } from './row-order.ts';
import { KeptBatches } from './spill/kept-batches.ts';
import { KeptRowReader } from './spill/row-reader.ts';
import { evaluateWindowCall, type PreparedWindowCall, type ReadColumn } from './window-call.ts';
import { type Frames, Partition } from './window-frame.ts';

export type WindowWork = {
  /** Columns of the input; what was computed of a row lies behind them: partition keys, order keys, arguments. */
  readonly width: number;
  readonly types: readonly number[];
  readonly partitionOrders: readonly KeyOrder[];
  readonly orders: readonly KeyOrder[];
  readonly calls: readonly PreparedWindowCall[];
  /** Positions among the input's columns and then the calls. */
  readonly output: readonly number[];
};

const peerBytes = 8;
const answerBytes = 16;

export class WindowStretch {
  readonly #work: WindowWork;
  readonly #frames: Frames;
  readonly #run: Run;
  readonly #rows: KeptBatches;
  readonly #computed: KeptBatches;
  readonly #flat: RowBuffer;
  #answers: readonly Answers[] = [];
  #charged = 0;

  constructor(work: WindowWork, frames: Frames, run: Run) {
    const { width, types } = work;
    this.#work = work;
    this.#frames = frames;
    this.#run = run;
    this.#rows = new KeptBatches(types.slice(0, width), run);
    this.#computed = new KeptBatches(types.slice(width), run);
    this.#flat = new RowBuffer(types.length - width, run.memory);
  }

  get bytes(): number {
    return this.#rows.bytes + this.#computed.bytes;
  }

  add(batch: Batch): void {
    const { width } = this.#work;
    this.#rows.add({ rowCount: batch.rowCount, columns: batch.columns.slice(0, width) });
    this.#computed.add({ rowCount: batch.rowCount, columns: batch.columns.slice(width) });
  }

  /** The rows with the functions' answers; lets go of all that is held. */
  *answers(): Generator<Batch | Wait, void, undefined> {
    const { partitionOrders, orders, calls } = this.#work;
    const run = this.#run;
    const { rowCount } = this.#rows;
    const inMemoryBytes = calls.length * rowCount * answerBytes;
    const isLarge = this.#computed.hasSpilled || run.memory.mustSpill(this.#computed.bytes + inMemoryBytes, 'sort');
    this.#charged = rowCount * peerBytes + (isLarge ? 0 : inMemoryBytes);
    run.memory.charge(this.#charged);
    this.#answers = calls.map(({ call }) => (isLarge ? new KeptAnswers(call.type.oid, run) : new AnswersInMemory()));
    const { read, areEqual } = isLarge ? this.#fromFile() : this.#inMemory();
    const isOfPartition = areEqual(0, partitionOrders);
    const arePeers = areEqual(partitionOrders.length, orders);
    const orderKey = orders.length === 0 ? undefined : (row: number): Datum => read(partitionOrders.length, row);
    for (let start = 0; start < rowCount; ) {
      let end = start + 1;
      while (end < rowCount && isOfPartition(start, end)) {
        end++;
        if (end % batchRows === 0 && run.shouldPause()) yield run.pause();
      }
      const partition = new Partition(start, end, arePeers, orderKey, this.#frames);
      for (let c = 0; c < calls.length; c++) {
        const answers = this.#answers[c];
        yield* evaluateWindowCall(calls[c], partition, read, (answer) => answers.add(answer), run);
      }
      start = end;
      if (run.shouldPause()) yield run.pause();
    }
    yield* this.#results();
    this.release();
  }

  *#results(): Generator<Batch | Wait, void, undefined> {
    const { width, output } = this.#work;
    let from = 0;
    for (const item of this.#rows.rows()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const to = from + item.rowCount;
      yield {
        rowCount: item.rowCount,
        columns: output.map(
          (position): Vector => (position < width ? item.columns[position] : vectorOf(this.#answers[position - width].slice(from, to))),
        ),
      };
      from = to;
    }
  }

  #inMemory(): Reading {
    this.#computed.moveTo(this.#flat);
    const { columns } = this.#flat.seal();
    return {
      read: (column, row) => datumAt(columns[column], row),
      areEqual: (at, orders) => {
        const compare = ordinalComparator(orders, columns.slice(at, at + orders.length));
        return (a, b) => compare(a, b) === 0;
      },
    };
  }

  #fromFile(): Reading {
    const reader = new KeptRowReader(this.#computed);
    return {
      read: (column, row) => reader.at(column, row),
      areEqual: (at, orders) => {
        const comparators = orders.map(datumComparator);
        return (a, b) => comparators.every((compare, k) => compare(reader.at(at + k, a), reader.at(at + k, b)) === 0);
      },
    };
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#rows.release();
    this.#computed.release();
    this.#flat.release();
    for (const answers of this.#answers) answers.release();
    this.#answers = [];
  }
}

type Reading = {
  readonly read: ReadColumn;
  /** Whether two rows are equal in the columns from `at` on, one for each order. */
  readonly areEqual: (at: number, orders: readonly KeyOrder[]) => (a: number, b: number) => boolean;
};

/** One function's answers, in the order of the rows. */
interface Answers {
  add(answer: Datum): void;
  slice(from: number, to: number): Datum[];
  release(): void;
}

class AnswersInMemory implements Answers {
  #datums: Datum[] = [];

  add(answer: Datum): void {
    this.#datums.push(answer);
  }

  slice(from: number, to: number): Datum[] {
    return this.#datums.slice(from, to);
  }

  release(): void {
    this.#datums = [];
  }
}

class KeptAnswers implements Answers {
  readonly #kept: KeptBatches;
  #pending: Datum[] = [];
  #reader: KeptRowReader | undefined;

  constructor(typeOid: number, run: Run) {
    this.#kept = new KeptBatches([typeOid], run);
  }

  add(answer: Datum): void {
    this.#pending.push(answer);
    if (this.#pending.length === batchRows) this.#flush();
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    this.#kept.add({ rowCount: this.#pending.length, columns: [vectorOf(this.#pending)] });
    this.#pending = [];
  }

  slice(from: number, to: number): Datum[] {
    if (this.#reader === undefined) {
      this.#flush();
      this.#reader = new KeptRowReader(this.#kept);
    }
    const out: Datum[] = new Array(to - from);
    for (let row = from; row < to; row++) out[row - from] = this.#reader.at(0, row);
    return out;
  }

  release(): void {
    this.#kept.release();
  }
}
