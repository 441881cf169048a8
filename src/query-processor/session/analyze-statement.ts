/**
 * ANALYZE. The planner asks storage for a table's row count each time it plans, and keeps no other statistics, so there is nothing to
 * gather: the statement checks what it names and answers.
 */
import type { RangeVar, VacuumRelation, VacuumStmt } from '@pgsql/types';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { searchSchemas } from '../catalog/name-lookup.ts';
import type { StatementHost } from './statement-host.ts';

export function runAnalyze(session: StatementHost, statement: VacuumStmt): string {
  if (session.settings.current.profile === 'dsql' && session.block.state === 'block')
    throw new SqlError(sqlstate.activeSqlTransaction, 'ANALYZE cannot run inside a transaction block');
  for (const node of statement.rels ?? []) if ('VacuumRelation' in node) checkTarget(session, node.VacuumRelation);
  return 'ANALYZE';
}

function checkTarget(session: StatementHost, { relation = {}, va_cols }: VacuumRelation): void {
  const found = relationNamed(session, relation);
  if (found.kind === 'view' || found.kind === 'sequence') {
    session.notice(
      warning(sqlstate.successfulCompletion, `skipping "${found.name}" --- cannot analyze non-tables or special system tables`),
    );
    return;
  }
  for (const node of va_cols ?? []) {
    const name = 'String' in node ? (node.String.sval ?? '') : '';
    if (!found.columns.some((column) => !column.isDropped && column.name === name))
      throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${found.name}" does not exist`);
  }
}

function relationNamed(session: StatementHost, { schemaname, relname = '' }: RangeVar) {
  const { catalog } = session.block;
  if (schemaname !== undefined) {
    const schema = catalog.schemaByName(schemaname);
    const found = schema === undefined ? undefined : catalog.relationByName(schema.oid, relname);
    if (found !== undefined) return found;
    throw new SqlError(sqlstate.undefinedTable, `relation "${schemaname}.${relname}" does not exist`);
  }
  for (const oid of searchSchemas(catalog, session.settings.current.searchPath, session.user)) {
    const found = catalog.relationByName(oid, relname);
    if (found !== undefined) return found;
  }
  throw new SqlError(sqlstate.undefinedTable, `relation "${relname}" does not exist`);
}
