/** Tables, views and common tables in FROM. */
import type { Alias, RangeVar } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { ColumnId } from '#sql/expression.ts';
import { privilege } from '#sql/privilege.ts';
import type { RelationDescriptor, TableDescriptor, ViewDescriptor } from '../catalog/descriptors.ts';
import { sequenceTable } from '../catalog/system-catalog/sequence-table.ts';
import type { Analysis, AnalyzerEnvironment } from './environment.ts';
import { aliasColumns, rangeColumn } from './from-clause.ts';
import type { LogicalPlan, OutputColumn, Scan } from './logical-plan.ts';
import type { RelationAccess } from './relation-access.ts';
import { findRelation, isIndexName } from './relation-lookup.ts';
import { withPresence } from './row-presence.ts';
import type { CommonTableEntry, RangeColumn, RangeItem, Scope } from './scope.ts';
import { bindSelect, type LockingClauses } from './select.ts';
import { storedSelect } from './stored-query.ts';

/** `relationOid`: undefined for a common table. */
type Bound = { readonly plan: LogicalPlan; readonly item: RangeItem; readonly relationOid?: number };

export function bindTableReference(scope: Scope, node: RangeVar): Bound {
  const { schemaname, relname = '', alias } = node;
  requireSameDatabase(scope, node);
  if (schemaname === undefined) {
    const found = scope.findCommonTable(relname);
    if (found !== undefined) return bindCommonTable(scope, found.entry, alias, node.location);
  }
  const relation = openRelation(scope, node);
  if (relation.kind === 'view') return bindView(scope, relation, alias);
  if (relation.kind === 'sequence')
    return bindTable(scope, sequenceTable(relation), alias, scope.analysis.addAccess(relation, privilege.select));
  return bindTable(scope, relation, alias);
}

function requireSameDatabase(scope: Scope, node: RangeVar): void {
  if (node.catalogname === undefined || node.catalogname === 'postgres') return;
  const written = [node.catalogname, node.schemaname, node.relname].filter((part) => part !== undefined).join('.');
  throw scope.analysis.notSupported(`cross-database references are not implemented: "${written}"`, node.location);
}

/** A schema that may not be used is refused at the name's place. */
function foundAt<Found>(analysis: Analysis, location: number | undefined, find: () => Found): Found {
  try {
    return find();
  } catch (error) {
    throw error instanceof SqlError ? error.at(analysis.positionOf(location)) : error;
  }
}

/** The table, view or sequence of a name; throws 42P01 or 42809. */
export function openRelation(scope: Scope, node: RangeVar): RelationDescriptor {
  const analysis = scope.analysis;
  const { environment } = analysis;
  const { schemaname, relname = '', location } = node;
  const relation = foundAt(analysis, location, () => findRelation(environment, schemaname, relname));
  if (relation === undefined) {
    if (isIndexName(environment, schemaname, relname))
      throw analysis.error(sqlstate.wrongObjectType, `cannot open relation "${relname}"`, location, {
        detail: 'This operation is not supported for indexes.',
      });
    if (schemaname === undefined && scope.isFutureCommonTable(relname))
      throw analysis.error(sqlstate.undefinedTable, `relation "${relname}" does not exist`, location, {
        detail: `There is a WITH item named "${relname}", but it cannot be referenced from this part of the query.`,
        hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
      });
    const written = schemaname === undefined ? relname : `${schemaname}.${relname}`;
    throw analysis.error(sqlstate.undefinedTable, `relation "${written}" does not exist`, location);
  }
  if (relation.kind !== 'system') analysis.relations.add(relation.oid);
  return relation;
}

export function bindTable(
  scope: Scope,
  table: TableDescriptor,
  alias: Alias | undefined,
  access: RelationAccess = scope.analysis.addAccess(table, privilege.select),
): Bound {
  const { scan, takeKeyColumn } = makeScan(scope, table, alias?.aliasname ?? table.name);
  const name = alias?.aliasname ?? table.name;
  const item: RangeItem = {
    kind: 'relation',
    name,
    hasAlias: alias !== undefined,
    table,
    relationOid: table.oid,
    columns: aliasColumns(scope.analysis, accessColumns(access, scan.columns), alias, name),
    isScalar: false,
    takeKeyColumn,
    access,
  };
  return { plan: scan, item, relationOid: table.oid };
}

/** Columns of a relation: whoever refers to one reads it. */
export const accessColumns = (access: RelationAccess, columns: readonly OutputColumn[]): readonly RangeColumn[] =>
  columns.map((column) => ({ ...rangeColumn(column), access: { access, attributeNumber: column.attributeNumber } }));

/** A scan of all live columns. Whether the row's key comes too is decided while the rest of the statement is bound. */
function makeScan(scope: Scope, table: TableDescriptor, alias: string): { scan: Scan; takeKeyColumn: () => ColumnId } {
  const scan: { -readonly [K in keyof Scan]: Scan[K] } = {
    kind: 'scan',
    table,
    alias,
    columns: tableColumns(scope, table),
    keyColumn: undefined,
  };
  return {
    scan,
    takeKeyColumn: () => {
      scan.keyColumn ??= scope.analysis.newColumnId();
      return scan.keyColumn;
    },
  };
}

/** New ids for a table's live columns. */
export function tableColumns(scope: Scope, table: TableDescriptor): readonly OutputColumn[] {
  return table.columns
    .filter((column) => !column.isDropped)
    .map((column) => ({
      id: scope.analysis.newColumnId(),
      name: column.name,
      type: column.type,
      tableOid: table.oid,
      attributeNumber: column.attributeNumber,
    }));
}

/** In whose name a view's definition reads: its owner's, or with security_invoker that of who runs the statement, also below other views. */
export const readerOf = (view: ViewDescriptor): { readonly checkAs: number | undefined } => ({
  checkAs: view.options.securityInvoker === true ? undefined : view.ownerOid,
});

/** A view is its definition, bound where it is used, without sight of the query around it. */
function bindView(scope: Scope, view: ViewDescriptor, alias: Alias | undefined): Bound {
  const analysis = scope.analysis;
  const environment: AnalyzerEnvironment = {
    ...analysis.environment,
    parameterTypes: undefined,
    functionArguments: undefined,
    statementText: view.definition,
    stored: readerOf(view),
  };
  const name = alias?.aliasname ?? view.name;
  const locking: LockingClauses = scope.lockingFor(name);
  const access = analysis.addAccess(view, privilege.select);
  analysis.enterView(view);
  const bound = bindSelect(analysis.inner(environment), storedSelect(view.definition), undefined, { resolveUnknowns: true, locking });
  analysis.leaveView(view);
  const columns = bound.output.map((column, at) => ({
    ...column,
    name: view.columns[at]?.name ?? column.name,
    tableOid: view.oid,
    attributeNumber: at + 1,
  }));
  const { plan, takeKeyColumn } = withPresence(analysis, bound.plan);
  const item: RangeItem = {
    kind: 'relation',
    name,
    hasAlias: alias !== undefined,
    table: undefined,
    relationOid: view.oid,
    schemaName: view.schemaName,
    columns: aliasColumns(analysis, accessColumns(access, columns), alias, name),
    isScalar: false,
    takeKeyColumn,
    access,
  };
  return { plan, item, relationOid: view.oid };
}

function bindCommonTable(scope: Scope, entry: CommonTableEntry, alias: Alias | undefined, location: number | undefined): Bound {
  const analysis = scope.analysis;
  if (entry.hasNoResult)
    throw analysis.error(sqlstate.featureNotSupported, `WITH query "${entry.name}" does not have a RETURNING clause`, location);
  entry.referenceCount++;
  if (entry.isRecursing) scope.hasSelfReference = true;
  const name = alias?.aliasname ?? entry.name;
  const columns = entry.columns.map((column) => {
    const id = analysis.newColumnId();
    if (column.shape !== undefined) analysis.shapes.set(id, column.shape);
    return { id, name: column.name, type: column.type, tableOid: column.tableOid, attributeNumber: column.attributeNumber };
  });
  const ranged = columns.map((column) => {
    const isLeftOutOfStar = entry.isRecursing && entry.added.has(column.name);
    return isLeftOutOfStar ? { ...rangeColumn(column), isLeftOutOfStar } : rangeColumn(column);
  });
  const item: RangeItem = {
    kind: 'cte',
    name,
    hasAlias: true,
    table: undefined,
    columns: aliasColumns(analysis, ranged, alias, name),
    isScalar: false,
    takeKeyColumn: undefined,
  };
  return { plan: { kind: 'cteScan', cte: entry.id, alias: name, columns }, item };
}
