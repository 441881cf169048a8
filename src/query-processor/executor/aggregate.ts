/**
 * Aggregate: groups the input's rows by the group keys and computes the aggregates of each group.
 *
 * Input sorted by the keys (strategy `sorted`) gives its groups in that order, and those that are complete are handed on: at first soon, for a
 * consumer that takes a few, then a batch of them at a time.
 * Otherwise groups are found by their keys, in any order of rows. When they do not fit into work memory no new ones are begun: rows of other groups
 * wait in a file, divided by the hash of their keys, and each part is then aggregated alone.
 *
 * Grouping sets are so many aggregations side by side, whose groups come out set by set; a column that a set does not group by is NULL there.
 */
import { type Batch, batchRows, datumAt, gatherBatch, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { AggregateStates, type PreparedAggregate, prepareAggregate } from './aggregate-state.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared, typesOf } from './prepared.ts';
import { evaluateAll } from './project.ts';
import { sliceRows } from './row-buffer.ts';
import { KeyHash } from './spill/key-hash.ts';
import { deepestPartition, Partitions, partitionCount } from './spill/partitions.ts';

type Aggregate = Extract<PhysicalPlan, { kind: 'aggregate' }>;

const prepare = prepared((plan: Aggregate) => {
  const input = idsOf(plan.input.output);
  const keyCount = plan.groupBy.length;
  const sets = plan.groupingSets ?? [plan.groupBy.map((_, at) => at)];
  const available = [
    ...plan.groupBy.map((key) => key.id),
    ...plan.aggregates.map((item) => item.id),
    ...plan.groupings.map((item) => item.id),
  ];
  return {
    inputTypes: typesOf(plan.input.output),
    keys: plan.groupBy.map((key) => compileExpression(key.expression, input)),
    sets: sets.map((set) => ({
      /** Positions in groupBy that this set groups by. */
      members: set,
      types: set.map((at) => plan.groupBy[at].expression.type.oid),
      isWhole: set.length === 0,
      groupings: plan.groupings.map(({ args }) => args.reduce((mask, at) => mask * 2 + (set.includes(at) ? 0 : 1), 0)),
    })),
    aggregates: plan.aggregates.map((item) => prepareAggregate(item.call, input)),
    keyCount,
    output: positionsOf(idsOf(plan.output), available),
  };
});

type PreparedSet = ReturnType<typeof prepare>['sets'][number];

export function* aggregate(plan: Aggregate, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { keys, sets } = prepare(plan);
  const figures = { buckets: 0, batches: 1, peakBytes: 0, diskBytes: 0 };
  const sides = sets.map((set) => new GroupingSet(plan, set, figures, 0, run));
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const vectors = evaluateAll(keys, item, run);
      for (let s = 0; s < sides.length; s++)
        yield* sides[s].add(
          item,
          sets[s].members.map((at) => vectors[at]),
        );
      if (run.shouldPause()) yield run.pause();
    }
    for (const side of sides) {
      yield* side.finish();
      side.release();
    }
  } finally {
    run.report?.(plan, figures);
    for (const side of sides) side.release();
  }
}

type Figures = { batches: number; peakBytes: number; diskBytes: number };

/** The aggregation of one grouping set, or of one part of its rows. */
class GroupingSet {
  readonly #plan: Aggregate;
  readonly #set: PreparedSet;
  readonly #figures: Figures;
  readonly #depth: number;
  readonly #run: Run;
  #groups: Groups;
  /** Rows of groups that are not begun: the input's columns, then the set's keys. */
  #waiting: Partitions | undefined;
  #hash: KeyHash | undefined;
  #part: GroupingSet | undefined;
  #numbers = new Int32Array(0);
  /** Complete groups of sorted input that are handed on together. */
  #handedOnAt = 1;

  constructor(plan: Aggregate, set: PreparedSet, figures: Figures, depth: number, run: Run) {
    this.#plan = plan;
    this.#set = set;
    this.#figures = figures;
    this.#depth = depth;
    this.#run = run;
    this.#groups = this.#newGroups();
  }

  #newGroups(): Groups {
    return new Groups(this.#set, prepare(this.#plan).aggregates, this.#run);
  }

  /** `keys`: the set's alone. */
  *add(batch: Batch, keys: readonly Vector[]): Generator<Batch | Wait, void, undefined> {
    if (this.#set.isWhole) {
      this.#groups.addAll(batch);
      yield* this.#groups.spill();
      return;
    }
    if (this.#waiting !== undefined) {
      this.#addKnown(batch, keys, this.#waiting);
      yield* this.#groups.spill();
      return;
    }
    if (this.#numbers.length < batch.rowCount) this.#numbers = new Int32Array(Math.max(batch.rowCount, batchRows));
    const before = this.#groups.count;
    this.#groups.number(batch.rowCount, keys, this.#numbers);
    if (
      this.#plan.strategy === 'sorted' &&
      before > 0 &&
      (before >= this.#handedOnAt || this.#run.memory.mustSpill(this.#groups.bytes, 'hash'))
    ) {
      yield* this.#handOn(batch, keys, before);
      return;
    }
    this.#groups.add(batch, this.#numbers);
    yield* this.#groups.spill();
    this.#figures.peakBytes = Math.max(this.#figures.peakBytes, this.#groups.bytes);
    if (this.#plan.strategy !== 'sorted' && this.#depth < deepestPartition && this.#run.memory.mustSpill(this.#groups.bytes, 'hash')) {
      const { inputTypes } = prepare(this.#plan);
      this.#waiting = new Partitions([...inputTypes, ...this.#set.types], this.#run);
    }
  }

  /** Sorted input: a new group begins in this batch, so that all before it are complete. */
  *#handOn(batch: Batch, keys: readonly Vector[], before: number): Generator<Batch | Wait, void, undefined> {
    let end = 0;
    while (end < batch.rowCount && this.#numbers[end] < before) end++;
    if (end > 0) this.#groups.add(sliceRows(batch, 0, end), this.#numbers);
    if (end === batch.rowCount) {
      yield* this.#groups.spill();
      return;
    }
    yield* this.#groups.answers(this.#plan, before);
    this.#handedOnAt = Math.min(batchRows, this.#handedOnAt * 4);
    this.#groups.release();
    this.#groups = this.#newGroups();
    const rest = sliceRows({ rowCount: batch.rowCount, columns: [...batch.columns, ...keys] }, end, batch.rowCount);
    const width = batch.columns.length;
    yield* this.add({ rowCount: rest.rowCount, columns: rest.columns.slice(0, width) }, rest.columns.slice(width));
  }

  /** Rows of groups that there are go in, the others wait. */
  #addKnown(batch: Batch, keys: readonly Vector[], waiting: Partitions): void {
    const numbers = new Int32Array(batch.rowCount);
    this.#groups.find(batch.rowCount, keys, numbers);
    const rows = new Int32Array(batch.rowCount);
    let count = 0;
    for (let row = 0; row < batch.rowCount; row++) if (numbers[row] >= 0) rows[count++] = row;
    if (count > 0) {
      const known = new Int32Array(count);
      for (let i = 0; i < count; i++) known[i] = numbers[rows[i]];
      this.#groups.add(gatherBatch(batch, rows, count), known);
    }
    if (count === batch.rowCount) return;
    this.#hash ??= new KeyHash(this.#set.types);
    const partitions = this.#hash.partitions(keys, batch.rowCount, this.#depth);
    for (let i = 0; i < count; i++) partitions[rows[i]] = -1;
    waiting.add({ rowCount: batch.rowCount, columns: [...batch.columns, ...keys] }, partitions);
  }

  *finish(): Generator<Batch | Wait, void, undefined> {
    yield* this.#groups.answers(this.#plan, this.#groups.count);
    this.#groups.release();
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    waiting.finish();
    this.#figures.diskBytes += waiting.bytes;
    const width = prepare(this.#plan).inputTypes.length;
    for (let p = 0; p < partitionCount; p++) {
      if (waiting.rowCount(p) === 0) continue;
      this.#figures.batches++;
      const part = new GroupingSet(this.#plan, this.#set, this.#figures, this.#depth + 1, this.#run);
      this.#part = part;
      for (const batch of waiting.read(p)) {
        yield* part.add({ rowCount: batch.rowCount, columns: batch.columns.slice(0, width) }, batch.columns.slice(width));
        if (this.#run.shouldPause()) yield this.#run.pause();
      }
      yield* part.finish();
      part.release();
    }
  }

  release(): void {
    this.#part?.release();
    this.#groups.release();
    this.#waiting?.release();
  }
}

/** Groups with their keys and states. */
class Groups {
  readonly #set: PreparedSet;
  readonly #states: readonly AggregateStates[];
  readonly #run: Run;
  readonly #numbering: KeyNumbering;
  /** Key values of each group, one array a member. */
  readonly #keys: Datum[][];
  count: number;
  #charged = 0;

  constructor(set: PreparedSet, aggregates: readonly PreparedAggregate[], run: Run) {
    this.#set = set;
    this.#states = aggregates.map((item) => new AggregateStates(item, run));
    this.#run = run;
    this.#numbering = new KeyNumbering(set.types);
    this.#keys = set.members.map(() => []);
    // The group of all rows is there without any row.
    this.count = set.isWhole ? 1 : 0;
    if (set.isWhole) for (const state of this.#states) state.grow(1);
  }

  /** Of the groups: what the states keep of single rows spills by itself. */
  get bytes(): number {
    let bytes = this.#charged;
    for (const state of this.#states) bytes += state.bytes;
    return bytes;
  }

  addAll(batch: Batch): void {
    for (const state of this.#states) state.add(batch, undefined);
  }

  /** The group of each row; new groups are begun. */
  number(rowCount: number, keys: readonly Vector[], numbers: Int32Array): void {
    this.#numbering.number(keys, rowCount, numbers);
    if (this.#numbering.size === this.count) return;
    // New groups are numbered in the order of their first rows.
    for (let row = 0; row < rowCount; row++) {
      if (numbers[row] !== this.count) continue;
      for (let k = 0; k < keys.length; k++) this.#keys[k].push(datumAt(keys[k], row));
      this.count++;
    }
    const bytes = this.#numbering.bytes + this.count * keys.length * 16;
    if (bytes > this.#charged) this.#run.memory.charge(bytes - this.#charged);
    this.#charged = Math.max(this.#charged, bytes);
    for (const state of this.#states) state.grow(this.count);
  }

  /** The group of each row, -1 where it is not begun. */
  find(rowCount: number, keys: readonly Vector[], numbers: Int32Array): void {
    this.#numbering.find(keys, rowCount, numbers);
  }

  add(batch: Batch, numbers: Int32Array): void {
    for (const state of this.#states) state.add(batch, numbers);
  }

  *spill(): Generator<Wait, void, undefined> {
    for (const state of this.#states) yield* state.spill();
  }

  /** The first `count` groups; only once. */
  *answers(plan: Aggregate, count: number): Generator<Batch | Wait, void, undefined> {
    if (count === 0) return;
    const { keyCount, output } = prepare(plan);
    const answers: Datum[][] = [];
    for (const state of this.#states) answers.push(yield* state.finish(count));
    const { members, groupings } = this.#set;
    const columns: (readonly Datum[] | Datum)[] = [];
    for (let at = 0; at < keyCount; at++) {
      const member = members.indexOf(at);
      columns.push(member < 0 ? null : this.#keys[member]);
    }
    columns.push(...answers, ...groupings);
    for (let from = 0; from < count; from += batchRows) {
      const to = Math.min(from + batchRows, count);
      yield {
        rowCount: to - from,
        columns: output.map((position): Vector => {
          const column = columns[position];
          if (!isColumn(column)) return { values: [column], nulls: undefined, mask: 0 };
          return vectorOf(from === 0 && to === column.length ? column : column.slice(from, to));
        }),
      };
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    for (const state of this.#states) state.release();
  }
}

const isColumn = (column: readonly Datum[] | Datum): column is readonly Datum[] => Array.isArray(column);
