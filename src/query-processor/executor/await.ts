/**
 * Await: adds columns whose functions must wait (nextval, pg_sleep, ...). The calls of a whole batch are asked for together; what is
 * above goes on synchronously with their answers.
 */
import { type Batch, datumAt, type Vector, vectorOf } from '#sql/batch.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';
import { evaluateAll } from './project.ts';

type Await = Extract<PhysicalPlan, { kind: 'await' }>;

type Target = {
  /** A call that may be waited for; undefined for any other expression. */
  readonly call: { readonly procOid: number; readonly isStrict: boolean; readonly args: readonly VectorEvaluator[] } | undefined;
  /** The whole expression, evaluated like any other. Made only where it is: a function that waits need have no other implementation. */
  readonly whole: () => VectorEvaluator;
};

function targetOf(expression: Expression, input: readonly ColumnId[]): Target {
  let compiled: VectorEvaluator | undefined;
  const whole = (): VectorEvaluator => {
    compiled ??= compileExpression(expression, input);
    return compiled;
  };
  if (expression.kind !== 'function') return { call: undefined, whole };
  return {
    call: {
      procOid: expression.function,
      isStrict: procByOid(expression.function)?.strict ?? false,
      args: expression.args.map((arg) => compileExpression(arg, input)),
    },
    whole,
  };
}

const prepare = prepared((plan: Await) => {
  const columns: ColumnId[] = [...idsOf(plan.input.output)];
  const targets = plan.targets.map((target) => {
    const made = targetOf(target.expression, columns);
    columns.push(target.id);
    return made;
  });
  return { targets, positions: picker(idsOf(plan.output), columns) };
});

/** The operator (`await` itself is a reserved word). */
export function* awaitCalls(plan: Await, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { targets, positions } = prepare(plan);
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    let batch = item;
    for (const target of targets) {
      const column = yield* answers(target, batch, run);
      batch = { rowCount: batch.rowCount, columns: [...batch.columns, column] };
    }
    yield pick(batch, positions);
    if (run.shouldPause()) yield run.pause();
  }
}

function* answers(target: Target, batch: Batch, run: Run): Generator<Wait, Vector, undefined> {
  const { call } = target;
  if (call === undefined || run.waitFor === undefined) return target.whole()(batch, run.context);
  const args = evaluateAll(call.args, batch, run);
  const out: Datum[] = new Array(batch.rowCount).fill(null);
  const calls: Datum[][] = [];
  const rows: number[] = [];
  for (let row = 0; row < batch.rowCount; row++) {
    const values = args.map((vector) => datumAt(vector, row));
    if (call.isStrict && values.includes(null)) continue;
    calls.push(values);
    rows.push(row);
  }
  if (calls.length === 0) return vectorOf(out);
  const found = run.waitFor(call.procOid, calls);
  let results: readonly Datum[] = [];
  if (found instanceof Promise) {
    // The driver awaits the Wait before it asks for more, so that the answers are there then.
    yield found.then((values) => {
      results = values;
    });
  } else results = found;
  for (let i = 0; i < rows.length; i++) out[rows[i]] = results[i];
  return vectorOf(out);
}
