/** INSERT, UPDATE, DELETE: input, maintained indexes, and what RETURNING needs. */
import type { ColumnId } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { Delete, Insert, NamedExpression, OnConflict, OutputColumn, Update } from '../../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../../catalog/descriptors.ts';
import { columnsOf, conjunctsOf } from '../expression-tree.ts';
import type { ConflictQueries, IndexMaintenance, PhysicalPlan } from '../physical-plan.ts';
import { columnRef, computedColumn } from '../plan-tree.ts';
import { cpuTuple, estimate, expressionCost, streaming, widthOfAll } from './cost.ts';
import { lift, needsLifting } from './lift.ts';
import { noWish, type Planned, type Planning, unordered } from './planning.ts';

/** Writing one row or index entry into the transaction's buffer. */
const writeCost = 0.01;

export function planInsert(insert: Insert, planning: Planning): Planned {
  const lifted = lift(
    planning.plan(insert.input, noWish),
    insert.values.map((value) => value.expression),
    planning,
  );
  const indexes = maintainedIndexes(insert.table, planning);
  const { onConflict, conflictQueries } = planConflict(insert.onConflict, insert.table, planning);
  return withReturning(insert.returning, lifted.input.plan, insert.newColumns, planning, (returning, output) => ({
    kind: 'insert',
    table: insert.table,
    input: lifted.input.plan,
    values: insert.values.map((value, i) => ({ ...value, expression: lifted.expressions[i] })),
    newColumns: insert.newColumns,
    generated: insert.generated,
    checks: insert.checks,
    indexes,
    onConflict,
    conflictQueries,
    returning,
    output,
    estimate: modificationEstimate(lifted.input.plan, indexes.length, returning, output),
  }));
}

/**
 * Subqueries and waiting functions of DO UPDATE are computed by a plan over the pairs of existing and proposed rows, which it reads as a
 * common table that the operator fills; it gives the pairs that WHERE lets through.
 */
function planConflict(
  onConflict: OnConflict | undefined,
  table: TableDescriptor,
  planning: Planning,
): { readonly onConflict: OnConflict | undefined; readonly conflictQueries: ConflictQueries | undefined } {
  const action = onConflict?.action;
  const values = action?.kind === 'update' ? action.assignments.map((assignment) => assignment.expression) : [];
  if (onConflict === undefined || action?.kind !== 'update' || ![...values, ...conjunctsOf(action.where)].some(needsLifting))
    return { onConflict, conflictQueries: undefined };
  const rowNumber: OutputColumn = {
    id: planning.newColumnId(),
    name: 'row',
    type: { oid: oid.int4, typmod: -1 },
    tableOid: 0,
    attributeNumber: 0,
  };
  const output = [...action.existing, ...action.excluded, rowNumber];
  // No common table of the statement's own has such a number.
  const cte = -rowNumber.id;
  const pairs: PhysicalPlan = {
    kind: 'cteScan',
    cte,
    alias: 'excluded',
    name: table.name,
    output,
    estimate: estimate(0, cpuTuple, 1, widthOfAll(output)),
  };
  let input: Planned = { plan: pairs, ordering: unordered };
  if (action.where !== undefined) {
    const where = lift(input, [action.where], planning);
    const below = where.input.plan;
    const [condition] = where.expressions;
    input = {
      ordering: unordered,
      plan: {
        kind: 'filter',
        input: below,
        condition,
        output: below.output,
        estimate: streaming(below, below.estimate.rows, expressionCost(condition), below.output),
      },
    };
  }
  const lifted = lift(input, values, planning);
  const assignments = action.assignments.map((assignment, i) => ({ ...assignment, expression: lifted.expressions[i] }));
  return {
    onConflict: { ...onConflict, action: { ...action, assignments, where: undefined } },
    conflictQueries: { cte, plan: lifted.input.plan, rowNumber: rowNumber.id },
  };
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
    refusesRepeated: update.refusesRepeated ?? false,
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
    refusesRepeated: deletion.refusesRepeated ?? false,
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
