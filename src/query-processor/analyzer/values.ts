/** VALUES as a query: rows of expressions, each column of one common type. */
import type { Node, SelectStmt } from '@pgsql/types';
import type { Expression } from '#sql/expression.ts';
import { unify } from './common-type.ts';
import { bindExpression } from './expression.ts';
import { rangeColumn } from './from-clause.ts';
import { lockingName } from './locking.ts';
import type { OutputColumn } from './logical-plan.ts';
import { bindOrderBy } from './order-by.ts';
import { type RangeItem, type Scope, visible } from './scope.ts';
import { type BoundSelect, bindLimits, finishSelect, lockingClauses, type StatedBody } from './select.ts';
import { statedTail } from './state-select.ts';
import { expandStar, type Target } from './targets.ts';

export function bindValues(scope: Scope, node: SelectStmt): { readonly bound: BoundSelect; readonly state: () => StatedBody } {
  const analysis = scope.analysis;
  const rows = bindRows(scope, node.valuesLists ?? []);
  const width = rows[0]?.length ?? 0;
  const unified = Array.from({ length: width }, (_, at) =>
    unify(
      analysis,
      rows.map((row) => row[at]),
      'VALUES',
    ),
  );
  const columns: OutputColumn[] = unified.map(({ type }, at) => ({
    id: analysis.newColumnId(),
    name: `column${at + 1}`,
    type,
    tableOid: 0,
    attributeNumber: 0,
  }));
  const item: RangeItem = {
    kind: 'values',
    name: '*VALUES*',
    hasAlias: true,
    table: undefined,
    columns: columns.map(rangeColumn),
    isScalar: false,
    takeKeyColumn: undefined,
  };
  scope.namespace = [visible(scope.addItem(item))];
  const targets: Target[] = columns.map(({ id, name, type }) => ({ expression: { kind: 'column', id, name, type }, name, isJunk: false }));
  const order = bindOrderBy(scope, node.sortClause, targets);
  const limits = bindLimits(scope, node);
  const [locking] = lockingClauses(node.lockingClause);
  if (locking !== undefined) throw analysis.notSupported(`${lockingName(locking)} cannot be applied to VALUES`);
  const plan = { kind: 'values', columns, rows: rows.map((_, row) => unified.map(({ expressions }) => expressions[row])) } as const;
  return {
    bound: finishSelect(scope, plan, targets, { order, distinct: undefined, limits, locks: [] }),
    state: () => ({ body: { kind: 'values', item, rows: plan.rows }, ...statedTail(targets, order, limits), locks: [] }),
  };
}

/** The rows of VALUES lists, which all have one length. */
function bindRows(scope: Scope, lists: readonly Node[]): Expression[][] {
  const analysis = scope.analysis;
  let width = -1;
  return lists.map((list) => {
    const items = 'List' in list ? (list.List.items ?? []) : [];
    const row = scope.within('values', () =>
      items.flatMap((item) => expandStar(scope, item)?.map(({ expression }) => expression) ?? [bindExpression(scope, item)]),
    );
    if (width < 0) width = row.length;
    else if (row.length !== width) throw analysis.syntaxError('VALUES lists must all be the same length', analysis.locationOf(row[0]));
    return row;
  });
}
