/**
 * Memory store: an ordered store that is gone with the process, for `--in-memory`, tests and the simulator.
 *
 * It keeps undo records of batches that are not durable yet, so that `afterCrash()` can show what a disk would have kept (O3).
 */
import { assert } from '#base/assert.ts';
import type { Key } from '#sql/key.ts';
import type { OrderedStore, StoreCursor, WriteBatch, Written } from './ordered-store.ts';
import { type SortedCursor, SortedMap } from './sorted-map.ts';

const entryOverheadBytes = 64;
const noBytes = Buffer.alloc(0);

type Undo = { readonly keys: Key[]; readonly values: (Buffer | undefined)[] };

export class MemoryStore implements OrderedStore {
  bytes: Buffer = noBytes;
  readonly #entries = new SortedMap<Buffer>();
  readonly #untilDurable: (() => Promise<void>) | undefined;
  /** Oldest first; what came before them is durable. */
  #undo: Undo[] = [];
  #lastDurable: Promise<void> = Promise.resolve();
  #size = 0;

  /** `untilDurable` is how long the imagined device takes for a batch; left out, batches are durable at once. */
  constructor(untilDurable?: () => Promise<void>) {
    this.#untilDurable = untilDurable;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Key): number {
    const value = this.#entries.get(key);
    if (value === undefined) return -1;
    this.bytes = value;
    return value.length;
  }

  cursor(start: Key, end: Key, descending: boolean): StoreCursor {
    return new MemoryCursor(this.#entries.cursor(start, end, descending));
  }

  write(batch: WriteBatch): Written {
    if (this.#untilDurable === undefined) {
      this.#apply(batch.keys, batch.values);
      return { visible: Promise.resolve(), durable: Promise.resolve() };
    }
    const undo = this.#apply(batch.keys, batch.values);
    this.#undo.push(undo);
    const durable = Promise.all([this.#lastDurable, this.#untilDurable()]).then(() => {
      // A crash or clear may have taken it back already.
      if (this.#undo[0] === undo) this.#undo.shift();
    });
    this.#lastDurable = durable;
    return { visible: Promise.resolve(), durable };
  }

  refresh(): void {}

  /** What a power failure at this moment would leave: another store, without the batches that are not durable. */
  afterCrash(): MemoryStore {
    const left = new MemoryStore(this.#untilDurable);
    const cursor = this.#entries.cursor('', '\xff'.repeat(64), false);
    while (cursor.next()) left.#apply([cursor.key], [cursor.value]);
    for (const { keys, values } of this.#undo.toReversed()) left.#apply(keys.toReversed(), values.toReversed());
    return left;
  }

  async clear(): Promise<void> {
    this.#entries.clear();
    this.#undo = [];
    this.#size = 0;
  }

  async close(): Promise<void> {
    await this.#lastDurable;
  }

  #apply(keys: readonly Key[], values: readonly (Buffer | undefined)[]): Undo {
    assert(keys.length === values.length, 'a batch has one value a key');
    const undo: Undo = { keys: [], values: [] };
    const isUndoable = this.#untilDurable !== undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const value = values[i];
      const before = this.#entries.get(key);
      if (isUndoable) {
        undo.keys.push(key);
        undo.values.push(before);
      }
      if (before !== undefined) this.#size -= key.length + before.length + entryOverheadBytes;
      if (value === undefined) this.#entries.delete(key);
      else {
        this.#entries.set(key, value);
        this.#size += key.length + value.length + entryOverheadBytes;
      }
    }
    return undo;
  }
}

class MemoryCursor implements StoreCursor {
  key: Key = '';
  bytes: Buffer = noBytes;
  length = 0;
  readonly #cursor: SortedCursor<Buffer>;

  constructor(cursor: SortedCursor<Buffer>) {
    this.#cursor = cursor;
  }

  next(): boolean {
    if (!this.#cursor.next()) return false;
    this.key = this.#cursor.key;
    this.bytes = this.#cursor.value;
    this.length = this.bytes.length;
    return true;
  }

  close(): void {}
}
