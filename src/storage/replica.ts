/**
 * Replica: Storage over one ordered store. Journal entries are applied in memory and are visible at once; a flusher moves them into the
 * store behind everybody's back. Opened again, a replica goes on exactly behind the position that its store carries.
 *
 *   apply ──► recent ──(flusher)──► store            reads lay recent over the store (versions.ts)
 *
 * S1, S2, S3 and S5 are asserted here and in recent.ts and flusher.ts; S4 lives in flusher.ts and Versions.checkHorizon.
 *
 * Horizon: a transaction takes its snapshot at the newest commit of that moment and lives for less than `historyMs`. So what is read now
 * is at or above the newest commit whose timestamp is at most the present one less `historyMs`. The newest commit, not the time itself:
 * after an idle hour the commit before it may still be the snapshot of a transaction that has just begun.
 * Who wants to read the past asks for a longer history (`retainHistory`): superseded versions then stay that long, and nothing else changes.
 */
import { assert } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp, World } from '#base/world.ts';
import type { JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { Batch } from '#sql/batch.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { type Key, type KeyRange, type SpaceId, spacePrefix } from '#sql/key.ts';
import { asBuffer } from '#sql/row.ts';
import { catalogSpace, statisticsSpace } from '#sql/spaces.ts';
import { Flusher, type FlusherOptions } from './flusher.ts';
import { maximumKeyBytes, type OrderedStore } from './ordered-store.ts';
import { Recent, type Version } from './recent.ts';
import { scan } from './scan.ts';
import { partsInOrder, type SortedRun } from './sorted-runs.ts';
import type { Observed, ScanRequest, Storage, Wait } from './storage.ts';
import { StoreGaps } from './store-gaps.ts';
import { firstKey, type Header, readHeader, type SpaceCount, storeEnd, storeStart } from './store-layout.ts';
import { Versions } from './versions.ts';

export type ReplicaOptions = FlusherOptions & {
  /** The journal that feeds the replica; a store of another one is wiped. */
  readonly journalId: string;
  /** How far back reads may go: more than any transaction may live. */
  readonly historyMs: number;
  /** Memory for versions that are not in the store yet; beyond it `isFull` says that the feed should wait. */
  readonly recentBytes: number;
  /** A commit's writes in key order stay together from so many on (sorted-runs.ts); fewer are not worth it. */
  readonly fewestInRun: number;
  /** Memory for copies of rows read lately. */
  readonly hotRowBytes: number;
  /** Memory for columns of ranges scanned lately. */
  readonly columnBlockBytes: number;
};

export const defaultReplicaOptions = {
  historyMs: 6 * 60_000,
  recentBytes: 64 * 1024 * 1024,
  fewestInRun: 64,
  hotRowBytes: 64 * 1024 * 1024,
  columnBlockBytes: 64 * 1024 * 1024,
  // Rows that are changed again meanwhile are written once, and rows near each other into one page: four times less is written than at 200 ms.
  flushDelayMs: 1000,
  batchVersions: 2000,
  batchBytes: 4 * 1024 * 1024,
  quietMs: 50,
  startVersions: 100_000,
  startBytes: 24 * 1024 * 1024,
} as const;

/** From so many keys on a look-up may be that of a load. */
const manyKeys = 16;
/** Steps in which the horizon moves: this many to one historyMs. */
const horizonSteps = 64;
const catalogPrefix = spacePrefix(catalogSpace);
const statisticsPrefix = spacePrefix(statisticsSpace);

/** One key's newest version at a snapshot, as it goes into checkpoints and index builds. */
export type StoredRow = { readonly key: Key; readonly value: Uint8Array; readonly timestamp: Timestamp };

export class Replica implements Storage {
  readonly #world: World;
  readonly #versions: Versions;
  readonly #flusher: Flusher;
  readonly #options: ReplicaOptions;
  readonly #applied = () => this.#appliedTimestamp;
  #position: JournalPosition;
  #hash: Buffer;
  #appliedTimestamp: Timestamp;
  #catalogTimestamp: Timestamp;
  #historyMs: number;
  #statisticsWrites = 0;
  /** Commit timestamps, ascending, thinned out: where the horizon may come to lie. */
  #horizonSteps: Timestamp[];
  #waiting: { readonly timestamp: Timestamp; readonly resolve: () => void }[] = [];

  /**
   * A replica over the store, where it was left. When the store holds another journal's state, another format's, or anything
   * that it should not, it is wiped, and the position is 0: the journal (or a checkpoint) rebuilds it.
   */
  static async open(store: OrderedStore, world: World, options: ReplicaOptions): Promise<Replica> {
    const header = readHeader(store);
    if (header !== undefined && header.journalId === options.journalId) return new Replica(store, world, options, header);
    if (!isEmpty(store)) {
      world.log.warn('storage is rebuilt from the journal', { journal: options.journalId, found: header?.journalId ?? 'nothing readable' });
      await store.clear();
    }
    return new Replica(store, world, options, emptyHeader(options.journalId));
  }

  private constructor(store: OrderedStore, world: World, options: ReplicaOptions, header: Header) {
    this.#world = world;
    this.#options = options;
    this.#historyMs = options.historyMs;
    this.#position = header.position;
    this.#hash = header.hash;
    this.#appliedTimestamp = header.appliedTimestamp;
    this.#catalogTimestamp = header.catalogTimestamp;
    this.#horizonSteps = [header.appliedTimestamp];
    this.#versions = new Versions(new Recent(), store, options.hotRowBytes, options.columnBlockBytes, header.horizon);
    this.#flusher = new Flusher(world, this.#versions, header, options, (flushed) => this.#horizonFor(flushed));
  }

  get appliedTimestamp(): Timestamp {
    return this.#appliedTimestamp;
  }

  get catalogTimestamp(): Timestamp {
    return this.#catalogTimestamp;
  }

  /** The last applied entry; the next one to be fed is behind it. */
  get position(): JournalPosition {
    return this.#position;
  }

  /** The journal's chain hash after `position`. Empty at position 0. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** Entries at or below it need no replay after a crash: the journal may be cut below it. */
  get flushedPosition(): JournalPosition {
    return this.#flusher.durablePosition;
  }

  /** Oldest snapshot that can be read. */
  get horizon(): Timestamp {
    return this.#versions.horizon;
  }

  /** Reads may go back so far, or as far as transactions need when that is more. What has been collected before does not come back. */
  retainHistory(retainedMs: number): void {
    this.#historyMs = Math.max(this.#options.historyMs, retainedMs);
  }

  /** The feed should wait (`untilRoom`): memory for what is not flushed is used up. */
  get isFull(): boolean {
    return this.#versions.recent.bytes >= this.#options.recentBytes;
  }

  get journalId(): string {
    return this.#options.journalId;
  }

  /** What metrics show. */
  get recentBytes(): number {
    return this.#versions.recent.bytes;
  }

  get columnBlockBytes(): number {
    return this.#versions.blocks.bytes;
  }

  get storeBytes(): number {
    return this.#versions.store.size;
  }

  get heldBytes(): number {
    return this.storeBytes + this.recentBytes;
  }

  /** Applies the next entry: all of it is visible when this returns (S2). Hot. */
  apply({ position, entry, hash }: PlacedEntry): void {
    assert(position === this.#position + 1, 'S2: entries are applied one after another');
    const { recent } = this.#versions;
    const versions: Version[] = [];
    const runs: SortedRun[] = [];
    let bytes = 0;
    let applied = this.#appliedTimestamp;
    let catalog = this.#catalogTimestamp;
    if (entry.kind === 'commits') {
      for (const { timestamp, writes } of entry.records) {
        assert(timestamp > applied, 'S2: commit timestamps strictly increase');
        applied = timestamp;
        for (const { key, value } of writes) {
          assert(key >= firstKey && key.length <= maximumKeyBytes, 'a key has a space and fits the store');
          bytes += key.length + (value === undefined ? 0 : value.length);
          if (key.startsWith(catalogPrefix)) catalog = timestamp;
          else if (key.startsWith(statisticsPrefix)) this.#statisticsWrites++;
        }
        const { parts, rest } = partsInOrder(writes, this.#options.fewestInRun);
        for (const part of parts) {
          const run = recent.addRun(part, timestamp);
          if (run !== undefined) runs.push(run);
          else for (const { key, value } of part) versions.push(recent.put(key, timestamp, value));
        }
        for (const { key, value } of rest) versions.push(recent.put(key, timestamp, value));
      }
    } else if (entry.floor > applied) {
      // All later commits are above the floor: whatever there is at or below it has been applied.
      applied = entry.floor;
    }
    this.#position = position;
    this.#hash = asBuffer(hash);
    this.#appliedTimestamp = applied;
    this.#catalogTimestamp = catalog;
    this.#noteHorizonStep(applied);
    this.#flusher.add({ position, hash: this.#hash, appliedTimestamp: applied, catalogTimestamp: catalog, runs, versions, bytes });
    if (this.#waiting.length > 0) this.#wakeApplied();
  }

  get statisticsVersion(): number {
    return this.#versions.rowCounts.version + this.#statisticsWrites;
  }

  rowCount(space: SpaceId): number {
    return this.#versions.rowCounts.told(space);
  }

  flushedCount(space: SpaceId): SpaceCount {
    const { rowCounts } = this.#versions;
    return { rows: rowCounts.exact(space), versions: rowCounts.versions(space) };
  }

  untilApplied(timestamp: Timestamp): Promise<void> | undefined {
    if (timestamp <= this.#appliedTimestamp) return undefined;
    return new Promise((resolve) => this.#waiting.push({ timestamp, resolve }));
  }

  /** undefined unless isFull; else resolves when there may be room again. Rejects when the store has failed. */
  untilRoom(): Promise<void> | undefined {
    return this.isFull ? this.#flusher.untilProgress() : undefined;
  }

  get(snapshot: Timestamp, keys: readonly Key[], observed: Observed): readonly (Buffer | undefined)[] {
    this.#checkSnapshot(snapshot);
    const values: (Buffer | undefined)[] = new Array(keys.length);
    const gaps = keys.length < manyKeys ? undefined : new StoreGaps(this.#versions.store);
    for (let i = 0; i < keys.length; i++) values[i] = this.#versions.get(keys[i], snapshot, observed, gaps);
    if (observed.bytes !== undefined) {
      let bytes = observed.bytes;
      for (let i = 0; i < keys.length; i++) bytes += keys[i].length + (values[i]?.length ?? 0);
      observed.bytes = bytes;
    }
    return values;
  }

  scan(request: ScanRequest, context: EvaluationContext, observed: Observed): Generator<Batch | Wait, void, undefined> {
    return scan(this.#versions, this.#applied, this.#world, request, context, observed);
  }

  scanKeys(snapshot: Timestamp, range: KeyRange, limit: number, byteLimit = Number.POSITIVE_INFINITY): readonly StoredRow[] {
    this.#checkSnapshot(snapshot);
    const rows: StoredRow[] = [];
    let bytes = 0;
    const cursor = this.#versions.cursor(range.start, range.end, false, snapshot, undefined, { newest: 0 });
    try {
      while (rows.length < limit && bytes < byteLimit && cursor.next(Number.POSITIVE_INFINITY)) {
        const value = Buffer.allocUnsafe(cursor.length);
        cursor.bytes.copy(value, 0, cursor.offset, cursor.offset + cursor.length);
        rows.push({ key: cursor.key, value, timestamp: cursor.timestamp });
        bytes += cursor.key.length + cursor.length;
      }
    } finally {
      cursor.close();
    }
    return rows;
  }

  /** Brings all that is applied into the store, durably. */
  flush(): Promise<void> {
    return this.#flusher.flush();
  }

  /** Flushes, and removes every version that no permitted read can want. Goes on by itself otherwise. */
  collect(): Promise<void> {
    return this.#flusher.collect();
  }

  /** Flushes and closes the store. Reads and apply are over. */
  async close(): Promise<void> {
    await this.#flusher.close();
    await this.#versions.store.close();
  }

  #checkSnapshot(snapshot: Timestamp): void {
    assert(snapshot <= this.#appliedTimestamp, 'S3: a read waits until every commit at or below its snapshot has been applied');
    this.#versions.checkHorizon(snapshot);
  }

  #wakeApplied(): void {
    const reached = this.#waiting.filter(({ timestamp }) => timestamp <= this.#appliedTimestamp);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter(({ timestamp }) => timestamp > this.#appliedTimestamp);
    for (const { resolve } of reached) resolve();
  }

  #noteHorizonStep(timestamp: Timestamp): void {
    const last = this.#horizonSteps[this.#horizonSteps.length - 1];
    if (timestamp - last >= this.#stepMicroseconds) this.#horizonSteps.push(timestamp);
  }

  get #stepMicroseconds(): number {
    return (this.#historyMs * 1000) / horizonSteps;
  }

  /** Not above what the store will hold, so that a store opened again can be read at its own applied timestamp. */
  #horizonFor(flushed: Timestamp): Timestamp {
    const limit = Math.min(flushed, this.#appliedTimestamp - this.#historyMs * 1000);
    const steps = this.#horizonSteps;
    let passed = 0;
    while (passed + 1 < steps.length && steps[passed + 1] <= limit) passed++;
    if (passed > 0) steps.splice(0, passed);
    if (steps[0] <= limit) return steps[0];
    // All steps are of commits since the replica was opened, and so is every transaction that reads it: what is older is wanted by readers of the past
    // alone. A long history would otherwise never be cut where a process does not live for as long.
    return this.#historyMs > this.#options.historyMs ? Math.max(0, limit - (limit % Math.ceil(this.#stepMicroseconds))) : 0;
  }
}

const emptyHeader = (journalId: string): Header => ({
  journalId,
  position: 0,
  hash: Buffer.alloc(0),
  appliedTimestamp: 0,
  catalogTimestamp: 0,
  horizon: 0,
});

/** A store that nothing was ever put into. */
export function isEmpty(store: OrderedStore): boolean {
  const cursor = store.cursor(storeStart, storeEnd, false);
  const hasEntry = cursor.next();
  cursor.close();
  return !hasEntry;
}

/** The journal must not be shorter than what a replica has applied: it has lost commits, and nothing may go on as if it had not. */
export function checkJournalReaches(replica: Replica, lastPosition: JournalPosition): void {
  if (lastPosition >= replica.position) return;
  throw new SqlError(sqlstate.dataCorrupted, 'the journal ends before what this storage replica has applied', {
    detail: `The journal ends at entry ${lastPosition}, the replica is at entry ${replica.position}.`,
  });
}
