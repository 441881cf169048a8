/**
 * The rules in the order in which they run, each once. Why this order: every rule's header says what it needs before it and prepares for
 * those behind it.
 */
import { assert } from '#base/assert.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { outputOf } from '../plan-tree.ts';
import { eliminateProjections } from './eliminate-projections.ts';
import { inlineCommonTables } from './inline-common-tables.ts';
import { mergeProjections } from './merge-projections.ts';
import { orderJoins } from './order-joins.ts';
import { pruneColumns } from './prune-columns.ts';
import { pushFilters } from './push-filters.ts';
import { pushLimits } from './push-limits.ts';
import { reduceOuterJoins } from './reduce-outer-joins.ts';
import type { Rule, RuleContext } from './rule.ts';
import { simplifyExpressions } from './simplify-expressions.ts';
import { unnestSubqueries } from './unnest-subqueries.ts';

export const rules: readonly Rule[] = [
  inlineCommonTables,
  simplifyExpressions,
  mergeProjections,
  unnestSubqueries,
  reduceOuterJoins,
  pushFilters,
  orderJoins,
  pruneColumns,
  pushLimits,
  eliminateProjections,
];

/** Sees the plan after each rule that changed it. */
export type Observer = (rule: Rule, before: LogicalPlan, after: LogicalPlan) => void;

export function applyRules(chosen: readonly Rule[], plan: LogicalPlan, context: RuleContext, observe?: Observer): LogicalPlan {
  let current = plan;
  for (const rule of chosen) {
    const before = current;
    current = rule.apply(before, context);
    if (current === before) continue;
    assertSameColumns(before, current, context);
    observe?.(rule, before, current);
  }
  return current;
}

/** R2. */
function assertSameColumns(before: LogicalPlan, after: LogicalPlan, context: RuleContext): void {
  if (context.required.size === 0) return;
  const types = new Map(outputOf(after).map((column) => [column.id, column.type.oid]));
  for (const column of outputOf(before))
    if (context.required.has(column.id)) assert(types.get(column.id) === column.type.oid, 'R2: a rule keeps the columns asked of the plan');
}
