/**
 * Session identity: who a session may become. SET ROLE takes a role that the session's user is a member of (with SET); SET SESSION
 * AUTHORIZATION is the superuser's, and everybody's own name.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import type { SessionSettings } from './session-settings.ts';

export function setIdentity(
  settings: SessionSettings,
  catalog: LoadedCatalog,
  key: 'role' | 'session_authorization',
  name: string,
  isLocal: boolean,
): void {
  if (key === 'role' && name === 'none') {
    settings.setIdentity('role', undefined, isLocal);
    return;
  }
  const role = catalog.roleByName(name);
  if (role === undefined) throw new SqlError(sqlstate.invalidParameterValue, `role "${name}" does not exist`);
  const own = roleOidOf(catalog, settings.sessionUser);
  const mayBe = key === 'role' ? catalog.roleGraph.canSetRole(own, role.oid) : own === role.oid || catalog.roleGraph.isSuperuser(own);
  if (!mayBe)
    throw new SqlError(
      sqlstate.insufficientPrivilege,
      `permission denied to set ${key === 'role' ? 'role' : 'session authorization'} "${name}"`,
    );
  settings.setIdentity(key, name, isLocal);
}
