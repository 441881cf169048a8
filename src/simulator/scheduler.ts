/**
 * Virtual time: a heap of events, run one at a time in the order of their times, ties broken by a seeded draw.
 *
 * After each event everything that it has set going is run to its end (promise continuations run in an order of their own that is always the same),
 * before the next one begins. So the seed decides everything.
 */
import type { SeededRandom } from './seeded-random.ts';

type Event = { readonly atMs: number; readonly tie: number; readonly run: () => void; isCancelled: boolean };

export class Scheduler {
  readonly #random: SeededRandom;
  /** Resolves when no promise continuation is left to run. */
  readonly #settle: () => Promise<void>;
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #count = 0;

  constructor(random: SeededRandom, settle: () => Promise<void>) {
    this.#random = random;
    this.#settle = settle;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events run so far. */
  get count(): number {
    return this.#count;
  }

  after(delayMs: number, run: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(delayMs, 0), tie: this.#random.float(), run, isCancelled: false };
    this.#push(event);
    return () => {
      event.isCancelled = true;
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Runs events until `isDone`, or until there are none left. */
  async run(isDone: () => boolean): Promise<void> {
    await this.#settle();
    while (!isDone()) {
      const event = this.#pop();
      if (event === undefined) return;
      if (event.isCancelled) continue;
      this.#nowMs = event.atMs;
      this.#count++;
      event.run();
      await this.#settle();
    }
  }

  /** Runs until `promise` has settled; for tests and set-up. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    promise.then(done, done);
    await this.run(() => isDone);
    if (!isDone) throw new Error('nothing is left to happen, and what was waited for has not');
    return promise;
  }

  async advance(byMs: number): Promise<void> {
    await this.until(this.sleep(byMs));
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
