/** CREATE TABLE AS and SELECT INTO: a table made of a query's columns, then filled with its rows by an INSERT. */
import type { CreateTableAsStmt, IntoClause, Node, SelectStmt } from '@pgsql/types';
import { notSupported } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { createTableAs } from '../catalog/schema-change/create-table-as.ts';
import { execute } from '../executor/execute.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import { withoutInto } from '../parser/select-into.ts';
import { executeParameters, preparedNamed } from './prepare-statements.ts';
import { compileQuery, type PlannedQuery, type PreparedStatement } from './prepared-statement.ts';
import { PlanExecution } from './run-plan.ts';
import { beginSchemaChange, finishSchemaChange } from './schema-statements.ts';
import type { StatementHost } from './statement-host.ts';

type Source = { readonly parsed: ParsedStatement; readonly text: string; readonly statedTypes: readonly number[] };

/** SELECT ... INTO as the CREATE TABLE AS that it is. */
export const createTableAsOf = (select: SelectStmt, into: IntoClause): CreateTableAsStmt => ({
  query: { SelectStmt: withoutInto(select) },
  into,
  objtype: 'OBJECT_TABLE',
  is_select_into: true,
});

/** The query, bound and planned by itself: its columns and parameters. */
export function plannedSource(session: StatementHost, statement: PreparedStatement, node: CreateTableAsStmt): PlannedQuery {
  const { parsed, text, statedTypes } = sourceOf(session, statement, node.query);
  return compileQuery(parsed, text, statedTypes, session.compilation);
}

function sourceOf(session: StatementHost, statement: PreparedStatement, query: Node | undefined): Source {
  if (query !== undefined && 'ExecuteStmt' in query) {
    const { parsed, text, statedTypes, isQuery } = preparedNamed(session, query.ExecuteStmt.name ?? '');
    if (parsed === undefined || !isQuery || !('SelectStmt' in parsed.node)) throw notSupported('prepared statement is not a SELECT');
    return { parsed, text, statedTypes };
  }
  if (query === undefined || !('SelectStmt' in query) || statement.parsed === undefined)
    throw notSupported('CREATE TABLE AS takes a SELECT, VALUES, TABLE or EXECUTE');
  return { parsed: { ...statement.parsed, node: query }, text: statement.text, statedTypes: statement.statedTypes };
}

export async function runCreateTableAs(
  session: StatementHost,
  statement: PreparedStatement,
  node: CreateTableAsStmt,
  given: readonly Datum[],
): Promise<string> {
  const { block } = session;
  const { into = {}, query } = node;
  const tag = node.is_select_into === true ? 'SELECT INTO' : 'CREATE TABLE AS';
  block.throwIfReadOnly(tag);
  block.noteSchemaChange();
  if (statement.parsed === undefined) return '';
  const planned = plannedSource(session, statement, node);
  const parameters =
    query !== undefined && 'ExecuteStmt' in query ? executeParameters(session, statement.parsed, query.ExecuteStmt) : given;
  const change = beginSchemaChange(session, statement.parsed);
  const table = createTableAs(change, into, planned.bound.output, node.if_not_exists === true);
  if (table === undefined) return tag;
  finishSchemaChange(session, change);
  if (into.skipData === true) return tag;
  const { parsed, text } = sourceOf(session, statement, query);
  const filling = compileQuery(
    { ...parsed, node: insertOf(table.schemaName, table.name, parsed.node) },
    text,
    planned.parameterTypes,
    session.compilation,
  );
  block.noteRowChange();
  block.startQuery(filling.bound);
  const run = session.startRun(parameters);
  await new PlanExecution(execute(filling.plan, run), run, session.host.readPoint).fetch(0, () => undefined);
  return `SELECT ${run.changedRows}`;
}

/** A WITH clause moves up to the INSERT: there it may change data, as it may in the query. */
function insertOf(schemaname: string, relname: string, source: Node): Node {
  const relation = { schemaname, relname, inh: true };
  if (!('SelectStmt' in source)) return { InsertStmt: { relation, selectStmt: source } };
  const { withClause, ...select } = source.SelectStmt;
  return { InsertStmt: { relation, selectStmt: { SelectStmt: select }, ...(withClause === undefined ? {} : { withClause }) } };
}
