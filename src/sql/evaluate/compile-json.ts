/** The standard's JSON_OBJECT, JSON_ARRAY and IS JSON. */
import { constantVector, datumAt, type Vector, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { jsonArray, jsonObjectOf } from '../functions/json-constructor.ts';
import { isJson } from '../functions/json-predicate.ts';
import { oid } from '../oids.ts';
import { perRow } from './compile-boolean.ts';
import type { Compiled, Scope } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

export function compileJsonConstructor(expression: Node<'jsonConstructor'>, scope: Scope): Compiled {
  const args = expression.args.map((arg) => scope.compile(arg, scope));
  const options = {
    types: expression.args.map((arg) => arg.type.oid),
    isBinary: expression.type.oid === oid.jsonb,
    absentOnNull: expression.absentOnNull,
    uniqueKeys: expression.uniqueKeys,
  };
  const build = expression.what === 'object' ? jsonObjectOf : jsonArray;
  const rowOf = (vectors: readonly Vector[], row: number, context: EvaluationContext): Datum =>
    build(
      vectors.map((vector) => datumAt(vector, row)),
      options,
      context,
    );
  return {
    harmless: false,
    evaluate: (batch, context) => {
      const vectors = args.map((arg) => arg.evaluate(batch, context));
      if (vectors.every((vector) => vector.mask === 0)) return constantVector(rowOf(vectors, 0, context));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) result[row] = rowOf(vectors, row, context);
      return vectorOf(result);
    },
  };
}

export function compileIsJson(expression: Node<'isJson'>, scope: Scope): Compiled {
  const { test, uniqueKeys } = expression;
  const isText = expression.arg.type.oid === oid.text;
  return perRow(scope.compile(expression.arg, scope), (value) => (value === null ? null : isJson(value, test, uniqueKeys, isText)));
}
