/**
 * Schema change: what one DDL statement does to the catalog, gathered here and written into the session's transaction at its end.
 *
 *   D1  Every change writes the changed descriptor's row and the catalog's own row with mode `write`: schema changes are one after
 *       another, and a transaction that used an older descriptor of the same relation ends with OC001.
 *   D2  Nothing is changed before the whole statement has been checked: a statement that throws leaves `changes` behind unused.
 */
import type { RangeVar } from '@pgsql/types';
import { type Notice, notice, notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Random } from '#base/world.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { privilege } from '#sql/privilege.ts';
import type { Settings } from '#sql/settings.ts';
import { firstTemporaryOid, writtenKey } from '#sql/spaces.ts';
import type { TypeContext } from '#sql/type.ts';
import type { Storage } from '#storage/storage.ts';
import { type FindCatalogType, findCatalogType } from '../../analyzer/catalog-type.ts';
import type { PositionOf } from '../../parser/parse.ts';
import type { OpenTransaction } from '../../transaction/open-transaction.ts';
import { adminRoleOid } from '../catalog.ts';
import type { Descriptor, RelationDescriptor, SchemaDescriptor, TableDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { isSystemSchema, type LoadedCatalog } from '../loaded-catalog.ts';
import { searchSchemas, temporaryAlias } from '../name-lookup.ts';
import { roleOidOf } from '../privileges/role-graph.ts';
import { requirePrivileges, requireSchemaUsage, schemaObject } from '../privileges/secured-object.ts';
import { fixedContext } from './fixed-context.ts';

/** What a schema change needs of the session that makes it. */
export type SchemaChangeHost = {
  readonly catalog: LoadedCatalog;
  readonly transaction: OpenTransaction;
  readonly storage: Storage;
  readonly random: Random;
  readonly settings: Settings;
  readonly typeContext: TypeContext;
  /** Whose privileges count, and who connected. */
  readonly user: string;
  readonly sessionUser: string;
  readonly notice: (notice: Notice) => void;
  readonly temporary: TemporaryHome;
  /** check_function_bodies. */
  readonly checksFunctionBodies: boolean;
};

/** Where a session's temporary objects are made. */
export type TemporaryHome = { readonly schema: Omit<SchemaDescriptor, 'ownerOid'>; newOid(): number };

export class SchemaChange {
  readonly host: SchemaChangeHost;
  readonly catalog: LoadedCatalog;
  readonly positionOf: PositionOf;
  readonly statementText: string;
  /** By the relation (a table or an index) that they belonged to. */
  readonly abandonedSpaces = new Map<number, number[]>();
  /** Sequences whose reserved values are worth nothing once this change has committed. */
  readonly changedSequences: number[] = [];
  /** An index that a job is to fill once this change has committed. */
  indexBuild: { readonly table: TableDescriptor; readonly indexOid: number } | undefined;
  /** A constraint that a job is to validate. */
  validation: { readonly table: TableDescriptor; readonly constraintOid: number } | undefined;
  readonly changes = new Map<number, Descriptor | undefined>();
  #nextOid: number;
  #isTemporary = false;
  #hasToldCascade = false;

  constructor(host: SchemaChangeHost, statementText: string, positionOf: PositionOf) {
    this.host = host;
    this.catalog = host.catalog;
    this.statementText = statementText;
    this.positionOf = positionOf;
    this.#nextOid = host.catalog.nextOid;
  }

  get isDsql(): boolean {
    return this.host.settings.profile === 'dsql';
  }

  get nextOid(): number {
    return this.#nextOid;
  }

  newOid(): number {
    return this.#isTemporary ? this.host.temporary.newOid() : this.#nextOid++;
  }

  /** True when what is made or changed is a temporary object: everything that comes with it is one too. */
  get isTemporary(): boolean {
    return this.#isTemporary;
  }

  /** A statement is about this relation. */
  #takeUp<Relation extends RelationDescriptor>(relation: Relation): Relation {
    if (relation.oid >= firstTemporaryOid) this.#isTemporary = true;
    return relation;
  }

  put(descriptor: Descriptor): void {
    this.changes.set(descriptor.oid, descriptor);
  }

  drop(oid: number): void {
    this.changes.set(oid, undefined);
  }

  notice(message: string, code?: string): void {
    const made = notice(message);
    this.host.notice(code === undefined ? made : { ...made, sqlstate: code });
  }

  get evaluationContext(): EvaluationContext {
    return fixedContext(this.host.transaction.startTimestamp, this.host.random, this.host.user);
  }

  /** A relation as messages name it: qualified only when it must be. */
  describe(relation: RelationDescriptor): string {
    const seen = this.findRelation({ relname: relation.name });
    const name = quoteIdentifier(relation.name);
    return seen?.oid === relation.oid ? name : `${quoteIdentifier(relation.schemaName)}.${name}`;
  }

  /** PostgreSQL's NOTICE for what CASCADE takes along. */
  noticeCascade(objects: readonly string[]): void {
    if (objects.length === 0 || this.#hasToldCascade) return;
    if (objects.length === 1) this.notice(`drop cascades to ${objects[0]}`);
    else
      this.host.notice(
        notice(`drop cascades to ${objects.length} other objects`, {
          detail: objects.map((object) => `drop cascades to ${object}`).join('\n'),
        }),
      );
  }

  /** For parts of a cascade all of which has been told. */
  withoutCascadeNotices<Result>(run: () => Result): Result {
    const before = this.#hasToldCascade;
    this.#hasToldCascade = true;
    try {
      return run();
    } finally {
      this.#hasToldCascade = before;
    }
  }

  /** Key spaces whose rows nothing reads any more once this change has committed. */
  abandonSpaces(relationOid: number, spaces: readonly number[]): void {
    const known = this.abandonedSpaces.get(relationOid);
    if (known === undefined) this.abandonedSpaces.set(relationOid, [...spaces]);
    else known.push(...spaces);
  }

  /** For type names (type-name.ts). */
  readonly catalogType: FindCatalogType = (schemaName, name) => {
    const { settings, user } = this.host;
    return findCatalogType({ catalog: this.catalog, settings, currentUser: user }, schemaName, name);
  };

  error(code: string, message: string, location?: number, fields: { readonly detail?: string; readonly hint?: string } = {}): SqlError {
    return new SqlError(code, message, { ...fields, position: this.positionOf(location) });
  }

  /** Of the one database. */
  get databaseOwnerOid(): number {
    return adminRoleOid;
  }

  ownerOid(): number {
    return roleOidOf(this.catalog, this.host.user);
  }

  /** Where an object of that name is to be made. */
  creationSchema(target: RangeVar): SchemaDescriptor {
    const schema = this.#creationSchema(target);
    if (schema.oid === firstTemporaryOid) return schema;
    if (isSystemSchema(schema.oid)) {
      if (this.isDsql) throw notSupported('feature not supported on system entity');
      throw new SqlError(sqlstate.insufficientPrivilege, `permission denied to create "${schema.name}.${target.relname}"`, {
        detail: 'System catalog modifications are currently disallowed.',
      });
    }
    requirePrivileges(this.catalog, schemaObject(schema), this.ownerOid(), privilege.create);
    return schema;
  }

  #creationSchema(target: RangeVar): SchemaDescriptor {
    const { schemaname, relpersistence, location } = target;
    const isTemporaryName = schemaname === temporaryAlias || schemaname === this.host.temporary.schema.name;
    if (relpersistence === 't' && schemaname !== undefined && !isTemporaryName)
      throw this.error(sqlstate.invalidTableDefinition, 'cannot create temporary relation in non-temporary schema', location);
    if (relpersistence === 't' || isTemporaryName) return this.temporarySchema();
    return schemaname === undefined ? this.#firstSchema() : this.schemaByName(schemaname, location);
  }

  /** The session's own; from here on the change makes temporary objects. */
  temporarySchema(): SchemaDescriptor {
    this.#isTemporary = true;
    const known = this.catalog.schemaByOid(firstTemporaryOid);
    if (known !== undefined) return known;
    const schema = { ...this.host.temporary.schema, ownerOid: this.ownerOid() };
    this.put(schema);
    return schema;
  }

  #firstSchema(): SchemaDescriptor {
    if (this.host.settings.searchPath[0] === temporaryAlias) return this.temporarySchema();
    for (const oid of searchSchemas(this.catalog, this.host.settings.searchPath, this.host.user)) {
      const schema = this.catalog.schemaByOid(oid);
      if (schema !== undefined && !isSystemSchema(oid) && oid !== firstTemporaryOid) return schema;
    }
    throw new SqlError(sqlstate.invalidSchemaName, 'no schema has been selected to create in');
  }

  schemaByName(name: string, location?: number): SchemaDescriptor {
    const schema = this.catalog.schemaByName(name);
    if (schema === undefined) throw this.error(sqlstate.invalidSchemaName, `schema "${name}" does not exist`, location);
    return schema;
  }

  /** The relation that a possibly qualified name means; undefined when there is none. */
  findRelation(target: RangeVar): RelationDescriptor | undefined {
    const name = target.relname ?? '';
    if (target.schemaname !== undefined) {
      const schema = this.catalog.schemaByName(target.schemaname);
      if (schema !== undefined) requireSchemaUsage(this.catalog, schema, this.ownerOid());
      const found = schema === undefined ? undefined : this.catalog.relationByName(schema.oid, name);
      return found === undefined ? undefined : this.#takeUp(found);
    }
    for (const oid of searchSchemas(this.catalog, this.host.settings.searchPath, this.host.user)) {
      const relation = this.catalog.relationByName(oid, name);
      if (relation !== undefined) return this.#takeUp(relation);
    }
    return undefined;
  }

  findIndex(target: RangeVar): { readonly table: TableDescriptor; readonly indexOid: number } | undefined {
    const name = target.relname ?? '';
    const named = target.schemaname === undefined ? undefined : this.catalog.schemaByName(target.schemaname);
    if (target.schemaname !== undefined && named === undefined) return undefined;
    const schemas = named === undefined ? searchSchemas(this.catalog, this.host.settings.searchPath, this.host.user) : [named.oid];
    for (const oid of schemas) {
      const place = this.catalog.indexByName(oid, name);
      const table = place === undefined ? undefined : this.catalog.relationByOid(place.tableOid);
      if (place !== undefined && table?.kind === 'table') return { table: this.#takeUp(table), indexOid: place.indexOid };
    }
    return undefined;
  }

  /** A stored table that may be changed. */
  table(target: RangeVar, isMissingOk = false): TableDescriptor | undefined {
    const relation = this.findRelation(target);
    if (relation === undefined) {
      this.skipMissing(target, isMissingOk);
      return undefined;
    }
    if (relation.kind === 'system') throw this.systemRelation(relation.name);
    if (relation.kind !== 'table') throw new SqlError(sqlstate.wrongObjectType, `"${relation.name}" is not a table`);
    return relation;
  }

  systemRelation(name: string): SqlError {
    if (this.isDsql) return notSupported('feature not supported on system entity');
    return new SqlError(sqlstate.insufficientPrivilege, `permission denied: "${name}" is a system catalog`);
  }

  missingRelation(target: RangeVar): SqlError {
    if (target.schemaname !== undefined && this.catalog.schemaByName(target.schemaname) === undefined)
      return this.error(sqlstate.invalidSchemaName, `schema "${target.schemaname}" does not exist`);
    const name = target.schemaname === undefined ? `${target.relname}` : `${target.schemaname}.${target.relname}`;
    return this.error(sqlstate.undefinedTable, `relation "${name}" does not exist`);
  }

  /** Of a relation that is not there: says so under IF EXISTS, else throws. */
  skipMissing(target: RangeVar, isMissingOk: boolean | undefined): void {
    if (!isMissingOk) throw this.missingRelation(target);
    this.notice(`relation "${target.relname}" does not exist, skipping`);
  }

  /** Whether the name is taken and IF NOT EXISTS lets that pass, which is then said; throws where it is taken and nothing lets it pass. */
  skipsExisting(schemaOid: number, name: string, isExistingOk: boolean | undefined): boolean {
    if (!this.catalog.hasRelationName(schemaOid, name)) return false;
    if (!isExistingOk) throw new SqlError(sqlstate.duplicateTable, `relation "${name}" already exists`);
    this.notice(`relation "${name}" already exists, skipping`, sqlstate.duplicateTable);
    return true;
  }

  /** Rows committed beside this change must not be missed: whoever writes rows of the table meanwhile conflicts with it. */
  excludeWriters(table: TableDescriptor): void {
    this.host.transaction.mark(writtenKey(table.oid), 'write');
  }
}
