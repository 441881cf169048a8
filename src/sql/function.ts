/**
 * Function: how the built-in functions, operators, casts, aggregates and window functions are implemented.
 *
 * What exists, with which arguments, strictness, volatility and oid, is PostgreSQL 16's own catalog (`postgres/pg-proc.ts`,
 * `pg-operator.ts`, `pg-cast.ts`, `pg-aggregate.ts`). A chapter file under `functions/` supplies the behaviour, keyed by signature:
 *
 *     export const stringFunctions: Implementations = {
 *       'lower(text)': scalar((value: string) => value.toLowerCase()),
 *       'generate_series(int4,int4)': setReturning(function* (start: number, stop: number) { ... }),
 *       'sum(float8)': aggregate({ ... }),
 *     };
 *
 * A signature is proname(pg_type names of the input arguments). Operators and casts are implemented through their functions
 * (`int4pl(int4,int4)`). A function in PostgreSQL's catalog that has no implementation here resolves and is refused with 0A000.
 * What DSQL adds to PostgreSQL's catalog is declared in `functions/dsql.ts` with its whole signature.
 */
import type { Batch, Vector } from './batch.ts';
import type { Datum } from './datum.ts';
import type { NonNull, TypeContext, TypeRef } from './type.ts';

/** What a running statement offers to functions. One object a statement execution. */
export type EvaluationContext = TypeContext & {
  /** µs since 1970, as `now()` wants it; transactionTimestamp is in TypeContext. */
  readonly statementTimestamp: number;
  readonly clock: () => number;
  readonly random: { float(): number; bytes(count: number): Uint8Array };
  /** $1 is parameters[0]. */
  readonly parameters: readonly Datum[];
  /** Values of outerValue expressions by ColumnId; set by apply and lateral operators. */
  readonly outerValues: Map<number, Datum>;
  readonly session: SessionFacts;
};

/** What session information functions answer. */
export interface SessionFacts {
  readonly currentUser: string;
  readonly sessionUser: string;
  /** The ARN that the connection's token was signed for; undefined where there was none. */
  readonly iamUser: string | undefined;
  readonly database: string;
  readonly backendPid: number;
  readonly applicationName: string;
  /** Existing schemas of the search path in order, with or without the implicit pg_catalog. */
  schemas(includeImplicit: boolean): readonly string[];
  /** current_setting; undefined when unknown. */
  setting(name: string): string | undefined;
  setSetting(name: string, value: string, isLocal: boolean): string;
  /** setseed(): a session's own sequence of random() values. */
  setSeed(seed: number): void;
  /** Functions that need the catalog (pg_get_indexdef, pg_table_is_visible, ...): dispatched by name to the query processor. */
  catalogFunction(name: string, args: readonly Datum[]): Datum;
  /** currval, lastval, setval's session part; nextval's values are reserved by an operator before evaluation. */
  sequence(name: 'nextval' | 'currval' | 'lastval' | 'setval', args: readonly Datum[]): Datum;
  /** pg_cursors. */
  cursors(): readonly CursorFacts[];
  /** pg_locks. */
  advisoryLocks(): readonly AdvisoryLockFacts[];
}

export type AdvisoryLockFacts = {
  readonly classId: number;
  readonly objectId: number;
  readonly subId: number;
  readonly processId: number;
  readonly mode: string;
  readonly isGranted: boolean;
};

export type CursorFacts = {
  readonly name: string;
  readonly statement: string;
  readonly isHoldable: boolean;
  readonly isBinary: boolean;
  readonly isScrollable: boolean;
  /** µs since 1970. */
  readonly createdAt: number;
};

/** Types of one call as resolved (polymorphic functions need them). */
export type CallTypes = {
  readonly args: readonly number[];
  readonly result: number;
  /** The column definition list of a call in FROM that returns record: json_to_record(...) AS (a int, b text). */
  readonly columns?: readonly { readonly name: string; readonly type: TypeRef }[] | undefined;
};

// biome-ignore lint/suspicious/noExplicitAny: an implementation states its own argument types; the catalog guarantees them.
export type ScalarFunction = (...args: any[]) => Datum;

export type Implementation =
  /**
   * One row at a time: called with the arguments and then the context. Strict functions (pg_proc.proisstrict) are never
   * called with a null. `vector` is the fast way for whole batches, optional and equal in result.
   */
  | {
      readonly kind: 'scalar';
      /** Chosen once per call site; most ignore `types`. */
      readonly forTypes: (types: CallTypes) => ScalarFunction;
      readonly vector: ((args: readonly Vector[], rowCount: number, context: EvaluationContext) => Vector) | undefined;
    }
  /** Rows of one column (a datum each) or of several (an array of datums each). Never called with null when strict: then no rows. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  | { readonly kind: 'set'; readonly forTypes: (types: CallTypes) => (...args: any[]) => Iterable<Datum | readonly Datum[]> }
  | { readonly kind: 'aggregate'; readonly forTypes: (types: CallTypes) => AggregateFunction }
  | { readonly kind: 'window'; readonly forTypes: (types: CallTypes) => WindowFunction };

/**
 * An aggregate. `State` is whatever it likes; `step` returns the new state (the same object or another).
 * When pg_proc says strict, `step` is not called for rows with a null argument.
 */
// biome-ignore lint/suspicious/noExplicitAny: the state is private to each aggregate
export type AggregateFunction<State = any> = {
  readonly initial: () => State;
  readonly step: (state: State, args: readonly Datum[], context: EvaluationContext) => State;
  readonly final: (state: State, context: EvaluationContext) => Datum;
  /** Merges a partial state (partial aggregation in storage or after a spill). */
  readonly combine: (a: State, b: State, context: EvaluationContext) => State;
  /** Ordered-set and hypothetical-set aggregates: rows sorted, direct arguments evaluated once. Replaces step/final when present. */
  readonly finalOrdered?: (
    sortedRows: readonly (readonly Datum[])[],
    directArgs: readonly Datum[],
    context: EvaluationContext,
    compare: (a: readonly Datum[], b: readonly Datum[]) => number,
  ) => Datum;
  /**
   * Fast way for one argument: adds `vector[row]` to `states[groups[row]]` for each row. Same result as step.
   * `groups` undefined: all rows belong to states[0].
   */
  readonly stepVector?: (states: State[], groups: Int32Array | undefined, vector: Vector, rowCount: number) => void;
};

/** One partition, sorted, with peers known. The operator asks for each row in turn. */
export type WindowPartition = {
  readonly rowCount: number;
  /** Argument `index` of the call, evaluated on a row. */
  arg(index: number, row: number): Datum;
  /** First row of the row's peer group, and one past its last. */
  peerStart(row: number): number;
  peerEnd(row: number): number;
  /** Frame of the row, [start, end), exclusions not applied. */
  frame(row: number): { readonly start: number; readonly end: number };
  /** True when the frame's exclusion leaves `other` out for `row`. */
  excluded(row: number, other: number): boolean;
};
export type WindowFunction = (partition: WindowPartition, context: EvaluationContext) => (row: number) => Datum;

export type Implementations = Readonly<Record<string, Implementation>>;

export const scalar = (
  implementation: ScalarFunction,
  vector?: (args: readonly Vector[], rowCount: number, context: EvaluationContext) => Vector,
): Implementation => ({
  kind: 'scalar',
  forTypes: () => implementation,
  vector,
});

export const polymorphic = (forTypes: (types: CallTypes) => ScalarFunction): Implementation => ({
  kind: 'scalar',
  forTypes,
  vector: undefined,
});

// biome-ignore lint/suspicious/noExplicitAny: as ScalarFunction
export const setReturning = (implementation: (...args: any[]) => Iterable<Datum | readonly Datum[]>): Implementation => ({
  kind: 'set',
  forTypes: () => implementation,
});

export const aggregate = <State>(implementation: AggregateFunction<State>): Implementation => ({
  kind: 'aggregate',
  forTypes: () => implementation,
});

export const windowFunction = (implementation: WindowFunction): Implementation => ({ kind: 'window', forTypes: () => implementation });

/** Evaluates a compiled expression over a batch. */
export type VectorEvaluator = (batch: Batch, context: EvaluationContext) => Vector;

export type { NonNull };
