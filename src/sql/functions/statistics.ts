/**
 * Variances, standard deviations and regressions. Over integers and numeric they are computed exactly from sums; over floats by the updating method
 * of Youngs and Cramer, step by step as PostgreSQL does, so that rounding agrees.
 */

import type { Datum } from '../datum.ts';
import { type AggregateFunction, aggregate, type Implementation, type Implementations } from '../function.ts';
import {
  addNumeric,
  divideNumeric,
  multiplyNumeric,
  numericOfInteger,
  quotientScale,
  subtractNumeric,
} from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';
import { squareRootTo } from './decimal-logarithm.ts';
import { addToSpread, combineSpreads, type FloatSpread, isInfinite, newFloatSpread } from './float-spread.ts';
import { floatOverflow } from './number-loops.ts';

type Spread = { readonly isSample: boolean; readonly isRoot: boolean };

// exact

type ExactState = { count: number; sum: Numeric; squares: Numeric };

function exactSpread({ isSample, isRoot }: Spread): Implementation {
  return aggregate<ExactState>({
    initial: () => ({ count: 0, sum: Numeric.zero, squares: Numeric.zero }),
    step: (state, args) => {
      const value = toNumeric(args[0]);
      if (value === null) return state;
      state.count++;
      state.sum = addNumeric(state.sum, value);
      state.squares = addNumeric(state.squares, multiplyNumeric(value, value));
      return state;
    },
    final: ({ count, sum, squares }) => {
      if (count === 0 || (isSample && count === 1)) return null;
      if (sum.kind !== 'finite' || squares.kind !== 'finite') return Numeric.nan;
      const size = numericOfInteger(count);
      const numerator = subtractNumeric(multiplyNumeric(size, squares), multiplyNumeric(sum, sum));
      if (numerator.unscaled <= 0n) return Numeric.zero;
      const denominator = multiplyNumeric(size, numericOfInteger(isSample ? count - 1 : count));
      const variance = divideNumeric(numerator, denominator);
      return isRoot ? squareRootTo(variance, quotientScale(numerator, denominator)) : variance;
    },
    combine: (a, b) => ({ count: a.count + b.count, sum: addNumeric(a.sum, b.sum), squares: addNumeric(a.squares, b.squares) }),
  });
}

function toNumeric(value: Datum): Numeric | null {
  if (value instanceof Numeric) return value;
  return typeof value === 'number' || typeof value === 'bigint' ? numericOfInteger(value) : null;
}

// floats

function floatSpread({ isSample, isRoot }: Spread): Implementation {
  return aggregate<FloatSpread>({
    initial: newFloatSpread,
    step: (state, args) => {
      if (typeof args[0] === 'number') addToSpread(state, args[0]);
      return state;
    },
    final: ({ count, squares }) => {
      if (count === 0 || (isSample && count === 1)) return null;
      const variance = squares / (isSample ? count - 1 : count);
      return isRoot ? Math.sqrt(variance) : variance;
    },
    combine: combineSpreads,
  });
}

function spreads(): Implementations {
  const table: Record<string, Implementation> = {};
  const kinds: Readonly<Record<string, Spread>> = {
    variance: { isSample: true, isRoot: false },
    var_samp: { isSample: true, isRoot: false },
    var_pop: { isSample: false, isRoot: false },
    stddev: { isSample: true, isRoot: true },
    stddev_samp: { isSample: true, isRoot: true },
    stddev_pop: { isSample: false, isRoot: true },
  };
  for (const [name, spread] of Object.entries(kinds)) {
    for (const type of ['int2', 'int4', 'int8', 'numeric']) table[`${name}(${type})`] = exactSpread(spread);
    for (const type of ['float4', 'float8']) table[`${name}(${type})`] = floatSpread(spread);
  }
  return table;
}

// regressions, of pairs (y, x) without NULLs

type PairState = {
  readonly count: number;
  readonly sumX: number;
  readonly squaresX: number;
  readonly sumY: number;
  readonly squaresY: number;
  readonly products: number;
};

const noPairs: PairState = { count: 0, sumX: 0, squaresX: 0, sumY: 0, squaresY: 0, products: 0 };

function addPair(state: PairState, y: number, x: number): PairState {
  const count = state.count + 1;
  const sumX = state.sumX + x;
  const sumY = state.sumY + y;
  let { squaresX, squaresY, products } = state;
  if (state.count > 0) {
    const distanceX = x * count - sumX;
    const distanceY = y * count - sumY;
    const scale = 1 / (count * state.count);
    squaresX += distanceX * distanceX * scale;
    squaresY += distanceY * distanceY * scale;
    products += distanceX * distanceY * scale;
    if ([sumX, squaresX, sumY, squaresY, products].some(isInfinite)) {
      const finiteX = !isInfinite(state.sumX) && !isInfinite(x);
      const finiteY = !isInfinite(state.sumY) && !isInfinite(y);
      if (
        ((isInfinite(sumX) || isInfinite(squaresX)) && finiteX) ||
        ((isInfinite(sumY) || isInfinite(squaresY)) && finiteY) ||
        (isInfinite(products) && finiteX && finiteY)
      )
        throw floatOverflow();
      if (isInfinite(squaresX)) squaresX = Number.NaN;
      if (isInfinite(squaresY)) squaresY = Number.NaN;
      if (isInfinite(products)) products = Number.NaN;
    }
  } else {
    if (!Number.isFinite(x)) {
      squaresX = Number.NaN;
      products = Number.NaN;
    }
    if (!Number.isFinite(y)) {
      squaresY = Number.NaN;
      products = Number.NaN;
    }
  }
  return { count, sumX, squaresX, sumY, squaresY, products };
}

function combinePairs(a: PairState, b: PairState): PairState {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const distanceX = a.sumX / a.count - b.sumX / b.count;
  const distanceY = a.sumY / a.count - b.sumY / b.count;
  const weight = (a.count * b.count) / count;
  return {
    count,
    sumX: a.sumX + b.sumX,
    squaresX: a.squaresX + b.squaresX + weight * distanceX * distanceX,
    sumY: a.sumY + b.sumY,
    squaresY: a.squaresY + b.squaresY + weight * distanceY * distanceY,
    products: a.products + b.products + weight * distanceX * distanceY,
  };
}

function ofPairs(final: (state: PairState) => Datum, leastCount = 1): Implementation {
  const implementation: AggregateFunction<PairState> = {
    initial: () => noPairs,
    step: (state, [y, x]) => (typeof y === 'number' && typeof x === 'number' ? addPair(state, y, x) : state),
    final: (state) => (state.count < leastCount ? null : final(state)),
    combine: combinePairs,
  };
  return aggregate(implementation);
}

export const statisticsFunctions: Implementations = {
  ...spreads(),
  // Counts, and adds nothing up that could overflow.
  'regr_count(float8,float8)': aggregate<number>({
    initial: () => 0,
    step: (count, [y, x]) => (y === null || x === null ? count : count + 1),
    final: (count) => count,
    combine: (a, b) => a + b,
  }),
  'regr_sxx(float8,float8)': ofPairs(({ squaresX }) => squaresX),
  'regr_syy(float8,float8)': ofPairs(({ squaresY }) => squaresY),
  'regr_sxy(float8,float8)': ofPairs(({ products }) => products),
  'regr_avgx(float8,float8)': ofPairs(({ sumX, count }) => sumX / count),
  'regr_avgy(float8,float8)': ofPairs(({ sumY, count }) => sumY / count),
  'regr_r2(float8,float8)': ofPairs(({ squaresX, squaresY, products }) => {
    if (squaresX === 0) return null;
    return squaresY === 0 ? 1 : (products * products) / (squaresX * squaresY);
  }),
  'regr_slope(float8,float8)': ofPairs(({ squaresX, products }) => (squaresX === 0 ? null : products / squaresX)),
  'regr_intercept(float8,float8)': ofPairs(({ squaresX, products, sumX, sumY, count }) =>
    squaresX === 0 ? null : (sumY - (sumX * products) / squaresX) / count,
  ),
  'covar_pop(float8,float8)': ofPairs(({ products, count }) => products / count),
  'covar_samp(float8,float8)': ofPairs(({ products, count }) => products / (count - 1), 2),
  'corr(float8,float8)': ofPairs(({ squaresX, squaresY, products }) =>
    squaresX === 0 || squaresY === 0 ? null : products / Math.sqrt(squaresX * squaresY),
  ),
};
