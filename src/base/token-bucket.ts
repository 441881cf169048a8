/** TokenBucket: something may happen `burst` times at once, and `perSecond` times a second in the long run. */
import type { Clock } from './world.ts';

export type Rate = { readonly perSecond: number; readonly burst: number };

export class TokenBucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #tokens: number;
  #filledAtMs: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#tokens = rate.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes one token; false when there is none. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Until there is a token; 0: there is one now. */
  get waitSeconds(): number {
    this.#fill();
    return Math.max(0, (1 - this.#tokens) / this.#rate.perSecond);
  }

  /** Nothing has been taken for so long that it may be forgotten. */
  get isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#rate.burst;
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1_000) * this.#rate.perSecond);
    this.#filledAtMs = nowMs;
  }
}
