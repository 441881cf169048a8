/**
 * Walking: every part of an expression or plan, to look at or to replace, one level at a time.
 */
import { unreachable } from '#base/assert.ts';
import type { AggregateCall, Expression, SortKey, SubqueryExpression, WindowCall } from '#sql/expression.ts';
import type { FrameBound, LogicalPlan, NamedExpression, OnConflict, WindowSpecification } from './logical-plan.ts';

type ExpressionMap = (expression: Expression) => Expression;
type PlanMap = (plan: LogicalPlan) => LogicalPlan;

/** The bound query inside a subquery expression. */
export function planOf(subquery: SubqueryExpression): LogicalPlan {
  return subquery.plan as LogicalPlan;
}

/** The same expression with its direct parts replaced; the very same object when none changes. Plans of subqueries go through `plan`. */
export function mapParts(expression: Expression, map: ExpressionMap, plan: PlanMap): Expression {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'column':
    case 'outerValue':
    case 'caseOperand':
    case 'sqlValue':
      return expression;
    case 'function': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'and':
    case 'or': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'coalesce': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'minmax': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'convertByText':
    case 'relabel':
    case 'applyTypmod':
    case 'field': {
      const arg = map(expression.arg);
      return arg === expression.arg ? expression : { ...expression, arg };
    }
    case 'arrayConversion': {
      const arg = map(expression.arg);
      const element = map(expression.element);
      return arg === expression.arg && element === expression.element ? expression : { ...expression, arg, element };
    }
    case 'distinct':
    case 'nullif':
    case 'arrayComparison': {
      const left = map(expression.left);
      const right = map(expression.right);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'case': {
      const operand = expression.operand === undefined ? undefined : map(expression.operand);
      const branches = mapList(expression.branches, (branch) => {
        const when = map(branch.when);
        const then = map(branch.then);
        return when === branch.when && then === branch.then ? branch : { when, then };
      });
      const otherwise = expression.otherwise === undefined ? undefined : map(expression.otherwise);
      if (operand === expression.operand && branches === expression.branches && otherwise === expression.otherwise) return expression;
      return { ...expression, operand, branches, otherwise };
    }
    case 'array': {
      const items = mapList(expression.items, map);
      return items === expression.items ? expression : { ...expression, items };
    }
    case 'row': {
      const fields = mapList(expression.fields, map);
      return fields === expression.fields ? expression : { ...expression, fields };
    }
    case 'rowComparison': {
      const left = mapList(expression.left, map);
      const right = mapList(expression.right, map);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'subscript': {
      const arg = map(expression.arg);
      const subscripts = mapList(expression.subscripts, (subscript) => {
        const lower = subscript.lower === undefined ? undefined : map(subscript.lower);
        const upper = subscript.upper === undefined ? undefined : map(subscript.upper);
        return lower === subscript.lower && upper === subscript.upper ? subscript : { lower, upper };
      });
      return arg === expression.arg && subscripts === expression.subscripts ? expression : { ...expression, arg, subscripts };
    }
    case 'subquery': {
      const before = planOf(expression);
      const after = plan(before);
      const comparison = expression.comparison === undefined ? undefined : map(expression.comparison);
      return after === before && comparison === expression.comparison ? expression : { ...expression, plan: after, comparison };
    }
    case 'aggregate':
      return mapAggregateCall(expression, map);
    case 'window':
      return mapWindowCall(expression, map);
    default:
      return unreachable(expression);
  }
}

export function mapAggregateCall(call: AggregateCall, map: ExpressionMap): AggregateCall {
  const args = mapList(call.args, map);
  const directArgs = mapList(call.directArgs, map);
  const orderBy = mapSortKeys(call.orderBy, map);
  const filter = call.filter === undefined ? undefined : map(call.filter);
  if (args === call.args && directArgs === call.directArgs && orderBy === call.orderBy && filter === call.filter) return call;
  return { ...call, args, directArgs, orderBy, filter };
}

export function mapWindowCall(call: WindowCall, map: ExpressionMap): WindowCall {
  const args = mapList(call.args, map);
  const filter = call.filter === undefined ? undefined : map(call.filter);
  return args === call.args && filter === call.filter ? call : { ...call, args, filter };
}

export const mapSortKeys = (keys: readonly SortKey[], map: ExpressionMap): readonly SortKey[] =>
  mapList(keys, (key) => {
    const expression = map(key.expression);
    return expression === key.expression ? key : { ...key, expression };
  });

const mapNamed = <N extends { readonly expression: Expression }>(targets: readonly N[], map: ExpressionMap): readonly N[] =>
  mapList(targets, (target) => {
    const expression = map(target.expression);
    return expression === target.expression ? target : { ...target, expression };
  });

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

/** The list with each item mapped; the very same list when none changes. */
export function mapList<T>(list: readonly T[], map: (item: T) => T): readonly T[] {
  let changed: T[] | undefined;
  for (let at = 0; at < list.length; at++) {
    const item = map(list[at]);
    if (changed === undefined && item !== list[at]) changed = list.slice(0, at);
    changed?.push(item);
  }
  return changed ?? list;
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

/** True when `test` holds for the expression or any part of it; subqueries' plans are not entered. */
export function someExpression(expression: Expression, test: (part: Expression) => boolean): boolean {
  if (test(expression)) return true;
  let found = false;
  forEachPart(
    expression,
    (part) => {
      found ||= someExpression(part, test);
    },
    () => undefined,
  );
  return found;
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
  const optional = (expression: Expression | undefined): Expression | undefined => (expression === undefined ? undefined : map(expression));
  switch (plan.kind) {
    case 'oneRow':
    case 'scan':
    case 'cteScan':
      return plan;
    case 'values':
      return { ...plan, rows: mapList(plan.rows, (row) => mapList(row, map)) };
    case 'project':
    case 'projectSet':
      return { ...plan, input: below(plan.input), targets: mapNamed(plan.targets, map) };
    case 'filter':
      return { ...plan, input: below(plan.input), condition: map(plan.condition) };
    case 'join':
      return { ...plan, left: below(plan.left), right: below(plan.right), condition: optional(plan.condition) };
    case 'aggregate':
      return {
        ...plan,
        input: below(plan.input),
        groupBy: mapNamed(plan.groupBy, map),
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
        count: optional(plan.count),
        offset: optional(plan.offset),
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
        values: mapNamed(plan.values, map),
        checks: plan.checks.map(({ name, condition }) => ({ name, condition: map(condition) })),
        generated: mapNamed(plan.generated, map),
        onConflict: plan.onConflict === undefined ? undefined : mapOnConflict(plan.onConflict, map),
        returning: mapReturning(plan.returning, map),
      };
    case 'update':
      return {
        ...plan,
        input: below(plan.input),
        assignments: mapNamed(plan.assignments, map),
        checks: plan.checks.map(({ name, condition }) => ({ name, condition: map(condition) })),
        generated: mapNamed(plan.generated, map),
        returning: mapReturning(plan.returning, map),
      };
    case 'delete':
      return { ...plan, input: below(plan.input), returning: mapReturning(plan.returning, map) };
    default:
      return unreachable(plan);
  }
}

const mapReturning = (returning: readonly NamedExpression[] | undefined, map: ExpressionMap): readonly NamedExpression[] | undefined =>
  returning === undefined ? undefined : mapNamed(returning, map);

function mapOnConflict(onConflict: OnConflict, map: ExpressionMap): OnConflict {
  const { action } = onConflict;
  if (action.kind === 'nothing') return onConflict;
  const where = action.where === undefined ? undefined : map(action.where);
  return { ...onConflict, action: { ...action, assignments: mapNamed(action.assignments, map), where } };
}
