/** Days and timestamps, forth and back over the whole range. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { int8 } from '../../datum.ts';
import { dateOfDays, dayOfWeek, dayOfYear, daysInMonth, daysOfDate, endDate, joinTimestamp, minDate, splitTimestamp } from './calendar.ts';

it.each([
  [2000, 1, 1, 0, 6],
  [1970, 1, 1, -10957, 4],
  [2000, 2, 29, 59, 2],
  [1900, 3, 1, -36465, 4],
  // 4714-11-24 BC is Julian day 0; 1 BC is year 0.
  [-4713, 11, 24, minDate, 1],
  [0, 2, 29, -730426, 2],
  [5874897, 12, 31, endDate - 1, 2],
])('%i-%i-%i is day %i, weekday %i', (year, month, day, days, weekday) => {
  expect(daysOfDate(year, month, day)).toBe(days);
  expect(dateOfDays(days)).toEqual({ year, month, day });
  expect(dayOfWeek(days)).toBe(weekday);
});

it('counts days both ways over the whole range', () => {
  fc.assert(
    fc.property(fc.integer({ min: minDate, max: endDate - 1 }), (days) => {
      const date = dateOfDays(days);
      expect(daysOfDate(date.year, date.month, date.day)).toBe(days);
      expect(date.day).toBeLessThanOrEqual(daysInMonth(date.year, date.month));
      expect(dayOfYear(date)).toBeGreaterThanOrEqual(1);
      const next = dateOfDays(days + 1);
      expect(next.day === date.day + 1 || (next.day === 1 && date.day === daysInMonth(date.year, date.month))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

it('takes months beyond the year', () => {
  expect(daysOfDate(2019, 14, 1)).toBe(daysOfDate(2020, 2, 1));
  expect(daysOfDate(2019, 0, 31)).toBe(daysOfDate(2018, 12, 31));
  expect(daysOfDate(2019, 3, 0)).toBe(daysOfDate(2019, 2, 28));
});

it('splits and joins timestamps exactly', () => {
  const timestamp = fc.oneof(
    fc.bigInt({ min: -211813488000000000n, max: 9223371331199999999n }),
    fc.tuple(fc.bigInt({ min: -104249n, max: 104249n }), fc.constantFrom(-1n, 0n, 1n)).map(([days, off]) => days * 86400000000n + off),
  );
  fc.assert(
    fc.property(timestamp, (exact) => {
      const value = int8(exact);
      const { days, microseconds } = splitTimestamp(value);
      expect(BigInt(days) * 86400000000n + BigInt(microseconds)).toBe(exact);
      expect(microseconds >= 0 && microseconds < 86400000000).toBe(true);
      expect(joinTimestamp(days, microseconds)).toBe(value);
    }),
    { numRuns: 1000 },
  );
});
