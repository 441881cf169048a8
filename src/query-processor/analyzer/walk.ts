/**
 * Walking plans, and expressions with the plans of their subqueries: every part, to look at or to replace, one level at a time.
 */
import { unreachable } from '#base/assert.ts';
import type { Expression, SubqueryExpression } from '#sql/expression.ts';
import {
  type ExpressionMap,
  mapAggregateCall,
  mapChildren,
  mapHolders,
  mapList,
  mapOptional,
  mapSortKeys,
  mapWindowCall,
} from '#sql/expression-walk.ts';
import type { FrameBound, LogicalPlan, NamedExpression, OnConflict, WindowSpecification } from './logical-plan.ts';

type PlanMap = (plan: LogicalPlan) => LogicalPlan;

/** The bound query inside a subquery expression. */
export function planOf(subquery: SubqueryExpression): LogicalPlan {
  return subquery.plan as LogicalPlan;
}

/** The same expression with its direct parts replaced; the very same object when none changes. Plans of subqueries go through `plan`. */
export function mapParts(expression: Expression, map: ExpressionMap, plan: PlanMap): Expression {
  if (expression.kind !== 'subquery') return mapChildren(expression, map);
  const before = planOf(expression);
  const after = plan(before);
  return mapChildren(after === before ? expression : { ...expression, plan: after }, map);
}

export function mapWindowSpecification(specification: WindowSpecification, map: ExpressionMap): WindowSpecification {
  const bound = (frameBound: FrameBound): FrameBound =>
    'offset' in frameBound ? { ...frameBound, offset: map(frameBound.offset) } : frameBound;
  return {
    ...specification,
    partitionBy: mapList(specification.partitionBy, map),
    orderBy: mapSortKeys(specification.orderBy, map),
    frame: { ...specification.frame, start: bound(specification.frame.start), end: bound(specification.frame.end) },
  };
}

/** Looks at each direct part; plans of subqueries are shown to `plan`. */
export function forEachPart(expression: Expression, look: (part: Expression) => void, plan: (plan: LogicalPlan) => void): void {
  mapParts(
    expression,
    (part) => {
      look(part);
      return part;
    },
    (inner) => {
      plan(inner);
      return inner;
    },
  );
}

/** Every expression in a plan and the plans below it, subqueries included, looked at whole. */
export function forEachExpressionIn(plan: LogicalPlan, look: (expression: Expression) => void): void {
  mapPlan(
    plan,
    (expression) => {
      look(expression);
      return expression;
    },
    (inner) => {
      forEachExpressionIn(inner, look);
      return inner;
    },
  );
}

/** Every column id that an expression names, inside its subqueries too. */
export function columnsIn(expression: Expression, found: (column: Extract<Expression, { kind: 'column' }>) => void): void {
  if (expression.kind === 'column') found(expression);
  else
    forEachPart(
      expression,
      (part) => columnsIn(part, found),
      (plan) => forEachExpressionIn(plan, (inner) => columnsIn(inner, found)),
    );
}

/** A plan with every expression of its own replaced through `map` and every plan directly below through `below`. */
export function mapPlan(plan: LogicalPlan, map: ExpressionMap, below: PlanMap): LogicalPlan {
  switch (plan.kind) {
    case 'oneRow':
    case 'scan':
    case 'cteScan':
      return plan;
    case 'values':
      return { ...plan, rows: mapList(plan.rows, (row) => mapList(row, map)) };
    case 'project':
    case 'projectSet':
      return { ...plan, input: below(plan.input), targets: mapHolders(plan.targets, map) };
    case 'filter':
      return { ...plan, input: below(plan.input), condition: map(plan.condition) };
    case 'join':
      return { ...plan, left: below(plan.left), right: below(plan.right), condition: mapOptional(plan.condition, map) };
    case 'aggregate':
      return {
        ...plan,
        input: below(plan.input),
        groupBy: mapHolders(plan.groupBy, map),
        aggregates: plan.aggregates.map(({ id, call }) => ({ id, call: mapAggregateCall(call, map) })),
      };
    case 'window':
      return {
        ...plan,
        input: below(plan.input),
        specifications: plan.specifications.map((specification) => mapWindowSpecification(specification, map)),
        calls: plan.calls.map(({ id, call }) => ({ id, call: mapWindowCall(call, map) })),
      };
    case 'sort':
      return { ...plan, input: below(plan.input), keys: mapSortKeys(plan.keys, map) };
    case 'limit':
      return {
        ...plan,
        input: below(plan.input),
        count: mapOptional(plan.count, map),
        offset: mapOptional(plan.offset, map),
        withTies: plan.withTies === undefined ? undefined : mapSortKeys(plan.withTies, map),
      };
    case 'distinct':
      return { ...plan, input: below(plan.input), on: plan.on === undefined ? undefined : mapList(plan.on, map) };
    case 'setOperation':
      return { ...plan, left: below(plan.left), right: below(plan.right) };
    case 'with': {
      const { cte } = plan;
      const recursive = cte.recursive === undefined ? undefined : { ...cte.recursive, plan: below(cte.recursive.plan) };
      return { ...plan, cte: { ...cte, plan: below(cte.plan), recursive }, input: below(plan.input) };
    }
    case 'functionScan':
      return { ...plan, functions: plan.functions.map(({ call, columns }) => ({ call: map(call), columns })) };
    case 'lockRows':
      return { ...plan, input: below(plan.input) };
    case 'insert':
      return {
        ...plan,
        input: below(plan.input),
        values: mapHolders(plan.values, map),
        checks: plan.checks.map(({ name, condition }) => ({ name, condition: map(condition) })),
        generated: mapHolders(plan.generated, map),
        onConflict: plan.onConflict === undefined ? undefined : mapOnConflict(plan.onConflict, map),
        returning: mapReturning(plan.returning, map),
      };
    case 'update':
      return {
        ...plan,
        input: below(plan.input),
        assignments: mapHolders(plan.assignments, map),
        checks: plan.checks.map(({ name, condition }) => ({ name, condition: map(condition) })),
        generated: mapHolders(plan.generated, map),
        returning: mapReturning(plan.returning, map),
      };
    case 'delete':
      return { ...plan, input: below(plan.input), returning: mapReturning(plan.returning, map) };
    default:
      return unreachable(plan);
  }
}

const mapReturning = (returning: readonly NamedExpression[] | undefined, map: ExpressionMap): readonly NamedExpression[] | undefined =>
  returning === undefined ? undefined : mapHolders(returning, map);

function mapOnConflict(onConflict: OnConflict, map: ExpressionMap): OnConflict {
  const { action } = onConflict;
  if (action.kind === 'nothing') return onConflict;
  const where = mapOptional(action.where, map);
  return { ...onConflict, action: { ...action, assignments: mapHolders(action.assignments, map), where } };
}
