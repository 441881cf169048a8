/** Integer arithmetic of smallint, integer and bigint, alone and mixed: exact, with PostgreSQL's range errors. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { int8 } from '../datum.ts';
import { type Implementation, type Implementations, type ScalarFunction, scalar } from '../function.ts';
import { int4Loop, int8Loop, integerOutOfRange, operation } from './number-loops.ts';

export type Int8 = number | bigint;
type Width = 2 | 4 | 8;

export const divisionByZero = (): SqlError => new SqlError(sqlstate.divisionByZero, 'division by zero');

export function toInt2(value: number): number {
  if (value > 32767 || value < -32768) throw integerOutOfRange('smallint');
  return value | 0;
}

export function toInt4(value: number): number {
  if (value > 2147483647 || value < -2147483648) throw integerOutOfRange('integer');
  return value | 0;
}

/** A bigint of any size to the canonical datum. */
export function toInt8(value: bigint): Int8 {
  if (value > 9223372036854775807n || value < -9223372036854775808n) throw integerOutOfRange('bigint');
  return int8(value);
}

const isSafe = (value: number): boolean => value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;

export function int8Add(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (isSafe(sum)) return sum;
  }
  return toInt8(BigInt(a) + BigInt(b));
}

export function int8Subtract(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (isSafe(difference)) return difference;
  }
  return toInt8(BigInt(a) - BigInt(b));
}

export function int8Multiply(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b + 0;
    if (isSafe(product)) return product;
  }
  return toInt8(BigInt(a) * BigInt(b));
}

export function int8Divide(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  return toInt8(BigInt(a) / BigInt(b));
}

export function int8Modulo(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return int8(BigInt(a) % BigInt(b));
}

export const int8Negate = (a: Int8): Int8 => int8Subtract(0, a);
const int8Absolute = (a: Int8): Int8 => (a < 0 ? int8Negate(a) : a);

/** Remainders of the smaller widths; JavaScript's -0 becomes 0. */
function modulo(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return (a % b) | 0;
}

function quotient(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return Math.trunc(a / b) + 0;
}

/** Both arguments as JavaScript numbers, judged by the width of the result. */
function smallArithmetic(width: 2 | 4): Readonly<Record<'pl' | 'mi' | 'mul' | 'div', Implementation>> {
  const inRange = width === 2 ? toInt2 : toInt4;
  const loop = (op: 0 | 1 | 2) => (width === 4 ? int4Loop(op) : undefined);
  return {
    pl: scalar((a: number, b: number) => inRange(a + b), loop(operation.add)),
    mi: scalar((a: number, b: number) => inRange(a - b), loop(operation.subtract)),
    mul: scalar((a: number, b: number) => inRange(a * b), loop(operation.multiply)),
    div: scalar((a: number, b: number) => inRange(quotient(a, b))),
  };
}

const bigArithmetic: Readonly<Record<'pl' | 'mi' | 'mul' | 'div', Implementation>> = {
  pl: scalar(int8Add, int8Loop(operation.add, int8Add)),
  mi: scalar(int8Subtract, int8Loop(operation.subtract, int8Subtract)),
  mul: scalar(int8Multiply, int8Loop(operation.multiply, int8Multiply)),
  div: scalar(int8Divide),
};

/** int4pl(int4,int4), int28mul(int2,int8) and so on: all pairs of widths; the wider one is the result's. */
function arithmetic(): Implementations {
  const table: Record<string, Implementation> = {};
  const widths: readonly Width[] = [2, 4, 8];
  for (const left of widths)
    for (const right of widths) {
      const wider = left === 8 || right === 8 ? 8 : left === 4 || right === 4 ? 4 : 2;
      const own = wider === 8 ? bigArithmetic : smallArithmetic(wider);
      const prefix = left === right ? `int${left}` : `int${left}${right}`;
      for (const name of ['pl', 'mi', 'mul', 'div'] as const) table[`${prefix}${name}(int${left},int${right})`] = own[name];
    }
  return table;
}

/** Bits of two's complement; 32-bit operators where both sides fit. */
function bitwise(small: (a: number, b: number) => number, big: (a: bigint, b: bigint) => bigint): ScalarFunction {
  return (a: Int8, b: Int8) => {
    if (typeof a === 'number' && typeof b === 'number' && a === (a | 0) && b === (b | 0)) return small(a, b);
    return int8(BigInt.asIntN(64, big(BigInt(a), BigInt(b))));
  };
}

const toInt16Bits = (value: number): number => (value << 16) >> 16;

const bits: Implementations = {
  'int2and(int2,int2)': scalar((a: number, b: number) => a & b),
  'int2or(int2,int2)': scalar((a: number, b: number) => a | b),
  'int2xor(int2,int2)': scalar((a: number, b: number) => a ^ b),
  'int2not(int2)': scalar((a: number) => ~a),
  'int2shl(int2,int4)': scalar((a: number, count: number) => toInt16Bits(a << count)),
  'int2shr(int2,int4)': scalar((a: number, count: number) => a >> count),
  'int4and(int4,int4)': scalar((a: number, b: number) => a & b),
  'int4or(int4,int4)': scalar((a: number, b: number) => a | b),
  'int4xor(int4,int4)': scalar((a: number, b: number) => a ^ b),
  'int4not(int4)': scalar((a: number) => ~a),
  'int4shl(int4,int4)': scalar((a: number, count: number) => a << count),
  'int4shr(int4,int4)': scalar((a: number, count: number) => a >> count),
  'int8and(int8,int8)': scalar(
    bitwise(
      (a, b) => a & b,
      (a, b) => a & b,
    ),
  ),
  'int8or(int8,int8)': scalar(
    bitwise(
      (a, b) => a | b,
      (a, b) => a | b,
    ),
  ),
  'int8xor(int8,int8)': scalar(
    bitwise(
      (a, b) => a ^ b,
      (a, b) => a ^ b,
    ),
  ),
  'int8not(int8)': scalar((a: Int8) => int8(~BigInt(a))),
  // The processor takes the count modulo 64, as it does for the smaller widths modulo 32.
  'int8shl(int8,int4)': scalar((a: Int8, count: number) => int8(BigInt.asIntN(64, BigInt(a) << BigInt(count & 63)))),
  'int8shr(int8,int4)': scalar((a: Int8, count: number) => int8(BigInt(a) >> BigInt(count & 63))),
};

const larger: ScalarFunction = (a: Int8, b: Int8) => (a > b ? a : b);
const smaller: ScalarFunction = (a: Int8, b: Int8) => (a < b ? a : b);

export function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  if (a === 0n || b === 0n) return 0n;
  const multiple = (a / greatestCommonDivisor(a, b)) * b;
  return multiple < 0n ? -multiple : multiple;
}

export const integerFunctions: Implementations = {
  ...arithmetic(),
  ...bits,
  'int2mod(int2,int2)': scalar(modulo),
  'int4mod(int4,int4)': scalar(modulo),
  'int8mod(int8,int8)': scalar(int8Modulo),
  'mod(int2,int2)': scalar(modulo),
  'mod(int4,int4)': scalar(modulo),
  'mod(int8,int8)': scalar(int8Modulo),
  'int2um(int2)': scalar((a: number) => toInt2(-a)),
  'int4um(int4)': scalar((a: number) => toInt4(-a)),
  'int8um(int8)': scalar(int8Negate),
  'int2up(int2)': scalar((a: number) => a),
  'int4up(int4)': scalar((a: number) => a),
  'int8up(int8)': scalar((a: Int8) => a),
  'int2abs(int2)': scalar((a: number) => toInt2(Math.abs(a))),
  'int4abs(int4)': scalar((a: number) => toInt4(Math.abs(a))),
  'int8abs(int8)': scalar(int8Absolute),
  'abs(int2)': scalar((a: number) => toInt2(Math.abs(a))),
  'abs(int4)': scalar((a: number) => toInt4(Math.abs(a))),
  'abs(int8)': scalar(int8Absolute),
  'int4inc(int4)': scalar((a: number) => toInt4(a + 1)),
  'int8inc(int8)': scalar((a: Int8) => int8Add(a, 1)),
  'int8dec(int8)': scalar((a: Int8) => int8Subtract(a, 1)),
  'int2larger(int2,int2)': scalar(larger),
  'int2smaller(int2,int2)': scalar(smaller),
  'int4larger(int4,int4)': scalar(larger),
  'int4smaller(int4,int4)': scalar(smaller),
  'int8larger(int8,int8)': scalar(larger),
  'int8smaller(int8,int8)': scalar(smaller),
  'oidlarger(oid,oid)': scalar(larger),
  'oidsmaller(oid,oid)': scalar(smaller),
  'gcd(int4,int4)': scalar((a: number, b: number) => toInt4(Number(greatestCommonDivisor(BigInt(a), BigInt(b))))),
  'gcd(int8,int8)': scalar((a: Int8, b: Int8) => toInt8(greatestCommonDivisor(BigInt(a), BigInt(b)))),
  'lcm(int4,int4)': scalar((a: number, b: number) => toInt4(Number(leastCommonMultiple(BigInt(a), BigInt(b))))),
  'lcm(int8,int8)': scalar((a: Int8, b: Int8) => toInt8(leastCommonMultiple(BigInt(a), BigInt(b)))),
};
