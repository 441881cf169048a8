/**
 * ALTER DEFAULT PRIVILEGES, and what new objects begin with because of it.
 *
 * A list for a role alone replaces the kind's built-in default; one for a role in a schema is added to it. A list that says no more than
 * the built-in default is not kept, and an object whose list would be its kind's default has none.
 */
import type { AlterDefaultPrivilegesStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { allPrivileges, type ObjectKind } from '#sql/privilege.ts';
import { classOids } from '../../catalog.ts';
import type { DefaultAclDescriptor, Descriptor } from '../../descriptors.ts';
import { type Acl, defaultAcl, sameAcl, withGranted } from '../../privileges/acl.ts';
import { namesOf } from '../create-table.ts';
import type { SchemaChange } from '../schema-change.ts';
import { putAcl } from './acl-change.ts';
import { applied } from './grant.ts';
import { granteesOf, roleNamed, roleOf, roleSpecs } from './role-names.ts';
import { kindOf, statedPrivileges } from './stated-privileges.ts';

const letters = { table: 'r', sequence: 'S', function: 'f', type: 'T', schema: 'n' } as const;
type DefaultKind = keyof typeof letters;

const isDefaultKind = (kind: ObjectKind): kind is DefaultKind => Object.hasOwn(letters, kind);

export function alterDefaultPrivileges(change: SchemaChange, statement: AlterDefaultPrivilegesStmt): void {
  const action = statement.action ?? {};
  const { schemas, roles } = optionsOf(change, statement);
  const stated = statedPrivileges(action);
  if (stated.columns.length > 0) throw new SqlError('0LP01', 'default privileges cannot be set for columns');
  const kind = kindOf(action.objtype);
  if (!isDefaultKind(kind)) throw new SqlError('0LP01', `default privileges cannot be set for a ${kind}`);
  const how = {
    isGrant: action.is_grant === true,
    grantees: granteesOf(change, action.grantees),
    withGrantOption: action.grant_option === true,
    cascades: action.behavior === 'DROP_CASCADE',
  };
  const privileges = stated.isAll ? allPrivileges[kind] : stated.privileges;
  if (kind === 'schema' && schemas.length > 0)
    throw new SqlError('0LP01', 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS');
  for (const roleOid of roles)
    for (const schemaOid of schemas.length === 0 ? [0] : schemas) {
      const known = defaultNow(change, roleOid, schemaOid, letters[kind]);
      const builtIn = schemaOid === 0 ? defaultAcl(kind, roleOid) : [];
      const items = applied(known?.items ?? builtIn, kind, roleOid, privileges, roleOid, how);
      if (!sameAcl(items, builtIn))
        change.put({ kind: 'defaultAcl', oid: known?.oid ?? change.newOid(), roleOid, schemaOid, objectType: letters[kind], items });
      else if (known !== undefined) change.drop(known.oid);
    }
}

function optionsOf(
  change: SchemaChange,
  statement: AlterDefaultPrivilegesStmt,
): { readonly schemas: readonly number[]; readonly roles: readonly number[] } {
  const current = roleNamed(change, change.host.user).oid;
  let schemas: readonly number[] = [];
  let roles: readonly number[] = [current];
  const seen = new Set<string>();
  for (const node of statement.options ?? []) {
    if (!('DefElem' in node)) continue;
    const { defname = '', arg, location } = node.DefElem;
    if (seen.has(defname)) throw change.error(sqlstate.syntaxError, 'conflicting or redundant options', location);
    seen.add(defname);
    const items = arg !== undefined && 'List' in arg ? (arg.List.items ?? []) : [];
    if (defname === 'schemas') schemas = namesOf(items).map((name) => change.schemaByName(name).oid);
    else if (defname === 'roles') roles = roleSpecs(items).map((spec) => roleOf(change, spec).oid);
  }
  for (const roleOid of roles)
    if (!change.catalog.roleGraph.hasPrivilegesOf(current, roleOid))
      throw new SqlError(sqlstate.insufficientPrivilege, 'permission denied to change default privileges');
  return { schemas, roles };
}

function defaultNow(
  change: SchemaChange,
  roleOid: number,
  schemaOid: number,
  objectType: DefaultAclDescriptor['objectType'],
): DefaultAclDescriptor | undefined {
  for (const descriptor of change.changes.values())
    if (
      descriptor?.kind === 'defaultAcl' &&
      descriptor.roleOid === roleOid &&
      descriptor.schemaOid === schemaOid &&
      descriptor.objectType === objectType
    )
      return descriptor;
  return change.catalog
    .defaultAcls()
    .find((entry) => entry.roleOid === roleOid && entry.schemaOid === schemaOid && entry.objectType === objectType);
}

/** Gives what the statement has made the lists that its owner's default privileges say. */
export function applyDefaultPrivileges(change: SchemaChange): void {
  if (change.catalog.defaultAcls().length === 0) return;
  for (const [oid, descriptor] of [...change.changes]) {
    if (descriptor === undefined) continue;
    const made = newObject(change, descriptor);
    if (made === undefined) continue;
    const items = initialAcl(change, made.kind, made.ownerOid, made.schemaOid);
    if (items !== undefined) putAcl(change, { classOid: made.classOid, objectOid: oid, subId: 0 }, items);
  }
}

type NewObject = { readonly kind: DefaultKind; readonly classOid: number; readonly ownerOid: number; readonly schemaOid: number };

function newObject(change: SchemaChange, descriptor: Descriptor): NewObject | undefined {
  const { catalog } = change;
  switch (descriptor.kind) {
    case 'table':
    case 'view':
    case 'sequence':
      if (catalog.relationByOid(descriptor.oid) !== undefined) return undefined;
      return {
        kind: descriptor.kind === 'sequence' ? 'sequence' : 'table',
        classOid: classOids.pg_class,
        ownerOid: descriptor.ownerOid,
        schemaOid: descriptor.schemaOid,
      };
    case 'function':
      if (catalog.functionByOid(descriptor.oid) !== undefined) return undefined;
      return { kind: 'function', classOid: classOids.pg_proc, ownerOid: descriptor.ownerOid, schemaOid: descriptor.schemaOid };
    case 'schema':
      if (catalog.schemaByOid(descriptor.oid) !== undefined) return undefined;
      return { kind: 'schema', classOid: classOids.pg_namespace, ownerOid: descriptor.ownerOid, schemaOid: 0 };
    default:
      return undefined;
  }
}

/** get_user_default_acl(): undefined where it is the kind's default. */
function initialAcl(change: SchemaChange, kind: DefaultKind, ownerOid: number, schemaOid: number): Acl | undefined {
  const letter = letters[kind];
  const everywhere = defaultNow(change, ownerOid, 0, letter)?.items;
  const inSchema = schemaOid === 0 ? undefined : defaultNow(change, ownerOid, schemaOid, letter)?.items;
  if (everywhere === undefined && inSchema === undefined) return undefined;
  const builtIn = defaultAcl(kind, ownerOid);
  let items = everywhere ?? builtIn;
  for (const item of inSchema ?? []) items = withGranted(items, item);
  return sameAcl(items, builtIn) ? undefined : [...items].sort((a, b) => a.grantee - b.grantee || a.grantor - b.grantor);
}
