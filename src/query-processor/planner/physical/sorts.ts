/** ORDER BY: nothing where the input comes in order, else a sort, or a top-N of it. */
import type { SortKey } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { sameExpression } from '../expression-tree.ts';
import { cpuOperator, disabledCost, estimate, sortCost, widthOfAll } from './cost.ts';
import { lift } from './lift.ts';
import { type Ordering, type OrderingKey, type Planned, type Planning, satisfies, sortColumn } from './planning.ts';

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
  const distinctKeys = withoutRepeats(keys);
  if (distinctKeys.length === 0 || satisfies(input.ordering, distinctKeys)) return input;
  const { totalCost, rows } = input.plan.estimate;
  const penalty = planning.environment.settings.enableSort ? 0 : disabledCost;
  const startup = totalCost + sortCost(rows, limit) + penalty;
  const kept = limit === undefined ? rows : Math.min(rows, limit);
  const { output } = input.plan;
  return {
    ordering: orderingBy(distinctKeys, input.ordering),
    plan: {
      kind: 'sort',
      input: input.plan,
      keys: distinctKeys,
      limit,
      output,
      estimate: estimate(startup, startup + kept * cpuOperator, kept, widthOfAll(output)),
    },
  };
}

/** A key that repeats an earlier one, or is a constant, decides nothing. */
function withoutRepeats(keys: readonly SortKey[]): readonly SortKey[] {
  const kept: SortKey[] = [];
  for (const key of keys) {
    const { kind } = key.expression;
    if (kind === 'constant' || kind === 'parameter') continue;
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
