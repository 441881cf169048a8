/**
 * What a leader of a fleet knows of the nodes: who holds a read lease, and how far each has received the journal.
 *
 * That an entry is durable over a quorum is the journal's own word (an append resolves then); here it is complete when every lease holder has received it. Leases that an earlier leader may
 * have granted are not known: until they must have run out nothing is complete. They were granted by a leader that had confirmed itself with an append before our claim, and run from before
 * that append was sent (design 4.7), so that a lease time and drift after the claim was durable nobody trusts one any more. A leader that stops in good order tells its successor which leases there
 * are: those are then waited for one by one, and there is no quiet time.
 */
import type { Clock, Timers, Timestamp } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { Receipts } from './crossbar.ts';
import { LeaseWaiter } from './lease-waiter.ts';
import { LeaseTable, type LeaseTerms, type SentAt } from './read-leases.ts';

export type FleetReceiptsOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly terms: LeaseTerms;
  readonly epoch: number;
  /** Whether the journal can be reached, as far as this node knows. */
  readonly isConnected: () => boolean;
  readonly announce: (stable: Timestamp) => void;
  /** Breaks C3 on purpose, for the simulator alone. */
  readonly skipReceipts?: boolean;
};

/** How long after a claim leases of earlier leaders may still be trusted somewhere. */
export const unknownLeasesMs = ({ leaseMs, driftMs }: LeaseTerms): number => leaseMs + 2 * driftMs;

export class FleetReceipts implements Receipts {
  readonly leases: LeaseTable;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #waiter: LeaseWaiter;
  readonly #isConnected: () => boolean;
  readonly #announce: (stable: Timestamp) => void;
  readonly #skipReceipts: boolean;
  #onProgress: (() => void) | undefined;
  /** By the monotonic clock. Nothing is complete before `begin`. */
  #quietUntilMs = Number.POSITIVE_INFINITY;
  #cancelQuiet: () => void = () => {};

  constructor(options: FleetReceiptsOptions) {
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.leases = new LeaseTable(options.clock, options.terms, options.epoch);
    this.#waiter = new LeaseWaiter(this.leases, options.timers, () => this.#onProgress?.());
    this.#isConnected = options.isConnected;
    this.#announce = options.announce;
    this.#skipReceipts = options.skipReceipts ?? false;
  }

  /** The claim is durable; `quietMs` from now nobody trusts an earlier leader's lease. */
  begin(quietMs: number): void {
    this.#quietUntilMs = this.#clock.monotonicMs() + quietMs;
    this.#cancelQuiet = this.#timers.after(Math.ceil(quietMs) + 1, () => this.#onProgress?.());
  }

  /** Every lease that anybody may trust is in the table. */
  get knowsAllLeases(): boolean {
    return this.#clock.monotonicMs() >= this.#quietUntilMs;
  }

  get hasQuorum(): boolean {
    return this.#isConnected();
  }

  // Hot: once a batch and receipt.
  complete(position: JournalPosition): boolean {
    return this.knowsAllLeases && (this.#skipReceipts || this.#waiter.allReceived(position));
  }

  onProgress(callback: () => void): () => void {
    this.#onProgress = callback;
    return () => {
      this.#onProgress = undefined;
    };
  }

  announce(stable: Timestamp): void {
    this.#announce(stable);
  }

  /** The node has the journal up to `position`. Returns the read lease that this completes. */
  received(node: string, position: JournalPosition): { readonly number: number; readonly sentAt: SentAt } | undefined {
    const granted = this.leases.received(node, position);
    this.#onProgress?.();
    return granted;
  }

  /** The node trusts its lease no more. */
  release(node: string): void {
    this.leases.release(node);
    this.#onProgress?.();
  }

  close(): void {
    this.#cancelQuiet();
    this.#waiter.close();
  }
}
