/** UPDATE: the rows to change with whatever FROM adds, and the assignments. */
import type { MultiAssignRef, Node, RangeVar, UpdateStmt } from '@pgsql/types';
import { InvariantError } from '#base/assert.ts';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import type { ColumnDescriptor } from '../catalog/descriptors.ts';
import { type ChangeTarget, openTarget } from './change-target.ts';
import { currentRow } from './current-of.ts';
import { bindChecks, bindGenerated, bindReturning, coerceForColumn } from './data-change.ts';
import type { Analysis } from './environment.ts';
import { bindCondition, bindExpression, required } from './expression.ts';
import { recordShapeOf } from './expression-names.ts';
import { recordSubquery } from './expression-subquery.ts';
import { bindFrom, joinOf } from './from-clause.ts';
import { bindTable, tableColumns } from './from-relation.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import { nodeLocation } from './node-location.ts';
import { assignPart, isPart, refuseDefaultOfPart } from './part-assignment.ts';
import { outputIdsOf } from './plan-output.ts';
import { type NamespaceEntry, Scope, visible } from './scope.ts';
import { type BoundSelect, bindSelect } from './select.ts';
import { columnDefault } from './table-expression.ts';
import { bindWith } from './with-clause.ts';

type Assignment = { readonly attributeNumber: number; readonly expression: Expression };

export function bindUpdate(parent: Scope, node: UpdateStmt): BoundSelect {
  const { analysis } = parent;
  const scope = new Scope(analysis, parent);
  const wrap = bindWith(scope, node.withClause);
  const relation = required(node.relation);
  const into = openTarget(scope, relation, 'update');
  const { table } = into;
  const { input, keyColumn, oldColumns, target, fromEntries } = bindTargetAndFrom(scope, into, relation, node.fromClause);
  let plan = input;
  const { assignments, records } = bindAssignments(scope, into, node.targetList ?? [], 'update');
  const where = node.whereClause;
  if (where !== undefined && 'CurrentOfExpr' in where) plan = currentRow(analysis, plan, where.CurrentOfExpr, table);
  else if (where !== undefined)
    plan = { kind: 'filter', input: plan, condition: scope.within('where', () => bindCondition(scope, where, 'WHERE')) };
  if (records.length > 0) plan = withRecords(plan, scope, records);
  const newColumns = tableColumns(scope, table);
  const generated = bindGenerated(analysis, table, newColumns);
  const checks = [...bindChecks(analysis, table, newColumns), ...into.checks(newColumns)];
  const newItem = scope.addItem({ ...into.item(newColumns), name: target.item.name });
  const returning = bindReturning(scope, node.returningList, [visible(newItem), ...fromEntries]);
  return {
    plan: wrap({
      kind: 'update',
      table,
      input: plan,
      keyColumn,
      oldColumns,
      assignments,
      newColumns,
      generated,
      checks,
      returning: returning.named,
    }),
    output: returning.output,
  };
}

/** The target's rows joined with FROM (or USING), and the names that the rest of the statement sees. */
export function bindTargetAndFrom(
  scope: Scope,
  into: ChangeTarget,
  relation: RangeVar,
  from: readonly Node[] | undefined,
): {
  readonly input: LogicalPlan;
  readonly keyColumn: ColumnId;
  readonly oldColumns: readonly OutputColumn[];
  readonly target: NamespaceEntry;
  readonly fromEntries: readonly NamespaceEntry[];
} {
  const { plan: scan, item: rows } = bindTable(scope, into.table, into.isView ? undefined : relation.alias, into.tableAccess);
  const oldColumns = scan.kind === 'scan' ? scan.columns : [];
  scope.addItem(rows);
  const item = into.isView ? scope.addItem(into.item(oldColumns)) : rows;
  scope.target = item;
  const keyColumn = required(rows.takeKeyColumn)();
  const target: NamespaceEntry = { ...visible(item), lateralOnly: true, lateralOk: false };
  scope.namespace = [target];
  let input: LogicalPlan = scan;
  for (const condition of into.conditions(oldColumns)) input = { kind: 'filter', input, condition };
  const hasFrom = from !== undefined && from.length > 0;
  if (hasFrom) input = joinOf('inner', input, bindFrom(scope, from), undefined, false);
  target.lateralOnly = false;
  target.lateralOk = true;
  const fromEntries = scope.namespace.filter((entry) => entry !== target);
  return { input, keyColumn, oldColumns, target, fromEntries };
}

type RecordColumn = { readonly id: ColumnId; readonly expression: Expression };

/** Adds the rows of multi-column assignments' subqueries, fetched once a row, to the input. */
export function withRecords(plan: LogicalPlan, scope: Scope, records: readonly RecordColumn[]): LogicalPlan {
  const passed: NamedExpression[] = [];
  for (const id of outputIdsOf(plan)) {
    const owner = scope.analysis.owners.get(id);
    const type = owner?.item?.columns.find((column) => column.expression.kind === 'column' && column.expression.id === id)?.expression.type;
    const name = owner?.name ?? 'key';
    passed.push({ id, name, expression: { kind: 'column', id, name, type: type ?? rowKeyType } });
  }
  const added = records.map(({ id, expression }) => ({ id, name: 'row', expression }));
  return { kind: 'project', input: plan, targets: [...passed, ...added] };
}

export function bindAssignments(
  scope: Scope,
  into: ChangeTarget,
  nodes: readonly Node[],
  place: 'update' | 'onConflict',
): { readonly assignments: readonly Assignment[]; readonly records: readonly RecordColumn[] } {
  const { analysis } = scope;
  const assigned = new Map<number, Assignment & { readonly ofPart: boolean }>();
  const records: RecordColumn[] = [];
  const sources = new MultiSources(scope, records, place);
  for (const node of nodes) {
    if (!('ResTarget' in node)) continue;
    const { name = '', location, indirection, val } = node.ResTarget;
    const value = required(val);
    const bound: Expression | undefined = scope.within('updateSource', () =>
      'MultiAssignRef' in value ? sources.bind(value.MultiAssignRef) : 'SetToDefault' in value ? undefined : bindExpression(scope, value),
    );
    const column = into.column(name, location);
    into.note('updated', column);
    const before = assigned.get(column.attributeNumber);
    const ofPart = isPart(indirection);
    if (before !== undefined && !(ofPart && before.ofPart)) throw analysis.syntaxError(`multiple assignments to same column "${name}"`);
    if (bound !== undefined) requireAssignable(analysis, column);
    let expression: Expression;
    if (ofPart) {
      const part = { column, steps: indirection, location };
      if (bound === undefined) refuseDefaultOfPart(scope, part);
      expression = assignPart(scope, part, before?.expression ?? currentValue(scope, column), bound);
    } else expression = bound === undefined ? columnDefault(analysis, into.defaults, column) : coerceForColumn(analysis, column, bound);
    const { attributeNumber } = column;
    if (column.generated === undefined) assigned.set(attributeNumber, { attributeNumber, expression, ofPart });
  }
  return { assignments: [...assigned.values()], records };
}

/** The column of the row that is being changed. */
function currentValue(scope: Scope, column: ColumnDescriptor): Expression {
  const found = scope.target?.columns.find((candidate) => candidate.attributeNumber === column.attributeNumber);
  if (found === undefined) throw new InvariantError('the target has all columns of its table');
  return found.expression;
}

function requireAssignable(analysis: Analysis, column: ColumnDescriptor): void {
  const refuse = (detail: string) =>
    analysis.error(sqlstate.generatedAlways, `column "${column.name}" can only be updated to DEFAULT`, undefined, { detail });
  if (column.generated !== undefined) throw refuse(`Column "${column.name}" is a generated column.`);
  if (column.identity === 'always') throw refuse(`Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`);
}

/** (a, b) = source: the tree repeats the source for each column; it is bound at the first. */
class MultiSources {
  readonly #scope: Scope;
  readonly #records: RecordColumn[];
  readonly #place: 'update' | 'onConflict';
  #current: ((column: number) => Expression | undefined) | undefined;

  constructor(scope: Scope, records: RecordColumn[], place: 'update' | 'onConflict') {
    this.#scope = scope;
    this.#records = records;
    this.#place = place;
  }

  bind(reference: MultiAssignRef): Expression | undefined {
    const column = reference.colno ?? 1;
    if (column === 1) this.#current = this.#source(required(reference.source), reference.ncolumns ?? 1);
    return this.#current?.(column);
  }

  #source(source: Node, count: number): (column: number) => Expression | undefined {
    const { analysis } = this.#scope;
    if ('RowExpr' in source) {
      const items = source.RowExpr.args ?? [];
      if (items.length !== count) throw analysis.syntaxError('number of columns does not match number of values', source.RowExpr.location);
      return (column) => {
        const item = items[column - 1];
        return 'SetToDefault' in item ? undefined : bindExpression(this.#scope, item);
      };
    }
    if ('SubLink' in source && source.SubLink.subLinkType === 'EXPR_SUBLINK') {
      const select = required(source.SubLink.subselect);
      if (!('SelectStmt' in select)) throw analysis.notSupported('only SELECT is supported in a subquery', source.SubLink.location);
      const bound = bindSelect(analysis, select.SelectStmt, this.#scope, { resolveUnknowns: true });
      if (bound.output.length !== count)
        throw analysis.syntaxError('number of columns does not match number of values', source.SubLink.location);
      const record = recordSubquery(this.#scope, bound);
      const location = source.SubLink.location;
      const shape = recordShapeOf(analysis, record);
      // ON CONFLICT has no input to add a column to: there the subquery runs once for each column.
      const arg = this.#place === 'update' ? this.#keep(record) : record;
      return (column) =>
        analysis.locate(
          {
            kind: 'field',
            arg,
            index: column - 1,
            name: shape?.names[column - 1] ?? '',
            type: bound.output[column - 1].type,
          },
          location,
        );
    }
    throw analysis.notSupported('source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression', nodeLocation(source));
  }

  #keep(record: Expression): Expression {
    const id = this.#scope.analysis.newColumnId();
    this.#records.push({ id, expression: record });
    return { kind: 'column', id, name: 'row', type: record.type };
  }
}
