/** ALTER ROLE ... SET and RESET: what sessions of the role begin with (pg_db_role_setting). */

import type { AlterRoleSetStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { adminRoleOid } from '../../catalog.ts';
import type { SchemaChange } from '../schema-change.ts';
import { mayManage } from './create-role.ts';
import { denied, nameOf, requireUnreserved, roleNamed, roleOf } from './role-names.ts';

/** `value`: checked and as the setting keeps it; undefined: RESET. `name` undefined: RESET ALL. */
export type RoleSettingChange = { readonly name: string | undefined; readonly value: string | undefined };

export function alterRoleSettings(change: SchemaChange, statement: AlterRoleSetStmt, { name, value }: RoleSettingChange): void {
  if (statement.role === undefined) throw notSupported('ALTER ROLE ALL SET is not supported');
  if (statement.database !== undefined && statement.database !== 'postgres')
    throw new SqlError(sqlstate.invalidCatalogName, `database "${statement.database}" does not exist`);
  requireUnreserved(nameOf(change, statement.role), 'Cannot alter reserved roles.');
  const role = roleOf(change, statement.role);
  if (role.oid === adminRoleOid) throw denied('permission denied to alter role', `Role "${role.name}" cannot be altered.`);
  const current = roleNamed(change, change.host.user);
  if (role.isSuperuser && !change.catalog.roleGraph.isSuperuser(current.oid))
    throw denied(
      'permission denied to alter role',
      'Only roles with the SUPERUSER attribute may alter roles with the SUPERUSER attribute.',
    );
  if (role.oid !== current.oid && !mayManage(change, current, role))
    throw denied(
      'permission denied to alter role',
      `Only roles with the CREATEROLE attribute and the ADMIN option on role "${role.name}" may alter this role.`,
    );
  if (name === undefined) {
    change.put({ ...role, settings: [] });
    return;
  }
  const prefix = `${name}=`;
  const at = role.settings.findIndex((entry) => entry.startsWith(prefix));
  const entry = value === undefined ? [] : [prefix + value];
  const settings = at < 0 ? [...role.settings, ...entry] : role.settings.toSpliced(at, 1, ...entry);
  change.put({ ...role, settings });
}
