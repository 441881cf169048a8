/**
 * Ordered store: what a replica needs of a key-value store below it. LMDB is one (`lmdb-store.ts`), memory another
 * (`memory-store.ts`); one suite runs over both (`ordered-store-contract.ts`).
 *
 *   O1  Keys sort as bytes.
 *   O2  A batch is visible whole or not at all, and durable whole or not at all; batches become visible and durable in order.
 *   O3  After a crash the store holds the batches up to some point that is at or behind the last one reported durable, and nothing else.
 *   O4  Reads within one synchronous slice, from a refresh() or a pause on, see one state.
 *
 * Values handed out lie in memory that the next read may overwrite: decode or copy at once. No cursor outlives its synchronous slice.
 */
import type { Key } from '#sql/key.ts';

/** Longest key that every store takes (LMDB with 8 KiB pages: 4 026 bytes), less what the replica puts around a key of its own. */
export const maximumKeyBytes = 4000;

/** Operation i puts values[i] at keys[i], or removes the key when that is undefined. Later operations win. */
export type WriteBatch = { readonly keys: readonly Key[]; readonly values: readonly (Buffer | undefined)[] };

export type Written = {
  /** Reads after it (and a refresh) see the batch. */
  readonly visible: Promise<void>;
  /** No crash loses the batch any more. */
  readonly durable: Promise<void>;
};

export interface OrderedStore {
  /** Length of the key's value, which then lies at the start of `bytes` until the next read; -1 when there is none. */
  get(key: Key): number;
  readonly bytes: Buffer;
  /** Stands before the first entry of [start, end), or behind its last when descending. */
  cursor(start: Key, end: Key, descending: boolean): StoreCursor;
  /** The values stay untouched until the batch is durable. */
  write(batch: WriteBatch): Written;
  /** From here on reads see all that is visible. */
  refresh(): void;
  /** Bytes taken, roughly. */
  readonly size: number;
  /** Removes everything, durably. No other write is under way. */
  clear(): Promise<void>;
  /** Waits for what was written. */
  close(): Promise<void>;
}

export interface StoreCursor {
  /** Steps on; false at the end. */
  next(): boolean;
  /** To be asked for before the next read of the store; once asked for, it is kept until the next step. */
  readonly key: Key;
  /** The value lies at the start of `bytes`, `length` long, until the next read. */
  readonly bytes: Buffer;
  readonly length: number;
  /** To be called when the cursor is left before its end; harmless otherwise. */
  close(): void;
}
