/** Functions of double precision: roots, logarithms, trigonometry, rounding, random numbers. Domain and range errors are PostgreSQL's. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type EvaluationContext, type Implementations, type ScalarFunction, scalar } from '../function.ts';
import { roundHalfEven } from './casts.ts';
import { complementaryErrorFunction, errorFunction } from './error-function.ts';
import { checkOverflow } from './float.ts';
import { floatOverflow, floatUnderflow, integerOutOfRange } from './number-loops.ts';

const outOfRange = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'input is out of range');
const powerError = (message: string): SqlError => new SqlError(sqlstate.invalidArgumentForPowerFunction, message);

function squareRoot(x: number): number {
  if (x < 0) throw powerError('cannot take square root of a negative number');
  return Math.sqrt(x);
}

function power(base: number, exponent: number): number {
  // JavaScript's pow differs from POSIX in these two: 1^NaN and (-1)^±Infinity.
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  if (base === 0 && exponent < 0) throw powerError('zero raised to a negative power is undefined');
  if (base < 0 && Number.isFinite(base) && Number.isFinite(exponent) && !Number.isInteger(exponent))
    throw powerError('a negative number raised to a non-integer power yields a complex result');
  if (base === Number.NEGATIVE_INFINITY && Number.isFinite(exponent) && !Number.isInteger(exponent))
    throw powerError('a negative number raised to a non-integer power yields a complex result');
  const result = base ** exponent;
  if (Number.isFinite(base) && Number.isFinite(exponent)) {
    if (!Number.isFinite(result)) throw floatOverflow();
    if (result === 0 && base !== 0) throw floatUnderflow();
  }
  return result;
}

function exponential(x: number): number {
  if (x === Number.NEGATIVE_INFINITY) return 0;
  const result = checkOverflow(Math.exp(x), x);
  if (result === 0) throw floatUnderflow();
  return result;
}

const checkedLogarithm =
  (f: (x: number) => number) =>
  (x: number): number => {
    if (x === 0) throw new SqlError(sqlstate.invalidArgumentForLogarithm, 'cannot take logarithm of zero');
    if (x < 0) throw new SqlError(sqlstate.invalidArgumentForLogarithm, 'cannot take logarithm of a negative number');
    return f(x);
  };

/** Trigonometry of an infinite angle has no value. */
const ofAngle =
  (f: (x: number) => number) =>
  (x: number): number => {
    if (Math.abs(x) === Number.POSITIVE_INFINITY) throw outOfRange();
    return checkOverflow(f(x), x);
  };

/** Inverse functions that take -1 to 1. */
const ofUnit =
  (f: (x: number) => number) =>
  (x: number): number => {
    if (x < -1 || x > 1) throw outOfRange();
    return f(x);
  };

const radiansPerDegree = Math.PI / 180;

// The degree functions give exact answers at multiples of 30 and 45 degrees, as PostgreSQL's do: the quotient by the inexact value of
// the function at a known angle cancels the error there.
const sin30 = Math.sin(30 * radiansPerDegree);
const oneMinusCos60 = 1 - Math.cos(60 * radiansPerDegree);
const asinHalf = Math.asin(0.5);
const acosHalf = Math.acos(0.5);
const atanOne = Math.atan(1);

const sineTo30 = (x: number): number => Math.sin(x * radiansPerDegree) / sin30 / 2;
const cosineTo60 = (x: number): number => 1 - (1 - Math.cos(x * radiansPerDegree)) / oneMinusCos60 / 2;
const sineTo90 = (x: number): number => (x <= 30 ? sineTo30(x) : cosineTo60(90 - x));
const cosineTo90 = (x: number): number => (x <= 60 ? cosineTo60(x) : sineTo30(90 - x));
const tan45 = sineTo90(45) / cosineTo90(45);
const cot45 = cosineTo90(45) / sineTo90(45);

function sineOfDegrees(angle: number): number {
  let sign = 1;
  let x = angle % 360;
  if (x < 0) {
    x = -x;
    sign = -sign;
  }
  if (x > 180) {
    x = 360 - x;
    sign = -sign;
  }
  if (x > 90) x = 180 - x;
  return sign * sineTo90(x);
}

function cosineOfDegrees(angle: number): number {
  let sign = 1;
  let x = Math.abs(angle % 360);
  if (x > 180) x = 360 - x;
  if (x > 90) {
    x = 180 - x;
    sign = -sign;
  }
  return sign * cosineTo90(x);
}

/** Of a function that repeats every half turn and is odd about each quarter: from its values up to 90 degrees. A zero of either sign is 0. */
function ofQuarterTurn(angle: number, quarter: (x: number) => number): number {
  let sign = 1;
  let x = angle % 360;
  if (x < 0) {
    x = -x;
    sign = -sign;
  }
  if (x > 180) {
    x = 360 - x;
    sign = -sign;
  }
  if (x > 90) {
    x = 180 - x;
    sign = -sign;
  }
  const result = sign * quarter(x);
  return result === 0 ? 0 : result;
}

const tangentOfDegrees = (angle: number): number => ofQuarterTurn(angle, (x) => sineTo90(x) / cosineTo90(x) / tan45);
const cotangentOfDegrees = (angle: number): number => ofQuarterTurn(angle, (x) => cosineTo90(x) / sineTo90(x) / cot45);

const arcsineToUnit = (x: number): number => (x <= 0.5 ? (Math.asin(x) / asinHalf) * 30 : 90 - (Math.acos(x) / acosHalf) * 60);
const arccosineToUnit = (x: number): number => (x <= 0.5 ? 90 - (Math.asin(x) / asinHalf) * 30 : (Math.acos(x) / acosHalf) * 60);

const bucketError = (message: string): SqlError => new SqlError(sqlstate.invalidArgumentForWidthBucket, message);

function widthBucket(operand: number, low: number, high: number, count: number): number {
  if (count <= 0) throw bucketError('count must be greater than zero');
  if (Number.isNaN(operand) || Number.isNaN(low) || Number.isNaN(high))
    throw bucketError('operand, lower bound, and upper bound cannot be NaN');
  if (!Number.isFinite(low) || !Number.isFinite(high)) throw bucketError('lower and upper bounds must be finite');
  if (low === high) throw bucketError('lower bound cannot equal upper bound');
  const isAscending = low < high;
  if (isAscending ? operand < low : operand > low) return 0;
  if (isAscending ? operand >= high : operand <= high) {
    if (count === 2147483647) throw integerOutOfRange('integer');
    return count + 1;
  }
  // Halved where the range itself would overflow.
  const range = Number.isFinite(high - low) ? (operand - low) / (high - low) : (operand / 2 - low / 2) / (high / 2 - low / 2);
  return Math.min(Math.trunc(range * count), count - 1) + 1;
}

/** Box-Muller: two uniform values make a normal one, the way PostgreSQL takes them. */
function normal(mean: number, deviation: number, context: EvaluationContext): number {
  const radius = Math.sqrt(-2 * Math.log(1 - context.random.float()));
  return deviation * (radius * Math.sin(2 * Math.PI * (1 - context.random.float()))) + mean;
}

function setSeed(seed: number, context: EvaluationContext): string {
  if (!(seed >= -1 && seed <= 1))
    throw new SqlError(sqlstate.invalidParameterValue, `setseed parameter ${seed} is out of allowed range [-1,1]`);
  context.session.setSeed(seed);
  return '';
}

const ofDouble = (names: readonly string[], f: ScalarFunction): Implementations =>
  Object.fromEntries(names.map((name) => [`${name}(float8)`, scalar(f)]));

export const mathFunctions: Implementations = {
  // What rounds to zero keeps its sign, as rint() has it.
  ...ofDouble(['dround', 'round'], (value) => (value < 0 && value >= -0.5 ? -0 : roundHalfEven(value))),
  ...ofDouble(['dtrunc', 'trunc'], Math.trunc),
  ...ofDouble(['ceil', 'ceiling'], Math.ceil),
  ...ofDouble(['floor'], Math.floor),
  ...ofDouble(['sign'], (x: number) => (x > 0 ? 1 : x < 0 ? -1 : 0)),
  ...ofDouble(['dsqrt', 'sqrt'], squareRoot),
  ...ofDouble(['dcbrt', 'cbrt'], Math.cbrt),
  ...ofDouble(['dexp', 'exp'], exponential),
  ...ofDouble(['dlog1', 'ln'], checkedLogarithm(Math.log)),
  ...ofDouble(['dlog10', 'log', 'log10'], checkedLogarithm(Math.log10)),
  'dpow(float8,float8)': scalar(power),
  'pow(float8,float8)': scalar(power),
  'power(float8,float8)': scalar(power),

  ...ofDouble(['sin'], ofAngle(Math.sin)),
  ...ofDouble(['cos'], ofAngle(Math.cos)),
  ...ofDouble(['tan'], ofAngle(Math.tan)),
  ...ofDouble(['cot'], (x: number) => {
    if (Math.abs(x) === Number.POSITIVE_INFINITY) throw outOfRange();
    return 1 / Math.tan(x);
  }),
  ...ofDouble(['asin'], ofUnit(Math.asin)),
  ...ofDouble(['acos'], ofUnit(Math.acos)),
  ...ofDouble(['atan'], Math.atan),
  'atan2(float8,float8)': scalar((y: number, x: number) => Math.atan2(y, x)),
  ...ofDouble(['sinh'], Math.sinh),
  ...ofDouble(['cosh'], Math.cosh),
  ...ofDouble(['tanh'], Math.tanh),
  ...ofDouble(['asinh'], Math.asinh),
  ...ofDouble(['acosh'], (x: number) => {
    if (x < 1) throw outOfRange();
    return Math.acosh(x);
  }),
  ...ofDouble(['atanh'], ofUnit(Math.atanh)),
  ...ofDouble(['sind'], ofAngle(sineOfDegrees)),
  ...ofDouble(['cosd'], ofAngle(cosineOfDegrees)),
  ...ofDouble(['tand'], (x: number) => {
    if (Math.abs(x) === Number.POSITIVE_INFINITY) throw outOfRange();
    return tangentOfDegrees(x);
  }),
  ...ofDouble(['cotd'], (x: number) => {
    if (Math.abs(x) === Number.POSITIVE_INFINITY) throw outOfRange();
    return cotangentOfDegrees(x);
  }),
  ...ofDouble(
    ['asind'],
    ofUnit((x) => (x >= 0 ? arcsineToUnit(x) : -arcsineToUnit(-x))),
  ),
  ...ofDouble(
    ['acosd'],
    ofUnit((x) => (x >= 0 ? arccosineToUnit(x) : 90 + arcsineToUnit(-x))),
  ),
  ...ofDouble(['atand'], (x: number) => (Math.atan(x) / atanOne) * 45),
  'atan2d(float8,float8)': scalar((y: number, x: number) => (Math.atan2(y, x) / atanOne) * 45),
  ...ofDouble(['degrees'], (x: number) => checkOverflow(x / radiansPerDegree, x)),
  ...ofDouble(['radians'], (x: number) => {
    const result = x * radiansPerDegree;
    if (result === 0 && x !== 0) throw floatUnderflow();
    return result;
  }),
  'pi()': scalar(() => Math.PI),
  ...ofDouble(['erf'], errorFunction),
  ...ofDouble(['erfc'], complementaryErrorFunction),
  'width_bucket(float8,float8,float8,int4)': scalar(widthBucket),

  'random()': scalar((context: EvaluationContext) => context.random.float()),
  'random_normal(float8,float8)': scalar(normal),
  'setseed(float8)': scalar(setSeed),
};
