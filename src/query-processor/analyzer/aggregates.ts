/**
 * Aggregation of a query level: builds the Aggregate operator and rewrites what stands above it to the operator's columns.
 * A column that is neither grouped nor inside an aggregate is an error (42803), unless the primary key of its table is grouped by.
 */
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { mapWindowCall } from '#sql/expression-walk.ts';
import { returnsSet } from './coercion.ts';
import { expressionKey } from './expression-key.ts';
import type { GroupBy } from './group-by.ts';
import type { Aggregate, LogicalPlan, NamedExpression, WindowSpecification } from './logical-plan.ts';
import { outputIdsOf } from './plan-output.ts';
import { expandSets } from './project-set.ts';
import type { Scope, ScopeWindowCall } from './scope.ts';
import type { Target } from './targets.ts';
import { columnsIn, mapParts, mapPlan, mapWindowSpecification } from './walk.ts';

type Level = {
  readonly plan: LogicalPlan;
  readonly targets: readonly Target[];
  readonly having: Expression | undefined;
  readonly groupBy: GroupBy | undefined;
};

type AggregatedLevel = {
  readonly plan: LogicalPlan;
  readonly windows: readonly WindowSpecification[];
  readonly windowCalls: readonly ScopeWindowCall[];
};

type GroupColumn = { readonly id: ColumnId; readonly name: string; readonly expression: Expression; readonly key: string };

/** The level as it stands above aggregation; targets are rewritten in place. */
export function aggregateLevel(scope: Scope, level: Level): AggregatedLevel {
  const { groupBy, having } = level;
  const isAggregated = scope.aggregates.length > 0 || scope.groupings.length > 0 || groupBy !== undefined || having !== undefined;
  if (!isAggregated) return { plan: level.plan, windows: scope.windows, windowCalls: scope.windowCalls };
  const analysis = scope.analysis;
  const [firstAggregate] = scope.aggregates;
  if (scope.hasSelfReference && firstAggregate !== undefined)
    throw analysis.error(
      sqlstate.invalidRecursion,
      "aggregate functions are not allowed in a recursive query's recursive term",
      firstAggregate.location,
    );
  const hasSets = groupBy?.sets !== undefined;
  const groups: GroupColumn[] = [];
  const used = new Set<ColumnId>();
  for (const { expression, name } of groupBy?.targets ?? []) {
    // With grouping sets a grouped column is not the input's any more: it is NULL where its set leaves it out.
    const own = expression.kind === 'column' && !hasSets && isOwn(scope, expression.id) && !used.has(expression.id);
    const id = own && expression.kind === 'column' ? expression.id : analysis.newColumnId();
    used.add(id);
    groups.push({ id, name, expression, key: expressionKey(expression) });
    if (id !== (expression.kind === 'column' ? expression.id : undefined)) {
      const owner = expression.kind === 'column' ? analysis.owners.get(expression.id) : undefined;
      analysis.owners.set(id, { scope, role: 'column', item: owner?.item, name, ...originOf(owner) });
    }
  }
  const rewriter = new Regrouping(scope, groups, groupBy);
  for (const target of level.targets) target.expression = rewriter.rewrite(target.expression);
  const groupings = scope.groupings.map(({ id, args, isFromBelow, location }) => ({
    id,
    args: args.map((arg) => {
      // As in PostgreSQL a subquery's GROUPING knows columns of a query around it only, not its other expressions.
      const at = isFromBelow && arg.kind !== 'column' ? -1 : groups.findIndex((group) => group.key === expressionKey(arg));
      if (at < 0)
        throw analysis.error(
          sqlstate.groupingError,
          'arguments to GROUPING must be grouping expressions of the associated query level',
          analysis.locationOf(arg) ?? location,
        );
      return at;
    }),
  }));
  const windowCalls = scope.windowCalls.map(({ id, call }) => ({ id, call: mapWindowCall(call, (part) => rewriter.rewrite(part)) }));
  const windows = scope.windows.map((window) => mapWindowSpecification(window, (part) => rewriter.rewrite(part)));
  const rewrittenHaving = having === undefined ? undefined : rewriter.rewrite(having);

  const dependents = rewriter.dependents;
  const allGroups: NamedExpression[] = [...groups, ...dependents].map(({ id, name, expression }) => ({ id, name, expression }));
  const withDependents = (set: readonly number[]): readonly number[] => [...set, ...dependents.map((_, at) => groups.length + at)];
  const base = withSetsBelow(scope, level.plan, allGroups);
  const aggregate: Aggregate = {
    kind: 'aggregate',
    input: base.plan,
    groupBy: base.groups,
    groupingSets: groupBy?.sets?.map(withDependents),
    aggregates: scope.aggregates.map(({ id, call }) => ({ id, call })),
    groupings,
  };
  const plan: LogicalPlan = rewrittenHaving === undefined ? aggregate : { kind: 'filter', input: aggregate, condition: rewrittenHaving };
  return { plan, windows, windowCalls };
}

const originOf = (owner: { readonly tableOid?: number; readonly attributeNumber?: number } | undefined) =>
  owner?.tableOid === undefined ? {} : { tableOid: owner.tableOid, attributeNumber: owner.attributeNumber ?? 0 };

const isOwn = (scope: Scope, id: ColumnId): boolean => {
  const owner = scope.analysis.owners.get(id);
  return owner?.scope === scope && owner.role === 'column';
};

/** Set-returning functions that are grouped by are expanded before grouping. */
function withSetsBelow(
  scope: Scope,
  plan: LogicalPlan,
  groups: readonly NamedExpression[],
): { readonly plan: LogicalPlan; readonly groups: readonly NamedExpression[] } {
  if (!groups.some(({ expression }) => returnsSet(expression))) return { plan, groups };
  const computed = groups.map(({ name, expression }) => ({ id: scope.analysis.newColumnId(), name, expression }));
  const below = outputIdsOf(plan);
  const passed = new Map<ColumnId, NamedExpression>();
  for (const { call } of scope.aggregates)
    columnsIn(call, (column) => {
      if (below.has(column.id)) passed.set(column.id, { id: column.id, name: column.name, expression: column });
    });
  const expanded = expandSets(scope.analysis, plan, [...passed.values(), ...computed]);
  return {
    plan: expanded,
    groups: groups.map((group, at) => ({
      ...group,
      expression: { kind: 'column', id: computed[at].id, name: group.name, type: group.expression.type },
    })),
  };
}

class Regrouping {
  /** Columns that are there because the primary key of their table is grouped by. */
  readonly dependents: GroupColumn[] = [];
  readonly #scope: Scope;
  readonly #groups: readonly GroupColumn[];
  readonly #groupBy: GroupBy | undefined;
  readonly #hasComputed: boolean;
  /** Set while the columns of a whole row are looked at, which is then what is not grouped. */
  #wholeRow: string | undefined;

  constructor(scope: Scope, groups: readonly GroupColumn[], groupBy: GroupBy | undefined) {
    this.#scope = scope;
    this.#groups = groups;
    this.#groupBy = groupBy;
    this.#hasComputed = groups.some(({ expression }) => expression.kind !== 'column');
  }

  rewrite(expression: Expression): Expression {
    const item = this.#scope.analysis.wholeRows.get(expression);
    if (item === undefined) return this.#rewrite(expression);
    const before = this.#wholeRow;
    this.#wholeRow = item.name;
    // The key that tells a missing row is not there above the aggregation.
    const rewritten = this.#rewrite(expression.kind === 'case' ? expression.branches[0].then : expression);
    this.#wholeRow = before;
    return rewritten;
  }

  #rewrite(expression: Expression): Expression {
    if (expression.kind === 'column') return this.#column(expression, false);
    if (this.#hasComputed && expression.kind !== 'constant') {
      const key = expressionKey(expression);
      const group = this.#groups.find((candidate) => candidate.key === key);
      if (group !== undefined) return this.#reference(group, expression);
    }
    const rewritten = mapParts(
      expression,
      (part) => this.rewrite(part),
      (plan) => this.#inner(plan),
    );
    return rewritten === expression ? expression : this.#located(rewritten, expression);
  }

  /** In a subquery only columns are looked at: its own expressions are its own business. */
  #inner(plan: LogicalPlan): LogicalPlan {
    const innerExpression = (expression: Expression): Expression => {
      if (expression.kind === 'column') return this.#column(expression, true);
      return mapParts(expression, innerExpression, (deeper) => this.#inner(deeper));
    };
    return mapPlan(plan, innerExpression, (below) => this.#inner(below));
  }

  #column(column: Extract<Expression, { kind: 'column' }>, isInSubquery: boolean): Expression {
    const analysis = this.#scope.analysis;
    const owner = analysis.owners.get(column.id);
    if (owner?.scope !== this.#scope || owner.role !== 'column') return column;
    const group = [...this.#groups, ...this.dependents].find(({ expression, id }) =>
      expression.kind === 'column' ? expression.id === column.id : id === column.id,
    );
    if (group !== undefined) return this.#reference(group, column);
    if (this.#isDetermined(column.id)) {
      const id = this.#groupBy?.sets === undefined ? column.id : analysis.newColumnId();
      const dependent = { id, name: column.name, expression: column, key: expressionKey(column) };
      this.dependents.push(dependent);
      return this.#reference(dependent, column);
    }
    const name = this.#wholeRow === undefined ? `${owner.item?.name ?? '?'}.${owner.name}` : `${this.#wholeRow}.*`;
    throw analysis.error(
      sqlstate.groupingError,
      isInSubquery
        ? `subquery uses ungrouped column "${name}" from outer query`
        : `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
      analysis.locationOf(column),
    );
  }

  /** True when the primary key of the column's table is grouped by (in every grouping set). */
  #isDetermined(id: ColumnId): boolean {
    const item = this.#scope.analysis.owners.get(id)?.item;
    const key = item?.kind === 'relation' ? item.table?.primaryKey : undefined;
    if (item === undefined || key === undefined) return false;
    return key.attributeNumbers.every((attributeNumber) => {
      const keyColumn = item.columns.find((column) => column.attributeNumber === attributeNumber)?.expression;
      if (keyColumn?.kind !== 'column') return false;
      const at = this.#groups.findIndex(({ expression }) => expression.kind === 'column' && expression.id === keyColumn.id);
      return at >= 0 && (this.#groupBy?.sets === undefined || this.#groupBy.sets.every((set) => set.includes(at)));
    });
  }

  #reference(group: GroupColumn, instead: Expression): Expression {
    if (instead.kind === 'column' && instead.id === group.id) return instead;
    return this.#located({ kind: 'column', id: group.id, type: group.expression.type, name: group.name }, instead);
  }

  #located(expression: Expression, like: Expression): Expression {
    return this.#scope.analysis.locate(expression, this.#scope.analysis.locationOf(like));
  }
}
