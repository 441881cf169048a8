/**
 * CREATE TABLE. The statement is read in two passes, as PostgreSQL does: columns and their types first, then everything that may name
 * a column (keys, checks, defaults, generation expressions).
 */
import type { ColumnDef, Constraint, CreateStmt, Node, OnCommitAction, RangeVar } from '@pgsql/types';
import {
  declaredKeyBytesDsql,
  maximumColumns,
  maximumIndexes,
  maximumKeyColumns,
  maximumTablesDsql,
  maximumTablesOpen,
} from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { domainOfArray, isCatalogType } from '#sql/types/catalog-types.ts';
import { findType, formatType, isImplemented } from '#sql/types/registry.ts';
import { resolveTypeName } from '../../analyzer/type-name.ts';
import type {
  CheckDescriptor,
  ColumnDescriptor,
  IndexDescriptor,
  IndexKey,
  PrimaryKeyDescriptor,
  SchemaDescriptor,
  TableDescriptor,
} from '../descriptors.ts';
import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';
import { columnSequence } from './create-sequence.ts';
import { type StatedForeignKey, withAttributes, withForeignKeys } from './foreign-keys.ts';
import { type LikeSource, likeColumns, likeRest } from './like-clause.ts';
import { freeName, joinedColumns } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { tableExpression } from './table-expressions.ts';

export type KeyConstraint = { readonly constraint: Constraint; readonly columns: readonly string[]; readonly isPrimary: boolean };
export type CheckConstraint = { readonly constraint: Constraint; readonly column: string | undefined };

/** What a column definition says beyond name and type. */
export type ColumnDraft = {
  readonly definition: ColumnDef;
  readonly name: string;
  readonly type: TypeRef;
  notNull: boolean | undefined;
  defaultNode: Node | undefined;
  generatedNode: Node | undefined;
  identity: { readonly kind: 'always' | 'byDefault'; readonly options: readonly Node[] } | undefined;
  /** serial: a default of its own sequence's next value. */
  isSerial: boolean;
};

export function createTable(change: SchemaChange, statement: CreateStmt): void {
  const target = statement.relation ?? {};
  const schema = change.creationSchema(target);
  const name = target.relname ?? '';
  if (change.skipsExisting(schema.oid, name, statement.if_not_exists)) return;

  const keys: KeyConstraint[] = [];
  const checks: CheckConstraint[] = [];
  const foreignKeys: StatedForeignKey[] = [];
  const drafts: ColumnDraft[] = [];
  const likeSources: LikeSource[] = [];
  for (const element of statement.tableElts ?? []) {
    if ('ColumnDef' in element) drafts.push(columnDraft(change, name, element.ColumnDef, keys, checks, foreignKeys));
    else if ('Constraint' in element) tableConstraint(element.Constraint, keys, checks, foreignKeys);
    else if ('TableLikeClause' in element) {
      const source = likeColumns(change, element.TableLikeClause, drafts, keys, checks);
      if (source !== undefined) likeSources.push(source);
    }
  }
  if (drafts.length > maximumColumns) throw new SqlError(sqlstate.tooManyColumns, `tables can have at most ${maximumColumns} columns`);
  const seen = new Set<string>();
  for (const draft of drafts) {
    if (seen.has(draft.name)) throw new SqlError(sqlstate.duplicateColumn, `column "${draft.name}" specified more than once`);
    requireOrdinaryName(draft.name);
    seen.add(draft.name);
  }

  let table = newTable(
    change,
    target,
    schema,
    drafts.map((draft, at) => columnOf(draft, at + 1)),
    statement.oncommit,
  );
  table = { ...table, columns: table.columns.map((column, at) => withExpressions(change, table, column, drafts[at])) };
  table = withSequences(change, table, drafts);
  table = { ...table, checks: makeChecks(change, table, checks) };
  table = withKeys(change, table, keys);
  table = withForeignKeys(change, table, foreignKeys);
  if (likeSources.length > 0) table = likeRest(change, table, likeSources);
  change.put(table);
}

/** A table that has nothing but columns yet. */
export function newTable(
  change: SchemaChange,
  target: RangeVar,
  schema: SchemaDescriptor,
  columns: readonly ColumnDescriptor[],
  onCommit: OnCommitAction | undefined,
): TableDescriptor {
  if (onCommit !== undefined && onCommit !== 'ONCOMMIT_NOOP' && !change.isTemporary)
    throw new SqlError(sqlstate.invalidTableDefinition, 'ON COMMIT can only be used on temporary tables');
  checkTableCount(change);
  const tableOid = change.newOid();
  return {
    kind: 'table',
    oid: tableOid,
    schemaOid: schema.oid,
    schemaName: schema.name,
    name: target.relname ?? '',
    ownerOid: change.ownerOid(),
    space: tableOid,
    columns,
    primaryKey: undefined,
    indexes: [],
    checks: [],
    foreignKeys: [],
    ...(onCommit === 'ONCOMMIT_DROP' ? { onCommit: 'drop' } : onCommit === 'ONCOMMIT_DELETE_ROWS' ? { onCommit: 'deleteRows' } : {}),
  };
}

function checkTableCount(change: SchemaChange): void {
  const limit = change.isDsql ? maximumTablesDsql : maximumTablesOpen;
  if (change.catalog.tables().length >= limit)
    throw new SqlError(sqlstate.programLimitExceeded, `creating more than ${limit} tables not allowed`);
}

const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'ctid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** A column may not be called what every table has already. */
export function requireOrdinaryName(column: string): void {
  if (systemColumns.has(column))
    throw new SqlError(sqlstate.duplicateColumn, `column name "${column}" conflicts with a system column name`);
}

export function columnDraft(
  change: SchemaChange,
  tableName: string,
  definition: ColumnDef,
  keys: KeyConstraint[],
  checks: CheckConstraint[],
  foreignKeys: StatedForeignKey[],
): ColumnDraft {
  const name = definition.colname ?? '';
  const draft: ColumnDraft = {
    definition,
    name,
    type: columnType(change, name, definition),
    notNull: undefined,
    defaultNode: undefined,
    generatedNode: undefined,
    identity: undefined,
    isSerial: serialType(definition) !== undefined,
  };
  const conflict = (message: string, constraint: Constraint) => change.error(sqlstate.syntaxError, message, constraint.location);
  for (const constraint of withAttributes(change, definition.constraints ?? [])) {
    const place = `column "${name}" of table "${tableName}"`;
    switch (constraint.contype) {
      case 'CONSTR_NULL':
      case 'CONSTR_NOTNULL': {
        const notNull = constraint.contype === 'CONSTR_NOTNULL';
        if (draft.notNull !== undefined && draft.notNull !== notNull)
          throw conflict(`conflicting NULL/NOT NULL declarations for ${place}`, constraint);
        draft.notNull = notNull;
        break;
      }
      case 'CONSTR_DEFAULT':
        if (draft.defaultNode !== undefined) throw conflict(`multiple default values specified for ${place}`, constraint);
        draft.defaultNode = constraint.raw_expr;
        break;
      case 'CONSTR_GENERATED':
        if (draft.generatedNode !== undefined) throw conflict(`multiple generation clauses specified for ${place}`, constraint);
        draft.generatedNode = constraint.raw_expr;
        break;
      case 'CONSTR_IDENTITY':
        draft.identity = identityOf(change, draft, constraint, place);
        break;
      case 'CONSTR_CHECK':
        checks.push({ constraint, column: name });
        break;
      case 'CONSTR_PRIMARY':
      case 'CONSTR_UNIQUE':
        keys.push({ constraint, columns: [name], isPrimary: constraint.contype === 'CONSTR_PRIMARY' });
        break;
      case 'CONSTR_FOREIGN':
        foreignKeys.push({ constraint, column: name });
        break;
      default:
        throw notSupported('constraint type not supported for CREATE TABLE');
    }
  }
  if (draft.defaultNode !== undefined && draft.generatedNode !== undefined)
    throw change.error(
      sqlstate.syntaxError,
      `both default and generation expression specified for column "${name}" of table "${tableName}"`,
      definition.location,
    );
  return draft;
}

function identityOf(change: SchemaChange, draft: ColumnDraft, constraint: Constraint, place: string): ColumnDraft['identity'] {
  const conflict = (message: string) => change.error(sqlstate.syntaxError, message, constraint.location);
  if (draft.identity !== undefined) throw conflict(`multiple identity specifications for ${place}`);
  if (draft.notNull === false) throw conflict(`conflicting NULL/NOT NULL declarations for ${place}`);
  if (draft.type.oid !== oid.int2 && draft.type.oid !== oid.int4 && draft.type.oid !== oid.int8)
    throw new SqlError(sqlstate.invalidParameterValue, 'identity column type must be smallint, integer, or bigint');
  return { kind: constraint.generated_when === 'a' ? 'always' : 'byDefault', options: constraint.options ?? [] };
}

const serialTypes: Readonly<Record<string, number>> = {
  serial: oid.int4,
  serial4: oid.int4,
  bigserial: oid.int8,
  serial8: oid.int8,
  smallserial: oid.int2,
  serial2: oid.int2,
};

function serialType(definition: ColumnDef): number | undefined {
  const names = namesOf(definition.typeName?.names);
  if (names.length !== 1 || (definition.typeName?.arrayBounds?.length ?? 0) > 0) return undefined;
  return Object.hasOwn(serialTypes, names[0]) ? serialTypes[names[0]] : undefined;
}

/** Makes the sequences of identity and serial columns. */
function withSequences(change: SchemaChange, table: TableDescriptor, drafts: readonly ColumnDraft[]): TableDescriptor {
  const used = new Set<string>();
  const columns = table.columns.map((column, at) => {
    const { identity, isSerial } = drafts[at];
    if (identity === undefined && !isSerial) return column;
    const isTaken = (name: string): boolean =>
      name === table.name || used.has(name) || change.catalog.hasRelationName(table.schemaOid, name);
    const name = freeName(table.name, column.name, 'seq', isTaken);
    used.add(name);
    const ownedBy = { tableOid: table.oid, attributeNumber: column.attributeNumber };
    columnSequence(
      change,
      { schemaOid: table.schemaOid, schemaName: table.schemaName, name, ownedBy },
      column.type.oid,
      identity?.options ?? [],
    );
    if (!isSerial) return column;
    return { ...column, defaultText: nextvalText(table.schemaName, name) };
  });
  return { ...table, columns };
}

/** The default of a serial column. */
export const nextvalText = (schemaName: string, sequence: string): string =>
  `nextval(${quoteLiteral(`${quoteIdentifier(schemaName)}.${quoteIdentifier(sequence)}`)}::regclass)`;

export function columnType(change: SchemaChange, name: string, definition: ColumnDef): TypeRef {
  const serial = serialType(definition);
  if (serial !== undefined) return typeRef(serial);
  const typeName = definition.typeName;
  if (typeName === undefined) throw change.error(sqlstate.syntaxError, `column "${name}" has no type`, definition.location);
  if (definition.collClause !== undefined) {
    const collation = (definition.collClause.collname ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : '')).join('.');
    if (!/^(pg_catalog\.)?(C|POSIX|default)$/.test(collation)) throw notSupported('COLLATE on a column is not supported');
  }
  const type = withProfileTypmod(change, resolveTypeName(typeName, change));
  requireColumnType(change, name, type);
  return type;
}

/** Rows of a relation's type, which changes with the relation, and arrays of domains are for queries and functions. */
export function requireStorable(type: TypeRef): void {
  if (isCatalogType(type.oid)) throw notSupported(`columns of the row type ${formatType(type)} are not supported`);
  if (type.domain !== undefined && domainOfArray(type.domain) !== undefined)
    throw notSupported('columns of arrays of domains are not supported');
}

export function requireColumnType(change: SchemaChange, name: string, type: TypeRef): void {
  const known = findType(type.oid);
  if (known?.category === 'P') throw change.error(sqlstate.invalidTableDefinition, `column "${name}" has pseudo-type ${formatType(type)}`);
  requireStorable(type);
  if (!isImplemented(type.oid)) throw notSupported(`datatype ${formatType(typeRef(type.oid))} not supported`);
}

/** Plain `numeric` is numeric(18,6) in DSQL. */
function withProfileTypmod(change: SchemaChange, type: TypeRef): TypeRef {
  return change.isDsql && type.oid === 1700 && type.typmod === -1 ? typeRef(1700, ((18 << 16) | 6) + 4) : type;
}

const columnOf = (draft: ColumnDraft, attributeNumber: number): ColumnDescriptor => ({
  attributeNumber,
  name: draft.name,
  type: draft.type,
  notNull: draft.notNull === true || draft.identity !== undefined || draft.isSerial,
  defaultText: undefined,
  generated: draft.generatedNode === undefined ? undefined : 'stored',
  identity: draft.identity?.kind,
  isDropped: false,
  missingText: undefined,
});

export function withExpressions(
  change: SchemaChange,
  table: TableDescriptor,
  column: ColumnDescriptor,
  draft: ColumnDraft,
): ColumnDescriptor {
  const node = draft.generatedNode ?? draft.defaultNode;
  if (node === undefined) return column;
  if (draft.generatedNode === undefined) {
    const bound = tableExpression(change, table, node, 'default', column);
    // DEFAULT NULL is no default.
    if (bound.expression.kind === 'constant' && bound.expression.value === null) return column;
    return { ...column, defaultText: bound.text };
  }
  const bound = tableExpression(change, table, node, 'generated', column);
  return { ...column, defaultText: bound.text };
}

function tableConstraint(constraint: Constraint, keys: KeyConstraint[], checks: CheckConstraint[], foreignKeys: StatedForeignKey[]): void {
  switch (constraint.contype) {
    case 'CONSTR_CHECK':
      checks.push({ constraint, column: undefined });
      return;
    case 'CONSTR_PRIMARY':
    case 'CONSTR_UNIQUE':
      keys.push({ constraint, columns: namesOf(constraint.keys), isPrimary: constraint.contype === 'CONSTR_PRIMARY' });
      return;
    case 'CONSTR_FOREIGN':
      foreignKeys.push({ constraint, column: undefined });
      return;
    case 'CONSTR_EXCLUSION':
      throw notSupported('EXCLUDE constraint not supported for CREATE TABLE');
    default:
      throw notSupported('constraint type not supported for CREATE TABLE');
  }
}

export const namesOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));

function makeChecks(change: SchemaChange, table: TableDescriptor, checks: readonly CheckConstraint[]): readonly CheckDescriptor[] {
  const made: CheckDescriptor[] = [];
  const taken = new Set<string>();
  for (const { constraint } of checks) if (constraint.conname !== undefined) taken.add(constraint.conname);
  for (const { constraint } of checks) {
    const check = makeCheck(change, table, constraint, (name) => taken.has(name));
    if (made.some((other) => other.name === check.name))
      throw new SqlError(sqlstate.duplicateObject, `constraint "${check.name}" for relation "${table.name}" already exists`);
    taken.add(check.name);
    made.push(check);
  }
  // PostgreSQL checks them in the order of their names.
  return made.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function makeCheck(
  change: SchemaChange,
  table: TableDescriptor,
  constraint: Constraint,
  isTaken: (name: string) => boolean,
): CheckDescriptor {
  const node = constraint.raw_expr;
  if (node === undefined) throw change.error(sqlstate.syntaxError, 'a check has no condition', constraint.location);
  const bound = tableExpression(change, table, node, 'check', undefined);
  const only = bound.attributeNumbers.length === 1 ? table.columns[bound.attributeNumbers[0] - 1].name : undefined;
  return {
    constraintOid: change.newOid(),
    name: constraint.conname ?? freeName(table.name, only, 'check', isTaken),
    text: bound.text,
    isValidated: constraint.skip_validation !== true,
  };
}

/** Attribute numbers of the columns that a key names. */
export function keyColumns(
  change: SchemaChange,
  table: TableDescriptor,
  names: readonly string[],
  what: string,
  location: number | undefined,
): readonly number[] {
  const numbers: number[] = [];
  for (const name of names) {
    const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
    if (column === undefined) throw change.error(sqlstate.undefinedColumn, `column "${name}" named in key does not exist`, location);
    if (numbers.includes(column.attributeNumber))
      throw change.error(sqlstate.duplicateColumn, `column "${name}" appears twice in ${what} constraint`, location);
    requireKeyType(change, column.type);
    numbers.push(column.attributeNumber);
  }
  if (numbers.length > maximumKeyColumns)
    throw new SqlError(sqlstate.tooManyColumns, `more than ${maximumKeyColumns} column keys in an index are not supported`);
  return numbers;
}

/** Types that DSQL takes in no key though they have an order: json, jsonb, bytea, interval, timetz. */
const notInDsqlKeys: ReadonlySet<number> = new Set([114, 3802, 17, 1186, 1266]);

export function requireKeyType(change: SchemaChange, type: TypeRef): void {
  const known = findType(type.oid);
  if (known?.encodeKey === undefined || (change.isDsql && notInDsqlKeys.has(type.oid)))
    throw notSupported(`datatype ${formatType(typeRef(type.oid))} is not supported in a key`);
}

/** In profile dsql: varchar(n) and char(n) count as n bytes, types without a width as nothing. */
export function requireKeyWidth(change: SchemaChange, types: readonly TypeRef[]): void {
  if (!change.isDsql) return;
  let bytes = 0;
  // A type modifier of these counts the length word too.
  for (const type of types) if ((type.oid === oid.varchar || type.oid === oid.bpchar) && type.typmod > 4) bytes += type.typmod - 4;
  if (bytes > declaredKeyBytesDsql)
    throw new SqlError(sqlstate.programLimitExceeded, `key size greater than ${declaredKeyBytesDsql} bytes not supported`);
}

const typesOf = (table: TableDescriptor, attributeNumbers: readonly number[]): readonly TypeRef[] =>
  attributeNumbers.map((number) => table.columns[number - 1].type);

export const keyOf = (column: ColumnDescriptor): IndexKey => ({
  attributeNumber: column.attributeNumber,
  expressionText: undefined,
  type: column.type,
  descending: false,
  nullsFirst: false,
});

function withKeys(change: SchemaChange, table: TableDescriptor, keys: readonly KeyConstraint[]): TableDescriptor {
  const primaries = keys.filter((key) => key.isPrimary);
  if (primaries.length > 1)
    throw change.error(
      sqlstate.invalidTableDefinition,
      `multiple primary keys for table "${table.name}" are not allowed`,
      primaries[1].constraint.location,
    );
  const schemaNames = (name: string): boolean => change.catalog.hasRelationName(table.schemaOid, name) || name === table.name;
  const given = new Set<string>(keys.flatMap((key) => key.constraint.conname ?? []));
  const used = new Set<string>();
  const take = (key: KeyConstraint, columns: readonly number[]): string => {
    const { conname } = key.constraint;
    const isTaken = (name: string): boolean => schemaNames(name) || used.has(name) || given.has(name);
    if (conname !== undefined && (schemaNames(conname) || used.has(conname)))
      throw new SqlError(sqlstate.duplicateTable, `relation "${conname}" already exists`);
    const middle = key.isPrimary ? undefined : joinedColumns(columns.map((number) => table.columns[number - 1].name));
    const name = conname ?? freeName(table.name, middle, key.isPrimary ? 'pkey' : 'key', isTaken);
    used.add(name);
    return name;
  };

  let primaryKey: PrimaryKeyDescriptor | undefined;
  for (const key of primaries) {
    refuseDeferrable(key.constraint);
    const attributeNumbers = keyColumns(change, table, key.columns, 'primary key', key.constraint.location);
    requireKeyWidth(change, typesOf(table, attributeNumbers));
    primaryKey = {
      indexOid: change.newOid(),
      constraintOid: change.newOid(),
      name: take(key, attributeNumbers),
      attributeNumbers,
    };
  }
  const indexes: IndexDescriptor[] = [];
  for (const key of keys) {
    if (key.isPrimary) continue;
    refuseDeferrable(key.constraint);
    const attributeNumbers = keyColumns(change, table, key.columns, 'unique', key.constraint.location);
    requireKeyWidth(change, typesOf(table, attributeNumbers));
    const included = keyColumns(change, table, namesOf(key.constraint.including), 'unique', key.constraint.location);
    const isSame = (other: readonly number[]): boolean =>
      other.length === attributeNumbers.length && other.every((n, at) => n === attributeNumbers[at]);
    // The same columns again, and nothing else asked for: one index serves both, as in PostgreSQL.
    if (key.constraint.conname === undefined && included.length === 0) {
      if (primaryKey !== undefined && isSame(primaryKey.attributeNumbers)) continue;
      if (indexes.some((index) => isSame(index.keys.map((entry) => entry.attributeNumber)))) continue;
    }
    indexes.push(uniqueIndex(change, table, attributeNumbers, included, take(key, [...attributeNumbers, ...included]), key.constraint));
  }
  if (indexes.length + (primaryKey === undefined ? 0 : 1) > maximumIndexes)
    throw new SqlError(sqlstate.programLimitExceeded, `more than ${maximumIndexes} indexes per table are not allowed`);
  const inKey = new Set(primaryKey?.attributeNumbers ?? []);
  const columns = table.columns.map((column) => (inKey.has(column.attributeNumber) ? { ...column, notNull: true } : column));
  return { ...table, columns, primaryKey, indexes };
}

export function refuseDeferrable(constraint: Constraint): void {
  if (constraint.deferrable) throw notSupported('DEFERRABLE PRIMARY KEY and UNIQUE constraints are not supported');
  if (constraint.access_method !== undefined || constraint.indexspace !== undefined || (constraint.options?.length ?? 0) > 0)
    throw notSupported('index parameters of a constraint are not supported');
}

export function uniqueIndex(
  change: SchemaChange,
  table: TableDescriptor,
  attributeNumbers: readonly number[],
  included: readonly number[],
  name: string,
  constraint: Constraint,
): IndexDescriptor {
  const indexOid = change.newOid();
  return {
    oid: indexOid,
    name,
    space: indexOid,
    isUnique: true,
    nullsNotDistinct: constraint.nulls_not_distinct === true,
    keys: attributeNumbers.map((number) => keyOf(table.columns[number - 1])),
    included,
    predicateText: undefined,
    constraintOid: change.newOid(),
    state: 'valid',
  };
}
