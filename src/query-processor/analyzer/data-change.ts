/** INSERT, UPDATE and DELETE have in common: the target table, RETURNING, checks and generated columns. */
import type { DeleteStmt, InsertStmt, Node, UpdateStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import type { ColumnDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { coerceToTarget } from './coercion.ts';
import { bindDelete } from './delete.ts';
import type { Analysis } from './environment.ts';
import { bindInsert } from './insert.ts';
import type { NamedExpression, OutputColumn, TableCheck } from './logical-plan.ts';
import { bindMerge } from './merge.ts';
import type { NamespaceEntry, Scope } from './scope.ts';
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
