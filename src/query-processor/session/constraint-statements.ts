/** SET CONSTRAINTS, and the checks that a transaction has put off until its end. */
import type { ConstraintsSetStmt, Node, RangeVar } from '@pgsql/types';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import type { ForeignKeyDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { searchSchemas } from '../catalog/name-lookup.ts';
import { deferredChecks, owesChecks } from '../executor/foreign-keys/deferred-checks.ts';
import { runDeferredChecks } from '../executor/foreign-keys/enforce.ts';
import type { Maybe } from '../query-processor.ts';
import { after } from './maybe.ts';
import type { StatementHost } from './statement-host.ts';

export function runSetConstraints(session: StatementHost, statement: ConstraintsSetStmt): Maybe<string> {
  const { block } = session;
  const tag = 'SET CONSTRAINTS';
  if (block.state !== 'block')
    session.notice(warning(sqlstate.noActiveSqlTransaction, 'SET CONSTRAINTS can only be used in transaction blocks'));
  const isDeferred = statement.deferred === true;
  const isAll = (statement.constraints ?? []).length === 0;
  const named = (statement.constraints ?? []).flatMap((node) =>
    'RangeVar' in node ? constraintsNamed(session, node.RangeVar, isDeferred) : [],
  );
  const checks = deferredChecks(block.transaction);
  const change = (): string => {
    if (isAll) checks.setAll(isDeferred);
    for (const foreignKey of named) checks.setMode(foreignKey, isDeferred);
    return tag;
  };
  if (isDeferred || !checks.isOwing) return change();
  // What was put off is made up for first: where it fails, the mode stays.
  const oids = new Set(named.map((foreignKey) => foreignKey.constraintOid));
  return after(checkDeferred(session, isAll ? undefined : (oid) => oids.has(oid)), change);
}

/** Makes deferred checks now: all, or those of the constraints that are meant. */
export async function checkDeferred(session: StatementHost, isMeant: ((constraintOid: number) => boolean) | undefined): Promise<void> {
  const run = session.startRun([]);
  for (const wait of runDeferredChecks(run, isMeant)) await session.cancellable(wait);
}

/** Throws 55006 for a change of a table that a check is still due of. */
export function refuseWhileOwing({ block }: StatementHost, changed: Iterable<number>, node: Node): void {
  if (!owesChecks(block.transaction) || 'RenameStmt' in node) return;
  const checks = deferredChecks(block.transaction);
  const command =
    'TruncateStmt' in node ? 'TRUNCATE' : 'IndexStmt' in node ? 'CREATE INDEX' : 'DropStmt' in node ? 'DROP TABLE' : 'ALTER TABLE';
  for (const oid of changed)
    if (checks.owes(oid))
      throw new SqlError(
        sqlstate.objectInUse,
        `cannot ${command} "${block.catalog.relationByOid(oid)?.name ?? ''}" because it has pending trigger events`,
      );
}

/** A bare name means the constraints of that name in the first schema of the search path that has one. */
function constraintsNamed(session: StatementHost, target: RangeVar, isDeferred: boolean): readonly ForeignKeyDescriptor[] {
  const { catalog } = session.block;
  const name = target.relname ?? '';
  for (const schemaOid of schemasOf(session, target)) {
    const tables = catalog.relations(schemaOid).flatMap((relation) => (relation.kind === 'table' ? [relation] : []));
    const found = tables.flatMap((table) => table.foreignKeys.filter((foreignKey) => foreignKey.name === name));
    const deferrable = found.filter((foreignKey) => foreignKey.isDeferrable);
    const hasUnsuited = deferrable.length < found.length || tables.some((table) => hasOther(table, name));
    if (isDeferred && hasUnsuited) throw new SqlError(sqlstate.wrongObjectType, `constraint "${name}" is not deferrable`);
    if (hasUnsuited || found.length > 0) return deferrable;
  }
  throw new SqlError(sqlstate.undefinedObject, `constraint "${name}" does not exist`);
}

function schemasOf(session: StatementHost, { schemaname }: RangeVar): readonly number[] {
  const { catalog } = session.block;
  if (schemaname === undefined) return searchSchemas(catalog, session.settings.current.searchPath, session.user);
  const schema = catalog.schemaByName(schemaname);
  if (schema === undefined) throw new SqlError(sqlstate.invalidSchemaName, `schema "${schemaname}" does not exist`);
  return [schema.oid];
}

const hasOther = (table: TableDescriptor, name: string): boolean =>
  table.primaryKey?.name === name ||
  table.checks.some((check) => check.name === name) ||
  table.indexes.some((index) => index.constraintOid !== undefined && index.name === name);
