/**
 * Versions: what a key, or a range of keys, held as of a snapshot. Lays the transaction's own writes over recent over the store.
 *
 *   own writes   a: x                       they win over everything
 *   recent       a: 30, 20    c: 40         newer than whatever the store has of the key (recent.ts, R1)
 *   store        a: 10   b: 10   c: 10      one current version a key; older ones in history
 *
 * Nothing here lasts beyond a synchronous slice. Whoever reads in slices begins each with a cursor at the next key: the snapshot fixes
 * what is read, so that flushes and collection between slices change nothing that is visible.
 */
import { assert } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import { asBuffer } from '#sql/row.ts';
import { ColumnBlocks } from './column-blocks.ts';
import { HotRows } from './hot-rows.ts';
import type { OrderedStore, StoreCursor } from './ordered-store.ts';
import { type Recent, type RecentCursor, type Version, visibleAt } from './recent.ts';
import { RowCounts } from './row-counts.ts';
import type { Observed, Overlay } from './storage.ts';
import type { StoreGaps } from './store-gaps.ts';
import {
  currentHeaderBytes,
  historyEnd,
  historyHeaderBytes,
  historyKey,
  historyTimestamp,
  isCurrentTombstone,
  isHistoryTombstone,
  timestampOf,
} from './store-layout.ts';

export class Versions {
  readonly recent: Recent;
  readonly store: OrderedStore;
  readonly hotRows: HotRows;
  readonly blocks: ColumnBlocks;
  readonly rowCounts: RowCounts;
  /** S4: reads below it are refused. Only moves forward. */
  horizon: Timestamp;

  constructor(recent: Recent, store: OrderedStore, hotRowBytes: number, columnBlockBytes: number, horizon: Timestamp) {
    this.recent = recent;
    this.store = store;
    this.hotRows = new HotRows(hotRowBytes);
    this.blocks = new ColumnBlocks(columnBlockBytes);
    this.rowCounts = new RowCounts(store);
    this.horizon = horizon;
  }

  /** To be called at the start of each slice: S4 holds slice by slice. */
  checkHorizon(snapshot: Timestamp): void {
    if (snapshot < this.horizon) throw snapshotTooOld();
  }

  /** The key's value as of the snapshot; undefined where there is none. `gaps` where many are asked for at once. Hot: point reads. */
  get(key: Key, snapshot: Timestamp, observed: Observed, gaps?: StoreGaps): Buffer | undefined {
    const newest = this.recent.newest(key);
    if (newest !== undefined) {
      if (newest.timestamp > observed.newest) observed.newest = newest.timestamp;
      const visible = visibleAt(newest, snapshot);
      if (visible !== undefined) return visible.value;
    }
    const hot = this.hotRows.get(key);
    if (hot !== undefined) {
      if (hot.timestamp > observed.newest) observed.newest = hot.timestamp;
      return hot.timestamp <= snapshot ? hot.value : this.#copyOf(this.findInHistory(key, snapshot));
    }
    const length = gaps === undefined ? this.store.get(key) : gaps.get(key);
    if (length < 0) return undefined;
    const { bytes } = this.store;
    const timestamp = timestampOf(bytes);
    if (timestamp > observed.newest) observed.newest = timestamp;
    const value = isCurrentTombstone(bytes) ? undefined : copyOf(bytes, currentHeaderBytes, length - currentHeaderBytes);
    this.hotRows.put(key, { timestamp, value });
    return timestamp <= snapshot ? value : this.#copyOf(this.findInHistory(key, snapshot));
  }

  /** The newest superseded version of the key at or below the snapshot, unless there is none or it is a tombstone. */
  findInHistory(key: Key, snapshot: Timestamp): Slot | undefined {
    const cursor = this.store.cursor(historyKey(key, snapshot), historyEnd(key), false);
    try {
      if (!cursor.next() || isHistoryTombstone(cursor.bytes)) return undefined;
      return {
        bytes: cursor.bytes,
        offset: historyHeaderBytes,
        length: cursor.length - historyHeaderBytes,
        timestamp: historyTimestamp(cursor.key),
      };
    } finally {
      cursor.close();
    }
  }

  /** Visible rows of [start, end) as of the snapshot. To be closed within the synchronous slice. */
  cursor(start: Key, end: Key, descending: boolean, snapshot: Timestamp, overlay: Overlay | undefined, observed: Observed): VersionCursor {
    return new VersionCursor(this, start, end, descending, snapshot, overlay, observed);
  }

  #copyOf(slot: Slot | undefined): Buffer | undefined {
    return slot === undefined ? undefined : copyOf(slot.bytes, slot.offset, slot.length);
  }
}

/** A value in memory that the next read may overwrite. */
type Slot = { readonly bytes: Buffer; readonly offset: number; readonly length: number; readonly timestamp: Timestamp };

type OverlayEntry = { readonly key: Key; readonly value: Uint8Array | undefined };

/** Three sorted streams merged by key. Hot: every scan. */
export class VersionCursor {
  /** Where the row's value lies until the next read. */
  bytes: Buffer = noBytes;
  offset = 0;
  length = 0;
  /** Commit timestamp of the row's version; 0 for the transaction's own writes. */
  timestamp: Timestamp = 0;
  /** Keys met so far, visible or not. */
  examined = 0;
  /** Of a cursor that is paused, the last key met: a later cursor goes on behind it. */
  lastKey: Key = '';
  /** The row's key; undefined while it is that of the store's entry, which is not read before somebody asks. */
  #key: Key | undefined = '';

  readonly #versions: Versions;
  readonly #snapshot: Timestamp;
  readonly #descending: boolean;
  readonly #observed: Observed;
  readonly #stored: StoreCursor;
  readonly #recents: RecentCursor | undefined;
  readonly #own: Iterator<OverlayEntry> | undefined;
  /** What each stream stands on; undefined (false) at its end. */
  #hasStored: boolean;
  #recent: Version | undefined;
  #ownEntry: OverlayEntry | undefined;
  #isStoredTaken = false;

  constructor(
    versions: Versions,
    start: Key,
    end: Key,
    descending: boolean,
    snapshot: Timestamp,
    overlay: Overlay | undefined,
    observed: Observed,
  ) {
    this.#versions = versions;
    this.#snapshot = snapshot;
    this.#descending = descending;
    this.#observed = observed;
    this.#stored = versions.store.cursor(start, end, descending);
    this.#recents = versions.recent.cursor(start, end, descending);
    this.#own = overlay?.entries({ start, end }, descending)[Symbol.iterator]();
    this.#hasStored = this.#stored.next();
    this.#recent = this.#recents?.next();
    this.#ownEntry = this.#nextOwn();
  }

  /** The row's key, until the next read. */
  get key(): Key {
    return this.#key ?? this.#stored.key;
  }

  /** Steps to the next visible row; false at the end of the range, or once `maximumExamined` keys have been met (then `isPaused`). */
  next(maximumExamined: number): boolean {
    for (;;) {
      // Only now: until here the row handed out last lay in the store's memory.
      if (this.#isStoredTaken) this.#stepStored();
      if (this.examined >= maximumExamined) return false;
      if (this.#recent === undefined && this.#ownEntry === undefined) {
        // Fast path: nothing but the store has anything more in this range.
        if (!this.#hasStored) return false;
        if (++this.examined >= maximumExamined) this.lastKey = this.#stored.key;
        if (this.#takeStored()) return true;
      } else {
        this.examined++;
        if (this.#takeMerged()) return true;
      }
    }
  }

  /** More may follow behind `lastKey`. */
  get isPaused(): boolean {
    return this.#hasStored || this.#recent !== undefined || this.#ownEntry !== undefined;
  }

  /** To be called before the slice ends. */
  close(): void {
    if (this.#hasStored) this.#stored.close();
    this.#own?.return?.();
  }

  /** Takes the entry that the store's cursor stands on; true when the key has a row there as of the snapshot. */
  #takeStored(): boolean {
    this.#isStoredTaken = true;
    const { bytes, length } = this.#stored;
    const timestamp = timestampOf(bytes);
    this.#observe(timestamp);
    if (timestamp <= this.#snapshot) {
      if (isCurrentTombstone(bytes)) return false;
      return this.#found(undefined, timestamp, bytes, currentHeaderBytes, length - currentHeaderBytes);
    }
    const { key } = this.#stored;
    const old = this.#versions.findInHistory(key, this.#snapshot);
    return old !== undefined && this.#found(key, old.timestamp, old.bytes, old.offset, old.length);
  }

  /** Takes the next key of the three streams; true when it has a row as of the snapshot. */
  #takeMerged(): boolean {
    const ownKey = this.#ownEntry?.key;
    const recentKey = this.#recent?.chain.key;
    const storedKey = this.#hasStored ? this.#stored.key : undefined;
    const key = this.#nearer(this.#nearer(ownKey, recentKey), storedKey);
    assert(key !== undefined, 'a cursor that merges stands on something');
    this.lastKey = key;

    const own = ownKey === key ? this.#ownEntry : undefined;
    const recent = recentKey === key ? this.#recent : undefined;
    if (own !== undefined) this.#ownEntry = this.#nextOwn();
    if (recent !== undefined) {
      this.#recent = this.#recents?.next();
      this.#observe(recent.timestamp);
    }
    if (own !== undefined) {
      if (storedKey === key) this.#passStored();
      return own.value !== undefined && this.#found(key, 0, asBuffer(own.value), 0, own.value.length);
    }
    const visible = visibleAt(recent, this.#snapshot);
    if (visible !== undefined) {
      if (storedKey === key) this.#passStored();
      const { value, timestamp } = visible;
      return value !== undefined && this.#found(key, timestamp, value, 0, value.length);
    }
    // A key without a current entry has no history either (flusher.ts, S4), so that only this entry can hold an older version.
    return storedKey === key && this.#takeStored();
  }

  #passStored(): void {
    this.#isStoredTaken = true;
    this.#observe(timestampOf(this.#stored.bytes));
  }

  #stepStored(): void {
    this.#isStoredTaken = false;
    this.#hasStored = this.#stored.next();
  }

  #nextOwn(): OverlayEntry | undefined {
    const step = this.#own?.next();
    return step === undefined || step.done === true ? undefined : step.value;
  }

  #nearer(a: Key | undefined, b: Key | undefined): Key | undefined {
    if (a === undefined) return b;
    if (b === undefined) return a;
    return a < b !== this.#descending ? a : b;
  }

  #observe(timestamp: Timestamp): void {
    if (timestamp > this.#observed.newest) this.#observed.newest = timestamp;
  }

  #found(key: Key | undefined, timestamp: Timestamp, bytes: Buffer, offset: number, length: number): true {
    this.#key = key;
    this.timestamp = timestamp;
    this.bytes = bytes;
    this.offset = offset;
    this.length = length;
    return true;
  }
}

const noBytes = Buffer.alloc(0);

function copyOf(bytes: Buffer, offset: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, offset, offset + length);
  return copy;
}

const snapshotTooOld = () =>
  new SqlError(sqlstate.serializationFailure, 'could not serialize access: the snapshot is too old', {
    hint: 'The transaction might succeed if retried.',
  });
