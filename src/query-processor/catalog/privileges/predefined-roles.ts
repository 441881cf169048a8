/** Roles that every cluster has: PostgreSQL's bootstrap superuser and predefined roles with its oids, and DSQL's `admin`. */
import { adminRoleOid } from '../catalog.ts';
import type { MembershipDescriptor, RoleDescriptor } from '../descriptors.ts';

/** PostgreSQL's bootstrap superuser, who owns what initdb makes. Nobody can connect as it. */
export const bootstrapRoleOid = 10;
export const readAllDataOid = 6181;
export const writeAllDataOid = 6182;
/** Its one member is the owner of the database. */
export const databaseOwnerOid = 6171;

const plainRole = {
  kind: 'role',
  canLogin: false,
  isSuperuser: false,
  inherits: true,
  createsRoles: false,
  createsDatabases: false,
  replicates: false,
  bypassesRowSecurity: false,
  connectionLimit: -1,
  validUntil: undefined,
  settings: [],
} as const;

export const newRole = (oid: number, name: string): RoleDescriptor => ({ ...plainRole, oid, name });

const superuser: RoleDescriptor = {
  ...newRole(bootstrapRoleOid, 'postgres'),
  isSuperuser: true,
  createsRoles: true,
  createsDatabases: true,
  replicates: true,
  bypassesRowSecurity: true,
};

const monitor = 3373;
const [readAllSettings, readAllStats, scanTables] = [3374, 3375, 3377];

export const predefinedRoles: readonly RoleDescriptor[] = [
  superuser,
  newRole(databaseOwnerOid, 'pg_database_owner'),
  newRole(readAllDataOid, 'pg_read_all_data'),
  newRole(writeAllDataOid, 'pg_write_all_data'),
  newRole(monitor, 'pg_monitor'),
  newRole(readAllSettings, 'pg_read_all_settings'),
  newRole(readAllStats, 'pg_read_all_stats'),
  newRole(scanTables, 'pg_stat_scan_tables'),
  newRole(4569, 'pg_read_server_files'),
  newRole(4570, 'pg_write_server_files'),
  newRole(4571, 'pg_execute_server_program'),
  newRole(4200, 'pg_signal_backend'),
  newRole(4544, 'pg_checkpoint'),
  newRole(4550, 'pg_use_reserved_connections'),
  newRole(6304, 'pg_create_subscription'),
  { ...newRole(adminRoleOid, 'admin'), canLogin: true, createsRoles: true },
];

const predefinedOids: ReadonlySet<number> = new Set(predefinedRoles.map((role) => role.oid));
export const isPredefinedRole = (oid: number): boolean => predefinedOids.has(oid);

const membership = (oid: number, roleOid: number, memberOid: number, admin: boolean): MembershipDescriptor => ({
  kind: 'membership',
  oid,
  roleOid,
  memberOid,
  grantorOid: bootstrapRoleOid,
  admin,
  inherit: !admin,
  set: !admin,
});

/** pg_monitor reads what the others read; `admin` may hand on the roles that read and write all data, and none of those that reach the server. */
export const predefinedMemberships: readonly MembershipDescriptor[] = [
  membership(10_220, readAllSettings, monitor, false),
  membership(10_221, readAllStats, monitor, false),
  membership(10_222, scanTables, monitor, false),
  membership(10_223, readAllDataOid, adminRoleOid, true),
  membership(10_224, writeAllDataOid, adminRoleOid, true),
  membership(10_225, monitor, adminRoleOid, true),
];
