/**
 * Loops over whole vectors for + - * of int4, int8 and float8. They give what the scalar functions give (number-loops.test.ts), in typed arrays.
 * Hot: arithmetic in targets, filters and aggregates.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { constantVector, isNullConstant, toDatums, type Vector, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { ScalarFunction } from '../function.ts';

export const operation = { add: 0, subtract: 1, multiply: 2 } as const;
export type Operation = (typeof operation)[keyof typeof operation];
type Loop = (args: readonly Vector[], rowCount: number) => Vector;

/** The vector's values as the numbers that its type says they are. */
const numbersOf = (vector: Vector): ArrayLike<number | bigint | null> => vector.values as ArrayLike<number | bigint | null>;

export const integerOutOfRange = (typeName: 'smallint' | 'integer' | 'bigint'): SqlError =>
  new SqlError(sqlstate.numericValueOutOfRange, `${typeName} out of range`);
export const floatOverflow = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'value out of range: overflow');
export const floatUnderflow = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'value out of range: underflow');

/** int2 arguments are int4 here: no sum or product of theirs is judged before the end. */
export function int4Loop(op: Operation): Loop {
  return ([left, right], rowCount) => {
    if (isNullConstant(left) || isNullConstant(right)) return constantVector(null);
    const a = numbersOf(left);
    const b = numbersOf(right);
    const result = new Int32Array(rowCount);
    let nulls: Uint8Array | undefined;
    for (let row = 0; row < rowCount; row++) {
      const aAt = row & left.mask;
      const bAt = row & right.mask;
      const x = a[aAt];
      const y = b[bAt];
      if (
        typeof x !== 'number' ||
        typeof y !== 'number' ||
        (left.nulls !== undefined && left.nulls[aAt] === 1) ||
        (right.nulls !== undefined && right.nulls[bAt] === 1)
      ) {
        nulls ??= new Uint8Array(rowCount);
        nulls[row] = 1;
        continue;
      }
      const value = op === operation.add ? x + y : op === operation.subtract ? x - y : x * y;
      // A product beyond 2^53 is rounded, but not down into the range of int4.
      if (value > 2147483647 || value < -2147483648) throw integerOutOfRange('integer');
      result[row] = value;
    }
    return { values: result, nulls, mask: -1 };
  };
}

/** Numbers as long as all are safe integers; the first that is not sends the whole batch to `exact`. */
export function int8Loop(op: Operation, exact: ScalarFunction): Loop {
  return (args, rowCount) => {
    const [left, right] = args;
    if (isNullConstant(left) || isNullConstant(right)) return constantVector(null);
    const a = numbersOf(left);
    const b = numbersOf(right);
    const result = new Float64Array(rowCount);
    let nulls: Uint8Array | undefined;
    for (let row = 0; row < rowCount; row++) {
      const aAt = row & left.mask;
      const bAt = row & right.mask;
      const x = a[aAt];
      const y = b[bAt];
      if (
        x === null ||
        y === null ||
        (left.nulls !== undefined && left.nulls[aAt] === 1) ||
        (right.nulls !== undefined && right.nulls[bAt] === 1)
      ) {
        nulls ??= new Uint8Array(rowCount);
        nulls[row] = 1;
        continue;
      }
      if (typeof x !== 'number' || typeof y !== 'number') return exactly(args, rowCount, exact);
      // + 0 makes 0 of -0.
      const value = op === operation.add ? x + y : op === operation.subtract ? x - y : x * y + 0;
      if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) return exactly(args, rowCount, exact);
      result[row] = value;
    }
    return { values: result, nulls, mask: -1 };
  };
}

function exactly([left, right]: readonly Vector[], rowCount: number, exact: ScalarFunction): Vector {
  const a = toDatums(left, rowCount);
  const b = toDatums(right, rowCount);
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) result[row] = a[row] === null || b[row] === null ? null : exact(a[row], b[row]);
  return vectorOf(result);
}

export function float8Loop(op: Operation): Loop {
  return ([left, right], rowCount) => {
    if (isNullConstant(left) || isNullConstant(right)) return constantVector(null);
    const a = numbersOf(left);
    const b = numbersOf(right);
    const result = new Float64Array(rowCount);
    let nulls: Uint8Array | undefined;
    for (let row = 0; row < rowCount; row++) {
      const aAt = row & left.mask;
      const bAt = row & right.mask;
      const x = a[aAt];
      const y = b[bAt];
      if (
        typeof x !== 'number' ||
        typeof y !== 'number' ||
        (left.nulls !== undefined && left.nulls[aAt] === 1) ||
        (right.nulls !== undefined && right.nulls[bAt] === 1)
      ) {
        nulls ??= new Uint8Array(rowCount);
        nulls[row] = 1;
        continue;
      }
      const value = op === operation.add ? x + y : op === operation.subtract ? x - y : x * y;
      if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) {
        if (Number.isFinite(x) && Number.isFinite(y)) throw floatOverflow();
      } else if (value === 0 && op === operation.multiply && x !== 0 && y !== 0) throw floatUnderflow();
      result[row] = value;
    }
    return { values: result, nulls, mask: -1 };
  };
}
