/** Which columns a plan puts out. */
import { unreachable } from '#base/assert.ts';
import type { ColumnId } from '#sql/expression.ts';
import type { LogicalPlan } from './logical-plan.ts';

export function outputIdsOf(plan: LogicalPlan): ReadonlySet<ColumnId> {
  const ids = new Set<ColumnId>();
  collect(plan, ids);
  return ids;
}

function collect(plan: LogicalPlan, ids: Set<ColumnId>): void {
  const add = (columns: readonly { readonly id: ColumnId }[]): void => {
    for (const { id } of columns) ids.add(id);
  };
  switch (plan.kind) {
    case 'oneRow':
      return;
    case 'scan':
      add(plan.columns);
      if (plan.keyColumn !== undefined) ids.add(plan.keyColumn);
      return;
    case 'values':
    case 'setOperation':
    case 'cteScan':
      add(plan.columns);
      return;
    case 'project':
    case 'projectSet':
      add(plan.targets);
      return;
    case 'filter':
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'lockRows':
    case 'with':
      collect(plan.input, ids);
      return;
    case 'join':
      collect(plan.left, ids);
      if (plan.join !== 'semi' && plan.join !== 'anti') collect(plan.right, ids);
      return;
    case 'aggregate':
      add(plan.groupBy);
      add(plan.aggregates);
      add(plan.groupings);
      return;
    case 'window':
      collect(plan.input, ids);
      add(plan.calls);
      return;
    case 'functionScan':
      for (const { columns } of plan.functions) add(columns);
      if (plan.ordinality !== undefined) ids.add(plan.ordinality.id);
      return;
    case 'insert':
    case 'update':
    case 'delete':
      add(plan.returning ?? []);
      return;
    default:
      unreachable(plan);
  }
}
