/** Date and time operators: adding and subtracting, scaling intervals, AT TIME ZONE, OVERLAPS, and the casts between the types. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type Implementations, scalar } from '../function.ts';
import type { TypeContext } from '../type.ts';
import {
  addMicroseconds,
  dateOfDays,
  daysInMonth,
  daysOfDate,
  isDateInRange,
  isInfinite,
  isTimestampDayInRange,
  isTimestampInRange,
  joinTimestamp,
  type Microseconds,
  microsecondsPerDay,
  splitTimestamp,
  unixSecondsOf,
} from '../types/date-time/calendar.ts';
import { dateOutOfRange, intervalOutOfRange, timestampOutOfRange } from '../types/date-time/date-time-error.ts';
import { formatInterval } from '../types/date-time/format-interval.ts';
import { fitInterval } from '../types/date-time/interval.ts';
import { addInt64, isInt32 } from '../types/date-time/interval-fields.ts';
import { isIntervalTypmod } from '../types/date-time/interval-typmod.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { maxPrecision, roundMicroseconds } from '../types/date-time/precision.ts';
import { findAbbreviation, findFollowedAbbreviation, findTimeZone, offsetOfLocal, type TimeZone } from '../types/date-time/time-zone.ts';
import { localClock, toLocal } from '../types/date-time/timestamp.ts';
import { Interval } from '../types/interval-value.ts';
import { TimeTz } from '../types/timetz-value.ts';
import { addIntervals, divideInterval, multiplyInterval, negateInterval, subtractIntervals } from './interval-arithmetic.ts';

/** Every field with the other sign. Unlike the operator `-` it refuses nothing: what is too large is found when it is added. */
const opposite = ({ months, days, microseconds }: Interval): Interval =>
  new Interval(0 - months, 0 - days, typeof microseconds === 'number' ? 0 - microseconds : int8(-microseconds));

function checkedInterval(months: number, days: number, microseconds: Microseconds | undefined): Interval {
  if (microseconds === undefined || !isInt32(months) || !isInt32(days)) throw intervalOutOfRange();
  return new Interval(months || 0, days || 0, microseconds || 0);
}

/** The calendar's part of an addition: months (a day beyond the month's end becomes its last), then days. */
function addMonthsAndDays(timestamp: Microseconds, months: number, days: number): Microseconds {
  if (months === 0 && days === 0) return timestamp;
  const split = splitTimestamp(timestamp);
  let day = split.days;
  if (months !== 0) {
    const date = dateOfDays(day);
    const monthIndex = date.year * 12 + date.month - 1 + months;
    const year = Math.floor(monthIndex / 12);
    const month = monthIndex - year * 12 + 1;
    day = daysOfDate(year, month, Math.min(date.day, daysInMonth(year, month)));
  }
  day += days;
  if (!isTimestampDayInRange(day)) throw timestampOutOfRange();
  return joinTimestamp(day, split.microseconds);
}

function inTimestampRange(timestamp: Microseconds): Microseconds {
  if (!isTimestampInRange(timestamp)) throw timestampOutOfRange();
  return timestamp;
}

export function addToTimestamp(timestamp: Microseconds, interval: Interval): Microseconds {
  if (isInfinite(timestamp)) return timestamp;
  return inTimestampRange(addMicroseconds(addMonthsAndDays(timestamp, interval.months, interval.days), interval.microseconds));
}

/** Months and days pass on the zone's calendar, hours on the world's clock. */
export function addToTimestamptz(timestamp: Microseconds, interval: Interval, zone: TimeZone): Microseconds {
  if (isInfinite(timestamp)) return timestamp;
  let moved = timestamp;
  if (interval.months !== 0 || interval.days !== 0) {
    moved = toMoment(addMonthsAndDays(localClock(timestamp, zone), interval.months, interval.days), zone);
  }
  return inTimestampRange(addMicroseconds(moved, interval.microseconds));
}

/** The moment at which a clock in the zone shows this. */
export function toMoment(local: Microseconds, zone: TimeZone): Microseconds {
  if (isInfinite(local)) return local;
  return inTimestampRange(addMicroseconds(local, -offsetOfLocal(zone, unixSecondsOf(local)) * 1e6));
}

function subtractTimestamps(a: Microseconds, b: Microseconds): Interval {
  if (isInfinite(a) || isInfinite(b)) throw new SqlError(sqlstate.datetimeFieldOverflow, 'cannot subtract infinite timestamps');
  const difference = typeof b === 'number' ? addInt64(a, -b) : addInt64(a, int8(-b));
  if (difference === undefined) throw intervalOutOfRange();
  return justifyHours(new Interval(0, 0, difference));
}

/** Whole days of `value`, cut toward zero, and what is left. */
function daysAndRest(value: Microseconds): { readonly days: number; readonly rest: number } {
  if (typeof value === 'bigint') return { days: Number(value / 86400000000n), rest: Number(value % 86400000000n) };
  const days = Math.trunc(value / microsecondsPerDay);
  return { days: days || 0, rest: value - days * microsecondsPerDay || 0 };
}

function justifyHours(value: Interval): Interval {
  const { days, rest } = daysAndRest(value.microseconds);
  return ofOneSign(value.months, value.days + days, rest);
}

/** Days and a time below a day, brought to the same sign. */
function ofOneSign(months: number, days: number, time: number): Interval {
  if (days > 0 && time < 0) return checkedInterval(months, days - 1, time + microsecondsPerDay);
  if (days < 0 && time > 0) return checkedInterval(months, days + 1, time - microsecondsPerDay);
  return checkedInterval(months, days, time);
}

function justifyDays(value: Interval): Interval {
  let months = value.months + Math.trunc(value.days / 30);
  let days = value.days % 30;
  if (months > 0 && days < 0) {
    days += 30;
    months--;
  } else if (months < 0 && days > 0) {
    days -= 30;
    months++;
  }
  return checkedInterval(months, days, value.microseconds);
}

function justifyInterval(value: Interval): Interval {
  const { days: wholeDays, rest: time } = daysAndRest(value.microseconds);
  let days = value.days + wholeDays;
  let months = value.months + Math.trunc(days / 30);
  days %= 30;
  if (months > 0 && (days < 0 || (days === 0 && time < 0))) {
    days += 30;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && time > 0))) {
    days -= 30;
    months++;
  }
  return ofOneSign(months, days, time);
}

const wrapDay = (microseconds: Microseconds): number => {
  const { rest } = daysAndRest(microseconds);
  return rest < 0 ? rest + microsecondsPerDay : rest;
};
const addToTime = (time: number, interval: Interval): number => wrapDay(addMicroseconds(time, daysAndRest(interval.microseconds).rest));
const addToTimetz = (time: TimeTz, interval: Interval): TimeTz => new TimeTz(addToTime(time.microseconds, interval), time.zoneSeconds);

function addDays(date: number, days: number): number {
  if (!Number.isFinite(date)) return date;
  const sum = date + days;
  if (!isDateInRange(sum)) throw dateOutOfRange();
  return sum;
}

export function timestampOfDate(date: number): Microseconds {
  if (!Number.isFinite(date)) return date;
  if (!isTimestampDayInRange(date)) throw new SqlError(sqlstate.datetimeFieldOverflow, 'date out of range for timestamp');
  return joinTimestamp(date, 0);
}

const dateOfTimestamp = (timestamp: Microseconds): number => (isInfinite(timestamp) ? Number(timestamp) : splitTimestamp(timestamp).days);

/** NULL for infinite timestamps, as PostgreSQL has it. */
const timeOfTimestamp = (timestamp: Microseconds): number | null => (isInfinite(timestamp) ? null : splitTimestamp(timestamp).microseconds);

const atTime = (date: number, time: number): Microseconds =>
  inTimestampRange(addMicroseconds(timestampOfDate(date), Number.isFinite(date) ? time : 0));

const atTimetz = (date: number, time: TimeTz): Microseconds =>
  Number.isFinite(date) ? inTimestampRange(addMicroseconds(timestampOfDate(date), time.microseconds + time.zoneSeconds * 1e6)) : date;

/** A zone by abbreviation, name or fixed offset; a bare number counts hours west, as it does in POSIX. */
export function zoneNamed(name: string): TimeZone {
  const followed = findFollowedAbbreviation(name);
  if (followed !== undefined) return followed;
  const abbreviation = findAbbreviation(name);
  if (abbreviation !== undefined) return fixedZone(name, abbreviation.offset);
  const zone = findTimeZone(name);
  if (zone === undefined) throw new SqlError(sqlstate.invalidParameterValue, `time zone "${name}" not recognized`);
  return zone;
}

export const fixedZone = (name: string, offset: number): TimeZone => ({
  name,
  fixedOffset: offset,
  offsetAt: () => offset,
  abbreviationAt: () => name,
  isDaylightSaving: () => false,
});

function zoneOfInterval(interval: Interval, context: TypeContext): TimeZone {
  if (interval.months !== 0 || interval.days !== 0) {
    const shown = formatInterval(interval, context.settings.intervalStyle);
    throw new SqlError(sqlstate.invalidParameterValue, `interval time zone "${shown}" must not include months or days`);
  }
  return fixedZone('', Math.trunc(Number(interval.microseconds) / 1e6));
}

function timetzIn(time: TimeTz, zone: TimeZone, context: TypeContext): TimeTz {
  const offset = zone.offsetAt(Math.floor(context.transactionTimestamp / 1e6));
  return new TimeTz(wrapDay(time.microseconds + (time.zoneSeconds + offset) * 1e6), -offset || 0);
}

function fitTimestamp(value: Microseconds, typmod: number): Microseconds {
  if (!isInfinite(value) && (typmod > maxPrecision || typmod < -1))
    throw new SqlError(sqlstate.invalidParameterValue, `timestamp(${typmod}) precision must be between 0 and ${maxPrecision}`);
  return isInfinite(value) ? value : roundMicroseconds(value, typmod);
}

/** The offset that the session's zone has now, for times that carry no date. */
const zoneSecondsNow = (context: TypeContext): number =>
  -sessionZone(context).offsetAt(Math.floor(context.transactionTimestamp / 1e6)) || 0;

function timetzOfTimestamptz(timestamp: Microseconds, context: TypeContext): TimeTz | null {
  if (isInfinite(timestamp)) return null;
  const zone = sessionZone(context);
  return new TimeTz(splitTimestamp(localClock(timestamp, zone)).microseconds, -zone.offsetAt(unixSecondsOf(timestamp)) || 0);
}

/** OVERLAPS over any ordered type, NULL where the standard leaves it open. Ends given as NULL count as the start. */
function overlaps<Value>(compare: (a: Value, b: Value) => number) {
  return (start1: Value | null, end1: Value | null, start2: Value | null, end2: Value | null): boolean | null => {
    const period = (start: Value | null, end: Value | null) => {
      if (start === null && end === null) return undefined;
      if (start === null) return { start: end as Value, end: null };
      if (end !== null && compare(start, end) > 0) return { start: end, end: start };
      return { start, end };
    };
    const a = period(start1, end1);
    const b = period(start2, end2);
    if (a === undefined || b === undefined) return null;
    const order = compare(a.start, b.start);
    if (order === 0) return a.end === null || b.end === null ? null : true;
    const [first, second] = order > 0 ? [b, a] : [a, b];
    if (first.end === null) return null;
    if (compare(second.start, first.end) < 0) return true;
    return second.end === null ? null : false;
  };
}

const byNumber = (a: Microseconds, b: Microseconds): number => (a < b ? -1 : a > b ? 1 : 0);
const byTimetz = (a: TimeTz, b: TimeTz): number =>
  a.microseconds + a.zoneSeconds * 1e6 - (b.microseconds + b.zoneSeconds * 1e6) || a.zoneSeconds - b.zoneSeconds;

/** The four forms of OVERLAPS of a type: each end is a value of the type, or an interval to add to the start. */
function overlapsForms(
  type: string,
  plus: (value: Microseconds, interval: Interval, context: TypeContext) => Microseconds,
): Implementations {
  const compare = overlaps<Microseconds>(byNumber);
  const end = (start: Microseconds | null, given: Microseconds | Interval | null, context: TypeContext): Microseconds | null =>
    start === null || given === null ? null : given instanceof Interval ? plus(start, given, context) : given;
  const form = scalar(
    (
      s1: Microseconds | null,
      e1: Microseconds | Interval | null,
      s2: Microseconds | null,
      e2: Microseconds | Interval | null,
      context: TypeContext,
    ) => compare(s1, e1 instanceof Interval ? end(s1, e1, context) : e1, s2, e2 instanceof Interval ? end(s2, e2, context) : e2),
  );
  const forms: Record<string, typeof form> = {};
  for (const first of [type, 'interval'])
    for (const second of [type, 'interval']) forms[`overlaps(${type},${first},${type},${second})`] = form;
  return forms;
}

const isFiniteValue = (value: Microseconds): boolean => !isInfinite(value);

const addInSessionZone = scalar((timestamp: Microseconds, interval: Interval, context: TypeContext) =>
  addToTimestamptz(timestamp, interval, sessionZone(context)),
);
const subtractInSessionZone = scalar((timestamp: Microseconds, interval: Interval, context: TypeContext) =>
  addToTimestamptz(timestamp, opposite(interval), sessionZone(context)),
);

export const dateTimeArithmeticFunctions: Implementations = {
  'date_mi(date,date)': scalar((a: number, b: number) => {
    if (!Number.isFinite(a) || !Number.isFinite(b)) throw new SqlError(sqlstate.datetimeFieldOverflow, 'cannot subtract infinite dates');
    return a - b;
  }),
  'date_pli(date,int4)': scalar(addDays),
  'integer_pl_date(int4,date)': scalar((days: number, date: number) => addDays(date, days)),
  'date_mii(date,int4)': scalar((date: number, days: number) => addDays(date, -days)),
  'date_pl_interval(date,interval)': scalar((date: number, interval: Interval) => addToTimestamp(timestampOfDate(date), interval)),
  'interval_pl_date(interval,date)': scalar((interval: Interval, date: number) => addToTimestamp(timestampOfDate(date), interval)),
  'date_mi_interval(date,interval)': scalar((date: number, interval: Interval) =>
    addToTimestamp(timestampOfDate(date), opposite(interval)),
  ),
  'timestamp_pl_interval(timestamp,interval)': scalar(addToTimestamp),
  'interval_pl_timestamp(interval,timestamp)': scalar((interval: Interval, timestamp: Microseconds) => addToTimestamp(timestamp, interval)),
  'timestamp_mi_interval(timestamp,interval)': scalar((timestamp: Microseconds, interval: Interval) =>
    addToTimestamp(timestamp, opposite(interval)),
  ),
  'timestamptz_pl_interval(timestamptz,interval)': addInSessionZone,
  'interval_pl_timestamptz(interval,timestamptz)': scalar((interval: Interval, timestamp: Microseconds, context: TypeContext) =>
    addToTimestamptz(timestamp, interval, sessionZone(context)),
  ),
  'timestamptz_mi_interval(timestamptz,interval)': subtractInSessionZone,
  'date_add(timestamptz,interval)': addInSessionZone,
  'date_add(timestamptz,interval,text)': scalar((timestamp: Microseconds, interval: Interval, zone: string) =>
    addToTimestamptz(timestamp, interval, zoneNamed(zone)),
  ),
  'date_subtract(timestamptz,interval)': subtractInSessionZone,
  'date_subtract(timestamptz,interval,text)': scalar((timestamp: Microseconds, interval: Interval, zone: string) =>
    addToTimestamptz(timestamp, opposite(interval), zoneNamed(zone)),
  ),
  'timestamp_mi(timestamp,timestamp)': scalar(subtractTimestamps),
  'timestamptz_mi(timestamptz,timestamptz)': scalar(subtractTimestamps),
  'interval_um(interval)': scalar(negateInterval),
  'interval_pl(interval,interval)': scalar(addIntervals),
  'interval_mi(interval,interval)': scalar(subtractIntervals),
  'interval_mul(interval,float8)': scalar(multiplyInterval),
  'mul_d_interval(float8,interval)': scalar((factor: number, interval: Interval) => multiplyInterval(interval, factor)),
  'interval_div(interval,float8)': scalar(divideInterval),
  'justify_hours(interval)': scalar(justifyHours),
  'justify_days(interval)': scalar(justifyDays),
  'justify_interval(interval)': scalar(justifyInterval),
  'time_mi_time(time,time)': scalar((a: number, b: number) => new Interval(0, 0, a - b)),
  'time_pl_interval(time,interval)': scalar(addToTime),
  'interval_pl_time(interval,time)': scalar((interval: Interval, time: number) => addToTime(time, interval)),
  'time_mi_interval(time,interval)': scalar((time: number, interval: Interval) => addToTime(time, opposite(interval))),
  'timetz_pl_interval(timetz,interval)': scalar(addToTimetz),
  'interval_pl_timetz(interval,timetz)': scalar((interval: Interval, time: TimeTz) => addToTimetz(time, interval)),
  'timetz_mi_interval(timetz,interval)': scalar((time: TimeTz, interval: Interval) => addToTimetz(time, opposite(interval))),
  'datetime_pl(date,time)': scalar(atTime),
  'timedate_pl(time,date)': scalar((time: number, date: number) => atTime(date, time)),
  'datetimetz_pl(date,timetz)': scalar(atTimetz),
  'timetzdate_pl(timetz,date)': scalar((time: TimeTz, date: number) => atTimetz(date, time)),

  'timezone(text,timestamp)': scalar((zone: string, local: Microseconds) => (isInfinite(local) ? local : toMoment(local, zoneNamed(zone)))),
  'timezone(interval,timestamp)': scalar((zone: Interval, local: Microseconds, context: TypeContext) =>
    isInfinite(local) ? local : toMoment(local, zoneOfInterval(zone, context)),
  ),
  'timezone(text,timestamptz)': scalar((zone: string, moment: Microseconds) =>
    isInfinite(moment) ? moment : toLocal(moment, zoneNamed(zone)),
  ),
  'timezone(interval,timestamptz)': scalar((zone: Interval, moment: Microseconds, context: TypeContext) =>
    isInfinite(moment) ? moment : toLocal(moment, zoneOfInterval(zone, context)),
  ),
  'timezone(text,timetz)': scalar((zone: string, time: TimeTz, context: TypeContext) => timetzIn(time, zoneNamed(zone), context)),
  'timezone(interval,timetz)': scalar((zone: Interval, time: TimeTz, context: TypeContext) =>
    timetzIn(time, zoneOfInterval(zone, context), context),
  ),

  'isfinite(date)': scalar((value: number) => Number.isFinite(value)),
  'isfinite(timestamp)': scalar(isFiniteValue),
  'isfinite(timestamptz)': scalar(isFiniteValue),
  'isfinite(interval)': scalar(() => true),

  ...overlapsForms('timestamp', addToTimestamp),
  ...overlapsForms('timestamptz', (moment, interval, context) => addToTimestamptz(moment, interval, sessionZone(context))),
  ...overlapsForms('time', (time, interval) => addToTime(Number(time), interval)),
  'overlaps(timetz,timetz,timetz,timetz)': scalar(overlaps<TimeTz>(byTimetz)),

  'timestamp(date)': scalar(timestampOfDate),
  'timestamp(date,time)': scalar(atTime),
  'timestamp(timestamp,int4)': scalar(fitTimestamp),
  'timestamp(timestamptz)': scalar((moment: Microseconds, context: TypeContext) => toLocal(moment, sessionZone(context))),
  'timestamptz(timestamp)': scalar((local: Microseconds, context: TypeContext) => toMoment(local, sessionZone(context))),
  'timestamptz(timestamptz,int4)': scalar(fitTimestamp),
  'timestamptz(date)': scalar((date: number, context: TypeContext) => toMoment(timestampOfDate(date), sessionZone(context))),
  'timestamptz(date,time)': scalar((date: number, time: number, context: TypeContext) =>
    toMoment(atTime(date, time), sessionZone(context)),
  ),
  'timestamptz(date,timetz)': scalar(atTimetz),
  'date(timestamp)': scalar(dateOfTimestamp),
  'date(timestamptz)': scalar((moment: Microseconds, context: TypeContext) => dateOfTimestamp(localClock(moment, sessionZone(context)))),
  'time(timestamp)': scalar(timeOfTimestamp),
  'time(timestamptz)': scalar((moment: Microseconds, context: TypeContext) => timeOfTimestamp(localClock(moment, sessionZone(context)))),
  'time(interval)': scalar((interval: Interval) => wrapDay(interval.microseconds)),
  'time(timetz)': scalar((time: TimeTz) => time.microseconds),
  'time(time,int4)': scalar((time: number, typmod: number) => roundMicroseconds(time, typmod)),
  'timetz(time)': scalar((time: number, context: TypeContext) => new TimeTz(time, zoneSecondsNow(context))),
  'timetz(timestamptz)': scalar(timetzOfTimestamptz),
  'timetz(timetz,int4)': scalar(
    (time: TimeTz, typmod: number) => new TimeTz(Number(roundMicroseconds(time.microseconds, typmod)), time.zoneSeconds),
  ),
  'interval(time)': scalar((time: number) => new Interval(0, 0, time)),
  'interval(interval,int4)': scalar((interval: Interval, typmod: number) => {
    if (typmod >= 0 && !isIntervalTypmod(typmod)) throw new SqlError(sqlstate.internalError, `unrecognized interval typmod: ${typmod}`);
    return fitInterval(interval, typmod);
  }),
};
