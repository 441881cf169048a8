/** How printed queries name things: all qualified, for texts that are kept, or as a session would write them. */
import type { NameLookup, TypeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import type { ObjectNames } from '../analyzer/deparse-query.ts';
import { firstUserOid } from './catalog.ts';
import type { DomainDescriptor, FunctionDescriptor, RelationDescriptor } from './descriptors.ts';
import { quoteIdentifier } from './identifiers.ts';

type FindDomain = (oid: number) => DomainDescriptor | undefined;
type FindFunction = (oid: number) => FunctionDescriptor | undefined;
type FindRelation = (oid: number) => RelationDescriptor | undefined;

const columnName = (relation: RelationDescriptor | undefined, attributeNumber: number): string | undefined =>
  relation === undefined || relation.kind === 'sequence' ? undefined : relation.columns[attributeNumber - 1]?.name;

/** For stored texts: they mean the same whatever the search path. */
export const storedNames = (find: FindRelation, findDomain: FindDomain, findFunction: FindFunction): ObjectNames => ({
  function: (oid) => storedFunctionName(oid, findFunction),
  type: (type) => storedTypeName(type, findDomain),
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => {
    const relation = find(oid);
    return relation === undefined ? '' : `${quoteIdentifier(relation.schemaName)}.${quoteIdentifier(relation.name)}`;
  },
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});

export function storedTypeName(type: TypeRef, findDomain: FindDomain): string {
  const domain = type.domain === undefined ? undefined : findDomain(type.domain);
  return domain === undefined ? formatType(type) : `${quoteIdentifier(domain.schemaName)}.${quoteIdentifier(domain.name)}`;
}

/** undefined for a built-in one. */
export function storedFunctionName(oid: number, findFunction: FindFunction): string | undefined {
  const found = findFunction(oid);
  return found === undefined ? undefined : `${quoteIdentifier(found.schemaName)}.${quoteIdentifier(found.name)}`;
}

/** For texts that are shown: qualified where the search path does not find them. */
export const shownNames = (find: FindRelation, names: NameLookup): ObjectNames => ({
  function: (oid) => (oid >= firstUserOid ? names.nameOf('proc', oid) : undefined),
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => names.nameOf('class', oid) ?? '',
  type: (type) => (type.domain === undefined ? undefined : names.nameOf('type', type.domain)) ?? formatType(type),
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});
