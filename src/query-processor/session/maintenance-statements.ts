/**
 * VACUUM, REINDEX, CLUSTER, CHECKPOINT: what they are for in PostgreSQL is done here without being asked, so they check what they name
 * and say so. LOCK TABLE: nobody waits here, so a lock is a mark that a conflicting commit meets.
 */
import type { LockStmt, Node, RangeVar, VacuumStmt } from '@pgsql/types';
import { notice, SqlError, sqlstate } from '#base/sql-error.ts';
import { writtenKey } from '#sql/spaces.ts';
import { relationNamed, runAnalyze } from './analyze-statement.ts';
import type { StatementHost } from './statement-host.ts';

export function refuseInBlock({ block }: StatementHost, command: string): void {
  if (block.state === 'block') throw new SqlError(sqlstate.activeSqlTransaction, `${command} cannot run inside a transaction block`);
}

export async function runVacuum(session: StatementHost, statement: VacuumStmt): Promise<string> {
  refuseInBlock(session, 'VACUUM');
  const analyzes = (statement.options ?? []).some((node) => 'DefElem' in node && node.DefElem.defname === 'analyze');
  if (analyzes) await runAnalyze(session, statement);
  else for (const node of statement.rels ?? []) if ('VacuumRelation' in node) relationNamed(session, node.VacuumRelation.relation ?? {});
  session.notice(notice('VACUUM has nothing to do: old versions of rows go away without it'));
  return 'VACUUM';
}

const reindexed: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_SCHEMA: 'REINDEX SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'REINDEX SYSTEM',
  REINDEX_OBJECT_DATABASE: 'REINDEX DATABASE',
};

export function runMaintenance(session: StatementHost, node: Node): string {
  if ('ClusterStmt' in node) {
    if (node.ClusterStmt.relation !== undefined) relationNamed(session, node.ClusterStmt.relation);
    session.notice(notice('CLUSTER has nothing to do: rows lie in the order of their primary key'));
    return 'CLUSTER';
  }
  if ('ReindexStmt' in node) {
    const { kind = '', relation } = node.ReindexStmt;
    if (Object.hasOwn(reindexed, kind)) refuseInBlock(session, reindexed[kind]);
    if (relation !== undefined && kind === 'REINDEX_OBJECT_TABLE') relationNamed(session, relation);
    if (relation !== undefined && kind === 'REINDEX_OBJECT_INDEX') requireIndex(session, relation);
    session.notice(notice('REINDEX has nothing to do: index entries are kept up with their rows'));
    return 'REINDEX';
  }
  return 'CHECKPOINT';
}

function requireIndex(session: StatementHost, { schemaname, relname = '' }: RangeVar): void {
  const { names } = session.facts;
  const written = schemaname === undefined ? relname : `${schemaname}.${relname}`;
  if (names.findClass(written) === undefined) throw new SqlError(sqlstate.undefinedTable, `relation "${written}" does not exist`);
}

/** SHARE: from this mode on a lock keeps those out who change rows. */
const share = 5;
const accessExclusive = 8;

export function runLock(session: StatementHost, { relations, mode }: LockStmt): string {
  const { block } = session;
  if (block.state !== 'block') throw new SqlError(sqlstate.noActiveSqlTransaction, 'LOCK TABLE can only be used in transaction blocks');
  const keepsWritersOut = Number(mode ?? accessExclusive) >= share;
  for (const node of relations ?? []) {
    if (!('RangeVar' in node)) continue;
    const relation = relationNamed(session, node.RangeVar);
    if (relation.kind === 'sequence')
      throw new SqlError(sqlstate.wrongObjectType, `cannot lock relation "${relation.name}"`, {
        detail: 'This operation is not supported for sequences.',
      });
    if (relation.kind === 'system') continue;
    block.transaction.useRelation(relation.oid, false);
    if (!keepsWritersOut) continue;
    block.throwIfReadOnly('LOCK TABLE');
    block.transaction.mark(writtenKey(relation.oid), 'write');
  }
  return 'LOCK TABLE';
}
