/** generate_series() over timestamps: a step may hold months and days, which pass on the calendar. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementations, setReturning } from '../function.ts';
import type { TypeContext } from '../type.ts';
import type { Microseconds } from '../types/date-time/calendar.ts';
import { compareIntervals } from '../types/date-time/interval-fields.ts';
import { sessionZone } from '../types/date-time/parse-date-time.ts';
import type { TimeZone } from '../types/date-time/time-zone.ts';
import { Interval } from '../types/interval-value.ts';
import { addToTimestamp, addToTimestamptz, zoneNamed } from './date-time-arithmetic.ts';

const noTime = new Interval(0, 0, 0);

/** The step's direction is what it comes to with months of thirty days, even where the calendar makes it another. */
function* series(start: Microseconds, stop: Microseconds, step: Interval, next: (from: Microseconds) => Microseconds) {
  const direction = compareIntervals(step, noTime);
  if (direction === 0) throw new SqlError(sqlstate.invalidParameterValue, 'step size cannot equal zero');
  for (let value = start; direction > 0 ? value <= stop : value >= stop; value = next(value)) yield value;
}

const inZone = (start: Microseconds, stop: Microseconds, step: Interval, zone: TimeZone) =>
  series(start, stop, step, (from) => addToTimestamptz(from, step, zone));

export const dateTimeSeriesFunctions: Implementations = {
  'generate_series(timestamp,timestamp,interval)': setReturning((start: Microseconds, stop: Microseconds, step: Interval) =>
    series(start, stop, step, (from) => addToTimestamp(from, step)),
  ),
  'generate_series(timestamptz,timestamptz,interval)': setReturning(
    (start: Microseconds, stop: Microseconds, step: Interval, context: TypeContext) => inZone(start, stop, step, sessionZone(context)),
  ),
  'generate_series(timestamptz,timestamptz,interval,text)': setReturning(
    (start: Microseconds, stop: Microseconds, step: Interval, zone: string) => inZone(start, stop, step, zoneNamed(zone)),
  ),
};
