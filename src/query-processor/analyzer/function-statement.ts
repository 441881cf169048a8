/** One statement of a function's body, and the last one, whose rows are the result. */
import type { Node } from '@pgsql/types';
import type { Expression } from '#sql/expression.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { bindDataChange } from './data-change.ts';
import type { Analysis } from './environment.ts';
import { type FunctionStatement, isDataChange } from './function-body.ts';
import { noResult, type ResultForm, resultColumns } from './function-result.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import { Scope } from './scope.ts';
import { type BoundSelect, bindSelect } from './select.ts';

export function bindBodyStatement(analysis: Analysis, node: Node): BoundSelect {
  if ('SelectStmt' in node) return bindSelect(analysis, node.SelectStmt, undefined, { resolveUnknowns: true });
  if (isDataChange(node)) {
    const root = new Scope(analysis, undefined);
    root.isRoot = true;
    return bindDataChange(root, node);
  }
  throw analysis.notSupported(`${(Object.keys(node)[0] ?? '').replace(/Stmt$/, '')} is not supported in an SQL function`);
}

export type BoundResult = { readonly plan: LogicalPlan; readonly targets: readonly NamedExpression[] };

/** The statement that gives the result; `undefined`: an empty body. */
export function bindLastStatement(
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  statement: FunctionStatement | undefined,
  form: ResultForm,
): BoundResult {
  const bound = statement === undefined ? undefined : bindBodyStatement(analysis, statement.node);
  if (bound === undefined || bound.output.length === 0) throw noResult(form);
  const values = (columns: readonly OutputColumn[]): readonly Expression[] =>
    columns.map(({ id, name, type }): Expression => ({ kind: 'column', id, name, type }));
  const isSelect = statement !== undefined && 'SelectStmt' in statement.node;
  if (isSelect) {
    const targets = resultColumns(analysis, form, values(bound.output), descriptor);
    return { plan: { kind: 'project', input: bound.plan, targets }, targets };
  }
  // A change is made to its end, whatever is taken of its rows: as a common table.
  const id = analysis.newCteId();
  const columns = bound.output.map((column) => ({ ...column, id: analysis.newColumnId() }));
  const targets = resultColumns(analysis, form, values(columns), descriptor);
  const cte = {
    id,
    name: descriptor.name,
    columns,
    plan: bound.plan,
    planColumns: bound.output.map((column) => column.id),
    recursive: undefined,
    materialized: undefined,
    referenceCount: 1,
    modifies: true,
  };
  const rows: LogicalPlan = { kind: 'cteScan', cte: id, alias: descriptor.name, columns };
  return { plan: { kind: 'with', cte, input: { kind: 'project', input: rows, targets } }, targets };
}
