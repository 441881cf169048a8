/**
 * Flush batch: what a flush is going to write, in memory. Values are laid into slabs, so that a small row costs no memory block of its own.
 */
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import type { WriteBatch } from './ordered-store.ts';
import { writeCurrent, writeHistory } from './store-layout.ts';

const slabBytes = 256 * 1024;

export class FlushBatch implements WriteBatch {
  readonly keys: Key[] = [];
  readonly values: (Buffer | undefined)[] = [];
  #slab = Buffer.alloc(0);
  #used = 0;

  get count(): number {
    return this.keys.length;
  }

  put(key: Key, value: Buffer): void {
    this.keys.push(key);
    this.values.push(value);
  }

  remove(key: Key): void {
    this.keys.push(key);
    this.values.push(undefined);
  }

  current(timestamp: Timestamp, row: Uint8Array | undefined): Buffer {
    const target = this.#take(9 + (row === undefined ? 0 : row.length));
    writeCurrent(target, timestamp, row);
    return target;
  }

  history(row: Buffer | undefined): Buffer {
    const target = this.#take(1 + (row === undefined ? 0 : row.length));
    writeHistory(target, row);
    return target;
  }

  copy(bytes: Buffer, offset: number, length: number): Buffer {
    const target = this.#take(length);
    bytes.copy(target, 0, offset, offset + length);
    return target;
  }

  #take(length: number): Buffer {
    if (length > slabBytes / 8) return Buffer.allocUnsafeSlow(length);
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#used = 0;
    }
    const part = this.#slab.subarray(this.#used, this.#used + length);
    this.#used += length;
    return part;
  }
}
