/** ALTER TABLE, and ALTER INDEX, VIEW or SEQUENCE where they say the same. Several actions are one change. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Node } from '@pgsql/types';
import { maximumColumns, maximumLifetimeColumns } from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { withBaseDomains } from '../../analyzer/domain.ts';
import { isImmutable } from '../../analyzer/table-expression.ts';
import type { ColumnDescriptor, TableDescriptor } from '../descriptors.ts';
import { alterColumnType, inNewSpaces, type Rewrite } from './alter-column-type.ts';
import {
  addConstraint,
  addForeignKey,
  addPrimaryKey,
  addUnique,
  constraintToValidate,
  dropConstraint,
  validateConstraint,
} from './alter-constraints.ts';
import { addIdentity, dropIdentity, setIdentity } from './alter-identity.ts';
import { type RowWork, rewriteOf } from './alter-work.ts';
import { columnSequence } from './create-sequence.ts';
import { type ColumnDraft, columnDraft, makeCheck, nextvalText, requireOrdinaryName, withExpressions } from './create-table.ts';
import { dependenceLines, dependentsOf, describeDependent } from './dependent-objects.ts';
import { releaseViews, stillNeeded, viewsOfColumn } from './dependents.ts';
import { dropOwnedSequences } from './drop-relation.ts';
import { alterForeignKey, hasConstraint, releaseReferences, type StatedForeignKey } from './foreign-keys.ts';
import { freeName } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { tableExpression, textMentions } from './table-expressions.ts';

export type AlteredTable = { readonly before: TableDescriptor; readonly after: TableDescriptor; readonly work: readonly RowWork[] };

export function alterTable(change: SchemaChange, statement: AlterTableStmt): AlteredTable | undefined {
  const before = change.table(statement.relation ?? {}, statement.missing_ok === true);
  if (before === undefined) return undefined;
  const commands = (statement.cmds ?? []).flatMap((node) => ('AlterTableCmd' in node ? [node.AlterTableCmd] : []));
  return applyActions(change, before, before, commands);
}

/** `known`: the table as the change has it by now. undefined: nothing has changed. */
export function applyActions(
  change: SchemaChange,
  before: TableDescriptor,
  known: TableDescriptor,
  commands: readonly AlterTableCmd[],
): AlteredTable | undefined {
  let table = known;
  const work: RowWork[] = [];
  for (const command of commands) table = applyAction(change, before, table, command, work);
  if (table === known) return undefined;
  const rewrite = work.find((item) => item.kind === 'rewrite')?.rewrite;
  const done = rewrite === undefined ? work : rewriteWork(change, before, table, rewrite, work);
  if (rewrite !== undefined) table = inNewSpaces(change, before, table);
  change.put(table);
  if (done.length > 0) change.excludeWriters(before);
  for (const item of done) if (item.kind === 'checkForeignKey') excludeParentWriters(change, table, item.constraintOid);
  return { before, after: table, work: done };
}

/** What is left to be done beside a rewrite, which fills columns and builds every index itself. */
function rewriteWork(
  change: SchemaChange,
  before: TableDescriptor,
  table: TableDescriptor,
  rewrite: Rewrite,
  work: readonly RowWork[],
): readonly RowWork[] {
  const rest: RowWork[] = [{ kind: 'rewrite', rewrite }];
  for (const item of work) {
    if (item.kind === 'fillColumn') rewrite.defaults.add(item.attributeNumber);
    else if (item.kind === 'fillFromSequence') rewrite.sequences.set(item.attributeNumber, item.sequenceOid);
    else if (item.kind === 'checkForeignKey') rest.push(item);
  }
  // A condition may read otherwise over another type.
  for (const check of table.checks) if (check.isValidated) rest.push({ kind: 'checkConstraint', name: check.name });
  const retyped = (attributeNumber: number): boolean => rewrite.conversions.has(attributeNumber);
  for (const foreignKey of table.foreignKeys)
    if (foreignKey.isValidated && foreignKey.attributeNumbers.some(retyped))
      rest.push({ kind: 'checkForeignKey', constraintOid: foreignKey.constraintOid });
  for (const { child, foreignKey } of change.catalog.referencesTo(before.oid)) {
    if (!foreignKey.isValidated || child.oid === before.oid || !foreignKey.parentAttributeNumbers.some(retyped)) continue;
    change.excludeWriters(child);
    rest.push({ kind: 'checkForeignKey', constraintOid: foreignKey.constraintOid, childOid: child.oid });
  }
  return rest;
}

/** F3 of foreign-keys.ts. */
function excludeParentWriters(change: SchemaChange, table: TableDescriptor, constraintOid: number): void {
  const foreignKey = table.foreignKeys.find((entry) => entry.constraintOid === constraintOid);
  const parent = foreignKey === undefined ? undefined : change.catalog.relationByOid(foreignKey.parentOid);
  if (parent?.kind === 'table') change.excludeWriters(parent);
}

function applyAction(
  change: SchemaChange,
  before: TableDescriptor,
  table: TableDescriptor,
  command: AlterTableCmd,
  work: RowWork[],
): TableDescriptor {
  const name = command.name ?? '';
  const definition = command.def;
  switch (command.subtype) {
    case 'AT_AddColumn':
      return definition !== undefined && 'ColumnDef' in definition ? addColumn(change, table, definition.ColumnDef, command, work) : table;
    case 'AT_DropColumn':
      return dropColumn(change, table, name, command, work);
    case 'AT_AlterColumnType': {
      const column = columnOf(change, table, name);
      if (definition === undefined || !('ColumnDef' in definition)) return table;
      return alterColumnType(change, before, table, column, definition.ColumnDef, rewriteOf(work));
    }
    case 'AT_ColumnDefault':
      return setDefault(change, table, name, definition);
    case 'AT_SetNotNull':
      return setNotNull(change, table, name, work);
    case 'AT_DropNotNull':
      return dropNotNull(change, table, name);
    case 'AT_AddConstraint':
      return definition !== undefined && 'Constraint' in definition ? addConstraint(change, table, definition.Constraint, work) : table;
    case 'AT_DropConstraint':
      return dropConstraint(change, table, name, command, work);
    case 'AT_AlterConstraint':
      return definition !== undefined && 'Constraint' in definition ? alterForeignKey(table, definition.Constraint) : table;
    case 'AT_ValidateConstraint':
      return validateConstraint(table, name, work);
    case 'AT_ChangeOwner':
      return changeOwner(change, table, command);
    // What these would tune is not there.
    case 'AT_SetStatistics':
      columnOf(change, table, name);
      return table;
    case 'AT_SetRelOptions':
    case 'AT_ResetRelOptions':
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
  const attributeNumber = table.columns.length + 1;
  const bare: ColumnDescriptor = {
    attributeNumber,
    name,
    type: draft.type,
    notNull: draft.notNull === true || draft.identity !== undefined || draft.isSerial,
    defaultText: undefined,
    generated: draft.generatedNode === undefined ? undefined : 'stored',
    identity: draft.identity?.kind,
    isDropped: false,
    missingText: undefined,
  };
  let altered: TableDescriptor = { ...table, columns: [...table.columns, bare] };
  let column = withExpressions(change, altered, bare, draft);
  const own = draft.identity !== undefined || draft.isSerial ? addSequence(change, altered, column, draft) : undefined;
  if (own !== undefined) {
    column = own.column;
    work.push({ kind: 'fillFromSequence', attributeNumber, sequenceOid: own.sequenceOid });
  } else column = fillOlderRows(change, altered, column, draft.defaultNode, work);
  altered = withColumn(altered, column);
  for (const { constraint } of checks) {
    const check = makeCheck(change, altered, constraint, (taken) => hasConstraint(altered, taken));
    altered = { ...altered, checks: [...altered.checks, check] };
    work.push({ kind: 'checkConstraint', name: check.name });
  }
  for (const key of keys)
    altered = key.isPrimary
      ? addPrimaryKey(change, altered, key.constraint, key.columns, work)
      : addUnique(change, altered, key.constraint, key.columns, work);
  for (const stated of foreignKeys) altered = addForeignKey(change, altered, stated, work);
  return altered;
}

/** The sequence of an identity or serial column that is added. */
function addSequence(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  { identity, isSerial }: ColumnDraft,
): { readonly column: ColumnDescriptor; readonly sequenceOid: number } {
  const { schemaOid, schemaName } = table;
  const name = freeName(table.name, column.name, 'seq', (taken) => change.catalog.hasRelationName(schemaOid, taken));
  const ownedBy = { tableOid: table.oid, attributeNumber: column.attributeNumber };
  const sequence = columnSequence(change, { schemaOid, schemaName, name, ownedBy }, column.type.oid, identity?.options ?? []);
  return { column: isSerial ? { ...column, defaultText: nextvalText(schemaName, name) } : column, sequenceOid: sequence.oid };
}

/** What rows from before read as in the new column. */
function fillOlderRows(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  defaultNode: Node | undefined,
  work: RowWork[],
): ColumnDescriptor {
  if (defaultNode === undefined && column.generated === undefined && column.type.domain !== undefined) {
    const chain = withBaseDomains(change.catalog, column.type.domain);
    if (chain.some((domain) => domain.defaultText !== undefined))
      throw notSupported('ADD COLUMN of a domain that has a default is not supported without a default of its own');
    if (column.notNull || chain.some((domain) => domain.notNull))
      work.push({ kind: 'checkNotNull', attributeNumber: column.attributeNumber });
    return column;
  }
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

function dropColumn(change: SchemaChange, table: TableDescriptor, name: string, command: AlterTableCmd, work: RowWork[]): TableDescriptor {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
  if (column === undefined) {
    const message = `column "${name}" of relation "${table.name}" does not exist`;
    if (!command.missing_ok) throw new SqlError(sqlstate.undefinedColumn, message);
    change.notice(`${message}, skipping`);
    return table;
  }
  const number = column.attributeNumber;
  const isInKey = table.primaryKey?.attributeNumbers.includes(number) === true;
  if (isInKey && change.isDsql) throw notSupported(`cannot drop primary key column ${name}`);
  const dependents = dependentsOf(change, [{ kind: 'column', table, column }]);
  const place = `column ${name} of table ${change.describe(table)}`;
  if (dependents.length > 0 && command.behavior !== 'DROP_CASCADE') throw stillNeeded(place, dependenceLines(change, dependents));
  change.noticeCascade(dependents.map(({ object }) => describeDependent(change, object)));
  return change.withoutCascadeNotices(() => dropColumnAndDependents(change, table, column, command, work));
}

function dropColumnAndDependents(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  command: AlterTableCmd,
  work: RowWork[],
): TableDescriptor {
  const { name, attributeNumber: number } = column;
  const isInKey = table.primaryKey?.attributeNumbers.includes(number) === true;
  const generated = table.columns.filter(
    (entry) => !entry.isDropped && entry.generated !== undefined && entry !== column && textMentions(entry.defaultText, name),
  );
  const place = `column ${name} of table ${change.describe(table)}`;
  releaseViews(change, viewsOfColumn(change, table, number), place, true);
  const released = releaseReferences(change, table, (foreignKey) => foreignKey.parentAttributeNumbers.includes(number), {
    what: place,
    on: place,
    cascades: true,
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
  // Rows are kept under generated ids then.
  if (isInKey) rewriteOf(work);
  let altered: TableDescriptor = {
    ...withColumn(table, dropped),
    primaryKey: isInKey ? undefined : table.primaryKey,
    indexes,
    checks: table.checks.filter((check) => !usesColumn(check.text)),
    foreignKeys: released.foreignKeys.filter((foreignKey) => !foreignKey.attributeNumbers.includes(number)),
  };
  for (const entry of generated) altered = dropColumn(change, altered, entry.name, { ...command, behavior: 'DROP_CASCADE' }, work);
  return altered;
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
