/** ON CONFLICT: which unique indexes arbitrate, and what happens to the existing row. */
import type { InferClause, OnConflictClause } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { privilege } from '#sql/privilege.ts';
import type { IndexDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import type { ChangeTarget } from './change-target.ts';
import { resolveUnknown } from './coercion.ts';
import { bindCondition, bindExpression } from './expression.ts';
import { expressionKey } from './expression-key.ts';
import { tableColumns } from './from-relation.ts';
import type { OnConflict, OutputColumn } from './logical-plan.ts';
import { noteRead } from './relation-access.ts';
import { Scope, visible } from './scope.ts';
import { bindTableText } from './table-expression.ts';
import { bindAssignments } from './update.ts';

export function bindOnConflict(parent: Scope, into: ChangeTarget, node: OnConflictClause): OnConflict {
  const { analysis } = parent;
  const { table } = into;
  const isUpdate = node.action === 'ONCONFLICT_UPDATE';
  if (isUpdate && node.infer === undefined)
    throw analysis.error(sqlstate.syntaxError, 'ON CONFLICT DO UPDATE requires inference specification or constraint name', node.location, {
      hint: 'For example, ON CONFLICT (column_name).',
    });
  const scope = new Scope(analysis, parent);
  const access = parent.targetAccess;
  const existing = tableColumns(scope, table);
  const target = scope.addItem(into.item(existing));
  scope.target = target;
  scope.targetAccess = access;
  if (isUpdate && access !== undefined) access.required |= privilege.update;
  scope.namespace = [visible(target)];
  const arbiters = node.infer === undefined ? [] : inferArbiters(scope, into, existing, node.infer);
  if (!isUpdate) return { arbiters, action: { kind: 'nothing' } };
  const excluded = tableColumns(scope, table);
  const excludedItem = scope.addItem({ ...into.item(excluded, false), name: 'excluded', hasAlias: true });
  // RETURNING does not see it, but can say so.
  parent.rangeTable.push(excludedItem);
  scope.namespace = [visible(target), visible(excludedItem)];
  const { assignments } = bindAssignments(scope, into, node.targetList ?? [], 'onConflict');
  const whereClause = node.whereClause;
  const where = whereClause === undefined ? undefined : scope.within('where', () => bindCondition(scope, whereClause, 'WHERE'));
  return { arbiters, action: { kind: 'update', existing, excluded, assignments, where } };
}

/** Oids of the unique indexes that the conflict target names or fits. */
function inferArbiters(scope: Scope, into: ChangeTarget, columns: readonly OutputColumn[], infer: InferClause): readonly number[] {
  const { analysis } = scope;
  const { table } = into;
  if (infer.conname !== undefined) {
    const { conname } = infer;
    if (table.primaryKey?.name === conname) {
      noteArbiterColumns(scope, table.primaryKey.attributeNumbers);
      return [table.primaryKey.indexOid];
    }
    const index = table.indexes.find(
      (candidate) => candidate.name === conname && candidate.constraintOid !== undefined && candidate.isUnique,
    );
    if (index !== undefined) {
      const keys = index.keys.map((key) => key.attributeNumber).filter((attributeNumber) => attributeNumber !== 0);
      noteArbiterColumns(scope, keys);
      return [index.oid];
    }
    throw analysis.error(sqlstate.undefinedObject, `constraint "${conname}" for table "${table.name}" does not exist`);
  }
  const wantedColumns = new Set<number>();
  const wantedExpressions = new Set<string>();
  for (const node of infer.indexElems ?? []) {
    if (!('IndexElem' in node)) continue;
    const { name, expr } = node.IndexElem;
    if (name !== undefined) {
      const column = into.item(columns).columns.find((candidate) => candidate.name === name);
      if (column === undefined) throw analysis.error(sqlstate.undefinedColumn, `column "${name}" does not exist`, infer.location);
      wantedColumns.add(column.attributeNumber);
    } else if (expr !== undefined) {
      const bound = scope.within('indexExpression', () => resolveUnknown(analysis, bindExpression(scope, expr)));
      if (bound.kind === 'column') wantedColumns.add(columns.find(({ id }) => id === bound.id)?.attributeNumber ?? 0);
      else wantedExpressions.add(expressionKey(bound));
    }
  }
  noteArbiterColumns(scope, wantedColumns);
  const { whereClause } = infer;
  const predicate =
    whereClause === undefined ? undefined : scope.within('indexPredicate', () => bindCondition(scope, whereClause, 'WHERE'));
  const found: number[] = [];
  const key = table.primaryKey;
  if (key !== undefined && wantedExpressions.size === 0 && sameMembers(key.attributeNumbers, wantedColumns)) found.push(key.indexOid);
  for (const index of table.indexes)
    if (index.isUnique && index.state === 'valid' && fits(scope, table, columns, index, wantedColumns, wantedExpressions, predicate))
      found.push(index.oid);
  if (found.length === 0)
    analysis.notePlanningError(
      analysis.error(sqlstate.invalidColumnReference, 'there is no unique or exclusion constraint matching the ON CONFLICT specification'),
    );
  return found;
}

/** Which row is in the way tells what its key holds. */
function noteArbiterColumns(scope: Scope, attributeNumbers: Iterable<number>): void {
  if (scope.targetAccess === undefined) return;
  for (const attributeNumber of attributeNumbers) noteRead({ access: scope.targetAccess, attributeNumber });
}

const sameMembers = (numbers: readonly number[], wanted: ReadonlySet<number>): boolean =>
  new Set(numbers).size === wanted.size && numbers.every((number) => wanted.has(number));

function fits(
  scope: Scope,
  table: TableDescriptor,
  columns: readonly OutputColumn[],
  index: IndexDescriptor,
  wantedColumns: ReadonlySet<number>,
  wantedExpressions: ReadonlySet<string>,
  predicate: Expression | undefined,
): boolean {
  const plain = index.keys.filter((key) => key.attributeNumber !== 0).map((key) => key.attributeNumber);
  if (!sameMembers(plain, wantedColumns)) return false;
  const expressions = index.keys.flatMap((key) => (key.expressionText === undefined ? [] : [key.expressionText]));
  const keys = expressions.map((text) =>
    expressionKey(bindTableText(scope.analysis, text, table.name, columns, { kind: 'indexExpression' })),
  );
  if (new Set(keys).size !== wantedExpressions.size || !keys.every((key) => wantedExpressions.has(key))) return false;
  if (index.predicateText === undefined) return true;
  if (predicate === undefined) return false;
  // What the index leaves out must be left out by the statement too: each of its conditions is among the statement's.
  const needed = bindTableText(scope.analysis, index.predicateText, table.name, columns, { kind: 'indexPredicate' });
  const given = new Set(conjuncts(predicate).map(expressionKey));
  return conjuncts(needed).every((condition) => given.has(expressionKey(condition)));
}

const conjuncts = (condition: Expression): readonly Expression[] =>
  condition.kind === 'and' ? condition.args.flatMap(conjuncts) : [condition];
