/**
 * Expression: a bound scalar expression. Names are resolved, types known, casts explicit. Plain data: it goes into plans, into
 * EXPLAIN, and to storage, which may be on another machine; functions are named by oid (`functions/registry.ts`).
 *
 * The analyzer makes it, the planner rewrites it, `evaluate/compile.ts` turns it into loops over vectors.
 * Columns are named by ColumnId, unique within a statement; the compiler is told where each lies in the batch.
 */
import type { Datum } from './datum.ts';
import type { TypeRef } from './type.ts';

/** Unique within a statement's plan. */
export type ColumnId = number;

export type Expression =
  | { readonly kind: 'constant'; readonly value: Datum; readonly type: TypeRef }
  /** $index of the statement, 1-based. */
  | { readonly kind: 'parameter'; readonly index: number; readonly type: TypeRef }
  /** A column of the operator's input, or, inside a correlated subquery, of an outer query until the planner makes it an outerValue. */
  | { readonly kind: 'column'; readonly id: ColumnId; readonly type: TypeRef; readonly name: string }
  /** A value that an enclosing operator (apply, lateral join) sets in the evaluation context before it runs the inner plan. */
  | { readonly kind: 'outerValue'; readonly id: ColumnId; readonly type: TypeRef; readonly name: string }
  | FunctionCall
  | { readonly kind: 'and' | 'or'; readonly args: readonly Expression[]; readonly type: TypeRef }
  | { readonly kind: 'not'; readonly arg: Expression; readonly type: TypeRef }
  /** IS [NOT] NULL. For records: every field null / every field not null. */
  | { readonly kind: 'isNull'; readonly arg: Expression; readonly negated: boolean; readonly type: TypeRef }
  /** IS [NOT] TRUE | FALSE | UNKNOWN. */
  | {
      readonly kind: 'booleanTest';
      readonly arg: Expression;
      readonly test: 'true' | 'false' | 'unknown';
      readonly negated: boolean;
      readonly type: TypeRef;
    }
  /** IS [NOT] DISTINCT FROM, through the equality operator's function. */
  | {
      readonly kind: 'distinct';
      readonly equals: number;
      readonly left: Expression;
      readonly right: Expression;
      readonly negated: boolean;
      readonly type: TypeRef;
    }
  | { readonly kind: 'nullif'; readonly equals: number; readonly left: Expression; readonly right: Expression; readonly type: TypeRef }
  | { readonly kind: 'coalesce'; readonly args: readonly Expression[]; readonly type: TypeRef }
  | { readonly kind: 'minmax'; readonly which: 'greatest' | 'least'; readonly args: readonly Expression[]; readonly type: TypeRef }
  /** Searched CASE; the simple form is bound to `operand = value` conditions over a `caseOperand`. */
  | {
      readonly kind: 'case';
      readonly operand: Expression | undefined;
      readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | undefined;
      readonly type: TypeRef;
    }
  /** The operand of the nearest enclosing simple CASE, evaluated once; for its conditions and results. */
  | { readonly kind: 'caseOperand'; readonly type: TypeRef }
  /** scalar op ANY/ALL (array), through the operator's function (boolean result). */
  | {
      readonly kind: 'arrayComparison';
      readonly quantifier: 'any' | 'all';
      readonly operator: number;
      readonly function: number;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: TypeRef;
    }
  /** ARRAY[...]; `nested` when the items are arrays themselves. */
  | { readonly kind: 'array'; readonly items: readonly Expression[]; readonly nested: boolean; readonly type: TypeRef }
  | { readonly kind: 'row'; readonly fields: readonly Expression[]; readonly names: readonly string[]; readonly type: TypeRef }
  /** (a, b) < (c, d): lexicographic, by the type's order of each pair. = and <> are bound to and/or of equalities instead. */
  | {
      readonly kind: 'rowComparison';
      readonly operator: '<' | '<=' | '>' | '>=';
      readonly left: readonly Expression[];
      readonly right: readonly Expression[];
      readonly type: TypeRef;
    }
  /** JSON_OBJECT (keys and values in turn) and JSON_ARRAY; of type json or jsonb. */
  | {
      readonly kind: 'jsonConstructor';
      readonly what: 'object' | 'array';
      readonly args: readonly Expression[];
      readonly absentOnNull: boolean;
      readonly uniqueKeys: boolean;
      readonly type: TypeRef;
    }
  /** IS JSON over text, json or jsonb. */
  | {
      readonly kind: 'isJson';
      readonly arg: Expression;
      readonly test: 'value' | 'object' | 'array' | 'scalar';
      readonly uniqueKeys: boolean;
      readonly type: TypeRef;
    }
  /** Field of a record by position (0-based). */
  | { readonly kind: 'field'; readonly arg: Expression; readonly index: number; readonly name: string; readonly type: TypeRef }
  /** array[i], array[i:j] (isSlice), jsonb['key']. */
  | {
      readonly kind: 'subscript';
      readonly arg: Expression;
      readonly isSlice: boolean;
      readonly subscripts: readonly Subscript[];
      readonly type: TypeRef;
    }
  /** `arg` with the element, the slice or the path that the subscripts name replaced by `value`: what UPDATE SET a[1] = ... assigns to a. */
  | {
      readonly kind: 'assignSubscript';
      readonly arg: Expression;
      readonly isSlice: boolean;
      readonly subscripts: readonly Subscript[];
      readonly value: Expression;
      readonly type: TypeRef;
    }
  /** Cast through text output and input. */
  | { readonly kind: 'convertByText'; readonly arg: Expression; readonly explicit: boolean; readonly type: TypeRef }
  /** Cast that changes nothing but the type's name (binary-coercible). */
  | { readonly kind: 'relabel'; readonly arg: Expression; readonly type: TypeRef }
  /** Element-wise cast of an array; `element` casts one item named by caseOperand. */
  | { readonly kind: 'arrayConversion'; readonly arg: Expression; readonly element: Expression; readonly type: TypeRef }
  /** varchar(n), numeric(p,s), timestamp(p), ... : fits a value to type.typmod. */
  | { readonly kind: 'applyTypmod'; readonly arg: Expression; readonly explicit: boolean; readonly type: TypeRef }
  /** A value of the base type becomes one of a domain: NOT NULL and the conditions hold, which are over the column `value` alone. */
  | {
      readonly kind: 'domainCheck';
      readonly arg: Expression;
      readonly domain: number;
      readonly name: string;
      readonly notNull: boolean;
      readonly value: ColumnId;
      readonly checks: readonly { readonly name: string; readonly condition: Expression }[];
      readonly explicit: boolean;
      readonly type: TypeRef;
    }
  /** CURRENT_DATE, CURRENT_TIMESTAMP(p), CURRENT_USER, ... */
  | { readonly kind: 'sqlValue'; readonly name: SqlValueName; readonly type: TypeRef }
  /** Only between analyzer and planner: a query inside an expression. The planner lifts it into an operator. */
  | SubqueryExpression
  /** Only in the targets of an Aggregate or Window node; elsewhere a column that refers to it. */
  | AggregateCall
  | WindowCall;

export type Subscript = { readonly lower: Expression | undefined; readonly upper: Expression | undefined };

export type FunctionCall = {
  readonly kind: 'function';
  /** pg_proc oid. */
  readonly function: number;
  readonly args: readonly Expression[];
  /** The last argument is the array of the variadic arguments. */
  readonly variadic: boolean;
  readonly returnsSet: boolean;
  /** How it was written, for EXPLAIN and deparsing: an operator, a cast or a call. */
  readonly form: /** sqlSyntax: in the standard's own syntax, such as EXTRACT(year FROM x). */
    | { readonly kind: 'call'; readonly sqlSyntax?: boolean }
    | { readonly kind: 'operator'; readonly operator: number }
    | { readonly kind: 'cast'; readonly explicit: boolean }
    | RoutineForm;
  readonly type: TypeRef;
};

/** A user's function that is run with plans of its own for each call: what its body is bound in. */
export type RoutineForm = {
  readonly kind: 'routine';
  readonly isVolatile: boolean;
  /** Whose privileges count; undefined: the session's. */
  readonly runAs: number | undefined;
  /** The caller's. */
  readonly searchPath: readonly string[];
};

export type SqlValueName =
  | 'current_date'
  | 'current_time'
  | 'current_timestamp'
  | 'localtime'
  | 'localtimestamp'
  | 'current_user'
  | 'session_user'
  | 'current_catalog'
  | 'current_schema';

export type SubqueryExpression = {
  readonly kind: 'subquery';
  /**
   * scalar: one row of one column; row: one row of several, compared field by field; exists; array: ARRAY(SELECT ...);
   * any/all: `comparison` holds for some/every row, where the subquery's columns stand in `comparison` as columns by id.
   */
  readonly form: 'scalar' | 'exists' | 'array' | 'any' | 'all';
  readonly negated: boolean;
  /** The bound query; its type is opaque here so that sql/ does not know about plans (query-processor/analyzer/logical-plan.ts). */
  readonly plan: unknown;
  /** Columns of the subquery's result. */
  readonly output: readonly ColumnId[];
  /** any/all only. */
  readonly comparison: Expression | undefined;
  /** It stands for a call: a volatile one is made for each row, whether it names a column or not; `where` is said of its errors. */
  readonly call?: SubqueryCall | undefined;
  readonly type: TypeRef;
};

export type SubqueryCall = { readonly isVolatile: boolean; readonly where: string | undefined };

export type AggregateCall = {
  readonly kind: 'aggregate';
  readonly function: number;
  readonly args: readonly Expression[];
  /** WITHIN GROUP's direct arguments. */
  readonly directArgs: readonly Expression[];
  readonly isStar: boolean;
  readonly isDistinct: boolean;
  readonly orderBy: readonly SortKey[];
  readonly filter: Expression | undefined;
  readonly variadic: boolean;
  readonly type: TypeRef;
};

export type WindowCall = {
  readonly kind: 'window';
  readonly function: number;
  readonly args: readonly Expression[];
  readonly isStar: boolean;
  readonly isAggregate: boolean;
  readonly filter: Expression | undefined;
  /** Index into the Window node's specifications. */
  readonly specification: number;
  readonly type: TypeRef;
};

export type SortKey = {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
};
