/** Sizes as people read them: pg_size_pretty() and back. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Datum, int8 } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import { formatNumeric, parseNumeric } from '../types/numeric.ts';
import { multiplyNumeric, numericOfInteger, roundNumeric } from '../types/numeric-arithmetic.ts';
import type { Numeric } from '../types/numeric-value.ts';
import { toInt8 } from './integer.ts';

/** Each unit is 1024 of the one before; a size is printed in it up to `limit` of it, rounded to half a unit where there is one before. */
const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const limits = [10 * 1024, 20 * 1024 - 1, 20 * 1024 - 1, 20 * 1024 - 1, 20 * 1024 - 1, 20 * 1024 - 1] as const;

/** Halves: a size in units of half its unit, so that the last step can round. */
function prettyWhole(size: bigint): string {
  let left = size;
  for (let unit = 0; unit < units.length; unit++) {
    const magnitude = left < 0n ? -left : left;
    if (magnitude < BigInt(limits[unit]) || unit === units.length - 1) {
      if (unit > 0) left = halfRounded(left);
      return `${left} ${units[unit]}`;
    }
    // From bytes to half kilobytes, from half units to half units of the next.
    left /= 2n ** BigInt(unit === 0 ? 9 : 10);
  }
  return `${left} bytes`;
}

const halfRounded = (value: bigint): bigint => (value < 0n ? (value - 1n) / 2n : (value + 1n) / 2n);

function prettyNumeric(size: Numeric): string {
  // Smaller than nothing and larger than nothing: the last unit is as far as it goes.
  if (size.kind !== 'finite') return `${formatNumeric(size)} ${units[units.length - 1]}`;
  const magnitude = size.unscaled < 0n ? -size.unscaled : size.unscaled;
  if (magnitude < 10240n * 10n ** BigInt(size.scale)) return `${formatNumeric(size)} bytes`;
  return prettyWhole(size.unscaled / 10n ** BigInt(size.scale));
}

const shifts: Readonly<Record<string, bigint>> = {
  b: 0n,
  bytes: 0n,
  kb: 10n,
  mb: 20n,
  gb: 30n,
  tb: 40n,
  pb: 50n,
};

function sizeBytes(text: string): Datum {
  const match = /^[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\r\v\f]*(.*?)[ \t\n\r\v\f]*$/s.exec(text);
  if (match === null) throw new SqlError(sqlstate.invalidParameterValue, `invalid size: "${text}"`);
  const [, number, unit] = match;
  const shift = unit === '' ? 0n : shifts[unit.toLowerCase()];
  if (shift === undefined)
    throw new SqlError(sqlstate.invalidParameterValue, `invalid size: "${text}"`, {
      detail: `Invalid size unit: "${unit}".`,
      hint: 'Valid units are "bytes", "B", "kB", "MB", "GB", "TB", and "PB".',
    });
  return toInt8(roundNumeric(multiplyNumeric(parseNumeric(number), numericOfInteger(int8(1n << shift))), 0).unscaled);
}

export const sizeFunctions: Implementations = {
  'pg_size_pretty(int8)': scalar((size: number | bigint) => prettyWhole(BigInt(size))),
  'pg_size_pretty(numeric)': scalar(prettyNumeric),
  'pg_size_bytes(text)': scalar(sizeBytes),
};
