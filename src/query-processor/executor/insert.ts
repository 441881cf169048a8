/**
 * Insert: new rows from the input's batches.
 *
 * Of each row NOT NULL, CHECK and uniqueness are checked in this order, row by row as PostgreSQL does: of several faults in a statement
 * the first row's is reported. With ON CONFLICT a row whose key is taken is left out, or changes the row that holds the key.
 */
import { InvariantError } from '#base/assert.ts';
import type { Batch, Vector } from '#sql/batch.ts';
import { vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Key } from '#sql/key.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { finishStatement } from './foreign-keys/enforce.ts';
import { prepareConflict } from './on-conflict.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';
import { compileTargets, evaluateAll } from './project.ts';
import { gatherWithNulls } from './row-buffer.ts';
import { countChanged, insertRow, KeyHolders, uniqueKeys } from './row-changes.ts';
import { applyRules, emptyVectors, fieldsOf, imagesOf, maintainedTable, rowRules } from './row-images.ts';

export type Insert = Extract<PhysicalPlan, { kind: 'insert' }>;

const prepare = prepared((plan: Insert) => {
  const input = idsOf(plan.input.output);
  const table = maintainedTable(plan.table, plan.indexes);
  const rules = rowRules(plan.table, plan.newColumns, plan.generated, plan.checks);
  return {
    table,
    rules,
    values: plan.values.map(({ attributeNumber, expression }) => ({
      attributeNumber,
      evaluate: compileExpression(expression, input),
    })),
    conflict: plan.onConflict === undefined ? undefined : prepareConflict(plan.onConflict, plan.conflictQueries, table, rules),
    returning:
      plan.returning === undefined ? undefined : compileTargets(plan.output, plan.returning, [...idsOf(plan.newColumns), ...input]),
  };
});

const always = (): boolean => true;

/** The operator; its changes are the statement's until `execute` (or insertBatches) hands them to the transaction. */
export function* insert(
  plan: Insert,
  input: Rows,
  execute: (plan: PhysicalPlan) => Rows,
  run: Run,
): Generator<Batch | Wait, void, undefined> {
  const { table, rules, values, conflict, returning } = prepare(plan);
  const holders = new KeyHolders(run);
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const { rowCount } = item;
    const vectors = emptyVectors(plan.table);
    for (const { attributeNumber, evaluate } of values) vectors[attributeNumber - 1] = evaluate(item, run.context);
    const violation = applyRules(rules, vectors, rowCount, run);
    const goodRows = violation?.row ?? rowCount;

    const fields = fieldsOf(vectors, rowCount);
    const keys: Key[] = new Array(rowCount);
    // Rows behind the faulty one are never written; only those before it need keys.
    for (let row = 0; row < goodRows; row++) keys[row] = table.layout.rowKey(fields[row], run.context.random);
    const images =
      goodRows === rowCount
        ? imagesOf(table, vectors, fields, keys, always, run)
        : imagesOf(table, firstOf(vectors, goodRows), fields.slice(0, goodRows), keys.slice(0, goodRows), always, run);
    holders.fetch(uniqueKeys(table, images, keys.slice(0, goodRows)));

    const action = conflict === undefined ? undefined : yield* conflict.start(images, vectors, keys, holders, run, execute);
    /** Stored fields of the rows that RETURNING tells of, and the input rows that they come from. */
    const shown: (readonly Datum[])[] = [];
    const shownRows: number[] = [];
    let changed = 0;
    for (let row = 0; row < goodRows; row++) {
      const found = action?.find(row);
      let written: readonly Datum[] | undefined = fields[row];
      if (action !== undefined && found !== undefined) {
        const preparation = action.prepare(row, found);
        if (preparation !== undefined) yield* preparation;
        written = action.resolve(row, found);
      } else insertRow(table, images, row, keys[row], table.layout.encode(fields[row]), holders, run);
      if (written === undefined) continue;
      changed++;
      if (returning === undefined) continue;
      shown.push(written);
      shownRows.push(row);
    }
    if (violation !== undefined) throw violation.error();
    countChanged(table, changed, run);

    if (returning !== undefined && changed > 0) {
      const newColumns =
        conflict === undefined
          ? plan.newColumns.map((column) => vectors[column.attributeNumber - 1])
          : plan.newColumns.map((column) => vectorOf(shown.map((row) => row[column.attributeNumber - 1])));
      const inputColumns: readonly Vector[] =
        changed === rowCount ? item.columns : item.columns.map((vector) => gatherWithNulls(vector, Int32Array.from(shownRows), 0, changed));
      yield { rowCount: changed, columns: evaluateAll(returning, { rowCount: changed, columns: [...newColumns, ...inputColumns] }, run) };
    }
    if (run.shouldPause()) yield run.pause();
  }
}

function firstOf(vectors: readonly Vector[], count: number): Vector[] {
  const ids = new Int32Array(count);
  for (let i = 0; i < count; i++) ids[i] = i;
  return vectors.map((vector) => gatherWithNulls(vector, ids, 0, count));
}

const noPlans = (): Rows => {
  throw new InvariantError('COPY has no ON CONFLICT');
};

/**
 * Inserts rows that come from somewhere else than a plan (COPY): `input` has the columns of `plan.input.output`. The changes are handed
 * to the transaction when the rows are read to their end.
 */
export function* insertBatches(plan: Insert, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  yield* insert(plan, input, noPlans, run);
  yield* finishStatement(run);
}
