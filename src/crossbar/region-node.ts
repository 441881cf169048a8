/**
 * One Region's end of the crossbar: takes entries in order, hands them to the replica, tells how far it has got, and holds lease and stable mark.
 *
 * What the replica has applied is what this node has received: a full replica is not handed more, its entries wait here unconfirmed, and so commits
 * wait for it as long as it holds a lease.
 */
import { assert } from '#base/assert.ts';
import type { Clock, Timers, Timestamp } from '#base/world.ts';
import type { JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { Replica } from './crossbar.ts';
import type { RegionName } from './network.ts';
import { HeldLease, type LeaseTerms, type SentAt } from './read-leases.ts';
import { StableMark } from './stable-mark.ts';

export type RegionNodeOptions = {
  readonly region: RegionName;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly terms: LeaseTerms;
  /** How long a statement waits for the stable mark. */
  readonly patienceMs: number;
  /** The replica has failed: the process must end. */
  readonly onFailure: (error: Error) => void;
};

export class RegionNode {
  readonly region: RegionName;
  readonly replica: Replica;
  readonly lease: HeldLease;
  readonly stableMark: StableMark;
  /** Of the leadership that granted the lease, or answered last. */
  epoch = 0;
  /** Called when more has been received. */
  onReceived: (position: JournalPosition) => void = () => {};
  readonly #onFailure: (error: Error) => void;
  readonly #queue: PlacedEntry[] = [];
  #revokedEpoch = 0;
  #waitsForRoom = false;
  #closed = false;

  constructor(options: RegionNodeOptions) {
    this.region = options.region;
    this.replica = options.replica;
    this.#onFailure = options.onFailure;
    this.lease = new HeldLease(options.clock, options.terms);
    this.stableMark = new StableMark(options.timers, options.patienceMs);
  }

  get received(): JournalPosition {
    return this.replica.position;
  }

  /** Where the next entry is to be read from: what waits here need not be sent again. */
  get nextPosition(): JournalPosition {
    return this.replica.position + this.#queue.length + 1;
  }

  /** Entries that are here already are passed over; those behind a gap are dropped, and sent again when the sender learns of the loss (C1). */
  receive(entries: readonly PlacedEntry[]): void {
    if (this.#closed) return;
    for (const placed of entries) if (placed.position === this.nextPosition) this.#take(placed);
    this.onReceived(this.received);
  }

  /** A grant under way when its leadership was given up must not count any more. */
  grant(number: number, sentAt: SentAt, epoch: number): void {
    if (epoch < this.epoch || epoch <= this.#revokedEpoch) return;
    this.epoch = epoch;
    this.lease.take(number, sentAt);
  }

  /** Gives up every lease of leaderships up to `epoch`. */
  revoke(epoch: number): void {
    this.#revokedEpoch = Math.max(this.#revokedEpoch, epoch);
    if (this.epoch <= epoch) this.lease.drop();
  }

  announced(stable: Timestamp): void {
    this.stableMark.advance(stable);
  }

  close(): void {
    this.#closed = true;
    this.lease.drop();
    this.#queue.length = 0;
  }

  // Hot: once a batch.
  #take(placed: PlacedEntry): void {
    if (this.#queue.length > 0 || this.replica.isFull) {
      this.#queue.push(placed);
      if (!this.#waitsForRoom) this.#waitForRoom();
      return;
    }
    this.#apply(placed);
  }

  #apply(placed: PlacedEntry): void {
    assert(placed.position === this.replica.position + 1, 'C1: entries are applied in order, each once');
    this.replica.apply(placed);
    assert(placed.position === this.replica.position, 'S2: applying moves the position');
  }

  #waitForRoom(): void {
    this.#waitsForRoom = true;
    Promise.resolve(this.replica.untilRoom()).then(
      () => {
        this.#waitsForRoom = false;
        if (!this.#closed) this.#applyQueue();
      },
      (error: Error) => this.#onFailure(error),
    );
  }

  #applyQueue(): void {
    let count = 0;
    while (count < this.#queue.length && !this.replica.isFull) this.#apply(this.#queue[count++]);
    this.#queue.splice(0, count);
    if (this.#queue.length > 0) this.#waitForRoom();
    if (count > 0) this.onReceived(this.received);
  }
}
