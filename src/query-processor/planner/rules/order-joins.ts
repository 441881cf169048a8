/**
 * Chooses the order of inner joins, by the rows that they give: of a few relations the best there is (join-subsets.ts), of more the next one greedily,
 * that which leaves the fewest rows. Semi and anti joins over the chain take part as filters that become possible once their columns are there.
 *
 * After conditions are pushed, so that sizes and join conditions are known. A single join keeps its written order (the physical planner
 * chooses sides), and so do outer joins, which stand in the chain as one relation.
 */
import { InvariantError } from '#base/assert.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { Estimator } from '../estimate-rows.ts';
import { columnsOf, conjunction, conjunctsOf, isVolatile, mapSubqueries, overlaps } from '../expression-tree.ts';
import { freeColumns, mapExpressions, mapInputs, outputIds } from '../plan-tree.ts';
import { joinBySubsets, joined, mostSubsetRelations, type Relation } from './join-subsets.ts';
import type { Rule } from './rule.ts';

export const orderJoins: Rule = {
  name: 'order-joins',
  apply: (plan, context) => {
    const estimator = new Estimator(context.environment);
    estimator.learn(plan);
    return order(plan, estimator);
  },
};

type Join = Extract<LogicalPlan, { kind: 'join' }>;

function order(plan: LogicalPlan, estimator: Estimator): LogicalPlan {
  if (plan.kind === 'join' && isChainLink(plan)) {
    const relations: Relation[] = [];
    const conditions: Expression[] = [];
    flatten(plan, relations, conditions, estimator);
    if (relations.length > 2) return arrange(relations, conditions, estimator);
  }
  const inner = (input: LogicalPlan) => order(input, estimator);
  return mapExpressions(mapInputs(plan, inner), (e) => mapSubqueries(e, inner));
}

const isChainLink = (join: Join) =>
  (join.join === 'inner' || join.join === 'semi' || join.join === 'anti') && (join.condition === undefined || !isVolatile(join.condition));

function flatten(plan: LogicalPlan, relations: Relation[], conditions: Expression[], estimator: Estimator): void {
  if (plan.kind !== 'join' || !isChainLink(plan)) {
    relations.push({ plan: order(plan, estimator), join: 'inner', condition: undefined, needs: new Set() });
    return;
  }
  flatten(plan.left, relations, conditions, estimator);
  const leftIds = outputIds(plan.left);
  const lateral = plan.lateral ? [...freeColumns(plan.right)].filter((id) => leftIds.has(id)) : [];
  if (plan.join === 'inner') {
    conditions.push(...conjunctsOf(plan.condition));
    if (plan.lateral) relations.push({ plan: order(plan.right, estimator), join: 'inner', condition: undefined, needs: new Set(lateral) });
    else flatten(plan.right, relations, conditions, estimator);
    return;
  }
  const named = plan.condition === undefined ? [] : [...columnsOf(plan.condition)].filter((id) => leftIds.has(id));
  // Without a named column it is a test of the whole chain: it then needs all of it, as written.
  const needs = lateral.length + named.length === 0 ? leftIds : new Set([...lateral, ...named]);
  relations.push({ plan: order(plan.right, estimator), join: plan.join as 'semi' | 'anti', condition: plan.condition, needs });
}

type State = {
  plan: LogicalPlan;
  rows: number;
  readonly left: Set<Relation>;
  readonly conditions: Set<Expression>;
  readonly placed: Set<ColumnId>;
};

function arrange(relations: readonly Relation[], conditions: readonly Expression[], estimator: Estimator): LogicalPlan {
  if (relations.length <= mostSubsetRelations) return joinBySubsets(relations, conditions, estimator);
  const made = new Set<ColumnId>();
  for (const relation of relations) if (relation.join === 'inner') for (const id of outputIds(relation.plan)) made.add(id);
  const starts = relations.filter((relation) => relation.join === 'inner' && !overlaps(relation.needs, made));
  const [smallest] = starts.sort((a, b) => estimator.rows(a.plan) - estimator.rows(b.plan));
  if (smallest === undefined) throw new InvariantError('a join chain has a first relation');
  return greedy(smallest, relations, conditions, made, estimator);
}

function greedy(
  start: Relation,
  relations: readonly Relation[],
  conditions: readonly Expression[],
  made: ReadonlySet<ColumnId>,
  estimator: Estimator,
): LogicalPlan {
  const state: State = {
    plan: start.plan,
    rows: estimator.rows(start.plan),
    left: new Set(relations.filter((relation) => relation !== start)),
    conditions: new Set(conditions),
    placed: new Set(outputIds(start.plan)),
  };
  while (state.left.size > 0) {
    let chosen: { relation: Relation; rows: number; conditions: readonly Expression[]; isConnected: boolean } | undefined;
    for (const relation of state.left) {
      if (!isPlaceable(relation, state.placed, made)) continue;
      const applicable = applicableConditions(relation, state, made);
      const isConnected = applicable.length > 0 || relation.join !== 'inner' || relation.needs.size > 0;
      const condition = conjunction([...applicable, ...conjunctsOf(relation.condition)]);
      const rows = estimator.joinRows(relation.join, state.rows, estimator.rows(relation.plan), condition);
      const better =
        chosen === undefined || (isConnected && !chosen.isConnected) || (isConnected === chosen.isConnected && rows < chosen.rows);
      if (better) chosen = { relation, rows, conditions: applicable, isConnected };
    }
    if (chosen === undefined) throw new InvariantError('every relation of a join chain can be placed');
    place(state, chosen.relation, chosen.conditions, chosen.rows);
  }
  return state.plan;
}

function isPlaceable(relation: Relation, placed: ReadonlySet<ColumnId>, made: ReadonlySet<ColumnId>): boolean {
  for (const id of relation.needs) if (made.has(id) && !placed.has(id)) return false;
  return true;
}

/** Conditions whose columns are all there once `relation` is (columns of outer queries are there always). */
function applicableConditions(relation: Relation, state: State, made: ReadonlySet<ColumnId>): readonly Expression[] {
  if (relation.join !== 'inner') return [];
  const own = outputIds(relation.plan);
  const found: Expression[] = [];
  for (const condition of state.conditions) {
    let applies = true;
    for (const id of columnsOf(condition)) if (made.has(id) && !state.placed.has(id) && !own.has(id)) applies = false;
    if (applies) found.push(condition);
  }
  return found;
}

function place(state: State, relation: Relation, conditions: readonly Expression[], rows: number): void {
  state.plan = joined(state.plan, relation, conditions);
  state.rows = Math.max(1, rows);
  state.left.delete(relation);
  for (const condition of conditions) state.conditions.delete(condition);
  if (relation.join === 'inner') for (const id of outputIds(relation.plan)) state.placed.add(id);
}
