/** interval: months, days and microseconds, kept apart. Ordered by its length with months of thirty days and days of 24 hours. */

import { int8 } from '../../datum.ts';
import { behaviour } from '../behaviour.ts';
import { encodeInt64Key, readInt32, readInt64 } from '../integer-bytes.ts';
import { Interval } from '../interval-value.ts';
import { type Microseconds, microsecondsPerHour, microsecondsPerMinute } from './calendar.ts';
import { withText } from './date-time-error.ts';
import { formatInterval } from './format-interval.ts';
import { comparableOf, compareIntervals } from './interval-fields.ts';
import { intervalField, intervalPrecision, intervalRange, intervalTypmodIn, intervalTypmodOut, maxPrecision } from './interval-typmod.ts';
import { parseInterval } from './parse-interval.ts';
import { roundMicroseconds } from './precision.ts';

const { year, month, day, hour, minute } = intervalField;

function truncate(value: Microseconds, unit: number): Microseconds {
  if (typeof value === 'number') {
    const rest = value % unit;
    return rest === 0 ? value : value - rest;
  }
  return int8(value - (value % BigInt(unit)));
}

/** Cuts what lies below the last declared field and rounds to the precision. Higher fields than the first stay. */
export function fitInterval(value: Interval, typmod: number): Interval {
  if (typmod < 0) return value;
  const { months, days, microseconds } = value;
  const precision = intervalPrecision(typmod);
  switch (intervalRange(typmod)) {
    case year:
      return new Interval(months - (months % 12), 0, 0);
    case month:
    case year | month:
      return new Interval(months, 0, 0);
    case day:
      return new Interval(months, days, 0);
    case hour:
    case day | hour:
      return new Interval(months, days, truncate(microseconds, microsecondsPerHour));
    case minute:
    case hour | minute:
    case day | hour | minute:
      return new Interval(months, days, truncate(microseconds, microsecondsPerMinute));
    default:
      return precision < maxPrecision ? new Interval(months, days, roundMicroseconds(microseconds, precision)) : value;
  }
}

export const intervalType = behaviour<Interval>({
  input: (text, typmod, context) =>
    fitInterval(
      withText('interval', text, () => parseInterval(text, typmod, context)),
      typmod,
    ),
  output: (value, context) => formatInterval(value, context.settings.intervalStyle),
  receive(reader, typmod) {
    const microseconds = reader.int64();
    const days = reader.int32();
    return fitInterval(new Interval(reader.int32(), days, microseconds), typmod);
  },
  send(value, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.days);
    writer.int32(value.months);
  },
  compare: compareIntervals,
  hashKey(value) {
    const { days, microseconds } = comparableOf(value);
    return `${days}/${microseconds}`;
  },
  // Equal intervals of different fields have one key, so there is no way back.
  encodeKey(value, writer) {
    const { days, microseconds } = comparableOf(value);
    encodeInt64Key(days, writer);
    encodeInt64Key(microseconds, writer);
  },
  encodeRow(value, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.days);
    writer.int32(value.months);
  },
  decodeRow: (buffer, offset) => new Interval(readInt32(buffer, offset + 12), readInt32(buffer, offset + 8), readInt64(buffer, offset)),
  typmodIn: intervalTypmodIn,
  typmodOut: intervalTypmodOut,
  applyTypmod: fitInterval,
});
