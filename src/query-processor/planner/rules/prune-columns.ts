/**
 * Leaves out columns that nobody reads, down to the scans: what is not needed is neither decoded nor moved, and an index alone may do. A LEFT JOIN
 * that gives no such column and no further row goes with them.
 *
 * After conditions have found their places and joins their order, which decide what is read where.
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { mapChildren } from '#sql/expression-walk.ts';
import type { LogicalPlan, OutputColumn } from '../../analyzer/logical-plan.ts';
import { columnsOf, isVolatile, overlaps, planIsVolatile, returnsSet, subqueryPlan } from '../expression-tree.ts';
import { expressionsOf, freeColumns, mapExpressions, mapInputs, outputIds } from '../plan-tree.ts';
import { matchesAtMostOnce } from '../uniqueness.ts';
import type { Rule } from './rule.ts';

export const pruneColumns: Rule = {
  name: 'prune-columns',
  apply: (plan, context) => prune(plan, context.required),
};

type Ids = ReadonlySet<ColumnId>;

function prune(plan: LogicalPlan, required: Ids): LogicalPlan {
  const pruned = pruneOperator(plan, required);
  return mapExpressions(pruned, pruneSubqueries);
}

function pruneSubqueries(e: Expression): Expression {
  const inner = mapChildren(e, pruneSubqueries);
  if (inner.kind !== 'subquery') return inner;
  const before = subqueryPlan(inner);
  const plan = prune(before, new Set(inner.output));
  return plan === before ? inner : { ...inner, plan };
}

function pruneOperator(plan: LogicalPlan, required: Ids): LogicalPlan {
  switch (plan.kind) {
    case 'oneRow':
    case 'cteScan':
    case 'functionScan':
      return plan;
    case 'scan': {
      const columns = keepColumns(plan.columns, required);
      const keyColumn = plan.keyColumn !== undefined && required.has(plan.keyColumn) ? plan.keyColumn : undefined;
      return columns === plan.columns && keyColumn === plan.keyColumn ? plan : { ...plan, columns, keyColumn };
    }
    case 'values': {
      const kept = plan.columns.map((column, i) => required.has(column.id) || plan.rows.some((row) => isVolatile(row[i])));
      if (kept.every(Boolean)) return plan;
      return {
        ...plan,
        columns: plan.columns.filter((_, i) => kept[i]),
        rows: plan.rows.map((row) => row.filter((_, i) => kept[i])),
      };
    }
    case 'project': {
      const targets = plan.targets.filter((t) => required.has(t.id) || isVolatile(t.expression));
      const input = prune(plan.input, columnsOfAll(targets.map((t) => t.expression)));
      return targets.length === plan.targets.length && input === plan.input ? plan : { ...plan, targets, input };
    }
    case 'projectSet': {
      // Sets decide how many rows there are.
      const targets = plan.targets.filter((t) => required.has(t.id) || isVolatile(t.expression) || returnsSet(t.expression));
      const input = prune(plan.input, columnsOfAll(targets.map((t) => t.expression)));
      return targets.length === plan.targets.length && input === plan.input ? plan : { ...plan, targets, input };
    }
    case 'join': {
      if (isRemovable(plan, required)) return prune(plan.left, required);
      const needed = union(required, plan.condition === undefined ? undefined : columnsOf(plan.condition));
      const right = prune(plan.right, needed);
      const left = prune(plan.left, plan.lateral ? union(needed, freeColumns(plan.right)) : needed);
      return left === plan.left && right === plan.right ? plan : { ...plan, left, right };
    }
    case 'aggregate': {
      const aggregates = plan.aggregates.filter((a) => required.has(a.id) || isVolatile(a.call));
      const groupings = plan.groupings.filter((g) => required.has(g.id));
      const next = { ...plan, aggregates, groupings };
      const input = prune(plan.input, columnsOfAll(expressionsOf(next)));
      const unchanged = aggregates.length === plan.aggregates.length && groupings.length === plan.groupings.length && input === plan.input;
      return unchanged ? plan : { ...next, input };
    }
    case 'window': {
      const calls = plan.calls.filter((call) => required.has(call.id) || isVolatile(call.call));
      if (calls.length === 0) return prune(plan.input, required);
      const next = { ...plan, calls };
      const input = prune(plan.input, union(required, columnsOfAll(expressionsOf(next))));
      return calls.length === plan.calls.length && input === plan.input ? plan : { ...next, input };
    }
    case 'distinct': {
      const needed = plan.on === undefined ? outputIds(plan.input) : union(required, columnsOfAll(plan.on));
      const input = prune(plan.input, needed);
      return input === plan.input ? plan : { ...plan, input };
    }
    case 'setOperation': {
      const kept = plan.columns.map((column) => !(plan.operation === 'union' && plan.all) || required.has(column.id));
      const pick = <Item>(items: readonly Item[]): readonly Item[] => (kept.every(Boolean) ? items : items.filter((_, i) => kept[i]));
      const leftColumns = pick(plan.leftColumns);
      const rightColumns = pick(plan.rightColumns);
      const left = prune(plan.left, new Set(leftColumns));
      const right = prune(plan.right, new Set(rightColumns));
      return { ...plan, columns: pick(plan.columns), leftColumns, rightColumns, left, right };
    }
    case 'with': {
      const definition = prune(plan.cte.plan, new Set(plan.cte.planColumns));
      const { recursive } = plan.cte;
      const step = recursive === undefined ? undefined : { ...recursive, plan: prune(recursive.plan, new Set(recursive.planColumns)) };
      const input = prune(plan.input, required);
      return { ...plan, cte: { ...plan.cte, plan: definition, recursive: step }, input };
    }
    case 'lockRows':
      return mapInputs(plan, (input) => prune(input, union(required, new Set(plan.locks.map((lock) => lock.keyColumn)))));
    case 'update':
    case 'delete': {
      const needed = union(new Set([plan.keyColumn, ...plan.oldColumns.map((column) => column.id)]), columnsOfAll(expressionsOf(plan)));
      return mapInputs(plan, (input) => prune(input, needed));
    }
    default:
      return mapInputs(plan, (input) => prune(input, union(required, columnsOfAll(expressionsOf(plan)))));
  }
}

/** Views often join more than a query asks for. */
function isRemovable(join: Extract<LogicalPlan, { kind: 'join' }>, required: Ids): boolean {
  if (join.join !== 'left' || overlaps(required, outputIds(join.right))) return false;
  if (planIsVolatile(join.right) || (join.condition !== undefined && isVolatile(join.condition))) return false;
  return matchesAtMostOnce(join.right, join.condition);
}

function keepColumns(columns: readonly OutputColumn[], required: Ids): readonly OutputColumn[] {
  const kept = columns.filter((column) => required.has(column.id));
  return kept.length === columns.length ? columns : kept;
}

function union(a: Ids, b: Ids | undefined): Ids {
  if (b === undefined || b.size === 0) return a;
  return new Set([...a, ...b]);
}

function columnsOfAll(expressions: readonly Expression[]): Ids {
  const all = new Set<ColumnId>();
  for (const e of expressions) for (const id of columnsOf(e)) all.add(id);
  return all;
}
