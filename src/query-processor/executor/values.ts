/** Values: rows of expressions without columns, and the one row without columns that a SELECT without FROM has. */
import { type Batch, BatchBuilder, datumAt } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Run } from './operator.ts';
import { prepared } from './prepared.ts';

type Values = Extract<PhysicalPlan, { kind: 'values' }>;

export const oneRowBatch: Batch = { rowCount: 1, columns: [] };

export function* oneRow(): Generator<Batch, void, undefined> {
  yield oneRowBatch;
}

const prepare = prepared((plan: Values) => plan.rows.map((row) => row.map((expression) => compileExpression(expression, []))));

export function* values(plan: Values, run: Run): Generator<Batch | Wait, void, undefined> {
  const rows = prepare(plan);
  if (rows.length === 1) {
    // Hot: the row of most INSERTs. What an evaluator gives for one row is a column already.
    yield { rowCount: 1, columns: rows[0].map((evaluate) => evaluate(oneRowBatch, run.context)) };
    return;
  }
  const builder = new BatchBuilder(plan.output.length);
  for (const row of rows) {
    builder.addRow(row.map((evaluate) => datumAt(evaluate(oneRowBatch, run.context), 0)));
    if (builder.isFull) yield builder.take();
  }
  if (builder.rowCount > 0) yield builder.take();
}
