/**
 * Statement run: what one running statement gives its operators (executor/operator.ts, Run), and its end by cancel request or time limit.
 */
import { statementMemoryBytes, timeSliceMs } from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock, Disk, TemporaryFile, Timers } from '#base/world.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { FunctionCall } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { Interval } from '#sql/types/interval-value.ts';
import type { Observed, Storage, Wait } from '#storage/storage.ts';
import type { Activity } from '../activity/activity.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { CommonTableRows, MemoryFigures, Rows } from '../executor/operator.ts';
import type { StatementWrites } from '../executor/statement-writes.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { nothingSpills, StatementFiles, StatementMemory, type WorkMemory } from './memory-account.ts';
import type { CallingRun, CallRoutine } from './nested-run.ts';

/** A cancel request for the statement that runs. One object a message of the client. */
export class Cancellation {
  #error: SqlError | undefined;
  #promise: Promise<never> | undefined;
  #reject: ((error: SqlError) => void) | undefined;

  get isCancelled(): boolean {
    return this.#error !== undefined;
  }

  cancel(message: string): void {
    if (this.#error !== undefined) return;
    this.#error = new SqlError(sqlstate.queryCanceled, message);
    this.#reject?.(this.#error);
  }

  throwIfCancelled(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Settles as `wait` does, or rejects when the statement is cancelled first. */
  race<T>(wait: Promise<T>): Promise<T> {
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#promise === undefined) {
      this.#promise = new Promise((_, reject) => {
        this.#reject = reject;
      });
      // Nobody may be waiting when the cancel comes; whoever asks later is told by `race` and `throwIfCancelled`.
      this.#promise.catch(() => undefined);
    }
    return Promise.race([wait, this.#promise]);
  }
}

/** pg_proc oids. */
const pgSleep = 2626;
const pgSleepFor = 3935;
const pgSleepUntil = 3936;
const nextval = 1574;
/** Microseconds between 1970 and 2000, where timestamps begin. */
const epochDifference = 946_684_800_000_000;

const intervalMs = (interval: Interval): number =>
  (interval.months * 30 + interval.days) * 86_400_000 + Number(interval.microseconds) / 1000;
/** A timer's greatest delay. */
const longestSleepMs = 2_147_483_647;

/** Locks that statements wait for; a statement's own cancellation ends its wait. */
export type LockWaits = { waitForLock(functionName: string, args: readonly Datum[], cancellation: Cancellation): Promise<Datum> };

/** nextval of a whole batch: the sequence's oid is each call's argument. */
export type SequenceCalls = { nextval(calls: readonly (readonly Datum[])[]): Promise<readonly Datum[]> };

export class StatementRun implements CallingRun {
  readonly storage: Storage;
  readonly transaction: Transaction;
  readonly catalog: Catalog;
  readonly context: EvaluationContext;
  readonly observed: Observed & { bytes: number } = { newest: 0, bytes: 0 };
  readonly memory: StatementMemory;
  #commonTables: Map<number, CommonTableRows> | undefined;
  /** Another one when a suspended portal goes on in a later message. */
  cancellation: Cancellation;
  rowsWanted: number | undefined = undefined;
  frozen: Transaction | undefined = undefined;
  readonly depth = 0;
  /** Calls of users' functions that are run by themselves. */
  routines: CallRoutine | undefined = undefined;
  changedRows = 0;
  writes: StatementWrites | undefined = undefined;
  activity: Activity | undefined = undefined;
  /** pg_advisory_lock and its kin. */
  lockWaits: LockWaits | undefined = undefined;
  /** Set by EXPLAIN ANALYZE before the operators start. */
  instrument?: (plan: PhysicalPlan, rows: Rows) => Rows;
  report?: (plan: PhysicalPlan, figures: MemoryFigures) => void;
  removed?: (plan: PhysicalPlan, rows: number) => void;
  readonly #work: WorkMemory;
  readonly #disk: Disk;
  readonly #temporaryDirectory: string;
  #files: StatementFiles | undefined;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #sequences: SequenceCalls;
  #sliceStartMs: number;

  constructor(
    world: { readonly clock: Clock; readonly timers: Timers; readonly disk: Disk },
    storage: Storage,
    transaction: Transaction,
    catalog: Catalog,
    context: EvaluationContext,
    cancellation: Cancellation,
    sequences: SequenceCalls,
    work: WorkMemory = nothingSpills,
    temporaryDirectory = '',
  ) {
    this.#sequences = sequences;
    this.memory = new StatementMemory(statementMemoryBytes, work);
    this.#work = work;
    this.#disk = world.disk;
    this.#temporaryDirectory = temporaryDirectory;
    this.#clock = world.clock;
    this.#timers = world.timers;
    this.storage = storage;
    this.transaction = transaction;
    this.catalog = catalog;
    this.context = context;
    this.cancellation = cancellation;
    this.#sliceStartMs = world.clock.monotonicMs();
  }

  get commonTables(): Map<number, CommonTableRows> {
    this.#commonTables ??= new Map();
    return this.#commonTables;
  }

  waitFor(procOid: number, calls: readonly (readonly Datum[])[]): readonly Datum[] | Promise<readonly Datum[]> {
    switch (procOid) {
      case pgSleep:
        return this.#sleep(calls.map(([seconds]) => Number(seconds) * 1000));
      case pgSleepFor:
        return this.#sleep(calls.map(([interval]) => (interval instanceof Interval ? intervalMs(interval) : 0)));
      case pgSleepUntil:
        return this.#sleep(calls.map(([until]) => (Number(until) + epochDifference - this.#clock.now()) / 1000));
      case nextval:
        return this.#sequences.nextval(calls);
      default:
        return this.#lock(procOid, calls);
    }
  }

  /** One after the other, in the order of the rows. */
  async #lock(procOid: number, calls: readonly (readonly Datum[])[]): Promise<readonly Datum[]> {
    const name = procByOid(procOid)?.name;
    const { lockWaits } = this;
    if (lockWaits === undefined || name === undefined) throw notSupported('this function cannot be waited for');
    const answers: Datum[] = [];
    for (const args of calls) answers.push(await lockWaits.waitForLock(name, args, this.cancellation));
    return answers;
  }

  /** One after the other. */
  async #sleep(times: readonly number[]): Promise<readonly Datum[]> {
    for (const ms of times) await this.cancellation.race(this.#timers.sleep(Math.min(Math.max(0, ms), longestSleepMs)));
    return times.map(() => '');
  }

  callRoutine(call: FunctionCall, args: readonly Datum[]): Rows {
    if (this.routines === undefined) throw notSupported('functions whose statements are run one by one cannot be called here');
    return this.routines(call, args, this);
  }

  openTemporary(): TemporaryFile {
    this.#files ??= new StatementFiles(this.#disk, this.#temporaryDirectory, this.#work);
    return this.#files.open();
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  shouldPause(): boolean {
    return this.#clock.monotonicMs() - this.#sliceStartMs > timeSliceMs;
  }

  pause(): Wait {
    return this.#pause();
  }

  async #pause(): Promise<void> {
    this.cancellation.throwIfCancelled();
    await this.#timers.yield();
    this.cancellation.throwIfCancelled();
    this.#sliceStartMs = this.#clock.monotonicMs();
  }
}
