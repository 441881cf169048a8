/**
 * The replicas of a simulated deployment: memory alone, or the real storage over a store that survives crashes as far as it had become durable.
 */
import type { Timestamp } from '#base/world.ts';
import type { Replica } from '#crossbar/crossbar.ts';
import type { JournalPosition, PlacedEntry } from '#journal/journal.ts';
import type { Key } from '#sql/key.ts';
import type { Replica as StorageReplica } from '#storage/replica.ts';

export interface SimulatedReplica extends Replica {
  /** The value as of the snapshot, and the newest version's timestamp. */
  get(key: Key, snapshot: Timestamp): { readonly value: Uint8Array | undefined; readonly observed: Timestamp };
  keys(): readonly Key[];
  /** Plays a replica whose memory is full. */
  setFull(isFull: boolean): void;
}

export class StoredReplica implements SimulatedReplica {
  readonly #storage: StorageReplica;
  #held: { readonly promise: Promise<void>; readonly release: () => void } | undefined;

  constructor(storage: StorageReplica) {
    this.#storage = storage;
  }

  get position(): JournalPosition {
    return this.#storage.position;
  }

  get hash(): Uint8Array {
    return this.#storage.hash;
  }

  get appliedTimestamp(): Timestamp {
    return this.#storage.appliedTimestamp;
  }

  get flushedPosition(): JournalPosition {
    return this.#storage.flushedPosition;
  }

  get isFull(): boolean {
    return this.#held !== undefined || this.#storage.isFull;
  }

  untilRoom(): Promise<void> | undefined {
    return this.#held?.promise ?? this.#storage.untilRoom();
  }

  setFull(isFull: boolean): void {
    this.#held?.release();
    this.#held = undefined;
    if (!isFull) return;
    let release = (): void => {};
    const promise = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#held = { promise, release };
  }

  apply(placed: PlacedEntry): void {
    this.#storage.apply(placed);
  }

  untilApplied(timestamp: Timestamp): Promise<void> | undefined {
    return this.#storage.untilApplied(timestamp);
  }

  get(key: Key, snapshot: Timestamp): { readonly value: Uint8Array | undefined; readonly observed: Timestamp } {
    const observed = { newest: 0 };
    const [value] = this.#storage.get(snapshot, [key], observed);
    return { value, observed: observed.newest };
  }

  keys(): readonly Key[] {
    return this.#storage
      .scanKeys(this.#storage.appliedTimestamp, { start: '\x00\x00\x00\x01', end: '\xff\xff\xff\xff' }, 100_000)
      .map(({ key }) => key);
  }
}
