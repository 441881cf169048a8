/** What information_schema tells somebody of: the relations that he owns or may do something with, and the schemas that he may use. */
import { allPrivileges, privilege } from '#sql/privilege.ts';
import type { Run } from '../../executor/operator.ts';
import type { RelationDescriptor, SchemaDescriptor } from '../descriptors.ts';
import { roleOidOf } from '../privileges/role-graph.ts';
import { columnPrivilegesOn, ownsObject, privilegesOn, relationObject, schemaObject } from '../privileges/secured-object.ts';
import { everyRelation } from './row-maker.ts';

export const currentRole = (run: Run): number => roleOidOf(run.catalog, run.context.session.currentUser);

function isShown(run: Run, relation: RelationDescriptor, roleOid: number): boolean {
  const { catalog } = run;
  if (ownsObject(catalog.roleGraph, roleOid, relation)) return true;
  const object = relationObject(relation);
  if ((privilegesOn(catalog, object, roleOid) & allPrivileges[object.kind]) !== 0) return true;
  return relation.kind !== 'sequence' && relation.columns.some((_, at) => columnPrivilegesOn(catalog, relation.oid, at + 1, roleOid) !== 0);
}

export function* shownRelations(run: Run): Generator<RelationDescriptor, void, undefined> {
  const roleOid = currentRole(run);
  for (const relation of everyRelation(run.catalog)) if (isShown(run, relation, roleOid)) yield relation;
}

export function shownSchemas(run: Run): readonly SchemaDescriptor[] {
  const roleOid = currentRole(run);
  return run.catalog
    .schemas()
    .filter(
      (schema) =>
        ownsObject(run.catalog.roleGraph, roleOid, schema) ||
        (privilegesOn(run.catalog, schemaObject(schema), roleOid) & (privilege.create | privilege.usage)) !== 0,
    );
}

/** Values of a column are shown to who may read it. */
export function mayReadColumn(run: Run, relation: RelationDescriptor, attributeNumber: number): boolean {
  const roleOid = currentRole(run);
  const ofTable = privilegesOn(run.catalog, relationObject(relation), roleOid);
  return ((ofTable | columnPrivilegesOn(run.catalog, relation.oid, attributeNumber, roleOid)) & privilege.select) !== 0;
}
