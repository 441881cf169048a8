/** Limit: skips `offset` rows, hands on `count`; WITH TIES also those that equal the last one by the sort keys. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, datumAt, type Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression, evaluateOnce } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';
import { sliceRows } from './row-buffer.ts';
import { datumComparator } from './row-order.ts';
import { keyOrder } from './sort.ts';

type Limit = Extract<PhysicalPlan, { kind: 'limit' }>;

const prepare = prepared((plan: Limit) => {
  const input = idsOf(plan.input.output);
  return {
    positions: picker(idsOf(plan.output), input),
    tieKeys: plan.withTies?.map((key) => ({
      evaluate: compileExpression(key.expression, input),
      compare: datumComparator(keyOrder(key)),
    })),
  };
});

function rowCountOf(expression: Expression | undefined, run: Run, none: number, refuse: () => SqlError): number {
  if (expression === undefined) return none;
  const value = evaluateOnce(expression, run.context);
  if (value === null) return none;
  const count = Number(value);
  if (count < 0) throw refuse();
  return count;
}

/** The two numbers, evaluated; LIMIT NULL is no limit. */
export function limitsOf(plan: Limit, run: Run): { readonly count: number; readonly offset: number } {
  const offset = rowCountOf(
    plan.offset,
    run,
    0,
    () => new SqlError(sqlstate.invalidRowCountInResultOffsetClause, 'OFFSET must not be negative'),
  );
  if (plan.withTies !== undefined && plan.count !== undefined && evaluateOnce(plan.count, run.context) === null)
    throw new SqlError(sqlstate.invalidRowCountInLimitClause, 'row count cannot be null in FETCH FIRST ... WITH TIES clause');
  const count = rowCountOf(
    plan.count,
    run,
    Number.POSITIVE_INFINITY,
    () => new SqlError(sqlstate.invalidRowCountInLimitClause, 'LIMIT must not be negative'),
  );
  return { count, offset };
}

export function* limit(
  plan: Limit,
  input: Rows,
  { count, offset }: { readonly count: number; readonly offset: number },
  run: Run,
): Generator<Batch | Wait, void, undefined> {
  const { positions, tieKeys } = prepare(plan);
  if (count === 0) return;
  let toSkip = offset;
  let left = count;
  let last: readonly Datum[] | undefined;
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    if (toSkip >= item.rowCount) {
      toSkip -= item.rowCount;
      continue;
    }
    const from = toSkip;
    toSkip = 0;
    let to = Math.min(item.rowCount, from + left);
    left -= to - from;
    let isEnd = left === 0 && tieKeys === undefined;
    if (tieKeys !== undefined && left === 0) {
      const keys = tieKeys.map((key): Vector => key.evaluate(item, run.context));
      const lastKeys = last ?? keys.map((vector) => datumAt(vector, to - 1));
      last = lastKeys;
      while (to < item.rowCount && tieKeys.every((key, k) => key.compare(datumAt(keys[k], to), lastKeys[k]) === 0)) to++;
      isEnd = to < item.rowCount;
    }
    if (to > from) yield pick(from === 0 && to === item.rowCount ? item : sliceRows(item, from, to), positions);
    if (isEnd) return;
    if (run.shouldPause()) yield run.pause();
  }
}
