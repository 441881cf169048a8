/** Delete: tombstones for the rows of the input and for their index entries. A row that comes twice is deleted, and counted, once. */
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Rows, Run } from './operator.ts';
import { idsOf, positionsOf, prepared } from './prepared.ts';
import { compileTargets, evaluateAll } from './project.ts';
import { countChanged, deleteRow } from './row-changes.ts';
import { fieldsOf, imagesOf, maintainedTable } from './row-images.ts';
import { oldVectorsOf, unchangedRows } from './update.ts';

type Delete = Extract<PhysicalPlan, { kind: 'delete' }>;

const prepare = prepared((plan: Delete) => {
  const input = idsOf(plan.input.output);
  return {
    table: maintainedTable(plan.table, plan.indexes),
    keyPosition: positionsOf([plan.keyColumn], input)[0],
    oldPositions: plan.indexes.length === 0 ? [] : positionsOf(idsOf(plan.oldColumns), input),
    returning: plan.returning === undefined ? undefined : compileTargets(plan.output, plan.returning, input),
  };
});

const always = (): boolean => true;

// The name of the statement is a reserved word.
export function* deleteRows(plan: Delete, input: Rows, run: Run): Generator<Batch | Wait, void, undefined> {
  const { table, keyPosition, oldPositions, returning } = prepare(plan);
  for (const item of input) {
    if (item instanceof Promise) {
      yield item;
      continue;
    }
    const fresh = unchangedRows(item, keyPosition, run, plan.refusesRepeated === true);
    if (fresh === undefined) continue;
    const { batch, keys } = fresh;
    const { rowCount } = batch;
    if (plan.indexes.length === 0) for (const key of keys) deleteRow(noImages, 0, key, run);
    else {
      const vectors = oldVectorsOf(plan, batch, oldPositions);
      const images = imagesOf(table, vectors, fieldsOf(vectors, rowCount), keys, always, run);
      for (let row = 0; row < rowCount; row++) deleteRow(images, row, keys[row], run);
    }
    countChanged(table, rowCount, run);
    if (returning !== undefined) yield { rowCount, columns: evaluateAll(returning, batch, run) };
    if (run.shouldPause()) yield run.pause();
  }
}

const noImages = { rowCount: 0, fields: [], entries: [], keyVectors: [] };
