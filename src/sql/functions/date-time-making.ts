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
import { DateTimeError, intervalOutOfRange, timestampOutOfRange } from '../types/date-time/date-time-error.ts';
import { fieldsOf, inInt64 } from '../types/date-time/interval-fields.ts';
import { localNow, sessionZone } from '../types/date-time/parse-date-time.ts';
import { parseDisplacement } from '../types/date-time/parts.ts';
import type { TimeZone } from '../types/date-time/time-zone.ts';
import { findFollowedAbbreviation } from '../types/date-time/time-zone.ts';
import { localClock } from '../types/date-time/timestamp.ts';
import { Interval } from '../types/interval-value.ts';
import { roundHalfEven } from './casts.ts';
import { fixedZone, toMoment, zoneNamed } from './date-time-arithmetic.ts';
import { type FieldName, fieldNotSupported, truncationNamed } from './date-time-units.ts';

const outOfRange = (message: string): SqlError => new SqlError(sqlstate.datetimeFieldOverflow, message);

/** As C prints a number with %02d or %02g. */
const twoWide = (text: string): string => (text.length >= 2 ? text : `0${text}`);
const two = (value: number): string => twoWide(String(value));
const shownDate = (year: number, month: number, day: number): string => `${year}-${two(month)}-${two(day)}`;

/** A float as C prints it with %g: six digits, without zeros at the end. */
export function generalFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const [mantissa, exponentText] = value.toExponential(5).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return String(Number(value.toPrecision(6)));
  const digits = String(Number(mantissa));
  return `${digits}e${exponent < 0 ? '-' : '+'}${two(Math.abs(exponent))}`;
}

/** Days of a calendar date; a negative year is BC, and there is no year 0. */
function existingDate(year: number, month: number, day: number, shownYear = year): number {
  const astronomical = year < 0 ? year + 1 : year;
  const exists = year !== 0 && year > -2147483648 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(astronomical, month);
  if (!exists) throw outOfRange(`date field value out of range: ${shownDate(shownYear, month, day)}`);
  return daysOfDate(astronomical, month, day);
}

function makeDate(year: number, month: number, day: number): number {
  const days = existingDate(year, month, day, year < 0 && year > -2147483648 ? year + 1 : year);
  if (!isDateInRange(days)) throw outOfRange(`date out of range: ${shownDate(year < 0 ? year + 1 : year, month, day)}`);
  return days;
}

/** Microseconds of a time of day; 24:00:00 and second 60 are allowed as in PostgreSQL. */
function makeTime(hour: number, minute: number, second: number): number {
  const fits =
    hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60 && !(hour === 24 && (minute > 0 || second > 0));
  if (!fits) throw outOfRange(`time field value out of range: ${shownTime(hour, minute, second)}`);
  return (hour * 60 + minute) * 60_000_000 + roundHalfEven(second * 1e6);
}

const shownTime = (hour: number, minute: number, second: number): string => `${hour}:${two(minute)}:${twoWide(generalFloat(second))}`;

function makeTimestamp(year: number, month: number, day: number, hour: number, minute: number, second: number): Microseconds {
  const days = existingDate(year, month, day);
  const time = makeTime(hour, minute, second);
  const timestamp = isTimestampDayInRange(days) ? addMicroseconds(joinTimestamp(days, 0), time) : undefined;
  if (timestamp === undefined || !isTimestampInRange(timestamp))
    throw outOfRange(`timestamp out of range: ${shownDate(year, month, day)} ${shownTime(hour, minute, second)}`);
  return timestamp;
}

/** Beside zoneNamed's, offsets with a sign: here hours EAST. */
function zoneToMakeIn(name: string): TimeZone {
  if (/^[0-9]/.test(name)) {
    throw new SqlError(sqlstate.invalidParameterValue, `invalid input syntax for type numeric time zone: "${name}"`, {
      hint: 'Numeric time zones must have "-" or "+" as first character.',
    });
  }
  if (!/^[+-]/.test(name)) return zoneNamed(name);
  try {
    return fixedZone(name, parseDisplacement(name));
  } catch (error) {
    if (!(error instanceof DateTimeError)) throw error;
    if (error.fault === 'displacementOverflow')
      throw new SqlError(sqlstate.invalidParameterValue, `numeric time zone "${name}" out of range`);
    return zoneNamed(name);
  }
}

/** Sums that leave their 32 or 64 bits wrap round, as in PostgreSQL 16. */
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
  const micros = roundHalfEven(seconds * 1e6);
  const exactMicros = Math.abs(micros) < 2 ** 63 ? BigInt(micros) : -(2n ** 63n);
  const time = BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n + exactMicros;
  return new Interval((years * 12 + months) | 0, (weeks * 7 + days) | 0, int8(BigInt.asIntN(64, time)));
}

function timestampOfEpoch(seconds: number): Microseconds {
  if (Number.isNaN(seconds)) throw outOfRange('timestamp cannot be NaN');
  if (!Number.isFinite(seconds)) return seconds;
  const micros = roundHalfEven((seconds - unixEpochSeconds) * 1e6);
  const timestamp = Math.abs(micros) < 2 ** 63 ? int8(BigInt(micros)) : 2n ** 63n;
  if (!isTimestampInRange(timestamp)) throw timestampOutOfRange(generalFloat(seconds));
  return timestamp;
}

const clockUnits: Partial<Record<FieldName, number>> = {
  microsecond: 1,
  millisecond: 1_000,
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
  const at = (firstDay: number): Microseconds => joinTimestamp(firstDay, 0);
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
  if (isInfinite(local)) return local;
  const name = 'timestamp without time zone';
  const cut = truncateLocal(truncationNamed(word, name), local);
  if (cut === undefined) throw fieldNotSupported(word, name);
  if (!isTimestampInRange(cut)) throw timestampOutOfRange();
  return cut;
}

function truncateTimestamptz(word: string, moment: Microseconds, zone: TimeZone): Microseconds {
  const name = 'timestamp with time zone';
  const field = truncationNamed(word, name);
  const local = localClock(moment, zone);
  const cut = truncateLocal(field, local);
  if (cut === undefined) throw fieldNotSupported(word, name);
  // Within an hour the offset cannot have changed: of two like times on the clock the cut stays at this one.
  if (clockUnits[field] !== undefined) {
    const moved = addMicroseconds(
      cut,
      typeof moment === 'number' && typeof local === 'number' ? moment - local : int8(BigInt(moment) - BigInt(local)),
    );
    if (!isTimestampInRange(moved)) throw timestampOutOfRange();
    return moved;
  }
  return toMoment(cut, zone);
}

function truncateInterval(word: string, value: Interval): Interval {
  const field = truncationNamed(word, 'interval');
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
  if (inInt64(difference) === undefined) throw intervalOutOfRange();
  let whole = difference - (difference % width);
  if (difference < 0n && difference % width !== 0n) whole -= width;
  const result = int8(BigInt(origin) + whole);
  if (!isTimestampInRange(result)) throw timestampOutOfRange();
  return result;
}

/** PostgreSQL 16 takes the stored form of infinity for a date far away, whose age can be told. */
function asFinite(timestamp: Microseconds): Microseconds {
  if (timestamp === Number.NEGATIVE_INFINITY) throw timestampOutOfRange();
  return timestamp === Number.POSITIVE_INFINITY ? 2n ** 63n - 1n : timestamp;
}

/** The difference in calendar fields, as people count ages. Both are local times. */
function age(later: Microseconds, earlier: Microseconds): Interval {
  if (isInfinite(later) || isInfinite(earlier)) return age(asFinite(later), asFinite(earlier));
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
  'make_date(int4,int4,int4)': scalar(makeDate),
  'make_time(int4,int4,float8)': scalar(makeTime),
  'make_timestamp(int4,int4,int4,int4,int4,float8)': scalar(makeTimestamp),
  'make_timestamptz(int4,int4,int4,int4,int4,float8)': scalar(
    (year: number, month: number, day: number, hour: number, minute: number, second: number, context: TypeContext) =>
      toMoment(makeTimestamp(year, month, day, hour, minute, second), sessionZone(context)),
  ),
  'make_timestamptz(int4,int4,int4,int4,int4,float8,text)': scalar(
    (year: number, month: number, day: number, hour: number, minute: number, second: number, zone: string) =>
      toMoment(makeTimestamp(year, month, day, hour, minute, second), zoneToMakeIn(zone)),
  ),
  'make_interval(int4,int4,int4,int4,int4,int4,float8)': scalar(makeInterval),
  'to_timestamp(float8)': scalar(timestampOfEpoch),
  'date_trunc(text,timestamp)': scalar(truncateTimestamp),
  'date_trunc(text,timestamptz)': scalar((word: string, moment: Microseconds, context: TypeContext) =>
    isInfinite(moment) ? moment : truncateTimestamptz(word, moment, sessionZone(context)),
  ),
  'date_trunc(text,timestamptz,text)': scalar((word: string, moment: Microseconds, zone: string) =>
    isInfinite(moment) ? moment : truncateTimestamptz(word, moment, findFollowedAbbreviation(zone)?.zone ?? zoneNamed(zone)),
  ),
  'date_trunc(text,interval)': scalar(truncateInterval),
  'date_bin(interval,timestamp,timestamp)': scalar(binTimestamp),
  'date_bin(interval,timestamptz,timestamptz)': scalar(binTimestamp),
  'age(timestamp,timestamp)': scalar(age),
  'age(timestamp)': scalar((earlier: Microseconds, context: TypeContext) => age(today(context), earlier)),
  'age(timestamptz,timestamptz)': scalar((later: Microseconds, earlier: Microseconds, context: TypeContext) =>
    age(localClock(later, sessionZone(context)), localClock(earlier, sessionZone(context))),
  ),
  'age(timestamptz)': scalar((earlier: Microseconds, context: TypeContext) =>
    age(today(context), localClock(earlier, sessionZone(context))),
  ),
};
