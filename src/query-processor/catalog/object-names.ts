/** How printed queries name things: all qualified, for texts that are kept, or as a session would write them. */
import type { NameLookup } from '#sql/type.ts';
import type { ObjectNames } from '../analyzer/deparse-query.ts';
import type { RelationDescriptor } from './descriptors.ts';
import { quoteIdentifier } from './identifiers.ts';

type FindRelation = (oid: number) => RelationDescriptor | undefined;

const columnName = (relation: RelationDescriptor | undefined, attributeNumber: number): string | undefined =>
  relation === undefined || relation.kind === 'sequence' ? undefined : relation.columns[attributeNumber - 1]?.name;

/** For stored texts: they mean the same whatever the search path. */
export const storedNames = (find: FindRelation): ObjectNames => ({
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => {
    const relation = find(oid);
    return relation === undefined ? '' : `${quoteIdentifier(relation.schemaName)}.${quoteIdentifier(relation.name)}`;
  },
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});

/** For texts that are shown: qualified where the search path does not find them. */
export const shownNames = (find: FindRelation, names: NameLookup): ObjectNames => ({
  bareName: (oid) => find(oid)?.name ?? '',
  relation: (oid) => names.nameOf('class', oid) ?? '',
  column: (oid, attributeNumber) => columnName(find(oid), attributeNumber),
});
