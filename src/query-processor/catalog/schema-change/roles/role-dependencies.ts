/** What a role owns, and what is granted to it: why it cannot be dropped, and what REASSIGN OWNED and DROP OWNED are about. */
import { classOids } from '../../catalog.ts';
import type { DefaultAclDescriptor } from '../../descriptors.ts';
import { typeText } from '../../name-lookup.ts';
import type { Acl } from '../../privileges/acl.ts';
import { databaseObject } from '../../privileges/secured-object.ts';
import { describeFunction } from '../function-names.ts';
import type { SchemaChange } from '../schema-change.ts';

type Dependency = { readonly oid: number; readonly subId: number; readonly text: string };

const defaultKinds = { r: 'relations', S: 'sequences', f: 'functions', T: 'types', n: 'schemas' } as const;

export const hasGrantFor = (items: Acl, roleOid: number): boolean =>
  items.some((item) => item.grantee === roleOid || item.grantor === roleOid);

export function describeDefault(change: SchemaChange, entry: DefaultAclDescriptor): string {
  const { catalog } = change;
  const place = entry.schemaOid === 0 ? '' : ` in schema ${catalog.schemaByOid(entry.schemaOid)?.name ?? ''}`;
  return `default privileges on new ${defaultKinds[entry.objectType]} belonging to role ${catalog.roleByOid(entry.roleOid)?.name ?? ''}${place}`;
}

/** The object of a list, as messages describe it. */
function describePlace(change: SchemaChange, classOid: number, objectOid: number, subId: number): string {
  const { catalog } = change;
  switch (classOid) {
    case classOids.pg_class: {
      const relation = catalog.relationByOid(objectOid);
      if (relation === undefined) return `relation ${objectOid}`;
      const name = `${relation.kind === 'system' ? 'table' : relation.kind} ${change.describe(relation)}`;
      return subId === 0 || relation.kind === 'sequence' ? name : `column ${relation.columns[subId - 1].name} of ${name}`;
    }
    case classOids.pg_proc: {
      const descriptor = catalog.functionByOid(objectOid);
      return descriptor === undefined ? `function ${objectOid}` : `function ${describeFunction(change, descriptor)}`;
    }
    case classOids.pg_namespace:
      return `schema ${catalog.schemaByOid(objectOid)?.name ?? ''}`;
    case classOids.pg_database:
      return 'database postgres';
    case classOids.pg_type:
      return `type ${typeText(objectOid)}`;
    default:
      return `object ${objectOid}`;
  }
}

/** Lines of the DETAIL, in the order of the objects' oids. */
export function dependenciesOf(change: SchemaChange, roleOid: number): readonly string[] {
  const { catalog } = change;
  const found: Dependency[] = [];
  const add = (oid: number, subId: number, text: string) => found.push({ oid, subId, text });
  for (const schema of catalog.schemas()) if (schema.ownerOid === roleOid) add(schema.oid, 0, `owner of schema ${schema.name}`);
  for (const relation of catalog.userRelations())
    if (relation.ownerOid === roleOid && !(relation.kind === 'sequence' && relation.ownedBy !== undefined))
      add(relation.oid, 0, `owner of ${relation.kind} ${change.describe(relation)}`);
  for (const descriptor of catalog.functions())
    if (descriptor.ownerOid === roleOid) add(descriptor.oid, 0, `owner of function ${describeFunction(change, descriptor)}`);
  for (const entry of catalog.statistics()) if (entry.ownerOid === roleOid) add(entry.oid, 0, `owner of statistics object ${entry.name}`);
  for (const entry of catalog.acls())
    if (hasGrantFor(entry.items, roleOid) && ownerOf(change, entry.classOid, entry.objectOid) !== roleOid)
      add(entry.objectOid, entry.subId, `privileges for ${describePlace(change, entry.classOid, entry.objectOid, entry.subId)}`);
  for (const entry of catalog.defaultAcls())
    if (entry.roleOid === roleOid) add(entry.oid, 0, `owner of ${describeDefault(change, entry)}`);
    else if (hasGrantFor(entry.items, roleOid)) add(entry.oid, 0, `privileges for ${describeDefault(change, entry)}`);
  for (const entry of catalog.memberships())
    if (entry.grantorOid === roleOid && change.changes.get(entry.oid) === undefined && !change.changes.has(entry.oid))
      add(
        entry.oid,
        0,
        `privileges for membership of role ${catalog.roleByOid(entry.memberOid)?.name ?? ''} in role ${catalog.roleByOid(entry.roleOid)?.name ?? ''}`,
      );
  for (const entry of catalog.iamMappings()) if (entry.roleOid === roleOid) add(entry.oid, 0, `IAM mapping of ${entry.arn}`);
  return found.sort((a, b) => a.oid - b.oid || a.subId - b.subId).map(({ text }) => text);
}

export function ownerOf(change: SchemaChange, classOid: number, objectOid: number): number | undefined {
  if (classOid === classOids.pg_class) return change.catalog.relationByOid(objectOid)?.ownerOid;
  if (classOid === classOids.pg_proc) return change.catalog.functionByOid(objectOid)?.ownerOid;
  if (classOid === classOids.pg_namespace) return change.catalog.schemaByOid(objectOid)?.ownerOid;
  return classOid === classOids.pg_database && objectOid === databaseObject.oid ? change.databaseOwnerOid : undefined;
}
