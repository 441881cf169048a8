/**
 * The transaction of a session while it is open: snapshot, write buffer, marks and limits (see transaction.ts).
 */
import { dsqlTransactionLimits, openTransactionLimits, type TransactionLimits } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import type { Profile } from '#sql/settings.ts';
import { descriptorKey, writtenKey } from '#sql/spaces.ts';
import type { Overlay } from '#storage/storage.ts';
import type { Transaction } from './transaction.ts';
import { WriteBuffer } from './write-buffer.ts';

export class OpenTransaction implements Transaction {
  readonly snapshot: Timestamp;
  readonly startTimestamp: Timestamp;
  /** Monotonic time of the start: a wall clock that jumps must neither age a transaction nor make it young. */
  readonly startedMs: number;
  /** The leadership that the snapshot was taken under. */
  readonly epoch: number;
  isReadOnly: boolean;
  readonly buffer = new WriteBuffer();
  #changedRows = 0;

  constructor(start: {
    readonly snapshot: Timestamp;
    readonly startTimestamp: Timestamp;
    readonly startedMs: number;
    readonly epoch: number;
    readonly isReadOnly: boolean;
    readonly profile: Profile;
  }) {
    this.snapshot = start.snapshot;
    this.startTimestamp = start.startTimestamp;
    this.startedMs = start.startedMs;
    this.epoch = start.epoch;
    this.isReadOnly = start.isReadOnly;
    this.limits = start.profile === 'dsql' ? dsqlTransactionLimits : openTransactionLimits;
  }

  readonly limits: TransactionLimits;

  get overlay(): Overlay | undefined {
    return this.buffer.size === 0 ? undefined : this.buffer;
  }

  /** Rows counted against the limit so far. */
  get changedRows(): number {
    return this.#changedRows;
  }

  /** For ROLLBACK TO SAVEPOINT: what was counted since is counted no more. */
  restoreChangedRows(rows: number): void {
    this.#changedRows = rows;
  }

  write(key: Key, value: Uint8Array | undefined, mode: 'write' | 'update' | 'blind'): void {
    this.buffer.write(key, value, mode);
  }

  mark(key: Key, mode: 'write' | 'share' | 'read'): void {
    this.buffer.mark(key, mode);
  }

  countRows(rows: number): void {
    this.#changedRows += rows;
    if (this.#changedRows > this.limits.rows) throw new SqlError(sqlstate.programLimitExceeded, 'transaction row limit exceeded');
  }

  useRelation(relationOid: number, writes: boolean): void {
    this.buffer.mark(descriptorKey(relationOid), 'read');
    if (writes) this.buffer.mark(writtenKey(relationOid), 'share');
  }
}
