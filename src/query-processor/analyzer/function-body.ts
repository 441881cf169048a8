/** The statements of a function's body, parsed once for each descriptor. */
import type { Node } from '@pgsql/types';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { parse } from '../parser/parse.ts';

export type FunctionStatement = { readonly node: Node };

const changes = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'] as const;

export const isDataChange = (node: Node): boolean => changes.some((kind) => kind in node);

/** A SELECT that changes and locks nothing. */
export function isPureSelect(node: Node): boolean {
  if (!('SelectStmt' in node)) return false;
  const { withClause, lockingClause = [] } = node.SelectStmt;
  const changesFirst = (withClause?.ctes ?? []).some(
    (entry) => 'CommonTableExpr' in entry && entry.CommonTableExpr.ctequery !== undefined && isDataChange(entry.CommonTableExpr.ctequery),
  );
  return !changesFirst && lockingClause.length === 0;
}

const parsedBodies = new WeakMap<FunctionDescriptor, readonly FunctionStatement[]>();

export function bodyStatements(descriptor: FunctionDescriptor): readonly FunctionStatement[] {
  const known = parsedBodies.get(descriptor);
  if (known !== undefined) return known;
  const texts = descriptor.body === undefined ? [descriptor.source] : descriptor.body.statements;
  const statements = texts.flatMap((text) => parse(text));
  parsedBodies.set(descriptor, statements);
  return statements;
}

/** What the value of RETURN is called in the query that it is kept as. */
export const returnedName = '?column?';
