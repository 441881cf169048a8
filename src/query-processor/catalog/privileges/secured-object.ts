/**
 * Secured object: anything with an owner and an access control list, as the catalog has it at this snapshot, and the question that every
 * check asks: what may a role do with it?
 *
 *   P1  A superuser may do everything. For everyone else it is the list that counts, the owner's own items included.
 *   P2  Whoever has the privileges of pg_read_all_data may read every relation and use every schema; pg_write_all_data likewise writes.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { allPrivileges, type ObjectKind, privilege } from '#sql/privilege.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { adminRoleOid, type Catalog, classOids, informationSchemaOid, pgCatalogOid, sysSchemaOid } from '../catalog.ts';
import type { FunctionDescriptor, RelationDescriptor, SchemaDescriptor } from '../descriptors.ts';
import { databaseOid } from '../system-catalog/row-maker.ts';
import { isSystemView } from '../system-catalog/system-tables.ts';
import { type Acl, defaultAcl, grantOptionsIn, privilegesIn, publicGrantee } from './acl.ts';
import { bootstrapRoleOid, readAllDataOid, writeAllDataOid } from './predefined-roles.ts';
import type { RoleGraph } from './role-graph.ts';

export type SecuredObject = {
  readonly kind: ObjectKind;
  readonly classOid: number;
  readonly oid: number;
  readonly name: string;
  readonly ownerOid: number;
  /** As messages name its kind: `table`, `view`, `schema`, `domain`. */
  readonly title: string;
  /** Made by the system: what may be done with it is fixed. */
  readonly isSystem: boolean;
};

/** The one database there is. */
export const databaseObject: SecuredObject = {
  kind: 'database',
  classOid: classOids.pg_database,
  oid: databaseOid,
  name: 'postgres',
  ownerOid: adminRoleOid,
  title: 'database',
  isSystem: false,
};

const relationTitle = (relation: RelationDescriptor): string =>
  relation.kind === 'system' ? (isSystemView(relation.oid) ? 'view' : 'table') : relation.kind;

export const relationObject = (relation: RelationDescriptor): SecuredObject => ({
  kind: relation.kind === 'sequence' ? 'sequence' : 'table',
  classOid: classOids.pg_class,
  oid: relation.oid,
  name: relation.name,
  ownerOid: relation.ownerOid,
  title: relationTitle(relation),
  isSystem: relation.kind === 'system',
});

export const functionObject = (descriptor: FunctionDescriptor): SecuredObject => ({
  kind: 'function',
  classOid: classOids.pg_proc,
  oid: descriptor.oid,
  name: descriptor.name,
  ownerOid: descriptor.ownerOid,
  title: 'function',
  isSystem: false,
});

const isSystemSchemaOid = (oid: number): boolean => oid === pgCatalogOid || oid === informationSchemaOid || oid === sysSchemaOid;

export const schemaObject = (schema: SchemaDescriptor): SecuredObject => ({
  kind: 'schema',
  classOid: classOids.pg_namespace,
  oid: schema.oid,
  name: schema.name,
  ownerOid: schema.ownerOid,
  title: 'schema',
  isSystem: isSystemSchemaOid(schema.oid),
});

/** System catalogs that hold what not everyone may see (PostgreSQL's list). */
const guardedCatalogs: ReadonlySet<string> = new Set([
  'pg_authid',
  'pg_config',
  'pg_file_settings',
  'pg_hba_file_rules',
  'pg_ident_file_mappings',
  'pg_largeobject',
  'pg_replication_origin_status',
  'pg_shadow',
  'pg_statistic',
  'pg_statistic_ext_data',
  'pg_subscription',
  'pg_user_mapping',
]);
/** Of these, what DSQL lets its admin read (dsql-behaviour 8.1). */
const shownToAdmin: ReadonlySet<string> = new Set(['pg_shadow', 'pg_statistic']);

function systemAcl(object: SecuredObject): Acl {
  const everybody = (privileges: number, grantee: number = publicGrantee) => ({
    grantee,
    grantor: bootstrapRoleOid,
    privileges,
    grantOptions: 0,
  });
  const own = everybody(allPrivileges[object.kind], bootstrapRoleOid);
  if (object.kind === 'schema') return [own, everybody(privilege.usage)];
  if (shownToAdmin.has(object.name)) return [own, everybody(privilege.select, adminRoleOid)];
  if (guardedCatalogs.has(object.name)) return [own];
  return [own, everybody(object.name === 'pg_settings' ? privilege.select | privilege.update : privilege.select)];
}

/** Where everybody's first schema begins: all may look, its owner alone may create. */
const publicSchemaAcl = ({ ownerOid }: SecuredObject): Acl => [
  { grantee: ownerOid, grantor: ownerOid, privileges: allPrivileges.schema, grantOptions: 0 },
  { grantee: publicGrantee, grantor: ownerOid, privileges: privilege.usage, grantOptions: 0 },
];

/** The list as pg_class.relacl and its kin show it; undefined: NULL, the kind's default. */
export function storedAcl(catalog: Catalog, object: SecuredObject): Acl | undefined {
  if (object.isSystem && (object.classOid === classOids.pg_class || object.classOid === classOids.pg_namespace)) return systemAcl(object);
  const stored = catalog.acl(object.classOid, object.oid, 0);
  if (stored !== undefined) return stored;
  return object.classOid === classOids.pg_namespace && object.name === 'public' ? publicSchemaAcl(object) : undefined;
}

export const aclOf = (catalog: Catalog, object: SecuredObject): Acl =>
  storedAcl(catalog, object) ?? defaultAcl(object.kind, object.ownerOid);

/** pg_subscription shows everybody all but subconninfo, which may have passwords in it (pg_dump counts the rows whoever it is). */
const subscriptionsOid = 6100;
const connectionInfoNumber = 13;
const subscriptionColumnAcl: Acl = [{ grantee: publicGrantee, grantor: bootstrapRoleOid, privileges: privilege.select, grantOptions: 0 }];

/** The list as pg_attribute.attacl shows it; undefined: NULL. */
export const storedColumnAcl = (catalog: Catalog, relationOid: number, attributeNumber: number): Acl | undefined =>
  relationOid === subscriptionsOid && attributeNumber !== connectionInfoNumber
    ? subscriptionColumnAcl
    : catalog.acl(classOids.pg_class, relationOid, attributeNumber);

export const columnAcl = (catalog: Catalog, relationOid: number, attributeNumber: number): Acl =>
  storedColumnAcl(catalog, relationOid, attributeNumber) ?? [];

/** Everything that the role may do with the object (P1, P2). */
export function privilegesOn(catalog: Catalog, object: SecuredObject, roleOid: number): number {
  const graph = catalog.roleGraph;
  if (graph.isSuperuser(roleOid)) return allPrivileges[object.kind];
  const roles = graph.rolesOf(roleOid, 'privileges');
  return privilegesIn(aclOf(catalog, object), roles) | dataPrivileges(object, roles);
}

function dataPrivileges(object: SecuredObject, roles: ReadonlySet<number>): number {
  const reads = roles.has(readAllDataOid);
  const writes = roles.has(writeAllDataOid);
  if (!reads && !writes) return 0;
  if (object.kind === 'schema') return privilege.usage;
  if (object.kind !== 'table' && object.kind !== 'sequence') return 0;
  return (reads ? privilege.select : 0) | (writes && !object.isSystem ? privilege.insert | privilege.update | privilege.delete : 0);
}

export function columnPrivilegesOn(catalog: Catalog, relationOid: number, attributeNumber: number, roleOid: number): number {
  const graph = catalog.roleGraph;
  if (graph.isSuperuser(roleOid)) return allPrivileges.column;
  const acl = storedColumnAcl(catalog, relationOid, attributeNumber);
  return acl === undefined ? 0 : privilegesIn(acl, graph.rolesOf(roleOid, 'privileges'));
}

/** What the role may hand on, of the object or (with its list) of a column. */
export function grantOptionsOn(catalog: Catalog, object: SecuredObject, roleOid: number, acl: Acl = aclOf(catalog, object)): number {
  const graph = catalog.roleGraph;
  if (graph.isSuperuser(roleOid)) return allPrivileges[object.kind];
  return grantOptionsIn(acl, graph.rolesOf(roleOid, 'privileges'), object.ownerOid, object.kind);
}

export const ownsObject = (graph: RoleGraph, roleOid: number, object: Pick<SecuredObject, 'ownerOid'>): boolean =>
  graph.hasPrivilegesOf(roleOid, object.ownerOid);

export const permissionDenied = (object: Pick<SecuredObject, 'title' | 'name'>): SqlError =>
  new SqlError(sqlstate.insufficientPrivilege, `permission denied for ${object.title} ${object.name}`);

export const mustBeOwner = (object: Pick<SecuredObject, 'title' | 'name'>): SqlError =>
  new SqlError(sqlstate.insufficientPrivilege, `must be owner of ${object.title} ${object.name}`);

/** Throws 42501 where the role lacks one of the privileges. */
export function requirePrivileges(catalog: Catalog, object: SecuredObject, roleOid: number, wanted: number): void {
  if ((privilegesOn(catalog, object, roleOid) & wanted) !== wanted) throw permissionDenied(object);
}

export function requireOwner(catalog: Catalog, object: SecuredObject, roleOid: number): void {
  if (!ownsObject(catalog.roleGraph, roleOid, object)) throw mustBeOwner(object);
}

/** The system's schemas are everybody's to look into, and the temporary one that a session sees is its own. */
export function maySeeSchema(catalog: Catalog, schema: SchemaDescriptor, roleOid: number): boolean {
  if (isSystemSchemaOid(schema.oid) || schema.oid === firstTemporaryOid) return true;
  return (privilegesOn(catalog, schemaObject(schema), roleOid) & privilege.usage) !== 0;
}

/** Throws 42501 where a schema is named that the role may not use. */
export function requireSchemaUsage(catalog: Catalog, schema: SchemaDescriptor, roleOid: number): void {
  if (!maySeeSchema(catalog, schema, roleOid)) throw permissionDenied(schemaObject(schema));
}
