/** ALTER TABLE: its constraints, added, taken over from an index, validated and dropped. */
import type { AlterTableCmd, Constraint } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import {
  type CheckDescriptor,
  type ForeignKeyDescriptor,
  type IndexDescriptor,
  type PrimaryKeyDescriptor,
  type TableDescriptor,
  validated,
} from '../descriptors.ts';
import { type RowWork, rewriteOf } from './alter-work.ts';
import { keyColumns, makeCheck, namesOf, refuseDeferrable, uniqueIndex } from './create-table.ts';
import { foreignKeyOf, hasConstraint, releaseReferences, type StatedForeignKey, withoutForeignKey } from './foreign-keys.ts';
import { freeName, joinedColumns } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';

export function addConstraint(change: SchemaChange, table: TableDescriptor, constraint: Constraint, work: RowWork[]): TableDescriptor {
  if (constraint.conname !== undefined && hasConstraint(table, constraint.conname))
    throw new SqlError(sqlstate.duplicateObject, `constraint "${constraint.conname}" for relation "${table.name}" already exists`);
  switch (constraint.contype) {
    case 'CONSTR_CHECK': {
      const check = makeCheck(change, table, constraint, (name) => hasConstraint(table, name));
      if (check.isValidated) work.push({ kind: 'checkConstraint', name: check.name });
      return { ...table, checks: [...table.checks, check] };
    }
    case 'CONSTR_UNIQUE':
      if (constraint.indexname !== undefined) return useIndex(change, table, constraint, constraint.indexname);
      return addUnique(change, table, constraint, namesOf(constraint.keys), work);
    case 'CONSTR_FOREIGN':
      return addForeignKey(change, table, { constraint, column: undefined }, work);
    case 'CONSTR_PRIMARY':
      if (constraint.indexname !== undefined) return usePrimaryIndex(change, table, constraint, constraint.indexname, work);
      return addPrimaryKey(change, table, constraint, namesOf(constraint.keys), work);
    default:
      throw notSupported('unsupported ALTER TABLE ADD CONSTRAINT statement');
  }
}

export function addPrimaryKey(
  change: SchemaChange,
  table: TableDescriptor,
  constraint: Constraint,
  columns: readonly string[],
  work: RowWork[],
): TableDescriptor {
  refuseSecondKey(table, change, constraint);
  refuseDeferrable(constraint);
  const attributeNumbers = keyColumns(change, table, columns, 'primary key', constraint.location);
  const isTaken = (name: string): boolean => change.catalog.hasRelationName(table.schemaOid, name) || hasConstraint(table, name);
  if (constraint.conname !== undefined && isTaken(constraint.conname))
    throw new SqlError(sqlstate.duplicateTable, `relation "${constraint.conname}" already exists`);
  const name = constraint.conname ?? freeName(table.name, undefined, 'pkey', isTaken);
  rewriteOf(work);
  return withPrimaryKey(table, { indexOid: change.newOid(), constraintOid: change.newOid(), name, attributeNumbers });
}

/** ADD CONSTRAINT ... PRIMARY KEY USING INDEX: rows move under the key, and the index, which would say the same, is gone. */
function usePrimaryIndex(
  change: SchemaChange,
  table: TableDescriptor,
  constraint: Constraint,
  indexName: string,
  work: RowWork[],
): TableDescriptor {
  refuseSecondKey(table, change, constraint);
  const { index, name } = suitableIndex(change, table, constraint, indexName);
  rewriteOf(work);
  const indexes = table.indexes.filter((entry) => entry !== index);
  const attributeNumbers = index.keys.map((key) => key.attributeNumber);
  return withPrimaryKey({ ...table, indexes }, { indexOid: index.oid, constraintOid: change.newOid(), name, attributeNumbers });
}

function refuseSecondKey(table: TableDescriptor, change: SchemaChange, constraint: Constraint): void {
  if (table.primaryKey !== undefined)
    throw change.error(
      sqlstate.invalidTableDefinition,
      `multiple primary keys for table "${table.name}" are not allowed`,
      constraint.location,
    );
}

const withPrimaryKey = (table: TableDescriptor, primaryKey: PrimaryKeyDescriptor): TableDescriptor => ({
  ...table,
  primaryKey,
  columns: table.columns.map((column) =>
    primaryKey.attributeNumbers.includes(column.attributeNumber) ? { ...column, notNull: true } : column,
  ),
});

export function addForeignKey(change: SchemaChange, table: TableDescriptor, stated: StatedForeignKey, work: RowWork[]): TableDescriptor {
  const foreignKey = foreignKeyOf(change, table, stated);
  if (foreignKey.isValidated) work.push({ kind: 'checkForeignKey', constraintOid: foreignKey.constraintOid });
  return { ...table, foreignKeys: [...table.foreignKeys, foreignKey] };
}

export function addUnique(
  change: SchemaChange,
  table: TableDescriptor,
  constraint: Constraint,
  columns: readonly string[],
  work: RowWork[],
): TableDescriptor {
  const attributeNumbers = keyColumns(change, table, columns, 'unique', constraint.location);
  const included = keyColumns(change, table, namesOf(constraint.including), 'unique', constraint.location);
  const isTaken = (name: string): boolean => change.catalog.hasRelationName(table.schemaOid, name) || hasConstraint(table, name);
  if (constraint.conname !== undefined && isTaken(constraint.conname))
    throw new SqlError(sqlstate.duplicateTable, `relation "${constraint.conname}" already exists`);
  const name = constraint.conname ?? freeName(table.name, joinedColumns([...columns, ...namesOf(constraint.including)]), 'key', isTaken);
  const index = uniqueIndex(change, table, attributeNumbers, included, name, constraint);
  work.push({ kind: 'buildIndex', indexOid: index.oid });
  return { ...table, indexes: [...table.indexes, index] };
}

/** ADD CONSTRAINT ... UNIQUE USING INDEX: the index becomes the constraint's and takes its name. */
function useIndex(change: SchemaChange, table: TableDescriptor, constraint: Constraint, indexName: string): TableDescriptor {
  const { index, name } = suitableIndex(change, table, constraint, indexName);
  const owned = { ...index, name, constraintOid: change.newOid() };
  return { ...table, indexes: table.indexes.map((entry) => (entry === index ? owned : entry)) };
}

function suitableIndex(
  change: SchemaChange,
  table: TableDescriptor,
  constraint: Constraint,
  indexName: string,
): { readonly index: IndexDescriptor; readonly name: string } {
  const index = table.indexes.find((entry) => entry.name === indexName);
  if (index === undefined) throw new SqlError(sqlstate.undefinedObject, `index "${indexName}" does not exist`);
  if (index.constraintOid !== undefined)
    throw new SqlError(sqlstate.objectNotInPrerequisiteState, `index "${indexName}" is already associated with a constraint`);
  if (index.state !== 'valid') throw new SqlError(sqlstate.objectNotInPrerequisiteState, `index "${indexName}" is not valid`);
  const unsuited = (what: string): SqlError =>
    new SqlError(sqlstate.wrongObjectType, what, { detail: 'Cannot create a primary key or unique constraint using such an index.' });
  if (!index.isUnique) throw unsuited(`"${indexName}" is not a unique index`);
  if (index.keys.some((key) => key.attributeNumber === 0)) throw unsuited(`index "${indexName}" contains expressions`);
  if (index.predicateText !== undefined) throw unsuited(`"${indexName}" is a partial index`);
  const name = constraint.conname ?? indexName;
  if (name !== indexName) change.notice(`ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "${indexName}" to "${name}"`);
  return { index, name };
}

export function dropConstraint(
  change: SchemaChange,
  table: TableDescriptor,
  name: string,
  command: AlterTableCmd,
  work: RowWork[],
): TableDescriptor {
  const key = table.primaryKey;
  if (key?.name === name) {
    if (change.isDsql) throw notSupported('unsupported ALTER TABLE DROP CONSTRAINT statement');
    const released = releaseReferences(change, table, (entry) => entry.parentIndexOid === key.indexOid, {
      what: `constraint ${name} on table ${change.describe(table)}`,
      on: `index ${name}`,
      cascades: command.behavior === 'DROP_CASCADE',
    });
    rewriteOf(work);
    return { ...released, primaryKey: undefined };
  }
  const checks = table.checks.filter((check) => check.name !== name);
  if (checks.length < table.checks.length) return { ...table, checks };
  const foreignKey = table.foreignKeys.find((entry) => entry.name === name);
  if (foreignKey !== undefined) return withoutForeignKey(table, foreignKey);
  const index = table.indexes.find((entry) => entry.constraintOid !== undefined && entry.name === name);
  if (index !== undefined) {
    const released = releaseReferences(change, table, (entry) => entry.parentIndexOid === index.oid, {
      what: `constraint ${name} on table ${change.describe(table)}`,
      on: `index ${name}`,
      cascades: command.behavior === 'DROP_CASCADE',
    });
    change.abandonSpaces(index.oid, [index.space]);
    return { ...released, indexes: table.indexes.filter((entry) => entry !== index) };
  }
  const message = `constraint "${name}" of relation "${table.name}" does not exist`;
  if (!command.missing_ok) throw new SqlError(sqlstate.undefinedObject, message);
  change.notice(`${message}, skipping`);
  return table;
}

export function validateConstraint(table: TableDescriptor, name: string, work: RowWork[]): TableDescriptor {
  const constraint = constraintToValidate(table, name);
  if (constraint.isValidated) return table;
  const { constraintOid } = constraint;
  work.push('text' in constraint ? { kind: 'checkConstraint', name } : { kind: 'checkForeignKey', constraintOid });
  return validated(table, constraintOid);
}

/** The constraint that VALIDATE CONSTRAINT names. */
export function constraintToValidate(table: TableDescriptor, name: string): CheckDescriptor | ForeignKeyDescriptor {
  const foreignKey = table.foreignKeys.find((entry) => entry.name === name);
  if (foreignKey !== undefined) return foreignKey;
  const check = table.checks.find((entry) => entry.name === name);
  if (check === undefined && hasConstraint(table, name))
    throw new SqlError(
      sqlstate.wrongObjectType,
      `constraint "${name}" of relation "${table.name}" is not a foreign key or check constraint`,
    );
  if (check === undefined) throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" of relation "${table.name}" does not exist`);
  return check;
}
