/** Conflicts that transactions have lost, and the commits that may have been their winners. */
import type { Timestamp } from '#base/world.ts';
import { Ring } from './ring.ts';

/** Who ran a transaction, and what its statements were. */
export type Party = {
  readonly region: string;
  readonly processId: number;
  readonly user: string;
  /** The texts that changed or locked something, in order; at most the first few. */
  readonly statements: readonly string[];
};

export type Commit = Party & { readonly timestamp: Timestamp; readonly transactionId: string };

/** What a key is of, as messages and sys.conflicts name it. */
export type NamedKey = {
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;
  /** `(id)=(1)`; undefined where there are no values to tell: a schema change, a row that is gone. */
  readonly key: string | undefined;
};

export type Conflict = {
  readonly time: Timestamp;
  readonly code: 'OC000' | 'OC001';
  readonly on: NamedKey;
  readonly loser: Party & { readonly startTimestamp: Timestamp; readonly snapshot: Timestamp };
  readonly winnerTimestamp: Timestamp;
  /** undefined: not among the last commits of this node. */
  readonly winner: Commit | undefined;
};

const keptConflicts = 1000;
const keptCommits = 1000;

export class ConflictLog {
  readonly #conflicts = new Ring<Conflict>(keptConflicts);
  readonly #commits = new Ring<Commit>(keptCommits);

  /** Hot: once a writing transaction. */
  noteCommit(commit: Commit): void {
    this.#commits.add(commit);
  }

  noteConflict(conflict: Omit<Conflict, 'winner'>): Conflict {
    const noted = { ...conflict, winner: this.#commitAt(conflict.winnerTimestamp) };
    this.#conflicts.add(noted);
    return noted;
  }

  get conflicts(): Iterable<Conflict> {
    return this.#conflicts;
  }

  #commitAt(timestamp: Timestamp): Commit | undefined {
    for (const commit of this.#commits) if (commit.timestamp === timestamp) return commit;
    return undefined;
  }
}
