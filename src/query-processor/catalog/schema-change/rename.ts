/** ALTER ... RENAME: objects, columns and constraints under new names, and the stored texts that name them. */
import type { RenameStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { RelationDescriptor, TableDescriptor } from '../descriptors.ts';
import { requireOrdinaryName } from './create-table.ts';
import { renameDomain } from './domain.ts';
import { targetOf } from './drop-relation.ts';
import { hasConstraint } from './foreign-keys.ts';
import { renameRole } from './roles/create-role.ts';
import type { SchemaChange } from './schema-change.ts';
import { renamedText, textMentions } from './table-expressions.ts';
import { renameViewColumn } from './view.ts';

/** ALTER ... RENAME of tables, views, indexes, columns, constraints and schemas. */
export function rename(change: SchemaChange, statement: RenameStmt): void {
  const newName = statement.newname ?? '';
  switch (statement.renameType) {
    case 'OBJECT_SCHEMA':
      renameSchema(change, statement.subname ?? '', newName);
      return;
    case 'OBJECT_ROLE':
      renameRole(change, statement.subname ?? '', newName);
      return;
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX':
      renameRelation(change, statement, newName);
      return;
    case 'OBJECT_DOMAIN':
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMCONSTRAINT':
      renameDomain(change, statement);
      return;
    case 'OBJECT_COLUMN':
    case 'OBJECT_TABCONSTRAINT': {
      const view = change.findRelation(statement.relation ?? {});
      if (view?.kind === 'view' && statement.renameType === 'OBJECT_COLUMN') {
        change.put(renameViewColumn(view, statement.subname ?? '', newName));
        return;
      }
      const table = change.table(statement.relation ?? {}, statement.missing_ok === true);
      if (table === undefined) return;
      const oldName = statement.subname ?? '';
      change.put(
        statement.renameType === 'OBJECT_COLUMN'
          ? renameColumn(change, table, oldName, newName)
          : renameConstraint(change, table, oldName, newName),
      );
      return;
    }
    default:
      throw notSupported('unsupported object in RENAME statement');
  }
}

function renameSchema(change: SchemaChange, oldName: string, newName: string): void {
  const schema = change.schemaByName(oldName);
  if (change.catalog.schemaByName(newName) !== undefined) throw new SqlError('42P06', `schema "${newName}" already exists`);
  if (schema.oid < 16384) throw notSupported('feature not supported on system entity');
  change.put({ ...schema, name: newName });
  // Descriptors carry their schema's name: theirs are written anew.
  for (const domain of change.catalog.domains()) if (domain.schemaOid === schema.oid) change.put({ ...domain, schemaName: newName });
  for (const descriptor of change.catalog.functions())
    if (descriptor.schemaOid === schema.oid) change.put({ ...descriptor, schemaName: newName });
  for (const entry of change.catalog.statistics()) if (entry.schemaOid === schema.oid) change.put({ ...entry, schemaName: newName });
  for (const relation of change.catalog.relations(schema.oid)) change.put({ ...relation, schemaName: newName } as RelationDescriptor);
}

function renameRelation(change: SchemaChange, statement: RenameStmt, newName: string): void {
  const target = statement.relation ?? targetOf([]);
  const relation = change.findRelation(target);
  if (relation !== undefined) {
    if (relation.kind === 'system') throw change.systemRelation(relation.name);
    requireFree(change, relation.schemaOid, newName);
    change.put({ ...relation, name: newName });
    return;
  }
  const found = change.findIndex(target);
  if (found === undefined) {
    change.skipMissing(target, statement.missing_ok);
    return;
  }
  requireFree(change, found.table.schemaOid, newName);
  const { table, indexOid } = found;
  const key = table.primaryKey;
  change.put({
    ...table,
    primaryKey: key?.indexOid === indexOid ? { ...key, name: newName } : key,
    indexes: table.indexes.map((index) => (index.oid === indexOid ? { ...index, name: newName } : index)),
  });
}

function requireFree(change: SchemaChange, schemaOid: number, name: string): void {
  if (change.catalog.hasRelationName(schemaOid, name)) throw new SqlError(sqlstate.duplicateTable, `relation "${name}" already exists`);
}

function renameColumn(change: SchemaChange, table: TableDescriptor, oldName: string, newName: string): TableDescriptor {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === oldName);
  if (column === undefined) throw new SqlError(sqlstate.undefinedColumn, `column "${oldName}" does not exist`);
  requireOrdinaryName(newName);
  if (table.columns.some((entry) => !entry.isDropped && entry.name === newName))
    throw new SqlError(sqlstate.duplicateColumn, `column "${newName}" of relation "${table.name}" already exists`);
  const renamed = (text: string): string => renamedText(change, table, text, column.attributeNumber, newName);
  const optional = (text: string | undefined): string | undefined =>
    text !== undefined && textMentions(text, oldName) ? renamed(text) : text;
  for (const entry of change.catalog.statisticsOf(table.oid))
    change.put({ ...entry, expressions: entry.expressions.map((stated) => ({ ...stated, text: optional(stated.text) ?? stated.text })) });
  const columns = table.columns.map((entry) => ({
    ...entry,
    name: entry === column ? newName : entry.name,
    defaultText: entry.generated === undefined ? entry.defaultText : optional(entry.defaultText),
  }));
  return {
    ...table,
    columns,
    checks: table.checks.map((check) => ({ ...check, text: optional(check.text) ?? check.text })),
    indexes: table.indexes.map((index) => ({
      ...index,
      keys: index.keys.map((key) => ({ ...key, expressionText: optional(key.expressionText) })),
      predicateText: optional(index.predicateText),
    })),
  };
}

function renameConstraint(change: SchemaChange, table: TableDescriptor, oldName: string, newName: string): TableDescriptor {
  if (!hasConstraint(table, oldName))
    throw new SqlError(sqlstate.undefinedObject, `constraint "${oldName}" for table "${table.name}" does not exist`);
  if (hasConstraint(table, newName))
    throw new SqlError(sqlstate.duplicateObject, `constraint "${newName}" for relation "${table.name}" already exists`);
  const key = table.primaryKey;
  const ownsIndex = key?.name === oldName || table.indexes.some((index) => index.name === oldName);
  if (ownsIndex) requireFree(change, table.schemaOid, newName);
  return {
    ...table,
    primaryKey: key?.name === oldName ? { ...key, name: newName } : key,
    indexes: table.indexes.map((index) =>
      index.name === oldName && index.constraintOid !== undefined ? { ...index, name: newName } : index,
    ),
    checks: table.checks.map((check) => (check.name === oldName ? { ...check, name: newName } : check)),
    foreignKeys: table.foreignKeys.map((entry) => (entry.name === oldName ? { ...entry, name: newName } : entry)),
  };
}
