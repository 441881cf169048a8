/**
 * What is to be said within one turn of the event loop, said at once: messages cost more by their number than by their size, and a batch of commits is answered, and followed by its clients' next
 * ones, in one turn. Nothing waits longer than that turn.
 */
import type { Timers } from '#base/world.ts';

export class OnceATurn<T> {
  readonly #timers: Timers;
  readonly #maximumBytes: number;
  readonly #say: (items: readonly T[]) => void;
  #items: T[] = [];
  #bytes = 0;
  /** Counts what was said: a turn that ends after its items went early says nothing. */
  #said = 0;

  /** More than `maximumBytes` do not wait for each other. */
  constructor(timers: Timers, maximumBytes: number, say: (items: readonly T[]) => void) {
    this.#timers = timers;
    this.#maximumBytes = maximumBytes;
    this.#say = say;
  }

  // Hot: once a commit.
  add(item: T, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
    if (this.#bytes > this.#maximumBytes) this.#sayAll();
    else if (this.#items.length === 1) {
      const said = this.#said;
      void this.#timers.yield().then(() => {
        if (said === this.#said) this.#sayAll();
      });
    }
  }

  #sayAll(): void {
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    this.#said++;
    this.#say(items);
  }
}
