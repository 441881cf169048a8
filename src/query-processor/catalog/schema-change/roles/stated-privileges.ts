/** The privileges that GRANT, REVOKE and ALTER DEFAULT PRIVILEGES name, checked against the kind of object. */
import type { GrantStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { allPrivileges, type ObjectKind, privilegeByName, privilegeName } from '#sql/privilege.ts';
import { namesOf } from '../create-table.ts';

export type StatedPrivileges = {
  /** ALL PRIVILEGES of the whole object. */
  readonly isAll: boolean;
  /** Of the whole object. */
  readonly privileges: number;
  /** With a column list; 0: ALL. */
  readonly columns: readonly { readonly privileges: number; readonly columns: readonly string[] }[];
};

/** Object types of the grammar: what may be granted on them, and how messages name them. */
const grantable: Readonly<Record<string, { readonly mask: number; readonly title: string }>> = {
  OBJECT_TABLE: { mask: allPrivileges.table | allPrivileges.sequence, title: 'relation' },
  OBJECT_SEQUENCE: { mask: allPrivileges.sequence, title: 'sequence' },
  OBJECT_DATABASE: { mask: allPrivileges.database, title: 'database' },
  OBJECT_SCHEMA: { mask: allPrivileges.schema, title: 'schema' },
  OBJECT_FUNCTION: { mask: allPrivileges.function, title: 'function' },
  OBJECT_ROUTINE: { mask: allPrivileges.function, title: 'routine' },
  OBJECT_PROCEDURE: { mask: allPrivileges.function, title: 'procedure' },
  OBJECT_TYPE: { mask: allPrivileges.type, title: 'type' },
  OBJECT_DOMAIN: { mask: allPrivileges.type, title: 'domain' },
  OBJECT_LANGUAGE: { mask: allPrivileges.language, title: 'language' },
  OBJECT_TABLESPACE: { mask: allPrivileges.tablespace, title: 'tablespace' },
};

/** Of objects to come a table is a table: sequences are named by their own word. */
const defaultTable = { mask: allPrivileges.table, title: 'relation' };

export function statedPrivileges({ objtype = 'OBJECT_TABLE', privileges: nodes, targtype }: GrantStmt): StatedPrivileges {
  if (nodes === undefined || nodes.length === 0) return { isAll: true, privileges: 0, columns: [] };
  const isDefault = targtype === 'ACL_TARGET_DEFAULTS' && objtype === 'OBJECT_TABLE';
  const { mask, title } = isDefault ? defaultTable : (grantable[objtype] ?? { mask: 0, title: 'object' });
  let privileges = 0;
  const columns: { readonly privileges: number; readonly columns: readonly string[] }[] = [];
  for (const node of nodes) {
    if (!('AccessPriv' in node)) continue;
    const { priv_name, cols } = node.AccessPriv;
    const bit = priv_name === undefined ? 0 : privilegeByName(priv_name);
    if (bit === undefined) throw new SqlError(sqlstate.syntaxError, `unrecognized privilege type "${priv_name}"`);
    if (cols !== undefined) {
      if (objtype !== 'OBJECT_TABLE') throw new SqlError('0LP01', 'column privileges are only valid for relations');
      if ((bit & ~allPrivileges.column) !== 0) throw new SqlError('0LP01', `invalid privilege type ${privilegeName(bit)} for column`);
      columns.push({ privileges: bit, columns: namesOf(cols) });
      continue;
    }
    if ((bit & ~mask) !== 0) throw new SqlError('0LP01', `invalid privilege type ${privilegeName(bit)} for ${title}`);
    privileges |= bit;
  }
  return { isAll: false, privileges, columns };
}

/** The kind of list that an object type of the grammar has. */
export const kindOf = (objtype: string | undefined): ObjectKind => {
  switch (objtype) {
    case 'OBJECT_SEQUENCE':
      return 'sequence';
    case 'OBJECT_SCHEMA':
      return 'schema';
    case 'OBJECT_FUNCTION':
    case 'OBJECT_ROUTINE':
    case 'OBJECT_PROCEDURE':
      return 'function';
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
      return 'type';
    default:
      return 'table';
  }
};
