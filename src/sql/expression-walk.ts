/**
 * Walking expressions: the parts of an expression, to look at or to replace.
 *
 *   X1  Replacing returns the very same object where nothing has changed, so that `===` tells whether something did.
 *   X2  Plans of subqueries are opaque here: a subquery's part is its comparison alone. Those who know plans go into them themselves.
 */
import { unreachable } from '#base/assert.ts';
import type { AggregateCall, Expression, SortKey, Subscript, WindowCall } from './expression.ts';

export type ExpressionMap = (expression: Expression) => Expression;

/** The list with each item mapped; the very same list when none changes. */
export function mapList<Item>(list: readonly Item[], map: (item: Item) => Item): readonly Item[] {
  let changed: Item[] | undefined;
  for (let at = 0; at < list.length; at++) {
    const item = map(list[at]);
    if (changed === undefined && item !== list[at]) changed = list.slice(0, at);
    changed?.push(item);
  }
  return changed ?? list;
}

/** Named expressions, sort keys and the like: whatever holds an expression beside other things. */
export const mapHolders = <Holder extends { readonly expression: Expression }>(
  holders: readonly Holder[],
  map: ExpressionMap,
): readonly Holder[] =>
  mapList(holders, (holder) => {
    const expression = map(holder.expression);
    return expression === holder.expression ? holder : { ...holder, expression };
  });

export const mapSortKeys = (keys: readonly SortKey[], map: ExpressionMap): readonly SortKey[] => mapHolders(keys, map);

export const mapOptional = (expression: Expression | undefined, map: ExpressionMap): Expression | undefined =>
  expression === undefined ? undefined : map(expression);

/** The expression rebuilt over its mapped children. */
export function mapChildren(expression: Expression, map: ExpressionMap): Expression {
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'column':
    case 'outerValue':
    case 'caseOperand':
    case 'sqlValue':
      return expression;
    case 'function': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'and':
    case 'or':
    case 'coalesce':
    case 'jsonConstructor':
    case 'minmax': {
      const args = mapList(expression.args, map);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'not':
    case 'isNull':
    case 'isJson':
    case 'booleanTest':
    case 'field':
    case 'convertByText':
    case 'relabel':
    case 'domainCheck':
    case 'applyTypmod': {
      const arg = map(expression.arg);
      return arg === expression.arg ? expression : { ...expression, arg };
    }
    case 'arrayConversion': {
      const arg = map(expression.arg);
      const element = map(expression.element);
      return arg === expression.arg && element === expression.element ? expression : { ...expression, arg, element };
    }
    case 'distinct':
    case 'nullif':
    case 'arrayComparison': {
      const left = map(expression.left);
      const right = map(expression.right);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'case': {
      const operand = mapOptional(expression.operand, map);
      const branches = mapList(expression.branches, (branch) => {
        const when = map(branch.when);
        const then = map(branch.then);
        return when === branch.when && then === branch.then ? branch : { when, then };
      });
      const otherwise = mapOptional(expression.otherwise, map);
      return operand === expression.operand && branches === expression.branches && otherwise === expression.otherwise
        ? expression
        : { ...expression, operand, branches, otherwise };
    }
    case 'array': {
      const items = mapList(expression.items, map);
      return items === expression.items ? expression : { ...expression, items };
    }
    case 'row': {
      const fields = mapList(expression.fields, map);
      return fields === expression.fields ? expression : { ...expression, fields };
    }
    case 'rowComparison': {
      const left = mapList(expression.left, map);
      const right = mapList(expression.right, map);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'subscript': {
      const arg = map(expression.arg);
      const subscripts = mapSubscripts(expression.subscripts, map);
      return arg === expression.arg && subscripts === expression.subscripts ? expression : { ...expression, arg, subscripts };
    }
    case 'assignSubscript': {
      const arg = map(expression.arg);
      const subscripts = mapSubscripts(expression.subscripts, map);
      const value = map(expression.value);
      return arg === expression.arg && subscripts === expression.subscripts && value === expression.value
        ? expression
        : { ...expression, arg, subscripts, value };
    }
    case 'subquery': {
      const comparison = mapOptional(expression.comparison, map);
      return comparison === expression.comparison ? expression : { ...expression, comparison };
    }
    case 'aggregate':
      return mapAggregateCall(expression, map);
    case 'window':
      return mapWindowCall(expression, map);
    default:
      return unreachable(expression);
  }
}

const mapSubscripts = (subscripts: readonly Subscript[], map: ExpressionMap): readonly Subscript[] =>
  mapList(subscripts, (subscript) => {
    const lower = mapOptional(subscript.lower, map);
    const upper = mapOptional(subscript.upper, map);
    return lower === subscript.lower && upper === subscript.upper ? subscript : { lower, upper };
  });

export function mapAggregateCall(call: AggregateCall, map: ExpressionMap): AggregateCall {
  const args = mapList(call.args, map);
  const directArgs = mapList(call.directArgs, map);
  const orderBy = mapSortKeys(call.orderBy, map);
  const filter = mapOptional(call.filter, map);
  if (args === call.args && directArgs === call.directArgs && orderBy === call.orderBy && filter === call.filter) return call;
  return { ...call, args, directArgs, orderBy, filter };
}

export function mapWindowCall(call: WindowCall, map: ExpressionMap): WindowCall {
  const args = mapList(call.args, map);
  const filter = mapOptional(call.filter, map);
  return args === call.args && filter === call.filter ? call : { ...call, args, filter };
}

export function forEachChild(expression: Expression, look: (child: Expression) => void): void {
  mapChildren(expression, (child) => {
    look(child);
    return child;
  });
}

export function childrenOf(expression: Expression): readonly Expression[] {
  const children: Expression[] = [];
  forEachChild(expression, (child) => children.push(child));
  return children;
}

/** True when `test` holds for the expression or anything inside it. */
export function someExpression(expression: Expression, test: (part: Expression) => boolean): boolean {
  if (test(expression)) return true;
  switch (expression.kind) {
    // The frequent leaves and calls without the detour over mapChildren.
    case 'constant':
    case 'parameter':
    case 'column':
    case 'outerValue':
      return false;
    case 'function':
    case 'and':
    case 'or':
      return expression.args.some((arg) => someExpression(arg, test));
    default:
      return childrenOf(expression).some((child) => someExpression(child, test));
  }
}
