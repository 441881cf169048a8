/**
 * Operator resolution: which operator a name means between two types, and the call of its function with both sides coerced.
 */
import { InvariantError } from '#base/assert.ts';
import { sqlstate } from '#base/sql-error.ts';
import { operatorsByName, procByOid } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { PgOperator } from '#sql/postgres/pg-operator.ts';
import { typeRef } from '#sql/type.ts';
import { applicable, selectCandidate } from './candidates.ts';
import { boolType, coerceType } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { resolvePolymorphic } from './polymorphism.ts';
import { arrayElementOf, arrayTypeOf, typeDisplayName } from './type-facts.ts';

/** The operator of a name; throws 42883 or 42725. `left` undefined: a prefix operator. */
export function resolveOperator(
  analysis: Analysis,
  name: string,
  left: number | undefined,
  right: number,
  location: number | undefined,
): PgOperator {
  const operator = findOperator(name, left, right);
  if (operator === 'ambiguous')
    throw analysis.error(sqlstate.ambiguousFunction, `operator is not unique: ${signature(name, left, right)}`, location, {
      hint: 'Could not choose a best candidate operator. You might need to add explicit type casts.',
    });
  if (operator !== undefined) return operator;
  throw analysis.error(sqlstate.undefinedFunction, `operator does not exist: ${signature(name, left, right)}`, location, {
    hint:
      left === undefined
        ? 'No operator matches the given name and argument type. You might need to add an explicit type cast.'
        : 'No operator matches the given name and argument types. You might need to add explicit type casts.',
  });
}

const signature = (name: string, left: number | undefined, right: number): string =>
  left === undefined ? `${name} ${typeDisplayName(right)}` : `${typeDisplayName(left)} ${name} ${typeDisplayName(right)}`;

/** Hot: a statement of many rows asks for the same few operators again and again. The answer depends on nothing but the key. */
const found = new Map<string, PgOperator | 'ambiguous' | undefined>();
const foundMax = 5000;

export function findOperator(name: string, left: number | undefined, right: number): PgOperator | 'ambiguous' | undefined {
  const key = `${name} ${left} ${right}`;
  const known = found.get(key);
  if (known !== undefined || found.has(key)) return known;
  const operator = searchOperator(name, left, right);
  if (found.size >= foundMax) found.clear();
  found.set(key, operator);
  return operator;
}

function searchOperator(name: string, left: number | undefined, right: number): PgOperator | 'ambiguous' | undefined {
  const all = operatorsByName(name).filter((operator) => (operator.kind === 'l') === (left === undefined));
  if (left === undefined) {
    const exact = all.find((operator) => operator.right === right);
    if (exact !== undefined) return exact;
    return choose(all, [right], (operator) => [operator.right]);
  }
  // An unknown literal is first taken for the other side's type.
  const exactLeft = left === oid.unknown ? right : left;
  const exactRight = right === oid.unknown ? left : right;
  const exact = all.find((operator) => operator.left === exactLeft && operator.right === exactRight);
  if (exact !== undefined) return exact;
  return choose(all, [left, right], (operator) => [operator.left, operator.right]);
}

function choose(
  operators: readonly PgOperator[],
  inputs: readonly number[],
  argTypesOf: (operator: PgOperator) => readonly number[],
): PgOperator | 'ambiguous' | undefined {
  const candidates = operators.map((operator) => ({ operator, argTypes: argTypesOf(operator) }));
  const fitting = applicable(candidates, inputs);
  if (fitting.length === 0) return undefined;
  const chosen = fitting.length === 1 ? fitting[0] : selectCandidate(fitting, inputs);
  return chosen === undefined ? 'ambiguous' : chosen.operator;
}

/** `left name right`, bound. */
export function makeOperatorCall(
  analysis: Analysis,
  name: string,
  left: Expression | undefined,
  right: Expression,
  location: number | undefined,
): Expression {
  const operator = resolveOperator(analysis, name, left?.type.oid, right.type.oid, location);
  return operatorCall(analysis, operator, left, right, location);
}

/** A call of a chosen operator with its sides coerced. */
export function operatorCall(
  analysis: Analysis,
  operator: PgOperator,
  left: Expression | undefined,
  right: Expression,
  location: number | undefined,
): Expression {
  const proc = procByOid(operator.function);
  if (proc === undefined) throw analysis.error(sqlstate.undefinedFunction, `operator is only a shell: ${operator.name}`, location);
  const declared = left === undefined ? [operator.right] : [operator.left, operator.right];
  const inputs = left === undefined ? [right] : [left, right];
  const resolved = resolvePolymorphic(
    analysis,
    declared,
    inputs.map((input) => input.type.oid),
    proc.returnType,
  );
  const args = inputs.map((input, at) => coerceType(analysis, input, resolved.argTypes[at], 'implicit'));
  const call: Expression = {
    kind: 'function',
    function: operator.function,
    args,
    // An operator over a variadic function (jsonb #> text[]) takes the array itself.
    variadic: proc.variadic !== 0,
    returnsSet: proc.returnsSet,
    form: { kind: 'operator', operator: operator.oid },
    type: typeRef(resolved.result),
  };
  return analysis.locate(call, analysis.leftmost(location, args));
}

/** scalar op ANY/ALL (array). */
export function makeArrayComparison(
  analysis: Analysis,
  name: string,
  quantifier: 'any' | 'all',
  left: Expression,
  right: Expression,
  location: number | undefined,
): Expression {
  const arrayType = right.type.oid;
  let elementType: number;
  if (arrayType === oid.unknown) elementType = oid.unknown;
  else {
    elementType = arrayElementOf(arrayType);
    if (elementType === 0) throw analysis.error(sqlstate.wrongObjectType, 'op ANY/ALL (array) requires array on right side', location);
  }
  const operator = resolveOperator(analysis, name, left.type.oid, elementType, location);
  const proc = procByOid(operator.function);
  if (proc === undefined) throw new InvariantError('every operator but shells has a function');
  const resolved = resolvePolymorphic(analysis, [operator.left, operator.right], [left.type.oid, elementType], proc.returnType);
  if (resolved.result !== oid.bool)
    throw analysis.error(sqlstate.wrongObjectType, 'op ANY/ALL (array) requires operator to yield boolean', location);
  if (proc.returnsSet) throw analysis.error(sqlstate.wrongObjectType, 'op ANY/ALL (array) requires operator not to return a set', location);
  const declaredArray = arrayTypeOfElement(analysis, resolved.argTypes[1], location);
  const comparison: Expression = {
    kind: 'arrayComparison',
    quantifier,
    operator: operator.oid,
    function: operator.function,
    left: coerceType(analysis, left, resolved.argTypes[0], 'implicit'),
    right: coerceType(analysis, right, declaredArray, 'implicit'),
    type: boolType,
  };
  return analysis.locate(comparison, analysis.leftmost(location, [comparison.left]));
}

function arrayTypeOfElement(analysis: Analysis, element: number, location: number | undefined): number {
  if (element === oid.record) return oid.recordArray;
  const type = arrayTypeOf(element);
  if (type === 0)
    throw analysis.error(sqlstate.undefinedObject, `could not find array type for data type ${typeDisplayName(element)}`, location);
  return type;
}
