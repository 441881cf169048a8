/** Notes what a SELECT says (stated-query.ts), taken between binding and aggregation, which rewrites the targets in place. */
import type { LockingClause, Node, SelectStmt } from '@pgsql/types';
import type { AggregateCall, ColumnId, Expression, WindowCall } from '#sql/expression.ts';
import type { GroupBy } from './group-by.ts';
import { findTarget, type SortTarget } from './order-by.ts';
import type { RangeItem, Scope } from './scope.ts';
import type { Limits, StatedBody } from './select.ts';
import { type StatedFrom, type StatedLock, type StatedQuery, type StatedSelect, statedGrouping } from './stated-query.ts';
import type { Target } from './targets.ts';

type SelectParts = {
  readonly from: readonly StatedFrom[];
  readonly targets: Target[];
  readonly where: Expression | undefined;
  readonly having: Expression | undefined;
  readonly groupBy: GroupBy | undefined;
  readonly order: readonly SortTarget[];
  readonly distinct: { readonly on: readonly Target[] | undefined } | undefined;
  readonly limits: Limits | undefined;
};

/** The answer is asked for once the types of literals are settled. */
export function stateSelect(scope: Scope, node: SelectStmt, parts: SelectParts): () => StatedBody {
  const { targets, groupBy, distinct } = parts;
  const before = new Map(targets.map((target) => [target, target.expression]));
  const expressionOf = (target: Target): Expression => before.get(target) ?? target.expression;
  const plain = targets.filter((target) => !target.isJunk);
  const grouping =
    groupBy === undefined
      ? []
      : (node.groupClause ?? []).map((entry) =>
          statedGrouping(entry, (item) => groupedNodes(item).map((each) => expressionOf(findTarget(scope, each, targets, 'GROUP BY')))),
        );
  const tail = statedTail(targets, parts.order, parts.limits);
  const locks = (node.lockingClause ?? []).flatMap((entry) => ('LockingClause' in entry ? [statedLock(scope, entry.LockingClause)] : []));
  const body = (): StatedSelect => ({
    kind: 'select',
    distinct: distinct === undefined ? undefined : { on: distinct.on?.map(expressionOf) },
    targets: plain.map((target) => ({
      name: target.name,
      // What is around a SELECT may give a literal its type after.
      expression: target.expression.kind === 'constant' ? target.expression : expressionOf(target),
    })),
    from: parts.from,
    rangeTable: scope.rangeTable,
    where: parts.where,
    grouping,
    isGroupDistinct: node.groupDistinct === true,
    having: parts.having,
    windows: scope.windows,
    computed: computedOf(scope),
  });
  return () => ({ body: body(), ...tail, locks });
}

/** (a, b) counts as its columns. */
function groupedNodes(node: Node): readonly Node[] {
  if ('RowExpr' in node && node.RowExpr.row_format === 'COERCE_IMPLICIT_CAST') return (node.RowExpr.args ?? []).flatMap(groupedNodes);
  return [node];
}

function computedOf(scope: Scope): ReadonlyMap<ColumnId, AggregateCall | WindowCall | readonly Expression[]> {
  const computed = new Map<ColumnId, AggregateCall | WindowCall | readonly Expression[]>();
  for (const { id, call } of scope.aggregates) computed.set(id, call);
  for (const { id, call } of scope.windowCalls) computed.set(id, call);
  for (const { id, args } of scope.groupings) computed.set(id, args);
  return computed;
}

/** ORDER BY and LIMIT. */
export function statedTail(
  targets: readonly Target[],
  order: readonly SortTarget[],
  limits: Limits | undefined,
): Pick<StatedQuery, 'order' | 'count' | 'offset' | 'withTies'> {
  return {
    order: order.map(({ target, descending, nullsFirst }) => ({
      expression: target.expression,
      position: targets.indexOf(target) + 1,
      descending,
      nullsFirst,
    })),
    count: limits?.count,
    offset: limits?.offset,
    withTies: limits?.withTies === true,
  };
}

const strengths: Readonly<Record<string, string>> = {
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORUPDATE: 'FOR UPDATE',
};
const waits: Readonly<Record<string, string>> = { LockWaitSkip: ' SKIP LOCKED', LockWaitError: ' NOWAIT' };

function statedLock(scope: Scope, clause: LockingClause): StatedLock {
  const named = (clause.lockedRels ?? []).flatMap((node) => ('RangeVar' in node ? [node.RangeVar.relname ?? ''] : []));
  const isLocked = (item: RangeItem): boolean =>
    named.length === 0 ? item.kind === 'relation' || item.kind === 'subquery' : named.includes(item.name);
  return {
    strength: strengths[clause.strength ?? ''] ?? 'FOR UPDATE',
    waiting: waits[clause.waitPolicy ?? ''] ?? '',
    items: scope.rangeTable.filter(isLocked),
  };
}
