/**
 * Permission check: may this role run this plan? Asked when the plan is run, never when it is made, so that a plan can be kept while roles and
 * privileges change.
 *
 *   Q1  Every relation of the plan is checked, with the role that the statement's text or a view's owner means.
 *   Q2  What a table's own list does not give may be given column by column; a statement that names no column needs any one of them.
 */

import { bitsOf, privilege } from '#sql/privilege.ts';
import type { BoundQuery } from '../analyzer/logical-plan.ts';
import type { RelationAccess } from '../analyzer/relation-access.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { goneRoleOid, roleOidOf } from '../catalog/privileges/role-graph.ts';
import {
  columnPrivilegesOn,
  functionObject,
  permissionDenied,
  privilegesOn,
  relationObject,
  requirePrivileges,
} from '../catalog/privileges/secured-object.ts';

export class PermissionCheck {
  /** Plans that have passed, with what they passed for: one that is run again is not checked again. */
  readonly #passed = new WeakMap<BoundQuery, { readonly catalog: LoadedCatalog; readonly user: string }>();

  /** Throws 42501. Hot. */
  require(bound: BoundQuery, catalog: LoadedCatalog, user: string): void {
    const passed = this.#passed.get(bound);
    if (passed !== undefined && passed.catalog === catalog && passed.user === user) return;
    const roleOid = roleOidOf(catalog, user);
    for (const access of bound.accesses) requireAccess(catalog, access, access.checkAs ?? roleOid);
    for (const call of bound.calls) requirePrivileges(catalog, functionObject(call.function), call.checkAs ?? roleOid, privilege.execute);
    if (roleOid !== goneRoleOid) this.#passed.set(bound, { catalog, user });
  }
}

const byColumns = privilege.select | privilege.insert | privilege.update;

function requireAccess(catalog: LoadedCatalog, access: RelationAccess, roleOid: number): void {
  const object = relationObject(access.relation);
  const missing = access.required & ~privilegesOn(catalog, object, roleOid);
  if (missing === 0) return;
  if ((missing & ~byColumns) !== 0) throw permissionDenied(object);
  for (const bit of bitsOf(missing)) if (!hasColumns(catalog, access, bit, roleOid)) throw permissionDenied(object);
}

function hasColumns(catalog: LoadedCatalog, access: RelationAccess, bit: number, roleOid: number): boolean {
  const { relation } = access;
  const named = bit === privilege.select ? access.selected : bit === privilege.insert ? access.inserted : access.updated;
  const has = (attributeNumber: number): boolean => (columnPrivilegesOn(catalog, relation.oid, attributeNumber, roleOid) & bit) !== 0;
  if (named.size > 0) return [...named].every(has);
  return relation.kind !== 'sequence' && relation.columns.some((_, at) => has(at + 1));
}
