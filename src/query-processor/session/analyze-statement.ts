/**
 * ANALYZE: reads the tables it names, or all, and writes what it finds about their columns (catalog/statistics-rows.ts) with the transaction. Plans made
 * from then on are chosen by it.
 */
import type { RangeVar, VacuumRelation, VacuumStmt } from '@pgsql/types';
import { SqlError, sqlstate, warning } from '#base/sql-error.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { firstTemporaryOid } from '#sql/spaces.ts';
import { toldAfter } from '#storage/row-counts.ts';
import type { Wait } from '#storage/storage.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { searchSchemas } from '../catalog/name-lookup.ts';
import { roleOidOf } from '../catalog/privileges/role-graph.ts';
import { databaseObject, ownsObject } from '../catalog/privileges/secured-object.ts';
import { type ColumnStatistics, encodeStatistics, statisticsKey } from '../catalog/statistics-rows.ts';
import { storedTables } from '../catalog/system-catalog/row-maker.ts';
import { layoutOf } from '../catalog/table-layout.ts';
import type { Run } from '../executor/operator.ts';
import { columnStatistics } from './column-statistics.ts';
import { PlanExecution } from './run-plan.ts';
import type { StatementHost } from './statement-host.ts';
import type { StatementRun } from './statement-run.ts';

/** PostgreSQL samples three hundred rows for each bound of the histogram. */
const rowsOfTarget = 300;
const pageBytes = 8192;

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
  const sample = new Sample(target * rowsOfTarget, run.context.random);
  await new PlanExecution(allRows(table, run), run, session.host.readPoint).fetch(0, (batch) => {
    sample.add(batch);
    return undefined;
  });
  const { rows, total, bytesPerRow } = sample.finish();
  const columns = new Map<number, ColumnStatistics>();
  if (total > 0)
    table.columns
      .filter((column) => !column.isDropped)
      .forEach((column, at) => {
        const values = rows.map((row) => row[at]);
        columns.set(column.attributeNumber, columnStatistics(values, column.type, total, target));
      });
  const told = session.host.storage.rowCount(table.space);
  const toldLater = toldAfter(told, total);
  const statistics = {
    rows: total,
    leastEstimatedRows: Math.min(told, toldLater),
    estimatedRows: Math.max(told, toldLater),
    pages: Math.ceil((total * bytesPerRow) / pageBytes),
    columns,
  };
  session.block.transaction.write(statisticsKey(table.oid), encodeStatistics(table, statistics), 'blind');
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

/** As many rows as wanted, each with the same chance, in the order in which they came. */
class Sample {
  readonly #size: number;
  readonly #random: { float(): number };
  readonly #rows: { readonly at: number; readonly values: readonly Datum[] }[] = [];
  #seen = 0;

  constructor(size: number, random: { float(): number }) {
    this.#size = size;
    this.#random = random;
  }

  add(batch: Batch): void {
    for (let row = 0; row < batch.rowCount; row++) {
      const at = this.#seen++;
      const place = at < this.#size ? at : Math.floor(this.#random.float() * this.#seen);
      if (place < this.#size) this.#rows[place] = { at, values: batch.columns.map((vector) => datumAt(vector, row)) };
    }
  }

  finish(): { readonly rows: readonly (readonly Datum[])[]; readonly total: number; readonly bytesPerRow: number } {
    const rows = this.#rows.sort((a, b) => a.at - b.at).map(({ values }) => values);
    let bytes = 0;
    for (const row of rows) for (const value of row) bytes += typeof value === 'string' ? value.length + 1 : value === null ? 0 : 8;
    return { rows, total: this.#seen, bytesPerRow: rows.length === 0 ? 0 : 24 + bytes / rows.length };
  }
}

function tablesNamed(session: StatementHost, { relation = {}, va_cols }: VacuumRelation): readonly TableDescriptor[] {
  const found = relationNamed(session, relation);
  if (found.kind === 'view' || found.kind === 'sequence') {
    session.notice(
      warning(sqlstate.successfulCompletion, `skipping "${found.name}" --- cannot analyze non-tables or special system tables`),
    );
    return [];
  }
  const { catalog, user } = session.block;
  const roleOid = roleOidOf(catalog, user);
  // The owner of the database may, too.
  if (![found, databaseObject].some((object) => ownsObject(catalog.roleGraph, roleOid, object))) {
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
