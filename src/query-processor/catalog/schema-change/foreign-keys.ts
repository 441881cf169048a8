/**
 * Foreign keys as they are stated: REFERENCES and FOREIGN KEY of CREATE TABLE, ADD COLUMN and ADD CONSTRAINT, checked and named as
 * PostgreSQL does; and what depends on a key that is dropped.
 *
 *   F1  A foreign key names a primary key or a unique index of its parent that is whole (no predicate, no expression) and valid.
 *   F2  Whoever takes that index, one of the columns or the parent away takes the foreign key along (CASCADE) or is refused (2BP01).
 *   F3  Rows of the child that were there before are checked under a mark that every writer of parent and child conflicts with, so that
 *       neither a child committed beside the check nor the end of a parent is missed. Without that check (CREATE TABLE, NOT VALID) no
 *       mark is needed: writers who do not know of the key yet still write the parent's row key, or read the child's descriptor.
 */
import type { Constraint, Node, RangeVar } from '@pgsql/types';
import { maximumKeyColumns } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { btreeOperator } from '#sql/builtins.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { castPath } from '../../analyzer/cast-path.ts';
import type { Reference } from '../catalog.ts';
import type { ForeignKeyAction, ForeignKeyDescriptor, IndexDescriptor, RelationDescriptor, TableDescriptor } from '../descriptors.ts';
import { freeName, joinedColumns } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';

/** A foreign key as written; `column`: the one that it is a constraint of, undefined for a table constraint. */
export type StatedForeignKey = { readonly constraint: Constraint; readonly column: string | undefined };

const namesOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));

/**
 * DEFERRABLE and its kin stand as nodes of their own behind a column's constraint: they are moved into it, and those that stand behind
 * anything else are refused.
 */
export function withAttributes(change: SchemaChange, nodes: readonly Node[]): readonly Constraint[] {
  const out: Constraint[] = [];
  let last: Constraint | undefined;
  let sawDeferrable = false;
  let sawInitially = false;
  const error = (message: string, attribute: Constraint): SqlError => change.error(sqlstate.syntaxError, message, attribute.location);
  const amend = (attribute: Constraint, clause: string, more: Partial<Constraint>): void => {
    if (last === undefined) throw error(`misplaced ${clause} clause`, attribute);
    last = { ...last, ...more };
    out[out.length - 1] = last;
  };
  for (const node of nodes) {
    if (!('Constraint' in node)) continue;
    const constraint = node.Constraint;
    switch (constraint.contype) {
      case 'CONSTR_ATTR_DEFERRABLE':
      case 'CONSTR_ATTR_NOT_DEFERRABLE': {
        const isDeferrable = constraint.contype === 'CONSTR_ATTR_DEFERRABLE';
        if (last !== undefined && sawDeferrable) throw error('multiple DEFERRABLE/NOT DEFERRABLE clauses not allowed', constraint);
        amend(constraint, isDeferrable ? 'DEFERRABLE' : 'NOT DEFERRABLE', { deferrable: isDeferrable });
        sawDeferrable = true;
        if (!isDeferrable && sawInitially && last?.initdeferred)
          throw error('constraint declared INITIALLY DEFERRED must be DEFERRABLE', constraint);
        break;
      }
      case 'CONSTR_ATTR_DEFERRED':
      case 'CONSTR_ATTR_IMMEDIATE': {
        const isDeferred = constraint.contype === 'CONSTR_ATTR_DEFERRED';
        if (last !== undefined && sawInitially) throw error('multiple INITIALLY IMMEDIATE/DEFERRED clauses not allowed', constraint);
        if (last !== undefined && isDeferred && sawDeferrable && !last.deferrable)
          throw error('constraint declared INITIALLY DEFERRED must be DEFERRABLE', constraint);
        amend(
          constraint,
          isDeferred ? 'INITIALLY DEFERRED' : 'INITIALLY IMMEDIATE',
          isDeferred ? { initdeferred: true, deferrable: true } : { initdeferred: false },
        );
        sawInitially = true;
        break;
      }
      default:
        out.push(constraint);
        last = isDeferrableKind(constraint) ? constraint : undefined;
        sawDeferrable = false;
        sawInitially = false;
    }
  }
  return out;
}

const isDeferrableKind = ({ contype }: Constraint): boolean =>
  contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_EXCLUSION' || contype === 'CONSTR_FOREIGN';

/** The table with foreign keys of the statement that makes it. */
export function withForeignKeys(change: SchemaChange, table: TableDescriptor, stated: readonly StatedForeignKey[]): TableDescriptor {
  let made = table;
  for (const item of stated) made = { ...made, foreignKeys: [...made.foreignKeys, foreignKeyOf(change, made, item)] };
  return made;
}

/** The descriptor of a foreign key that `table`, as it is by now, gets. */
export function foreignKeyOf(change: SchemaChange, table: TableDescriptor, { constraint, column }: StatedForeignKey): ForeignKeyDescriptor {
  const childNames = column === undefined ? namesOf(constraint.fk_attrs) : [column];
  const name = nameOf(change, table, constraint, childNames);
  const parent = parentOf(change, table, constraint.pktable ?? {});
  requireSamePersistence(table, parent);
  const child = columnNumbers(table, childNames);
  const setOnDelete =
    (constraint.fk_del_set_cols?.length ?? 0) === 0 ? undefined : columnNumbers(table, namesOf(constraint.fk_del_set_cols));
  for (const attributeNumber of setOnDelete ?? [])
    if (!child.includes(attributeNumber))
      throw new SqlError(
        sqlstate.invalidColumnReference,
        `column "${table.columns[attributeNumber - 1].name}" referenced in ON DELETE SET action must be part of foreign key`,
      );
  const key = parentKey(parent, constraint);
  const onDelete = actionOf(constraint.fk_del_action);
  const onUpdate = actionOf(constraint.fk_upd_action);
  refuseGenerated(table, child, onUpdate, onDelete);
  if (child.length !== key.attributeNumbers.length)
    throw new SqlError(sqlstate.invalidForeignKey, 'number of referencing and referenced columns for foreign key disagree');
  for (let at = 0; at < child.length; at++) requireComparable(name, table, child[at], parent, key.attributeNumbers[at]);
  return {
    constraintOid: change.newOid(),
    name,
    attributeNumbers: child,
    parentOid: parent.oid,
    parentAttributeNumbers: key.attributeNumbers,
    parentIndexOid: key.indexOid,
    match: constraint.fk_matchtype === 'f' ? 'full' : 'simple',
    onDelete,
    onUpdate,
    setOnDelete: onDelete === 'setNull' || onDelete === 'setDefault' ? setOnDelete : undefined,
    isDeferrable: constraint.deferrable === true,
    isInitiallyDeferred: constraint.initdeferred === true,
    isValidated: constraint.skip_validation !== true,
  };
}

function requireSamePersistence(table: TableDescriptor, parent: TableDescriptor): void {
  const isTemporary = ({ oid }: TableDescriptor): boolean => oid >= firstTemporaryOid;
  if (isTemporary(table) === isTemporary(parent)) return;
  const kind = isTemporary(table) ? 'temporary' : 'permanent';
  throw new SqlError(sqlstate.invalidTableDefinition, `constraints on ${kind} tables may reference only ${kind} tables`);
}

function nameOf(change: SchemaChange, table: TableDescriptor, constraint: Constraint, columns: readonly string[]): string {
  const given = constraint.conname;
  if (given !== undefined) {
    if (hasConstraint(table, given))
      throw new SqlError(sqlstate.duplicateObject, `constraint "${given}" for relation "${table.name}" already exists`);
    return given;
  }
  const others = change.catalog.relations(table.schemaOid);
  const isTaken = (name: string): boolean =>
    hasConstraint(table, name) || others.some((other) => other.kind === 'table' && other.oid !== table.oid && hasConstraint(other, name));
  return freeName(table.name, joinedColumns(columns), 'fkey', isTaken);
}

/** True when a constraint of the table has the name. */
export const hasConstraint = (table: TableDescriptor, name: string): boolean =>
  table.checks.some((check) => check.name === name) ||
  table.foreignKeys.some((foreignKey) => foreignKey.name === name) ||
  table.primaryKey?.name === name ||
  table.indexes.some((index) => index.constraintOid !== undefined && index.name === name);

function parentOf(change: SchemaChange, child: TableDescriptor, target: RangeVar): TableDescriptor {
  const isItself = target.relname === child.name && (target.schemaname ?? child.schemaName) === child.schemaName;
  const relation = isItself && (target.schemaname !== undefined || isFirst(change, child)) ? child : change.findRelation(target);
  if (relation === undefined) throw change.missingRelation(target);
  if (relation.kind === 'system') throw change.systemRelation(relation.name);
  if (relation.kind !== 'table') throw new SqlError(sqlstate.wrongObjectType, `referenced relation "${relation.name}" is not a table`);
  return relation.oid === child.oid ? child : relation;
}

/** True when the bare name means the table itself, made or about to be made. */
function isFirst(change: SchemaChange, table: TableDescriptor): boolean {
  const found = change.findRelation({ relname: table.name });
  return found === undefined || found.oid === table.oid || change.creationSchema({ relname: table.name }).oid === table.schemaOid;
}

function columnNumbers(table: TableDescriptor, names: readonly string[]): readonly number[] {
  if (names.length > maximumKeyColumns)
    throw new SqlError(sqlstate.tooManyColumns, `cannot have more than ${maximumKeyColumns} keys in a foreign key`);
  return names.map((name) => {
    const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
    if (column === undefined)
      throw new SqlError(sqlstate.undefinedColumn, `column "${name}" referenced in foreign key constraint does not exist`);
    return column.attributeNumber;
  });
}

type ParentKey = { readonly indexOid: number; readonly attributeNumbers: readonly number[] };

/** F1. The columns in the order in which they are named, whatever the index' own. */
function parentKey(parent: TableDescriptor, constraint: Constraint): ParentKey {
  const names = namesOf(constraint.pk_attrs);
  const { primaryKey } = parent;
  if (names.length === 0) {
    if (primaryKey === undefined)
      throw new SqlError(sqlstate.undefinedObject, `there is no primary key for referenced table "${parent.name}"`);
    return primaryKey;
  }
  const attributeNumbers = columnNumbers(parent, names);
  if (new Set(attributeNumbers).size < attributeNumbers.length)
    throw new SqlError(sqlstate.invalidForeignKey, 'foreign key referenced-columns list must not contain duplicates');
  const isSame = (others: readonly number[]): boolean =>
    others.length === attributeNumbers.length && attributeNumbers.every((number) => others.includes(number));
  if (primaryKey !== undefined && isSame(primaryKey.attributeNumbers)) return { indexOid: primaryKey.indexOid, attributeNumbers };
  const index = parent.indexes.find((entry) => isWholeKey(entry) && isSame(entry.keys.map((key) => key.attributeNumber)));
  if (index === undefined)
    throw new SqlError(
      sqlstate.invalidForeignKey,
      `there is no unique constraint matching given keys for referenced table "${parent.name}"`,
    );
  return { indexOid: index.oid, attributeNumbers };
}

const isWholeKey = (index: IndexDescriptor): boolean =>
  index.isUnique && index.state === 'valid' && index.predicateText === undefined && index.keys.every((key) => key.attributeNumber > 0);

const actions: Readonly<Record<string, ForeignKeyAction>> = { a: 'noAction', r: 'restrict', c: 'cascade', n: 'setNull', d: 'setDefault' };
const actionOf = (letter: string | undefined): ForeignKeyAction => actions[letter ?? 'a'] ?? 'noAction';

/** What is computed from other columns cannot be set by an action. */
function refuseGenerated(table: TableDescriptor, child: readonly number[], onUpdate: ForeignKeyAction, onDelete: ForeignKeyAction): void {
  if (!child.some((attributeNumber) => table.columns[attributeNumber - 1].generated !== undefined)) return;
  const refusal = (event: string): SqlError =>
    new SqlError(sqlstate.syntaxError, `invalid ${event} action for foreign key constraint containing generated column`);
  if (onUpdate === 'setNull' || onUpdate === 'setDefault' || onUpdate === 'cascade') throw refusal('ON UPDATE');
  if (onDelete === 'setNull' || onDelete === 'setDefault') throw refusal('ON DELETE');
}

/** A child's value is compared as the parent's index compares: by an operator of its family, or after an implicit cast. */
function requireComparable(
  name: string,
  table: TableDescriptor,
  attributeNumber: number,
  parent: TableDescriptor,
  parentAttributeNumber: number,
): void {
  const column = table.columns[attributeNumber - 1];
  const parentColumn = parent.columns[parentAttributeNumber - 1];
  if (isComparable(column.type, parentColumn.type)) return;
  const type = (of: TypeRef): string => formatType(typeRef(of.oid));
  throw new SqlError(sqlstate.datatypeMismatch, `foreign key constraint "${name}" cannot be implemented`, {
    detail: `Key columns "${column.name}" and "${parentColumn.name}" are of incompatible types: ${type(column.type)} and ${type(parentColumn.type)}.`,
  });
}

/** After a column has got another type: every foreign key that it takes part in, on either side, can still compare. */
export function requireComparableReferences(change: SchemaChange, table: TableDescriptor, attributeNumber: number): void {
  for (const foreignKey of table.foreignKeys) {
    const parent = foreignKey.parentOid === table.oid ? table : change.catalog.relationByOid(foreignKey.parentOid);
    if (parent?.kind !== 'table') continue;
    for (const [at, number] of foreignKey.attributeNumbers.entries())
      if (number === attributeNumber) requireComparable(foreignKey.name, table, number, parent, foreignKey.parentAttributeNumbers[at]);
  }
  for (const { child, foreignKey } of change.catalog.referencesTo(table.oid))
    for (const [at, number] of foreignKey.parentAttributeNumbers.entries())
      if (number === attributeNumber)
        requireComparable(foreignKey.name, child.oid === table.oid ? table : child, foreignKey.attributeNumbers[at], table, number);
}

function isComparable(child: TypeRef, parent: TypeRef): boolean {
  if (child.oid === parent.oid || castPath(child.oid, parent.oid, 'implicit') !== undefined) return true;
  return btreeOperator(parent.oid, child.oid, 3) !== undefined;
}

/** References to the table that one of `from` (or none, for a table that goes whole) does not have. */
export function referencesBeyond(change: SchemaChange, table: TableDescriptor, leaving: ReadonlySet<number>): readonly Reference[] {
  return change.catalog.referencesTo(table.oid).filter(({ child }) => !leaving.has(child.oid));
}

export const describeReference = (change: SchemaChange, { child, foreignKey }: Reference): string =>
  `constraint ${foreignKey.name} on table ${change.describe(child)}`;

/** F2: takes foreign keys of other tables away. The change may hold those tables already. */
export function dropReferences(change: SchemaChange, references: readonly Reference[]): void {
  for (const { child, foreignKey } of references) {
    const known = change.changes.has(child.oid) ? change.changes.get(child.oid) : child;
    if (known?.kind === 'table') change.put(withoutForeignKey(known, foreignKey));
  }
}

export const withoutForeignKey = (table: TableDescriptor, { constraintOid }: ForeignKeyDescriptor): TableDescriptor => ({
  ...table,
  foreignKeys: table.foreignKeys.filter((entry) => entry.constraintOid !== constraintOid),
});

/**
 * F2, for an object of `table` that goes while the table stays: gives the table without its own references among them, after having taken
 * away those of others. `what` and `on` are as messages name the object, first as the one to be dropped, then as the one depended on.
 */
export function releaseReferences(
  change: SchemaChange,
  table: TableDescriptor,
  isMeant: (foreignKey: ForeignKeyDescriptor) => boolean,
  { what, on, cascades }: { readonly what: string; readonly on: string; readonly cascades: boolean },
): TableDescriptor {
  const meant = [
    ...change.catalog.referencesTo(table.oid).filter(({ child }) => child.oid !== table.oid),
    ...table.foreignKeys.flatMap((foreignKey) => (foreignKey.parentOid === table.oid ? [{ child: table, foreignKey }] : [])),
  ]
    .filter(({ foreignKey }) => isMeant(foreignKey))
    .sort((a, b) => a.foreignKey.constraintOid - b.foreignKey.constraintOid);
  if (meant.length === 0) return table;
  if (!cascades)
    throw new SqlError(sqlstate.dependentObjectsStillExist, `cannot drop ${what} because other objects depend on it`, {
      detail: meant.map((reference) => `${describeReference(change, reference)} depends on ${on}`).join('\n'),
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  change.noticeCascade(meant.map((reference) => describeReference(change, reference)));
  dropReferences(
    change,
    meant.filter(({ child }) => child.oid !== table.oid),
  );
  return meant.reduce((made, { child, foreignKey }) => (child.oid === table.oid ? withoutForeignKey(made, foreignKey) : made), table);
}

/** ALTER CONSTRAINT: only deferrability, and only a foreign key's. */
export function alterForeignKey(table: TableDescriptor, stated: Constraint): TableDescriptor {
  const name = stated.conname ?? '';
  const foreignKey = table.foreignKeys.find((entry) => entry.name === name);
  if (foreignKey === undefined) {
    if (hasConstraint(table, name))
      throw new SqlError(sqlstate.wrongObjectType, `constraint "${name}" of relation "${table.name}" is not a foreign key constraint`);
    throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" of relation "${table.name}" does not exist`);
  }
  const altered = { ...foreignKey, isDeferrable: stated.deferrable === true, isInitiallyDeferred: stated.initdeferred === true };
  return { ...table, foreignKeys: table.foreignKeys.map((entry) => (entry === foreignKey ? altered : entry)) };
}

/** Tables that TRUNCATE must empty too, or refuse: those that refer to one of `tables`. */
export function referringTables(change: SchemaChange, tables: readonly RelationDescriptor[]): readonly Reference[] {
  const listed = new Set(tables.map((table) => table.oid));
  return tables.flatMap((table) => change.catalog.referencesTo(table.oid).filter(({ child }) => !listed.has(child.oid)));
}
