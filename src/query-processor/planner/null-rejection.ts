/** When does a condition fail for a row whose columns of one side are all NULL? */
import { operatorByOid, procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';

/** The condition is not true (false or NULL) whenever all of `columns` are NULL. */
export function rejectsNulls(e: Expression, columns: ReadonlySet<ColumnId>): boolean {
  switch (e.kind) {
    case 'and':
      return e.args.some((arg) => rejectsNulls(arg, columns));
    case 'or':
      return e.args.every((arg) => rejectsNulls(arg, columns));
    case 'constant':
      return e.value !== true;
    case 'isNull':
      return e.negated && nullWhenNull(e.arg, columns);
    case 'booleanTest':
      if (e.test === 'unknown') return e.negated && nullWhenNull(e.arg, columns);
      if (e.test === 'true' && !e.negated) return rejectsNulls(e.arg, columns);
      return !e.negated && nullWhenNull(e.arg, columns);
    case 'subquery':
      return false;
    default:
      return nullWhenNull(e, columns);
  }
}

/** The value is NULL whenever all of `columns` are NULL. */
export function nullWhenNull(e: Expression, columns: ReadonlySet<ColumnId>): boolean {
  switch (e.kind) {
    case 'column':
      return columns.has(e.id);
    case 'constant':
      return e.value === null;
    case 'function':
      return procByOid(e.function)?.strict === true && !e.returnsSet && e.args.some((arg) => nullWhenNull(arg, columns));
    case 'not':
    case 'relabel':
    case 'applyTypmod':
    case 'convertByText':
    case 'field':
      return nullWhenNull(e.arg, columns);
    case 'and':
    case 'or':
      return e.args.every((arg) => nullWhenNull(arg, columns));
    case 'arrayComparison': {
      const operator = operatorByOid(e.operator);
      const strict = procByOid(e.function)?.strict === true;
      // Over an empty array the answer is known without looking at the left side.
      const isFilled =
        e.right.kind === 'constant' && e.right.value instanceof Object && 'items' in e.right.value && e.right.value.items.length > 0;
      return operator !== undefined && strict && ((isFilled && nullWhenNull(e.left, columns)) || nullWhenNull(e.right, columns));
    }
    default:
      return false;
  }
}
