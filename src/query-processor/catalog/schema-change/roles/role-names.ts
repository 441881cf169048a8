/** The roles that statements name: by name, CURRENT_USER and its kin, PUBLIC where a privilege is granted. */
import type { Node, RoleSpec } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { RoleDescriptor } from '../../descriptors.ts';
import { publicGrantee } from '../../privileges/acl.ts';
import type { SchemaChange } from '../schema-change.ts';

export function roleNamed(change: SchemaChange, name: string): RoleDescriptor {
  const changed = [...change.changes.values()].find((entry) => entry?.kind === 'role' && entry.name === name);
  const role = changed?.kind === 'role' ? changed : change.catalog.roleByName(name);
  if (role === undefined) throw new SqlError(sqlstate.undefinedObject, `role "${name}" does not exist`);
  return role;
}

/** The role that a specification means; PUBLIC is none. */
export function roleOf(change: SchemaChange, spec: RoleSpec | undefined): RoleDescriptor {
  return roleNamed(change, nameOf(change, spec));
}

export function nameOf(change: SchemaChange, spec: RoleSpec | undefined): string {
  switch (spec?.roletype) {
    case 'ROLESPEC_CSTRING':
      return spec.rolename ?? '';
    case 'ROLESPEC_SESSION_USER':
      return change.host.sessionUser;
    case 'ROLESPEC_PUBLIC':
      return 'public';
    default:
      return change.host.user;
  }
}

export const roleSpecs = (nodes: readonly Node[] | undefined): readonly RoleSpec[] =>
  (nodes ?? []).flatMap((node) => ('RoleSpec' in node ? [node.RoleSpec] : []));

/** Oids of grantees: 0 for PUBLIC. */
export const granteesOf = (change: SchemaChange, nodes: readonly Node[] | undefined): readonly number[] =>
  roleSpecs(nodes).map((spec) => (spec.roletype === 'ROLESPEC_PUBLIC' ? publicGrantee : roleOf(change, spec).oid));

/** 42939 for names that begin with pg_. */
export function requireUnreserved(name: string, detail = 'Role names starting with "pg_" are reserved.'): void {
  if (name.startsWith('pg_')) throw new SqlError(sqlstate.reservedName, `role name "${name}" is reserved`, { detail });
}

export const denied = (message: string, detail: string): SqlError => new SqlError(sqlstate.insufficientPrivilege, message, { detail });
