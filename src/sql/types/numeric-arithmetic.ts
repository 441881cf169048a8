/**
 * Exact decimal arithmetic with PostgreSQL's display scales: sums keep the greater scale, products add them, quotients get at least
 * sixteen significant digits. Rounding is half away from zero.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { Numeric } from './numeric-value.ts';

/** Digits after the point that a numeric may have. */
export const maxNumericScale = 16383;
/** Digits before the point that a numeric may have. */
export const maxNumericWhole = 131072;
/** Results of division and of functions carry at most so many digits after the point. */
export const maxDisplayScale = 1000;
const minSignificantDigits = 16;

const powers: bigint[] = [1n];
for (let exponent = 1; exponent <= 64; exponent++) powers.push(powers[exponent - 1] * 10n);

/** Hot. 10^exponent for an exponent >= 0. */
export const powerOfTen = (exponent: number): bigint => (exponent <= 64 ? powers[exponent] : 10n ** BigInt(exponent));

export const magnitudeOf = (value: bigint): bigint => (value < 0n ? -value : value);

const overflow = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'value overflows numeric format');

/** 10^131072: at or above it a value has too many digits. Computed on first need. */
let wholeLimit: bigint | undefined;

/** A finite value, checked against numeric's limits; its digits beyond the greatest scale are rounded away. */
export function finiteNumeric(unscaled: bigint, scale: number): Numeric {
  if (scale > maxNumericScale) return finiteNumeric(rescale(unscaled, scale, maxNumericScale), maxNumericScale);
  // 4 000 bits are some 1 200 digits: nearly all values pass without looking further.
  if (unscaled !== BigInt.asIntN(4000, unscaled)) {
    wholeLimit ??= 10n ** BigInt(maxNumericWhole);
    if (magnitudeOf(unscaled) >= wholeLimit * powerOfTen(scale)) throw overflow();
  }
  return new Numeric('finite', unscaled, scale);
}

export const numericOfInteger = (value: number | bigint): Numeric => new Numeric('finite', BigInt(value), 0);

/** `unscaled / 10^from` as an integer over 10^to, rounded half away from zero. `to` may be negative. */
export function rescale(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * powerOfTen(to - from);
  return divideRounded(unscaled, powerOfTen(from - to));
}

/**
 * Half away from zero; the divisor is positive. Adding the floor of half the divisor is exact for odd divisors too: their
 * quotients never lie halfway.
 */
function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  return dividend < 0n ? -((half - dividend) / divisor) : (dividend + half) / divisor;
}

/** round(value, scale): a negative scale rounds left of the point, and the result then has none. */
export function roundNumeric(value: Numeric, scale: number): Numeric {
  if (value.kind !== 'finite') return value;
  const rounded = rescale(value.unscaled, value.scale, scale);
  return scale >= 0 ? finiteNumeric(rounded, scale) : finiteNumeric(rounded * powerOfTen(-scale), 0);
}

/** trunc(value, scale). */
export function truncateNumeric(value: Numeric, scale: number): Numeric {
  if (value.kind !== 'finite') return value;
  if (scale >= value.scale) return finiteNumeric(value.unscaled * powerOfTen(scale - value.scale), scale);
  const cut = value.unscaled / powerOfTen(value.scale - scale);
  return scale >= 0 ? finiteNumeric(cut, scale) : finiteNumeric(cut * powerOfTen(-scale), 0);
}

const rank = (value: Numeric): number => {
  switch (value.kind) {
    case '-infinity':
      return -1;
    case 'finite':
      return 0;
    case 'infinity':
      return 1;
    case 'nan':
      return 2;
  }
};

/** Hot. NaN equals itself and is the greatest. */
export function compareNumeric(a: Numeric, b: Numeric): number {
  if (a.kind !== 'finite' || b.kind !== 'finite') return rank(a) - rank(b);
  let x = a.unscaled;
  let y = b.unscaled;
  if (a.scale < b.scale) x *= powerOfTen(b.scale - a.scale);
  else if (a.scale > b.scale) y *= powerOfTen(a.scale - b.scale);
  return x < y ? -1 : x > y ? 1 : 0;
}

/** -1, 0, 1; NaN is no number and must not come here. */
const signOf = (value: Numeric): number => {
  if (value.kind !== 'finite') return value.kind === 'infinity' ? 1 : -1;
  return value.unscaled > 0n ? 1 : value.unscaled < 0n ? -1 : 0;
};

const infinityOf = (sign: number): Numeric => (sign > 0 ? Numeric.infinity : Numeric.negativeInfinity);

export function negateNumeric(value: Numeric): Numeric {
  if (value.kind === 'finite') return new Numeric('finite', -value.unscaled, value.scale);
  return value.kind === 'nan' ? value : infinityOf(-signOf(value));
}

export function addNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.kind === 'finite' && b.kind === 'finite') {
    if (a.scale === b.scale) return finiteNumeric(a.unscaled + b.unscaled, a.scale);
    return a.scale > b.scale
      ? finiteNumeric(a.unscaled + b.unscaled * powerOfTen(a.scale - b.scale), a.scale)
      : finiteNumeric(a.unscaled * powerOfTen(b.scale - a.scale) + b.unscaled, b.scale);
  }
  if (a.kind === 'nan' || b.kind === 'nan') return Numeric.nan;
  if (a.kind === 'finite') return b;
  return b.kind === 'finite' || a.kind === b.kind ? a : Numeric.nan;
}

export const subtractNumeric = (a: Numeric, b: Numeric): Numeric => addNumeric(a, negateNumeric(b));

export function multiplyNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.kind === 'finite' && b.kind === 'finite') return finiteNumeric(a.unscaled * b.unscaled, a.scale + b.scale);
  if (a.kind === 'nan' || b.kind === 'nan') return Numeric.nan;
  const sign = signOf(a) * signOf(b);
  return sign === 0 ? Numeric.nan : infinityOf(sign);
}

const divisionByZero = (): SqlError => new SqlError(sqlstate.divisionByZero, 'division by zero');

export function divideNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.kind === 'finite' && b.kind === 'finite') {
    if (b.unscaled === 0n) throw divisionByZero();
    const scale = quotientScale(a, b);
    // a / 10^sa / (b / 10^sb) * 10^scale, with the powers on the side where they are positive.
    const shift = scale + b.scale - a.scale;
    const negative = a.unscaled < 0n !== b.unscaled < 0n;
    let dividend = magnitudeOf(a.unscaled);
    let divisor = magnitudeOf(b.unscaled);
    if (shift >= 0) dividend *= powerOfTen(shift);
    else divisor *= powerOfTen(-shift);
    const quotient = divideRounded(dividend, divisor);
    return finiteNumeric(negative ? -quotient : quotient, scale);
  }
  if (a.kind === 'nan' || b.kind === 'nan') return Numeric.nan;
  if (a.kind === 'finite') return Numeric.zero;
  if (b.kind !== 'finite') return Numeric.nan;
  if (b.unscaled === 0n) throw divisionByZero();
  return infinityOf(signOf(a) * signOf(b));
}

/** div(a, b): the quotient cut at the point. */
export function divideTruncated(a: Numeric, b: Numeric): Numeric {
  if (a.kind !== 'finite' || b.kind !== 'finite') return divideNumeric(a, b);
  if (b.unscaled === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return finiteNumeric((a.unscaled * powerOfTen(scale - a.scale)) / (b.unscaled * powerOfTen(scale - b.scale)), 0);
}

/** The sign is the dividend's. */
export function moduloNumeric(a: Numeric, b: Numeric): Numeric {
  if (a.kind === 'finite' && b.kind === 'finite') {
    if (b.unscaled === 0n) throw divisionByZero();
    const scale = Math.max(a.scale, b.scale);
    return finiteNumeric((a.unscaled * powerOfTen(scale - a.scale)) % (b.unscaled * powerOfTen(scale - b.scale)), scale);
  }
  if (a.kind === 'nan' || b.kind === 'nan') return Numeric.nan;
  if (a.kind === 'finite') return a;
  if (b.kind === 'finite' && b.unscaled === 0n) throw divisionByZero();
  return Numeric.nan;
}

/** Scale of a quotient: sixteen significant digits, counted in groups of four as PostgreSQL stores them. */
export function quotientScale(a: Numeric, b: Numeric): number {
  const first = leadingGroup(a);
  const second = leadingGroup(b);
  let weight = first.weight - second.weight;
  if (first.group <= second.group) weight--;
  return Math.min(Math.max(minSignificantDigits - weight * 4, a.scale, b.scale, 0), maxDisplayScale);
}

/** The first non-zero group of four digits and its place: 12345.6 has group 1 of weight 1. Zero has group 0 of weight 0. */
export function leadingGroup(value: Numeric): { readonly group: number; readonly weight: number } {
  if (value.unscaled === 0n) return { group: 0, weight: 0 };
  const digits = magnitudeOf(value.unscaled).toString();
  // Digits before the point, negative when zeros follow it.
  const whole = digits.length - value.scale;
  const weight = Math.ceil(whole / 4) - 1;
  const taken = whole - weight * 4;
  return { group: Number(digits.slice(0, taken).padEnd(taken, '0')), weight };
}
