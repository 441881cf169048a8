/**
 * Loaded catalog: the descriptors as of one snapshot, indexed by oid and name, with the system schemas laid under.
 *
 *   C1  Immutable: `withChanges` makes a new one.
 *   C2  `version` is the commit timestamp of the newest committed schema change in it. It does not tell a transaction's own changes:
 *       whoever keeps a plan compares the catalog object itself.
 */
import type { Timestamp } from '#base/world.ts';
import { prefixEnd, spacePrefix } from '#sql/key.ts';
import { catalogSpace, catalogVersionKey, firstTemporaryOid } from '#sql/spaces.ts';
import type { Storage } from '#storage/storage.ts';
import type { Catalog, Reference } from './catalog.ts';
import { adminRoleOid, firstUserOid, informationSchemaOid, pgCatalogOid, publicOid, sysSchemaOid } from './catalog.ts';
import { decodeCatalogVersion, decodeDescriptor } from './catalog-rows.ts';
import type {
  AclDescriptor,
  CommentDescriptor,
  DefaultAclDescriptor,
  Descriptor,
  DomainDescriptor,
  FunctionDescriptor,
  IamMappingDescriptor,
  MembershipDescriptor,
  RelationDescriptor,
  RoleDescriptor,
  SchemaDescriptor,
  StatisticsDescriptor,
  TableDescriptor,
} from './descriptors.ts';
import { temporaryAlias } from './name-lookup.ts';
import type { Acl } from './privileges/acl.ts';
import { bootstrapRoleOid, predefinedMemberships, predefinedRoles } from './privileges/predefined-roles.ts';
import { RoleGraph } from './privileges/role-graph.ts';
import { systemTables } from './system-catalog/system-tables.ts';

const builtInSchemas: readonly SchemaDescriptor[] = [
  { kind: 'schema', oid: pgCatalogOid, name: 'pg_catalog', ownerOid: bootstrapRoleOid },
  { kind: 'schema', oid: publicOid, name: 'public', ownerOid: adminRoleOid },
  { kind: 'schema', oid: informationSchemaOid, name: 'information_schema', ownerOid: bootstrapRoleOid },
  { kind: 'schema', oid: sysSchemaOid, name: 'sys', ownerOid: bootstrapRoleOid },
];

export const isSystemSchema = (oid: number): boolean => oid === pgCatalogOid || oid === informationSchemaOid || oid === sysSchemaOid;

/** undefined: the descriptor of this oid is dropped. */
export type CatalogChanges = ReadonlyMap<number, Descriptor | undefined>;

type IndexPlace = { readonly tableOid: number; readonly indexOid: number };

export class LoadedCatalog implements Catalog {
  readonly version: number;
  readonly nextOid: number;
  readonly #descriptors: ReadonlyMap<number, Descriptor>;
  readonly #schemasByOid = new Map<number, SchemaDescriptor>();
  readonly #schemasByName = new Map<string, SchemaDescriptor>();
  readonly #rolesByOid = new Map<number, RoleDescriptor>();
  readonly #rolesByName = new Map<string, RoleDescriptor>();
  readonly #relationsByOid = new Map<number, RelationDescriptor>();
  readonly #relationsBySchema = new Map<number, Map<string, RelationDescriptor>>();
  readonly #referencesByOid = new Map<number, Reference[]>();
  readonly #memberships = new Map<number, MembershipDescriptor>();
  readonly #iamMappings: IamMappingDescriptor[] = [];
  readonly #defaultAcls: DefaultAclDescriptor[] = [];
  /** By class, object and column. */
  readonly #acls = new Map<string, AclDescriptor>();
  #roleGraph: RoleGraph | undefined;
  /** By object and column. */
  readonly #comments = new Map<string, CommentDescriptor>();
  readonly #domainsByOid = new Map<number, DomainDescriptor>();
  readonly #functionsByOid = new Map<number, FunctionDescriptor>();
  readonly #functionsByName = new Map<string, FunctionDescriptor[]>();
  readonly #statistics: StatisticsDescriptor[] = [];
  readonly #indexesByOid = new Map<number, IndexPlace>();
  readonly #indexesBySchema = new Map<number, Map<string, IndexPlace>>();

  constructor(version: number, nextOid: number, descriptors: ReadonlyMap<number, Descriptor>) {
    this.version = version;
    this.nextOid = nextOid;
    this.#descriptors = descriptors;
    for (const schema of builtInSchemas) this.#addSchema(schema);
    for (const role of predefinedRoles) this.#addRole(role);
    for (const membership of predefinedMemberships) this.#memberships.set(membership.oid, membership);
    for (const table of systemTables()) this.#addRelation(table);
    for (const descriptor of descriptors.values()) this.#add(descriptor);
  }

  /** The catalog as stored at the snapshot, which the storage must have applied. */
  static load(storage: Storage, snapshot: Timestamp): LoadedCatalog {
    const prefix = spacePrefix(catalogSpace);
    const end = prefixEnd(prefix) ?? prefix;
    const descriptors = new Map<number, Descriptor>();
    let nextOid = firstUserOid;
    let version = 0;
    let start = prefix;
    for (;;) {
      const rows = storage.scanKeys(snapshot, { start, end }, loadSlice);
      for (const { key, value, timestamp } of rows) {
        if (timestamp > version) version = timestamp;
        if (key === catalogVersionKey) nextOid = decodeCatalogVersion(value).nextOid;
        else {
          const descriptor = decodeDescriptor(value);
          descriptors.set(descriptor.oid, descriptor);
        }
      }
      if (rows.length < loadSlice) break;
      start = `${rows[rows.length - 1].key}\0`;
    }
    return new LoadedCatalog(version, nextOid, descriptors);
  }

  withChanges(changes: CatalogChanges, nextOid: number): LoadedCatalog {
    const descriptors = new Map(this.#descriptors);
    for (const [oid, descriptor] of changes) {
      if (descriptor === undefined) descriptors.delete(oid);
      else descriptors.set(oid, descriptor);
    }
    return new LoadedCatalog(this.version, nextOid, descriptors);
  }

  schemaByName(name: string): SchemaDescriptor | undefined {
    return this.#schemasByName.get(name);
  }

  schemaByOid(oid: number): SchemaDescriptor | undefined {
    return this.#schemasByOid.get(oid);
  }

  schemas(): readonly SchemaDescriptor[] {
    return [...this.#schemasByOid.values()];
  }

  relationByName(schemaOid: number, name: string): RelationDescriptor | undefined {
    return this.#relationsBySchema.get(schemaOid)?.get(name);
  }

  relationByOid(oid: number): RelationDescriptor | undefined {
    return this.#relationsByOid.get(oid);
  }

  relations(schemaOid: number): readonly RelationDescriptor[] {
    const relations = this.#relationsBySchema.get(schemaOid);
    return relations === undefined ? [] : [...relations.values()];
  }

  /** Every stored table. */
  tables(): readonly TableDescriptor[] {
    const tables: TableDescriptor[] = [];
    for (const relation of this.#relationsByOid.values()) if (relation.kind === 'table') tables.push(relation);
    return tables;
  }

  /** Every relation that is not of a system schema. */
  userRelations(): readonly RelationDescriptor[] {
    return [...this.#relationsByOid.values()].filter((relation) => relation.kind !== 'system');
  }

  domainByOid(oid: number): DomainDescriptor | undefined {
    return this.#domainsByOid.get(oid);
  }

  domainByName(schemaOid: number, name: string): DomainDescriptor | undefined {
    for (const domain of this.#domainsByOid.values()) if (domain.schemaOid === schemaOid && domain.name === name) return domain;
    return undefined;
  }

  domains(): readonly DomainDescriptor[] {
    return [...this.#domainsByOid.values()];
  }

  functionByOid(oid: number): FunctionDescriptor | undefined {
    return this.#functionsByOid.get(oid);
  }

  functionsNamed(name: string): readonly FunctionDescriptor[] {
    return this.#functionsByName.get(name) ?? noFunctions;
  }

  functions(): readonly FunctionDescriptor[] {
    return [...this.#functionsByOid.values()];
  }

  statistics(): readonly StatisticsDescriptor[] {
    return this.#statistics;
  }

  statisticsOf(tableOid: number): readonly StatisticsDescriptor[] {
    return this.#statistics.filter((entry) => entry.tableOid === tableOid);
  }

  indexByOid(oid: number): IndexPlace | undefined {
    return this.#indexesByOid.get(oid);
  }

  indexByName(schemaOid: number, name: string): IndexPlace | undefined {
    return this.#indexesBySchema.get(schemaOid)?.get(name);
  }

  /** True when a relation or an index has the name: they share one name space, as in PostgreSQL. */
  hasRelationName(schemaOid: number, name: string): boolean {
    return this.relationByName(schemaOid, name) !== undefined || this.indexByName(schemaOid, name) !== undefined;
  }

  referencesTo(tableOid: number): readonly Reference[] {
    return this.#referencesByOid.get(tableOid) ?? noReferences;
  }

  roleByName(name: string): RoleDescriptor | undefined {
    return this.#rolesByName.get(name);
  }

  roleByOid(oid: number): RoleDescriptor | undefined {
    return this.#rolesByOid.get(oid);
  }

  roles(): readonly RoleDescriptor[] {
    return [...this.#rolesByOid.values()];
  }

  comment(classOid: number, objectOid: number, subId: number): CommentDescriptor | undefined {
    return this.#comments.get(placeOf({ classOid, objectOid, subId }));
  }

  comments(): readonly CommentDescriptor[] {
    return [...this.#comments.values()];
  }

  get roleGraph(): RoleGraph {
    this.#roleGraph ??= new RoleGraph(this.#rolesByOid, this.#memberships.values(), adminRoleOid);
    return this.#roleGraph;
  }

  memberships(): readonly MembershipDescriptor[] {
    return [...this.#memberships.values()];
  }

  iamMappings(): readonly IamMappingDescriptor[] {
    return this.#iamMappings;
  }

  acl(classOid: number, objectOid: number, subId: number): Acl | undefined {
    return this.#acls.get(placeOf({ classOid, objectOid, subId }))?.items;
  }

  aclDescriptor(classOid: number, objectOid: number, subId: number): AclDescriptor | undefined {
    return this.#acls.get(placeOf({ classOid, objectOid, subId }));
  }

  acls(): readonly AclDescriptor[] {
    return [...this.#acls.values()];
  }

  defaultAcls(): readonly DefaultAclDescriptor[] {
    return this.#defaultAcls;
  }

  #add(descriptor: Descriptor): void {
    switch (descriptor.kind) {
      case 'schema':
        this.#addSchema(descriptor);
        break;
      case 'role':
        this.#addRole(descriptor);
        break;
      case 'membership':
        this.#memberships.set(descriptor.oid, descriptor);
        break;
      case 'acl':
        this.#acls.set(placeOf(descriptor), descriptor);
        break;
      case 'defaultAcl':
        this.#defaultAcls.push(descriptor);
        break;
      case 'iamMapping':
        this.#iamMappings.push(descriptor);
        break;
      case 'domain':
        this.#domainsByOid.set(descriptor.oid, descriptor);
        break;
      case 'function':
        this.#addFunction(descriptor);
        break;
      case 'statistics':
        this.#statistics.push(descriptor);
        break;
      case 'comment':
        this.#comments.set(placeOf(descriptor), descriptor);
        break;
      default:
        this.#addRelation(descriptor);
    }
  }

  #addFunction(descriptor: FunctionDescriptor): void {
    this.#functionsByOid.set(descriptor.oid, descriptor);
    const known = this.#functionsByName.get(descriptor.name);
    if (known === undefined) this.#functionsByName.set(descriptor.name, [descriptor]);
    else known.push(descriptor);
  }

  #addSchema(schema: SchemaDescriptor): void {
    this.#schemasByOid.set(schema.oid, schema);
    this.#schemasByName.set(schema.name, schema);
    if (schema.oid === firstTemporaryOid) this.#schemasByName.set(temporaryAlias, schema);
  }

  #addRole(role: RoleDescriptor): void {
    this.#rolesByOid.set(role.oid, role);
    this.#rolesByName.set(role.name, role);
  }

  #addRelation(relation: RelationDescriptor): void {
    this.#relationsByOid.set(relation.oid, relation);
    inner(this.#relationsBySchema, relation.schemaOid).set(relation.name, relation);
    if (relation.kind !== 'table') return;
    this.#addReferences(relation);
    const indexes = inner(this.#indexesBySchema, relation.schemaOid);
    const add = (indexOid: number, name: string): void => {
      const place = { tableOid: relation.oid, indexOid };
      this.#indexesByOid.set(indexOid, place);
      indexes.set(name, place);
    };
    if (relation.primaryKey !== undefined) add(relation.primaryKey.indexOid, relation.primaryKey.name);
    for (const index of relation.indexes) add(index.oid, index.name);
  }

  #addReferences(child: TableDescriptor): void {
    for (const foreignKey of child.foreignKeys) {
      const known = this.#referencesByOid.get(foreignKey.parentOid);
      const reference = { child, foreignKey };
      if (known === undefined) this.#referencesByOid.set(foreignKey.parentOid, [reference]);
      else {
        known.push(reference);
        known.sort((a, b) => a.foreignKey.constraintOid - b.foreignKey.constraintOid);
      }
    }
  }
}

const placeOf = ({ classOid, objectOid, subId }: Pick<CommentDescriptor, 'classOid' | 'objectOid' | 'subId'>): string =>
  `${classOid}/${objectOid}/${subId}`;

const noFunctions: readonly FunctionDescriptor[] = [];
const noReferences: readonly Reference[] = [];
const loadSlice = 1000;

function inner<Value>(outer: Map<number, Map<string, Value>>, oid: number): Map<string, Value> {
  let map = outer.get(oid);
  if (map === undefined) {
    map = new Map();
    outer.set(oid, map);
  }
  return map;
}
