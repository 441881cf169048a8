/** CASE and COALESCE: each row takes its value from one argument, and the others are not evaluated for it (V2). */
import type { Batch } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import type { Compiled, LazyArgument, Scope } from './scope.ts';
import { addOperand, compileLazy, evaluateOn, withOperand } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;
type Branch = { readonly when: LazyArgument; readonly result: LazyArgument };

export function compileCase(expression: Node<'case'>, scope: Scope): Compiled {
  const operand = expression.operand === undefined ? undefined : scope.compile(expression.operand, scope);
  const inner = operand === undefined ? scope : withOperand(scope);
  const branches = expression.branches.map(
    ({ when, then }): Branch => ({ when: compileLazy(when, inner), result: compileLazy(then, inner) }),
  );
  const otherwise = expression.otherwise === undefined ? undefined : compileLazy(expression.otherwise, scope);
  const harmless =
    (operand?.harmless ?? true) &&
    (otherwise?.harmless ?? true) &&
    branches.every((branch) => branch.when.harmless && branch.result.harmless);
  return {
    harmless,
    evaluate: (batch, context) => {
      const withValue = operand === undefined ? batch : addOperand(batch, scope, operand.evaluate(batch, context));
      return vectorOf(choose(branches, otherwise, batch, withValue, context));
    },
  };
}

function choose(
  branches: readonly Branch[],
  otherwise: LazyArgument | undefined,
  batch: Batch,
  withOperandValue: Batch,
  context: EvaluationContext,
): Datum[] {
  const { rowCount } = batch;
  const result: Datum[] = new Array(rowCount).fill(null);
  const open = identityRows(rowCount);
  const taken = new Int32Array(rowCount);
  let openCount = rowCount;
  for (const { when, result: taking } of branches) {
    if (openCount === 0) return result;
    const condition = evaluateOn(when, withOperandValue, open, openCount, context);
    let kept = 0;
    let takenCount = 0;
    for (let i = 0; i < openCount; i++) {
      const row = open[i];
      if (datumAt(condition.vector, condition.dense ? i : row) === true) taken[takenCount++] = row;
      else open[kept++] = row;
    }
    openCount = kept;
    scatter(taking, withOperandValue, taken, takenCount, result, context);
  }
  if (otherwise !== undefined) scatter(otherwise, batch, open, openCount, result, context);
  return result;
}

export function compileCoalesce(expression: Node<'coalesce'>, scope: Scope): Compiled {
  const args = expression.args.map((arg) => compileLazy(arg, scope));
  return {
    harmless: args.every((arg) => arg.harmless),
    evaluate: (batch, context) => {
      const { rowCount } = batch;
      const first = args[0].evaluate(batch, context);
      if (first.mask === -1 && first.nulls === undefined && !Array.isArray(first.values)) return first;
      if (first.mask === 0) {
        const value = datumAt(first, 0);
        if (value !== null) return constantVector(value);
      }
      const result: Datum[] = new Array(rowCount);
      const open = new Int32Array(rowCount);
      let openCount = 0;
      for (let row = 0; row < rowCount; row++) {
        const value = datumAt(first, row);
        result[row] = value;
        if (value === null) open[openCount++] = row;
      }
      for (let index = 1; index < args.length && openCount > 0; index++) {
        scatter(args[index], batch, open, openCount, result, context);
        let kept = 0;
        for (let i = 0; i < openCount; i++) if (result[open[i]] === null) open[kept++] = open[i];
        openCount = kept;
      }
      return vectorOf(result);
    },
  };
}

/** Writes an argument's values on some rows into the result. */
function scatter(argument: LazyArgument, batch: Batch, rows: Int32Array, count: number, result: Datum[], context: EvaluationContext): void {
  if (count === 0) return;
  const { vector, dense } = evaluateOn(argument, batch, rows, count, context);
  for (let i = 0; i < count; i++) result[rows[i]] = datumAt(vector, dense ? i : rows[i]);
}

function identityRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}
