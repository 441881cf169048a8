/** Statements about roles and privileges, each one schema change: which code makes it, and what it answers. */
import type { Node } from '@pgsql/types';
import { notSupported } from '#base/sql-error.ts';
import { alterRole, createRole } from '../catalog/schema-change/roles/create-role.ts';
import { alterDefaultPrivileges } from '../catalog/schema-change/roles/default-privileges.ts';
import { dropOwned, dropRoles, reassignOwned } from '../catalog/schema-change/roles/drop-role.ts';
import { grant } from '../catalog/schema-change/roles/grant.ts';
import { grantIam, revokeIam } from '../catalog/schema-change/roles/iam-mapping.ts';
import { grantRoles } from '../catalog/schema-change/roles/role-membership.ts';
import { alterRoleSettings, type RoleSettingChange } from '../catalog/schema-change/roles/role-settings.ts';
import type { SchemaChange } from '../catalog/schema-change/schema-change.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import { settingValue } from './setting-statements.ts';
import type { StatementHost } from './statement-host.ts';

export const roleStatements = [
  'CreateRoleStmt',
  'AlterRoleStmt',
  'AlterRoleSetStmt',
  'DropRoleStmt',
  'GrantStmt',
  'GrantRoleStmt',
  'AlterDefaultPrivilegesStmt',
  'ReassignOwnedStmt',
  'DropOwnedStmt',
] as const;

export const iamTag = ({ extension }: ParsedStatement): string => (extension?.kind === 'iamGrant' ? 'AWS IAM GRANT' : 'AWS IAM REVOKE');

/** False: the statement is none of these. */
export function applyRoleStatement(session: StatementHost, change: SchemaChange, { node, extension }: ParsedStatement): boolean {
  if (extension?.kind === 'iamGrant') grantIam(change, extension.role, extension.arn);
  else if (extension?.kind === 'iamRevoke') revokeIam(change, extension.role, extension.arn);
  else if ('CreateRoleStmt' in node) createRole(change, node.CreateRoleStmt);
  else if ('AlterRoleStmt' in node) alterRole(change, node.AlterRoleStmt);
  else if ('AlterRoleSetStmt' in node) alterRoleSettings(change, node.AlterRoleSetStmt, settingChange(session, node));
  else if ('DropRoleStmt' in node) dropRoles(change, node.DropRoleStmt);
  else if ('GrantStmt' in node) grant(change, node.GrantStmt);
  else if ('GrantRoleStmt' in node) grantRoles(change, node.GrantRoleStmt);
  else if ('AlterDefaultPrivilegesStmt' in node) alterDefaultPrivileges(change, node.AlterDefaultPrivilegesStmt);
  else if ('ReassignOwnedStmt' in node) reassignOwned(change, node.ReassignOwnedStmt);
  else if ('DropOwnedStmt' in node) dropOwned(change, node.DropOwnedStmt);
  else return false;
  return true;
}

function settingChange(session: StatementHost, node: Extract<Node, { AlterRoleSetStmt: unknown }>): RoleSettingChange {
  const { kind, name = '', args = [] } = node.AlterRoleSetStmt.setstmt ?? {};
  const key = name.toLowerCase();
  switch (kind) {
    case 'VAR_RESET_ALL':
      return { name: undefined, value: undefined };
    case 'VAR_RESET':
    case 'VAR_SET_DEFAULT':
      return { name: key, value: undefined };
    case 'VAR_SET_VALUE':
      return { name: key, value: session.settings.checked(key, settingValue(name, args)) };
    case 'VAR_SET_CURRENT':
      return { name: key, value: session.settings.show(name).value };
    default:
      throw notSupported('unsupported ALTER ROLE ... SET statement');
  }
}

/** The command tag; undefined for other statements. */
export function roleTag(node: Node): string | undefined {
  if ('CreateRoleStmt' in node) return 'CREATE ROLE';
  if ('AlterRoleStmt' in node || 'AlterRoleSetStmt' in node) return 'ALTER ROLE';
  if ('DropRoleStmt' in node) return 'DROP ROLE';
  if ('GrantStmt' in node) return node.GrantStmt.is_grant === true ? 'GRANT' : 'REVOKE';
  if ('GrantRoleStmt' in node) return node.GrantRoleStmt.is_grant === true ? 'GRANT ROLE' : 'REVOKE ROLE';
  if ('AlterDefaultPrivilegesStmt' in node) return 'ALTER DEFAULT PRIVILEGES';
  if ('ReassignOwnedStmt' in node) return 'REASSIGN OWNED';
  return 'DropOwnedStmt' in node ? 'DROP OWNED' : undefined;
}
