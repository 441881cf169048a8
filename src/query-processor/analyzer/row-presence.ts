/**
 * Row presence: whether a row of a subquery is there. Behind an outer join a row that had no match is NULL, while one whose columns are all
 * NULL is a row; a constant column, made an output of the subquery when somebody asks, tells the two apart. Tables have their keys for that.
 */
import type { ColumnId } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import type { Analysis } from './environment.ts';
import type { LogicalPlan, NamedExpression } from './logical-plan.ts';

type MarkedPlan = { readonly plan: LogicalPlan; readonly takeKeyColumn: (() => ColumnId) | undefined };

/** The plan as it is, and a way to give it the column while the statement is being bound. Only where its last step makes columns. */
export function withPresence(analysis: Analysis, plan: LogicalPlan): MarkedPlan {
  if (plan.kind !== 'project') return { plan, takeKeyColumn: undefined };
  const targets: NamedExpression[] = [...plan.targets];
  let id: ColumnId | undefined;
  return {
    plan: { ...plan, targets },
    takeKeyColumn: () => {
      if (id === undefined) {
        id = analysis.newColumnId();
        targets.push({ id, name: 'key', expression: { kind: 'constant', value: '', type: rowKeyType } });
      }
      return id;
    },
  };
}
