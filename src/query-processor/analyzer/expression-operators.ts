/**
 * Operator expressions: plain operators, ANY/ALL over arrays, IN lists, BETWEEN, IS DISTINCT FROM, NULLIF, LIKE, row comparison.
 */
import type { A_Expr, Node, RowExpr } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { btreeStrategy, operatorByOid } from '#sql/builtins.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { balancedConcatenation, isTextConcatenation, longConcatenation } from './balanced-concatenation.ts';
import { castPath } from './cast-path.ts';
import { boolConstant, boolType } from './coercion.ts';
import { coerceToCommonType, commonTypeOf } from './common-type.ts';
import type { Analysis } from './environment.ts';
import { bindExpression, expandRowFields, required } from './expression.ts';
import { stringOf } from './expression-names.ts';
import { bindRowSubqueryComparison } from './expression-subquery.ts';
import { makeArrayComparison, makeOperatorCall } from './operator-resolution.ts';
import type { Scope } from './scope.ts';
import { arrayTypeOf, typeDisplayName } from './type-facts.ts';

export function operatorName(analysis: Analysis, name: readonly Node[] | undefined, location: number | undefined): string {
  const parts = (name ?? []).map(stringOf);
  if (parts.length > 1 && parts[0] !== 'pg_catalog')
    throw analysis.error(sqlstate.invalidSchemaName, `schema "${parts[0]}" does not exist`, location);
  return parts[parts.length - 1] ?? '';
}

export function bindOperatorExpression(scope: Scope, node: A_Expr): Expression {
  const analysis = scope.analysis;
  const location = node.location;
  const name = operatorName(analysis, node.name, location);
  switch (node.kind) {
    case 'AEXPR_OP':
      return bindPlain(scope, node, name);
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR':
      return makeOperatorCall(
        analysis,
        name,
        bindExpression(scope, required(node.lexpr)),
        bindExpression(scope, required(node.rexpr)),
        location,
      );
    case 'AEXPR_OP_ANY':
    case 'AEXPR_OP_ALL': {
      const left = bindExpression(scope, required(node.lexpr));
      const right = bindExpression(scope, required(node.rexpr));
      return makeArrayComparison(analysis, name, node.kind === 'AEXPR_OP_ANY' ? 'any' : 'all', left, right, location);
    }
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return bindDistinct(scope, node, name);
    case 'AEXPR_NULLIF': {
      const left = bindExpression(scope, required(node.lexpr));
      const right = bindExpression(scope, required(node.rexpr));
      const call = requireEquality(analysis, makeOperatorCall(analysis, name, left, right, location), 'NULLIF', location);
      // The result is of the left side's own type, whatever it is compared as.
      const [comparedLeft, comparedRight] = call.args;
      return analysis.locate(
        { kind: 'nullif', equals: call.form.operator, left: comparedLeft, right: comparedRight, type: comparedLeft.type },
        location,
      );
    }
    case 'AEXPR_IN':
      return bindIn(scope, node, name);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return bindBetween(scope, node);
    default:
      throw analysis.notSupported(`${node.kind} is not supported`, location);
  }
}

function bindPlain(scope: Scope, node: A_Expr, name: string): Expression {
  const analysis = scope.analysis;
  const { lexpr, rexpr, location } = node;
  if (lexpr !== undefined && rexpr !== undefined && 'RowExpr' in lexpr) {
    if ('SubLink' in rexpr && rexpr.SubLink.subLinkType === 'EXPR_SUBLINK')
      return bindRowSubqueryComparison(scope, lexpr.RowExpr, name, rexpr.SubLink, location);
    if ('RowExpr' in rexpr) {
      const left = rowFields(scope, lexpr.RowExpr);
      const right = rowFields(scope, rexpr.RowExpr);
      return compareRows(analysis, name, left, right, location);
    }
  }
  if (name === '||' && lexpr !== undefined) return bindConcatenation(scope, node);
  const left = lexpr === undefined ? undefined : bindExpression(scope, lexpr);
  const right = bindExpression(scope, required(rexpr));
  return makeOperatorCall(analysis, name, left, right, location);
}

/** a || b || c ..., which leans to the left, from its first part on, in a loop: chains are long where they are generated. */
function bindConcatenation(scope: Scope, node: A_Expr): Expression {
  const analysis = scope.analysis;
  const links = [node];
  let first = required(node.lexpr);
  while ('A_Expr' in first && isConcatenation(analysis, first.A_Expr)) {
    links.push(first.A_Expr);
    first = required(first.A_Expr.lexpr);
  }
  let whole = bindExpression(scope, first);
  let levels = 0;
  let run = 0;
  for (const { rexpr, location } of links.reverse()) {
    const right = bindExpression(scope, required(rexpr));
    const call = makeOperatorCall(analysis, '||', whole, right, location);
    run = isTextConcatenation(call) && isTextConcatenation(whole) && !analysis.keepsLists ? run + 1 : 0;
    if (run <= longConcatenation) {
      levels++;
      analysis.enter();
    } else if (run === longConcatenation + 1) {
      // It is going to be balanced.
      levels -= longConcatenation;
      analysis.leave(longConcatenation);
    }
    whole = call;
  }
  analysis.leave(levels);
  const balanced = analysis.keepsLists ? whole : balancedConcatenation(whole);
  return balanced === whole ? whole : analysis.locate(balanced, analysis.locationOf(whole));
}

const isConcatenation = (analysis: Analysis, { kind, name, lexpr, rexpr, location }: A_Expr): boolean =>
  kind === 'AEXPR_OP' &&
  lexpr !== undefined &&
  !('RowExpr' in lexpr && rexpr !== undefined && ('RowExpr' in rexpr || 'SubLink' in rexpr)) &&
  operatorName(analysis, name, location) === '||';

export const rowFields = (scope: Scope, row: RowExpr): Expression[] => expandRowFields(scope, row.args ?? []);

/** (a, b) op (c, d). = and <> become AND and OR of the pairs, an order compares the pairs one after the other. */
export function compareRows(
  analysis: Analysis,
  name: string,
  left: readonly Expression[],
  right: readonly Expression[],
  location: number | undefined,
): Expression {
  if (left.length !== right.length) throw analysis.syntaxError('unequal number of entries in row expressions', location);
  if (left.length === 0) throw analysis.notSupported('cannot compare rows of zero length', location);
  const pairs = left.map((expression, at) => {
    const call = makeOperatorCall(analysis, name, expression, right[at], location);
    if (call.type.oid !== oid.bool)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `row comparison operator must yield type boolean, not type ${typeDisplayName(call.type.oid)}`,
        location,
      );
    return call;
  });
  if (pairs.length === 1) return pairs[0];
  const operators = pairs.map((pair) =>
    pair.kind === 'function' && pair.form.kind === 'operator' ? operatorByOid(pair.form.operator) : undefined,
  );
  if (operators.every((operator) => operator?.name === '=')) return analysis.locate({ kind: 'and', args: pairs, type: boolType }, location);
  if (operators.every((operator) => operator?.name === '<>')) return analysis.locate({ kind: 'or', args: pairs, type: boolType }, location);
  const symbols = operators.map((operator) => {
    const strategy = operator === undefined ? undefined : btreeStrategy(operator.oid)?.strategy;
    return strategy === 1 ? '<' : strategy === 2 ? '<=' : strategy === 4 ? '>=' : strategy === 5 ? '>' : undefined;
  });
  const [symbol] = symbols;
  if (symbol === undefined || symbols.some((other) => other !== symbol))
    throw analysis.error(sqlstate.featureNotSupported, `could not determine interpretation of row comparison operator ${name}`, location, {
      hint: 'Row comparison operators must be associated with btree operator families.',
    });
  const sides = pairs.map((pair) => (pair.kind === 'function' ? pair.args : []));
  return analysis.locate(
    {
      kind: 'rowComparison',
      operator: symbol,
      left: sides.map((side) => side[0]),
      right: sides.map((side) => side[1]),
      type: boolType,
    },
    location,
  );
}

type OperatorCall = Extract<Expression, { kind: 'function' }> & { readonly form: { readonly kind: 'operator'; readonly operator: number } };

function requireEquality(analysis: Analysis, call: Expression, construct: string, location: number | undefined): OperatorCall {
  if (call.type.oid !== oid.bool)
    throw analysis.error(sqlstate.datatypeMismatch, `${construct} requires = operator to yield boolean`, location);
  if (call.kind !== 'function' || call.form.kind !== 'operator')
    throw analysis.error(sqlstate.datatypeMismatch, `${construct} requires = operator to yield boolean`, location);
  return call as OperatorCall;
}

function bindDistinct(scope: Scope, node: A_Expr, name: string): Expression {
  const analysis = scope.analysis;
  const { location } = node;
  const negated = node.kind === 'AEXPR_NOT_DISTINCT';
  const lexpr = required(node.lexpr);
  const rexpr = required(node.rexpr);
  // Against a bare NULL it is a test for NULL.
  const leftIsNull = 'A_Const' in lexpr && lexpr.A_Const.isnull === true;
  const rightIsNull = 'A_Const' in rexpr && rexpr.A_Const.isnull === true;
  if (leftIsNull || rightIsNull) {
    const arg = bindExpression(scope, rightIsNull ? lexpr : rexpr);
    return analysis.locate({ kind: 'isNull', arg, negated: !negated, type: boolType }, analysis.leftmost(location, [arg]));
  }
  if ('RowExpr' in lexpr && 'RowExpr' in rexpr) {
    const left = rowFields(scope, lexpr.RowExpr);
    const right = rowFields(scope, rexpr.RowExpr);
    if (left.length !== right.length) throw analysis.syntaxError('unequal number of entries in row expressions', location);
    const pairs = left.map((expression, at) => distinctPair(analysis, name, expression, right[at], negated, location));
    if (pairs.length === 0) return boolConstant(negated);
    if (pairs.length === 1) return pairs[0];
    return analysis.locate({ kind: negated ? 'and' : 'or', args: pairs, type: boolType }, location);
  }
  return distinctPair(analysis, name, bindExpression(scope, lexpr), bindExpression(scope, rexpr), negated, location);
}

function distinctPair(
  analysis: Analysis,
  name: string,
  left: Expression,
  right: Expression,
  negated: boolean,
  location: number | undefined,
): Expression {
  const call = requireEquality(analysis, makeOperatorCall(analysis, name, left, right, location), 'IS DISTINCT FROM', location);
  return analysis.locate(
    { kind: 'distinct', equals: call.form.operator, left: call.args[0], right: call.args[1], negated, type: boolType },
    analysis.leftmost(location, call.args),
  );
}

/**
 * x IN (a, b, ...): the items without columns in one array comparison when they have a common type, the others as comparisons of
 * their own.
 */
function bindIn(scope: Scope, node: A_Expr, name: string): Expression {
  const analysis = scope.analysis;
  const location = node.location;
  const useOr = name !== '<>';
  const leftNode = required(node.lexpr);
  const isRowNode = 'RowExpr' in leftNode;
  const left = isRowNode ? rawRow(scope, leftNode.RowExpr) : bindExpression(scope, leftNode);
  const listNode = required(node.rexpr);
  const itemNodes = 'List' in listNode ? (listNode.List.items ?? []) : [];
  // Rows are compared field by field: their literals and parameters take the types of what they are compared with.
  const bindItem = (item: Node): Expression => (isRowNode && 'RowExpr' in item ? rawRow(scope, item.RowExpr) : bindExpression(scope, item));
  const items = itemNodes.map((item) => ({ bound: bindItem(item) }));
  const isRowExpression = (bound: Expression): boolean => bound.kind === 'row' && !analysis.wholeRows.has(bound);
  const isRow = isRowExpression(left);
  const plain = items.filter(({ bound }) => bound.kind !== 'row' && !containsColumn(bound));
  let result: Expression | undefined;
  let rest = items;
  if (plain.length > 1 && !isRow) {
    const candidates = [left, ...plain.map(({ bound }) => bound)];
    const common = commonTypeOf(candidates.map((candidate) => candidate.type.oid));
    const canConvert =
      typeof common === 'number' &&
      common !== oid.record &&
      candidates.every(({ type }) => type.oid === oid.unknown || castPath(type.oid, common, 'implicit') !== undefined);
    const arrayType = typeof common === 'number' && canConvert ? arrayTypeOf(common) : 0;
    if (typeof common === 'number' && arrayType !== 0) {
      const elements = plain.map(({ bound }) => coerceToCommonType(analysis, bound, common, 'IN'));
      const array = foldArray(analysis, { kind: 'array', items: elements, nested: false, type: typeRef(arrayType) });
      analysis.locate(array, location);
      result = makeArrayComparison(analysis, name, useOr ? 'any' : 'all', left, array, location);
      rest = items.filter((item) => !plain.includes(item));
    }
  }
  const comparisons = result === undefined ? [] : [result];
  for (const { bound } of rest) {
    const comparison =
      left.kind === 'row' && bound.kind === 'row' && isRow && isRowExpression(bound)
        ? compareRows(analysis, name, left.fields, bound.fields, location)
        : makeOperatorCall(analysis, name, comparisons.length === 0 ? left : copyOf(analysis, left), bound, location);
    if (comparison.type.oid !== oid.bool)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `argument of ${useOr ? 'OR' : 'AND'} must be type boolean, not type ${typeDisplayName(comparison.type.oid)}`,
        location,
      );
    comparisons.push(comparison);
  }
  if (comparisons.length === 1) return comparisons[0];
  return analysis.locate({ kind: useOr ? 'or' : 'and', args: comparisons, type: boolType }, analysis.leftmost(location, [left]));
}

/** A row whose unknown fields stay unknown. */
function rawRow(scope: Scope, node: RowExpr): Expression {
  const fields = rowFields(scope, node);
  const row: Expression = { kind: 'row', fields, names: fields.map((_, at) => `f${at + 1}`), type: typeRef(oid.record) };
  return scope.analysis.locate(row, node.location);
}

const copyOf = (analysis: Analysis, expression: Expression): Expression =>
  analysis.locate({ ...expression }, analysis.locationOf(expression));

/** An array of constants is a constant, except in stored texts, which keep the list as it was written. */
function foldArray(analysis: Analysis, array: Extract<Expression, { kind: 'array' }>): Expression {
  const values: Datum[] = [];
  for (const item of array.items) {
    if (item.kind !== 'constant' || analysis.keepsLists) return array;
    values.push(item.value);
  }
  return { kind: 'constant', value: new ArrayValue(array.items[0].type.oid, values), type: array.type };
}

/** Columns of this query or of outer ones; a subquery counts as one. */
const containsColumn = (expression: Expression): boolean =>
  someExpression(expression, (part) => part.kind === 'column' || part.kind === 'subquery');

function bindBetween(scope: Scope, node: A_Expr): Expression {
  const analysis = scope.analysis;
  const { location } = node;
  const listNode = required(node.rexpr);
  const [low, high] = 'List' in listNode ? (listNode.List.items ?? []) : [];
  const valueNode = required(node.lexpr);
  const compare = (name: string, boundNode: Node): Expression => {
    const left = bindExpression(scope, valueNode);
    return makeOperatorCall(analysis, name, left, bindExpression(scope, boundNode), location);
  };
  const both = (kind: 'and' | 'or', args: readonly Expression[]): Expression =>
    analysis.locate({ kind, args, type: boolType }, analysis.leftmost(location, args));
  const inside = (from: Node, to: Node): Expression => both('and', [compare('>=', from), compare('<=', to)]);
  const outside = (from: Node, to: Node): Expression => both('or', [compare('<', from), compare('>', to)]);
  switch (node.kind) {
    case 'AEXPR_BETWEEN':
      return inside(low, high);
    case 'AEXPR_NOT_BETWEEN':
      return outside(low, high);
    case 'AEXPR_BETWEEN_SYM':
      return both('or', [inside(low, high), inside(high, low)]);
    default:
      return both('and', [outside(low, high), outside(high, low)]);
  }
}
