/**
 * exp, ln, log, power and square root of numeric, correctly rounded to PostgreSQL's display scale.
 *
 * Values in between are fixed-point bigints with guard digits. The scale rules (at least sixteen significant digits, at least the
 * arguments' scale, at most a thousand) and the order of checks are PostgreSQL's; they decide how many digits a user sees.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import {
  compareNumeric,
  finiteNumeric,
  leadingGroup,
  magnitudeOf,
  maxDisplayScale,
  powerOfTen,
  rescale,
} from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';

const minSignificantDigits = 16;
/** exp of more than three times this overflows, of less than its negative is zero. */
const maxResultScale = 2000;
const guardDigits = 12;
const log10OfE = Math.LOG10E;

const overflow = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'value overflows numeric format');

/** At least `significant` digits for a result of about 10^weight, and the scales given. */
function resultScale(weight: number, ...scales: readonly number[]): number {
  return Math.min(Math.max(minSignificantDigits - weight, 0, ...scales), maxDisplayScale);
}

/** Decimal digits before the point; 0 or less for values below one. */
const wholeDigits = (value: Numeric): number => magnitudeOf(value.unscaled).toString().length - value.scale;

/** As a double; infinite when too large for one. */
export function approximately(value: Numeric): number {
  const digits = magnitudeOf(value.unscaled).toString();
  const short = digits.slice(0, 25);
  const double = Number(`${short}e${digits.length - short.length - value.scale}`);
  return value.unscaled < 0n ? -double : double;
}

export function squareRoot(value: Numeric): Numeric {
  if (value.kind === 'nan' || value.kind === 'infinity') return value;
  if (value.kind === '-infinity' || value.unscaled < 0n)
    throw new SqlError(sqlstate.invalidArgumentForPowerFunction, 'cannot take square root of a negative number');
  const { weight } = leadingGroup(value);
  const half = weight >= 0 ? (weight * 4) / 2 + 1 : 1 - Math.trunc((1 - weight * 4) / 2);
  return squareRootTo(value, resultScale(half, value.scale));
}

/** The square root of a value that is not negative, rounded to a scale. */
export function squareRootTo(value: Numeric, scale: number): Numeric {
  // One digit more than wanted, and a sticky last digit, so that the rounding is right.
  const work = scale + 1;
  const radicand = rescale(value.unscaled, value.scale, Math.max(2 * work, value.scale));
  const excess = Math.max(value.scale - 2 * work, 0);
  const root = integerSquareRoot(excess > 0 ? radicand / powerOfTen(excess) : radicand);
  return finiteNumeric(rescale(root, work, scale), scale);
}

/** The greatest integer whose square is not above n. */
export function integerSquareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let estimate = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (estimate + n / estimate) >> 1n;
    if (next >= estimate) return estimate;
    estimate = next;
  }
}

const constants = new Map<number, bigint>();

/** ln 2 times 10^digits. */
function lnOfTwo(digits: number): bigint {
  let known = constants.get(digits);
  if (known === undefined) {
    const work = digits + 5;
    const one = powerOfTen(work);
    let sum = 0n;
    let power = one / 3n;
    for (let k = 1n; power > 0n; k += 2n) {
      sum += power / k;
      power /= 9n;
    }
    known = (2n * sum) / 100000n;
    constants.set(digits, known);
  }
  return known;
}

/** ln of a positive value, times 10^digits; off by a few units of the last place. */
function fixedLn(value: Numeric, digits: number): bigint {
  const one = powerOfTen(digits);
  // Bring the value to between 3/4 and 3/2 by powers of two.
  let twos = Math.round(((wholeDigits(value) - 1) * 3.3219280948873626 + Math.log2(leadingDigits(value))) as number);
  let reduced =
    twos >= 0
      ? (value.unscaled * one) / (powerOfTen(value.scale) << BigInt(twos))
      : ((value.unscaled << BigInt(-twos)) * one) / powerOfTen(value.scale);
  while (reduced * 2n > 3n * one) {
    reduced >>= 1n;
    twos++;
  }
  while (reduced * 4n < 3n * one) {
    reduced <<= 1n;
    twos--;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)), of a root of m so that the series is short.
  let roots = 0;
  while (magnitudeOf(reduced - one) * 50n > one && roots < 8) {
    reduced = integerSquareRoot(reduced * one);
    roots++;
  }
  const z = ((reduced - one) * one) / (reduced + one);
  const square = (z * z) / one;
  let sum = 0n;
  let power = z;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = (power * square) / one;
  }
  return ((2n * sum) << BigInt(roots)) + BigInt(twos) * lnOfTwo(digits);
}

/** Of 0.00347 this is 3.47. */
function leadingDigits(value: Numeric): number {
  const digits = magnitudeOf(value.unscaled).toString().slice(0, 17);
  return Number(digits) / 10 ** (digits.length - 1);
}

/** exp(x / 10^digits) times 10^digits, where that is within reason. */
function fixedExp(x: bigint, digits: number): bigint {
  const one = powerOfTen(digits);
  const ln2 = lnOfTwo(digits);
  let twos = x / ln2;
  let rest = x - twos * ln2;
  if (rest < 0n) {
    rest += ln2;
    twos--;
  }
  const halvings = 8n;
  rest >>= halvings;
  let sum = one;
  let term = one;
  for (let k = 1n; term !== 0n; k++) {
    term = (term * rest) / (one * k);
    sum += term;
  }
  for (let i = 0n; i < halvings; i++) sum = (sum * sum) / one;
  return twos >= 0n ? sum << twos : sum >> -twos;
}

/** Weight of the first decimal digit of ln(value), estimated as PostgreSQL does. */
function estimateLnWeight(value: Numeric): number {
  if (value.unscaled <= 0n) return 0;
  if (compareNumeric(value, Numeric.of(9n, 1)) >= 0 && compareNumeric(value, Numeric.of(11n, 1)) <= 0) {
    const distance = Numeric.of(value.unscaled - powerOfTen(value.scale), value.scale);
    if (distance.unscaled === 0n) return 0;
    const { group, weight } = leadingGroup(distance);
    return weight * 4 + Math.trunc(Math.log10(group));
  }
  const { group, weight } = leadingGroup(value);
  let digits = group;
  let place = weight * 4;
  const second = groupBehindFirst(value, weight);
  if (second !== undefined) {
    digits = group * 10000 + second;
    place -= 4;
  }
  return Math.trunc(Math.log10(Math.abs(Math.log(digits) + place * Math.LN10)));
}

/** The group of four digits behind the first; undefined when all that follows is zero. */
function groupBehindFirst(value: Numeric, weight: number): number | undefined {
  const place = 4 * (weight - 1);
  // value / 10^place as an integer, modulo 10^4; the rest below decides whether there is a second group at all.
  const magnitude = magnitudeOf(value.unscaled);
  const shift = place + value.scale;
  const cut = shift >= 0 ? magnitude / powerOfTen(shift) : magnitude * powerOfTen(-shift);
  const second = Number(cut % 10000n);
  const first = shift + 4 >= 0 ? magnitude % powerOfTen(Math.max(shift + 4, 0)) : 0n;
  return first === 0n && second === 0 ? undefined : second;
}

export function naturalLogarithm(value: Numeric): Numeric {
  if (value.kind === 'nan') return value;
  checkLogarithm(value);
  if (value.kind !== 'finite') return value;
  const scale = resultScale(estimateLnWeight(value), value.scale);
  return finiteNumeric(rescale(fixedLn(value, scale + guardDigits), scale + guardDigits, scale), scale);
}

const isNegative = (value: Numeric): boolean => value.kind === '-infinity' || (value.kind === 'finite' && value.unscaled < 0n);

function checkLogarithm(value: Numeric): void {
  if (isNegative(value)) throw new SqlError(sqlstate.invalidArgumentForLogarithm, 'cannot take logarithm of a negative number');
  if (value.kind === 'finite' && value.unscaled === 0n)
    throw new SqlError(sqlstate.invalidArgumentForLogarithm, 'cannot take logarithm of zero');
}

/** log(base, value). */
export function logarithm(base: Numeric, value: Numeric): Numeric {
  if (base.kind === 'nan' || value.kind === 'nan') return Numeric.nan;
  // With an infinity among the two, what is negative is told of first.
  if (value.kind === '-infinity' || (base.kind !== 'finite' && isNegative(value))) checkLogarithm(value);
  checkLogarithm(base);
  checkLogarithm(value);
  if (base.kind === 'infinity') return value.kind === 'infinity' ? Numeric.nan : Numeric.zero;
  if (value.kind === 'infinity') return value;
  const baseWeight = estimateLnWeight(base);
  const valueWeight = estimateLnWeight(value);
  const weight = valueWeight - baseWeight;
  const scale = resultScale(weight, base.scale, value.scale);
  const digits = scale + guardDigits + Math.max(0, weight) + Math.max(0, -baseWeight) * 2;
  const lnBase = fixedLn(base, digits);
  if (compareNumeric(base, Numeric.of(1n, 0)) === 0) throw new SqlError(sqlstate.divisionByZero, 'division by zero');
  const quotient = (fixedLn(value, digits) * powerOfTen(digits)) / lnBase;
  return finiteNumeric(rescale(quotient, digits, scale), scale);
}

export function exponential(value: Numeric): Numeric {
  if (value.kind === '-infinity') return Numeric.zero;
  if (value.kind !== 'finite') return value;
  const argument = approximately(value);
  const weight = Math.max(Math.min(argument * log10OfE, maxResultScale), -maxResultScale);
  const scale = resultScale(Math.trunc(weight), value.scale);
  return exponentialTo(value, argument, scale);
}

function exponentialTo(value: Numeric, argument: number, scale: number): Numeric {
  if (Math.abs(argument) >= maxResultScale * 3) {
    if (argument > 0) throw overflow();
    return Numeric.of(0n, scale);
  }
  const digits = scale + guardDigits + Math.max(0, Math.ceil(argument * log10OfE));
  const result = fixedExp(rescale(value.unscaled, value.scale, digits), digits);
  return finiteNumeric(rescale(result, digits, scale), scale);
}

const powerError = (message: string): SqlError => new SqlError(sqlstate.invalidArgumentForPowerFunction, message);
const isWhole = (value: Numeric): boolean => value.unscaled % powerOfTen(value.scale) === 0n;
const isOne = (value: Numeric): boolean => value.kind === 'finite' && value.unscaled === powerOfTen(value.scale);
const one = Numeric.of(1n, 0);

export function power(base: Numeric, exponent: Numeric): Numeric {
  if (base.kind !== 'finite' || exponent.kind !== 'finite') return powerOfSpecial(base, exponent);
  if (base.unscaled === 0n && exponent.unscaled < 0n) throw powerError('zero raised to a negative power is undefined');
  if (base.unscaled < 0n && !isWhole(exponent)) throw powerError('a negative number raised to a non-integer power yields a complex result');
  if (isWhole(exponent)) {
    const whole = exponent.unscaled / powerOfTen(exponent.scale);
    if (whole >= -2147483648n && whole <= 2147483647n) return integerPower(base, Number(whole), exponent.scale);
  }
  if (base.unscaled === 0n) return Numeric.of(0n, minSignificantDigits);
  const positive = base.unscaled < 0n ? Numeric.of(-base.unscaled, base.scale) : base;
  const isNegative = base.unscaled < 0n && (exponent.unscaled / powerOfTen(exponent.scale)) % 2n !== 0n;

  const estimate = approximately(Numeric.of(fixedLn(positive, 30), 30)) * approximately(exponent);
  if (Math.abs(estimate) > maxResultScale * 3.01) {
    if (estimate > 0) throw overflow();
    return Numeric.of(0n, maxDisplayScale);
  }
  const weight = Math.trunc(estimate * log10OfE);
  const scale = resultScale(weight, base.scale, exponent.scale);
  const digits = scale + guardDigits + Math.max(0, weight) + Math.max(0, wholeDigits(exponent)) + 4;
  const product = Numeric.of(fixedLn(positive, digits) * exponent.unscaled, digits + exponent.scale);
  const result = exponentialTo(product, approximately(product), scale);
  return isNegative ? Numeric.of(-result.unscaled, result.scale) : result;
}

/** base^exponent by squaring, in floating decimals that carry some digits more than the result shows. */
function integerPower(base: Numeric, exponent: number, exponentScale: number): Numeric {
  const digits = magnitudeOf(base.unscaled).toString();
  let weight = 0;
  if (base.unscaled !== 0n) {
    const leading = digits.slice(0, 17);
    weight = exponent * (Math.log10(Number(leading)) + digits.length - leading.length - base.scale);
  }
  if (weight > 131072) throw overflow();
  if (weight + 1 < -maxDisplayScale) return Numeric.of(0n, maxDisplayScale);
  const scale = resultScale(Math.trunc(weight), base.scale, exponentScale);
  if (exponent === 0) return Numeric.of(powerOfTen(scale), scale);
  if (base.unscaled === 0n) return Numeric.of(0n, scale);

  const keep = Math.max(0, scale + Math.trunc(weight)) + guardDigits + Math.abs(exponent).toString().length + 2;
  let result: Floating = { mantissa: 1n, exponent: 0 };
  let square: Floating = { mantissa: magnitudeOf(base.unscaled), exponent: -base.scale };
  for (let left = Math.abs(exponent); ; ) {
    if (left % 2 === 1) result = product(result, square, keep);
    left = Math.floor(left / 2);
    if (left === 0) break;
    square = product(square, square, keep);
  }
  const isNegative = base.unscaled < 0n && exponent % 2 !== 0;
  const magnitude = exponent > 0 ? toScale(result, scale) : reciprocal(result, scale);
  return finiteNumeric(isNegative ? -magnitude : magnitude, scale);
}

type Floating = { readonly mantissa: bigint; readonly exponent: number };

function product(a: Floating, b: Floating, keep: number): Floating {
  const mantissa = a.mantissa * b.mantissa;
  const exponent = a.exponent + b.exponent;
  const excess = mantissa.toString().length - keep;
  return excess <= 0 ? { mantissa, exponent } : { mantissa: rescale(mantissa, excess, 0), exponent: exponent + excess };
}

const toScale = (value: Floating, scale: number): bigint =>
  value.exponent >= 0 ? value.mantissa * powerOfTen(value.exponent + scale) : rescale(value.mantissa, -value.exponent, scale);

function reciprocal(value: Floating, scale: number): bigint {
  // 10^scale / (mantissa * 10^exponent), rounded half up.
  const shift = scale - value.exponent;
  if (shift < 0) return 0n;
  return (2n * powerOfTen(shift) + value.mantissa) / (2n * value.mantissa);
}

/** The POSIX rules for pow() with infinities and NaN. */
function powerOfSpecial(base: Numeric, exponent: Numeric): Numeric {
  if (base.kind === 'nan') return exponent.kind === 'finite' && exponent.unscaled === 0n ? one : Numeric.nan;
  if (exponent.kind === 'nan') return isOne(base) ? one : Numeric.nan;
  if (base.kind === 'finite') {
    // The exponent is infinite.
    if (isOne(base)) return one;
    const size = compareNumeric(Numeric.of(magnitudeOf(base.unscaled), base.scale), one);
    const isUp = exponent.kind === 'infinity';
    if (base.unscaled === 0n && !isUp) throw powerError('zero raised to a negative power is undefined');
    if (size === 0) return one;
    return size > 0 === isUp ? Numeric.infinity : Numeric.zero;
  }
  if (exponent.kind !== 'finite') return exponent.kind === 'infinity' ? Numeric.infinity : Numeric.zero;
  if (exponent.unscaled === 0n) return one;
  if (base.kind === 'infinity') return exponent.unscaled > 0n ? Numeric.infinity : Numeric.zero;
  if (!isWhole(exponent)) throw powerError('a negative number raised to a non-integer power yields a complex result');
  if (exponent.unscaled < 0n) return Numeric.zero;
  return (exponent.unscaled / powerOfTen(exponent.scale)) % 2n === 0n ? Numeric.infinity : Numeric.negativeInfinity;
}
