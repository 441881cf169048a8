/**
 * Update: new images of existing rows.
 *
 * The input yields the row's key and all its columns as they were when the statement began, beside whatever the assignments read. A row
 * that comes twice (joined to several others) is updated once, by its first coming; PostgreSQL leaves open which.
 */
import { type Batch, datumAt, gatherBatch, type Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Key } from '#sql/key.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { mergedTwice } from './constraint-errors.ts';
import { rowKeys } from './index-scan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';
import { compileTargets, evaluateAll } from './project.ts';
import { sliceVector } from './row-buffer.ts';
import { countChanged, KeyHolders, replaceRow, uniqueKeys } from './row-changes.ts';
import {
  applyRules,
  emptyVectors,
  fieldsOf,
  imagesOf,
  type MaintainedIndex,
  type MaintainedTable,
  maintainedTable,
  type RowVectors,
  rowRules,
} from './row-images.ts';
import { datumComparator } from './row-order.ts';
import { statementWrites } from './statement-writes.ts';

type Update = Extract<PhysicalPlan, { kind: 'update' }>;
type Delete = Extract<PhysicalPlan, { kind: 'delete' }>;

/** What assignments to some columns may do to keys. */
export type KeyChange = {
  /** Primary key columns are assigned: rows may move to other keys. */
  readonly movesRows: boolean;
  /** The index' entries may change. */
  readonly touches: (index: MaintainedIndex) => boolean;
  /** True when the value of a key column (of the primary key or a unique index) has changed. */
  readonly isKeyChange: (before: readonly Datum[], after: readonly Datum[]) => boolean;
};

export function changedKeyColumns(table: MaintainedTable, assigned: readonly number[]): KeyChange {
  const movesRows = assigned.some((attributeNumber) => table.primaryKey.has(attributeNumber));
  const compared = assigned
    .filter((attributeNumber) => table.keyAttributes.has(attributeNumber))
    .map((attributeNumber) => ({
      field: attributeNumber - 1,
      compare: datumComparator({
        typeOid: table.table.columns[attributeNumber - 1].type.oid,
        descending: false,
        nullsFirst: false,
      }),
    }));
  return {
    movesRows,
    touches: (index) => movesRows || assigned.some((attributeNumber) => index.attributes.has(attributeNumber)),
    isKeyChange: (before, after) => compared.some(({ field, compare }) => compare(before[field], after[field]) !== 0),
  };
}

const prepare = prepared((plan: Update) => {
  const input = idsOf(plan.input.output);
  const table = maintainedTable(plan.table, plan.indexes);
  return {
    table,
    keyPosition: positionsOf([plan.keyColumn], input)[0],
    oldPositions: positionsOf(idsOf(plan.oldColumns), input),
    assignments: plan.assignments.map(({ attributeNumber, expression }) => ({
      attributeNumber,
      evaluate: compileExpression(expression, input),
    })),
    rules: rowRules(plan.table, plan.newColumns, plan.generated, plan.checks),
    change: changedKeyColumns(table, [
      ...plan.assignments.map((assignment) => assignment.attributeNumber),
      ...plan.generated.map((item) => item.attributeNumber),
    ]),
    returning:
      plan.returning === undefined ? undefined : compileTargets(plan.output, plan.returning, [...idsOf(plan.newColumns), ...input]),
  };
});

export function* update(plan: Update, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { table, keyPosition, oldPositions, assignments, rules, change, returning } = prepare(plan);
  const holders = new KeyHolders(run);
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const fresh = unchangedRows(item, keyPosition, run, plan.refusesRepeated === true);
    if (fresh === undefined) continue;
    const { batch, keys } = fresh;
    const { rowCount } = batch;
    const oldVectors = oldVectorsOf(plan, batch, oldPositions);
    const newVectors = [...oldVectors];
    for (const { attributeNumber, evaluate } of assignments) newVectors[attributeNumber - 1] = evaluate(batch, run.context);
    const violation = applyRules(rules, newVectors, rowCount, run);
    const goodRows = violation?.row ?? rowCount;

    const good = goodRows === rowCount ? newVectors : newVectors.map((vector) => sliceVector(vector, 0, goodRows));
    const goodKeys = goodRows === rowCount ? keys : keys.slice(0, goodRows);
    const newFields = fieldsOf(good, goodRows);
    const oldFields = fieldsOf(oldVectors, goodRows);
    const newKeys = change.movesRows ? newFields.map((fields) => table.layout.rowKey(fields, run.context.random)) : goodKeys;
    const oldImages = imagesOf(table, oldVectors, oldFields, goodKeys, change.touches, run);
    const newImages = imagesOf(table, good, newFields, newKeys, change.touches, run);
    holders.fetch(uniqueKeys(table, newImages, change.movesRows ? newKeys : undefined));

    for (let row = 0; row < goodRows; row++)
      replaceRow(
        table,
        { images: oldImages, row, key: goodKeys[row] },
        { images: newImages, row, key: newKeys[row], value: table.layout.encode(newFields[row]) },
        change.isKeyChange(oldFields[row], newFields[row]),
        holders,
        run,
      );
    if (violation !== undefined) throw violation.error();
    countChanged(table, rowCount, run);

    if (returning !== undefined) {
      const newColumns = plan.newColumns.map((column) => newVectors[column.attributeNumber - 1]);
      yield { rowCount, columns: evaluateAll(returning, { rowCount, columns: [...newColumns, ...batch.columns] }, run) };
    }
    if (run.shouldPause()) yield run.pause();
  }
}

/** The target's columns as they were, by attribute. */
export function oldVectorsOf(plan: Update | Delete, batch: Batch, positions: readonly number[]): RowVectors {
  const vectors: Vector[] = emptyVectors(plan.table);
  plan.oldColumns.forEach((column, at) => {
    vectors[column.attributeNumber - 1] = batch.columns[positions[at]];
  });
  return vectors;
}

/** The rows of a batch that this statement has not changed yet, each once (W4 of statement-writes.ts). */
export function unchangedRows(
  batch: Batch,
  keyPosition: number,
  run: Run,
  refusesRepeated: boolean,
): { readonly batch: Batch; readonly keys: readonly Key[] } | undefined {
  const writes = statementWrites(run);
  const keys = rowKeysOrNull(batch.columns[keyPosition], batch.rowCount);
  const met = new Set<Key>();
  const kept: Key[] = [];
  const rows = new Int32Array(batch.rowCount);
  let count = 0;
  for (let row = 0; row < batch.rowCount; row++) {
    const key = keys[row];
    if (key === undefined) continue;
    if (met.has(key) || writes.get(key) !== undefined) {
      if (refusesRepeated) throw mergedTwice();
      continue;
    }
    met.add(key);
    kept.push(key);
    rows[count++] = row;
  }
  if (count === 0) return undefined;
  return { batch: count === batch.rowCount ? batch : gatherBatch(batch, rows, count), keys: kept };
}

/** Row keys; undefined where the target was joined from the outside and there is no row. */
function rowKeysOrNull(vector: Vector, rowCount: number): readonly (Key | undefined)[] {
  for (let row = 0; row < rowCount; row++) {
    if (datumAt(vector, row) !== null) continue;
    return Array.from({ length: rowCount }, (_, at) =>
      datumAt(vector, at) === null ? undefined : rowKeys(sliceVector(vector, at, at + 1), 1)[0],
    );
  }
  return rowKeys(vector, rowCount);
}
