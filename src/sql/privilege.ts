/**
 * Privileges: the bits of an access control list, their letters (aclitem) and words (GRANT), and which of them each kind of object has.
 * Order and letters are PostgreSQL's: an aclitem prints its privileges in the order of the bits.
 */
export const privilege = {
  insert: 1 << 0,
  select: 1 << 1,
  update: 1 << 2,
  delete: 1 << 3,
  truncate: 1 << 4,
  references: 1 << 5,
  trigger: 1 << 6,
  execute: 1 << 7,
  usage: 1 << 8,
  create: 1 << 9,
  temporary: 1 << 10,
  connect: 1 << 11,
  set: 1 << 12,
  alterSystem: 1 << 13,
} as const;

/** Letters by bit. */
const letters = 'arwdDxtXUCTcsA';

/** As GRANT writes them and aclexplode() answers, by bit. */
const privilegeNames: readonly string[] = [
  'INSERT',
  'SELECT',
  'UPDATE',
  'DELETE',
  'TRUNCATE',
  'REFERENCES',
  'TRIGGER',
  'EXECUTE',
  'USAGE',
  'CREATE',
  'TEMPORARY',
  'CONNECT',
  'SET',
  'ALTER SYSTEM',
];

const bitsByName: ReadonlyMap<string, number> = new Map([
  ...privilegeNames.map((name, at): readonly [string, number] => [name, 1 << at]),
  ['TEMP', privilege.temporary],
]);

/** undefined: there is no such privilege. */
export const privilegeByName = (name: string): number | undefined => bitsByName.get(name.toUpperCase());

/** Bits of a mask, lowest first. */
export function* bitsOf(mask: number): Generator<number, void, undefined> {
  for (let bit = 1; bit <= mask; bit <<= 1) if ((mask & bit) !== 0) yield bit;
}

export const privilegeName = (bit: number): string => privilegeNames[31 - Math.clz32(bit)];

/** What an aclitem writes for the privileges, `*` behind those that may be granted on. */
function privilegeLetters(privileges: number, grantOptions: number): string {
  let text = '';
  for (const bit of bitsOf(privileges | grantOptions)) text += letters[31 - Math.clz32(bit)] + ((grantOptions & bit) !== 0 ? '*' : '');
  return text;
}

/** undefined for a letter that stands for nothing. */
function privilegesOfLetters(text: string): { readonly privileges: number; readonly grantOptions: number } | undefined {
  let privileges = 0;
  let grantOptions = 0;
  let last = 0;
  for (const letter of text) {
    if (letter === '*' && last !== 0) {
      grantOptions |= last;
      last = 0;
      continue;
    }
    const at = letters.indexOf(letter);
    if (at < 0) return undefined;
    last = 1 << at;
    privileges |= last;
  }
  return { privileges, grantOptions };
}

/** An aclitem with its roles' names; no grantee: PUBLIC. */
export type NamedAclItem = {
  readonly grantee: string;
  readonly grantor: string;
  readonly privileges: number;
  readonly grantOptions: number;
};

/** aclitemout(). */
export const formatAclItem = ({ grantee, grantor, privileges, grantOptions }: NamedAclItem): string =>
  `${quoteRole(grantee)}=${privilegeLetters(privileges, grantOptions)}/${quoteRole(grantor)}`;

const quoteRole = (name: string): string => (/^[a-zA-Z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** undefined: the text is no aclitem. */
export function parseAclItem(text: string): NamedAclItem | undefined {
  const match = /^\s*("(?:[^"]|"")*"|[a-zA-Z0-9_]*)=([a-zA-Z*]*)\/("(?:[^"]|"")*"|[a-zA-Z0-9_]*)\s*$/.exec(text);
  const letters = match === null ? undefined : privilegesOfLetters(match[2]);
  if (match === null || letters === undefined) return undefined;
  return { grantee: unquoteRole(match[1]), grantor: unquoteRole(match[3]), ...letters };
}

const unquoteRole = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

/** Kinds of objects that have access control lists. */
export type ObjectKind = 'column' | 'table' | 'sequence' | 'database' | 'function' | 'language' | 'schema' | 'type' | 'tablespace';

const tablePrivileges =
  privilege.insert | privilege.select | privilege.update | privilege.delete | privilege.truncate | privilege.references | privilege.trigger;

/** Every privilege that a kind of object has: what ALL PRIVILEGES means, and what an owner begins with. */
export const allPrivileges: Readonly<Record<ObjectKind, number>> = {
  column: privilege.insert | privilege.select | privilege.update | privilege.references,
  table: tablePrivileges,
  sequence: privilege.usage | privilege.select | privilege.update,
  database: privilege.create | privilege.temporary | privilege.connect,
  function: privilege.execute,
  language: privilege.usage,
  schema: privilege.usage | privilege.create,
  type: privilege.usage,
  tablespace: privilege.create,
};

/** What everybody has until something else is said. */
export const publicPrivileges: Readonly<Record<ObjectKind, number>> = {
  column: 0,
  table: 0,
  sequence: 0,
  database: privilege.temporary | privilege.connect,
  function: privilege.execute,
  language: privilege.usage,
  schema: 0,
  type: privilege.usage,
  tablespace: 0,
};
