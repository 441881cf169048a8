/** AND, OR, NOT and the tests that always know an answer: IS NULL, IS TRUE and the like. Three-valued, lazy in their arguments (V2). */
import type { Batch, Vector } from '../batch.ts';
import { constantVector, datumAt, vectorOf } from '../batch.ts';
import type { Datum } from '../datum.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { isComposite } from '../types/catalog-types.ts';
import { RecordValue } from '../types/record-value.ts';
import type { Compiled, LazyArgument, Scope } from './scope.ts';
import { compileLazy, evaluateOn } from './scope.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

export function compileConjunction(expression: Node<'and' | 'or'>, scope: Scope): Compiled {
  const args = expression.args.map((arg) => compileLazy(arg, scope));
  // The value that settles the answer whatever the other arguments say: false for AND, true for OR.
  const settles = expression.kind === 'or';
  return {
    evaluate: (batch, context) => conjunction(args, settles, batch, context),
    harmless: args.every((arg) => arg.harmless),
  };
}

function conjunction(args: readonly LazyArgument[], settles: boolean, batch: Batch, context: EvaluationContext): Vector {
  const { rowCount } = batch;
  const first = args[0].evaluate(batch, context);
  if (first.mask === 0 && first.values[0] === settles) return first;
  const result: Datum[] = new Array(rowCount);
  const open = new Int32Array(rowCount);
  let openCount = 0;
  for (let row = 0; row < rowCount; row++) {
    const value = datumAt(first, row);
    result[row] = value;
    if (value !== settles) open[openCount++] = row;
  }
  for (let index = 1; index < args.length && openCount > 0; index++) {
    const { vector, dense } = evaluateOn(args[index], batch, open, openCount, context);
    let kept = 0;
    for (let i = 0; i < openCount; i++) {
      const row = open[i];
      const value = datumAt(vector, dense ? i : row);
      if (value === settles) result[row] = settles;
      else {
        if (value === null) result[row] = null;
        open[kept++] = row;
      }
    }
    openCount = kept;
  }
  return vectorOf(result);
}

export function compileNot(expression: Node<'not'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  return perRow(arg, (value) => (value === null ? null : !value));
}

export function compileIsNull(expression: Node<'isNull'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const { negated } = expression;
  if (isComposite(expression.arg.type.oid))
    return perRow(arg, (value) => {
      if (!(value instanceof RecordValue)) return (value === null) !== negated;
      return negated ? value.values.every((field) => field !== null) : value.values.every((field) => field === null);
    });
  return { evaluate: (batch, context) => isNull(arg.evaluate(batch, context), batch.rowCount, negated), harmless: arg.harmless };
}

// Hot: the filter of many an outer join and of every partial index on a nullable column.
function isNull(vector: Vector, rowCount: number, negated: boolean): Vector {
  const { values, nulls, mask } = vector;
  if (mask === 0) return constantVector((datumAt(vector, 0) === null) !== negated);
  if (nulls === undefined && !Array.isArray(values)) return constantVector(negated);
  const result: Datum[] = new Array(rowCount);
  if (nulls !== undefined) for (let row = 0; row < rowCount; row++) result[row] = (nulls[row] === 1) !== negated;
  else for (let row = 0; row < rowCount; row++) result[row] = (values[row] === null) !== negated;
  return vectorOf(result);
}

export function compileBooleanTest(expression: Node<'booleanTest'>, scope: Scope): Compiled {
  const arg = scope.compile(expression.arg, scope);
  const wanted = expression.test === 'unknown' ? null : expression.test === 'true';
  const { negated } = expression;
  return perRow(arg, (value) => (value === wanted) !== negated);
}

/** A harmless function of one value, called with NULL too. */
export function perRow(arg: Compiled, f: (value: Datum) => Datum): Compiled {
  return {
    harmless: arg.harmless,
    evaluate: (batch, context) => {
      const vector = arg.evaluate(batch, context);
      if (vector.mask === 0) return constantVector(f(datumAt(vector, 0)));
      const { rowCount } = batch;
      const result: Datum[] = new Array(rowCount);
      for (let row = 0; row < rowCount; row++) result[row] = f(datumAt(vector, row));
      return vectorOf(result);
    },
  };
}
