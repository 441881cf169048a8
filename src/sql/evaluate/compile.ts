/**
 * Compile: a bound expression becomes closures over batches, one a node; each evaluates its arguments to whole vectors and loops.
 *
 *   V1  A constant (over the batch) stays a constant vector: `values[row & mask]` reads both kinds.
 *   V2  AND, OR, CASE, COALESCE evaluate an argument on exactly the rows that need it, unless it is harmless (cannot raise, cheap).
 *   V3  Strict functions are not called with NULL.
 *
 * Evaluators keep no state of a statement, so they may be kept with a cached plan; what a statement brings is in EvaluationContext.
 */
import { assert, InvariantError, unreachable } from '#base/assert.ts';
import { type Batch, constantVector, datumAt, type Vector } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { ColumnId, Expression } from '../expression.ts';
import type { EvaluationContext, VectorEvaluator } from '../function.ts';
import { compileArray, compileArrayConversion, compileSubscript } from './compile-array.ts';
import { compileArrayComparison } from './compile-array-comparison.ts';
import { compileAssignSubscript } from './compile-assignment.ts';
import { compileBooleanTest, compileConjunction, compileIsNull, compileNot } from './compile-boolean.ts';
import { compileCase, compileCoalesce } from './compile-case.ts';
import { compileDistinct, compileMinmax, compileNullif, compileRowComparison } from './compile-comparison.ts';
import { compileApplyTypmod, compileConvertByText, compileRelabel } from './compile-conversion.ts';
import { compileDomainCheck } from './compile-domain.ts';
import { compileCall } from './compile-function.ts';
import { compileIsJson, compileJsonConstructor } from './compile-json.ts';
import { compileField, compileRow } from './compile-row.ts';
import { compileSqlValue } from './compile-sql-value.ts';
import type { Compiled, Scope } from './scope.ts';
import { compileSelector } from './select.ts';

/** `input` names the columns of the batches in order. */
export function compileExpression(expression: Expression, input: readonly ColumnId[]): VectorEvaluator {
  return compileNode(expression, scopeOf(input)).evaluate;
}

/**
 * The rows where a condition is true (not false, not unknown), ascending. The array is reused by the next call of the same predicate:
 * whoever keeps it copies it.
 */
export function compilePredicate(
  expression: Expression,
  input: readonly ColumnId[],
): (batch: Batch, context: EvaluationContext) => { readonly rows: Int32Array; readonly count: number } {
  const select = compileSelector(expression, scopeOf(input));
  let rows = new Int32Array(0);
  return (batch, context) => {
    if (rows.length < batch.rowCount) rows = new Int32Array(batch.rowCount);
    return { rows, count: select(batch, undefined, batch.rowCount, rows, context) };
  };
}

/** Value of an expression without columns. */
export function evaluateOnce(expression: Expression, context: EvaluationContext): Datum {
  return datumAt(compileNode(expression, noColumns).evaluate(oneRow, context), 0);
}

const oneRow: Batch = { rowCount: 1, columns: [] };

function scopeOf(input: readonly ColumnId[]): Scope {
  const positions = new Map<ColumnId, number>();
  for (let position = 0; position < input.length; position++) positions.set(input[position], position);
  return { positions, width: input.length, operandPosition: undefined, compile: compileNode };
}
const noColumns = scopeOf([]);

function compileNode(expression: Expression, scope: Scope): Compiled {
  switch (expression.kind) {
    case 'constant': {
      const vector = constantVector(expression.value);
      return { evaluate: () => vector, harmless: true };
    }
    case 'parameter': {
      const index = expression.index - 1;
      return { evaluate: (_, context) => constantVector(context.parameters[index] ?? null), harmless: true };
    }
    case 'column': {
      const position = scope.positions.get(expression.id);
      if (position === undefined) throw new InvariantError(`column ${expression.name} (${expression.id}) is not in the input`);
      return columnAt(position);
    }
    case 'outerValue': {
      const { id } = expression;
      return { evaluate: (_, context) => outerValue(id, context), harmless: true };
    }
    case 'caseOperand':
      if (scope.operandPosition === undefined) throw new InvariantError('caseOperand outside a CASE');
      return columnAt(scope.operandPosition);
    case 'function':
      return compileCall(expression, scope);
    case 'and':
    case 'or':
      return compileConjunction(expression, scope);
    case 'not':
      return compileNot(expression, scope);
    case 'isNull':
      return compileIsNull(expression, scope);
    case 'booleanTest':
      return compileBooleanTest(expression, scope);
    case 'distinct':
      return compileDistinct(expression, scope);
    case 'nullif':
      return compileNullif(expression, scope);
    case 'coalesce':
      return compileCoalesce(expression, scope);
    case 'minmax':
      return compileMinmax(expression, scope);
    case 'case':
      return compileCase(expression, scope);
    case 'arrayComparison':
      return compileArrayComparison(expression, scope);
    case 'array':
      return compileArray(expression, scope);
    case 'row':
      return compileRow(expression, scope);
    case 'rowComparison':
      return compileRowComparison(expression, scope);
    case 'jsonConstructor':
      return compileJsonConstructor(expression, scope);
    case 'isJson':
      return compileIsJson(expression, scope);
    case 'field':
      return compileField(expression, scope);
    case 'subscript':
      return compileSubscript(expression, scope);
    case 'assignSubscript':
      return compileAssignSubscript(expression, scope);
    case 'convertByText':
      return compileConvertByText(expression, scope);
    case 'relabel':
      return compileRelabel(expression, scope);
    case 'domainCheck':
      return compileDomainCheck(expression, scope, compileExpression);
    case 'arrayConversion':
      return compileArrayConversion(expression, scope);
    case 'applyTypmod':
      return compileApplyTypmod(expression, scope);
    case 'sqlValue':
      return compileSqlValue(expression);
    case 'subquery':
    case 'aggregate':
    case 'window':
      throw new InvariantError(`${expression.kind} in an expression to evaluate: the planner lifts it into an operator`);
    default:
      return unreachable(expression);
  }
}

const columnAt = (position: number): Compiled => ({ evaluate: (batch) => batch.columns[position], harmless: true });

function outerValue(id: ColumnId, context: EvaluationContext): Vector {
  const value = context.outerValues.get(id);
  assert(value !== undefined, 'an outer value is set before the inner plan runs');
  return constantVector(value);
}
