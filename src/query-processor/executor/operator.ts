/**
 * Operator: runs one node of a physical plan.
 *
 * Operators are synchronous generators of batches. When something is not there yet (a remote replica, a sequence block, a sleep), or
 * a long computation gives others their turn, an operator yields a Wait (a promise) instead; its consumer hands that on upward, and
 * whoever drives the whole plan (session/run-plan.ts) awaits it before asking for more. So the common case, all data local, runs without a single
 * `await`, and nothing in between has to be asynchronous.
 *
 *     for (const item of input) {
 *       if (item instanceof Promise) { yield item; continue; }
 *       ... item is a Batch ...
 *     }
 *
 *   E1  Batches hold 1 to batchRows rows and the columns that the plan node's `output` lists.
 *   E2  An operator that is left early (generator return) frees what it holds: use try/finally.
 *   E3  Work memory is charged to `run.memory`. What can be written to a temporary file is, when `mustSpill` says so (spill/); for the rest, and where
 *       nothing may spill, the statement ends with 53200 at its limit.
 *   E4  Loops that can run past some milliseconds without a batch yield `run.pause()` when `run.shouldPause()` says so, and thereby meet cancel requests.
 */
import type { TemporaryFile } from '#base/world.ts';
import type { Batch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { FunctionCall } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { Observed, Storage, Wait } from '#storage/storage.ts';
import type { Activity } from '../activity/activity.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { StatementWrites } from './statement-writes.ts';

export type Rows = Iterable<Batch | Wait>;

/** What a running statement gives its operators. One object a statement execution. */
export interface Run {
  readonly storage: Storage;
  readonly transaction: Transaction;
  /** What scans see in place of the transaction, where functions that the statement calls may change rows meanwhile. */
  frozen?: Transaction | undefined;
  readonly catalog: Catalog;
  readonly context: EvaluationContext;
  readonly observed: Observed;
  readonly memory: MemoryAccount;
  /** True once this statement has computed for some milliseconds without a pause. Cheap: may be asked every batch. */
  shouldPause(): boolean;
  /** A Wait that gives other work its turn; rejects with 57014 when the statement was cancelled. */
  pause(): Wait;
  /** At most so many rows are asked for now: what has an effect by being read (locks) stops there. Absent: all. */
  rowsWanted?: number | undefined;
  /** Rows changed so far by the statement, for the command tag. */
  changedRows: number;
  /** What the statement has written so far; made by `statementWrites`. */
  writes?: StatementWrites | undefined;
  /** Rows of materialised common tables by cte id, filled by the `with` operator. */
  readonly commonTables: Map<number, CommonTableRows>;
  /**
   * Calls of a function whose answer must be waited for (nextval, pg_sleep, sys.wait_for_job, ...): one call a row of arguments, answers
   * in the same order. Asked by the `await` operator a batch at a time. Absent: such functions are called like any other.
   */
  waitFor?(procOid: number, calls: readonly (readonly Datum[])[]): readonly Datum[] | Promise<readonly Datum[]>;
  /** Runs a user's function that the call names: its rows, in the order of its result's columns. */
  callRoutine?(call: FunctionCall, args: readonly Datum[]): Rows;
  /** A file for what must spill, on the account of the statement; throws 53400 or 53100 when it, or all of them together, grows too large. */
  openTemporary(): TemporaryFile;
  /** EXPLAIN ANALYZE: what an operator has to say of its memory when its input is at an end. */
  readonly report?: (plan: PhysicalPlan, figures: MemoryFigures) => void;
  /** What sys.transactions, sys.conflicts and sys.statements tell of. Absent: nothing is told. */
  readonly activity?: Activity | undefined;
  /** EXPLAIN ANALYZE: counts rows (of a join: pairs) that a node's own condition has left out. */
  readonly removed?: (plan: PhysicalPlan, rows: number) => void;
  /** EXPLAIN ANALYZE: stands between a node's operator and its consumer. Absent otherwise. */
  readonly instrument?: (plan: PhysicalPlan, rows: Rows) => Rows;
}

/** What scans read. Hot. */
export const readView = (run: Run): Transaction => run.frozen ?? run.transaction;

export type CommonTableRows = { readonly batches: () => Rows };

export type SortFigures = {
  readonly method: 'quicksort' | 'top-N heapsort' | 'external merge';
  readonly space: 'Memory' | 'Disk';
  readonly bytes: number;
};
/** Of a hash table: batches are 1 and diskBytes 0 while it has not spilled. */
export type HashFigures = { readonly buckets: number; readonly batches: number; readonly peakBytes: number; readonly diskBytes: number };
export type MemoryFigures = SortFigures | HashFigures;

export interface MemoryAccount {
  readonly limitBytes: number;
  /** What a sort may hold before it spills. */
  readonly workBytes: number;
  /** Throws SqlError 53200 beyond the limit. */
  charge(bytes: number): void;
  release(bytes: number): void;
  /** True when `bytes` more would go beyond the limit. */
  wouldExceed(bytes: number): boolean;
  /** True when one who holds `heldBytes` must write what it can to a file: beyond work memory, or when the statement as a whole comes near its limit. */
  mustSpill(heldBytes: number, kind: 'sort' | 'hash'): boolean;
}
