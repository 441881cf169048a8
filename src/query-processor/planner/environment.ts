/**
 * What the planner asks of its surroundings. A plan depends on these and on the bound query alone, so that it can be kept for as
 * long as the catalog's version, the settings and (for its quality only) the statistics stay the same.
 */
import type { Expression } from '#sql/expression.ts';
import type { OutputColumn } from '../analyzer/logical-plan.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { ColumnStatistics as StoredColumn } from '../catalog/statistics-rows.ts';

export type PlannerEnvironment = {
  readonly catalog: Catalog;
  readonly settings: PlannerSettings;
  /** What is known about a table's rows; undefined where nothing is. */
  readonly statistics: (tableOid: number) => TableStatistics | undefined;
  /**
   * Binds the text of an index key or predicate over `columns`, one for each of the table's attributes in order (dropped ones included).
   * The analyzer's `analyzeTableExpression` behind it.
   */
  readonly bindTableExpression: (table: TableDescriptor, text: string, columns: readonly OutputColumn[]) => Expression;
};

/** PostgreSQL's enable_* switches: false makes a way expensive, it does not forbid it where there is no other. */
export type PlannerSettings = {
  readonly enableHashJoin: boolean;
  readonly enableNestedLoop: boolean;
  readonly enableIndexScan: boolean;
  readonly enableSeqScan: boolean;
  readonly enableSort: boolean;
  readonly enableIncrementalSort: boolean;
  readonly enableHashAggregate: boolean;
};

export const defaultPlannerSettings: PlannerSettings = {
  enableHashJoin: true,
  enableNestedLoop: true,
  enableIndexScan: true,
  enableSeqScan: true,
  enableSort: true,
  enableIncrementalSort: true,
  enableHashAggregate: true,
};

export type TableStatistics = {
  readonly rows: number;
  /** By attribute number: distinct values (absolute), fraction of NULLs, average bytes. Absent where not gathered. */
  readonly columns: ReadonlyMap<number, ColumnStatistics>;
};
/** As ANALYZE keeps it, but that `distinct` is a number of values. */
export type ColumnStatistics = Omit<StoredColumn, 'correlation'>;

/** Of a table never analysed. Small enough that an index wins for a point look-up, large enough that it loses for a full read. */
export const defaultTableRows = 1000;
