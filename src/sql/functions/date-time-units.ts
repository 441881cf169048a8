/** The words for fields of dates and times in extract, date_part and date_trunc, with PostgreSQL's abbreviations. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { findUnit, significantPart, type Unit } from '../types/date-time/keywords.ts';
import { lowerAscii } from './characters.ts';

/** What can be asked of a date or time without being a unit of intervals. */
type Reading = 'dow' | 'isodow' | 'doy' | 'isoyear' | 'julian' | 'epoch' | 'timezone' | 'timezone_hour' | 'timezone_minute';

export type FieldName = Unit | Reading;

const readings = new Map<string, Reading>([
  ...(['dow', 'isodow', 'doy', 'isoyear', 'julian', 'epoch', 'timezone', 'timezone_hour', 'timezone_minute'] as const).map(
    (name): [string, Reading] => [significantPart(name), name],
  ),
  ['j', 'julian'],
  ['jd', 'julian'],
]);

function findField(word: string): FieldName | undefined {
  const lower = lowerAscii(word);
  return findUnit(lower) ?? readings.get(significantPart(lower));
}

/** Words that name a time, not a field of one: known, but of no use here. */
const specialWords: ReadonlySet<string> = new Set(['now', 'today', 'tomorrow', 'yesterday', 'infinity', '-infinity', 'allballs']);

/** Throws 22023 for a word that is no field at all. */
export function fieldNamed(word: string, typeName: string): FieldName {
  const field = findField(word);
  if (field !== undefined) return field;
  throw specialWords.has(lowerAscii(word)) ? fieldNotSupported(word, typeName) : fieldNotRecognized(word, typeName);
}

const onlyRead: ReadonlySet<FieldName> = new Set(['dow', 'isodow', 'doy', 'isoyear', 'julian', 'epoch']);

/** As fieldNamed, for date_trunc, which does not know the fields that can only be read. */
export function truncationNamed(word: string, typeName: string): FieldName {
  const field = findField(word);
  if (field === undefined || onlyRead.has(field)) throw fieldNotRecognized(word, typeName);
  return field;
}

const fieldNotRecognized = (word: string, typeName: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, `unit "${lowerAscii(word)}" not recognized for type ${typeName}`);

export const fieldNotSupported = (word: string, typeName: string): SqlError =>
  notSupported(`unit "${lowerAscii(word)}" not supported for type ${typeName}`);
