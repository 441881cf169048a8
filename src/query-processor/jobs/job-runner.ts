/**
 * Job runner: does a node's share of the jobs, one at a time, in steps of one transaction each.
 *
 *   R1  A step's work and the job row that records it commit together, so that no step is lost or done twice, whoever does it.
 *   R2  Two runners on one job collide on its row: one of the two steps conflicts and is done again from what the row then says.
 *   R3  A runner is called by its node: a node that starts again goes on with its jobs at once, those of a node that is silent for
 *       `takeOverMicroseconds` are taken over. That two may then think a job theirs does no harm (R2).
 *   R4  A job fails for what it finds in the rows alone. Conflicts are tried again; without a leader the job waits, and goes on from its row.
 */
import type { Adjudicator } from '#adjudicator/adjudicator.ts';
import { unreachable } from '#base/assert.ts';
import { indexBuildRows, jobRetentionMicroseconds } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { ReadPoint } from '#crossbar/crossbar.ts';
import { type Key, prefixEnd, spacePrefix } from '#sql/key.ts';
import type { CatalogCache } from '../catalog/catalog-cache.ts';
import { decodeJob, encodeJob, isFinished, type Job, jobKey, jobRange } from '../catalog/job-rows.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { readRows } from '../catalog/schema-change/table-rows.ts';
import { statisticsKey } from '../catalog/statistics-rows.ts';
import { commit, commitRequest } from '../transaction/commit.ts';
import { beginNodeTransaction } from '../transaction/node-transaction.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { TableAnalyzer, tableDue } from './analyze-table.ts';
import { buildIndexSlice, leaveInvalid } from './build-index.ts';
import { newAnalyzeJob } from './new-jobs.ts';
import type { JobWorkHost } from './table-work.ts';
import { validateSlice } from './validate-constraint.ts';

const pollMs = 15_000;
/** PostgreSQL's autovacuum_naptime: how often tables are looked at that may have changed much. */
const analyzeNapMs = 60_000;
const retryMs = 20;
const takeOverMicroseconds = 60_000_000;

export type JobHost = JobWorkHost & {
  readonly readPoint: ReadPoint;
  readonly adjudicator: Adjudicator;
  readonly catalogs: CatalogCache;
  /** The node's name, the same after a restart. */
  readonly nodeName: string;
  /** How long the build of an index stays `submitted` before its work begins: never at once in profile `dsql`, as on a real cluster. */
  readonly submittedMs: number;
};

/** `from`: where the next slice of a drop begins. Known to this runner alone; another one begins at the front, which is right too. */
type Slice = { readonly job: Job; readonly from?: Key };

type Step = Slice & { readonly isDone: boolean };

export class JobRunner {
  readonly #host: JobHost;
  readonly #id: string;
  #isRunning = false;
  #wantsAnother = false;
  #isStopped = false;
  #cancelPoll: (() => void) | undefined;
  /** When to look next: at the latest after pollMs, sooner when a build waits for its time. */
  #nextLookMs = pollMs;
  /** Jobs that were not finished when last looked, whoever runs them. */
  #unfinished = 0;
  #idle: Promise<void> = Promise.resolve();
  readonly #analyzer: TableAnalyzer;
  /** Monotonic time of the next look at the tables. */
  #nextAnalyzeMs: number;

  constructor(host: JobHost) {
    this.#host = host;
    this.#id = host.nodeName;
    this.#analyzer = new TableAnalyzer(host);
    this.#nextAnalyzeMs = host.world.clock.monotonicMs() + analyzeNapMs;
  }

  /** Looks for work now and then from here on: jobs of nodes that are gone. */
  start(): void {
    this.wake();
  }

  wake(): void {
    if (this.#isStopped) return;
    if (this.#isRunning) {
      this.#wantsAnother = true;
      return;
    }
    this.#isRunning = true;
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    this.#idle = this.#run();
  }

  /** Something is being done, or is still to be done, perhaps by the runner of another node. */
  get hasWork(): boolean {
    return this.#isRunning || this.#unfinished > 0;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelPoll?.();
    await this.#idle;
  }

  async #run(): Promise<void> {
    const { world } = this.#host;
    do {
      this.#wantsAnother = false;
      this.#nextLookMs = pollMs;
      try {
        for (const job of await this.#open()) {
          if (this.#isStopped) break;
          await this.#finish(job);
        }
        if (!this.#isStopped && world.clock.monotonicMs() >= this.#nextAnalyzeMs) await this.analyzeChanged();
      } catch (error) {
        // No leader, a Region cut off: the next look finds the jobs as they are.
        if (!(error instanceof SqlError)) throw error;
        world.log.warn('jobs wait', { reason: error.message });
      }
    } while (this.#wantsAnother && !this.#isStopped);
    this.#isRunning = false;
    if (!this.#isStopped) this.#cancelPoll = world.timers.after(this.#nextLookMs, () => this.wake());
  }

  /** Analyzes the tables that have changed much, one after the other, as jobs (analyze-table.ts). */
  async analyzeChanged(): Promise<void> {
    const { world, storage } = this.#host;
    this.#nextAnalyzeMs = world.clock.monotonicMs() + analyzeNapMs;
    const tried = new Set<number>();
    while (!this.#isStopped) {
      const job = await this.#inTransaction(async (transaction, catalog) => {
        const isBusy = this.#jobs(transaction).some(({ job: { work }, isOpen }) => isOpen && work.kind === 'analyze');
        const table = isBusy ? undefined : tableDue(storage, transaction, catalog);
        if (table === undefined || tried.has(table.oid)) return undefined;
        tried.add(table.oid);
        transaction.mark(statisticsKey(table.oid), 'write');
        return newAnalyzeJob(transaction, world, table);
      });
      if (job === undefined) return;
      await this.#finish(job);
    }
  }

  #jobs(transaction: OpenTransaction): readonly { readonly key: Key; readonly job: Job; readonly isOpen: boolean }[] {
    return readRows(this.#host.storage, transaction, jobRange, 10_000).map(({ key, value }) => {
      const job = decodeJob(value);
      return { key, job, isOpen: !isFinished(job) };
    });
  }

  /** Jobs that this runner may work on; the rows of those long finished go. */
  async #open(): Promise<readonly Job[]> {
    const open: Job[] = [];
    await this.#inTransaction(async (transaction) => {
      const now = this.#host.world.clock.now();
      let unfinished = 0;
      for (const { key, job, isOpen } of this.#jobs(transaction)) {
        const touched = job.updateTime ?? job.startTime;
        if (!isOpen) {
          if (now - touched > jobRetentionMicroseconds) transaction.write(key, undefined, 'write');
          continue;
        }
        unfinished++;
        if (this.#mustWait(job, now)) continue;
        if (job.runner === undefined || job.runner === this.#id || now - touched > takeOverMicroseconds) open.push(job);
      }
      this.#unfinished = unfinished;
    });
    return open;
  }

  #mustWait(job: Job, now: number): boolean {
    const leftMs = this.#host.submittedMs - (now - job.startTime) / 1000;
    if (job.work.kind !== 'buildIndex' || job.status !== 'submitted' || leftMs <= 0) return false;
    this.#nextLookMs = Math.min(this.#nextLookMs, Math.ceil(leftMs));
    return true;
  }

  async #finish(job: Job): Promise<void> {
    let from: Key | undefined;
    for (let at: Job | undefined = job; at !== undefined && !this.#isStopped; ) {
      const step: Step | undefined = await this.#step(at, from);
      at = step === undefined || step.isDone ? undefined : step.job;
      from = step?.from;
      await this.#host.world.timers.yield();
    }
  }

  /**
   * One transaction of a job's work; undefined when the job is gone or another's. Repeats itself on conflicts, also when it records that the job
   * has failed: only rows that cannot be indexed are a failure, never the state of the cluster.
   */
  async #step(job: Job, from: Key | undefined): Promise<Step | undefined> {
    let failure: string | undefined;
    for (let attempt = 0; ; ) {
      try {
        return await this.#inTransaction(async (transaction, catalog) =>
          failure === undefined ? this.#work(job, from, transaction, catalog) : this.#fail(job, failure, transaction, catalog),
        );
      } catch (error) {
        if (!(error instanceof SqlError) || isOfCluster(error)) throw error;
        if (error.sqlstate !== sqlstate.serializationFailure) {
          if (failure !== undefined) throw error;
          failure = error.sqlstate === sqlstate.uniqueViolation ? 'Found duplicate key while validating index for UCVs' : error.message;
          continue;
        }
        if (this.#isStopped) return undefined;
        await this.#host.world.timers.sleep(Math.min(retryMs * 2 ** Math.min(attempt++, 6), 1000));
      }
    }
  }

  async #work(known: Job, from: Key | undefined, transaction: OpenTransaction, catalog: LoadedCatalog): Promise<Step | undefined> {
    const job = this.#current(known, transaction);
    if (job === undefined) return undefined;
    const next = await this.#slice(job, from, transaction, catalog);
    transaction.write(jobKey(job.id), encodeJob(next.job), 'write');
    return { ...next, isDone: isFinished(next.job) };
  }

  /** The job as its row says; undefined when it is finished, gone, or another runner's that is alive. */
  #current(known: Job, transaction: OpenTransaction): Job | undefined {
    const [row] = this.#host.storage.get(transaction.snapshot, [jobKey(known.id)], { newest: 0 });
    const job = row === undefined ? undefined : decodeJob(row);
    if (job === undefined || isFinished(job)) return undefined;
    const isOthers = job.runner !== undefined && job.runner !== this.#id;
    if (isOthers && transaction.startTimestamp - (job.updateTime ?? job.startTime) <= takeOverMicroseconds) return undefined;
    return { ...job, status: 'processing', runner: this.#id, updateTime: transaction.startTimestamp };
  }

  #slice(job: Job, from: Key | undefined, transaction: OpenTransaction, catalog: LoadedCatalog): Slice | Promise<Slice> {
    const { work } = job;
    switch (work.kind) {
      case 'buildIndex':
        return { job: buildIndexSlice(this.#host, job, work, transaction, catalog) };
      case 'validateConstraint':
        return { job: validateSlice(this.#host, job, work, transaction, catalog) };
      case 'dropSpaces':
        return this.#dropSpaces(job, work.spaces, from, transaction);
      case 'analyze':
        return this.#analyzer.step(job, work, transaction, catalog, () => this.#isStopped).then((next) => ({ job: next }));
      default:
        return unreachable(work);
    }
  }

  /**
   * Nobody writes into a dropped relation's space (whoever began before the drop fails with OC001), so that a slice goes on where the last one
   * ended: one that began at the front would step over all that the others have deleted.
   */
  #dropSpaces(job: Job, spaces: readonly number[], from: Key | undefined, transaction: OpenTransaction): Slice {
    const begun = from === undefined ? -1 : spaces.findIndex((space) => from.startsWith(spacePrefix(space)));
    for (let at = Math.max(begun, 0); at < spaces.length; at++) {
      const prefix = spacePrefix(spaces[at]);
      const range = { start: at === begun && from !== undefined ? from : prefix, end: prefixEnd(prefix) ?? prefix };
      const rows = readRows(this.#host.storage, transaction, range, indexBuildRows);
      if (rows.length === 0) continue;
      for (const { key } of rows) transaction.write(key, undefined, 'blind');
      return { job, from: `${rows[rows.length - 1].key}\0` };
    }
    return { job: { ...job, status: 'completed' } };
  }

  #fail(known: Job, details: string, transaction: OpenTransaction, catalog: LoadedCatalog): Step | undefined {
    const job = this.#current(known, transaction);
    if (job === undefined) return undefined;
    if (job.work.kind === 'buildIndex') leaveInvalid(job.work, transaction, catalog);
    const failed: Job = { ...job, status: 'failed', details };
    transaction.write(jobKey(job.id), encodeJob(failed), 'write');
    return { job: failed, isDone: true };
  }

  async #inTransaction<T>(body: (transaction: OpenTransaction, catalog: LoadedCatalog) => Promise<T>): Promise<T> {
    const { world, adjudicator, catalogs } = this.#host;
    const transaction = await beginNodeTransaction(this.#host);
    const result = await body(transaction, catalogs.at(transaction.snapshot));
    const request = commitRequest(transaction, world.random, world.clock.monotonicMs());
    if (request !== undefined) await commit(adjudicator, request);
    return result;
  }
}

/** Connection (08: no leader, outcome unknown) or operator intervention (57P: cut off): the work may be done already, or can be later. */
const isOfCluster = (error: SqlError): boolean => error.sqlstate.startsWith('08') || error.sqlstate.startsWith('57P');
