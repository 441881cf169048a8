/** ALTER TABLE, and ALTER INDEX, VIEW or SEQUENCE where they say the same. Several actions are one change. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint, Node, RenameStmt } from '@pgsql/types';
import { maximumColumns, maximumLifetimeColumns } from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { isImmutable } from '../../analyzer/table-expression.ts';
import {
  type CheckDescriptor,
  type ColumnDescriptor,
  type ForeignKeyDescriptor,
  type RelationDescriptor,
  type TableDescriptor,
  validated,
} from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { addIdentity, dropIdentity, setIdentity } from './alter-identity.ts';
import { columnDraft, keyColumns, makeCheck, namesOf, requireOrdinaryName, uniqueIndex, withExpressions } from './create-table.ts';
import { releaseViews, viewsOfColumn } from './dependents.ts';
import { dropOwnedSequences, targetOf } from './drop-relation.ts';
import {
  alterForeignKey,
  foreignKeyOf,
  hasConstraint,
  releaseReferences,
  type StatedForeignKey,
  withoutForeignKey,
} from './foreign-keys.ts';
import { freeName, joinedColumns } from './object-names.ts';
import { renameRole } from './roles/create-role.ts';
import type { SchemaChange } from './schema-change.ts';
import { renamedText, tableExpression } from './table-expressions.ts';
import { renameViewColumn } from './view.ts';

/** What must be seen to in the rows before the change may stand. */
export type RowWork =
  | { readonly kind: 'checkNotNull'; readonly attributeNumber: number }
  | { readonly kind: 'checkConstraint'; readonly name: string }
  | { readonly kind: 'checkForeignKey'; readonly constraintOid: number }
  | { readonly kind: 'buildIndex'; readonly indexOid: number }
  /** A column whose default cannot be kept beside the table (it is not constant): every row is written anew. */
  | { readonly kind: 'fillColumn'; readonly attributeNumber: number };

export type AlteredTable = { readonly before: TableDescriptor; readonly after: TableDescriptor; readonly work: readonly RowWork[] };

export function alterTable(change: SchemaChange, statement: AlterTableStmt): AlteredTable | undefined {
  const before = change.table(statement.relation ?? {}, statement.missing_ok === true);
  if (before === undefined) return undefined;
  let table = before;
  const work: RowWork[] = [];
  for (const node of statement.cmds ?? []) {
    if (!('AlterTableCmd' in node)) continue;
    table = applyAction(change, table, node.AlterTableCmd, work);
  }
  if (table === before) return undefined;
  change.put(table);
  if (work.length > 0) change.excludeWriters(before);
  for (const item of work) if (item.kind === 'checkForeignKey') excludeParentWriters(change, table, item.constraintOid);
  return { before, after: table, work };
}

/** F3 of foreign-keys.ts. */
function excludeParentWriters(change: SchemaChange, table: TableDescriptor, constraintOid: number): void {
  const foreignKey = table.foreignKeys.find((entry) => entry.constraintOid === constraintOid);
  const parent = foreignKey === undefined ? undefined : change.catalog.relationByOid(foreignKey.parentOid);
  if (parent?.kind === 'table') change.excludeWriters(parent);
}

function applyAction(change: SchemaChange, table: TableDescriptor, command: AlterTableCmd, work: RowWork[]): TableDescriptor {
  const name = command.name ?? '';
  const definition = command.def;
  switch (command.subtype) {
    case 'AT_AddColumn':
      return definition !== undefined && 'ColumnDef' in definition ? addColumn(change, table, definition.ColumnDef, command, work) : table;
    case 'AT_DropColumn':
      return dropColumn(change, table, name, command);
    case 'AT_ColumnDefault':
      return setDefault(change, table, name, definition);
    case 'AT_SetNotNull':
      return setNotNull(change, table, name, work);
    case 'AT_DropNotNull':
      return dropNotNull(change, table, name);
    case 'AT_AddConstraint':
      return definition !== undefined && 'Constraint' in definition ? addConstraint(change, table, definition.Constraint, work) : table;
    case 'AT_DropConstraint':
      return dropConstraint(change, table, name, command);
    case 'AT_AlterConstraint':
      return definition !== undefined && 'Constraint' in definition ? alterForeignKey(table, definition.Constraint) : table;
    case 'AT_ValidateConstraint':
      return validateConstraint(table, name, work);
    case 'AT_ChangeOwner':
      return changeOwner(change, table, command);
    case 'AT_SetStorage':
    case 'AT_EnableTrigAll':
    case 'AT_EnableTrigUser':
    case 'AT_DisableTrigAll':
    case 'AT_DisableTrigUser':
      return table;
    case 'AT_AddIdentity':
      return withColumn(table, addIdentity(change, table, columnOf(change, table, name), command));
    case 'AT_SetIdentity':
      return withColumn(table, setIdentity(change, table, columnOf(change, table, name), command));
    case 'AT_DropIdentity':
      return withColumn(table, dropIdentity(change, table, columnOf(change, table, name), command));
    case 'AT_DropExpression':
      return dropExpression(change, table, name, command.missing_ok === true);
    default:
      throw notSupported(
        `unsupported ALTER TABLE ${(command.subtype ?? '')
          .replace(/^AT_/, '')
          .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
          .toUpperCase()} statement`,
      );
  }
}

function columnOf(change: SchemaChange, table: TableDescriptor, name: string): ColumnDescriptor {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
  if (column === undefined) throw change.error(sqlstate.undefinedColumn, `column "${name}" of relation "${table.name}" does not exist`);
  return column;
}

const withColumn = (table: TableDescriptor, column: ColumnDescriptor): TableDescriptor => ({
  ...table,
  columns: table.columns.map((entry) => (entry.attributeNumber === column.attributeNumber ? column : entry)),
});

function addColumn(
  change: SchemaChange,
  table: TableDescriptor,
  definition: ColumnDef,
  command: AlterTableCmd,
  work: RowWork[],
): TableDescriptor {
  const name = definition.colname ?? '';
  requireOrdinaryName(name);
  if (table.columns.some((column) => !column.isDropped && column.name === name)) {
    const message = `column "${name}" of relation "${table.name}" already exists`;
    if (!command.missing_ok) throw new SqlError(sqlstate.duplicateColumn, message);
    change.notice(`${message}, skipping`, sqlstate.duplicateColumn);
    return table;
  }
  if (table.columns.filter((column) => !column.isDropped).length >= maximumColumns)
    throw new SqlError(sqlstate.tooManyColumns, `tables can have at most ${maximumColumns} columns`);
  if (table.columns.length >= maximumLifetimeColumns)
    throw new SqlError(sqlstate.tooManyColumns, `tables can have at most ${maximumLifetimeColumns} columns`);
  const keys: Parameters<typeof columnDraft>[3] = [];
  const checks: Parameters<typeof columnDraft>[4] = [];
  const foreignKeys: StatedForeignKey[] = [];
  const draft = columnDraft(change, table.name, definition, keys, checks, foreignKeys);
  if (draft.identity !== undefined || draft.isSerial) throw notSupported('unsupported ALTER TABLE ADD COLUMN with a sequence');
  if (keys.some((key) => key.isPrimary)) throw notSupported('unsupported ALTER TABLE ADD CONSTRAINT statement');
  const attributeNumber = table.columns.length + 1;
  const bare: ColumnDescriptor = {
    attributeNumber,
    name,
    type: draft.type,
    notNull: draft.notNull === true,
    defaultText: undefined,
    generated: draft.generatedNode === undefined ? undefined : 'stored',
    identity: undefined,
    isDropped: false,
    missingText: undefined,
  };
  let altered: TableDescriptor = { ...table, columns: [...table.columns, bare] };
  let column = withExpressions(change, altered, bare, draft);
  column = fillOlderRows(change, altered, column, draft.defaultNode, work);
  altered = withColumn(altered, column);
  for (const { constraint } of checks) {
    const check = makeCheck(change, altered, constraint, (taken) => hasConstraint(altered, taken));
    altered = { ...altered, checks: [...altered.checks, check] };
    work.push({ kind: 'checkConstraint', name: check.name });
  }
  for (const key of keys) altered = addUnique(change, altered, key.constraint, key.columns, work);
  for (const stated of foreignKeys) altered = addForeignKey(change, altered, stated, work);
  return altered;
}

/** What rows from before read as in the new column. */
function fillOlderRows(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  defaultNode: Node | undefined,
  work: RowWork[],
): ColumnDescriptor {
  if (column.defaultText === undefined || defaultNode === undefined) {
    if (column.generated !== undefined) work.push({ kind: 'fillColumn', attributeNumber: column.attributeNumber });
    else if (column.notNull) work.push({ kind: 'checkNotNull', attributeNumber: column.attributeNumber });
    return column;
  }
  const bound = tableExpression(change, table, defaultNode, 'default', column);
  const value = isImmutable(bound.expression) ? evaluateOnce(bound.expression, change.evaluationContext) : undefined;
  if (value === undefined || (value !== null && !survivesText(column, value))) {
    work.push({ kind: 'fillColumn', attributeNumber: column.attributeNumber });
    return column;
  }
  if (value === null) {
    if (column.notNull) work.push({ kind: 'checkNotNull', attributeNumber: column.attributeNumber });
    return column;
  }
  return { ...column, missingText: typeByOid(column.type.oid).output(value, descriptorContext) };
}

const descriptorContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

/** reg* names mean nothing without a catalog: such values are written into the rows. */
const survivesText = (column: ColumnDescriptor, _value: NonNull): boolean => !typeByOid(column.type.oid).name.startsWith('reg');

function dropColumn(change: SchemaChange, table: TableDescriptor, name: string, command: AlterTableCmd): TableDescriptor {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
  if (column === undefined) {
    const message = `column "${name}" of relation "${table.name}" does not exist`;
    if (!command.missing_ok) throw new SqlError(sqlstate.undefinedColumn, message);
    change.notice(`${message}, skipping`);
    return table;
  }
  const number = column.attributeNumber;
  if (table.primaryKey?.attributeNumbers.includes(number)) throw notSupported(`cannot drop primary key column ${name}`);
  const dependent = table.columns.find(
    (entry) => !entry.isDropped && entry.generated !== undefined && entry !== column && textMentions(entry.defaultText, name),
  );
  if (dependent !== undefined && command.behavior !== 'DROP_CASCADE')
    throw new SqlError(
      sqlstate.dependentObjectsStillExist,
      `cannot drop column ${name} of table ${change.describe(table)} because other objects depend on it`,
      {
        detail: `column ${dependent.name} of table ${change.describe(table)} depends on column ${name} of table ${change.describe(table)}`,
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      },
    );
  const place = `column ${name} of table ${change.describe(table)}`;
  releaseViews(change, viewsOfColumn(change, table, number), place, command.behavior === 'DROP_CASCADE');
  const released = releaseReferences(change, table, (foreignKey) => foreignKey.parentAttributeNumbers.includes(number), {
    what: place,
    on: place,
    cascades: command.behavior === 'DROP_CASCADE',
  });
  // Checks, foreign keys and indexes over the column go with it, as in PostgreSQL, where they depend on it automatically.
  const usesColumn = (text: string | undefined): boolean => textMentions(text, name);
  const indexes = table.indexes.filter(
    (index) =>
      !index.keys.some((key) => key.attributeNumber === number || usesColumn(key.expressionText)) &&
      !index.included.includes(number) &&
      !usesColumn(index.predicateText),
  );
  for (const index of table.indexes) if (!indexes.includes(index)) change.abandonSpaces(index.oid, [index.space]);
  dropOwnedSequences(change, table, number);
  const dropped: ColumnDescriptor = {
    ...column,
    name: `........pg.dropped.${number}........`,
    notNull: false,
    defaultText: undefined,
    generated: undefined,
    identity: undefined,
    isDropped: true,
    missingText: undefined,
  };
  let altered: TableDescriptor = {
    ...withColumn(table, dropped),
    indexes,
    checks: table.checks.filter((check) => !usesColumn(check.text)),
    foreignKeys: released.foreignKeys.filter((foreignKey) => !foreignKey.attributeNumbers.includes(number)),
  };
  if (dependent !== undefined) altered = dropColumn(change, altered, dependent.name, command);
  return altered;
}

/** Stored expression texts name columns bare. */
function textMentions(text: string | undefined, name: string): boolean {
  if (text === undefined) return false;
  const withoutStrings = text.replace(/'(?:[^']|'')*'/g, "''");
  const quoted = quoteIdentifier(name).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(^|[^\\w".])${quoted}($|[^\\w"(])`).test(withoutStrings);
}

function setDefault(change: SchemaChange, table: TableDescriptor, name: string, node: Node | undefined): TableDescriptor {
  const column = columnOf(change, table, name);
  if (column.generated !== undefined)
    throw new SqlError(sqlstate.syntaxError, `column "${name}" of relation "${table.name}" is a generated column`);
  if (node === undefined) return withColumn(table, { ...column, defaultText: undefined });
  const bound = tableExpression(change, table, node, 'default', column);
  const isNull = bound.expression.kind === 'constant' && bound.expression.value === null;
  return withColumn(table, { ...column, defaultText: isNull ? undefined : bound.text });
}

function dropExpression(change: SchemaChange, table: TableDescriptor, name: string, isMissingOk: boolean): TableDescriptor {
  const column = columnOf(change, table, name);
  if (column.generated === undefined) {
    const message = `column "${name}" of relation "${table.name}" is not a stored generated column`;
    if (!isMissingOk) throw new SqlError(sqlstate.objectNotInPrerequisiteState, message);
    change.notice(`${message}, skipping`);
    return table;
  }
  return withColumn(table, { ...column, generated: undefined, defaultText: undefined });
}

function setNotNull(change: SchemaChange, table: TableDescriptor, name: string, work: RowWork[]): TableDescriptor {
  const column = columnOf(change, table, name);
  if (column.notNull) return table;
  work.push({ kind: 'checkNotNull', attributeNumber: column.attributeNumber });
  return withColumn(table, { ...column, notNull: true });
}

function dropNotNull(change: SchemaChange, table: TableDescriptor, name: string): TableDescriptor {
  const column = columnOf(change, table, name);
  if (table.primaryKey?.attributeNumbers.includes(column.attributeNumber))
    throw new SqlError(sqlstate.invalidTableDefinition, `column "${name}" is in a primary key`);
  return column.notNull ? withColumn(table, { ...column, notNull: false }) : table;
}

function addConstraint(change: SchemaChange, table: TableDescriptor, constraint: Constraint, work: RowWork[]): TableDescriptor {
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
    default:
      throw notSupported('unsupported ALTER TABLE ADD CONSTRAINT statement');
  }
}

function addForeignKey(change: SchemaChange, table: TableDescriptor, stated: StatedForeignKey, work: RowWork[]): TableDescriptor {
  const foreignKey = foreignKeyOf(change, table, stated);
  if (foreignKey.isValidated) work.push({ kind: 'checkForeignKey', constraintOid: foreignKey.constraintOid });
  return { ...table, foreignKeys: [...table.foreignKeys, foreignKey] };
}

function addUnique(
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
  const owned = { ...index, name, constraintOid: change.newOid() };
  return { ...table, indexes: table.indexes.map((entry) => (entry === index ? owned : entry)) };
}

function dropConstraint(change: SchemaChange, table: TableDescriptor, name: string, command: AlterTableCmd): TableDescriptor {
  if (table.primaryKey?.name === name) throw notSupported('unsupported ALTER TABLE DROP CONSTRAINT statement');
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

/** The constraint that VALIDATE CONSTRAINT names. */
function constraintToValidate(table: TableDescriptor, name: string): CheckDescriptor | ForeignKeyDescriptor {
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

function validateConstraint(table: TableDescriptor, name: string, work: RowWork[]): TableDescriptor {
  const constraint = constraintToValidate(table, name);
  if (constraint.isValidated) return table;
  const { constraintOid } = constraint;
  work.push('text' in constraint ? { kind: 'checkConstraint', name } : { kind: 'checkForeignKey', constraintOid });
  return validated(table, constraintOid);
}

/** ALTER TABLE ASYNC ... VALIDATE CONSTRAINT: leaves the work to a job (dsql-behaviour 3.3: of a valid constraint it is an error). */
export function validateAsync(change: SchemaChange, statement: AlterTableStmt): void {
  const table = change.table(statement.relation ?? {}, statement.missing_ok === true);
  if (table === undefined) return;
  const [node, ...more] = statement.cmds ?? [];
  if (node === undefined || !('AlterTableCmd' in node) || node.AlterTableCmd.subtype !== 'AT_ValidateConstraint' || more.length > 0)
    throw notSupported('ALTER TABLE ASYNC takes one VALIDATE CONSTRAINT');
  const { name = '' } = node.AlterTableCmd;
  const { isValidated, constraintOid } = constraintToValidate(table, name);
  if (isValidated)
    throw new SqlError(sqlstate.objectNotInPrerequisiteState, `constraint "${name}" of relation "${table.name}" is already validated`);
  change.validation = { table, constraintOid };
}

function changeOwner(change: SchemaChange, table: TableDescriptor, command: AlterTableCmd): TableDescriptor {
  const owner = command.newowner;
  const name = owner?.roletype === 'ROLESPEC_CSTRING' ? (owner.rolename ?? '') : change.host.user;
  const role = change.catalog.roleByName(name);
  if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${name}" does not exist`);
  return role.oid === table.ownerOid ? table : { ...table, ownerOid: role.oid };
}

/** ALTER ... RENAME of tables, views, indexes, columns, constraints and schemas. */
export function rename(change: SchemaChange, statement: RenameStmt): void {
  const newName = statement.newname ?? '';
  switch (statement.renameType) {
    case 'OBJECT_ROLE':
      renameRole(change, statement.subname ?? '', newName);
      return;
    case 'OBJECT_SCHEMA':
      renameSchema(change, statement.subname ?? '', newName);
      return;
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_INDEX':
      renameRelation(change, statement, newName);
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
