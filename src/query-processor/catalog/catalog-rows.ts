/**
 * Catalog rows: how a descriptor is kept in storage, one JSON row each under `descriptorKey(oid)`, with a format version.
 *
 *   R1  decode(encode(d)) equals d, absent values included (they are left out of the JSON and come back as undefined).
 *   R2  A row of a format that this build does not know is refused loudly: an older node must not act on half of a descriptor.
 */
import { InvariantError } from '#base/assert.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { rowTypeOf } from '#sql/types/catalog-types.ts';
import type {
  AclDescriptor,
  CheckDescriptor,
  ColumnDescriptor,
  CommentDescriptor,
  DefaultAclDescriptor,
  Dependency,
  Descriptor,
  DomainDescriptor,
  ForeignKeyDescriptor,
  FunctionDescriptor,
  IamMappingDescriptor,
  IndexDescriptor,
  IndexKey,
  MembershipDescriptor,
  PrimaryKeyDescriptor,
  RoleDescriptor,
  SchemaDescriptor,
  SequenceDescriptor,
  StatisticsDescriptor,
  TableDescriptor,
  ViewDescriptor,
} from './descriptors.ts';
import type { Acl } from './privileges/acl.ts';

const formatVersion = 1;

export function encodeDescriptor(descriptor: Descriptor): Uint8Array {
  return Buffer.from(JSON.stringify({ format: formatVersion, ...descriptor }), 'utf8');
}

export function decodeDescriptor(row: Uint8Array): Descriptor {
  const stored = parseRow(row) as unknown as Descriptor;
  switch (stored.kind) {
    case 'schema':
      return schemaOf(stored);
    case 'role':
      return roleOf(stored);
    case 'membership':
      return membershipOf(stored);
    case 'acl':
      return aclOf(stored);
    case 'defaultAcl':
      return defaultAclOf(stored);
    case 'iamMapping':
      return iamMappingOf(stored);
    case 'table':
      return tableOf(stored);
    case 'view':
      return viewOf(stored);
    case 'sequence':
      return sequenceOf(stored);
    case 'domain':
      return domainOf(stored);
    case 'function':
      return functionOf(stored);
    case 'comment':
      return commentOf(stored);
    case 'statistics':
      return statisticsOf(stored);
    default:
      throw new InvariantError('R2: a catalog row of an unknown kind');
  }
}

/** The row under catalogVersionKey. */
export type CatalogVersionRow = { readonly nextOid: number };

export const encodeCatalogVersion = (row: CatalogVersionRow): Uint8Array =>
  Buffer.from(JSON.stringify({ format: formatVersion, nextOid: row.nextOid }), 'utf8');

export function decodeCatalogVersion(row: Uint8Array): CatalogVersionRow {
  const stored = parseRow(row) as { readonly nextOid?: unknown };
  if (typeof stored.nextOid !== 'number') throw new InvariantError('the catalog version row has no next oid');
  return { nextOid: stored.nextOid };
}

function parseRow(row: Uint8Array): Readonly<Record<string, unknown>> {
  const text = Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('utf8');
  const stored = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (stored.format !== formatVersion) throw new InvariantError('R2: a catalog row of an unknown format');
  return stored;
}

// JSON drops absent values; each of these writes every field, so that descriptors have one shape wherever they come from.

const schemaOf = (d: SchemaDescriptor): SchemaDescriptor => ({ kind: 'schema', oid: d.oid, name: d.name, ownerOid: d.ownerOid });

const roleOf = (d: RoleDescriptor): RoleDescriptor => ({
  kind: 'role',
  oid: d.oid,
  name: d.name,
  canLogin: d.canLogin,
  isSuperuser: d.isSuperuser,
  inherits: d.inherits,
  createsRoles: d.createsRoles,
  createsDatabases: d.createsDatabases,
  replicates: d.replicates,
  bypassesRowSecurity: d.bypassesRowSecurity,
  connectionLimit: d.connectionLimit,
  validUntil: d.validUntil,
  settings: d.settings,
});

const membershipOf = (d: MembershipDescriptor): MembershipDescriptor => ({
  kind: 'membership',
  oid: d.oid,
  roleOid: d.roleOid,
  memberOid: d.memberOid,
  grantorOid: d.grantorOid,
  admin: d.admin,
  inherit: d.inherit,
  set: d.set,
});

const aclItemsOf = (items: Acl): Acl =>
  items.map((item) => ({
    grantee: item.grantee,
    grantor: item.grantor,
    privileges: item.privileges,
    grantOptions: item.grantOptions,
  }));

const aclOf = (d: AclDescriptor): AclDescriptor => ({
  kind: 'acl',
  oid: d.oid,
  classOid: d.classOid,
  objectOid: d.objectOid,
  subId: d.subId,
  items: aclItemsOf(d.items),
});

const defaultAclOf = (d: DefaultAclDescriptor): DefaultAclDescriptor => ({
  kind: 'defaultAcl',
  oid: d.oid,
  roleOid: d.roleOid,
  schemaOid: d.schemaOid,
  objectType: d.objectType,
  items: aclItemsOf(d.items),
});

const iamMappingOf = (d: IamMappingDescriptor): IamMappingDescriptor => ({
  kind: 'iamMapping',
  oid: d.oid,
  arn: d.arn,
  roleOid: d.roleOid,
  grantorOid: d.grantorOid,
});

const statisticsOf = (d: StatisticsDescriptor): StatisticsDescriptor => ({
  kind: 'statistics',
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  tableOid: d.tableOid,
  attributeNumbers: d.attributeNumbers,
  expressions: d.expressions.map(({ text, attributeNumbers }) => ({ text, attributeNumbers })),
  kinds: d.kinds,
  target: d.target,
});

const commentOf = (d: CommentDescriptor): CommentDescriptor => ({
  kind: 'comment',
  oid: d.oid,
  classOid: d.classOid,
  objectOid: d.objectOid,
  subId: d.subId,
  text: d.text,
});

const tableOf = (d: TableDescriptor): TableDescriptor => ({
  kind: d.kind,
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  space: d.space,
  columns: d.columns.map(columnOf),
  primaryKey: d.primaryKey === undefined ? undefined : primaryKeyOf(d.primaryKey),
  indexes: d.indexes.map(indexOf),
  checks: d.checks.map(checkOf),
  foreignKeys: d.foreignKeys.map(foreignKeyOf),
});

const columnOf = (d: ColumnDescriptor): ColumnDescriptor => ({
  attributeNumber: d.attributeNumber,
  name: d.name,
  type: storedType(d.type),
  notNull: d.notNull,
  defaultText: d.defaultText,
  generated: d.generated,
  identity: d.identity,
  isDropped: d.isDropped,
  missingText: d.missingText,
});

const primaryKeyOf = (d: PrimaryKeyDescriptor): PrimaryKeyDescriptor => ({
  indexOid: d.indexOid,
  constraintOid: d.constraintOid,
  name: d.name,
  attributeNumbers: d.attributeNumbers,
});

const indexOf = (d: IndexDescriptor): IndexDescriptor => ({
  oid: d.oid,
  name: d.name,
  space: d.space,
  isUnique: d.isUnique,
  nullsNotDistinct: d.nullsNotDistinct,
  keys: d.keys.map(keyOf),
  included: d.included,
  predicateText: d.predicateText,
  constraintOid: d.constraintOid,
  state: d.state,
});

const keyOf = (d: IndexKey): IndexKey => ({
  attributeNumber: d.attributeNumber,
  expressionText: d.expressionText,
  type: storedType(d.type),
  descending: d.descending,
  nullsFirst: d.nullsFirst,
});

const checkOf = (d: CheckDescriptor): CheckDescriptor => ({
  constraintOid: d.constraintOid,
  name: d.name,
  text: d.text,
  isValidated: d.isValidated,
});

const foreignKeyOf = (d: ForeignKeyDescriptor): ForeignKeyDescriptor => ({
  constraintOid: d.constraintOid,
  name: d.name,
  attributeNumbers: d.attributeNumbers,
  parentOid: d.parentOid,
  parentAttributeNumbers: d.parentAttributeNumbers,
  parentIndexOid: d.parentIndexOid,
  match: d.match,
  onDelete: d.onDelete,
  onUpdate: d.onUpdate,
  setOnDelete: d.setOnDelete,
  isDeferrable: d.isDeferrable,
  isInitiallyDeferred: d.isInitiallyDeferred,
  isValidated: d.isValidated,
});

const viewOf = (d: ViewDescriptor): ViewDescriptor => ({
  kind: 'view',
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  columns: d.columns.map((column) => ({
    name: column.name,
    type: storedType(column.type),
    defaultText: column.defaultText,
  })),
  definition: d.definition,
  dependencies: d.dependencies.map(dependencyOf),
  options: {
    securityBarrier: d.options.securityBarrier,
    securityInvoker: d.options.securityInvoker,
    checkOption: d.options.checkOption,
  },
});

const storedType = ({ oid, typmod, domain }: TypeRef): TypeRef => (domain === undefined ? typeRef(oid, typmod) : { oid, typmod, domain });

const domainOf = (d: DomainDescriptor): DomainDescriptor => ({
  kind: 'domain',
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  base: storedType(d.base),
  notNull: d.notNull,
  defaultText: d.defaultText,
  checks: d.checks.map(checkOf),
});

const functionOf = (d: FunctionDescriptor): FunctionDescriptor => ({
  kind: 'function',
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  args: d.args.map((arg) => ({ name: arg.name, mode: arg.mode, type: storedType(arg.type), defaultText: arg.defaultText })),
  // Rows of before row types were types say record.
  returnType: storedType(d.rowOf === undefined ? d.returnType : typeRef(rowTypeOf(d.rowOf))),
  rowOf: d.rowOf,
  returnsSet: d.returnsSet,
  volatility: d.volatility,
  isStrict: d.isStrict,
  isLeakproof: d.isLeakproof,
  isSecurityDefiner: d.isSecurityDefiner,
  parallel: d.parallel,
  cost: d.cost,
  rows: d.rows,
  settings: d.settings,
  source: d.source,
  body: d.body === undefined ? undefined : { isReturn: d.body.isReturn, statements: d.body.statements },
  dependencies: d.dependencies.map(dependencyOf),
});

const dependencyOf = (d: Dependency): Dependency => ({ oid: d.oid, attributeNumbers: d.attributeNumbers });

const sequenceOf = (d: SequenceDescriptor): SequenceDescriptor => ({
  kind: 'sequence',
  oid: d.oid,
  schemaOid: d.schemaOid,
  schemaName: d.schemaName,
  name: d.name,
  ownerOid: d.ownerOid,
  start: d.start,
  increment: d.increment,
  minimum: d.minimum,
  maximum: d.maximum,
  cache: d.cache,
  cycle: d.cycle,
  ownedBy: d.ownedBy === undefined ? undefined : { tableOid: d.ownedBy.tableOid, attributeNumber: d.ownedBy.attributeNumber },
});
