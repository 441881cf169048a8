/**
 * Prepared statement: a parsed statement with what is worth keeping between its runs: its bound query, its plan, its result fields and
 * their encoders.
 *
 *   S1  A plan is used only with the very catalog and settings that it was made for; otherwise the statement is analysed and planned anew.
 *   S2  A statement that a client has described keeps its result type: when it would change, that is an error (0A000), as in PostgreSQL.
 */
import { notSupported, SqlError } from '#base/sql-error.ts';
import type { TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Storage } from '#storage/storage.ts';
import type { StatementFigures, StatementStatistics } from '../activity/statement-figures.ts';
import { analyzeQuery, isQuery } from '../analyzer/analyze.ts';
import { Analysis, type AnalyzerEnvironment } from '../analyzer/environment.ts';
import type { BoundQuery, OutputColumn } from '../analyzer/logical-plan.ts';
import { ParameterTypes } from '../analyzer/parameters.ts';
import { bindTableText } from '../analyzer/table-expression.ts';
import type { LoadedCatalog } from '../catalog/loaded-catalog.ts';
import { type StatisticsCache, type StoredStatistics, statisticsKey } from '../catalog/statistics-rows.ts';
import { isIamExtension } from '../parser/extension-syntax.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import { defaultPlannerSettings, type PlannerEnvironment, type PlannerSettings, type TableStatistics } from '../planner/environment.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { planQuery } from '../planner/plan.ts';
import type { Field, ValueEncoder } from '../query-processor.ts';
import { bindLiterals, checkLiterals, type LiftedLiteral, type LiteralBinding, numbered, typeOfLiteral } from './literal-binding.ts';
import type { SessionSettings } from './session-settings.ts';
import { checkSkew } from './skewed-literals.ts';
import { encodersFor, formatAt } from './value-encoders.ts';

/** What analysis and planning need of the session, as it is now. */
export type Compilation = {
  readonly catalog: LoadedCatalog;
  readonly settings: SessionSettings;
  readonly typeContext: TypeContext;
  readonly user: string;
  /** How large tables are. */
  readonly storage: Pick<Storage, 'rowCount' | 'statisticsVersion' | 'get' | 'appliedTimestamp'>;
  readonly statisticsCache: StatisticsCache;
};

export type PlannedQuery = {
  readonly catalog: LoadedCatalog;
  readonly settingsVersion: number;
  /** Of storage: a plan is made anew when tables have grown or shrunk by much. */
  readonly statisticsVersion: number;
  readonly bound: BoundQuery;
  readonly plan: PhysicalPlan;
  /** In text format. */
  readonly fields: readonly Field[];
  readonly parameterTypes: readonly number[];
  /** Where the parameters are literals of the text. */
  readonly literals: LiteralBinding | undefined;
  /** The client was told something while it was made, and is told again when the same text comes again. */
  readonly hasRemarks: boolean;
};

export class PreparedStatement {
  readonly text: string;
  /** undefined: a text without a statement. */
  readonly parsed: ParsedStatement | undefined;
  readonly statedTypes: readonly number[];
  readonly isQuery: boolean;
  readonly #literals: readonly LiftedLiteral[];
  #planned: PlannedQuery | undefined;
  #figures: StatementFigures | undefined;
  #described: readonly Field[] | undefined;
  /** Fields and encoders by the result formats that Bind asked for last. */
  #output: { readonly planned: PlannedQuery; readonly formats: string; readonly output: StatementOutput } | undefined;

  /** `literals` become the parameters of a simple query (plan-cache.ts). */
  constructor(
    text: string,
    parsed: ParsedStatement | undefined,
    statedTypes: readonly number[],
    literals: readonly LiftedLiteral[] = noLiterals,
  ) {
    this.#literals = literals;
    this.text = text;
    this.parsed = parsed;
    this.statedTypes = statedTypes;
    this.isQuery = parsed !== undefined && isQuery(parsed.node) && !isIamExtension(parsed.extension);
  }

  // Hot: two comparisons for a statement run again.
  planned(compilation: Compilation): PlannedQuery {
    const known = this.#planned;
    if (
      known !== undefined &&
      known.catalog === compilation.catalog &&
      known.settingsVersion === compilation.settings.version &&
      known.statisticsVersion === compilation.storage.statisticsVersion
    )
      return known;
    const planned = this.#compile(compilation);
    this.#planned = planned;
    return planned;
  }

  #compile(compilation: Compilation): PlannedQuery {
    if (this.parsed === undefined) throw notSupported('an empty statement has no plan');
    const planned = compileQuery(this.parsed, this.text, this.statedTypes, compilation, this.#literals);
    if (this.#described !== undefined && !sameFields(this.#described, planned.fields))
      throw notSupported('cached plan must not change result type');
    return planned;
  }

  /** Hot. */
  figuresIn(statistics: StatementStatistics): StatementFigures {
    if (this.#figures?.isKept !== true) this.#figures = statistics.of(this.text);
    return this.#figures;
  }

  /** Parsed anew: its result may be another than before. */
  forgetDescription(): void {
    this.#described = undefined;
    if (this.#planned?.hasRemarks === true) this.#planned = undefined;
  }

  /** The client has been told these fields, or relies on them through Bind. */
  describe(planned: PlannedQuery): readonly Field[] {
    this.#described = planned.fields;
    return planned.fields;
  }

  /** Fields and encoders for result formats. Hot. */
  output(planned: PlannedQuery, formats: readonly number[], context: TypeContext): StatementOutput {
    const key = formats.length === 0 ? '' : formats.join();
    const known = this.#output;
    if (known !== undefined && known.planned === planned && known.formats === key) return known.output;
    const output = outputFor(planned.fields, formats, context);
    this.#output = { planned, formats: key, output };
    return output;
  }
}

const noLiterals: readonly LiftedLiteral[] = [];

export type StatementOutput = { readonly fields: readonly Field[]; readonly encoders: readonly ValueEncoder[] };

export function outputFor(fields: readonly Field[], formats: readonly number[], context: TypeContext): StatementOutput {
  const formatted = formats.length === 0 ? fields : fields.map((field, index) => ({ ...field, format: formatAt(formats, index) }));
  return { fields: formatted, encoders: encodersFor(formatted, context) };
}

export function compileQuery(
  parsed: ParsedStatement,
  text: string,
  statedTypes: readonly number[],
  compilation: Compilation,
  literals: readonly LiftedLiteral[] = noLiterals,
): PlannedQuery {
  const isLifted = literals.length > 0;
  const parameterTypes = new ParameterTypes(isLifted ? literals.map(typeOfLiteral) : statedTypes);
  let hasRemarks = false;
  const typeContext: TypeContext = {
    ...compilation.typeContext,
    remark: (notice) => {
      hasRemarks = true;
      compilation.typeContext.remark?.(notice);
    },
  };
  const environment = analyzerEnvironment({ ...compilation, typeContext }, text, parameterTypes);
  const analyzed = analyzeQuery(parsed, isLifted ? { ...environment, liftedLiterals: numbered(literals) } : environment);
  const planner = plannerEnvironment(compilation);
  if (isLifted) {
    checkLiterals(analyzed, literals, compilation.catalog);
    checkSkew(analyzed, literals, compilation.catalog, planner.statistics);
  }
  const { bound, binding } = isLifted ? bindLiterals(analyzed, literals) : { bound: analyzed, binding: undefined };
  const planning = plan(bound, planner);
  return {
    catalog: compilation.catalog,
    settingsVersion: compilation.settings.version,
    statisticsVersion: compilation.storage.statisticsVersion,
    bound,
    get plan() {
      if (planning instanceof SqlError) throw planning;
      return planning;
    },
    fields: bound.output.map(fieldOf),
    parameterTypes: bound.parameterTypes.map((type) => type.oid),
    literals: binding,
    hasRemarks,
  };
}

/** A constant expression that fails is the statement's failure when it runs: it can be prepared and described. */
function plan(bound: BoundQuery, environment: PlannerEnvironment): PhysicalPlan | SqlError {
  try {
    return planQuery(bound, environment);
  } catch (error) {
    if (error instanceof SqlError && error.sqlstate.startsWith('22')) return error;
    throw error;
  }
}

export function analyzerEnvironment(
  compilation: Compilation,
  statementText: string,
  parameterTypes: ParameterTypes | undefined,
): AnalyzerEnvironment {
  return {
    catalog: compilation.catalog,
    settings: compilation.settings.current,
    typeContext: compilation.typeContext,
    currentUser: compilation.user,
    parameterTypes,
    statementText,
  };
}

export function plannerEnvironment(compilation: Compilation): PlannerEnvironment {
  const environment = analyzerEnvironment(compilation, '', undefined);
  /** Asked for many times while one query is planned. */
  const statistics = new Map<number, TableStatistics | undefined>();
  return {
    catalog: compilation.catalog,
    settings: plannerSettings(compilation.settings),
    statistics: (tableOid) => {
      if (!statistics.has(tableOid)) statistics.set(tableOid, tableStatistics(compilation, tableOid));
      return statistics.get(tableOid);
    },
    bindTableExpression: (table, text, columns) =>
      bindTableText(new Analysis(environment, () => undefined), text, table.name, columns, { kind: 'alterType' }),
  };
}

/** Below storage's least estimate the planner's default stands: small tables are planned alike, whatever they hold. */
function tableStatistics({ catalog, storage, statisticsCache }: Compilation, tableOid: number): TableStatistics | undefined {
  const table = catalog.relationByOid(tableOid);
  if (table?.kind !== 'table') return undefined;
  const estimated = storage.rowCount(table.space);
  const [row] = storage.get(storage.appliedTimestamp, [statisticsKey(tableOid)], { newest: 0 });
  const stored = statisticsCache.of(table, row);
  if (stored === undefined) return estimated <= 1024 ? undefined : { rows: estimated, columns: noColumns };
  // The table may have grown or shrunk since.
  const unchanged = Math.min(stored.estimatedRows, Math.max(stored.leastEstimatedRows, estimated));
  const rows = Math.max(1, Math.round((stored.rows * estimated) / unchanged));
  let columns = absolute.get(stored);
  if (columns === undefined) {
    columns = new Map([...stored.columns].map(([at, column]) => [at, { ...column, distinct: distinctAmong(column.distinct, rows) }]));
    absolute.set(stored, columns);
  }
  return { rows, columns };
}

const noColumns: TableStatistics['columns'] = new Map();
const absolute = new WeakMap<StoredStatistics, TableStatistics['columns']>();
const unknownDistinct = 200;

const distinctAmong = (distinct: number, rows: number): number =>
  distinct > 0 ? distinct : distinct === 0 ? unknownDistinct : Math.max(1, Math.round(-distinct * rows));

function plannerSettings(settings: SessionSettings): PlannerSettings {
  const isOn = (name: string): boolean => settings.isOn(name);
  if (
    isOn('enable_hashjoin') &&
    isOn('enable_nestloop') &&
    isOn('enable_indexscan') &&
    isOn('enable_seqscan') &&
    isOn('enable_sort') &&
    isOn('enable_incremental_sort') &&
    isOn('enable_hashagg')
  )
    return defaultPlannerSettings;
  return {
    enableHashJoin: isOn('enable_hashjoin'),
    enableNestedLoop: isOn('enable_nestloop'),
    enableIndexScan: isOn('enable_indexscan'),
    enableSeqScan: isOn('enable_seqscan'),
    enableSort: isOn('enable_sort'),
    enableIncrementalSort: isOn('enable_incremental_sort'),
    enableHashAggregate: isOn('enable_hashagg'),
  };
}

const fieldOf = (column: OutputColumn): Field => ({
  name: column.name,
  tableOid: column.tableOid,
  attributeNumber: column.attributeNumber,
  type: column.type,
  length: typeByOid(column.type.oid).length,
  format: 0,
});

/** A result column that a utility statement makes itself. */
export const plainField = (name: string, typeOid: number): Field => ({
  name,
  tableOid: 0,
  attributeNumber: 0,
  type: { oid: typeOid, typmod: -1 },
  length: typeByOid(typeOid).length,
  format: 0,
});

const sameFields = (a: readonly Field[], b: readonly Field[]): boolean =>
  a.length === b.length &&
  a.every((field, at) => field.name === b[at].name && field.type.oid === b[at].type.oid && field.type.typmod === b[at].type.typmod);
