/**
 * GRANT role TO role and REVOKE role FROM role, with the options ADMIN, INHERIT and SET.
 *
 * A membership belongs to its grantor, who must have ADMIN on the role himself; when he loses it, what he has granted goes with it (CASCADE)
 * or keeps him from losing it (RESTRICT).
 */
import type { GrantRoleStmt, Node } from '@pgsql/types';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import type { MembershipDescriptor } from '../../descriptors.ts';
import { bootstrapRoleOid, databaseOwnerOid } from '../../privileges/predefined-roles.ts';
import { RoleGraph } from '../../privileges/role-graph.ts';
import type { SchemaChange } from '../schema-change.ts';
import { denied, granteesOf, roleNamed, roleOf } from './role-names.ts';

/** Undefined where the statement says nothing of the option. */
export type MembershipOptions = { readonly admin?: boolean; readonly inherit?: boolean; readonly set?: boolean };
type Membership = Omit<MembershipDescriptor, 'kind' | 'oid'>;

export function putMembership(change: SchemaChange, membership: Membership): void {
  change.put({ kind: 'membership', oid: change.newOid(), ...membership });
}

export function grantRoles(change: SchemaChange, statement: GrantRoleStmt): void {
  const options = optionsOf(change, statement.opt ?? []);
  const grantorOid = statement.grantor === undefined ? undefined : roleOf(change, statement.grantor).oid;
  const members = granteesOf(change, statement.grantee_roles);
  for (const node of statement.granted_roles ?? []) {
    if (!('AccessPriv' in node)) continue;
    const { priv_name = '', cols } = node.AccessPriv;
    if (priv_name === '' || cols !== undefined) throw new SqlError('0LP01', 'column names cannot be included in GRANT/REVOKE ROLE');
    const role = roleNamed(change, priv_name);
    requireAuthority(change, role.oid, statement.is_grant === true);
    if (statement.is_grant === true) addMembers(change, role.oid, members, options, grantorOid);
    else dropMembers(change, role.oid, members, options, grantorOid, statement.behavior === 'DROP_CASCADE');
  }
}

function optionsOf(change: SchemaChange, nodes: readonly Node[]): MembershipOptions {
  const options: { admin?: boolean; inherit?: boolean; set?: boolean } = {};
  for (const node of nodes) {
    if (!('DefElem' in node)) continue;
    const { defname = '', arg, location } = node.DefElem;
    if (defname !== 'admin' && defname !== 'inherit' && defname !== 'set')
      throw change.error(sqlstate.syntaxError, `unrecognized role option "${defname}"`, location);
    const written =
      arg === undefined ? 'true' : 'Boolean' in arg ? String(arg.Boolean.boolval === true) : 'String' in arg ? (arg.String.sval ?? '') : '';
    const value = /^(true|on|1)$/i.test(written) ? true : /^(false|off|0)$/i.test(written) ? false : undefined;
    if (value === undefined)
      throw change.error(sqlstate.invalidParameterValue, `unrecognized value for role option "${defname}": "${written}"`, location);
    options[defname] = value;
  }
  return options;
}

function requireAuthority(change: SchemaChange, roleOid: number, isGrant: boolean): void {
  const { catalog } = change;
  const current = roleNamed(change, change.host.user);
  const name = nameOfRole(change, roleOid);
  const verb = isGrant ? 'grant' : 'revoke';
  if (isGrant && roleOid === databaseOwnerOid) throw new SqlError(sqlstate.internalError, `role "${name}" cannot have explicit members`);
  if (catalog.roleGraph.isSuperuser(roleOid)) {
    if (!catalog.roleGraph.isSuperuser(current.oid))
      throw denied(
        `permission denied to ${verb} role "${name}"`,
        `Only roles with the SUPERUSER attribute may ${verb} roles with the SUPERUSER attribute.`,
      );
    return;
  }
  if (!graphOf(change).isAdminOf(current.oid, roleOid))
    throw denied(
      `permission denied to ${verb} role "${name}"`,
      `Only roles with the ADMIN option on role "${name}" may ${verb} this role.`,
    );
}

/** Memberships as they are with what the statement has done so far. */
function membershipsNow(change: SchemaChange): readonly MembershipDescriptor[] {
  const now = new Map(change.catalog.memberships().map((entry) => [entry.oid, entry]));
  for (const [oid, descriptor] of change.changes) {
    if (descriptor === undefined) now.delete(oid);
    else if (descriptor.kind === 'membership') now.set(oid, descriptor);
  }
  return [...now.values()];
}

function graphOf(change: SchemaChange): RoleGraph {
  const roles = new Map(change.catalog.roles().map((role) => [role.oid, role]));
  for (const descriptor of change.changes.values()) if (descriptor?.kind === 'role') roles.set(descriptor.oid, descriptor);
  return new RoleGraph(roles, membershipsNow(change), change.databaseOwnerOid);
}

function nameOfRole(change: SchemaChange, oid: number): string {
  const changed = change.changes.get(oid);
  return changed?.kind === 'role' ? changed.name : (change.catalog.roleByOid(oid)?.name ?? '');
}

/** check_role_grantor(): in whose name the membership is granted or revoked. */
function grantorFor(change: SchemaChange, roleOid: number, stated: number | undefined, isGrant: boolean): number {
  const graph = graphOf(change);
  const current = roleNamed(change, change.host.user).oid;
  if (stated === undefined) {
    if (graph.isSuperuser(current)) return bootstrapRoleOid;
    const found = graph.bestAdmin(current, roleOid);
    if (found === undefined) throw new SqlError(sqlstate.internalError, 'no possible grantors');
    return found;
  }
  const name = nameOfRole(change, stated);
  if (!graph.hasPrivilegesOf(current, stated))
    throw isGrant
      ? denied(
          `permission denied to grant privileges as role "${name}"`,
          `Only roles with privileges of role "${name}" may grant privileges as this role.`,
        )
      : denied(
          `permission denied to revoke privileges granted by role "${name}"`,
          `Only roles with privileges of role "${name}" may revoke privileges granted by this role.`,
        );
  if (isGrant && stated !== bootstrapRoleOid && graph.bestAdmin(stated, roleOid) !== stated)
    throw denied(
      `permission denied to grant privileges as role "${name}"`,
      `The grantor must have the ADMIN option on role "${nameOfRole(change, roleOid)}".`,
    );
  return stated;
}

export function addMembers(
  change: SchemaChange,
  roleOid: number,
  members: readonly number[],
  options: MembershipOptions,
  stated: number | undefined,
): void {
  if (members.length === 0) return;
  const grantorOid = grantorFor(change, roleOid, stated, true);
  for (const memberOid of members) {
    const memberName = memberOid === 0 ? 'public' : nameOfRole(change, memberOid);
    if (memberOid === 0) throw new SqlError(sqlstate.undefinedObject, 'role "public" does not exist');
    if (memberOid === databaseOwnerOid) throw new SqlError(sqlstate.internalError, `role "${memberName}" cannot be a member of any role`);
    const graph = graphOf(change);
    if (roleOid === memberOid || graph.rolesOf(roleOid, 'member').has(memberOid))
      throw new SqlError('0LP01', `role "${nameOfRole(change, roleOid)}" is a member of role "${memberName}"`);
    if (options.admin === true) refuseGrantBack(change, roleOid, memberOid, grantorOid);
    const known = graph.membershipsIn(roleOid).find((entry) => entry.memberOid === memberOid && entry.grantorOid === grantorOid);
    if (known === undefined) {
      putMembership(change, {
        roleOid,
        memberOid,
        grantorOid,
        admin: options.admin ?? false,
        inherit: options.inherit ?? inheritsByDefault(change, memberOid),
        set: options.set ?? true,
      });
      continue;
    }
    const after = { ...known, ...options };
    if (after.admin === known.admin && after.inherit === known.inherit && after.set === known.set)
      change.notice(
        `role "${memberName}" has already been granted membership in role "${nameOfRole(change, roleOid)}" by role "${nameOfRole(change, grantorOid)}"`,
      );
    else change.put(after);
  }
}

function inheritsByDefault(change: SchemaChange, oid: number): boolean {
  const changed = change.changes.get(oid);
  return changed?.kind === 'role' ? changed.inherits : (change.catalog.roleByOid(oid)?.inherits ?? true);
}

/** ADMIN may not come back to somebody from whom the grantor has his own. */
function refuseGrantBack(change: SchemaChange, roleOid: number, memberOid: number, grantorOid: number): void {
  if (grantorOid === bootstrapRoleOid) return;
  const admins = membershipsNow(change).filter((entry) => entry.roleOid === roleOid && entry.admin);
  const reached = new Set([bootstrapRoleOid]);
  for (const from of reached)
    for (const entry of admins) if (entry.grantorOid === from && entry.memberOid !== memberOid) reached.add(entry.memberOid);
  if (!reached.has(grantorOid)) throw new SqlError('0LP01', 'ADMIN option cannot be granted back to your own grantor');
}

/** `options`: those that are taken away; none: the whole membership. */
export function dropMembers(
  change: SchemaChange,
  roleOid: number,
  members: readonly number[],
  options: MembershipOptions,
  stated: number | undefined,
  cascades: boolean,
): void {
  if (members.length === 0) return;
  const grantorOid = grantorFor(change, roleOid, stated, false);
  for (const memberOid of members) {
    const known = membershipsNow(change).find(
      (entry) => entry.roleOid === roleOid && entry.memberOid === memberOid && entry.grantorOid === grantorOid,
    );
    if (known === undefined) {
      change.host.notice(
        warning(
          sqlstate.warning,
          `role "${nameOfRole(change, memberOid)}" has not been granted membership in role "${nameOfRole(change, roleOid)}" by role "${nameOfRole(change, grantorOid)}"`,
        ),
      );
      continue;
    }
    const isWhole = options.admin === undefined && options.inherit === undefined && options.set === undefined;
    if (isWhole) change.drop(known.oid);
    else
      change.put({
        ...known,
        admin: known.admin && options.admin === undefined,
        inherit: known.inherit && options.inherit === undefined,
        set: known.set && options.set === undefined,
      });
    if (known.admin && (isWhole || options.admin !== undefined)) dropDependents(change, roleOid, memberOid, cascades);
  }
}

/** What somebody has granted who has no ADMIN on the role any more. */
export function dropDependents(change: SchemaChange, roleOid: number, grantorOid: number, cascades: boolean): void {
  const now = membershipsNow(change).filter((entry) => entry.roleOid === roleOid);
  if (now.some((entry) => entry.memberOid === grantorOid && entry.admin)) return;
  for (const entry of now) {
    if (entry.grantorOid !== grantorOid) continue;
    if (!cascades)
      throw new SqlError(sqlstate.dependentObjectsStillExist, 'dependent privileges exist', { hint: 'Use CASCADE to revoke them too.' });
    change.drop(entry.oid);
    dropDependents(change, roleOid, entry.memberOid, cascades);
  }
}
