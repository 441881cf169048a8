/** extract and date_part: one field of a date, time or interval, as an exact numeric or as float8. */
import type { Datum } from '../datum.ts';
import { type Implementation, type Implementations, scalar } from '../function.ts';
import type { TypeContext } from '../type.ts';
import {
  type CalendarDate,
  dateOfDays,
  dayOfWeek,
  dayOfYear,
  daysOfDate,
  epochJulianDay,
  isInfinite,
  type Microseconds,
  splitTimestamp,
  unixEpochDays,
  unixEpochSeconds,
  unixSecondsOf,
} from '../types/date-time/calendar.ts';
import { fieldsOf, inInt64 } from '../types/date-time/interval-fields.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { localClock } from '../types/date-time/timestamp.ts';
import type { Interval } from '../types/interval-value.ts';
import { addNumeric, divideNumeric, numericOfInteger, roundNumeric } from '../types/numeric-arithmetic.ts';
import { Numeric } from '../types/numeric-value.ts';
import type { TimeTz } from '../types/timetz-value.ts';
import { timestampOfDate } from './date-time-arithmetic.ts';
import { type FieldName, fieldNamed, fieldNotSupported } from './date-time-units.ts';

/**
 * An amount of `unscaled` at so many decimal places. `float` is what date_part answers where PostgreSQL's float arithmetic comes to
 * something else than the nearest float8.
 */
type Exact = { readonly unscaled: number | bigint; readonly scale: number; readonly float?: number } | Numeric;
/** undefined: the type has no such field. null: the answer is NULL. */
type Field = Exact | null | undefined;

const whole = (value: number): Exact => ({ unscaled: value, scale: 0 });

/** Of a year counted astronomically (1 BC is 0). */
const shownYear = (year: number): number => (year > 0 ? year : year - 1);
const centuryOf = (year: number): number => (year > 0 ? Math.trunc((year + 99) / 100) : -Math.trunc((99 - (year - 1)) / 100));
const millenniumOf = (year: number): number => (year > 0 ? Math.trunc((year + 999) / 1000) : -Math.trunc((999 - (year - 1)) / 1000));
const decadeOf = (year: number): number => (year >= 0 ? Math.trunc(year / 10) : -Math.trunc((8 - (year - 1)) / 10));

const isoDayOfWeek = (days: number): number => dayOfWeek(days) || 7;

/** The Thursday of a day's week says which year the week belongs to. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - isoDayOfWeek(days) + 4;
  const { year } = dateOfDays(thursday);
  return { year, week: Math.floor((thursday - daysOfDate(year, 1, 1)) / 7) + 1 };
}

function calendarField(field: FieldName, days: number, date: CalendarDate): Field {
  switch (field) {
    case 'day':
      return whole(date.day);
    case 'month':
      return whole(date.month);
    case 'quarter':
      return whole(Math.trunc((date.month - 1) / 3) + 1);
    case 'week':
      return whole(isoWeek(days).week);
    case 'year':
      return whole(shownYear(date.year));
    case 'isoyear':
      return whole(shownYear(isoWeek(days).year));
    case 'decade':
      return whole(decadeOf(date.year));
    case 'century':
      return whole(centuryOf(date.year));
    case 'millennium':
      return whole(millenniumOf(date.year));
    case 'dow':
      return whole(dayOfWeek(days));
    case 'isodow':
      return whole(isoDayOfWeek(days));
    case 'doy':
      return whole(dayOfYear(date));
    default:
      return undefined;
  }
}

/** Seconds and their parts; `inMinute` is microseconds. */
function secondField(field: FieldName, inMinute: number): Exact | undefined {
  const seconds = Math.trunc(inMinute / 1e6);
  const fraction = inMinute - seconds * 1e6;
  if (field === 'microsecond') return whole(inMinute);
  if (field === 'millisecond') return { unscaled: inMinute, scale: 3, float: seconds * 1000 + fraction / 1000 };
  if (field === 'second') return { unscaled: inMinute, scale: 6, float: seconds + fraction / 1e6 };
  return undefined;
}

function clockField(field: FieldName, microseconds: number): Field {
  switch (field) {
    case 'microsecond':
    case 'millisecond':
    case 'second':
      return secondField(field, microseconds % 60_000_000);
    case 'minute':
      return whole(Math.trunc(microseconds / 60_000_000) % 60);
    case 'hour':
      return whole(Math.trunc(microseconds / 3_600_000_000));
    default:
      return undefined;
  }
}

function zoneField(field: FieldName, secondsEast: number): Field {
  if (field === 'timezone') return whole(secondsEast);
  if (field === 'timezone_hour') return whole(Math.trunc(secondsEast / 3600) || 0);
  if (field === 'timezone_minute') return whole(Math.trunc((secondsEast % 3600) / 60) || 0);
  return undefined;
}

/** Fields that grow without end are infinite for an infinite time; those that come round again are NULL. */
function infiniteField(field: FieldName, value: Microseconds): Field {
  switch (field) {
    case 'year':
    case 'isoyear':
    case 'decade':
    case 'century':
    case 'millennium':
    case 'julian':
    case 'epoch':
      return value === Number.POSITIVE_INFINITY ? Numeric.infinity : Numeric.negativeInfinity;
    default:
      return null;
  }
}

function dateField(field: FieldName, days: number): Field {
  if (!Number.isFinite(days))
    return calendarField(field, 0, dateOfDays(0)) === undefined && field !== 'epoch' && field !== 'julian'
      ? undefined
      : infiniteField(field, days);
  if (field === 'epoch') return whole((days - unixEpochDays) * 86400);
  if (field === 'julian') return whole(days + epochJulianDay);
  return calendarField(field, days, dateOfDays(days));
}

function localField(field: FieldName, local: Microseconds): Field {
  const { days, microseconds } = splitTimestamp(local);
  if (field === 'julian') {
    const fraction = divideNumeric(numericOfInteger(microseconds), numericOfInteger(86_400_000_000));
    return addNumeric(numericOfInteger(days + epochJulianDay), fraction);
  }
  return calendarField(field, days, dateOfDays(days)) ?? clockField(field, microseconds);
}

const million = numericOfInteger(1_000_000);

/** Where the count of microseconds leaves 64 bits PostgreSQL divides numerics, to fewer digits. */
function epochOf(timestamp: Microseconds): Exact {
  const microseconds = BigInt(timestamp) + BigInt(unixEpochSeconds) * 1_000_000n;
  if (inInt64(microseconds) === undefined) return roundNumeric(divideNumeric(numericOfInteger(microseconds), million), 6);
  return { unscaled: microseconds, scale: 6 };
}

function timestampField(field: FieldName, value: Microseconds): Field {
  if (isInfinite(value)) return infiniteField(field, value);
  return field === 'epoch' ? epochOf(value) : localField(field, value);
}

function timestamptzField(field: FieldName, value: Microseconds, context: TypeContext): Field {
  if (isInfinite(value)) return infiniteField(field, value);
  if (field === 'epoch') return epochOf(value);
  const zone = sessionZone(context);
  return localField(field, localClock(value, zone)) ?? zoneField(field, zone.offsetAt(unixSecondsOf(value)));
}

const timeField = (field: FieldName, time: number): Field => (field === 'epoch' ? { unscaled: time, scale: 6 } : clockField(field, time));

const timetzField = (field: FieldName, time: TimeTz): Field =>
  field === 'epoch'
    ? {
        unscaled: time.microseconds + time.zoneSeconds * 1_000_000,
        scale: 6,
        float: time.microseconds / 1e6 + time.zoneSeconds,
      }
    : (clockField(field, time.microseconds) ?? zoneField(field, -time.zoneSeconds));

function intervalField(field: FieldName, interval: Interval): Field {
  const { years, months, days, hours, minutes, seconds, microseconds } = fieldsOf(interval);
  switch (field) {
    case 'microsecond':
    case 'millisecond':
    case 'second':
      return secondField(field, seconds * 1_000_000 + microseconds);
    case 'minute':
      return whole(minutes);
    case 'hour':
      return whole(hours);
    case 'day':
      return whole(days);
    case 'month':
      return whole(months);
    case 'quarter':
      return whole(Math.trunc(months / 3) + 1);
    case 'year':
      return whole(years);
    case 'decade':
      return whole(Math.trunc(years / 10));
    case 'century':
      return whole(Math.trunc(years / 100));
    case 'millennium':
      return whole(Math.trunc(years / 1000));
    case 'epoch': {
      // A year is 365.25 days here, a month 30: quarters of days keep it whole.
      const quarters = BigInt(1461 * years + 120 * months + 4 * interval.days);
      const float = Number(interval.microseconds) / 1e6 + 31_557_600 * years + 2_592_000 * months + 86_400 * interval.days;
      return { unscaled: quarters * 21_600_000_000n + BigInt(interval.microseconds), scale: 6, float };
    }
    default:
      return undefined;
  }
}

function exactNumeric(value: Exact): Numeric {
  if (value instanceof Numeric) return value;
  return Numeric.of(BigInt(Object.is(value.unscaled, -0) ? 0 : value.unscaled), value.scale);
}

function asFloat(value: Exact): number {
  if (!(value instanceof Numeric)) return (value.float ?? Number(value.unscaled) / 10 ** value.scale) || 0;
  if (value.kind !== 'finite') return value.kind === 'infinity' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const digits = value.unscaled.toString().padStart(value.scale + 1, '0');
  return Number(`${digits.slice(0, digits.length - value.scale)}.${digits.slice(digits.length - value.scale)}`);
}

function answer(word: string, displayName: string, found: Field, finish: (value: Exact) => Datum): Datum {
  if (found === undefined) throw fieldNotSupported(word, displayName);
  return found === null ? null : finish(found);
}

/** Both functions for one type. */
function forms<Value>(
  type: string,
  displayName: string,
  read: (field: FieldName, value: Value, context: TypeContext) => Field,
): Implementations {
  const form = (finish: (value: Exact) => Datum): Implementation =>
    scalar((word: string, value: Value, context: TypeContext) =>
      answer(word, displayName, read(fieldNamed(word, displayName), value, context), finish),
    );
  return { [`extract(text,${type})`]: form(exactNumeric), [`date_part(text,${type})`]: form(asFloat) };
}

const timestampName = 'timestamp without time zone';

export const dateTimeFieldFunctions: Implementations = {
  ...forms('timestamp', timestampName, timestampField),
  ...forms('timestamptz', 'timestamp with time zone', timestamptzField),
  ...forms('time', 'time without time zone', timeField),
  ...forms('timetz', 'time with time zone', timetzField),
  ...forms('interval', 'interval', intervalField),
  ...forms('date', 'date', dateField),
  // Unlike extract, this is date_part of the timestamp at midnight: hours and the like are there, and zero.
  'date_part(text,date)': scalar((word: string, days: number) =>
    answer(word, timestampName, timestampField(fieldNamed(word, timestampName), timestampOfDate(days)), asFloat),
  ),
};
