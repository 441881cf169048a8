/** Access control lists as a statement changes them: read with its own changes, and written back. */
import type { AclDescriptor } from '../../descriptors.ts';
import type { Acl } from '../../privileges/acl.ts';
import { defaultAcl } from '../../privileges/acl.ts';
import { type SecuredObject, storedAcl } from '../../privileges/secured-object.ts';
import type { SchemaChange } from '../schema-change.ts';

type Place = Pick<AclDescriptor, 'classOid' | 'objectOid' | 'subId'>;

/** The descriptor as it is by now; undefined: there is none. */
export function aclDescriptorNow(change: SchemaChange, { classOid, objectOid, subId }: Place): AclDescriptor | undefined {
  for (const descriptor of change.changes.values())
    if (descriptor?.kind === 'acl' && descriptor.classOid === classOid && descriptor.objectOid === objectOid && descriptor.subId === subId)
      return descriptor;
  const known = change.catalog.aclDescriptor(classOid, objectOid, subId);
  return known !== undefined && change.changes.has(known.oid) ? undefined : known;
}

export function aclNow(change: SchemaChange, object: SecuredObject): Acl {
  const place = { classOid: object.classOid, objectOid: object.oid, subId: 0 };
  return aclDescriptorNow(change, place)?.items ?? storedAcl(change.catalog, object) ?? defaultAcl(object.kind, object.ownerOid);
}

export const columnAclNow = (change: SchemaChange, relation: SecuredObject, attributeNumber: number): Acl =>
  aclDescriptorNow(change, { classOid: relation.classOid, objectOid: relation.oid, subId: attributeNumber })?.items ?? [];

/** undefined: the object has its kind's default list again. */
export function putAcl(change: SchemaChange, place: Place, items: Acl | undefined): void {
  const known = aclDescriptorNow(change, place);
  if (items !== undefined) change.put({ kind: 'acl', oid: known?.oid ?? change.newOid(), ...place, items });
  else if (known !== undefined) change.drop(known.oid);
}
