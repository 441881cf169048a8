/**
 * Puts LIMIT below projections, row locks and into the branches of UNION ALL, next to the sort or scan that can stop early for it, and
 * computes what the order does not need only for the rows that are left.
 *
 * After columns are pruned, so that the projections met are the ones that stay.
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { LogicalPlan, NamedExpression } from '../../analyzer/logical-plan.ts';
import { columnsOf, isVolatile, mapSubqueries } from '../expression-tree.ts';
import { columnRef, mapExpressions, mapInputs, outputOf } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const pushLimits: Rule = { name: 'push-limits', apply: (plan) => push(plan) };

type Limit = Extract<LogicalPlan, { kind: 'limit' }>;
type Project = Extract<LogicalPlan, { kind: 'project' }>;

function push(plan: LogicalPlan): LogicalPlan {
  const pushed = plan.kind === 'limit' ? pushLimit(plan) : plan;
  // What has come to stand on top is looked at again beneath: its inputs hold the limit now.
  return mapExpressions(mapInputs(pushed, push), (e) => mapSubqueries(e, push));
}

function pushLimit(limit: Limit): LogicalPlan {
  const { input } = limit;
  if (limit.withTies !== undefined) return limit;
  const rows = rowsOf(limit.count, limit.offset);
  if (input.kind === 'lockRows') return { ...input, input: { ...limit, input: input.input } };
  if (input.kind === 'project') {
    const isFixed = input.targets.some((target) => isVolatile(target.expression));
    // Volatile targets are computed for the rows that OFFSET skips too.
    if (!isFixed || limit.offset === undefined) return { ...input, input: { ...limit, input: input.input } };
    if (rows === undefined || input.input.kind === 'limit') return limit;
    return { ...limit, input: { ...input, input: bounded(input.input, rows) } };
  }
  if (input.kind === 'sort' && input.input.kind === 'project') return delayProjection(limit, input.keys, input.input);
  if (input.kind === 'setOperation' && input.operation === 'union' && input.all && rows !== undefined) {
    const bound = (branch: LogicalPlan): LogicalPlan =>
      branch.kind === 'limit' || branch.kind === 'values' ? branch : bounded(branch, rows);
    return { ...limit, input: { ...input, left: bound(input.left), right: bound(input.right) } };
  }
  return limit;
}

const bounded = (input: LogicalPlan, rows: number): LogicalPlan => ({
  kind: 'limit',
  input,
  count: { kind: 'constant', value: rows, type: { oid: oid.int8, typmod: -1 } },
  offset: undefined,
  withTies: undefined,
});

/** Splits the projection under a sort with a limit: the keys below, the rest above the limit. */
function delayProjection(limit: Limit, keys: Extract<LogicalPlan, { kind: 'sort' }>['keys'], project: Project): LogicalPlan {
  const keyIds = new Set<ColumnId>();
  for (const key of keys) for (const id of columnsOf(key.expression)) keyIds.add(id);
  const waits = (target: NamedExpression) =>
    !keyIds.has(target.id) &&
    target.expression.kind !== 'column' &&
    target.expression.kind !== 'constant' &&
    // With OFFSET a volatile target would miss the skipped rows.
    (limit.offset === undefined || !isVolatile(target.expression));
  const later = project.targets.filter(waits);
  if (later.length === 0) return limit;
  const below = new Map<ColumnId, NamedExpression>();
  for (const target of project.targets) if (!waits(target)) below.set(target.id, target);
  const available = new Map(outputOf(project.input).map((column) => [column.id, column]));
  for (const target of later)
    for (const id of columnsOf(target.expression)) {
      const column = available.get(id);
      if (column === undefined) continue;
      const known = below.get(id);
      // An id that means something else beneath cannot be passed on under it.
      if (known !== undefined && !(known.expression.kind === 'column' && known.expression.id === id)) return limit;
      below.set(id, { id, name: column.name, expression: columnRef(column) });
    }
  const inner: LogicalPlan = { ...project, targets: [...below.values()] };
  const outer: readonly NamedExpression[] = project.targets.map((target) =>
    waits(target)
      ? target
      : {
          id: target.id,
          name: target.name,
          expression: { kind: 'column', id: target.id, type: target.expression.type, name: target.name },
        },
  );
  return { kind: 'project', input: { ...limit, input: { kind: 'sort', input: inner, keys } }, targets: outer };
}

/** Rows that a LIMIT lets through together with those that OFFSET skips; undefined when not known while planning. */
export function rowsOf(count: Expression | undefined, offset: Expression | undefined): number | undefined {
  const value = (e: Expression | undefined): number | undefined =>
    e?.kind === 'constant' && (typeof e.value === 'number' || typeof e.value === 'bigint') && e.value >= 0 ? Number(e.value) : undefined;
  const counted = value(count);
  if (counted === undefined) return undefined;
  const skipped = offset === undefined || (offset.kind === 'constant' && offset.value === null) ? 0 : value(offset);
  return skipped === undefined || !Number.isSafeInteger(counted + skipped) ? undefined : counted + skipped;
}
