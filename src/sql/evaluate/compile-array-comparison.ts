/**
 * scalar op ANY/ALL (array). For `= ANY` and `<> ALL` on plain types the array's items are looked up in a Set, made once for an array that
 * stays the same: a list of ten thousand items costs one look-up a row.
 */
import type { Vector } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import { btreeStrategy, operatorByOid } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import { pgTypes } from '../postgres/pg-type.ts';
import type { NonNull } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { findType } from '../types/registry.ts';
import { operatorFunction } from './compile-comparison.ts';
import type { Compiled, Scope } from './scope.ts';

type Node = Extract<Expression, { kind: 'arrayComparison' }>;
type HashKey = string | number | bigint | boolean;
type ItemSet = { readonly array: ArrayValue; readonly keys: ReadonlySet<HashKey>; readonly hasNull: boolean };

/** Below this a loop over the items costs less than making a Set. */
const leastItemsForSet = 9;

export function compileArrayComparison(expression: Node, scope: Scope): Compiled {
  const left = scope.compile(expression.left, scope);
  const right = scope.compile(expression.right, scope);
  const leftType = expression.left.type.oid;
  const itemType = pgTypes.find((type) => type.oid === expression.right.type.oid)?.elementOid ?? 0;
  const { f, harmless } = operatorFunction(expression.operator, leftType, itemType);
  const isAny = expression.quantifier === 'any';
  const hash = hashOf(expression);

  const loop = (value: Datum, array: Datum, context: EvaluationContext): Datum => {
    if (!(array instanceof ArrayValue)) return null;
    const { items } = array;
    if (items.length === 0) return !isAny;
    if (value === null) return null;
    let unknown = false;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const answer = item === null ? null : f(value, item, context);
      if (answer === isAny) return isAny;
      if (answer === null) unknown = true;
    }
    return unknown ? null : !isAny;
  };

  let lastSet: ItemSet | undefined;
  const setOf = (array: ArrayValue, hashKey: (value: NonNull) => HashKey): ItemSet => {
    if (lastSet?.array === array) return lastSet;
    const keys = new Set<HashKey>();
    let hasNull = false;
    for (const item of array.items) {
      if (item === null) hasNull = true;
      else keys.add(hashKey(item));
    }
    lastSet = { array, keys, hasNull };
    return lastSet;
  };

  return {
    harmless: harmless && left.harmless && right.harmless,
    evaluate: (batch, context) => {
      const leftVector = left.evaluate(batch, context);
      const rightVector = right.evaluate(batch, context);
      const isConstant = leftVector.mask === 0 && rightVector.mask === 0;
      const array = rightVector.mask === 0 ? datumAt(rightVector, 0) : null;
      if (hash !== undefined && array instanceof ArrayValue && array.items.length >= leastItemsForSet && !isConstant)
        return lookUp(leftVector, setOf(array, hash), hash, isAny, batch.rowCount);
      if (isConstant) return constantVector(loop(datumAt(leftVector, 0), array, context));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) result[row] = loop(datumAt(leftVector, row), datumAt(rightVector, row), context);
      return vectorOf(result);
    },
  };
}

/** How to hash both sides; undefined unless the operator is the type's own equality (or its negation under ALL). */
function hashOf(expression: Node): ((value: NonNull) => HashKey) | undefined {
  const operator = operatorByOid(expression.operator);
  if (operator === undefined) return undefined;
  const equals = expression.quantifier === 'any' ? operator.oid : operator.negator;
  if (btreeStrategy(equals)?.strategy !== 3) return undefined;
  if (operator.left === operator.right) return findType(operator.left)?.hashKey;
  return isInteger(operator.left) && isInteger(operator.right) ? findType(oid.int8)?.hashKey : undefined;
}

const isInteger = (type: number): boolean => type === oid.int2 || type === oid.int4 || type === oid.int8;

// Hot: long IN lists.
function lookUp(vector: Vector, set: ItemSet, hashKey: (value: NonNull) => HashKey, isAny: boolean, rowCount: number): Vector {
  const { keys, hasNull } = set;
  const absent = hasNull ? null : !isAny;
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const value = datumAt(vector, row);
    result[row] = value === null ? null : keys.has(hashKey(value)) ? isAny : absent;
  }
  return vectorOf(result);
}
