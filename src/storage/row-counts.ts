/**
 * Row counts: how many rows or entries each space has, and how many versions have been written in it, kept by the flusher in the same LMDB transaction as
 * what it counts.
 *
 *   RC1  A count is exact for what has been flushed. What is in recent alone is left out: it will be counted in a moment.
 *   RC2  What readers are told moves in steps, a power of two that may lag behind by a factor of two upward and four downward, so that plans
 *        made from it stay as they are while a table grows by a few rows; `version` changes with every step.
 *   RC3  The number of versions only grows, but that it begins anew when the space has become empty, or the replica was built from a checkpoint (then
 *        with the number of rows).
 */
import { type Key, type SpaceId, spacePrefix } from '#sql/key.ts';
import type { OrderedStore } from './ordered-store.ts';
import { decodeRowCount, rowCountEnd, rowCountKey, rowCountStart, type SpaceCount, spaceOfRowCount } from './store-layout.ts';

/** Fewer rows make no other plans. */
const leastTold = 1024;

/** RC2: what readers are told once there are `count` rows, when they were told `told` before. */
export function toldAfter(told: number, count: number): number {
  if (count <= told && (told === leastTold || count >= told / 4)) return told;
  return Math.max(leastTold, 2 ** Math.ceil(Math.log2(Math.max(1, count))));
}

const nothing: SpaceCount = { rows: 0, versions: 0 };
const sum = (a: SpaceCount, b: SpaceCount): SpaceCount => ({ rows: a.rows + b.rows, versions: a.versions + b.versions });

export class RowCounts {
  /** By the spaces' prefixes. */
  readonly #counts = new Map<Key, SpaceCount>();
  readonly #told = new Map<Key, number>();
  #version = 0;

  /** What the store says. */
  constructor(store: OrderedStore) {
    const cursor = store.cursor(rowCountStart, rowCountEnd, false);
    try {
      while (cursor.next()) this.#set(spaceOfRowCount(cursor.key), decodeRowCount(cursor.bytes, cursor.length));
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
    return this.#of(spacePrefix(space)).rows;
  }

  /** RC3 */
  versions(space: SpaceId): number {
    return this.#of(spacePrefix(space)).versions;
  }

  #of(prefix: Key): SpaceCount {
    return this.#counts.get(prefix) ?? nothing;
  }

  /** What is to be written along with a batch that changes counts so: undefined where nothing is left to count. */
  *entries(
    changes: ReadonlyMap<Key, SpaceCount>,
  ): Generator<{ readonly key: Key; readonly count: SpaceCount | undefined }, void, undefined> {
    for (const [prefix, change] of changes) {
      const count = sum(this.#of(prefix), change);
      yield { key: rowCountKey(prefix), count: count.rows > 0 ? count : undefined };
    }
  }

  /** The batch is in the store. */
  add(changes: ReadonlyMap<Key, SpaceCount>): void {
    for (const [prefix, change] of changes) this.#set(prefix, sum(this.#of(prefix), change));
  }

  #set(prefix: Key, count: SpaceCount): void {
    if (count.rows > 0) this.#counts.set(prefix, count);
    else this.#counts.delete(prefix);
    const told = this.#told.get(prefix) ?? leastTold;
    const step = toldAfter(told, count.rows);
    if (step === told) return;
    if (step === leastTold) this.#told.delete(prefix);
    else this.#told.set(prefix, step);
    this.#version++;
  }
}
