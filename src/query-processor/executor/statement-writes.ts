/**
 * Statement writes: what a statement's INSERT, UPDATE and DELETE operators have changed, kept apart from the transaction until the
 * statement is over.
 *
 *   W1  No scan of the statement sees its changes: every part of it, WITH included, reads what was there when it began. So an UPDATE
 *       cannot meet a row that it has moved itself (the Halloween problem).
 *   W2  Unique checks do see them: a row conflicts with those that the statement has written before.
 *   W3  A statement that fails has changed nothing.
 *   W4  A row is changed once a statement; a key found here tells that it has been.
 */
import type { Write } from '#adjudicator/adjudicator.ts';
import type { Key } from '#sql/key.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { Run } from './operator.ts';

type Change = { readonly value: Uint8Array | undefined; readonly mode: Write['mode'] };

export class StatementWrites {
  readonly #changes = new Map<Key, Change>();
  readonly #relations = new Set<number>();

  /** A later write of the same key replaces the value and keeps the stronger mode. Hot: once a row and index entry. */
  write(key: Key, value: Uint8Array | undefined, mode: Write['mode']): void {
    const before = this.#changes.get(key);
    this.#changes.set(key, { value, mode: before === undefined ? mode : stronger(before.mode, mode) });
  }

  get(key: Key): Change | undefined {
    return this.#changes.get(key);
  }

  useRelation(relationOid: number): void {
    this.#relations.add(relationOid);
  }

  /** Hands everything to the transaction. */
  flush(transaction: Transaction): void {
    for (const relationOid of this.#relations) transaction.useRelation(relationOid, true);
    for (const [key, { value, mode }] of this.#changes) transaction.write(key, value, mode);
    this.#changes.clear();
    this.#relations.clear();
  }
}

function stronger(a: Write['mode'], b: Write['mode']): Write['mode'] {
  if (a === 'write' || b === 'write') return 'write';
  return a === 'update' || b === 'update' ? 'update' : 'blind';
}

const writesOfRuns = new WeakMap<Run, StatementWrites>();

export function statementWrites(run: Run): StatementWrites {
  let writes = writesOfRuns.get(run);
  if (writes === undefined) {
    writes = new StatementWrites();
    writesOfRuns.set(run, writes);
  }
  return writes;
}
