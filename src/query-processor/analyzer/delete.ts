/** DELETE: the rows to remove, found with the help of USING. */
import type { DeleteStmt } from '@pgsql/types';
import { openTarget } from './change-target.ts';
import { currentRow } from './current-of.ts';
import { bindReturning } from './data-change.ts';
import { bindCondition, required } from './expression.ts';
import { Scope } from './scope.ts';
import type { BoundSelect } from './select.ts';
import { bindTargetAndFrom } from './update.ts';
import { bindWith } from './with-clause.ts';

export function bindDelete(parent: Scope, node: DeleteStmt): BoundSelect {
  const scope = new Scope(parent.analysis, parent);
  const wrap = bindWith(scope, node.withClause);
  const relation = required(node.relation);
  const from = openTarget(scope, relation, 'delete from');
  const { table } = from;
  const { input, keyColumn, oldColumns, target, fromEntries } = bindTargetAndFrom(scope, from, relation, node.usingClause);
  const where = node.whereClause;
  const plan =
    where === undefined
      ? input
      : 'CurrentOfExpr' in where
        ? currentRow(scope.analysis, input, where.CurrentOfExpr, table)
        : ({ kind: 'filter', input, condition: scope.within('where', () => bindCondition(scope, where, 'WHERE')) } as const);
  const returning = bindReturning(scope, node.returningList, [target, ...fromEntries]);
  return {
    plan: wrap({ kind: 'delete', table, input: plan, keyColumn, oldColumns, returning: returning.named }),
    output: returning.output,
  };
}
