/**
 * Where in the journal the conflict window begins, found from a few samples: (position, timestamp) of the head every now and then.
 */
import type { Timestamp } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';

const samplesPerWindow = 32;

export class WindowStart {
  readonly #windowMicros: number;
  readonly #samples: { readonly position: JournalPosition; readonly timestamp: Timestamp }[] = [];

  constructor(windowMicros: number) {
    this.#windowMicros = windowMicros;
  }

  /** The entry at `position` is the last one, and its newest commit is of `timestamp`. */
  note(position: JournalPosition, timestamp: Timestamp): void {
    const last = this.#samples[this.#samples.length - 1];
    if (last !== undefined && timestamp - last.timestamp < this.#windowMicros / samplesPerWindow) return;
    this.#samples.push({ position, timestamp });
    // Of those that lie before the window only the last is of use.
    while (this.#samples.length > 1 && this.#samples[1].timestamp < timestamp - this.#windowMicros) this.#samples.shift();
  }

  /** All entries below the returned position are older than the window, seen from `head`; 0 when that is not known. */
  before(head: Timestamp): JournalPosition {
    const first = this.#samples[0];
    return first !== undefined && first.timestamp < head - this.#windowMicros ? first.position : 0;
  }
}

/**
 * The checkpoint rule: the journal may be cut below what any replica would need after a crash, and below the conflict window, which a new leader reads back.
 * Returns the first position to keep.
 */
export function truncationPoint(flushed: readonly JournalPosition[], windowStart: JournalPosition): JournalPosition {
  return Math.min(windowStart, ...flushed.map((position) => position + 1));
}
