/** pg_roles, pg_auth_members and the others that tell of roles, what they may do by default, and what their sessions begin with. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { formatAclItem } from '#sql/privilege.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Run } from '../../executor/operator.ts';
import type { Catalog } from '../catalog.ts';
import type { RoleDescriptor } from '../descriptors.ts';
import type { Acl } from '../privileges/acl.ts';
import { arrayOf, type RowMakers, type SystemRow } from './row-maker.ts';

/** What stands in for a password, which no role has. */
const noPassword = '********';

const until = (role: RoleDescriptor, run: Run): Datum =>
  role.validUntil === undefined ? null : typeByOid(oid.timestamptz).input(role.validUntil, -1, run.context);

const config = (role: RoleDescriptor): Datum => (role.settings.length === 0 ? null : arrayOf(oid.text, role.settings));

/** A list as the catalogs show it; NULL where there is none. */
export function aclDatum(catalog: Catalog, acl: Acl | undefined): Datum {
  if (acl === undefined) return null;
  const nameOf = (roleOid: number): string => (roleOid === 0 ? '' : (catalog.roleByOid(roleOid)?.name ?? String(roleOid)));
  return arrayOf(
    oid.aclitem,
    acl.map((item) => formatAclItem({ ...item, grantee: nameOf(item.grantee), grantor: nameOf(item.grantor) })),
  );
}

function* pgRoles(run: Run): Iterable<SystemRow> {
  for (const role of run.catalog.roles())
    yield {
      oid: role.oid,
      rolname: role.name,
      rolsuper: role.isSuperuser,
      rolinherit: role.inherits,
      rolcreaterole: role.createsRoles,
      rolcreatedb: role.createsDatabases,
      rolcanlogin: role.canLogin,
      rolreplication: role.replicates,
      rolconnlimit: role.connectionLimit,
      rolpassword: noPassword,
      rolvaliduntil: until(role, run),
      rolbypassrls: role.bypassesRowSecurity,
      rolconfig: config(role),
    };
}

function* pgAuthid(run: Run): Iterable<SystemRow> {
  for (const row of pgRoles(run)) yield { ...row, rolpassword: null };
}

function* pgUser(run: Run): Iterable<SystemRow> {
  for (const role of run.catalog.roles()) {
    if (!role.canLogin) continue;
    yield {
      usename: role.name,
      usesysid: role.oid,
      usecreatedb: role.createsDatabases,
      usesuper: role.isSuperuser,
      userepl: role.replicates,
      usebypassrls: role.bypassesRowSecurity,
      passwd: noPassword,
      valuntil: until(role, run),
      useconfig: config(role),
    };
  }
}

function* pgShadow(run: Run): Iterable<SystemRow> {
  for (const row of pgUser(run)) yield { ...row, passwd: null };
}

function* pgGroup(run: Run): Iterable<SystemRow> {
  for (const role of run.catalog.roles()) {
    if (role.canLogin) continue;
    const members = run.catalog.roleGraph.membershipsIn(role.oid).map((membership) => membership.memberOid);
    yield { groname: role.name, grosysid: role.oid, grolist: arrayOf(oid.oid, members) };
  }
}

function* pgAuthMembers(run: Run): Iterable<SystemRow> {
  for (const membership of run.catalog.memberships())
    yield {
      oid: membership.oid,
      roleid: membership.roleOid,
      member: membership.memberOid,
      grantor: membership.grantorOid,
      admin_option: membership.admin,
      inherit_option: membership.inherit,
      set_option: membership.set,
    };
}

function* pgDbRoleSetting(run: Run): Iterable<SystemRow> {
  for (const role of run.catalog.roles())
    if (role.settings.length > 0) yield { setdatabase: 0, setrole: role.oid, setconfig: config(role) };
}

function* pgDefaultAcl(run: Run): Iterable<SystemRow> {
  for (const entry of run.catalog.defaultAcls())
    yield {
      oid: entry.oid,
      defaclrole: entry.roleOid,
      defaclnamespace: entry.schemaOid,
      defaclobjtype: entry.objectType,
      defaclacl: aclDatum(run.catalog, entry.items),
    };
}

function* iamMappings(run: Run): Iterable<SystemRow> {
  for (const mapping of run.catalog.iamMappings())
    yield {
      iam_oid: mapping.oid,
      arn: mapping.arn,
      pg_role_oid: mapping.roleOid,
      pg_role_name: run.catalog.roleByOid(mapping.roleOid)?.name ?? null,
      grantor_pg_role_oid: mapping.grantorOid,
      grantor_pg_role_name: run.catalog.roleByOid(mapping.grantorOid)?.name ?? null,
    };
}

export const roleRows: RowMakers = {
  pg_roles: pgRoles,
  pg_authid: pgAuthid,
  pg_user: pgUser,
  pg_shadow: pgShadow,
  pg_group: pgGroup,
  pg_auth_members: pgAuthMembers,
  pg_db_role_setting: pgDbRoleSetting,
  pg_default_acl: pgDefaultAcl,
  'sys.iam_pg_role_mappings': iamMappings,
};
