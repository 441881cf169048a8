/** GROUP BY: the grouping expressions, and the grouping sets that GROUPING SETS, ROLLUP and CUBE make of them. */
import type { GroupingSet, Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { resolveUnknown } from './coercion.ts';
import { findTarget } from './order-by.ts';
import type { Scope } from './scope.ts';
import { requireOrder } from './sort-key.ts';
import type { Target } from './targets.ts';

export type GroupBy = {
  readonly targets: readonly Target[];
  /** Indexes into targets; undefined: one set of all. */
  readonly sets: readonly (readonly number[])[] | undefined;
};

type Sets = readonly (readonly number[])[];

const setCountMax = 4096;

/** undefined without GROUP BY. */
export function bindGroupBy(scope: Scope, nodes: readonly Node[] | undefined, targets: Target[], isDistinct: boolean): GroupBy | undefined {
  if (nodes === undefined || nodes.length === 0) return undefined;
  const grouped: Target[] = [];
  const indexOf = (node: Node): number => {
    const target = findTarget(scope, node, targets, 'GROUP BY');
    target.expression = resolveUnknown(scope.analysis, target.expression);
    requireOrder(scope.analysis, target.expression, 'equality');
    const known = grouped.indexOf(target);
    return known >= 0 ? known : grouped.push(target) - 1;
  };
  const perItem = nodes.map((node) => setsOf(scope, node, indexOf));
  const hasSets = nodes.some((node) => 'GroupingSet' in node);
  if (!hasSets) return { targets: grouped, sets: undefined };
  let combined: Sets = [[]];
  for (const sets of perItem) {
    combined = combined.flatMap((left) => sets.map((right) => [...new Set([...left, ...right])]));
    if (combined.length > setCountMax)
      throw scope.analysis.error(sqlstate.statementTooComplex, `too many grouping sets present (maximum ${setCountMax})`);
  }
  if (isDistinct) {
    const seen = new Set<string>();
    combined = combined.filter((set) => {
      const key = [...set].sort((a, b) => a - b).join();
      return seen.size < seen.add(key).size;
    });
  }
  return { targets: grouped, sets: combined };
}

function setsOf(scope: Scope, node: Node, indexOf: (node: Node) => number): Sets {
  if ('GroupingSet' in node) return groupingSets(scope, node.GroupingSet, indexOf);
  return [columnsOf(node, indexOf)];
}

/** (a, b) counts as its columns. */
function columnsOf(node: Node, indexOf: (node: Node) => number): readonly number[] {
  if ('RowExpr' in node && node.RowExpr.row_format === 'COERCE_IMPLICIT_CAST')
    return (node.RowExpr.args ?? []).flatMap((arg) => columnsOf(arg, indexOf));
  return [indexOf(node)];
}

function groupingSets(scope: Scope, set: GroupingSet, indexOf: (node: Node) => number): Sets {
  const content = set.content ?? [];
  switch (set.kind) {
    case 'GROUPING_SET_EMPTY':
      return [[]];
    case 'GROUPING_SET_SETS':
      return content.flatMap((node) => setsOf(scope, node, indexOf));
    case 'GROUPING_SET_ROLLUP': {
      const items = content.map((node) => columnsOf(node, indexOf));
      return Array.from({ length: items.length + 1 }, (_, cut) => items.slice(0, items.length - cut).flat());
    }
    case 'GROUPING_SET_CUBE': {
      if (content.length > 12) throw scope.analysis.error(sqlstate.tooManyColumns, 'CUBE is limited to 12 elements', set.location);
      const items = content.map((node) => columnsOf(node, indexOf));
      const all = 2 ** items.length;
      return Array.from({ length: all }, (_, mask) => items.filter((_item, at) => ((all - 1 - mask) & (1 << at)) !== 0).flat());
    }
    default:
      return content.map((node) => columnsOf(node, indexOf));
  }
}
