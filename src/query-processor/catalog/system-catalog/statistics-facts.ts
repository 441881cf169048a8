/** pg_stats, the sizes in pg_class and pg_stat_*_tables: what ANALYZE has found, and how much has changed since, as PostgreSQL shows it. */
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { Run } from '../../executor/operator.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { decodeStatistics, neverAnalyzed, type StoredStatistics, statisticsKey, versionsSince } from '../statistics-rows.ts';
import { arrayOf, postgresTime, type SystemRow, storedTables } from './row-maker.ts';
import { mayReadColumn } from './shown-relations.ts';

function storedStatistics(run: Run, table: TableDescriptor): StoredStatistics | undefined {
  const key = statisticsKey(table.oid);
  const own = run.transaction.overlay?.get(key);
  const row = own === undefined ? run.storage.get(run.transaction.snapshot, [key], run.observed)[0] : own.value;
  return row === undefined ? undefined : decodeStatistics(table, row);
}

/** Of pg_class; nothing for a table that was never analyzed. */
export function sizesOf(run: Run, table: TableDescriptor): SystemRow {
  const statistics = storedStatistics(run, table);
  return statistics === undefined ? {} : { reltuples: statistics.rows, relpages: statistics.pages };
}

export function* pgStats(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog)) {
    const statistics = storedStatistics(run, table);
    for (const column of table.columns) {
      const known = statistics?.columns.get(column.attributeNumber);
      if (known === undefined || column.isDropped || !mayReadColumn(run, table, column.attributeNumber)) continue;
      const values = (items: readonly Datum[]): Datum => (items.length === 0 ? null : new ArrayValue(column.type.oid, items));
      const frequencies = known.common.map(({ frequency }) => Math.fround(frequency));
      yield {
        schemaname: table.schemaName,
        tablename: table.name,
        attname: column.name,
        inherited: false,
        null_frac: Math.fround(known.nullFraction),
        avg_width: known.averageWidth,
        n_distinct: Math.fround(known.distinct),
        most_common_vals: values(known.common.map(({ value }) => value)),
        most_common_freqs: frequencies.length === 0 ? null : arrayOf(oid.float4, frequencies),
        histogram_bounds: values(known.histogram),
        correlation: known.correlation === undefined ? null : Math.fround(known.correlation),
      };
    }
  }
}

/**
 * pg_stat_user_tables, and the same of all tables: there are none but users' that are stored. Scans and changes by kind are not counted here: NULL.
 * The numbers are those of this Region's replica, and those of rows as far as it has flushed them.
 */
export function* pgStatTables(run: Run): Iterable<SystemRow> {
  for (const table of storedTables(run.catalog)) {
    const { rows, versions } = run.storage.flushedCount(table.space);
    const statistics = storedStatistics(run, table);
    const { lastManual, manualCount, lastAutomatic, automaticCount } = statistics?.history ?? neverAnalyzed;
    yield {
      relid: table.oid,
      schemaname: table.schemaName,
      relname: table.name,
      n_live_tup: rows,
      n_dead_tup: 0,
      n_mod_since_analyze: versionsSince(statistics, versions),
      last_analyze: lastManual === undefined ? null : postgresTime(lastManual),
      last_autoanalyze: lastAutomatic === undefined ? null : postgresTime(lastAutomatic),
      vacuum_count: 0,
      autovacuum_count: 0,
      analyze_count: manualCount,
      autoanalyze_count: automaticCount,
    };
  }
}
