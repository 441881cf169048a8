/**
 * borealis.as_of: transactions that see a moment of the past, rows and schema, and change nothing.
 *
 *   AO1  Such a transaction reads every commit at or below the moment and none above it, in whatever Region.
 *   AO2  It is read-only, and cannot be made anything else.
 *   AO3  A moment before what is retained (--retain-journal), or in the future, is an error when the transaction begins; never an answer.
 *
 * It is an ordinary transaction with an older snapshot: replicas keep superseded versions for as long as the past is retained (docs/decisions/0012).
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp } from '#base/world.ts';
import { oid } from '#sql/oids.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';

export const asOfSetting = 'borealis.as_of';

/** From 1970-01-01 to 2000-01-01, where timestamps count from. */
const epochMicroseconds = 946_684_800_000_000;
const canonical = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/;

/** The value as it is kept and shown: a timestamptz in UTC, or empty. Throws 22007, 22008 and 22023 as timestamptz's input does. */
export function asOfValue(text: string, context: TypeContext): string {
  if (text.trim() === '') return '';
  const type = typeByOid(oid.timestamptz);
  const value = type.input(text, -1, context);
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${asOfSetting}": "${text}"`);
  const shown = type.output(value, { ...context, settings: defaultSettings });
  if (!canonical.test(shown)) throw new SqlError(sqlstate.invalidParameterValue, `invalid value for parameter "${asOfSetting}": "${text}"`);
  return shown;
}

/** Of a value as it is kept; undefined for none. */
export function asOfTimestamp(value: string, context: TypeContext): Timestamp | undefined {
  if (value === '') return undefined;
  const timestamp = typeByOid(oid.timestamptz).input(value, -1, context);
  return typeof timestamp === 'number' ? timestamp + epochMicroseconds : undefined;
}

/** AO3. `horizon`: the oldest snapshot that can be read. */
export function checkAsOf(asOf: Timestamp, horizon: Timestamp, now: Timestamp): void {
  if (asOf > now) throw new SqlError(sqlstate.invalidParameterValue, `"${asOfSetting}" lies in the future`);
  if (asOf >= horizon) return;
  throw new SqlError(sqlstate.snapshotTooOld, `the data of that moment is no longer retained`, {
    detail: `The past is kept since ${new Date(horizon / 1000).toISOString()}.`,
    hint: 'The option --retain-journal of borealis start says how long it is kept.',
  });
}
