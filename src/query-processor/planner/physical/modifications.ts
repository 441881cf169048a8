/** INSERT, UPDATE, DELETE: input, maintained indexes, and what RETURNING needs. */
import { notSupported } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { childrenOf } from '#sql/expression-walk.ts';
import type { Delete, Insert, NamedExpression, OutputColumn, Update } from '../../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import { columnsOf, overlaps } from '../expression-tree.ts';
import type { IndexMaintenance, PhysicalPlan } from '../physical-plan.ts';
import { columnRef, computedColumn } from '../plan-tree.ts';
import { cpuTuple, estimate, streaming, widthOfAll } from './cost.ts';
import { asOuterValues, lift, needsLifting, oneRow, overOneRow } from './lift.ts';
import { idsOf, noWish, type Planned, type Planning, unordered } from './planning.ts';

/** Writing one row or index entry into the transaction's buffer. */
const writeCost = 0.01;

export function planInsert(insert: Insert, planning: Planning): Planned {
  const conflict = conflictExpressions(insert);
  if (conflict.some(needsLifting)) return planInsertWithConflictQueries(insert, conflict, planning);
  const lifted = lift(
    planning.plan(insert.input, noWish),
    insert.values.map((value) => value.expression),
    planning,
  );
  const indexes = maintainedIndexes(insert.table, planning);
  return withReturning(insert.returning, lifted.input.plan, insert.newColumns, planning, (returning, output) => ({
    kind: 'insert',
    table: insert.table,
    input: lifted.input.plan,
    values: insert.values.map((value, i) => ({ ...value, expression: lifted.expressions[i] })),
    newColumns: insert.newColumns,
    generated: insert.generated,
    checks: insert.checks,
    indexes,
    onConflict: insert.onConflict,
    returning,
    output,
    estimate: modificationEstimate(lifted.input.plan, indexes.length, returning, output),
  }));
}

function conflictExpressions(insert: Insert): readonly Expression[] {
  const action = insert.onConflict?.action;
  if (action?.kind !== 'update') return [];
  return [...action.assignments.map((a) => a.expression), ...(action.where === undefined ? [] : [action.where])];
}

/** Subqueries in DO UPDATE that look at no row are computed once beforehand; those that do would have to run between the writes. */
function planInsertWithConflictQueries(insert: Insert, expressions: readonly Expression[], planning: Planning): Planned {
  const action = insert.onConflict?.action;
  if (insert.onConflict === undefined || action?.kind !== 'update') return planInsert(insert, planning);
  const lifted = lift(oneRow(), expressions, planning);
  const ids = idsOf(lifted.input.plan.output);
  const rowIds = new Set([...action.existing, ...action.excluded].map((column) => column.id));
  const isCorrelated = expressions.some((e) => needsLifting(e) && subqueryColumnsOverlap(e, rowIds));
  if (isCorrelated) throw notSupported('subqueries in ON CONFLICT DO UPDATE that refer to the row are not supported');
  const bound = lifted.expressions.map((e) => asOuterValues(e, ids));
  const assignments = action.assignments.map((assignment, i) => ({ ...assignment, expression: bound[i] }));
  const where = action.where === undefined ? undefined : bound[assignments.length];
  const inner = planInsert({ ...insert, onConflict: { ...insert.onConflict, action: { ...action, assignments, where } } }, planning);
  return overOneRow(lifted.input.plan, inner, [...ids]);
}

function subqueryColumnsOverlap(e: Expression, ids: ReadonlySet<ColumnId>): boolean {
  if (e.kind === 'subquery') return overlaps(columnsOf(e), ids);
  let found = false;
  visitSubqueries(e, (subquery) => {
    found ||= overlaps(columnsOf(subquery), ids);
  });
  return found;
}

export function planUpdate(update: Update, planning: Planning): Planned {
  const lifted = lift(
    planning.plan(update.input, noWish),
    update.assignments.map((a) => a.expression),
    planning,
  );
  const indexes = maintainedIndexes(update.table, planning);
  const visible = [...update.newColumns, ...update.oldColumns, ...lifted.input.plan.output];
  return withReturning(update.returning, lifted.input.plan, visible, planning, (returning, output) => ({
    kind: 'update',
    table: update.table,
    input: lifted.input.plan,
    keyColumn: update.keyColumn,
    oldColumns: update.oldColumns,
    assignments: update.assignments.map((a, i) => ({ ...a, expression: lifted.expressions[i] })),
    newColumns: update.newColumns,
    generated: update.generated,
    checks: update.checks,
    indexes,
    returning,
    output,
    estimate: modificationEstimate(lifted.input.plan, indexes.length, returning, output),
  }));
}

export function planDelete(deletion: Delete, planning: Planning): Planned {
  const input = planning.plan(deletion.input, noWish).plan;
  const indexes = maintainedIndexes(deletion.table, planning);
  const visible = [...deletion.oldColumns, ...input.output];
  return withReturning(deletion.returning, input, visible, planning, (returning, output) => ({
    kind: 'delete',
    table: deletion.table,
    input,
    keyColumn: deletion.keyColumn,
    oldColumns: deletion.oldColumns,
    indexes,
    returning,
    output,
    estimate: modificationEstimate(input, indexes.length, returning, output),
  }));
}

function modificationEstimate(
  input: PhysicalPlan,
  indexCount: number,
  returning: readonly NamedExpression[] | undefined,
  output: readonly OutputColumn[],
) {
  const { startupCost, totalCost, rows } = input.estimate;
  return estimate(startupCost, totalCost + rows * writeCost * indexCount, returning === undefined ? 0 : rows, widthOfAll(output));
}

/** RETURNING with subqueries: the change returns the columns that they need, and a projection above computes them. */
function withReturning(
  returning: readonly NamedExpression[] | undefined,
  input: PhysicalPlan,
  visible: readonly OutputColumn[],
  planning: Planning,
  build: (returning: readonly NamedExpression[] | undefined, output: readonly OutputColumn[]) => PhysicalPlan,
): Planned {
  if (returning === undefined) return { plan: build(undefined, []), ordering: unordered };
  if (!returning.some((target) => needsLifting(target.expression)))
    return { plan: build(returning, returning.map(computedColumn)), ordering: unordered };
  const columns = new Map([...input.output, ...visible].map((column) => [column.id, column]));
  const needed = new Map<ColumnId, NamedExpression>();
  for (const target of returning)
    for (const id of columnsOf(target.expression)) {
      const column = columns.get(id);
      if (column !== undefined) needed.set(id, { id, name: column.name, expression: columnRef(column) });
    }
  const passed = [...needed.values()];
  const change: Planned = { plan: build(passed, passed.map(computedColumn)), ordering: unordered };
  const lifted = lift(
    change,
    returning.map((target) => target.expression),
    planning,
  );
  const targets = returning.map((target, i) => ({ ...target, expression: lifted.expressions[i] }));
  const output = targets.map(computedColumn);
  const below = lifted.input.plan;
  return {
    ordering: unordered,
    plan: { kind: 'project', input: below, targets, output, estimate: streaming(below, below.estimate.rows, cpuTuple, output) },
  };
}

/**
 * Indexes that a change keeps up. A failed build leaves an invalid index that nobody reads; if it is unique it still refuses
 * duplicates, as on DSQL.
 */
export function maintainedIndexes(table: TableDescriptor, planning: Planning): readonly IndexMaintenance[] {
  return table.indexes
    .filter((index) => index.state !== 'invalid' || index.isUnique)
    .map((index) => {
      const columns = table.columns.map((column) => ({
        id: planning.newColumnId(),
        name: column.name,
        type: column.type,
        tableOid: table.oid,
        attributeNumber: column.attributeNumber,
      }));
      const bind = (text: string) => planning.environment.bindTableExpression(table, text, columns);
      return {
        indexOid: index.oid,
        columns,
        keys: index.keys.map((key) =>
          key.expressionText === undefined ? columnRef(columns[key.attributeNumber - 1]) : bind(key.expressionText),
        ),
        predicate: index.predicateText === undefined ? undefined : bind(index.predicateText),
      };
    });
}

function visitSubqueries(e: Expression, visit: (subquery: Expression) => void): void {
  if (e.kind === 'subquery') visit(e);
  else for (const child of childrenOf(e)) visitSubqueries(child, visit);
}
