/** EXPLAIN [ANALYZE]: the plan of a statement as rows, with what running it has counted. */
import type { ExplainStmt } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { dpuLines, type Work, writtenBytes } from '../activity/dpu.ts';
import { normalizedText, queryIdentifier } from '../activity/query-identifier.ts';
import { isQuery } from '../analyzer/analyze.ts';
import { execute } from '../executor/execute.ts';
import type { Rows } from '../executor/operator.ts';
import { defaultExplainOptions, type ExplainFigures, type ExplainOptions, explain, explainData } from '../planner/explain.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { Field } from '../query-processor.ts';
import { constantOf } from './constants.ts';
import { plannedSource } from './create-table-as.ts';
import { compileQuery, type PlannedQuery, type PreparedStatement, plainField } from './prepared-statement.ts';
import { PlanExecution } from './run-plan.ts';
import { sendRows } from './send-rows.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

type Options = {
  analyze: boolean;
  verbose: boolean;
  costs: boolean;
  timing: boolean | undefined;
  summary: boolean | undefined;
  format: 'text' | 'json';
};

const switches: Readonly<Record<string, boolean>> = { true: true, on: true, '1': true, false: false, off: false, '0': false };

function optionsOf(statement: ExplainStmt): Options {
  const options: Options = { analyze: false, verbose: false, costs: true, timing: undefined, summary: undefined, format: 'text' };
  for (const node of statement.options ?? []) {
    if (!('DefElem' in node)) continue;
    const name = node.DefElem.defname ?? '';
    const value = node.DefElem.arg === undefined ? 'true' : (constantOf(node.DefElem.arg) ?? '').toLowerCase();
    if (name === 'format') {
      if (value !== 'text' && value !== 'json') throw formatRefused(value);
      options.format = value;
      continue;
    }
    const on = switches[value];
    if (on === undefined) throw new SqlError(sqlstate.syntaxError, `${name} requires a Boolean value`);
    switch (name) {
      case 'analyze':
      case 'verbose':
      case 'costs':
      case 'timing':
      case 'summary':
        options[name] = on;
        break;
      // What these would add is not gathered: the plan is the same without.
      case 'buffers':
      case 'settings':
      case 'wal':
      case 'generic_plan':
        break;
      default:
        throw new SqlError(sqlstate.syntaxError, `unrecognized EXPLAIN option "${name}"`);
    }
  }
  if (options.timing === true && !options.analyze)
    throw new SqlError(sqlstate.invalidParameterValue, 'EXPLAIN option TIMING requires ANALYZE');
  return options;
}

function formatRefused(value: string): SqlError {
  if (value === 'yaml' || value === 'xml') return notSupported(`EXPLAIN format "${value}" is not supported`);
  return new SqlError(sqlstate.invalidParameterValue, `unrecognized value for EXPLAIN option "format": "${value}"`);
}

export const explainFields = (statement: ExplainStmt): readonly Field[] => [
  plainField('QUERY PLAN', optionsOf(statement).format === 'json' ? oid.json : oid.text),
];

function plannedOf(session: StatementHost, statement: PreparedStatement, node: ExplainStmt): PlannedQuery {
  const { query } = node;
  const { parsed } = statement;
  if (query === undefined || parsed === undefined) throw new SqlError(sqlstate.syntaxError, 'EXPLAIN without a statement');
  if ('ExecuteStmt' in query) {
    const prepared = session.statements.get(query.ExecuteStmt.name ?? '');
    if (prepared === undefined)
      throw new SqlError(sqlstate.invalidSqlStatementName, `prepared statement "${query.ExecuteStmt.name}" does not exist`);
    return prepared.planned(session.compilation);
  }
  if ('CreateTableAsStmt' in query) return plannedSource(session, statement, query.CreateTableAsStmt);
  if (!isQuery(query)) throw notSupported('EXPLAIN is supported for SELECT, INSERT, UPDATE, DELETE and EXECUTE only');
  return compileQuery({ ...parsed, node: query }, statement.text, statement.statedTypes, session.compilation);
}

export function explainParameterTypes(session: StatementHost, statement: PreparedStatement, node: ExplainStmt): readonly number[] {
  return plannedOf(session, statement, node).parameterTypes;
}

export async function runExplain(
  session: StatementHost,
  statement: PreparedStatement,
  node: ExplainStmt,
  parameters: readonly Datum[],
  output: UtilityOutput,
): Promise<string> {
  const options = optionsOf(node);
  const { clock } = session.host.world;
  const startMs = clock.monotonicMs();
  const planned = plannedOf(session, statement, node);
  session.block.startQuery(planned.bound);
  const planningMs = clock.monotonicMs() - startMs;
  if (options.analyze && node.query !== undefined && 'CreateTableAsStmt' in node.query)
    throw notSupported('EXPLAIN ANALYZE of CREATE TABLE AS is not supported');
  const measured = options.analyze ? await measure(session, planned, parameters, clock) : undefined;
  const explainOptions: ExplainOptions = {
    ...defaultExplainOptions,
    costs: options.costs,
    verbose: options.verbose,
    timing: options.timing ?? true,
    figures: measured?.figures,
  };
  const summary = options.summary ?? options.analyze;
  const lines = options.format === 'json' ? [jsonText()] : explain(planned.plan, explainOptions);
  const isMetered = options.verbose && measured !== undefined;
  if (options.format === 'text' && (isMetered || (options.verbose && session.settings.current.profile === 'dsql')))
    lines.push(`Query Identifier: ${queryIdentifier(normalizedText(explainedText(statement.text)))}`);
  if (options.format === 'text' && summary) {
    lines.push(`Planning Time: ${planningMs.toFixed(3)} ms`);
    if (measured !== undefined) lines.push(`Execution Time: ${measured.ms.toFixed(3)} ms`);
  }
  if (options.format === 'text' && isMetered) {
    const work = { ...measured.work, computeMs: measured.work.computeMs + planningMs };
    lines.push(...dpuLines(work, session.host.isMultiRegion));
  }
  await sendRows(
    session,
    output,
    explainFields(node),
    lines.map((line) => [line]),
  );
  return 'EXPLAIN';

  function jsonText(): string {
    const plan = { Plan: explainData(planned.plan, explainOptions) };
    const times = summary
      ? { 'Planning Time': round(planningMs), ...(measured === undefined ? {} : { 'Execution Time': round(measured.ms) }) }
      : {};
    return JSON.stringify([{ ...plan, ...times }], undefined, 2);
  }
}

const round = (ms: number): number => Number(ms.toFixed(3));

/** The statement that EXPLAIN is about: it is called by the same name as when it runs by itself. */
const explainedText = (text: string): string => text.replace(/^\s*explain\s*(?:\([^)]*\)|(?:(?:analyze|verbose)\s+)*)\s*/i, '');

/** Runs the plan, its rows counted and thrown away. */
async function measure(
  session: StatementHost,
  planned: PlannedQuery,
  parameters: readonly Datum[],
  clock: Clock,
): Promise<{ readonly figures: ReadonlyMap<PhysicalPlan, ExplainFigures>; readonly ms: number; readonly work: Work }> {
  if (!planned.bound.isReadOnly) {
    session.block.throwIfReadOnly(planned.bound.command);
    session.block.noteRowChange();
  }
  const figures = new Map<PhysicalPlan, { rows: number; loops: number; timeMs: number }>();
  const run = session.startRun(parameters);
  run.instrument = (plan, rows) => counted(plan, rows, figures, clock);
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

function* counted(
  plan: PhysicalPlan,
  rows: Rows,
  figures: Map<PhysicalPlan, { rows: number; loops: number; timeMs: number }>,
  clock: Clock,
): Rows {
  let own = figures.get(plan);
  if (own === undefined) {
    own = { rows: 0, loops: 0, timeMs: 0 };
    figures.set(plan, own);
  }
  own.loops++;
  const iterator = rows[Symbol.iterator]();
  try {
    for (;;) {
      const startMs = clock.monotonicMs();
      const next = iterator.next();
      own.timeMs += clock.monotonicMs() - startMs;
      if (next.done === true) return;
      if (!(next.value instanceof Promise)) own.rows += next.value.rowCount;
      yield next.value;
    }
  } finally {
    iterator.return?.();
  }
}
