/**
 * Statement writes: what a statement's INSERT, UPDATE and DELETE operators have changed, kept apart from the transaction until the
 * statement is over.
 *
 *   W1  No scan of the statement sees its changes: every part of it, WITH included, reads what was there when it began. So an UPDATE
 *       cannot meet a row that it has moved itself (the Halloween problem).
 *   W2  Unique checks do see them: a row conflicts with those that the statement has written before.
 *   W3  A statement that fails has changed nothing; one that breaks a foreign key leaves its changes in a transaction that has failed, and so
 *       can only be rolled back.
 *   W4  A row is changed once a statement; a key found here tells that it has been.
 *
 * `foreign-keys/enforce.ts` reads from here what was done to rows before it hands the changes on.
 */
import type { Write } from '#adjudicator/adjudicator.ts';
import type { Key } from '#sql/key.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { Run } from './operator.ts';

export class StatementWrites {
  /** As the commit request wants them: handed to the transaction as they are. */
  #changes = new Map<Key, Write>();
  readonly #relations = new Set<number>();
  /** Rows that have moved to another key: from where, by where to; and the other way round. */
  #origins: Map<Key, Key> | undefined;
  #moved: Set<Key> | undefined;
  #hasDeleted = false;
  /** Rows that were deleted, and inserted again under the same key, as `WITH d AS (DELETE ... RETURNING *) INSERT ... FROM d` does. */
  #replaced: Set<Key> | undefined;

  /** A later write of the same key replaces the value and keeps the stronger mode. Hot: once a row and index entry. */
  write(key: Key, value: Uint8Array | undefined, mode: Write['mode']): void {
    if (value === undefined) this.#hasDeleted = true;
    const before = this.#changes.get(key);
    this.#changes.set(key, { key, value, mode: before === undefined ? mode : stronger(before.mode, mode) });
  }

  get(key: Key): Write | undefined {
    return this.#changes.get(key);
  }

  useRelation(relationOid: number): void {
    this.#relations.add(relationOid);
  }

  get relations(): ReadonlySet<number> {
    return this.#relations;
  }

  /** In the order in which the keys were first written. */
  entries(): Iterable<readonly [Key, Write]> {
    return this.#changes;
  }

  /** A row is about to be inserted under a key that is free: which this statement may have made so. Hot: once a row. */
  noteInsert(key: Key): void {
    if (!this.#hasDeleted || this.#changes.get(key) === undefined) return;
    this.#replaced ??= new Set();
    this.#replaced.add(key);
  }

  /** True when the row that was at `key` has been deleted, and another one inserted. */
  isReplaced(key: Key): boolean {
    return this.#replaced?.has(key) === true;
  }

  /** A row has got another primary key. */
  noteMove(from: Key, to: Key): void {
    this.#origins ??= new Map();
    this.#moved ??= new Set();
    this.#origins.set(to, from);
    this.#moved.add(from);
  }

  /** The former key of the row that has moved to `key`. */
  originOf(key: Key): Key | undefined {
    return this.#origins?.get(key);
  }

  /** True when the row that was at `key` has moved to another one. */
  hasMoved(key: Key): boolean {
    return this.#moved?.has(key) === true;
  }

  /** Hands everything to the transaction. */
  flush(transaction: Transaction): void {
    for (const relationOid of this.#relations) transaction.useRelation(relationOid, true);
    if (this.#changes.size > 0) {
      transaction.writeAll(this.#changes);
      this.#changes = new Map();
    }
    this.#relations.clear();
    this.#origins = undefined;
    this.#moved = undefined;
    this.#hasDeleted = false;
    this.#replaced = undefined;
  }
}

function stronger(a: Write['mode'], b: Write['mode']): Write['mode'] {
  if (a === 'write' || b === 'write') return 'write';
  return a === 'update' || b === 'update' ? 'update' : 'blind';
}

export function statementWrites(run: Run): StatementWrites {
  run.writes ??= new StatementWrites();
  return run.writes;
}
