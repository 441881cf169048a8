/** Assignment to a part of a column: INSERT INTO t (a[1]), UPDATE t SET a[2:3] = ..., j['key'] = ... */
import type { A_Indices, Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import type { ColumnDescriptor } from '../catalog/descriptors.ts';
import { coerceToTarget } from './coercion.ts';
import { bindSubscripts, stringOf } from './expression-names.ts';
import type { Scope } from './scope.ts';
import { typeDisplayName } from './type-facts.ts';

/** Where in a column a value goes. */
export type Part = { readonly column: ColumnDescriptor; readonly steps: readonly Node[]; readonly location: number | undefined };

export const isPart = (steps: readonly Node[] | undefined): steps is readonly Node[] => (steps?.length ?? 0) > 0;

/** DEFAULT is of a whole column. */
export function refuseDefaultOfPart(scope: Scope, part: Part): never {
  const what = part.steps.some((step) => 'A_Indices' in step) ? 'an array element' : 'a subfield';
  throw scope.analysis.notSupported(`cannot set ${what} to DEFAULT`, part.location);
}

/** The column's new value: `container` with `value` in the part. */
export function assignPart(scope: Scope, part: Part, container: Expression, value: Expression): Expression {
  const { analysis } = scope;
  const { column, steps, location } = part;
  const field = steps.find((step) => !('A_Indices' in step));
  if (field !== undefined) {
    if ('A_Star' in field) throw analysis.notSupported('row expansion via "*" is not supported here', location);
    throw analysis.error(
      sqlstate.datatypeMismatch,
      `cannot assign to field "${stringOf(field)}" of column "${column.name}" because its type ${typeDisplayName(column.type.oid)} is not a composite type`,
      location,
    );
  }
  const indices = steps.flatMap((step): readonly A_Indices[] => ('A_Indices' in step ? [step.A_Indices] : []));
  const target = bindSubscripts(scope, analysis.locate({ ...container }, location), indices);
  const coerced = coerceToTarget(analysis, value, target.type, 'assignment');
  if (coerced === undefined)
    throw analysis.error(
      sqlstate.datatypeMismatch,
      `subscripted assignment to "${column.name}" requires type ${typeDisplayName(target.type.oid)} but expression is of type ${typeDisplayName(value.type.oid)}`,
      analysis.locationOf(value),
      { hint: 'You will need to rewrite or cast the expression.' },
    );
  return {
    kind: 'assignSubscript',
    arg: container,
    isSlice: target.isSlice,
    subscripts: target.subscripts,
    value: coerced,
    type: column.type,
  };
}
