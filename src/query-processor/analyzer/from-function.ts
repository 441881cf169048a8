/**
 * Functions in FROM: one or, with ROWS FROM, several side by side; WITH ORDINALITY; column definition lists for functions that
 * return nothing more definite than record.
 */
import type { ColumnDef, Node, RangeFunction } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { isRowTypeOid, relationOfRowType } from '#sql/types/catalog-types.ts';
import { formatType } from '#sql/types/registry.ts';
import { coerceToTarget, resolveUnknown, returnsSet, trueConstant } from './coercion.ts';
import type { Analysis, FunctionPlan } from './environment.ts';
import { bindExpression, required } from './expression.ts';
import { anyProc, recordShapeOf, stringOf } from './expression-names.ts';
import { figureName } from './figure-name.ts';
import { aliasColumns, type FromItem, itemOf, lateralReads, rangeColumn } from './from-clause.ts';
import type { LogicalPlan, OutputColumn } from './logical-plan.ts';
import type { RangeItem, Scope } from './scope.ts';
import { typeDisplayName } from './type-facts.ts';
import { resolveTypeName } from './type-name.ts';
import { forEachExpressionIn } from './walk.ts';

type FunctionItem = { readonly node: Node; readonly definitions: readonly ColumnDef[] };

export function bindRangeFunction(scope: Scope, node: RangeFunction): FromItem {
  const analysis = scope.analysis;
  const items = functionItems(node);
  const wasLateral = scope.isLateralActive;
  scope.isLateralActive = true;
  const bound = scope.within('fromFunction', () =>
    items.map((item) => ({ item, call: resolveUnknown(analysis, bindExpression(scope, item.node)) })),
  );
  scope.isLateralActive = wasLateral;
  const [first] = bound;
  const own = bound.length === 1 && first !== undefined ? analysis.functionPlans.get(first.call) : undefined;
  if (own !== undefined && node.ordinality !== true && first !== undefined)
    return bindFunctionPlan(scope, node, first.item, first.call, own);
  for (const { call } of bound) refuseNestedSets(scope, call);

  const alias = node.alias;
  const isSingle = bound.length === 1;
  const definitions = (node.coldeflist ?? []).flatMap(columnDef);
  if (definitions.length > 0 && !isSingle)
    throw analysis.syntaxError('ROWS FROM() with multiple functions cannot have a column definition list');
  if (definitions.length > 0 && node.ordinality === true)
    throw analysis.syntaxError('WITH ORDINALITY cannot be used with a column definition list');
  const name = alias?.aliasname ?? figureName(items[0].node);
  const functions = bound.map(({ item, call }) => {
    const written = figureName(item.node);
    const own = item.definitions.length > 0 ? item.definitions : isSingle ? definitions : [];
    const fields = functionFields(scope, call, own, written, item.node);
    // A scalar function's column is called like the alias, when it is the only one.
    const columns: OutputColumn[] = (
      fields ?? [{ name: resultName(analysis, call) ?? (isSingle && alias !== undefined ? name : written), type: call.type }]
    ).map((field) => ({
      id: analysis.newColumnId(),
      name: field.name,
      type: field.type,
      tableOid: 0,
      attributeNumber: 0,
    }));
    return { call, columns, isScalar: fields === undefined };
  });
  const ordinality: OutputColumn | undefined =
    node.ordinality === true
      ? { id: analysis.newColumnId(), name: 'ordinality', type: typeRef(oid.int8), tableOid: 0, attributeNumber: 0 }
      : undefined;
  const all = [...functions.flatMap(({ columns }) => columns), ...(ordinality === undefined ? [] : [ordinality])];
  const rangeItem: RangeItem = {
    kind: 'function',
    name,
    hasAlias: true,
    table: undefined,
    columns: aliasColumns(analysis, all.map(rangeColumn), alias, name),
    isScalar: isSingle && functions[0].isScalar && ordinality === undefined,
    ...(isSingle && ordinality === undefined ? rowsOf(functions[0].call) : {}),
    takeKeyColumn: undefined,
  };
  const lateralIds = lateralReads(scope, (look) => {
    for (const { call } of functions) look(call);
  });
  const made = itemOf(
    scope,
    { kind: 'functionScan', alias: name, functions: functions.map(({ call, columns }) => ({ call, columns })), ordinality },
    rangeItem,
    lateralIds,
  );
  analysis.stated?.noteFrom(made, {
    kind: 'function',
    item: rangeItem,
    calls: functions.map(({ call }) => call),
    definitions: functions.map(({ columns }, at) =>
      items[at].definitions.length > 0 || (isSingle && definitions.length > 0) ? columns.map(({ name, type }) => ({ name, type })) : [],
    ),
    withOrdinality: ordinality !== undefined,
    isLateral: node.lateral === true,
  });
  return made;
}

/** The relation whose rows a function returns. */
function rowsOf({ type }: Expression): Pick<RangeItem, 'relationOid'> {
  const relationOid = relationOfRowType(type.oid);
  return relationOid === undefined ? {} : { relationOid };
}

/** A user's function: the query that it stands for is the item. One that returns no set gives one row in any case. */
function bindFunctionPlan(scope: Scope, node: RangeFunction, item: FunctionItem, call: Expression, own: FunctionPlan): FromItem {
  const { analysis } = scope;
  const written = figureName(item.node);
  const name = node.alias?.aliasname ?? written;
  const definitions = [...item.definitions, ...(node.coldeflist ?? []).flatMap(columnDef)];
  const listed = definitions.length === 0 ? undefined : listedColumns(scope, definitions, own);
  if (own.isRecord && !own.hasFields && listed === undefined)
    throw analysis.syntaxError(
      'a column definition list is required for functions returning "record"',
      'FuncCall' in item.node ? item.node.FuncCall.location : undefined,
    );
  const scalarName = own.resultName ?? (node.alias === undefined ? written : name);
  const columns = listed?.columns ?? (own.isRecord ? own.columns : own.columns.map((column) => ({ ...column, name: scalarName })));
  const rows = listed?.plan ?? own.plan;
  const plan: LogicalPlan = own.returnsSet
    ? rows
    : { kind: 'join', join: 'left', left: { kind: 'oneRow' }, right: rows, condition: trueConstant, lateral: false };
  const rangeItem: RangeItem = {
    kind: 'function',
    name,
    hasAlias: true,
    table: undefined,
    columns: aliasColumns(analysis, columns.map(rangeColumn), node.alias, name),
    isScalar: !own.isRecord,
    ...rowsOf(call),
    takeKeyColumn: undefined,
  };
  return itemOf(
    scope,
    plan,
    rangeItem,
    lateralReads(scope, (look) => forEachExpressionIn(plan, look)),
  );
}

/** The columns that a definition list names. */
function listedColumns(
  scope: Scope,
  definitions: readonly ColumnDef[],
  own: FunctionPlan,
): { readonly plan: LogicalPlan; readonly columns: readonly OutputColumn[] } {
  const { analysis } = scope;
  if (own.isRecord && own.hasFields)
    throw analysis.syntaxError('a column definition list is redundant for a function with OUT parameters', definitions[0].location);
  if (!own.isRecord)
    throw analysis.syntaxError('a column definition list is only allowed for functions returning "record"', definitions[0].location);
  const refuse = (detail: string) =>
    analysis.error(sqlstate.invalidFunctionDefinition, 'return type mismatch in function declared to return record', undefined, { detail });
  if (own.columns.length > definitions.length) throw refuse('Final statement returns too many columns.');
  if (own.columns.length < definitions.length) throw refuse('Final statement returns too few columns.');
  const targets = definitions.map((definition, at) => {
    const type = resolveTypeName(required(definition.typeName), analysis);
    const column = own.columns[at];
    const value: Expression = { kind: 'column', id: column.id, name: column.name, type: column.type };
    const expression = coerceToTarget(analysis, value, type, 'assignment');
    if (expression === undefined)
      throw refuse(`Final statement returns ${formatType(column.type)} instead of ${formatType(type)} at column ${at + 1}.`);
    return { id: analysis.newColumnId(), name: definition.colname ?? '', expression };
  });
  return {
    plan: { kind: 'project', input: own.plan, targets },
    columns: targets.map(({ id, name, expression }) => ({ id, name, type: expression.type, tableOid: 0, attributeNumber: 0 })),
  };
}

const columnDef = (node: Node): ColumnDef[] => ('ColumnDef' in node ? [node.ColumnDef] : []);

/** The functions of the item; unnest of several arrays is one unnest each. */
function functionItems(node: RangeFunction): readonly FunctionItem[] {
  return (node.functions ?? []).flatMap((entry) => {
    const [call, list] = 'List' in entry ? (entry.List.items ?? []) : [entry];
    const definitions = list !== undefined && 'List' in list ? (list.List.items ?? []).flatMap(columnDef) : [];
    if (call !== undefined && 'FuncCall' in call && definitions.length === 0) {
      const { funcname = [], args = [], agg_order, agg_filter, over, agg_star, agg_distinct, func_variadic } = call.FuncCall;
      const isPlain = !agg_order && !agg_filter && !over && !agg_star && !agg_distinct && !func_variadic;
      if (isPlain && funcname.length === 1 && stringOf(funcname[0]) === 'unnest' && args.length > 1)
        return args.map((arg) => ({ node: { FuncCall: { ...call.FuncCall, args: [arg] } }, definitions: [] }));
    }
    return [{ node: required(call), definitions }];
  });
}

function refuseNestedSets(scope: Scope, call: Expression): void {
  const parts = call.kind === 'function' && call.returnsSet ? call.args : [call];
  const nested = parts.find(returnsSet);
  if (nested !== undefined)
    throw scope.analysis.notSupported('set-returning functions must appear at top level of FROM', scope.analysis.locationOf(nested));
}

/** The name of a function's one OUT argument. */
function resultName(analysis: Analysis, call: Expression): string | undefined {
  const proc = call.kind === 'function' && call.form.kind === 'call' ? anyProc(analysis, call.function) : undefined;
  if (proc?.argModes === undefined) return undefined;
  const outs = [...proc.argModes].flatMap((mode, at) => (mode === 'o' || mode === 'b' || mode === 't' ? [at] : []));
  const name = outs.length === 1 ? proc.argNames?.[outs[0]] : undefined;
  return name === '' ? undefined : name;
}

type Field = { readonly name: string; readonly type: TypeRef };

/** The columns of a function that returns a record; undefined for one that returns a scalar. */
function functionFields(
  scope: Scope,
  call: Expression,
  definitions: readonly ColumnDef[],
  written: string,
  node: Node,
): readonly Field[] | undefined {
  const analysis = scope.analysis;
  const location = analysis.locationOf(call) ?? ('FuncCall' in node ? node.FuncCall.location : undefined);
  const shape = recordShapeOf(analysis, call);
  if (definitions.length > 0) {
    const listLocation = definitions[0].location;
    if (isRowTypeOid(call.type.oid))
      throw analysis.syntaxError('a column definition list is redundant for a function returning a named composite type', listLocation);
    if (shape !== undefined)
      throw analysis.syntaxError('a column definition list is redundant for a function with OUT parameters', listLocation);
    if (call.type.oid !== oid.record)
      throw analysis.syntaxError('a column definition list is only allowed for functions returning "record"', listLocation);
    return definitions.map((definition) => {
      const type = resolveTypeName(required(definition.typeName), analysis);
      if (type.oid === oid.record)
        throw analysis.error(sqlstate.invalidTableDefinition, `column "${definition.colname}" has pseudo-type record`, definition.location);
      return { name: definition.colname ?? '', type };
    });
  }
  if (shape !== undefined) return shape.names.map((name, at) => ({ name, type: shape.types[at] }));
  if (call.type.oid === oid.record)
    throw analysis.syntaxError('a column definition list is required for functions returning "record"', location);
  if (call.type.oid === oid.trigger || call.type.oid === oid.internal)
    throw analysis.error(
      sqlstate.datatypeMismatch,
      `function "${written}" in FROM has unsupported return type ${typeDisplayName(call.type.oid)}`,
      location,
    );
  return undefined;
}
