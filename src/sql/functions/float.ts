/** Arithmetic of real and double precision, alone and mixed. A result that leaves the range is an error, as in PostgreSQL. */
import { type Implementation, type Implementations, scalar } from '../function.ts';
import { divisionByZero } from './integer.ts';
import { float8Loop, floatOverflow, floatUnderflow, operation } from './number-loops.ts';

/** Throws where a finite calculation became infinite. */
export function checkOverflow(result: number, ...args: readonly number[]): number {
  if ((result === Number.POSITIVE_INFINITY || result === Number.NEGATIVE_INFINITY) && args.every(Number.isFinite)) throw floatOverflow();
  return result;
}

export const add = (a: number, b: number): number => checkOverflow(a + b, a, b);
const subtract = (a: number, b: number): number => checkOverflow(a - b, a, b);

function multiply(a: number, b: number): number {
  const product = checkOverflow(a * b, a, b);
  if (product === 0 && a !== 0 && b !== 0) throw floatUnderflow();
  return product;
}

function divide(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  const quotient = checkOverflow(a / b, a, b);
  if (quotient === 0 && a !== 0 && Number.isFinite(b)) throw floatUnderflow();
  return quotient;
}

/** The same in single precision: rounded once more, and judged after that. */
export function single(f: (a: number, b: number) => number): (a: number, b: number) => number {
  return (a, b) => {
    const exact = f(a, b);
    const rounded = checkOverflow(Math.fround(exact), a, b);
    if (rounded === 0 && exact !== 0) throw floatUnderflow();
    return rounded;
  };
}

/** NaN is the greatest. */
export const larger = (a: number, b: number): number => (Number.isNaN(a) || a > b ? a : b);
export const smaller = (a: number, b: number): number => (Number.isNaN(b) || a < b ? a : b);

function arithmetic(): Implementations {
  const double = {
    pl: scalar(add, float8Loop(operation.add)),
    mi: scalar(subtract, float8Loop(operation.subtract)),
    mul: scalar(multiply, float8Loop(operation.multiply)),
    div: scalar(divide),
  };
  const real = { pl: scalar(single(add)), mi: scalar(single(subtract)), mul: scalar(single(multiply)), div: scalar(single(divide)) };
  const table: Record<string, Implementation> = {};
  for (const name of ['pl', 'mi', 'mul', 'div'] as const) {
    table[`float4${name}(float4,float4)`] = real[name];
    table[`float8${name}(float8,float8)`] = double[name];
    table[`float48${name}(float4,float8)`] = double[name];
    table[`float84${name}(float8,float4)`] = double[name];
  }
  return table;
}

function ofBoth(name: string, f: (a: number) => number): Implementations {
  return { [`float4${name}(float4)`]: scalar(f), [`float8${name}(float8)`]: scalar(f) };
}

export const floatFunctions: Implementations = {
  ...arithmetic(),
  ...ofBoth('um', (a) => -a),
  ...ofBoth('up', (a) => a),
  ...ofBoth('abs', Math.abs),
  'abs(float4)': scalar((a: number) => Math.abs(a)),
  'abs(float8)': scalar((a: number) => Math.abs(a)),
  'float4larger(float4,float4)': scalar(larger),
  'float8larger(float8,float8)': scalar(larger),
  'float4smaller(float4,float4)': scalar(smaller),
  'float8smaller(float8,float8)': scalar(smaller),
};
