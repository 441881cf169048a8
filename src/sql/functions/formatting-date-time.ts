/** to_char() of timestamps and intervals. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import {
  dateOfDays,
  dayOfWeek,
  dayOfYear,
  daysOfDate,
  epochJulianDay,
  type Microseconds,
  splitTimestamp,
} from '../types/date-time/calendar.ts';
import { fieldsOf } from '../types/date-time/interval-fields.ts';
import type { Interval } from '../types/interval-value.ts';
import { isoWeek } from './date-time-fields.ts';
import { ordinalEnding } from './formatting-ordinal.ts';
import type { PatternNode, Template } from './formatting-template.ts';

export const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];
export const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
/** December first: the longer numerals stand before those that begin them. */
export const romanMonths = ['XII', 'XI', 'X', 'IX', 'VIII', 'VII', 'VI', 'V', 'IV', 'III', 'II', 'I'];

/** What can be printed. Years are astronomical; an interval's fields have the sign of their part. */
export type FormattedTime = {
  readonly isInterval: boolean;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly dayOfYear: number;
  /** Days since 2000-01-01; of an interval without meaning. */
  readonly days: number;
  readonly zone: { readonly abbreviation: string; readonly secondsEast: number } | undefined;
};

export function timeOfTimestamp(local: Microseconds, zone: FormattedTime['zone']): FormattedTime {
  const { days, microseconds } = splitTimestamp(local);
  const date = dateOfDays(days);
  const seconds = Math.floor(microseconds / 1e6);
  return {
    isInterval: false,
    ...date,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
    microsecond: microseconds % 1e6,
    dayOfYear: dayOfYear(date),
    days,
    zone,
  };
}

export function timeOfInterval(interval: Interval): FormattedTime {
  const fields = fieldsOf(interval);
  return {
    isInterval: true,
    year: fields.years,
    month: fields.months,
    day: fields.days,
    hour: fields.hours,
    minute: fields.minutes,
    second: fields.seconds,
    microsecond: fields.microseconds,
    // PostgreSQL counts in 32 bits, here and below.
    dayOfYear: (interval.months * 30 + fields.days) | 0,
    days: julianDayOfFields(fields.years, fields.months, fields.days) - epochJulianDay,
    zone: undefined,
  };
}

/** PostgreSQL's own formula, which gives something for months that are none, too. */
function julianDayOfFields(years: number, months: number, days: number): number {
  const [month, year] = months > 2 ? [months + 1, years + 4800] : [months + 13, years + 4799];
  const century = Math.trunc(year / 100);
  return (year * 365 - 32167 + Math.trunc(year / 4) - century + Math.trunc(century / 4) + Math.trunc((7834 * month) / 256) + days) | 0;
}

export function formatTime(template: Template, time: FormattedTime): string {
  let text = '';
  for (const node of template) text += node.kind === 'pattern' ? formatPattern(node, time) : node.text;
  return text;
}

const onlyCalendar = /^(TZ|TZH|TZM|OF|A\.?D\.?|B\.?C\.?|MONTH|MON|DAY|DY|D|ID)$/;

function formatPattern(node: PatternNode, time: FormattedTime): string {
  const pattern = node.name.toUpperCase();
  if (time.isInterval && onlyCalendar.test(pattern)) {
    throw new SqlError(sqlstate.invalidDatetimeFormat, 'invalid format specification for an interval value', {
      hint: 'Intervals are not tied to specific calendar dates.',
    });
  }
  const number = formatNumberPattern(node, pattern, time);
  if (number !== undefined) return node.ordinal === undefined ? number : number + ordinalEnding(number, node.ordinal);
  return formatWord(node, pattern, time);
}

/** Digits with zeros in front; a sign takes a place of its own. */
function padded(node: PatternNode, value: number, width: number): string {
  if (node.fill) return String(value);
  return value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0');
}

/** As `padded`, where the sign counts as one of the places. */
function paddedWithin(node: PatternNode, value: number, width: number): string {
  return value < 0 && !node.fill ? `-${String(-value).padStart(width - 1, '0')}` : padded(node, value, width);
}

/** undefined: not a number. */
function formatNumberPattern(node: PatternNode, pattern: string, time: FormattedTime): string | undefined {
  const shownYear = (year: number): number => (time.isInterval || year > 0 ? year : 1 - year);
  const year = (): number => shownYear(pattern.startsWith('I') ? isoWeek(time.days).year : time.year);
  switch (pattern) {
    case 'HH':
    case 'HH12': {
      const hour = time.hour % 12 === 0 ? 12 : time.hour % 12;
      return paddedWithin(node, hour, time.hour >= 0 ? 2 : 3);
    }
    case 'HH24':
      return padded(node, time.hour, 2);
    case 'MI':
      return padded(node, time.minute, 2);
    case 'SS':
      return padded(node, time.second, 2);
    case 'FF1':
    case 'FF2':
    case 'FF3':
    case 'FF4':
    case 'FF5':
    case 'FF6': {
      const digits = Number(pattern[2]);
      return fraction(Math.trunc(time.microsecond / 10 ** (6 - digits)), digits);
    }
    case 'MS':
      return fraction(Math.trunc(time.microsecond / 1000), 3);
    case 'US':
      return fraction(time.microsecond, 6);
    case 'SSSS':
    case 'SSSSS':
      return String(time.hour * 3600 + time.minute * 60 + time.second);
    case 'MM':
      return padded(node, time.month, 2);
    case 'DDD':
      return paddedWithin(node, time.dayOfYear, 3);
    case 'IDDD': {
      const start = daysOfDate(isoWeek(time.days).year, 1, 4);
      return paddedWithin(node, time.days - (start - ((dayOfWeek(start) + 6) % 7)) + 1, 3);
    }
    case 'DD':
      return paddedWithin(node, time.day, 2);
    case 'D':
      return String(dayOfWeek(time.days) + 1);
    case 'ID':
      return String(dayOfWeek(time.days) || 7);
    case 'WW':
      return paddedWithin(node, Math.trunc((time.dayOfYear - 1) / 7) + 1, 2);
    case 'IW':
      return paddedWithin(node, isoWeek(time.days).week, 2);
    case 'W':
      return String(Math.trunc((time.day - 1) / 7) + 1);
    case 'Q':
      return time.month === 0 ? '' : String(Math.trunc((time.month - 1) / 3) + 1);
    case 'CC': {
      const century = time.isInterval
        ? Math.trunc(time.year / 100)
        : time.year > 0
          ? Math.trunc((time.year - 1) / 100) + 1
          : Math.trunc(time.year / 100) - 1;
      return padded(node, century || 0, 2);
    }
    case 'Y,YYY': {
      const thousands = Math.trunc(year() / 1000) || 0;
      return `${thousands},${fraction(year() - thousands * 1000, 3)}`;
    }
    case 'YYYY':
    case 'IYYY':
      return lastDigits(node, time, year(), 4);
    case 'YYY':
    case 'IYY':
      return lastDigits(node, time, year(), 3);
    case 'YY':
    case 'IY':
      return lastDigits(node, time, year(), 2);
    case 'Y':
    case 'I':
      return String(year() % 10 || 0);
    case 'J':
      return String(time.days + epochJulianDay);
    default:
      return undefined;
  }
}

/** All of a year for width 4. There is a place for the sign where the calendar year has one, whatever the ISO year has. */
function lastDigits(node: PatternNode, time: FormattedTime, year: number, width: number): string {
  const isNegative = time.isInterval && time.year < 0;
  return paddedWithin(node, width === 4 ? year : year % 10 ** width || 0, isNegative ? width + 1 : width);
}

/** Always padded; of negative values as C does, with the sign as one of the places. */
function fraction(value: number, width: number): string {
  return value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');
}

function formatWord(node: PatternNode, pattern: string, time: FormattedTime): string {
  const plain = node.fill || node.localized;
  switch (pattern) {
    case 'AM':
    case 'PM':
    case 'A.M.':
    case 'P.M.':
      return inCaseOf(node.name, withPoints(pattern, time.hour % 24 >= 12 ? 'PM' : 'AM'));
    case 'AD':
    case 'BC':
    case 'A.D.':
    case 'B.C.':
      return inCaseOf(node.name, withPoints(pattern, time.year <= 0 ? 'BC' : 'AD'));
    case 'MONTH':
      return inCaseOf(node.name, monthNames[time.month - 1]).padEnd(plain ? 0 : 9);
    case 'MON':
      return inCaseOf(node.name, monthNames[time.month - 1].slice(0, 3));
    case 'DAY':
      return inCaseOf(node.name, dayNames[dayOfWeek(time.days)]).padEnd(plain ? 0 : 9);
    case 'DY':
      return inCaseOf(node.name, dayNames[dayOfWeek(time.days)].slice(0, 3));
    case 'RM':
      return romanMonth(node, time);
    case 'TZ':
      return time.zone === undefined ? '' : inCaseOf(node.name, time.zone.abbreviation);
    case 'TZH': {
      const east = time.zone?.secondsEast ?? 0;
      return sign(east) + String(Math.trunc(Math.abs(east) / 3600)).padStart(2, '0');
    }
    case 'TZM':
      return String(Math.trunc((Math.abs(time.zone?.secondsEast ?? 0) % 3600) / 60)).padStart(2, '0');
    case 'OF': {
      const east = time.zone?.secondsEast ?? 0;
      const hours = String(Math.trunc(Math.abs(east) / 3600)).padStart(node.fill ? 0 : 2, '0');
      const minutes = Math.trunc((Math.abs(east) % 3600) / 60);
      return `${sign(east)}${hours}${Math.abs(east) % 3600 === 0 ? '' : `:${String(minutes).padStart(2, '0')}`}`;
    }
    default:
      return '';
  }
}

const sign = (value: number): string => (value < 0 ? '-' : '+');
const withPoints = (pattern: string, word: string): string => (pattern.includes('.') ? `${word[0]}.${word[1]}.` : word);

/** MONTH, Month and month ask for three spellings of a word. */
function inCaseOf(name: string, word: string): string {
  if (name === name.toUpperCase()) return word.toUpperCase();
  return name === name.toLowerCase() ? word.toLowerCase() : word;
}

function romanMonth(node: PatternNode, time: FormattedTime): string {
  if (time.month === 0 && time.year === 0) return '';
  // An interval's whole years have no month left: they are shown as twelve, or counted from the other end.
  const index = time.month === 0 ? (time.year >= 0 ? 0 : 11) : time.month < 0 ? -time.month - 1 : 12 - time.month;
  return inCaseOf(node.name, romanMonths[index]).padEnd(node.fill ? 0 : 4);
}
