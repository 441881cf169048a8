/**
 * Polymorphism: the two families of polymorphic argument types. In the simple family (anyelement, anyarray, ...) all arguments agree
 * on one element type exactly; in the compatible family (anycompatible, ...) they are brought to a common type.
 */
import { sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { canCoerce } from './cast-path.ts';
import { commonTypeOf } from './common-type.ts';
import type { Analysis } from './environment.ts';
import { arrayElementOf, arrayTypeOf, isCompatibleFamily, isPolymorphic, typeDisplayName } from './type-facts.ts';

type Problem = { readonly code: string; readonly message: string; readonly detail?: string };

type Agreement = {
  /** Types of the simple family; 0 when it does not occur. */
  readonly element: number;
  readonly array: number;
  /** Types of the compatible family. */
  readonly compatible: number;
  readonly compatibleArray: number;
};

/** What the polymorphic argument types stand for, given the actual ones; or why they do not go together. */
function agree(declared: readonly number[], actual: readonly number[]): Agreement | Problem {
  let element = 0;
  let array = 0;
  let simpleCount = 0;
  let hasCompatible = false;
  let isNonArray = false;
  let isCompatibleNonArray = false;
  const compatibles: number[] = [];
  for (let i = 0; i < actual.length; i++) {
    const want = declared[i];
    const have = actual[i];
    if (!isPolymorphic(want)) continue;
    const isUnknown = have === oid.unknown;
    switch (want) {
      case oid.anyelement:
      case oid.anynonarray:
      case oid.anyenum: {
        simpleCount++;
        if (want === oid.anynonarray) isNonArray = true;
        if (isUnknown) break;
        if (element !== 0 && element !== have) return notAlike('anyelement', element, have);
        if (want === oid.anyenum) return mismatch(`type matched to anyenum is not an enum type: ${typeDisplayName(have)}`);
        element = have;
        break;
      }
      case oid.anyarray: {
        simpleCount++;
        if (isUnknown) break;
        if (array !== 0 && array !== have) return notAlike('anyarray', array, have);
        if (have !== oid.anyarray && arrayElementOf(have) === 0) return notArray('anyarray', have);
        array = have;
        break;
      }
      case oid.anycompatible:
      case oid.anycompatiblenonarray: {
        hasCompatible = true;
        if (want === oid.anycompatiblenonarray) isCompatibleNonArray = true;
        if (!isUnknown) compatibles.push(have);
        break;
      }
      case oid.anycompatiblearray: {
        hasCompatible = true;
        if (isUnknown) break;
        const item = arrayElementOf(have);
        if (item === 0) return notArray('anycompatiblearray', have);
        compatibles.push(item);
        break;
      }
      default:
        if (!isUnknown) return mismatch(`argument declared ${typeDisplayName(want)} is not a range type but type ${typeDisplayName(have)}`);
        if (!isCompatibleFamily(want)) simpleCount++;
    }
  }
  if (simpleCount > 0) {
    if (array !== 0) {
      const item = array === oid.anyarray ? oid.anyelement : arrayElementOf(array);
      if (element === 0) element = item;
      else if (element !== item)
        return mismatch(
          'argument declared anyarray is not consistent with argument declared anyelement',
          `${typeDisplayName(array)} versus ${typeDisplayName(element)}`,
        );
    }
    if (element === 0) return mismatch('could not determine polymorphic type because input has type unknown');
    if (isNonArray && arrayElementOf(element) !== 0)
      return mismatch(`type matched to anynonarray is an array type: ${typeDisplayName(element)}`);
  }
  let compatible = 0;
  if (hasCompatible) {
    const common = compatibles.length === 0 ? oid.text : commonTypeOf(compatibles);
    if (typeof common !== 'number')
      return mismatch(
        `arguments of anycompatible family cannot be cast to a common type`,
        `${typeDisplayName(common.left)} versus ${typeDisplayName(common.right)}`,
      );
    if (compatibles.some((type) => type !== common && !canCoerce([type], [common], 'implicit')))
      return mismatch('arguments of anycompatible family cannot be cast to a common type');
    if (isCompatibleNonArray && arrayElementOf(common) !== 0)
      return mismatch(`type matched to anycompatiblenonarray is an array type: ${typeDisplayName(common)}`);
    compatible = common;
  }
  return { element, array: array !== 0 ? array : arrayTypeOf(element), compatible, compatibleArray: arrayTypeOf(compatible) };
}

const mismatch = (message: string, detail?: string): Problem => ({
  code: sqlstate.datatypeMismatch,
  message,
  ...(detail === undefined ? {} : { detail }),
});
const notAlike = (name: string, left: number, right: number): Problem =>
  mismatch(`arguments declared "${name}" are not all alike`, `${typeDisplayName(left)} versus ${typeDisplayName(right)}`);
const notArray = (name: string, type: number): Problem =>
  mismatch(`argument declared ${name} is not an array but type ${typeDisplayName(type)}`);

/** For choosing candidates. Unknown literals fit any; that they leave the type open is found out once the candidate is chosen. */
export function genericTypesAgree(declared: readonly number[], actual: readonly number[]): boolean {
  const found = agree(declared, actual);
  return !('code' in found) || found.message.startsWith('could not determine polymorphic type');
}

/** Declared types with polymorphic ones replaced, and the result's type. Throws 42804. */
export function resolvePolymorphic(
  analysis: Analysis,
  declared: readonly number[],
  actual: readonly number[],
  result: number,
): { readonly argTypes: readonly number[]; readonly result: number } {
  if (!declared.some((type, at) => at < actual.length && isPolymorphic(type))) return { argTypes: declared, result };
  const found = agree(declared, actual);
  if ('code' in found)
    throw analysis.error(found.code, found.message, undefined, found.detail === undefined ? {} : { detail: found.detail });
  const replace = (type: number): number => {
    switch (type) {
      case oid.anyelement:
      case oid.anynonarray:
      case oid.anyenum:
        return found.element;
      case oid.anyarray:
        if (found.array === 0) throw noArrayType(analysis, found.element);
        return found.array;
      case oid.anycompatible:
      case oid.anycompatiblenonarray:
        return found.compatible;
      case oid.anycompatiblearray:
        if (found.compatibleArray === 0) throw noArrayType(analysis, found.compatible);
        return found.compatibleArray;
      default:
        return type;
    }
  };
  return { argTypes: declared.map(replace), result: replace(result) };
}

const noArrayType = (analysis: Analysis, element: number) =>
  analysis.error(sqlstate.undefinedObject, `could not find array type for data type ${typeDisplayName(element)}`);
