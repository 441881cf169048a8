/**
 * Descriptors: what exists, as plain immutable data. Each is stored as one catalog row (JSON with a format version) under its oid
 * (`catalog-store.ts`), and a `Catalog` (catalog.ts) is the set of them as of one snapshot.
 */
import type { TypeRef } from '#sql/type.ts';
import type { Acl } from './privileges/acl.ts';

export type SchemaDescriptor = { readonly kind: 'schema'; readonly oid: number; readonly name: string; readonly ownerOid: number };

export type RelationDescriptor = TableDescriptor | ViewDescriptor | SequenceDescriptor;

export type TableDescriptor = {
  /** table: stored rows. system: rows made by code from the catalog (`system-catalog/`). */
  readonly kind: 'table' | 'system';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  /** Key space of the rows (its oid, until a rewrite). */
  readonly space: number;
  /** By attribute number, dropped ones included, so that columns[n - 1].attributeNumber === n. */
  readonly columns: readonly ColumnDescriptor[];
  /** Attribute numbers of the primary key in key order; undefined: rows are kept under a hidden, generated row id. */
  readonly primaryKey: PrimaryKeyDescriptor | undefined;
  /** Secondary indexes, and those of UNIQUE constraints. The primary key is not among them. */
  readonly indexes: readonly IndexDescriptor[];
  readonly checks: readonly CheckDescriptor[];
  /** Those whose referencing columns are this table's, by age. What refers to it is `Catalog.referencesTo`. */
  readonly foreignKeys: readonly ForeignKeyDescriptor[];
  /** Of temporary tables, which are never stored. */
  readonly onCommit?: 'deleteRows' | 'drop';
};

export type ColumnDescriptor = {
  readonly attributeNumber: number;
  readonly name: string;
  readonly type: TypeRef;
  readonly notNull: boolean;
  /** SQL text of the default expression, fully qualified; for generated columns the generation expression. */
  readonly defaultText: string | undefined;
  readonly generated: 'stored' | undefined;
  readonly identity: 'always' | 'byDefault' | undefined;
  readonly isDropped: boolean;
  /** For columns added later with a constant default: what older rows read as, in the type's text form (input by the type, default settings). */
  readonly missingText: string | undefined;
};

export type PrimaryKeyDescriptor = {
  readonly indexOid: number;
  readonly constraintOid: number;
  readonly name: string;
  readonly attributeNumbers: readonly number[];
};

export type IndexDescriptor = {
  readonly oid: number;
  readonly name: string;
  /** Key space of the entries. */
  readonly space: number;
  readonly isUnique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly keys: readonly IndexKey[];
  /** INCLUDE columns. */
  readonly included: readonly number[];
  /** SQL text of the partial index' predicate. */
  readonly predicateText: string | undefined;
  /** Set when a UNIQUE constraint owns the index (same name). */
  readonly constraintOid: number | undefined;
  /** building: writers keep it up (and check uniqueness), readers do not use it yet. invalid: a build has failed. */
  readonly state: 'building' | 'valid' | 'invalid';
};

export type IndexKey = {
  /** A column, or 0 with an expression. */
  readonly attributeNumber: number;
  readonly expressionText: string | undefined;
  readonly type: TypeRef;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
};

export type CheckDescriptor = {
  readonly constraintOid: number;
  readonly name: string;
  readonly text: string;
  readonly isValidated: boolean;
};

export type ForeignKeyAction = 'noAction' | 'restrict' | 'cascade' | 'setNull' | 'setDefault';

/** A foreign key of the table whose descriptor holds it: attributeNumbers[i] refers to parentAttributeNumbers[i]. */
export type ForeignKeyDescriptor = {
  readonly constraintOid: number;
  readonly name: string;
  readonly attributeNumbers: readonly number[];
  readonly parentOid: number;
  readonly parentAttributeNumbers: readonly number[];
  /** The parent's primary key or unique index that makes the parent's columns a key. */
  readonly parentIndexOid: number;
  readonly match: 'simple' | 'full';
  readonly onDelete: ForeignKeyAction;
  readonly onUpdate: ForeignKeyAction;
  /** ON DELETE SET NULL | DEFAULT (columns); undefined: all of them. */
  readonly setOnDelete: readonly number[] | undefined;
  readonly isDeferrable: boolean;
  readonly isInitiallyDeferred: boolean;
  /** False: NOT VALID, rows from before may break it. */
  readonly isValidated: boolean;
};

/** The table with one of its CHECK constraints or foreign keys marked as holding for all its rows. */
export const validated = (table: TableDescriptor, constraintOid: number): TableDescriptor => {
  const mark = <T extends { readonly constraintOid: number }>(entry: T): T =>
    entry.constraintOid === constraintOid ? { ...entry, isValidated: true } : entry;
  return { ...table, checks: table.checks.map(mark), foreignKeys: table.foreignKeys.map(mark) };
};

export type ViewDescriptor = {
  readonly kind: 'view';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  readonly columns: readonly ViewColumn[];
  /** The query, printed with every name qualified. It is printed anew when something that it names gets another name (docs/decisions/0009). */
  readonly definition: string;
  readonly dependencies: readonly Dependency[];
  readonly options: ViewOptions;
};

export type ViewColumn = {
  readonly name: string;
  readonly type: TypeRef;
  /** ALTER VIEW ... SET DEFAULT: for rows inserted through the view. */
  readonly defaultText: string | undefined;
};

/** Absent ones were never set, and act as false or as no check. */
export type ViewOptions = {
  readonly securityBarrier: boolean | undefined;
  readonly securityInvoker: boolean | undefined;
  readonly checkOption: 'local' | 'cascaded' | undefined;
};

/** What a stored query or expression reads: a relation with the columns that it names, or another object by its oid. */
export type Dependency = { readonly oid: number; readonly attributeNumbers: readonly number[] };

export type SequenceDescriptor = {
  readonly kind: 'sequence';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
  readonly ownedBy: { readonly tableOid: number; readonly attributeNumber: number } | undefined;
};

export type RoleDescriptor = {
  readonly kind: 'role';
  readonly oid: number;
  readonly name: string;
  readonly canLogin: boolean;
  readonly isSuperuser: boolean;
  /** Memberships that say nothing of INHERIT take it from here. */
  readonly inherits: boolean;
  readonly createsRoles: boolean;
  readonly createsDatabases: boolean;
  readonly replicates: boolean;
  readonly bypassesRowSecurity: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** As timestamptz prints it in UTC. */
  readonly validUntil: string | undefined;
  /** ALTER ROLE ... SET: `name=value`, what its sessions begin with. */
  readonly settings: readonly string[];
};

/** `member` is a member of `role`. A pair has one row for each grantor. */
export type MembershipDescriptor = {
  readonly kind: 'membership';
  readonly oid: number;
  readonly roleOid: number;
  readonly memberOid: number;
  readonly grantorOid: number;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
};

/** The access control list of an object, or of a column (`subId`), where it differs from its kind's default. It goes with its object. */
export type AclDescriptor = {
  readonly kind: 'acl';
  readonly oid: number;
  readonly classOid: number;
  readonly objectOid: number;
  readonly subId: number;
  readonly items: Acl;
};

/** ALTER DEFAULT PRIVILEGES: the list that new objects of `roleOid` begin with, in one schema or (0) everywhere. */
export type DefaultAclDescriptor = {
  readonly kind: 'defaultAcl';
  readonly oid: number;
  readonly roleOid: number;
  readonly schemaOid: number;
  /** pg_default_acl.defaclobjtype. */
  readonly objectType: 'r' | 'S' | 'f' | 'T' | 'n';
  readonly items: Acl;
};

/** AWS IAM GRANT: who signs with this ARN's key may connect as the role. */
export type IamMappingDescriptor = {
  readonly kind: 'iamMapping';
  readonly oid: number;
  readonly arn: string;
  readonly roleOid: number;
  readonly grantorOid: number;
};

export type DomainDescriptor = {
  readonly kind: 'domain';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  /** The type below, which may be of a domain itself. */
  readonly base: TypeRef;
  readonly notNull: boolean;
  readonly defaultText: string | undefined;
  readonly checks: readonly CheckDescriptor[];
};

export type FunctionArgument = {
  /** Empty where it has none. */
  readonly name: string;
  /** pg_proc.proargmodes: in, out, inout, variadic, a column of RETURNS TABLE. */
  readonly mode: 'i' | 'o' | 'b' | 'v' | 't';
  readonly type: TypeRef;
  /** As stored expressions are printed, all names qualified. */
  readonly defaultText: string | undefined;
};

/** A function in SQL. */
export type FunctionDescriptor = {
  readonly kind: 'function';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  readonly args: readonly FunctionArgument[];
  readonly returnType: TypeRef;
  /** The relation whose row type it returns; `returnType` is record then. */
  readonly rowOf: number | undefined;
  readonly returnsSet: boolean;
  readonly volatility: 'i' | 's' | 'v';
  readonly isStrict: boolean;
  readonly isLeakproof: boolean;
  readonly isSecurityDefiner: boolean;
  readonly parallel: 's' | 'r' | 'u';
  readonly cost: number;
  readonly rows: number;
  /** SET: `name=value`, in force while it runs. */
  readonly settings: readonly string[];
  /** The text between the quotes; empty where the body is written in SQL itself. */
  readonly source: string;
  /** A body in SQL itself: its statements printed with every name qualified and arguments as $n, like a view's. */
  readonly body: { readonly isReturn: boolean; readonly statements: readonly string[] } | undefined;
  readonly dependencies: readonly Dependency[];
};

/** CREATE STATISTICS: a row of pg_statistic_ext. */
export type StatisticsDescriptor = {
  readonly kind: 'statistics';
  readonly oid: number;
  readonly schemaOid: number;
  readonly schemaName: string;
  readonly name: string;
  readonly ownerOid: number;
  readonly tableOid: number;
  /** Ascending. */
  readonly attributeNumbers: readonly number[];
  readonly expressions: readonly { readonly text: string; readonly attributeNumbers: readonly number[] }[];
  /** ndistinct, dependencies, mcv; none for a single expression. */
  readonly kinds: readonly ('d' | 'f' | 'm')[];
  /** SET STATISTICS; -1: the columns'. */
  readonly target: number;
};

/** COMMENT ON: a row of pg_description. It goes with its object. */
export type CommentDescriptor = {
  readonly kind: 'comment';
  readonly oid: number;
  /** The system catalog that the object is of: pg_class' oid, pg_constraint's, pg_namespace's, pg_authid's, pg_type's. */
  readonly classOid: number;
  readonly objectOid: number;
  /** A column's attribute number; 0 for the object itself. */
  readonly subId: number;
  readonly text: string;
};

export type Descriptor =
  | DomainDescriptor
  | FunctionDescriptor
  | StatisticsDescriptor
  | SchemaDescriptor
  | RelationDescriptor
  | RoleDescriptor
  | MembershipDescriptor
  | AclDescriptor
  | DefaultAclDescriptor
  | IamMappingDescriptor
  | CommentDescriptor;
