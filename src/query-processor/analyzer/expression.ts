/**
 * Expression binding: from the tree's expression nodes to bound expressions. This file sends each node to the one that knows it
 * and binds the plain constructs (CASE, AND, casts, ...).
 *
 *   expression-names.ts      columns, whole rows, fields, subscripts
 *   expression-operators.ts  operators, IN, BETWEEN, row comparison
 *   expression-calls.ts      functions, aggregates, window functions
 *   expression-subquery.ts   subqueries
 */
import type { A_ArrayExpr, CaseExpr, CollateClause, Node, RowExpr, SQLValueFunction, TypeCast } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression, SqlValueName } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { domainOfArray } from '#sql/types/catalog-types.ts';
import { boolType, cannotCast, coerceToBoolean, coerceToTarget, nullConstant, resolveUnknown, returnsSet } from './coercion.ts';
import { coerceToCommonType, commonTypmod, selectCommonType } from './common-type.ts';
import { bindConstant } from './constant.ts';
import type { Analysis } from './environment.ts';
import { bindCall, bindGrouping } from './expression-calls.ts';
import { bindJsonConstructor, isJsonConstructor } from './expression-json.ts';
import { bindColumnReference, bindIndirection } from './expression-names.ts';
import { bindOperatorExpression } from './expression-operators.ts';
import { bindSubquery } from './expression-subquery.ts';
import { makeOperatorCall } from './operator-resolution.ts';
import { bindParameter } from './parameters.ts';
import type { Scope } from './scope.ts';
import { expandStar } from './targets.ts';
import { arrayElementOf, arrayTypeOf, typeDisplayName } from './type-facts.ts';
import { resolveTypeName } from './type-name.ts';

/** Binds one node. The type of a literal or parameter may still be unknown: the caller's context decides it. */
export function bindExpression(scope: Scope, node: Node): Expression {
  scope.analysis.enter();
  const bound = bindNode(scope, node);
  scope.analysis.leave();
  return bound;
}

export const bindAll = (scope: Scope, nodes: readonly Node[] | undefined): Expression[] =>
  (nodes ?? []).map((node) => bindExpression(scope, node));

function bindNode(scope: Scope, node: Node): Expression {
  const analysis = scope.analysis;
  if ('ColumnRef' in node) return bindColumnReference(scope, node.ColumnRef);
  if ('A_Const' in node) return bindConstant(analysis, node.A_Const);
  if ('A_Expr' in node) return bindOperatorExpression(scope, node.A_Expr);
  if ('FuncCall' in node) return bindCall(scope, node.FuncCall);
  if ('ParamRef' in node) return bindParameter(analysis, node.ParamRef.number ?? 0, node.ParamRef.location);
  if ('TypeCast' in node) return bindCast(scope, node.TypeCast);
  if ('BoolExpr' in node) return bindBoolean(scope, node.BoolExpr.boolop, node.BoolExpr.args ?? [], node.BoolExpr.location);
  if ('NullTest' in node) {
    const arg = bindExpression(scope, required(node.NullTest.arg));
    const test: Expression = { kind: 'isNull', arg, negated: node.NullTest.nulltesttype === 'IS_NOT_NULL', type: boolType };
    return analysis.locate(test, analysis.leftmost(node.NullTest.location, [arg]));
  }
  if ('SubLink' in node) return bindSubquery(scope, node.SubLink);
  if ('CaseExpr' in node) return bindCase(scope, node.CaseExpr);
  if ('CoalesceExpr' in node) return bindCoalesce(scope, node.CoalesceExpr.args ?? [], node.CoalesceExpr.location);
  if ('MinMaxExpr' in node) {
    const which = node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest';
    const { type, args } = bindCommon(scope, node.MinMaxExpr.args ?? [], which.toUpperCase());
    return analysis.locate({ kind: 'minmax', which, args, type }, node.MinMaxExpr.location);
  }
  if ('A_ArrayExpr' in node) return bindArray(scope, node.A_ArrayExpr, undefined);
  if ('RowExpr' in node) return bindRow(scope, node.RowExpr);
  if ('A_Indirection' in node) return bindIndirection(scope, node.A_Indirection);
  if ('BooleanTest' in node)
    return bindBooleanTest(scope, node.BooleanTest.arg, node.BooleanTest.booltesttype ?? '', node.BooleanTest.location);
  if ('SQLValueFunction' in node) return bindSqlValue(analysis, node.SQLValueFunction);
  if ('CollateClause' in node) return bindCollate(scope, node.CollateClause);
  if ('GroupingFunc' in node) return bindGrouping(scope, node.GroupingFunc);
  if ('SetToDefault' in node) throw analysis.syntaxError('DEFAULT is not allowed in this context', node.SetToDefault.location);
  if ('XmlExpr' in node || 'XmlSerialize' in node)
    throw analysis.notSupported('unsupported XML feature', 'XmlExpr' in node ? node.XmlExpr.location : node.XmlSerialize.location);
  if ('CurrentOfExpr' in node) throw analysis.notSupported('WHERE CURRENT OF is not supported');
  if (isJsonConstructor(node)) return bindJsonConstructor(scope, node);
  throw analysis.notSupported(`${Object.keys(node)[0]} is not supported in an expression`);
}

/** A child that the grammar always fills. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the grammar leaves this part of the tree out');
  return value;
}

function bindBoolean(scope: Scope, op: string | undefined, nodes: readonly Node[], location: number | undefined): Expression {
  const analysis = scope.analysis;
  const name = op === 'OR_EXPR' ? 'OR' : op === 'NOT_EXPR' ? 'NOT' : 'AND';
  const args = nodes.map((node) => coerceToBoolean(analysis, bindExpression(scope, node), name));
  const bound: Expression =
    name === 'NOT' ? { kind: 'not', arg: args[0], type: boolType } : { kind: name === 'OR' ? 'or' : 'and', args, type: boolType };
  return analysis.locate(bound, analysis.leftmost(location, args));
}

function bindBooleanTest(scope: Scope, node: Node | undefined, test: string, location: number | undefined): Expression {
  const analysis = scope.analysis;
  const construct = test.replaceAll('_', ' ');
  const arg = coerceToBoolean(analysis, bindExpression(scope, required(node)), construct);
  const value = test.endsWith('TRUE') ? 'true' : test.endsWith('FALSE') ? 'false' : 'unknown';
  const bound: Expression = { kind: 'booleanTest', arg, test: value, negated: test.startsWith('IS_NOT'), type: boolType };
  return analysis.locate(bound, analysis.leftmost(location, [arg]));
}

function refuseSets(analysis: Analysis, expressions: readonly Expression[], construct: string): void {
  const set = expressions.find(returnsSet);
  if (set !== undefined)
    throw analysis.error(
      sqlstate.featureNotSupported,
      `set-returning functions are not allowed in ${construct}`,
      analysis.locationOf(set),
      { hint: 'You might be able to move the set-returning function into a LATERAL FROM item.' },
    );
}

function bindCase(scope: Scope, node: CaseExpr): Expression {
  const analysis = scope.analysis;
  const operand = node.arg === undefined ? undefined : resolveUnknown(analysis, bindExpression(scope, node.arg));
  const whens: Expression[] = [];
  const results: Expression[] = [];
  for (const clause of node.args ?? []) {
    if (!('CaseWhen' in clause)) continue;
    const { expr, result, location } = clause.CaseWhen;
    const condition = bindExpression(scope, required(expr));
    const placeholder: Expression | undefined = operand === undefined ? undefined : { kind: 'caseOperand', type: operand.type };
    const test = placeholder === undefined ? condition : makeOperatorCall(analysis, '=', placeholder, condition, location);
    whens.push(coerceToBoolean(analysis, test, 'CASE/WHEN'));
    results.push(bindExpression(scope, required(result)));
  }
  const otherwise = node.defresult === undefined ? undefined : bindExpression(scope, node.defresult);
  const all = [otherwise ?? nullConstant(oid.unknown), ...results];
  const target = selectCommonType(analysis, all, 'CASE');
  const coerced = all.map((result, at) => coerceToCommonType(analysis, result, target, at === 0 ? 'CASE/ELSE' : 'CASE/WHEN'));
  refuseSets(analysis, [...(operand === undefined ? [] : [operand]), ...whens, ...coerced], 'CASE');
  const bound: Expression = {
    kind: 'case',
    operand,
    // biome-ignore lint/suspicious/noThenProperty: SQL's own word; nobody awaits a branch
    branches: whens.map((when, at) => ({ when, then: coerced[at + 1] })),
    otherwise: otherwise === undefined ? undefined : coerced[0],
    type: typeRef(target, commonTypmod(otherwise === undefined ? coerced.slice(1) : coerced, target)),
  };
  return analysis.locate(bound, node.location);
}

function bindCommon(scope: Scope, nodes: readonly Node[], construct: string): { type: TypeRef; args: readonly Expression[] } {
  const analysis = scope.analysis;
  const args = bindAll(scope, nodes);
  const target = selectCommonType(analysis, args, construct);
  const coerced = args.map((arg) => coerceToCommonType(analysis, arg, target, construct));
  return { type: typeRef(target, commonTypmod(coerced, target)), args: coerced };
}

function bindCoalesce(scope: Scope, nodes: readonly Node[], location: number | undefined): Expression {
  const { type, args } = bindCommon(scope, nodes, 'COALESCE');
  refuseSets(scope.analysis, args, 'COALESCE');
  return scope.analysis.locate({ kind: 'coalesce', args, type }, location);
}

function bindCast(scope: Scope, node: TypeCast): Expression {
  const analysis = scope.analysis;
  const target = resolveTypeName(required(node.typeName), analysis);
  const argNode = required(node.arg);
  const element = arrayElementOf(target.oid);
  const arg = 'A_ArrayExpr' in argNode && element !== 0 ? bindArray(scope, argNode.A_ArrayExpr, target) : bindExpression(scope, argNode);
  const location = node.location !== undefined && node.location >= 0 ? node.location : node.typeName?.location;
  // What does not fit into a row is shown where the cast stands.
  const place = arg.type.oid === oid.record ? location : undefined;
  const coerced = coerceToTarget(analysis, arg, target, 'explicit', place);
  if (coerced === undefined) throw cannotCast(analysis, arg.type.oid, target.oid, location);
  return coerced;
}

/** The type that an array type's elements are of, which may be a domain. */
function elementTypeOf({ oid: arrayOid, typmod, domain }: TypeRef): TypeRef {
  const element = typeRef(arrayElementOf(arrayOid), typmod);
  const ofDomain = domain === undefined ? undefined : domainOfArray(domain);
  return ofDomain === undefined ? element : { ...element, domain: ofDomain };
}

/** ARRAY[...]; `target` is the array type that a cast around it asks for. */
function bindArray(scope: Scope, node: A_ArrayExpr, target: TypeRef | undefined): Expression {
  const analysis = scope.analysis;
  let nested = false;
  const elements: Expression[] = [];
  for (const child of node.elements ?? []) {
    if ('A_ArrayExpr' in child) {
      nested = true;
      elements.push(bindArray(scope, child.A_ArrayExpr, target));
    } else {
      const element = bindExpression(scope, child);
      if (arrayElementOf(element.type.oid) !== 0) nested = true;
      elements.push(element);
    }
  }
  const finish = (items: readonly Expression[], arrayType: number): Expression =>
    analysis.locate({ kind: 'array', items, nested, type: typeRef(arrayType, -1) }, node.location);
  if (target !== undefined) {
    const itemType = nested ? target : elementTypeOf(target);
    const items = elements.map((element) => {
      const coerced = coerceToTarget(analysis, element, itemType, 'explicit');
      if (coerced === undefined) throw cannotCast(analysis, element.type.oid, itemType.oid, analysis.locationOf(element));
      return coerced;
    });
    return analysis.locate({ kind: 'array', items, nested, type: target }, node.location);
  }
  if (elements.length === 0)
    throw analysis.error(sqlstate.indeterminateDatatype, 'cannot determine type of empty array', node.location, {
      hint: 'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
    });
  const common = selectCommonType(analysis, elements, 'ARRAY');
  const items = elements.map((element) => coerceToCommonType(analysis, element, common, 'ARRAY'));
  if (nested) return finish(items, common);
  const arrayType = arrayTypeOf(common);
  if (arrayType === 0)
    throw analysis.error(sqlstate.undefinedObject, `could not find array type for data type ${typeDisplayName(common)}`, node.location);
  return finish(items, arrayType);
}

export function bindRow(scope: Scope, node: RowExpr): Expression {
  const analysis = scope.analysis;
  const fields = expandRowFields(scope, node.args ?? []);
  if (fields.length > 1664) throw analysis.error(sqlstate.tooManyColumns, 'ROW expressions can have at most 1664 entries', node.location);
  const names = fields.map((_, at) => `f${at + 1}`);
  return analysis.locate({ kind: 'row', fields, names, type: typeRef(oid.record) }, node.location);
}

/** Arguments of ROW(...), where t.* stands for its columns. */
export function expandRowFields(scope: Scope, nodes: readonly Node[]): Expression[] {
  return nodes.flatMap((node) => expandStar(scope, node)?.map(({ expression }) => expression) ?? [bindExpression(scope, node)]);
}

const sqlValues: Readonly<Record<string, { readonly name: SqlValueName; readonly type: number }>> = {
  SVFOP_CURRENT_DATE: { name: 'current_date', type: oid.date },
  SVFOP_CURRENT_TIME: { name: 'current_time', type: oid.timetz },
  SVFOP_CURRENT_TIME_N: { name: 'current_time', type: oid.timetz },
  SVFOP_CURRENT_TIMESTAMP: { name: 'current_timestamp', type: oid.timestamptz },
  SVFOP_CURRENT_TIMESTAMP_N: { name: 'current_timestamp', type: oid.timestamptz },
  SVFOP_LOCALTIME: { name: 'localtime', type: oid.time },
  SVFOP_LOCALTIME_N: { name: 'localtime', type: oid.time },
  SVFOP_LOCALTIMESTAMP: { name: 'localtimestamp', type: oid.timestamp },
  SVFOP_LOCALTIMESTAMP_N: { name: 'localtimestamp', type: oid.timestamp },
  SVFOP_CURRENT_ROLE: { name: 'current_user', type: oid.name },
  SVFOP_CURRENT_USER: { name: 'current_user', type: oid.name },
  SVFOP_USER: { name: 'current_user', type: oid.name },
  SVFOP_SESSION_USER: { name: 'session_user', type: oid.name },
  SVFOP_CURRENT_CATALOG: { name: 'current_catalog', type: oid.name },
  SVFOP_CURRENT_SCHEMA: { name: 'current_schema', type: oid.name },
};

function bindSqlValue(analysis: Analysis, node: SQLValueFunction): Expression {
  const value = sqlValues[node.op ?? ''];
  if (value === undefined) throw analysis.notSupported(`${node.op} is not supported`, node.location);
  const { runAs, currentUser } = analysis.environment;
  if (value.name === 'current_user' && runAs !== undefined && !analysis.keepsCalls)
    return analysis.locate({ kind: 'constant', value: currentUser, type: typeRef(oid.name) }, node.location);
  // A precision above six is six, as everywhere with times.
  const typmod = node.typmod === undefined ? 0 : Math.min(node.typmod, 6);
  const hasPrecision = (node.op ?? '').endsWith('_N');
  return analysis.locate({ kind: 'sqlValue', name: value.name, type: typeRef(value.type, hasPrecision ? typmod : -1) }, node.location);
}

const collatable = new Set<number>([oid.text, oid.varchar, oid.bpchar, oid.name, oid.unknown]);
const collations = new Set(['default', 'C', 'POSIX', 'ucs_basic']);

/** Every collation that exists orders by bytes, so that COLLATE changes nothing. */
function bindCollate(scope: Scope, node: CollateClause): Expression {
  const analysis = scope.analysis;
  const arg = bindExpression(scope, required(node.arg));
  const type = arg.type.oid;
  if (!collatable.has(type) && !collatable.has(arrayElementOf(type)))
    throw analysis.error(sqlstate.datatypeMismatch, `collations are not supported by type ${typeDisplayName(type)}`, node.location);
  requireCollation(analysis, node);
  return arg;
}

/** 42704 for a collation that does not exist. */
export function requireCollation(analysis: Analysis, node: CollateClause): void {
  const names = (node.collname ?? []).map((part) => ('String' in part ? (part.String.sval ?? '') : ''));
  const name = names[names.length - 1] ?? '';
  if (collations.has(name) && (names.length === 1 || names[0] === 'pg_catalog')) return;
  throw analysis.error(sqlstate.undefinedObject, `collation "${names.join('.')}" for encoding "UTF8" does not exist`, node.location);
}

/** Binds a condition (WHERE, ON, ...). */
export function bindCondition(scope: Scope, node: Node, construct: string): Expression {
  return coerceToBoolean(scope.analysis, bindExpression(scope, node), construct);
}
