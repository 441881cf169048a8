/** Whether every lease holder has received an entry; wakes the leader when the lease that holds it up has run out. */
import type { Timers } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { LeaseTable } from './read-leases.ts';

export class LeaseWaiter {
  readonly #leases: LeaseTable;
  readonly #timers: Timers;
  readonly #wake: () => void;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(leases: LeaseTable, timers: Timers, wake: () => void) {
    this.#leases = leases;
    this.#timers = timers;
    this.#wake = wake;
  }

  // Hot: once a batch and receipt.
  allReceived(position: JournalPosition): boolean {
    if (this.#leases.allReceived(position)) return true;
    this.#wakeWhenLeaseEnds(position);
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #wakeWhenLeaseEnds(position: JournalPosition): void {
    if (this.#cancelTimer !== undefined || this.#closed) return;
    const waitMs = this.#leases.blockedForMs(position);
    if (waitMs === undefined) return;
    this.#cancelTimer = this.#timers.after(waitMs + 1, () => {
      this.#cancelTimer = undefined;
      this.#wake();
    });
  }
}
