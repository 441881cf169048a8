/** From each logical operator to the physical one; scans, joins, grouping and changes of data have files of their own. */
import { unreachable } from '#base/assert.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { mapSortKeys, someExpression } from '#sql/expression-walk.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from '../../analyzer/logical-plan.ts';
import { conjunction, conjunctsOf, overlaps, subqueryPlan, substitute } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { freeColumns, outputIds, projectedColumns } from '../plan-tree.ts';
import { rowsOf } from '../rules/push-limits.ts';
import { planAggregate, planDistinct, planWindow } from './aggregates.ts';
import { cpuOperator, cpuTuple, estimate, expressionCost, streaming, widthOfAll } from './cost.ts';
import { planJoin } from './joins.ts';
import { hoist, lift, needsLifting, oneRow } from './lift.ts';
import { planDelete, planInsert, planUpdate } from './modifications.ts';
import { noWish, type Ordering, type Planned, type Planning, renamedKeys, unordered, type Wish } from './planning.ts';
import { planScan } from './scans.ts';
import { planSort } from './sorts.ts';

export function planOperator(plan: LogicalPlan, wish: Wish, planning: Planning): Planned {
  switch (plan.kind) {
    case 'oneRow':
      return oneRow();
    case 'scan':
      return planScan(plan, [], wish, planning);
    case 'values':
      return planValues(plan, planning);
    case 'project':
    case 'projectSet':
      return planProject(plan, wish, planning);
    case 'filter':
      return planFilter(plan, wish, planning);
    case 'join':
      return planJoin(plan, wish, planning);
    case 'aggregate':
      return planAggregate(plan, wish, planning);
    case 'window':
      return planWindow(plan, planning);
    case 'sort':
      return planSort(plan, undefined, wish.rowLimit, planning);
    case 'limit':
      return planLimit(plan, wish, planning);
    case 'distinct':
      return planDistinct(plan, wish, planning);
    case 'setOperation':
      return planSetOperation(plan, planning);
    case 'with':
      return planWith(plan, wish, planning);
    case 'cteScan': {
      const rows = planning.estimator.rows(plan);
      const name = planning.commonTableNames.get(plan.cte) ?? plan.alias;
      return {
        ordering: unordered,
        plan: {
          kind: 'cteScan',
          cte: plan.cte,
          alias: plan.alias,
          name,
          output: plan.columns,
          estimate: estimate(0, rows * cpuTuple * 2, rows, widthOfAll(plan.columns)),
        },
      };
    }
    case 'functionScan':
      return planFunctionScan(plan, planning);
    case 'lockRows': {
      const input = planning.plan(plan.input, wish);
      const { output } = input.plan;
      return {
        ordering: input.ordering,
        plan: {
          kind: 'lockRows',
          input: input.plan,
          locks: plan.locks,
          output,
          estimate: streaming(input.plan, input.plan.estimate.rows, cpuTuple, output),
        },
      };
    }
    case 'insert':
      return planInsert(plan, planning);
    case 'update':
      return planUpdate(plan, planning);
    case 'delete':
      return planDelete(plan, planning);
    default:
      return unreachable(plan);
  }
}

function planValues(plan: Extract<LogicalPlan, { kind: 'values' }>, planning: Planning): Planned {
  const width = plan.columns.length;
  return hoist(plan.rows.flat(), planning, (expressions) => {
    const rows = plan.rows.map((_, i) => expressions.slice(i * width, (i + 1) * width));
    return {
      ordering: unordered,
      plan: {
        kind: 'values',
        rows,
        output: plan.columns,
        estimate: estimate(0, rows.length * (cpuOperator + cpuTuple), rows.length, widthOfAll(plan.columns)),
      },
    };
  });
}

function planProject(plan: Extract<LogicalPlan, { kind: 'project' | 'projectSet' }>, wish: Wish, planning: Planning): Planned {
  const targets = new Map(plan.targets.map((target) => [target.id, target.expression]));
  const order = wish.order === undefined ? undefined : mapSortKeys(wish.order, (e) => substitute(e, (id) => targets.get(id)));
  const below = planning.plan(plan.input, { order, rowLimit: plan.kind === 'project' ? wish.rowLimit : undefined });
  const lifted = lift(
    below,
    plan.targets.map((target) => target.expression),
    planning,
  );
  return project(
    plan.kind,
    lifted.input,
    plan.targets.map((target, i) =>
      target.expression === lifted.expressions[i] ? target : { ...target, expression: lifted.expressions[i] },
    ),
    planning.estimator.rows(plan),
  );
}

export function project(kind: 'project' | 'projectSet', input: Planned, targets: readonly NamedExpression[], rows?: number): Planned {
  const output = projectedColumns(targets, input.plan.output);
  const cost = targets.reduce((sum, target) => sum + expressionCost(target.expression), kind === 'projectSet' ? cpuTuple : 0);
  return {
    ordering: orderingThrough(input.ordering, targets),
    plan: {
      kind,
      input: input.plan,
      targets,
      output,
      estimate: streaming(input.plan, kind === 'project' ? input.plan.estimate.rows : (rows ?? input.plan.estimate.rows), cost, output),
    },
  };
}

/** The order as far as the targets still show it. */
function orderingThrough(ordering: Ordering, targets: readonly NamedExpression[]): Ordering {
  const names = new Map<ColumnId, ColumnId>();
  for (const target of targets)
    if (target.expression.kind === 'column' && !names.has(target.expression.id)) names.set(target.expression.id, target.id);
  const keys = renamedKeys(ordering, names);
  const constants = new Set<ColumnId>();
  for (const target of targets)
    if (target.expression.kind === 'constant' || (target.expression.kind === 'column' && ordering.constants.has(target.expression.id)))
      constants.add(target.id);
  return { keys, constants };
}

function planFilter(plan: Extract<LogicalPlan, { kind: 'filter' }>, wish: Wish, planning: Planning): Planned {
  const conditions = conjunctsOf(plan.condition);
  const special = conditions.filter(needsLifting);
  const plain = conditions.filter((c) => !needsLifting(c));
  if (special.length === 0) return filtered(plan.input, plain, wish, planning);
  // What does not depend on the rows is computed once and can then narrow the access like any constant.
  const once = special.filter((c) => isComputedOnce(c, outputIds(plan.input)));
  const each = special.filter((c) => !once.includes(c));
  const below = hoist(once, planning, (expressions) => filtered(plan.input, [...plain, ...expressions], wish, planning));
  if (each.length === 0) return below;
  const lifted = lift(below, each, planning);
  const condition = conjunction(lifted.expressions);
  return condition === undefined ? lifted.input : addFilter(lifted.input, condition, planning);
}

/** All subqueries in it are about other things than the rows, and nothing in it waits. */
function isComputedOnce(condition: Expression, ids: ReadonlySet<ColumnId>): boolean {
  return !someExpression(condition, (e) => {
    if (e.kind === 'subquery') return e.comparison !== undefined || overlaps(freeColumns(subqueryPlan(e)), ids);
    return needsLifting(e) && !someExpression(e, (inner) => inner.kind === 'subquery');
  });
}

function filtered(input: LogicalPlan, conditions: readonly Expression[], wish: Wish, planning: Planning): Planned {
  if (input.kind === 'scan') return planScan(input, conditions, wish, planning);
  const condition = conjunction(conditions);
  if (condition === undefined) return planning.plan(input, wish);
  const share = planning.estimator.selectivity(condition);
  const rowLimit = wish.rowLimit === undefined ? undefined : Math.ceil(wish.rowLimit / Math.max(share, 1e-6));
  return addFilter(planning.plan(input, { ...wish, rowLimit }), condition, planning);
}

function addFilter(input: Planned, condition: Expression, planning: Planning): Planned {
  const { output } = input.plan;
  const rows = Math.max(1, input.plan.estimate.rows * planning.estimator.selectivity(condition));
  return {
    ordering: input.ordering,
    plan: {
      kind: 'filter',
      input: input.plan,
      condition,
      output,
      estimate: streaming(input.plan, rows, expressionCost(condition), output),
    },
  };
}

function planLimit(plan: Extract<LogicalPlan, { kind: 'limit' }>, wish: Wish, planning: Planning): Planned {
  const counts = [plan.count, plan.offset].filter((e): e is Expression => e !== undefined);
  return hoist(counts, planning, (expressions) => {
    const count = plan.count === undefined ? undefined : expressions[0];
    const offset = plan.offset === undefined ? undefined : expressions[expressions.length - 1];
    const known = plan.withTies === undefined ? rowsOf(plan.count, plan.offset) : undefined;
    const rowLimit =
      known ?? (plan.count === undefined ? wish.rowLimit : Math.max(1, Math.ceil(planning.estimator.rows(plan.input) * 0.1)));
    const input =
      plan.input.kind === 'sort'
        ? planSort(plan.input, known, rowLimit, planning)
        : planning.plan(plan.input, { order: wish.order, rowLimit });
    const bounded = known === undefined ? input.plan : stopAfter(input.plan, known);
    const { output } = bounded;
    const { startupCost, totalCost, rows } = bounded.estimate;
    const wanted = planning.estimator.rows(plan);
    const share = rows === 0 ? 1 : Math.min(1, (known ?? wanted) / rows);
    return {
      ordering: input.ordering,
      plan: {
        kind: 'limit',
        input: bounded,
        count,
        offset,
        withTies: plan.withTies,
        output,
        estimate: estimate(startupCost, startupCost + (totalCost - startupCost) * share, Math.min(rows, wanted), widthOfAll(output)),
      },
    };
  });
}

/** Lets a scan stop by itself after so many rows. */
function stopAfter(plan: PhysicalPlan, rows: number): PhysicalPlan {
  switch (plan.kind) {
    case 'tableScan':
    case 'indexScan':
      return { ...plan, limit: rows };
    case 'project':
      return { ...plan, input: stopAfter(plan.input, rows) };
    default:
      return plan;
  }
}

function planSetOperation(plan: Extract<LogicalPlan, { kind: 'setOperation' }>, planning: Planning): Planned {
  const left = planning.plan(plan.left, noWish).plan;
  const right = planning.plan(plan.right, noWish).plan;
  const rows = planning.estimator.rows(plan);
  const both = left.estimate.rows + right.estimate.rows;
  const isAppend = plan.operation === 'union' && plan.all;
  const startup = isAppend ? left.estimate.startupCost : plan.operation === 'union' ? left.estimate.startupCost : right.estimate.totalCost;
  return {
    ordering: unordered,
    plan: {
      kind: 'setOperation',
      operation: plan.operation,
      all: plan.all,
      left,
      right,
      leftColumns: plan.leftColumns,
      rightColumns: plan.rightColumns,
      output: plan.columns,
      estimate: estimate(
        startup,
        left.estimate.totalCost + right.estimate.totalCost + both * (isAppend ? cpuTuple / 2 : cpuTuple + cpuOperator),
        rows,
        widthOfAll(plan.columns),
      ),
    },
  };
}

function planWith(plan: Extract<LogicalPlan, { kind: 'with' }>, wish: Wish, planning: Planning): Planned {
  const { cte } = plan;
  planning.commonTableNames.set(cte.id, cte.name);
  const definition = planning.plan(cte.plan, noWish).plan;
  const recursive =
    cte.recursive === undefined
      ? undefined
      : { plan: planning.plan(cte.recursive.plan, noWish).plan, planColumns: cte.recursive.planColumns, all: cte.recursive.all };
  const input = planning.plan(plan.input, wish);
  const { startupCost, totalCost, rows, width } = input.plan.estimate;
  const before = definition.estimate.totalCost + (recursive === undefined ? 0 : recursive.plan.estimate.totalCost * 10);
  return {
    ordering: input.ordering,
    plan: {
      kind: 'with',
      cte: cte.id,
      name: cte.name,
      definition,
      definitionColumns: cte.planColumns,
      modifies: cte.modifies,
      recursive,
      input: input.plan,
      output: input.plan.output,
      estimate: estimate(before + startupCost, before + totalCost, rows, width),
    },
  };
}

function planFunctionScan(plan: Extract<LogicalPlan, { kind: 'functionScan' }>, planning: Planning): Planned {
  const output: readonly OutputColumn[] = [
    ...plan.functions.flatMap((item) => item.columns),
    ...(plan.ordinality === undefined ? [] : [plan.ordinality]),
  ];
  const rows = planning.estimator.rows(plan);
  return hoist(
    plan.functions.map((item) => item.call),
    planning,
    (calls) => ({
      ordering: unordered,
      plan: {
        kind: 'functionScan',
        alias: plan.alias,
        functions: plan.functions.map((item, i) => ({ ...item, call: calls[i] })),
        ordinality: plan.ordinality,
        output,
        estimate: estimate(0, rows * cpuTuple, rows, widthOfAll(output)),
      },
    }),
  );
}
