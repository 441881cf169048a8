/**
 * What the files of the physical choice share: the context of one statement, what a parent wishes, what a child answers.
 *
 *   P1  A plan's output holds all columns of the logical operator that it stands for, and may hold more. Who needs the exact list
 *       (the top, DISTINCT over all columns) projects.
 *   P2  No expression in a physical plan names a column that its input has not: columns of outer queries have become outer values.
 */
import type { ColumnId, Expression, SortKey } from '#sql/expression.ts';
import type { LogicalPlan, OutputColumn } from '../../analyzer/logical-plan.ts';
import type { PlannerEnvironment } from '../environment.ts';
import type { Estimator } from '../estimate-rows.ts';
import type { PhysicalPlan } from '../physical-plan.ts';

export type Planning = {
  readonly environment: PlannerEnvironment;
  readonly estimator: Estimator;
  readonly newColumnId: () => ColumnId;
  /** Names of common tables by id, for their scans. */
  readonly commonTableNames: Map<number, string>;
  /** Plans an operator and all beneath it. */
  readonly plan: (logical: LogicalPlan, wish: Wish) => Planned;
};

/** What a parent could make use of. A child may disregard it. */
export type Wish = {
  readonly order: readonly SortKey[] | undefined;
  /** The parent will probably read so many rows only. */
  readonly rowLimit: number | undefined;
};

export const noWish: Wish = { order: undefined, rowLimit: undefined };

export type Planned = { readonly plan: PhysicalPlan; readonly ordering: Ordering };

/** In which order rows come: by `keys`, where the columns in `constants` have one value in all rows. */
export type Ordering = { readonly keys: readonly OrderingKey[]; readonly constants: ReadonlySet<ColumnId> };
export type OrderingKey = { readonly id: ColumnId; readonly descending: boolean; readonly nullsFirst: boolean; readonly hasNulls: boolean };

export const unordered: Ordering = { keys: [], constants: new Set() };

/** The order's keys under other names, as far as they have one. */
export function renamedKeys(ordering: Ordering, names: ReadonlyMap<ColumnId, ColumnId>): readonly OrderingKey[] {
  const keys: OrderingKey[] = [];
  for (const key of ordering.keys) {
    if (ordering.constants.has(key.id)) continue;
    const id = names.get(key.id);
    if (id === undefined) break;
    keys.push({ ...key, id });
  }
  return keys;
}

/** True when rows in this order are sorted by `keys`. */
export const satisfies = (ordering: Ordering, keys: readonly SortKey[]): boolean => sortedKeys(ordering, keys) === keys.length;

/** By how many of the leading keys rows in this order are sorted. */
export function sortedKeys(ordering: Ordering, keys: readonly SortKey[]): number {
  let at = 0;
  const seen = new Set<ColumnId>(ordering.constants);
  for (const [count, key] of keys.entries()) {
    const id = sortColumn(key.expression);
    if (id === undefined) {
      if (key.expression.kind === 'constant' || key.expression.kind === 'parameter' || key.expression.kind === 'outerValue') continue;
      return count;
    }
    if (seen.has(id)) continue;
    while (at < ordering.keys.length && seen.has(ordering.keys[at].id)) at++;
    const has = ordering.keys[at];
    if (has === undefined || has.id !== id || has.descending !== key.descending) return count;
    if (has.hasNulls && has.nullsFirst !== key.nullsFirst) return count;
    seen.add(id);
    at++;
  }
  return keys.length;
}

/** True when rows with equal values in `ids` come next to each other. */
export function isGrouped(ordering: Ordering, ids: ReadonlySet<ColumnId>): boolean {
  const left = new Set([...ids].filter((id) => !ordering.constants.has(id)));
  for (const key of ordering.keys) {
    if (left.size === 0) return true;
    if (ordering.constants.has(key.id)) continue;
    if (!left.delete(key.id)) return false;
  }
  return left.size === 0;
}

/** The column that an expression sorts like. */
export function sortColumn(e: Expression): ColumnId | undefined {
  return e.kind === 'column' ? e.id : undefined;
}

export const idsOf = (output: readonly OutputColumn[]): ReadonlySet<ColumnId> => new Set(output.map((column) => column.id));
