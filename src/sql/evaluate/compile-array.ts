/** ARRAY[...], casts item by item, and subscripts of arrays and of jsonb. */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Batch, Vector } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { nestArrays } from '../functions/nested-array.ts';
import { oid } from '../oids.ts';
import { pgTypes } from '../postgres/pg-type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { Jsonb, type JsonNode } from '../types/jsonb-value.ts';
import { charOfByte } from '../types/text.ts';
import type { Compiled, Scope } from './scope.ts';
import { addOperand, withOperand } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

export const elementOf = (arrayType: number): number => pgTypes.find((type) => type.oid === arrayType)?.elementOid ?? 0;

export function compileArray(expression: Node<'array'>, scope: Scope): Compiled {
  const items = expression.items.map((item) => scope.compile(item, scope));
  const elementOid = elementOf(expression.type.oid);
  const build = expression.nested
    ? (values: readonly Datum[]) => nestArrays(elementOid, values)
    : (values: readonly Datum[]) => new ArrayValue(elementOid, values);
  return perRowOfMany(items, items.every((item) => item.harmless) && !expression.nested, build);
}

function perRowOfMany(args: readonly Compiled[], harmless: boolean, f: (values: Datum[], context: EvaluationContext) => Datum): Compiled {
  return {
    harmless,
    evaluate: (batch, context) => {
      const vectors = args.map((arg) => arg.evaluate(batch, context));
      const at = (row: number): Datum[] => {
        const values: Datum[] = new Array(vectors.length);
        for (let i = 0; i < vectors.length; i++) values[i] = datumAt(vectors[i], row);
        return values;
      };
      if (vectors.every((vector) => vector.mask === 0)) return constantVector(f(at(0), context));
      const result: Datum[] = new Array(batch.rowCount);
      for (let row = 0; row < batch.rowCount; row++) result[row] = f(at(row), context);
      return vectorOf(result);
    },
  };
}

/** The items of all rows' arrays go through the element's cast as one batch. */
export function compileArrayConversion(expression: Node<'arrayConversion'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const inner = withOperand(scope);
  const element = scope.compile(expression.element, inner);
  const elementOid = elementOf(expression.type.oid);
  const convert = (vector: Vector, rowCount: number, context: EvaluationContext): Datum[] => {
    const items: Datum[] = [];
    for (let row = 0; row < rowCount; row++) {
      const array = datumAt(vector, row);
      if (array instanceof ArrayValue) items.push(...array.items);
    }
    const converted =
      items.length === 0
        ? undefined
        : element.evaluate(addOperand({ rowCount: items.length, columns: [] }, scope, vectorOf(items)), context);
    const result: Datum[] = new Array(rowCount);
    let next = 0;
    for (let row = 0; row < rowCount; row++) {
      const array = datumAt(vector, row);
      if (!(array instanceof ArrayValue)) {
        result[row] = null;
        continue;
      }
      const own: Datum[] = new Array(array.items.length);
      for (let i = 0; i < own.length; i++) own[i] = converted === undefined ? null : datumAt(converted, next++);
      result[row] = new ArrayValue(elementOid, own, array.dimensions, array.lowerBounds);
    }
    return result;
  };
  return {
    harmless: arg.harmless && element.harmless,
    evaluate: (batch, context) => {
      const vector = arg.evaluate(batch, context);
      return vector.mask === 0 ? constantVector(convert(vector, 1, context)[0]) : vectorOf(convert(vector, batch.rowCount, context));
    },
  };
}

export function compileSubscript(expression: Node<'subscript'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const lowers = expression.subscripts.map(({ lower }) => (lower === undefined ? undefined : scope.compile(lower, scope)));
  const uppers = expression.subscripts.map(({ upper }) => (upper === undefined ? undefined : scope.compile(upper, scope)));
  const isJsonb = expression.arg.type.oid === oid.jsonb;
  if (isJsonb && expression.isSlice) throw new SqlError(sqlstate.datatypeMismatch, 'jsonb subscript does not support slices');
  const all = [arg, ...lowers, ...uppers].filter((compiled) => compiled !== undefined);
  const { isSlice } = expression;

  const pick = (container: Datum, lower: readonly (Vector | undefined)[], upper: readonly (Vector | undefined)[], row: number): Datum => {
    if (container === null) return null;
    const from: (Datum | undefined)[] = lower.map((vector) => (vector === undefined ? undefined : datumAt(vector, row)));
    const to: (Datum | undefined)[] = upper.map((vector) => (vector === undefined ? undefined : datumAt(vector, row)));
    if (from.includes(null) || to.includes(null)) return null;
    if (container instanceof Jsonb) return jsonbAt(container, to);
    if (typeof container === 'string') return byteOfName(container, to);
    if (!(container instanceof ArrayValue)) throw new InvariantError('subscript of a value that is neither array nor jsonb');
    return isSlice ? slice(container, from, to) : itemAt(container, to);
  };

  const evaluate = (batch: Batch, context: EvaluationContext): Vector => {
    const containers = arg.evaluate(batch, context);
    const lower = lowers.map((compiled) => compiled?.evaluate(batch, context));
    const upper = uppers.map((compiled) => compiled?.evaluate(batch, context));
    const isConstant = [containers, ...lower, ...upper].every((vector) => vector === undefined || vector.mask === 0);
    if (isConstant) return constantVector(pick(datumAt(containers, 0), lower, upper, 0));
    const result: Datum[] = new Array(batch.rowCount);
    for (let row = 0; row < batch.rowCount; row++) result[row] = pick(datumAt(containers, row), lower, upper, row);
    return vectorOf(result);
  };
  return { evaluate, harmless: all.every((compiled) => compiled.harmless) };
}

/** A name is an array of 64 bytes, counted from 0, whose rest is zero. */
function byteOfName(name: string, subscripts: readonly (Datum | undefined)[]): Datum {
  const at = Number(subscripts[0]);
  if (subscripts.length > 1 || at < 0 || at >= nameLength) return null;
  const bytes = Buffer.from(name);
  return charOfByte(at < bytes.length ? bytes[at] : 0);
}
const nameLength = 64;

function itemAt(array: ArrayValue, subscripts: readonly (Datum | undefined)[]): Datum {
  const { dimensions, lowerBounds, items } = array;
  if (subscripts.length !== dimensions.length) return null;
  let offset = 0;
  for (let i = 0; i < dimensions.length; i++) {
    const at = Number(subscripts[i]) - lowerBounds[i];
    if (at < 0 || at >= dimensions[i]) return null;
    offset = offset * dimensions[i] + at;
  }
  return items[offset];
}

/** Bounds are clipped to the array's; dimensions not named are taken whole; the result counts from 1. */
function slice(array: ArrayValue, lower: readonly (Datum | undefined)[], upper: readonly (Datum | undefined)[]): Datum {
  const { dimensions, lowerBounds, items, elementOid } = array;
  const empty = new ArrayValue(elementOid, []);
  if (dimensions.length === 0 || lower.length > dimensions.length) return empty;
  const from: number[] = [];
  const lengths: number[] = [];
  for (let i = 0; i < dimensions.length; i++) {
    const first = lowerBounds[i];
    const last = first + dimensions[i] - 1;
    const low = i < lower.length && lower[i] !== undefined ? Math.max(Number(lower[i]), first) : first;
    const high = i < upper.length && upper[i] !== undefined ? Math.min(Number(upper[i]), last) : last;
    if (low > high) return empty;
    from.push(low - first);
    lengths.push(high - low + 1);
  }
  const taken: Datum[] = [];
  const walk = (dimension: number, offset: number): void => {
    if (dimension === dimensions.length) {
      taken.push(items[offset]);
      return;
    }
    for (let i = 0; i < lengths[dimension]; i++) walk(dimension + 1, offset * dimensions[dimension] + from[dimension] + i);
  };
  walk(0, 0);
  return new ArrayValue(elementOid, taken, lengths);
}

/** jsonb['a'][1]: a path as of the operator #>; where it leads nowhere the answer is NULL. */
function jsonbAt(document: Jsonb, path: readonly (Datum | undefined)[]): Datum {
  let node: JsonNode | undefined = document.root;
  for (const step of path) {
    if (node instanceof Map) node = node.get(String(step));
    else if (Array.isArray(node)) {
      const items: readonly JsonNode[] = node;
      const text: string = String(step);
      if (!/^[ \t\n\r\v\f]*[+-]?\d+$/.test(text)) return null;
      const index: number = Number(text);
      node = items[index < 0 ? items.length + index : index];
    } else return null;
    if (node === undefined) return null;
  }
  return node === undefined ? null : new Jsonb(node);
}
