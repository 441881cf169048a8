/** INSERT: where the rows come from, which columns they fill, and what ON CONFLICT does. */
import type { InsertStmt, Node, SelectStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { ColumnDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { ChangeTarget, openTarget } from './change-target.ts';
import { nullConstant, returnsSet } from './coercion.ts';
import { bindChecks, bindGenerated, bindReturning, coerceForColumn } from './data-change.ts';
import { bindExpression, required } from './expression.ts';
import { tableColumns } from './from-relation.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import { bindOnConflict } from './on-conflict.ts';
import { assignPart, isPart, type Part, refuseDefaultOfPart } from './part-assignment.ts';
import { expandSets } from './project-set.ts';
import { Scope, visible } from './scope.ts';
import { type BoundSelect, prepareSelect } from './select.ts';
import { columnDefault } from './table-expression.ts';
import { expandStar } from './targets.ts';
import { bindWith } from './with-clause.ts';

type Values = readonly { readonly attributeNumber: number; readonly expression: Expression }[];
type Source = { readonly input: LogicalPlan; readonly values: Values };

export function bindInsert(parent: Scope, node: InsertStmt): BoundSelect {
  const { analysis } = parent;
  const scope = new Scope(analysis, parent);
  const wrap = bindWith(scope, node.withClause);
  const relation = required(node.relation);
  const into = openTarget(scope, relation, 'insert into');
  const { table } = into;
  const newColumns = tableColumns(scope, table);
  const target = scope.addItem(into.item(newColumns));
  scope.target = target;
  const source = bindSource(scope, node, into);
  const generated = bindGenerated(analysis, table, newColumns);
  const checks = [...bindChecks(analysis, table, newColumns), ...into.checks(newColumns)];
  const onConflict = node.onConflictClause === undefined ? undefined : bindOnConflict(scope, into, node.onConflictClause);
  const returning = bindReturning(scope, node.returningList, [visible(target)]);
  const plan: LogicalPlan = {
    kind: 'insert',
    table,
    input: source.input,
    values: source.values,
    checks,
    newColumns,
    generated,
    onConflict,
    returning: returning.named,
  };
  return { plan: wrap(plan), output: returning.output };
}

/** `steps`: which part of the column, when not all of it. */
type TargetColumn = Part;

/** The columns that the statement names, or all. */
function namedColumns(scope: Scope, node: InsertStmt, into: ChangeTarget): readonly TargetColumn[] {
  const analysis = scope.analysis;
  // A column that is not given may be one that cannot be.
  if (node.cols === undefined)
    return into.allColumns().map((take) => ({
      get column() {
        return take();
      },
      steps: [],
      location: undefined,
    }));
  const whole = new Set<number>();
  const parts = new Set<number>();
  return node.cols.flatMap((entry) => {
    if (!('ResTarget' in entry)) return [];
    const { name = '', location, indirection } = entry.ResTarget;
    const column = into.column(name, location);
    const steps = indirection ?? [];
    if (whole.has(column.attributeNumber) || (!isPart(steps) && parts.has(column.attributeNumber)))
      throw analysis.error(sqlstate.duplicateColumn, `column "${name}" specified more than once`, location);
    (isPart(steps) ? parts : whole).add(column.attributeNumber);
    return [{ column, steps, location }];
  });
}

function bindSource(scope: Scope, node: InsertStmt, into: ChangeTarget): Source {
  const table = into.defaults;
  const select = node.selectStmt;
  if (select === undefined) return { input: { kind: 'oneRow' }, values: rowValues(scope, table, new Map()) };
  if (!('SelectStmt' in select)) throw scope.analysis.notSupported('INSERT takes its rows from VALUES or SELECT');
  const columns = namedColumns(scope, node, into);
  return isPlainValues(select.SelectStmt)
    ? valuesSource(scope, node, into, columns, select.SelectStmt.valuesLists ?? [])
    : selectSource(scope, node, into, columns, select.SelectStmt);
}

function noteInserted(into: ChangeTarget, columns: readonly TargetColumn[]): void {
  for (const { column } of columns) into.note('inserted', column);
}

const isPlainValues = (select: SelectStmt): boolean =>
  select.valuesLists !== undefined &&
  select.sortClause === undefined &&
  select.limitCount === undefined &&
  select.limitOffset === undefined &&
  select.lockingClause === undefined &&
  select.withClause === undefined;

function requireCounts(
  scope: Scope,
  node: InsertStmt,
  columns: readonly TargetColumn[],
  expressions: readonly (Expression | undefined)[],
  locationOf: (at: number) => number | undefined,
): void {
  const { analysis } = scope;
  if (expressions.length > columns.length)
    throw analysis.syntaxError('INSERT has more expressions than target columns', locationOf(columns.length));
  if (node.cols !== undefined && expressions.length < columns.length) {
    const [only] = expressions;
    const isRow = expressions.length === 1 && only?.kind === 'row' && only.fields.length === columns.length;
    throw analysis.error(
      sqlstate.syntaxError,
      'INSERT has more target columns than expressions',
      columns[expressions.length].location,
      isRow
        ? {
            hint: 'The insertion source is a row expression containing the same number of columns expected by the INSERT. Did you accidentally use extra parentheses?',
          }
        : {},
    );
  }
}

function valuesSource(
  scope: Scope,
  node: InsertStmt,
  into: ChangeTarget,
  columns: readonly TargetColumn[],
  lists: readonly Node[],
): Source {
  const table = into.defaults;
  const analysis = scope.analysis;
  let width = -1;
  const isSingle = lists.length === 1;
  // undefined stands for DEFAULT.
  const rows = scope.within(isSingle ? 'valuesSingle' : 'values', () =>
    lists.map((list) => {
      const nodes = 'List' in list ? (list.List.items ?? []) : [];
      const row = nodes.flatMap((item): readonly (Expression | undefined)[] => {
        if ('SetToDefault' in item) return [undefined];
        return expandStar(scope, item)?.map(({ expression }) => expression) ?? [bindExpression(scope, item)];
      });
      const locationOf = (at: number): number | undefined => {
        const item = nodes[at];
        return row[at] === undefined && item !== undefined && 'SetToDefault' in item
          ? item.SetToDefault.location
          : analysis.locationOf(row[at]);
      };
      if (width < 0) width = row.length;
      else if (row.length !== width) throw analysis.syntaxError('VALUES lists must all be the same length', locationOf(0));
      requireCounts(scope, node, columns, row, locationOf);
      return row.map((expression, at) => (expression === undefined ? undefined : coerceForPart(scope, columns[at], expression)));
    }),
  );
  const filled = columns.slice(0, width);
  noteInserted(into, filled);
  const given = new Map<number, Expression>();
  const kept: { readonly at: number; readonly output: OutputColumn }[] = [];
  for (const [at, part] of filled.entries()) {
    const { column } = part;
    const cells = rows.map((row) => row[at]);
    if (isPart(part.steps) && cells.includes(undefined)) refuseDefaultOfPart(scope, part);
    if (
      cells.every((cell) => cell === undefined) ||
      isOverridden(
        scope,
        node,
        column,
        cells.some((cell) => cell !== undefined),
      )
    )
      continue;
    const type = cells.find((expression) => expression !== undefined)?.type ?? column.type;
    const output = {
      id: analysis.newColumnId(),
      name: column.name,
      type: isPart(filled[at].steps) ? type : column.type,
      tableOid: 0,
      attributeNumber: 0,
    };
    kept.push({ at, output });
    give(scope, given, filled[at], { kind: 'column', id: output.id, name: column.name, type: output.type });
  }
  const cell = (row: readonly (Expression | undefined)[], at: number): Expression =>
    row[at] ?? columnDefault(analysis, table, columns[at].column);
  const input: LogicalPlan = {
    kind: 'values',
    columns: kept.map(({ output }) => output),
    rows: rows.map((row) => kept.map(({ at }) => cell(row, at))),
  };
  if (isSingle && rows[0].some((expression) => expression !== undefined && returnsSet(expression)))
    return expandedRow(scope, table, input, given);
  return { input, values: rowValues(scope, table, given) };
}

/** INSERT ... VALUES (generate_series(1, 3)): the one row is a SELECT's target list. */
function expandedRow(scope: Scope, table: TableDescriptor, input: LogicalPlan, given: ReadonlyMap<number, Expression>): Source {
  if (input.kind !== 'values') return { input, values: rowValues(scope, table, given) };
  const targets = input.columns.map(({ id, name }, at) => ({ id, name, expression: input.rows[0][at] }));
  return { input: expandSets(scope.analysis, { kind: 'oneRow' }, targets), values: rowValues(scope, table, given) };
}

function selectSource(scope: Scope, node: InsertStmt, into: ChangeTarget, columns: readonly TargetColumn[], select: SelectStmt): Source {
  const table = into.defaults;
  const analysis = scope.analysis;
  const pending = prepareSelect(analysis, select, scope, { resolveUnknowns: false });
  const { targets } = pending;
  requireCounts(
    scope,
    node,
    columns,
    targets.map(({ expression }) => expression),
    (at) => analysis.locationOf(targets[at]?.expression),
  );
  const locations = targets.map((target, at) => {
    const { expression } = target;
    const isLiteral = expression.type.oid === oid.unknown && (expression.kind === 'constant' || expression.kind === 'parameter');
    if (isLiteral) target.expression = coerceForPart(scope, columns[at], expression);
    return analysis.locationOf(target.expression);
  });
  const { plan, output } = pending.finish();
  noteInserted(into, columns.slice(0, output.length));
  const given = new Map<number, Expression>();
  for (const [at, { id, name, type }] of output.entries()) {
    const { column } = columns[at];
    if (isOverridden(scope, node, column, true)) continue;
    const reference = analysis.locate({ kind: 'column', id, name, type } as const, locations[at]);
    give(scope, given, columns[at], reference);
  }
  return { input: plan, values: rowValues(scope, table, given) };
}

/** A value on its way into a column or a part of it. */
function coerceForPart(scope: Scope, part: Part, expression: Expression): Expression {
  const { column, steps } = part;
  if (!isPart(steps)) return coerceForColumn(scope.analysis, column, expression);
  const assigned = assignPart(scope, part, nullConstant(column.type.oid), expression);
  return assigned.kind === 'assignSubscript' ? assigned.value : assigned;
}

/** Adds a value to those of the row; parts of one column are put together. */
function give(scope: Scope, given: Map<number, Expression>, part: Part, value: Expression): void {
  const { column, steps } = part;
  const { attributeNumber } = column;
  const container = given.get(attributeNumber) ?? { kind: 'constant', value: null, type: column.type };
  given.set(attributeNumber, isPart(steps) ? assignPart(scope, part, container, value) : coerceForColumn(scope.analysis, column, value));
}

/** True when a given value is dropped for the default (OVERRIDING USER VALUE); throws 428C9 where none may be given. */
function isOverridden(scope: Scope, node: InsertStmt, column: ColumnDescriptor, hasValue: boolean): boolean {
  if (!hasValue) return false;
  const refuse = (detail: string, hint?: string) =>
    scope.analysis.error(sqlstate.generatedAlways, `cannot insert a non-DEFAULT value into column "${column.name}"`, undefined, {
      detail,
      ...(hint === undefined ? {} : { hint }),
    });
  if (column.generated !== undefined) throw refuse(`Column "${column.name}" is a generated column.`);
  if (column.identity === undefined) return false;
  if (node.override === 'OVERRIDING_USER_VALUE') return true;
  if (column.identity === 'always' && node.override !== 'OVERRIDING_SYSTEM_VALUE')
    throw refuse(`Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`, 'Use OVERRIDING SYSTEM VALUE to override.');
  return false;
}

/** MERGE ... INSERT: one row of values over the joined rows, which the scope sees. */
export function mergeValues(scope: Scope, node: InsertStmt, list: readonly Node[] | undefined, table: TableDescriptor): Values {
  const into = ChangeTarget.ofTable(scope, {}, table, 'insert into');
  const columns = namedColumns(scope, node, into);
  const given = new Map<number, Expression>();
  if (list === undefined) return rowValues(scope, table, given);
  const row = scope.within('valuesSingle', () => list.map((item) => ('SetToDefault' in item ? undefined : bindExpression(scope, item))));
  requireCounts(scope, node, columns, row, (at) => scope.analysis.locationOf(row[at]));
  noteInserted(into, columns.slice(0, row.length));
  for (const [at, value] of row.entries()) {
    const { column } = columns[at];
    if (value !== undefined && !isOverridden(scope, node, column, true)) give(scope, given, columns[at], value);
  }
  return rowValues(scope, table, given);
}

/** An expression for each live column: what was given, else the default. Generated columns are computed from the finished row. */
function rowValues(scope: Scope, table: TableDescriptor, given: ReadonlyMap<number, Expression>): Values {
  return table.columns
    .filter((column) => !column.isDropped)
    .map((column) => ({
      attributeNumber: column.attributeNumber,
      expression:
        given.get(column.attributeNumber) ??
        (column.generated === undefined ? columnDefault(scope.analysis, table, column) : nullConstant(column.type.oid)),
    }));
}
