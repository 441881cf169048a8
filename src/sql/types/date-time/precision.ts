/** time(p), timestamp(p) and their kind: how many digits of the seconds are kept. */
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { int8 } from '../../datum.ts';
import type { Remark } from '../../type.ts';
import { isInfinite, type Microseconds } from './calendar.ts';

export const maxPrecision = 6;

/** A precision above six becomes six, with a warning. `word` and `zone` are TIMESTAMP and WITH TIME ZONE for the message. */
export const precisionTypmodIn =
  (word: string, zone: string) =>
  (modifiers: readonly number[], remark?: Remark): number => {
    const [precision] = modifiers;
    if (modifiers.length !== 1) throw new SqlError(sqlstate.invalidParameterValue, 'invalid type modifier');
    if (precision < 0) {
      throw new SqlError(sqlstate.invalidParameterValue, `${word}(${precision})${zone} precision must not be negative`);
    }
    return reducedPrecision(precision, `${word}(${precision})${zone}`, remark);
  };

/** At most six digits; `written` is the type as it was asked for. */
export function reducedPrecision(precision: number, written: string, remark: Remark | undefined): number {
  if (precision <= maxPrecision) return precision;
  remark?.(warning(sqlstate.invalidParameterValue, `${written} precision reduced to maximum allowed, ${maxPrecision}`));
  return maxPrecision;
}

export const precisionTypmodOut =
  (zone: string) =>
  (typmod: number): string =>
    typmod < 0 ? '' : `(${typmod})${zone}`;

const scales = [1000000, 100000, 10000, 1000, 100, 10, 1];

/** Rounds half away from zero to `precision` digits of a second. */
export function roundMicroseconds(value: Microseconds, precision: number): Microseconds {
  if (precision < 0 || precision >= maxPrecision || isInfinite(value)) return value;
  const scale = scales[precision];
  if (typeof value === 'number' && Math.abs(value) < 9e15) {
    const magnitude = Math.floor((Math.abs(value) + scale / 2) / scale) * scale;
    return value < 0 ? 0 - magnitude : magnitude;
  }
  const exact = BigInt(value);
  const step = BigInt(scale);
  const magnitude = (((exact < 0n ? -exact : exact) + step / 2n) / step) * step;
  return int8(exact < 0n ? -magnitude : magnitude);
}
