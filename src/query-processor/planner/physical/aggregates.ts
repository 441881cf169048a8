/** Grouping, DISTINCT and window functions. */
import { procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression, SortKey } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import type { Aggregate, LogicalPlan, NamedExpression, OutputColumn, Scan, WindowSpecification } from '../../analyzer/logical-plan.ts';
import { boolean, columnsOf, conjunction, conjunctsOf, planIsVolatile, within } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { columnRef, expressionsOf, mapExpressions, outputIds, outputOf } from '../plan-tree.ts';
import { cpuOperator, cpuTuple, disabledCost, estimate, expressionCost, sortCost, streaming, widthOfAll } from './cost.ts';
import { lift, needsLifting, oneRow } from './lift.ts';
import {
  idsOf,
  isGrouped,
  noWish,
  type Ordering,
  type OrderingKey,
  type Planned,
  type Planning,
  renamedKeys,
  satisfies,
  sortColumn,
  unordered,
  type Wish,
} from './planning.ts';
import { sorted } from './sorts.ts';

export function planAggregate(plan: Aggregate, wish: Wish, planning: Planning): Planned {
  const grouped = planGroupings(plan, wish, planning);
  const ends = planEnds(plan, planning);
  return ends !== undefined && ends.plan.estimate.totalCost < grouped.plan.estimate.totalCost ? ends : grouped;
}

/** MIN and MAX over a table as the first and last entry of an index; undefined where no index has that order. */
function planEnds(plan: Aggregate, planning: Planning): Planned | undefined {
  if (plan.groupBy.length > 0 || plan.groupingSets !== undefined || plan.groupings.length > 0 || plan.aggregates.length === 0)
    return undefined;
  const source = plan.input.kind === 'filter' ? plan.input.input : plan.input;
  if (conditionsOf(plan.input).some(needsLifting)) return undefined;
  if (source.kind !== 'scan' || source.table.kind === 'system' || planIsVolatile(plan.input)) return undefined;
  let current = oneRow().plan;
  for (const { id, call } of plan.aggregates) {
    const name = procByOid(call.function)?.name;
    const arg = call.args[0]?.kind === 'relabel' ? call.args[0].arg : call.args[0];
    if ((name !== 'min' && name !== 'max') || arg?.kind !== 'column' || call.filter !== undefined) return undefined;
    const descending = name === 'max';
    const notNull: Expression = { kind: 'isNull', arg, negated: true, type: boolean };
    const first: LogicalPlan = {
      kind: 'limit',
      input: {
        kind: 'sort',
        input: {
          kind: 'filter',
          input: narrowed(source, [arg, ...conditionsOf(plan.input)]),
          condition: conjunction([...conditionsOf(plan.input), notNull]) ?? notNull,
        },
        keys: [{ expression: arg, descending, nullsFirst: descending }],
      },
      count: { kind: 'constant', value: 1, type: { oid: oid.int8, typmod: -1 } },
      offset: undefined,
      withTies: undefined,
    };
    const subplan = planning.plan(first, noWish).plan;
    if (subplan.kind !== 'limit' || (subplan.input.kind !== 'tableScan' && subplan.input.kind !== 'indexScan')) return undefined;
    const result: OutputColumn = { id, name, type: call.type, tableOid: 0, attributeNumber: 0 };
    const output = [...current.output, result];
    const cost = current.estimate.totalCost + subplan.estimate.totalCost;
    current = {
      kind: 'apply',
      input: current,
      subplan,
      form: 'scalar',
      comparison: undefined,
      bindings: [],
      subOutput: [arg.id],
      result,
      output,
      estimate: estimate(cost, cost + cpuTuple, 1, widthOfAll(output)),
    };
  }
  return { plan: current, ordering: unordered };
}

/** The scan with only the columns that these expressions read. */
function narrowed(scan: Scan, expressions: readonly Expression[]): Scan {
  return { ...scan, columns: scan.columns.filter((column) => expressions.some((e) => columnsOf(e).has(column.id))) };
}

const conditionsOf = (plan: LogicalPlan): readonly Expression[] => (plan.kind === 'filter' ? conjunctsOf(plan.condition) : []);

/** Rows as they come, or in the order of the groups where an index has it: the groups then come in order, and the first ones soon. */
function planGroupings(plan: Aggregate, wish: Wish, planning: Planning): Planned {
  const plain = planGrouping(plan, noWish, planning);
  const order = groupOrder(plan, wish);
  if (order === undefined || plain.plan.kind !== 'aggregate' || plain.plan.strategy === 'sorted') return plain;
  const groups = plain.plan.estimate.rows;
  const rowsPerGroup = planning.estimator.rows(plan.input) / Math.max(1, groups);
  const rowLimit = wish.rowLimit === undefined ? undefined : Math.ceil(wish.rowLimit * rowsPerGroup);
  const ordered = planGrouping(plan, { order, rowLimit }, planning);
  if (ordered.plan.kind !== 'aggregate' || ordered.plan.strategy !== 'sorted') return plain;
  return weightOf(ordered, wish) < weightOf(plain, wish) ? ordered : plain;
}

/** The wished order as one of the columns that are grouped by, and the others behind them. */
function groupOrder({ groupBy, groupingSets }: Aggregate, wish: Wish): readonly SortKey[] | undefined {
  if (groupBy.length === 0 || groupingSets !== undefined) return undefined;
  const left = new Map(groupBy.map((group) => [group.id, group.expression]));
  const order: SortKey[] = [];
  for (const key of wish.order ?? []) {
    const id = sortColumn(key.expression);
    const expression = id === undefined ? undefined : left.get(id);
    if (id === undefined || expression === undefined) break;
    order.push({ ...key, expression });
    left.delete(id);
  }
  for (const expression of left.values()) order.push({ expression, descending: false, nullsFirst: false });
  return order.every(({ expression }) => expression.kind === 'column') ? order : undefined;
}

/** As far as the parent will read, with the sort that it would need. */
function weightOf({ plan, ordering }: Planned, wish: Wish): number {
  const { startupCost, totalCost, rows } = plan.estimate;
  if (wish.order !== undefined && !satisfies(ordering, wish.order)) return totalCost + sortCost(rows, wish.rowLimit);
  if (wish.rowLimit === undefined || wish.rowLimit >= rows) return totalCost;
  return startupCost + ((totalCost - startupCost) * wish.rowLimit) / Math.max(1, rows);
}

function planGrouping(plan: Aggregate, below: Wish, planning: Planning): Planned {
  const columns = plan.groupBy.map((group) => group.expression);
  const plainColumns = columns.every((e) => e.kind === 'column') && plan.groupingSets === undefined;
  const lifted = lift(planning.plan(plan.input, below), expressionsOf(plan), planning);
  const replaced = replaceExpressions(plan, lifted.expressions);
  const input = lifted.input;
  const ids = new Set(columns.flatMap((e) => (e.kind === 'column' ? [e.id] : [])));
  const isSorted = plainColumns && plan.groupBy.length > 0 && isGrouped(input.ordering, ids);
  const strategy = plan.groupingSets !== undefined ? 'mixed' : plan.groupBy.length === 0 ? 'plain' : isSorted ? 'sorted' : 'hashed';
  const output = outputOf(plan);
  const { startupCost, totalCost, rows: inputRows } = input.plan.estimate;
  const perRow =
    plan.groupBy.length * cpuOperator +
    plan.aggregates.length * cpuOperator +
    expressionsOf(plan).reduce((sum, e) => sum + expressionCost(e), 0);
  const rows = planning.estimator.rows(plan);
  const penalty = strategy === 'hashed' && !planning.environment.settings.enableHashAggregate ? disabledCost : 0;
  const all = totalCost + inputRows * perRow + penalty;
  return {
    ordering: isSorted ? groupOrdering(input.ordering, plan.groupBy) : unordered,
    plan: {
      kind: 'aggregate',
      strategy,
      input: input.plan,
      groupBy: replaced.groupBy,
      groupingSets: plan.groupingSets,
      aggregates: replaced.aggregates,
      groupings: plan.groupings,
      output,
      estimate: estimate(isSorted ? startupCost : all, all + rows * cpuTuple, rows, widthOfAll(output)),
    },
  };
}

/** The operator with its expressions replaced one by one, in the order in which expressionsOf gives them. */
function replaceExpressions<Plan extends LogicalPlan>(plan: Plan, expressions: readonly Expression[]): Plan {
  let next = 0;
  return mapExpressions(plan, () => expressions[next++]) as Plan;
}

function groupOrdering(ordering: Ordering, groupBy: readonly NamedExpression[]): Ordering {
  const names = new Map(groupBy.map((group) => [group.expression.kind === 'column' ? group.expression.id : -1, group.id]));
  const keys = renamedKeys(ordering, names);
  const constants = new Set<ColumnId>();
  for (const [id, name] of names) if (ordering.constants.has(id)) constants.add(name);
  return { keys, constants };
}

export function planDistinct(plan: Extract<LogicalPlan, { kind: 'distinct' }>, wish: Wish, planning: Planning): Planned {
  // DISTINCT ON looks at the first row of each group in the order below, so only DISTINCT itself passes a wish on.
  const below = planning.plan(plan.input, plan.on === undefined ? { order: wish.order, rowLimit: undefined } : noWish);
  const lifted = lift(below, plan.on ?? [], planning);
  const input = plan.on === undefined ? exactly(lifted.input, outputOf(plan.input)) : lifted.input;
  const on = plan.on === undefined ? undefined : lifted.expressions;
  const keys: ReadonlySet<ColumnId> =
    on === undefined ? outputIds(plan.input) : new Set(on.flatMap((e) => (e.kind === 'column' ? [e.id] : [])));
  const isSorted = (on === undefined || on.every((e) => e.kind === 'column')) && isGrouped(input.ordering, keys);
  const { output } = input.plan;
  const rows = planning.estimator.rows(plan);
  return {
    ordering: input.ordering,
    plan: {
      kind: 'distinct',
      input: input.plan,
      on,
      isSorted,
      output,
      estimate: streaming(input.plan, rows, keys.size * cpuOperator + (isSorted ? 0 : cpuTuple), output),
    },
  };
}

/** The plan with exactly these columns in this order. */
export function exactly(input: Planned, columns: readonly OutputColumn[]): Planned {
  const has = input.plan.output;
  if (has.length === columns.length && columns.every((column, i) => has[i].id === column.id)) return input;
  const narrowed = narrow(input.plan, columns);
  if (narrowed !== undefined) return { plan: narrowed, ordering: keepOrdering(input.ordering, idsOf(columns)) };
  const targets = columns.map((column) => ({ id: column.id, name: column.name, expression: columnRef(column) }));
  return {
    ordering: keepOrdering(input.ordering, idsOf(columns)),
    plan: {
      kind: 'project',
      input: input.plan,
      targets,
      output: columns,
      estimate: streaming(input.plan, input.plan.estimate.rows, 0, columns),
    },
  };
}

/** Scans and joins pick their output's columns by themselves; undefined where a projection is needed. */
function narrow(plan: PhysicalPlan, columns: readonly OutputColumn[]): PhysicalPlan | undefined {
  switch (plan.kind) {
    case 'tableScan':
    case 'indexScan': {
      // The filter is over the output's columns.
      const kept = idsOf(columns);
      const fits = plan.filter === undefined || within(columnsOf(plan.filter), kept);
      return fits && hasAll(plan, columns) ? withOutput(plan, columns) : undefined;
    }
    case 'hashJoin':
    case 'lookupJoin':
    case 'nestedLoop':
      return hasAll(plan, columns) ? withOutput(plan, columns) : undefined;
    case 'limit': {
      const input = plan.withTies === undefined ? narrow(plan.input, columns) : undefined;
      return input === undefined ? undefined : withOutput({ ...plan, input, output: input.output }, columns);
    }
    default:
      return undefined;
  }
}

function hasAll(plan: PhysicalPlan, columns: readonly OutputColumn[]): boolean {
  const ids = idsOf(plan.output);
  return columns.every((column) => ids.has(column.id));
}

/** With the plan's own descriptions: a scan reads the attributes that they name, while the query's may name a view's. */
function withOutput<Plan extends PhysicalPlan>(plan: Plan, columns: readonly OutputColumn[]): Plan {
  const own = new Map(plan.output.map((column) => [column.id, column]));
  const output = columns.map((column) => own.get(column.id) ?? column);
  return { ...plan, output, estimate: { ...plan.estimate, width: widthOfAll(output) } };
}

function keepOrdering(ordering: Ordering, ids: ReadonlySet<ColumnId>): Ordering {
  const keys: OrderingKey[] = [];
  for (const key of ordering.keys) {
    if (ids.has(key.id)) keys.push(key);
    else if (!ordering.constants.has(key.id)) break;
  }
  return { keys, constants: ordering.constants };
}

export function planWindow(plan: Extract<LogicalPlan, { kind: 'window' }>, planning: Planning): Planned {
  const used = plan.specifications.map((_, i) => plan.calls.some((call) => call.call.specification === i));
  const first = plan.specifications.find((_, i) => used[i]);
  const order = first === undefined ? undefined : windowKeys(first);
  const lifted = lift(planning.plan(plan.input, { order, rowLimit: undefined }), expressionsOf(plan), planning);
  const replaced = replaceExpressions(plan, lifted.expressions);
  let current = lifted.input;
  for (const [i, specification] of replaced.specifications.entries()) {
    if (!used[i]) continue;
    const calls = replaced.calls.filter((call) => call.call.specification === i);
    const input = sorted(current, windowKeys(specification), undefined, planning);
    const results = outputOf(plan).filter((column) => calls.some((call) => call.id === column.id));
    const output = [...input.plan.output, ...results];
    const perRow = calls.reduce((sum, call) => sum + cpuOperator + expressionCost(call.call), cpuTuple);
    current = {
      ordering: input.ordering,
      plan: {
        kind: 'window',
        input: input.plan,
        specification,
        calls,
        output,
        estimate: streaming(input.plan, input.plan.estimate.rows, perRow, output),
      },
    };
  }
  return current;
}

function windowKeys(specification: WindowSpecification): readonly SortKey[] {
  const partition = specification.partitionBy.map((expression) => ({ expression, descending: false, nullsFirst: false }));
  return [...partition, ...specification.orderBy];
}
