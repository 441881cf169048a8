/**
 * Rows as JSON in change records, as Aurora DSQL writes them: numbers that JSON can hold as numbers (int8 with all its digits), numeric as a string, times as
 * microseconds, dates as days, bytea in base64; what JSON has no form for (infinity, NaN, arrays) as PostgreSQL's text. No setting of a session matters.
 */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { NonNull, Type, TypeContext } from '#sql/type.ts';
import { Interval } from '#sql/types/interval-value.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { TimeTz } from '#sql/types/timetz-value.ts';

const context: TypeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

/** From 1970-01-01 to 2000-01-01, where dates and timestamps count from. */
const epochDays = 10_957;
const epochMicroseconds = 946_684_800_000_000;
const dayMicroseconds = 86_400_000_000;
const monthDays = 30;

export type ValueWriter = (value: NonNull) => string;

export function valueWriter(typeOid: number): ValueWriter {
  const type = typeByOid(typeOid);
  switch (typeOid) {
    case oid.bool:
    case oid.int2:
    case oid.int4:
    case oid.int8:
    case oid.oid:
      return String;
    case oid.float4:
    case oid.float8:
      return (value) => {
        const text = textOf(type, value);
        return /^-?[0-9]/.test(text) ? text : JSON.stringify(text);
      };
    case oid.bpchar:
      return (value) => JSON.stringify(textOf(type, value).replace(/ +$/, ''));
    case oid.bytea:
      return (value) => JSON.stringify(value instanceof Uint8Array ? Buffer.from(value).toString('base64') : textOf(type, value));
    case oid.date:
      return (value) => moved(value, epochDays) ?? JSON.stringify(textOf(type, value));
    case oid.timestamp:
    case oid.timestamptz:
      return (value) => moved(value, epochMicroseconds) ?? JSON.stringify(textOf(type, value));
    case oid.time:
      return String;
    case oid.timetz:
      return (value) => (value instanceof TimeTz ? String(utcTime(value)) : JSON.stringify(textOf(type, value)));
    case oid.interval:
      return (value) => (value instanceof Interval ? intervalText(value) : JSON.stringify(textOf(type, value)));
    default:
      return (value) => JSON.stringify(textOf(type, value));
  }
}

const textOf = (type: Type, value: NonNull): string => type.output(value, context);

/** undefined for infinity. */
function moved(value: Datum, by: number): string | undefined {
  if (typeof value === 'bigint') return String(value + BigInt(by));
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isSafeInteger(value + by) ? String(value + by) : String(BigInt(value) + BigInt(by));
}

function utcTime({ microseconds, zoneSeconds }: TimeTz): number {
  const shifted = (microseconds + zoneSeconds * 1_000_000) % dayMicroseconds;
  return shifted < 0 ? shifted + dayMicroseconds : shifted;
}

/** All of it in microseconds, with months of thirty days, as intervals are compared; null where that does not fit 64 bits. */
function intervalText({ months, days, microseconds }: Interval): string {
  const total = BigInt(months * monthDays + days) * BigInt(dayMicroseconds) + BigInt(microseconds);
  return total === BigInt.asIntN(64, total) ? String(total) : 'null';
}
