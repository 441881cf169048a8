/**
 * Physical plan: how a statement will run. Built by the planner, read by the executor and by EXPLAIN, changed by nobody; plain data.
 *
 * Each node says which columns its batches hold, in order (`output`). Expressions name columns by ColumnId; the executor resolves them
 * against the input's output. Costs and row counts are estimates.
 *
 *   P1  The top's output is exactly the query's. Elsewhere an output may hold more than what the node above reads.
 *       Scans and joins may leave out columns of theirs, and order them as they like.
 *   P2  No expression names a column that its input has not: columns of outer queries are outerValues, set by the node whose `bindings` name them.
 *   P3  Joins keep the order of their outer rows, and await, apply, filter, project, window, limit, distinct and lockRows that of their input.
 */
import type { AggregateCall, ColumnId, Expression, SortKey, SubqueryCall, WindowCall } from '#sql/expression.ts';
import type { NamedExpression, OnConflict, OutputColumn, RowLock, TableCheck, WindowSpecification } from '../analyzer/logical-plan.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';

export type Estimate = { readonly startupCost: number; readonly totalCost: number; readonly rows: number; readonly width: number };

type Node = { readonly output: readonly OutputColumn[]; readonly estimate: Estimate };

export type PhysicalPlan =
  | (Node & { readonly kind: 'oneRow' })
  | (Node & { readonly kind: 'values'; readonly rows: readonly (readonly Expression[])[] })
  | TableScan
  | IndexScan
  | (Node & {
      readonly kind: 'systemScan';
      readonly table: TableDescriptor;
      readonly alias: string;
      readonly filter: Expression | undefined;
    })
  | (Node & {
      readonly kind: 'functionScan';
      readonly alias: string;
      readonly functions: readonly { readonly call: Expression; readonly columns: readonly OutputColumn[] }[];
      readonly ordinality: OutputColumn | undefined;
    })
  | (Node & { readonly kind: 'project'; readonly input: PhysicalPlan; readonly targets: readonly NamedExpression[] })
  | (Node & { readonly kind: 'projectSet'; readonly input: PhysicalPlan; readonly targets: readonly NamedExpression[] })
  | (Node & { readonly kind: 'filter'; readonly input: PhysicalPlan; readonly condition: Expression })
  /** For each row of outer: sets the outerValues named by `bindings` from it, runs inner, joins. Serves lateral joins and any join without an equality. */
  | (Node & {
      readonly kind: 'nestedLoop';
      readonly join: 'inner' | 'left' | 'semi' | 'anti';
      readonly outer: PhysicalPlan;
      readonly inner: PhysicalPlan;
      readonly condition: Expression | undefined;
      /** Columns of outer that inner reads as outerValue. Empty: inner is run once and kept. */
      readonly bindings: readonly ColumnId[];
    })
  /** Builds a table from `inner` by its keys, then streams `outer` through it. Output: outer's columns then inner's (semi/anti: outer's alone). */
  | (Node & {
      readonly kind: 'hashJoin';
      readonly join: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';
      readonly outer: PhysicalPlan;
      readonly inner: PhysicalPlan;
      readonly outerKeys: readonly Expression[];
      readonly innerKeys: readonly Expression[];
      /** Further conditions over a joined row. */
      readonly condition: Expression | undefined;
      /** IN with NOT: a NULL on the inner side makes every answer unknown. Only with anti. */
      readonly nullAware: boolean;
    })
  /** Looks up, for each batch of outer rows, the matching rows of a table by (a prefix of) an index or primary key. */
  | (Node & {
      readonly kind: 'lookupJoin';
      readonly join: 'inner' | 'left' | 'semi' | 'anti';
      readonly outer: PhysicalPlan;
      readonly table: TableDescriptor;
      readonly alias: string;
      /** undefined: the primary key. */
      readonly indexOid: number | undefined;
      /** One per leading key column, over outer's columns (or none: constants), of the key column's type. */
      readonly keys: readonly Expression[];
      readonly innerColumns: readonly OutputColumn[];
      readonly keyColumn: ColumnId | undefined;
      readonly condition: Expression | undefined;
    })
  /** Full and right joins without an equality. */
  | (Node & {
      readonly kind: 'crossMatch';
      readonly join: 'right' | 'full';
      readonly outer: PhysicalPlan;
      readonly inner: PhysicalPlan;
      readonly condition: Expression | undefined;
    })
  /**
   * Runs a subquery for each row of input (once, when it has no bindings and is no volatile call) and adds one column with its answer. See
   * SubqueryExpression.
   */
  | (Node & {
      readonly kind: 'apply';
      readonly input: PhysicalPlan;
      readonly subplan: PhysicalPlan;
      readonly form: 'scalar' | 'exists' | 'array' | 'any' | 'all';
      readonly comparison: Expression | undefined;
      readonly bindings: readonly ColumnId[];
      /** The subquery's result columns. */
      readonly subOutput: readonly ColumnId[];
      readonly call?: SubqueryCall | undefined;
      readonly result: OutputColumn;
    })
  | (Node & {
      readonly kind: 'aggregate';
      readonly strategy: 'plain' | 'hashed' | 'sorted' | 'mixed';
      readonly input: PhysicalPlan;
      readonly groupBy: readonly NamedExpression[];
      readonly groupingSets: readonly (readonly number[])[] | undefined;
      readonly aggregates: readonly { readonly id: ColumnId; readonly call: AggregateCall }[];
      readonly groupings: readonly { readonly id: ColumnId; readonly args: readonly number[] }[];
    })
  | (Node & {
      readonly kind: 'window';
      readonly input: PhysicalPlan;
      readonly specification: WindowSpecification;
      readonly calls: readonly { readonly id: ColumnId; readonly call: WindowCall }[];
    })
  /** limit: keeps the first rows only (top-N). presorted: leading keys that the input is sorted by already (incremental sort). */
  | (Node & {
      readonly kind: 'sort';
      readonly input: PhysicalPlan;
      readonly keys: readonly SortKey[];
      readonly presorted: number;
      readonly limit: number | undefined;
    })
  | (Node & {
      readonly kind: 'limit';
      readonly input: PhysicalPlan;
      readonly count: Expression | undefined;
      readonly offset: Expression | undefined;
      readonly withTies: readonly SortKey[] | undefined;
    })
  /** Keeps the first row of each group (in input order). */
  | (Node & {
      readonly kind: 'distinct';
      readonly input: PhysicalPlan;
      readonly on: readonly Expression[] | undefined;
      readonly isSorted: boolean;
    })
  | (Node & {
      readonly kind: 'setOperation';
      readonly operation: 'union' | 'intersect' | 'except';
      readonly all: boolean;
      readonly left: PhysicalPlan;
      readonly right: PhysicalPlan;
      readonly leftColumns: readonly ColumnId[];
      readonly rightColumns: readonly ColumnId[];
    })
  /** Runs `definition` on first use and keeps its rows for every cteScan of `cte`; when it modifies, runs it to its end in any case. */
  | (Node & {
      readonly kind: 'with';
      readonly cte: number;
      readonly name: string;
      readonly definition: PhysicalPlan;
      readonly definitionColumns: readonly ColumnId[];
      readonly modifies: boolean;
      readonly recursive: { readonly plan: PhysicalPlan; readonly planColumns: readonly ColumnId[]; readonly all: boolean } | undefined;
      readonly input: PhysicalPlan;
    })
  | (Node & { readonly kind: 'cteScan'; readonly cte: number; readonly alias: string; readonly name: string })
  | (Node & { readonly kind: 'lockRows'; readonly input: PhysicalPlan; readonly locks: readonly RowLock[] })
  | (Node & {
      readonly kind: 'insert';
      readonly table: TableDescriptor;
      readonly input: PhysicalPlan;
      readonly values: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
      readonly newColumns: readonly OutputColumn[];
      readonly generated: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
      readonly checks: readonly TableCheck[];
      readonly indexes: readonly IndexMaintenance[];
      readonly onConflict: OnConflict | undefined;
      readonly conflictQueries: ConflictQueries | undefined;
      readonly returning: readonly NamedExpression[] | undefined;
    })
  | (Node & {
      readonly kind: 'update';
      readonly table: TableDescriptor;
      readonly input: PhysicalPlan;
      readonly keyColumn: ColumnId;
      readonly oldColumns: readonly OutputColumn[];
      readonly assignments: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
      readonly newColumns: readonly OutputColumn[];
      readonly generated: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
      readonly checks: readonly TableCheck[];
      readonly refusesRepeated?: boolean;
      readonly indexes: readonly IndexMaintenance[];
      readonly returning: readonly NamedExpression[] | undefined;
    })
  | (Node & {
      readonly kind: 'delete';
      readonly table: TableDescriptor;
      readonly input: PhysicalPlan;
      readonly keyColumn: ColumnId;
      readonly oldColumns: readonly OutputColumn[];
      readonly refusesRepeated?: boolean;
      readonly indexes: readonly IndexMaintenance[];
      readonly returning: readonly NamedExpression[] | undefined;
    })
  /** Adds columns whose functions must wait (nextval, pg_sleep, ...): waits for a whole batch before the synchronous loop goes on. */
  | (Node & { readonly kind: 'await'; readonly input: PhysicalPlan; readonly targets: readonly NamedExpression[] });

/**
 * What DO UPDATE needs beyond expressions: `plan` reads pairs of existing and proposed rows as the common table `cte`, with their number
 * in the column `rowNumber`, and gives those that are to be updated, with the columns that the assignments name.
 */
export type ConflictQueries = { readonly cte: number; readonly plan: PhysicalPlan; readonly rowNumber: ColumnId };

/** Index expressions and predicate, bound over ids that stand for the table's columns (`columns` of the same length as the table's). */
export type IndexMaintenance = {
  readonly indexOid: number;
  readonly columns: readonly OutputColumn[];
  readonly keys: readonly Expression[];
  readonly predicate: Expression | undefined;
};

/** Reads rows by primary key (or hidden row id): all of them, key ranges, or single keys. keyColumn, where there is one, is the last of `output`. */
export type TableScan = Node & {
  readonly kind: 'tableScan';
  readonly table: TableDescriptor;
  readonly alias: string;
  readonly keyColumn: ColumnId | undefined;
  readonly access: KeyAccess;
  readonly descending: boolean;
  /** Evaluated by storage. */
  readonly filter: Expression | undefined;
  readonly limit: number | undefined;
};

/** Reads index entries, and the rows they point to unless the entries hold all that is needed (index-only). */
export type IndexScan = Node & {
  readonly kind: 'indexScan';
  readonly table: TableDescriptor;
  readonly alias: string;
  readonly indexOid: number;
  readonly keyColumn: ColumnId | undefined;
  readonly access: KeyAccess;
  readonly descending: boolean;
  readonly isIndexOnly: boolean;
  readonly filter: Expression | undefined;
  readonly limit: number | undefined;
};

/** The value of a leading key column; 'null': it has none. */
export type KeyEquality = Expression | 'null';

/**
 * What part of a key space to read. Expressions hold no columns of the scanned table: constants, parameters, outer values.
 * A null value in an equality or bound means no rows; 'null' is IS NULL. Values have the key column's type, but that integers of another width come as they
 * are: one beyond the column's range equals nothing. Bounds are in the order of values, whatever the key's direction, and leave NULLs out.
 * `conditions` is what EXPLAIN prints as Index Cond.
 */
export type KeyAccess =
  | {
      /** Each alternative: equalities on leading key columns, then a range on the next. Alternatives are ORed, may overlap, and are read in key order once each. */
      readonly alternatives: readonly {
        readonly equal: readonly KeyEquality[];
        readonly lower: { readonly value: Expression; readonly inclusive: boolean } | undefined;
        readonly upper: { readonly value: Expression; readonly inclusive: boolean } | undefined;
        /** IS NOT NULL of the next key column, as every bound says it too. */
        readonly notNull?: boolean;
      }[];
      /** col = ANY(array): each element an alternative for the column after the equalities. */
      readonly anyOf: Expression | undefined;
      /** The key of one row, instead of all that. */
      readonly rowKey?: Expression;
      readonly conditions: Expression | undefined;
    }
  | undefined;
