/**
 * What a leader knows of the Regions: which can be reached, how far each has received the journal, who holds a read lease.
 *
 * An entry is complete when a majority of the voters (every Region, the witness included) has it and every lease holder has received it. Voters
 * that are lease holders tell both with one receipt, so that a commit costs one round trip.
 */
import type { Clock, Timers, Timestamp } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { Receipts } from './crossbar.ts';
import { LeaseWaiter } from './lease-waiter.ts';
import type { RegionName } from './network.ts';
import { LeaseTable, type LeaseTerms, type SentAt } from './read-leases.ts';

export type RegionReceiptsOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly terms: LeaseTerms;
  readonly epoch: number;
  /** Regions and witness. */
  readonly voters: readonly RegionName[];
  readonly isReachable: (region: RegionName) => boolean;
  readonly announce: (stable: Timestamp) => void;
};

export class RegionReceipts implements Receipts {
  readonly leases: LeaseTable;
  readonly #waiter: LeaseWaiter;
  readonly #voters: readonly RegionName[];
  readonly #majority: number;
  readonly #isReachable: (region: RegionName) => boolean;
  readonly #announce: (stable: Timestamp) => void;
  readonly #received = new Map<RegionName, JournalPosition>();
  #onProgress: (() => void) | undefined;

  constructor(options: RegionReceiptsOptions) {
    this.leases = new LeaseTable(options.clock, options.terms, options.epoch);
    this.#waiter = new LeaseWaiter(this.leases, options.timers, () => this.#onProgress?.());
    this.#voters = options.voters;
    this.#majority = Math.floor(options.voters.length / 2) + 1;
    this.#isReachable = options.isReachable;
    this.#announce = options.announce;
    for (const voter of options.voters) this.#received.set(voter, 0);
  }

  get hasQuorum(): boolean {
    let reachable = 0;
    for (const voter of this.#voters) if (this.#isReachable(voter)) reachable++;
    return reachable >= this.#majority;
  }

  // Hot: once a batch and receipt.
  complete(position: JournalPosition): boolean {
    let holders = 0;
    for (const received of this.#received.values()) if (received >= position) holders++;
    if (holders < this.#majority) return false;
    return this.#waiter.allReceived(position);
  }

  /** One listener: the leader. */
  onProgress(callback: () => void): () => void {
    this.#onProgress = callback;
    return () => {
      this.#onProgress = undefined;
    };
  }

  announce(stable: Timestamp): void {
    this.#announce(stable);
  }

  /** A Region has the journal up to `position`. Returns the read lease that this completes. */
  received(region: RegionName, position: JournalPosition): { readonly number: number; readonly sentAt: SentAt } | undefined {
    const before = this.#received.get(region) ?? 0;
    if (position > before) this.#received.set(region, position);
    const granted = this.leases.received(region, position);
    this.#onProgress?.();
    return granted;
  }

  receivedBy(region: RegionName): JournalPosition {
    return this.#received.get(region) ?? 0;
  }

  release(region: RegionName): void {
    this.leases.release(region);
    this.#onProgress?.();
  }

  close(): void {
    this.#waiter.close();
  }
}
