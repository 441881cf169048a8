/** The words for fields of dates and times in extract, date_part and date_trunc, with PostgreSQL's abbreviations. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';

export type FieldName =
  | 'microseconds'
  | 'milliseconds'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'quarter'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium'
  | 'dow'
  | 'isodow'
  | 'doy'
  | 'isoyear'
  | 'julian'
  | 'epoch'
  | 'timezone'
  | 'timezone_hour'
  | 'timezone_minute';

const spellings: Readonly<Record<FieldName, readonly string[]>> = {
  microseconds: ['microsecon', 'us', 'usec', 'usecond', 'useconds', 'usecs'],
  milliseconds: ['millisecon', 'ms', 'msec', 'msecond', 'mseconds', 'msecs'],
  second: ['second', 's', 'sec', 'seconds', 'secs'],
  minute: ['minute', 'm', 'min', 'mins', 'minutes'],
  hour: ['hour', 'h', 'hours', 'hr', 'hrs'],
  day: ['day', 'd', 'days'],
  week: ['week', 'w', 'weeks'],
  month: ['month', 'mon', 'mons', 'months'],
  quarter: ['quarter', 'qtr'],
  year: ['year', 'y', 'years', 'yr', 'yrs'],
  decade: ['decade', 'dec', 'decades', 'decs'],
  century: ['century', 'c', 'cent', 'centuries'],
  millennium: ['millennium', 'mil', 'millennia', 'mils'],
  dow: ['dow'],
  isodow: ['isodow'],
  doy: ['doy'],
  isoyear: ['isoyear'],
  julian: ['julian', 'j', 'jd'],
  epoch: ['epoch'],
  timezone: ['timezone'],
  timezone_hour: ['timezone_h'],
  timezone_minute: ['timezone_m'],
};

/** As PostgreSQL compares words: their first ten letters. */
const wordLength = 10;
const byWord = new Map<string, FieldName>();
for (const [name, words] of Object.entries(spellings)) {
  for (const word of [name, ...words]) byWord.set(word.slice(0, wordLength), name as FieldName);
}

/** Words that name a time, not a field of one: known, but of no use here. */
const specialWords: ReadonlySet<string> = new Set(['now', 'today', 'tomorrow', 'yesterday', 'infinity', '-infinity', 'allballs']);

/** Throws 22023 for a word that is no field at all. */
export function fieldNamed(word: string, typeName: string): FieldName {
  const field = byWord.get(word.toLowerCase().slice(0, wordLength));
  if (field !== undefined) return field;
  throw specialWords.has(word.toLowerCase()) ? fieldNotSupported(word, typeName) : fieldNotRecognized(word, typeName);
}

const onlyRead: ReadonlySet<FieldName> = new Set(['dow', 'isodow', 'doy', 'isoyear', 'julian', 'epoch']);

/** As fieldNamed, for date_trunc, which does not know the fields that can only be read. */
export function truncationNamed(word: string, typeName: string): FieldName {
  const field = byWord.get(word.toLowerCase().slice(0, wordLength));
  if (field === undefined || onlyRead.has(field)) throw fieldNotRecognized(word, typeName);
  return field;
}

const fieldNotRecognized = (word: string, typeName: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, `unit "${word.toLowerCase()}" not recognized for type ${typeName}`);

export const fieldNotSupported = (word: string, typeName: string): SqlError =>
  notSupported(`unit "${word.toLowerCase()}" not supported for type ${typeName}`);
