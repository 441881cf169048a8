/**
 * Rule: a named rewrite of logical plans. `rules.ts` holds them in one list, in the order in which they run, each once.
 *
 *   R1  A rule is pure: the same plan in, the same plan out.
 *   R2  Every column that is asked of the plan is still there afterwards, with its type. The driver asserts it after each rule.
 *   R3  No expression is evaluated more often, or less often, than written, when it is volatile.
 */
import type { ColumnId } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import type { PlannerEnvironment } from '../environment.ts';

export type Rule = {
  /** The file's name. */
  readonly name: string;
  readonly apply: (plan: LogicalPlan, context: RuleContext) => LogicalPlan;
};

export type RuleContext = {
  readonly environment: PlannerEnvironment;
  readonly newColumnId: () => ColumnId;
  /** What the parent reads of the whole plan. */
  readonly required: ReadonlySet<ColumnId>;
};
