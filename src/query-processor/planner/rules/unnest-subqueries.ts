/**
 * Makes semi and anti joins of EXISTS, IN and the like in conditions, and plain joins of lateral items that are correlated by
 * conditions only.
 *
 * After projections are merged, so that conditions lie open; before outer joins are reduced and conditions pushed, for which a join is
 * easier than a subquery. NOT IN keeps its three-valued meaning: it becomes an anti join on `(x = y) IS NOT FALSE`. Scalar
 * subqueries, those in other places than conditions, and those with volatile functions stay for the physical planner (apply).
 */
import { operatorByOid } from '#sql/builtins.ts';
import type { Expression, SubqueryExpression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import {
  boolean,
  columnsOf,
  conjunction,
  conjunctsOf,
  containsSubquery,
  isVolatile,
  mapSubqueries,
  overlaps,
  planIsVolatile,
  subqueryPlan,
} from '../expression-tree.ts';
import { freeColumns, mapExpressions, mapInputs, outputIds } from '../plan-tree.ts';
import { liftFromJoin } from './merge-projections.ts';
import { pullCorrelation } from './pull-correlation.ts';
import type { Rule } from './rule.ts';

export const unnestSubqueries: Rule = { name: 'unnest-subqueries', apply: (plan) => unnest(plan) };

type Join = Extract<LogicalPlan, { kind: 'join' }>;

function unnest(plan: LogicalPlan): LogicalPlan {
  const mapped = mapExpressions(mapInputs(plan, unnest), (e) => mapSubqueries(e, unnest));
  if (mapped.kind === 'filter') return unnestFilter(mapped);
  return mapped.kind === 'join' ? unnestJoin(mapped) : mapped;
}

function unnestFilter(filter: Extract<LogicalPlan, { kind: 'filter' }>): LogicalPlan {
  let plan = filter.input;
  const kept: Expression[] = [];
  const subqueries: Expression[] = [];
  for (const condition of conjunctsOf(filter.condition)) (asSubquery(condition) === undefined ? kept : subqueries).push(condition);
  const left: Expression[] = [];
  for (const condition of subqueries) {
    const joined = toJoin(plan, condition);
    if (joined === undefined) left.push(condition);
    else plan = joined;
  }
  if (left.length === subqueries.length) return filter;
  const condition = conjunction([...kept, ...left]);
  return condition === undefined ? plan : { kind: 'filter', input: plan, condition };
}

function unnestJoin(join: Join): LogicalPlan {
  const conditions = conjunctsOf(join.condition);
  const withSubqueries = conditions.filter(containsSubquery);
  const rest = conjunction(conditions.filter((c) => !withSubqueries.includes(c)));
  if (withSubqueries.length > 0 && join.join === 'inner')
    return unnestFilter({ kind: 'filter', input: unnestJoin({ ...join, condition: rest }), condition: conjunctionOf(withSubqueries) });
  if (withSubqueries.length > 0 && (join.join === 'left' || join.join === 'semi' || join.join === 'anti')) {
    const left = outputIds(join.left);
    const ofRight = withSubqueries.filter((c) => !overlaps(columnsOf(c), left) && !isVolatile(c));
    if (ofRight.length > 0) {
      const right = unnestFilter({ kind: 'filter', input: join.right, condition: conjunctionOf(ofRight) });
      return unnestJoin({ ...join, right, condition: conjunction(conditions.filter((c) => !ofRight.includes(c))) });
    }
  }
  return join.lateral ? openLateral(join) : join;
}

const conjunctionOf = (conditions: readonly Expression[]): Expression =>
  conditions.length === 1 ? conditions[0] : { kind: 'and', args: conditions, type: boolean };

/** A lateral item whose only tie to the left are conditions becomes a plain join. */
function openLateral(join: Join): LogicalPlan {
  const left = outputIds(join.left);
  const pulled = pullCorrelation(join.right, left, join.join === 'semi' || join.join === 'anti');
  const lateral = overlaps(freeColumns(pulled.plan), left);
  // Half-opened it would gain nothing, and conditions are cheaper applied inside.
  if (lateral) return join;
  const condition = conjunction([...conjunctsOf(join.condition), ...pulled.conditions]);
  return liftFromJoin({ ...join, right: pulled.plan, condition, lateral: false });
}

type Test = { readonly subquery: SubqueryExpression; readonly negated: boolean };

function asSubquery(condition: Expression): Test | undefined {
  if (condition.kind === 'not') {
    const inner = asSubquery(condition.arg);
    return inner === undefined ? undefined : { ...inner, negated: !inner.negated };
  }
  if (condition.kind !== 'subquery' || condition.form === 'scalar' || condition.form === 'array') return undefined;
  return { subquery: condition, negated: condition.negated };
}

function toJoin(left: LogicalPlan, condition: Expression): LogicalPlan | undefined {
  const test = asSubquery(condition);
  if (test === undefined) return undefined;
  const { subquery, negated } = test;
  const plan = subqueryPlan(subquery);
  if (planIsVolatile(plan) || isVolatile(condition)) return undefined;
  const match = matchCondition(subquery, negated);
  if (match === undefined || (match.condition !== undefined && containsSubquery(match.condition))) return undefined;
  const outer = outputIds(left);
  // Names of a query further out are bound when that query is planned; they are no business of this join.
  const reduced = subquery.form === 'exists' ? withoutTargets(plan) : plan;
  const pulled = pullCorrelation(reduced, outer, true);
  const lateral = overlaps(freeColumns(pulled.plan), outer);
  const conditions = [...conjunctsOf(match.condition), ...pulled.conditions];
  // One row is enough to know that there is any.
  const right = conditions.length === 0 && !lateral ? firstRow(pulled.plan) : pulled.plan;
  return liftFromJoin({ kind: 'join', join: match.join, left, right, condition: conjunction(conditions), lateral });
}

function matchCondition(
  subquery: SubqueryExpression,
  negated: boolean,
): { readonly join: 'semi' | 'anti'; readonly condition: Expression | undefined } | undefined {
  if (subquery.form === 'exists') return { join: negated ? 'anti' : 'semi', condition: undefined };
  const { comparison } = subquery;
  if (comparison === undefined) return undefined;
  if (subquery.form === 'any')
    return negated ? { join: 'anti', condition: isNot(comparison, 'false') } : { join: 'semi', condition: comparison };
  if (negated) {
    // NOT (x op ALL ...): some row for which the comparison is false.
    return { join: 'semi', condition: { kind: 'booleanTest', arg: comparison, test: 'false', negated: false, type: boolean } };
  }
  // x <> ALL (...) is NOT IN: said with the equality, which a hash join can use.
  const equality = oppositeOf(comparison);
  return { join: 'anti', condition: equality === undefined ? isNot(comparison, 'true') : isNot(equality, 'false') };
}

const isNot = (arg: Expression, test: 'true' | 'false'): Expression => ({ kind: 'booleanTest', arg, test, negated: true, type: boolean });

function oppositeOf(comparison: Expression): Expression | undefined {
  if (comparison.kind !== 'function' || comparison.form.kind !== 'operator') return undefined;
  const operator = operatorByOid(comparison.form.operator);
  const negator = operator?.name === '<>' ? operatorByOid(operator.negator) : undefined;
  if (negator === undefined) return undefined;
  return { ...comparison, function: negator.function, form: { kind: 'operator', operator: negator.oid } };
}

const firstRow = (input: LogicalPlan): LogicalPlan => ({
  kind: 'limit',
  input,
  count: { kind: 'constant', value: 1, type: { oid: oid.int8, typmod: -1 } },
  offset: undefined,
  withTies: undefined,
});

/** Of EXISTS only the rows count: targets, order and a limit that lets the first row through go. */
function withoutTargets(plan: LogicalPlan): LogicalPlan {
  switch (plan.kind) {
    case 'project':
    case 'sort':
    case 'distinct':
      return withoutTargets(plan.input);
    case 'limit': {
      const { count, offset } = plan;
      const letsOneThrough = count === undefined || (count.kind === 'constant' && (count.value === null || Number(count.value) >= 1));
      return letsOneThrough && offset === undefined ? withoutTargets(plan.input) : plan;
    }
    default:
      return plan;
  }
}
