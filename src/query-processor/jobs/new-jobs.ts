/** New jobs: rows that a schema change writes beside its descriptors, so that the work exists exactly if the change has committed. */
import { base32 } from '#base/base32.ts';
import type { World } from '#base/world.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { encodeJob, type Job, type JobWork, jobKey } from '../catalog/job-rows.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';

/** Gives the job's id. */
export function newIndexBuildJob(transaction: OpenTransaction, world: World, table: TableDescriptor, indexOid: number): string {
  const index = table.indexes.find((entry) => entry.oid === indexOid);
  return newJob(
    transaction,
    world,
    { kind: 'buildIndex', tableOid: table.oid, indexOid, tableName: `${table.schemaName}.${table.name}` },
    indexOid,
    `${table.schemaName}.${index?.name ?? ''}`,
  ).id;
}

export function newValidationJob(transaction: OpenTransaction, world: World, table: TableDescriptor, constraintOid: number): string {
  const work: JobWork = { kind: 'validateConstraint', tableOid: table.oid, constraintOid };
  return newJob(transaction, world, work, table.oid, `${table.schemaName}.${table.name}`).id;
}

/** `relationOid`: what the spaces belonged to. */
export function newSpaceDropJob(transaction: OpenTransaction, world: World, relationOid: number, spaces: readonly number[]): string {
  return newJob(transaction, world, { kind: 'dropSpaces', spaces }, relationOid, undefined).id;
}

export function newAnalyzeJob(transaction: OpenTransaction, world: World, table: TableDescriptor): Job {
  return newJob(transaction, world, { kind: 'analyze', tableOid: table.oid }, table.oid, `${table.schemaName}.${table.name}`);
}

function newJob(transaction: OpenTransaction, world: World, work: JobWork, objectOid: number, objectName: string | undefined): Job {
  // A version 4 UUID, as DSQL's job ids are.
  const bytes = world.random.bytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const id = base32(bytes);
  const job: Job = {
    id,
    status: 'submitted',
    details: undefined,
    work,
    objectOid,
    objectName,
    startTime: transaction.startTimestamp,
    updateTime: undefined,
    runner: undefined,
    progress: undefined,
  };
  transaction.write(jobKey(id), encodeJob(job), 'write');
  return job;
}
