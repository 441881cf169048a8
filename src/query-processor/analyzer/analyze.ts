/**
 * Analyze: a parsed query or data change becomes a BoundQuery, with PostgreSQL's rules for names, types and coercions, and its
 * errors (SQLSTATE, message, position).
 *
 *   scope.ts, name-errors.ts       what names mean
 *   expression*.ts, *-resolution.ts, coercion.ts, common-type.ts, polymorphism.ts   expressions and types
 *   from-*.ts, select.ts, order-by.ts, group-by.ts, aggregates.ts, window.ts, ...     queries
 *   insert.ts, update.ts, delete.ts, on-conflict.ts                                    changes
 *   table-expression.ts            DEFAULT, CHECK and index expressions
 *   deparse.ts                     bound expressions back to text
 */
import type { Node } from '@pgsql/types';
import { notSupported } from '#base/sql-error.ts';
import { stackDepthExceeded } from '../parser/grammar.ts';
import type { ParsedStatement } from '../parser/parse.ts';
import { intoClauseOf } from '../parser/select-into.ts';
import { bindDataChange } from './data-change.ts';
import { Analysis, type AnalyzerEnvironment } from './environment.ts';
import type { BoundQuery } from './logical-plan.ts';
import { Scope } from './scope.ts';
import { type BoundSelect, bindSelect } from './select.ts';

export type { AnalyzerEnvironment } from './environment.ts';
export { ParameterTypes } from './parameters.ts';

/** Statements that `analyzeQuery` takes. */
export function isQuery(node: Node): boolean {
  if ('SelectStmt' in node) return intoClauseOf(node.SelectStmt) === undefined;
  return 'InsertStmt' in node || 'UpdateStmt' in node || 'DeleteStmt' in node || 'MergeStmt' in node;
}

export function analyzeQuery(statement: Pick<ParsedStatement, 'node' | 'positionOf'>, environment: AnalyzerEnvironment): BoundQuery {
  const analysis = new Analysis(environment, statement.positionOf);
  const { node } = statement;
  return boundQuery(
    analysis,
    node,
    withinStack(() => bindStatement(analysis, node)),
  );
}

/** What the planner plans: the bound statement with what its analysis has gathered. */
export function boundQuery(analysis: Analysis, node: Node, { plan, output }: BoundSelect): BoundQuery {
  if (analysis.planningError !== undefined) throw analysis.planningError;
  return {
    plan,
    output,
    command: commandOf(node),
    parameterTypes: analysis.environment.parameterTypes?.resolved(analysis) ?? [],
    relations: [...analysis.relations],
    accesses: analysis.accesses,
    calls: analysis.calls,
    isReadOnly: analysis.isReadOnly,
    currentOf: analysis.currentOf,
    nextColumnId: analysis.nextColumnId,
  };
}

/** The depth of nesting is counted, but how much of the stack is left depends on the caller too. */
function withinStack<T>(bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    throw error instanceof RangeError && error.message.includes('call stack') ? stackDepthExceeded() : error;
  }
}

function bindStatement(analysis: Analysis, node: Node): BoundSelect {
  if ('SelectStmt' in node) return bindSelect(analysis, node.SelectStmt, undefined, { resolveUnknowns: true });
  if (isQuery(node)) {
    const root = new Scope(analysis, undefined);
    root.isRoot = true;
    return bindDataChange(root, node);
  }
  throw notSupported(`${Object.keys(node)[0]} is not a query`);
}

function commandOf(node: Node): BoundQuery['command'] {
  if ('InsertStmt' in node) return 'INSERT';
  if ('UpdateStmt' in node) return 'UPDATE';
  if ('DeleteStmt' in node) return 'DELETE';
  if ('MergeStmt' in node) return 'MERGE';
  return 'SELECT';
}
