/** A change of owner: what the old one has been granted and has granted is the new one's from then on. */
import { classOids } from '../../catalog.ts';
import type { Acl } from '../../privileges/acl.ts';
import type { SchemaChange } from '../schema-change.ts';
import { putAcl } from './acl-change.ts';

/** Goes over what the statement has changed. */
export function followOwners(change: SchemaChange): void {
  if (change.catalog.acls().length === 0) return;
  for (const [oid, after] of [...change.changes]) {
    if (after === undefined || !('ownerOid' in after)) continue;
    const classOid = after.kind === 'schema' ? classOids.pg_namespace : after.kind === 'function' ? classOids.pg_proc : classOids.pg_class;
    const before =
      after.kind === 'schema' ? change.catalog.schemaByOid(oid) : (change.catalog.functionByOid(oid) ?? change.catalog.relationByOid(oid));
    if (before !== undefined && before.ownerOid !== after.ownerOid) moveAcls(change, classOid, oid, before.ownerOid, after.ownerOid);
  }
}

function moveAcls(change: SchemaChange, classOid: number, objectOid: number, from: number, to: number): void {
  for (const entry of change.catalog.acls())
    if (entry.classOid === classOid && entry.objectOid === objectOid) putAcl(change, entry, moved(entry.items, from, to));
}

function moved(acl: Acl, from: number, to: number): Acl {
  let items: Acl = [];
  for (const item of acl) {
    const grantee = item.grantee === from ? to : item.grantee;
    const grantor = item.grantor === from ? to : item.grantor;
    const at = items.findIndex((other) => other.grantee === grantee && other.grantor === grantor);
    if (at < 0) items = [...items, { ...item, grantee, grantor }];
    else
      items = items.with(at, {
        ...items[at],
        privileges: items[at].privileges | item.privileges,
        grantOptions: items[at].grantOptions | item.grantOptions,
      });
  }
  return items;
}
