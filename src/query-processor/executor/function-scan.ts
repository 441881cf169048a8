/**
 * Function scan: the rows of one or more functions in FROM, side by side; the shorter ones are padded with NULL. A user's function that is run
 * by itself is alone in its scan.
 */
import { notSupported } from '#base/sql-error.ts';
import { type Batch, BatchBuilder } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import type { Expression, FunctionCall, RoutineForm } from '#sql/expression.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { RecordValue } from '#sql/types/record-value.ts';
import type { Wait } from '#storage/storage.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, prepared } from './prepared.ts';
import { isSetCall, isSeveral, recordFunctionOf, setFunctionOf } from './set-function.ts';

type FunctionScan = Extract<PhysicalPlan, { kind: 'functionScan' }>;

const prepare = prepared((plan: FunctionScan) => {
  const available = plan.functions.flatMap((item) => idsOf(item.columns));
  if (plan.ordinality !== undefined) available.push(plan.ordinality.id);
  return {
    positions: picker(idsOf(plan.output), available),
    width: available.length,
    starts: plan.functions.map(({ call, columns }) => (isRoutineCall(call) ? undefined : startOf(call, columns))),
  };
});

const isRoutineCall = (call: Expression): call is FunctionCall & { readonly form: RoutineForm } =>
  call.kind === 'function' && call.form.kind === 'routine';

function startOf(call: Expression, columns: readonly OutputColumn[]): (run: Run) => Iterable<Datum | readonly Datum[]> {
  const rowsOf = isSetCall(call) ? setFunctionOf(call, columns) : recordFunctionOf(call, columns);
  if (call.kind !== 'function' || rowsOf === undefined) return (run) => [evaluateOnce(call, run.context)];
  return (run) =>
    rowsOf(
      call.args.map((arg) => evaluateOnce(arg, run.context)),
      run.context,
    );
}

export function functionScan(plan: FunctionScan, run: Run): Rows {
  const [{ call }] = plan.functions;
  return isRoutineCall(call) ? routineScan(plan, call, run) : builtInScan(plan, run);
}

function* routineScan(plan: FunctionScan, call: FunctionCall, run: Run): Generator<Batch | Wait, void, undefined> {
  const { positions } = prepare(plan);
  if (run.callRoutine === undefined) throw notSupported('functions whose statements are run one by one cannot be called here');
  const args = call.args.map((arg) => evaluateOnce(arg, run.context));
  for (const item of run.callRoutine(call, args)) yield item instanceof Promise ? item : pick(item, positions);
}

function* builtInScan(plan: FunctionScan, run: Run): Generator<Batch | Wait, void, undefined> {
  const { positions, width, starts } = prepare(plan);
  const builder = new BatchBuilder(width);
  const sources = plan.functions.map((item, at) => ({
    rows: (starts[at]?.(run) ?? [])[Symbol.iterator](),
    width: item.columns.length,
    isRow: isComposite(item.call.type.oid),
    isDone: false,
  }));
  try {
    for (let ordinal = 1; ; ordinal++) {
      const row: Datum[] = [];
      let isEnd = true;
      for (const source of sources) {
        const next = source.isDone ? undefined : source.rows.next();
        if (next === undefined || next.done === true) {
          source.isDone = true;
          for (let c = 0; c < source.width; c++) row.push(null);
          continue;
        }
        isEnd = false;
        spread(next.value, source, row);
      }
      if (isEnd) break;
      if (plan.ordinality !== undefined) row.push(ordinal);
      builder.addRow(row);
      if (builder.isFull) {
        yield pick(builder.take(), positions);
        if (run.shouldPause()) yield run.pause();
      }
    }
    if (builder.rowCount > 0) yield pick(builder.take(), positions);
  } finally {
    for (const source of sources) if (!source.isDone) source.rows.return?.();
  }
}

/** A function's row as `width` columns: the value of one that returns rows is taken apart. */
function spread(
  value: Datum | readonly Datum[],
  { width, isRow }: { readonly width: number; readonly isRow: boolean },
  row: Datum[],
): void {
  if (isSeveral(value)) for (let c = 0; c < width; c++) row.push(value[c]);
  else if (value instanceof RecordValue && isRow) for (let c = 0; c < width; c++) row.push(value.values[c] ?? null);
  else {
    row.push(value);
    for (let c = 1; c < width; c++) row.push(null);
  }
}
