/**
 * Building an index beside writers, a slice of rows at a time (docs/index-builds.md has the argument in full).
 *
 *   B1  From the commit that makes the index (state `building`) on, every transaction that commits keeps it up: one that knew the table
 *       without it has a `read` mark on the old descriptor, and ends with OC001.
 *   B2  A slice marks the key of each row that it indexes `read`: a row changed between the slice's snapshot and its commit undoes the
 *       slice, so that no entry of what a row was comes after the commit that has removed it.
 *   B3  A slice and the place where the next one begins commit together, and the last one makes the index valid in the same commit.
 */
import type { IndexDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import type { Job, JobWork } from '../catalog/job-rows.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { fixedContext } from '../catalog/schema-change/fixed-context.ts';
import { IndexBuilder, nextStart, readRows } from '../catalog/schema-change/table-rows.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { type JobWorkHost, rangeLeft, writeTable } from './table-work.ts';

type IndexWork = Extract<JobWork, { kind: 'buildIndex' }>;

/** Throws 23505 for a second row with a unique key. */
export function buildIndexSlice(
  { storage, world, bindTableText, rowsPerSlice }: JobWorkHost,
  job: Job,
  work: IndexWork,
  transaction: OpenTransaction,
  catalog: LoadedCatalog,
): Job {
  const table = catalog.relationByOid(work.tableOid);
  // What a cluster tells of a table that was dropped meanwhile.
  if (table?.kind !== 'table') return { ...job, status: 'completed', details: `relation "${work.tableName}" does not exist` };
  const index = table.indexes.find((entry) => entry.oid === work.indexOid);
  if (index === undefined) return { ...job, status: 'completed', details: 'Skipped job for nonexistent index.' };
  transaction.useRelation(table.oid, false);
  const range = rangeLeft(job, table);
  const rows = readRows(storage, transaction, range, rowsPerSlice);
  const builder = new IndexBuilder(table, index.oid, (_, text) => bindTableText(catalog, table, text));
  builder.build(rows, storage, transaction, fixedContext(transaction.startTimestamp, world.random, 'admin'), true);
  const progress = nextStart(storage, transaction, range, rowsPerSlice);
  if (progress !== undefined) return { ...job, progress };
  writeTable(inState(table, index, 'valid'), transaction, catalog);
  return { ...job, status: 'completed', progress: undefined };
}

/** After a failed build: writers go on keeping the index up, and unique, until it is dropped; readers never use it. */
export function leaveInvalid({ tableOid, indexOid }: IndexWork, transaction: OpenTransaction, catalog: LoadedCatalog): void {
  const table = catalog.relationByOid(tableOid);
  const index = table?.kind === 'table' ? table.indexes.find((entry) => entry.oid === indexOid) : undefined;
  if (table?.kind === 'table' && index !== undefined) writeTable(inState(table, index, 'invalid'), transaction, catalog);
}

const inState = (table: TableDescriptor, index: IndexDescriptor, state: IndexDescriptor['state']): TableDescriptor => ({
  ...table,
  indexes: table.indexes.map((entry) => (entry === index ? { ...entry, state } : entry)),
});
