/** time: microseconds since midnight, up to 24:00:00. timetz: the same with a fixed offset, ordered by the moment in UTC. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { behaviour } from '../behaviour.ts';
import { decodeInt32Key, decodeInt64Key, encodeInt32Key, encodeInt64Key, readInt32, readInt64 } from '../integer-bytes.ts';
import { TimeTz } from '../timetz-value.ts';
import { microsecondsPerDay } from './calendar.ts';
import { withText } from './date-time-error.ts';
import { formatOffset, formatTimeOfDay } from './format-date-time.ts';
import { parseTime } from './parse-time.ts';
import { precisionTypmodIn, precisionTypmodOut, roundMicroseconds } from './precision.ts';

const fitTime = (value: number, typmod: number): number => Number(roundMicroseconds(value, typmod));

function checkRange(microseconds: number | bigint): number {
  const value = Number(microseconds);
  if (value < 0 || value > microsecondsPerDay) throw new SqlError(sqlstate.datetimeFieldOverflow, 'time out of range');
  return value;
}

export const timeType = behaviour<number>({
  input: (text, typmod, context) => fitTime(withText('time', text, () => parseTime(text, context)).microseconds, typmod),
  output: formatTimeOfDay,
  receive: (reader, typmod) => fitTime(checkRange(reader.int64()), typmod),
  send: (value, writer) => writer.int64(value),
  compare: (a, b) => a - b,
  hashKey: (value) => value,
  encodeKey: encodeInt64Key,
  decodeKey: decodeInt64Key,
  encodeRow: (value, writer) => writer.int64(value),
  decodeRow: readInt64,
  typmodIn: precisionTypmodIn('TIME', ''),
  typmodOut: precisionTypmodOut(' without time zone'),
  applyTypmod: fitTime,
});

const fitTimeTz = (value: TimeTz, typmod: number): TimeTz =>
  typmod < 0 || typmod >= 6 ? value : new TimeTz(fitTime(value.microseconds, typmod), value.zoneSeconds);

/** Microseconds of the day in UTC; below zero and above a day where the zone moves it there. */
const inUtc = (value: TimeTz): number => value.microseconds + value.zoneSeconds * 1e6;

/** Offsets of sixteen hours and more are refused. */
const displacementLimit = 16 * 3600;

export const timetzType = behaviour<TimeTz>({
  input(text, typmod, context) {
    const { microseconds, offset } = withText('time with time zone', text, () => parseTime(text, context));
    return fitTimeTz(new TimeTz(microseconds, offset === 0 ? 0 : -offset), typmod);
  },
  output: (value) => formatTimeOfDay(value.microseconds) + formatOffset(-value.zoneSeconds),
  receive(reader, typmod) {
    const microseconds = checkRange(reader.int64());
    const zoneSeconds = reader.int32();
    if (zoneSeconds <= -displacementLimit || zoneSeconds >= displacementLimit) {
      throw new SqlError(sqlstate.invalidTimeZoneDisplacementValue, 'time zone displacement out of range');
    }
    return fitTimeTz(new TimeTz(microseconds, zoneSeconds), typmod);
  },
  send(value, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.zoneSeconds);
  },
  compare: (a, b) => inUtc(a) - inUtc(b) || a.zoneSeconds - b.zoneSeconds,
  hashKey: (value) => `${value.microseconds}/${value.zoneSeconds}`,
  encodeKey(value, writer) {
    encodeInt64Key(inUtc(value), writer);
    encodeInt32Key(value.zoneSeconds, writer);
  },
  decodeKey(reader) {
    const utc = Number(decodeInt64Key(reader));
    const zoneSeconds = decodeInt32Key(reader);
    return new TimeTz(utc - zoneSeconds * 1e6, zoneSeconds);
  },
  encodeRow(value, writer) {
    writer.int64(value.microseconds);
    writer.int32(value.zoneSeconds);
  },
  decodeRow: (buffer, offset) => new TimeTz(Number(readInt64(buffer, offset)), readInt32(buffer, offset + 8)),
  typmodIn: precisionTypmodIn('TIME', ' WITH TIME ZONE'),
  typmodOut: precisionTypmodOut(' with time zone'),
  applyTypmod: fitTimeTz,
});
