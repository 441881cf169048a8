/** Ordered-set aggregates (percentiles, mode) and hypothetical-set aggregates (rank and the like): the operator sorts, these look at the rows. */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { AggregateFunction, CallTypes, Implementation, Implementations } from '../function.ts';
import { ArrayValue } from '../types/array-value.ts';
import { Interval } from '../types/interval-value.ts';
import { typeByOid } from '../types/registry.ts';
import { generalFloat } from './date-time-making.ts';
import { add } from './float.ts';
import { addIntervals, multiplyInterval, subtractIntervals } from './interval-arithmetic.ts';

type FinalOrdered = NonNullable<AggregateFunction['finalOrdered']>;
type Rows = readonly (readonly Datum[])[];

const neverStepped = (): never => {
  throw new InvariantError('an ordered-set aggregate is evaluated by finalOrdered');
};

function ordered(forTypes: (types: CallTypes) => FinalOrdered): Implementation {
  return {
    kind: 'aggregate',
    forTypes: (types) => ({
      initial: neverStepped,
      step: neverStepped,
      final: neverStepped,
      combine: neverStepped,
      finalOrdered: forTypes(types),
    }),
  };
}

/** Ordered-set aggregates of one column leave NULLs out. */
const withoutNulls = (rows: Rows): readonly Datum[] => rows.map((row) => row[0]).filter((value) => value !== null);

function checkFraction(fraction: number): void {
  if (!(fraction >= 0 && fraction <= 1))
    throw new SqlError(sqlstate.numericValueOutOfRange, `percentile value ${generalFloat(fraction)} is not between 0 and 1`);
}

type Percentile = (values: readonly Datum[], fraction: number) => Datum;

const discrete: Percentile = (values, fraction) => values[Math.max(0, Math.ceil(fraction * values.length) - 1)];

function continuous(between: (low: Datum, high: Datum, part: number) => Datum): Percentile {
  return (values, fraction) => {
    const place = fraction * (values.length - 1);
    const low = values[Math.floor(place)];
    const high = values[Math.ceil(place)];
    const part = place - Math.floor(place);
    return part === 0 ? low : between(low, high, part);
  };
}

const betweenFloats = continuous((low, high, part) => add(Number(low), part * (Number(high) - Number(low))));

const betweenIntervals = continuous((low, high, part) => {
  if (!(low instanceof Interval) || !(high instanceof Interval)) throw new InvariantError('percentile_cont(interval) of other values');
  return addIntervals(low, multiplyInterval(subtractIntervals(high, low), part));
});

const onePercentile = (pick: Percentile): Implementation =>
  ordered(() => (rows, [fraction]) => {
    if (typeof fraction !== 'number') return null;
    checkFraction(fraction);
    const values = withoutNulls(rows);
    return values.length === 0 ? null : pick(values, fraction);
  });

const manyPercentiles = (pick: Percentile): Implementation =>
  ordered((types) => {
    const itemOid = typeByOid(types.result).elementOid;
    return (rows, [fractions]) => {
      if (!(fractions instanceof ArrayValue)) return null;
      const values = withoutNulls(rows);
      if (values.length === 0) return null;
      const items = fractions.items.map((fraction) => {
        if (typeof fraction !== 'number') return null;
        checkFraction(fraction);
        return pick(values, fraction);
      });
      return new ArrayValue(itemOid, items, fractions.dimensions, fractions.lowerBounds);
    };
  });

/** The most frequent value; of several the first in the order. */
const mode: FinalOrdered = (rows, _direct, _context, compare) => {
  let best: Datum = null;
  let bestCount = 0;
  let start = 0;
  const present = rows.filter((row) => row[0] !== null);
  for (let row = 1; row <= present.length; row++) {
    if (row < present.length && compare(present[row], present[start]) === 0) continue;
    if (row - start > bestCount) {
      bestCount = row - start;
      best = present[start][0];
    }
    start = row;
  }
  return best;
};

/** How many of the sorted rows come before the hypothetical one; `withPeers` counts its peers too. */
function countBefore(rows: Rows, direct: readonly Datum[], compare: Parameters<FinalOrdered>[3], withPeers: boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compare(rows[middle], direct);
    if (order < 0 || (withPeers && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const rank: FinalOrdered = (rows, direct, _, compare) => countBefore(rows, direct, compare, false) + 1;

const denseRank: FinalOrdered = (rows, direct, _, compare) => {
  const before = countBefore(rows, direct, compare, false);
  let distinct = 0;
  for (let row = 0; row < before; row++) if (row === 0 || compare(rows[row], rows[row - 1]) !== 0) distinct++;
  return distinct + 1;
};

const percentRank: FinalOrdered = (rows, direct, _, compare) =>
  rows.length === 0 ? 0 : countBefore(rows, direct, compare, false) / rows.length;

const cumulativeDistribution: FinalOrdered = (rows, direct, _, compare) =>
  (countBefore(rows, direct, compare, true) + 1) / (rows.length + 1);

export const orderedAggregateFunctions: Implementations = {
  'percentile_disc(float8,anyelement)': onePercentile(discrete),
  'percentile_disc(_float8,anyelement)': manyPercentiles(discrete),
  'percentile_cont(float8,float8)': onePercentile(betweenFloats),
  'percentile_cont(_float8,float8)': manyPercentiles(betweenFloats),
  'percentile_cont(float8,interval)': onePercentile(betweenIntervals),
  'percentile_cont(_float8,interval)': manyPercentiles(betweenIntervals),
  'mode(anyelement)': ordered(() => mode),
  'rank(any)': ordered(() => rank),
  'dense_rank(any)': ordered(() => denseRank),
  'percent_rank(any)': ordered(() => percentRank),
  'cume_dist(any)': ordered(() => cumulativeDistribution),
};
