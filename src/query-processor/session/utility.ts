/**
 * Utility statements: everything that is not a query. Which code runs a statement, what it answers with, and whether it needs a
 * snapshot; what neither PostgreSQL's grammar nor DSQL has a place for here is refused by name.
 */
import type { CreateTableAsStmt, Node, VariableSetStmt } from '@pgsql/types';
import { notSupported } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { isIamExtension } from '../parser/extension-syntax.ts';
import { intoClauseOf } from '../parser/select-into.ts';
import type { Field, Maybe } from '../query-processor.ts';
import { runAnalyze } from './analyze-statement.ts';
import { callFields, runCall } from './call-statement.ts';
import { runSetConstraints } from './constraint-statements.ts';
import { runCopy } from './copy/copy-statement.ts';
import { createTableAsOf, plannedSource, runCreateTableAs } from './create-table-as.ts';
import { fetchFields, plannedCursor, runClose, runDeclare, runFetch } from './cursor-statements.ts';
import { explainFields, explainParameterTypes, runExplain } from './explain-statement.ts';
import { runLock, runMaintenance, runVacuum } from './maintenance-statements.ts';
import { executeFields, runDeallocate, runExecute, runPrepare } from './prepare-statements.ts';
import type { PreparedStatement } from './prepared-statement.ts';
import { roleStatements } from './role-statements.ts';
import { answersWithJob, jobFields, runSchemaStatement, statementName } from './schema-statements.ts';
import { runDiscard, runSet, runShow, showFields } from './setting-statements.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';
import { runTransactionStatement } from './transaction-statements.ts';

/** False for statements that touch neither catalog nor rows: they may run before a transaction has begun. */
export function needsSnapshot(node: Node): boolean {
  return !(
    'TransactionStmt' in node ||
    ('VariableSetStmt' in node && !takesIdentity(node.VariableSetStmt)) ||
    'VariableShowStmt' in node ||
    'DiscardStmt' in node ||
    'DeallocateStmt' in node
  );
}

/** Who may become whom is in the catalog. */
const takesIdentity = ({ name, kind }: VariableSetStmt): boolean =>
  kind === 'VAR_SET_VALUE' && (name === 'role' || name === 'session_authorization');

const schemaStatements = [
  'CreateStmt',
  'CreateSchemaStmt',
  'IndexStmt',
  'AlterTableStmt',
  'RenameStmt',
  'TruncateStmt',
  'DropStmt',
  'CreateSeqStmt',
  'ViewStmt',
  'CreateDomainStmt',
  'CreateStatsStmt',
  'AlterStatsStmt',
  'CreateFunctionStmt',
  'AlterFunctionStmt',
  'AlterDomainStmt',
  'AlterSeqStmt',
  'AlterObjectSchemaStmt',
  'AlterOwnerStmt',
  'CommentStmt',
  ...roleStatements,
] as const;

export const isSchemaStatement = (node: Node): boolean => schemaStatements.some((name) => name in node);

export function runUtility(
  session: StatementHost,
  statement: PreparedStatement,
  parameters: readonly Datum[],
  output: UtilityOutput,
): Maybe<string> {
  const { parsed } = statement;
  if (parsed === undefined) return '';
  if (isIamExtension(parsed.extension)) return runSchemaStatement(session, parsed, output);
  const { node } = parsed;
  if ('TransactionStmt' in node) return runTransactionStatement(session, node.TransactionStmt);
  if ('VariableSetStmt' in node) return runSet(session, node.VariableSetStmt);
  if ('VariableShowStmt' in node) return runShow(session, node.VariableShowStmt, output);
  if ('DiscardStmt' in node) return runDiscard(session, node.DiscardStmt);
  if ('ExplainStmt' in node) return runExplain(session, statement, node.ExplainStmt, parameters, output);
  if ('PrepareStmt' in node) return runPrepare(session, parsed, node.PrepareStmt);
  if ('ExecuteStmt' in node) return runExecute(session, parsed, node.ExecuteStmt, output);
  if ('DeallocateStmt' in node) return runDeallocate(session, node.DeallocateStmt);
  if ('ConstraintsSetStmt' in node) return runSetConstraints(session, node.ConstraintsSetStmt);
  if ('DeclareCursorStmt' in node) return runDeclare(session, statement, node.DeclareCursorStmt, parameters);
  if ('FetchStmt' in node) return runFetch(session, node.FetchStmt, output);
  if ('ClosePortalStmt' in node) return runClose(session, node.ClosePortalStmt);
  if ('CopyStmt' in node) return runCopy(session, parsed, node.CopyStmt, output);
  if ('CallStmt' in node) return runCall(session, parsed, node.CallStmt, output);
  if ('LockStmt' in node) return runLock(session, node.LockStmt);
  if ('CheckPointStmt' in node || 'ClusterStmt' in node || 'ReindexStmt' in node) return runMaintenance(session, node);
  if ('VacuumStmt' in node && node.VacuumStmt.is_vacuumcmd === true) return runVacuum(session, node.VacuumStmt);
  if ('VacuumStmt' in node) return runAnalyze(session, node.VacuumStmt);
  const tableAs = tableAsIn(node);
  if (tableAs !== undefined) return runCreateTableAs(session, statement, tableAs, parameters);
  if (isSchemaStatement(node)) return runSchemaStatement(session, parsed, output);
  throw notBuilt(node);
}

/** Columns of the answer; undefined for statements without rows. */
export function describeUtility(session: StatementHost, statement: PreparedStatement): readonly Field[] | undefined {
  const { parsed } = statement;
  if (parsed === undefined) return undefined;
  const { node } = parsed;
  if ('VariableShowStmt' in node) return showFields(node.VariableShowStmt);
  if ('ExplainStmt' in node) return explainFields(statement, node.ExplainStmt);
  if ('ExecuteStmt' in node) return executeFields(session, node.ExecuteStmt);
  if ('CallStmt' in node) return callFields();
  if ('FetchStmt' in node) return fetchFields(session, node.FetchStmt);
  if (answersWithJob(parsed)) return jobFields();
  return undefined;
}

const tableAsIn = (node: Node): CreateTableAsStmt | undefined => {
  if ('CreateTableAsStmt' in node) return node.CreateTableAsStmt;
  const into = 'SelectStmt' in node ? intoClauseOf(node.SelectStmt) : undefined;
  return into !== undefined && 'SelectStmt' in node ? createTableAsOf(node.SelectStmt, into) : undefined;
};

/** Statements around a query have its parameters. */
export function utilityParameterTypes(session: StatementHost, statement: PreparedStatement): readonly number[] {
  const node = statement.parsed?.node;
  if (node !== undefined && 'ExplainStmt' in node) return explainParameterTypes(session, statement, node.ExplainStmt);
  if (node !== undefined && 'DeclareCursorStmt' in node) return plannedCursor(session, statement, node.DeclareCursorStmt).parameterTypes;
  const tableAs = node === undefined ? undefined : tableAsIn(node);
  if (tableAs?.query !== undefined && !('ExecuteStmt' in tableAs.query)) return plannedSource(session, statement, tableAs).parameterTypes;
  return statement.statedTypes;
}

/** What Aurora DSQL takes, or profile `open` lets pass, and is not built yet. */
function notBuilt(node: Node): Error {
  return notSupported(`${statementName(node)} statements are not supported yet`);
}
