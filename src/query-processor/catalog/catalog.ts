/**
 * Catalog: what exists as of one snapshot. Immutable; a session's transaction reads one, and a plan is valid for as long as the catalog
 * at the snapshot is the one it was made for (same `version`).
 *
 * Implementation: `loaded-catalog.ts` (from catalog rows in storage), with the system schemas' tables (`system-catalog/`) laid under.
 */
import type {
  CommentDescriptor,
  DefaultAclDescriptor,
  DomainDescriptor,
  ForeignKeyDescriptor,
  FunctionDescriptor,
  IamMappingDescriptor,
  MembershipDescriptor,
  RelationDescriptor,
  RoleDescriptor,
  SchemaDescriptor,
  StatisticsDescriptor,
  TableDescriptor,
} from './descriptors.ts';
import type { Acl } from './privileges/acl.ts';
import type { RoleGraph } from './privileges/role-graph.ts';

/** A foreign key as its parent sees it: `child` has it. */
export type Reference = { readonly child: TableDescriptor; readonly foreignKey: ForeignKeyDescriptor };

export interface Catalog {
  /** Commit timestamp of the newest schema change in it; 0 for an empty cluster. */
  readonly version: number;
  schemaByName(name: string): SchemaDescriptor | undefined;
  schemaByOid(oid: number): SchemaDescriptor | undefined;
  schemas(): readonly SchemaDescriptor[];
  relationByName(schemaOid: number, name: string): RelationDescriptor | undefined;
  relationByOid(oid: number): RelationDescriptor | undefined;
  /** User and system relations of a schema. */
  relations(schemaOid: number): readonly RelationDescriptor[];
  domainByOid(oid: number): DomainDescriptor | undefined;
  domainByName(schemaOid: number, name: string): DomainDescriptor | undefined;
  domains(): readonly DomainDescriptor[];
  functionByOid(oid: number): FunctionDescriptor | undefined;
  /** Users' functions of a name, of whatever schema. */
  functionsNamed(name: string): readonly FunctionDescriptor[];
  functions(): readonly FunctionDescriptor[];
  /** Statistics objects. */
  statistics(): readonly StatisticsDescriptor[];
  /** Table and index of an index by its oid or name. */
  indexByOid(oid: number): { readonly tableOid: number } | undefined;
  indexByName(schemaOid: number, name: string): { readonly tableOid: number; readonly indexOid: number } | undefined;
  /** Foreign keys that refer to the table, its own among them, by age; with the tables that have them. */
  referencesTo(tableOid: number): readonly Reference[];
  roleByName(name: string): RoleDescriptor | undefined;
  roleByOid(oid: number): RoleDescriptor | undefined;
  roles(): readonly RoleDescriptor[];
  comments(): readonly CommentDescriptor[];
  /** Who is whose member. */
  readonly roleGraph: RoleGraph;
  memberships(): readonly MembershipDescriptor[];
  iamMappings(): readonly IamMappingDescriptor[];
  /** The stored access control list of an object (`subId` 0) or a column; undefined: it has its kind's default one. */
  acl(classOid: number, objectOid: number, subId: number): Acl | undefined;
  /** What ALTER DEFAULT PRIVILEGES has laid down. */
  defaultAcls(): readonly DefaultAclDescriptor[];
}

/** System catalogs by name: the class of an object, as pg_depend and access control lists name it. */
export const classOids = {
  pg_class: 1259,
  pg_constraint: 2606,
  pg_namespace: 2615,
  pg_authid: 1260,
  pg_proc: 1255,
  pg_type: 1247,
  pg_database: 1262,
  pg_language: 2612,
  pg_tablespace: 1213,
} as const;

/** System catalogs whose objects have comments, by name. */
export const commentClasses: Readonly<Record<string, number>> = {
  pg_class: 1259,
  pg_constraint: 2606,
  pg_namespace: 2615,
  pg_authid: 1260,
  pg_proc: 1255,
  pg_type: 1247,
  pg_statistic_ext: 3381,
};

/** Oids that PostgreSQL fixes. */
export const pgCatalogOid = 11;
export const publicOid = 2200;
/** information_schema and sys: ours, below the first user oid as PostgreSQL's initdb objects are. */
export const informationSchemaOid = 13000;
export const sysSchemaOid = 13900;
/** `admin`'s oid as recorded on DSQL. */
export const adminRoleOid = 15579;
export const firstUserOid = 16384;
