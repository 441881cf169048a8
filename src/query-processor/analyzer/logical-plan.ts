/**
 * Logical plan: what a statement asks for, in relational algebra over bound expressions. Made by the analyzer, rewritten by
 * the planner's rules, plain immutable data.
 *
 * Every column of every operator has a ColumnId that is unique within the statement; an operator's output columns are those that
 * `outputOf` lists. Expressions name columns by id, whatever operator they come from, so that moving an expression needs no renumbering.
 * A correlated subquery or lateral item simply names ids of the outer query.
 */

import type { Datum } from '#sql/datum.ts';
import type { AggregateCall, ColumnId, Expression, SortKey, WindowCall } from '#sql/expression.ts';
import type { TypeRef } from '#sql/type.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import type { CurrentOf } from './current-of.ts';
import type { FunctionAccess } from './environment.ts';
import type { RelationAccess } from './relation-access.ts';

export type OutputColumn = {
  readonly id: ColumnId;
  readonly name: string;
  readonly type: TypeRef;
  /** Where the column comes from, for RowDescription; 0 when computed. */
  readonly tableOid: number;
  readonly attributeNumber: number;
};

export type NamedExpression = { readonly id: ColumnId; readonly name: string; readonly expression: Expression };

export type LogicalPlan =
  /** One row without columns: SELECT without FROM. */
  | { readonly kind: 'oneRow' }
  | Scan
  | { readonly kind: 'values'; readonly columns: readonly OutputColumn[]; readonly rows: readonly (readonly Expression[])[] }
  /** Computes exactly the targets (a plain column reference passes a column on under its own id when id is the same). */
  | { readonly kind: 'project'; readonly input: LogicalPlan; readonly targets: readonly NamedExpression[] }
  /** Like project, but some targets return sets, which advance in step (PostgreSQL's ProjectSet). */
  | { readonly kind: 'projectSet'; readonly input: LogicalPlan; readonly targets: readonly NamedExpression[] }
  | { readonly kind: 'filter'; readonly input: LogicalPlan; readonly condition: Expression }
  /** `lateral`: right may name columns of left. semi and anti output the columns of left alone. */
  | {
      readonly kind: 'join';
      readonly join: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';
      readonly left: LogicalPlan;
      readonly right: LogicalPlan;
      readonly condition: Expression | undefined;
      readonly lateral: boolean;
    }
  | Aggregate
  | {
      readonly kind: 'window';
      readonly input: LogicalPlan;
      readonly specifications: readonly WindowSpecification[];
      readonly calls: readonly { readonly id: ColumnId; readonly call: WindowCall }[];
    }
  | { readonly kind: 'sort'; readonly input: LogicalPlan; readonly keys: readonly SortKey[] }
  | {
      readonly kind: 'limit';
      readonly input: LogicalPlan;
      readonly count: Expression | undefined;
      readonly offset: Expression | undefined;
      /** Sort keys whose ties with the last row come too. */
      readonly withTies: readonly SortKey[] | undefined;
    }
  /** on undefined: all columns. With `on`, the first row of each group in input order. */
  | { readonly kind: 'distinct'; readonly input: LogicalPlan; readonly on: readonly Expression[] | undefined }
  /** Output columns have ids of their own; leftColumns[i] and rightColumns[i] (already cast alike) feed columns[i]. */
  | {
      readonly kind: 'setOperation';
      readonly operation: 'union' | 'intersect' | 'except';
      readonly all: boolean;
      readonly left: LogicalPlan;
      readonly right: LogicalPlan;
      readonly columns: readonly OutputColumn[];
      readonly leftColumns: readonly ColumnId[];
      readonly rightColumns: readonly ColumnId[];
    }
  /** Makes `cte` known to `input`. `materialized` undefined: the planner chooses. */
  | { readonly kind: 'with'; readonly cte: CommonTable; readonly input: LogicalPlan }
  /** columns[i] is column i of the common table, under an id of this reference. */
  | { readonly kind: 'cteScan'; readonly cte: number; readonly alias: string; readonly columns: readonly OutputColumn[] }
  /** Set-returning functions in FROM (ROWS FROM zips several; shorter ones are padded with NULL). */
  | {
      readonly kind: 'functionScan';
      readonly alias: string;
      readonly functions: readonly { readonly call: Expression; readonly columns: readonly OutputColumn[] }[];
      readonly ordinality: OutputColumn | undefined;
    }
  | { readonly kind: 'lockRows'; readonly input: LogicalPlan; readonly locks: readonly RowLock[] }
  | Insert
  | Update
  | Delete;

export type Scan = {
  readonly kind: 'scan';
  /** A stored table, or a system catalog or view made by code (`table.kind` says). */
  readonly table: TableDescriptor;
  readonly alias: string;
  /** attributeNumber of each; keyColumn is the pseudo-column that holds the row's key (for changes and locks). */
  readonly columns: readonly OutputColumn[];
  readonly keyColumn: ColumnId | undefined;
  /** The one row of this key alone. */
  readonly rowKey?: Expression;
};

export type CommonTable = {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly OutputColumn[];
  /** For recursive ones the non-recursive term. */
  readonly plan: LogicalPlan;
  /** plan's columns in the order of `columns`. */
  readonly planColumns: readonly ColumnId[];
  /** The recursive term; it reads the working table through a cteScan of this id. */
  readonly recursive: { readonly plan: LogicalPlan; readonly planColumns: readonly ColumnId[]; readonly all: boolean } | undefined;
  readonly materialized: boolean | undefined;
  readonly referenceCount: number;
  /** INSERT, UPDATE or DELETE inside: always run once, to its end. */
  readonly modifies: boolean;
};

export type Aggregate = {
  readonly kind: 'aggregate';
  readonly input: LogicalPlan;
  readonly groupBy: readonly NamedExpression[];
  /** Indexes into groupBy; undefined: one set of all. [] among them: the empty grouping set. */
  readonly groupingSets: readonly (readonly number[])[] | undefined;
  readonly aggregates: readonly { readonly id: ColumnId; readonly call: AggregateCall }[];
  /** GROUPING(...) values: bit mask over indexes into groupBy. */
  readonly groupings: readonly { readonly id: ColumnId; readonly args: readonly number[] }[];
};

export type WindowSpecification = {
  readonly name: string | undefined;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly SortKey[];
  readonly frame: WindowFrame;
};

export type WindowFrame = {
  readonly mode: 'range' | 'rows' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclusion: 'none' | 'currentRow' | 'group' | 'ties';
};
export type FrameBound =
  | { readonly kind: 'unboundedPreceding' | 'currentRow' | 'unboundedFollowing' }
  /** For range mode `inRange` is the pg_proc oid of the in_range function. */
  | { readonly kind: 'preceding' | 'following'; readonly offset: Expression; readonly inRange: number | undefined };

export type RowLock = {
  readonly table: TableDescriptor;
  readonly keyColumn: ColumnId;
  readonly strength: 'update' | 'noKeyUpdate' | 'share' | 'keyShare';
};

export type Insert = {
  readonly kind: 'insert';
  readonly table: TableDescriptor;
  /** Rows to insert. `values` gives, for each live column of the table in attribute order, an expression over the input's columns (defaults filled in, cast, typmod applied). */
  readonly input: LogicalPlan;
  readonly values: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
  readonly checks: readonly TableCheck[];
  /** Ids under which checks, generated columns, conflict actions and returning name the new row's columns. */
  readonly newColumns: readonly OutputColumn[];
  readonly generated: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
  readonly onConflict: OnConflict | undefined;
  readonly returning: readonly NamedExpression[] | undefined;
};

export type TableCheck = {
  readonly name: string;
  readonly condition: Expression;
  /** The condition of a view WITH CHECK OPTION, whose name it has. */
  readonly isOfView?: boolean;
};

export type OnConflict = {
  /** Index oids that arbitrate; empty: any unique index (DO NOTHING without target). */
  readonly arbiters: readonly number[];
  readonly action:
    | { readonly kind: 'nothing' }
    | {
        readonly kind: 'update';
        /** Ids of the existing row's columns (the target's name); `excluded` are the columns of the row proposed for insertion. */
        readonly existing: readonly OutputColumn[];
        readonly excluded: readonly OutputColumn[];
        readonly assignments: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
        readonly where: Expression | undefined;
      };
};

/** `input` yields the target's key, all its live columns and whatever else the expressions need (FROM items joined). */
export type Update = {
  readonly kind: 'update';
  readonly table: TableDescriptor;
  readonly input: LogicalPlan;
  readonly keyColumn: ColumnId;
  readonly oldColumns: readonly OutputColumn[];
  readonly assignments: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
  readonly newColumns: readonly OutputColumn[];
  readonly generated: readonly { readonly attributeNumber: number; readonly expression: Expression }[];
  readonly checks: readonly TableCheck[];
  readonly returning: readonly NamedExpression[] | undefined;
  /** MERGE: a row that comes twice is an error (21000). */
  readonly refusesRepeated?: boolean;
};

export type Delete = {
  readonly kind: 'delete';
  readonly table: TableDescriptor;
  readonly input: LogicalPlan;
  readonly keyColumn: ColumnId;
  readonly oldColumns: readonly OutputColumn[];
  readonly returning: readonly NamedExpression[] | undefined;
  readonly refusesRepeated?: boolean;
};

/** A query or data change, bound: what the planner plans. */
export type BoundQuery = {
  readonly plan: LogicalPlan;
  /** The visible result in order; ids are output columns of plan. Empty for changes without RETURNING. */
  readonly output: readonly OutputColumn[];
  readonly command: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE' | 'VALUES';
  /** Types of $1.. as stated or inferred. */
  readonly parameterTypes: readonly TypeRef[];
  /** Relations whose descriptors the plan depends on: their schema keys go into the commit request. */
  readonly relations: readonly number[];
  /** What is done with each relation: checked for the role that runs it, when it is run. */
  readonly accesses: readonly RelationAccess[];
  /** The users' functions that it calls: checked likewise. */
  readonly calls: readonly FunctionAccess[];
  readonly isReadOnly: boolean;
  /** WHERE CURRENT OF: the cursor whose row is the parameter behind all others. */
  readonly currentOf?: CurrentOf | undefined;
  /** One past the highest ColumnId in use: the planner goes on from there. */
  readonly nextColumnId: ColumnId;
};

export type { Datum };
