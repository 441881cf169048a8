/**
 * Aggregate state: one aggregate call's states, one a group, fed batch by batch with the group of each row.
 *
 * Three ways, chosen once a call:
 *
 *   streaming  each row goes into its group's state at once; a whole vector at a time where the function can (stepVector)
 *   distinct   rows are streamed when (group, arguments) is new; only for functions whose answer does not depend on the order of rows
 *   collected  rows are kept, and at the end sorted by group and then by ORDER BY (DISTINCT: by the arguments, as PostgreSQL does) and
 *              stepped through; ordered-set aggregates get their sorted rows whole
 *
 * What the two latter ways keep of single rows goes to files beyond work memory: the distinct way then decides at the end, in sorted order, on the
 * rows that it could not look up.
 *
 *   G1  Group numbers are dense and grow: a state is made for each before its first row.
 */
import { InvariantError } from '#base/assert.ts';
import { type Batch, datumAt, gather, gatherBatch, type Vector } from '#sql/batch.ts';
import { aggregateByOid, procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression, compilePredicate } from '#sql/evaluate/compile.ts';
import type { AggregateCall, ColumnId, SortKey } from '#sql/expression.ts';
import type { AggregateFunction, VectorEvaluator } from '#sql/function.ts';
import { implementationOf } from '#sql/functions/registry.ts';
import { oid } from '#sql/oids.ts';
import type { Wait } from '#storage/storage.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Run } from './operator.ts';
import { evaluateAll } from './project.ts';
import { constantOne } from './row-buffer.ts';
import { type KeyOrder, rowComparator } from './row-order.ts';
import { keyOrder } from './sort.ts';
import { RowSorter } from './spill/row-sorter.ts';

export type PreparedAggregate = {
  readonly call: AggregateCall;
  readonly function: AggregateFunction;
  readonly isStrict: boolean;
  readonly way: 'streaming' | 'distinct' | 'collected';
  /** Ordered-set and hypothetical-set aggregates: all rows go to finalOrdered. */
  readonly isOrderedSet: boolean;
  /** Rows with a NULL argument are left out (ordered-set aggregates but for the hypothetical ones). */
  readonly skipsNulls: boolean;
  readonly args: readonly VectorEvaluator[];
  readonly argTypes: readonly number[];
  readonly directArgs: readonly VectorEvaluator[];
  readonly keys: readonly VectorEvaluator[];
  readonly orders: readonly KeyOrder[];
  readonly keyTypes: readonly number[];
  readonly filter: ReturnType<typeof compilePredicate> | undefined;
};

/** Functions whose answer is the same in whatever order distinct rows come. */
const orderless: ReadonlySet<string> = new Set(['count', 'min', 'max', 'bool_and', 'bool_or', 'every', 'bit_and', 'bit_or', 'bit_xor']);
const exactlySummed: ReadonlySet<number> = new Set([oid.int2, oid.int4, oid.int8, oid.numeric]);

function isOrderless(name: string, argTypes: readonly number[]): boolean {
  return orderless.has(name) || ((name === 'sum' || name === 'avg') && exactlySummed.has(argTypes[0]));
}

export function prepareAggregate(call: AggregateCall, input: readonly ColumnId[]): PreparedAggregate {
  const implementation = implementationOf(call.function);
  if (implementation.kind !== 'aggregate') throw new InvariantError('an aggregate call names an aggregate');
  const kind = aggregateByOid(call.function)?.kind ?? 'n';
  const isOrderedSet = kind !== 'n';
  // WITHIN GROUP (ORDER BY x): the rows are what is ordered by.
  const args = isOrderedSet && call.args.length === 0 ? call.orderBy.map((key) => key.expression) : call.args;
  const argTypes = args.map((arg) => arg.type.oid);
  const proc = procByOid(call.function);
  const needsOrder = call.orderBy.length > 0 || isOrderedSet;
  const way =
    !needsOrder && !call.isDistinct ? 'streaming' : !needsOrder && isOrderless(proc?.name ?? '', argTypes) ? 'distinct' : 'collected';
  // DISTINCT sorts by what ORDER BY does not say of the arguments, too: equal ones must lie together.
  const sortKeys: readonly SortKey[] = call.isDistinct
    ? [...call.orderBy, ...args.map((expression): SortKey => ({ expression, descending: false, nullsFirst: false }))]
    : call.orderBy;
  return {
    call,
    function: implementation.forTypes({
      args: [...call.directArgs.map((arg) => arg.type.oid), ...argTypes],
      result: call.type.oid,
    }),
    isStrict: proc?.strict ?? false,
    way,
    isOrderedSet,
    skipsNulls: kind === 'o',
    args: args.map((arg) => compileExpression(arg, input)),
    argTypes,
    directArgs: call.directArgs.map((arg) => compileExpression(arg, input)),
    keys: way === 'collected' ? sortKeys.map((key) => compileExpression(key.expression, input)) : [],
    orders: sortKeys.map(keyOrder),
    keyTypes: sortKeys.map((key) => key.expression.type.oid),
    filter: call.filter === undefined ? undefined : compilePredicate(call.filter, input),
  };
}

/** Memory that a group's state is counted with. */
const stateBytes = 96;

export class AggregateStates {
  readonly #aggregate: PreparedAggregate;
  readonly #run: Run;
  #states: unknown[] = [];
  /** Direct arguments of each group, from its first row. */
  readonly #directArgs: (readonly Datum[])[] = [];
  readonly #seen: KeyNumbering | undefined;
  /** Collected way: group, arguments, keys. Distinct way: group and arguments of rows that came when no more could be remembered. */
  #sorter: RowSorter | undefined;
  #charged = 0;
  readonly #scratch: Datum[];

  constructor(aggregate: PreparedAggregate, run: Run) {
    this.#aggregate = aggregate;
    this.#run = run;
    this.#seen = aggregate.way === 'distinct' ? new KeyNumbering([oid.int4, ...aggregate.argTypes]) : undefined;
    this.#scratch = new Array(aggregate.args.length).fill(null);
  }

  /** Of states and what is remembered; rows kept for sorting are not among them. */
  get bytes(): number {
    return this.#charged;
  }

  /** Makes states for groups up to `groupCount`. */
  grow(groupCount: number): void {
    const more = groupCount - this.#states.length;
    if (more <= 0) return;
    this.#charge(more * stateBytes);
    // Ordered-set aggregates have no state: their rows are kept instead.
    const { isOrderedSet, function: aggregate } = this.#aggregate;
    for (let i = 0; i < more; i++) this.#states.push(isOrderedSet ? undefined : aggregate.initial());
  }

  #charge(bytes: number): void {
    this.#run.memory.charge(bytes);
    this.#charged += bytes;
  }

  /** Takes in a batch; groups undefined: all rows are group 0's. */
  add(batch: Batch, groups: Int32Array | undefined): void {
    const { filter, way, directArgs } = this.#aggregate;
    if (directArgs.length > 0) this.#noteDirectArgs(batch, groups);
    let input = batch;
    let inputGroups = groups;
    if (filter !== undefined) {
      const { rows, count } = filter(batch, this.#run.context);
      if (count === 0) return;
      if (count < batch.rowCount) {
        const kept = rows.slice(0, count);
        input = gatherBatch(batch, kept, count);
        if (groups !== undefined) {
          inputGroups = new Int32Array(count);
          for (let i = 0; i < count; i++) inputGroups[i] = groups[kept[i]];
        }
      }
    }
    const args = evaluateAll(this.#aggregate.args, input, this.#run);
    if (way === 'streaming') this.#step(args, inputGroups, input.rowCount);
    else if (way === 'distinct') this.#stepNew(args, inputGroups, input.rowCount);
    else this.#collect(input, args, inputGroups);
  }

  // Hot: once a row of every aggregation.
  #step(args: readonly Vector[], groups: Int32Array | undefined, rowCount: number): void {
    const { function: aggregate, isStrict, call } = this.#aggregate;
    const states = this.#states;
    if (aggregate.stepVector !== undefined && (args.length === 1 || (args.length === 0 && call.isStar))) {
      aggregate.stepVector(states, groups, args.length === 1 ? args[0] : constantOne, rowCount);
      return;
    }
    const { context } = this.#run;
    const row = this.#scratch;
    for (let at = 0; at < rowCount; at++) {
      let hasNull = false;
      for (let i = 0; i < row.length; i++) {
        const value = datumAt(args[i], at);
        if (value === null) hasNull = true;
        row[i] = value;
      }
      if (hasNull && isStrict) continue;
      const group = groups === undefined ? 0 : groups[at];
      states[group] = aggregate.step(states[group], row, context);
    }
  }

  /** DISTINCT: only rows whose (group, arguments) has not been there. */
  #stepNew(args: readonly Vector[], groups: Int32Array | undefined, rowCount: number): void {
    const seen = this.#seen;
    if (seen === undefined) throw new InvariantError('the distinct way remembers what it has seen');
    const numbers = new Int32Array(rowCount);
    let next = seen.size;
    const groupVector: Vector = { values: (groups ?? new Int32Array(rowCount)).subarray(0, rowCount), nulls: undefined, mask: -1 };
    const rows = new Int32Array(rowCount);
    let count = 0;
    if (this.#sorter !== undefined) {
      seen.find([groupVector, ...args], rowCount, numbers);
      for (let row = 0; row < rowCount; row++) if (numbers[row] < 0) rows[count++] = row;
      if (count > 0) this.#late.push(gatherBatch({ rowCount, columns: [groupVector, ...args] }, rows, count));
      return;
    }
    const before = seen.bytes;
    seen.number([groupVector, ...args], rowCount, numbers);
    this.#charge(seen.bytes - before);
    for (let row = 0; row < rowCount; row++) {
      if (numbers[row] !== next) continue;
      rows[count++] = row;
      next++;
    }
    if (count === 0) return;
    let newGroups: Int32Array | undefined;
    if (groups !== undefined) {
      newGroups = new Int32Array(count);
      for (let i = 0; i < count; i++) newGroups[i] = groups[rows[i]];
    }
    this.#step(
      args.map((vector) => gather(vector, rows, count)),
      newGroups,
      count,
    );
  }

  #collect(batch: Batch, args: readonly Vector[], groups: Int32Array | undefined): void {
    const numbers = groups === undefined ? new Int32Array(batch.rowCount) : groups.slice(0, batch.rowCount);
    const keys = evaluateAll(this.#aggregate.keys, batch, this.#run);
    this.#late.push({ rowCount: batch.rowCount, columns: [{ values: numbers, nulls: undefined, mask: -1 }, ...args, ...keys] });
  }

  /** Rows for the sorter, which may have to write: `spill` hands them over. */
  readonly #late: Batch[] = [];

  /** After each `add`: writes what work memory does not hold. */
  *spill(): Generator<Wait, void, undefined> {
    const { way, argTypes, keyTypes, orders } = this.#aggregate;
    if (way === 'distinct' && this.#sorter === undefined && this.#run.memory.mustSpill(this.#seen?.bytes ?? 0, 'hash'))
      this.#sorter = new RowSorter([oid.int4, ...argTypes], 0, [groupOrder, ...argTypes.map(plainOrder)], this.#run);
    if (this.#late.length === 0) return;
    // The collected way sorts by the group, too, which therefore stands once more before the keys.
    this.#sorter ??= new RowSorter([oid.int4, ...argTypes, oid.int4, ...keyTypes], 1 + argTypes.length, [groupOrder, ...orders], this.#run);
    for (const batch of this.#late.splice(0)) {
      const [group, ...rest] = batch.columns;
      const columns =
        way === 'distinct' ? batch.columns : [group, ...rest.slice(0, argTypes.length), group, ...rest.slice(argTypes.length)];
      yield* this.#sorter.add({ rowCount: batch.rowCount, columns });
    }
  }

  #noteDirectArgs(batch: Batch, groups: Int32Array | undefined): void {
    const known = this.#directArgs;
    let values: readonly Vector[] | undefined;
    for (let row = 0; row < batch.rowCount; row++) {
      const group = groups === undefined ? 0 : groups[row];
      if (known[group] !== undefined) continue;
      values ??= evaluateAll(this.#aggregate.directArgs, batch, this.#run);
      known[group] = values.map((vector) => datumAt(vector, row));
    }
  }

  /** The answers, one a group. */
  *finish(groupCount: number): Generator<Wait, Datum[], undefined> {
    this.grow(groupCount);
    yield* this.spill();
    const { function: aggregate, way } = this.#aggregate;
    const { context } = this.#run;
    if (this.#aggregate.isOrderedSet) return yield* this.#finishOrdered(groupCount);
    if (this.#sorter !== undefined) yield* this.#finishSorted(this.#sorter, way === 'distinct' || this.#aggregate.call.isDistinct);
    const out: Datum[] = new Array(groupCount);
    for (let group = 0; group < groupCount; group++) {
      out[group] = aggregate.final(this.#states[group], context);
      if ((group & 0x3ff) === 0x3ff && this.#run.shouldPause()) yield this.#run.pause();
    }
    return out;
  }

  /** Steps through the rows kept, group by group and in order. */
  *#finishSorted(sorter: RowSorter, isDistinct: boolean): Generator<Wait, void, undefined> {
    const { function: aggregate, isStrict, argTypes } = this.#aggregate;
    const sameArguments = rowComparator(argTypes.map(plainOrder));
    let previous: readonly Datum[] | undefined;
    let previousGroup = -1;
    for (const item of sorter.sorted()) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const args = item.columns.slice(1, 1 + argTypes.length);
      for (let at = 0; at < item.rowCount; at++) {
        const group = Number(datumAt(item.columns[0], at));
        const row = args.map((vector) => datumAt(vector, at));
        const isRepeated = isDistinct && previous !== undefined && group === previousGroup && sameArguments(previous, row) === 0;
        previous = row;
        previousGroup = group;
        if (isRepeated || (isStrict && row.includes(null))) continue;
        this.#states[group] = aggregate.step(this.#states[group], row, this.#run.context);
      }
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
  }

  /** Ordered-set aggregates get the rows of one group whole. */
  *#finishOrdered(groupCount: number): Generator<Wait, Datum[], undefined> {
    const { function: aggregate, skipsNulls, call, argTypes } = this.#aggregate;
    const { finalOrdered } = aggregate;
    if (finalOrdered === undefined) throw new InvariantError('an ordered-set aggregate has finalOrdered');
    const compare = rowComparator(call.orderBy.map(keyOrder));
    const out: Datum[] = new Array(groupCount);
    let group = 0;
    let rows: (readonly Datum[])[] = [];
    const answer = (): void => {
      out[group] = finalOrdered(rows, this.#directArgs[group] ?? this.#directArgsOfNoRow(), this.#run.context, compare);
      rows = [];
      group++;
    };
    for (const item of this.#sorter?.sorted() ?? []) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const args = item.columns.slice(1, 1 + argTypes.length);
      for (let at = 0; at < item.rowCount; at++) {
        while (group < Number(datumAt(item.columns[0], at))) answer();
        const row = args.map((vector) => datumAt(vector, at));
        if (!skipsNulls || !row.includes(null)) rows.push(row);
      }
      if (this.#run.shouldPause()) yield this.#run.pause();
    }
    while (group < groupCount) answer();
    return out;
  }

  /** A group without rows is the one of an aggregation without GROUP BY: its direct arguments name no columns. */
  #directArgsOfNoRow(): readonly Datum[] {
    return evaluateAll(this.#aggregate.directArgs, { rowCount: 1, columns: [] }, this.#run).map((vector) => datumAt(vector, 0));
  }

  release(): void {
    this.#run.memory.release(this.#charged);
    this.#charged = 0;
    this.#sorter?.release();
    this.#late.length = 0;
    this.#states = [];
  }
}

const plainOrder = (typeOid: number): KeyOrder => ({ typeOid, descending: false, nullsFirst: false });
const groupOrder = plainOrder(oid.int4);
