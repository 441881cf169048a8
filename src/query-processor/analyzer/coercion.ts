/**
 * Coercion: brings a bound expression to a type, as PostgreSQL's parse_coerce.c does.
 *
 * Literals of yet unknown type are read by the type's input function right here, so that a malformed one is an error of the
 * statement with a position; parameters of unknown type learn it here.
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { castBetween, procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { findType } from '#sql/types/registry.ts';
import { type CoercionContext, canCoerce, castPath } from './cast-path.ts';
import { checkedAs } from './domain.ts';
import type { Analysis } from './environment.ts';
import { coerceParameter } from './parameters.ts';
import { coerceRecordToRow } from './row-coercion.ts';
import { arrayElementOf, isPolymorphic, typeDisplayName } from './type-facts.ts';

export const trueConstant: Expression = { kind: 'constant', value: true, type: typeRef(oid.bool) };
export const boolType = typeRef(oid.bool);

export const int4Constant = (value: number): Expression => ({ kind: 'constant', value, type: typeRef(oid.int4) });
export const boolConstant = (value: boolean): Expression => ({ kind: 'constant', value, type: boolType });
export const nullConstant = (type: number): Expression => ({ kind: 'constant', value: null, type: typeRef(type) });

/** Reads a literal as its type does. */
export function readLiteral(
  analysis: Analysis,
  text: string | null,
  typeOid: number,
  typmod: number,
  location: number | undefined,
): Expression {
  if (text === null) return analysis.locate({ kind: 'constant', value: null, type: typeRef(typeOid) }, location);
  const type = findType(typeOid);
  if (type === undefined) {
    if (typeOid === oid.record) throw analysis.notSupported('input of anonymous composite types is not implemented', location);
    throw analysis.notSupported(`type ${typeDisplayName(typeOid)} is not supported`, location);
  }
  try {
    const value = type.input(text, typmod, analysis.environment.typeContext);
    return analysis.locate({ kind: 'constant', value, type: typeRef(typeOid, -1) }, location);
  } catch (error) {
    throw error instanceof SqlError ? error.at(analysis.positionOf(location)) : error;
  }
}

/** Brings an expression to a type that `canCoerce` has allowed. The typmod is the caller's business (`applyTypmod`). */
export function coerceType(
  analysis: Analysis,
  expression: Expression,
  target: number,
  context: CoercionContext,
  typmod = -1,
  location = analysis.locationOf(expression),
): Expression {
  const source = expression.type.oid;
  if (source === target || target === oid.any) return expression;
  if (isPolymorphic(target) && (source !== oid.unknown || target === oid.anyelement)) return expression;
  if (source === oid.unknown) {
    if (expression.kind === 'parameter') return coerceParameter(analysis, expression, target);
    if (expression.kind === 'constant') {
      const literal = expression.value;
      if (literal !== null && typeof literal !== 'string') throw new InvariantError('a literal of unknown type is text');
      return readLiteral(analysis, literal, target, target === oid.interval ? typmod : -1, analysis.locationOf(expression));
    }
    // Such as a subquery's column that stayed unknown: text by now, but for its name.
    return analysis.locate({ kind: 'convertByText', arg: expression, explicit: false, type: typeRef(target) }, location);
  }
  const path = castPath(source, target, context);
  if (path === undefined) throw cannotCast(analysis, source, target, location);
  const isExplicit = context === 'explicit';
  switch (path.kind) {
    case 'relabel':
      // A row stays of its own type where any row will do.
      if (target === oid.record || target === oid.recordArray) return expression;
      return analysis.locate(relabel(expression, target), location);
    case 'function':
      return analysis.locate(castCall(expression, path.function, target, typmod, isExplicit), location);
    case 'row':
      return coerceRecordToRow(analysis, expression, target, context, location);
    case 'text':
      return analysis.locate({ kind: 'convertByText', arg: expression, explicit: isExplicit, type: typeRef(target) }, location);
    case 'array': {
      const element: Expression = { kind: 'caseOperand', type: typeRef(arrayElementOf(source), expression.type.typmod) };
      const converted = coerceType(analysis, element, arrayElementOf(target), context, typmod);
      return analysis.locate({ kind: 'arrayConversion', arg: expression, element: converted, type: typeRef(target) }, location);
    }
  }
}

/** Constants simply take the other name: nothing is left to do for them at run time. */
function relabel(expression: Expression, target: number): Expression {
  if (expression.kind === 'constant' && !changesSign(expression.value))
    return { kind: 'constant', value: relabelValue(expression.value, target), type: typeRef(target) };
  if (expression.kind === 'relabel') return relabel(expression.arg, target);
  return { kind: 'relabel', arg: expression, type: typeRef(target) };
}

/** A number whose bits are another one between int4 and oid, of which one has a sign. */
const changesSign = (value: Datum): boolean => typeof value === 'number' && (value < 0 || value > 2147483647);

/** An array says itself what its elements are. */
function relabelValue(value: Datum, target: number): Datum {
  const element = arrayElementOf(target);
  if (!(value instanceof ArrayValue) || element === 0) return value;
  return new ArrayValue(element, value.items, value.dimensions, value.lowerBounds);
}

function castCall(expression: Expression, functionOid: number, target: number, typmod: number, isExplicit: boolean): Expression {
  const proc = procByOid(functionOid);
  if (proc === undefined) throw new InvariantError('every function of pg_cast is in pg_proc');
  const args = [expression];
  if (proc.argTypes.length >= 2) args.push(int4Constant(typmod));
  if (proc.argTypes.length >= 3) args.push(boolConstant(isExplicit));
  const call: Expression = {
    kind: 'function',
    function: functionOid,
    args,
    variadic: false,
    returnsSet: false,
    form: { kind: 'cast', explicit: isExplicit },
    type: typeRef(target, proc.argTypes.length >= 2 ? typmod : -1),
  };
  // From int2 to oid goes by int4, whose bits an oid takes without the sign.
  const isSigned = proc.returnType === oid.int4 && target !== oid.int4;
  return isSigned ? relabel({ ...call, type: typeRef(oid.int4) }, target) : call;
}

/** Fits a value to varchar(n), numeric(p,s) and so on; nothing to do without a typmod or when the expression has it already. */
export function applyTypmod(analysis: Analysis, expression: Expression, typmod: number, isExplicit: boolean): Expression {
  if (typmod < 0 || expression.type.typmod === typmod) return expression;
  const location = analysis.locationOf(expression);
  const type = expression.type.oid;
  const element = arrayElementOf(type);
  if (element !== 0) {
    const item = applyTypmod(analysis, { kind: 'caseOperand', type: typeRef(element) }, typmod, isExplicit);
    if (item.kind === 'caseOperand') return expression;
    return analysis.locate({ kind: 'arrayConversion', arg: expression, element: item, type: typeRef(type, typmod) }, location);
  }
  if (castBetween(type, type) === undefined && findType(type)?.applyTypmod === undefined) return expression;
  return analysis.locate({ kind: 'applyTypmod', arg: expression, explicit: isExplicit, type: typeRef(type, typmod) }, location);
}

/** A cast to a type without length shows the value without one: numeric(5,2)::numeric is any numeric. */
function withoutTypmod(analysis: Analysis, expression: Expression, target: TypeRef, location: number | undefined): Expression {
  const { oid: type, typmod } = expression.type;
  if (target.typmod >= 0 || target.domain !== undefined || type !== target.oid || typmod < 0) return expression;
  return analysis.locate(relabel(expression, type), location);
}

/** Type and typmod together; undefined when there is no way. */
export function coerceToTarget(
  analysis: Analysis,
  expression: Expression,
  target: TypeRef,
  context: CoercionContext,
  location = analysis.locationOf(expression),
): Expression | undefined {
  if (!canCoerce([expression.type.oid], [target.oid], context)) return undefined;
  const coerced = withoutTypmod(analysis, coerceType(analysis, expression, target.oid, context, target.typmod, location), target, location);
  // A domain's length is kept to like that of a column.
  const fitted = applyTypmod(analysis, coerced, target.typmod, context === 'explicit' && target.domain === undefined);
  return target.domain === undefined ? fitted : analysis.locate(checkedAs(analysis, fitted, target, context === 'explicit'), location);
}

export function cannotCast(analysis: Analysis, source: number, target: number, location: number | undefined): SqlError {
  return analysis.error(sqlstate.cannotCoerce, `cannot cast type ${typeDisplayName(source)} to ${typeDisplayName(target)}`, location);
}

export function coerceToBoolean(analysis: Analysis, expression: Expression, construct: string): Expression {
  return coerceToSpecific(analysis, expression, oid.bool, construct);
}

/** For LIMIT, WHERE and the like, which want one type: implicit... but PostgreSQL lets assignment casts pass here. */
export function coerceToSpecific(analysis: Analysis, expression: Expression, target: number, construct: string): Expression {
  const location = analysis.locationOf(expression);
  let coerced: Expression | undefined = expression;
  if (expression.type.oid !== target) {
    coerced = coerceToTarget(analysis, expression, typeRef(target), 'assignment');
    if (coerced === undefined)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `argument of ${construct} must be type ${typeDisplayName(target)}, not type ${typeDisplayName(expression.type.oid)}`,
        location,
      );
  }
  if (returnsSet(coerced)) throw analysis.error(sqlstate.datatypeMismatch, `argument of ${construct} must not return a set`, location);
  return coerced;
}

/** True when a set-returning call is anywhere in the expression (not inside its subqueries). */
export const returnsSet = (expression: Expression): boolean =>
  someExpression(expression, (part) => part.kind === 'function' && part.returnsSet);

/** A literal or parameter that nothing gave a type is text, as a result column is. */
export function resolveUnknown(analysis: Analysis, expression: Expression): Expression {
  return expression.type.oid === oid.unknown ? coerceType(analysis, expression, oid.text, 'implicit') : expression;
}
