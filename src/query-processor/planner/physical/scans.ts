/** Scans: chooses the access path of a table under its conditions, and builds the operator that reads it. */
import { InvariantError } from '#base/assert.ts';
import type { Expression } from '#sql/expression.ts';
import type { Scan } from '../../analyzer/logical-plan.ts';
import { columnsOf, conjunction, isVolatile } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { outputOf } from '../plan-tree.ts';
import { type Access, accessOf, type Path, pathsOf, reversed } from './access-paths.ts';
import {
  cpuIndexTuple,
  cpuTuple,
  disabledCost,
  estimate,
  expressionCost,
  fetchCost,
  pageBytes,
  seekCost,
  sortCost,
  streaming,
  widthOf,
  widthOfAll,
} from './cost.ts';
import { orScan } from './or-scans.ts';
import { noWish, type Ordering, type Planned, type Planning, satisfies, unordered, type Wish } from './planning.ts';
import { groupedSortCost, groupsOf, presortedKeys } from './sorts.ts';

type Candidate = {
  readonly path: Path;
  readonly access: Access;
  readonly descending: boolean;
  readonly ordering: Ordering;
  readonly startupCost: number;
  readonly totalCost: number;
  readonly rows: number;
  readonly isIndexOnly: boolean;
  /** What decides: the cost as far as the parent will read, with the sort that it would need. */
  readonly weight: number;
};

export function planScan(scan: Scan, conditions: readonly Expression[], wish: Wish, planning: Planning): Planned {
  // Storage evaluates conditions over columns; the row's key comes with what it hands out.
  const isAbove = (c: Expression): boolean => isVolatile(c) || (scan.keyColumn !== undefined && columnsOf(c).has(scan.keyColumn));
  const filters = conditions.filter((c) => !isAbove(c));
  const fixed = conditions.filter(isAbove);
  const scanned = scan.table.kind === 'system' ? systemScan(scan, filters, planning) : tableOrIndexScan(scan, filters, wish, planning);
  const condition = conjunction(fixed);
  if (condition === undefined) return scanned;
  const rows = scanned.plan.estimate.rows * planning.estimator.selectivity(condition);
  return {
    ordering: scanned.ordering,
    plan: {
      kind: 'filter',
      input: scanned.plan,
      condition,
      output: scanned.plan.output,
      estimate: streaming(scanned.plan, rows, expressionCost(condition), scanned.plan.output),
    },
  };
}

function systemScan(scan: Scan, conditions: readonly Expression[], planning: Planning): Planned {
  const filter = conjunction(conditions);
  const output = outputOf(scan);
  const all = planning.estimator.tableRows(scan.table);
  const rows = filter === undefined ? all : Math.max(1, all * planning.estimator.selectivity(filter));
  return {
    ordering: unordered,
    plan: {
      kind: 'systemScan',
      table: scan.table,
      alias: scan.alias,
      filter,
      output,
      estimate: estimate(0, all * (cpuTuple + expressionCost(filter)), rows, widthOfAll(output)),
    },
  };
}

function tableOrIndexScan(scan: Scan, conditions: readonly Expression[], wish: Wish, planning: Planning): Planned {
  if (scan.rowKey !== undefined) return rowScan(scan, scan.rowKey, conditions);
  const best = bestOf(scan, conditions, wish, planning);
  const united = orScan(conditions, (branch) => build(scan, bestOf(scan, branch, noWish, planning)));
  if (united !== undefined) {
    const { startupCost, totalCost, rows } = united.estimate;
    if (weightOf(startupCost, totalCost, rows, unordered, wish, planning) < best.weight)
      return { plan: { ...united, estimate: { ...united.estimate, rows: Math.min(rows, best.rows) } }, ordering: unordered };
  }
  return { plan: build(scan, best), ordering: best.ordering };
}

function bestOf(scan: Scan, conditions: readonly Expression[], wish: Wish, planning: Planning): Candidate {
  let best: Candidate | undefined;
  for (const path of pathsOf(scan, conditions, planning))
    for (const candidate of candidatesOf(scan, path, conditions, wish, planning))
      if (best === undefined || candidate.weight < best.weight) best = candidate;
  if (best === undefined) throw new InvariantError('a table has a primary path');
  return best;
}

/** WHERE CURRENT OF. */
function rowScan(scan: Scan, rowKey: Expression, conditions: readonly Expression[]): Planned {
  const output = outputOf(scan);
  return {
    ordering: unordered,
    plan: {
      kind: 'tableScan',
      output,
      estimate: estimate(seekCost, seekCost + cpuTuple, 1, widthOfAll(output)),
      table: scan.table,
      alias: scan.alias,
      keyColumn: scan.keyColumn,
      access: { alternatives: [], anyOf: undefined, rowKey, conditions: undefined },
      descending: false,
      filter: conjunction(conditions),
      limit: undefined,
    },
  };
}

function candidatesOf(scan: Scan, path: Path, conditions: readonly Expression[], wish: Wish, planning: Planning): readonly Candidate[] {
  const access = accessOf(path, conditions);
  // Without a condition or an order to serve, the primary key is read, even where an index would be a little smaller: rows then come in
  // the order that users of the table know.
  const serves = path.index === undefined || access.access !== undefined || path.predicate.length > 0;
  const order = wish.order ?? [];
  const forward = (): Candidate => candidate(scan, path, access, false, conditions, wish, planning);
  if (order.length > 0) {
    if (satisfies(access.ordering, order)) return [forward()];
    if (satisfies(reversed(access.ordering), order)) return [candidate(scan, path, access, true, conditions, wish, planning)];
    const backward = presortedKeys(reversed(access.ordering), order, planning);
    if (backward > presortedKeys(access.ordering, order, planning))
      return [candidate(scan, path, access, true, conditions, wish, planning), ...(serves ? [forward()] : [])];
    if (presortedKeys(access.ordering, order, planning) > 0) return [forward()];
  }
  return serves ? [forward()] : [];
}

function candidate(
  scan: Scan,
  path: Path,
  access: Access,
  descending: boolean,
  conditions: readonly Expression[],
  wish: Wish,
  planning: Planning,
): Candidate {
  const { estimator } = planning;
  const all = estimator.tableRows(scan.table);
  const share = (cs: readonly Expression[]) => {
    const condition = conjunction(cs);
    return condition === undefined ? 1 : estimator.selectivity(condition);
  };
  const read = access.isSingleRow ? 1 : Math.max(1, all * share([...path.predicate, ...access.used]));
  const rows = Math.min(read, Math.max(1, Math.round(all * share(conditions))));
  const isIndexOnly = path.index !== undefined && scan.columns.every((column) => path.held?.has(column.attributeNumber) === true);
  const rowWidth = scan.table.columns.reduce((sum, column) => sum + (column.isDropped ? 0 : widthOf(column.type)), 0);
  const entryWidth = path.index === undefined ? rowWidth : 16 + path.parts.length * 16;
  const perRow =
    (path.index === undefined ? cpuTuple : cpuIndexTuple + cpuTuple / 2) +
    entryWidth / pageBytes +
    (path.index !== undefined && !isIndexOnly ? fetchCost : 0) +
    expressionCost(conjunction(access.rest));
  const startupCost = access.access === undefined ? 0 : seekCost;
  const seeks = Math.min(access.seeks, read) * (access.access === undefined ? 0 : seekCost);
  const isFullScan = access.access === undefined && path.index === undefined;
  const penalty = isFullScan && !planning.environment.settings.enableSeqScan ? disabledCost : 0;
  const totalCost = startupCost + seeks + read * perRow + penalty;
  const ordering = descending ? reversed(access.ordering) : access.ordering;
  return {
    path,
    access,
    descending,
    ordering,
    startupCost,
    totalCost,
    rows,
    isIndexOnly,
    weight: weightOf(startupCost, totalCost, rows, ordering, wish, planning),
  };
}

function weightOf(startupCost: number, totalCost: number, rows: number, ordering: Ordering, wish: Wish, planning: Planning): number {
  const { order } = wish;
  const presorted = order === undefined ? 0 : presortedKeys(ordering, order, planning);
  if (order !== undefined && presorted < order.length) {
    if (presorted === 0) return totalCost + sortCost(rows, wish.rowLimit);
    const groups = groupsOf(order.slice(0, presorted), rows, planning);
    return groupedSortCost({ startupCost, totalCost, rows, width: 0 }, groups, Math.min(rows, wish.rowLimit ?? rows), 0);
  }
  if (wish.rowLimit === undefined || wish.rowLimit >= rows) return totalCost;
  return startupCost + ((totalCost - startupCost) * wish.rowLimit) / Math.max(1, rows);
}

function build(scan: Scan, chosen: Candidate): PhysicalPlan {
  const output = outputOf(scan);
  const common = {
    output,
    estimate: estimate(chosen.startupCost, chosen.totalCost, chosen.rows, widthOfAll(output)),
    table: scan.table,
    alias: scan.alias,
    keyColumn: scan.keyColumn,
    access: chosen.access.access,
    descending: chosen.descending,
    filter: conjunction(chosen.access.rest),
    limit: undefined,
  };
  const { index } = chosen.path;
  return index === undefined
    ? { kind: 'tableScan', ...common }
    : { kind: 'indexScan', indexOid: index.oid, isIndexOnly: chosen.isIndexOnly, ...common };
}
