/**
 * Key conversion: a value of a child's column as the parent's index keeps it. The two types are the same nearly always; else they are of
 * one family (integer and bigint), or the child's has an implicit cast to the parent's.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, vectorOf } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext, VectorEvaluator } from '#sql/function.ts';
import { oid } from '#sql/oids.ts';
import { type NonNull, type TypeRef, typeRef } from '#sql/type.ts';
import { integerLimits } from '#sql/types/integer.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { castPath } from '../../analyzer/cast-path.ts';
import { cannotCast, coerceToTarget, coerceType } from '../../analyzer/coercion.ts';
import { Analysis } from '../../analyzer/environment.ts';
import type { Run } from '../operator.ts';

/** undefined: no value of the other type equals this one. */
export type KeyConversion = (value: NonNull, context: EvaluationContext) => NonNull | undefined;

const same: KeyConversion = (value) => value;

const isText = (type: number): boolean => type === oid.text || type === oid.varchar;

/** Types whose values are the same in memory, and lie alike in keys, as far as both can hold them. */
export function exactConversion(from: number, to: number): KeyConversion | undefined {
  if (from === to || (isText(from) && isText(to))) return same;
  const limits = integerLimits.get(to);
  if (limits === undefined || !integerLimits.has(from)) return undefined;
  return (value) =>
    (typeof value === 'number' || typeof value === 'bigint') && value >= limits[0] && value <= limits[1] ? value : undefined;
}

export function keyConversion(from: number, to: number, run: Run): KeyConversion {
  const exact = exactConversion(from, to);
  if (exact !== undefined) return exact;
  const there = cast(from, to, run);
  if (castPath(from, to, 'implicit') !== undefined) return (value, context) => there(value, context) ?? undefined;
  // Only the way back keeps every value: what does not come back as it was equals nothing there.
  const back = cast(to, from, run);
  const { compare } = typeByOid(from);
  return (value, context) => {
    const converted = within(() => there(value, context));
    if (converted === undefined || converted === null) return undefined;
    const returned = back(converted, context);
    return returned !== null && compare !== undefined && compare(returned, value) === 0 ? converted : undefined;
  };
}

type Cast = (value: NonNull, context: EvaluationContext) => NonNull | null;

const cast = (from: number, to: number, run: Run): Cast =>
  castThrough((analysis, input) => coerceType(analysis, input, to, 'explicit'), typeRef(from), run);

/** As an action stores the parent's new value in the child's column. */
export function assignmentCast(from: TypeRef, to: TypeRef, run: Run): Cast {
  if (from.oid === to.oid && (to.typmod < 0 || from.typmod === to.typmod)) return (value) => value;
  return castThrough(
    (analysis, input) => {
      const coerced = coerceToTarget(analysis, input, to, 'assignment');
      if (coerced === undefined) throw cannotCast(analysis, from.oid, to.oid, undefined);
      return coerced;
    },
    typeRef(from.oid),
    run,
  );
}

function castThrough(bind: (analysis: Analysis, input: Expression) => Expression, from: TypeRef, run: Run): Cast {
  const evaluate: VectorEvaluator = compileExpression(bind(analysisOf(run), { kind: 'column', id: 1, type: from, name: '' }), [1]);
  return (value, context) => datumAt(evaluate({ rowCount: 1, columns: [vectorOf([value])] }, context), 0);
}

/** For expressions that no statement's text holds. */
export function analysisOf({ catalog, context }: Run): Analysis {
  return new Analysis(
    {
      catalog,
      settings: context.settings,
      typeContext: context,
      currentUser: context.session.currentUser,
      parameterTypes: undefined,
      statementText: '',
    },
    () => undefined,
  );
}

/** undefined for a value beyond what the other type holds. */
function within<T>(convert: () => T): T | undefined {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    if (error.sqlstate !== sqlstate.numericValueOutOfRange && error.sqlstate !== sqlstate.datetimeFieldOverflow) throw error;
    return undefined;
  }
}
