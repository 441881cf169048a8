/**
 * One history from a seed: clients in every Region, faults, a quiet end, and the checks.
 *
 *   list-append   transactions read and append to lists           strong-si-checker.ts
 *   bank          transfers between accounts; the sum is constant in every snapshot
 *   family        children are inserted under parents (share mark), parents deleted when they have none: no orphan is ever left
 *   journal       holds what was acknowledged, at the timestamp that was answered, and nothing that was refused
 *   quiet end     everything is healed and started; each Region must commit within a bound; replicas must be alike
 *
 * The same seed gives the same events, to the last bit: the result's hash is over all of them.
 */
import { createHash, type Hash } from 'node:crypto';
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { SqlError } from '#base/sql-error.ts';
import type { Logger } from '#base/world.ts';
import type { HistoryTransaction, Operation, Violation } from './history.ts';
import { Scheduler } from './scheduler.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedTarget, SimulationParts } from './simulated-target.ts';
import type { SimulatedReplica } from './stored-replica.ts';
import { checkStrongSnapshotIsolation, checkTimestamps } from './strong-si-checker.ts';

export type SimulationOptions = {
  readonly seed: number;
  /** Transactions to be tried, over all clients. */
  readonly transactions: number;
  /** What is tried: one process with all Regions, or a fleet. */
  readonly make: (parts: SimulationParts) => SimulatedTarget;
  /** Resolves when no promise continuation is left to run: setImmediate, in effect. */
  readonly settle: () => Promise<void>;
  readonly log: Logger;
};

export type SimulationResult = {
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
  readonly virtualSeconds: number;
  readonly events: number;
};

const lists = ['list a', 'list b', 'list c', 'list d', 'list e', 'list f'];
const accounts = ['account 1', 'account 2', 'account 3', 'account 4', 'account 5'];
const openingBalance = 100;
const parents = ['parent 1', 'parent 2', 'parent 3'];
const livenessMs = 30_000;
const clientsPerRegion = 3;

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  return simulation.run();
}

type Doors = NonNullable<ReturnType<SimulatedTarget['doors']>>;

/** What a client can do in a transaction; `read` and `commit` throw Ended when power is lost meanwhile. */
type OpenTransaction = {
  readonly snapshot: number;
  read(key: string): unknown;
  write(key: string, value: unknown, mode?: 'write' | 'update'): void;
  mark(key: string, mode: 'write' | 'share'): void;
};

type TransactionOutcome = {
  readonly kind: 'committed' | 'aborted' | 'unknown';
  readonly snapshot: number;
  readonly timestamp: number | undefined;
  readonly transactionId: string;
};

/** Power was lost: nobody will answer. */
class Ended extends Error {}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: SeededRandom;
  readonly #scheduler: Scheduler;
  readonly #deployment: SimulatedTarget;
  readonly #hash: Hash = createHash('sha256');
  readonly #history: (HistoryTransaction & { readonly transactionId: string })[] = [];
  readonly #violations: Violation[] = [];
  readonly #counts: Record<string, number> = {};
  #moment = 0;
  #tried = 0;
  #nextValue = 1;
  #faultsEnd = false;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#scheduler = new Scheduler(this.#random, options.settle);
    this.#deployment = options.make({
      scheduler: this.#scheduler,
      random: this.#random,
      log: options.log,
      onFailure: (error) => this.#violate('failure', error.message),
    });
  }

  async run(): Promise<SimulationResult> {
    let isDone = false;
    const story = this.#story().then(
      () => {
        isDone = true;
      },
      (error: unknown) => {
        isDone = true;
        this.#violate('simulation', error instanceof Error ? (error.stack ?? error.message) : String(error));
      },
    );
    // A history that has found its bug need not go on.
    await this.#scheduler.run(() => isDone || this.#violations.length > 0);
    if (!isDone && this.#violations.length === 0) this.#violate('liveness', 'nothing is left to happen, and the history has not ended');
    if (isDone) await story;
    if (this.#violations.length === 0) this.#checkHistory();
    return {
      hash: this.#hash.digest('hex'),
      violations: this.#violations,
      counts: this.#counts,
      virtualSeconds: Math.round(this.#scheduler.nowMs / 1000),
      events: this.#scheduler.count,
    };
  }

  #note(event: string): void {
    this.#hash.update(`${this.#scheduler.nowMs} ${event}\n`);
    this.#options.log.debug(event, { atMs: Math.round(this.#scheduler.nowMs) });
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  #violate(name: string, detail: string): void {
    this.#note(`violation ${name}: ${detail}`);
    this.#violations.push({ name, detail });
  }

  #checkHistory(): void {
    const { committed } = this.#deployment;
    for (const { id, transactionId, outcome, commitTimestamp } of this.#history) {
      const inJournal = committed.get(transactionId);
      if (outcome === 'ok' && inJournal !== commitTimestamp)
        this.#violate('journal', `transaction ${id} was answered ${commitTimestamp}, and is at ${inJournal}`);
      if (outcome === 'fail' && inJournal !== undefined) this.#violate('journal', `transaction ${id} was refused, and is at ${inJournal}`);
    }
    this.#violations.push(...checkStrongSnapshotIsolation(this.#history));
    this.#violations.push(
      ...checkTimestamps(this.#history.map((each) => ({ ...each, commitTimestamp: committed.get(each.transactionId) }))),
    );
  }

  async #story(): Promise<void> {
    await this.#deployment.start();
    await this.#setUp();
    const clients = this.#deployment.regions.flatMap((region) => Array.from({ length: clientsPerRegion }, () => this.#client(region)));
    const faults = this.#faults();
    await Promise.all(clients);
    this.#faultsEnd = true;
    await faults;
    await this.#quietEnd();
  }

  /** As a client would: the adjudicator may change at any time, and then it is to be tried again. */
  async #setUp(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#transaction(this.#deployment.regions[0], (open) => {
        for (const account of accounts) open.write(account, openingBalance, 'write');
        for (const parent of parents) open.write(parent, { children: 0 }, 'write');
      });
      if (outcome.kind === 'committed') return;
      if (outcome.kind !== 'aborted' || tries === 5) throw new Error(`the first transaction ended as ${outcome.kind}`);
    }
  }

  async #client(region: string): Promise<void> {
    while (this.#tried < this.#options.transactions) {
      await this.#scheduler.sleep(this.#random.between(1, 150));
      if (this.#deployment.doors(region) === undefined) {
        await this.#scheduler.sleep(this.#random.between(50, 300));
        continue;
      }
      this.#tried++;
      const draw = this.#random.float();
      if (draw < 0.6) await this.#listAppend(region);
      else if (draw < 0.7) await this.#audit(region);
      else if (draw < 0.85) await this.#transfer(region);
      else await this.#family(region);
    }
  }

  // --- transactions ---

  /** Runs `body` in a transaction. A body that has written nothing is answered when what it has read is stable. */
  async #transaction(region: string, body: (open: OpenTransaction) => void): Promise<TransactionOutcome> {
    const transactionId = Buffer.from(this.#random.bytes(13)).toString('hex');
    const doors = this.#deployment.doors(region);
    if (doors === undefined) return { kind: 'aborted', snapshot: 0, timestamp: undefined, transactionId };
    let isSent = false;
    let snapshot = 0;
    try {
      snapshot = await this.#within(doors, doors.readPoint.begin());
      const { epoch } = doors.readPoint;
      if (this.#random.chance(0.5)) await this.#within(doors, this.#scheduler.sleep(this.#random.between(0, 40)));
      const { request, observed } = this.#perform(doors.replica, { transactionId, snapshot, epoch }, body);
      if (!this.#deployment.answersUnstable && observed > doors.readPoint.stable) {
        this.#count('waits for stable');
        await this.#within(doors, doors.readPoint.untilStable(observed));
      }
      if (request === undefined) return { kind: 'committed', snapshot, timestamp: undefined, transactionId };
      isSent = true;
      const verdict = await this.#within(doors, doors.adjudicator.commit(request));
      this.#count(verdict.kind);
      return { kind: outcomeOf(verdict), snapshot, timestamp: verdict.kind === 'committed' ? verdict.timestamp : undefined, transactionId };
    } catch (error) {
      if (!(error instanceof Ended || error instanceof SqlError)) throw error;
      this.#count(error instanceof Ended ? 'cut short by a crash' : `refused (${error.sqlstate})`);
      return { kind: isSent ? 'unknown' : 'aborted', snapshot, timestamp: undefined, transactionId };
    }
  }

  async #within<T>(doors: Doors, work: T | Promise<T>): Promise<T> {
    if (!(work instanceof Promise)) return work;
    const result = await Promise.race([work.then((value) => ({ value })), doors.ended]);
    if (result === 'ended') throw new Ended();
    return result.value;
  }

  /** Synchronous: a replica of a Region that is being stopped is not read half. */
  #perform(
    replica: SimulatedReplica,
    { transactionId, snapshot, epoch }: Pick<CommitRequest, 'transactionId' | 'snapshot' | 'epoch'>,
    body: (open: OpenTransaction) => void,
  ): { readonly request: CommitRequest | undefined; readonly observed: number } {
    let observed = 0;
    const own = new Map<string, { readonly value: unknown; readonly mode: 'write' | 'update' }>();
    const marks: { readonly key: string; readonly mode: 'write' | 'share' }[] = [];
    body({
      snapshot,
      read: (key) => {
        const mine = own.get(key);
        if (mine !== undefined) return mine.value;
        const found = replica.get(key, snapshot);
        observed = Math.max(observed, found.observed);
        return found.value === undefined ? undefined : JSON.parse(Buffer.from(found.value).toString());
      },
      write: (key, value, mode = 'update') => own.set(key, { value, mode }),
      mark: (key, mode) => marks.push({ key, mode }),
    });
    if (own.size === 0 && marks.length === 0) return { request: undefined, observed };
    const writes = [...own].map(([key, { value, mode }]) => ({
      key,
      mode,
      value: value === undefined ? undefined : Buffer.from(JSON.stringify(value)),
    }));
    return { request: { partition: 0, epoch, transactionId, snapshot, writes, marks, bytes: 100 }, observed };
  }

  async #listAppend(region: string): Promise<void> {
    const plan = Array.from({ length: 1 + this.#random.integer(4) }, () => ({
      key: this.#random.pick(lists),
      appends: this.#random.chance(0.45),
    }));
    await this.#recorded(region, plan);
  }

  async #recorded(
    region: string,
    plan: readonly { readonly key: string; readonly appends: boolean }[],
  ): Promise<'committed' | 'aborted' | 'unknown'> {
    const id = this.#history.length + this.#tried * 1_000_000;
    const invoked = this.#moment++;
    const operations: Operation[] = [];
    const values = plan.map(({ appends }) => (appends ? this.#nextValue++ : 0));
    const { kind, snapshot, timestamp, transactionId } = await this.#transaction(region, (open) => {
      for (const [i, { key, appends }] of plan.entries()) {
        const held = listOf(open.read(key));
        if (!appends) {
          operations.push({ kind: 'read', key, values: held });
          continue;
        }
        operations.push({ kind: 'append', key, value: values[i] });
        open.write(key, [...held, values[i]]);
      }
    });
    const outcome = kind === 'committed' ? 'ok' : kind === 'aborted' ? 'fail' : 'info';
    this.#history.push({ transactionId, id, invoked, returned: this.#moment++, outcome, operations, snapshot, commitTimestamp: timestamp });
    this.#note(`${region} ${outcome} ${JSON.stringify(operations)} ${timestamp}`);
    return kind;
  }

  async #transfer(region: string): Promise<void> {
    const [from, to] = [this.#random.pick(accounts), this.#random.pick(accounts)];
    const amount = 1 + this.#random.integer(30);
    if (from === to) return;
    const { kind } = await this.#transaction(region, (open) => {
      open.write(from, balanceOf(open.read(from)) - amount);
      open.write(to, balanceOf(open.read(to)) + amount);
    });
    this.#note(`${region} transfer ${kind}`);
  }

  async #audit(region: string): Promise<void> {
    let sum = 0;
    let hasRead = false;
    const orphans: string[] = [];
    const { kind } = await this.#transaction(region, (open) => {
      hasRead = true;
      sum = 0;
      for (const account of accounts) sum += balanceOf(open.read(account));
      for (const parent of parents) {
        for (let i = 0; i < 8; i++)
          if (open.read(`${parent} child ${i}`) !== undefined && open.read(parent) === undefined) orphans.push(`${parent} child ${i}`);
      }
    });
    this.#note(`${region} audit ${kind} ${sum}`);
    if (kind !== 'committed' || !hasRead) return;
    if (sum !== accounts.length * openingBalance) this.#violate('bank', `the accounts hold ${sum}`);
    if (orphans.length > 0) this.#violate('orphan', `${orphans} without its parent`);
  }

  /** Children depend on their parent by a share mark; who deletes a parent has seen that it has none. */
  async #family(region: string): Promise<void> {
    const parent = this.#random.pick(parents);
    const child = `${parent} child ${this.#random.integer(8)}`;
    const draw = this.#random.float();
    const { kind } = await this.#transaction(region, (open) => {
      if (draw < 0.4) {
        if (open.read(parent) === undefined) return;
        open.write(child, 1, 'write');
        open.mark(parent, 'share');
      } else if (draw < 0.7) open.write(child, undefined, 'write');
      else if (draw < 0.85) {
        for (let i = 0; i < 8; i++) if (open.read(`${parent} child ${i}`) !== undefined) return;
        open.write(parent, undefined, 'write');
      } else if (open.read(parent) === undefined) open.write(parent, { children: 0 }, 'write');
    });
    this.#note(`${region} family ${kind}`);
  }

  // --- faults ---

  async #faults(): Promise<void> {
    while (!this.#faultsEnd) {
      await this.#scheduler.sleep(this.#random.between(50, 1500));
      if (this.#faultsEnd) return;
      await this.#deployment.fault((what, counted) => this.#event(what, counted));
    }
  }

  #event(what: string, counted: string): void {
    this.#count(counted);
    this.#note(what);
  }

  // --- the end ---

  async #quietEnd(): Promise<void> {
    await this.#deployment.mendAll();
    for (const region of this.#deployment.regions) await this.#mustCommit(region);
    await this.#scheduler.sleep(5000);
    for (const region of this.#deployment.regions) {
      await this.#recorded(
        region,
        lists.map((key) => ({ key, appends: false })),
      );
      await this.#audit(region);
    }
    for (const difference of this.#deployment.differences()) this.#violate('replicas', difference);
  }

  async #mustCommit(region: string): Promise<void> {
    const start = this.#scheduler.nowMs;
    while (this.#scheduler.nowMs - start < livenessMs) {
      if ((await this.#recorded(region, [{ key: lists[0], appends: true }])) === 'committed') return;
      await this.#scheduler.sleep(200);
    }
    this.#violate('liveness', `${region} does not commit within ${livenessMs} ms of the last fault`);
  }
}

function outcomeOf(verdict: Verdict): 'committed' | 'aborted' | 'unknown' {
  if (verdict.kind === 'committed') return 'committed';
  return verdict.kind === 'unknown' ? 'unknown' : 'aborted';
}

const listOf = (value: unknown): readonly number[] => (Array.isArray(value) ? value.map(Number) : []);
const balanceOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
