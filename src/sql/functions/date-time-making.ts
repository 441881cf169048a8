/** Making and cutting dates and times: make_*, to_timestamp(float8), date_trunc, date_bin, age. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import type { TypeContext } from '../type.ts';
import {
  addMicroseconds,
  dateOfDays,
  dayOfWeek,
  daysInMonth,
  daysOfDate,
  isDateInRange,
  isInfinite,
  isTimestampDayInRange,
  isTimestampInRange,
  joinTimestamp,
  type Microseconds,
  splitTimestamp,
  unixEpochSeconds,
} from '../types/date-time/calendar.ts';
import { dateOutOfRange, intervalOutOfRange, timestampOutOfRange } from '../types/date-time/date-time-error.ts';
import { fieldsOf, isInt32 } from '../types/date-time/interval-fields.ts';
import { localNow, sessionZone } from '../types/date-time/parse-date-time.ts';
import type { TimeZone } from '../types/date-time/time-zone.ts';
import { toLocal } from '../types/date-time/timestamp.ts';
import { Interval } from '../types/interval-value.ts';
import { toMoment, zoneNamed } from './date-time-arithmetic.ts';
import { type FieldName, fieldNamed, fieldNotSupported } from './date-time-units.ts';

const invalidField = (message: string): SqlError => new SqlError(sqlstate.datetimeFieldOverflow, message);
const two = (value: number): string => (value < 0 ? `-${String(-value).padStart(1, '0')}` : String(value).padStart(2, '0'));

/** Days of a calendar date; a negative year is BC, and there is no year 0. */
function makeDate(year: number, month: number, day: number, what = 'date'): number {
  const shown = `${year}-${two(month)}-${two(day)}`;
  const astronomical = year < 0 ? year + 1 : year;
  const exists = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(astronomical, month);
  if (!exists) throw invalidField(`date field value out of range: ${shown}`);
  const days = daysOfDate(astronomical, month, day);
  if (what === 'date' ? !isDateInRange(days) : !isTimestampDayInRange(days))
    throw what === 'date' ? dateOutOfRange(shown) : timestampOutOfRange(shown);
  return days;
}

/** Microseconds of a time of day; 24:00:00 and second 60 are allowed as in PostgreSQL. */
function makeTime(hour: number, minute: number, second: number): number {
  const fits =
    hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60 && !(hour === 24 && (minute > 0 || second > 0));
  if (!fits || Number.isNaN(second)) {
    const seconds = `${second < 10 && second >= 0 ? '0' : ''}${Number(second.toPrecision(6))}`;
    throw invalidField(`time field value out of range: ${hour}:${two(minute)}:${seconds}`);
  }
  return (hour * 60 + minute) * 60_000_000 + Math.round(second * 1e6);
}

function makeTimestamp(year: number, month: number, day: number, hour: number, minute: number, second: number): Microseconds {
  return addMicroseconds(joinTimestamp(makeDate(year, month, day, 'timestamp'), 0), makeTime(hour, minute, second));
}

function makeInterval(
  years: number,
  months: number,
  weeks: number,
  days: number,
  hours: number,
  minutes: number,
  seconds: number,
): Interval {
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  const allMonths = years * 12 + months;
  const allDays = weeks * 7 + days;
  const time = BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n + BigInt(Math.round(seconds * 1e6));
  if (!isInt32(allMonths) || !isInt32(allDays) || BigInt.asIntN(64, time) !== time) throw intervalOutOfRange();
  return new Interval(allMonths || 0, allDays || 0, int8(time));
}

function timestampOfEpoch(seconds: number): Microseconds {
  if (Number.isNaN(seconds)) throw new SqlError(sqlstate.datetimeFieldOverflow, 'timestamp cannot be NaN');
  if (!Number.isFinite(seconds)) return seconds;
  const micros = Math.round((seconds - unixEpochSeconds) * 1e6);
  const timestamp = Math.abs(micros) < 2 ** 63 ? int8(BigInt(micros)) : 2n ** 63n;
  if (!isTimestampInRange(timestamp)) throw timestampOutOfRange(String(seconds));
  return timestamp;
}

const clockUnits: Partial<Record<FieldName, number>> = {
  microseconds: 1,
  milliseconds: 1_000,
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
};

/** The first year of the decade, century or millennium, counted astronomically. */
function firstYear(year: number, length: number): number {
  if (length === 10) return year >= 0 ? year - (year % 10) : -(Math.trunc((10 - 1 - year) / 10) * 10);
  return year > 0
    ? Math.trunc((year + length - 1) / length) * length - (length - 1)
    : -(Math.trunc((length - 1 - (year - 1)) / length) * length) + 1;
}

/** undefined: not a field to cut at. */
function truncateLocal(field: FieldName, local: Microseconds): Microseconds | undefined {
  const { days, microseconds } = splitTimestamp(local);
  const unit = clockUnits[field];
  if (unit !== undefined) return joinTimestamp(days, microseconds - (microseconds % unit));
  const { year, month } = dateOfDays(days);
  const at = (firstDay: number): Microseconds => {
    if (!isTimestampDayInRange(firstDay)) throw timestampOutOfRange();
    return joinTimestamp(firstDay, 0);
  };
  switch (field) {
    case 'day':
      return at(days);
    case 'week':
      return at(days - ((dayOfWeek(days) + 6) % 7));
    case 'month':
      return at(daysOfDate(year, month, 1));
    case 'quarter':
      return at(daysOfDate(year, month - ((month - 1) % 3), 1));
    case 'year':
      return at(daysOfDate(year, 1, 1));
    case 'decade':
      return at(daysOfDate(firstYear(year, 10), 1, 1));
    case 'century':
      return at(daysOfDate(firstYear(year, 100), 1, 1));
    case 'millennium':
      return at(daysOfDate(firstYear(year, 1000), 1, 1));
    default:
      return undefined;
  }
}

function truncateTimestamp(word: string, local: Microseconds): Microseconds {
  const name = 'timestamp without time zone';
  const field = fieldNamed(word, name);
  const cut = isInfinite(local) ? (truncateLocal(field, 0) === undefined ? undefined : local) : truncateLocal(field, local);
  if (cut === undefined) throw fieldNotSupported(word, name);
  return cut;
}

function truncateTimestamptz(word: string, moment: Microseconds, zone: TimeZone): Microseconds {
  const name = 'timestamp with time zone';
  const field = fieldNamed(word, name);
  if (isInfinite(moment)) {
    if (truncateLocal(field, 0) === undefined) throw fieldNotSupported(word, name);
    return moment;
  }
  const local = toLocal(moment, zone);
  const cut = truncateLocal(field, local);
  if (cut === undefined) throw fieldNotSupported(word, name);
  // Within an hour the offset cannot have changed: of two like times on the clock the cut stays at this one.
  if (clockUnits[field] !== undefined)
    return addMicroseconds(
      cut,
      typeof moment === 'number' && typeof local === 'number' ? moment - local : int8(BigInt(moment) - BigInt(local)),
    );
  return toMoment(cut, zone);
}

function truncateInterval(word: string, value: Interval): Interval {
  const field = fieldNamed(word, 'interval');
  const { years, months, days } = fieldsOf(value);
  const unit = clockUnits[field];
  const yearsOnly = (length: number): Interval => new Interval((years - (years % length)) * 12 || 0, 0, 0);
  if (unit !== undefined) {
    const time = BigInt(value.microseconds);
    return new Interval(value.months, days, int8(time - (time % BigInt(unit))));
  }
  switch (field) {
    case 'day':
      return new Interval(value.months, days, 0);
    case 'month':
      return new Interval(value.months, 0, 0);
    case 'quarter':
      return new Interval(value.months - (months % 3), 0, 0);
    case 'year':
      return yearsOnly(1);
    case 'decade':
      return yearsOnly(10);
    case 'century':
      return yearsOnly(100);
    case 'millennium':
      return yearsOnly(1000);
    default: {
      const error = fieldNotSupported(word, 'interval');
      throw field === 'week' ? new SqlError(error.sqlstate, error.message, { detail: 'Months usually have fractional weeks.' }) : error;
    }
  }
}

/** The start of the stride-wide bin, counted from the origin, that holds the timestamp. */
function binTimestamp(stride: Interval, timestamp: Microseconds, origin: Microseconds): Microseconds {
  if (isInfinite(timestamp)) return timestamp;
  if (isInfinite(origin)) throw new SqlError(sqlstate.datetimeFieldOverflow, 'origin out of range');
  if (stride.months !== 0) {
    throw new SqlError(sqlstate.featureNotSupported, 'timestamps cannot be binned into intervals containing months or years');
  }
  const width = BigInt(stride.days) * 86_400_000_000n + BigInt(stride.microseconds);
  if (width <= 0n) throw new SqlError(sqlstate.datetimeFieldOverflow, 'stride must be greater than zero');
  const difference = BigInt(timestamp) - BigInt(origin);
  let whole = difference - (difference % width);
  if (difference < 0n && difference % width !== 0n) whole -= width;
  const result = int8(BigInt(origin) + whole);
  if (!isTimestampInRange(result)) throw timestampOutOfRange();
  return result;
}

/** The difference in calendar fields, as people count ages. Both are local times. */
function age(later: Microseconds, earlier: Microseconds): Interval {
  if (isInfinite(later) || isInfinite(earlier)) throw timestampOutOfRange();
  if (later < earlier) {
    const positive = fieldDifference(earlier, later);
    const time = positive.microseconds;
    return new Interval(-positive.months || 0, -positive.days || 0, typeof time === 'number' ? -time || 0 : int8(-time));
  }
  return fieldDifference(later, earlier);
}

/** Days that are missing are lent by the earlier time's month. */
function fieldDifference(later: Microseconds, earlier: Microseconds): Interval {
  const a = splitTimestamp(later);
  const b = splitTimestamp(earlier);
  const dateA = dateOfDays(a.days);
  const dateB = dateOfDays(b.days);
  let time = a.microseconds - b.microseconds;
  let days = dateA.day - dateB.day;
  let months = (dateA.year - dateB.year) * 12 + dateA.month - dateB.month;
  if (time < 0) {
    time += 86_400_000_000;
    days--;
  }
  while (days < 0) {
    days += daysInMonth(dateB.year, dateB.month);
    months--;
  }
  return new Interval(months, days, time);
}

const today = (context: TypeContext): Microseconds => joinTimestamp(localNow(context).days, 0);

export const dateTimeMakingFunctions: Implementations = {
  'make_date(int4,int4,int4)': scalar((year: number, month: number, day: number) => makeDate(year, month, day)),
  'make_time(int4,int4,float8)': scalar(makeTime),
  'make_timestamp(int4,int4,int4,int4,int4,float8)': scalar(makeTimestamp),
  'make_timestamptz(int4,int4,int4,int4,int4,float8)': scalar(
    (year: number, month: number, day: number, hour: number, minute: number, second: number, context: TypeContext) =>
      toMoment(makeTimestamp(year, month, day, hour, minute, second), sessionZone(context)),
  ),
  'make_timestamptz(int4,int4,int4,int4,int4,float8,text)': scalar(
    (year: number, month: number, day: number, hour: number, minute: number, second: number, zone: string) =>
      toMoment(makeTimestamp(year, month, day, hour, minute, second), zoneNamed(zone)),
  ),
  'make_interval(int4,int4,int4,int4,int4,int4,float8)': scalar(makeInterval),
  'to_timestamp(float8)': scalar(timestampOfEpoch),
  'date_trunc(text,timestamp)': scalar(truncateTimestamp),
  'date_trunc(text,timestamptz)': scalar((word: string, moment: Microseconds, context: TypeContext) =>
    truncateTimestamptz(word, moment, sessionZone(context)),
  ),
  'date_trunc(text,timestamptz,text)': scalar((word: string, moment: Microseconds, zone: string) =>
    truncateTimestamptz(word, moment, zoneNamed(zone)),
  ),
  'date_trunc(text,interval)': scalar(truncateInterval),
  'date_bin(interval,timestamp,timestamp)': scalar(binTimestamp),
  'date_bin(interval,timestamptz,timestamptz)': scalar(binTimestamp),
  'age(timestamp,timestamp)': scalar(age),
  'age(timestamp)': scalar((earlier: Microseconds, context: TypeContext) => age(today(context), earlier)),
  'age(timestamptz,timestamptz)': scalar((later: Microseconds, earlier: Microseconds, context: TypeContext) =>
    age(toLocal(later, sessionZone(context)), toLocal(earlier, sessionZone(context))),
  ),
  'age(timestamptz)': scalar((earlier: Microseconds, context: TypeContext) => age(today(context), toLocal(earlier, sessionZone(context)))),
};
