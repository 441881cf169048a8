/** DECLARE, FETCH, MOVE and CLOSE. */
import type { ClosePortalStmt, DeclareCursorStmt, FetchStmt, SelectStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Batch } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { execute } from '../executor/execute.ts';
import { intoClauseOf } from '../parser/select-into.ts';
import { planQuery } from '../planner/plan.ts';
import type { Field } from '../query-processor.ts';
import { withRowKeys } from './cursor-plan.ts';
import { compileQuery, outputFor, type PlannedQuery, type PreparedStatement, plannerEnvironment } from './prepared-statement.ts';
import { PlanExecution } from './run-plan.ts';
import { type CursorOptions, type FetchDirection, SqlCursor } from './sql-cursor.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

/** Bits of the tree. */
const binary = 1;
const scroll = 2;
const noScroll = 4;
const insensitive = 8;
const hold = 32;

export function plannedCursor(session: StatementHost, statement: PreparedStatement, node: DeclareCursorStmt): PlannedQuery {
  const { parsed, text, statedTypes } = statement;
  if (parsed === undefined || node.query === undefined || !('SelectStmt' in node.query))
    throw notSupported('a cursor is declared for a query');
  const select = node.query.SelectStmt;
  if (intoClauseOf(select) !== undefined)
    throw new SqlError(sqlstate.invalidCursorDefinition, 'DECLARE CURSOR must not contain SELECT INTO');
  checkOptions(select, node.options ?? 0);
  return compileQuery({ ...parsed, node: node.query }, text, statedTypes, session.compilation);
}

function checkOptions(select: SelectStmt, options: number): void {
  if ((options & scroll) !== 0 && (options & noScroll) !== 0)
    throw new SqlError(sqlstate.invalidCursorDefinition, 'cannot specify both SCROLL and NO SCROLL');
  const locking = lockingName(select);
  if (locking === undefined) return;
  if ((options & hold) !== 0)
    throw notSupported(`DECLARE CURSOR WITH HOLD ... ${locking} is not supported`, { detail: 'Holdable cursors must be READ ONLY.' });
  if ((options & scroll) !== 0)
    throw notSupported(`DECLARE SCROLL CURSOR ... ${locking} is not supported`, { detail: 'Scrollable cursors must be READ ONLY.' });
  if ((options & insensitive) !== 0)
    throw new SqlError(sqlstate.invalidCursorDefinition, `DECLARE INSENSITIVE CURSOR ... ${locking} is not valid`, {
      detail: 'Insensitive cursors must be READ ONLY.',
    });
}

const lockingNames: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORUPDATE: 'FOR UPDATE',
};

function lockingName({ lockingClause = [] }: SelectStmt): string | undefined {
  const [first] = lockingClause;
  return first !== undefined && 'LockingClause' in first ? lockingNames[first.LockingClause.strength ?? ''] : undefined;
}

export function runDeclare(
  session: StatementHost,
  statement: PreparedStatement,
  node: DeclareCursorStmt,
  parameters: readonly Datum[],
): string {
  const { block, cursors, host } = session;
  const name = node.portalname ?? '';
  const bits = node.options ?? 0;
  const options: CursorOptions = {
    isBinary: (bits & binary) !== 0,
    isScrollable: (bits & scroll) !== 0 ? true : (bits & noScroll) !== 0 ? false : undefined,
    isHoldable: (bits & hold) !== 0,
  };
  if (!options.isHoldable && block.state !== 'block')
    throw new SqlError(sqlstate.noActiveSqlTransaction, 'DECLARE CURSOR can only be used in transaction blocks');
  const planned = plannedCursor(session, statement, node);
  const isLocking = node.query !== undefined && 'SelectStmt' in node.query && lockingName(node.query.SelectStmt) !== undefined;
  if (!planned.bound.isReadOnly && !isLocking) throw notSupported('DECLARE CURSOR must not contain data-modifying statements in WITH');
  if (isLocking) block.throwIfReadOnly('SELECT FOR UPDATE');
  if (cursors.has(name) || session.hasPortal(name)) throw new SqlError(sqlstate.duplicateCursor, `cursor "${name}" already exists`);
  const { bound, keyTables } = withRowKeys(planned.bound);
  const plan = keyTables.length === 0 ? planned.plan : planQuery(bound, plannerEnvironment(session.compilation));
  block.startQuery(bound);
  const run = session.startRun(parameters, block.transaction.frozen());
  cursors.add(
    new SqlCursor(
      {
        name,
        statementText: statement.text,
        options,
        fields: planned.fields,
        keyTables,
        createdAt: run.context.statementTimestamp,
        level: block.savepointCount,
      },
      new PlanExecution(execute(plan, run), run, host.readPoint),
    ),
  );
  return 'DECLARE CURSOR';
}

const directions: Readonly<Record<string, FetchDirection>> = {
  FETCH_FORWARD: 'forward',
  FETCH_BACKWARD: 'backward',
  FETCH_ABSOLUTE: 'absolute',
  FETCH_RELATIVE: 'relative',
};

/** The tree's word for ALL. */
const all = 2_147_483_647;

const countOf = (howMany: unknown): number => {
  const count = Number(howMany ?? 0);
  if (count >= all) return Number.POSITIVE_INFINITY;
  return count <= -all ? Number.NEGATIVE_INFINITY : count;
};

export function fetchFields(session: StatementHost, node: FetchStmt): readonly Field[] | undefined {
  const cursor = session.cursors.get(node.portalname ?? '');
  if (node.ismove === true || cursor.fields.length === 0) return undefined;
  return cursor.options.isBinary ? cursor.fields.map((field) => ({ ...field, format: 1 })) : cursor.fields;
}

export async function runFetch(session: StatementHost, node: FetchStmt, output: UtilityOutput): Promise<string> {
  const cursor = session.cursors.get(node.portalname ?? '');
  if (cursor.execution !== undefined) session.resume(cursor.execution);
  const rows = await cursor.fetch(directions[node.direction ?? ''] ?? 'forward', countOf(node.howMany));
  const count = rows.reduce((sum, batch) => sum + batch.rowCount, 0);
  if (node.ismove === true) return `MOVE ${count}`;
  const formats = cursor.options.isBinary ? [1] : output.isSimple ? [] : output.resultFormats;
  const { fields, encoders } = outputFor(cursor.fields, formats, session.typeContext);
  if (output.isSimple) output.sink.rowDescription(fields);
  for (const batch of rows) await output.sink.rows(withoutKeys(batch, fields.length), fields, encoders);
  return `FETCH ${count}`;
}

const withoutKeys = (batch: Batch, width: number): Batch =>
  batch.columns.length === width ? batch : { rowCount: batch.rowCount, columns: batch.columns.slice(0, width) };

export function runClose(session: StatementHost, node: ClosePortalStmt): string {
  if (node.portalname === undefined) {
    session.cursors.closeAll();
    return 'CLOSE CURSOR ALL';
  }
  session.cursors.close(node.portalname);
  return 'CLOSE CURSOR';
}
