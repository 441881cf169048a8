/** What share of a column's rows a comparison with a known value keeps, and of the pairs of two columns' rows an equality, from the columns' statistics. */
import type { Datum } from '#sql/datum.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ColumnStatistics } from './environment.ts';

type Compare = (a: NonNull, b: NonNull) => number;

/** Compares the column's values with one of a type that may be another (integers of two widths); undefined where the two do not go together. */
function comparison(statistics: ColumnStatistics, value: NonNull, typeOid: number): Compare | undefined {
  const sample = statistics.common[0]?.value ?? statistics.histogram[0];
  if (sample === undefined || sample === null) return undefined;
  const isNumber = (datum: Datum): boolean => typeof datum === 'number' || typeof datum === 'bigint';
  const goTogether =
    isNumber(sample) || isNumber(value)
      ? isNumber(sample) && isNumber(value)
      : typeof sample === typeof value && sample.constructor === value.constructor;
  return goTogether ? typeByOid(typeOid).compare : undefined;
}

/** The share of rows that equal the value. */
export function equalityShare(statistics: ColumnStatistics, value: Datum, typeOid: number): number {
  if (value === null) return 0;
  const compare = comparison(statistics, value, typeOid);
  let common = 0;
  for (const { value: known, frequency } of statistics.common) {
    if (known !== null && compare !== undefined && compare(known, value) === 0) return frequency;
    common += frequency;
  }
  const rest = Math.max(0, 1 - statistics.nullFraction - common);
  const share = rest / Math.max(1, statistics.distinct - statistics.common.length);
  // Not more than the least of the common ones.
  return Math.min(share, statistics.common.at(-1)?.frequency ?? 1);
}

/**
 * The share of all pairs of rows that are equal: common values meet common values exactly, the others as if each of them had an equal part of what is left
 * (PostgreSQL's eqjoinsel). undefined: neither column has common values, or they do not go together.
 */
export function pairShare(left: ColumnStatistics, right: ColumnStatistics, typeOid: number): number | undefined {
  if (left.common.length === 0 && right.common.length === 0) return undefined;
  const sample = right.common[0]?.value ?? left.common[0]?.value ?? null;
  const compare = sample === null ? undefined : comparison(left.common.length > 0 ? left : right, sample, typeOid);
  if (compare === undefined) return undefined;
  let share = 0;
  let leftMatched = 0;
  let rightMatched = 0;
  for (const mine of left.common) {
    const its = right.common.find(({ value }) => value !== null && mine.value !== null && compare(value, mine.value) === 0);
    if (its === undefined) continue;
    share += mine.frequency * its.frequency;
    leftMatched += mine.frequency;
    rightMatched += its.frequency;
  }
  const sum = ({ common }: ColumnStatistics): number => common.reduce((total, { frequency }) => total + frequency, 0);
  const leftCommon = sum(left);
  const rightCommon = sum(right);
  const leftRest = Math.max(0, 1 - left.nullFraction - leftCommon);
  const rightRest = Math.max(0, 1 - right.nullFraction - rightCommon);
  const leftValues = Math.max(1, left.distinct - left.common.length);
  const rightValues = Math.max(1, right.distinct - right.common.length);
  share += ((leftCommon - leftMatched) * rightRest) / rightValues;
  share += ((rightCommon - rightMatched) * leftRest) / leftValues;
  share += (leftRest * rightRest) / Math.max(leftValues, rightValues);
  return share;
}

/** Even what seems to be beyond all values may have come since. */
const leastShare = 1e-4;

/** The share of rows for which `column op value` holds; `strategy` is btree's (1 <, 2 <=, 4 >=, 5 >). undefined: unknown. */
export function rangeShare(statistics: ColumnStatistics, strategy: number, value: Datum, typeOid: number): number | undefined {
  if (value === null) return 0;
  const compare = comparison(statistics, value, typeOid);
  if (compare === undefined) return undefined;
  const holds = (order: number): boolean =>
    strategy === 1 ? order < 0 : strategy === 2 ? order <= 0 : strategy === 4 ? order >= 0 : order > 0;
  let share = 0;
  let common = 0;
  for (const { value: known, frequency } of statistics.common) {
    common += frequency;
    if (known !== null && holds(compare(known, value))) share += frequency;
  }
  const rest = Math.max(0, 1 - statistics.nullFraction - common);
  const below = partBelow(statistics.histogram, value, compare);
  if (below !== undefined) share += rest * (strategy <= 2 ? below : 1 - below);
  return Math.min(1, Math.max(leastShare, share));
}

/** The part of the histogram below a value. */
function partBelow(histogram: readonly Datum[], value: NonNull, compare: Compare): number | undefined {
  if (histogram.length < 2) return undefined;
  let low = 0;
  let high = histogram.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const bound = histogram[middle];
    if (bound !== null && compare(bound, value) < 0) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return 0;
  if (low === histogram.length) return 1;
  const from = histogram[low - 1];
  const to = histogram[low];
  const areNumbers = typeof from === 'number' && typeof to === 'number' && typeof value === 'number' && to > from;
  const within = areNumbers ? Math.min(1, Math.max(0, (value - from) / (to - from))) : 0.5;
  return (low - 1 + within) / (histogram.length - 1);
}
