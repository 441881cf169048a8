/**
 * How many appends may be under way at once.
 *
 * Where an append takes a journey, the next batch should not wait for the answer to the last; where it takes as long as a disk, more of them only make batches smaller, each of them as dear as a large
 * one. The journey shows in the shortest of the recent appends: what makes all longer, a busy machine, does not shorten the shortest, and more appends would not help it.
 */

/** An append each so many milliseconds of the journey. */
const intervalMs = 3;
/** What was measured before the last one or two times so many appends is forgotten. */
const remembered = 32;

export class AppendPace {
  readonly #greatest: number;
  /** Of the stretch before, and of this one. */
  #before = Number.POSITIVE_INFINITY;
  #shortestMs = Number.POSITIVE_INFINITY;
  #noted = 0;
  #underWay = 1;

  constructor(greatest: number) {
    this.#greatest = greatest;
  }

  get appendsUnderWay(): number {
    return this.#underWay;
  }

  // Hot: once a batch.
  note(tookMs: number): void {
    if (tookMs < this.#shortestMs) this.#shortestMs = tookMs;
    this.#underWay = Math.min(this.#greatest, 1 + Math.floor(Math.min(this.#before, this.#shortestMs) / intervalMs));
    if (++this.#noted < remembered) return;
    this.#noted = 0;
    this.#before = this.#shortestMs;
    this.#shortestMs = Number.POSITIVE_INFINITY;
  }
}
