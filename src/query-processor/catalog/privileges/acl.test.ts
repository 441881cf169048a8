import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, formatAclItem, parseAclItem, privilege } from '#sql/privilege.ts';
import type { MembershipDescriptor } from '../descriptors.ts';
import { type Acl, defaultAcl, privilegesIn, sameAcl, withGranted, withRevoked } from './acl.ts';
import { newRole } from './predefined-roles.ts';
import { RoleGraph } from './role-graph.ts';

const mask = fc.integer({ min: 1, max: (1 << 14) - 1 });
const item = fc
  .record({ grantee: fc.integer({ min: 0, max: 3 }), grantor: fc.integer({ min: 1, max: 2 }), privileges: mask, options: mask })
  .map(({ options, ...rest }) => ({ ...rest, grantOptions: rest.privileges & options }));

describe('access control lists', () => {
  it('A1 hold one item for a grantee and a grantor, and none that is empty, whatever is granted and revoked', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), item)), (steps) => {
        let acl: Acl = defaultAcl('table', 1);
        for (const [isGrant, step] of steps) acl = isGrant ? withGranted(acl, step) : withRevoked(acl, step);
        expect(new Set(acl.map(({ grantee, grantor }) => `${grantee}/${grantor}`)).size).toBe(acl.length);
        for (const { privileges, grantOptions } of acl) {
          expect(privileges).not.toBe(0);
          expect(grantOptions & ~privileges).toBe(0);
        }
      }),
    );
  });

  it('give what is granted, and no more of it once it is revoked', () => {
    fc.assert(
      fc.property(item, (granted) => {
        const before = defaultAcl('schema', 9);
        const after = withGranted(before, granted);
        expect(privilegesIn(after, new Set([granted.grantee])) & granted.privileges).toBe(granted.privileges);
        expect(sameAcl(withRevoked(after, { ...granted, grantOptions: granted.privileges }), before)).toBe(true);
      }),
    );
  });

  it('print as aclitems that read back', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), mask, mask, (grantee, grantor, privileges, options) => {
        const written = { grantee, grantor, privileges, grantOptions: privileges & options };
        expect(parseAclItem(formatAclItem(written))).toEqual(written);
      }),
    );
    expect(formatAclItem({ grantee: '', grantor: 'my role', privileges: privilege.select, grantOptions: 0 })).toBe('=r/"my role"');
    expect([...bitsOf(privilege.insert | privilege.delete)]).toEqual([privilege.insert, privilege.delete]);
  });
});

describe('the graph of roles', () => {
  const member = (oid: number, roleOid: number, memberOid: number, more: Partial<MembershipDescriptor> = {}): MembershipDescriptor => ({
    kind: 'membership',
    oid,
    roleOid,
    memberOid,
    grantorOid: 10,
    admin: false,
    inherit: true,
    set: true,
    ...more,
  });
  const roles = new Map([1, 2, 3, 4].map((oid) => [oid, newRole(oid, `r${oid}`)]));
  // 4 is in 3 (no SET), 3 in 2 (no INHERIT), 2 in 1 (ADMIN).
  const graph = new RoleGraph(
    roles,
    [member(11, 3, 4, { set: false }), member(12, 2, 3, { inherit: false }), member(13, 1, 2, { admin: true })],
    1,
  );

  it('follows INHERIT for privileges, SET for SET ROLE, and everything for membership', () => {
    expect([...graph.rolesOf(4, 'privileges')].sort()).toEqual([3, 4]);
    expect(graph.canSetRole(4, 3)).toBe(false);
    expect(graph.canSetRole(3, 1)).toBe(true);
    expect(graph.isMemberOf(4, 1)).toBe(true);
    expect(graph.isMemberOf(1, 4)).toBe(false);
  });

  it('knows who may hand a role on, and in whose name', () => {
    expect(graph.isAdminOf(2, 1)).toBe(true);
    expect(graph.isAdminOf(4, 1)).toBe(true);
    expect(graph.bestAdmin(3, 1)).toBe(undefined);
    expect(graph.bestAdmin(2, 1)).toBe(2);
    expect(graph.isAdminOf(1, 1)).toBe(false);
  });
});
