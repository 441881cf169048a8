/**
 * Assignment to an element or a slice of an array: a new array with the old one's other elements. A one-dimensional array grows to where
 * it is assigned to, the gap filled with NULLs; one of more dimensions keeps its bounds.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { ArrayValue } from './array-value.ts';

/** PostgreSQL's own limit of elements. */
const itemsMax = 134_217_727;

const subscriptError = (message: string, detail?: string): SqlError =>
  new SqlError(sqlstate.arraySubscriptError, message, detail === undefined ? {} : { detail });

function requireSize(length: number): void {
  if (length > itemsMax) throw new SqlError(sqlstate.programLimitExceeded, `array size exceeds the maximum allowed (${itemsMax})`);
}

export function assignElement(array: ArrayValue, subscripts: readonly number[], value: Datum): ArrayValue {
  const { elementOid, dimensions, lowerBounds, items } = array;
  if (dimensions.length === 0)
    return new ArrayValue(
      elementOid,
      [value],
      subscripts.map(() => 1),
      subscripts,
    );
  if (dimensions.length !== subscripts.length) throw subscriptError('wrong number of array subscripts');
  if (dimensions.length === 1) {
    const [grown, offset, lower] = grownTo(array, subscripts[0], subscripts[0]);
    grown[offset] = value;
    return new ArrayValue(elementOid, grown, [grown.length], [lower]);
  }
  let offset = 0;
  for (let i = 0; i < dimensions.length; i++) {
    const at = subscripts[i] - lowerBounds[i];
    if (at < 0 || at >= dimensions[i]) throw subscriptError('array subscript out of range');
    offset = offset * dimensions[i] + at;
  }
  const changed = [...items];
  changed[offset] = value;
  return new ArrayValue(elementOid, changed, dimensions, lowerBounds);
}

/** The items of a one-dimensional array made to reach from `from` to `to`; where `from` lies among them, and their lower bound. */
function grownTo(array: ArrayValue, from: number, to: number): readonly [Datum[], number, number] {
  const lower = array.lowerBounds[0];
  const before = Math.max(0, lower - from);
  const after = Math.max(0, to - (lower + array.items.length - 1));
  requireSize(before + array.items.length + after);
  const nulls = (count: number): Datum[] => new Array<Datum>(count).fill(null);
  return [
    [...nulls(before), ...array.items, ...nulls(after)],
    Math.max(from, lower) - lower + (from < lower ? 0 : before),
    Math.min(lower, from),
  ];
}

/** An undefined bound is the array's own. Items of `value` beyond the slice are disregarded. */
export function assignSlice(
  array: ArrayValue,
  lower: readonly (number | undefined)[],
  upper: readonly (number | undefined)[],
  value: ArrayValue,
): ArrayValue {
  const { elementOid, dimensions, lowerBounds } = array;
  const tooSmall = (): SqlError => subscriptError('source array too small');
  const inverted = (): SqlError => subscriptError('upper bound cannot be less than lower bound');
  if (dimensions.length === 0) {
    const from: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < lower.length; i++) {
      const [low, high] = [lower[i], upper[i]];
      if (low === undefined || high === undefined)
        throw subscriptError(
          'array slice subscript must provide both boundaries',
          'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
        );
      if (high < low) throw inverted();
      from.push(low);
      lengths.push(high - low + 1);
    }
    const wanted = lengths.reduce((product, length) => product * length, 1);
    requireSize(wanted);
    if (value.items.length < wanted) throw tooSmall();
    return new ArrayValue(elementOid, value.items.slice(0, wanted), lengths, from);
  }
  if (lower.length > dimensions.length) throw subscriptError('wrong number of array subscripts');
  const from: number[] = [];
  const lengths: number[] = [];
  for (let i = 0; i < dimensions.length; i++) {
    const first = lowerBounds[i];
    const last = first + dimensions[i] - 1;
    const low = lower[i] ?? first;
    const high = upper[i] ?? last;
    if (high < low) throw inverted();
    if (dimensions.length > 1 && (low < first || high > last)) throw subscriptError('array subscript out of range');
    from.push(low);
    lengths.push(high - low + 1);
  }
  const wanted = lengths.reduce((product, length) => product * length, 1);
  if (value.items.length < wanted) throw tooSmall();
  if (dimensions.length === 1) {
    const [grown, offset, newLower] = grownTo(array, from[0], from[0] + wanted - 1);
    for (let i = 0; i < wanted; i++) grown[offset + i] = value.items[i];
    return new ArrayValue(elementOid, grown, [grown.length], [newLower]);
  }
  const changed = [...array.items];
  let next = 0;
  const fill = (dimension: number, offset: number): void => {
    if (dimension === dimensions.length) {
      changed[offset] = value.items[next++];
      return;
    }
    const first = from[dimension] - lowerBounds[dimension];
    for (let i = 0; i < lengths[dimension]; i++) fill(dimension + 1, offset * dimensions[dimension] + first + i);
  };
  fill(0, 0);
  return new ArrayValue(elementOid, changed, dimensions, lowerBounds);
}
