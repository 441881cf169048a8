/**
 * Set-returning functions in targets. Those of one nesting depth advance in step in one projectSet; deeper ones feed those around
 * them from a projectSet below, and what is computed from their values is projected above.
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { returnsSet } from './coercion.ts';
import type { Analysis } from './environment.ts';
import type { LogicalPlan, NamedExpression } from './logical-plan.ts';
import { outputIdsOf } from './plan-output.ts';
import { columnsIn, mapParts } from './walk.ts';

export function expandSets(analysis: Analysis, input: LogicalPlan, targets: readonly NamedExpression[]): LogicalPlan {
  if (targets.every(({ expression }) => isPlain(expression) || isOuterSet(expression))) return { kind: 'projectSet', input, targets };
  const calls: { readonly id: ColumnId; readonly name: string; readonly depth: number; readonly expression: Expression }[] = [];
  const lift = (expression: Expression): { readonly expression: Expression; readonly depth: number } => {
    let depth = 0;
    const inner = mapParts(
      expression,
      (part) => {
        const lifted = lift(part);
        depth = Math.max(depth, lifted.depth);
        return lifted.expression;
      },
      (plan) => plan,
    );
    if (inner.kind !== 'function' || !inner.returnsSet) return { expression: inner, depth };
    const id = analysis.newColumnId();
    calls.push({ id, name: 'set', depth: depth + 1, expression: inner });
    return { expression: { kind: 'column', id, type: inner.type, name: 'set' }, depth: depth + 1 };
  };
  const lifted = targets.map((target) => ({ ...target, expression: lift(target.expression).expression }));
  const deepest = Math.max(...calls.map(({ depth }) => depth));
  let plan = input;
  for (let depth = 1; depth <= deepest; depth++) {
    const here = calls.filter((call) => call.depth === depth);
    const above = [...calls.filter((call) => call.depth > depth), ...lifted].map(({ expression }) => expression);
    const passed = passOn(plan, above);
    plan = { kind: 'projectSet', input: plan, targets: [...passed, ...here.map(({ id, name, expression }) => ({ id, name, expression }))] };
  }
  return { kind: 'project', input: plan, targets: lifted };
}

const isPlain = (expression: Expression): boolean => !returnsSet(expression);
const isOuterSet = (expression: Expression): boolean =>
  expression.kind === 'function' && expression.returnsSet && !expression.args.some(returnsSet);

/** The plan's columns that expressions above still need. */
function passOn(plan: LogicalPlan, above: readonly Expression[]): readonly NamedExpression[] {
  const available = outputIdsOf(plan);
  const needed = new Map<ColumnId, NamedExpression>();
  for (const expression of above)
    columnsIn(expression, (column) => {
      if (available.has(column.id)) needed.set(column.id, { id: column.id, name: column.name, expression: column });
    });
  return [...needed.values()];
}
