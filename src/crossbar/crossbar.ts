/**
 * Crossbar: delivers journal entries, in order, to the replicas, and knows how far each has got.
 *
 * Storage pulls from a Feed, a Feed pulls from the journal; a slow replica therefore slows nobody but itself, and catches up by
 * reading. The crossbar also holds the three marks that strong reads need (design 4.5 to 4.7):
 *
 *   head     timestamp of the last entry a node has received and applied
 *   stable   every commit at or below it is durable and received by every holder of a read lease; announced by the leader
 *   lease    while a node holds one, no commit is acknowledged that it has not received
 *
 *   C1  A feed hands on entries in order, each once, none left out.
 *   C2  stable <= head of every lease holder.
 *   C3  A read that starts at a node with a valid lease at that node's head misses no commit acknowledged before it started.
 */
import type { Timestamp } from '#base/world.ts';
import type { JournalPosition, PlacedEntry } from '#journal/journal.ts';

/** What a replica is fed from. */
export interface Feed {
  /** The next entries from `position` on; waits while there are none; undefined once closed. */
  next(position: JournalPosition): Promise<readonly PlacedEntry[] | undefined>;
  close(): void;
}

/** What a node's query processor knows of time. One object a node (Region) and cluster. */
export interface ReadPoint {
  /**
   * A snapshot to begin a transaction with. A number at once when the node holds a valid lease; otherwise a promise that asks the leader.
   * Rejects with SqlError when this Region is cut off (57P03-like: nothing stale is ever served).
   */
  begin(): Timestamp | Promise<Timestamp>;
  /** The leadership under which begin() answers hold. */
  readonly epoch: number;
  /** The stable mark known here. */
  readonly stable: Timestamp;
  /** Resolves when the stable mark known here has reached `timestamp`. */
  untilStable(timestamp: Timestamp): Promise<void>;
}

/** What the leader asks of the nodes before it answers a commit (A5). */
export interface Receipts {
  /** Whether a quorum can be reached now. Without one, no commit is taken. */
  readonly hasQuorum: boolean;
  /** True when a quorum holds everything up to the position and every lease holder has received it. Once true, it stays so. */
  complete(position: JournalPosition): boolean;
  /** Calls back whenever `complete` may have become true for more. */
  onProgress(callback: () => void): () => void;
  /** Tells every node: all at or below `stable` is durable and received by every lease holder. */
  announce(stable: Timestamp): void;
}

/** What is fed: a storage replica as the crossbar sees it. */
export interface Replica {
  /** Of the last entry applied. */
  readonly position: JournalPosition;
  readonly appliedTimestamp: Timestamp;
  /** Up to here the replica needs the journal no more, even after a crash. */
  readonly flushedPosition: JournalPosition;
  /** Applies one entry, whole, and makes it visible at once. Entries come in order, each once. */
  apply(placed: PlacedEntry): void;
  /** Resolves when appliedTimestamp >= timestamp; undefined when it is so already. */
  untilApplied(timestamp: Timestamp): Promise<void> | undefined;
  /** Chain hash of the entry at `position`; empty at position 0. */
  readonly hash: Uint8Array;
  /** It has no room for more now: nothing is handed to it before `untilRoom` resolves (undefined: at once), and commits wait for it. */
  readonly isFull: boolean;
  untilRoom(): Promise<void> | undefined;
}
