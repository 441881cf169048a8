/** Casts that are no function: through text, by name only, and to a typmod. */
import { constantVector, datumAt, type Vector, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { oid } from '../oids.ts';
import type { NonNull, Type } from '../type.ts';
import { ArrayValue } from '../types/array-value.ts';
import { findType, typeByOid } from '../types/registry.ts';
import { perRow } from './compile-boolean.ts';
import type { Compiled, Scope } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

export function compileConvertByText(expression: Node<'convertByText'>, scope: Scope): Compiled {
  const source = typeByOid(expression.arg.type.oid);
  const target = typeByOid(expression.type.oid);
  const { typmod } = expression.type;
  return perValue(scope.compile(expression.arg, scope), (value, context) => target.input(source.output(value, context), typmod, context));
}

/** Types whose values are unsigned 32-bit oids, while int4, from which and to which they are relabelled, is signed. */
const unsignedTypes = new Set<number>([
  oid.oid,
  oid.regproc,
  oid.regclass,
  oid.regtype,
  oid.regnamespace,
  oid.regrole,
  2202, // regprocedure
  2203, // regoper
  2204, // regoperator
  4191, // regcollation
  3734, // regconfig
  3769, // regdictionary
]);

export function compileRelabel(expression: Node<'relabel'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const source = expression.arg.type.oid;
  const target = expression.type.oid;
  if (source === oid.int4 && unsignedTypes.has(target)) return perRow(arg, (value) => (typeof value === 'number' ? value >>> 0 : value));
  if (unsignedTypes.has(source) && target === oid.int4) return perRow(arg, (value) => (typeof value === 'number' ? value | 0 : value));
  return arg;
}

export function compileApplyTypmod(expression: Node<'applyTypmod'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const { typmod } = expression.type;
  const type = findType(expression.type.oid);
  const fit = type === undefined || typmod < 0 ? undefined : fitter(type, typmod, expression.explicit);
  return fit === undefined ? arg : perValue(arg, fit);
}

function fitter(type: Type, typmod: number, explicit: boolean): ((value: NonNull) => Datum) | undefined {
  const { applyTypmod } = type;
  if (applyTypmod !== undefined) return (value) => applyTypmod(value, typmod, explicit);
  const element = type.elementOid === 0 ? undefined : findType(type.elementOid)?.applyTypmod;
  if (element === undefined) return undefined;
  return (value) =>
    value instanceof ArrayValue
      ? new ArrayValue(
          value.elementOid,
          value.items.map((item) => (item === null ? null : element(item, typmod, explicit))),
          value.dimensions,
          value.lowerBounds,
        )
      : value;
}

/** A strict function of one value that may raise. */
function perValue(arg: Compiled, f: (value: NonNull, context: EvaluationContext) => Datum): Compiled {
  return { harmless: false, evaluate: (batch, context) => mapValues(arg.evaluate(batch, context), batch.rowCount, context, f) };
}

function mapValues(vector: Vector, rowCount: number, context: EvaluationContext, f: (value: NonNull, context: EvaluationContext) => Datum) {
  if (vector.mask === 0) {
    const value = datumAt(vector, 0);
    return value === null ? vector : constantVector(f(value, context));
  }
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const value = datumAt(vector, row);
    result[row] = value === null ? null : f(value, context);
  }
  return vectorOf(result);
}
