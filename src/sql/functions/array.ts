/** Functions of arrays: making, taking apart, searching. Two items are the same when their type says so; NULL is found where NULL is looked for. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import {
  type CallTypes,
  type EvaluationContext,
  type Implementations,
  polymorphic,
  type ScalarFunction,
  scalar,
  setReturning,
} from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { typeByOid } from '../types/registry.ts';
import { outputOf } from './text-cast.ts';

const subscriptError = (message: string, detail?: string): SqlError => new SqlError(sqlstate.arraySubscriptError, message, { detail });
const notNull = (message: string): SqlError => new SqlError(sqlstate.nullValueNotAllowed, message);

/** Item type of an array type. */
const itemTypeOf = (arrayOid: number): number => typeByOid(arrayOid).elementOid;

type Equal = (a: NonNull, b: NonNull) => boolean;

function equalityOf(itemOid: number): Equal {
  const { compare, displayName } = typeByOid(itemOid);
  if (compare === undefined)
    throw new SqlError(sqlstate.undefinedFunction, `could not identify an equality operator for type ${displayName}`);
  return (a, b) => compare(a, b) === 0;
}

const isSame = (equal: Equal, a: Datum, b: Datum): boolean => (a === null || b === null ? a === b : equal(a, b));

/** A one-dimensional array with other items and the same lower bound. */
const withItems = (array: ArrayValue, items: readonly Datum[]): ArrayValue =>
  items.length === 0
    ? new ArrayValue(array.elementOid, [])
    : new ArrayValue(array.elementOid, items, [items.length], [array.lowerBounds[0] ?? 1]);

const notFlat = (): SqlError => new SqlError(sqlstate.dataException, 'argument must be empty or one-dimensional array');

const append = ({ result }: CallTypes): ScalarFunction => {
  const itemOid = itemTypeOf(result);
  return (array: ArrayValue | null, item: Datum) => {
    if (array === null) return new ArrayValue(itemOid, [item]);
    if (array.dimensions.length > 1) throw notFlat();
    return withItems(array, [...array.items, item]);
  };
};

const prepend = ({ result }: CallTypes): ScalarFunction => {
  const itemOid = itemTypeOf(result);
  return (item: Datum, array: ArrayValue | null) => {
    if (array === null) return new ArrayValue(itemOid, [item]);
    if (array.dimensions.length > 1) throw notFlat();
    return withItems(array, [item, ...array.items]);
  };
};

const cannotConcatenate = (detail: string): SqlError => subscriptError('cannot concatenate incompatible arrays', detail);

/** Along the first dimension; an array of one dimension less is one more item. */
function concatenate(a: ArrayValue | null, b: ArrayValue | null): ArrayValue | null {
  if (a === null) return b;
  if (b === null || b.dimensions.length === 0) return a;
  if (a.dimensions.length === 0) return b;
  const difference = a.dimensions.length - b.dimensions.length;
  if (Math.abs(difference) > 1)
    throw cannotConcatenate(`Arrays of ${a.dimensions.length} and ${b.dimensions.length} dimensions are not compatible for concatenation.`);
  const items = [...a.items, ...b.items];
  if (difference === 0) {
    for (let i = 1; i < a.dimensions.length; i++)
      if (a.dimensions[i] !== b.dimensions[i] || a.lowerBounds[i] !== b.lowerBounds[i])
        throw cannotConcatenate('Arrays with differing element dimensions are not compatible for concatenation.');
    return new ArrayValue(a.elementOid, items, [a.dimensions[0] + b.dimensions[0], ...a.dimensions.slice(1)], a.lowerBounds);
  }
  const [outer, inner] = difference > 0 ? [a, b] : [b, a];
  for (let i = 0; i < inner.dimensions.length; i++)
    if (outer.dimensions[i + 1] !== inner.dimensions[i] || outer.lowerBounds[i + 1] !== inner.lowerBounds[i])
      throw cannotConcatenate('Arrays with differing dimensions are not compatible for concatenation.');
  return new ArrayValue(a.elementOid, items, [outer.dimensions[0] + 1, ...outer.dimensions.slice(1)], outer.lowerBounds);
}

/** Subscripts where the item stands, from a subscript on. */
const positions =
  (each: (found: number[]) => Datum, onlyFirst: boolean) =>
  (types: CallTypes): ScalarFunction => {
    const equal = equalityOf(itemTypeOf(types.args[0]));
    return (array: ArrayValue | null, item: Datum, start: number | null | EvaluationContext) => {
      if (array === null) return null;
      if (array.dimensions.length > 1) throw notSupported('searching for elements in multidimensional arrays is not supported');
      if (array.items.length === 0) return each([]);
      // An array that cannot hold it is answered without a look at where to begin.
      if (onlyFirst && item === null && !array.items.includes(null)) return null;
      if (start === null) throw notNull('initial position must not be null');
      const lowest = array.lowerBounds[0] ?? 1;
      const from = typeof start === 'number' ? Math.max(0, start - lowest) : 0;
      const found: number[] = [];
      for (let i = from; i < array.items.length; i++)
        if (isSame(equal, array.items[i], item)) {
          found.push(i + lowest);
          if (onlyFirst) break;
        }
      return each(found);
    };
  };

const firstPosition = positions((found) => found[0] ?? null, true);
const allPositions = positions((found) => new ArrayValue(oid.int4, found), false);

const remove = (types: CallTypes): ScalarFunction => {
  const equal = equalityOf(itemTypeOf(types.args[0]));
  return (array: ArrayValue | null, item: Datum) => {
    if (array === null) return null;
    if (array.dimensions.length > 1) throw notSupported('removing elements from multidimensional arrays is not supported');
    const kept = array.items.filter((own) => !isSame(equal, own, item));
    return kept.length === array.items.length ? array : withItems(array, kept);
  };
};

const replace = (types: CallTypes): ScalarFunction => {
  const equal = equalityOf(itemTypeOf(types.args[0]));
  return (array: ArrayValue | null, from: Datum, to: Datum) =>
    array === null
      ? null
      : new ArrayValue(
          array.elementOid,
          array.items.map((own) => (isSame(equal, own, from) ? to : own)),
          array.dimensions,
          array.lowerBounds,
        );
};

const toText = (types: CallTypes): ScalarFunction => {
  const print = outputOf(itemTypeOf(types.args[0]));
  return (array: ArrayValue | null, delimiter: string | null, nullText: string | null | EvaluationContext, last?: EvaluationContext) => {
    if (array === null || delimiter === null) return null;
    const context = last ?? (nullText as EvaluationContext);
    const forNull = last === undefined || typeof nullText !== 'string' ? undefined : nullText;
    const parts: string[] = [];
    for (const item of array.items) {
      if (item !== null) parts.push(print(item, context));
      else if (forNull !== undefined) parts.push(forNull);
    }
    return parts.join(delimiter);
  };
};

/** Whether every item of `part` is in `whole`; NULL is in nothing. */
function containsAll(equal: Equal, whole: ArrayValue, part: ArrayValue): boolean {
  return part.items.every((item) => item !== null && whole.items.some((own) => own !== null && equal(own, item)));
}

const containment =
  (f: (equal: Equal, a: ArrayValue, b: ArrayValue) => boolean) =>
  (types: CallTypes): ScalarFunction => {
    const equal = equalityOf(itemTypeOf(types.args[0]));
    return (a: ArrayValue, b: ArrayValue) => f(equal, a, b);
  };

const tooManyItems = (): SqlError => new SqlError(sqlstate.programLimitExceeded, 'array size exceeds the maximum allowed (134217727)');

const fill = ({ args }: CallTypes): ScalarFunction => {
  const itemOid = args[0];
  return (item: Datum, dimensions: ArrayValue | null, bounds: ArrayValue | null | EvaluationContext) => {
    if (dimensions === null || bounds === null) throw notNull('dimension array or low bound array cannot be null');
    const lengths = flatNumbers(dimensions, 'Dimension array must be one dimensional.', 'dimension values cannot be null');
    if (lengths.length > 6)
      throw new SqlError(sqlstate.programLimitExceeded, `number of array dimensions (${lengths.length}) exceeds the maximum allowed (6)`);
    const lowest =
      bounds instanceof ArrayValue
        ? flatNumbers(bounds, 'Dimension array must be one dimensional.', 'dimension values cannot be null')
        : lengths.map(() => 1);
    if (lowest.length !== lengths.length)
      throw subscriptError('wrong number of array subscripts', 'Low bound array has different size than dimensions array.');
    let count = lengths.length === 0 ? 0 : 1;
    for (const length of lengths) {
      if (length < 0) throw tooManyItems();
      count *= length;
    }
    if (count > 134217727) throw tooManyItems();
    for (const [at, length] of lengths.entries())
      if (lowest[at] + length > 2147483647)
        throw new SqlError(sqlstate.programLimitExceeded, `array lower bound is too large: ${lowest[at]}`);
    return count === 0 ? new ArrayValue(itemOid, []) : new ArrayValue(itemOid, new Array<Datum>(count).fill(item), lengths, lowest);
  };
};

function flatNumbers(array: ArrayValue, detail: string, nullMessage: string): number[] {
  if (array.dimensions.length > 1) throw subscriptError('wrong number of array subscripts', detail);
  return array.items.map((item) => {
    if (item === null) throw notNull(nullMessage);
    return Number(item);
  });
}

function trimArray(array: ArrayValue, count: number): ArrayValue {
  const length = array.dimensions[0] ?? 0;
  if (count < 0 || count > length) throw subscriptError(`number of elements to trim must be between 0 and ${length}`);
  const kept = length - count;
  if (kept === 0) return new ArrayValue(array.elementOid, []);
  const items = array.items.slice(0, (array.items.length / length) * kept);
  return new ArrayValue(array.elementOid, items, [kept, ...array.dimensions.slice(1)]);
}

const bounds = (array: ArrayValue): string =>
  array.dimensions.map((length, i) => `[${array.lowerBounds[i]}:${array.lowerBounds[i] + length - 1}]`).join('');

/** A dimension by its number; undefined where there is none of it. */
const dimension = (array: ArrayValue, number: number): { readonly length: number; readonly lowest: number } | undefined =>
  number < 1 || number > array.dimensions.length
    ? undefined
    : { length: array.dimensions[number - 1], lowest: array.lowerBounds[number - 1] };

function* subscripts(array: ArrayValue, number: number, isReverse: boolean): Generator<number> {
  const found = dimension(array, number);
  if (found === undefined) return;
  const { length, lowest } = found;
  for (let i = 0; i < length; i++) yield isReverse ? lowest + length - 1 - i : lowest + i;
}

/** First-dimension items in an order of chance, the first `count` of them. */
function shuffled(array: ArrayValue, count: number, context: EvaluationContext): ArrayValue {
  const length = array.dimensions[0] ?? 0;
  const order = Array.from({ length }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const other = i + Math.floor(context.random.float() * (length - i));
    [order[i], order[other]] = [order[other], order[i]];
  }
  const size = length === 0 ? 0 : array.items.length / length;
  const items = order.slice(0, count).flatMap((i) => array.items.slice(i * size, (i + 1) * size));
  return items.length === 0
    ? new ArrayValue(array.elementOid, [])
    : new ArrayValue(array.elementOid, items, [count, ...array.dimensions.slice(1)]);
}

/** Which of the sorted thresholds lie at or below the operand, counted. */
const widthBucket = (types: CallTypes): ScalarFunction => {
  const { compare } = typeByOid(types.args[0]);
  return (operand: NonNull, thresholds: ArrayValue) => {
    if (thresholds.dimensions.length > 1) throw subscriptError('thresholds must be one-dimensional array');
    if (thresholds.items.includes(null)) throw notNull('thresholds array must not contain NULLs');
    let low = 0;
    let high = thresholds.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const threshold = thresholds.items[middle];
      if (threshold !== null && compare !== undefined && compare(operand, threshold) < 0) high = middle;
      else low = middle + 1;
    }
    return low;
  };
};

export const arrayFunctions: Implementations = {
  'array_append(anycompatiblearray,anycompatible)': polymorphic(append),
  'array_prepend(anycompatible,anycompatiblearray)': polymorphic(prepend),
  'array_cat(anycompatiblearray,anycompatiblearray)': scalar(concatenate),
  'array_position(anycompatiblearray,anycompatible)': polymorphic(firstPosition),
  'array_position(anycompatiblearray,anycompatible,int4)': polymorphic(firstPosition),
  'array_positions(anycompatiblearray,anycompatible)': polymorphic(allPositions),
  'array_remove(anycompatiblearray,anycompatible)': polymorphic(remove),
  'array_replace(anycompatiblearray,anycompatible,anycompatible)': polymorphic(replace),
  'array_to_string(anyarray,text)': polymorphic(toText),
  'array_to_string(anyarray,text,text)': polymorphic(toText),
  'array_length(anyarray,int4)': scalar((array: ArrayValue, number: number) => dimension(array, number)?.length ?? null),
  'array_lower(anyarray,int4)': scalar((array: ArrayValue, number: number) => dimension(array, number)?.lowest ?? null),
  'array_upper(anyarray,int4)': scalar((array: ArrayValue, number: number) => {
    const found = dimension(array, number);
    return found === undefined ? null : found.lowest + found.length - 1;
  }),
  'array_ndims(anyarray)': scalar((array: ArrayValue) => (array.dimensions.length === 0 ? null : array.dimensions.length)),
  'array_dims(anyarray)': scalar((array: ArrayValue) => (array.dimensions.length === 0 ? null : bounds(array))),
  'cardinality(anyarray)': scalar((array: ArrayValue) => array.items.length),
  'arraycontains(anyarray,anyarray)': polymorphic(containment(containsAll)),
  'arraycontained(anyarray,anyarray)': polymorphic(containment((equal, a, b) => containsAll(equal, b, a))),
  'arrayoverlap(anyarray,anyarray)': polymorphic(
    containment((equal, a, b) => a.items.some((item) => item !== null && b.items.some((other) => other !== null && equal(item, other)))),
  ),
  'array_larger(anyarray,anyarray)': polymorphic(({ args }) => {
    const { compare } = typeByOid(args[0]);
    return (a: ArrayValue, b: ArrayValue) => (compare !== undefined && compare(a, b) > 0 ? a : b);
  }),
  'array_smaller(anyarray,anyarray)': polymorphic(({ args }) => {
    const { compare } = typeByOid(args[0]);
    return (a: ArrayValue, b: ArrayValue) => (compare !== undefined && compare(a, b) < 0 ? a : b);
  }),
  'array_fill(anyelement,_int4)': polymorphic(fill),
  'array_fill(anyelement,_int4,_int4)': polymorphic(fill),
  'trim_array(anyarray,int4)': scalar(trimArray),
  'array_shuffle(anyarray)': scalar((array: ArrayValue, context: EvaluationContext) => shuffled(array, array.dimensions[0] ?? 0, context)),
  'array_sample(anyarray,int4)': scalar((array: ArrayValue, count: number, context: EvaluationContext) => {
    const length = array.dimensions[0] ?? 0;
    if (count < 0 || count > length) throw new SqlError(sqlstate.invalidParameterValue, `sample size must be between 0 and ${length}`);
    return shuffled(array, count, context);
  }),
  'width_bucket(anycompatible,anycompatiblearray)': polymorphic(widthBucket),
  'unnest(anyarray)': setReturning((array: ArrayValue) => array.items),
  'generate_subscripts(anyarray,int4)': setReturning((array: ArrayValue, number: number) => subscripts(array, number, false)),
  'generate_subscripts(anyarray,int4,bool)': setReturning((array: ArrayValue, number: number, isReverse: boolean) =>
    subscripts(array, number, isReverse),
  ),
  '_pg_expandarray(anyarray)': setReturning((array: ArrayValue) => array.items.map((item, index) => [item, index + 1])),
};
