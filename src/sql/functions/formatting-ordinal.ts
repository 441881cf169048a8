/** st, nd, rd and th behind numbers. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

const endings: Readonly<Record<string, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };

/** By the last two characters of a number's text. */
export function ordinalEnding(number: string, style: 'TH' | 'th'): string {
  const last = number.at(-1) ?? '';
  if (last < '0' || last > '9') throw new SqlError(sqlstate.invalidTextRepresentation, `"${number}" is not a number`);
  const ending = number.at(-2) === '1' ? 'th' : (endings[last] ?? 'th');
  return style === 'TH' ? ending.toUpperCase() : ending;
}
