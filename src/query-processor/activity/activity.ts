/**
 * Activity: what the sessions of a cluster do on this node and have done, for those who look: sys.transactions, sys.conflicts,
 * sys.statements, /metrics, EXPLAIN's DPU.
 *
 *   V1  Nothing is decided by it, but for conflicts that somebody has ordered; a restart begins anew.
 *   V2  All of it is bounded: the last conflicts and commits, the statements called most.
 *   V3  A statement costs it two looks at the clock and a few additions.
 */

import type { Timestamp } from '#base/world.ts';
import { AdvisoryLocks } from './advisory-locks.ts';
import { ClusterCounters } from './cluster-counters.ts';
import type { ConflictInjection } from './conflict-injection.ts';
import { ConflictLog } from './conflict-log.ts';
import { StatementStatistics } from './statement-figures.ts';

/** A session, as others see it. */
export interface ObservedSession {
  readonly region: string;
  readonly processId: number;
  readonly user: string;
  readonly applicationName: string;
  /** As pg_stat_activity has it. */
  readonly state: 'active' | 'idle' | 'idle in transaction' | 'idle in transaction (aborted)';
  /** The text that runs, or ran last. */
  readonly query: string;
  readonly queryStart: Timestamp;
  readonly transactionFacts: TransactionFacts | undefined;
  /** Cancels the statement that runs. */
  cancel(): void;
  /** Ends the session. */
  terminate(): void;
}

export type TransactionFacts = {
  readonly startTimestamp: Timestamp;
  readonly snapshot: Timestamp;
  readonly isReadOnly: boolean;
  readonly changedRows: number;
  readonly writtenBytes: number;
};

export class Activity {
  readonly locks = new AdvisoryLocks();
  readonly conflicts = new ConflictLog();
  readonly statements = new StatementStatistics();
  readonly counters = new ClusterCounters();
  readonly sessions = new Set<ObservedSession>();
  /** For all sessions of the cluster. */
  injection: ConflictInjection | undefined;
}
