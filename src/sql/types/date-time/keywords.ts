/** The words of PostgreSQL's date and time input, in lower case. Only the first ten letters of a word count. */

export type Unit =
  | 'microsecond'
  | 'millisecond'
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
  | 'millennium';

export type Keyword =
  | {
      readonly kind: 'reserved';
      readonly value: 'now' | 'today' | 'tomorrow' | 'yesterday' | 'allballs' | 'epoch' | 'infinity' | '-infinity';
    }
  | { readonly kind: 'month'; readonly value: number }
  | { readonly kind: 'dayOfWeek'; readonly value: number }
  | { readonly kind: 'meridiem'; readonly value: 'am' | 'pm' }
  | { readonly kind: 'era'; readonly value: 'ad' | 'bc' }
  /** `dst`: an hour more. */
  | { readonly kind: 'daylight' }
  | { readonly kind: 'unit'; readonly value: 'julian' | 'other' }
  /** The T before an ISO time. */
  | { readonly kind: 'isoTime' }
  | { readonly kind: 'ignored' };

const months = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];
const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

export const monthNames = months.map((name) => name[0].toUpperCase() + name.slice(1));
export const weekdayNames = weekdays.map((name) => name[0].toUpperCase() + name.slice(1));

const significantLetters = 10;
export const significantPart = (word: string): string => word.slice(0, significantLetters);

const words = new Map<string, Keyword>([
  ...(['now', 'today', 'tomorrow', 'yesterday', 'allballs', 'epoch', 'infinity', '-infinity'] as const).map((value): [string, Keyword] => [
    value,
    { kind: 'reserved', value },
  ]),
  ['+infinity', { kind: 'reserved', value: 'infinity' }],
  ...months.flatMap((name, index): [string, Keyword][] => [
    [name, { kind: 'month', value: index + 1 }],
    [name.slice(0, 3), { kind: 'month', value: index + 1 }],
  ]),
  ['sept', { kind: 'month', value: 9 }],
  ...weekdays.flatMap((name, index): [string, Keyword][] => [
    [name, { kind: 'dayOfWeek', value: index }],
    [name.slice(0, 3), { kind: 'dayOfWeek', value: index }],
  ]),
  ['tues', { kind: 'dayOfWeek', value: 2 }],
  ['weds', { kind: 'dayOfWeek', value: 3 }],
  ['thur', { kind: 'dayOfWeek', value: 4 }],
  ['thurs', { kind: 'dayOfWeek', value: 4 }],
  ['am', { kind: 'meridiem', value: 'am' }],
  ['pm', { kind: 'meridiem', value: 'pm' }],
  ['ad', { kind: 'era', value: 'ad' }],
  ['bc', { kind: 'era', value: 'bc' }],
  ['dst', { kind: 'daylight' }],
  ...['j', 'jd', 'julian'].map((word): [string, Keyword] => [word, { kind: 'unit', value: 'julian' }]),
  ...['d', 'dow', 'doy', 'h', 'isodow', 'isoyear', 'm', 'mm', 's', 'y'].map((word): [string, Keyword] => [
    word,
    { kind: 'unit', value: 'other' },
  ]),
  ['t', { kind: 'isoTime' }],
  ['at', { kind: 'ignored' }],
  ['on', { kind: 'ignored' }],
]);

/** A word of dates and times; `-infinity` counts as one. */
export const findKeyword = (word: string): Keyword | undefined => words.get(significantPart(word));

const unitSpellings: Readonly<Record<Unit, readonly string[]>> = {
  microsecond: ['microsecond', 'microseconds', 'us', 'usec', 'usecond', 'useconds', 'usecs'],
  millisecond: ['millisecond', 'milliseconds', 'ms', 'msec', 'msecond', 'mseconds', 'msecs'],
  second: ['s', 'sec', 'second', 'seconds', 'secs'],
  minute: ['m', 'min', 'mins', 'minute', 'minutes'],
  hour: ['h', 'hour', 'hours', 'hr', 'hrs'],
  day: ['d', 'day', 'days'],
  week: ['w', 'week', 'weeks'],
  month: ['mon', 'mons', 'month', 'months'],
  quarter: ['qtr', 'quarter'],
  year: ['y', 'year', 'years', 'yr', 'yrs'],
  decade: ['dec', 'decade', 'decades', 'decs'],
  century: ['c', 'cent', 'centuries', 'century'],
  millennium: ['mil', 'millennia', 'millennium', 'mils'],
};

const units = new Map<string, Unit>();
for (const [unit, spellings] of Object.entries(unitSpellings)) {
  for (const spelling of spellings) units.set(significantPart(spelling), unit as Unit);
}

/** A unit of intervals, as extract() and date_trunc() take them too. `m` is a minute. */
export const findUnit = (word: string): Unit | undefined => units.get(significantPart(word));
