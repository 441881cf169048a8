/**
 * Lifts out of expressions what an expression cannot compute by itself: subqueries become `apply` operators beneath, functions that
 * must wait become `await` operators; in the expression stands a column with the answer.
 *
 *   F1  A subquery or waiting function that stands in a CASE branch or behind a COALESCE argument, and could fail or have an effect, runs
 *       only for the rows that would evaluate it there: its condition goes with it.
 */
import { procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression, FunctionCall, SubqueryExpression } from '#sql/expression.ts';
import { mapChildren, someExpression } from '#sql/expression-walk.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from '../../analyzer/logical-plan.ts';
import {
  boolean,
  columnsOf,
  conjunction,
  overlaps,
  planIsVolatile,
  planRunsRoutine,
  rewrite,
  rewritePlanExpressions,
  subqueryPlan,
} from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { columnRef, computedColumn, freeColumns } from '../plan-tree.ts';
import { cpuTuple, estimate, expressionCost, streaming, widthOfAll } from './cost.ts';
import { idsOf, noWish, type Planned, type Planning, unordered } from './planning.ts';

const waitingFunctions: ReadonlySet<string> = new Set([
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
  'nextval',
  'wait_for_job',
  'pg_advisory_lock',
  'pg_advisory_lock_shared',
  'pg_advisory_xact_lock',
  'pg_advisory_xact_lock_shared',
]);

const isWaiting = (e: Expression): e is FunctionCall => e.kind === 'function' && waitingFunctions.has(procByOid(e.function)?.name ?? '');

export const needsLifting = (e: Expression): boolean => someExpression(e, (inner) => inner.kind === 'subquery' || isWaiting(inner));

/** Columns of outer queries as the values that the enclosing operator sets. */
export const asOuterValues = (e: Expression, ids: ReadonlySet<ColumnId>): Expression =>
  rewrite(e, (inner) => (inner.kind === 'column' && ids.has(inner.id) ? { ...inner, kind: 'outerValue' } : inner));

/** The plan with those columns of outer queries bound, and which they are. */
export function bindOuter(
  plan: LogicalPlan,
  available: ReadonlySet<ColumnId>,
): { readonly plan: LogicalPlan; readonly bindings: readonly ColumnId[] } {
  const bindings = [...freeColumns(plan)].filter((id) => available.has(id));
  if (bindings.length === 0) return { plan, bindings };
  const ids = new Set(bindings);
  // Subqueries are rewritten as part of their expressions, so each is met once.
  return {
    plan: rewritePlanExpressions(plan, (e) => asOuterValues(e, ids)),
    bindings,
  };
}

/** Lifts what needs it out of the expressions, onto `input`. */
export function lift(
  input: Planned,
  expressions: readonly Expression[],
  planning: Planning,
): { readonly input: Planned; readonly expressions: readonly Expression[] } {
  if (!expressions.some(needsLifting)) return { input, expressions };
  const lifter = new Lifter(input, planning);
  const lifted = expressions.map((e) => lifter.lift(e, []));
  return { input: lifter.input, expressions: lifted };
}

/**
 * For expressions that see no rows (LIMIT, arguments of functions in FROM, VALUES): computes what needs it once beforehand, and hands it
 * in as outer values.
 */
export function hoist(
  expressions: readonly Expression[],
  planning: Planning,
  build: (expressions: readonly Expression[]) => Planned,
): Planned {
  if (!expressions.some(needsLifting)) return build(expressions);
  const lifted = lift(oneRow(), expressions, planning);
  const output = lifted.input.plan.output;
  const ids = idsOf(output);
  const inner = build(lifted.expressions.map((e) => asOuterValues(e, ids)));
  return overOneRow(lifted.input.plan, inner, [...ids]);
}

/** The inner plan, run once, with the values of a single outer row. */
export function overOneRow(outer: PhysicalPlan, inner: Planned, bindings: readonly ColumnId[]): Planned {
  const output = [...outer.output, ...inner.plan.output];
  const { startupCost, totalCost, rows } = inner.plan.estimate;
  const before = outer.estimate.totalCost;
  return {
    ordering: inner.ordering,
    plan: {
      kind: 'nestedLoop',
      join: 'inner',
      outer,
      inner: inner.plan,
      condition: undefined,
      bindings,
      output,
      estimate: estimate(before + startupCost, before + totalCost, rows, widthOfAll(output)),
    },
  };
}

export const oneRow = (): Planned => ({ plan: { kind: 'oneRow', output: [], estimate: estimate(0, cpuTuple, 1, 0) }, ordering: unordered });

class Lifter {
  input: Planned;
  readonly #planning: Planning;

  constructor(input: Planned, planning: Planning) {
    this.input = input;
    this.#planning = planning;
  }

  /** `guards`: what holds for the rows on which the expression is evaluated at all. */
  lift(e: Expression, guards: readonly Expression[]): Expression {
    if (!needsLifting(e)) return e;
    switch (e.kind) {
      case 'subquery':
        return this.#subquery(e, guards);
      case 'case':
        return this.#case(e, guards);
      case 'coalesce': {
        const known: Expression[] = [...guards];
        const args = e.args.map((arg) => {
          const lifted = this.lift(arg, known);
          known.push({ kind: 'isNull', arg: lifted, negated: false, type: boolean });
          return lifted;
        });
        return { ...e, args };
      }
      default: {
        const lifted = mapChildren(e, (child) => this.lift(child, guards));
        return isWaiting(lifted) ? this.#await(lifted, guards) : lifted;
      }
    }
  }

  #case(e: Extract<Expression, { kind: 'case' }>, guards: readonly Expression[]): Expression {
    const operand = e.operand === undefined ? undefined : this.lift(e.operand, guards);
    const withOperand = (when: Expression): Expression =>
      operand === undefined ? when : rewrite(when, (inner) => (inner.kind === 'caseOperand' ? operand : inner));
    const known: Expression[] = [...guards];
    const branches = e.branches.map((branch) => {
      const when = this.lift(branch.when, known);
      const then = this.lift(branch.then, [...known, withOperand(when)]);
      known.push({ kind: 'booleanTest', arg: withOperand(when), test: 'true', negated: true, type: boolean });
      return { when, then };
    });
    const otherwise = e.otherwise === undefined ? undefined : this.lift(e.otherwise, known);
    return { ...e, operand, branches, otherwise };
  }

  #subquery(e: SubqueryExpression, guards: readonly Expression[]): Expression {
    const comparison = e.comparison === undefined ? undefined : this.lift(e.comparison, guards);
    const available = idsOf(this.input.plan.output);
    const logical = subqueryPlan(e);
    const bound = bindOuter(logical, available);
    let subplan = this.#planning.plan(bound.plan, noWish).plan;
    const bindings = new Set(bound.bindings);
    const guard = conjunction(guards);
    if (guard !== undefined && mayFail(e, logical)) {
      for (const id of columnsOf(guard)) if (available.has(id)) bindings.add(id);
      subplan = this.#guarded(subplan, asOuterValues(guard, available));
    }
    const result: OutputColumn = {
      id: this.#planning.newColumnId(),
      name: 'subquery',
      type: e.type,
      tableOid: 0,
      attributeNumber: 0,
    };
    const { plan, ordering } = this.input;
    const output = [...plan.output, result];
    const call = e.call === undefined ? undefined : { ...e.call, isVolatile: e.call.isVolatile && planIsVolatile(logical) };
    const runs = bindings.size === 0 && call?.isVolatile !== true ? 1 : plan.estimate.rows;
    const { startupCost, totalCost, rows } = plan.estimate;
    const once = e.form === 'exists' ? firstRowCost(subplan) : subplan.estimate.totalCost;
    this.input = {
      ordering,
      plan: {
        kind: 'apply',
        input: plan,
        subplan,
        form: e.form,
        comparison,
        bindings: [...bindings],
        subOutput: e.output,
        call,
        result,
        output,
        estimate: estimate(
          startupCost + (runs === 1 ? once : 0),
          totalCost + runs * once + plan.estimate.rows * expressionCost(comparison),
          rows,
          widthOfAll(output),
        ),
      },
    };
    const answer = columnRef(result);
    return e.negated ? { kind: 'not', arg: answer, type: boolean } : answer;
  }

  /** A plan that is run only when the guard holds. */
  #guarded(subplan: PhysicalPlan, guard: Expression): PhysicalPlan {
    const one = oneRow().plan;
    const filter: PhysicalPlan = {
      kind: 'filter',
      input: one,
      condition: guard,
      output: [],
      estimate: streaming(one, 1, expressionCost(guard), []),
    };
    return {
      kind: 'nestedLoop',
      join: 'inner',
      outer: filter,
      inner: subplan,
      condition: undefined,
      bindings: [],
      output: subplan.output,
      estimate: subplan.estimate,
    };
  }

  #await(call: FunctionCall, guards: readonly Expression[]): Expression {
    const guard = conjunction(guards);
    // All waiting functions are strict: a NULL argument means that nothing is waited for.
    const [first, ...rest] = call.args;
    const guarded: FunctionCall = guard === undefined || first === undefined ? call : { ...call, args: [onlyWhen(guard, first), ...rest] };
    const target: NamedExpression = {
      id: this.#planning.newColumnId(),
      name: procByOid(call.function)?.name ?? 'function',
      expression: guarded,
    };
    const { plan, ordering } = this.input;
    const column = computedColumn(target);
    const joins = plan.kind === 'await' && !overlaps(columnsOf(guarded), new Set(plan.targets.map((t) => t.id)));
    const input = joins ? plan.input : plan;
    const targets = joins ? [...plan.targets, target] : [target];
    const output = [...plan.output, column];
    this.input = {
      ordering,
      plan: { kind: 'await', input, targets, output, estimate: streaming(input, input.estimate.rows, cpuTuple * targets.length, output) },
    };
    return columnRef(column);
  }
}

function onlyWhen(when: Expression, value: Expression): Expression {
  // biome-ignore lint/suspicious/noThenProperty: CASE has a THEN, and nobody awaits a branch
  return { kind: 'case', operand: undefined, branches: [{ when, then: value }], otherwise: undefined, type: value.type };
}

/** Whether running the subquery where it is not asked for could be noticed. */
function mayFail(e: SubqueryExpression, plan: LogicalPlan): boolean {
  return planIsVolatile(plan) || planRunsRoutine(plan) || (e.form === 'scalar' && !isSingleRow(plan));
}

function isSingleRow(plan: LogicalPlan): boolean {
  switch (plan.kind) {
    case 'oneRow':
      return true;
    case 'aggregate':
      return plan.groupBy.length === 0 && plan.groupingSets === undefined;
    case 'limit':
      return plan.withTies === undefined && plan.count?.kind === 'constant' && plan.count.value !== null && Number(plan.count.value) <= 1;
    case 'project':
    case 'filter':
    case 'sort':
    case 'distinct':
      return isSingleRow(plan.input);
    default:
      return false;
  }
}

function firstRowCost(plan: PhysicalPlan): number {
  const { startupCost, totalCost, rows } = plan.estimate;
  return startupCost + (totalCost - startupCost) / Math.max(1, rows);
}
