/** DDL statements: each becomes one schema change (catalog/schema-change/), written into the session's transaction. */
import type { DropStmt, GrantStmt, Node } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { alterFunction, dropFunctions, moveFunction, renameFunction, setFunctionOwner } from '../catalog/schema-change/alter-function.ts';
import { alterTable, validateAsync } from '../catalog/schema-change/alter-table.ts';
import { commentOn, dropComments } from '../catalog/schema-change/comment.ts';
import { createIndex } from '../catalog/schema-change/create-index.ts';
import { createSchema, dropSchemas } from '../catalog/schema-change/create-schema.ts';
import { alterSequence, createSequence } from '../catalog/schema-change/create-sequence.ts';
import { createTable, namesOf } from '../catalog/schema-change/create-table.ts';
import { followNames } from '../catalog/schema-change/dependents.ts';
import { alterDomain, createDomain, dropDomains, moveDomain, setDomainOwner } from '../catalog/schema-change/domain.ts';
import { dropIndexes, dropRelations, targetOf } from '../catalog/schema-change/drop-relation.ts';
import { createFunction } from '../catalog/schema-change/function.ts';
import { alterOtherRelation, isOtherRelation, setOwner, setSchema } from '../catalog/schema-change/move-object.ts';
import { requirePermissions } from '../catalog/schema-change/permissions.ts';
import { rename } from '../catalog/schema-change/rename.ts';
import { applyDefaultPrivileges } from '../catalog/schema-change/roles/default-privileges.ts';
import { followOwners } from '../catalog/schema-change/roles/follow-owner.ts';
import { SchemaChange } from '../catalog/schema-change/schema-change.ts';
import {
  alterStatistics,
  createStatistics,
  dropOrphanedStatistics,
  dropStatistics,
  moveStatistics,
  renameStatistics,
  setStatisticsOwner,
} from '../catalog/schema-change/statistics.ts';
import { readRows } from '../catalog/schema-change/table-rows.ts';
import { truncate } from '../catalog/schema-change/truncate.ts';
import { createView } from '../catalog/schema-change/view.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import { newIndexBuildJob, newSpaceDropJob, newValidationJob } from '../jobs/new-jobs.ts';
import { isIamExtension } from '../parser/extension-syntax.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import type { Field } from '../query-processor.ts';
import { refuseWhileOwing } from './constraint-statements.ts';
import { domainRowCheck } from './domain-work.ts';
import { refuseInBlock } from './maintenance-statements.ts';
import { plainField } from './prepared-statement.ts';
import { applyRoleStatement, iamTag, roleTag } from './role-statements.ts';
import { buildIndex, doRowWork, eachSlice } from './row-work.ts';
import { sendRows } from './send-rows.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

export const jobFields = (): readonly Field[] => [plainField('job_id', oid.text)];

/** True for statements that answer with a job's id. */
export const answersWithJob = ({ extension }: ParsedStatement): boolean =>
  extension?.kind === 'createIndexAsync' || extension?.kind === 'alterTableAsync';

export async function runSchemaStatement(session: StatementHost, parsed: ParsedStatement, output: UtilityOutput): Promise<string> {
  const { block } = session;
  const tag = isIamExtension(parsed.extension) ? iamTag(parsed) : schemaTag(parsed.node);
  block.throwIfReadOnly(tag);
  block.noteSchemaChange();
  const change = beginSchemaChange(session, parsed);
  const job = await apply(session, change, parsed);
  if (job !== undefined) await sendRows(session, output, jobFields(), [[job]]);
  return tag;
}

export function beginSchemaChange(session: StatementHost, parsed: ParsedStatement): SchemaChange {
  const { block } = session;
  return new SchemaChange(
    {
      catalog: block.catalog,
      transaction: block.transaction,
      storage: session.host.storage,
      random: session.host.world.random,
      settings: session.settings.current,
      typeContext: session.typeContext,
      user: session.user,
      sessionUser: session.settings.sessionUser,
      notice: (message) => session.notice(message),
      temporary: block.temporary,
      checksFunctionBodies: session.settings.get('check_function_bodies') !== 'off',
    },
    parsed.text,
    parsed.positionOf,
  );
}

/** Writes what the change holds into the transaction. Gives the id of the job that it starts, if it starts one. */
export function finishSchemaChange(session: StatementHost, change: SchemaChange): string | undefined {
  const { block, host } = session;
  const wake = (): void => host.jobs.wake();
  if (change.validation !== undefined) {
    block.afterCommit(wake);
    return newValidationJob(block.transaction, host.world, change.validation.table, change.validation.constraintOid);
  }
  followNames(change);
  dropOrphanedStatistics(change);
  dropComments(change);
  applyDefaultPrivileges(change);
  followOwners(change);
  if (change.changes.size === 0) return undefined;
  block.changeCatalog(change.changes, change.nextOid);
  let hasAbandoned = false;
  for (const [relationOid, spaces] of change.abandonedSpaces) {
    if (relationOid >= firstTemporaryOid) {
      block.afterCommit(() => block.temporary.rows.dropSpaces(spaces));
      continue;
    }
    hasAbandoned = true;
    newSpaceDropJob(block.transaction, host.world, relationOid, spaces);
  }
  const { changedSequences } = change;
  if (changedSequences.length > 0)
    block.afterCommit(() => {
      for (const sequence of changedSequences) host.sequences.forget(sequence);
    });
  let job: string | undefined;
  if (change.indexBuild !== undefined)
    job = newIndexBuildJob(block.transaction, host.world, change.indexBuild.table, change.indexBuild.indexOid);
  if (job !== undefined || hasAbandoned) block.afterCommit(wake);
  return job;
}

async function apply(session: StatementHost, change: SchemaChange, parsed: ParsedStatement): Promise<string | undefined> {
  const { node } = parsed;
  if (applyRoleStatement(session, change, parsed)) return finishSchemaChange(session, change);
  // What it looks up is no part of the change.
  requirePermissions(beginSchemaChange(session, parsed), node);
  if ('CreateStmt' in node) createTable(change, node.CreateStmt);
  else if ('CreateSchemaStmt' in node) {
    createSchema(change, node.CreateSchemaStmt);
    finishSchemaChange(session, change);
    for (const element of node.CreateSchemaStmt.schemaElts ?? [])
      await runSchemaElement(session, parsed, element, node.CreateSchemaStmt.schemaname);
    return undefined;
  } else if ('IndexStmt' in node) {
    if (node.IndexStmt.concurrent === true) refuseInBlock(session, 'CREATE INDEX CONCURRENTLY');
    const isAsync = parsed.extension?.kind === 'createIndexAsync';
    const made = createIndex(change, node.IndexStmt, isAsync);
    if (made !== undefined && !isAsync) {
      if (change.isDsql) refuseRows(session, made.table);
      await buildIndex(session, made.table, made.index.oid);
    }
  } else if ('AlterTableStmt' in node && isOtherRelation(change, node.AlterTableStmt)) alterOtherRelation(change, node.AlterTableStmt);
  else if ('AlterTableStmt' in node && parsed.extension?.kind === 'alterTableAsync') validateAsync(change, node.AlterTableStmt);
  else if ('AlterTableStmt' in node) {
    const altered = alterTable(change, node.AlterTableStmt);
    if (altered === undefined) return undefined;
    refuseWhileOwing(session, change.changes.keys(), node);
    const job = finishSchemaChange(session, change);
    await doRowWork(session, altered);
    return job;
  } else if ('RenameStmt' in node && isFunction(node.RenameStmt.renameType))
    renameFunction(change, node.RenameStmt.object, node.RenameStmt.newname ?? '');
  else if ('RenameStmt' in node && node.RenameStmt.renameType === 'OBJECT_STATISTIC_EXT')
    renameStatistics(change, node.RenameStmt.object, node.RenameStmt.newname ?? '');
  else if ('RenameStmt' in node) rename(change, node.RenameStmt);
  else if ('TruncateStmt' in node) truncate(change, node.TruncateStmt);
  else if ('DropStmt' in node && (isDomainType(node.DropStmt.removeType) || isFunction(node.DropStmt.removeType))) {
    const drop = isFunction(node.DropStmt.removeType) ? dropFunctions : dropDomains;
    const altered = drop(change, node.DropStmt);
    refuseWhileOwing(session, change.changes.keys(), node);
    finishSchemaChange(session, change);
    for (const table of altered) await doRowWork(session, table);
    return undefined;
  } else if ('DropStmt' in node) dropObjects(change, node);
  else if ('CreateSeqStmt' in node) createSequence(change, node.CreateSeqStmt);
  else if ('AlterSeqStmt' in node) alterSequence(change, node.AlterSeqStmt);
  else if ('AlterObjectSchemaStmt' in node && isDomainType(node.AlterObjectSchemaStmt.objectType))
    moveDomain(change, node.AlterObjectSchemaStmt.object, node.AlterObjectSchemaStmt.newschema ?? '');
  else if ('AlterOwnerStmt' in node && isDomainType(node.AlterOwnerStmt.objectType))
    setDomainOwner(change, node.AlterOwnerStmt.object, node.AlterOwnerStmt.newowner);
  else if ('AlterObjectSchemaStmt' in node && isFunction(node.AlterObjectSchemaStmt.objectType))
    moveFunction(change, node.AlterObjectSchemaStmt.object, node.AlterObjectSchemaStmt.newschema ?? '');
  else if ('AlterOwnerStmt' in node && isFunction(node.AlterOwnerStmt.objectType))
    setFunctionOwner(change, node.AlterOwnerStmt.object, node.AlterOwnerStmt.newowner);
  else if ('CreateStatsStmt' in node) createStatistics(change, node.CreateStatsStmt);
  else if ('AlterStatsStmt' in node) alterStatistics(change, node.AlterStatsStmt);
  else if ('AlterObjectSchemaStmt' in node && node.AlterObjectSchemaStmt.objectType === 'OBJECT_STATISTIC_EXT')
    moveStatistics(change, node.AlterObjectSchemaStmt.object, node.AlterObjectSchemaStmt.newschema ?? '');
  else if ('AlterOwnerStmt' in node && node.AlterOwnerStmt.objectType === 'OBJECT_STATISTIC_EXT')
    setStatisticsOwner(change, node.AlterOwnerStmt.object, node.AlterOwnerStmt.newowner);
  else if ('CreateFunctionStmt' in node) createFunction(change, node.CreateFunctionStmt);
  else if ('AlterFunctionStmt' in node) alterFunction(change, node.AlterFunctionStmt);
  else if ('AlterObjectSchemaStmt' in node) setSchema(change, node.AlterObjectSchemaStmt);
  else if ('AlterOwnerStmt' in node) setOwner(change, node.AlterOwnerStmt);
  else if ('CommentStmt' in node) commentOn(change, node.CommentStmt);
  else if ('ViewStmt' in node) createView(change, node.ViewStmt);
  else if ('CreateDomainStmt' in node) createDomain(change, node.CreateDomainStmt);
  else if ('AlterDomainStmt' in node) {
    for (const work of alterDomain(change, node.AlterDomainStmt)) await eachSlice(session, work.table, domainRowCheck(session, work));
  } else throw notSupported(`unsupported statement: ${statementName(node)}`);
  refuseWhileOwing(session, change.changes.keys(), node);
  return finishSchemaChange(session, change);
}

/** CREATE TABLE and the like inside CREATE SCHEMA: made in that schema. */
async function runSchemaElement(
  session: StatementHost,
  parsed: ParsedStatement,
  element: Node,
  schemaname: string | undefined,
): Promise<void> {
  if ('CreateSeqStmt' in element) {
    const sequence = { ...element.CreateSeqStmt.sequence };
    sequence.schemaname ??= schemaname ?? session.user;
    const made: ParsedStatement = { ...parsed, node: { CreateSeqStmt: { ...element.CreateSeqStmt, sequence } } };
    await apply(session, beginSchemaChange(session, made), made);
    return;
  }
  if ('GrantStmt' in element) {
    const made: ParsedStatement = { ...parsed, node: grantInSchema(element.GrantStmt, schemaname ?? session.user) };
    await apply(session, beginSchemaChange(session, made), made);
    return;
  }
  if (!('CreateStmt' in element)) throw notSupported('only CREATE TABLE, CREATE SEQUENCE and GRANT are supported in CREATE SCHEMA');
  const statement = element.CreateStmt;
  const relation = { ...statement.relation, schemaname: statement.relation?.schemaname ?? schemaname ?? session.user };
  const node: Node = { CreateStmt: { ...statement, relation } };
  const inner: ParsedStatement = { ...parsed, node };
  await apply(session, beginSchemaChange(session, inner), inner);
}

const grantInSchema = (statement: GrantStmt, schemaname: string): Node => ({
  GrantStmt: {
    ...statement,
    objects: (statement.objects ?? []).map((node) =>
      'RangeVar' in node ? { RangeVar: { ...node.RangeVar, schemaname: node.RangeVar.schemaname ?? schemaname } } : node,
    ),
  },
});

function dropObjects(change: SchemaChange, node: Extract<Node, { DropStmt: unknown }>): void {
  const statement = node.DropStmt;
  switch (statement.removeType) {
    case 'OBJECT_TABLE':
      dropRelations(change, statement, 'table');
      return;
    case 'OBJECT_VIEW':
      dropRelations(change, statement, 'view');
      return;
    case 'OBJECT_SEQUENCE':
      dropRelations(change, statement, 'sequence');
      return;
    case 'OBJECT_INDEX':
      dropIndexes(change, statement);
      return;
    case 'OBJECT_STATISTIC_EXT':
      dropStatistics(change, statement);
      return;
    case 'OBJECT_SCHEMA':
      dropSchemas(change, statement);
      return;
    case 'OBJECT_TRIGGER':
      missingTriggers(change, statement);
      return;
    default:
      throw notSupported('unsupported object in DROP statement');
  }
}

/** There are no triggers, so DROP TRIGGER IF EXISTS, which DSQL takes, never finds one. */
function missingTriggers(change: SchemaChange, { objects, missing_ok }: DropStmt): void {
  for (const object of objects ?? []) {
    const names = 'List' in object ? namesOf(object.List.items) : [];
    const [trigger = ''] = names.slice(-1);
    const target = targetOf(names.slice(0, -1));
    if (change.findRelation(target) === undefined) {
      if (!missing_ok) throw change.missingRelation(target);
      change.notice(`relation "${target.relname}" does not exist, skipping`);
      continue;
    }
    const message = `trigger "${trigger}" for relation "${target.relname}" does not exist`;
    if (!missing_ok) throw new SqlError(sqlstate.undefinedObject, message);
    change.notice(`${message}, skipping`);
  }
}

/** DSQL builds an index within the statement on empty tables only. */
function refuseRows(session: StatementHost, table: TableDescriptor): void {
  const { rowRange } = layoutOf(table);
  if (readRows(session.host.storage, session.block.transaction, rowRange, 1).length > 0)
    throw notSupported('unsupported mode. please use CREATE INDEX ASYNC.');
}

const isDomainType = (objectType: string | undefined): boolean => objectType === 'OBJECT_DOMAIN' || objectType === 'OBJECT_TYPE';

const isFunction = (objectType: string | undefined): boolean => objectType === 'OBJECT_FUNCTION' || objectType === 'OBJECT_ROUTINE';

export const statementName = (node: Node): string => (Object.keys(node)[0] ?? '').replace(/Stmt$/, '');

/** The command tag. */
export function schemaTag(node: Node): string {
  const ofRole = roleTag(node);
  if (ofRole !== undefined) return ofRole;
  if ('CreateStmt' in node) return 'CREATE TABLE';
  if ('CreateSchemaStmt' in node) return 'CREATE SCHEMA';
  if ('IndexStmt' in node) return 'CREATE INDEX';
  if ('CreateSeqStmt' in node) return 'CREATE SEQUENCE';
  if ('AlterSeqStmt' in node) return 'ALTER SEQUENCE';
  if ('TruncateStmt' in node) return 'TRUNCATE TABLE';
  if ('AlterTableStmt' in node) return `ALTER ${objectName(node.AlterTableStmt.objtype)}`;
  if ('CreateStatsStmt' in node) return 'CREATE STATISTICS';
  if ('AlterStatsStmt' in node) return 'ALTER STATISTICS';
  if ('CommentStmt' in node) return 'COMMENT';
  if ('ViewStmt' in node) return 'CREATE VIEW';
  if ('CreateFunctionStmt' in node) return 'CREATE FUNCTION';
  if ('AlterFunctionStmt' in node) return `ALTER ${objectName(node.AlterFunctionStmt.objtype)}`;
  if ('CreateDomainStmt' in node) return 'CREATE DOMAIN';
  if ('AlterDomainStmt' in node) return 'ALTER DOMAIN';
  if ('AlterObjectSchemaStmt' in node) return `ALTER ${objectName(node.AlterObjectSchemaStmt.objectType)}`;
  if ('AlterOwnerStmt' in node) return `ALTER ${objectName(node.AlterOwnerStmt.objectType)}`;
  if ('RenameStmt' in node) {
    const { renameType, relationType } = node.RenameStmt;
    return `ALTER ${objectName(renameType === 'OBJECT_DOMCONSTRAINT' ? 'OBJECT_DOMAIN' : renameType === 'OBJECT_COLUMN' || renameType === 'OBJECT_TABCONSTRAINT' ? (relationType ?? 'OBJECT_TABLE') : renameType)}`;
  }
  if ('DropStmt' in node) return `DROP ${objectName(node.DropStmt.removeType)}`;
  return statementName(node).toUpperCase();
}

const objectName = (type = 'OBJECT_TABLE'): string =>
  type === 'OBJECT_STATISTIC_EXT' ? 'STATISTICS' : type.replace('OBJECT_', '').replaceAll('_', ' ');
