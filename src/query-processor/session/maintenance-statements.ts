/**
 * VACUUM, REINDEX, CLUSTER, CHECKPOINT: what they are for in PostgreSQL is done here without being asked, so they check what they name
 * and say so. LOCK TABLE: nobody waits here, so a lock is a mark that a conflicting commit meets.
 */
import type { LockStmt, Node, RangeVar, ReindexStmt, VacuumStmt } from '@pgsql/types';
import { notice, notSupported, SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { privilege } from '#sql/privilege.ts';
import { writtenKey } from '#sql/spaces.ts';
import { adminRoleOid } from '../catalog/catalog.ts';
import type { RelationDescriptor } from '../catalog/descriptors.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import {
  databaseObject,
  permissionDenied,
  privilegesOn,
  relationObject,
  requireOwner,
  type SecuredObject,
  schemaObject,
} from '../catalog/privileges/secured-object.ts';
import { mayMaintain, relationNamed, runAnalyze } from './analyze-statement.ts';
import type { StatementHost } from './statement-host.ts';

export function refuseInBlock({ block }: StatementHost, command: string): void {
  if (block.state === 'block') throw new SqlError(sqlstate.activeSqlTransaction, `${command} cannot run inside a transaction block`);
}

export async function runVacuum(session: StatementHost, statement: VacuumStmt): Promise<string> {
  refuseInBlock(session, 'VACUUM');
  const analyzes = (statement.options ?? []).some((node) => 'DefElem' in node && node.DefElem.defname === 'analyze');
  if (analyzes) await runAnalyze(session, statement);
  else for (const node of statement.rels ?? []) if ('VacuumRelation' in node) vacuum(session, node.VacuumRelation.relation ?? {});
  session.notice(notice('VACUUM has nothing to do: old versions of rows go away without it'));
  return 'VACUUM';
}

function vacuum(session: StatementHost, target: RangeVar): void {
  const relation = relationNamed(session, target);
  if (!mayMaintain(session, relation))
    session.notice(warning(sqlstate.warning, `permission denied to vacuum "${relation.name}", skipping it`));
}

function requireOwned({ block }: StatementHost, object: SecuredObject): void {
  requireOwner(block.catalog, object, roleOidOf(block.catalog, block.user));
}

const reindexed: Readonly<Record<string, string>> = {
  REINDEX_OBJECT_SCHEMA: 'REINDEX SCHEMA',
  REINDEX_OBJECT_SYSTEM: 'REINDEX SYSTEM',
  REINDEX_OBJECT_DATABASE: 'REINDEX DATABASE',
};

export function runMaintenance(session: StatementHost, node: Node): string {
  if ('ClusterStmt' in node) {
    if (node.ClusterStmt.relation !== undefined) requireOwned(session, relationObject(relationNamed(session, node.ClusterStmt.relation)));
    session.notice(notice('CLUSTER has nothing to do: rows lie in the order of their primary key'));
    return 'CLUSTER';
  }
  if ('ReindexStmt' in node) {
    reindex(session, node.ReindexStmt);
    session.notice(notice('REINDEX has nothing to do: index entries are kept up with their rows'));
    return 'REINDEX';
  }
  requireCheckpointer(session);
  return 'CHECKPOINT';
}

function requireCheckpointer({ block: { catalog, user } }: StatementHost): void {
  const roleOid = roleOidOf(catalog, user);
  const checkpointer = catalog.roleByName('pg_checkpoint')?.oid;
  // Aurora DSQL's admin stands where PostgreSQL has a superuser.
  if (roleOid === adminRoleOid || (checkpointer !== undefined && catalog.roleGraph.hasPrivilegesOf(roleOid, checkpointer))) return;
  throw new SqlError(sqlstate.insufficientPrivilege, 'permission denied to execute CHECKPOINT command', {
    detail: 'Only roles with privileges of the "pg_checkpoint" role may execute this command.',
  });
}

function reindex(session: StatementHost, { kind = 'REINDEX_OBJECT_DATABASE', relation, name }: ReindexStmt): void {
  if (Object.hasOwn(reindexed, kind)) refuseInBlock(session, reindexed[kind]);
  switch (kind) {
    case 'REINDEX_OBJECT_TABLE':
      if (relation !== undefined) requireOwned(session, relationObject(relationNamed(session, relation)));
      break;
    case 'REINDEX_OBJECT_INDEX':
      if (relation !== undefined) requireOwnIndex(session, relation);
      break;
    case 'REINDEX_OBJECT_SCHEMA': {
      const schema = session.block.catalog.schemaByName(name ?? '');
      if (schema === undefined) throw new SqlError(sqlstate.invalidSchemaName, `schema "${name ?? ''}" does not exist`);
      requireOwned(session, schemaObject(schema));
      break;
    }
    default:
      if (name !== undefined && name !== databaseObject.name) throw notSupported('can only reindex the currently open database');
      requireOwned(session, databaseObject);
  }
}

function requireOwnIndex(session: StatementHost, { schemaname, relname = '' }: RangeVar): void {
  const { catalog } = session.block;
  const written = schemaname === undefined ? relname : `${schemaname}.${relname}`;
  const found = session.facts.names.findClass(written);
  if (found === undefined) throw new SqlError(sqlstate.undefinedTable, `relation "${written}" does not exist`);
  const place = catalog.indexByOid(found);
  const table = place === undefined ? undefined : catalog.relationByOid(place.tableOid);
  if (table !== undefined) requireOwned(session, { ...relationObject(table), title: 'index', name: relname });
}

const accessShare = 1;
const rowExclusive = 3;
/** SHARE: from this mode on a lock keeps those out who change rows. */
const share = 5;
const accessExclusive = 8;

/** Who may change rows may lock in any mode, who may insert up to ROW EXCLUSIVE, who may read in ACCESS SHARE. */
function requireLockable({ block: { catalog, user } }: StatementHost, relation: RelationDescriptor, mode: number): void {
  const sufficient =
    privilege.update |
    privilege.delete |
    privilege.truncate |
    (mode <= rowExclusive ? privilege.insert : 0) |
    (mode === accessShare ? privilege.select : 0);
  const object = relationObject(relation);
  if ((privilegesOn(catalog, object, roleOidOf(catalog, user)) & sufficient) === 0) throw permissionDenied(object);
}

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
    requireLockable(session, relation, Number(mode ?? accessExclusive));
    if (relation.kind === 'system') continue;
    block.transaction.useRelation(relation.oid, false);
    if (!keepsWritersOut) continue;
    block.throwIfReadOnly('LOCK TABLE');
    block.transaction.mark(writtenKey(relation.oid), 'write');
  }
  return 'LOCK TABLE';
}
