/** The modifier of interval: which fields it keeps (high 16 bits, a mask) and its precision (low 16 bits), as PostgreSQL packs them. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Remark } from '../../type.ts';
import { reducedPrecision } from './precision.ts';

export const intervalField = { month: 2, year: 4, day: 8, hour: 1024, minute: 2048, second: 4096 } as const;
const { month, year, day, hour, minute, second } = intervalField;

export const intervalFullRange = 0x7fff;
export const intervalFullPrecision = 0xffff;
export const maxPrecision = 6;

const words: readonly (readonly [mask: number, word: string])[] = [
  [year, ' year'],
  [month, ' month'],
  [day, ' day'],
  [hour, ' hour'],
  [minute, ' minute'],
  [second, ' second'],
  [year | month, ' year to month'],
  [day | hour, ' day to hour'],
  [day | hour | minute, ' day to minute'],
  [day | hour | minute | second, ' day to second'],
  [hour | minute, ' hour to minute'],
  [hour | minute | second, ' hour to second'],
  [minute | second, ' minute to second'],
  [intervalFullRange, ''],
];

export const intervalRange = (typmod: number): number => (typmod < 0 ? intervalFullRange : (typmod >> 16) & 0x7fff);
export const intervalPrecision = (typmod: number): number => (typmod < 0 ? intervalFullPrecision : typmod & 0xffff);

const wordOf = (range: number): string | undefined => words.find(([mask]) => mask === range)?.[1];

/** Whether it names a range of fields that there is. */
export const isIntervalTypmod = (typmod: number): boolean => wordOf(intervalRange(typmod)) !== undefined;

/** [fields], [fields, precision] as the grammar gives them: fields is the mask, 32767 for all. */
export function intervalTypmodIn(modifiers: readonly number[], remark?: Remark): number {
  const [range, precision] = modifiers;
  if (modifiers.length < 1 || modifiers.length > 2 || wordOf(range) === undefined) {
    throw new SqlError(sqlstate.invalidParameterValue, 'invalid INTERVAL type modifier');
  }
  if (precision === undefined) return range === intervalFullRange ? -1 : (range << 16) | intervalFullPrecision;
  if (precision < 0) throw new SqlError(sqlstate.invalidParameterValue, `INTERVAL(${precision}) precision must not be negative`);
  return (range << 16) | (precision === intervalFullPrecision ? precision : reducedPrecision(precision, `INTERVAL(${precision})`, remark));
}

/** ' day to second(2)' for interval day to second(2). */
export function intervalTypmodOut(typmod: number): string {
  if (typmod < 0) return '';
  const word = wordOf(intervalRange(typmod));
  if (word === undefined) throw new SqlError(sqlstate.internalError, `invalid INTERVAL typmod: 0x${(typmod >>> 0).toString(16)}`);
  const precision = intervalPrecision(typmod);
  return precision === intervalFullPrecision ? word : `${word}(${precision})`;
}
