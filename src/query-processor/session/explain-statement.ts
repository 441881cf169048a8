/** EXPLAIN [ANALYZE]: the plan of a statement as rows, with what running it has counted. */
import type { ExplainStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { nameMarkedTypes } from '#sql/types/catalog-types.ts';
import { dpuLines, type Work, writtenBytes } from '../activity/dpu.ts';
import { normalizedText, queryIdentifier } from '../activity/query-identifier.ts';
import { isQuery } from '../analyzer/analyze.ts';
import { execute } from '../executor/execute.ts';
import type { Rows } from '../executor/operator.ts';
import { type ExplainFigures, type ExplainOptions, explain, explainData } from '../planner/explain.ts';
import { Digits, type ExplainData, type ExplainValue, writeStructured } from '../planner/explain-format.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Field } from '../query-processor.ts';
import { plannedSource } from './create-table-as.ts';
import { changedPlanSettings, type ExplainStatementOptions, explainOptions } from './explain-options.ts';
import { executeParameters, preparedNamed } from './prepare-statements.ts';
import { compileQuery, type PlannedQuery, type PreparedStatement, plainField } from './prepared-statement.ts';
import { PlanExecution } from './run-plan.ts';
import { sendRows } from './send-rows.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

function optionsOf(statement: PreparedStatement, node: ExplainStmt): ExplainStatementOptions {
  return explainOptions(node, (location) => statement.parsed?.positionOf(location) ?? 0);
}

export const explainFields = (statement: PreparedStatement, node: ExplainStmt): readonly Field[] => [
  plainField('QUERY PLAN', optionsOf(statement, node).format === 'json' ? oid.json : oid.text),
];

function plannedOf(session: StatementHost, statement: PreparedStatement, node: ExplainStmt): PlannedQuery {
  const { query } = node;
  const { parsed } = statement;
  if (query === undefined || parsed === undefined) throw new SqlError(sqlstate.syntaxError, 'EXPLAIN without a statement');
  if ('ExecuteStmt' in query) {
    return preparedNamed(session, query.ExecuteStmt.name ?? '').planned(session.compilation);
  }
  if ('DeclareCursorStmt' in query && query.DeclareCursorStmt.query !== undefined)
    return plannedOf(session, statement, { ...node, query: query.DeclareCursorStmt.query });
  if ('CreateTableAsStmt' in query) return plannedSource(session, statement, query.CreateTableAsStmt);
  if (!isQuery(query)) throw notSupported('EXPLAIN is supported for SELECT, INSERT, UPDATE, DELETE, EXECUTE and DECLARE CURSOR only');
  return compileQuery({ ...parsed, node: query }, statement.text, statement.statedTypes, session.compilation);
}

export function explainParameterTypes(session: StatementHost, statement: PreparedStatement, node: ExplainStmt): readonly number[] {
  return plannedOf(session, statement, node).parameterTypes;
}

export async function runExplain(
  session: StatementHost,
  statement: PreparedStatement,
  node: ExplainStmt,
  given: readonly Datum[],
  output: UtilityOutput,
): Promise<string> {
  const options = optionsOf(statement, node);
  const { clock } = session.host.world;
  const { parsed } = statement;
  const { query } = node;
  // The values of EXECUTE are evaluated in any case: a wrong number of them is an error.
  const parameters =
    parsed !== undefined && query !== undefined && 'ExecuteStmt' in query ? executeParameters(session, parsed, query.ExecuteStmt) : given;
  const startMs = clock.monotonicMs();
  const planned = plannedOf(session, statement, node);
  session.block.startQuery(planned.bound);
  const planningMs = clock.monotonicMs() - startMs;
  if (options.analyze && query !== undefined && 'CreateTableAsStmt' in query)
    throw notSupported('EXPLAIN ANALYZE of CREATE TABLE AS is not supported');
  const measured = options.analyze ? await measure(session, planned, parameters, clock, options.timing) : undefined;
  const plan: ExplainOptions = {
    costs: options.costs,
    verbose: options.verbose,
    timing: options.timing,
    figures: measured?.figures,
  };
  const isMetered = options.verbose && measured !== undefined;
  const summary: Summary = {
    settings: options.settings ? changedPlanSettings(session.settings) : undefined,
    queryIdentifier:
      isMetered || (options.verbose && session.settings.current.profile === 'dsql')
        ? queryIdentifier(normalizedText(explainedText(statement.text)))
        : undefined,
    planningMs: options.summary ? planningMs : undefined,
    executionMs: options.summary ? measured?.ms : undefined,
    isAnalyzed: options.analyze,
  };
  const lines =
    options.format === 'text'
      ? [...explain(planned.plan, plan), ...summaryLines(summary)]
      : [writeStructured([['Plan', { group: explainData(planned.plan, plan) }], ...summaryData(summary)], options.format)];
  if (options.format === 'text' && isMetered) {
    const work = { ...measured.work, computeMs: measured.work.computeMs + planningMs };
    lines.push(...dpuLines(work, session.host.isMultiRegion));
  }
  await sendRows(
    session,
    output,
    explainFields(statement, node),
    lines.map((line) => [nameMarkedTypes(line, (typeOid) => session.facts.nameOf('type', typeOid))]),
  );
  return 'EXPLAIN';
}

type Summary = {
  readonly settings: readonly (readonly [string, string])[] | undefined;
  readonly queryIdentifier: string | undefined;
  readonly planningMs: number | undefined;
  readonly executionMs: number | undefined;
  readonly isAnalyzed: boolean;
};

function summaryLines({ settings, queryIdentifier: identifier, planningMs, executionMs }: Summary): string[] {
  const lines: string[] = [];
  if (settings !== undefined && settings.length > 0)
    lines.push(`Settings: ${settings.map(([name, value]) => `${name} = '${value}'`).join(', ')}`);
  if (identifier !== undefined) lines.push(`Query Identifier: ${identifier}`);
  if (planningMs !== undefined) lines.push(`Planning Time: ${planningMs.toFixed(3)} ms`);
  if (executionMs !== undefined) lines.push(`Execution Time: ${executionMs.toFixed(3)} ms`);
  return lines;
}

function summaryData({ settings, planningMs, executionMs, isAnalyzed }: Summary): ExplainData {
  const out: [string, ExplainValue][] = [];
  if (settings !== undefined) out.push(['Settings', { group: settings }]);
  if (planningMs !== undefined) out.push(['Planning Time', new Digits(planningMs, 3)]);
  if (isAnalyzed) out.push(['Triggers', { item: 'Trigger', list: [] }]);
  if (executionMs !== undefined) out.push(['Execution Time', new Digits(executionMs, 3)]);
  return out;
}

type Counts = { -readonly [Name in keyof ExplainFigures]: ExplainFigures[Name] };

/** The statement that EXPLAIN is about: it is called by the same name as when it runs by itself. */
const explainedText = (text: string): string => text.replace(/^\s*explain\s*(?:\([^)]*\)|(?:(?:analyze|verbose)\s+)*)\s*/i, '');

/** Runs the plan, its rows counted and thrown away. */
async function measure(
  session: StatementHost,
  planned: PlannedQuery,
  parameters: readonly Datum[],
  clock: Clock,
  isTimed: boolean,
): Promise<{ readonly figures: ReadonlyMap<PhysicalPlan, ExplainFigures>; readonly ms: number; readonly work: Work }> {
  if (!planned.bound.isReadOnly) {
    session.block.throwIfReadOnly(planned.bound.command);
    session.block.noteRowChange();
  }
  const figures = new Map<PhysicalPlan, Counts>();
  const countsOf = (plan: PhysicalPlan): Counts => {
    let own = figures.get(plan);
    if (own === undefined) {
      own = { rows: 0, loops: 0, startupMs: 0, timeMs: 0, removed: 0, memory: undefined };
      figures.set(plan, own);
    }
    return own;
  };
  const run = session.startRun(parameters);
  const now = isTimed ? () => clock.monotonicMs() : () => 0;
  run.instrument = (plan, rows) => counted(rows, countsOf(plan), now);
  run.report = (plan, memory) => {
    countsOf(plan).memory = memory;
  };
  run.removed = (plan, rows) => {
    countsOf(plan).removed += rows;
  };
  const { buffer } = session.block.transaction;
  const writtenBefore = writtenBytes(buffer.contents().writes);
  const startMs = clock.monotonicMs();
  const execution = new PlanExecution(execute(planned.plan, run), run, session.host.readPoint);
  await execution.fetch(0, () => undefined);
  const { computeMs } = execution;
  const written = Math.max(0, writtenBytes(buffer.contents().writes) - writtenBefore);
  const work = { computeMs, readBytes: run.observed.bytes, writtenBytes: written };
  session.noteWork(work.readBytes, computeMs);
  return { figures, ms: clock.monotonicMs() - startMs, work };
}

function* counted(rows: Rows, own: Counts, now: () => number): Rows {
  own.loops++;
  let hasRows = false;
  let spentMs = 0;
  const iterator = rows[Symbol.iterator]();
  try {
    for (;;) {
      const startMs = now();
      const next = iterator.next();
      const tookMs = now() - startMs;
      own.timeMs += tookMs;
      spentMs += tookMs;
      if (!hasRows && !(next.value instanceof Promise)) {
        own.startupMs += spentMs;
        hasRows = true;
      }
      if (next.done === true) return;
      if (!(next.value instanceof Promise)) own.rows += next.value.rowCount;
      yield next.value;
    }
  } finally {
    iterator.return?.();
  }
}
