/**
 * Common types: the one type that the branches of CASE, UNION, VALUES, ARRAY and the like are brought to.
 */
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { canCoerce } from './cast-path.ts';
import { coerceType } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { categoryOf, isPreferred, typeDisplayName } from './type-facts.ts';

type Mismatch = { readonly at: number; readonly left: number; readonly right: number };

/** The common type of several, or the first two that do not go together. */
export function commonTypeOf(types: readonly number[]): number | Mismatch {
  let chosen = types[0];
  if (chosen !== oid.unknown && types.every((type) => type === chosen)) return chosen;
  for (let i = 1; i < types.length; i++) {
    const next = types[i];
    if (next === oid.unknown || next === chosen) continue;
    if (chosen === oid.unknown) chosen = next;
    else if (categoryOf(next) !== categoryOf(chosen)) return { at: i, left: chosen, right: next };
    else if (!isPreferred(chosen) && canCoerce([chosen], [next], 'implicit') && !canCoerce([next], [chosen], 'implicit')) chosen = next;
  }
  return chosen === oid.unknown ? oid.text : chosen;
}

/** The common type of expressions; `construct` is named in the error. */
export function selectCommonType(analysis: Analysis, expressions: readonly Expression[], construct: string): number {
  const found = commonTypeOf(expressions.map((expression) => expression.type.oid));
  if (typeof found === 'number') return found;
  throw analysis.error(
    sqlstate.datatypeMismatch,
    `${construct} types ${typeDisplayName(found.left)} and ${typeDisplayName(found.right)} cannot be matched`,
    analysis.locationOf(expressions[found.at]),
  );
}

export function coerceToCommonType(analysis: Analysis, expression: Expression, target: number, construct: string): Expression {
  const source = expression.type.oid;
  if (source === target) return expression;
  if (canCoerce([source], [target], 'implicit')) return coerceType(analysis, expression, target, 'implicit');
  throw analysis.error(
    sqlstate.cannotCoerce,
    `${construct} could not convert type ${typeDisplayName(source)} to ${typeDisplayName(target)}`,
    analysis.locationOf(expression),
  );
}

/** The typmod that all expressions of the common type share, else -1. */
export function commonTypmod(expressions: readonly Expression[], target: number): number {
  const typmod = expressions[0]?.type.typmod ?? -1;
  return expressions.every((expression) => expression.type.oid === target && expression.type.typmod === typmod) ? typmod : -1;
}

/** Brings expressions to their common type. */
export function unify(
  analysis: Analysis,
  expressions: readonly Expression[],
  construct: string,
): { readonly type: TypeRef; readonly expressions: readonly Expression[] } {
  const target = selectCommonType(analysis, expressions, construct);
  const coerced = expressions.map((expression) => coerceToCommonType(analysis, expression, target, construct));
  return { type: typeRef(target, commonTypmod(coerced, target)), expressions: coerced };
}
