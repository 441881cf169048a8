/**
 * Select: a condition as a filter over row numbers. AND narrows the rows argument by argument, comparisons of columns and constants go
 * straight from the values to the rows, without a vector of booleans in between; everything else is evaluated and looked through.
 */
import { type Batch, datumAt, isNullConstant, type Vector } from '../batch.ts';
import type { Expression } from '../expression.ts';
import type { EvaluationContext } from '../function.ts';
import { type ComparisonName, plainComparison } from '../functions/plain-comparison.ts';
import type { LazyArgument, Scope } from './scope.ts';
import { compileLazy, evaluateOn } from './scope.ts';

/**
 * Writes those of the first `count` rows (`rows` undefined: rows 0 to count - 1) where the condition is true into `out`, in order, and
 * returns how many. `out` may be `rows` itself.
 */
export type Selector = (batch: Batch, rows: Int32Array | undefined, count: number, out: Int32Array, context: EvaluationContext) => number;

export function compileSelector(expression: Expression, scope: Scope): Selector {
  if (expression.kind === 'and') return conjunction(expression.args.map((arg) => compileSelector(arg, scope)));
  if (expression.kind === 'function' && expression.args.length === 2) {
    const name = plainComparison(expression.function);
    const left = compileLazy(expression.args[0], scope);
    const right = compileLazy(expression.args[1], scope);
    if (name !== undefined && left.harmless && right.harmless) return comparison(name, left, right);
  }
  return general(compileLazy(expression, scope));
}

function conjunction(selectors: readonly Selector[]): Selector {
  return (batch, rows, count, out, context) => {
    let kept = selectors[0](batch, rows, count, out, context);
    for (let i = 1; i < selectors.length && kept > 0; i++) kept = selectors[i](batch, out, kept, out, context);
    return kept;
  };
}

function general(condition: LazyArgument): Selector {
  return (batch, rows, count, out, context) => {
    let kept = 0;
    if (rows === undefined) {
      const vector = condition.evaluate(batch, context);
      for (let row = 0; row < count; row++) if (datumAt(vector, row) === true) out[kept++] = row;
      return kept;
    }
    const { vector, dense } = evaluateOn(condition, batch, rows, count, context);
    for (let i = 0; i < count; i++) {
      const row = rows[i];
      if (datumAt(vector, dense ? i : row) === true) out[kept++] = row;
    }
    return kept;
  };
}

function comparison(name: ComparisonName, leftArgument: LazyArgument, rightArgument: LazyArgument): Selector {
  // a > b is b < a, a >= b is b <= a: three loops serve six operators.
  const swapped = name === '>' || name === '>=';
  const [first, second] = swapped ? [rightArgument, leftArgument] : [leftArgument, rightArgument];
  const loop = name === '<' || name === '>' ? selectLess : name === '<=' || name === '>=' ? selectLessOrEqual : undefined;
  const wanted = name === '=';
  return (batch, rows, count, out, context) => {
    const left = first.evaluate(batch, context);
    const right = second.evaluate(batch, context);
    if (isNullConstant(left) || isNullConstant(right)) return 0;
    return loop === undefined ? selectEqual(left, right, wanted, rows, count, out) : loop(left, right, rows, count, out);
  };
}

// Hot: the filters of scans. JavaScript's < on null counts it as 0, hence the tests.
function selectLess(left: Vector, right: Vector, rows: Int32Array | undefined, count: number, out: Int32Array): number {
  const { values: a, nulls: aNulls, mask: aMask } = left;
  const { values: b, nulls: bNulls, mask: bMask } = right;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : rows[i];
    const x = a[row & aMask];
    const y = b[row & bMask];
    if (x === null || y === null || x >= y) continue;
    if (isNullAt(aNulls, row & aMask) || isNullAt(bNulls, row & bMask)) continue;
    out[kept++] = row;
  }
  return kept;
}

function selectLessOrEqual(left: Vector, right: Vector, rows: Int32Array | undefined, count: number, out: Int32Array): number {
  const { values: a, nulls: aNulls, mask: aMask } = left;
  const { values: b, nulls: bNulls, mask: bMask } = right;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : rows[i];
    const x = a[row & aMask];
    const y = b[row & bMask];
    if (x === null || y === null || x > y) continue;
    if (isNullAt(aNulls, row & aMask) || isNullAt(bNulls, row & bMask)) continue;
    out[kept++] = row;
  }
  return kept;
}

function selectEqual(left: Vector, right: Vector, wanted: boolean, rows: Int32Array | undefined, count: number, out: Int32Array): number {
  const { values: a, nulls: aNulls, mask: aMask } = left;
  const { values: b, nulls: bNulls, mask: bMask } = right;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const row = rows === undefined ? i : rows[i];
    const x = a[row & aMask];
    const y = b[row & bMask];
    if ((x === y) !== wanted || x === null || y === null) continue;
    if (isNullAt(aNulls, row & aMask) || isNullAt(bNulls, row & bMask)) continue;
    out[kept++] = row;
  }
  return kept;
}

const isNullAt = (nulls: Uint8Array | undefined, at: number): boolean => nulls !== undefined && nulls[at] === 1;
