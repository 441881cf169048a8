/** date: days since 2000-01-01; ±Infinity. */

import type { TypeContext } from '../../type.ts';
import { behaviour } from '../behaviour.ts';
import { decodeInt32Key, encodeInt32Key, readInt32 } from '../integer-bytes.ts';
import { isDateInRange, unixEpochDays } from './calendar.ts';
import { dateOutOfRange, withText } from './date-time-error.ts';
import { formatDate } from './format-date-time.ts';
import { parseDateTime } from './parse-date-time.ts';

/** How infinite dates are stored and sent. */
const storedInfinity = 0x7fffffff;
const storedNegativeInfinity = -0x80000000;

function toStored(days: number): number {
  if (days === Number.POSITIVE_INFINITY) return storedInfinity;
  return days === Number.NEGATIVE_INFINITY ? storedNegativeInfinity : days;
}

function fromStored(stored: number): number {
  if (stored === storedInfinity) return Number.POSITIVE_INFINITY;
  return stored === storedNegativeInfinity ? Number.NEGATIVE_INFINITY : stored;
}

export function parseDate(text: string, context: TypeContext): number {
  const parsed = withText('date', text, () => parseDateTime(text, context));
  switch (parsed.kind) {
    case 'dateTime':
      if (!isDateInRange(parsed.days)) throw dateOutOfRange(text);
      return parsed.days;
    case 'epoch':
      return unixEpochDays;
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
  }
}

export const dateType = behaviour<number>({
  input: (text, _typmod, context) => parseDate(text, context),
  output: (value, context) => formatDate(value, context.settings.dateStyle),
  receive(reader) {
    const days = fromStored(reader.int32());
    if (!isDateInRange(days)) throw dateOutOfRange();
    return days;
  },
  send: (value, writer) => writer.int32(toStored(value)),
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  hashKey: (value) => value,
  encodeKey: (value, writer) => encodeInt32Key(toStored(value), writer),
  decodeKey: (reader) => fromStored(decodeInt32Key(reader)),
  encodeRow: (value, writer) => writer.int32(toStored(value)),
  decodeRow: (buffer, offset) => fromStored(readInt32(buffer, offset)),
});
