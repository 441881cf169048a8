/**
 * A replica as small as can be: the newest versions of each key in memory, all of them. For tests of the commit path without storage.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { Key } from '#sql/key.ts';
import type { SimulatedReplica } from './stored-replica.ts';

type Version = { readonly timestamp: Timestamp; readonly value: Uint8Array | undefined };

export class MemoryReplica implements SimulatedReplica {
  #position: JournalPosition = 0;
  #hash: Uint8Array = new Uint8Array();
  #appliedTimestamp: Timestamp = 0;
  readonly #versions = new Map<Key, Version[]>();
  readonly #waiting = new Set<{ readonly timestamp: Timestamp; readonly resolve: () => void }>();
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  get position(): JournalPosition {
    return this.#position;
  }

  get hash(): Uint8Array {
    return this.#hash;
  }

  get appliedTimestamp(): Timestamp {
    return this.#appliedTimestamp;
  }

  /** Nothing is kept over a crash: it starts from the journal's beginning again. */
  get flushedPosition(): JournalPosition {
    return 0;
  }

  get isFull(): boolean {
    return this.#room !== undefined;
  }

  untilRoom(): Promise<void> | undefined {
    return this.#room?.promise;
  }

  /** Plays a replica whose memory is full. */
  setFull(isFull: boolean): void {
    if (isFull === this.isFull) return;
    if (isFull) {
      let resolve = (): void => {};
      const promise = new Promise<void>((r) => {
        resolve = r;
      });
      this.#room = { promise, resolve };
      return;
    }
    this.#room?.resolve();
    this.#room = undefined;
  }

  apply({ position, entry, hash }: PlacedEntry): void {
    assert(position === this.#position + 1, 'S2: entries are applied one after another');
    this.#position = position;
    this.#hash = hash;
    if (entry.kind === 'claim') this.#appliedTimestamp = Math.max(this.#appliedTimestamp, entry.floor);
    else {
      for (const { timestamp, writes } of entry.records) {
        assert(timestamp > this.#appliedTimestamp, 'A2: commit timestamps strictly increase');
        this.#appliedTimestamp = timestamp;
        for (const { key, value } of writes) {
          const versions = this.#versions.get(key);
          if (versions === undefined) this.#versions.set(key, [{ timestamp, value }]);
          else versions.push({ timestamp, value });
        }
      }
    }
    for (const waiting of this.#waiting) {
      if (waiting.timestamp > this.#appliedTimestamp) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  untilApplied(timestamp: Timestamp): Promise<void> | undefined {
    if (timestamp <= this.#appliedTimestamp) return undefined;
    return new Promise((resolve) => this.#waiting.add({ timestamp, resolve }));
  }

  /** The value as of the snapshot, and the newest version's timestamp. */
  get(key: Key, snapshot: Timestamp): { readonly value: Uint8Array | undefined; readonly observed: Timestamp } {
    assert(snapshot <= this.#appliedTimestamp, 'S3: a read waits until its snapshot is applied');
    const versions = this.#versions.get(key) ?? [];
    const observed = versions[versions.length - 1]?.timestamp ?? 0;
    return { value: versions.findLast(({ timestamp }) => timestamp <= snapshot)?.value, observed };
  }

  keys(): readonly Key[] {
    return [...this.#versions.keys()].sort();
  }
}
