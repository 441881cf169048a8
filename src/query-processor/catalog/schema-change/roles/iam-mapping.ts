/**
 * AWS IAM GRANT role TO 'arn' and AWS IAM REVOKE role FROM 'arn': which IAM identities may connect as a role. The errors are DSQL's texts
 * (dsql-behaviour 2.4); it documents no SQLSTATEs for them.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { adminRoleOid } from '../../catalog.ts';
import type { RoleDescriptor } from '../../descriptors.ts';
import { isPredefinedRole } from '../../privileges/predefined-roles.ts';
import type { SchemaChange } from '../schema-change.ts';
import { mayManage } from './create-role.ts';
import { roleNamed } from './role-names.ts';

/** A user, a role, or the account's root. */
const identity = /^arn:aws[a-z-]*:iam::\d+:(?:root|(?:user|role)\/\S+)$/;

export function grantIam(change: SchemaChange, roleName: string, arn: string): void {
  const role = trustedRole(change, roleName);
  if (!identity.test(arn)) throw new SqlError(sqlstate.invalidParameterValue, 'IAM role must look like an IAM ARN');
  if (!role.canLogin) throw new SqlError(sqlstate.objectNotInPrerequisiteState, `role ${roleName} must have the LOGIN attribute`);
  if (mappingOf(change, role, arn) !== undefined)
    throw new SqlError(sqlstate.duplicateObject, `role ${roleName} is already granted to ${arn}`);
  change.put({ kind: 'iamMapping', oid: change.newOid(), arn, roleOid: role.oid, grantorOid: roleNamed(change, change.host.user).oid });
}

export function revokeIam(change: SchemaChange, roleName: string, arn: string): void {
  const role = trustedRole(change, roleName);
  const mapping = mappingOf(change, role, arn);
  if (mapping === undefined) throw new SqlError(sqlstate.undefinedObject, `role ${roleName} is not granted to ${arn}`);
  change.drop(mapping.oid);
}

const mappingOf = (change: SchemaChange, role: RoleDescriptor, arn: string) =>
  change.catalog.iamMappings().find((entry) => entry.roleOid === role.oid && entry.arn === arn);

function trustedRole(change: SchemaChange, roleName: string): RoleDescriptor {
  const role = change.catalog.roleByName(roleName);
  if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `Role ${roleName} does not exist`);
  if (role.oid === adminRoleOid) throw new SqlError(sqlstate.insufficientPrivilege, `Cannot establish trust with role ${roleName}`);
  if (isPredefinedRole(role.oid)) throw notSupported(`Role ${roleName} not supported`);
  if (!mayManage(change, roleNamed(change, change.host.user), role))
    throw new SqlError(sqlstate.insufficientPrivilege, `permission denied to grant IAM trust with role ${roleName}`);
  return role;
}
