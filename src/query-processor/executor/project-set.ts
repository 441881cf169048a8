/**
 * Project set: targets with set-returning functions. A row of input becomes as many rows as the longest of its sets, the shorter ones
 * padded with NULL; none, when all are empty.
 *
 * A set-returning function that stands in another's arguments is expanded first, as if by a projection beneath: so the functions are put
 * into levels, each level's results being columns for the next.
 */
import { type Batch, BatchBuilder, datumAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { ColumnId, Expression, FunctionCall } from '#sql/expression.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import type { Wait } from '#storage/storage.ts';
import type { NamedExpression } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { rewrite } from './column-references.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';
import { compileTargets, evaluateAll } from './project.ts';
import { asDatum, isSetCall, type SetFunction, setFunctionOf } from './set-function.ts';

type ProjectSet = Extract<PhysicalPlan, { kind: 'projectSet' }>;

type Level = {
  readonly calls: readonly {
    readonly rowsOf: SetFunction;
    readonly args: readonly VectorEvaluator[];
    readonly asDatum: (row: Datum | readonly Datum[]) => Datum;
  }[];
};

const prepare = prepared((plan: ProjectSet) => {
  const columns: ColumnId[] = [...idsOf(plan.input.output)];
  const levels: Level[] = [];
  let targets: readonly NamedExpression[] = plan.targets;
  // Ids below zero are nobody else's.
  let nextId = -1;
  for (;;) {
    const calls: FunctionCall[] = [];
    const ids: ColumnId[] = [];
    targets = targets.map((target) => ({
      ...target,
      expression: replaceInnermost(target.expression, (call) => {
        calls.push(call);
        ids.push(nextId);
        return { kind: 'column', id: nextId--, type: call.type, name: '' };
      }),
    }));
    if (calls.length === 0) break;
    levels.push({
      calls: calls.map((call) => ({
        rowsOf: setFunctionOf(call),
        args: call.args.map((arg) => compileExpression(arg, columns)),
        asDatum: asDatum(call),
      })),
    });
    columns.push(...ids);
  }
  return { levels, evaluators: compileTargets(plan.output, targets, columns) };
});

/** Replaces the set-returning calls that have none in their arguments. */
function replaceInnermost(expression: Expression, replace: (call: FunctionCall) => Expression): Expression {
  return rewrite(expression, (node) => {
    if (!isSetCall(node)) return undefined;
    if (!node.args.some(hasSetCall)) return replace(node);
    return { ...node, args: node.args.map((arg) => replaceInnermost(arg, replace)) };
  });
}

function hasSetCall(expression: Expression): boolean {
  let found = false;
  rewrite(expression, (node) => {
    if (isSetCall(node)) found = true;
    return undefined;
  });
  return found;
}

export function* projectSet(plan: ProjectSet, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { levels, evaluators } = prepare(plan);
  let rows: Rows = input;
  for (const level of levels) rows = expand(level, rows, run);
  for (const item of rows) {
    if (item instanceof Promise) yield item;
    else yield { rowCount: item.rowCount, columns: evaluateAll(evaluators, item, run) };
  }
}

/** Adds one column for each call. */
function* expand(level: Level, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  let builder: BatchBuilder | undefined;
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    builder ??= new BatchBuilder(item.columns.length + level.calls.length);
    const args = level.calls.map((call) => evaluateAll(call.args, item, run));
    for (let row = 0; row < item.rowCount; row++) {
      const base = item.columns.map((column) => datumAt(column, row));
      const sources = level.calls.map((call, at) =>
        call
          .rowsOf(
            args[at].map((vector) => datumAt(vector, row)),
            run.context,
          )
          [Symbol.iterator](),
      );
      const isDone = sources.map(() => false);
      for (;;) {
        const values: Datum[] = new Array(sources.length).fill(null);
        for (let at = 0; at < sources.length; at++) {
          if (isDone[at]) continue;
          const next = sources[at].next();
          if (next.done === true) isDone[at] = true;
          else values[at] = level.calls[at].asDatum(next.value);
        }
        if (!isDone.includes(false)) break;
        builder.addRow([...base, ...values]);
        if (builder.isFull) {
          yield builder.take();
          if (run.shouldPause()) yield run.pause();
        }
      }
    }
  }
  if (builder !== undefined && builder.rowCount > 0) yield builder.take();
}
