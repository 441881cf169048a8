/** SQL-level PREPARE, EXECUTE and DEALLOCATE. */
import type { DeallocateStmt, ExecuteStmt, PrepareStmt } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { evaluateOnce } from '#sql/evaluate/compile.ts';
import { typeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import { coerceToTarget } from '../analyzer/coercion.ts';
import { Analysis } from '../analyzer/environment.ts';
import { bindExpression } from '../analyzer/expression.ts';
import { Scope } from '../analyzer/scope.ts';
import { resolveTypeName } from '../analyzer/type-name.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import type { Field, Maybe } from '../query-processor.ts';
import { analyzerEnvironment, PreparedStatement } from './prepared-statement.ts';
import type { StatementHost, UtilityOutput } from './statement-host.ts';

export function runPrepare(session: StatementHost, parsed: ParsedStatement, statement: PrepareStmt): string {
  const name = statement.name ?? '';
  if (session.statements.has(name)) throw new SqlError(sqlstate.duplicatePreparedStatement, `prepared statement "${name}" already exists`);
  const { catalogType } = new Analysis(analyzerEnvironment(session.compilation, parsed.text, undefined), parsed.positionOf);
  const types = (statement.argtypes ?? []).map((node) =>
    'TypeName' in node ? resolveTypeName(node.TypeName, { positionOf: parsed.positionOf, catalogType }).oid : 0,
  );
  if (statement.query === undefined) throw new SqlError(sqlstate.syntaxError, 'PREPARE without a statement');
  const prepared = new PreparedStatement(parsed.text, { ...parsed, node: statement.query, extension: undefined }, types);
  if (!prepared.isQuery) throw new SqlError(sqlstate.invalidPreparedStatementDefinition, 'utility statements cannot be prepared');
  prepared.planned(session.compilation);
  session.statements.set(name, prepared);
  return 'PREPARE';
}

export function runExecute(session: StatementHost, parsed: ParsedStatement, statement: ExecuteStmt, output: UtilityOutput): Maybe<string> {
  const prepared = preparedNamed(session, statement.name ?? '');
  return session.runStatement(prepared, executeParameters(session, parsed, statement), output);
}

/** The values that an EXECUTE gives its statement's parameters. */
export function executeParameters(session: StatementHost, parsed: ParsedStatement, statement: ExecuteStmt): readonly Datum[] {
  const prepared = preparedNamed(session, statement.name ?? '');
  const types = prepared.isQuery ? prepared.planned(session.compilation).parameterTypes : [];
  const given = statement.params ?? [];
  if (given.length !== types.length)
    throw new SqlError(sqlstate.syntaxError, `wrong number of parameters for prepared statement "${statement.name}"`, {
      detail: `Expected ${types.length} parameters but got ${given.length}.`,
    });
  const run = session.startRun([]);
  const analysis = new Analysis(analyzerEnvironment(session.compilation, parsed.text, undefined), parsed.positionOf);
  return given.map((node, at) => {
    const scope = new Scope(analysis, undefined);
    scope.kind = 'executeParameter';
    const bound = bindExpression(scope, node);
    const coerced = coerceToTarget(analysis, bound, typeRef(types[at]), 'assignment');
    if (coerced === undefined)
      throw new SqlError(
        sqlstate.datatypeMismatch,
        `parameter $${at + 1} of type ${formatType(bound.type)} cannot be coerced to the expected type ${formatType(typeRef(types[at]))}`,
        { hint: 'You will need to rewrite or cast the expression.' },
      );
    return evaluateOnce(coerced, run.context);
  });
}

export function executeFields(session: StatementHost, statement: ExecuteStmt): readonly Field[] | undefined {
  const prepared = preparedNamed(session, statement.name ?? '');
  if (!prepared.isQuery) return undefined;
  const { fields } = prepared.planned(session.compilation);
  return fields.length === 0 ? undefined : fields;
}

export function preparedNamed(session: StatementHost, name: string): PreparedStatement {
  const prepared = session.statements.get(name);
  if (prepared === undefined) throw new SqlError(sqlstate.invalidSqlStatementName, `prepared statement "${name}" does not exist`);
  return prepared;
}

export function runDeallocate(session: StatementHost, statement: DeallocateStmt): string {
  const { name } = statement;
  if (name === undefined) {
    session.statements.clear();
    return 'DEALLOCATE ALL';
  }
  preparedNamed(session, name);
  session.statements.delete(name);
  return 'DEALLOCATE';
}
