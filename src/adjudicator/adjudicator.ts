/**
 * Adjudicator: decides which transactions commit, and when.
 *
 * A query processor sends one CommitRequest a writing transaction; the answer is a Verdict. Nothing is ever told to the adjudicator
 * before that, and read-only transactions never come here. One adjudicator a cluster is active at a time; it alone appends to the journal.
 *
 * Invariants (asserted in `commit-decision.ts` and `leader.ts`, attacked by their tests and by `simulator/`):
 *
 *   A1  Check, timestamp and place in the current batch are one synchronous step.
 *   A2  Commit timestamps strictly increase within the journal, over restarts too.
 *   A3  commitTimestamp > snapshot.
 *   A4  For every committed transaction and each of its keys: no other committed transaction with a conflicting mode on that key
 *       has a timestamp in (snapshot, commitTimestamp).
 *   A5  No verdict `committed` is given before the record is durable and every lease holder has received it.
 *   A6  A repeated request (same transactionId) gets the first answer.
 *   A7  A snapshot below the low-water mark of the conflict table is refused, never guessed at.
 */
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';

/** Which slice of the key space; there is one (0) today, and every interface says which (docs/scaling.md). */
export type PartitionId = number;
export type Epoch = number;

/**
 * How a transaction uses a key, and what that conflicts with (dsql-behaviour 6.3):
 *
 *                write   update   share   read        `later commit of ... on the same key`
 *     write        x       x        x      -
 *     update       x       x        -      -
 *     share        x       -        -      -
 *     read         x       x        -      -
 *     blind        -       -        -      -
 *
 *   write   insert, delete, change of a key column, FOR UPDATE, and unique index entries
 *   update  change of non-key columns only
 *   share   FOR KEY SHARE, foreign-key parents, "rows of this relation were written"
 *   read    checked but leaves no mark: schema versions used (a relation's descriptor)
 *   blind   neither checked nor marked: entries of non-unique indexes, whose row is checked already
 */
export type KeyMode = 'write' | 'update' | 'share' | 'read' | 'blind';

/** A post-image: what the key holds after the commit; `value` undefined is a tombstone. */
export type Write = { readonly key: Key; readonly mode: 'write' | 'update' | 'blind'; readonly value: Uint8Array | undefined };

/** A key that is checked (and marked, but for `read`) without being changed. */
export type Mark = { readonly key: Key; readonly mode: 'write' | 'share' | 'read' };

export type CommitRequest = {
  readonly partition: PartitionId;
  /** The leadership that the snapshot was taken under; another one refuses it. */
  readonly epoch: Epoch;
  /** Unique: 26 characters, base32 of 16 random bytes. */
  readonly transactionId: string;
  readonly snapshot: Timestamp;
  readonly writes: readonly Write[];
  readonly marks: readonly Mark[];
  /** Keys under these are schema: a conflict on one is OC001, on any other OC000. Sorted prefix test by space id (sql/spaces.ts). */
  readonly bytes: number;
};

export type Verdict =
  | { readonly kind: 'committed'; readonly timestamp: Timestamp; readonly position: number }
  | { readonly kind: 'conflict'; readonly code: 'OC000' | 'OC001'; readonly key: Key; readonly winner: Timestamp }
  /** The snapshot is older than what can be checked, or of another epoch: try again with a new one (40001). */
  | { readonly kind: 'tooOld' }
  /** The request could not be taken (no leader, no quorum): nothing was written. 40001 or 08006 at the session. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** It may or may not have been committed, and could not be found out in time: 08007. */
  | { readonly kind: 'unknown' };

export interface Adjudicator {
  /** Resolves when the outcome is known to be final (A5). Never rejects for a lost race; rejects only when this role has stopped. */
  commit(request: CommitRequest): Promise<Verdict>;
}
