/** Arrays put together into one of one dimension more. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { maxDimensions, tooManyDimensions } from '../types/array-text.ts';
import { ArrayValue } from '../types/array-value.ts';

/** ARRAY[a, b] of arrays: one more dimension. All must agree in theirs; NULLs count as empty, and empty ones alone give an empty array. */
export function nestArrays(elementOid: number, parts: readonly Datum[]): ArrayValue {
  const arrays = parts.map((part) => (part instanceof ArrayValue ? part : undefined));
  const model = arrays.find((array) => array !== undefined && array.dimensions.length > 0);
  if (model === undefined) return new ArrayValue(elementOid, []);
  const items: Datum[] = [];
  for (const array of arrays) {
    if (array === undefined || !array.hasShapeOf(model))
      throw new SqlError(sqlstate.arraySubscriptError, 'multidimensional arrays must have array expressions with matching dimensions');
    items.push(...array.items);
  }
  if (model.dimensions.length >= maxDimensions) throw tooManyDimensions(model.dimensions.length + 1);
  return new ArrayValue(elementOid, items, [arrays.length, ...model.dimensions], [1, ...model.lowerBounds]);
}
