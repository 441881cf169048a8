/**
 * The proleptic Gregorian calendar as PostgreSQL counts it: days and microseconds from 2000-01-01.
 *
 * Years are astronomical: 0 is 1 BC. A day fits a number always; a timestamp is a number where that is exact, else a bigint
 * (datum.ts), so splitting and joining here is exact over the whole range.
 */
import { int8 } from '../../datum.ts';

/** A timestamp: microseconds since 2000-01-01 00:00; ±Infinity are the numbers of that name. */
export type Microseconds = number | bigint;

export const microsecondsPerSecond = 1_000_000;
export const microsecondsPerMinute = 60_000_000;
export const microsecondsPerHour = 3_600_000_000;
export const microsecondsPerDay = 86_400_000_000;

/** 2000-01-01 as a Julian day. */
export const epochJulianDay = 2451545;
/** 1970-01-01, in days and seconds from 2000-01-01. */
export const unixEpochDays = -10957;
export const unixEpochSeconds = 946684800;

/** 4714-11-24 BC and one past 5874897-12-31: what a date may be. */
export const minDate = -epochJulianDay;
export const endDate = 2145031949;
/** 4714-11-24 BC and one past 294276-12-31: what a timestamp may be. */
export const minTimestamp = -211813488000000000n;
export const endTimestamp = 9223371331200000000n;
const minTimestampDay = -2451545;
const endTimestampDay = 106751983;

export type CalendarDate = { readonly year: number; readonly month: number; readonly day: number };

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

/** `month` is 1 to 12. */
export const daysInMonth = (year: number, month: number): number => (month === 2 && isLeapYear(year) ? 29 : monthLengths[month - 1]);

const daysPerEra = 146097;
/** 2000-03-01: the eras of 400 years are counted from a March, so that the leap day is a year's last. */
const eraOffset = 60;

/** Days from 2000-01-01. Month and day may lie outside their usual bounds. */
export function daysOfDate(year: number, month: number, day: number): number {
  const shifted = year * 12 + (month - 1) - 2;
  const marchYear = Math.floor(shifted / 12) - 2000;
  const monthOfYear = shifted - (marchYear + 2000) * 12;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * monthOfYear + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * daysPerEra + dayOfEra + eraOffset;
}

/** Hot: every date and timestamp that is printed. */
export function dateOfDays(days: number): CalendarDate {
  const shifted = days - eraOffset;
  const era = Math.floor(shifted / daysPerEra);
  const dayOfEra = shifted - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthOfYear = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthOfYear + 2) / 5) + 1;
  const month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9;
  return { year: 2000 + era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day };
}

/** 0 is Sunday. */
export const dayOfWeek = (days: number): number => (((days + 6) % 7) + 7) % 7;

/** 1 is January 1st. */
export const dayOfYear = (date: CalendarDate): number => daysOfDate(date.year, date.month, date.day) - daysOfDate(date.year, 1, 1) + 1;

/** Day and microseconds within it of a finite timestamp. */
export function splitTimestamp(timestamp: Microseconds): { days: number; microseconds: number } {
  if (typeof timestamp === 'bigint') {
    let days = timestamp / 86400000000n;
    let rest = timestamp - days * 86400000000n;
    if (rest < 0n) {
      days -= 1n;
      rest += 86400000000n;
    }
    return { days: Number(days), microseconds: Number(rest) };
  }
  let days = Math.floor(timestamp / microsecondsPerDay);
  let rest = timestamp - days * microsecondsPerDay;
  // The quotient may have been rounded up to a whole number, or down from one.
  if (rest < 0) {
    days--;
    rest += microsecondsPerDay;
  } else if (rest >= microsecondsPerDay) {
    days++;
    rest -= microsecondsPerDay;
  }
  return { days, microseconds: rest };
}

/** Days within this bound make a timestamp that is a safe number. */
const safeDays = 104248;

export function joinTimestamp(days: number, microseconds: number): Microseconds {
  if (days > -safeDays && days < safeDays) return days * microsecondsPerDay + microseconds;
  return int8(BigInt(days) * 86400000000n + BigInt(microseconds));
}

/** True for timestamps that PostgreSQL can hold, infinities included. */
export function isTimestampInRange(timestamp: Microseconds): boolean {
  // Numbers are safe integers or infinite: all of them are.
  return typeof timestamp === 'number' || (timestamp >= minTimestamp && timestamp < endTimestamp);
}

export const isTimestampDayInRange = (days: number): boolean => days >= minTimestampDay && days < endTimestampDay;
export const isDateInRange = (days: number): boolean => (days >= minDate && days < endDate) || !Number.isFinite(days);

/** Adds two 64-bit amounts exactly. */
export function addMicroseconds(a: Microseconds, b: Microseconds): Microseconds {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum) || !Number.isFinite(sum)) return sum;
  }
  if (a === Number.POSITIVE_INFINITY || a === Number.NEGATIVE_INFINITY) return a;
  if (b === Number.POSITIVE_INFINITY || b === Number.NEGATIVE_INFINITY) return b;
  return int8(BigInt(a) + BigInt(b));
}

export const isInfinite = (value: Microseconds): boolean => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

/** Whole seconds since 1970 (rounded down) of a finite timestamp. */
export function unixSecondsOf(timestamp: Microseconds): number {
  const { days, microseconds } = splitTimestamp(timestamp);
  return days * 86400 + Math.floor(microseconds / microsecondsPerSecond) + unixEpochSeconds;
}

/** µs since 1970, as clocks give it, to µs since 2000. */
export const timestampOfUnixMicroseconds = (microseconds: number): number => microseconds - unixEpochSeconds * microsecondsPerSecond;
