/** Floats and numerics as C's %.*f and %.*e print them: every digit exact, ties to the even one. */
import { powerOfTen } from '../types/numeric-arithmetic.ts';
import type { Numeric } from '../types/numeric-value.ts';

/** A finite float as unscaled / 2^shift. */
function exactOf(value: number): { readonly mantissa: bigint; readonly shift: number } {
  let mantissa = value;
  let shift = 0;
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    shift++;
  }
  return { mantissa: BigInt(mantissa), shift };
}

/** numerator / denominator to the nearest integer, both positive. */
function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  return twice > denominator || (twice === denominator && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
}

const isNegative = (value: number): boolean => value < 0 || Object.is(value, -0);

function withPoint(digits: string, decimals: number): string {
  if (decimals === 0) return digits;
  const all = digits.padStart(decimals + 1, '0');
  return `${all.slice(0, all.length - decimals)}.${all.slice(all.length - decimals)}`;
}

const special = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity');

/** %.*f */
export function fixedFloat(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return special(value);
  const { mantissa, shift } = exactOf(Math.abs(value));
  const unscaled = divideHalfEven(mantissa * powerOfTen(decimals), 1n << BigInt(shift));
  return (isNegative(value) ? '-' : '') + withPoint(String(unscaled), decimals);
}

const exponentText = (exponent: number): string => `e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;

/** %.*e of a finite float. */
export function scientificFloat(value: number, decimals: number): string {
  const sign = isNegative(value) ? '-' : '';
  if (value === 0) return `${sign}${withPoint('0'.repeat(decimals + 1), decimals)}e+00`;
  const { mantissa, shift } = exactOf(Math.abs(value));
  const denominator = 1n << BigInt(shift);
  let exponent = Number(Math.abs(value).toExponential(20).split('e')[1]);
  const digitsAt = (power: number): bigint => {
    const scale = decimals - power;
    return scale >= 0
      ? divideHalfEven(mantissa * powerOfTen(scale), denominator)
      : divideHalfEven(mantissa, denominator * powerOfTen(-scale));
  };
  let digits = digitsAt(exponent);
  if (digits >= powerOfTen(decimals + 1)) digits = digitsAt(++exponent);
  return sign + withPoint(String(digits), decimals) + exponentText(exponent);
}

/** Like scientificFloat, but ties go away from zero, and a number that is rounded up to ten keeps its exponent, as in PostgreSQL. */
export function scientificNumeric(value: Numeric, decimals: number): string {
  if (value.kind !== 'finite') return value.kind === 'nan' ? 'NaN' : value.kind === 'infinity' ? 'Infinity' : '-Infinity';
  const magnitude = value.unscaled < 0n ? -value.unscaled : value.unscaled;
  const all = String(magnitude);
  const exponent = magnitude === 0n ? 0 : all.length - 1 - value.scale;
  const excess = all.length - 1 - decimals;
  const digits =
    magnitude === 0n ? 0n : excess <= 0 ? magnitude * powerOfTen(-excess) : (magnitude + powerOfTen(excess) / 2n) / powerOfTen(excess);
  return (value.unscaled < 0n ? '-' : '') + withPoint(String(digits), decimals) + exponentText(exponent);
}
