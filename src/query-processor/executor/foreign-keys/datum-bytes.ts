/** Equality down to the last byte: values that look different but compare as equal (1.0 and 1.00) are not the same here. */
import type { Datum } from '#sql/datum.ts';
import { encodeRow } from '#sql/row.ts';
import type { Type } from '#sql/type.ts';

export function datumBytesEqual(types: readonly Type[], a: readonly Datum[], b: readonly Datum[]): boolean {
  let isIdentical = true;
  for (let at = 0; at < types.length; at++) if (a[at] !== b[at]) isIdentical = false;
  return isIdentical || encodeRow(types, a).equals(encodeRow(types, b));
}
