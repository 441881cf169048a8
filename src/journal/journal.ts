/**
 * Journal: the ordered, durable log of commits. A transaction is committed when its record is in the journal, and not before.
 *
 * A batch of records is one entry: it is in the journal whole or not at all. Only adjudicators append.
 * Implementations: `file/` (a local log), later `jetstream/`; the simulator runs `file/` on a simulated disk. One suite runs over all (`journal-contract.ts`).
 *
 *   J1  Positions of entries are 1, 2, 3, ... without a gap.
 *   J2  When `append` has resolved, the entry is durable: no crash and no restart loses it or anything before it.
 *   J3  After a crash the journal is a prefix of what was appended, cut at an entry's border, and holds all that was acknowledged.
 *   J4  Each entry names the journal, the epoch, its position, the hash of the entry before it and a checksum; a reader that
 *       finds these wrong anywhere but in the torn last entry stops loudly (08-class error, exit), never goes on.
 *   J5  After a failed synchronisation nothing more is appended; the process ends.
 */
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';

/** 1-based number of an entry; 0 is "before the first". */
export type JournalPosition = number;

/** One committed transaction. */
export type CommitRecord = {
  readonly transactionId: string;
  readonly timestamp: Timestamp;
  readonly snapshot: Timestamp;
  readonly writes: readonly { readonly key: Key; readonly value: Uint8Array | undefined; readonly mode: 'write' | 'update' | 'blind' }[];
  /** Marks that later checks need (so `read` never appears). */
  readonly marks: readonly { readonly key: Key; readonly mode: 'write' | 'share' }[];
};

export type JournalEntry =
  /**
   * A new leadership begins; timestamps of its commits are above `floor`. `claimant` is made for this claim alone: two nodes that claim the same epoch at the same place would
   * write the same bytes without it, and each take the other's claim for its own. (Empty in journals of early versions.)
   */
  | { readonly kind: 'claim'; readonly epoch: number; readonly floor: Timestamp; readonly claimant: string }
  | { readonly kind: 'commits'; readonly epoch: number; readonly records: readonly CommitRecord[] };

export type PlacedEntry = {
  readonly position: JournalPosition;
  readonly entry: JournalEntry /** Chain hash after this entry, 32 bytes. */;
  readonly hash: Uint8Array;
};

export interface Journal {
  /** 16 bytes, base32: this journal and no other. */
  readonly id: string;
  readonly firstPosition: JournalPosition;
  readonly lastPosition: JournalPosition;
  /**
   * Appends behind `expectedLast`; 'moved' when the journal's last position is another (somebody else has appended).
   * Several appends may be under way, each expecting the one before; they become durable in order.
   */
  append(entry: JournalEntry, expectedLast: JournalPosition): Promise<{ readonly position: JournalPosition } | 'moved'>;
  /** Durable entries from `position` on, in order, as many as are there now (at least one unless at the end), verified (J4). */
  read(position: JournalPosition, maximumEntries: number): readonly PlacedEntry[] | Promise<readonly PlacedEntry[]>;
  /** Calls back (synchronously, from the append that made it durable) whenever lastPosition has grown. */
  onGrow(callback: () => void): () => void;
  /** Gives up entries below `position`. Whole segments go; what is kept may start earlier. */
  truncateBefore(position: JournalPosition): Promise<void>;
  close(): Promise<void>;
}
