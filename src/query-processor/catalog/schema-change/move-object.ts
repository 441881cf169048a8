/** ALTER ... SET SCHEMA and ALTER ... OWNER TO, of tables, views, sequences and schemas. */
import type { AlterObjectSchemaStmt, AlterOwnerStmt, AlterTableStmt, RoleSpec } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { RelationDescriptor, SequenceDescriptor, ViewDescriptor } from '../descriptors.ts';
import { quoteIdentifier, quoteLiteral } from '../identifiers.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import { ownedSequences } from './drop-relation.ts';
import type { SchemaChange } from './schema-change.ts';
import { alterView } from './view.ts';

const movable = { OBJECT_TABLE: 'table', OBJECT_VIEW: 'view', OBJECT_SEQUENCE: 'sequence' } as const;

export function setSchema(change: SchemaChange, statement: AlterObjectSchemaStmt): void {
  const { objectType = '', relation: target = {}, newschema = '' } = statement;
  if (!Object.hasOwn(movable, objectType)) throw notSupported('unsupported object in ALTER ... SET SCHEMA statement');
  const relation = change.findRelation(target);
  if (relation === undefined) {
    change.skipMissing(target, statement.missing_ok);
    return;
  }
  if (relation.kind === 'system') throw change.systemRelation(relation.name);
  const wanted = movable[objectType as keyof typeof movable];
  if (relation.kind !== wanted && wanted !== 'table') throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a ${wanted}`);
  const schema = change.schemaByName(newschema);
  if (isSystemSchema(schema.oid)) throw change.systemRelation(schema.name);
  if (schema.oid === relation.schemaOid) return;
  if (schema.oid === firstTemporaryOid || relation.oid >= firstTemporaryOid)
    throw notSupported('cannot move objects into or out of temporary schemas');
  const moved: readonly RelationDescriptor[] = relation.kind === 'table' ? [relation, ...ownedSequences(change, relation)] : [relation];
  for (const entry of moved) {
    if (change.catalog.hasRelationName(schema.oid, entry.name))
      throw new SqlError(sqlstate.duplicateTable, `relation "${entry.name}" already exists in schema "${schema.name}"`);
    change.put({ ...entry, schemaOid: schema.oid, schemaName: schema.name });
  }
  for (const entry of moved) if (entry.kind === 'sequence') followSequence(change, entry, { ...entry, schemaName: schema.name });
}

/** Defaults name their sequence with its schema: they are written anew. */
function followSequence(change: SchemaChange, before: SequenceDescriptor, after: SequenceDescriptor): void {
  const callOf = ({ schemaName, name }: SequenceDescriptor): string =>
    `nextval(${quoteLiteral(`${quoteIdentifier(schemaName)}.${quoteIdentifier(name)}`)}::regclass)`;
  const [from, to] = [callOf(before), callOf(after)];
  for (const stored of change.catalog.tables()) {
    const changed = change.changes.get(stored.oid);
    const table = changed?.kind === 'table' ? changed : stored;
    if (!table.columns.some((column) => column.defaultText === from)) continue;
    const columns = table.columns.map((column) => (column.defaultText === from ? { ...column, defaultText: to } : column));
    change.put({ ...table, columns });
  }
}

export function setOwner(change: SchemaChange, statement: AlterOwnerStmt): void {
  const { objectType, object } = statement;
  if (objectType !== 'OBJECT_SCHEMA' || object === undefined || !('String' in object))
    throw notSupported('unsupported object in ALTER ... OWNER TO statement');
  const schema = change.schemaByName(object.String.sval ?? '');
  const ownerOid = ownerOf(change, statement.newowner);
  if (isSystemSchema(schema.oid)) throw change.systemRelation(schema.name);
  if (schema.ownerOid !== ownerOid) change.put({ ...schema, ownerOid });
}

/** ALTER TABLE may name a view or a sequence, as pg_dump does to say whose it is. */
export function isOtherRelation(change: SchemaChange, { objtype, relation }: AlterTableStmt): boolean {
  if (objtype !== 'OBJECT_TABLE') return objtype === 'OBJECT_VIEW' || objtype === 'OBJECT_SEQUENCE';
  const kind = change.findRelation(relation ?? {})?.kind;
  return kind === 'view' || kind === 'sequence';
}

/** ALTER VIEW, ALTER SEQUENCE and ALTER TABLE of one, and ALTER INDEX in the words of ALTER TABLE. */
export function alterOtherRelation(change: SchemaChange, statement: AlterTableStmt): void {
  const target = statement.relation ?? {};
  const relation = change.findRelation(target);
  if (relation === undefined) {
    change.skipMissing(target, statement.missing_ok);
    return;
  }
  if (relation.kind === 'system') throw change.systemRelation(relation.name);
  const wanted = statement.objtype === 'OBJECT_VIEW' ? 'view' : 'sequence';
  if (relation.kind !== wanted && statement.objtype !== 'OBJECT_TABLE')
    throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a ${wanted}`);
  let altered: RelationDescriptor = relation;
  for (const node of statement.cmds ?? []) {
    if (!('AlterTableCmd' in node)) continue;
    const command = node.AlterTableCmd;
    const view: ViewDescriptor | undefined = altered.kind === 'view' ? alterView(change, altered, command) : undefined;
    if (view !== undefined) altered = view;
    else if (command.subtype === 'AT_ChangeOwner') altered = { ...altered, ownerOid: ownerOf(change, command.newowner) };
    else if (statement.objtype === 'OBJECT_TABLE') throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a table`);
    else throw notSupported(`unsupported ALTER ${wanted.toUpperCase()} statement`);
  }
  if (altered !== relation) change.put(altered);
}

export function ownerOf(change: SchemaChange, owner: RoleSpec | undefined): number {
  const name = owner?.roletype === 'ROLESPEC_CSTRING' ? (owner.rolename ?? '') : change.host.user;
  const role = change.catalog.roleByName(name);
  if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${name}" does not exist`);
  return role.oid;
}
