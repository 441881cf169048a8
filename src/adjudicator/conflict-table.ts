/**
 * Which keys were lately committed, and when: the adjudicator's whole memory of the past.
 *
 * For each key and each kind of mark (write, update, share) the newest commit timestamp, found by a 64-bit hash of the key. Twelve bytes a mark
 * in one Uint32Array (hash, timestamp relative to a base), open addressing with linear probing: three million marks take 48 MiB, where a Map
 * of keys takes ten times as much. Two keys whose hashes are alike share a mark, so that a collision can cause a needless conflict and
 * never hide one.
 *
 *   CT1  For a snapshot at or above lowWater, every mark later than it is found.
 *   CT2  lowWater never falls. It rises when marks are given up: those older than the window, and, when the table is at its greatest
 *        size and full, the older half.
 *
 * The table doubles by rebuilding, which also drops what is older than the window; four million slots take some 50 ms, once in a million marks or more.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';

/** The kinds of marks, added to the hash: the kinds of one key lie side by side. `committed` marks transaction ids (verdict-memory.ts). */
export const markKind = { write: 0, update: 1, share: 2, committed: 3 } as const;
export type MarkKind = (typeof markKind)[keyof typeof markKind];

export type ConflictTableOptions = {
  /** Marks older than this, against the newest, may be given up. At least the greatest age of a transaction. */
  readonly windowMicros: number;
  /** A power of two; 2 ** 22 (48 MiB). */
  readonly maximumSlots?: number;
  /** Chosen at random so that nobody can prepare keys that collide. */
  readonly seed: number;
};

const initialSlots = 1024;
/** Relative timestamps are 32 bits of microseconds, 71 minutes: the table is rebuilt on a new base before they run out. */
const relativeLimit = 2 ** 32 - 1;

export class ConflictTable {
  readonly #window: number;
  readonly #maximumSlots: number;
  readonly #seed: number;
  /** Slot i: [3i] hash and kind, [3i + 1] hash (0: empty), [3i + 2] timestamp - base. */
  #slots = new Uint32Array(initialSlots * 3);
  #mask = initialSlots - 1;
  #used = 0;
  #base: Timestamp = 0;
  #newest: Timestamp = 0;
  #lowWater: Timestamp = 0;

  constructor(options: ConflictTableOptions) {
    assert(options.windowMicros > 0 && options.windowMicros < relativeLimit / 2, 'the conflict window is shorter than half an hour');
    this.#window = options.windowMicros;
    this.#maximumSlots = options.maximumSlots ?? 2 ** 22;
    assert(this.#maximumSlots >= initialSlots && Number.isInteger(Math.log2(this.#maximumSlots)), 'the table has a power of two of slots');
    this.#seed = options.seed | 0;
  }

  /** A snapshot below this cannot be checked. */
  get lowWater(): Timestamp {
    return this.#lowWater;
  }

  get marks(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** What was committed up to here is not in the table, or no longer. */
  raiseLowWater(timestamp: Timestamp): void {
    if (timestamp > this.#lowWater) this.#lowWater = timestamp;
  }

  /** The newest timestamp marked on the key (or on one whose hash is the same); 0 for none. Hot. */
  newest(hash: KeyHash, kind: MarkKind): Timestamp {
    const slots = this.#slots;
    const mask = this.#mask;
    const first = (hash.first + kind) >>> 0;
    const second = hash.second;
    for (let i = first & mask; ; i = (i + 1) & mask) {
      const found = slots[3 * i + 1];
      if (found === 0) return 0;
      if (found === second && slots[3 * i] === first) return this.#base + slots[3 * i + 2];
    }
  }

  /** Timestamps of marks never fall. Hot. */
  mark(hash: KeyHash, kind: MarkKind, timestamp: Timestamp): void {
    assert(timestamp >= this.#newest, 'A2: commit timestamps only move forward');
    if (timestamp - this.#base > relativeLimit || this.#used >= (this.#mask + 1) * 0.7) this.#makeRoom(timestamp);
    this.#newest = timestamp;
    this.#put((hash.first + kind) >>> 0, hash.second, timestamp - this.#base);
  }

  #put(first: number, second: number, relative: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let i = first & mask;
    while (slots[3 * i + 1] !== 0 && !(slots[3 * i + 1] === second && slots[3 * i] === first)) i = (i + 1) & mask;
    if (slots[3 * i + 1] === 0) {
      slots[3 * i] = first;
      slots[3 * i + 1] = second;
      this.#used++;
    }
    slots[3 * i + 2] = relative;
  }

  #makeRoom(now: Timestamp): void {
    let keepAbove = Math.max(this.#lowWater, now - this.#window);
    let kept = this.#countAbove(keepAbove);
    let size = this.#mask + 1;
    while (kept > size * 0.5 && size < this.#maximumSlots) size *= 2;
    while (kept > size * 0.5) {
      keepAbove = this.#median(keepAbove);
      kept = this.#countAbove(keepAbove);
    }
    const old = this.#slots;
    const oldBase = this.#base;
    this.#base = keepAbove;
    this.#slots = new Uint32Array(size * 3);
    this.#mask = size - 1;
    this.#used = 0;
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 1] === 0) continue;
      const timestamp = oldBase + old[i + 2];
      if (timestamp > keepAbove) this.#put(old[i], old[i + 1], timestamp - this.#base);
      // To the newest mark given up, not to the window's start: after an idle hour, a transaction that has just begun reads at an hour ago.
      else if (timestamp > this.#lowWater) this.#lowWater = timestamp;
    }
  }

  #countAbove(limit: Timestamp): number {
    const slots = this.#slots;
    let count = 0;
    for (let i = 0; i < slots.length; i += 3) if (slots[i + 1] !== 0 && this.#base + slots[i + 2] > limit) count++;
    return count;
  }

  /** A timestamp above `limit` that leaves about half of the marks above it, and gives up one at least. */
  #median(limit: Timestamp): Timestamp {
    const slots = this.#slots;
    const above = new Float64Array(this.#countAbove(limit));
    let count = 0;
    for (let i = 0; i < slots.length; i += 3)
      if (slots[i + 1] !== 0 && this.#base + slots[i + 2] > limit) above[count++] = this.#base + slots[i + 2];
    above.sort();
    return above[count >> 1];
  }

  /** 64 bits of a key, written to `into`: hashed once, looked up under several kinds. Hot. */
  hash(key: string, into: KeyHash): KeyHash {
    // Two chains of multiply and rotate with different odd constants, crossed at the end.
    let first = this.#seed ^ 0x3c6ef372;
    let second = Math.imul(this.#seed, 31) ^ 0x510e527f;
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i);
      first = Math.imul(first ^ code, 0x2c1b3c6d);
      first = (first << 13) | (first >>> 19);
      second = Math.imul(second + code, 0x5851f42d);
      second ^= second >>> 15;
    }
    first = Math.imul(first ^ (first >>> 15) ^ key.length, 0x735a2d97);
    second = Math.imul(second ^ (second >>> 13), 0x297a2d39);
    first ^= second >>> 16;
    second ^= Math.imul(first ^ (first >>> 15), 0x6c8e9cf5);
    into.first = first >>> 0;
    into.second = (second ^ (second >>> 15)) >>> 0 || 1;
    return into;
  }
}

/** Reused by its owner from key to key. */
export type KeyHash = { first: number; second: number };
