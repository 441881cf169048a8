/** Type names in the tree, as far as they mean built-in types: which of them DSQL takes for columns, and how it prints the others. */
import type { ColumnDef, TypeName } from '@pgsql/types';
import { type Type, typeRef } from '#sql/type.ts';
import { findType, formatType, isImplemented, typeByName } from '#sql/types/registry.ts';
import { stringsOf } from './rule.ts';

/** dsql-behaviour 4, by pg_type's names. */
const columnTypes = new Set([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'bpchar',
  'varchar',
  'text',
  'date',
  'time',
  'timetz',
  'timestamp',
  'timestamptz',
  'interval',
  'bool',
  'bytea',
  'uuid',
  'json',
  'jsonb',
]);

/** Types with an order that DSQL takes in no key all the same. */
export const keylessTypes: ReadonlySet<string> = new Set(['json', 'jsonb', 'bytea', 'interval', 'timetz']);

const serialTypes = new Set(['serial', 'serial4', 'bigserial', 'serial8', 'smallserial', 'serial2']);

export const isArray = (typeName: TypeName): boolean => (typeName.arrayBounds?.length ?? 0) > 0;

/** The name, when it is a serial type: those are no types, and PostgreSQL's grammar knows nothing of them. */
export function serialName(typeName: TypeName): string | undefined {
  const names = stringsOf(typeName.names);
  return names.length === 1 && serialTypes.has(names[0]) && !isArray(typeName) ? names[0] : undefined;
}

/** undefined: not a built-in type, so it is a domain or there is none. */
export function builtInType(typeName: TypeName): Type | undefined {
  if (typeName.pct_type || typeName.setof) return undefined;
  const names = stringsOf(typeName.names);
  if (names.length > 2 || (names.length === 2 && names[0] !== 'pg_catalog')) return undefined;
  const type = typeByName(names[names.length - 1] ?? '');
  if (type === undefined || !isArray(typeName) || type.category === 'A') return type;
  return findType(type.arrayOid);
}

export type UnsupportedType = { readonly displayName: string; readonly isArray: boolean; readonly isImplemented: boolean };

/** As PostgreSQL's messages name a type without a modifier: `bit` and `character` where SQL would read a length of one. */
const displayName = (typeOid: number): string =>
  formatType(typeRef(typeOid))
    .replace(/^"bit"/, 'bit')
    .replace(/^bpchar/, 'character');

/** undefined: DSQL takes it, or it is for others to say that there is no such type (a pseudo-type, an unknown name). */
export function unsupportedColumnType(typeName: TypeName): UnsupportedType | undefined {
  const type = builtInType(typeName);
  if (type === undefined || type.category === 'P' || columnTypes.has(type.name)) return undefined;
  return {
    displayName: displayName(type.oid),
    isArray: type.category === 'A',
    isImplemented: isImplemented(type.oid),
  };
}

export const columnTypeName = (definition: ColumnDef): string => {
  const type = definition.typeName === undefined ? undefined : builtInType(definition.typeName);
  return type === undefined ? '' : formatType(typeRef(type.oid));
};
