/**
 * A known defect of Aurora DSQL, which profile `dsql` repeats rather than give an answer that DSQL does not: the subquery of a
 * LEFT JOIN LATERAL over one table cannot put out a column of the outer relation. DSQL reads the outer column's number in the inner
 * table, and finds a column of another type there (recorded 2026-09-18; CROSS and INNER JOIN LATERAL are not affected).
 */
import type { ColumnId } from '#sql/expression.ts';
import { typeRef } from '#sql/type.ts';
import { formatType } from '#sql/types/registry.ts';
import type { Analysis } from './environment.ts';
import type { LogicalPlan } from './logical-plan.ts';
import type { RangeColumn } from './scope.ts';
import { columnsIn } from './walk.ts';

export function refuseOuterProjection(analysis: Analysis, outer: readonly RangeColumn[], subquery: LogicalPlan): void {
  if (subquery.kind !== 'project') return;
  let inner = subquery.input;
  while (inner.kind === 'filter') inner = inner.input;
  if (inner.kind !== 'scan') return;
  const { table } = inner;
  const byId = new Map<ColumnId, RangeColumn>();
  for (const column of outer) if (column.expression.kind === 'column') byId.set(column.expression.id, column);
  for (const { expression } of subquery.targets)
    columnsIn(expression, ({ id }) => {
      const column = byId.get(id);
      if (column === undefined || column.attributeNumber <= 0) return;
      const { attributeNumber } = column;
      const found = table.columns[attributeNumber - 1];
      const wanted = column.expression.type;
      if (found === undefined)
        throw analysis.error('42804', `attribute number ${attributeNumber} exceeds number of columns ${table.columns.length}`);
      if (found.type.oid === wanted.oid) return;
      throw analysis.error('42804', `attribute ${attributeNumber} of type ${table.name} has wrong type`, undefined, {
        detail: `Table has type ${formatType(typeRef(found.type.oid))}, but query expects ${formatType(typeRef(wanted.oid))}.`,
      });
    });
}
