/**
 * Sorted map from keys to values, in memory: a list of short sorted blocks, two levels deep.
 *
 *   blocks   [ a c f ] [ h k ] [ m n q z ]      each of at most `blockEntries` keys, none empty
 *
 * Look-up is two binary searches; insertion moves part of one block. Blocks of some hundred entries make both cheap up to a few
 * million keys, and a scan is a walk over plain arrays.
 *
 *   M1  Keys ascend strictly, within a block and from block to block.
 *   M2  A cursor is good until the map changes; going on with it afterwards is refused.
 */
import { assert } from '#base/assert.ts';
import type { Key } from '#sql/key.ts';

const blockEntries = 512;

type Block<V> = { keys: Key[]; values: V[] };

export class SortedMap<V> {
  readonly #blocks: Block<V>[] = [];
  #size = 0;
  #changes = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Key): V | undefined {
    const block = this.#blocks[this.#blockOf(key)];
    if (block === undefined) return undefined;
    const at = lowerBound(block.keys, key);
    return at < block.keys.length && block.keys[at] === key ? block.values[at] : undefined;
  }

  /** Inserts or replaces. */
  set(key: Key, value: V): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    if (block === undefined) {
      this.#blocks.push({ keys: [key], values: [value] });
      this.#size++;
      this.#changes++;
      return;
    }
    const { keys, values } = block;
    const last = keys.length - 1;
    // Keys often arrive in order (loads, sequences): append then, without a search.
    const at = keys[last] < key ? last + 1 : lowerBound(keys, key);
    if (at <= last && keys[at] === key) {
      values[at] = value;
      return;
    }
    this.#size++;
    this.#changes++;
    if (at > last) {
      keys.push(key);
      values.push(value);
    } else {
      keys.splice(at, 0, key);
      values.splice(at, 0, value);
    }
    if (keys.length > blockEntries) this.#split(index, at === keys.length - 1);
  }

  delete(key: Key): boolean {
    const index = this.#blockOf(key);
    const block = this.#blocks[index];
    if (block === undefined) return false;
    const at = lowerBound(block.keys, key);
    if (at >= block.keys.length || block.keys[at] !== key) return false;
    block.keys.splice(at, 1);
    block.values.splice(at, 1);
    if (block.keys.length === 0) this.#blocks.splice(index, 1);
    this.#size--;
    this.#changes++;
    return true;
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#size = 0;
    this.#changes++;
  }

  /** Drops every entry for which `keep` is false, in one pass. */
  retain(keep: (value: V, key: Key) => boolean): void {
    const kept: Block<V>[] = [];
    let current: Block<V> = { keys: [], values: [] };
    this.#size = 0;
    for (const block of this.#blocks) {
      for (let i = 0; i < block.keys.length; i++) {
        if (!keep(block.values[i], block.keys[i])) continue;
        current.keys.push(block.keys[i]);
        current.values.push(block.values[i]);
        this.#size++;
        if (current.keys.length >= blockEntries / 2) {
          kept.push(current);
          current = { keys: [], values: [] };
        }
      }
    }
    if (current.keys.length > 0) kept.push(current);
    this.#blocks.length = 0;
    for (const block of kept) this.#blocks.push(block);
    this.#changes++;
  }

  /** Stands before the first entry of [start, end), or behind the last when descending. */
  cursor(start: Key, end: Key, descending: boolean): SortedCursor<V> {
    return new SortedCursor(this.#blocks, () => this.#changes, start, end, descending);
  }

  /** The block that holds the key or would take it: the last whose first key is not above it. */
  #blockOf(key: Key): number {
    return blockOf(this.#blocks, key);
  }

  /** When the block overflowed at its end, it stays full: keys that arrive in order fill their blocks. */
  #split(index: number, atEnd: boolean): void {
    const block = this.#blocks[index];
    const cut = atEnd ? block.keys.length - 1 : block.keys.length >> 1;
    this.#blocks.splice(index + 1, 0, { keys: block.keys.splice(cut), values: block.values.splice(cut) });
  }
}

export class SortedCursor<V> {
  key: Key = '';
  readonly #blocks: readonly Block<V>[];
  readonly #changes: () => number;
  readonly #changesAtStart: number;
  readonly #bound: Key;
  readonly #descending: boolean;
  #block: number;
  #at: number;
  #value: V | undefined;

  constructor(blocks: readonly Block<V>[], changes: () => number, start: Key, end: Key, descending: boolean) {
    this.#blocks = blocks;
    this.#changes = changes;
    this.#changesAtStart = changes();
    this.#descending = descending;
    this.#bound = descending ? start : end;
    const from = descending ? end : start;
    this.#block = blockOf(blocks, from);
    const block = blocks[this.#block];
    const at = block === undefined ? 0 : lowerBound(block.keys, from);
    // lowerBound is the first entry at or above `from`: next() steps onto it, and, descending, onto the one before it.
    this.#at = descending ? at : at - 1;
  }

  get value(): V {
    assert(this.#value !== undefined, 'a sorted cursor has a value only after next() said so');
    return this.#value;
  }

  next(): boolean {
    assert(this.#changes() === this.#changesAtStart, 'M2: the sorted map did not change under a cursor');
    let block = this.#blocks[this.#block];
    if (block === undefined) return false;
    if (this.#descending) {
      if (--this.#at < 0) {
        block = this.#blocks[--this.#block];
        if (block === undefined) return false;
        this.#at = block.keys.length - 1;
      }
      const key = block.keys[this.#at];
      if (key < this.#bound) return this.#stop();
      this.key = key;
    } else {
      if (++this.#at >= block.keys.length) {
        block = this.#blocks[++this.#block];
        if (block === undefined) return false;
        this.#at = 0;
      }
      const key = block.keys[this.#at];
      if (key >= this.#bound) return this.#stop();
      this.key = key;
    }
    this.#value = block.values[this.#at];
    return true;
  }

  #stop(): false {
    this.#block = -1;
    return false;
  }
}

function blockOf<V>(blocks: readonly Block<V>[], key: Key): number {
  let low = 0;
  let high = blocks.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (blocks[middle].keys[0] <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index of the first key at or above `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
