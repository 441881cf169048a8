/** The last so many of something: older ones make room for newer ones. */
export class Ring<T> {
  readonly #items: T[] = [];
  readonly #most: number;
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(item: T): void {
    this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.#most;
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let at = 0; at < this.#items.length; at++) yield this.#items[(this.#next + at) % this.#items.length];
  }

  get size(): number {
    return this.#items.length;
  }
}
