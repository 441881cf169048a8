/** ORDER BY: nothing where the input comes in order, else a sort, or a top-N of it; where the input is sorted by the first keys, of one group after the other. */
import type { ColumnId, SortKey } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { sameExpression } from '../expression-tree.ts';
import type { Estimate } from '../physical-plan.ts';
import { cpuOperator, disabledCost, estimate, sortCost, widthOfAll } from './cost.ts';
import { lift } from './lift.ts';
import { type Ordering, type OrderingKey, type Planned, type Planning, sortColumn, sortedKeys } from './planning.ts';

/** `limit`: only so many of the first rows are read, for certain. `rowLimit`: probably. */
export function planSort(
  sort: Extract<LogicalPlan, { kind: 'sort' }>,
  limit: number | undefined,
  rowLimit: number | undefined,
  planning: Planning,
): Planned {
  const input = planning.plan(sort.input, { order: sort.keys, rowLimit });
  const lifted = lift(
    input,
    sort.keys.map((key) => key.expression),
    planning,
  );
  return sorted(
    lifted.input,
    sort.keys.map((key, i) => (key.expression === lifted.expressions[i] ? key : { ...key, expression: lifted.expressions[i] })),
    limit,
    planning,
  );
}

export function sorted(input: Planned, keys: readonly SortKey[], limit: number | undefined, planning: Planning): Planned {
  const distinctKeys = withoutRepeats(keys, input.ordering.constants);
  const presorted = presortedKeys(input.ordering, distinctKeys, planning);
  if (presorted === distinctKeys.length) return input;
  const { totalCost, rows } = input.plan.estimate;
  const penalty = planning.environment.settings.enableSort ? 0 : disabledCost;
  const kept = limit === undefined ? rows : Math.min(rows, limit);
  const groups = presorted === 0 ? 1 : groupsOf(distinctKeys.slice(0, presorted), rows, planning);
  const startup =
    presorted === 0
      ? totalCost + sortCost(rows, limit) + penalty
      : groupedSortCost(input.plan.estimate, groups, Math.min(rows, 1), penalty);
  const total =
    presorted === 0 ? startup + kept * cpuOperator : groupedSortCost(input.plan.estimate, groups, kept, penalty) + kept * cpuOperator;
  const { output } = input.plan;
  return {
    ordering: orderingBy(distinctKeys, input.ordering),
    plan: {
      kind: 'sort',
      input: input.plan,
      keys: distinctKeys,
      presorted,
      limit,
      output,
      estimate: estimate(startup, total, kept, widthOfAll(output)),
    },
  };
}

/** All keys, where no more is left to sort; none of several, where sorting by groups is switched off. */
export function presortedKeys(ordering: Ordering, keys: readonly SortKey[], planning: Planning): number {
  const count = sortedKeys(ordering, keys);
  return count === keys.length || planning.environment.settings.enableIncrementalSort ? count : 0;
}

/** Into how many groups the values of the keys divide so many rows. */
export function groupsOf(keys: readonly SortKey[], rows: number, { estimator }: Planning): number {
  let groups = 1;
  for (const { expression } of keys) {
    const id = sortColumn(expression);
    if (id !== undefined) groups *= estimator.distinct(id, rows);
  }
  return Math.max(1, Math.min(groups, rows));
}

/** Reading, and sorting group by group, until so many rows are out: whole groups, and no more of the input than they need. */
export function groupedSortCost(input: Estimate, groups: number, wanted: number, penalty: number): number {
  const inGroup = Math.max(1, input.rows / groups);
  const read = Math.min(input.rows, Math.ceil(wanted / inGroup) * inGroup);
  const share = input.rows === 0 ? 1 : read / input.rows;
  return input.startupCost + (input.totalCost - input.startupCost) * share + sortCost(inGroup, undefined) * (read / inGroup) + penalty;
}

/** A key that repeats an earlier one, or has one value in all rows, decides nothing. */
function withoutRepeats(keys: readonly SortKey[], constants: ReadonlySet<ColumnId>): readonly SortKey[] {
  const kept: SortKey[] = [];
  for (const key of keys) {
    const { kind } = key.expression;
    if (kind === 'constant' || kind === 'parameter' || (key.expression.kind === 'column' && constants.has(key.expression.id))) continue;
    if (!kept.some((earlier) => sameExpression(earlier.expression, key.expression))) kept.push(key);
  }
  return kept.length === keys.length ? keys : kept;
}

function orderingBy(keys: readonly SortKey[], before: Ordering): Ordering {
  const ordered: OrderingKey[] = [];
  for (const key of keys) {
    const id = sortColumn(key.expression);
    if (id === undefined) break;
    ordered.push({ id, descending: key.descending, nullsFirst: key.nullsFirst, hasNulls: true });
  }
  return { keys: ordered, constants: before.constants };
}
