/** ROW(...) and the fields of records. */
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import { RecordValue } from '../types/record-value.ts';
import { perRow } from './compile-boolean.ts';
import type { Compiled, Scope } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

export function compileRow(expression: Node<'row'>, scope: Scope): Compiled {
  const fields = expression.fields.map((field) => scope.compile(field, scope));
  const typeOids = expression.fields.map((field) => field.type.oid);
  const { names } = expression;
  return {
    harmless: fields.every((field) => field.harmless),
    evaluate: (batch, context) => {
      const vectors = fields.map((field) => field.evaluate(batch, context));
      if (vectors.every((vector) => vector.mask === 0))
        return constantVector(
          new RecordValue(
            typeOids,
            names,
            vectors.map((vector) => datumAt(vector, 0)),
          ),
        );
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) {
        const values: Datum[] = new Array(vectors.length);
        for (let i = 0; i < vectors.length; i++) values[i] = datumAt(vectors[i], row);
        result[row] = new RecordValue(typeOids, names, values);
      }
      return vectorOf(result);
    },
  };
}

export function compileField(expression: Node<'field'>, scope: Scope): Compiled {
  const { index } = expression;
  // A row stored before a column was added is shorter than its type: what is missing is NULL.
  return perRow(scope.compile(expression.arg, scope), (value) => (value instanceof RecordValue ? (value.values[index] ?? null) : null));
}
