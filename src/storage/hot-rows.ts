/**
 * Hot rows: copies of current entries that were read lately, so that a point read of them costs a Map access and not an LMDB look-up.
 *
 *   H1  A copy is what the store's current entry of that key was at every moment since it was put here: the flusher and the collector
 *       take a key out in the same synchronous step in which their batch becomes visible to readers.
 *
 * Two generations: a look-up brings a copy into the young one; when that is full, the old one is dropped and the young one is old.
 */
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';

/** `value` undefined is a tombstone. */
export type HotRow = { readonly timestamp: Timestamp; readonly value: Buffer | undefined };

const largestRowBytes = 4096;
const rowOverheadBytes = 200;

export class HotRows {
  readonly #generationBytes: number;
  #young = new Map<Key, HotRow>();
  #old = new Map<Key, HotRow>();
  #youngBytes = 0;

  constructor(bytes: number) {
    this.#generationBytes = bytes / 2;
  }

  get(key: Key): HotRow | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    if (this.#old.size === 0) return undefined;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    // It may stay in the old generation too, which is dropped as a whole.
    this.put(key, old);
    return old;
  }

  put(key: Key, row: HotRow): void {
    const length = row.value === undefined ? 0 : row.value.length;
    if (length > largestRowBytes || this.#generationBytes === 0) return;
    this.#young.set(key, row);
    this.#youngBytes += key.length + length + rowOverheadBytes;
    if (this.#youngBytes < this.#generationBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
