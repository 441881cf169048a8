/**
 * GRANT and REVOKE of privileges on objects and columns.
 *
 *   G1  A privilege is granted and revoked in the name of one grantor: the owner where the role has the owner's privileges, else that of its
 *       roles which may grant most of what is asked.
 *   G2  What the grantor may not hand on is left out, with a warning; who has no privilege on the object at all is refused.
 *   G3  A grant that rests on a revoked grant option goes with it (CASCADE), or keeps it from going (RESTRICT).
 */
import type { GrantStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { allPrivileges, bitsOf, type ObjectKind, privilege } from '#sql/privilege.ts';
import type { RelationDescriptor } from '../../descriptors.ts';
import { type Acl, publicGrantee, withGranted, withRevoked } from '../../privileges/acl.ts';
import { grantOptionsOn, permissionDenied, privilegesOn, type SecuredObject } from '../../privileges/secured-object.ts';
import type { SchemaChange } from '../schema-change.ts';
import { aclNow, columnAclNow, putAcl } from './acl-change.ts';
import { type GrantTarget, grantTargets } from './grant-targets.ts';
import { granteesOf, roleNamed, roleOf } from './role-names.ts';
import { type StatedPrivileges, statedPrivileges } from './stated-privileges.ts';

/** What one GRANT or REVOKE does to one list. */
export type AclStatement = {
  readonly isGrant: boolean;
  readonly grantees: readonly number[];
  readonly withGrantOption: boolean;
  readonly cascades: boolean;
};

export function grant(change: SchemaChange, statement: GrantStmt): void {
  const current = roleNamed(change, change.host.user);
  if (statement.grantor !== undefined && roleOf(change, statement.grantor).oid !== current.oid)
    throw notSupported('grantor must be current user');
  const how: AclStatement = {
    isGrant: statement.is_grant === true,
    grantees: granteesOf(change, statement.grantees),
    withGrantOption: statement.grant_option === true,
    cascades: statement.behavior === 'DROP_CASCADE',
  };
  const stated = statedPrivileges(statement);
  for (const target of grantTargets(change, statement)) grantOn(change, target, stated, how, current.oid);
}

function grantOn(change: SchemaChange, target: GrantTarget, stated: StatedPrivileges, how: AclStatement, roleOid: number): void {
  const { object, relation } = target;
  const wanted = privilegesFor(change, object, stated);
  const hasTablePart = stated.isAll || stated.privileges !== 0;
  if (hasTablePart && (wanted !== 0 || stated.columns.length === 0)) {
    changeObject(change, object, wanted, stated.isAll, how, roleOid);
    // What is taken from the table is taken from its columns.
    if (!how.isGrant && relation !== undefined && (wanted & allPrivileges.column) !== 0)
      for (const attributeNumber of liveColumns(relation))
        if (columnAclNow(change, object, attributeNumber).length > 0)
          changeColumn(change, target, attributeNumber, wanted & allPrivileges.column, true, how, roleOid);
  }
  const byColumn = new Map<number, number>();
  for (const { privileges, columns } of stated.columns)
    for (const name of columns) {
      const attributeNumber = columnNumber(object, relation, name);
      const mask = privileges === 0 ? allPrivileges.column : privileges;
      byColumn.set(attributeNumber, (byColumn.get(attributeNumber) ?? 0) | mask);
    }
  for (const [attributeNumber, mask] of byColumn) changeColumn(change, target, attributeNumber, mask, false, how, roleOid);
  // A transaction under way that uses the relation meets the change when it commits.
  if (relation !== undefined) change.put(change.changes.get(relation.oid) ?? relation);
}

/** What the statement means for this very kind of object. */
function privilegesFor(change: SchemaChange, object: SecuredObject, stated: StatedPrivileges): number {
  if (stated.isAll) return allPrivileges[object.kind];
  if (object.kind === 'sequence') {
    if ((stated.privileges & ~allPrivileges.sequence) !== 0)
      change.host.notice(warning('0LP01', `sequence "${object.name}" only supports USAGE, SELECT, and UPDATE privileges`));
    return stated.privileges & allPrivileges.sequence;
  }
  if (object.kind === 'table' && (stated.privileges & privilege.usage) !== 0)
    throw new SqlError('0LP01', 'invalid privilege type USAGE for table');
  return stated.privileges;
}

const liveColumns = (relation: RelationDescriptor): readonly number[] =>
  relation.kind === 'sequence' ? [] : relation.columns.flatMap((column, at) => ('isDropped' in column && column.isDropped ? [] : [at + 1]));

function columnNumber(object: SecuredObject, relation: RelationDescriptor | undefined, name: string): number {
  if (relation !== undefined && relation.kind !== 'sequence')
    for (const attributeNumber of liveColumns(relation)) if (relation.columns[attributeNumber - 1].name === name) return attributeNumber;
  throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${object.name}" does not exist`);
}

function changeObject(
  change: SchemaChange,
  object: SecuredObject,
  wanted: number,
  isAll: boolean,
  how: AclStatement,
  roleOid: number,
): void {
  const acl = aclNow(change, object);
  const { grantor, options } = bestGrantor(change, object, acl, wanted, roleOid);
  if (options === 0 && privilegesOn(change.catalog, object, roleOid) === 0 && grantOptionsOn(change.catalog, object, roleOid, acl) === 0)
    throw permissionDenied(object);
  const done = wanted & options;
  tellWhatIsLeftOut(change, object.name, wanted, done, isAll, how.isGrant);
  const after = applied(acl, object.kind, object.ownerOid, done, grantor, how);
  putAcl(change, { classOid: object.classOid, objectOid: object.oid, subId: 0 }, after);
}

function changeColumn(
  change: SchemaChange,
  { object, relation }: GrantTarget,
  attributeNumber: number,
  wanted: number,
  isAll: boolean,
  how: AclStatement,
  roleOid: number,
): void {
  const acl = columnAclNow(change, object, attributeNumber);
  const whole = [...aclNow(change, object), ...acl];
  const { grantor, options } = bestGrantor(change, object, whole, wanted, roleOid);
  const name = relation === undefined || relation.kind === 'sequence' ? '' : relation.columns[attributeNumber - 1].name;
  if (options === 0 && !hasAny(change, object, whole, roleOid))
    throw new SqlError(sqlstate.insufficientPrivilege, `permission denied for column "${name}" of relation "${object.name}"`);
  const done = wanted & options;
  tellWhatIsLeftOut(change, `column "${name}" of relation "${object.name}"`, wanted, done, isAll, how.isGrant, true);
  const after = applied(acl, 'column', object.ownerOid, done, grantor, how);
  putAcl(change, { classOid: object.classOid, objectOid: object.oid, subId: attributeNumber }, after.length === 0 ? undefined : after);
}

function hasAny(change: SchemaChange, object: SecuredObject, acl: Acl, roleOid: number): boolean {
  const roles = change.catalog.roleGraph.rolesOf(roleOid, 'privileges');
  return acl.some(({ grantee }) => grantee === publicGrantee || roles.has(grantee)) || roles.has(object.ownerOid);
}

/** G1. `options`: those of the wanted privileges that the grantor may hand on. */
function bestGrantor(
  change: SchemaChange,
  object: SecuredObject,
  acl: Acl,
  wanted: number,
  roleOid: number,
): { readonly grantor: number; readonly options: number } {
  const graph = change.catalog.roleGraph;
  if (graph.hasPrivilegesOf(roleOid, object.ownerOid)) return { grantor: object.ownerOid, options: wanted };
  let best = { grantor: roleOid, options: 0 };
  for (const other of graph.rolesOf(roleOid, 'privileges')) {
    let options = 0;
    for (const item of acl) if (item.grantee === other) options |= item.grantOptions & wanted;
    if (options === wanted && wanted !== 0) return { grantor: other, options };
    if (count(options) > count(best.options)) best = { grantor: other, options };
  }
  return best;
}

const count = (mask: number): number => [...bitsOf(mask)].length;

function tellWhatIsLeftOut(
  change: SchemaChange,
  name: string,
  wanted: number,
  done: number,
  isAll: boolean,
  isGrant: boolean,
  isColumn = false,
): void {
  if (done === wanted || (isAll && done !== 0)) return;
  const what = isColumn ? name : `"${name}"`;
  const how = isGrant ? 'were granted' : 'could be revoked';
  const message = done === 0 ? `no privileges ${how} for ${what}` : `not all privileges ${how} for ${what}`;
  change.host.notice(warning(isGrant ? '01007' : '01006', message));
}

/** The list with the statement's effect on it (G3). */
export function applied(acl: Acl, kind: ObjectKind, ownerOid: number, privileges: number, grantor: number, how: AclStatement): Acl {
  let after = acl;
  for (const grantee of how.grantees) {
    if (how.withGrantOption && grantee === publicGrantee && how.isGrant)
      throw new SqlError('0LP01', 'grant options can only be granted to roles');
    if (how.isGrant) {
      if (how.withGrantOption && grantee !== ownerOid) refuseCircle(after, ownerOid, grantee, grantor, privileges);
      after = withGranted(after, { grantee, grantor, privileges, grantOptions: how.withGrantOption ? privileges : 0 });
    } else {
      after = withRevoked(after, {
        grantee,
        grantor,
        privileges: how.withGrantOption ? 0 : privileges,
        grantOptions: privileges,
      });
      if (grantee !== publicGrantee && grantee !== ownerOid)
        after = withoutDependents(after, kind, ownerOid, grantee, privileges, how.cascades);
    }
  }
  return after;
}

/** Who has a grant option from somebody may not hand it back to him. */
function refuseCircle(acl: Acl, ownerOid: number, grantee: number, grantor: number, privileges: number): void {
  if (grantor === ownerOid) return;
  for (const bit of bitsOf(privileges)) {
    const reached = new Set([ownerOid]);
    for (const from of reached)
      for (const item of acl)
        if (item.grantor === from && item.grantee !== grantee && (item.grantOptions & bit) !== 0) reached.add(item.grantee);
    if (!reached.has(grantor)) throw new SqlError('0LP01', 'grant options cannot be granted back to your own grantor');
  }
}

/** Takes away, or is refused for the sake of, what `grantor` has granted on the strength of grant options that he has no more. */
function withoutDependents(acl: Acl, kind: ObjectKind, ownerOid: number, grantor: number, privileges: number, cascades: boolean): Acl {
  let held = 0;
  for (const item of acl) if (item.grantee === grantor) held |= item.grantOptions;
  const lost = privileges & ~held;
  if (lost === 0) return acl;
  let after = acl;
  for (const item of acl) {
    const dependent = item.privileges & lost;
    if (item.grantor !== grantor || dependent === 0) continue;
    if (!cascades)
      throw new SqlError(sqlstate.dependentObjectsStillExist, 'dependent privileges exist', { hint: 'Use CASCADE to revoke them too.' });
    after = withRevoked(after, { ...item, privileges: dependent, grantOptions: dependent });
    if (item.grantee !== publicGrantee && item.grantee !== ownerOid)
      after = withoutDependents(after, kind, ownerOid, item.grantee, dependent, cascades);
  }
  return after;
}
