/** System scan: rows of a system catalog or view, which code makes from the catalog as of the snapshot. */
import { type Batch, BatchBuilder, gatherBatch } from '#sql/batch.ts';
import { compilePredicate } from '#sql/evaluate/compile.ts';
import type { Wait } from '#storage/storage.ts';
import { systemRows } from '../catalog/system-catalog/system-rows.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Run } from './operator.ts';
import { idsOf, prepared } from './prepared.ts';

type SystemScan = Extract<PhysicalPlan, { kind: 'systemScan' }>;

const prepare = prepared((plan: SystemScan) => ({
  fields: plan.output.map((column) => column.attributeNumber - 1),
  predicate: plan.filter === undefined ? undefined : compilePredicate(plan.filter, idsOf(plan.output)),
}));

export function* systemScan(plan: SystemScan, run: Run): Generator<Batch | Wait, void, undefined> {
  const { fields, predicate } = prepare(plan);
  const builder = new BatchBuilder(fields.length);
  const take = (): Batch | undefined => {
    const batch = builder.take();
    if (batch.rowCount === 0 || predicate === undefined) return batch.rowCount === 0 ? undefined : batch;
    const { rows, count } = predicate(batch, run.context);
    return count === 0 ? undefined : gatherBatch(batch, rows, count);
  };
  for (const row of systemRows(plan.table, run)) {
    builder.addRow(fields.map((field) => row[field]));
    if (!builder.isFull) continue;
    const batch = take();
    if (batch !== undefined) yield batch;
    if (run.shouldPause()) yield run.pause();
  }
  const last = take();
  if (last !== undefined) yield last;
}
