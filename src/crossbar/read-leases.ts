/**
 * Read leases, both sides (design 4.6, 4.7).
 *
 * While a node holds a lease, no commit is acknowledged that it has not received; so it may read at its own head without asking. A lease is
 * known by its number; renewed it keeps the number, granted anew it gets another one.
 *
 *   the node     trusts its lease for leaseMs - driftMs from when it *sent* the heartbeat that was answered, and only as long as the wall clock agrees that no
 *                more time has passed: the monotonic clock stands still while a machine is suspended
 *   the leader   waits for the node until leaseMs + driftMs after it *received* that heartbeat
 *
 * Joining takes two steps: from a node's first heartbeat on, commits wait for it; it gets its lease when it has received everything that had been
 * answered by then. Under constant load a node that had to have everything first would never catch the moment.
 */
import type { Clock, Timestamp } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';

export type LeaseTerms = { readonly leaseMs: number; readonly driftMs: number };

export const usualTerms: LeaseTerms = { leaseMs: 2000, driftMs: 100 };

/** When a heartbeat was sent, by the clocks of the node that sent it. */
export type SentAt = { readonly monotonicMs: number; readonly wall: Timestamp };

/** The node's side. */
export class HeldLease {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  #number = 0;
  #untilMonotonicMs = Number.NEGATIVE_INFINITY;
  #untilWall = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, terms: LeaseTerms) {
    this.#clock = clock;
    this.#terms = terms;
  }

  sentNow(): SentAt {
    return { monotonicMs: this.#clock.monotonicMs(), wall: this.#clock.now() };
  }

  take(number: number, sentAt: SentAt): void {
    const trustedMs = this.#terms.leaseMs - this.#terms.driftMs;
    this.#untilMonotonicMs =
      number === this.#number ? Math.max(this.#untilMonotonicMs, sentAt.monotonicMs + trustedMs) : sentAt.monotonicMs + trustedMs;
    this.#untilWall = sentAt.wall + trustedMs * 1000;
    this.#number = number;
  }

  drop(): void {
    this.#number = 0;
  }

  /** Number of the lease that is valid at this moment, 0 for none. Hot. */
  get valid(): number {
    if (this.#number === 0) return 0;
    return this.#clock.monotonicMs() < this.#untilMonotonicMs && this.#clock.now() < this.#untilWall ? this.#number : 0;
  }
}

export type LeaseOfNode = { readonly node: string; readonly number: number };

type Holder = {
  readonly number: number;
  /** Granted when the node has received up to here. */
  readonly joinedAt: JournalPosition;
  /** What the node asked last. */
  sentAt: SentAt;
  expiresMs: number;
  received: JournalPosition;
};

/** The leader's side: whom commits wait for. Times are the leader's monotonic clock. */
export class LeaseTable {
  readonly #clock: Clock;
  readonly #terms: LeaseTerms;
  readonly #holders = new Map<string, Holder>();
  #nextNumber: number;

  /** Numbers are unique over leaderships when each starts from its epoch. */
  constructor(clock: Clock, terms: LeaseTerms, epoch: number) {
    this.#clock = clock;
    this.#terms = terms;
    this.#nextNumber = epoch * 2 ** 20 + 1;
  }

  /**
   * A node asks for its lease, new or renewed. The caller has made sure that it leads. `mustHave`: everything up to here has been answered, or belongs to
   * an earlier leadership. Returns the lease's number, or undefined while the node is still joining.
   */
  ask(node: string, sentAt: SentAt, received: JournalPosition, mustHave: JournalPosition): number | undefined {
    const nowMs = this.#clock.monotonicMs();
    let holder = this.#holders.get(node);
    if (holder === undefined || holder.expiresMs < nowMs) {
      holder = { number: this.#nextNumber++, joinedAt: mustHave, sentAt, expiresMs: 0, received };
      this.#holders.set(node, holder);
    }
    holder.expiresMs = nowMs + this.#terms.leaseMs + this.#terms.driftMs;
    holder.sentAt = sentAt;
    if (received > holder.received) holder.received = received;
    return holder.received >= holder.joinedAt ? holder.number : undefined;
  }

  /** Returns the lease that this receipt completes, when the node was joining. */
  received(node: string, position: JournalPosition): { readonly number: number; readonly sentAt: SentAt } | undefined {
    const holder = this.#holders.get(node);
    if (holder === undefined || position <= holder.received) return undefined;
    const wasJoining = holder.received < holder.joinedAt;
    holder.received = position;
    return wasJoining && position >= holder.joinedAt ? { number: holder.number, sentAt: holder.sentAt } : undefined;
  }

  /** The node has given its lease back, or is known to trust it no more. */
  release(node: string): void {
    this.#holders.delete(node);
  }

  /** True when nobody has to be waited for. Holders whose lease has run out are let go. Hot. */
  allReceived(position: JournalPosition): boolean {
    for (const [node, holder] of this.#holders) {
      if (holder.received >= position) continue;
      if (this.#clock.monotonicMs() <= holder.expiresMs) return false;
      this.#holders.delete(node);
    }
    return true;
  }

  /** Milliseconds until the first of those that hold up `position` runs out; undefined when none does. */
  blockedForMs(position: JournalPosition): number | undefined {
    let first: number | undefined;
    for (const { received, expiresMs } of this.#holders.values()) {
      if (received < position && (first === undefined || expiresMs < first)) first = expiresMs;
    }
    return first === undefined ? undefined : Math.max(first - this.#clock.monotonicMs(), 0);
  }

  /**
   * Leases that an earlier leader, which grants no more, has handed over: they are this table's from now on, as if it had granted them this moment. A node gets its lease renewed when it has
   * received `joinedAt`.
   */
  inherit(leases: readonly LeaseOfNode[], joinedAt: JournalPosition): void {
    const expiresMs = this.#clock.monotonicMs() + this.#terms.leaseMs + this.#terms.driftMs;
    for (const { node, number } of leases)
      this.#holders.set(node, { number, joinedAt, sentAt: { monotonicMs: 0, wall: 0 }, expiresMs, received: 0 });
  }

  /** Nodes that may still trust a lease of this table, or are joining, and until when. */
  outstanding(): readonly (LeaseOfNode & { readonly expiresMs: number })[] {
    return [...this.#holders].map(([node, { number, expiresMs }]) => ({ node, number, expiresMs }));
  }
}
