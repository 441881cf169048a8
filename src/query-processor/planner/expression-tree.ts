/**
 * Rewriting and asking bound expressions: what every rule needs and no rule owns.
 *
 *   E1  Rewriting returns the very same object where nothing has changed, so that `===` tells whether a rule did something.
 *   E2  A subquery inside an expression counts as part of it: its free columns are the expression's columns, its volatility the
 *       expression's volatility, and a substitution reaches into its plan.
 */
import type { ColumnId, Expression, SubqueryExpression } from '#sql/expression.ts';
import { childrenOf, mapChildren, someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { isVolatileCall } from '#sql/volatility.ts';
import type { LogicalPlan } from '../analyzer/logical-plan.ts';
import { freeColumns, mapExpressions, mapInputs } from './plan-tree.ts';

export const boolean = { oid: oid.bool, typmod: -1 } as const;
export const constantTrue: Expression = { kind: 'constant', value: true, type: boolean };
export const constantFalse: Expression = { kind: 'constant', value: false, type: boolean };
export const constantNull: Expression = { kind: 'constant', value: null, type: boolean };

export const isConstant = (expression: Expression): expression is Extract<Expression, { kind: 'constant' }> =>
  expression.kind === 'constant';
export const isTrue = (expression: Expression): boolean => expression.kind === 'constant' && expression.value === true;
/** False or NULL: a row that meets it in a WHERE is left out. */
export const isNeverTrue = (expression: Expression): boolean => expression.kind === 'constant' && expression.value !== true;

/** The plan of a subquery expression (opaque in sql/, because sql/ does not know of plans). */
export const subqueryPlan = (expression: SubqueryExpression): LogicalPlan => expression.plan as LogicalPlan;

/** Bottom-up rewriting, subquery plans included (E2). */
export function rewrite(e: Expression, f: (e: Expression) => Expression): Expression {
  let inner = mapChildren(e, (child) => rewrite(child, f));
  if (inner.kind === 'subquery') {
    const before = subqueryPlan(inner);
    const plan = rewritePlanExpressions(before, (expression) => rewrite(expression, f));
    if (plan !== before) inner = { ...inner, plan };
  }
  return f(inner);
}

/** Maps the plans of the subqueries in an expression, not looking into those plans. */
export function mapSubqueries(e: Expression, f: (plan: LogicalPlan) => LogicalPlan): Expression {
  const inner = mapChildren(e, (child) => mapSubqueries(child, f));
  if (inner.kind !== 'subquery') return inner;
  const before = subqueryPlan(inner);
  const plan = f(before);
  return plan === before ? inner : { ...inner, plan };
}

/** Applies `f` to every expression of every operator of a plan. */
export function rewritePlanExpressions(plan: LogicalPlan, f: (e: Expression) => Expression): LogicalPlan {
  return mapExpressions(
    mapInputs(plan, (input) => rewritePlanExpressions(input, f)),
    f,
  );
}

/** Replaces columns by id, in subqueries too. */
export function substitute(e: Expression, replacement: (id: ColumnId) => Expression | undefined): Expression {
  return rewrite(e, (inner) => (inner.kind === 'column' ? (replacement(inner.id) ?? inner) : inner));
}

const noColumns: ReadonlySet<ColumnId> = new Set();
const columnsCache = new WeakMap<Expression, ReadonlySet<ColumnId>>();

/** Columns that the expression names, and those that its subqueries take from outside. */
export function columnsOf(e: Expression): ReadonlySet<ColumnId> {
  if (e.kind === 'constant' || e.kind === 'parameter' || e.kind === 'outerValue') return noColumns;
  const known = columnsCache.get(e);
  if (known !== undefined) return known;
  const found = new Set<ColumnId>();
  collectColumns(e, found);
  columnsCache.set(e, found);
  return found;
}

export function collectColumns(e: Expression, into: Set<ColumnId>): void {
  const own: ColumnId[] = [];
  someExpression(e, (inner) => {
    if (inner.kind === 'column') into.add(inner.id);
    else if (inner.kind === 'subquery') {
      for (const id of freeColumns(subqueryPlan(inner))) into.add(id);
      own.push(...inner.output);
    }
    return false;
  });
  // A comparison names the subquery's own columns, which are nobody else's.
  for (const id of own) into.delete(id);
}

export const within = (columns: Iterable<ColumnId>, available: ReadonlySet<ColumnId>): boolean => {
  for (const id of columns) if (!available.has(id)) return false;
  return true;
};
export const overlaps = (columns: Iterable<ColumnId>, others: ReadonlySet<ColumnId>): boolean => {
  for (const id of columns) if (others.has(id)) return true;
  return false;
};

export const containsSubquery = (e: Expression): boolean => someExpression(e, (inner) => inner.kind === 'subquery');

/** May give another value each time it is evaluated: must be evaluated exactly as often as it is written. */
export function isVolatile(e: Expression): boolean {
  return someExpression(e, (inner) => {
    if (inner.kind === 'function') return isVolatileCall(inner);
    return inner.kind === 'subquery' && planIsVolatile(subqueryPlan(inner));
  });
}

export const returnsSet = (e: Expression): boolean => someExpression(e, (inner) => inner.kind === 'function' && inner.returnsSet);

export function planIsVolatile(plan: LogicalPlan): boolean {
  let found = plan.kind === 'insert' || plan.kind === 'update' || plan.kind === 'delete' || plan.kind === 'lockRows';
  if (found) return true;
  mapExpressions(plan, (e) => {
    found ||= isVolatile(e);
    return e;
  });
  if (found) return true;
  mapInputs(plan, (input) => {
    found ||= planIsVolatile(input);
    return input;
  });
  return found;
}

/** A call that is run by itself may fail, or call itself, on rows on which it is not to be run. */
export function planRunsRoutine(plan: LogicalPlan): boolean {
  let found = plan.kind === 'functionScan' && plan.functions.some(({ call }) => call.kind === 'function' && call.form.kind === 'routine');
  if (found) return true;
  mapExpressions(plan, (e) => {
    found ||= someExpression(e, (inner) => inner.kind === 'subquery' && planRunsRoutine(subqueryPlan(inner)));
    return e;
  });
  mapInputs(plan, (input) => {
    found ||= planRunsRoutine(input);
    return input;
  });
  return found;
}

/** The parts of a condition that must all hold. */
export function conjunctsOf(condition: Expression | undefined): readonly Expression[] {
  if (condition === undefined) return [];
  if (condition.kind !== 'and') return isTrue(condition) ? [] : [condition];
  return condition.args.flatMap(conjunctsOf);
}

export function conjunction(conditions: readonly Expression[]): Expression | undefined {
  if (conditions.length === 0) return undefined;
  return conditions.length === 1 ? conditions[0] : { kind: 'and', args: conditions, type: boolean };
}

/** Structural equality of expressions without subqueries; used to recognise a condition or a key written twice. */
export function sameExpression(a: Expression, b: Expression): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.type.oid !== b.type.oid) return false;
  switch (a.kind) {
    case 'constant':
      return b.kind === 'constant' && a.type.typmod === b.type.typmod && sameDatum(a.value, b.value);
    case 'parameter':
      return b.kind === 'parameter' && a.index === b.index;
    case 'column':
    case 'outerValue':
      return (b.kind === 'column' || b.kind === 'outerValue') && a.id === b.id;
    case 'function':
      return b.kind === 'function' && a.function === b.function && a.variadic === b.variadic && sameList(a.args, b.args);
    case 'subquery':
    case 'aggregate':
    case 'window':
      return false;
    default:
      return sameShallow(a, b) && sameList(childrenOf(a), childrenOf(b));
  }
}

const sameList = (a: readonly Expression[], b: readonly Expression[]): boolean =>
  a.length === b.length && a.every((item, i) => sameExpression(item, b[i]));

function sameDatum(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return plainText(a) === plainText(b);
}

/** Compares all fields that are not expressions. */
function sameShallow(a: Expression, b: Expression): boolean {
  return shallowText(a) === shallowText(b);
}

const shallowText = (e: Expression): string =>
  JSON.stringify(e, (key, value: unknown) =>
    key !== '' && typeof value === 'object' && value !== null && 'kind' in value ? '*' : key === 'position' ? undefined : bigintText(value),
  );
const plainText = (value: object): string => JSON.stringify(value, (_, inner: unknown) => bigintText(inner));
const bigintText = (value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);
