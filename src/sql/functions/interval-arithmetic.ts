/** Sums, differences, multiples and fractions of intervals: each field by itself, fractions handed down to the next smaller one. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { intervalOutOfRange } from '../types/date-time/date-time-error.ts';
import { addInt64, isInt32 } from '../types/date-time/interval-fields.ts';
import { Interval } from '../types/interval-value.ts';
import { roundHalfEven } from './casts.ts';

const secondsPerDay = 86400;
const daysPerMonth = 30;
const microsecondsPerSecond = 1000000;

function checked(months: number, days: number, microseconds: number | bigint | undefined): Interval {
  if (!isInt32(months) || !isInt32(days) || microseconds === undefined) throw intervalOutOfRange();
  return new Interval(months, days, microseconds);
}

export const addIntervals = (a: Interval, b: Interval): Interval =>
  checked(a.months + b.months, a.days + b.days, addInt64(a.microseconds, b.microseconds));

export function negateInterval(a: Interval): Interval {
  return checked(0 - a.months, 0 - a.days, typeof a.microseconds === 'number' ? 0 - a.microseconds : addInt64(0, -a.microseconds));
}

export const subtractIntervals = (a: Interval, b: Interval): Interval => addIntervals(a, negateInterval(b));

/** A count of seconds to whole microseconds, where a calculation left noise behind. */
const roundToMicrosecond = (value: number): number => roundHalfEven(value * microsecondsPerSecond) / microsecondsPerSecond;

/** `scale` multiplies or divides one field. */
function scaled(value: Interval, scale: (field: number) => number): Interval {
  const exactMonths = scale(value.months);
  const exactDays = scale(value.days);
  const months = Math.trunc(exactMonths);
  let days = Math.trunc(exactDays);
  if (!isInt32(months) || !isInt32(days)) throw intervalOutOfRange();
  const monthRest = roundToMicrosecond((exactMonths - months) * daysPerMonth);
  const monthRestDays = Math.trunc(monthRest);
  let secondRest = roundToMicrosecond((exactDays - days + monthRest - monthRestDays) * secondsPerDay);
  if (Math.abs(secondRest) >= secondsPerDay) {
    const whole = Math.trunc(secondRest / secondsPerDay);
    days += whole;
    secondRest -= whole * secondsPerDay;
  }
  days += monthRestDays;
  const microseconds = roundHalfEven(scale(Number(value.microseconds)) + secondRest * microsecondsPerSecond);
  if (!(Math.abs(microseconds) < 2 ** 63)) throw intervalOutOfRange();
  return checked(months + 0, days + 0, Number.isSafeInteger(microseconds) ? microseconds + 0 : int8(BigInt(microseconds)));
}

export const multiplyInterval = (value: Interval, factor: number): Interval => scaled(value, (field) => field * factor);

export function divideInterval(value: Interval, divisor: number): Interval {
  if (divisor === 0) throw new SqlError(sqlstate.divisionByZero, 'division by zero');
  return scaled(value, (field) => field / divisor);
}
