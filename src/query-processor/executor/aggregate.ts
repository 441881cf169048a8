/**
 * Aggregate: groups the input's rows by the group keys and computes the aggregates of each group.
 *
 * Groups come out in the order of their first row, so that input sorted by the keys gives sorted output. Grouping sets are so many
 * aggregations side by side, whose groups come out set by set; a column that a set does not group by is NULL there.
 */
import { type Batch, batchRows, datumAt, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { AggregateStates, prepareAggregate } from './aggregate-state.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';

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
  const { keys, sets, aggregates, keyCount, output } = prepare(plan);
  const groupings = sets.map(
    (set) =>
      new Groups(
        set,
        aggregates.map((item) => new AggregateStates(item, run)),
        run,
      ),
  );
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const vectors = evaluateAll(keys, item, run);
      for (const groups of groupings) groups.add(item, vectors);
      if (run.shouldPause()) yield run.pause();
    }
    for (const groups of groupings) yield* groups.finish(keyCount, output, run);
  } finally {
    for (const groups of groupings) groups.release();
  }
}

/** One grouping set's groups. */
class Groups {
  readonly #set: PreparedSet;
  readonly #states: readonly AggregateStates[];
  readonly #run: Run;
  readonly #numbering: KeyNumbering;
  /** Key values of each group, one array a member. */
  readonly #keys: Datum[][];
  #numbers = new Int32Array(0);
  #count: number;
  #charged = 0;

  constructor(set: PreparedSet, states: readonly AggregateStates[], run: Run) {
    this.#set = set;
    this.#states = states;
    this.#run = run;
    this.#numbering = new KeyNumbering(set.types);
    this.#keys = set.members.map(() => []);
    // The group of all rows is there without any row.
    this.#count = set.isWhole ? 1 : 0;
    if (set.isWhole) for (const state of states) state.grow(1);
  }

  add(batch: Batch, vectors: readonly Vector[]): void {
    if (this.#set.isWhole) {
      for (const state of this.#states) state.add(batch, undefined);
      return;
    }
    const { members } = this.#set;
    if (this.#numbers.length < batch.rowCount) this.#numbers = new Int32Array(Math.max(batch.rowCount, batchRows));
    const numbers = this.#numbers;
    const keys = members.map((at) => vectors[at]);
    this.#numbering.number(keys, batch.rowCount, numbers);
    if (this.#numbering.size > this.#count) {
      // New groups are numbered in the order of their first rows.
      for (let row = 0; row < batch.rowCount; row++) {
        if (numbers[row] !== this.#count) continue;
        for (let k = 0; k < keys.length; k++) this.#keys[k].push(datumAt(keys[k], row));
        this.#count++;
      }
      const bytes = this.#numbering.bytes + this.#count * members.length * 16;
      if (bytes > this.#charged) this.#run.memory.charge(bytes - this.#charged);
      this.#charged = Math.max(this.#charged, bytes);
      for (const state of this.#states) state.grow(this.#count);
    }
    for (const state of this.#states) state.add(batch, numbers);
  }

  *finish(keyCount: number, output: readonly number[], run: Run): Generator<Batch | Wait, void, undefined> {
    if (this.#count === 0) return;
    const answers: Datum[][] = [];
    for (const state of this.#states) answers.push(yield* state.finish(this.#count));
    const { members, groupings } = this.#set;
    const columns: (readonly Datum[] | Datum)[] = [];
    for (let at = 0; at < keyCount; at++) {
      const member = members.indexOf(at);
      columns.push(member < 0 ? null : this.#keys[member]);
    }
    columns.push(...answers, ...groupings);
    for (let from = 0; from < this.#count; from += batchRows) {
      const to = Math.min(from + batchRows, this.#count);
      yield {
        rowCount: to - from,
        columns: output.map((position): Vector => {
          const column = columns[position];
          if (!isColumn(column)) return { values: [column], nulls: undefined, mask: 0 };
          return vectorOf(from === 0 && to === this.#count ? column : column.slice(from, to));
        }),
      };
      if (run.shouldPause()) yield run.pause();
    }
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    for (const state of this.#states) state.release();
  }
}

const isColumn = (column: readonly Datum[] | Datum): column is readonly Datum[] => Array.isArray(column);
