/** numeric(precision, scale): the modifier as PostgreSQL packs it, an eleven-bit signed scale below the precision. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

const maxPrecision = 1000;
const minScale = -1000;
const maxScale = 1000;
const headerBytes = 4;

export function numericTypmodIn(modifiers: readonly number[]): number {
  const [precision, scale = 0] = modifiers;
  if (modifiers.length < 1 || modifiers.length > 2) throw new SqlError(sqlstate.invalidParameterValue, 'invalid NUMERIC type modifier');
  if (precision < 1 || precision > maxPrecision) {
    throw new SqlError(sqlstate.invalidParameterValue, `NUMERIC precision ${precision} must be between 1 and ${maxPrecision}`);
  }
  if (scale < minScale || scale > maxScale) {
    throw new SqlError(sqlstate.invalidParameterValue, `NUMERIC scale ${scale} must be between ${minScale} and ${maxScale}`);
  }
  return numericTypmod(precision, scale);
}

export const numericTypmod = (precision: number, scale: number): number => ((precision << 16) | (scale & 0x7ff)) + headerBytes;
export const numericPrecision = (typmod: number): number => ((typmod - headerBytes) >> 16) & 0xffff;
export const numericScale = (typmod: number): number => (((typmod - headerBytes) & 0x7ff) ^ 1024) - 1024;

export const numericTypmodOut = (typmod: number): string =>
  typmod < headerBytes ? '' : `(${numericPrecision(typmod)},${numericScale(typmod)})`;
