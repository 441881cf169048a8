/**
 * ANALYZE: reads the tables it names, or all, and writes what it finds about their columns (catalog/statistics-rows.ts) with the transaction. Plans made
 * from then on are chosen by it.
 */
import type { RangeVar, VacuumRelation, VacuumStmt } from '@pgsql/types';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import type { Wait } from '#storage/storage.ts';
import type { RelationDescriptor, TableDescriptor } from '../catalog/descriptors.ts';
import { searchSchemas } from '../catalog/name-lookup.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import { databaseObject, ownsObject } from '../catalog/privileges/secured-object.ts';
import { decodeStatistics, encodeStatistics, neverAnalyzed, statisticsKey } from '../catalog/statistics-rows.ts';
import { storedTables } from '../catalog/system-catalog/row-maker.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import type { Run } from '../executor/operator.ts';
import { PlanExecution } from './run-plan.ts';
import type { StatementHost } from './statement-host.ts';
import type { StatementRun } from './statement-run.ts';
import { TableSample } from './table-sample.ts';

export async function runAnalyze(session: StatementHost, statement: VacuumStmt): Promise<string> {
  const { block } = session;
  if (session.settings.current.profile === 'dsql' && block.state === 'block')
    throw new SqlError(sqlstate.activeSqlTransaction, 'ANALYZE cannot run inside a transaction block');
  const named = statement.rels ?? [];
  const tables =
    named.length === 0
      ? [...storedTables(block.catalog)]
      : named.flatMap((node) => ('VacuumRelation' in node ? tablesNamed(session, node.VacuumRelation) : []));
  // A read-only transaction may say ANALYZE, but writes nothing.
  if (block.transaction.isReadOnly) return 'ANALYZE';
  const run = session.startRun([]);
  const target = Math.max(1, session.settings.number('default_statistics_target'));
  // Statistics of temporary tables would outlive their session.
  for (const table of tables) if (table.oid < firstTemporaryOid) await gather(session, table, run, target);
  return 'ANALYZE';
}

async function gather(session: StatementHost, table: TableDescriptor, run: StatementRun, target: number): Promise<void> {
  const { storage, readPoint } = session.host;
  const sample = new TableSample(target, run.context.random);
  await new PlanExecution(allRows(table, run), run, readPoint).fetch(0, ({ rowCount, columns }) => {
    for (let row = 0; row < rowCount; row++) sample.offer(() => columns.map((vector) => datumAt(vector, row)));
    return undefined;
  });
  const key = statisticsKey(table.oid);
  const [known] = storage.get(storage.appliedTimestamp, [key], { newest: 0 });
  const before = known === undefined ? neverAnalyzed : decodeStatistics(table, known).history;
  const history = { ...before, lastManual: run.transaction.startTimestamp, manualCount: before.manualCount + 1 };
  session.block.transaction.write(key, encodeStatistics(table, sample.statistics(table, storage, history)), 'blind');
}

/** All rows with their columns that are not dropped. */
function* allRows(table: TableDescriptor, run: Run): Generator<Batch | Wait, void, undefined> {
  const layout = layoutOf(table);
  const { transaction } = run;
  yield* run.storage.scan(
    {
      snapshot: transaction.snapshot,
      ranges: [layout.rowRange],
      descending: false,
      fieldTypes: layout.fieldTypes,
      columns: table.columns.filter((column) => !column.isDropped).map((column) => column.attributeNumber - 1),
      missing: layout.missing,
      filter: undefined,
      limit: undefined,
      overlay: transaction.overlay,
    },
    run.context,
    run.observed,
  );
}

function tablesNamed(session: StatementHost, { relation = {}, va_cols }: VacuumRelation): readonly TableDescriptor[] {
  const found = relationNamed(session, relation);
  if (found.kind === 'view' || found.kind === 'sequence') {
    session.notice(
      warning(sqlstate.successfulCompletion, `skipping "${found.name}" --- cannot analyze non-tables or special system tables`),
    );
    return [];
  }
  if (!mayMaintain(session, found)) {
    session.notice(warning(sqlstate.warning, `permission denied to analyze "${found.name}", skipping it`));
    return [];
  }
  for (const node of va_cols ?? []) {
    const name = 'String' in node ? (node.String.sval ?? '') : '';
    if (!found.columns.some((column) => !column.isDropped && column.name === name))
      throw new SqlError(sqlstate.undefinedColumn, `column "${name}" of relation "${found.name}" does not exist`);
  }
  return found.kind === 'table' ? [found] : [];
}

/** ANALYZE and VACUUM: the owner, and the owner of the database. */
export function mayMaintain({ block }: StatementHost, relation: RelationDescriptor): boolean {
  const { catalog, user } = block;
  const roleOid = roleOidOf(catalog, user);
  return [relation, databaseObject].some((object) => ownsObject(catalog.roleGraph, roleOid, object));
}

export function relationNamed(session: StatementHost, { schemaname, relname = '' }: RangeVar) {
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
