/**
 * Job rows: work that goes on beside the sessions, one JSON row each in the job space. What a job has done so far is in its row, written in the
 * same transaction as the work itself: a job whose node is gone goes on elsewhere from there.
 */
import { InvariantError } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import { type Key, type KeyRange, prefixEnd, spacePrefix } from '#sql/key.ts';
import { jobSpace } from '#sql/spaces.ts';

export type JobStatus = 'submitted' | 'processing' | 'completed' | 'failed';

export type JobWork =
  /** `tableName` (schema.name) is for telling of a table that is gone. */
  | { readonly kind: 'buildIndex'; readonly tableOid: number; readonly indexOid: number; readonly tableName: string }
  | { readonly kind: 'validateConstraint'; readonly tableOid: number; readonly constraintOid: number }
  /** Takes away the rows of key spaces that nothing reads any more. */
  | { readonly kind: 'dropSpaces'; readonly spaces: readonly number[] }
  | { readonly kind: 'analyze'; readonly tableOid: number };

export type Job = {
  /** 26 characters of base32. */
  readonly id: string;
  readonly status: JobStatus;
  readonly details: string | undefined;
  readonly work: JobWork;
  /** The relation that sys.jobs names; 0: none. */
  readonly objectOid: number;
  readonly objectName: string | undefined;
  readonly startTime: Timestamp;
  readonly updateTime: Timestamp | undefined;
  /** Who works on it. */
  readonly runner: string | undefined;
  /** Everything below this key is done; undefined: nothing yet. */
  readonly progress: Key | undefined;
};

const formatVersion = 1;
const prefix = spacePrefix(jobSpace);

export const jobRange: KeyRange = { start: prefix, end: prefixEnd(prefix) ?? prefix };

export const jobKey = (id: string): Key => prefix + id;

/** Keys are byte strings, which JSON text cannot hold as they are. */
export function encodeJob(job: Job): Uint8Array {
  const progress = job.progress === undefined ? undefined : Buffer.from(job.progress, 'latin1').toString('base64');
  return Buffer.from(JSON.stringify({ format: formatVersion, ...job, progress }), 'utf8');
}

export function decodeJob(row: Uint8Array): Job {
  const stored = JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('utf8')) as Job & { readonly format?: number };
  if (stored.format !== formatVersion) throw new InvariantError('a job row of an unknown format');
  return {
    id: stored.id,
    status: stored.status,
    details: stored.details,
    work: stored.work,
    objectOid: stored.objectOid,
    objectName: stored.objectName,
    startTime: stored.startTime,
    updateTime: stored.updateTime,
    runner: stored.runner,
    progress: stored.progress === undefined ? undefined : Buffer.from(stored.progress, 'base64').latin1Slice(),
  };
}

const jobTypes: Readonly<Record<JobWork['kind'], string>> = {
  buildIndex: 'INDEX_BUILD',
  validateConstraint: 'VALIDATE_CONSTRAINT',
  dropSpaces: 'DROP',
  analyze: 'ANALYZE',
};
export const jobType = (work: JobWork): string => jobTypes[work.kind];
export const isFinished = (job: Job): boolean => job.status === 'completed' || job.status === 'failed';
