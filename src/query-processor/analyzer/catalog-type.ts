/** Types that the catalog makes, by name: domains, and the row types of relations, whose name is their relation's. */
import { type TypeRef, typeRef } from '#sql/type.ts';
import { isRowTypeOid, relationOfRowType, rowTypeOf } from '#sql/types/catalog-types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { RelationDescriptor } from '../catalog/descriptors.ts';
import { domainType } from './domain.ts';
import type { AnalyzerEnvironment } from './environment.ts';
import { searchedSchemas } from './relation-lookup.ts';
import type { RecordShape } from './scope.ts';

/** Finds the type that a name means, as resolveTypeName asks it; undefined when there is none. */
export type FindCatalogType = (schemaName: string | undefined, name: string) => TypeRef | undefined;

export function findCatalogType(
  environment: Pick<AnalyzerEnvironment, 'catalog' | 'settings' | 'currentUser'>,
  schemaName: string | undefined,
  name: string,
): TypeRef | undefined {
  const { catalog } = environment;
  if (schemaName === undefined) return firstTypeIn(catalog, searchedSchemas(environment), name);
  const schema = catalog.schemaByName(schemaName);
  return schema === undefined ? undefined : firstTypeIn(catalog, [schema], name);
}

export function firstTypeIn(catalog: Catalog, schemas: readonly { readonly oid: number }[], name: string): TypeRef | undefined {
  for (const { oid: schemaOid } of schemas) {
    const domain = catalog.domainByName(schemaOid, name);
    if (domain !== undefined) return domainType(domain);
    const relation = catalog.relationByName(schemaOid, name);
    if (relation !== undefined && hasRowType(relation)) return typeRef(rowTypeOf(relation.oid));
  }
  return undefined;
}

const hasRowType = ({ kind }: RelationDescriptor): boolean => kind !== 'sequence';

/** The relation of a row type; undefined for other types. */
export function rowTypeRelation(catalog: Catalog, typeOid: number): RelationDescriptor | undefined {
  const relationOid = relationOfRowType(typeOid);
  return relationOid === undefined ? undefined : catalog.relationByOid(relationOid);
}

/** The fields of a row type; undefined for other types. */
export function rowTypeShape(catalog: Catalog, typeOid: number): RecordShape | undefined {
  if (!isRowTypeOid(typeOid)) return undefined;
  const relation = rowTypeRelation(catalog, typeOid);
  if (relation === undefined || relation.kind === 'sequence') return undefined;
  const columns = relation.columns.filter((column) => !('isDropped' in column) || !column.isDropped);
  return { names: columns.map(({ name }) => name), types: columns.map(({ type }) => type) };
}
