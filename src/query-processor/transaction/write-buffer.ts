/**
 * Write buffer: a transaction's own writes and marks, in memory, until commit.
 *
 *   W1  One entry a key: the last value written, under the strongest mode used (write over update over blind).
 *   W2  entries() gives keys in order, as they were when it was called. The order is made when a range is asked for, by merging in the new keys.
 *   W3  rollbackTo() restores values, modes, marks and byte count exactly as they were at the savepoint.
 */
import type { KeyMode, Mark, Write } from '#adjudicator/adjudicator.ts';
import type { Key, KeyRange } from '#sql/key.ts';
import type { Overlay } from '#storage/storage.ts';

/** What the commit request wants, as it stands: a load has as many of them as rows (bench: COPY of 100 000 rows). */
type Entry = Write;
type MarkMode = Extract<KeyMode, 'write' | 'share' | 'read'>;

type Undo =
  | { readonly kind: 'write'; readonly key: Key; readonly before: Entry | undefined }
  | { readonly kind: 'mark'; readonly key: Key; readonly before: MarkMode | undefined };

/** Of a buffer that nothing was written to: most transactions only read, and two maps would be a tenth of what a point read allocates. */
const noEntries: ReadonlyMap<Key, Entry> = new Map();
const noMarks: ReadonlyMap<Key, MarkMode> = new Map();
const noKeys: readonly Key[] = [];

export class WriteBuffer implements Overlay {
  /** The same maps, and undefined while nothing is in them. */
  #ownEntries: Map<Key, Entry> | undefined;
  #ownMarks: Map<Key, MarkMode> | undefined;
  #entries = noEntries;
  #marks = noMarks;
  /**
   * Keys in order, but for those in #added; undefined: none are in order yet. Never changed in place: a scan under way keeps the array that
   * it began with.
   */
  #sorted: readonly Key[] | undefined = noKeys;
  #added: Key[] | undefined;
  #bytes = 0;
  /** Kept only while there is a savepoint. */
  #undo: Undo[] | undefined;

  /** Distinct keys written. */
  get size(): number {
    return this.#entries.size;
  }

  /** True when there is something to decide: a write, or a lock. Marks of mode `read` alone are not. */
  get decides(): boolean {
    if (this.#entries.size > 0) return true;
    for (const mode of this.#marks.values()) if (mode !== 'read') return true;
    return false;
  }

  /** Keys and values, as the size limit counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  // Hot: once a changed row and index entry.
  write(key: Key, value: Uint8Array | undefined, mode: Write['mode']): void {
    const entries = this.#ownEntries ?? this.#makeEntries();
    const before = entries.get(key);
    this.#undo?.push({ kind: 'write', key, before });
    if (before === undefined) {
      if (this.#sorted !== undefined) {
        this.#added ??= [];
        this.#added.push(key);
      }
      this.#bytes += key.length + (value === undefined ? 0 : value.length);
      entries.set(key, { key, value, mode });
      return;
    }
    this.#bytes += (value === undefined ? 0 : value.length) - (before.value === undefined ? 0 : before.value.length);
    entries.set(key, { key, value, mode: strongerWrite(before.mode, mode) });
  }

  /** `write` for each. Into an empty buffer the map goes as it is: most transactions that write much do so in one statement. */
  writeAll(writes: Map<Key, Entry>): void {
    if (this.#entries.size > 0 || this.#undo !== undefined) {
      for (const { key, value, mode } of writes.values()) this.write(key, value, mode);
      return;
    }
    this.#ownEntries = writes;
    this.#entries = writes;
    this.#sorted = undefined;
    this.#added = undefined;
    for (const { key, value } of writes.values()) this.#bytes += key.length + (value === undefined ? 0 : value.length);
  }

  #makeEntries(): Map<Key, Entry> {
    const entries = new Map<Key, Entry>();
    this.#ownEntries = entries;
    this.#entries = entries;
    return entries;
  }

  #makeMarks(): Map<Key, MarkMode> {
    const marks = new Map<Key, MarkMode>();
    this.#ownMarks = marks;
    this.#marks = marks;
    return marks;
  }

  mark(key: Key, mode: MarkMode): void {
    const marks = this.#ownMarks ?? this.#makeMarks();
    const before = marks.get(key);
    const merged = before === undefined ? mode : strongerMark(before, mode);
    if (merged === before) return;
    this.#undo?.push({ kind: 'mark', key, before });
    marks.set(key, merged);
  }

  get(key: Key): { readonly value: Uint8Array | undefined } | undefined {
    return this.#entries.get(key);
  }

  *entries(range: KeyRange, descending: boolean): Iterable<{ readonly key: Key; readonly value: Uint8Array | undefined }> {
    const keys = this.#sortedKeys();
    const from = lowerBound(keys, range.start);
    const to = lowerBound(keys, range.end);
    if (descending) for (let at = to - 1; at >= from; at--) yield { key: keys[at], value: this.#entries.get(keys[at])?.value };
    else for (let at = from; at < to; at++) yield { key: keys[at], value: this.#entries.get(keys[at])?.value };
  }

  /** What the commit request says: marks that a write of the same key already implies are left out. */
  contents(): { readonly writes: readonly Write[]; readonly marks: readonly Mark[] } {
    const writes: Write[] = [];
    const marks: Mark[] = [];
    for (const entry of this.#entries.values())
      writes.push(entry.mode === 'update' && this.#marks.get(entry.key) === 'write' ? { ...entry, mode: 'write' } : entry);
    for (const [key, mode] of this.#marks) {
      const written = this.#entries.get(key);
      if (written === undefined || written.mode === 'blind') marks.push({ key, mode });
    }
    return { writes, marks };
  }

  /** As it is now, whatever is written later. */
  frozen(): Overlay {
    const copy = new WriteBuffer();
    const entries = copy.#makeEntries();
    for (const [key, entry] of this.#entries) entries.set(key, entry);
    copy.#sorted = this.#sorted;
    copy.#added = this.#added === undefined ? undefined : [...this.#added];
    return copy;
  }

  /** From here on changes can be taken back to the returned point. */
  savepoint(): number {
    this.#undo ??= [];
    return this.#undo.length;
  }

  rollbackTo(savepoint: number): void {
    const undo = this.#undo ?? [];
    while (undo.length > savepoint) {
      const change = undo.pop();
      if (change === undefined) break;
      if (change.kind === 'mark') {
        if (change.before === undefined) this.#ownMarks?.delete(change.key);
        else this.#ownMarks?.set(change.key, change.before);
        continue;
      }
      const now = this.#entries.get(change.key);
      this.#bytes -= entryBytes(change.key, now);
      this.#bytes += entryBytes(change.key, change.before);
      if (change.before === undefined) this.#ownEntries?.delete(change.key);
      else this.#ownEntries?.set(change.key, change.before);
    }
    this.#sorted = undefined;
    this.#added = undefined;
  }

  /** No savepoint is left: changes need not be remembered any more. */
  forgetSavepoints(): void {
    this.#undo = undefined;
  }

  #sortedKeys(): readonly Key[] {
    if (this.#sorted === undefined) this.#sorted = [...this.#entries.keys()].sort(byBytes);
    else if (this.#added !== undefined) {
      this.#sorted = merge(this.#sorted, this.#added.sort(byBytes));
      this.#added = undefined;
    }
    return this.#sorted;
  }
}

/** Two ordered lists without a common key, as one. */
function merge(a: readonly Key[], b: readonly Key[]): readonly Key[] {
  if (a.length === 0) return b;
  const out: Key[] = new Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let at = 0; at < out.length; at++) out[at] = j >= b.length || (i < a.length && a[i] < b[j]) ? a[i++] : b[j++];
  return out;
}

const entryBytes = (key: Key, entry: Entry | undefined): number =>
  entry === undefined ? 0 : key.length + (entry.value === undefined ? 0 : entry.value.length);

const byBytes = (a: Key, b: Key): number => (a < b ? -1 : a > b ? 1 : 0);

function strongerWrite(a: Write['mode'], b: Write['mode']): Write['mode'] {
  if (a === 'write' || b === 'write') return 'write';
  return a === 'update' || b === 'update' ? 'update' : 'blind';
}

function strongerMark(a: MarkMode, b: MarkMode): MarkMode {
  if (a === 'write' || b === 'write') return 'write';
  return a === 'share' || b === 'share' ? 'share' : 'read';
}

/** Index of the first key not below `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
