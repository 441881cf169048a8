/** sys.transactions, sys.conflicts, sys.statements, pg_stat_activity: what sessions do and have done on this node. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import type { ObservedSession } from '../../activity/activity.ts';
import { statementDpu } from '../../activity/dpu.ts';
import type { Run } from '../../executor/operator.ts';
import { arrayOf, databaseOid, postgresTime, type RowMakers, type SystemRow } from './row-maker.ts';

/** What others do is admin's to see. */
const maySee = ({ context }: Run, user: string): boolean => context.session.sessionUser === 'admin' || context.session.sessionUser === user;

function* visibleSessions(run: Run): Iterable<ObservedSession> {
  for (const session of run.activity?.sessions ?? []) if (maySee(run, session.user)) yield session;
}

function* transactions(run: Run): Iterable<SystemRow> {
  for (const session of visibleSessions(run)) {
    const facts = session.transactionFacts;
    if (facts === undefined) continue;
    yield {
      region: session.region,
      pid: session.processId,
      usename: session.user,
      application_name: session.applicationName,
      state: session.state,
      transaction_start: postgresTime(facts.startTimestamp),
      snapshot: postgresTime(facts.snapshot),
      is_read_only: facts.isReadOnly,
      changed_rows: facts.changedRows,
      written_bytes: facts.writtenBytes,
      query_start: postgresTime(session.queryStart),
      query: session.query,
    };
  }
}

function* conflicts(run: Run): Iterable<SystemRow> {
  for (const { time, code, on, loser, winnerTimestamp, winner } of run.activity?.conflicts.conflicts ?? []) {
    if (!maySee(run, loser.user)) continue;
    const seen = winner !== undefined && maySee(run, winner.user) ? winner : undefined;
    yield {
      conflict_time: postgresTime(time),
      code,
      schema_name: on.schema ?? null,
      table_name: on.table ?? null,
      constraint_name: on.constraint ?? null,
      key: on.key ?? null,
      region: loser.region,
      pid: loser.processId,
      usename: loser.user,
      transaction_start: postgresTime(loser.startTimestamp),
      snapshot: postgresTime(loser.snapshot),
      statements: arrayOf(oid.text, loser.statements),
      winner_commit_time: postgresTime(winnerTimestamp),
      winner_transaction_id: winner?.transactionId ?? null,
      winner_region: seen?.region ?? null,
      winner_pid: seen?.processId ?? null,
      winner_usename: seen?.user ?? null,
      winner_statements: seen === undefined ? null : arrayOf(oid.text, seen.statements),
    };
  }
}

function* statements(run: Run): Iterable<SystemRow> {
  if (!maySee(run, 'admin')) return;
  for (const figures of run.activity?.statements.all ?? []) {
    const { compute, read } = statementDpu({ ...figures, writtenBytes: 0 });
    yield {
      query_id: figures.queryId,
      query: figures.text,
      calls: figures.calls,
      rows: figures.rows,
      errors: figures.errors,
      conflicts: figures.conflicts,
      total_ms: figures.totalMs,
      mean_ms: figures.calls === 0 ? 0 : figures.totalMs / figures.calls,
      maximum_ms: figures.maximumMs,
      read_bytes: Math.round(figures.readBytes),
      compute_dpu: compute,
      read_dpu: read,
    };
  }
}

function* pgStatActivity(run: Run): Iterable<SystemRow> {
  for (const session of run.activity?.sessions ?? []) {
    const isShown = maySee(run, session.user);
    const hidden = (value: Datum): Datum => (isShown ? value : null);
    const facts = session.transactionFacts;
    yield {
      datid: databaseOid,
      datname: run.context.session.database,
      pid: session.processId,
      usesysid: run.catalog.roleByName(session.user)?.oid ?? null,
      usename: session.user,
      application_name: hidden(session.applicationName),
      xact_start: hidden(facts === undefined ? null : postgresTime(facts.startTimestamp)),
      query_start: hidden(session.queryStart === 0 ? null : postgresTime(session.queryStart)),
      state: hidden(session.state),
      query: isShown ? session.query : '<insufficient privilege>',
      backend_type: 'client backend',
    };
  }
}

/** Nobody is connected without TLS. */
function* pgStatSsl(run: Run): Iterable<SystemRow> {
  for (const { processId } of visibleSessions(run))
    yield { pid: processId, ssl: true, version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', bits: 128 };
}

export const activityRows: RowMakers = {
  pg_stat_activity: pgStatActivity,
  pg_stat_ssl: pgStatSsl,
  'sys.transactions': transactions,
  'sys.conflicts': conflicts,
  'sys.statements': statements,
};
