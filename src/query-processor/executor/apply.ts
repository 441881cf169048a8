/**
 * Apply: runs a subquery for the rows of its input and adds its answer as one column.
 *
 *   Without bindings the subquery is the same for every row: it is run once, when the first row comes. A volatile call of a user's function is
 *   made for every row in any case, and for no more rows than are asked for.
 *   With bindings its answers are remembered by the values bound, unless the subquery is volatile (random(), nextval()).
 *
 * any and all follow SQL's three-valued logic: ANY is true if some comparison is, else NULL if some is NULL, else false; ALL is its dual.
 */
import { assert, InvariantError, unreachable } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, constantVector, datumAt, sliceBatch, type Vector, vectorOf } from '#sql/batch.ts';
import { btreeStrategy } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { VectorEvaluator } from '#sql/function.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { RecordValue } from '#sql/types/record-value.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { columnsOf, isVolatile } from './column-references.ts';
import { withContext } from './error-context.ts';
import { KeyNumbering } from './key-numbering.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, pick, picker, positionsOf, prepared } from './prepared.ts';
import { batchBytes, datumBytes } from './row-buffer.ts';
import { KeptBatches } from './spill/kept-batches.ts';
import { ValueSet } from './spill/value-set.ts';

type Apply = Extract<PhysicalPlan, { kind: 'apply' }>;

const prepare = prepared((plan: Apply) => {
  const input = idsOf(plan.input.output);
  const sub = idsOf(plan.subplan.output);
  return {
    bindings: positionsOf(plan.bindings, input),
    subPositions: positionsOf(plan.subOutput, sub),
    subTypes: positionsOf(plan.subOutput, sub).map((position) => plan.subplan.output[position].type.oid),
    output: picker(idsOf(plan.output), [...input, plan.result.id]),
    /** Over the input's columns and then the subquery's. */
    comparison: plan.comparison === undefined ? undefined : compileExpression(plan.comparison, [...input, ...plan.subOutput]),
    comparisonReads: plan.comparison === undefined ? [] : positionsRead(plan.comparison, input),
    membership: membershipOf(plan),
    isVolatile: isVolatile(plan.subplan),
  };
});

function positionsRead(comparison: NonNullable<Apply['comparison']>, input: readonly number[]): readonly number[] {
  const reads = columnsOf(comparison);
  return input.flatMap((id, position) => (reads.has(id) ? [position] : []));
}

/** `expression over the input = column of the subquery`, of one type: answered by a set of the subquery's values. */
type Membership = { readonly left: VectorEvaluator; readonly typeOid: number };

function membershipOf(plan: Apply): Membership | undefined {
  const { comparison } = plan;
  if (plan.form !== 'any' || plan.bindings.length > 0 || plan.subOutput.length !== 1) return undefined;
  if (comparison?.kind !== 'function' || comparison.form.kind !== 'operator' || comparison.args.length !== 2) return undefined;
  if (btreeStrategy(comparison.form.operator)?.strategy !== 3) return undefined;
  const [left, right] = comparison.args;
  if (right.kind !== 'column' || right.id !== plan.subOutput[0] || left.type.oid !== right.type.oid) return undefined;
  if (columnsOf(left).has(right.id) || typeByOid(left.type.oid).hashKey === undefined) return undefined;
  return { left: compileExpression(left, idsOf(plan.input.output)), typeOid: left.type.oid };
}

export function* apply(
  plan: Apply,
  input: Rows,
  runSubplan: () => Rows,
  rowLimit: number,
  run: Run,
): Generator<Batch | Wait, void, undefined> {
  const { output } = prepare(plan);
  const isMadeForEach = plan.call?.isVolatile === true;
  const runCalled = plan.call?.where === undefined ? runSubplan : () => withContext(runSubplan(), plan.call?.where ?? '');
  const answer = plan.bindings.length === 0 && !isMadeForEach ? uncorrelated(plan, runCalled, run) : correlated(plan, runCalled, run);
  let wanted = isMadeForEach ? rowLimit : Number.POSITIVE_INFINITY;
  try {
    for (const item of input) {
      if (item instanceof Promise) {
        yield item;
        continue;
      }
      const batch = item.rowCount <= wanted ? item : sliceBatch(item, 0, wanted);
      wanted -= batch.rowCount;
      const result = yield* answer.column(batch);
      yield pick({ rowCount: batch.rowCount, columns: [...batch.columns, result] }, output);
      if (wanted <= 0) return;
      if (run.shouldPause()) yield run.pause();
    }
  } finally {
    answer.release();
  }
}

type Answers = { readonly column: (batch: Batch) => Generator<Wait, Vector, undefined>; readonly release: () => void };

function uncorrelated(plan: Apply, runSubplan: () => Rows, run: Run): Answers {
  const { membership, subPositions, subTypes } = prepare(plan);
  let single: Vector | undefined;
  const kept = new KeptBatches(subTypes, run);
  let isCollected = false;
  let set: ValueSet | undefined;

  function* column(batch: Batch): Generator<Wait, Vector, undefined> {
    if (plan.form !== 'any' && plan.form !== 'all') {
      single ??= constantVector(yield* singleAnswer(plan, runSubplan(), run));
      return single;
    }
    if (membership !== undefined) {
      if (set === undefined) {
        set = new ValueSet(membership.typeOid, run);
        for (const item of runSubplan()) {
          if (item instanceof Promise) yield item;
          else set.add(pick(item, subPositions));
          if (run.shouldPause()) yield run.pause();
        }
      }
      return yield* set.contains(membership.left(batch, run.context), batch.rowCount);
    }
    if (!isCollected) {
      for (const item of runSubplan()) {
        if (item instanceof Promise) yield item;
        else kept.add(pick(item, subPositions));
        if (run.shouldPause()) yield run.pause();
      }
      isCollected = true;
    }
    const out: Datum[] = new Array(batch.rowCount);
    for (let row = 0; row < batch.rowCount; row++) {
      out[row] = yield* quantified(plan, batch, row, kept.rows(), run);
    }
    return vectorOf(out);
  }
  return {
    column,
    release: () => {
      set?.release();
      kept.release();
    },
  };
}

/** What is remembered of a correlated subquery is dropped when it has grown to this. */
const memoBytesMax = 8 * 1024 * 1024;

function correlated(plan: Apply, runSubplan: () => Rows, run: Run): Answers {
  const { bindings, comparisonReads, isVolatile: mayDiffer } = prepare(plan);
  const { outerValues } = run.context;
  // any/all compare with columns of the input, which then belong to what decides the answer.
  const keyed = [...new Set([...bindings, ...comparisonReads])];
  const keyTypes = keyed.map((position) => plan.input.output[position].type.oid);
  const canRemember = !mayDiffer && keyTypes.every((typeOid) => typeByOid(typeOid).hashKey !== undefined);
  let numbering = new KeyNumbering(keyTypes);
  let known: Datum[] = [];
  let charged = 0;

  function* answer(batch: Batch, row: number): Generator<Wait, Datum, undefined> {
    for (let b = 0; b < bindings.length; b++) outerValues.set(plan.bindings[b], datumAt(batch.columns[bindings[b]], row));
    if (plan.form === 'any' || plan.form === 'all') return yield* quantified(plan, batch, row, runSubplan(), run);
    return yield* singleAnswer(plan, runSubplan(), run);
  }

  function* column(batch: Batch): Generator<Wait, Vector, undefined> {
    const out: Datum[] = new Array(batch.rowCount);
    if (!canRemember) {
      for (let row = 0; row < batch.rowCount; row++) {
        out[row] = yield* answer(batch, row);
        if (run.shouldPause()) yield run.pause();
      }
      return vectorOf(out);
    }
    if (charged > memoBytesMax || run.memory.wouldExceed(charged)) {
      run.memory.release(charged);
      charged = 0;
      known = [];
      numbering = new KeyNumbering(keyTypes);
    }
    const numbers = new Int32Array(batch.rowCount);
    numbering.number(
      keyed.map((position) => batch.columns[position]),
      batch.rowCount,
      numbers,
    );
    let bytes = 0;
    for (let row = 0; row < batch.rowCount; row++) {
      const number = numbers[row];
      // Numbers come in order, so `known` grows one by one.
      if (number === known.length) {
        const value = yield* answer(batch, row);
        known.push(value);
        bytes += 64 + datumBytes(value);
        if (run.shouldPause()) yield run.pause();
      }
      out[row] = known[number];
    }
    run.memory.charge(bytes);
    charged += bytes;
    return vectorOf(out);
  }
  return { column, release: () => run.memory.release(charged) };
}

/** Answer of a scalar, exists or array subquery. */
function* singleAnswer(plan: Apply, rows: Rows, run: Run): Generator<Wait, Datum, undefined> {
  const { subPositions } = prepare(plan);
  switch (plan.form) {
    case 'exists':
      for (const item of rows) {
        if (!(item instanceof Promise)) return true;
        yield item;
      }
      return false;
    case 'scalar': {
      let found: Datum | undefined;
      for (const item of rows) {
        if (item instanceof Promise) {
          yield item;
          continue;
        }
        if (found !== undefined || item.rowCount > 1)
          throw new SqlError(sqlstate.cardinalityViolation, 'more than one row returned by a subquery used as an expression');
        found = rowValue(plan, pick(item, subPositions));
      }
      return found ?? null;
    }
    case 'array': {
      const items: Datum[] = [];
      let charged = 0;
      try {
        for (const item of rows) {
          if (item instanceof Promise) {
            yield item;
            continue;
          }
          const bytes = batchBytes(item);
          run.memory.charge(bytes);
          charged += bytes;
          const vector = item.columns[subPositions[0]];
          for (let row = 0; row < item.rowCount; row++) items.push(datumAt(vector, row));
          if (run.shouldPause()) yield run.pause();
        }
      } finally {
        run.memory.release(charged);
      }
      return arrayOf(items, typeByOid(plan.result.type.oid).elementOid);
    }
    case 'any':
    case 'all':
      throw new InvariantError('quantified subqueries are compared row by row');
    default:
      return unreachable(plan.form);
  }
}

/** ARRAY(SELECT array) gives an array of one more dimension. */
function arrayOf(items: readonly Datum[], elementOid: number): Datum {
  const arrays = items.filter((item) => item instanceof ArrayValue);
  if (items.length === 0 || arrays.length === 0) return new ArrayValue(elementOid, items);
  const [first] = arrays;
  if (arrays.length < items.length) throw new SqlError(sqlstate.nullValueNotAllowed, 'cannot accumulate null arrays');
  if (first.dimensions.length === 0) throw new SqlError(sqlstate.arraySubscriptError, 'cannot accumulate empty arrays');
  for (const array of arrays)
    if (!array.hasShapeOf(first)) throw new SqlError(sqlstate.arraySubscriptError, 'cannot accumulate arrays of different dimensionality');
  return new ArrayValue(
    elementOid,
    arrays.flatMap((array) => array.items),
    [arrays.length, ...first.dimensions],
    [1, ...first.lowerBounds],
  );
}

function rowValue(plan: Apply, batch: Batch): Datum {
  if (batch.columns.length === 1) return datumAt(batch.columns[0], 0);
  const columns = plan.subOutput.map((id) => plan.subplan.output.find((column) => column.id === id));
  return new RecordValue(
    columns.map((column) => column?.type.oid ?? 0),
    columns.map((column) => column?.name ?? ''),
    batch.columns.map((vector) => datumAt(vector, 0)),
  );
}

/** ANY or ALL for one row of the input, over the subquery's rows. */
function* quantified(plan: Apply, batch: Batch, row: number, rows: Rows, run: Run): Generator<Wait, Datum, undefined> {
  const { comparison, subPositions } = prepare(plan);
  assert(comparison !== undefined, 'any and all have a comparison');
  const isCorrelated = plan.bindings.length > 0;
  const deciding = plan.form === 'any';
  const outerColumns = batch.columns.map((vector) => constantVector(datumAt(vector, row)));
  let sawNull = false;
  for (const item of rows) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const columns = isCorrelated ? pick(item, subPositions).columns : item.columns;
    const result = comparison({ rowCount: item.rowCount, columns: [...outerColumns, ...columns] }, run.context);
    for (let at = 0; at < item.rowCount; at++) {
      const value = datumAt(result, at);
      if (value === deciding) return deciding;
      if (value === null) sawNull = true;
    }
    if (run.shouldPause()) yield run.pause();
  }
  return sawNull ? null : !deciding;
}
