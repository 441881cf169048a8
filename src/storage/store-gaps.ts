/**
 * Store gaps: looks up many keys of which most may be new. Where the store has nothing between two of its keys, new keys that fall in
 * between are known to be absent without asking again: in a load with rising keys one seek answers for a whole batch.
 *
 *   SG1  Answers are those of `store.get`, as long as nothing has been written to the store since the object was made.
 *
 * A seek costs as much as a few look-ups, so it is made only behind misses, and more rarely when the gaps found serve nobody (random keys).
 * Hot: every inserted key twice, when its uniqueness is checked and when it is flushed (bench: COPY of 100 000 rows).
 */
import type { Key } from '#sql/key.ts';
import type { OrderedStore } from './ordered-store.ts';
import { storeEnd } from './store-layout.ts';

/** Misses before a seek: at first, and at most. */
const firstMisses = 3;
const mostMisses = 96;
/** A gap that has answered for fewer keys was not worth its seek. */
const worthwhile = 4;

export class StoreGaps {
  readonly #store: OrderedStore;
  /** Nothing is in the store between these, both excluded. */
  #from: Key = '';
  #to: Key = '';
  #served = 0;
  #misses = 0;
  #missesWanted = firstMisses;

  constructor(store: OrderedStore) {
    this.#store = store;
  }

  /** As OrderedStore.get: the length of the value, which then lies in `store.bytes`; -1 when there is none. */
  get(key: Key): number {
    if (key > this.#from && key < this.#to) {
      this.#served++;
      return -1;
    }
    const length = this.#store.get(key);
    if (length >= 0) this.#misses = 0;
    else if (++this.#misses >= this.#missesWanted) this.#seek(key);
    return length;
  }

  /** The key is absent: so is all up to the next one there. */
  #seek(key: Key): void {
    if (this.#to !== '') this.#missesWanted = this.#served >= worthwhile ? firstMisses : Math.min(mostMisses, this.#missesWanted * 2);
    const cursor = this.#store.cursor(key, storeEnd, false);
    this.#to = cursor.next() ? cursor.key : storeEnd;
    cursor.close();
    this.#from = key;
    this.#served = 0;
    this.#misses = 0;
  }
}
