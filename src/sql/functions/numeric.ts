/** Functions and operators of numeric. The arithmetic is types/numeric-arithmetic.ts and decimal-logarithm.ts. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementations, type ScalarFunction, scalar } from '../function.ts';
import {
  addNumeric,
  compareNumeric,
  divideNumeric,
  divideTruncated,
  finiteNumeric,
  magnitudeOf,
  maxNumericScale,
  maxNumericWhole,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  powerOfTen,
  roundNumeric,
  subtractNumeric,
  truncateNumeric,
} from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';
import { exponential, logarithm, naturalLogarithm, power, squareRoot } from './decimal-logarithm.ts';
import { greatestCommonDivisor, type Int8 } from './integer.ts';
import { integerOutOfRange } from './number-loops.ts';

const ten = Numeric.of(10n, 0);
const one = Numeric.of(1n, 0);

function absolute(value: Numeric): Numeric {
  const isNegative = value.kind === 'finite' ? value.unscaled < 0n : value.kind === '-infinity';
  return isNegative ? negateNumeric(value) : value;
}

function sign(value: Numeric): Numeric {
  if (value.kind === 'nan') return value;
  const order = compareNumeric(value, Numeric.zero);
  return Numeric.of(BigInt(Math.sign(order)), 0);
}

function ceiling(value: Numeric): Numeric {
  if (value.kind !== 'finite') return value;
  const whole = value.unscaled / powerOfTen(value.scale);
  return finiteNumeric(value.unscaled > 0n && value.unscaled % powerOfTen(value.scale) !== 0n ? whole + 1n : whole, 0);
}

function floor(value: Numeric): Numeric {
  if (value.kind !== 'finite') return value;
  const whole = value.unscaled / powerOfTen(value.scale);
  return finiteNumeric(value.unscaled < 0n && value.unscaled % powerOfTen(value.scale) !== 0n ? whole - 1n : whole, 0);
}

/** Digits that a numeric can have, and one more in front that rounding up may need: beyond these a scale says nothing new. */
const limitScale = (scale: number): number => Math.max(-maxNumericWhole - 1, Math.min(maxNumericScale, scale));

/** The least scale that shows the value exactly. */
function minimalScale(value: Numeric): number {
  let { unscaled, scale } = value;
  if (unscaled === 0n) return 0;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale--;
  }
  return scale;
}

/** Both as integers over a common power of ten. */
function aligned(a: Numeric, b: Numeric): { readonly x: bigint; readonly y: bigint; readonly scale: number } {
  const scale = Math.max(a.scale, b.scale);
  return { x: a.unscaled * powerOfTen(scale - a.scale), y: b.unscaled * powerOfTen(scale - b.scale), scale };
}

function commonDivisor(a: Numeric, b: Numeric): Numeric {
  if (a.kind !== 'finite' || b.kind !== 'finite') return Numeric.nan;
  const { x, y, scale } = aligned(a, b);
  return finiteNumeric(greatestCommonDivisor(x, y), scale);
}

function commonMultiple(a: Numeric, b: Numeric): Numeric {
  if (a.kind !== 'finite' || b.kind !== 'finite') return Numeric.nan;
  const { x, y, scale } = aligned(a, b);
  if (x === 0n || y === 0n) return finiteNumeric(0n, scale);
  return finiteNumeric(magnitudeOf((x / greatestCommonDivisor(x, y)) * y), scale);
}

function factorial(count: Int8): Numeric {
  if (count < 0) throw new SqlError(sqlstate.numericValueOutOfRange, 'factorial of a negative number is undefined');
  if (count > 32177) throw new SqlError(sqlstate.numericValueOutOfRange, 'value overflows numeric format');
  return finiteNumeric(productOfRange(2n, BigInt(count)), 0);
}

/** By halves, so that the factors are of like size. */
function productOfRange(from: bigint, to: bigint): bigint {
  if (from > to) return 1n;
  if (to - from < 8n) {
    let product = from;
    for (let factor = from + 1n; factor <= to; factor++) product *= factor;
    return product;
  }
  const middle = (from + to) / 2n;
  return productOfRange(from, middle) * productOfRange(middle + 1n, to);
}

const bucketError = (message: string): SqlError => new SqlError(sqlstate.invalidArgumentForWidthBucket, message);

function widthBucket(operand: Numeric, low: Numeric, high: Numeric, count: number): number {
  if (count <= 0) throw bucketError('count must be greater than zero');
  if (operand.kind === 'nan' || low.kind === 'nan' || high.kind === 'nan')
    throw bucketError('operand, lower bound, and upper bound cannot be NaN');
  if (low.kind !== 'finite' || high.kind !== 'finite') throw bucketError('lower and upper bounds must be finite');
  const direction = compareNumeric(low, high);
  if (direction === 0) throw bucketError('lower bound cannot equal upper bound');
  const isAscending = direction < 0;
  const beforeLow = compareNumeric(operand, low) < 0 === isAscending && compareNumeric(operand, low) !== 0;
  if (beforeLow) return 0;
  const order = compareNumeric(operand, high);
  if (isAscending ? order >= 0 : order <= 0) {
    if (count === 2147483647) throw integerOutOfRange('integer');
    return count + 1;
  }
  const distance = absolute(subtractNumeric(operand, low));
  const range = absolute(subtractNumeric(high, low));
  const scaled = aligned(distance, range);
  return Number((scaled.x * BigInt(count)) / scaled.y) + 1;
}

const both = (names: readonly string[], f: ScalarFunction): Implementations => Object.fromEntries(names.map((name) => [name, scalar(f)]));

export const numericFunctions: Implementations = {
  'numeric_add(numeric,numeric)': scalar(addNumeric),
  'numeric_sub(numeric,numeric)': scalar(subtractNumeric),
  'numeric_mul(numeric,numeric)': scalar(multiplyNumeric),
  'numeric_div(numeric,numeric)': scalar(divideNumeric),
  ...both(['numeric_mod(numeric,numeric)', 'mod(numeric,numeric)'], moduloNumeric),
  ...both(['numeric_div_trunc(numeric,numeric)', 'div(numeric,numeric)'], divideTruncated),
  'numeric_inc(numeric)': scalar((value: Numeric) => addNumeric(value, one)),
  'numeric_uminus(numeric)': scalar(negateNumeric),
  'numeric_uplus(numeric)': scalar((value: Numeric) => value),
  ...both(['numeric_abs(numeric)', 'abs(numeric)'], absolute),
  'numeric_larger(numeric,numeric)': scalar((a: Numeric, b: Numeric) => (compareNumeric(a, b) > 0 ? a : b)),
  'numeric_smaller(numeric,numeric)': scalar((a: Numeric, b: Numeric) => (compareNumeric(a, b) < 0 ? a : b)),
  'sign(numeric)': scalar(sign),
  ...both(['ceil(numeric)', 'ceiling(numeric)'], ceiling),
  'floor(numeric)': scalar(floor),
  'round(numeric)': scalar((value: Numeric) => roundNumeric(value, 0)),
  'round(numeric,int4)': scalar((value: Numeric, scale: number) => roundNumeric(value, limitScale(scale))),
  'trunc(numeric)': scalar((value: Numeric) => truncateNumeric(value, 0)),
  'trunc(numeric,int4)': scalar((value: Numeric, scale: number) => truncateNumeric(value, limitScale(scale))),
  'scale(numeric)': scalar((value: Numeric) => (value.kind === 'finite' ? value.scale : null)),
  'min_scale(numeric)': scalar((value: Numeric) => (value.kind === 'finite' ? minimalScale(value) : null)),
  'trim_scale(numeric)': scalar((value: Numeric) => (value.kind === 'finite' ? truncateNumeric(value, minimalScale(value)) : value)),
  'gcd(numeric,numeric)': scalar(commonDivisor),
  'lcm(numeric,numeric)': scalar(commonMultiple),
  'factorial(int8)': scalar(factorial),
  ...both(['sqrt(numeric)', 'numeric_sqrt(numeric)'], squareRoot),
  ...both(['exp(numeric)', 'numeric_exp(numeric)'], exponential),
  ...both(['ln(numeric)', 'numeric_ln(numeric)'], naturalLogarithm),
  ...both(['log(numeric,numeric)', 'numeric_log(numeric,numeric)'], logarithm),
  ...both(['log(numeric)', 'log10(numeric)'], (value: Numeric) => logarithm(ten, value)),
  ...both(['pow(numeric,numeric)', 'power(numeric,numeric)', 'numeric_power(numeric,numeric)'], power),
  'width_bucket(numeric,numeric,numeric,int4)': scalar(widthBucket),
};
