/**
 * Validating a constraint beside writers, a slice of rows at a time.
 *
 * A constraint that is NOT VALID is held by every transaction that commits after the one that made it: whoever knew the table without it
 * ends with OC001. So a row that has passed once passes for ever, whatever is written meanwhile, and slices need not see one snapshot. A foreign
 * key's slice keeps the parents that it has found from going away before it commits (FOR KEY SHARE); from then on their deletion meets the child.
 */
import { notSupported } from '#base/sql-error.ts';
import { type TableDescriptor, validated } from '../catalog/descriptors.ts';
import type { Job, JobWork } from '../catalog/job-rows.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { fixedContext } from '../catalog/schema-change/fixed-context.ts';
import { checkRows, compileOver, nextStart, readRows, type StoredRow } from '../catalog/schema-change/table-rows.ts';
import { checkChildren, childCheck } from '../executor/foreign-keys/enforce.ts';
import { planOf } from '../executor/foreign-keys/foreign-key-plan.ts';
import { Cancellation, StatementRun } from '../session/statement-run.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { type JobWorkHost, rangeLeft, writeTable } from './table-work.ts';

/** Throws 23514 or 23503 for a row that breaks the constraint. */
export function validateSlice(
  host: JobWorkHost,
  job: Job,
  work: Extract<JobWork, { kind: 'validateConstraint' }>,
  transaction: OpenTransaction,
  catalog: LoadedCatalog,
): Job {
  const table = catalog.relationByOid(work.tableOid);
  if (table?.kind !== 'table') return { ...job, status: 'completed', details: 'Skipped job for nonexistent table.' };
  const { constraintOid } = work;
  const constraint = [...table.checks, ...table.foreignKeys].find((entry) => entry.constraintOid === constraintOid);
  if (constraint === undefined) return { ...job, status: 'completed', details: 'Skipped job for nonexistent constraint.' };
  if (constraint.isValidated) return { ...job, status: 'completed' };
  transaction.useRelation(table.oid, false);
  const range = rangeLeft(job, table);
  check(host, table, constraintOid, readRows(host.storage, transaction, range, host.rowsPerSlice), transaction, catalog);
  const progress = nextStart(host.storage, transaction, range, host.rowsPerSlice);
  if (progress !== undefined) return { ...job, progress };
  writeTable(validated(table, constraintOid), transaction, catalog);
  return { ...job, status: 'completed', progress: undefined };
}

function check(
  { world, storage, bindTableText }: JobWorkHost,
  table: TableDescriptor,
  constraintOid: number,
  rows: readonly StoredRow[],
  transaction: OpenTransaction,
  catalog: LoadedCatalog,
): void {
  const context = fixedContext(transaction.startTimestamp, world.random, 'admin');
  const condition = table.checks.find((entry) => entry.constraintOid === constraintOid);
  if (condition !== undefined) {
    checkRows(table, condition.name, compileOver(table, bindTableText(catalog, table, condition.text)), rows, context);
    return;
  }
  const foreignKey = table.foreignKeys.find((entry) => entry.constraintOid === constraintOid);
  if (foreignKey === undefined) return;
  const run = new StatementRun(world, storage, transaction, catalog, context, new Cancellation(), noSequences);
  const plan = planOf(foreignKey, table, run);
  checkChildren(
    plan,
    rows.map((row) => childCheck(plan, plan.childColumns.read(row.value), run)),
    run,
  );
}

const noSequences = {
  nextval: () => Promise.reject(notSupported('this function cannot be used outside a session')),
};
