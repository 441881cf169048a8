/**
 * The planner: a bound query becomes a physical plan.
 *
 *   logical rules (`rules/`)      what the query asks for, said in a form that is cheaper to run; no choice of algorithms
 *   physical choice (`physical/`) how: access paths, join methods, sorts, by estimated cost
 *
 *   P1  The plan's output is exactly the query's, in its order.
 *   P2  A plan depends on nothing but the query and the environment, and may be run any number of times.
 */
import type { ColumnId } from '#sql/expression.ts';
import type { BoundQuery, LogicalPlan } from '../analyzer/logical-plan.ts';
import type { PlannerEnvironment } from './environment.ts';
import { Estimator } from './estimate-rows.ts';
import { exactly } from './physical/aggregates.ts';
import { planOperator } from './physical/operators.ts';
import { noWish, type Planned, type Planning } from './physical/planning.ts';
import type { PhysicalPlan } from './physical-plan.ts';
import type { Rule } from './rules/rule.ts';
import { applyRules, type Observer, rules } from './rules/rules.ts';

export function planQuery(query: BoundQuery, environment: PlannerEnvironment, observe?: Observer): PhysicalPlan {
  return planWith(rules, query, environment, observe);
}

/** With other rules than the usual ones: tests compare with a plan made without any. */
export function planWith(chosen: readonly Rule[], query: BoundQuery, environment: PlannerEnvironment, observe?: Observer): PhysicalPlan {
  let next = query.nextColumnId;
  const newColumnId = (): ColumnId => next++;
  const required = new Set(query.output.map((column) => column.id));
  const logical = applyRules(chosen, query.plan, { environment, newColumnId, required }, observe);

  const estimator = new Estimator(environment);
  estimator.learn(logical);
  const plans = new Map<LogicalPlan, Planned>();
  const planning: Planning = {
    environment,
    estimator,
    newColumnId,
    commonTableNames: new Map(),
    plan: (plan, wish) => {
      // Join candidates share their sides.
      const isPlain = wish.order === undefined && wish.rowLimit === undefined;
      const known = isPlain ? plans.get(plan) : undefined;
      if (known !== undefined) return known;
      const planned = planOperator(plan, wish, planning);
      if (isPlain) plans.set(plan, planned);
      return planned;
    },
  };
  return exactly(planning.plan(logical, noWish), query.output).plan;
}
