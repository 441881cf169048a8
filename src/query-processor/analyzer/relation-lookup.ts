/** Relation look-up: which relation a name means, by the search path, pg_catalog implicitly first. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { RelationDescriptor, SchemaDescriptor } from '../catalog/descriptors.ts';
import { searchSchemas } from '../catalog/name-lookup.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import { requireSchemaUsage } from '../catalog/privileges/secured-object.ts';
import type { AnalyzerEnvironment } from './environment.ts';

type LookupEnvironment = Pick<AnalyzerEnvironment, 'catalog' | 'settings' | 'currentUser' | 'stored'>;

/** Schemas in the order in which an unqualified name is looked for. */
export function searchedSchemas(environment: LookupEnvironment): readonly SchemaDescriptor[] {
  const { catalog, settings, currentUser } = environment;
  return searchSchemas(catalog, settings.searchPath, currentUser).flatMap((oid) => catalog.schemaByOid(oid) ?? []);
}

export function findRelation(environment: LookupEnvironment, schemaName: string | undefined, name: string): RelationDescriptor | undefined {
  if (schemaName !== undefined) {
    const { catalog } = environment;
    const schema = catalog.schemaByName(schemaName);
    if (schema === undefined) return undefined;
    // A stored text names what was found when it was written: it is not looked for again.
    if (environment.stored === undefined) requireSchemaUsage(catalog, schema, roleOidOf(catalog, environment.currentUser));
    return catalog.relationByName(schema.oid, name);
  }
  for (const schema of searchedSchemas(environment)) {
    const found = environment.catalog.relationByName(schema.oid, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True when the name is an index, which is a relation but no table. */
export function isIndexName(environment: LookupEnvironment, schemaName: string | undefined, name: string): boolean {
  const { catalog } = environment;
  const schemas = schemaName === undefined ? searchedSchemas(environment) : [catalog.schemaByName(schemaName)];
  return schemas.some((schema) => schema !== undefined && catalog.indexByName(schema.oid, name) !== undefined);
}

export const noSuchRelation = (schemaName: string | undefined, name: string): SqlError =>
  new SqlError(sqlstate.undefinedTable, `relation "${schemaName === undefined ? name : `${schemaName}.${name}`}" does not exist`);
