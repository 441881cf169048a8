/**
 * Cast paths: whether and how a value of one type becomes one of another, by PostgreSQL's pg_cast and its rules for what is not in it.
 */
import { castBetween } from '#sql/builtins.ts';
import { oid } from '#sql/oids.ts';
import { elementOfRowArray, isRowTypeOid } from '#sql/types/catalog-types.ts';
import { genericTypesAgree } from './polymorphism.ts';
import { arrayElementOf, isPolymorphic, isStringCategory } from './type-facts.ts';

/** How willing the context is to convert: implicitly in expressions, when stored into a column, or because it was asked to. */
export type CoercionContext = 'implicit' | 'assignment' | 'explicit';

export type CastPath =
  | { readonly kind: 'relabel' }
  | { readonly kind: 'function'; readonly function: number }
  | { readonly kind: 'text' }
  | { readonly kind: 'array' }
  /** Of a record to a relation's row type, field by field. */
  | { readonly kind: 'row' };

const rank: Readonly<Record<CoercionContext, number>> = { implicit: 0, assignment: 1, explicit: 2 };
const rankOfCast = { i: 0, a: 1, e: 2 } as const;

/** undefined: there is no way in this context. */
export function castPath(source: number, target: number, context: CoercionContext): CastPath | undefined {
  if (source === target) return { kind: 'relabel' };
  if (target === oid.record && isRowTypeOid(source)) return { kind: 'relabel' };
  if (source === oid.record && isRowTypeOid(target)) return { kind: 'row' };
  if (target === oid.recordArray && elementOfRowArray(source) !== undefined) return { kind: 'relabel' };
  const cast = castBetween(source, target);
  if (cast !== undefined) {
    if (rank[context] < rankOfCast[cast.context]) return undefined;
    if (cast.method === 'b') return { kind: 'relabel' };
    return cast.method === 'f' ? { kind: 'function', function: cast.function } : { kind: 'text' };
  }
  if (target !== oid.oidvector && target !== oid.int2vector) {
    const targetElement = arrayElementOf(target);
    const sourceElement = targetElement === 0 ? 0 : arrayElementOf(source);
    if (targetElement !== 0 && sourceElement !== 0) {
      const element = castPath(sourceElement, targetElement, context);
      if (element?.kind === 'row') return undefined;
      if (element !== undefined) return element.kind === 'relabel' ? element : { kind: 'array' };
    }
  }
  if (context !== 'implicit' && isStringCategory(target)) return { kind: 'text' };
  if (context === 'explicit' && isStringCategory(source)) return { kind: 'text' };
  return undefined;
}

/** True when a cast needs no change of the value: what may stand for an array or record type in a lookup, too. */
export function isBinaryCoercible(source: number, target: number): boolean {
  if (source === target || target === oid.any || target === oid.anyelement || target === oid.anycompatible) return true;
  if (target === oid.record && isRowTypeOid(source)) return true;
  if (target === oid.recordArray && elementOfRowArray(source) !== undefined) return true;
  if ((target === oid.anyarray || target === oid.anycompatiblearray) && arrayElementOf(source) !== 0) return true;
  const cast = castBetween(source, target);
  return cast !== undefined && cast.method === 'b' && cast.context === 'i';
}

/** True when every input type can become the type beside it. */
export function canCoerce(inputs: readonly number[], targets: readonly number[], context: CoercionContext): boolean {
  let hasGenerics = false;
  for (let i = 0; i < inputs.length; i++) {
    const input = inputs[i];
    const target = targets[i];
    if (input === target || target === oid.any) continue;
    if (isPolymorphic(target)) {
      hasGenerics = true;
      continue;
    }
    if (input === oid.unknown) continue;
    if (castPath(input, target, context) !== undefined) continue;
    return false;
  }
  return !hasGenerics || genericTypesAgree(targets, inputs);
}
