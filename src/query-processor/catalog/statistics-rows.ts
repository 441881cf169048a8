/**
 * Statistics rows: what ANALYZE has found about the values of a table's columns, one JSON row a table in the statistics space. Values stand in it as text,
 * in the form that does not depend on settings.
 *
 * Nothing but the quality of plans depends on these rows: they are read as of now, whatever a transaction's snapshot is, and written blindly.
 */
import { InvariantError } from '#base/assert.ts';
import type { Timestamp } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { defaultSettings } from '#sql/settings.ts';
import { statisticsSpace } from '#sql/spaces.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { TableDescriptor } from './descriptors.ts';

export type ColumnStatistics = {
  readonly nullFraction: number;
  readonly averageWidth: number;
  /** PostgreSQL's n_distinct: below 0 a share of the rows; 0: unknown. */
  readonly distinct: number;
  readonly common: readonly { readonly value: Datum; readonly frequency: number }[];
  /** Bounds of parts with equally many of the values that are not common. */
  readonly histogram: readonly Datum[];
  /** Between the order of values and the order of rows; undefined where the type has no order. */
  readonly correlation: number | undefined;
};

/** How often the table has been analyzed, and when last: by ANALYZE, and by itself. */
export type AnalyzeHistory = {
  readonly lastManual: Timestamp | undefined;
  readonly manualCount: number;
  readonly lastAutomatic: Timestamp | undefined;
  readonly automaticCount: number;
};

export const neverAnalyzed: AnalyzeHistory = { lastManual: undefined, manualCount: 0, lastAutomatic: undefined, automaticCount: 0 };

export type StoredStatistics = {
  /**
   * Rows that there were, and what storage estimated then, and will once it has flushed them: by how much its estimate leaves that span the
   * rows have changed, too.
   */
  readonly rows: number;
  readonly leastEstimatedRows: number;
  readonly estimatedRows: number;
  readonly pages: number;
  /** Versions that had been written (Storage.flushedCount) when the rows were read. */
  readonly versions: number;
  readonly history: AnalyzeHistory;
  /** By attribute number. */
  readonly columns: ReadonlyMap<number, ColumnStatistics>;
};

const formatVersion = 1;

export const statisticsKey = (tableOid: number): Key => spacePrefix(statisticsSpace) + spacePrefix(tableOid);

const context: TypeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

type StoredColumn = Omit<ColumnStatistics, 'common' | 'histogram'> & {
  readonly attributeNumber: number;
  readonly typeOid: number;
  readonly common: readonly { readonly value: string; readonly frequency: number }[];
  readonly histogram: readonly string[];
};
/** Rows of older releases have no least estimate and no history. */
type StoredRow = Omit<StoredStatistics, 'columns' | 'leastEstimatedRows' | 'versions' | 'history'> & {
  readonly leastEstimatedRows?: number;
  readonly versions?: number;
  readonly history?: AnalyzeHistory;
  readonly format: number;
  readonly columns: readonly StoredColumn[];
};

export function encodeStatistics(table: TableDescriptor, statistics: StoredStatistics): Uint8Array {
  const columns = [...statistics.columns].map(([attributeNumber, column]): StoredColumn => {
    const typeOid = table.columns[attributeNumber - 1].type.oid;
    const text = (value: Datum): string => (value === null ? '' : typeByOid(typeOid).output(value, context));
    return {
      ...column,
      attributeNumber,
      typeOid,
      common: column.common.map(({ value, frequency }) => ({ value: text(value), frequency })),
      histogram: column.histogram.map(text),
    };
  });
  return Buffer.from(JSON.stringify({ ...statistics, format: formatVersion, columns } satisfies StoredRow), 'utf8');
}

/** Columns that have changed their type since are left out. */
export function decodeStatistics(table: TableDescriptor, row: Uint8Array): StoredStatistics {
  const stored = JSON.parse(Buffer.from(row.buffer, row.byteOffset, row.byteLength).toString('utf8')) as StoredRow;
  if (stored.format !== formatVersion) throw new InvariantError('a statistics row of an unknown format');
  const columns = new Map<number, ColumnStatistics>();
  for (const { attributeNumber, typeOid, ...column } of stored.columns) {
    if (table.columns[attributeNumber - 1]?.type.oid !== typeOid) continue;
    const datum = (text: string): Datum => typeByOid(typeOid).input(text, -1, context);
    columns.set(attributeNumber, {
      ...column,
      correlation: column.correlation ?? undefined,
      common: column.common.map(({ value, frequency }) => ({ value: datum(value), frequency })),
      histogram: column.histogram.map(datum),
    });
  }
  const { rows, estimatedRows, leastEstimatedRows = estimatedRows, pages, versions = rows, history = neverAnalyzed } = stored;
  return { rows, leastEstimatedRows, estimatedRows, pages, versions, history, columns };
}

/** How many versions of rows have been written since the table was analyzed. The count begins anew where it is less than it was (Storage.flushedCount). */
export function versionsSince(statistics: StoredStatistics | undefined, versions: number): number {
  const before = statistics?.versions ?? 0;
  return versions < before ? versions : versions - before;
}

type Known = { readonly row: Buffer; readonly table: TableDescriptor; readonly statistics: StoredStatistics };

/** Decoded rows, for as long as they stay the same. One a node's storage. */
export class StatisticsCache {
  readonly #known = new Map<number, Known>();

  of(table: TableDescriptor, row: Uint8Array | undefined): StoredStatistics | undefined {
    if (row === undefined) {
      this.#known.delete(table.oid);
      return undefined;
    }
    const bytes = Buffer.from(row.buffer, row.byteOffset, row.byteLength);
    const known = this.#known.get(table.oid);
    if (known !== undefined && known.table === table && known.row.equals(bytes)) return known.statistics;
    const statistics = decodeStatistics(table, row);
    this.#known.set(table.oid, { row: Buffer.from(bytes), table, statistics });
    return statistics;
  }
}
