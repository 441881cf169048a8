/**
 * Drops projections that only pass columns on, and merges what pruning and pushing have brought next to each other.
 *
 * Last: the others create such projections. What DISTINCT compares keeps its own, because there the exact list of columns matters.
 */
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { mapSubqueries } from '../expression-tree.ts';
import { mapExpressions, mapInputs } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const eliminateProjections: Rule = { name: 'eliminate-projections', apply: (plan) => withoutTrivial(eliminate(plan)) };

function eliminate(plan: LogicalPlan): LogicalPlan {
  const mapped = mapExpressions(mapInputs(plan, eliminate), (e) => mapSubqueries(e, eliminate));
  return mapInputs(mapped, (input) => (needsExactColumns(mapped) ? input : withoutTrivial(input)));
}

const needsExactColumns = (plan: LogicalPlan) => plan.kind === 'distinct';

function withoutTrivial(plan: LogicalPlan): LogicalPlan {
  if (plan.kind !== 'project' || plan.input.kind === 'oneRow' || plan.targets.length === 0) return plan;
  const isTrivial = plan.targets.every((target) => target.expression.kind === 'column' && target.expression.id === target.id);
  return isTrivial ? plan.input : plan;
}
