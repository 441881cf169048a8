/**
 * A feed that pulls from a journal and waits for it to grow: for readers at their own pace (change streams, other processes). The Regions of one
 * process are fed by delivery.ts, which is pushed by the journal and does not wait for a turn of the event loop.
 */
import type { Timers } from '#base/world.ts';
import type { Journal, JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { Feed } from './crossbar.ts';

export type JournalFeedOptions = {
  readonly journal: Journal;
  readonly maximumEntries?: number;
  /** Distance to the journal; none unless given. */
  readonly delay?: { readonly timers: Timers; readonly ms: number };
};

export class JournalFeed implements Feed {
  readonly #journal: Journal;
  readonly #maximumEntries: number;
  readonly #delay: JournalFeedOptions['delay'];
  readonly #stopListening: () => void;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: JournalFeedOptions) {
    this.#journal = options.journal;
    this.#maximumEntries = options.maximumEntries ?? 256;
    this.#delay = options.delay;
    this.#stopListening = options.journal.onGrow(() => this.#wake?.());
  }

  /** One caller at a time. */
  async next(position: JournalPosition): Promise<readonly PlacedEntry[] | undefined> {
    while (!this.#closed) {
      const entries = await this.#journal.read(position, this.#maximumEntries);
      if (entries.length > 0) {
        if (this.#delay !== undefined) await this.#delay.timers.sleep(this.#delay.ms);
        return this.#closed ? undefined : entries;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        // It may have grown while read() was awaited, or been closed.
        if (this.#closed || this.#journal.lastPosition >= position) resolve();
      });
      this.#wake = undefined;
    }
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#wake?.();
  }
}
