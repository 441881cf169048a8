/**
 * Temporary rows: rows, index entries and sequence values of a session's temporary tables. They lie in memory, belong to no cluster,
 * and reach a statement as part of its transaction's overlay: a scan finds nothing of their spaces in storage and takes all from here,
 * so that everything that reads or joins tables works alike.
 *
 *   M1  A transaction's changes of them wait in a buffer of their own, beside those that the commit request carries: savepoints and rollback
 *       apply, limits do not, nothing of them is sent.
 *   M2  What has been committed here is changed only by the end of the session's own transactions: it needs no versions.
 */
import type { Key, KeyRange } from '#sql/key.ts';
import { prefixEnd, spacePrefix } from '#sql/key.ts';
import { isTemporaryKey } from '#sql/spaces.ts';
import { SortedMap } from '#storage/sorted-map.ts';
import type { Overlay } from '#storage/storage.ts';
import { WriteBuffer } from './write-buffer.ts';

type Entry = { readonly key: Key; readonly value: Uint8Array | undefined };

export class TemporaryRows {
  readonly #rows = new SortedMap<Uint8Array>();

  get(key: Key): Uint8Array | undefined {
    return this.#rows.get(key);
  }

  set(key: Key, value: Uint8Array | undefined): void {
    if (value === undefined) this.#rows.delete(key);
    else this.#rows.set(key, value);
  }

  *entries({ start, end }: KeyRange, descending: boolean): Iterable<Entry> {
    const cursor = this.#rows.cursor(start, end, descending);
    while (cursor.next()) yield { key: cursor.key, value: cursor.value };
  }

  /** Everything of these key spaces is gone. */
  dropSpaces(spaces: readonly number[]): void {
    for (const space of spaces) {
      const start = spacePrefix(space);
      const end = prefixEnd(start) ?? start;
      for (const { key } of [...this.entries({ start, end }, false)]) this.#rows.delete(key);
    }
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** One transaction's view of them, with all its own writes laid over. */
export class TemporaryOverlay implements Overlay {
  readonly #rows: TemporaryRows;
  readonly #others: WriteBuffer;
  readonly buffer = new WriteBuffer();

  /** `others`: the writes that go into the commit request. */
  constructor(rows: TemporaryRows, others: WriteBuffer) {
    this.#rows = rows;
    this.#others = others;
  }

  get(key: Key): { readonly value: Uint8Array | undefined } | undefined {
    if (!isTemporaryKey(key)) return this.#others.get(key);
    return temporaryEntry(this.buffer, this.#rows, key);
  }

  entries(range: KeyRange, descending: boolean): Iterable<Entry> {
    if (!isTemporaryKey(range.start)) return this.#others.entries(range, descending);
    if (this.buffer.size === 0) return this.#rows.entries(range, descending);
    return merged(this.buffer.entries(range, descending), this.#rows.entries(range, descending), descending);
  }

  /** As it is now, whatever the transaction writes later. */
  frozen(): Overlay {
    const rows = this.#rows;
    const [own, others] = [this.buffer.frozen(), this.#others.frozen()];
    return {
      get: (key) => (isTemporaryKey(key) ? temporaryEntry(own, rows, key) : others.get(key)),
      entries: (range, descending) =>
        isTemporaryKey(range.start)
          ? merged(own.entries(range, descending), rows.entries(range, descending), descending)
          : others.entries(range, descending),
    };
  }

  /** The transaction has committed. */
  apply(): void {
    for (const { key, value } of this.buffer.contents().writes) this.#rows.set(key, value);
  }
}

function temporaryEntry(own: Overlay, rows: TemporaryRows, key: Key): { readonly value: Uint8Array | undefined } | undefined {
  const written = own.get(key);
  if (written !== undefined) return written;
  const value = rows.get(key);
  return value === undefined ? undefined : { value };
}

/** Of two entries with one key the first list's counts. */
function* merged(over: Iterable<Entry>, under: Iterable<Entry>, descending: boolean): Iterable<Entry> {
  const upper = over[Symbol.iterator]();
  const lower = under[Symbol.iterator]();
  let a = upper.next();
  let b = lower.next();
  while (a.done !== true || b.done !== true) {
    const takesUpper = b.done === true || (a.done !== true && (a.value.key === b.value.key || a.value.key < b.value.key !== descending));
    if (takesUpper && a.done !== true) {
      if (b.done !== true && a.value.key === b.value.key) b = lower.next();
      yield a.value;
      a = upper.next();
    } else if (b.done !== true) {
      yield b.value;
      b = lower.next();
    }
  }
}
