import { assert } from '#base/assert.ts';
import type { JournalPosition, PlacedEntry } from './journal.ts';

/** The newest entries of a journal, decoded, without a gap, bounded by their encoded size: what feeds that keep up read. */
export class TailCache {
  readonly #maximumBytes: number;
  /** undefined where given up: what is no longer offered must not be held either. */
  #entries: (PlacedEntry | undefined)[] = [];
  #sizes: number[] = [];
  /** Entries before this index have been given up; the arrays are trimmed now and then. */
  #start = 0;
  #bytes = 0;
  #last: JournalPosition;

  constructor(last: JournalPosition, maximumBytes: number) {
    this.#last = last;
    this.#maximumBytes = maximumBytes;
  }

  push(placed: PlacedEntry, bytes: number): void {
    assert(placed.position === this.#last + 1, 'J1: positions have no gap');
    this.#last = placed.position;
    this.#entries.push(placed);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
    while (this.#bytes > this.#maximumBytes && this.#start < this.#entries.length - 1) {
      this.#bytes -= this.#sizes[this.#start];
      this.#entries[this.#start++] = undefined;
    }
    if (this.#start > 1024 && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start);
      this.#sizes = this.#sizes.slice(this.#start);
      this.#start = 0;
    }
  }

  /** undefined when `position` is no longer here. */
  read(position: JournalPosition, maximumEntries: number): readonly PlacedEntry[] | undefined {
    const index = this.#entries.length - 1 - (this.#last - position);
    if (index < this.#start) return undefined;
    return this.#entries.slice(index, index + maximumEntries).filter((placed) => placed !== undefined);
  }
}
