/**
 * Transaction: a snapshot, the buffered writes, and at the end one commit request.
 *
 *   T1  Nothing leaves the query processor before commit: rollback is forgetting.
 *   T2  All reads are as of one snapshot, overlaid with the transaction's own writes.
 *   T3  Limits (rows, bytes, age) are those of the session's profile, checked where DSQL checks them.
 *   T4  Every relation whose descriptor was used goes into the request as a `read` mark: a schema change in between is OC001.
 */

import type { KeyMode, Write } from '#adjudicator/adjudicator.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import type { Overlay } from '#storage/storage.ts';

export interface Transaction {
  readonly snapshot: Timestamp;
  /** µs since 1970 by wall clock at the start. */
  readonly startTimestamp: Timestamp;
  readonly isReadOnly: boolean;
  /** The own writes, for scans; undefined while there are none (the fast path). */
  readonly overlay: Overlay | undefined;
  /** The same transaction, with its own writes as they are now; what is written to it is written to the transaction. */
  frozen(): Transaction;
  /** Buffers one key's post-image. A later write of the same key replaces it and keeps the stronger mode. */
  write(key: Key, value: Uint8Array | undefined, mode: 'write' | 'update' | 'blind'): void;
  /** `write` for each. The map is the transaction's from then on: a load's rows are not laid into a second one. */
  writeAll(writes: Map<Key, Write>): void;
  /** Checks (and marks) a key at commit without changing it. */
  mark(key: Key, mode: Extract<KeyMode, 'write' | 'share' | 'read'>): void;
  /** Counts `rows` changed rows against the limit; 54000 `transaction row limit exceeded` at the statement that crosses it. */
  countRows(rows: number): void;
  /** Names a relation as used: its schema key is marked `read`, and, when `writes`, its "rows were written" key `share`. */
  useRelation(relationOid: number, writes: boolean): void;
}
