/** CURRENT_DATE, CURRENT_TIMESTAMP and their kin: one value a statement, the time that of the transaction's start. */
import { unreachable } from '#base/assert.ts';
import { constantVector } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression, SqlValueName } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import { typeByOid } from '../types/registry.ts';
import type { Compiled } from './scope.ts';

export function compileSqlValue(expression: Extract<Expression, { kind: 'sqlValue' }>): Compiled {
  const { name, type } = expression;
  return { evaluate: (_, context) => constantVector(sqlValue(name, type.typmod, context)), harmless: true };
}

/** Microseconds between 1970 and 2000, where PostgreSQL's timestamps begin. */
const epochDistance = 946684800000000;

function sqlValue(name: SqlValueName, typmod: number, context: EvaluationContext): Datum {
  switch (name) {
    case 'current_user':
      return context.session.currentUser;
    case 'session_user':
      return context.session.sessionUser;
    case 'current_catalog':
      return context.session.database;
    case 'current_schema':
      return context.session.schemas(false)[0] ?? null;
    case 'current_timestamp':
      return toPrecision(oid.timestamptz, context.transactionTimestamp - epochDistance, typmod);
    case 'localtimestamp':
      return toPrecision(oid.timestamp, nowAs(oid.timestamp, context), typmod);
    case 'localtime':
      return toPrecision(oid.time, nowAs(oid.time, context), typmod);
    case 'current_time':
      return toPrecision(oid.timetz, nowAs(oid.timetz, context), typmod);
    case 'current_date':
      return nowAs(oid.date, context);
    default:
      return unreachable(name);
  }
}

/** The type's own reading of 'now', which is the start of the transaction in the session's time zone. */
const nowAs = (typeOid: number, context: EvaluationContext): Datum => typeByOid(typeOid).input('now', -1, context);

function toPrecision(typeOid: number, value: Datum, typmod: number): Datum {
  const { applyTypmod } = typeByOid(typeOid);
  return value === null || typmod < 0 || applyTypmod === undefined ? value : applyTypmod(value, typmod, true);
}
