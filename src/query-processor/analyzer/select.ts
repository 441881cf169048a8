/**
 * SELECT: one query level, from its clauses to a plan.
 *
 *   FROM → WHERE → aggregate → HAVING → windows → targets → DISTINCT → ORDER BY → row locks → LIMIT
 *
 * Clauses are bound in PostgreSQL's order (FROM, targets, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT, LIMIT, WINDOW), so that of
 * several errors the same one is reported.
 */
import type { LockingClause, Node, SelectStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression, SortKey } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { aggregateLevel } from './aggregates.ts';
import { coerceToSpecific, returnsSet } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { bindCondition, bindExpression } from './expression.ts';
import { usedLevels } from './expression-calls.ts';
import { bindFrom } from './from-clause.ts';
import { bindGroupBy } from './group-by.ts';
import { bindLocks } from './locking.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import { bindDistinct, bindOrderBy, type SortTarget } from './order-by.ts';
import { outputIdsOf } from './plan-output.ts';
import { expandSets } from './project-set.ts';
import { Scope } from './scope.ts';
import { bindSetOperation } from './set-operation.ts';
import { stateSelect } from './state-select.ts';
import type { StatedFrom, StatedQuery } from './stated-query.ts';
import { bindTargets, nameTargets, resolveUnknownTargets, type Target } from './targets.ts';
import { bindValues } from './values.ts';
import { bindUnusedWindows, declareWindows } from './window.ts';
import { bindWith } from './with-clause.ts';

export type LockingClauses = readonly LockingClause[];

export type SelectOptions = {
  /** Literals without a type become text. Not for INSERT ... SELECT, whose columns know better, nor for the sides of UNION. */
  readonly resolveUnknowns: boolean;
  /** Locks asked for by the query around this one. */
  readonly locking?: LockingClauses;
};

export type BoundSelect = { readonly plan: LogicalPlan; readonly output: readonly OutputColumn[] };

/**
 * A SELECT whose target types can still be settled from outside (the other side of UNION, the columns of INSERT): literals of unknown
 * type in `targets` may be replaced before `finish` makes the plan.
 */
export type PendingSelect = {
  readonly targets: readonly Target[];
  readonly finish: () => BoundSelect;
  /** What the query says, once it is finished, where that is noted; without its common tables. */
  readonly state?: () => StatedBody;
};

export type StatedBody = Omit<StatedQuery, 'commonTables' | 'isRecursive'>;

export function bindSelect(analysis: Analysis, node: SelectStmt, parent: Scope | undefined, options: SelectOptions): BoundSelect {
  return prepareSelect(analysis, node, parent, options).finish();
}

/** A query level takes about this much more of the stack than an expression. */
const levelsOfSelect = 2;

export function prepareSelect(analysis: Analysis, node: SelectStmt, parent: Scope | undefined, options: SelectOptions): PendingSelect {
  analysis.enter(levelsOfSelect);
  const scope = new Scope(analysis, parent);
  const wrap = bindWith(scope, node.withClause);
  const pending = prepareBody(scope, node, options);
  analysis.leave(levelsOfSelect);
  return {
    targets: pending.targets,
    finish: () => {
      const { plan, output } = pending.finish();
      const wrapped = wrap(plan);
      if (analysis.stated !== undefined && pending.state !== undefined)
        analysis.stated.note(wrapped, {
          ...pending.state(),
          commonTables: scope.statedTables,
          isRecursive: node.withClause?.recursive === true,
        });
      return { plan: wrapped, output };
    },
  };
}

/** A SELECT without its WITH clause, whose tables the scope knows already. */
function prepareBody(scope: Scope, node: SelectStmt, options: SelectOptions): PendingSelect {
  if (node.intoClause !== undefined)
    throw scope.analysis.error(sqlstate.syntaxError, 'SELECT ... INTO is not allowed here', node.intoClause.rel?.location);
  if (node.op !== undefined && node.op !== 'SETOP_NONE') {
    const { bound, state } = bindSetOperation(scope, node, options);
    return { ...settled(bound), state };
  }
  if (node.valuesLists !== undefined) {
    const { bound, state } = bindValues(scope, node);
    return { ...settled(bound), state };
  }
  return preparePlainSelect(scope, node, options);
}

/** A result whose types are known already. */
const settled = (bound: BoundSelect): PendingSelect => ({
  targets: bound.output.map(({ id, name, type }) => ({ expression: { kind: 'column', id, name, type }, name, isJunk: false })),
  finish: () => bound,
});

function preparePlainSelect(scope: Scope, node: SelectStmt, options: SelectOptions): PendingSelect {
  const analysis = scope.analysis;
  scope.locking = [...lockingClauses(node.lockingClause), ...(options.locking ?? [])];
  const from: StatedFrom[] = [];
  let plan = bindFrom(scope, node.fromClause, from);
  declareWindows(scope, node.windowClause);
  const targets = bindTargets(scope, node.targetList);
  const where = node.whereClause;
  const condition = where === undefined ? undefined : scope.within('where', () => bindCondition(scope, where, 'WHERE'));
  if (condition !== undefined) plan = { kind: 'filter', input: plan, condition };
  const havingNode = node.havingClause;
  const having = havingNode === undefined ? undefined : scope.within('having', () => bindCondition(scope, havingNode, 'HAVING'));
  const order = bindOrderBy(scope, node.sortClause, targets);
  const groupBy = bindGroupBy(scope, node.groupClause, targets, node.groupDistinct === true);
  const distinct = bindDistinct(scope, node.distinctClause, targets, order);
  if (options.resolveUnknowns) resolveUnknownTargets(analysis, targets);
  const limits = bindLimits(scope, node);
  bindUnusedWindows(scope);
  const isGrouped = groupBy !== undefined;
  const state =
    analysis.stated === undefined
      ? undefined
      : stateSelect(scope, node, { from, targets, where: condition, having, groupBy, order, distinct, limits });
  const locks = bindLocks(scope, { isGrouped, hasHaving: having !== undefined, isDistinct: distinct !== undefined });
  const aggregated = aggregateLevel(scope, { plan, targets, having, groupBy });
  plan = aggregated.plan;
  if (scope.windowCalls.length > 0)
    plan = { kind: 'window', input: plan, specifications: aggregated.windows, calls: aggregated.windowCalls };
  return {
    targets: targets.filter((target) => !target.isJunk),
    finish: () => finishSelect(scope, plan, targets, { order, distinct, limits, locks }),
    ...(state === undefined ? {} : { state }),
  };
}

export type Limits = {
  readonly count: Expression | undefined;
  readonly offset: Expression | undefined;
  readonly withTies: boolean;
};

type Finish = {
  readonly order: readonly SortTarget[];
  readonly distinct: { readonly on: readonly Target[] | undefined } | undefined;
  readonly limits: Limits | undefined;
  readonly locks: ReturnType<typeof bindLocks>;
};

/** Targets, DISTINCT, order, locks and limit on top of what yields the level's rows. */
export function finishSelect(scope: Scope, input: LogicalPlan, allTargets: readonly Target[], finish: Finish): BoundSelect {
  const analysis = scope.analysis;
  // DISTINCT compares what the query shows: a column that is only grouped by would keep equal rows apart.
  const comparesAll = finish.distinct !== undefined && finish.distinct.on === undefined;
  const targets = comparesAll ? allTargets.filter((target) => !target.isJunk) : allTargets;
  const below = outputIdsOf(input);
  const isInput = (id: ColumnId): boolean => below.has(id);
  const { named, output } = nameTargets(analysis, targets, isInput);
  const keys = finish.locks.map(({ keyColumn }) => ({
    id: keyColumn,
    name: 'key',
    expression: { kind: 'column', id: keyColumn, type: rowKeyType, name: 'key' } as const,
  }));
  const projected = [...named, ...keys];
  let plan: LogicalPlan = targets.some(({ expression }) => returnsSet(expression))
    ? expandSets(analysis, input, projected)
    : { kind: 'project', input, targets: projected };
  const columnOf = (target: Target): Expression => {
    const { id, name } = named[targets.indexOf(target)];
    return { kind: 'column', id, name, type: target.expression.type };
  };
  const sortKeys: SortKey[] = finish.order.map(({ target, descending, nullsFirst }) => ({
    expression: columnOf(target),
    descending,
    nullsFirst,
  }));
  const sorted = (from: LogicalPlan): LogicalPlan => (sortKeys.length === 0 ? from : { kind: 'sort', input: from, keys: sortKeys });
  if (finish.distinct === undefined) plan = sorted(plan);
  else if (finish.distinct.on === undefined) plan = sorted({ kind: 'distinct', input: plan, on: undefined });
  else plan = { kind: 'distinct', input: sorted(plan), on: finish.distinct.on.map(columnOf) };
  if (finish.locks.length > 0) plan = { kind: 'lockRows', input: plan, locks: finish.locks };
  return { plan: limited(plan, finish.limits, sortKeys), output };
}

export function limited(plan: LogicalPlan, limits: Limits | undefined, sortKeys: readonly SortKey[]): LogicalPlan {
  if (limits === undefined) return plan;
  return {
    kind: 'limit',
    input: plan,
    count: limits.count,
    offset: limits.offset,
    withTies: limits.withTies ? sortKeys : undefined,
  };
}

export function bindLimits(scope: Scope, node: SelectStmt): Limits | undefined {
  const offset = node.limitOffset === undefined ? undefined : bindLimit(scope, node.limitOffset, 'offset');
  const count = node.limitCount === undefined ? undefined : bindLimit(scope, node.limitCount, 'limit');
  const withTies = node.limitOption === 'LIMIT_OPTION_WITH_TIES';
  if (withTies && (node.sortClause?.length ?? 0) === 0)
    throw scope.analysis.syntaxError('WITH TIES cannot be specified without ORDER BY clause');
  return count === undefined && offset === undefined ? undefined : { count, offset, withTies };
}

function bindLimit(scope: Scope, node: Node, kind: 'limit' | 'offset'): Expression | undefined {
  const analysis = scope.analysis;
  const construct = kind.toUpperCase();
  const bound = scope.within(kind, () => coerceToSpecific(analysis, bindExpression(scope, node), oid.int8, construct));
  const [variable] = usedLevels(scope, [bound]).columns.filter((column) => analysis.owners.get(column.id)?.scope === scope);
  if (variable !== undefined)
    throw analysis.error(
      sqlstate.invalidColumnReference,
      `argument of ${construct} must not contain variables`,
      analysis.locationOf(variable),
    );
  // LIMIT ALL and LIMIT NULL are no limit.
  return bound.kind === 'constant' && bound.value === null ? undefined : bound;
}

export const lockingClauses = (nodes: readonly Node[] | undefined): LockingClause[] =>
  (nodes ?? []).flatMap((node) => ('LockingClause' in node ? [node.LockingClause] : []));
