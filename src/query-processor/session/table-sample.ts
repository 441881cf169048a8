/**
 * Table sample: rows of a table, each with the same chance, and what ANALYZE says of the table from them (catalog/statistics-rows.ts). What reads the table,
 * in one go or in many, offers every row.
 */
import type { Datum } from '#sql/datum.ts';
import { toldAfter } from '#storage/row-counts.ts';
import type { Storage } from '#storage/storage.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { AnalyzeHistory, ColumnStatistics, StoredStatistics } from '../catalog/statistics-rows.ts';
import { columnStatistics } from './column-statistics.ts';

/** PostgreSQL samples three hundred rows for each bound of the histogram. */
const rowsOfTarget = 300;
const pageBytes = 8192;

export class TableSample {
  readonly #target: number;
  readonly #random: { float(): number };
  readonly #rows: { readonly at: number; readonly values: readonly Datum[] }[] = [];
  #seen = 0;

  /** `target`: default_statistics_target. */
  constructor(target: number, random: { float(): number }) {
    this.#target = target;
    this.#random = random;
  }

  /** The next row; `values` are asked for if it is taken: those of the columns that are not dropped, in their order. */
  offer(values: () => readonly Datum[]): void {
    const size = this.#target * rowsOfTarget;
    const at = this.#seen++;
    const place = at < size ? at : Math.floor(this.#random.float() * this.#seen);
    if (place < size) this.#rows[place] = { at, values: values() };
  }

  /** When all rows have been offered. */
  statistics(table: TableDescriptor, storage: Storage, history: AnalyzeHistory): StoredStatistics {
    const rows = this.#rows.sort((a, b) => a.at - b.at).map(({ values }) => values);
    const total = this.#seen;
    const columns = new Map<number, ColumnStatistics>();
    if (total > 0)
      table.columns
        .filter((column) => !column.isDropped)
        .forEach((column, at) => {
          const values = rows.map((row) => row[at]);
          columns.set(column.attributeNumber, columnStatistics(values, column.type, total, this.#target));
        });
    const told = storage.rowCount(table.space);
    const toldLater = toldAfter(told, total);
    return {
      rows: total,
      leastEstimatedRows: Math.min(told, toldLater),
      estimatedRows: Math.max(told, toldLater),
      pages: Math.ceil((total * bytesPerRow(rows)) / pageBytes),
      // Rows that are not flushed yet will be counted.
      versions: Math.max(storage.flushedCount(table.space).versions, total),
      history,
      columns,
    };
  }
}

function bytesPerRow(rows: readonly (readonly Datum[])[]): number {
  if (rows.length === 0) return 0;
  let bytes = 0;
  for (const row of rows) for (const value of row) bytes += typeof value === 'string' ? value.length + 1 : value === null ? 0 : 8;
  return 24 + bytes / rows.length;
}
