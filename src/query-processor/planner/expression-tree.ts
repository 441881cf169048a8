/**
 * Walking and rewriting bound expressions: what every rule needs and no rule owns.
 *
 *   X1  Rewriting returns the very same object where nothing has changed, so that `===` tells whether a rule did something.
 *   X2  A subquery inside an expression counts as part of it: its free columns are the expression's columns, its volatility the
 *       expression's volatility, and a substitution reaches into its plan.
 */
import { procByOid } from '#sql/builtins.ts';
import type { ColumnId, Expression, SortKey, SubqueryExpression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
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

export function sameOr<Item>(items: readonly Item[], map: (item: Item) => Item): readonly Item[] {
  let changed: Item[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const mapped = map(items[i]);
    if (changed !== undefined) changed.push(mapped);
    else if (mapped !== items[i]) changed = [...items.slice(0, i), mapped];
  }
  return changed ?? items;
}

export function mapSortKeys(keys: readonly SortKey[], f: (e: Expression) => Expression): readonly SortKey[] {
  return sameOr(keys, (key) => {
    const expression = f(key.expression);
    return expression === key.expression ? key : { ...key, expression };
  });
}

/** Rebuilds an expression over its mapped children. `f` is not applied inside the plans of subqueries (see `rewrite` for that). */
export function mapChildren(e: Expression, f: (child: Expression) => Expression): Expression {
  const optional = (child: Expression | undefined) => (child === undefined ? undefined : f(child));
  switch (e.kind) {
    case 'constant':
    case 'parameter':
    case 'column':
    case 'outerValue':
    case 'caseOperand':
    case 'sqlValue':
      return e;
    case 'function': {
      const args = sameOr(e.args, f);
      return args === e.args ? e : { ...e, args };
    }
    case 'and':
    case 'or':
    case 'coalesce':
    case 'minmax': {
      const args = sameOr(e.args, f);
      return args === e.args ? e : { ...e, args };
    }
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'field':
    case 'convertByText':
    case 'relabel':
    case 'applyTypmod': {
      const arg = f(e.arg);
      return arg === e.arg ? e : { ...e, arg };
    }
    case 'arrayConversion': {
      const arg = f(e.arg);
      const element = f(e.element);
      return arg === e.arg && element === e.element ? e : { ...e, arg, element };
    }
    case 'distinct':
    case 'nullif':
    case 'arrayComparison': {
      const left = f(e.left);
      const right = f(e.right);
      return left === e.left && right === e.right ? e : { ...e, left, right };
    }
    case 'case': {
      const operand = optional(e.operand);
      const branches = sameOr(e.branches, (branch) => {
        const when = f(branch.when);
        const then = f(branch.then);
        return when === branch.when && then === branch.then ? branch : { when, then };
      });
      const otherwise = optional(e.otherwise);
      return operand === e.operand && branches === e.branches && otherwise === e.otherwise ? e : { ...e, operand, branches, otherwise };
    }
    case 'array': {
      const items = sameOr(e.items, f);
      return items === e.items ? e : { ...e, items };
    }
    case 'row': {
      const fields = sameOr(e.fields, f);
      return fields === e.fields ? e : { ...e, fields };
    }
    case 'rowComparison': {
      const left = sameOr(e.left, f);
      const right = sameOr(e.right, f);
      return left === e.left && right === e.right ? e : { ...e, left, right };
    }
    case 'subscript': {
      const arg = f(e.arg);
      const subscripts = sameOr(e.subscripts, (subscript) => {
        const lower = optional(subscript.lower);
        const upper = optional(subscript.upper);
        return lower === subscript.lower && upper === subscript.upper ? subscript : { lower, upper };
      });
      return arg === e.arg && subscripts === e.subscripts ? e : { ...e, arg, subscripts };
    }
    case 'subquery': {
      const comparison = optional(e.comparison);
      return comparison === e.comparison ? e : { ...e, comparison };
    }
    case 'aggregate': {
      const args = sameOr(e.args, f);
      const directArgs = sameOr(e.directArgs, f);
      const orderBy = mapSortKeys(e.orderBy, f);
      const filter = optional(e.filter);
      return args === e.args && directArgs === e.directArgs && orderBy === e.orderBy && filter === e.filter
        ? e
        : { ...e, args, directArgs, orderBy, filter };
    }
    case 'window': {
      const args = sameOr(e.args, f);
      const filter = optional(e.filter);
      return args === e.args && filter === e.filter ? e : { ...e, args, filter };
    }
  }
}

/** Bottom-up rewriting, subquery plans included (X2). */
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

export function childrenOf(e: Expression): readonly Expression[] {
  const children: Expression[] = [];
  mapChildren(e, (child) => {
    children.push(child);
    return child;
  });
  return children;
}

/** True when `test` holds for the expression or anything inside it (plans of subqueries left out). */
export function some(e: Expression, test: (e: Expression) => boolean): boolean {
  if (test(e)) return true;
  switch (e.kind) {
    // The frequent leaves and calls without the detour over mapChildren.
    case 'constant':
    case 'parameter':
    case 'column':
    case 'outerValue':
      return false;
    case 'function':
    case 'and':
    case 'or':
      return e.args.some((arg) => some(arg, test));
    default:
      return childrenOf(e).some((child) => some(child, test));
  }
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
  some(e, (inner) => {
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

export const containsSubquery = (e: Expression): boolean => some(e, (inner) => inner.kind === 'subquery');

/** May give another value each time it is evaluated: must be evaluated exactly as often as it is written. */
export function isVolatile(e: Expression): boolean {
  return some(e, (inner) => {
    if (inner.kind === 'function') return procByOid(inner.function)?.volatility === 'v';
    return inner.kind === 'subquery' && planIsVolatile(subqueryPlan(inner));
  });
}

export const returnsSet = (e: Expression): boolean => some(e, (inner) => inner.kind === 'function' && inner.returnsSet);

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
