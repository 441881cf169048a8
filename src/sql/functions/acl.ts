/**
 * Functions over access control lists. An aclitem is carried as its text (`grantee=privileges/grantor`), and means roles by their names:
 * whoever takes one apart looks them up.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type EvaluationContext, type Implementations, scalar, setReturning } from '../function.ts';
import { oid } from '../oids.ts';
import {
  allPrivileges,
  bitsOf,
  formatAclItem,
  type ObjectKind,
  parseAclItem,
  privilegeByName,
  privilegeName,
  publicPrivileges,
} from '../privilege.ts';
import { ArrayValue } from '../types/array-value.ts';

/** acldefault()'s letters. */
const kinds: Readonly<Record<string, ObjectKind>> = {
  c: 'column',
  r: 'table',
  s: 'sequence',
  d: 'database',
  f: 'function',
  l: 'language',
  n: 'schema',
  T: 'type',
  t: 'tablespace',
};

function roleName(roleOid: number, context: EvaluationContext): string {
  if (roleOid === 0) return '';
  if (context.names === undefined) throw notSupported('a role has no name without a catalog');
  return unquoted(context.names.nameOf('role', roleOid) ?? String(roleOid));
}
const unquoted = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

function roleOid(name: string, context: EvaluationContext): number {
  if (name === '') return 0;
  return context.names?.oidOf('role', `"${name.replaceAll('"', '""')}"`) ?? 0;
}

function explode(acl: ArrayValue, context: EvaluationContext): (readonly Datum[])[] {
  return acl.items.flatMap((text) => {
    const item = typeof text === 'string' ? parseAclItem(text) : undefined;
    if (item === undefined) throw new SqlError(sqlstate.invalidTextRepresentation, `invalid access control item: "${String(text)}"`);
    const grantee = roleOid(item.grantee, context);
    const grantor = roleOid(item.grantor, context);
    return [...bitsOf(item.privileges | item.grantOptions)].map((bit) => [
      grantor,
      grantee,
      privilegeName(bit),
      (item.grantOptions & bit) !== 0,
    ]);
  });
}

function makeItem(grantee: number, grantor: number, names: string, isGrantable: boolean, context: EvaluationContext): Datum {
  let privileges = 0;
  for (const name of names.split(',')) {
    const bit = privilegeByName(name.trim());
    if (bit === undefined) throw new SqlError(sqlstate.invalidParameterValue, `unrecognized privilege type: "${name.trim()}"`);
    privileges |= bit;
  }
  const grantOptions = isGrantable ? privileges : 0;
  return formatAclItem({ grantee: roleName(grantee, context), grantor: roleName(grantor, context), privileges, grantOptions });
}

function defaultList(letter: string, ownerOid: number, context: EvaluationContext): Datum {
  const kind = kinds[letter];
  if (kind === undefined) throw new SqlError(sqlstate.internalError, `unrecognized object type abbreviation: ${letter}`);
  const owner = roleName(ownerOid, context);
  const items: string[] = [];
  const add = (grantee: string, privileges: number) => {
    if (privileges !== 0) items.push(formatAclItem({ grantee, grantor: owner, privileges, grantOptions: 0 }));
  };
  add('', publicPrivileges[kind]);
  if (kind !== 'column') add(owner, allPrivileges[kind]);
  return new ArrayValue(oid.aclitem, items);
}

/** Whether one of the list's items covers the item. */
function contains(acl: ArrayValue, text: string): boolean {
  const wanted = parseAclItem(text);
  return acl.items.some((entry) => {
    const item = typeof entry === 'string' ? parseAclItem(entry) : undefined;
    return (
      item !== undefined &&
      wanted !== undefined &&
      item.grantee === wanted.grantee &&
      item.grantor === wanted.grantor &&
      (wanted.privileges & ~item.privileges) === 0 &&
      (wanted.grantOptions & ~item.grantOptions) === 0
    );
  });
}

const gone = (name: string) =>
  scalar(() => {
    throw new SqlError(sqlstate.featureNotSupported, `${name} is no longer supported`);
  });

export const aclFunctions: Implementations = {
  'aclexplode(_aclitem)': setReturning(explode),
  'makeaclitem(oid,oid,text,bool)': scalar(makeItem),
  'acldefault(char,oid)': scalar(defaultList),
  'aclcontains(_aclitem,aclitem)': scalar(contains),
  'aclinsert(_aclitem,aclitem)': gone('aclinsert'),
  'aclremove(_aclitem,aclitem)': gone('aclremove'),
  'aclitemeq(aclitem,aclitem)': scalar((a: string, b: string) => a === b),
};
