/**
 * Puts a common table that is read once in the place where it is read, and drops one that nobody reads.
 *
 * First in the list: what is inlined takes part in all that follows. As in PostgreSQL, MATERIALIZED, recursion, changes of data and
 * volatile functions keep a common table apart.
 */

import { someExpression } from '#sql/expression-walk.ts';
import type { CommonTable, LogicalPlan } from '../../analyzer/logical-plan.ts';
import { mapSubqueries, planIsVolatile, subqueryPlan } from '../expression-tree.ts';
import { expressionsOf, inputsOf, mapExpressions, mapInputs, outputOf } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const inlineCommonTables: Rule = { name: 'inline-common-tables', apply: (plan) => inline(plan) };

function inline(plan: LogicalPlan): LogicalPlan {
  const mapped = mapExpressions(mapInputs(plan, inline), (e) => mapSubqueries(e, inline));
  if (mapped.kind !== 'with') return mapped;
  const { cte, input } = mapped;
  if (cte.modifies || cte.recursive !== undefined) return mapped;
  const references = countReferences(input, cte.id);
  if (references === 0) return input;
  if (references > 1 || cte.materialized === true || planIsVolatile(cte.plan)) return mapped;
  return replaceReference(input, cte);
}

function countReferences(plan: LogicalPlan, cte: number): number {
  let count = plan.kind === 'cteScan' && plan.cte === cte ? 1 : 0;
  for (const input of inputsOf(plan)) count += countReferences(input, cte);
  for (const e of expressionsOf(plan)) {
    someExpression(e, (inner) => {
      if (inner.kind === 'subquery') count += countReferences(subqueryPlan(inner), cte);
      return false;
    });
  }
  return count;
}

function replaceReference(plan: LogicalPlan, cte: CommonTable): LogicalPlan {
  if (plan.kind === 'cteScan' && plan.cte === cte.id) {
    const types = new Map(outputOf(cte.plan).map((column) => [column.id, column.type]));
    return {
      kind: 'project',
      input: cte.plan,
      targets: plan.columns.map((column, i) => ({
        id: column.id,
        name: column.name,
        expression: { kind: 'column', id: cte.planColumns[i], type: types.get(cte.planColumns[i]) ?? column.type, name: column.name },
      })),
    };
  }
  const replace = (inner: LogicalPlan) => replaceReference(inner, cte);
  return mapExpressions(mapInputs(plan, replace), (e) => mapSubqueries(e, replace));
}
