/**
 * The transaction of a session while it is open: snapshot, write buffer, marks and limits (see transaction.ts).
 */
import type { Write } from '#adjudicator/adjudicator.ts';
import { dsqlTransactionLimits, openTransactionLimits, type TransactionLimits } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import type { Profile } from '#sql/settings.ts';
import { descriptorKey, firstTemporaryOid, isTemporaryKey, writtenKey } from '#sql/spaces.ts';
import type { Overlay } from '#storage/storage.ts';
import { TemporaryOverlay, type TemporaryRows } from './temporary-rows.ts';
import type { Transaction } from './transaction.ts';
import { WriteBuffer } from './write-buffer.ts';

export type TransactionSavepoint = { readonly buffer: number; readonly temporary: number; readonly changedRows: number };

export class OpenTransaction implements Transaction {
  readonly snapshot: Timestamp;
  readonly startTimestamp: Timestamp;
  /** Monotonic time of the start: a wall clock that jumps must neither age a transaction nor make it young. */
  readonly startedMs: number;
  /** The leadership that the snapshot was taken under. */
  readonly epoch: number;
  isReadOnly: boolean;
  /** Somebody has asked for its number (pg_current_xact_id). */
  hasNumber = false;
  readonly buffer = new WriteBuffer();
  #changedRows = 0;
  #temporary: TemporaryOverlay | undefined;

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
    if (this.#temporary !== undefined) return this.#temporary;
    return this.buffer.size === 0 ? undefined : this.buffer;
  }

  /** For a cursor, and for a statement that calls what changes rows. */
  frozen(): Transaction {
    return new FrozenView(
      this,
      this.buffer.size === 0 && this.#temporary === undefined ? undefined : (this.#temporary ?? this.buffer).frozen(),
    );
  }

  /** The session has temporary tables: their rows are read and written here too. `hasSavepoints`: changes may be taken back to one. */
  useTemporary(rows: TemporaryRows, hasSavepoints: boolean): void {
    if (this.#temporary !== undefined) return;
    this.#temporary = new TemporaryOverlay(rows, this.buffer);
    if (hasSavepoints) this.#temporary.buffer.savepoint();
  }

  /** After the commit. */
  applyTemporary(): void {
    this.#temporary?.apply();
  }

  savepoint(): TransactionSavepoint {
    return {
      buffer: this.buffer.savepoint(),
      temporary: this.#temporary?.buffer.savepoint() ?? 0,
      changedRows: this.#changedRows,
    };
  }

  rollbackTo(savepoint: TransactionSavepoint): void {
    this.buffer.rollbackTo(savepoint.buffer);
    this.#temporary?.buffer.rollbackTo(savepoint.temporary);
    // What was counted since is counted no more.
    this.#changedRows = savepoint.changedRows;
  }

  forgetSavepoints(): void {
    this.buffer.forgetSavepoints();
    this.#temporary?.buffer.forgetSavepoints();
  }

  /** Rows counted against the limit so far. */
  get changedRows(): number {
    return this.#changedRows;
  }

  write(key: Key, value: Uint8Array | undefined, mode: 'write' | 'update' | 'blind'): void {
    if (this.#temporary !== undefined && isTemporaryKey(key)) {
      this.#temporary.buffer.write(key, value, mode);
      return;
    }
    this.buffer.write(key, value, mode);
  }

  writeAll(writes: Map<Key, Write>): void {
    if (this.#temporary === undefined) this.buffer.writeAll(writes);
    else for (const { key, value, mode } of writes.values()) this.write(key, value, mode);
  }

  mark(key: Key, mode: 'write' | 'share' | 'read'): void {
    if (this.#temporary !== undefined && isTemporaryKey(key)) return;
    this.buffer.mark(key, mode);
  }

  countRows(rows: number): void {
    this.#changedRows += rows;
    if (this.#changedRows > this.limits.rows) throw new SqlError(sqlstate.programLimitExceeded, 'transaction row limit exceeded');
  }

  useRelation(relationOid: number, writes: boolean): void {
    if (relationOid >= firstTemporaryOid) return;
    this.buffer.mark(descriptorKey(relationOid), 'read');
    if (writes) this.buffer.mark(writtenKey(relationOid), 'share');
  }
}

/** Reads what was there when it was made; what it locks or counts is the transaction's. */
class FrozenView implements Transaction {
  readonly overlay: Overlay | undefined;
  readonly #transaction: OpenTransaction;

  constructor(transaction: OpenTransaction, overlay: Overlay | undefined) {
    this.#transaction = transaction;
    this.overlay = overlay;
  }

  frozen(): Transaction {
    return this;
  }

  get snapshot(): Timestamp {
    return this.#transaction.snapshot;
  }

  get startTimestamp(): Timestamp {
    return this.#transaction.startTimestamp;
  }

  get isReadOnly(): boolean {
    return this.#transaction.isReadOnly;
  }

  write(key: Key, value: Uint8Array | undefined, mode: 'write' | 'update' | 'blind'): void {
    this.#transaction.write(key, value, mode);
  }

  writeAll(writes: Map<Key, Write>): void {
    this.#transaction.writeAll(writes);
  }

  mark(key: Key, mode: 'write' | 'share' | 'read'): void {
    this.#transaction.mark(key, mode);
  }

  countRows(rows: number): void {
    this.#transaction.countRows(rows);
  }

  useRelation(relationOid: number, writes: boolean): void {
    this.#transaction.useRelation(relationOid, writes);
  }
}
