/** DROP ROLE, and what clears the way for it: REASSIGN OWNED and DROP OWNED. */
import type { DropOwnedStmt, DropRoleStmt, ReassignOwnedStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { RelationDescriptor } from '../../descriptors.ts';
import { isSystemSchema } from '../../loaded-catalog.ts';
import { type Acl, withRevoked } from '../../privileges/acl.ts';
import { isPredefinedRole } from '../../privileges/predefined-roles.ts';
import { dropRelation } from '../drop-relation.ts';
import type { SchemaChange } from '../schema-change.ts';
import { aclDescriptorNow, putAcl } from './acl-change.ts';
import { mayManage } from './create-role.ts';
import { dependenciesOf, hasGrantFor, ownerOf } from './role-dependencies.ts';
import { denied, roleNamed, roleOf, roleSpecs } from './role-names.ts';

export function dropRoles(change: SchemaChange, statement: DropRoleStmt): void {
  const { catalog } = change;
  const current = roleNamed(change, change.host.user);
  const isSuperuser = catalog.roleGraph.isSuperuser(current.oid);
  if (!isSuperuser && !current.createsRoles)
    throw denied(
      'permission denied to drop role',
      'Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.',
    );
  const dropped = new Set<number>();
  for (const spec of roleSpecs(statement.roles)) {
    if (spec.roletype !== 'ROLESPEC_CSTRING')
      throw new SqlError(sqlstate.invalidParameterValue, 'cannot use special role specifier in DROP ROLE');
    const name = spec.rolename ?? '';
    const role = catalog.roleByName(name);
    if (role === undefined) {
      if (!statement.missing_ok) throw new SqlError(sqlstate.undefinedObject, `role "${name}" does not exist`);
      change.notice(`role "${name}" does not exist, skipping`);
      continue;
    }
    if (name === change.host.user) throw new SqlError(sqlstate.objectInUse, 'current user cannot be dropped');
    if (name === change.host.sessionUser) throw new SqlError(sqlstate.objectInUse, 'session user cannot be dropped');
    if (role.isSuperuser && !isSuperuser)
      throw denied(
        'permission denied to drop role',
        'Only roles with the SUPERUSER attribute may drop roles with the SUPERUSER attribute.',
      );
    if (!mayManage(change, current, role))
      throw denied(
        'permission denied to drop role',
        `Only roles with the CREATEROLE attribute and the ADMIN option on role "${name}" may drop this role.`,
      );
    dropped.add(role.oid);
  }
  for (const membership of catalog.memberships())
    if (dropped.has(membership.roleOid) || dropped.has(membership.memberOid)) change.drop(membership.oid);
  for (const oid of dropped) {
    const name = catalog.roleByOid(oid)?.name ?? '';
    const dependencies = dependenciesOf(change, oid);
    if (dependencies.length > 0 || isPredefinedRole(oid))
      throw new SqlError(sqlstate.dependentObjectsStillExist, `role "${name}" cannot be dropped because some objects depend on it`, {
        detail: dependencies.join('\n'),
      });
    change.drop(oid);
  }
}

function ownedRoles(change: SchemaChange, statement: ReassignOwnedStmt | DropOwnedStmt, verb: 'reassign objects' | 'drop objects') {
  const current = roleNamed(change, change.host.user);
  return roleSpecs(statement.roles).map((spec) => {
    const role = roleOf(change, spec);
    if (!change.catalog.roleGraph.hasPrivilegesOf(current.oid, role.oid))
      throw denied(
        `permission denied to ${verb}`,
        verb === 'drop objects'
          ? `Only roles with privileges of role "${role.name}" may drop objects owned by it.`
          : `Only roles with privileges of role "${role.name}" may reassign objects owned by it.`,
      );
    if (isPredefinedRole(role.oid))
      throw new SqlError(
        sqlstate.dependentObjectsStillExist,
        `cannot ${verb} owned by role ${role.name} because they are required by the database system`,
      );
    return role;
  });
}

export function reassignOwned(change: SchemaChange, statement: ReassignOwnedStmt): void {
  const { catalog } = change;
  const from = new Set(ownedRoles(change, statement, 'reassign objects').map((role) => role.oid));
  const target = roleOf(change, statement.newrole);
  const current = roleNamed(change, change.host.user);
  if (!catalog.roleGraph.hasPrivilegesOf(current.oid, target.oid))
    throw denied(
      'permission denied to reassign objects',
      `Only roles with privileges of role "${target.name}" may reassign objects to it.`,
    );
  for (const schema of catalog.schemas()) if (from.has(schema.ownerOid)) change.put({ ...schema, ownerOid: target.oid });
  for (const relation of catalog.userRelations()) if (from.has(relation.ownerOid)) change.put({ ...relation, ownerOid: target.oid });
}

export function dropOwned(change: SchemaChange, statement: DropOwnedStmt): void {
  const { catalog } = change;
  for (const role of ownedRoles(change, statement, 'drop objects')) {
    for (const entry of catalog.acls())
      if (hasGrantFor(entry.items, role.oid) && ownerOf(change, entry.classOid, entry.objectOid) !== role.oid)
        putAcl(change, entry, withoutRole(aclDescriptorNow(change, entry)?.items ?? entry.items, role.oid));
    for (const entry of catalog.defaultAcls())
      if (entry.roleOid === role.oid) change.drop(entry.oid);
      else if (hasGrantFor(entry.items, role.oid)) {
        const items = withoutRole(entry.items, role.oid);
        if (items.length === 0) change.drop(entry.oid);
        else change.put({ ...entry, items });
      }
    for (const membership of catalog.memberships()) if (membership.grantorOid === role.oid) change.drop(membership.oid);
    dropObjects(change, role.oid, statement.behavior === 'DROP_CASCADE');
  }
}

const withoutRole = (items: Acl, roleOid: number): Acl => {
  let after = items;
  for (const item of items)
    if (item.grantee === roleOid || item.grantor === roleOid) after = withRevoked(after, { ...item, grantOptions: item.privileges });
  return after;
};

function dropObjects(change: SchemaChange, roleOid: number, cascades: boolean): void {
  const { catalog } = change;
  const schemas = catalog.schemas().filter((schema) => schema.ownerOid === roleOid && !isSystemSchema(schema.oid));
  const owned = catalog.userRelations().filter((relation) => relation.ownerOid === roleOid);
  const leaving = new Set(owned.map((relation) => relation.oid));
  for (const schema of schemas)
    for (const relation of catalog.relations(schema.oid)) {
      if (leaving.has(relation.oid)) continue;
      if (!cascades) throw inTheWay();
      leaving.add(relation.oid);
    }
  for (const oid of leaving) {
    const relation = catalog.relationByOid(oid);
    if (relation === undefined) continue;
    refuseDependents(change, relation, leaving);
    dropRelation(change, relation);
  }
  for (const schema of schemas) change.drop(schema.oid);
}

/** Only what belongs together goes together: an object of somebody else that needs one of these keeps them all. */
function refuseDependents(change: SchemaChange, relation: RelationDescriptor, leaving: ReadonlySet<number>): void {
  if (relation.kind !== 'table') return;
  if (change.catalog.referencesTo(relation.oid).some(({ child }) => !leaving.has(child.oid)))
    throw notSupported('DROP OWNED of a table that a table of another role refers to is not supported');
}

const inTheWay = (): SqlError =>
  new SqlError(sqlstate.dependentObjectsStillExist, 'cannot drop desired object(s) because other objects depend on them', {
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
