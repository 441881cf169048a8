/**
 * Aggregates that take rows in any order: count, sum, avg, min, max, bool_*, bit_*, string_agg, array_agg, any_value. Variances and regressions are
 * statistics.ts, ordered-set aggregates ordered-aggregates.ts.
 *
 * No aggregate of pg_proc is marked strict: each step looks at its NULLs itself. Sums of integers are exact at any size, sums of floats are
 * added in the order of their rows, as PostgreSQL does both.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, type Vector } from '../batch.ts';
import { type Datum, int8 } from '../datum.ts';
import { type AggregateFunction, aggregate, type CallTypes, type Implementation, type Implementations, type NonNull } from '../function.ts';
import { ArrayValue } from '../types/array-value.ts';
import type { Interval } from '../types/interval-value.ts';
import { addNumeric, divideNumeric, numericOfInteger } from '../types/numeric-arithmetic.ts';
import type { Numeric } from '../types/numeric-value.ts';
import { typeByOid } from '../types/registry.ts';
import { checkOverflow } from './float.ts';
import { addToSpread, combineSpreads, type FloatSpread, newFloatSpread } from './float-spread.ts';
import { toInt8 } from './integer.ts';
import { addIntervals, divideInterval } from './interval-arithmetic.ts';
import { nestArrays } from './nested-array.ts';

type Whole = number | bigint;

/** Calls `f` for each value that is not NULL, with its group. */
function forEachValue(groups: Int32Array | undefined, vector: Vector, rowCount: number, f: (group: number, value: NonNull) => void): void {
  for (let row = 0; row < rowCount; row++) {
    const value = datumAt(vector, row);
    if (value !== null) f(groups === undefined ? 0 : groups[row], value);
  }
}

/** An aggregate whose step needs the value alone: the vector way follows from it. */
function ofValues<State>(own: {
  readonly initial: State;
  readonly add: (state: State, value: never) => State;
  readonly final: (state: State) => Datum;
  readonly combine: (a: State, b: State) => State;
}): Implementation {
  const add = own.add as (state: State, value: NonNull) => State;
  return aggregate<State>({
    initial: () => own.initial,
    step: (state, args) => (args[0] === null ? state : add(state, args[0])),
    final: own.final,
    combine: own.combine,
    stepVector: (states, groups, vector, rowCount) =>
      forEachValue(groups, vector, rowCount, (group, value) => {
        states[group] = add(states[group], value);
      }),
  });
}

/** A sum or the like that is NULL until the first value. */
function reduce<Value extends NonNull>(
  f: (a: Value, b: Value) => Value,
  final: (state: Value) => Datum = (state) => state,
): Implementation {
  const add = (state: Value | null, value: Value | null): Value | null =>
    state === null ? value : value === null ? state : f(state, value);
  return ofValues<Value | null>({
    initial: null,
    add,
    final: (state) => (state === null ? null : final(state)),
    combine: add,
  });
}

// count

const countRows: AggregateFunction<number> = {
  initial: () => 0,
  step: (state) => state + 1,
  final: (state) => state,
  combine: (a, b) => a + b,
  stepVector: (states, groups, _, rowCount) => {
    if (groups === undefined) states[0] += rowCount;
    else for (let row = 0; row < rowCount; row++) states[groups[row]]++;
  },
};

const countValues: AggregateFunction<number> = {
  ...countRows,
  step: (state, args) => (args[0] === null ? state : state + 1),
  stepVector: (states, groups, vector, rowCount) => {
    const { values, nulls, mask } = vector;
    for (let row = 0; row < rowCount; row++) {
      const at = row & mask;
      if (values[at] === null || (nulls !== undefined && nulls[at] === 1)) continue;
      states[groups === undefined ? 0 : groups[row]]++;
    }
  },
};

// sums and averages of integers

/** Exact at any size: a number while that is safe, a bigint beyond. */
function addWhole(a: Whole, b: Whole): Whole {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= Number.MAX_SAFE_INTEGER && sum >= Number.MIN_SAFE_INTEGER) return sum;
  }
  return int8(BigInt(a) + BigInt(b));
}

// Hot: the commonest aggregate.
function addWholeVector(states: (Whole | null)[], groups: Int32Array | undefined, vector: Vector, rowCount: number): void {
  const { values, nulls, mask } = vector;
  for (let row = 0; row < rowCount; row++) {
    const at = row & mask;
    const value = values[at];
    if ((nulls !== undefined && nulls[at] === 1) || (typeof value !== 'number' && typeof value !== 'bigint')) continue;
    const group = groups === undefined ? 0 : groups[row];
    const state = states[group];
    states[group] = state === null ? value : addWhole(state, value);
  }
}

function sumOfIntegers(final: (sum: Whole) => Datum): Implementation {
  return aggregate<Whole | null>({
    initial: () => null,
    step: (state, args) => {
      const value = args[0] as Whole | null;
      return value === null ? state : state === null ? value : addWhole(state, value);
    },
    final: (state) => (state === null ? null : final(state)),
    combine: (a, b) => (a === null ? b : b === null ? a : addWhole(a, b)),
    stepVector: addWholeVector,
  });
}

/** A running average: PostgreSQL divides the exact sum by the count. */
type Average<Sum> = { sum: Sum; count: number };

function average<Sum, Value extends NonNull>(own: {
  readonly zero: Sum;
  readonly add: (sum: Sum, value: Value) => Sum;
  readonly combine: (a: Sum, b: Sum) => Sum;
  readonly final: (sum: Sum, count: number) => Datum;
}): Implementation {
  const add = (state: Average<Sum>, value: Value): void => {
    state.sum = own.add(state.sum, value);
    state.count++;
  };
  return aggregate<Average<Sum>>({
    initial: () => ({ sum: own.zero, count: 0 }),
    step: (state, args) => {
      if (args[0] !== null) add(state, args[0] as Value);
      return state;
    },
    final: (state) => (state.count === 0 ? null : own.final(state.sum, state.count)),
    combine: (a, b) => ({ sum: own.combine(a.sum, b.sum), count: a.count + b.count }),
    stepVector: (states, groups, vector, rowCount) =>
      forEachValue(groups, vector, rowCount, (group, value) => add(states[group], value as Value)),
  });
}

const averageOfIntegers = average<Whole, Whole>({
  zero: 0,
  add: addWhole,
  combine: addWhole,
  final: (sum, count) => divideNumeric(numericOfInteger(sum), numericOfInteger(count)),
});

const averageOfNumerics = average<Numeric | null, Numeric>({
  zero: null,
  add: (sum, value) => (sum === null ? value : addNumeric(sum, value)),
  combine: (a, b) => (a === null ? b : b === null ? a : addNumeric(a, b)),
  final: (sum, count) => (sum === null ? null : divideNumeric(sum, numericOfInteger(count))),
});

const addFloats = (a: number, b: number): number => checkOverflow(a + b, a, b);
const addReals = (a: number, b: number): number => checkOverflow(Math.fround(a + b), a, b);

/** PostgreSQL keeps the spread beside the sum even for an average, and fails where that overflows. */
const averageOfFloats = aggregate<FloatSpread>({
  initial: newFloatSpread,
  step: (state, args) => {
    if (typeof args[0] === 'number') addToSpread(state, args[0]);
    return state;
  },
  final: (state) => (state.count === 0 ? null : state.sum / state.count),
  combine: combineSpreads,
  stepVector: (states, groups, vector, rowCount) =>
    forEachValue(groups, vector, rowCount, (group, value) => addToSpread(states[group], Number(value))),
});

const averageOfIntervals = average<Interval | null, Interval>({
  zero: null,
  add: (sum, value) => (sum === null ? value : addIntervals(sum, value)),
  combine: (a, b) => (a === null ? b : b === null ? a : addIntervals(a, b)),
  final: (sum, count) => (sum === null ? null : divideInterval(sum, count)),
});

// min and max

/** Types with min and max, by name. On a tie the later value stays, which shows in numeric's scale; for bpchar the earlier. */
const extremeTypes = [
  'int2',
  'int4',
  'int8',
  'oid',
  'float4',
  'float8',
  'numeric',
  'text',
  'bpchar',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'inet',
  'xid8',
  'anyarray',
] as const;

/** Those whose datums JavaScript orders itself. */
const plainlyOrdered: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'oid', 'date', 'time', 'timestamp', 'timestamptz', 'xid8']);

function extremeOfPlain(sign: 1 | -1): Implementation {
  type State = Whole | null;
  const better = sign > 0 ? (a: Whole, b: Whole) => (a > b ? a : b) : (a: Whole, b: Whole) => (a < b ? a : b);
  return aggregate<State>({
    initial: () => null,
    step: (state, args) => {
      const value = args[0] as State;
      return value === null ? state : state === null ? value : better(state, value);
    },
    final: (state) => state,
    combine: (a, b) => (a === null ? b : b === null ? a : better(a, b)),
    stepVector: (states, groups, vector, rowCount) => {
      const { values, nulls, mask } = vector;
      for (let row = 0; row < rowCount; row++) {
        const at = row & mask;
        const value = values[at];
        if ((nulls !== undefined && nulls[at] === 1) || (typeof value !== 'number' && typeof value !== 'bigint')) continue;
        const group = groups === undefined ? 0 : groups[row];
        const state = states[group];
        if (state === null || (sign > 0 ? value > state : value < state)) states[group] = value;
      }
    },
  });
}

function extremeByType(sign: 1 | -1, keepsEarlier: boolean): Implementation {
  const forTypes = ({ args }: CallTypes): AggregateFunction<Datum> => {
    const { compare, displayName } = typeByOid(args[0]);
    if (compare === undefined)
      throw new SqlError(sqlstate.undefinedFunction, `could not identify a comparison function for type ${displayName}`);
    const better = (state: Datum, value: Datum): Datum => {
      if (state === null || value === null) return state ?? value;
      const order = compare(state, value) * sign;
      return order > 0 || (order === 0 && keepsEarlier) ? state : value;
    };
    return {
      initial: () => null,
      step: (state, values) => better(state, values[0]),
      final: (state) => state,
      combine: better,
      stepVector: (states, groups, vector, rowCount) =>
        forEachValue(groups, vector, rowCount, (group, value) => {
          states[group] = better(states[group], value);
        }),
    };
  };
  return { kind: 'aggregate', forTypes };
}

function extremes(): Implementations {
  const table: Record<string, Implementation> = {};
  for (const type of extremeTypes)
    for (const [name, sign] of [
      ['max', 1],
      ['min', -1],
    ] as const)
      table[`${name}(${type})`] = plainlyOrdered.has(type) ? extremeOfPlain(sign) : extremeByType(sign, type === 'bpchar');
  return table;
}

// text, bytes and arrays

/** Values joined so far, and the delimiter in front of them: it is used only when this part is put behind another. */
type Joined<Value> = { readonly value: Value; readonly delimiter: Value } | null;

function joining<Value extends NonNull>(nothing: Value, concatenate: (...parts: readonly Value[]) => Value): Implementation {
  const combine = (a: Joined<Value>, b: Joined<Value>): Joined<Value> =>
    a === null ? b : b === null ? a : { value: concatenate(a.value, b.delimiter, b.value), delimiter: a.delimiter };
  return aggregate<Joined<Value>>({
    initial: () => null,
    step: (state, args) => {
      const [value, delimiter] = args as readonly (Value | null)[];
      return value === null ? state : combine(state, { value, delimiter: delimiter ?? nothing });
    },
    final: (state) => (state === null ? null : state.value),
    combine,
  });
}

const joinText = (...parts: readonly string[]): string => parts.join('');
const joinBytes = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** NULLs are items like any other. */
const arrayOfItems = ({ args }: CallTypes): AggregateFunction<Datum[]> => ({
  initial: () => [],
  step: (state, values) => {
    state.push(values[0]);
    return state;
  },
  final: (state) => (state.length === 0 ? null : new ArrayValue(args[0], state)),
  combine: (a, b) => a.concat(b),
});

const arrayOfArrays = ({ args }: CallTypes): AggregateFunction<ArrayValue[]> => ({
  initial: () => [],
  step: (state, [value]) => {
    if (!(value instanceof ArrayValue)) throw new SqlError(sqlstate.nullValueNotAllowed, 'cannot accumulate null arrays');
    const [first] = state;
    if (first === undefined && value.dimensions.length === 0)
      throw new SqlError(sqlstate.arraySubscriptError, 'cannot accumulate empty arrays');
    if (first !== undefined && !first.hasShapeOf(value))
      throw new SqlError(sqlstate.arraySubscriptError, 'cannot accumulate arrays of different dimensionality');
    state.push(value);
    return state;
  },
  final: (state) => (state.length === 0 ? null : nestArrays(typeByOid(args[0]).elementOid, state)),
  combine: (a, b) => a.concat(b),
});

// bits

const bitsOf =
  (f: (a: bigint, b: bigint) => bigint) =>
  (a: Whole, b: Whole): Whole =>
    int8(BigInt.asIntN(64, f(BigInt(a), BigInt(b))));

function bitAggregates(): Implementations {
  const table: Record<string, Implementation> = {};
  const operations = {
    bit_and: bitsOf((a, b) => a & b),
    bit_or: bitsOf((a, b) => a | b),
    bit_xor: bitsOf((a, b) => a ^ b),
  };
  for (const [name, f] of Object.entries(operations))
    for (const type of ['int2', 'int4', 'int8']) table[`${name}(${type})`] = reduce<Whole>(f);
  return table;
}

const everyTrue = reduce<boolean>((a, b) => a && b);

export const aggregateFunctions: Implementations = {
  'count()': aggregate(countRows),
  'count(any)': aggregate(countValues),
  'sum(int2)': sumOfIntegers((sum) => toInt8(BigInt(sum))),
  'sum(int4)': sumOfIntegers((sum) => toInt8(BigInt(sum))),
  'sum(int8)': sumOfIntegers(numericOfInteger),
  'sum(float4)': reduce<number>(addReals),
  'sum(float8)': reduce<number>(addFloats),
  'sum(numeric)': reduce<Numeric>(addNumeric),
  'sum(interval)': reduce<Interval>(addIntervals),
  'avg(int2)': averageOfIntegers,
  'avg(int4)': averageOfIntegers,
  'avg(int8)': averageOfIntegers,
  'avg(numeric)': averageOfNumerics,
  'avg(float4)': averageOfFloats,
  'avg(float8)': averageOfFloats,
  'avg(interval)': averageOfIntervals,
  ...extremes(),
  'bool_and(bool)': everyTrue,
  'every(bool)': everyTrue,
  'bool_or(bool)': reduce<boolean>((a, b) => a || b),
  ...bitAggregates(),
  'string_agg(text,text)': joining('', joinText),
  'string_agg(bytea,bytea)': joining(new Uint8Array(0), joinBytes),
  'array_agg(anynonarray)': { kind: 'aggregate', forTypes: arrayOfItems },
  'array_agg(anyarray)': { kind: 'aggregate', forTypes: arrayOfArrays },
  'any_value(anyelement)': ofValues<Datum>({
    initial: null,
    add: (state: Datum, value: NonNull) => state ?? value,
    final: (state) => state,
    combine: (a, b) => a ?? b,
  }),
};
