import type { Datum } from '../datum.ts';

/** An array of any number of dimensions, elements in row-major order. An empty array has no dimensions. */
export class ArrayValue {
  readonly elementOid: number;
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
  readonly items: readonly Datum[];

  constructor(elementOid: number, items: readonly Datum[], dimensions?: readonly number[], lowerBounds?: readonly number[]) {
    this.elementOid = elementOid;
    this.items = items;
    this.dimensions = dimensions ?? (items.length === 0 ? [] : [items.length]);
    this.lowerBounds = lowerBounds ?? this.dimensions.map(() => 1);
  }

  /** Whether both can be parts of one array of a dimension more. */
  hasShapeOf(other: ArrayValue): boolean {
    return (
      this.dimensions.length === other.dimensions.length &&
      this.dimensions.every((length, i) => length === other.dimensions[i] && this.lowerBounds[i] === other.lowerBounds[i])
    );
  }
}
