/**
 * Makes a LEFT, RIGHT or FULL join stricter where a condition above leaves out its NULL-extended rows anyway.
 *
 * Before conditions are pushed: an inner join lets them through where an outer one does not.
 */
import type { Expression } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { conjunctsOf, mapSubqueries } from '../expression-tree.ts';
import { rejectsNulls } from '../null-rejection.ts';
import { mapExpressions, mapInputs, outputIds } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const reduceOuterJoins: Rule = { name: 'reduce-outer-joins', apply: (plan) => reduce(plan, []) };

const reduceAll = (plan: LogicalPlan): LogicalPlan => reduce(plan, []);

/** `above`: conditions that every row of the plan must meet to matter. */
function reduce(plan: LogicalPlan, above: readonly Expression[]): LogicalPlan {
  return mapExpressions(reduceOperator(plan, above), (e) => mapSubqueries(e, reduceAll));
}

function reduceOperator(plan: LogicalPlan, above: readonly Expression[]): LogicalPlan {
  switch (plan.kind) {
    case 'filter': {
      const input = reduce(plan.input, [...above, ...conjunctsOf(plan.condition)]);
      return input === plan.input ? plan : { ...plan, input };
    }
    case 'join': {
      const rejects = (side: LogicalPlan) => above.some((condition) => rejectsNulls(condition, outputIds(side)));
      let { join } = plan;
      if ((join === 'left' || join === 'full') && rejects(plan.right)) join = join === 'left' ? 'inner' : 'right';
      if ((join === 'right' || join === 'full') && rejects(plan.left)) join = join === 'right' ? 'inner' : 'left';
      const own = conjunctsOf(plan.condition);
      // What holds above holds for a side unless that side may be NULL-extended; the own condition where it decides about the side's rows.
      const forLeft = join === 'right' || join === 'full' ? [] : [...above, ...(join === 'inner' || join === 'semi' ? own : [])];
      const forRight =
        join === 'left' || join === 'full'
          ? join === 'left'
            ? own
            : []
          : join === 'right'
            ? above
            : own.concat(join === 'inner' ? above : []);
      const left = reduce(plan.left, join === 'right' ? own : forLeft);
      const right = reduce(plan.right, forRight);
      return join === plan.join && left === plan.left && right === plan.right ? plan : { ...plan, join, left, right };
    }
    case 'sort':
    case 'lockRows': {
      const input = reduce(plan.input, above);
      return input === plan.input ? plan : { ...plan, input };
    }
    case 'project': {
      // Conditions above name the targets; those that are plain columns keep their ids, which is the frequent case after merging.
      const input = reduce(plan.input, above);
      return input === plan.input ? plan : { ...plan, input };
    }
    default:
      return mapInputs(plan, reduceAll);
  }
}
