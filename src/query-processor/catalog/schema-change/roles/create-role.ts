/** CREATE ROLE, ALTER ROLE, ALTER GROUP, ALTER ROLE ... RENAME (USER and GROUP are other words for ROLE). */
import type { AlterRoleStmt, CreateRoleStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { RoleDescriptor } from '../../descriptors.ts';
import { bootstrapRoleOid, newRole } from '../../privileges/predefined-roles.ts';
import type { SchemaChange } from '../schema-change.ts';
import { addMembers, dropMembers, putMembership } from './role-membership.ts';
import { denied, granteesOf, nameOf, requireUnreserved, roleNamed, roleOf } from './role-names.ts';
import { booleanOption, connectionLimit, membersIn, type RoleOptions, roleOptions, validUntil } from './role-options.ts';

/** Attributes that only who has them may give, with their fields. */
const guardedAttributes = [
  ['superuser', 'SUPERUSER', 'isSuperuser'],
  ['createdb', 'CREATEDB', 'createsDatabases'],
  ['isreplication', 'REPLICATION', 'replicates'],
  ['bypassrls', 'BYPASSRLS', 'bypassesRowSecurity'],
] as const;

export function createRole(change: SchemaChange, statement: CreateRoleStmt): void {
  const name = statement.role ?? '';
  const options = roleOptions(change, statement.options);
  const { catalog } = change;
  const current = roleNamed(change, change.host.user);
  const isSuperuser = catalog.roleGraph.isSuperuser(current.oid);
  if (!isSuperuser) {
    if (!current.createsRoles)
      throw denied('permission denied to create role', 'Only roles with the CREATEROLE attribute may create roles.');
    for (const [option, word, field] of guardedAttributes)
      if (booleanOption(options, option) === true && !current[field])
        throw denied(
          'permission denied to create role',
          `Only roles with the ${word} attribute may create roles with the ${word} attribute.`,
        );
  }
  requireUnreserved(name);
  if (catalog.roleByName(name) !== undefined) throw new SqlError(sqlstate.duplicateObject, `role "${name}" already exists`);
  const role = withOptions(change, { ...newRole(change.newOid(), name), canLogin: statement.stmt_type === 'ROLESTMT_USER' }, options);
  change.put(role);
  for (const granted of granteesOf(change, membersIn(options, 'addroleto'))) addMembers(change, granted, [role.oid], {}, undefined);
  // Who makes a role may hand it on, but has nothing of it until he takes it.
  if (!isSuperuser)
    putMembership(change, {
      roleOid: role.oid,
      memberOid: current.oid,
      grantorOid: bootstrapRoleOid,
      admin: true,
      inherit: false,
      set: false,
    });
  addMembers(change, role.oid, granteesOf(change, membersIn(options, 'adminmembers')), { admin: true }, undefined);
  addMembers(change, role.oid, granteesOf(change, membersIn(options, 'rolemembers')), {}, undefined);
}

const withOptions = (change: SchemaChange, role: RoleDescriptor, options: RoleOptions): RoleDescriptor => ({
  ...role,
  canLogin: booleanOption(options, 'canlogin') ?? role.canLogin,
  isSuperuser: booleanOption(options, 'superuser') ?? role.isSuperuser,
  inherits: booleanOption(options, 'inherit') ?? role.inherits,
  createsRoles: booleanOption(options, 'createrole') ?? role.createsRoles,
  createsDatabases: booleanOption(options, 'createdb') ?? role.createsDatabases,
  replicates: booleanOption(options, 'isreplication') ?? role.replicates,
  bypassesRowSecurity: booleanOption(options, 'bypassrls') ?? role.bypassesRowSecurity,
  connectionLimit: connectionLimit(options) ?? role.connectionLimit,
  validUntil: validUntil(change, options) ?? role.validUntil,
});

/** CREATEROLE, and ADMIN on the role: what whoever changes a role must have. */
export function mayManage(change: SchemaChange, current: RoleDescriptor, role: RoleDescriptor): boolean {
  const { roleGraph } = change.catalog;
  return roleGraph.isSuperuser(current.oid) || (current.createsRoles && roleGraph.isAdminOf(current.oid, role.oid));
}

export function alterRole(change: SchemaChange, statement: AlterRoleStmt): void {
  const name = nameOf(change, statement.role);
  requireUnreserved(name, 'Cannot alter reserved roles.');
  const options = roleOptions(change, statement.options);
  const role = roleOf(change, statement.role);
  const current = roleNamed(change, change.host.user);
  requireAlterable(change, current, role, options);
  if (options.has('rolemembers')) {
    const members = granteesOf(change, membersIn(options, 'rolemembers'));
    if (!change.catalog.roleGraph.isAdminOf(current.oid, role.oid))
      throw denied('permission denied to alter role', `Only roles with the ADMIN option on role "${name}" may add or drop members.`);
    if ((statement.action ?? 1) < 0) dropMembers(change, role.oid, members, {}, undefined, false);
    else addMembers(change, role.oid, members, {}, undefined);
    return;
  }
  change.put(withOptions(change, role, options));
}

function requireAlterable(change: SchemaChange, current: RoleDescriptor, role: RoleDescriptor, options: RoleOptions): void {
  if (change.catalog.roleGraph.isSuperuser(current.oid)) return;
  const refuse = (detail: string) => denied('permission denied to alter role', detail);
  if (role.isSuperuser) throw refuse('Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute.');
  if (options.has('superuser')) throw refuse('Only roles with the SUPERUSER attribute may change the SUPERUSER attribute.');
  if (!mayManage(change, current, role)) {
    if ([...options.keys()].some((option) => option !== 'rolemembers' && option !== 'password'))
      throw refuse(`Only roles with the CREATEROLE attribute and the ADMIN option on role "${role.name}" may alter this role.`);
    if (options.has('password') && role.oid !== current.oid)
      throw refuse(
        "To change another role's password, the current user must have the CREATEROLE attribute and the ADMIN option on the role.",
      );
    return;
  }
  for (const [option, word, field] of guardedAttributes)
    if (options.has(option) && !current[field]) throw refuse(`Only roles with the ${word} attribute may change the ${word} attribute.`);
}

export function renameRole(change: SchemaChange, oldName: string, newName: string): void {
  const role = roleNamed(change, oldName);
  if (oldName === change.host.sessionUser) throw notSupported('session user cannot be renamed');
  if (oldName === change.host.user) throw notSupported('current user cannot be renamed');
  requireUnreserved(oldName);
  requireUnreserved(newName);
  if (change.catalog.roleByName(newName) !== undefined) throw new SqlError(sqlstate.duplicateObject, `role "${newName}" already exists`);
  const current = roleNamed(change, change.host.user);
  if (role.isSuperuser && !change.catalog.roleGraph.isSuperuser(current.oid))
    throw denied(
      'permission denied to rename role',
      'Only roles with the SUPERUSER attribute may rename roles with the SUPERUSER attribute.',
    );
  if (!mayManage(change, current, role))
    throw denied(
      'permission denied to rename role',
      `Only roles with the CREATEROLE attribute and the ADMIN option on role "${oldName}" may rename this role.`,
    );
  change.put({ ...role, name: newName });
}
