/** Comparisons of floats: NaN equals itself and is greater than all others. Two loops over vectors serve the six operators. */
import { constantVector, isNullConstant, type Vector, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import { type ComparisonName, plainValues } from './plain-comparison.ts';

export function floatVectorComparison(name: ComparisonName): (args: readonly Vector[], rowCount: number) => Vector {
  switch (name) {
    case '<':
      return ([left, right], rowCount) => vectorLess(left, right, rowCount, true);
    case '>':
      return ([left, right], rowCount) => vectorLess(right, left, rowCount, true);
    case '>=':
      return ([left, right], rowCount) => vectorLess(left, right, rowCount, false);
    case '<=':
      return ([left, right], rowCount) => vectorLess(right, left, rowCount, false);
    case '=':
      return ([left, right], rowCount) => vectorEqual(left, right, rowCount, true);
    case '<>':
      return ([left, right], rowCount) => vectorEqual(left, right, rowCount, false);
  }
}

const isNullAt = (vector: Vector, at: number): boolean => vector.nulls !== undefined && vector.nulls[at] === 1;

// Hot: filters over measurements.
function vectorLess(left: Vector, right: Vector, rowCount: number, whenLess: boolean): Vector {
  if (isNullConstant(left) || isNullConstant(right)) return constantVector(null);
  const a = plainValues(left);
  const b = plainValues(right);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const aAt = row & left.mask;
    const bAt = row & right.mask;
    const x = a[aAt];
    const y = b[bAt];
    if (typeof x !== 'number' || typeof y !== 'number' || isNullAt(left, aAt) || isNullAt(right, bAt)) result[row] = null;
    // biome-ignore lint/suspicious/noSelfCompare: only NaN differs from itself, and this is cheaper than a call.
    else result[row] = (x < y || (y !== y && x === x)) === whenLess;
  }
  return vectorOf(result);
}

function vectorEqual(left: Vector, right: Vector, rowCount: number, whenEqual: boolean): Vector {
  if (isNullConstant(left) || isNullConstant(right)) return constantVector(null);
  const a = plainValues(left);
  const b = plainValues(right);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const aAt = row & left.mask;
    const bAt = row & right.mask;
    const x = a[aAt];
    const y = b[bAt];
    if (typeof x !== 'number' || typeof y !== 'number' || isNullAt(left, aAt) || isNullAt(right, bAt)) result[row] = null;
    // biome-ignore lint/suspicious/noSelfCompare: as above.
    else result[row] = (x === y || (x !== x && y !== y)) === whenEqual;
  }
  return vectorOf(result);
}
