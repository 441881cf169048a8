/**
 * The active adjudicator of a cluster.
 *
 *   commit()  →  decide (synchronous)  →  current batch  →  append  →  durable  →  received by quorum and lease holders  →  answers
 *                                            fills while one append is under way
 *
 * It begins by reading the journal back (conflict-history.ts) and appending a claim with the next epoch. From then on it alone appends; an append that finds the
 * journal moved, or fails, ends this leadership: what had been sent is answered `unknown`, the rest `unavailable`, and `onStopped` is called once.
 *
 * Answers go out in journal order, when both conditions of A5 hold; at the same moment the stable mark is announced, announcement first, so that
 * a client never hears of its commit before its own node may show it. The claim itself goes the same way: with it, everything before becomes stable.
 *
 * Whether it still leads: an `exclusive` journal belongs to this process, and whoever follows stops this leader first. Otherwise every append
 * confirms the leadership for `leadershipMs` from before it was sent (successors wait that long), and a read of the head appends an empty batch
 * when that has run out.
 */
import { assert } from '#base/assert.ts';
import { randomId } from '#base/base32.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { Receipts } from '#crossbar/crossbar.ts';
import type { CommitRecord, Journal, JournalPosition } from '#journal/journal.ts';
import type { Adjudicator, CommitRequest, Verdict } from './adjudicator.ts';
import { AppendPace } from './append-pace.ts';
import { CommitClock } from './commit-clock.ts';
import { type DecisionMaker, decisionMaker } from './commit-decision.ts';
import { ConflictHistory, type ConflictHistoryOptions } from './conflict-history.ts';
import type { ConflictTable } from './conflict-table.ts';
import type { VerdictMemory } from './verdict-memory.ts';

export type LeaderOptions = ConflictHistoryOptions & {
  readonly world: World;
  readonly journal: Journal;
  readonly receipts: Receipts;
  /** Nobody else can append while this leader has not been stopped. */
  readonly exclusive: boolean;
  /** This leadership has ended by itself: the journal moved, or failed. */
  readonly onStopped: (reason: string) => void;
  /** What is known of the journal already; it is the leader's from now on. Read back from the journal when left out. */
  readonly history?: ConflictHistory;
  /** Bounds of one entry: 1 MiB (or one larger transaction), 4 096 records. */
  readonly batchBytes?: number;
  readonly batchRecords?: number;
  /** Bytes decided and not yet answered, beyond which requests wait undecided; 64 MiB. */
  readonly unansweredBytes?: number;
  /** Requests that may wait undecided, beyond which they are refused; 10 000. */
  readonly waitingRequests?: number;
  /** Greatest number of appends under way at once; 1. More pay where an append takes a journey (append-pace.ts). */
  readonly appendsUnderWay?: number;
  /** 3 s; see above. */
  readonly leadershipMs?: number;
  /** Break the rules on purpose, for the simulator alone: isolation; that a claim is known from another; that nothing is answered before it is durable. */
  readonly skipConflictCheck?: boolean;
  readonly skipFencing?: boolean;
  readonly skipDurability?: boolean;
};

type Batch = {
  readonly records: CommitRecord[];
  readonly answers: ((verdict: Verdict) => void)[];
  readonly barriers: ((isLeader: boolean) => void)[];
  bytes: number;
};

/** Durable, not yet known to be received everywhere. */
type Unanswered = {
  readonly position: JournalPosition;
  readonly timestamp: Timestamp;
  readonly batch: Batch;
};

type Waiting = { readonly request: CommitRequest; readonly answer: (verdict: Verdict) => void };

/** Lost the race for the claim: somebody else has just claimed. */
export class ClaimLost extends Error {
  override readonly name = 'ClaimLost';
}

/** Reads the journal back and claims. Rejects with ClaimLost, or with the journal's error. */
export async function startLeader(options: LeaderOptions): Promise<Leader> {
  const { world, journal } = options;
  const past = options.history ?? new ConflictHistory(world.random, options);
  await past.catchUp(journal);
  const epoch = past.epoch + 1;
  const claimant = options.skipFencing === true ? '' : randomId(world.random);
  const sentMs = world.clock.monotonicMs();
  const claimed = await journal.append({ kind: 'claim', epoch, floor: past.lastTimestamp, claimant }, past.position);
  if (claimed === 'moved') throw new ClaimLost(`the journal moved beyond position ${past.position} before epoch ${epoch} could claim it`);
  world.log.info('adjudicator claims the journal', { epoch, position: claimed.position, floor: past.lastTimestamp });
  return new Leader(options, {
    epoch,
    position: claimed.position,
    floor: past.lastTimestamp,
    table: past.table,
    verdicts: past.verdicts,
    sentMs,
  });
}

type Claim = {
  readonly epoch: number;
  readonly position: JournalPosition;
  readonly floor: Timestamp;
  readonly table: ConflictTable;
  readonly verdicts: VerdictMemory;
  readonly sentMs: number;
};

const claimedByAnother = 'another adjudicator has claimed the journal';
const tooOld: Verdict = { kind: 'tooOld' };
const unknown: Verdict = { kind: 'unknown' };
const unavailable = (reason: string): Verdict => ({ kind: 'unavailable', reason });

export class Leader implements Adjudicator {
  readonly epoch: number;
  readonly claimPosition: JournalPosition;
  readonly #world: World;
  readonly #journal: Journal;
  readonly #receipts: Receipts;
  readonly #exclusive: boolean;
  readonly #leadershipMs: number;
  readonly #onStopped: (reason: string) => void;
  readonly #batchBytes: number;
  readonly #batchRecords: number;
  readonly #unansweredLimit: number;
  readonly #waitingLimit: number;
  readonly #table: ConflictTable;
  readonly #verdicts: VerdictMemory;
  readonly #clock: CommitClock;
  readonly #decide: DecisionMaker;
  readonly #stopListening: () => void;

  #batch: Batch = emptyBatch();
  /** In the order of their positions. */
  readonly #inFlight: Batch[] = [];
  readonly #pace: AppendPace;
  readonly #skipDurability: boolean;
  readonly #waiting: Waiting[] = [];
  #unanswered: Unanswered[] = [];
  #unansweredBytes = 0;
  /** Of the last entry that is durable. */
  #position: JournalPosition;
  #head: Timestamp;
  #stable: Timestamp = 0;
  #answeredPosition: JournalPosition;
  #confirmedUntilMs: number;
  #stopped: string | undefined;
  #idle: (() => void)[] = [];
  readonly #awaitingClaim: (() => void)[] = [];

  constructor(options: LeaderOptions, claim: Claim) {
    this.epoch = claim.epoch;
    this.claimPosition = claim.position;
    this.#world = options.world;
    this.#journal = options.journal;
    this.#receipts = options.receipts;
    this.#exclusive = options.exclusive;
    this.#leadershipMs = options.leadershipMs ?? 3000;
    this.#pace = new AppendPace(options.appendsUnderWay ?? 1);
    this.#skipDurability = options.skipDurability ?? false;
    this.#onStopped = options.onStopped;
    this.#batchBytes = options.batchBytes ?? 2 ** 20;
    this.#batchRecords = options.batchRecords ?? 4096;
    this.#unansweredLimit = options.unansweredBytes ?? 64 * 2 ** 20;
    this.#waitingLimit = options.waitingRequests ?? 10_000;
    this.#table = claim.table;
    this.#verdicts = claim.verdicts;
    this.#clock = new CommitClock(options.world.clock, claim.floor);
    this.#decide = decisionMaker(claim.table, this.#clock, options.skipConflictCheck ?? false);
    this.#position = claim.position;
    this.#answeredPosition = claim.position - 1;
    this.#head = claim.floor;
    this.#confirmedUntilMs = claim.sentMs + this.#leadershipMs * 0.9;
    this.#unanswered.push({ position: claim.position, timestamp: claim.floor, batch: emptyBatch() });
    this.#stopListening = this.#receipts.onProgress(() => this.#answer());
  }

  /** Must be called once the receipts know of this leader: announces the claim's floor when it is received everywhere. */
  begin(): void {
    this.#answer();
  }

  /** Timestamp of the newest durable commit. */
  get head(): Timestamp {
    return this.#head;
  }

  get stable(): Timestamp {
    return this.#stable;
  }

  /** Everything up to here has been answered; what a node has to have received before it may hold a lease. */
  get answeredPosition(): JournalPosition {
    return this.#answeredPosition;
  }

  /** Where the conflict window begins: what is older may be truncated. */
  get lowWater(): Timestamp {
    return this.#table.lowWater;
  }

  get stopped(): boolean {
    return this.#stopped !== undefined;
  }

  commit(request: CommitRequest): Promise<Verdict> {
    assert(request.writes.length > 0 || request.marks.length > 0, 'read-only transactions do not come to the adjudicator');
    assert(request.partition === 0, 'there is one partition');
    if (this.#stopped !== undefined) return Promise.resolve(unavailable(this.#stopped));
    const first = this.#verdicts.firstAnswer(request.transactionId);
    // What an earlier leadership committed is only as stable as this one's claim: until then somebody may hold a lease and not have received it.
    if (first !== undefined)
      return this.#claimIsStable ? Promise.resolve(first) : this.#untilClaimStable().then(() => (this.#claimIsStable ? first : unknown));
    if (request.epoch !== this.epoch) return Promise.resolve(tooOld);
    if (!this.#receipts.hasQuorum) return Promise.resolve(unavailable('no quorum of Regions can be reached'));
    if (this.#waiting.length >= this.#waitingLimit) return Promise.resolve(unavailable('too many commits are waiting'));
    const answer = new Promise<Verdict>((resolve) => {
      if (this.#waiting.length > 0 || !this.#hasRoom(request)) this.#waiting.push({ request, answer: resolve });
      else this.#admit(request, resolve);
    });
    this.#verdicts.remember(request.transactionId, answer);
    this.#send();
    return answer;
  }

  /**
   * A timestamp at or above everything acknowledged before the call, from a leader that still was one after reading it. Throws, or rejects, when it
   * is none.
   */
  confirmedHead(): Timestamp | Promise<Timestamp> {
    if (this.#stopped !== undefined) throw new NotLeading(this.#stopped);
    const head = this.#head;
    if (this.#exclusive || this.#world.clock.monotonicMs() < this.#confirmedUntilMs) return head;
    return this.confirm().then(() => head);
  }

  /** Resolves when something that was appended after the call is durable: this leader led at the call. Rejects with NotLeading. */
  confirm(): Promise<void> {
    if (this.#stopped !== undefined) return Promise.reject(new NotLeading(this.#stopped));
    return new Promise((resolve, reject) => {
      this.#batch.barriers.push((isLeader) => (isLeader ? resolve() : reject(new NotLeading(this.#stopped ?? ''))));
      this.#send();
    });
  }

  get #claimIsStable(): boolean {
    return this.#answeredPosition >= this.claimPosition;
  }

  /** Also when this leadership ends: who asks then asks the next one. */
  #untilClaimStable(): Promise<void> {
    return new Promise((resolve) => this.#awaitingClaim.push(resolve));
  }

  #claimSettled(): void {
    for (const resolve of this.#awaitingClaim.splice(0)) resolve();
  }

  /** A1: from the check to the place in the batch nothing else runs. Hot. */
  #admit(request: CommitRequest, answer: (verdict: Verdict) => void): void {
    const decision = this.#decide(request);
    if (decision.kind !== 'commit') {
      answer(decision);
      return;
    }
    const { transactionId, snapshot, writes, marks, bytes } = request;
    const batch = this.#batch;
    batch.records.push({ transactionId, timestamp: decision.timestamp, snapshot, writes, marks: lastingMarks(marks) });
    batch.answers.push(answer);
    batch.bytes += bytes;
    this.#unansweredBytes += bytes;
  }

  #hasRoom(request: CommitRequest): boolean {
    if (this.#unansweredBytes > this.#unansweredLimit) return false;
    const { records, bytes } = this.#batch;
    return records.length === 0 || (records.length < this.#batchRecords && bytes + request.bytes <= this.#batchBytes);
  }

  #admitWaiting(): void {
    let admitted = 0;
    while (admitted < this.#waiting.length && this.#hasRoom(this.#waiting[admitted].request)) {
      const { request, answer } = this.#waiting[admitted++];
      this.#admit(request, answer);
    }
    if (admitted > 0) this.#waiting.splice(0, admitted);
  }

  #send(): void {
    if (this.#inFlight.length >= this.#pace.appendsUnderWay || this.#stopped !== undefined) return;
    const batch = this.#batch;
    if (batch.records.length === 0 && batch.barriers.length === 0) return;
    this.#batch = emptyBatch();
    const behind = this.#position + this.#inFlight.length;
    this.#inFlight.push(batch);
    if (this.#skipDurability) acknowledge(batch, behind + 1);
    const sentMs = this.#exclusive ? 0 : this.#world.clock.monotonicMs();
    this.#journal.append({ kind: 'commits', epoch: this.epoch, records: batch.records }, behind).then(
      (placed) => {
        if (placed === 'moved') this.#stop(claimedByAnother, unavailable('this adjudicator no longer leads'));
        else this.#appended(batch, placed.position, sentMs);
      },
      (error: Error) => this.#stop(error.message, unknown),
    );
    this.#admitWaiting();
  }

  #appended(batch: Batch, position: JournalPosition, sentMs: number): void {
    // stop() has answered the batch already.
    if (this.#stopped !== undefined) return;
    assert(position === this.#position + 1, 'J1: the leader alone appends');
    assert(this.#inFlight.shift() === batch, 'J2: appends become durable in order');
    this.#position = position;
    if (!this.#exclusive) this.#pace.note(this.#world.clock.monotonicMs() - sentMs);
    this.#confirmedUntilMs = Math.max(this.#confirmedUntilMs, sentMs + this.#leadershipMs * 0.9);
    if (batch.records.length > 0) this.#head = batch.records[batch.records.length - 1].timestamp;
    for (const barrier of batch.barriers) barrier(true);
    this.#unanswered.push({ position, timestamp: this.#head, batch });
    this.#answer();
    this.#send();
  }

  /** Everything at the front that is received everywhere becomes stable and is answered, in order. Hot. */
  #answer(): void {
    if (this.#stopped !== undefined) return;
    let count = 0;
    while (count < this.#unanswered.length && this.#receipts.complete(this.#unanswered[count].position)) count++;
    if (count === 0) return;
    const answered = count === this.#unanswered.length ? this.#unanswered : this.#unanswered.slice(0, count);
    this.#unanswered = count === this.#unanswered.length ? [] : this.#unanswered.slice(count);
    const last = answered[count - 1];
    assert(last.timestamp >= this.#stable, 'the stable mark only moves forward');
    this.#answeredPosition = last.position;
    this.#stable = last.timestamp;
    this.#receipts.announce(last.timestamp);
    if (this.#awaitingClaim.length > 0) this.#claimSettled();
    for (const { position, batch } of answered) {
      this.#unansweredBytes -= batch.bytes;
      acknowledge(batch, position);
    }
    if (this.#waiting.length > 0) {
      this.#admitWaiting();
      this.#send();
    }
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || !this.#isIdle) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  get #isIdle(): boolean {
    return this.#unanswered.length === 0 && this.#inFlight.length === 0 && this.#batch.records.length === 0 && this.#waiting.length === 0;
  }

  /** Resolves when everything asked so far has been answered. */
  drained(): Promise<void> {
    if (this.#isIdle || this.#stopped !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Ends this leadership from outside: no further append is sent, and nothing more is answered `committed`. */
  stop(reason: string): void {
    if (this.#stopped !== undefined) return;
    this.#world.log.info('adjudicator stops', { epoch: this.epoch, reason });
    this.#end(reason, unknown);
  }

  /** A later claim has been read: what is under way may have come before it, and only the next leader can tell. */
  deposed(): void {
    this.#stop(claimedByAnother, unknown);
  }

  #stop(reason: string, inFlight: Verdict): void {
    if (this.#stopped !== undefined) return;
    this.#world.log.warn('adjudicator no longer leads', { epoch: this.epoch, reason });
    this.#end(reason, inFlight);
    this.#onStopped(reason);
  }

  #end(reason: string, inFlight: Verdict): void {
    this.#stopped = reason;
    this.#stopListening();
    // Durable ones have been committed, but A5's second half is open: only the next leader can tell.
    for (const { batch } of this.#unanswered) for (const answer of batch.answers) answer(unknown);
    this.#unanswered = [];
    for (const { answers } of this.#inFlight) for (const answer of answers) answer(inFlight);
    const notSent = unavailable(reason);
    for (const answer of this.#batch.answers) answer(notSent);
    for (const { answer } of this.#waiting.splice(0)) answer(notSent);
    for (const { barriers } of [...this.#inFlight, this.#batch]) for (const barrier of barriers) barrier(false);
    this.#inFlight.length = 0;
    for (const resolve of this.#idle.splice(0)) resolve();
    this.#claimSettled();
  }
}

/** The leadership that was asked has ended. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading';
}

// Hot: once a batch.
function acknowledge({ answers, records }: Batch, position: JournalPosition): void {
  for (let i = 0; i < answers.length; i++) answers[i]({ kind: 'committed', timestamp: records[i].timestamp, position });
}

const emptyBatch = (): Batch => ({ records: [], answers: [], barriers: [], bytes: 0 });

const noMarks: CommitRecord['marks'] = [];

/** Marks that later checks need: `read` leaves none. */
function lastingMarks(marks: CommitRequest['marks']): CommitRecord['marks'] {
  let lasting: CommitRecord['marks'][number][] | undefined;
  for (const { key, mode } of marks) if (mode !== 'read') (lasting ??= []).push({ key, mode });
  return lasting ?? noMarks;
}
