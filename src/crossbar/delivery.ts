/**
 * Brings a journal's entries to one Region, in order, through the network, with a bounded number under way.
 *
 * It is pushed by the journal's growth, within the same call when there is no distance; what was lost is read from the journal again after `resume`.
 */
import type { Journal, JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { RegionName, RegionNetwork } from './network.ts';

export type DeliveryOptions = {
  readonly journal: Journal;
  readonly network: Pick<RegionNetwork, 'isConnected' | 'send'>;
  readonly from: RegionName;
  readonly to: RegionName;
  readonly receive: (entries: readonly PlacedEntry[]) => void;
  readonly nextPosition: JournalPosition;
  /** Lets everything else run once: a long catch-up must not hold up the process. */
  readonly yieldTurn: () => Promise<void>;
  /** The journal could not be read. */
  readonly onFailure: (error: Error) => void;
};

/** Entries sent and not yet confirmed: enough to fill a long link with group commits, little enough to hold in memory. */
const windowEntries = 256;
const entriesAtOnce = 64;
const entriesATurn = 512;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #stopListening: () => void;
  #next: JournalPosition;
  #confirmed: JournalPosition;
  #waiting = false;
  #isPumping = false;
  #closed = false;
  #resumed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#next = options.nextPosition;
    this.#confirmed = options.nextPosition - 1;
    this.#stopListening = options.journal.onGrow(() => this.#pump());
  }

  /** The Region has received up to here. */
  confirm(position: JournalPosition): void {
    if (position > this.#confirmed) this.#confirmed = position;
    this.#pump();
  }

  /** Starts, or starts again after a loss. */
  resume(nextPosition: JournalPosition): void {
    this.#next = nextPosition;
    this.#confirmed = nextPosition - 1;
    this.#resumed = true;
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
  }

  // Hot: once a batch and Region.
  #pump(): void {
    // Without distance a receipt comes back within `send`: this loop goes on then, not one more inside it.
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      this.#run();
    } finally {
      this.#isPumping = false;
    }
  }

  #run(): void {
    const { journal, network, from, to, yieldTurn } = this.#options;
    let sent = 0;
    while (!this.#closed && !this.#waiting && this.#next <= journal.lastPosition) {
      const room = windowEntries - (this.#next - 1 - this.#confirmed);
      if (room <= 0 || !network.isConnected(from, to)) return;
      if (sent >= entriesATurn) {
        this.#wait(yieldTurn().then(() => []));
        return;
      }
      const entries = journal.read(this.#next, Math.min(room, entriesAtOnce));
      if (entries instanceof Promise) {
        this.#wait(entries);
        return;
      }
      sent += entries.length;
      this.#send(entries);
    }
  }

  #wait(reading: Promise<readonly PlacedEntry[]>): void {
    this.#waiting = true;
    this.#resumed = false;
    reading.then((entries) => {
      this.#waiting = false;
      if (!this.#resumed) this.#send(entries);
      this.#pump();
    }, this.#options.onFailure);
  }

  #send(entries: readonly PlacedEntry[]): void {
    if (entries.length === 0 || this.#closed) return;
    const { network, from, to, receive } = this.#options;
    // Before it is sent: receiving may confirm within the call.
    this.#next = entries[entries.length - 1].position + 1;
    network.send(from, to, () => receive(entries));
  }
}
