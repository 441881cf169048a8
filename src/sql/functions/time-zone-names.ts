/** pg_timezone_names() and pg_timezone_abbrevs(): PostgreSQL's zones, and its default abbreviations. */
import type { Datum } from '../datum.ts';
import { type EvaluationContext, type Implementations, setReturning } from '../function.ts';
import { pgTimezoneAbbreviations } from '../postgres/pg-timezone-abbreviations.ts';
import { findTimeZone } from '../types/date-time/time-zone.ts';
import { timeZoneNames } from '../types/date-time/zone-abbreviations.ts';
import { Interval } from '../types/interval-value.ts';

const offsetOf = (seconds: number): Interval => new Interval(0, 0, seconds * 1000000);

/** Offset and abbreviation as of the transaction's start. */
function* zoneNames(context: EvaluationContext): Generator<readonly Datum[]> {
  const now = Math.floor(context.transactionTimestamp / 1000000);
  for (const name of timeZoneNames()) {
    const zone = findTimeZone(name);
    if (zone !== undefined) yield [name, zone.abbreviationAt(now), offsetOf(zone.offsetAt(now)), zone.isDaylightSaving(now)];
  }
}

export const timeZoneNameFunctions: Implementations = {
  'pg_timezone_names()': setReturning(zoneNames),
  'pg_timezone_abbrevs()': setReturning(() =>
    pgTimezoneAbbreviations.map(({ abbreviation, offsetSeconds, isDst }) => [abbreviation, offsetOf(offsetSeconds), isDst]),
  ),
};
