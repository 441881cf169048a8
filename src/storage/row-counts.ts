/**
 * Row counts: how many rows or entries each space has, kept by the flusher in the same LMDB transaction as what it counts.
 *
 *   RC1  A count is exact for what has been flushed. What is in recent alone is left out: it will be counted in a moment.
 *   RC2  What readers are told moves in steps, a power of two that may lag behind by a factor of two upward and four downward, so that plans
 *        made from it stay as they are while a table grows by a few rows; `version` changes with every step.
 */
import { ByteReader } from '#base/bytes.ts';
import { type Key, type SpaceId, spacePrefix } from '#sql/key.ts';
import type { OrderedStore } from './ordered-store.ts';
import { rowCountEnd, rowCountKey, rowCountStart, spaceOfRowCount } from './store-layout.ts';

/** Fewer rows make no other plans. */
const leastTold = 1024;

/** RC2: what readers are told once there are `count` rows, when they were told `told` before. */
export function toldAfter(told: number, count: number): number {
  if (count <= told && (told === leastTold || count >= told / 4)) return told;
  return Math.max(leastTold, 2 ** Math.ceil(Math.log2(Math.max(1, count))));
}

export class RowCounts {
  /** By the spaces' prefixes. */
  readonly #counts = new Map<Key, number>();
  readonly #told = new Map<Key, number>();
  #version = 0;

  /** What the store says. */
  constructor(store: OrderedStore) {
    const cursor = store.cursor(rowCountStart, rowCountEnd, false);
    try {
      while (cursor.next()) this.#set(spaceOfRowCount(cursor.key), Number(new ByteReader(cursor.bytes, 0, cursor.length).int64()));
    } finally {
      cursor.close();
    }
  }

  get version(): number {
    return this.#version;
  }

  /** RC2; at least 1 024. */
  told(space: SpaceId): number {
    return this.#told.get(spacePrefix(space)) ?? leastTold;
  }

  exact(space: SpaceId): number {
    return this.#counts.get(spacePrefix(space)) ?? 0;
  }

  /** What is to be written along with a batch that changes counts so: undefined where nothing is left to count. */
  *entries(changes: ReadonlyMap<Key, number>): Generator<{ readonly key: Key; readonly count: number | undefined }, void, undefined> {
    for (const [prefix, change] of changes) {
      if (change === 0) continue;
      const count = (this.#counts.get(prefix) ?? 0) + change;
      yield { key: rowCountKey(prefix), count: count > 0 ? count : undefined };
    }
  }

  /** The batch is in the store. */
  add(changes: ReadonlyMap<Key, number>): void {
    for (const [prefix, change] of changes) if (change !== 0) this.#set(prefix, (this.#counts.get(prefix) ?? 0) + change);
  }

  #set(prefix: Key, count: number): void {
    if (count > 0) this.#counts.set(prefix, count);
    else this.#counts.delete(prefix);
    const told = this.#told.get(prefix) ?? leastTold;
    const step = toldAfter(told, count);
    if (step === told) return;
    if (step === leastTold) this.#told.delete(prefix);
    else this.#told.set(prefix, step);
    this.#version++;
  }
}
