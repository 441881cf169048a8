/**
 * Commit timestamps: max(clock, last + 1), and no further ahead than the monotonic clock allows.
 *
 * Order comes from `last + 1` alone. The clock gives timestamps their meaning in time; because a timestamp that has been given can never be taken back,
 * a wall clock that jumps years ahead must not be believed: since the start of this leadership, timestamps may have advanced by as much as the
 * monotonic clock, and a bound. A clock that jumps back makes them advance by single steps until it has caught up.
 */
import { assert } from '#base/assert.ts';
import type { Clock, Timestamp } from '#base/world.ts';

export class CommitClock {
  readonly #clock: Clock;
  readonly #aheadMicros: number;
  readonly #startTimestamp: Timestamp;
  readonly #startMonotonicMs: number;
  #last: Timestamp;

  /** `last`: nothing at or below it will be given out. */
  constructor(clock: Clock, last: Timestamp, aheadMicros = 60_000_000) {
    this.#clock = clock;
    this.#aheadMicros = aheadMicros;
    this.#last = last;
    this.#startTimestamp = Math.max(last, clock.now());
    this.#startMonotonicMs = clock.monotonicMs();
  }

  get last(): Timestamp {
    return this.#last;
  }

  next(): Timestamp {
    const bound = this.#startTimestamp + Math.floor((this.#clock.monotonicMs() - this.#startMonotonicMs) * 1000) + this.#aheadMicros;
    const next = Math.max(Math.min(this.#clock.now(), bound), this.#last + 1);
    assert(Number.isSafeInteger(next), 'A2: timestamps are whole microseconds that a number holds exactly');
    this.#last = next;
    return next;
  }
}
