/**
 * Access control lists: who may do what with an object, and who has granted it.
 *
 *   A1  There is at most one item for a grantee and a grantor, and none without privileges.
 *   A2  An owner may grant all that the object has, whatever the list says of him; that is not written into the list.
 *
 * An object without a stored list has its kind's default one (`defaultAcl`), which is shown as NULL, as in PostgreSQL.
 */
import { allPrivileges, type ObjectKind, publicPrivileges } from '#sql/privilege.ts';

/** The grantee that stands for everybody. */
export const publicGrantee = 0;

export type AclItem = {
  readonly grantee: number;
  readonly grantor: number;
  readonly privileges: number;
  /** Those of `privileges` that the grantee may grant on. */
  readonly grantOptions: number;
};

export type Acl = readonly AclItem[];

/** acldefault(): everybody's item first, then the owner's. */
export function defaultAcl(kind: ObjectKind, ownerOid: number): Acl {
  const items: AclItem[] = [];
  if (publicPrivileges[kind] !== 0)
    items.push({ grantee: publicGrantee, grantor: ownerOid, privileges: publicPrivileges[kind], grantOptions: 0 });
  if (kind !== 'column') items.push({ grantee: ownerOid, grantor: ownerOid, privileges: allPrivileges[kind], grantOptions: 0 });
  return items;
}

/** The same privileges, in whatever order: then nothing needs to be stored. */
export function sameAcl(a: Acl, b: Acl): boolean {
  return (
    a.length === b.length &&
    a.every((item) =>
      b.some(
        (other) =>
          other.grantee === item.grantee &&
          other.grantor === item.grantor &&
          other.privileges === item.privileges &&
          other.grantOptions === item.grantOptions,
      ),
    )
  );
}

/** The list with privileges added to the item of a grantee and a grantor. */
export function withGranted(acl: Acl, { grantee, grantor, privileges, grantOptions }: AclItem): Acl {
  const at = acl.findIndex((item) => item.grantee === grantee && item.grantor === grantor);
  if (at < 0) return privileges === 0 ? acl : [...acl, { grantee, grantor, privileges, grantOptions }];
  const known = acl[at];
  return acl.with(at, {
    ...known,
    privileges: known.privileges | privileges,
    grantOptions: known.grantOptions | grantOptions,
  });
}

/** The list with privileges and grant options taken from the item of a grantee and a grantor. */
export function withRevoked(acl: Acl, { grantee, grantor, privileges, grantOptions }: AclItem): Acl {
  const at = acl.findIndex((item) => item.grantee === grantee && item.grantor === grantor);
  if (at < 0) return acl;
  const left = {
    ...acl[at],
    privileges: acl[at].privileges & ~privileges,
    grantOptions: acl[at].grantOptions & ~(grantOptions | privileges),
  };
  return left.privileges === 0 ? acl.toSpliced(at, 1) : acl.with(at, left);
}

/** Who is whose member: the roles whose privileges a role has, itself among them. */
export type RoleSet = { has(roleOid: number): boolean };

/** Privileges that the members of `roles` have by the list; all of `wanted` for the owner are in his own items. */
export function privilegesIn(acl: Acl, roles: RoleSet): number {
  let mask = 0;
  for (const { grantee, privileges } of acl) if (grantee === publicGrantee || roles.has(grantee)) mask |= privileges;
  return mask;
}

/** Privileges that the members of `roles` may grant on (A2). */
export function grantOptionsIn(acl: Acl, roles: RoleSet, ownerOid: number, kind: ObjectKind): number {
  let mask = roles.has(ownerOid) ? allPrivileges[kind] : 0;
  for (const { grantee, grantOptions } of acl) if (grantee !== publicGrantee && roles.has(grantee)) mask |= grantOptions;
  return mask;
}
