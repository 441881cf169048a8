/** SQL/JSON constructors and IS JSON; the aggregates among them are PostgreSQL's own functions. */
import type {
  FuncCall,
  JsonAggConstructor,
  JsonArrayQueryConstructor,
  JsonIsPredicate,
  JsonOutput,
  JsonValueExpr,
  Node,
} from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { cannotCast, coerceToTarget, resolveUnknown } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { bindCall, callByName } from './expression-calls.ts';
import { bindSubquery } from './expression-subquery.ts';
import type { Scope } from './scope.ts';
import { isStringCategory, typeDisplayName } from './type-facts.ts';
import { resolveTypeName } from './type-name.ts';

const constructors = [
  'JsonObjectConstructor',
  'JsonArrayConstructor',
  'JsonArrayQueryConstructor',
  'JsonObjectAgg',
  'JsonArrayAgg',
  'JsonIsPredicate',
];

export const isJsonConstructor = (node: Node): boolean => constructors.some((name) => name in node);

export function bindJsonConstructor(scope: Scope, node: Node): Expression {
  const analysis = scope.analysis;
  if ('JsonObjectConstructor' in node) {
    const { exprs = [], output, absent_on_null, unique, location } = node.JsonObjectConstructor;
    const args = exprs.flatMap((pair) => {
      if (!('JsonKeyValue' in pair)) return [];
      const key = resolveUnknown(analysis, bindExpression(scope, required(pair.JsonKeyValue.key)));
      return [key, bindValue(scope, required(pair.JsonKeyValue.value))];
    });
    const options = { absentOnNull: absent_on_null === true, uniqueKeys: unique === true };
    return construct(scope, 'object', args, options, output, location);
  }
  if ('JsonArrayConstructor' in node) {
    const { exprs = [], output, absent_on_null, location } = node.JsonArrayConstructor;
    const args = exprs.map((item) =>
      'JsonValueExpr' in item ? bindValue(scope, item.JsonValueExpr) : resolveUnknown(analysis, bindExpression(scope, item)),
    );
    return construct(scope, 'array', args, { absentOnNull: absent_on_null === true, uniqueKeys: false }, output, location);
  }
  if ('JsonIsPredicate' in node) return bindIsJson(scope, node.JsonIsPredicate);
  if ('JsonArrayQueryConstructor' in node) return bindArrayQuery(scope, node.JsonArrayQueryConstructor);
  if ('JsonArrayAgg' in node) {
    const { constructor: common, arg, absent_on_null } = node.JsonArrayAgg;
    return bindAggregate(scope, `agg${absent_on_null === true ? '_strict' : ''}`, common, [required(required(arg).raw_expr)]);
  }
  if ('JsonObjectAgg' in node) {
    const { constructor: common, arg, absent_on_null, unique } = node.JsonObjectAgg;
    const suffix = `${unique === true ? '_unique' : ''}${absent_on_null === true ? '_strict' : ''}`;
    const pair = required(arg);
    return bindAggregate(scope, `object_agg${suffix}`, common, [required(pair.key), required(required(pair.value).raw_expr)]);
  }
  throw analysis.notSupported(`${Object.keys(node)[0]} is not supported`);
}

function bindAggregate(scope: Scope, name: string, common: JsonAggConstructor | undefined, args: Node[]): Expression {
  const { output, agg_order, agg_filter, over, location } = required(common);
  const type = outputType(scope, output, () => args.map((arg) => bindExpression(scope, arg)));
  const call: FuncCall = {
    funcname: ['pg_catalog', `${type.oid === oid.jsonb ? 'jsonb' : 'json'}_${name}`].map((sval) => ({ String: { sval } })),
    args,
    ...(agg_order === undefined ? {} : { agg_order }),
    ...(agg_filter === undefined ? {} : { agg_filter }),
    ...(over === undefined ? {} : { over }),
    ...(location === undefined ? {} : { location }),
  };
  return returned(scope, bindCall(scope, call), type, location);
}

/** FORMAT JSON takes a string for a document. */
function bindValue(scope: Scope, value: JsonValueExpr): Expression {
  const { analysis } = scope;
  const bound = resolveUnknown(analysis, bindExpression(scope, required(value.raw_expr)));
  const location = analysis.locationOf(bound);
  const { format_type, encoding, location: formatLocation } = value.format ?? {};
  const isFormatted = format_type === 'JS_FORMAT_JSON';
  if (isFormatted && encoding !== undefined && encoding !== 'JS_ENC_DEFAULT' && bound.type.oid !== oid.bytea)
    throw analysis.error(sqlstate.datatypeMismatch, 'JSON ENCODING clause is only allowed for bytea input type', formatLocation);
  if (!isFormatted || bound.type.oid === oid.json || bound.type.oid === oid.jsonb) return bound;
  if (bound.type.oid === oid.bytea) return cast(scope, textOfBytes(scope, bound, location), typeRef(oid.json), location);
  if (!isStringCategory(bound.type.oid))
    throw analysis.error(
      sqlstate.datatypeMismatch,
      'cannot use non-string types with explicit FORMAT JSON clause',
      formatLocation !== undefined && formatLocation >= 0 ? formatLocation : location,
    );
  return cast(scope, bound, typeRef(oid.json), location);
}

const textOfBytes = (scope: Scope, bytes: Expression, location: number | undefined): Expression =>
  callByName(scope, 'convert_from', [bytes, { kind: 'constant', value: 'UTF8', type: typeRef(oid.name) }], location);

function bindIsJson(scope: Scope, node: JsonIsPredicate): Expression {
  const { analysis } = scope;
  const bound = resolveUnknown(analysis, bindExpression(scope, required(node.expr)));
  const location = analysis.locationOf(bound);
  const type = bound.type.oid;
  let arg = bound;
  if (type === oid.bytea) arg = textOfBytes(scope, bound, location);
  else if (isStringCategory(type)) arg = type === oid.text ? bound : cast(scope, bound, typeRef(oid.text), location);
  else if (type !== oid.json && type !== oid.jsonb)
    throw analysis.error(sqlstate.datatypeMismatch, `cannot use type ${typeDisplayName(type)} in IS JSON predicate`);
  return analysis.locate(
    {
      kind: 'isJson',
      arg,
      test: jsonTests[node.item_type ?? 'JS_TYPE_ANY'],
      uniqueKeys: node.unique_keys === true,
      type: typeRef(oid.bool),
    },
    node.location,
  );
}

const jsonTests = { JS_TYPE_ANY: 'value', JS_TYPE_OBJECT: 'object', JS_TYPE_ARRAY: 'array', JS_TYPE_SCALAR: 'scalar' } as const;

/** JSON_ARRAY(query) is (SELECT JSON_ARRAYAGG(a) FROM (query) AS q(a)). */
function bindArrayQuery(scope: Scope, node: JsonArrayQueryConstructor): Expression {
  const { query, format, output, absent_on_null, location } = node;
  const select = required(query);
  const targets = 'SelectStmt' in select ? (select.SelectStmt.targetList ?? []) : [];
  const isStar = targets.some((target) => 'ResTarget' in target && containsStar(target.ResTarget.val));
  if (targets.length > 1 && !isStar) throw scope.analysis.error(sqlstate.syntaxError, 'subquery must return only one column', location);
  const value: JsonValueExpr = {
    raw_expr: { ColumnRef: { fields: ['q', 'a'].map((sval) => ({ String: { sval } })) } },
    ...(format && { format }),
  };
  const aggregated: Node = {
    JsonArrayAgg: {
      constructor: { ...(output && { output }), ...(location === undefined ? {} : { location }) },
      arg: value,
      ...(absent_on_null === true && { absent_on_null }),
    },
  };
  return bindSubquery(scope, {
    subLinkType: 'EXPR_SUBLINK',
    subselect: {
      SelectStmt: {
        targetList: [{ ResTarget: { val: aggregated } }],
        fromClause: [{ RangeSubselect: { subquery: select, alias: { aliasname: 'q', colnames: [{ String: { sval: 'a' } }] } } }],
        limitOption: 'LIMIT_OPTION_DEFAULT',
        op: 'SETOP_NONE',
      },
    },
    ...(location === undefined ? {} : { location }),
  });
}

const containsStar = (node: Node | undefined): boolean =>
  node !== undefined && 'ColumnRef' in node && (node.ColumnRef.fields ?? []).some((field) => 'A_Star' in field);

/** Without RETURNING it is jsonb when an argument is, and else json. */
function outputType(scope: Scope, output: JsonOutput | undefined, args: () => readonly Expression[]): TypeRef {
  if (output?.typeName !== undefined) return resolveTypeName(output.typeName, scope.analysis);
  return typeRef(args().some((arg) => arg.type.oid === oid.jsonb) ? oid.jsonb : oid.json);
}

function construct(
  scope: Scope,
  what: 'object' | 'array',
  args: readonly Expression[],
  options: { readonly absentOnNull: boolean; readonly uniqueKeys: boolean },
  output: JsonOutput | undefined,
  location: number | undefined,
): Expression {
  const type = outputType(scope, output, () => args);
  const made: Expression = {
    kind: 'jsonConstructor',
    what,
    args,
    ...options,
    type: typeRef(type.oid === oid.jsonb ? oid.jsonb : oid.json),
  };
  return returned(scope, scope.analysis.locate(made, location), type, location);
}

/** As the type of RETURNING; a bytea holds the text's UTF-8. */
function returned(scope: Scope, made: Expression, type: TypeRef, location: number | undefined): Expression {
  if (type.oid !== oid.bytea) return cast(scope, made, type, location);
  const text = cast(scope, made, typeRef(oid.text), location);
  return callByName(scope, 'convert_to', [text, { kind: 'constant', value: 'UTF8', type: typeRef(oid.name) }], location);
}

function cast(scope: Scope, expression: Expression, type: TypeRef, location: number | undefined): Expression {
  const coerced = coerceToTarget(scope.analysis, expression, type, 'explicit', location);
  // PostgreSQL has lost the place by now.
  if (coerced === undefined) throw cannotCast(scope.analysis, expression.type.oid, type.oid, undefined);
  return coerced;
}
