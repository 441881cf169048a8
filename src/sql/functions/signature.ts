/** Signatures: how chapters name functions. */
import type { PgProc } from '../postgres/pg-proc.ts';
import { pgTypes } from '../postgres/pg-type.ts';

let typeNames: ReadonlyMap<number, string> | undefined;

/** The key of a function in a chapter. Types that pg_type's table leaves out (row types of catalog relations) go by their oid. */
export function signatureOf(proc: PgProc): string {
  typeNames ??= new Map(pgTypes.map((type) => [type.oid, type.name]));
  const names = typeNames;
  return `${proc.name}(${proc.argTypes.map((type) => names.get(type) ?? String(type)).join(',')})`;
}
