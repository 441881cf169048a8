/** timestamp and timestamptz: microseconds since 2000-01-01, local or in UTC; ±Infinity. */
import type { TypeContext } from '../../type.ts';
import { behaviour, type TypeBehaviour } from '../behaviour.ts';
import { decodeInt64Key, encodeInt64Key, readInt64 } from '../integer-bytes.ts';
import {
  addMicroseconds,
  isInfinite,
  isTimestampDayInRange,
  isTimestampInRange,
  joinTimestamp,
  type Microseconds,
  splitTimestamp,
  unixEpochSeconds,
  unixSecondsOf,
} from './calendar.ts';
import { timestampOutOfRange, withText } from './date-time-error.ts';
import { formatTimestamp } from './format-date-time.ts';
import { parseDateTime, sessionZone } from './parse-date-time.ts';
import { precisionTypmodIn, precisionTypmodOut, roundMicroseconds } from './precision.ts';
import type { TimeZone } from './time-zone.ts';

/** How infinite timestamps are stored and sent. */
const storedInfinity = 9223372036854775807n;
const storedNegativeInfinity = -9223372036854775808n;

const toStored = (value: Microseconds): Microseconds =>
  value === Number.POSITIVE_INFINITY ? storedInfinity : value === Number.NEGATIVE_INFINITY ? storedNegativeInfinity : value;

function fromStored(stored: Microseconds): Microseconds {
  if (stored === storedInfinity) return Number.POSITIVE_INFINITY;
  return stored === storedNegativeInfinity ? Number.NEGATIVE_INFINITY : stored;
}

function parse(text: string, typeName: string, withZone: boolean, context: TypeContext): Microseconds {
  const parsed = withText(typeName, text, () => parseDateTime(text, context));
  switch (parsed.kind) {
    case 'dateTime': {
      if (!withZone && !isTimestampDayInRange(parsed.days)) throw timestampOutOfRange(text);
      const local = joinTimestamp(parsed.days, parsed.microseconds);
      const value = withZone ? addMicroseconds(local, -parsed.offset * 1e6) : local;
      if (!isTimestampInRange(value)) throw timestampOutOfRange(text);
      return value;
    }
    case 'epoch':
      return -unixEpochSeconds * 1e6;
    case 'infinity':
      return Number.POSITIVE_INFINITY;
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
  }
}

/** A timestamp without time zone as text. */
export function timestampText(value: Microseconds, context: TypeContext): string {
  if (isInfinite(value)) return value === Number.POSITIVE_INFINITY ? 'infinity' : '-infinity';
  const { days, microseconds } = splitTimestamp(value);
  return formatTimestamp(days, microseconds, undefined, context.settings.dateStyle);
}

/** A timestamptz as text, in the session's zone. */
export function timestamptzText(value: Microseconds, context: TypeContext): string {
  if (isInfinite(value)) return value === Number.POSITIVE_INFINITY ? 'infinity' : '-infinity';
  const zone = sessionZone(context);
  const seconds = unixSecondsOf(value);
  const offset = zone.offsetAt(seconds);
  const { days, microseconds } = splitTimestamp(offset === 0 ? value : addMicroseconds(value, offset * 1e6));
  return formatTimestamp(days, microseconds, { offset, abbreviation: () => zone.abbreviationAt(seconds) }, context.settings.dateStyle);
}

/** What a clock in the zone shows at a moment: AT TIME ZONE. */
export function toLocal(value: Microseconds, zone: TimeZone): Microseconds {
  const local = localClock(value, zone);
  if (!isInfinite(local) && !isTimestampInRange(local)) throw timestampOutOfRange();
  return local;
}

/** The same, for its day or its time alone: at the ends of the range the two together are no timestamp any more. */
export const localClock = (value: Microseconds, zone: TimeZone): Microseconds =>
  isInfinite(value) ? value : addMicroseconds(value, zone.offsetAt(unixSecondsOf(value)) * 1e6);

function timestampFamily(withZone: boolean): TypeBehaviour {
  const typeName = withZone ? 'timestamp with time zone' : 'timestamp';
  const zoneWords = withZone ? ' with time zone' : ' without time zone';
  return behaviour<Microseconds>({
    input: (text, typmod, context) => roundMicroseconds(parse(text, typeName, withZone, context), typmod),
    output: withZone ? timestamptzText : timestampText,
    receive(reader, typmod) {
      const value = fromStored(reader.int64());
      if (!isTimestampInRange(value)) throw timestampOutOfRange();
      return roundMicroseconds(value, typmod);
    },
    send: (value, writer) => writer.int64(toStored(value)),
    compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
    hashKey: (value) => value,
    encodeKey: (value, writer) => encodeInt64Key(toStored(value), writer),
    decodeKey: (reader) => fromStored(decodeInt64Key(reader)),
    encodeRow: (value, writer) => writer.int64(toStored(value)),
    decodeRow: (buffer, offset) => fromStored(readInt64(buffer, offset)),
    typmodIn: precisionTypmodIn('TIMESTAMP', withZone ? ' WITH TIME ZONE' : ''),
    typmodOut: precisionTypmodOut(zoneWords),
    applyTypmod: (value, typmod) => roundMicroseconds(value, typmod),
  });
}

export const timestampType = timestampFamily(false);
export const timestamptzType = timestampFamily(true);
