/**
 * Flusher: moves recent versions into the store, and collects there what no reader can want any more. In the background, in short
 * synchronous slices, one batch at a time.
 *
 *   flush     the oldest applied entries, whole, in one batch with the header that says how far the store has come (S5).
 *             When the batch is visible to readers, the versions leave recent, and copies among the hot rows go, in the same step.
 *   collect   superseded versions and tombstones once the horizon has passed what superseded them, from lists that the flush wrote.
 *
 *   S4  Of each key the newest version at or below the horizon stays, and all newer ones; a tombstone that is the newest goes too.
 *       The horizon in memory rises before the batch that drops something is written, and the one in the store with it.
 *   F1  A key without a current entry has no history that a reader at or above the horizon could want. So a tombstone's current entry
 *       goes last: the lists of a flush name superseded versions first, tombstones behind them, and are worked off in order.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { Key } from '#sql/key.ts';
import { FlushBatch } from './flush-batch.ts';
import type { Version } from './recent.ts';
import type { SortedRun } from './sorted-runs.ts';
import { StoreGaps } from './store-gaps.ts';
import {
  type Collectable,
  collectionEnd,
  collectionKey,
  collectionStart,
  collectionTimestamp,
  decodeCollection,
  encodeCollection,
  encodeHeader,
  encodeRowCount,
  type Header,
  headerKey,
  historyKey,
  isCurrentTombstone,
  readHeader,
  timestampOf,
} from './store-layout.ts';
import type { Versions } from './versions.ts';

export type FlusherOptions = {
  /** How long versions may stay in recent alone before they are flushed. */
  readonly flushDelayMs: number;
  /** A batch holds whole entries until it has so many versions, or bytes. */
  readonly batchVersions: number;
  readonly batchBytes: number;
  /** A batch that is full is flushed as soon as nothing has come for so long: a load goes on undisturbed, and is in the store soon after its end. */
  readonly quietMs: number;
  /** So many versions, or bytes, start a flush at once. */
  readonly startVersions: number;
  readonly startBytes: number;
  /** What stops the flusher for good: the store refused a batch. */
  readonly onFailure: (error: unknown) => void;
};

/** One applied journal entry, and where the replica stood after it. */
export type Applied = {
  readonly position: JournalPosition;
  readonly hash: Buffer;
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
  /** A key's version in a run is older than those of it among `versions`. */
  readonly runs: readonly SortedRun[];
  readonly versions: readonly Version[];
  readonly bytes: number;
};

/** A slice between two pauses. */
const sliceMs = 3;
/** Entries of a collection list are cut so that a list stays well below half a page. */
const listBytes = 3500;

export class Flusher {
  readonly #world: World;
  readonly #versions: Versions;
  readonly #options: FlusherOptions;
  /** Newest horizon that may be taken, given the newest timestamp that the store is going to hold. */
  readonly #horizonFor: (flushed: Timestamp) => Timestamp;
  #queue: Applied[] = [];
  #queuedVersions = 0;
  #queuedBytes = 0;
  /** What the store holds, visibly. */
  #header: Header;
  #durablePosition: JournalPosition;
  #lastDurable: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelQuiet: (() => void) | undefined;
  #isClosed = false;
  #failure: { readonly error: unknown } | undefined;
  #onRoom: (() => void)[] = [];

  constructor(world: World, versions: Versions, header: Header, options: FlusherOptions, horizonFor: (flushed: Timestamp) => Timestamp) {
    this.#world = world;
    this.#versions = versions;
    this.#header = header;
    this.#durablePosition = header.position;
    this.#options = options;
    this.#horizonFor = horizonFor;
  }

  /** No crash loses what the journal said up to here. */
  get durablePosition(): JournalPosition {
    return this.#durablePosition;
  }

  get header(): Header {
    return this.#header;
  }

  add(applied: Applied): void {
    this.#queue.push(applied);
    this.#queuedVersions += writesOf(applied);
    this.#queuedBytes += applied.bytes;
    this.#schedule();
  }

  /** Resolves when some versions have left recent; at once when the flusher has ended. */
  untilProgress(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#isClosed) return Promise.resolve();
    this.#start();
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Everything applied so far, durably in the store. */
  async flush(): Promise<void> {
    // What a run under way has taken from the queue is not written yet either.
    while ((this.#queue.length > 0 || this.#running !== undefined) && this.#failure === undefined) {
      assert(!this.#isClosed, 'a closed replica is not flushed');
      if (this.#queue.length > 0) this.#start();
      await this.#running;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    await this.#lastDurable;
  }

  /** Collects what the horizon allows now; for tests and for tools. Otherwise it goes along with flushing. */
  async collect(): Promise<void> {
    await this.flush();
    while (await this.#collectSome());
    await this.#lastDurable;
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) await this.flush();
    this.#isClosed = true;
    this.#stopTimers();
    await this.#running;
    this.#resume();
  }

  #schedule(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const { batchVersions, batchBytes, startVersions, startBytes, flushDelayMs, quietMs } = this.#options;
    if (this.#queuedVersions >= startVersions || this.#queuedBytes >= startBytes) {
      this.#start();
      return;
    }
    const { timers } = this.#world;
    this.#cancelTimer ??= timers.after(flushDelayMs, () => this.#start());
    if (this.#queuedVersions < batchVersions && this.#queuedBytes < batchBytes) return;
    this.#cancelQuiet?.();
    this.#cancelQuiet = timers.after(quietMs, () => this.#start());
  }

  #stopTimers(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#cancelQuiet?.();
    this.#cancelQuiet = undefined;
  }

  #start(): void {
    this.#stopTimers();
    if (this.#running !== undefined || this.#isClosed || this.#failure !== undefined) return;
    this.#running = this.#run().then(
      () => {
        this.#running = undefined;
        if (this.#queue.length > 0) this.#schedule();
      },
      (error: unknown) => {
        this.#running = undefined;
        this.#fail(error);
      },
    );
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#resume();
    this.#options.onFailure(error);
  }

  async #run(): Promise<void> {
    // Not within apply: the commit that filled the queue is answered first (bench: COPY of 100 000 rows).
    await this.#world.timers.yield();
    const last = this.#queue.at(-1)?.position ?? 0;
    while (this.#queue.length > 0 && this.#queue[0].position <= last) await this.#flushSome();
    // Not more than one batch of collection a run: when there is much of it, flushing goes on in between.
    if (!this.#isClosed) await this.#collectSome();
  }

  async #flushSome(): Promise<void> {
    const { recent, store, hotRows, blocks, rowCounts } = this.#versions;
    const taken = this.#takeFromQueue();
    const last = taken[taken.length - 1];
    const horizon = this.#raiseHorizon(last.appliedTimestamp);
    const batch = new FlushBatch();
    // Nothing else writes to the store until this batch is in it (SG1).
    const gaps = new StoreGaps(store);
    const superseded: Collectable[] = [];
    const tombstones: Collectable[] = [];
    const counted = new Map<Key, { rows: number; versions: number }>();
    let sliceStart = this.#world.clock.monotonicMs();
    let count = 0;
    const isTurnOver = (): boolean => (++count & 63) === 0 && this.#world.clock.monotonicMs() - sliceStart >= sliceMs;
    const turn = async (): Promise<void> => {
      await this.#world.timers.yield();
      sliceStart = this.#world.clock.monotonicMs();
    };
    const flushChain = (version: Version): number =>
      // Only the last of a key's versions in this batch leads; the others hang below it.
      version.newer !== undefined && version.newer.timestamp <= last.appliedTimestamp
        ? 0
        : this.#flushChain(version, horizon, gaps, batch, superseded, tombstones);
    const note = (prefix: Key, rows: number): void => {
      let change = counted.get(prefix);
      if (change === undefined) {
        change = { rows: 0, versions: 0 };
        counted.set(prefix, change);
      }
      change.versions++;
      change.rows += rows;
    };
    for (const { runs, versions } of taken) {
      for (const run of runs) {
        const { writes, timestamp, prefix } = run;
        for (let at = 0; at < writes.length; at++) {
          const moved = run.movedAt(at);
          const { key, value } = writes[at];
          note(
            prefix,
            moved === undefined
              ? this.#flushOnto(key, timestamp, { timestamp, value }, horizon, gaps, batch, superseded, tombstones)
              : flushChain(moved),
          );
          if (isTurnOver()) await turn();
        }
      }
      for (const version of versions) {
        note(version.chain.key.slice(0, 4), flushChain(version));
        if (isTurnOver()) await turn();
      }
    }
    putLists(batch, last.appliedTimestamp, superseded, tombstones);
    for (const { key, count } of rowCounts.entries(counted)) {
      if (count === undefined) batch.remove(key);
      else batch.put(key, encodeRowCount(count));
    }
    const { position, hash, appliedTimestamp, catalogTimestamp } = last;
    await this.#write(batch, { journalId: this.#header.journalId, position, hash, appliedTimestamp, catalogTimestamp, horizon });

    assert(readHeader(store)?.position === position, 'S5: versions leave recent only when readers see them in the store');
    rowCounts.add(counted);
    for (const { runs, versions } of taken) {
      for (const run of runs) this.#forgetRun(run);
      for (const version of versions) {
        hotRows.delete(version.chain.key);
        blocks.invalidate(version.chain.key);
        recent.forget(version);
      }
    }
    recent.sweep();
    this.#resume();
  }

  #forgetRun(run: SortedRun): void {
    const { recent, hotRows, blocks } = this.#versions;
    for (let at = 0; at < run.writes.length; at++) {
      const { key } = run.writes[at];
      hotRows.delete(key);
      blocks.invalidate(key);
      const moved = run.movedAt(at);
      if (moved !== undefined) recent.forget(moved);
    }
    recent.forgetRun(run);
  }

  /** Whole entries from the front of the queue: at least one. */
  #takeFromQueue(): readonly Applied[] {
    const { batchVersions, batchBytes } = this.#options;
    let count = 0;
    let versionCount = 0;
    let bytes = 0;
    while (count < this.#queue.length && (count === 0 || (versionCount < batchVersions && bytes < batchBytes))) {
      versionCount += writesOf(this.#queue[count]);
      bytes += this.#queue[count].bytes;
      count++;
    }
    this.#queuedVersions -= versionCount;
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  /**
   * Puts a key's versions, `newest` and all that hang below it, on top of what the store has of the key. Returns how many rows that makes more
   * in the key's space. Hot.
   */
  #flushChain(
    newest: Version,
    horizon: Timestamp,
    gaps: StoreGaps,
    batch: FlushBatch,
    superseded: Collectable[],
    tombstones: Collectable[],
  ): number {
    const { key } = newest.chain;
    let next = newest;
    for (let version = newest.older; version !== undefined; version = version.older) {
      if (next.timestamp > horizon) {
        batch.put(historyKey(key, version.timestamp), batch.history(version.value));
        superseded.push({ key, by: next.timestamp, superseded: version.timestamp });
      }
      next = version;
    }
    return this.#flushOnto(key, next.timestamp, newest, horizon, gaps, batch, superseded, tombstones);
  }

  /** Puts a key's newest version into the store, and what the store has of the key into history: `oldest` of the batch follows on it. Hot. */
  #flushOnto(
    key: Key,
    oldest: Timestamp,
    newest: { readonly timestamp: Timestamp; readonly value: Uint8Array | undefined },
    horizon: Timestamp,
    gaps: StoreGaps,
    batch: FlushBatch,
    superseded: Collectable[],
    tombstones: Collectable[],
  ): number {
    const { store } = this.#versions;
    const length = gaps.get(key);
    let before = 0;
    if (length >= 0) {
      const { bytes } = store;
      before = isCurrentTombstone(bytes) ? 0 : 1;
      const timestamp = timestampOf(bytes);
      assert(timestamp < oldest, 'S1: what is flushed is newer than what the store has of the key');
      if (oldest > horizon) {
        batch.put(historyKey(key, timestamp), batch.copy(bytes, 8, length - 8));
        superseded.push({ key, by: oldest, superseded: timestamp });
      }
    }
    const { timestamp, value } = newest;
    if (value === undefined) {
      // Written and deleted again, all below the horizon, and unknown to the store: as if it had never been.
      if (length < 0 && timestamp <= horizon) return 0;
      tombstones.push({ key, by: timestamp, superseded: timestamp });
    }
    batch.put(key, batch.current(timestamp, value));
    return (value === undefined ? 0 : 1) - before;
  }

  /** Works off some lists that the horizon has passed; true when there was one. */
  async #collectSome(): Promise<boolean> {
    const { store, hotRows } = this.#versions;
    const horizon = this.#raiseHorizon(this.#header.appliedTimestamp);
    const batch = new FlushBatch();
    const gone: Key[] = [];
    for (const { listKey, list } of this.#listsBelow(horizon)) {
      for (const { key, by, superseded } of list) {
        assert(by <= horizon, 'S4: collected only what was superseded at or below the horizon');
        if (by !== superseded) batch.remove(historyKey(key, superseded));
        else if (store.get(key) >= 0 && timestampOf(store.bytes) === by) {
          batch.remove(key);
          gone.push(key);
        }
      }
      batch.remove(listKey);
    }
    if (batch.count === 0) return false;
    await this.#write(batch, { ...this.#header, horizon });
    for (const key of gone) hotRows.delete(key);
    return true;
  }

  #listsBelow(horizon: Timestamp): { readonly listKey: Key; readonly list: readonly Collectable[] }[] {
    const lists: { readonly listKey: Key; readonly list: readonly Collectable[] }[] = [];
    let count = 0;
    const cursor = this.#versions.store.cursor(collectionStart, collectionEnd, false);
    try {
      while (count < this.#options.batchVersions && cursor.next() && collectionTimestamp(cursor.key) <= horizon) {
        const list = decodeCollection(cursor.bytes, cursor.length);
        lists.push({ listKey: cursor.key, list });
        count += list.length;
      }
    } finally {
      cursor.close();
    }
    return lists;
  }

  #raiseHorizon(flushed: Timestamp): Timestamp {
    const horizon = this.#horizonFor(flushed);
    if (horizon > this.#versions.horizon) this.#versions.horizon = horizon;
    return this.#versions.horizon;
  }

  /** Resolves in the step in which readers begin to see the batch. */
  async #write(batch: FlushBatch, header: Header): Promise<void> {
    assert(header.position >= this.#header.position, 'S2: the store only moves forward');
    assert(header.horizon >= this.#header.horizon, 'S4: the horizon only moves forward');
    batch.put(headerKey, encodeHeader(header));
    const { store } = this.#versions;
    const { visible, durable } = store.write(batch);
    this.#lastDurable = durable.then(
      () => {
        if (header.position > this.#durablePosition) this.#durablePosition = header.position;
      },
      (error: unknown) => this.#fail(error),
    );
    await visible;
    store.refresh();
    this.#header = header;
  }

  #resume(): void {
    const waiting = this.#onRoom;
    this.#onRoom = [];
    for (const resolve of waiting) resolve();
  }
}

const writesOf = ({ runs, versions }: Applied): number => runs.reduce((count, run) => count + run.writes.length, versions.length);

/** Cuts what a flush found into lists under the flush's timestamp: superseded versions first, tombstones behind (F1). */
function putLists(batch: FlushBatch, timestamp: Timestamp, superseded: readonly Collectable[], tombstones: readonly Collectable[]): void {
  let sequence = 0;
  let list: Collectable[] = [];
  let bytes = 0;
  const end = () => {
    if (list.length > 0) batch.put(collectionKey(timestamp, sequence++), encodeCollection(list));
    list = [];
    bytes = 0;
  };
  for (const all of [superseded, tombstones]) {
    for (const item of all) {
      list.push(item);
      bytes += item.key.length + 18;
      if (bytes >= listBytes) end();
    }
  }
  end();
}
