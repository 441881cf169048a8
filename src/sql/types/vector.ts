/** int2vector and oidvector: zero-based arrays of system catalogs whose text form is the elements with blanks between. */
import { InvariantError } from '#base/assert.ts';
import type { Type } from '../type.ts';
import { arrayBehaviour } from './array.ts';
import { ArrayValue } from './array-value.ts';
import { type TypeBehaviour, trimSpace } from './behaviour.ts';

/** A one-dimensional, zero-based array. */
export const vectorOfItems = (elementOid: number, items: readonly number[]): ArrayValue =>
  new ArrayValue(elementOid, items, [items.length], [0]);

export function vectorBehaviour(element: Type): TypeBehaviour {
  return {
    ...arrayBehaviour(element, ','),
    input(text, _typmod, context) {
      const trimmed = trimSpace(text);
      const items = trimmed === '' ? [] : trimmed.split(/[ \t-\r]+/).map((item) => Number(element.input(item, -1, context)));
      return vectorOfItems(element.oid, items);
    },
    output(value) {
      if (!(value instanceof ArrayValue)) throw new InvariantError('a vector is held as an array');
      return value.items.join(' ');
    },
  };
}
