/**
 * Type facts: what name resolution and coercion ask about a type, answered from PostgreSQL's pg_type alone (so for pseudo-types, and
 * for types without an implementation, too).
 */
import { oid } from '#sql/oids.ts';
import type { PgType } from '#sql/postgres/pg-type.ts';
import { displayNameOf, pgTypeByName, pgTypeByOid } from '#sql/types/format-type.ts';

export const typeFacts = (typeOid: number): PgType | undefined => pgTypeByOid(typeOid);

/** By pg_type.typname. */
export const typeFactsByName = (name: string): PgType | undefined => pgTypeByName(name);

export const categoryOf = (typeOid: number): string => typeFacts(typeOid)?.category ?? 'X';
export const isPreferred = (typeOid: number): boolean => typeFacts(typeOid)?.preferred ?? false;
export const isStringCategory = (typeOid: number): boolean => categoryOf(typeOid) === 'S';

/** Arrays, the two vector types among them; 0 for anything else. */
export function arrayElementOf(typeOid: number): number {
  const facts = typeFacts(typeOid);
  const isArray = facts?.input === 'array_in' || typeOid === oid.int2vector || typeOid === oid.oidvector;
  return facts !== undefined && isArray ? facts.elementOid : 0;
}

export const arrayTypeOf = (elementOid: number): number => typeFacts(elementOid)?.arrayOid ?? 0;

export function isArrayLike(typeOid: number): boolean {
  return arrayElementOf(typeOid) !== 0 || typeOid === oid.anyarray;
}

const polymorphicSimple = new Set<number>([oid.anyelement, oid.anyarray, oid.anynonarray, oid.anyenum, oid.anyrange, 4537]);
const polymorphicCompatible = new Set<number>([oid.anycompatible, oid.anycompatiblearray, oid.anycompatiblenonarray, 5080, 4538]);
export const anymultirange = 4537;
export const anycompatiblerange = 5080;
export const anycompatiblemultirange = 4538;

export const isPolymorphic = (typeOid: number): boolean => polymorphicSimple.has(typeOid) || polymorphicCompatible.has(typeOid);
export const isCompatibleFamily = (typeOid: number): boolean => polymorphicCompatible.has(typeOid);
export const isPseudoType = (typeOid: number): boolean => typeFacts(typeOid)?.kind === 'p';

/** format_type without modifiers, as error messages name types. */
export function typeDisplayName(typeOid: number): string {
  const facts = typeFacts(typeOid);
  return facts === undefined ? '???' : displayNameOf(facts);
}
