/** Offsets and abbreviations through history and future, local times at transitions, and what now and today mean in a zone. */
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../settings.ts';
import type { TypeContext } from '../../type.ts';
import { unixEpochSeconds } from './calendar.ts';
import { parseDate } from './date.ts';
import { findAbbreviation, findTimeZone, offsetOfLocal } from './time-zone.ts';
import { timestamptzText, timestamptzType } from './timestamp.ts';

const seconds = (text: string): number => Date.parse(text) / 1000;
const zone = (name: string) => {
  const found = findTimeZone(name);
  if (found === undefined) throw new Error(`no zone ${name}`);
  return found;
};
const inZone = (timeZone: string, format: 'ISO' | 'Postgres' = 'ISO'): TypeContext => ({
  settings: { ...defaultSettings, timeZone, dateStyle: { format, order: 'MDY' } },
  // 2019-02-11 23:30 in UTC
  transactionTimestamp: seconds('2019-02-11T23:30:00.5Z') * 1e6,
  names: undefined,
});

it.each([
  ['America/New_York', '2019-01-01T00:00:00Z', -18000, 'EST'],
  ['America/New_York', '2019-07-01T00:00:00Z', -14400, 'EDT'],
  ['america/new_york', '1880-01-01T00:00:00Z', -17762, 'LMT'],
  ['Europe/Berlin', '2019-07-01T00:00:00Z', 7200, 'CEST'],
  ['Europe/Berlin', '1850-01-01T00:00:00Z', 3208, 'LMT'],
  ['Europe/London', '2019-07-01T00:00:00Z', 3600, 'BST'],
  ['Asia/Kolkata', '2019-07-01T00:00:00Z', 19800, 'IST'],
  ['Asia/Tokyo', '2019-07-01T00:00:00Z', 32400, 'JST'],
  ['Australia/Sydney', '2019-01-01T00:00:00Z', 39600, 'AEDT'],
  ['Etc/UTC', '2019-01-01T00:00:00Z', 0, 'UTC'],
  ['<+05>-05', '2019-01-01T00:00:00Z', 18000, '+05'],
  ['UTC+3', '2019-01-01T00:00:00Z', -10800, 'UTC'],
  ['XYZ-02:30', '2019-01-01T00:00:00Z', 9000, 'XYZ'],
  ['5', '2019-01-01T00:00:00Z', -18000, ''],
  ['Etc/GMT+5', '2019-01-01T00:00:00Z', -18000, '-05'],
  ['America/New_York', '1944-07-01T00:00:00Z', -14400, 'EWT'],
  ['Asia/Kolkata', '1900-07-01T00:00:00Z', 19270, 'MMT'],
  ['Australia/Lord_Howe', '2019-07-01T00:00:00Z', 37800, '+1030'],
  ['foo5bar', '2019-07-01T00:00:00Z', -14400, 'BAR'],
  ['CET-1CEST,M3.5.0,M10.5.0/3', '2024-03-31T00:59:59Z', 3600, 'CET'],
  ['CET-1CEST,M3.5.0,M10.5.0/3', '2024-03-31T01:00:00Z', 7200, 'CEST'],
  ['CET-1CEST,M3.5.0,M10.5.0/3', '1824-10-30T23:59:59Z', 7200, 'CEST'],
  ['AEST-10AEDT,M10.1.0,M4.1.0/3', '2024-01-15T12:00:00Z', 39600, 'AEDT'],
  ['AEST-10AEDT,M10.1.0,M4.1.0/3', '2024-07-15T12:00:00Z', 36000, 'AEST'],
  ['<+0330>-3:30<+0430>,J79/24,J263/24', '2024-05-15T12:00:00Z', 16200, '+0430'],
  ['A5B6,0/0,J365/25', '2024-12-31T23:00:00Z', -21600, 'B'],
])('%s at %s is %i, %s', (name, time, offset, abbreviation) => {
  expect(zone(name).offsetAt(seconds(time))).toBe(offset);
  expect(zone(name).abbreviationAt(seconds(time))).toBe(abbreviation);
});

it('knows no other names', () => {
  for (const name of ['Nowhere/City', '', 'blah', 'Europe/Berlin ', '<+05>', "'", 'A168', 'A5B,1', 'A5B,J0,5', 'A5B,M13.1.0,5', 'A5B,1,2x'])
    expect(findTimeZone(name)).toBeUndefined();
});

describe('local times', () => {
  const newYork = zone('America/New_York');
  it('that a clock skips are read with the offset from before', () => {
    expect(offsetOfLocal(newYork, seconds('2019-03-10T01:59:59Z'))).toBe(-18000);
    expect(offsetOfLocal(newYork, seconds('2019-03-10T02:30:00Z'))).toBe(-18000);
    expect(offsetOfLocal(newYork, seconds('2019-03-10T03:00:00Z'))).toBe(-14400);
  });
  it('that a clock shows twice mean the later time', () => {
    expect(offsetOfLocal(newYork, seconds('2019-11-03T00:59:59Z'))).toBe(-14400);
    expect(offsetOfLocal(newYork, seconds('2019-11-03T01:30:00Z'))).toBe(-18000);
    expect(offsetOfLocal(newYork, seconds('2019-11-03T02:00:00Z'))).toBe(-18000);
  });
});

it('finds transitions to the second, in the future too', () => {
  for (const year of [1999, 2019, 2300, 2700, 5019]) {
    const sunday = new Date(Date.UTC(year, 2, 31));
    sunday.setUTCDate(31 - sunday.getUTCDay());
    const change = sunday.getTime() / 1000 + 3600;
    expect([zone('Europe/Berlin').offsetAt(change - 1), zone('Europe/Berlin').offsetAt(change)]).toEqual([3600, 7200]);
  }
});

it('reads abbreviations in any case', () => {
  expect(findAbbreviation('pst')).toEqual({ offset: -28800, isDst: false });
  expect(findAbbreviation('CEST')).toEqual({ offset: 7200, isDst: true });
  expect(findAbbreviation('tuesday')).toBeUndefined();
});

it('takes now, today and the like from the beginning of the transaction, in the zone of the session', () => {
  const text = (word: string, timeZone: string) => {
    const context = inZone(timeZone);
    const value = timestamptzType.input(word, -1, context);
    return typeof value === 'number' ? timestamptzText(value, context) : '';
  };
  expect(text('now', 'UTC')).toBe('2019-02-11 23:30:00.5+00');
  expect(text('now', 'Asia/Tokyo')).toBe('2019-02-12 08:30:00.5+09');
  expect(text('today', 'UTC')).toBe('2019-02-11 00:00:00+00');
  expect(text('today', 'Asia/Tokyo')).toBe('2019-02-12 00:00:00+09');
  expect(text('tomorrow', 'Asia/Tokyo')).toBe('2019-02-13 00:00:00+09');
  expect(text('yesterday 04:05', 'America/New_York')).toBe('2019-02-10 04:05:00-05');
  expect(parseDate('today', inZone('Asia/Tokyo'))).toBe(seconds('2019-02-12T00:00:00Z') / 86400 - unixEpochSeconds / 86400);
});
