/**
 * Role graph: who is whose member, by the three ways in which a membership counts (PostgreSQL 16's options).
 *
 *   privileges  along INHERIT: the member has the role's privileges without doing anything
 *   set         along SET: the member may SET ROLE to the role
 *   member      along any membership
 *
 *   G1  Every role is among its own roles; a role that is gone has no privileges but everybody's.
 *   G2  Made once for a catalog, and asked from then on: the sets are kept.
 */
import type { Catalog } from '../catalog.ts';
import type { MembershipDescriptor, RoleDescriptor } from '../descriptors.ts';
import { bootstrapRoleOid, databaseOwnerOid } from './predefined-roles.ts';

export type MembershipWay = 'privileges' | 'set' | 'member';

/** Of somebody whose role is not there any more. */
export const goneRoleOid = -1;

export const roleOidOf = (catalog: Pick<Catalog, 'roleByName'>, user: string): number => catalog.roleByName(user)?.oid ?? goneRoleOid;

export class RoleGraph {
  readonly #roles: ReadonlyMap<number, RoleDescriptor>;
  readonly #byMember = new Map<number, MembershipDescriptor[]>();
  readonly #byRole = new Map<number, MembershipDescriptor[]>();
  readonly #databaseOwnerOid: number;
  readonly #known: Readonly<Record<MembershipWay, Map<number, ReadonlySet<number>>>> = {
    privileges: new Map(),
    set: new Map(),
    member: new Map(),
  };

  constructor(roles: ReadonlyMap<number, RoleDescriptor>, memberships: Iterable<MembershipDescriptor>, ownerOid: number) {
    this.#roles = roles;
    this.#databaseOwnerOid = ownerOid;
    for (const membership of memberships) {
      append(this.#byMember, membership.memberOid, membership);
      append(this.#byRole, membership.roleOid, membership);
    }
  }

  isSuperuser(roleOid: number): boolean {
    return roleOid === bootstrapRoleOid || this.#roles.get(roleOid)?.isSuperuser === true;
  }

  /** The role and those that it is a member of, near ones first. */
  rolesOf(roleOid: number, way: MembershipWay): ReadonlySet<number> {
    let found = this.#known[way].get(roleOid);
    if (found === undefined) {
      found = this.#walk(roleOid, way);
      this.#known[way].set(roleOid, found);
    }
    return found;
  }

  #walk(roleOid: number, way: MembershipWay): ReadonlySet<number> {
    const found = new Set([roleOid]);
    // Nobody can be made a member of pg_database_owner; its member is implied.
    for (const member of found) {
      for (const membership of this.#byMember.get(member) ?? [])
        if (way === 'member' || (way === 'set' ? membership.set : membership.inherit)) found.add(membership.roleOid);
      if (member === this.#databaseOwnerOid) found.add(databaseOwnerOid);
    }
    return found;
  }

  /** has_privs_of_role(): superusers have everybody's. */
  hasPrivilegesOf(roleOid: number, otherOid: number): boolean {
    return roleOid === otherOid || this.isSuperuser(roleOid) || this.rolesOf(roleOid, 'privileges').has(otherOid);
  }

  /** member_can_set_role(). */
  canSetRole(roleOid: number, otherOid: number): boolean {
    return roleOid === otherOid || this.isSuperuser(roleOid) || this.rolesOf(roleOid, 'set').has(otherOid);
  }

  isMemberOf(roleOid: number, otherOid: number): boolean {
    return roleOid === otherOid || this.isSuperuser(roleOid) || this.rolesOf(roleOid, 'member').has(otherOid);
  }

  /** is_admin_of_role(): a membership with ADMIN of the role itself, or of a role that it is a member of. */
  isAdminOf(roleOid: number, otherOid: number): boolean {
    if (this.isSuperuser(roleOid)) return true;
    if (roleOid === otherOid) return false;
    return this.#adminAmong(this.rolesOf(roleOid, 'member'), otherOid) !== undefined;
  }

  /** select_best_admin(): the nearest role whose privileges it has and that has ADMIN on the other. */
  bestAdmin(roleOid: number, otherOid: number): number | undefined {
    return this.#adminAmong(this.rolesOf(roleOid, 'privileges'), otherOid);
  }

  #adminAmong(candidates: ReadonlySet<number>, otherOid: number): number | undefined {
    const admins = new Set((this.#byRole.get(otherOid) ?? []).filter((membership) => membership.admin).map((entry) => entry.memberOid));
    for (const candidate of candidates) if (admins.has(candidate)) return candidate;
    return undefined;
  }

  membershipsIn(roleOid: number): readonly MembershipDescriptor[] {
    return this.#byRole.get(roleOid) ?? [];
  }

  membershipsOf(memberOid: number): readonly MembershipDescriptor[] {
    return this.#byMember.get(memberOid) ?? [];
  }
}

function append(map: Map<number, MembershipDescriptor[]>, key: number, membership: MembershipDescriptor): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [membership]);
  else known.push(membership);
}
