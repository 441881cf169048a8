/** What a catalog made by hand for tests says of roles: those that every cluster has, and nothing granted. */
import type { Catalog } from '../catalog.ts';
import { adminRoleOid } from '../catalog.ts';
import { predefinedMemberships, predefinedRoles } from '../privileges/predefined-roles.ts';
import { RoleGraph } from '../privileges/role-graph.ts';

export const predefinedRoleFacts: Pick<
  Catalog,
  'roleByName' | 'roleByOid' | 'roles' | 'roleGraph' | 'memberships' | 'iamMappings' | 'acl' | 'defaultAcls'
> = {
  roleByName: (name) => predefinedRoles.find((role) => role.name === name),
  roleByOid: (oid) => predefinedRoles.find((role) => role.oid === oid),
  roles: () => predefinedRoles,
  roleGraph: new RoleGraph(new Map(predefinedRoles.map((role) => [role.oid, role])), predefinedMemberships, adminRoleOid),
  memberships: () => predefinedMemberships,
  iamMappings: () => [],
  acl: () => undefined,
  defaultAcls: () => [],
};
