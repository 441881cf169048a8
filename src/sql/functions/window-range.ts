/**
 * in_range(value, base, offset, sub, less): whether a value lies within `offset` of the current row's, on the one side or the other.
 * RANGE frames with an offset are found by it.
 *
 * A sum beyond the type's range lies beyond every value, so it is no error.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementation, type Implementations, scalar } from '../function.ts';
import type { NonNull, TypeContext } from '../type.ts';
import type { Microseconds } from '../types/date-time/calendar.ts';
import { compareIntervals } from '../types/date-time/interval-fields.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import { compareFloats } from '../types/float.ts';
import { Interval } from '../types/interval-value.ts';
import { addNumeric, compareNumeric, negateNumeric, numericOfInteger } from '../types/numeric-arithmetic.ts';
import type { Numeric } from '../types/numeric-value.ts';
import { TimeTz } from '../types/timetz-value.ts';
import { addToTimestamp, addToTimestamptz, timestampOfDate } from './date-time-arithmetic.ts';
import type { Int8 } from './integer.ts';
import { addIntervals, negateInterval } from './interval-arithmetic.ts';

type Compare<Value> = (a: Value, b: Value) => number;

const invalidOffset = (): SqlError =>
  new SqlError(sqlstate.invalidPrecedingOrFollowingSize, 'invalid preceding or following size in window function');

/** From a type's own notions: which offsets count backwards, where an offset leads to, which of two values is the smaller. */
function inRange<Value extends NonNull, Offset extends NonNull>(
  isNegative: (offset: Offset) => boolean,
  move: (base: Value, offset: Offset, subtract: boolean, context: TypeContext) => Value,
  compare: Compare<Value>,
): Implementation {
  return scalar((value: Value, base: Value, offset: Offset, subtract: boolean, less: boolean, context: TypeContext) => {
    if (isNegative(offset)) throw invalidOffset();
    const order = compare(value, move(base, offset, subtract, context));
    return less ? order <= 0 : order >= 0;
  });
}

const compareOrdered = (a: Int8, b: Int8): number => (a < b ? -1 : a > b ? 1 : 0);
// Wider than the type: a sum outside its range is then beyond every value by itself.
const ofIntegers = inRange<Int8, Int8>(
  (offset) => offset < 0,
  (base, offset, subtract) => (subtract ? BigInt(base) - BigInt(offset) : BigInt(base) + BigInt(offset)),
  compareOrdered,
);

const ofFloats = scalar((value: number, base: number, offset: number, subtract: boolean, less: boolean) => {
  if (Number.isNaN(offset) || offset < 0) throw invalidOffset();
  // NaN is above all, and near nothing but itself.
  if (Number.isNaN(value)) return Number.isNaN(base) || !less;
  if (Number.isNaN(base)) return less;
  const sum = subtract ? base - offset : base + offset;
  // From one infinity to the other everything is in range.
  if (Number.isNaN(sum)) return true;
  const order = compareFloats(value, sum);
  return less ? order <= 0 : order >= 0;
});

const zero = numericOfInteger(0);
const ofNumerics = scalar((value: Numeric, base: Numeric, offset: Numeric, subtract: boolean, less: boolean) => {
  if (offset.kind === 'nan' || compareNumeric(offset, zero) < 0) throw invalidOffset();
  if (value.kind === 'nan') return base.kind === 'nan' || !less;
  if (base.kind === 'nan') return less;
  const sum = addNumeric(base, subtract ? negateNumeric(offset) : offset);
  if (sum.kind === 'nan') return true;
  const order = compareNumeric(value, sum);
  return less ? order <= 0 : order >= 0;
});

const none = new Interval(0, 0, 0);
const isNegativeInterval = (offset: Interval): boolean => compareIntervals(offset, none) < 0;
const signed = (offset: Interval, subtract: boolean): Interval => (subtract ? negateInterval(offset) : offset);

const ofTimestamps = inRange<Microseconds, Interval>(
  isNegativeInterval,
  (base, offset, subtract) => addToTimestamp(base, signed(offset, subtract)),
  compareOrdered,
);
const ofTimestampsWithZone = inRange<Microseconds, Interval>(
  isNegativeInterval,
  (base, offset, subtract, context) => addToTimestamptz(base, signed(offset, subtract), sessionZone(context)),
  compareOrdered,
);
const ofDates = scalar((value: number, base: number, offset: Interval, subtract: boolean, less: boolean) => {
  const [at, from] = [timestampOfDate(value), timestampOfDate(base)];
  if (isNegativeInterval(offset)) throw invalidOffset();
  const order = compareOrdered(at, addToTimestamp(from, signed(offset, subtract)));
  return less ? order <= 0 : order >= 0;
});

/** Of an offset between times of day only the part below a day counts, and the sum does not wrap around midnight. */
const isNegativeTime = (offset: Interval): boolean => offset.microseconds < 0;
const movedTime = (microseconds: number, offset: Interval, subtract: boolean): number =>
  subtract ? microseconds - Number(offset.microseconds) : microseconds + Number(offset.microseconds);

/** By the instant, then by the zone, the east first. */
const compareTimeTz = (a: TimeTz, b: TimeTz): number =>
  a.microseconds + a.zoneSeconds * 1e6 - (b.microseconds + b.zoneSeconds * 1e6) || a.zoneSeconds - b.zoneSeconds;

export const windowRangeFunctions: Implementations = {
  'in_range(int2,int2,int2,bool,bool)': ofIntegers,
  'in_range(int2,int2,int4,bool,bool)': ofIntegers,
  'in_range(int2,int2,int8,bool,bool)': ofIntegers,
  'in_range(int4,int4,int2,bool,bool)': ofIntegers,
  'in_range(int4,int4,int4,bool,bool)': ofIntegers,
  'in_range(int4,int4,int8,bool,bool)': ofIntegers,
  'in_range(int8,int8,int8,bool,bool)': ofIntegers,
  'in_range(float4,float4,float8,bool,bool)': ofFloats,
  'in_range(float8,float8,float8,bool,bool)': ofFloats,
  'in_range(numeric,numeric,numeric,bool,bool)': ofNumerics,
  'in_range(date,date,interval,bool,bool)': ofDates,
  'in_range(timestamp,timestamp,interval,bool,bool)': ofTimestamps,
  'in_range(timestamptz,timestamptz,interval,bool,bool)': ofTimestampsWithZone,
  'in_range(interval,interval,interval,bool,bool)': inRange<Interval, Interval>(
    isNegativeInterval,
    (base, offset, subtract) => addIntervals(base, signed(offset, subtract)),
    compareIntervals,
  ),
  'in_range(time,time,interval,bool,bool)': inRange<number, Interval>(isNegativeTime, movedTime, compareOrdered),
  'in_range(timetz,timetz,interval,bool,bool)': inRange<TimeTz, Interval>(
    isNegativeTime,
    (base, offset, subtract) => new TimeTz(movedTime(base.microseconds, offset, subtract), base.zoneSeconds),
    compareTimeTz,
  ),
};
