/**
 * Decides one transaction: it commits unless somebody has committed, after its snapshot, one of its keys in a conflicting mode.
 *
 * There is no await in here, and there must be none: check and marking are one step only because nothing else runs in between (A1). Marks are set
 * before the journal has the entry; when the append then fails, somebody meets a conflict with a write that never was, which costs a retry.
 * The other order could lose an update.
 */
import { assert } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { Key } from '#sql/key.ts';
import { isSchemaKey } from '#sql/spaces.ts';
import type { CommitRequest, KeyMode } from './adjudicator.ts';
import type { CommitClock } from './commit-clock.ts';
import { type ConflictTable, type KeyHash, markKind } from './conflict-table.ts';

export type Decision =
  | { readonly kind: 'commit'; readonly timestamp: Timestamp }
  | { readonly kind: 'conflict'; readonly code: 'OC000' | 'OC001'; readonly key: Key; readonly winner: Timestamp }
  | { readonly kind: 'tooOld' };

export type DecisionMaker = (request: CommitRequest) => Decision;

const tooOld: Decision = { kind: 'tooOld' };

/** `skipConflictCheck` breaks the database on purpose: the simulator uses it to see whether its checkers notice. */
export function decisionMaker(table: ConflictTable, clock: CommitClock, skipConflictCheck: boolean): DecisionMaker {
  const hash: KeyHash = { first: 0, second: 0 };
  /** Hashes of the request's writes, two words each: what is checked and then marked is hashed once. Hot: once a row of a load. */
  let hashes = new Uint32Array(64);

  /** The newest commit that conflicts with using the key in this mode; the matrix stands in adjudicator.ts. Hot. */
  const newestConflicting = (mode: Exclude<KeyMode, 'blind'>): Timestamp => {
    let newest = table.newest(hash, markKind.write);
    if (mode !== 'share') newest = Math.max(newest, table.newest(hash, markKind.update));
    if (mode === 'write') newest = Math.max(newest, table.newest(hash, markKind.share));
    return newest;
  };

  const conflict = (key: Key, winner: Timestamp): Decision => ({
    kind: 'conflict',
    code: isSchemaKey(key) ? 'OC001' : 'OC000',
    key,
    winner,
  });

  return (request) => {
    const { snapshot, writes, marks } = request;
    assert(snapshot <= clock.last, 'A3: no snapshot is newer than the newest commit');
    if (snapshot < table.lowWater) return tooOld;
    if (!skipConflictCheck) {
      // Marks first: a schema change in between (OC001) is the better news when rows conflict as well.
      for (const { key, mode } of marks) {
        table.hash(key, hash);
        const winner = newestConflicting(mode);
        if (winner > snapshot) return conflict(key, winner);
      }
    }
    if (hashes.length < writes.length * 2) hashes = new Uint32Array(writes.length * 2);
    for (let i = 0; i < writes.length; i++) {
      const { key, mode } = writes[i];
      if (mode === 'blind') continue;
      table.hash(key, hash);
      hashes[2 * i] = hash.first;
      hashes[2 * i + 1] = hash.second;
      if (skipConflictCheck) continue;
      const winner = newestConflicting(mode);
      if (winner > snapshot) return conflict(key, winner);
    }
    const timestamp = clock.next();
    assert(timestamp > snapshot, 'A3: a commit is later than its snapshot');
    for (let i = 0; i < writes.length; i++) {
      const { mode } = writes[i];
      if (mode === 'blind') continue;
      hash.first = hashes[2 * i];
      hash.second = hashes[2 * i + 1];
      table.mark(hash, markKind[mode], timestamp);
    }
    for (const { key, mode } of marks) if (mode !== 'read') table.mark(table.hash(key, hash), markKind[mode], timestamp);
    table.mark(table.hash(request.transactionId, hash), markKind.committed, timestamp);
    return { kind: 'commit', timestamp };
  };
}
