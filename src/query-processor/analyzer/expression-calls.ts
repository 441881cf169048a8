/**
 * Calls: functions, aggregates and window functions, and GROUPING. An aggregate or window call becomes a column that the query
 * level's Aggregate or Window operator computes; the call itself is kept in the scope.
 */
import type { FuncCall, GroupingFunc, Node } from '@pgsql/types';
import { type SqlError, sqlstate } from '#base/sql-error.ts';
import { aggregateByOid, procByOid } from '#sql/builtins.ts';
import type { AggregateCall, Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import type { Proc } from '../catalog/function-proc.ts';
import { parse } from '../parser/parse.ts';
import { cannotCast, coerceToBoolean, coerceToTarget, coerceType, resolveUnknown, returnsSet } from './coercion.ts';
import { unify } from './common-type.ts';
import { bindExpression, required } from './expression.ts';
import { expressionKey, sameExpression } from './expression-key.ts';
import { requireAggregatesAllowed, requireSetsAllowed } from './expression-kind.ts';
import { findField, stringOf } from './expression-names.ts';
import { bindFunctionCall } from './function-call.ts';
import { type CallShape, findFunction, type ResolvedFunction, resolveFunction, signatureOf } from './function-resolution.ts';
import { resolvePolymorphic } from './polymorphism.ts';
import { Scope } from './scope.ts';
import { makeSortKey, requireOrder } from './sort-key.ts';
import { arrayElementOf, arrayTypeOf, typeDisplayName } from './type-facts.ts';
import { columnsIn } from './walk.ts';
import { placeWindowCall } from './window.ts';

const pgTypeof = 1619;
const argumentCountMax = 100;

export function bindCall(scope: Scope, node: FuncCall): Expression {
  const analysis = scope.analysis;
  const location = node.location;
  const names = (node.funcname ?? []).map(stringOf);
  const name = { schema: names.length > 1 ? names[names.length - 2] : undefined, name: names[names.length - 1] ?? '' };
  const argNodes = node.args ?? [];
  const args: Expression[] = [];
  const argNames: string[] = [];
  for (const argNode of argNodes) {
    if ('NamedArgExpr' in argNode) {
      const argName = argNode.NamedArgExpr.name ?? '';
      if (argNames.includes(argName))
        throw analysis.syntaxError(`argument name "${argName}" used more than once`, argNode.NamedArgExpr.location);
      argNames.push(argName);
      args.push(bindExpression(scope, required(argNode.NamedArgExpr.arg)));
    } else {
      const arg = bindExpression(scope, argNode);
      if (argNames.length > 0) throw analysis.syntaxError('positional argument cannot follow named argument', analysis.locationOf(arg));
      args.push(arg);
    }
  }
  if (args.length > argumentCountMax)
    throw analysis.error(sqlstate.tooManyArguments, 'cannot pass more than 100 arguments to a function', location);
  const filterNode = node.agg_filter;
  const filter =
    filterNode === undefined
      ? undefined
      : scope.within('filter', () => coerceToBoolean(analysis, bindExpression(scope, filterNode), 'FILTER'));
  // WITHIN GROUP's expressions are arguments too, behind the direct ones.
  const directCount = args.length;
  const withinGroup = node.agg_within_group === true;
  const sortNodes = (node.agg_order ?? []).flatMap((sort) => ('SortBy' in sort ? [sort.SortBy] : []));
  if (withinGroup) args.push(...sortNodes.map((sort) => bindExpression(scope, required(sort.node))));
  const call: CallShape = {
    name,
    argTypes: args.map((arg) => arg.type.oid),
    argNames,
    isVariadicCall: node.func_variadic === true,
    location,
    isProcedureCall: false,
  };
  const field = fieldByCall(scope, node, call, args);
  if (field !== undefined) return field;
  const resolution = resolveCall(scope, call, node);
  if (resolution.kind === 'cast') {
    refuseDecorations(scope, node, names.join('.'));
    const cast = coerceToTarget(analysis, args[0], typeRef(resolution.target), 'explicit', location);
    if (cast === undefined) throw cannotCast(analysis, args[0].type.oid, resolution.target, location);
    return cast;
  }
  const resolved = resolution.function;
  const written = names.join('.');
  const { proc } = resolved;
  const domain = proc.oid === pgTypeof ? args[0]?.type.domain : undefined;
  if (domain !== undefined) return analysis.locate({ kind: 'constant', value: domain, type: typeRef(oid.regtype) }, location);
  if (proc.kind === 'f') refuseDecorations(scope, node, written);
  const isAggregateCall = proc.kind === 'a';
  const facts = isAggregateCall ? aggregateByOid(proc.oid) : undefined;
  if (facts !== undefined && facts.kind !== 'n') {
    requireOrderedSet(scope, node, written, call, facts.kind, facts.directArgs, directCount, resolved);
    if (facts.kind === 'h') unifyHypothetical(scope, args, directCount);
  } else if (isAggregateCall && withinGroup) {
    throw analysis.error(sqlstate.wrongObjectType, `${written} is not an ordered-set aggregate, so it cannot have WITHIN GROUP`, location);
  }
  const bound = coerceArguments(scope, resolved, args, call);
  if (proc.kind === 'w' || node.over !== undefined) {
    if (proc.kind === 'w' && node.over === undefined)
      throw analysis.error(sqlstate.wrongObjectType, `window function ${written} requires an OVER clause`, location);
    if (proc.kind === 'w' && withinGroup)
      throw analysis.error(sqlstate.wrongObjectType, `window function ${written} cannot have WITHIN GROUP`, location);
    return placeWindowCall(scope, node, proc, bound, filter, written);
  }
  if (isAggregateCall) {
    requireStarForNoArguments(scope, node, written, args.length);
    const sortArgs = withinGroup
      ? sortNodes.map((sort, at) => makeSortKey(analysis, bound.args[directCount + at], sort))
      : sortNodes.map((sort) => makeSortKey(analysis, resolveUnknown(analysis, bindExpression(scope, required(sort.node))), sort));
    const aggregate: AggregateCall = {
      kind: 'aggregate',
      function: proc.oid,
      args: withinGroup ? bound.args.slice(directCount) : bound.args,
      directArgs: withinGroup ? bound.args.slice(0, directCount) : [],
      isStar: node.agg_star === true,
      isDistinct: node.agg_distinct === true,
      orderBy: sortArgs,
      filter,
      variadic: bound.variadic,
      type: typeRef(bound.result),
    };
    return placeAggregate(scope, aggregate, location);
  }
  if (proc.returnsSet) {
    requireSetsAllowed(scope, location);
    if (scope.kind !== 'fromFunction') scope.hasSetReturning = true;
  }
  if (proc.user !== undefined) return bindFunctionCall(scope, proc, proc.user, { ...bound, given: given(resolved, bound) }, location);
  const result: Expression = {
    kind: 'function',
    function: proc.oid,
    args: bound.args,
    variadic: bound.variadic,
    returnsSet: proc.returnsSet,
    form: node.funcformat === 'COERCE_SQL_SYNTAX' ? { kind: 'call', sqlSyntax: true } : { kind: 'call' },
    type: typeRef(bound.result),
  };
  return analysis.locate(result, analysis.leftmost(location, bound.args));
}

/** `name(row)` where no function takes the row but the row has a field of that name. */
function fieldByCall(scope: Scope, node: FuncCall, call: CallShape, args: readonly Expression[]): Expression | undefined {
  const [row] = args;
  if (args.length !== 1 || !isComposite(row.type.oid) || call.name.schema !== undefined || call.argNames.length > 0) return undefined;
  const isPlain = !node.agg_order && !node.agg_filter && !node.over && !node.agg_star && !node.agg_distinct && !node.func_variadic;
  if (!isPlain || findFunction(call, scope.analysis.environment) !== undefined) return undefined;
  return findField(scope.analysis, row, call.name.name, call.location);
}

function resolveCall(scope: Scope, call: CallShape, node: FuncCall): ReturnType<typeof resolveFunction> {
  const analysis = scope.analysis;
  const { environment } = analysis;
  const found = findFunction(call, environment);
  const { schema } = call.name;
  if (found === undefined && schema !== undefined && environment.catalog.schemaByName(schema) === undefined)
    throw analysis.error(sqlstate.invalidSchemaName, `schema "${schema}" does not exist`, call.location);
  if (found === undefined) {
    if (node.agg_within_group !== true && (node.agg_order?.length ?? 0) > 1)
      throw analysis.error(sqlstate.undefinedFunction, `function ${signatureOf(call)} does not exist`, call.location, {
        hint: 'No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate.',
      });
    const procedure = findFunction({ ...call, isProcedureCall: true }, environment);
    if (procedure !== undefined)
      throw analysis.error(sqlstate.wrongObjectType, `${signatureOf(call)} is a procedure`, call.location, {
        hint: 'To call a procedure, use CALL.',
      });
  }
  return found === undefined || found === 'ambiguous' ? resolveFunction(analysis, call) : found;
}

/** What only aggregates take, refused for a plain function. */
function refuseDecorations(scope: Scope, node: FuncCall, written: string): void {
  const analysis = scope.analysis;
  const refuse = (what: string, kind: string): SqlError =>
    analysis.error(sqlstate.wrongObjectType, `${what} specified, but ${written} is not ${kind}`, node.location);
  if (node.agg_star === true)
    throw analysis.error(sqlstate.wrongObjectType, `${written}(*) specified, but ${written} is not an aggregate function`, node.location);
  if (node.agg_distinct === true) throw refuse('DISTINCT', 'an aggregate function');
  if (node.agg_within_group === true) throw refuse('WITHIN GROUP', 'an aggregate function');
  if ((node.agg_order?.length ?? 0) > 0) throw refuse('ORDER BY', 'an aggregate function');
  if (node.agg_filter !== undefined) throw refuse('FILTER', 'an aggregate function');
  if (node.over !== undefined) throw refuse('OVER', 'a window function nor an aggregate function');
}

export function requireStarForNoArguments(scope: Scope, node: FuncCall, written: string, argCount: number): void {
  if (argCount > 0 || node.agg_star === true || node.agg_within_group === true) return;
  throw scope.analysis.error(
    sqlstate.wrongObjectType,
    `${written}(*) must be used to call a parameterless aggregate function`,
    node.location,
  );
}

function requireOrderedSet(
  scope: Scope,
  node: FuncCall,
  written: string,
  call: CallShape,
  kind: 'o' | 'h',
  wantedDirect: number,
  directCount: number,
  resolved: ResolvedFunction,
): void {
  const analysis = scope.analysis;
  const { location } = node;
  const sortedCount = call.argTypes.length - directCount;
  if (node.agg_within_group !== true)
    throw analysis.error(sqlstate.wrongObjectType, `WITHIN GROUP is required for ordered-set aggregate ${written}`, location);
  if (node.over !== undefined) throw analysis.notSupported(`OVER is not supported for ordered-set aggregate ${written}`, location);
  if (node.agg_distinct === true) throw analysis.notSupported(`cannot use DISTINCT with WITHIN GROUP`, location);
  const isVariadic = resolved.proc.variadic !== 0;
  const missing = (hint: string): SqlError =>
    analysis.error(sqlstate.undefinedFunction, `function ${signatureOf(call)} does not exist`, location, { hint });
  if (!isVariadic && directCount !== wantedDirect)
    throw missing(
      `There is an ordered-set aggregate ${written}, but it requires ${wantedDirect} direct argument${wantedDirect === 1 ? '' : 's'}, not ${directCount}.`,
    );
  if (kind === 'h' && directCount !== sortedCount)
    throw missing(
      `To use the hypothetical-set aggregate ${written}, the number of hypothetical direct arguments (here ${directCount}) must match the number of ordering columns (here ${sortedCount}).`,
    );
}

/** Direct arguments of a hypothetical-set aggregate are compared with the sorted ones, so each pair takes one type. */
function unifyHypothetical(scope: Scope, args: Expression[], directCount: number): void {
  for (let at = 0; at < directCount; at++) {
    const { expressions } = unify(scope.analysis, [args[directCount + at], args[at]], 'WITHIN GROUP');
    args[directCount + at] = expressions[0];
    args[at] = expressions[1];
  }
}

type BoundArguments = {
  readonly args: readonly Expression[];
  readonly variadic: boolean;
  readonly result: number;
};

/** How many of the arguments were written; all, where names put them in another order. */
const given = ({ argNumbers, defaultNumbers }: ResolvedFunction, { args }: BoundArguments): number =>
  argNumbers === undefined ? args.length - defaultNumbers.length : args.length;

/** Arguments in the function's own order, defaults filled in, coerced, variadic ones gathered. */
function coerceArguments(scope: Scope, resolved: ResolvedFunction, given: readonly Expression[], call: CallShape): BoundArguments {
  const analysis = scope.analysis;
  const { proc } = resolved;
  const defaults = resolved.defaultNumbers.map((number) => defaultArgument(scope, proc, number));
  const all = [...given, ...defaults];
  const types = resolvePolymorphic(
    analysis,
    resolved.argTypes,
    all.map((arg) => arg.type.oid),
    proc.returnType,
  );
  const coerced = all.map((arg, at) => {
    const target = types.argTypes[at];
    // "any" takes a literal as it is; only pg_typeof can tell it from text.
    // A parameter there stays without a type, which is an error in the end.
    if (target === oid.any || target === undefined)
      return proc.oid === pgTypeof || arg.kind === 'parameter' ? arg : resolveUnknown(analysis, arg);
    return coerceType(analysis, arg, target, 'implicit');
  });
  if (resolved.argNumbers !== undefined) {
    const ordered: Expression[] = new Array(coerced.length);
    const numbers = [...resolved.argNumbers, ...resolved.defaultNumbers];
    for (let at = 0; at < coerced.length; at++) ordered[numbers[at]] = coerced[at];
    return { args: ordered, variadic: call.isVariadicCall, result: types.result };
  }
  if (resolved.variadicCount === 0) {
    if (call.isVariadicCall) requireVariadicArray(scope, proc, coerced[coerced.length - 1]);
    return { args: coerced, variadic: call.isVariadicCall, result: types.result };
  }
  const fixed = coerced.slice(0, coerced.length - resolved.variadicCount);
  const items = coerced.slice(coerced.length - resolved.variadicCount);
  const arrayType = arrayTypeOf(items[0].type.oid);
  if (arrayType === 0)
    throw analysis.error(
      sqlstate.undefinedObject,
      `could not find array type for data type ${typeDisplayName(items[0].type.oid)}`,
      analysis.locationOf(items[0]),
    );
  const array: Expression = { kind: 'array', items, nested: false, type: typeRef(arrayType) };
  analysis.locate(array, analysis.locationOf(items[0]));
  return { args: [...fixed, array], variadic: true, result: types.result };
}

function requireVariadicArray(scope: Scope, proc: Proc, last: Expression): void {
  if (proc.variadic !== oid.any || arrayElementOf(last.type.oid) !== 0) return;
  throw scope.analysis.error(sqlstate.datatypeMismatch, 'VARIADIC argument must be an array', scope.analysis.locationOf(last));
}

const defaultNodes = new WeakMap<Proc, readonly Node[]>();

/** The default of an argument, bound anew from the catalog's text. */
function defaultArgument(scope: Scope, proc: Proc, number: number): Expression {
  let nodes = defaultNodes.get(proc);
  if (nodes === undefined) {
    const [statement] = parse(`SELECT ${proc.defaultExpressions ?? ''}`);
    const node = statement.node;
    const targets = 'SelectStmt' in node ? (node.SelectStmt.targetList ?? []) : [];
    nodes = targets.flatMap((target) => ('ResTarget' in target && target.ResTarget.val !== undefined ? [target.ResTarget.val] : []));
    defaultNodes.set(proc, nodes);
  }
  const node = nodes[number - (proc.argTypes.length - nodes.length)];
  const own = new Scope(scope.analysis.inner(scope.analysis.environment), undefined);
  return bindExpression(own, node);
}

/**
 * Hands an aggregate to the query level that it belongs to: the innermost one whose columns its arguments name, or, without columns,
 * the one where it stands.
 */
export function placeAggregate(scope: Scope, call: AggregateCall, location: number | undefined): Expression {
  const analysis = scope.analysis;
  const used = usedLevels(scope, [
    ...call.args,
    ...call.directArgs,
    ...call.orderBy.map(({ expression }) => expression),
    ...(call.filter === undefined ? [] : [call.filter]),
  ]);
  const level = used.innermost ?? scope;
  for (const column of used.columns) {
    const owner = analysis.owners.get(column.id);
    if (owner?.scope !== level) continue;
    if (owner.role === 'aggregate' || owner.role === 'grouping')
      throw analysis.error(sqlstate.groupingError, 'aggregate function calls cannot be nested', analysis.locationOf(column));
    if (owner.role === 'window')
      throw analysis.error(
        sqlstate.groupingError,
        'aggregate function calls cannot contain window function calls',
        analysis.locationOf(column),
      );
  }
  const set = [...call.args, ...call.directArgs].find(returnsSet);
  if (set !== undefined)
    throw analysis.error(
      sqlstate.featureNotSupported,
      'aggregate function calls cannot contain set-returning function calls',
      analysis.locationOf(set),
      { hint: 'You might be able to move the set-returning function into a LATERAL FROM item.' },
    );
  requireAggregatesAllowed(level, location, 'aggregate');
  if (call.isDistinct) requireDistinctArguments(scope, call, location);
  const key = expressionKey(call);
  const twin = level.aggregates.find((other) => expressionKey(other.call) === key);
  const name = procByOid(call.function)?.name ?? '?column?';
  const id = twin?.id ?? analysis.newColumnId();
  if (twin === undefined) {
    level.aggregates.push({ id, call, location });
    analysis.owners.set(id, { scope: level, role: 'aggregate', item: undefined, name });
  }
  return analysis.locate({ kind: 'column', id, type: call.type, name }, location);
}

type ColumnExpression = Extract<Expression, { kind: 'column' }>;

/** The columns of this level and outer ones that expressions name, and the innermost of those levels. */
export function usedLevels(
  scope: Scope,
  expressions: readonly Expression[],
): { readonly innermost: Scope | undefined; readonly columns: readonly ColumnExpression[] } {
  const columns: ColumnExpression[] = [];
  let innermost: Scope | undefined;
  const look = (column: ColumnExpression): void => {
    const owner = scope.analysis.owners.get(column.id);
    if (owner === undefined || !scope.isWithin(owner.scope)) return;
    columns.push(column);
    if (innermost === undefined || owner.scope.isWithin(innermost)) innermost = owner.scope;
  };
  for (const expression of expressions) columnsIn(expression, look);
  return { innermost, columns };
}

function requireDistinctArguments(scope: Scope, call: AggregateCall, location: number | undefined): void {
  const analysis = scope.analysis;
  if (call.args.length === 0)
    throw analysis.error(sqlstate.invalidColumnReference, 'DISTINCT specified, but there are no arguments', location);
  for (const arg of call.args) requireOrder(analysis, arg, 'equality');
  const stray = call.orderBy.find(({ expression }) => !call.args.some((arg) => sameExpression(arg, expression)));
  if (stray !== undefined)
    throw analysis.error(
      sqlstate.invalidColumnReference,
      'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
      analysis.locationOf(stray.expression),
    );
}

/** GROUPING(...): arguments are matched with GROUP BY once that is bound. */
export function bindGrouping(scope: Scope, node: GroupingFunc): Expression {
  const analysis = scope.analysis;
  const nodes = node.args ?? [];
  if (nodes.length > 31) throw analysis.error(sqlstate.tooManyArguments, 'GROUPING must have fewer than 32 arguments', node.location);
  const args = nodes.map((arg) => bindExpression(scope, arg));
  const level = usedLevels(scope, args).innermost ?? scope;
  requireAggregatesAllowed(level, node.location, 'grouping');
  const id = analysis.newColumnId();
  level.groupings.push({ id, args, isFromBelow: level !== scope, location: node.location });
  analysis.owners.set(id, { scope: level, role: 'grouping', item: undefined, name: 'grouping' });
  return analysis.locate({ kind: 'column', id, type: typeRef(oid.int4), name: 'grouping' }, node.location);
}

/** `record.name` read as `name(record)`; undefined when no function takes it. */
export function bindFunctionOnRecord(scope: Scope, name: string, record: Expression, location: number | undefined): Expression | undefined {
  const call: CallShape = {
    name: { schema: undefined, name },
    argTypes: [record.type.oid],
    argNames: [],
    isVariadicCall: false,
    location,
    isProcedureCall: false,
  };
  const { analysis } = scope;
  const found = findFunction(call, analysis.environment);
  if (found === undefined || found === 'ambiguous') return undefined;
  if (found.kind === 'cast') return coerceToTarget(analysis, record, typeRef(found.target), 'explicit', location);
  const { proc } = found.function;
  if (proc.kind !== 'f') return undefined;
  if (proc.returnsSet) {
    requireSetsAllowed(scope, location);
    if (scope.kind !== 'fromFunction') scope.hasSetReturning = true;
  }
  if (proc.user === undefined) return plainCall(scope, found.function, [record], call);
  const bound = coerceArguments(scope, found.function, [record], call);
  return bindFunctionCall(scope, proc, proc.user, { ...bound, given: given(found.function, bound) }, location);
}

/** A call of a built-in function by name with bound arguments, as DSQL's and SQL/JSON's own syntax needs. */
export function callByName(scope: Scope, name: string, args: readonly Expression[], location: number | undefined): Expression {
  const call: CallShape = {
    name: { schema: 'pg_catalog', name },
    argTypes: args.map((arg) => arg.type.oid),
    argNames: [],
    isVariadicCall: false,
    location,
    isProcedureCall: false,
  };
  const found = resolveFunction(scope.analysis, call);
  if (found.kind === 'cast') throw scope.analysis.notSupported(`${name} is not a function`, location);
  return plainCall(scope, found.function, args, call);
}

/** The call of a built-in function. */
function plainCall(scope: Scope, found: ResolvedFunction, args: readonly Expression[], call: CallShape): Expression {
  const { location } = call;
  const bound = coerceArguments(scope, found, args, call);
  return scope.analysis.locate(
    {
      kind: 'function',
      function: found.proc.oid,
      args: bound.args,
      variadic: bound.variadic,
      returnsSet: found.proc.returnsSet,
      form: { kind: 'call' },
      type: typeRef(bound.result),
      position: scope.analysis.positionOf(location),
    },
    location,
  );
}
