/** IS DISTINCT FROM, NULLIF, GREATEST/LEAST and row comparisons. */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Vector } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import { btreeOperator, operatorByOid, procByOid } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext, ScalarFunction } from '../function.ts';
import { implementationOf } from '../functions/registry.ts';
import type { NonNull } from '../type.ts';
import { typeByOid } from '../types/registry.ts';
import type { Compiled, Scope } from './scope.ts';
import { compileLazy, evaluateOn } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/** The function behind an operator between two types. */
export function operatorFunction(
  operatorOid: number,
  left: number,
  right: number,
): { readonly f: ScalarFunction; readonly harmless: boolean } {
  const operator = operatorByOid(operatorOid);
  if (operator === undefined) throw new InvariantError(`no operator with oid ${operatorOid}`);
  const implementation = implementationOf(operator.function);
  if (implementation.kind !== 'scalar') throw new InvariantError(`operator ${operator.name} is not of one row`);
  return {
    f: implementation.forTypes({ args: [left, right], result: operator.result }),
    harmless: procByOid(operator.function)?.leakproof ?? false,
  };
}

/** Two arguments, all rows, one function that sees NULLs. */
function perPair(
  left: Compiled,
  right: Compiled,
  harmless: boolean,
  f: (left: Datum, right: Datum, context: EvaluationContext) => Datum,
): Compiled {
  return {
    harmless: harmless && left.harmless && right.harmless,
    evaluate: (batch, context) => {
      const leftVector = left.evaluate(batch, context);
      const rightVector = right.evaluate(batch, context);
      if (leftVector.mask === 0 && rightVector.mask === 0)
        return constantVector(f(datumAt(leftVector, 0), datumAt(rightVector, 0), context));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) result[row] = f(datumAt(leftVector, row), datumAt(rightVector, row), context);
      return vectorOf(result);
    },
  };
}

export function compileDistinct(expression: Node<'distinct'>, scope: Scope): Compiled {
  const { f, harmless } = operatorFunction(expression.equals, expression.left.type.oid, expression.right.type.oid);
  const { negated } = expression;
  return perPair(scope.compile(expression.left, scope), scope.compile(expression.right, scope), harmless, (left, right, context) => {
    const same = left === null || right === null ? left === right : f(left, right, context) === true;
    return same === negated;
  });
}

export function compileNullif(expression: Node<'nullif'>, scope: Scope): Compiled {
  const { f, harmless } = operatorFunction(expression.equals, expression.left.type.oid, expression.right.type.oid);
  return perPair(scope.compile(expression.left, scope), scope.compile(expression.right, scope), harmless, (left, right, context) =>
    left !== null && right !== null && f(left, right, context) === true ? null : left,
  );
}

export function compileMinmax(expression: Node<'minmax'>, scope: Scope): Compiled {
  const args = expression.args.map((arg) => scope.compile(arg, scope));
  const { compare, displayName } = typeByOid(expression.type.oid);
  if (compare === undefined)
    throw new SqlError(sqlstate.undefinedFunction, `could not identify a comparison function for type ${displayName}`);
  const sign = expression.which === 'greatest' ? 1 : -1;
  const pick = (vectors: readonly Vector[], row: number): Datum => {
    let best: Datum = null;
    for (const vector of vectors) {
      const value = datumAt(vector, row);
      if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value;
    }
    return best;
  };
  return {
    harmless: args.every((arg) => arg.harmless),
    evaluate: (batch, context) => {
      const vectors = args.map((arg) => arg.evaluate(batch, context));
      if (vectors.every((vector) => vector.mask === 0)) return constantVector(pick(vectors, 0));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) result[row] = pick(vectors, row);
      return vectorOf(result);
    },
  };
}

/** Order of a pair of values, of one type or of two of one family. */
function orderOf(left: number, right: number): (a: NonNull, b: NonNull, context: EvaluationContext) => number {
  if (left === right) {
    const { compare } = typeByOid(left);
    if (compare !== undefined) return compare;
  }
  const less = btreeOperator(left, right, 1);
  const equal = btreeOperator(left, right, 3);
  if (less === undefined || equal === undefined) {
    const { compare } = typeByOid(left);
    if (compare === undefined) throw new InvariantError('row comparison of types without an order');
    return compare;
  }
  const isLess = operatorFunction(less, left, right).f;
  const isEqual = operatorFunction(equal, left, right).f;
  return (a, b, context) => (isEqual(a, b, context) === true ? 0 : isLess(a, b, context) === true ? -1 : 1);
}

/** The first pair that is not equal decides; a NULL met before that makes the answer unknown. Later pairs are not evaluated. */
export function compileRowComparison(expression: Node<'rowComparison'>, scope: Scope): Compiled {
  const pairs = expression.left.map((left, index) => {
    const right = expression.right[index];
    return { left: compileLazy(left, scope), right: compileLazy(right, scope), order: orderOf(left.type.oid, right.type.oid) };
  });
  const holds = rowOperators[expression.operator];
  return {
    harmless: pairs.every((pair) => pair.left.harmless && pair.right.harmless),
    evaluate: (batch, context) => {
      const { rowCount } = batch;
      const result: Datum[] = new Array(rowCount).fill(holds(0));
      const open = new Int32Array(rowCount);
      for (let row = 0; row < rowCount; row++) open[row] = row;
      let openCount = rowCount;
      for (const { left, right, order } of pairs) {
        if (openCount === 0) break;
        const leftSide = evaluateOn(left, batch, open, openCount, context);
        const rightSide = evaluateOn(right, batch, open, openCount, context);
        let kept = 0;
        for (let i = 0; i < openCount; i++) {
          const row = open[i];
          const a = datumAt(leftSide.vector, leftSide.dense ? i : row);
          const b = datumAt(rightSide.vector, rightSide.dense ? i : row);
          if (a === null || b === null) {
            result[row] = null;
            continue;
          }
          const sign = order(a, b, context);
          if (sign === 0) open[kept++] = row;
          else result[row] = holds(sign);
        }
        openCount = kept;
      }
      return vectorOf(result);
    },
  };
}

const rowOperators: Readonly<Record<Node<'rowComparison'>['operator'], (sign: number) => boolean>> = {
  '<': (sign) => sign < 0,
  '<=': (sign) => sign <= 0,
  '>': (sign) => sign > 0,
  '>=': (sign) => sign >= 0,
};
