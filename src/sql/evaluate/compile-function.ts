/**
 * Function calls, operators and casts: a loop over the batch around the implementation, or the implementation's own loop (`vector`).
 *
 * Set-returning functions are called row by row by the operators that expand them (executor/set-function.ts).
 */
import { InvariantError } from '#base/assert.ts';
import type { Vector } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import { procByOid } from '../builtins.ts';
import type { Datum } from '../datum.ts';
import type { Expression, FunctionCall } from '../expression.ts';
import type { CallTypes, EvaluationContext, Implementation, ScalarFunction } from '../function.ts';
import { implementationOf } from '../functions/registry.ts';
import { oid } from '../oids.ts';
import type { PgProc } from '../postgres/pg-proc.ts';
import { pgTypes } from '../postgres/pg-type.ts';
import { ArrayValue } from '../types/array-value.ts';
import type { Compiled, Scope } from './scope.ts';

/** A call made ready: which function, with which arguments. */
type Call = {
  readonly proc: PgProc;
  readonly implementation: Implementation;
  readonly types: CallTypes;
  readonly args: readonly Compiled[];
  /** VARIADIC "any" called with an array: its items are handed over one by one. */
  readonly spreads: boolean;
};

export function compileCall(expression: FunctionCall, scope: Scope): Compiled {
  const { proc, implementation, types, args, spreads } = prepare(expression, scope);
  if (implementation.kind !== 'scalar') throw new InvariantError(`${proc.name}: not a function of one row`);
  const harmless = proc.leakproof && proc.volatility === 'i' && args.every((arg) => arg.harmless);
  const f = implementation.forTypes(types);
  const { vector } = implementation;
  const isVolatile = proc.volatility === 'v';
  const { strict } = proc;

  return {
    harmless,
    evaluate: (batch, context) => {
      const vectors: Vector[] = new Array(args.length);
      let allConstant = !isVolatile;
      for (let i = 0; i < args.length; i++) {
        const argument = args[i].evaluate(batch, context);
        vectors[i] = argument;
        if (argument.mask !== 0) allConstant = false;
      }
      if (spreads) return callSpread(f, strict, vectors, allConstant ? 1 : batch.rowCount, allConstant, context);
      if (allConstant) return constantVector(callOnce(f, strict, vectors, 0, context));
      if (vector !== undefined) return vector(vectors, batch.rowCount, context);
      return strict ? callStrict(f, vectors, batch.rowCount, context) : callNullable(f, vectors, batch.rowCount, context);
    },
  };
}

function prepare(expression: FunctionCall, scope: Scope): Call {
  const proc = procByOid(expression.function);
  if (proc === undefined) throw new InvariantError(`no function with oid ${expression.function}`);
  const implementation = implementationOf(expression.function);
  let expressions = expression.args;
  const spreads = expression.variadic && proc.variadic === oid.any;
  const argTypes = expressions.map((arg) => arg.type.oid);
  if (spreads) argTypes[argTypes.length - 1] = elementOf(argTypes[argTypes.length - 1]);
  else if (proc.variadic !== 0 && proc.variadic !== oid.any && !expression.variadic)
    expressions = packVariadic(proc, expressions, argTypes);
  return {
    proc,
    implementation,
    types: { args: argTypes, result: expression.type.oid },
    args: expressions.map((arg) => scope.compile(arg, scope)),
    spreads,
  };
}

/** Puts the arguments of a VARIADIC array parameter that were given one by one into an array. */
function packVariadic(proc: PgProc, expressions: readonly Expression[], argTypes: number[]): readonly Expression[] {
  const fixed = proc.argTypes.length - 1;
  const items = expressions.slice(fixed);
  const element = items.length === 0 ? proc.variadic : items[0].type.oid;
  const array = pgTypes.find((type) => type.oid === element)?.arrayOid ?? 0;
  argTypes.splice(fixed, items.length, array);
  return [...expressions.slice(0, fixed), { kind: 'array', items, nested: false, type: { oid: array, typmod: -1 } }];
}

const elementOf = (arrayOid: number): number => pgTypes.find((type) => type.oid === arrayOid)?.elementOid ?? 0;

function callOnce(f: ScalarFunction, strict: boolean, vectors: readonly Vector[], row: number, context: EvaluationContext): Datum {
  const values: Datum[] = new Array(vectors.length);
  for (let i = 0; i < vectors.length; i++) {
    values[i] = datumAt(vectors[i], row);
    if (strict && values[i] === null) return null;
  }
  return f(...values, context);
}

// Hot: every function without a loop of its own.
function callStrict(f: ScalarFunction, vectors: readonly Vector[], rowCount: number, context: EvaluationContext): Vector {
  const result: Datum[] = new Array(rowCount);
  if (vectors.length === 1) {
    const { values, nulls, mask } = vectors[0];
    for (let row = 0; row < rowCount; row++) {
      const at = row & mask;
      const value = values[at];
      result[row] = value === null || (nulls !== undefined && nulls[at] === 1) ? null : f(value, context);
    }
  } else if (vectors.length === 2) {
    const { values: leftValues, nulls: leftNulls, mask: leftMask } = vectors[0];
    const { values: rightValues, nulls: rightNulls, mask: rightMask } = vectors[1];
    for (let row = 0; row < rowCount; row++) {
      const leftAt = row & leftMask;
      const rightAt = row & rightMask;
      const left = leftValues[leftAt];
      const right = rightValues[rightAt];
      const isNull =
        left === null ||
        right === null ||
        (leftNulls !== undefined && leftNulls[leftAt] === 1) ||
        (rightNulls !== undefined && rightNulls[rightAt] === 1);
      result[row] = isNull ? null : f(left, right, context);
    }
  } else for (let row = 0; row < rowCount; row++) result[row] = callOnce(f, true, vectors, row, context);
  return vectorOf(result);
}

function callNullable(f: ScalarFunction, vectors: readonly Vector[], rowCount: number, context: EvaluationContext): Vector {
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) result[row] = callOnce(f, false, vectors, row, context);
  return vectorOf(result);
}

/** A NULL array of VARIADIC "any" makes the answer NULL, as PostgreSQL has it for concat, format and the JSON builders. */
function callSpread(
  f: ScalarFunction,
  strict: boolean,
  vectors: readonly Vector[],
  rowCount: number,
  isConstant: boolean,
  context: EvaluationContext,
): Vector {
  const result: Datum[] = new Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const values: Datum[] = vectors.map((vector) => datumAt(vector, row));
    if (values[values.length - 1] === null || (strict && values.includes(null))) result[row] = null;
    else {
      spreadLast(values);
      result[row] = f(...values, context);
    }
  }
  return isConstant ? constantVector(result[0]) : vectorOf(result);
}

function spreadLast(values: Datum[]): void {
  const array = values.pop();
  if (array instanceof ArrayValue) values.push(...array.items);
}
