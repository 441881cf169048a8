/** The check that makes a value one of a domain: 23502 or 23514 for the first row that breaks it. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, type Vector } from '../batch.ts';
import type { ColumnId, Expression } from '../expression.ts';
import type { VectorEvaluator } from '../function.ts';
import type { Compiled, Scope } from './scope.ts';

type DomainCheck = Extract<Expression, { kind: 'domainCheck' }>;

/** `compileAlone`: a condition over a batch whose one column is the value. */
export function compileDomainCheck(
  expression: DomainCheck,
  scope: Scope,
  compileAlone: (condition: Expression, input: readonly ColumnId[]) => VectorEvaluator,
): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const { name, notNull } = expression;
  const checks = expression.checks.map((check) => ({ name: check.name, evaluate: compileAlone(check.condition, [expression.value]) }));
  if (!notNull && checks.length === 0) return arg;
  return {
    harmless: false,
    evaluate: (batch, context) => {
      const vector = arg.evaluate(batch, context);
      // A constant is looked at once.
      const rowCount = vector.mask === 0 ? Math.min(batch.rowCount, 1) : batch.rowCount;
      if (notNull && firstRow(vector, rowCount, null) >= 0)
        throw new SqlError(sqlstate.notNullViolation, `domain ${name} does not allow null values`, { datatype: name });
      for (const check of checks) {
        const answers = check.evaluate({ rowCount, columns: [vector] }, context);
        if (firstRow(answers, rowCount, false) >= 0)
          throw new SqlError(sqlstate.checkViolation, `value for domain ${name} violates check constraint "${check.name}"`, {
            datatype: name,
            constraint: check.name,
          });
      }
      return vector;
    },
  };
}

function firstRow(vector: Vector, rowCount: number, wanted: null | false): number {
  for (let row = 0; row < rowCount; row++) if (datumAt(vector, row) === wanted) return row;
  return -1;
}
