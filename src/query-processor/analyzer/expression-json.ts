/** SQL/JSON constructors and IS JSON, through the functions that do the same. */
import type { FuncCall, JsonAggConstructor, JsonOutput, JsonValueExpr, Node } from '@pgsql/types';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { cannotCast, coerceToTarget, resolveUnknown } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { bindCall, callByName } from './expression-calls.ts';
import { bindSubquery } from './expression-subquery.ts';
import type { Scope } from './scope.ts';
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
    if (absent_on_null === true || unique === true)
      throw analysis.notSupported('JSON_OBJECT with ABSENT ON NULL or WITH UNIQUE KEYS is not supported', location);
    const args = exprs.flatMap((pair) => {
      if (!('JsonKeyValue' in pair)) return [];
      return [bindExpression(scope, required(pair.JsonKeyValue.key)), bindValue(scope, required(pair.JsonKeyValue.value))];
    });
    return construct(scope, 'build_object', args, output, location);
  }
  if ('JsonArrayConstructor' in node) {
    const { exprs = [], output, absent_on_null, location } = node.JsonArrayConstructor;
    const args = exprs.flatMap((item) =>
      'JsonValueExpr' in item ? [bindValue(scope, item.JsonValueExpr)] : [bindExpression(scope, item)],
    );
    // NULLs are left out unless NULL ON NULL is said.
    const mayBeNull = args.some((arg) => arg.kind !== 'constant' || arg.value === null);
    if (absent_on_null === true && mayBeNull)
      throw analysis.notSupported('JSON_ARRAY with ABSENT ON NULL over expressions is not supported', location);
    return construct(scope, 'build_array', args, output, location);
  }
  if ('JsonIsPredicate' in node) throw analysis.notSupported('IS JSON is not supported', node.JsonIsPredicate.location);
  if ('JsonArrayQueryConstructor' in node) {
    const { query, output, location } = node.JsonArrayQueryConstructor;
    const array = bindSubquery(scope, {
      subLinkType: 'ARRAY_SUBLINK',
      subselect: required(query),
      ...(location === undefined ? {} : { location }),
    });
    return cast(scope, callByName(scope, 'to_json', [array], location), outputType(scope, output), location);
  }
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
  const type = outputType(scope, output);
  const call: FuncCall = {
    funcname: ['pg_catalog', `${type.oid === oid.jsonb ? 'jsonb' : 'json'}_${name}`].map((sval) => ({ String: { sval } })),
    args,
    ...(agg_order === undefined ? {} : { agg_order }),
    ...(agg_filter === undefined ? {} : { agg_filter }),
    ...(over === undefined ? {} : { over }),
    ...(location === undefined ? {} : { location }),
  };
  return cast(scope, bindCall(scope, call), type, location);
}

function bindValue(scope: Scope, value: JsonValueExpr): Expression {
  const bound = resolveUnknown(scope.analysis, bindExpression(scope, required(value.raw_expr)));
  const isJson = value.format?.format_type === 'JS_FORMAT_JSON';
  return isJson && bound.type.oid !== oid.json && bound.type.oid !== oid.jsonb
    ? cast(scope, bound, typeRef(oid.json), scope.analysis.locationOf(bound))
    : bound;
}

const outputType = (scope: Scope, output: JsonOutput | undefined): TypeRef =>
  output?.typeName === undefined ? typeRef(oid.json) : resolveTypeName(output.typeName, scope.analysis);

function construct(
  scope: Scope,
  what: 'build_object' | 'build_array',
  args: readonly Expression[],
  output: JsonOutput | undefined,
  location: number | undefined,
): Expression {
  const type = outputType(scope, output);
  const name = `${type.oid === oid.jsonb ? 'jsonb' : 'json'}_${what}`;
  return cast(scope, callByName(scope, name, args, location), type, location);
}

function cast(scope: Scope, expression: Expression, type: TypeRef, location: number | undefined): Expression {
  const coerced = coerceToTarget(scope.analysis, expression, type, 'explicit', location);
  if (coerced === undefined) throw cannotCast(scope.analysis, expression.type.oid, type.oid, location);
  return coerced;
}
