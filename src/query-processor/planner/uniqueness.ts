/**
 * Uniqueness: whether a plan gives at most one row for given values of some of its columns. What a LEFT JOIN adds no rows by and no column of, it need
 * not run.
 */
import { btreeStrategy } from '#sql/builtins.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan } from '../analyzer/logical-plan.ts';
import { columnsOf, conjunctsOf, overlaps } from './expression-tree.ts';
import { outputIds } from './plan-tree.ts';

type Ids = ReadonlySet<ColumnId>;

/** At most one row of `right` goes with each row of the other side. */
export function matchesAtMostOnce(right: LogicalPlan, condition: Expression | undefined): boolean {
  return isUniqueBy(right, fixedColumns(conjunctsOf(condition), outputIds(right)));
}

/** Columns that the conditions set equal to something that is not of the plan itself. */
function fixedColumns(conditions: readonly Expression[], own: Ids): Ids {
  const fixed = new Set<ColumnId>();
  for (const condition of conditions) {
    if (condition.kind !== 'function' || condition.form.kind !== 'operator' || condition.args.length !== 2) continue;
    if (btreeStrategy(condition.form.operator)?.strategy !== 3) continue;
    const [left, right] = condition.args;
    for (const [key, value] of [
      [left, right],
      [right, left],
    ]) {
      const column = key.kind === 'relabel' ? key.arg : key;
      if (column.kind === 'column' && own.has(column.id) && !overlaps(columnsOf(value), own)) fixed.add(column.id);
    }
  }
  return fixed;
}

function isUniqueBy(plan: LogicalPlan, given: Ids): boolean {
  switch (plan.kind) {
    case 'oneRow':
      return true;
    case 'scan': {
      if (plan.keyColumn !== undefined && given.has(plan.keyColumn)) return true;
      const attributes = new Set(plan.columns.filter((column) => given.has(column.id)).map((column) => column.attributeNumber));
      const { primaryKey, indexes } = plan.table;
      if (primaryKey?.attributeNumbers.every((attribute) => attributes.has(attribute)) === true) return true;
      return indexes.some(
        (index) =>
          index.isUnique &&
          index.state === 'valid' &&
          index.predicateText === undefined &&
          index.keys.every((key) => attributes.has(key.attributeNumber)),
      );
    }
    case 'filter':
      return isUniqueBy(plan.input, new Set([...given, ...fixedColumns(conjunctsOf(plan.condition), outputIds(plan.input))]));
    case 'sort':
    case 'limit':
    case 'window':
      return isUniqueBy(plan.input, given);
    case 'project': {
      const below = new Set<ColumnId>();
      for (const { id, expression } of plan.targets) if (given.has(id) && expression.kind === 'column') below.add(expression.id);
      for (const id of outputIds(plan.input)) if (given.has(id)) below.add(id);
      return isUniqueBy(plan.input, below);
    }
    case 'aggregate':
      return plan.groupingSets === undefined && plan.groupBy.every((group) => given.has(group.id));
    case 'distinct':
      if (plan.on === undefined && [...outputIds(plan.input)].every((id) => given.has(id))) return true;
      if (plan.on?.every((key) => key.kind === 'column' && given.has(key.id)) === true) return true;
      return isUniqueBy(plan.input, given);
    case 'join':
      if (plan.join === 'semi' || plan.join === 'anti') return isUniqueBy(plan.left, given);
      return false;
    default:
      return false;
  }
}
