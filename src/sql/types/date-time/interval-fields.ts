/** An interval as years, months, days, hours and so on, each with the sign of its part. */
import { int8 } from '../../datum.ts';
import type { Interval } from '../interval-value.ts';
import { type Microseconds, microsecondsPerDay } from './calendar.ts';

export type IntervalFields = {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly microseconds: number;
};

const cut = (value: number): number => {
  const whole = Math.trunc(value);
  return whole === 0 ? 0 : whole;
};

export function fieldsOf(interval: Interval): IntervalFields {
  const years = cut(interval.months / 12);
  const { microseconds: time } = interval;
  let seconds: number;
  let microseconds: number;
  if (typeof time === 'bigint') {
    seconds = Number(time / 1000000n);
    microseconds = Number(time % 1000000n);
  } else {
    seconds = cut(time / 1e6);
    microseconds = time - seconds * 1e6;
  }
  const hours = cut(seconds / 3600);
  const minutes = cut((seconds - hours * 3600) / 60);
  return {
    years,
    months: interval.months - years * 12,
    days: interval.days,
    hours,
    minutes,
    seconds: seconds - hours * 3600 - minutes * 60,
    microseconds,
  };
}

const daysPerMonth = 30;

/** What intervals are compared by: days, a month being thirty of them, and microseconds within a day. */
export function comparableOf(interval: Interval): { readonly days: number; readonly microseconds: number } {
  const days = interval.months * daysPerMonth + interval.days;
  const time = interval.microseconds;
  if (typeof time === 'number') {
    if (time >= 0 && time < microsecondsPerDay) return { days, microseconds: time };
    const carried = Math.floor(time / microsecondsPerDay);
    const rest = time - carried * microsecondsPerDay;
    if (rest >= 0 && rest < microsecondsPerDay) return { days: days + carried, microseconds: rest };
  }
  const exact = BigInt(time);
  const day = BigInt(microsecondsPerDay);
  let carried = exact / day;
  if (exact % day < 0n) carried -= 1n;
  return { days: days + Number(carried), microseconds: Number(exact - carried * day) };
}

export function compareIntervals(a: Interval, b: Interval): number {
  const x = comparableOf(a);
  const y = comparableOf(b);
  return x.days - y.days || x.microseconds - y.microseconds;
}

const minInt64 = -9223372036854775808n;
const maxInt64 = 9223372036854775807n;

/** undefined where the sum does not fit 64 bits. */
export function addInt64(a: Microseconds, b: Microseconds): Microseconds | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return inInt64(BigInt(a) + BigInt(b));
}

export const inInt64 = (value: bigint): Microseconds | undefined => (value < minInt64 || value > maxInt64 ? undefined : int8(value));

export const isInt32 = (value: number): boolean => value >= -2147483648 && value <= 2147483647;
