/**
 * Calls of functions whose body is one INSERT, UPDATE or DELETE.
 *
 *   N1  The change is made exactly once: so such a call is a target of the statement's outermost SELECT, which has no FROM, and the only one.
 *   N2  It is made to its end, whatever the caller takes of its rows.
 *
 * The statement that calls does not see the change, as PostgreSQL's snapshot would not let it.
 */
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { nullConstant, returnsSet } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { type FunctionStatement, isDataChange } from './function-body.ts';
import { noResult, type ResultForm, resultColumns } from './function-result.ts';
import { bindBodyStatement } from './function-statement.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import type { Scope } from './scope.ts';

export const changesData = (statements: readonly FunctionStatement[]): boolean =>
  statements.length === 1 && isDataChange(statements[0].node);

/** N1 */
export function requireChangeOnce(scope: Scope, descriptor: FunctionDescriptor, args: readonly Expression[]): void {
  const { analysis } = scope;
  const isAlone =
    scope.kind === 'target' && scope.parent === undefined && !scope.isRoot && scope.rangeTable.length === 0 && !analysis.isInner;
  if (!isAlone || args.some(returnsSet))
    throw analysis.notSupported(
      `the SQL function ${descriptor.name} changes data: it can only be called in the targets of a SELECT without FROM`,
    );
  analysis.noteChangingCall(descriptor);
}

export type BoundChange = { readonly plan: LogicalPlan; readonly targets: readonly NamedExpression[] };

/** N2: the change as a common table, which is always run to its end. */
export function bindChangeBody(
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  statement: FunctionStatement,
  form: ResultForm,
): BoundChange {
  const { plan, output } = bindBodyStatement(analysis, descriptor, statement.node);
  const isVoid = form.type.oid === oid.void;
  if (!isVoid && output.length === 0) throw noResult(analysis, descriptor, form);
  const id = analysis.newCteId();
  const columns: readonly OutputColumn[] = output.map((column) => ({ ...column, id: analysis.newColumnId() }));
  const rows: LogicalPlan = isVoid ? { kind: 'oneRow' } : { kind: 'cteScan', cte: id, alias: descriptor.name, columns };
  const values = columns.map((column): Expression => ({ kind: 'column', id: column.id, name: column.name, type: column.type }));
  const targets: readonly NamedExpression[] = isVoid
    ? [{ id: analysis.newColumnId(), name: descriptor.name, expression: nullConstant(oid.void) }]
    : resultColumns(analysis, form, values, descriptor);
  const first: LogicalPlan = descriptor.returnsSet
    ? rows
    : {
        kind: 'limit',
        input: rows,
        count: { kind: 'constant', value: 1, type: { oid: oid.int8, typmod: -1 } },
        offset: undefined,
        withTies: undefined,
      };
  return {
    plan: {
      kind: 'with',
      cte: {
        id,
        name: descriptor.name,
        columns: output.map((column, at) => ({ ...column, id: columns[at].id })),
        plan,
        planColumns: output.map((column) => column.id),
        recursive: undefined,
        materialized: undefined,
        referenceCount: isVoid ? 0 : 1,
        modifies: true,
      },
      input: { kind: 'project', input: first, targets },
    },
    targets,
  };
}
