/** What the statements that are not queries (utility statements) are given of their session, and what they answer. */
import type { Notice } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import type { TypeContext } from '#sql/type.ts';
import type { Field, Maybe, ResultSink } from '../query-processor.ts';
import type { Transaction } from '../transaction/transaction.ts';
import type { QueryProcessorHost } from './local-query-processor.ts';
import type { Compilation, PreparedStatement } from './prepared-statement.ts';
import type { PlanExecution } from './run-plan.ts';
import type { SessionCursors } from './session-cursors.ts';
import type { LocalSessionFacts } from './session-facts.ts';
import type { SessionSettings } from './session-settings.ts';
import type { StatementRun } from './statement-run.ts';
import type { TransactionBlock } from './transaction-block.ts';

export interface StatementHost {
  readonly host: QueryProcessorHost;
  readonly user: string;
  readonly settings: SessionSettings;
  readonly block: TransactionBlock;
  readonly facts: LocalSessionFacts;
  readonly statements: Map<string, PreparedStatement>;
  readonly compilation: Compilation;
  readonly typeContext: TypeContext;
  notice(notice: Notice): void;
  readonly cursors: SessionCursors;
  /** `view`: the transaction as a cursor sees it. */
  startRun(parameters: readonly Datum[], view?: Transaction): StatementRun;
  hasPortal(name: string): boolean;
  resume(execution: PlanExecution): void;
  /** Waits, but no longer than until the statement is cancelled. */
  cancellable<T>(wait: Promise<T>): Promise<T>;
  /** Runs another prepared statement in this one's place: EXECUTE. */
  runStatement(statement: PreparedStatement, parameters: readonly Datum[], output: UtilityOutput): Maybe<string>;
  closeAllPortals(): void;
  /** Adds to what the transaction has cost. */
  noteWork(readBytes: number, computeMs: number): void;
}

/** Where a utility statement's rows go. */
export interface UtilityOutput {
  readonly sink: ResultSink;
  /** Simple protocol: RowDescription has not been sent by Describe. */
  readonly isSimple: boolean;
  readonly resultFormats: readonly number[];
}

/** The command tag, once everything is done but the end of the transaction. */
export type UtilityRunner = (session: StatementHost, statement: PreparedStatement, output: UtilityOutput) => Maybe<string>;

export type RowsOfUtility = { readonly fields: readonly Field[]; readonly rows: readonly (readonly Datum[])[] };
