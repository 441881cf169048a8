/** INSERT, UPDATE and DELETE have in common: the target table, RETURNING, checks and generated columns. */
import type { DeleteStmt, InsertStmt, Node, RangeVar, UpdateStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import type { ColumnDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { privilege } from '../catalog/privileges/privilege.ts';
import { coerceToTarget } from './coercion.ts';
import { bindDelete } from './delete.ts';
import type { Analysis } from './environment.ts';
import { rangeColumn } from './from-clause.ts';
import { accessColumns, openRelation } from './from-relation.ts';
import { bindInsert } from './insert.ts';
import type { NamedExpression, OutputColumn, TableCheck } from './logical-plan.ts';
import { bindMerge } from './merge.ts';
import type { RelationAccess } from './relation-access.ts';
import type { NamespaceEntry, RangeItem, Scope } from './scope.ts';
import type { BoundSelect } from './select.ts';
import { bindTableText } from './table-expression.ts';
import { bindTargets, nameTargets, resolveUnknownTargets } from './targets.ts';
import { typeDisplayName } from './type-facts.ts';
import { bindUpdate } from './update.ts';

export type DataChangeStatement =
  | { readonly InsertStmt: InsertStmt }
  | { readonly UpdateStmt: UpdateStmt }
  | { readonly DeleteStmt: DeleteStmt };

/** Binds a data change in a scope of its own below `parent` (whose common tables it may read). */
export function bindDataChange(parent: Scope, node: Node | undefined): BoundSelect {
  parent.analysis.noteChange();
  if (node !== undefined && 'InsertStmt' in node) return bindInsert(parent, node.InsertStmt);
  if (node !== undefined && 'UpdateStmt' in node) return bindUpdate(parent, node.UpdateStmt);
  if (node !== undefined && 'DeleteStmt' in node) return bindDelete(parent, node.DeleteStmt);
  if (node !== undefined && 'MergeStmt' in node) {
    if (!parent.isRoot) throw parent.analysis.notSupported('MERGE not supported in WITH query');
    return bindMerge(parent, node.MergeStmt);
  }
  throw parent.analysis.notSupported(`${node === undefined ? 'nothing' : Object.keys(node)[0]} is not supported in WITH`);
}

const privilegeOf = { 'insert into': privilege.insert, update: privilege.update, 'delete from': privilege.delete } as const;

/** The table that a statement changes. */
export function openTarget(scope: Scope, node: RangeVar, verb: 'insert into' | 'update' | 'delete from'): TableDescriptor {
  const analysis = scope.analysis;
  const relation = openRelation(scope, node);
  if (relation.kind === 'view') {
    if (relation.oid < 16384) throw analysis.error(sqlstate.insufficientPrivilege, `permission denied for view ${relation.name}`);
    throw analysis.error(sqlstate.objectNotInPrerequisiteState, `cannot ${verb} view "${relation.name}"`, undefined, {
      detail: 'Views are not automatically updatable.',
    });
  }
  if (relation.kind === 'system') throw new SqlError(sqlstate.insufficientPrivilege, `permission denied for table ${relation.name}`);
  scope.targetAccess = analysis.addAccess(relation, privilegeOf[verb]);
  return relation;
}

/** The target as a range item over some columns of its rows. */
export const targetItem = (
  table: TableDescriptor,
  node: RangeVar,
  columns: readonly OutputColumn[],
  access: RelationAccess | undefined,
): RangeItem => ({
  kind: 'relation',
  name: node.alias?.aliasname ?? table.name,
  hasAlias: node.alias !== undefined,
  table,
  columns: access === undefined ? columns.map(rangeColumn) : accessColumns(access, columns),
  isScalar: false,
  takeKeyColumn: undefined,
});

/** A live column by name; throws 42703. */
export function targetColumn(analysis: Analysis, table: TableDescriptor, name: string, location: number | undefined): ColumnDescriptor {
  const column = table.columns.find((candidate) => candidate.name === name && !candidate.isDropped);
  if (column !== undefined) return column;
  throw analysis.error(sqlstate.undefinedColumn, `column "${name}" of relation "${table.name}" does not exist`, location);
}

/** A value on its way into a column. */
export function coerceForColumn(analysis: Analysis, column: ColumnDescriptor, expression: Expression): Expression {
  const coerced = coerceToTarget(analysis, expression, column.type, 'assignment');
  if (coerced !== undefined) return coerced;
  throw analysis.error(
    sqlstate.datatypeMismatch,
    `column "${column.name}" is of type ${typeDisplayName(column.type.oid)} but expression is of type ${typeDisplayName(expression.type.oid)}`,
    analysis.locationOf(expression),
    { hint: 'You will need to rewrite or cast the expression.' },
  );
}

export function bindChecks(analysis: Analysis, table: TableDescriptor, newColumns: readonly OutputColumn[]): readonly TableCheck[] {
  return table.checks.map(({ name, text }) => ({
    name,
    condition: bindTableText(analysis, text, table.name, newColumns, { kind: 'check' }),
  }));
}

export function bindGenerated(
  analysis: Analysis,
  table: TableDescriptor,
  newColumns: readonly OutputColumn[],
): readonly { readonly attributeNumber: number; readonly expression: Expression }[] {
  return table.columns.flatMap((column) => {
    if (column.isDropped || column.generated === undefined || column.defaultText === undefined) return [];
    const expression = bindTableText(analysis, column.defaultText, table.name, newColumns, { kind: 'generated', column });
    return [{ attributeNumber: column.attributeNumber, expression }];
  });
}

export type Returning = { readonly named: readonly NamedExpression[] | undefined; readonly output: readonly OutputColumn[] };

/** RETURNING over the given FROM entries. */
export function bindReturning(scope: Scope, nodes: readonly Node[] | undefined, entries: readonly NamespaceEntry[]): Returning {
  if (nodes === undefined || nodes.length === 0) return { named: undefined, output: [] };
  const analysis = scope.analysis;
  scope.namespace = [...entries];
  const targets = scope.within('returning', () => bindTargets(scope, nodes));
  resolveUnknownTargets(analysis, targets);
  return nameTargets(analysis, targets, (id) => analysis.owners.get(id)?.scope === scope);
}
