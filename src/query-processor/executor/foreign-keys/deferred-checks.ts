/**
 * Deferred checks: what a transaction still owes to its deferrable foreign keys, and which of them SET CONSTRAINTS has switched.
 *
 *   D1  Only checks are deferred: actions that write (CASCADE, SET NULL, SET DEFAULT) and RESTRICT are of the statement, as in PostgreSQL.
 *   D2  A child is owed by its row's key, a parent by the values that are gone: what counts is how things stand when the check is made.
 *   D3  copy() keeps a state for ROLLBACK TO SAVEPOINT.
 *   D4  Of several faults the one is told that was owed first, whatever its foreign key. A child's row that is owed anew is owed from then on (its image
 *       before is no more), a parent's former key from the first time.
 */
import type { Key } from '#sql/key.ts';
import type { NonNull } from '#sql/type.ts';
import type { ForeignKeyDescriptor } from '../../catalog/descriptors.ts';
import type { Transaction } from '../../transaction/transaction.ts';

/** By constraint oid. */
type OwedChildren = { readonly childOid: number /** Each with its turn, in the order of turns. */; readonly keys: Map<Key, number> };
type OwedParents = { readonly parentOid: number; readonly childOid: number; readonly keys: Map<string, OwedParent> };
export type OwedParent = { readonly values: readonly NonNull[]; readonly turn: number };

export class DeferredChecks {
  readonly children = new Map<number, OwedChildren>();
  readonly parents = new Map<number, OwedParents>();
  /** D4. */
  #turns = 0;
  #all: boolean | undefined;
  #modes = new Map<number, boolean>();

  get isOwing(): boolean {
    return this.children.size > 0 || this.parents.size > 0;
  }

  /** True when a check is due of rows of this table: its schema stays as it is until then. */
  owes(tableOid: number): boolean {
    for (const { childOid } of this.children.values()) if (childOid === tableOid) return true;
    for (const { parentOid } of this.parents.values()) if (parentOid === tableOid) return true;
    return false;
  }

  isDeferred(foreignKey: ForeignKeyDescriptor): boolean {
    if (!foreignKey.isDeferrable) return false;
    return this.#modes.get(foreignKey.constraintOid) ?? this.#all ?? foreignKey.isInitiallyDeferred;
  }

  /** SET CONSTRAINTS ALL. */
  setAll(isDeferred: boolean): void {
    this.#all = isDeferred;
    this.#modes.clear();
  }

  setMode(foreignKey: ForeignKeyDescriptor, isDeferred: boolean): void {
    this.#modes.set(foreignKey.constraintOid, isDeferred);
  }

  oweChild({ constraintOid }: ForeignKeyDescriptor, childOid: number, key: Key): void {
    const turn = this.#turns++;
    const owed = this.children.get(constraintOid);
    if (owed === undefined) {
      this.children.set(constraintOid, { childOid, keys: new Map([[key, turn]]) });
      return;
    }
    owed.keys.delete(key);
    owed.keys.set(key, turn);
  }

  oweParent({ constraintOid, parentOid }: ForeignKeyDescriptor, childOid: number, matchKey: string, values: readonly NonNull[]): void {
    const turn = this.#turns++;
    const owed = this.parents.get(constraintOid);
    if (owed === undefined) this.parents.set(constraintOid, { parentOid, childOid, keys: new Map([[matchKey, { values, turn }]]) });
    else if (!owed.keys.has(matchKey)) owed.keys.set(matchKey, { values, turn });
  }

  copy(): DeferredChecks {
    const copy = new DeferredChecks();
    for (const [oid, { childOid, keys }] of this.children) copy.children.set(oid, { childOid, keys: new Map(keys) });
    for (const [oid, owed] of this.parents) copy.parents.set(oid, { ...owed, keys: new Map(owed.keys) });
    copy.#turns = this.#turns;
    copy.#all = this.#all;
    copy.#modes = new Map(this.#modes);
    return copy;
  }
}

const checksOfTransactions = new WeakMap<Transaction, DeferredChecks>();

/** The transaction's checks; made when first asked for. */
export function deferredChecks(transaction: Transaction): DeferredChecks {
  let checks = checksOfTransactions.get(transaction);
  if (checks === undefined) {
    checks = new DeferredChecks();
    checksOfTransactions.set(transaction, checks);
  }
  return checks;
}

/** True when the transaction may not commit before `runDeferredChecks`. Hot: once a commit. */
export const owesChecks = (transaction: Transaction): boolean => checksOfTransactions.get(transaction)?.isOwing === true;

export const keptChecks = (transaction: Transaction): DeferredChecks | undefined => checksOfTransactions.get(transaction)?.copy();

export function restoreChecks(transaction: Transaction, kept: DeferredChecks | undefined): void {
  if (kept === undefined) checksOfTransactions.delete(transaction);
  else checksOfTransactions.set(transaction, kept.copy());
}
