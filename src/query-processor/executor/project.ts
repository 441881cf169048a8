/** Project: computes the targets, batch by batch. A plain column reference hands the vector on. */
import type { Batch, Vector } from '#sql/batch.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { ColumnId } from '#sql/expression.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import type { Wait } from '#storage/storage.ts';
import type { NamedExpression, OutputColumn } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';

type Project = Extract<PhysicalPlan, { kind: 'project' }>;

/** Evaluators for the columns of `output`, in its order. */
export function compileTargets(
  output: readonly OutputColumn[],
  targets: readonly NamedExpression[],
  input: readonly ColumnId[],
): readonly VectorEvaluator[] {
  const at = positionsOf(
    idsOf(output),
    targets.map((target) => target.id),
  );
  return at.map((position) => compileExpression(targets[position].expression, input));
}

export function evaluateAll(evaluators: readonly VectorEvaluator[], batch: Batch, run: Run): Vector[] {
  const columns: Vector[] = new Array(evaluators.length);
  for (let i = 0; i < evaluators.length; i++) columns[i] = evaluators[i](batch, run.context);
  return columns;
}

const prepare = prepared((plan: Project) => compileTargets(plan.output, plan.targets, idsOf(plan.input.output)));

export function* project(plan: Project, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const evaluators = prepare(plan);
  for (const item of input) {
    if (item instanceof Promise) yield item;
    else yield { rowCount: item.rowCount, columns: evaluateAll(evaluators, item, run) };
  }
}
