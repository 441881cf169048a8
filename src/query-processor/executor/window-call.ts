/**
 * Window call: one window function's answers for the rows of one partition.
 *
 * An aggregate is computed over each row's frame. While frames begin at the same row and only grow, its state is carried on from row to
 * row; a frame equal to the one before gives the same answer; else the frame is gone through anew.
 */
import { InvariantError } from '#base/assert.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { WindowCall } from '#sql/expression.ts';
import type { AggregateFunction, WindowFunction, WindowPartition } from '#sql/function.ts';
import { implementationOf } from '#sql/functions/registry.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { Jsonb } from '#sql/types/jsonb-value.ts';
import type { Wait } from '#storage/storage.ts';
import type { Run } from './operator.ts';
import type { Partition } from './window-frame.ts';

export type PreparedWindowCall = {
  readonly call: WindowCall;
  readonly isStrict: boolean;
  /** Columns of the window's rows that hold the arguments, and the FILTER condition. */
  readonly argsAt: number;
  readonly filterAt: number | undefined;
  readonly function:
    | { readonly kind: 'aggregate'; readonly aggregate: AggregateFunction }
    | { readonly kind: 'window'; readonly window: WindowFunction };
};

export function prepareWindowCall(call: WindowCall, argsAt: number, filterAt: number | undefined): PreparedWindowCall {
  const implementation = implementationOf(call.function);
  const types = { args: call.args.map((arg) => arg.type.oid), result: call.type.oid };
  const isStrict = procByOid(call.function)?.strict ?? false;
  if (implementation.kind === 'aggregate')
    return { call, isStrict, argsAt, filterAt, function: { kind: 'aggregate', aggregate: implementation.forTypes(types) } };
  if (implementation.kind === 'window')
    return { call, isStrict, argsAt, filterAt, function: { kind: 'window', window: implementation.forTypes(types) } };
  throw new InvariantError('a window call names a window function or an aggregate');
}

/** One of the columns of the window's rows, by the row's number. */
export type ReadColumn = (column: number, row: number) => Datum;
/** Takes the answers of a partition's rows, in their order. */
export type TakeAnswer = (answer: Datum) => void;

export function* evaluateWindowCall(
  prepared: PreparedWindowCall,
  partition: Partition,
  read: ReadColumn,
  take: TakeAnswer,
  run: Run,
): Generator<Wait, void, undefined> {
  if (prepared.function.kind === 'aggregate') {
    yield* aggregateOverFrames(prepared, prepared.function.aggregate, partition, read, take, run);
    return;
  }
  const { argsAt } = prepared;
  const { start, rowCount } = partition;
  const view: WindowPartition = {
    rowCount,
    arg: (index, row) => read(argsAt + index, start + row),
    peerStart: (row) => partition.peerStart(row),
    peerEnd: (row) => partition.peerEnd(row),
    frame: (row) => partition.frame(row),
    excluded: (row, other) => partition.excluded(row, other),
  };
  const answer = prepared.function.window(view, run.context);
  for (let row = 0; row < rowCount; row++) {
    take(answer(row));
    if ((row & 0x3ff) === 0x3ff && run.shouldPause()) yield run.pause();
  }
}

function* aggregateOverFrames(
  { isStrict, argsAt, filterAt, call }: PreparedWindowCall,
  aggregate: AggregateFunction,
  partition: Partition,
  read: ReadColumn,
  take: TakeAnswer,
  run: Run,
): Generator<Wait, void, undefined> {
  const { context } = run;
  const values: Datum[] = new Array(call.args.length).fill(null);

  // Hot: every row of every frame.
  const stepRow = (state: unknown, row: number): unknown => {
    const at = partition.start + row;
    if (filterAt !== undefined && read(filterAt, at) !== true) return state;
    let hasNull = false;
    for (let i = 0; i < values.length; i++) {
      const value = read(argsAt + i, at);
      if (value === null) hasNull = true;
      values[i] = value;
    }
    return hasNull && isStrict ? state : aggregate.step(state, values, context);
  };

  let state: unknown = aggregate.initial();
  let stateStart = 0;
  let stateEnd = 0;
  let answer: Datum = null;
  let hasAnswer = false;
  let isShared = false;
  let work = 0;
  for (let row = 0; row < partition.rowCount; row++) {
    const frame = partition.frame(row);
    const start = Math.min(frame.start, frame.end);
    const { end } = frame;
    const isEmpty = frame.end <= frame.start;
    if (partition.hasExclusion) {
      state = aggregate.initial();
      for (let other = start; other < end; other++) if (!isEmpty && !partition.excluded(row, other)) state = stepRow(state, other);
      work += end - start;
      take(aggregate.final(state, context));
    } else if (isEmpty) take(aggregate.final(aggregate.initial(), context));
    else {
      if (!hasAnswer || start !== stateStart || end < stateEnd || (isShared && end > stateEnd)) {
        state = aggregate.initial();
        stateStart = start;
        stateEnd = start;
        hasAnswer = false;
      }
      if (!hasAnswer || end > stateEnd) {
        work += end - stateEnd;
        for (let other = stateEnd; other < end; other++) state = stepRow(state, other);
        stateEnd = end;
        answer = aggregate.final(state, context);
        hasAnswer = true;
        isShared = mayShareState(answer);
      }
      take(answer);
    }
    work++;
    if (work >= 1024) {
      work = 0;
      if (run.shouldPause()) yield run.pause();
    }
  }
}

/** An array or document may hold the state's own list, which further steps would change: such a state is not carried on. */
function mayShareState(answer: Datum): boolean {
  return answer instanceof ArrayValue || answer instanceof Jsonb;
}
