/**
 * Nested run: what a statement of a function gives its operators. Memory, files, waits and turns are those of the statement that calls, of
 * which it is a part; its changes are its own, and reach the transaction when it is over.
 */
import type { TemporaryFile } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import type { FunctionCall } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { Observed, Storage, Wait } from '#storage/storage.ts';
import type { Activity } from '../activity/activity.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { CommonTableRows, MemoryAccount, Rows, Run } from '../executor/operator.ts';
import type { StatementWrites } from '../executor/statement-writes.ts';
import type { Transaction } from '../transaction/transaction.ts';
import { StatementContext } from './statement-context.ts';

/** A run that functions are called from: a statement's, or a nested one. */
export type CallingRun = Run & {
  waitFor(procOid: number, calls: readonly (readonly Datum[])[]): readonly Datum[] | Promise<readonly Datum[]>;
  /** Functions under way. */
  readonly depth: number;
};

/** Runs a call for the run that makes it. */
export type CallRoutine = (call: FunctionCall, args: readonly Datum[], caller: CallingRun) => Rows;

export class NestedRun implements CallingRun {
  readonly transaction: Transaction;
  frozen: Transaction | undefined;
  readonly context: EvaluationContext;
  readonly depth: number;
  readonly commonTables = new Map<number, CommonTableRows>();
  readonly rowsWanted = undefined;
  changedRows = 0;
  writes: StatementWrites | undefined = undefined;
  readonly #caller: CallingRun;
  readonly #callRoutine: CallRoutine;

  /** `frozen`: what scans see in place of the transaction. */
  constructor(
    caller: CallingRun,
    transaction: Transaction,
    frozen: Transaction | undefined,
    parameters: readonly Datum[],
    callRoutine: CallRoutine,
  ) {
    this.#caller = caller;
    this.#callRoutine = callRoutine;
    this.transaction = transaction;
    this.frozen = frozen;
    this.depth = caller.depth + 1;
    const { settings, transactionTimestamp, names, remark, statementTimestamp, clock, random, session } = caller.context;
    this.context = new StatementContext({
      settings,
      transactionTimestamp,
      names,
      remark,
      statementTimestamp,
      clock,
      random,
      parameters,
      session,
    });
  }

  get storage(): Storage {
    return this.#caller.storage;
  }

  get catalog(): Catalog {
    return this.#caller.catalog;
  }

  get observed(): Observed {
    return this.#caller.observed;
  }

  get memory(): MemoryAccount {
    return this.#caller.memory;
  }

  get activity(): Activity | undefined {
    return this.#caller.activity;
  }

  shouldPause(): boolean {
    return this.#caller.shouldPause();
  }

  pause(): Wait {
    return this.#caller.pause();
  }

  waitFor(procOid: number, calls: readonly (readonly Datum[])[]): readonly Datum[] | Promise<readonly Datum[]> {
    return this.#caller.waitFor(procOid, calls);
  }

  openTemporary(): TemporaryFile {
    return this.#caller.openTemporary();
  }

  callRoutine(call: FunctionCall, args: readonly Datum[]): Rows {
    return this.#callRoutine(call, args, this);
  }
}
