/** UNION, INTERSECT, EXCEPT: both sides brought to common types, and what may stand around them. */
import type { SelectStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { balancedUnions } from './balanced-unions.ts';
import { coerceToCommonType, selectCommonType } from './common-type.ts';
import { rangeColumn } from './from-clause.ts';
import { lockingName } from './locking.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import { bindOrderBy } from './order-by.ts';
import { type RangeItem, type Scope, visible } from './scope.ts';
import {
  type BoundSelect,
  bindLimits,
  limited,
  lockingClauses,
  type PendingSelect,
  prepareSelect,
  type SelectOptions,
  type StatedBody,
} from './select.ts';
import { requireOrder } from './sort-key.ts';
import { statedTail } from './state-select.ts';
import type { StatedQuery, StatedSetOperation } from './stated-query.ts';
import type { Target } from './targets.ts';

export function bindSetOperation(
  scope: Scope,
  node: SelectStmt,
  options: SelectOptions,
): { readonly bound: BoundSelect; readonly state: () => StatedBody } {
  const analysis = scope.analysis;
  const [locking] = [...lockingClauses(node.lockingClause), ...(options.locking ?? [])];
  if (locking !== undefined) throw analysis.notSupported(`${lockingName(locking)} is not allowed with UNION/INTERSECT/EXCEPT`);
  const { plan: united, output, stated } = bindTree(scope, node);
  const item: RangeItem = {
    kind: 'join',
    name: 'unnamed_join',
    hasAlias: false,
    table: undefined,
    columns: output.map(rangeColumn),
    isScalar: false,
    takeKeyColumn: undefined,
  };
  scope.namespace = [{ ...visible(scope.addItem(item)), isRelationVisible: false }];
  const targets: Target[] = output.map(({ id, name, type }) => ({ expression: { kind: 'column', id, name, type }, name, isJunk: false }));
  const order = bindOrderBy(scope, node.sortClause, targets);
  const stray = targets.find((target) => target.isJunk);
  if (stray !== undefined)
    throw analysis.error(
      sqlstate.featureNotSupported,
      'invalid UNION/INTERSECT/EXCEPT ORDER BY clause',
      analysis.locationOf(stray.expression),
      {
        detail: 'Only result column names can be used, not expressions or functions.',
        hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      },
    );
  const limits = bindLimits(scope, node);
  const keys = order.map(({ target, descending, nullsFirst }) => ({ expression: target.expression, descending, nullsFirst }));
  const sorted: LogicalPlan = keys.length === 0 ? united : { kind: 'sort', input: united, keys };
  return {
    bound: { plan: limited(sorted, limits, keys), output },
    state: () => ({ body: stated(), ...statedTail(targets, order, limits), locks: [] }),
  };
}

/** A node of the tree of set operations that has no clauses of its own. */
const isInnerNode = (node: SelectStmt): boolean =>
  node.op !== undefined &&
  node.op !== 'SETOP_NONE' &&
  node.sortClause === undefined &&
  node.limitCount === undefined &&
  node.limitOffset === undefined &&
  node.lockingClause === undefined &&
  node.withClause === undefined;

type Side = StatedSetOperation | StatedQuery;

type PreparedSide = { readonly pending: PendingSelect; readonly stated: () => Side };

/** A side, and what it says once it is finished. */
function prepareSide(scope: Scope, node: SelectStmt | undefined): PreparedSide {
  const { analysis } = scope;
  if (node === undefined) throw new TypeError('a set operation has two sides');
  if (isInnerNode(node)) {
    const bound = bindTree(scope, node);
    return { pending: asPending(bound), stated: bound.stated };
  }
  const pending = prepareSelect(analysis, node, scope, { resolveUnknowns: false });
  let finished: BoundSelect | undefined;
  const finish = (): BoundSelect => {
    finished = pending.finish();
    return finished;
  };
  return { pending: { targets: pending.targets, finish }, stated: () => statedSide(scope, finished) };
}

const asPending = (bound: BoundSelect): PendingSelect => ({
  targets: bound.output.map(({ id, name, type }) => ({ expression: { kind: 'column', id, name, type }, name, isJunk: false })),
  finish: () => bound,
});

function statedSide(scope: Scope, finished: BoundSelect | undefined): StatedQuery {
  const { stated } = scope.analysis;
  if (stated === undefined || finished === undefined) throw new TypeError('a query is stated once it is finished, where that is noted');
  return stated.ofPlan(finished.plan);
}

const operations = { SETOP_UNION: 'union', SETOP_INTERSECT: 'intersect', SETOP_EXCEPT: 'except' } as const;

type Link = { readonly operation: 'union' | 'intersect' | 'except'; readonly all: boolean; readonly right: SelectStmt | undefined };

function linkOf(node: SelectStmt): Link {
  const op = node.op === undefined || node.op === 'SETOP_NONE' ? 'SETOP_UNION' : node.op;
  return { operation: operations[op], all: node.all === true, right: node.rarg };
}

/** A tree that leans to the left, as a chain without parentheses does, is bound from its first side on, in a loop: chains are long where they are generated. */
function bindTree(scope: Scope, node: SelectStmt): BoundSelect & { readonly stated: () => StatedSetOperation } {
  const { analysis } = scope;
  let first: SelectStmt | undefined = node.larg;
  const outer: Link[] = [];
  let last = linkOf(node);
  while (first !== undefined && isInnerNode(first)) {
    outer.push(last);
    last = linkOf(first);
    first = first.larg;
  }
  const links = [last, ...outer.reverse()];
  const levels = levelsOf(links);
  analysis.enter(levels);
  const start = prepareSide(scope, first);
  let bound: BoundSelect | undefined;
  const rights: PreparedSide[] = [];
  for (const { operation, all, right } of links) {
    const side = prepareSide(scope, right);
    rights.push(side);
    bound = combine(scope, bound === undefined ? start.pending : asPending(bound), side.pending, operation, all);
  }
  analysis.leave(levels);
  if (bound === undefined) throw new TypeError('a set operation has an operator');
  const names = bound.output.map(({ name }) => name);
  return {
    plan: balancedUnions(analysis, bound.plan),
    output: bound.output,
    stated: () => {
      const stated = (left: Side, at: number): StatedSetOperation => {
        const { operation, all } = links[at];
        return { kind: 'setOperation', operation, all, left, right: rights[at].stated(), names };
      };
      let whole = stated(start.stated(), 0);
      for (let at = 1; at < links.length; at++) whole = stated(whole, at);
      return whole;
    },
  };
}

/** How deep the plan of a chain will be: a run of one kind of UNION is balanced and counts as one. */
function levelsOf(links: readonly Link[]): number {
  return links.filter(
    ({ operation, all }, at) => operation !== 'union' || links[at - 1]?.operation !== 'union' || links[at - 1].all !== all,
  ).length;
}

/** Joins two sides whose column types are settled here. */
export function combine(
  scope: Scope,
  left: PendingSelect,
  right: PendingSelect,
  operation: 'union' | 'intersect' | 'except',
  all: boolean,
): BoundSelect {
  const analysis = scope.analysis;
  const construct = operation.toUpperCase();
  if (left.targets.length !== right.targets.length)
    throw analysis.syntaxError(
      `each ${construct} query must have the same number of columns`,
      analysis.locationOf(right.targets[0]?.expression),
    );
  const types = left.targets.map((leftTarget, at) => {
    const rightTarget = right.targets[at];
    const pair = [leftTarget.expression, rightTarget.expression];
    const common = selectCommonType(analysis, pair, construct);
    for (const target of [leftTarget, rightTarget])
      if (isLiteral(target.expression)) target.expression = coerceToCommonType(analysis, target.expression, common, construct);
    // Refuses what cannot be cast before any plan is made.
    for (const target of [leftTarget, rightTarget]) coerceToCommonType(analysis, target.expression, common, construct);
    if (!(operation === 'union' && all))
      requireOrder(analysis, { kind: 'caseOperand', type: typeRef(common) }, 'equality', analysis.locationOf(leftTarget.expression));
    const { typmod } = leftTarget.expression.type;
    const sameTypmod = pair.every(({ type }) => type.oid === common && type.typmod === typmod);
    return typeRef(common, sameTypmod ? typmod : -1);
  });
  const leftSide = castSide(scope, left, types, construct);
  const rightSide = castSide(scope, right, types, construct);
  const columns: OutputColumn[] = left.targets.map(({ name }, at) => ({
    id: analysis.newColumnId(),
    name,
    type: types[at],
    tableOid: 0,
    attributeNumber: 0,
  }));
  const plan: LogicalPlan = {
    kind: 'setOperation',
    operation,
    all,
    left: leftSide.plan,
    right: rightSide.plan,
    columns,
    leftColumns: leftSide.ids,
    rightColumns: rightSide.ids,
  };
  return { plan, output: columns };
}

const isLiteral = (expression: Expression): boolean =>
  expression.type.oid === oid.unknown && (expression.kind === 'constant' || expression.kind === 'parameter');

/** A side's plan with a projection on top where columns need a cast. */
function castSide(
  scope: Scope,
  side: PendingSelect,
  types: readonly { readonly oid: number }[],
  construct: string,
): { readonly plan: LogicalPlan; readonly ids: readonly ColumnId[] } {
  const { plan, output } = side.finish();
  if (output.every(({ type }, at) => type.oid === types[at].oid)) return { plan, ids: output.map(({ id }) => id) };
  const targets: NamedExpression[] = output.map(({ id, name, type }, at) => {
    const column: Expression = { kind: 'column', id, name, type };
    if (type.oid === types[at].oid) return { id, name, expression: column };
    return { id: scope.analysis.newColumnId(), name, expression: coerceToCommonType(scope.analysis, column, types[at].oid, construct) };
  });
  return { plan: { kind: 'project', input: plan, targets }, ids: targets.map(({ id }) => id) };
}
