/**
 * Moves every conjunct as far down as its meaning allows: through projections, joins, grouping and set operations to the scans.
 *
 * After outer joins are reduced (inner joins let more through) and before joins are ordered (which looks at filtered sizes).
 * Never past LIMIT, past windows unless on partition keys, past what returns sets, nor when volatile (R3).
 */
import { btreeStrategy } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan, NamedExpression } from '../../analyzer/logical-plan.ts';
import {
  columnsOf,
  conjunction,
  conjunctsOf,
  containsSubquery,
  isNeverTrue,
  isVolatile,
  mapSubqueries,
  overlaps,
  returnsSet,
  sameExpression,
  substitute,
  within,
} from '../expression-tree.ts';
import { freeColumns, mapExpressions, mapInputs, outputIds, outputOf } from '../plan-tree.ts';
import type { Rule } from './rule.ts';
import { emptyRelation } from './simplify-expressions.ts';

export const pushFilters: Rule = { name: 'push-filters', apply: (plan) => push(plan, []) };

function push(plan: LogicalPlan, conditions: readonly Expression[]): LogicalPlan {
  switch (plan.kind) {
    case 'filter': {
      const own = conjunctsOf(plan.condition);
      const fixed = own.filter(isVolatile);
      if (fixed.length === 0) return push(plan.input, merge(own, conditions));
      // What is volatile is evaluated on the rows that it was written for: nothing of ours goes below it.
      const movable = own.filter((c) => !isVolatile(c));
      return keep(push(plan.input, movable), [...fixed, ...conditions]);
    }
    case 'project':
      return pushThroughTargets(plan, conditions, () => true);
    case 'projectSet':
      return pushThroughTargets(plan, conditions, (target) => !returnsSet(target.expression));
    case 'join':
      return pushIntoJoin(plan, conditions);
    case 'sort':
    case 'lockRows': {
      const input = push(plan.input, plan.kind === 'sort' ? conditions : []);
      const pushed = own(input === plan.input ? plan : { ...plan, input });
      return plan.kind === 'sort' ? pushed : keep(pushed, conditions);
    }
    case 'distinct': {
      const keys = plan.on?.map((e) => (e.kind === 'column' ? e.id : undefined));
      const onKeys = new Set(keys?.filter((id): id is ColumnId => id !== undefined));
      const [down, stay] = split(conditions, (c) => plan.on === undefined || within(columnsOf(c), onKeys));
      const input = push(plan.input, down);
      return keep(input === plan.input ? plan : { ...plan, input }, stay);
    }
    case 'aggregate': {
      // With an empty grouping set a row appears even without input.
      const isGrouped = plan.groupBy.length > 0 && plan.groupingSets === undefined;
      const groups = new Map(plan.groupBy.filter((g) => isPushable(g.expression)).map((g) => [g.id, g.expression]));
      const keys = new Set(groups.keys());
      const [down, stay] = split(
        conditions,
        (c) => isGrouped && !containsSubquery(c) && overlaps(columnsOf(c), keys) && within(columnsOf(c), keys),
      );
      const input = push(
        plan.input,
        down.map((c) => substitute(c, (id) => groups.get(id))),
      );
      return keep(own({ ...plan, input }), stay);
    }
    case 'window': {
      const partitions = plan.specifications.map((specification) => specification.partitionBy);
      const isPartitionKey = (id: ColumnId) => partitions.every((keys) => keys.some((key) => key.kind === 'column' && key.id === id));
      const [down, stay] = split(conditions, (c) => columnsOf(c).size > 0 && [...columnsOf(c)].every(isPartitionKey));
      const input = push(plan.input, down);
      return keep(own({ ...plan, input }), stay);
    }
    case 'setOperation': {
      // A subquery would be there twice, with the same column ids.
      const [down, stay] = split(conditions, (c) => !containsSubquery(c));
      const side = (plan_: LogicalPlan, columns: readonly ColumnId[]) => {
        const byId = new Map(outputOf(plan_).map((column) => [column.id, column]));
        const mapping = new Map(plan.columns.map((column, i) => [column.id, byId.get(columns[i])]));
        const mapped = down.map((c) =>
          substitute(c, (id) => {
            const column = mapping.get(id);
            return column === undefined ? undefined : { kind: 'column', id: column.id, type: column.type, name: column.name };
          }),
        );
        return push(plan_, mapped);
      };
      return keep({ ...plan, left: side(plan.left, plan.leftColumns), right: side(plan.right, plan.rightColumns) }, stay);
    }
    case 'with': {
      const cte = push(plan.cte.plan, []);
      const recursive = plan.cte.recursive === undefined ? undefined : { ...plan.cte.recursive, plan: push(plan.cte.recursive.plan, []) };
      return { ...plan, cte: { ...plan.cte, plan: cte, recursive }, input: push(plan.input, conditions) };
    }
    default:
      return keep(own(mapInputs(plan, (input) => push(input, []))), conditions);
  }
}

/** Subqueries in an operator's own expressions have conditions of their own. */
const own = (plan: LogicalPlan): LogicalPlan => mapExpressions(plan, (e) => mapSubqueries(e, (inner) => push(inner, [])));

const isPushable = (e: Expression) => !isVolatile(e) && !containsSubquery(e) && !returnsSet(e);

function merge(a: readonly Expression[], b: readonly Expression[]): readonly Expression[] {
  const merged = [...a];
  for (const condition of b) if (!merged.some((known) => sameExpression(known, condition))) merged.push(condition);
  return merged;
}

function keep(plan: LogicalPlan, conditions: readonly Expression[]): LogicalPlan {
  const condition = conjunction(conditions);
  if (condition === undefined) return plan;
  if (conditions.some(isNeverTrue)) return emptyRelation(plan);
  return own({ kind: 'filter', input: plan, condition });
}

function split(conditions: readonly Expression[], goesDown: (c: Expression) => boolean): [readonly Expression[], readonly Expression[]] {
  const down: Expression[] = [];
  const stay: Expression[] = [];
  for (const c of conditions) (!isVolatile(c) && goesDown(c) ? down : stay).push(c);
  return [down, stay];
}

function pushThroughTargets(
  plan: Extract<LogicalPlan, { kind: 'project' | 'projectSet' }>,
  conditions: readonly Expression[],
  allows: (target: NamedExpression) => boolean,
): LogicalPlan {
  const targets = new Map(plan.targets.filter((t) => allows(t) && isPushable(t.expression)).map((t) => [t.id, t.expression]));
  const fixed = new Set(plan.targets.filter((t) => !targets.has(t.id)).map((t) => t.id));
  const [down, stay] = split(
    conditions,
    (c) =>
      !overlaps(columnsOf(c), fixed) &&
      // Inside a subquery a computed target would be computed for each of its rows.
      (!containsSubquery(c) || [...columnsOf(c)].every((id) => targets.get(id)?.kind !== 'function')),
  );
  const input = push(
    plan.input,
    down.map((c) => substitute(c, (id) => targets.get(id))),
  );
  return keep(own({ ...plan, input }), stay);
}

function pushIntoJoin(plan: Extract<LogicalPlan, { kind: 'join' }>, above: readonly Expression[]): LogicalPlan {
  const leftIds = outputIds(plan.left);
  const rightIds = outputIds(plan.right);
  const { join } = plan;
  const toLeft: Expression[] = [];
  const toRight: Expression[] = [];
  const toJoin: Expression[] = [];
  const stay: Expression[] = [];

  for (const c of above) {
    const ofLeft = overlaps(columnsOf(c), leftIds);
    const ofRight = overlaps(columnsOf(c), rightIds);
    if (isVolatile(c)) stay.push(c);
    else if (!ofRight && (join === 'inner' || join === 'left' || join === 'semi' || join === 'anti')) toLeft.push(c);
    else if (!ofLeft && (join === 'inner' || join === 'right')) toRight.push(c);
    // A subquery in a join's condition could not be computed beforehand.
    else if (join === 'inner' && !containsSubquery(c)) toJoin.push(c);
    else stay.push(c);
  }
  for (const c of conjunctsOf(plan.condition)) {
    const ofLeft = overlaps(columnsOf(c), leftIds);
    const ofRight = overlaps(columnsOf(c), rightIds);
    if (isVolatile(c)) toJoin.push(c);
    else if (!ofRight && (join === 'inner' || join === 'semi' || join === 'right')) toLeft.push(c);
    else if (!ofLeft && (join === 'inner' || join === 'semi' || join === 'anti' || join === 'left')) toRight.push(c);
    else toJoin.push(c);
  }
  transfer(toJoin, toLeft, toRight, leftIds, rightIds, join);
  // A condition without any column holds for all rows or none; on one side it is tested early, but the right alone would not tell an
  // inner join's other side. Both sides of it are handled alike above: it went left.
  const left = push(plan.left, toLeft);
  const right = push(plan.right, toRight);
  const lateral = plan.lateral && overlaps(freeColumns(right), leftIds);
  const joined: LogicalPlan = { ...plan, left, right, condition: conjunction(merge([], toJoin)), lateral };
  return keep(own(joined), stay);
}

/**
 * With `l = r` in the join, what is compared with a constant on one side holds on the other too: `a.id = 1 and b.id = a.id` reads b by
 * its key as well.
 */
function transfer(
  toJoin: readonly Expression[],
  toLeft: Expression[],
  toRight: Expression[],
  leftIds: ReadonlySet<ColumnId>,
  rightIds: ReadonlySet<ColumnId>,
  join: string,
): void {
  if (join === 'full') return;
  const toRightAllowed = join !== 'right';
  const toLeftAllowed = join === 'inner' || join === 'semi' || join === 'right';
  for (const c of toJoin) {
    const pair = columnPair(c, leftIds, rightIds);
    if (pair === undefined) continue;
    const { left, right } = pair;
    const fromLeft = toRightAllowed ? toLeft.filter((known) => restricts(known, left.id)) : [];
    const fromRight = toLeftAllowed ? toRight.filter((known) => restricts(known, right.id)) : [];
    for (const known of fromLeft)
      addNew(
        toRight,
        substitute(known, (id) => (id === left.id ? right : undefined)),
      );
    for (const known of fromRight)
      addNew(
        toLeft,
        substitute(known, (id) => (id === right.id ? left : undefined)),
      );
  }
}

function addNew(conditions: Expression[], condition: Expression): void {
  if (!conditions.some((known) => sameExpression(known, condition))) conditions.push(condition);
}

type Column = Extract<Expression, { kind: 'column' }>;

/** `l = r` between plain columns of one type. */
function columnPair(
  c: Expression,
  leftIds: ReadonlySet<ColumnId>,
  rightIds: ReadonlySet<ColumnId>,
): { readonly left: Column; readonly right: Column } | undefined {
  if (c.kind !== 'function' || c.form.kind !== 'operator' || btreeStrategy(c.form.operator)?.strategy !== 3) return undefined;
  const [a, b] = c.args;
  if (a.kind !== 'column' || b.kind !== 'column' || a.type.oid !== b.type.oid) return undefined;
  if (leftIds.has(a.id) && rightIds.has(b.id)) return { left: a, right: b };
  return leftIds.has(b.id) && rightIds.has(a.id) ? { left: b, right: a } : undefined;
}

/** A comparison of the column alone with values known before the scan. */
function restricts(c: Expression, id: ColumnId): boolean {
  const isKnown = (e: Expression) => e.kind === 'constant' || e.kind === 'parameter' || e.kind === 'outerValue';
  const isColumn = (e: Expression) => e.kind === 'column' && e.id === id;
  if (c.kind === 'arrayComparison') return c.quantifier === 'any' && isColumn(c.left) && isKnown(c.right);
  if (c.kind !== 'function' || c.form.kind !== 'operator' || c.args.length !== 2) return false;
  if (btreeStrategy(c.form.operator)?.strategy !== 3) return false;
  return (isColumn(c.args[0]) && isKnown(c.args[1])) || (isKnown(c.args[0]) && isColumn(c.args[1]));
}
