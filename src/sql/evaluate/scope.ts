/**
 * Scope: what the compiler of one expression knows around it, and what it makes of a node.
 *
 * A simple CASE's operand, and the items of an array conversion, are seen by the expressions inside as one more column of the batch,
 * behind the operator's own; so they follow every gathering of rows by themselves.
 */
import type { Batch, Vector } from '../batch.ts';
import { gather } from '../batch.ts';
import type { ColumnId, Expression } from '../expression.ts';
import type { EvaluationContext, VectorEvaluator } from '../function.ts';

export type Compiled = {
  readonly evaluate: VectorEvaluator;
  /** Cannot raise, has no effect, costs little: may be evaluated for rows that do not need it. */
  readonly harmless: boolean;
};

export type Scope = {
  /** Where in the batch each column lies. */
  readonly positions: ReadonlyMap<ColumnId, number>;
  /** Columns in a batch of this scope. */
  readonly width: number;
  /** Position of the nearest enclosing CASE's operand. */
  readonly operandPosition: number | undefined;
  readonly compile: (expression: Expression, scope: Scope) => Compiled;
};

/** The scope in which `caseOperand` is a further column behind those of `scope`. */
export const withOperand = (scope: Scope): Scope => ({ ...scope, width: scope.width + 1, operandPosition: scope.width });

/** The batch of a scope made by withOperand. */
export function addOperand(batch: Batch, scope: Scope, operand: Vector): Batch {
  const columns = batch.columns.slice(0, scope.width);
  while (columns.length < scope.width) columns.push(unusedVector);
  columns.push(operand);
  return { rowCount: batch.rowCount, columns };
}

/** An argument that is evaluated only where it is needed. */
export type LazyArgument = Compiled & {
  /** The columns it reads, so that no others are gathered. */
  readonly columns: readonly number[];
};

export function compileLazy(expression: Expression, scope: Scope): LazyArgument {
  const { evaluate, harmless } = scope.compile(expression, scope);
  return { evaluate, harmless, columns: columnsRead(expression, scope) };
}

/** Stands for a column that nobody reads. */
const unusedVector: Vector = { values: [null], nulls: undefined, mask: 0 };

/**
 * The argument's values on some rows. `dense`: entry i of the vector is for rows[i]; else entry rows[i] is.
 * The batch is gathered only if rows are left out and evaluating these could do harm.
 */
export function evaluateOn(
  argument: LazyArgument,
  batch: Batch,
  rows: Int32Array,
  count: number,
  context: EvaluationContext,
): { readonly vector: Vector; readonly dense: boolean } {
  if (argument.harmless || count === batch.rowCount) return { vector: argument.evaluate(batch, context), dense: false };
  return { vector: argument.evaluate(gatherColumns(batch, argument.columns, rows, count), context), dense: true };
}

/** The named rows of the named columns; the others stay in place as a single NULL. */
export function gatherColumns(batch: Batch, columns: readonly number[], rows: Int32Array, count: number): Batch {
  const gathered: Vector[] = new Array(batch.columns.length).fill(unusedVector);
  for (const position of columns) gathered[position] = gather(batch.columns[position], rows, count);
  return { rowCount: count, columns: gathered };
}

/** Positions (within the scope's batch) that an expression reads. */
export function columnsRead(expression: Expression, scope: Scope): readonly number[] {
  const found = new Set<number>();
  if (scope.operandPosition !== undefined) found.add(scope.operandPosition);
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return;
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if ('kind' in node && node.kind === 'constant') return;
    if ('kind' in node && node.kind === 'column' && 'id' in node && typeof node.id === 'number') {
      const position = scope.positions.get(node.id);
      if (position !== undefined) found.add(position);
      return;
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(expression);
  return [...found];
}
