/** How printed queries name things: all qualified, for texts that are kept, or as a session would write them. */
import type { NameLookup, TypeRef } from '#sql/type.ts';
import { domainOfArray, elementOfRowArray, relationOfRowType } from '#sql/types/catalog-types.ts';
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
  type: (type) => storedTypeName(type, findDomain, find),
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => {
    const relation = find(oid);
    return relation === undefined ? '' : `${quoteIdentifier(relation.schemaName)}.${quoteIdentifier(relation.name)}`;
  },
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});

export function storedTypeName(type: TypeRef, findDomain: FindDomain, find: FindRelation): string {
  const own = type.domain ?? type.oid;
  const ofDomain = domainOfArray(own);
  const ofRow = elementOfRowArray(own);
  const relationOid = relationOfRowType(ofRow ?? own);
  const named = relationOid === undefined ? findDomain(ofDomain ?? own) : find(relationOid);
  if (named === undefined) return formatType(type);
  const isArray = ofDomain !== undefined || ofRow !== undefined;
  return `${quoteIdentifier(named.schemaName)}.${quoteIdentifier(named.name)}${isArray ? '[]' : ''}`;
}

/** undefined for a built-in one. */
export function storedFunctionName(oid: number, findFunction: FindFunction): string | undefined {
  const found = findFunction(oid);
  return found === undefined ? undefined : `${quoteIdentifier(found.schemaName)}.${quoteIdentifier(found.name)}`;
}

export function shownTypeName({ oid, typmod, domain }: TypeRef, names: NameLookup): string {
  const own = domain ?? oid;
  return (own >= firstUserOid ? names.nameOf('type', own) : undefined) ?? formatType({ oid, typmod });
}

/** For texts that are shown: qualified where the search path does not find them. */
export const shownNames = (find: FindRelation, names: NameLookup): ObjectNames => ({
  function: (oid) => (oid >= firstUserOid ? names.nameOf('proc', oid) : undefined),
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => names.nameOf('class', oid) ?? '',
  type: (type) => shownTypeName(type, names),
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});
