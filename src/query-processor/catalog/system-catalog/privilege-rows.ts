/** information_schema's views of privileges and roles: who has been granted what, as far as it concerns who asks. */
import { allPrivileges, bitsOf, privilege, privilegeName } from '#sql/privilege.ts';
import type { Run } from '../../executor/operator.ts';
import type { RelationDescriptor } from '../descriptors.ts';
import { type Acl, type AclItem, publicGrantee } from '../privileges/acl.ts';
import { databaseOwnerOid } from '../privileges/predefined-roles.ts';
import { aclOf, columnAcl, databaseObject, relationObject } from '../privileges/secured-object.ts';
import { everyRelation, type RowMaker, type RowMakers, type SystemRow } from './row-maker.ts';
import { currentRole } from './shown-relations.ts';

const yesNo = (is: boolean): string => (is ? 'YES' : 'NO');

/** The views that begin with `role_` leave out what has been granted to everybody by others. */
export type Audience = 'all' | 'roles';

function concerns(run: Run, { grantor, grantee }: AclItem, audience: Audience): boolean {
  const graph = run.catalog.roleGraph;
  const own = currentRole(run);
  if (graph.hasPrivilegesOf(own, grantor)) return true;
  return grantee === publicGrantee ? audience === 'all' : graph.hasPrivilegesOf(own, grantee);
}

const roleName = (run: Run, roleOid: number): string =>
  roleOid === publicGrantee ? 'PUBLIC' : (run.catalog.roleByOid(roleOid)?.name ?? String(roleOid));

export function* grants(run: Run, acl: Acl, mask: number, ownerOid: number, audience: Audience): Generator<SystemRow, void, undefined> {
  for (const item of acl) {
    if (!concerns(run, item, audience)) continue;
    const isOwner = item.grantee !== publicGrantee && run.catalog.roleGraph.hasPrivilegesOf(item.grantee, ownerOid);
    for (const bit of bitsOf(item.privileges & mask))
      yield {
        grantor: roleName(run, item.grantor),
        grantee: roleName(run, item.grantee),
        privilege_type: privilegeName(bit),
        is_grantable: yesNo(isOwner || (item.grantOptions & bit) !== 0),
      };
  }
}

const placeOf = (run: Run, relation: RelationDescriptor): SystemRow => ({
  table_catalog: run.context.session.database,
  table_schema: relation.schemaName,
  table_name: relation.name,
});

const tablePrivileges = (audience: Audience): RowMaker =>
  function* (run) {
    for (const relation of everyRelation(run.catalog)) {
      if (relation.kind === 'sequence') continue;
      const acl = aclOf(run.catalog, relationObject(relation));
      for (const row of grants(run, acl, allPrivileges.table, relation.ownerOid, audience))
        yield { ...placeOf(run, relation), ...row, with_hierarchy: yesNo(row.privilege_type === 'SELECT') };
    }
  };

/** What the table's list gives counts for each of its columns; a column's own list adds to it. */
const columnPrivileges = (audience: Audience): RowMaker =>
  function* (run) {
    for (const relation of everyRelation(run.catalog)) {
      if (relation.kind === 'sequence') continue;
      const ofTable = aclOf(run.catalog, relationObject(relation));
      for (const [at, column] of relation.columns.entries()) {
        if ('isDropped' in column && column.isDropped) continue;
        const seen = new Set<string>();
        for (const acl of [ofTable, columnAcl(run.catalog, relation.oid, at + 1)])
          for (const row of grants(run, acl, allPrivileges.column, relation.ownerOid, audience)) {
            const key = Object.values(row).join('/');
            if (seen.has(key)) continue;
            seen.add(key);
            yield { ...placeOf(run, relation), column_name: column.name, ...row };
          }
      }
    }
  };

const usagePrivileges = (audience: Audience): RowMaker =>
  function* (run) {
    for (const relation of everyRelation(run.catalog)) {
      if (relation.kind !== 'sequence') continue;
      const acl = aclOf(run.catalog, relationObject(relation));
      for (const row of grants(run, acl, privilege.usage, relation.ownerOid, audience))
        yield {
          object_catalog: run.context.session.database,
          object_schema: relation.schemaName,
          object_name: relation.name,
          object_type: 'SEQUENCE',
          ...row,
        };
    }
  };

function* enabledRoles(run: Run): Iterable<SystemRow> {
  const own = currentRole(run);
  for (const role of run.catalog.roles()) if (run.catalog.roleGraph.hasPrivilegesOf(own, role.oid)) yield { role_name: role.name };
}

const applicableRoles = (onlyGrantable: boolean): RowMaker =>
  function* (run) {
    const { catalog } = run;
    const own = currentRole(run);
    const ofDatabase = { roleOid: databaseOwnerOid, memberOid: databaseObject.ownerOid, admin: false };
    for (const { roleOid, memberOid, admin } of [...catalog.memberships(), ofDatabase])
      if (catalog.roleGraph.hasPrivilegesOf(own, memberOid) && (admin || !onlyGrantable))
        yield { grantee: roleName(run, memberOid), role_name: roleName(run, roleOid), is_grantable: yesNo(admin) };
  };

export const privilegeRows: RowMakers = {
  table_privileges: tablePrivileges('all'),
  role_table_grants: tablePrivileges('roles'),
  column_privileges: columnPrivileges('all'),
  role_column_grants: columnPrivileges('roles'),
  usage_privileges: usagePrivileges('all'),
  role_usage_grants: usagePrivileges('roles'),
  enabled_roles: enabledRoles,
  applicable_roles: applicableRoles(false),
  administrable_role_authorizations: applicableRoles(true),
};
