/** CREATE SCHEMA and DROP SCHEMA. Elements of CREATE SCHEMA are statements of their own, which the session runs after it. */
import type { CreateSchemaStmt, DropStmt } from '@pgsql/types';
import { maximumSchemasDsql } from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { firstUserOid, publicOid, type Reference } from '../catalog.ts';
import type { RelationDescriptor, TableDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { isSystemSchema } from '../loaded-catalog.ts';
import { namesOf } from './create-table.ts';
import { type DependentObject, dependentsOf } from './dependent-objects.ts';
import { dependencyLine, dependentViews, titled } from './dependents.ts';
import { describeDomain } from './domain-names.ts';
import { dependentReferences, dropRelation } from './drop-relation.ts';
import { describeReference, dropReferences } from './foreign-keys.ts';
import { describeFunction } from './function-names.ts';
import type { SchemaChange } from './schema-change.ts';

export function createSchema(change: SchemaChange, statement: CreateSchemaStmt): void {
  const { catalog } = change;
  const owner = statement.authrole;
  const ownerName = owner?.roletype === 'ROLESPEC_CSTRING' ? (owner.rolename ?? '') : change.host.user;
  const role = catalog.roleByName(ownerName);
  if (owner !== undefined && role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${ownerName}" does not exist`);
  const name = statement.schemaname ?? ownerName;
  if (name.startsWith('pg_'))
    throw new SqlError(sqlstate.reservedName, `unacceptable schema name "${name}"`, {
      detail: 'The prefix "pg_" is reserved for system schemas.',
    });
  if (catalog.schemaByName(name) !== undefined) {
    if (!statement.if_not_exists) throw new SqlError('42P06', `schema "${name}" already exists`);
    change.notice(`schema "${name}" already exists, skipping`, '42P06');
    return;
  }
  if (change.isDsql && catalog.schemas().filter((schema) => schema.oid >= firstUserOid).length >= maximumSchemasDsql)
    throw new SqlError(sqlstate.programLimitExceeded, `more than ${maximumSchemasDsql} schemas not allowed`);
  change.put({ kind: 'schema', oid: change.newOid(), name, ownerOid: role?.oid ?? change.ownerOid() });
}

export function dropSchemas(change: SchemaChange, statement: DropStmt): void {
  const { catalog } = change;
  for (const object of statement.objects ?? []) {
    const [name] = 'String' in object ? [object.String.sval ?? ''] : 'List' in object ? namesOf(object.List.items) : [''];
    const schema = catalog.schemaByName(name);
    if (schema === undefined) {
      if (!statement.missing_ok) throw new SqlError(sqlstate.invalidSchemaName, `schema "${name}" does not exist`);
      change.notice(`schema "${name}" does not exist, skipping`);
      continue;
    }
    if (isSystemSchema(schema.oid) || (schema.oid === publicOid && change.isDsql)) {
      if (change.isDsql) throw notSupported('feature not supported on system entity');
      throw new SqlError(sqlstate.dependentObjectsStillExist, `cannot drop schema ${name} because it is required by the database system`);
    }
    if (schema.oid === publicOid) throw notSupported('dropping schema public is not supported');
    const relations = catalog.relations(schema.oid);
    const references = dependentReferences(change, relations);
    const functions = catalog.functions().filter((descriptor) => descriptor.schemaOid === schema.oid);
    const dependents = dependentViews(change, [...relations, ...functions]);
    const domains = catalog.domains().filter((domain) => domain.schemaOid === schema.oid);
    const ofOthers = catalog
      .statistics()
      .filter((entry) => entry.schemaOid === schema.oid && catalog.relationByOid(entry.tableOid)?.schemaOid !== schema.oid);
    const statistics = ofOthers.map((entry) => `statistics object ${quoteIdentifier(schema.name)}.${quoteIdentifier(entry.name)}`);
    /** Each relation with what refers to it behind it, as PostgreSQL lists them. */
    const listed = (
      ofRelation: (relation: RelationDescriptor) => string,
      ofReference: (reference: Reference, on: TableDescriptor) => string,
    ) =>
      relations.flatMap((relation) => [
        ofRelation(relation),
        ...references.flatMap(({ reference, on }) => (on === relation ? [ofReference(reference, on)] : [])),
      ]);
    if (relations.length + domains.length + functions.length + statistics.length > 0 && statement.behavior !== 'DROP_CASCADE')
      throw new SqlError(sqlstate.dependentObjectsStillExist, `cannot drop schema ${name} because other objects depend on it`, {
        detail: [
          ...listed(
            (relation) => `${relation.kind} ${change.describe(relation)} depends on schema ${name}`,
            (reference, on) => `${describeReference(change, reference)} depends on table ${change.describe(on)}`,
          ),
          ...dependents.map((dependent) => dependencyLine(change, dependent)),
          ...domains.map((domain) => `type ${describeDomain(change, domain)} depends on schema ${name}`),
          ...functions.map((descriptor) => `function ${describeFunction(change, descriptor)} depends on schema ${name}`),
          ...statistics.map((entry) => `${entry} depends on schema ${name}`),
        ].join('\n'),
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    change.noticeCascade([
      ...listed(
        (relation) => `${relation.kind} ${change.describe(relation)}`,
        (reference) => describeReference(change, reference),
      ),
      ...dependents.map(({ view }) => titled(change, view)),
      ...domains.map((domain) => `type ${describeDomain(change, domain)}`),
      ...functions.map((descriptor) => `function ${describeFunction(change, descriptor)}`),
      ...statistics,
    ]);
    const isUsedOutside = (leaving: readonly DependentObject[]): boolean =>
      dependentsOf(change, leaving).some(({ object }) => schemaOf(object) !== schema.oid);
    if (isUsedOutside(functions)) throw notSupported('dropping a schema whose functions are used outside of it is not supported');
    for (const descriptor of functions) change.drop(descriptor.oid);
    if (isUsedOutside(domains)) throw notSupported('dropping a schema whose domains are used outside of it is not supported');
    for (const domain of domains) change.drop(domain.oid);
    for (const { view } of dependents) dropRelation(change, view);
    dropReferences(
      change,
      references.map(({ reference }) => reference),
    );
    for (const relation of relations) dropRelation(change, relation);
    change.drop(schema.oid);
  }
}

function schemaOf(object: DependentObject): number {
  if ('schemaOid' in object) return object.schemaOid;
  if (object.kind === 'domainCheck') return object.domain.schemaOid;
  return object.kind === 'foreignKey' ? object.child.schemaOid : object.table.schemaOid;
}
