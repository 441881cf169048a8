/**
 * Calls of users' functions in SQL. A call is bound to what the function's body says, with the arguments in their places: an expression
 * where the body is one, else a query of its own beside the arguments' row. Bodies of which neither can be made (several statements, changes,
 * recursion) stay calls, for which their statements are run one by one (routine.ts).
 *
 *   U1  Each argument is computed once for a call, unless it is free of effects and costs nothing to say again.
 *   U2  A strict function's body is not run when an argument is NULL.
 *   U3  The body's names are looked up anew with each statement that calls it, in the caller's search path or the function's own (SET).
 *
 * Where the expression is to be printed again (`keepsCalls`) the call stays a call.
 */
import type { Node } from '@pgsql/types';
import { SqlError } from '#base/sql-error.ts';
import type { ColumnId, Expression, SubqueryCall } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { isComposite } from '#sql/types/catalog-types.ts';
import { isVolatileCall } from '#sql/volatility.ts';
import type { FunctionDescriptor } from '../catalog/descriptors.ts';
import { inputArguments, outputArguments, type Proc } from '../catalog/function-proc.ts';
import { splitSearchPath } from '../catalog/identifiers.ts';
import { boolType, nullConstant, resolveUnknown, returnsSet } from './coercion.ts';
import { checkedAs } from './domain.ts';
import { Analysis, type AnalyzerEnvironment, type FunctionPlan } from './environment.ts';
import { bindExpression, required } from './expression.ts';
import { allowsSubqueries } from './expression-kind.ts';
import { bodyStatements, type FunctionStatement, isPureSelect } from './function-body.ts';
import { functionResult, type ResultForm, resultColumns } from './function-result.ts';
import { bindLastStatement } from './function-statement.ts';
import type { LogicalPlan, NamedExpression, OutputColumn } from './logical-plan.ts';
import { type RecordShape, Scope } from './scope.ts';
import { arrayElementOf, arrayTypeOf, isPolymorphic } from './type-facts.ts';

export type WrittenCall = {
  /** Of all input arguments, defaults filled in. */
  readonly args: readonly Expression[];
  /** How many of them the call has stated. */
  readonly given: number;
  readonly variadic: boolean;
  readonly result: number;
};

export function bindFunctionCall(
  scope: Scope,
  proc: Proc,
  descriptor: FunctionDescriptor,
  call: WrittenCall,
  location: number | undefined,
): Expression {
  const { analysis } = scope;
  const place = analysis.leftmost(location, call.args);
  const type: TypeRef = call.result === descriptor.returnType.oid ? { ...descriptor.returnType, typmod: -1 } : typeRef(call.result);
  analysis.addCall(descriptor);
  if (analysis.keepsCalls) {
    const kept: Expression = {
      kind: 'function',
      function: descriptor.oid,
      args: call.args.slice(0, call.given),
      variadic: call.variadic,
      returnsSet: descriptor.returnsSet,
      form: { kind: 'call' },
      type,
    };
    return analysis.locate(kept, place);
  }
  const declared = inputArguments(descriptor);
  const args = call.args.map((arg, at) => checkedAs(analysis, arg, declared[at]?.type ?? arg.type, false));
  const form = functionResult(analysis, descriptor, proc, args, type);
  const inlined = analysis.isOpen(descriptor) ? undefined : asExpression(analysis, descriptor, args, form);
  const expression = inlined ?? asQuery(scope, descriptor, args, form);
  if (scope.kind === 'fromFunction' && !analysis.functionPlans.has(expression))
    analysis.functionPlans.set(expression, planOfValue(analysis, descriptor, expression));
  return analysis.locate(expression, place);
}

/** What a body is bound in: its own text and arguments, and the settings and privileges that the function has. */
export function bodyEnvironment(analysis: Analysis, descriptor: FunctionDescriptor, values: readonly Expression[]): AnalyzerEnvironment {
  const { environment } = analysis;
  const { catalog } = environment;
  const runAs = descriptor.isSecurityDefiner ? descriptor.ownerOid : environment.runAs;
  const path = descriptor.settings.find((setting) => setting.startsWith('search_path='));
  return {
    ...environment,
    settings:
      path === undefined
        ? environment.settings
        : { ...environment.settings, searchPath: splitSearchPath(path.slice('search_path='.length)) },
    currentUser: descriptor.isSecurityDefiner ? (catalog.roleByOid(descriptor.ownerOid)?.name ?? '') : environment.currentUser,
    stored: descriptor.body === undefined ? undefined : { checkAs: runAs },
    runAs,
    parameterTypes: undefined,
    liftedLiterals: undefined,
    functionArguments: {
      functionName: descriptor.name,
      names: inputArguments(descriptor).map(({ name }) => name),
      values,
    },
    statementText: descriptor.source,
  };
}

/** Errors of a body say whose they are. */
function inBody<T>(descriptor: FunctionDescriptor, form: ResultForm, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof SqlError) || error.fields.where !== undefined) throw error;
    const isTried = !descriptor.isSecurityDefiner && descriptor.settings.length === 0 && !form.isRecord;
    const { position: _, ...fields } = error.fields;
    throw new SqlError(error.sqlstate, error.message, {
      ...fields,
      where: `SQL function "${descriptor.name}" during ${isTried ? 'inlining' : 'startup'}`,
    });
  }
}

const isRepeatable = (expression: Expression): boolean =>
  !someExpression(expression, (part) =>
    part.kind === 'function' ? isVolatileCall(part) : part.kind === 'subquery' || part.kind === 'domainCheck',
  );

/** The body of a function that computes one value from its arguments alone. */
function asExpression(
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  args: readonly Expression[],
  form: ResultForm,
): Expression | undefined {
  const statements = bodyStatements(descriptor);
  const target = statements.length === 1 ? onlyTarget(statements[0].node) : undefined;
  if (target === undefined || descriptor.returnsSet || form.isRecord || form.type.oid === oid.void || !args.every(isRepeatable))
    return undefined;
  return inBody(descriptor, form, () => {
    const inner = analysis.inner(bodyEnvironment(analysis, descriptor, args));
    const own = new Scope(inner, undefined);
    const bound = inner.withinFunction(descriptor, () => resolveUnknown(inner, bindExpression(own, target)));
    if (own.aggregates.length > 0 || own.windowCalls.length > 0 || own.hasSetReturning || hasSubquery(bound)) return undefined;
    if (isComposite(bound.type.oid)) return undefined;
    const value = resultColumns(inner, form, [bound], descriptor)[0].expression;
    return descriptor.isStrict ? unlessNull(args, value) : value;
  });
}

const hasSubquery = (expression: Expression): boolean => someExpression(expression, (part) => part.kind === 'subquery');

/** U2 */
function unlessNull(args: readonly Expression[], value: Expression): Expression {
  const tests = args
    .filter((arg) => arg.kind !== 'constant' || arg.value === null)
    .map((arg): Expression => ({ kind: 'isNull', arg, negated: false, type: boolType }));
  if (tests.length === 0) return value;
  const when: Expression = tests.length === 1 ? tests[0] : { kind: 'or', args: tests, type: boolType };
  return {
    kind: 'case',
    operand: undefined,
    // biome-ignore lint/suspicious/noThenProperty: CASE has a THEN, and nobody awaits a branch
    branches: [{ when, then: nullConstant(value.type.oid) }],
    otherwise: value,
    type: value.type,
  };
}

/** The one target of a SELECT that has nothing but targets. */
function onlyTarget(node: Node): Node | undefined {
  if (!('SelectStmt' in node)) return undefined;
  const { targetList = [], op, limitOption, ...rest } = node.SelectStmt;
  const [target] = targetList;
  const isPlain = (op ?? 'SETOP_NONE') === 'SETOP_NONE' && (limitOption ?? 'LIMIT_OPTION_DEFAULT') === 'LIMIT_OPTION_DEFAULT';
  const hasMore = Object.values(rest).some((part) => part !== undefined && part !== false && !(Array.isArray(part) && part.length === 0));
  if (targetList.length !== 1 || !isPlain || hasMore || !('ResTarget' in target)) return undefined;
  const { val } = target.ResTarget;
  const isStar = val !== undefined && 'ColumnRef' in val && (val.ColumnRef.fields ?? []).some((field) => 'A_Star' in field);
  return isStar ? undefined : val;
}

/** One SELECT, which is looked through. What changes rows, has several statements, gives no result or calls itself is run by itself. */
const standsForQuery = (
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  statements: readonly FunctionStatement[],
  form: ResultForm,
): boolean => statements.length === 1 && isPureSelect(statements[0].node) && form.type.oid !== oid.void && !analysis.isOpen(descriptor);

/** The body as a query beside a row of the arguments. */
function asQuery(scope: Scope, descriptor: FunctionDescriptor, args: readonly Expression[], form: ResultForm): Expression {
  const { analysis } = scope;
  if (!allowsSubqueries(scope.kind))
    throw analysis.notSupported(
      `the SQL function ${descriptor.name} cannot be called here: its body is not one expression over its arguments`,
    );
  if (args.some(returnsSet))
    throw analysis.notSupported(`a set-returning function as the argument of the SQL function ${descriptor.name} is not supported`);
  const statements = bodyStatements(descriptor);
  if (!standsForQuery(analysis, descriptor, statements, form)) return asRoutine(scope, descriptor, args, form);
  const ids = args.map(() => analysis.newColumnId());
  const names = inputArguments(descriptor).map(({ name }, at) => (name === '' ? `$${at + 1}` : name));
  const values = args.map((arg, at): Expression => ({ kind: 'column', id: ids[at], name: names[at], type: arg.type }));
  for (const [at, arg] of args.entries())
    if (isPolymorphic(arg.type.oid)) throw analysis.notSupported(`argument ${at + 1} of ${descriptor.name} has no definite type`);
  const body = inBody(descriptor, form, () => {
    const inner = analysis.inner(bodyEnvironment(analysis, descriptor, values));
    return inner.withinFunction(descriptor, () => bindLastStatement(inner, descriptor, statements[0], form));
  });
  const row: LogicalPlan = {
    kind: 'project',
    input: { kind: 'oneRow' },
    targets: args.map((expression, at) => ({ id: ids[at], name: names[at], expression })),
  };
  const plan: LogicalPlan = {
    kind: 'join',
    join: 'inner',
    left: descriptor.isStrict ? withoutNulls(row, values) : args.length === 0 ? { kind: 'oneRow' } : row,
    right: descriptor.returnsSet ? body.plan : firstRow(body.plan),
    condition: undefined,
    lateral: true,
  };
  const columns = outputColumns(body.targets);
  const expression = asValue(analysis, plan, columns, form, descriptor.returnsSet, {
    isVolatile: descriptor.volatility === 'v',
    where: `SQL function "${descriptor.name}" statement 1`,
  });
  analysis.functionPlans.set(expression, functionPlan(descriptor, form, plan, columns));
  return expression;
}

/** The call as it is: the body's statements are run one by one for it. */
function asRoutine(scope: Scope, descriptor: FunctionDescriptor, args: readonly Expression[], form: ResultForm): Expression {
  const { analysis } = scope;
  const { runAs, settings } = analysis.environment;
  const columns = routineColumns(analysis, descriptor, args, form);
  const isVolatile = descriptor.volatility === 'v';
  const call: Expression = {
    kind: 'function',
    function: descriptor.oid,
    args,
    variadic: false,
    returnsSet: descriptor.returnsSet,
    form: { kind: 'routine', isVolatile, runAs, searchPath: settings.searchPath },
    type: form.type,
  };
  const plan: LogicalPlan = { kind: 'functionScan', alias: descriptor.name, functions: [{ call, columns }], ordinality: undefined };
  const expression = asValue(analysis, plan, columns, form, descriptor.returnsSet, { isVolatile, where: undefined });
  analysis.functionPlans.set(expression, functionPlan(descriptor, form, plan, columns));
  return expression;
}

/** The columns of the result. Of a function that says no more of it than that it is a record, only the body knows them. */
function routineColumns(
  analysis: Analysis,
  descriptor: FunctionDescriptor,
  args: readonly Expression[],
  form: ResultForm,
): readonly OutputColumn[] {
  const fields = form.isRecord
    ? (form.fields ?? bodyFields(analysis, descriptor, args, form))
    : { names: [descriptor.name], types: [form.type] };
  return fields.names.map((name, at) => ({
    id: analysis.newColumnId(),
    name,
    type: fields.types[at],
    tableOid: 0,
    attributeNumber: 0,
  }));
}

function bodyFields(analysis: Analysis, descriptor: FunctionDescriptor, args: readonly Expression[], form: ResultForm): RecordShape {
  if (analysis.isOpen(descriptor))
    throw analysis.notSupported(`the SQL function ${descriptor.name} calls itself and does not state the columns of its result`);
  const statements = bodyStatements(descriptor);
  const values = args.map((arg, at): Expression => ({ kind: 'parameter', index: at + 1, type: arg.type }));
  const inner = new Analysis(bodyEnvironment(analysis, descriptor, values), () => undefined);
  return inBody(descriptor, form, () =>
    inner.withinFunction(descriptor, () => {
      const { targets } = bindLastStatement(inner, descriptor, statements[statements.length - 1], form);
      return { names: targets.map(({ name }) => name), types: targets.map(({ expression }) => expression.type) };
    }),
  );
}

const functionPlan = (
  descriptor: FunctionDescriptor,
  form: ResultForm,
  plan: LogicalPlan,
  columns: readonly OutputColumn[],
): FunctionPlan => ({
  plan,
  columns,
  isRecord: form.isRecord,
  hasFields: form.fields !== undefined,
  resultName: resultName(descriptor),
  returnsSet: descriptor.returnsSet,
});

const outputColumns = (targets: readonly NamedExpression[]): readonly OutputColumn[] =>
  targets.map(({ id, name, expression }) => ({ id, name, type: expression.type, tableOid: 0, attributeNumber: 0 }));

function withoutNulls(row: LogicalPlan, values: readonly Expression[]): LogicalPlan {
  if (values.length === 0) return { kind: 'oneRow' };
  const tests = values.map((arg): Expression => ({ kind: 'isNull', arg, negated: true, type: boolType }));
  return { kind: 'filter', input: row, condition: tests.length === 1 ? tests[0] : { kind: 'and', args: tests, type: boolType } };
}

const firstRow = (input: LogicalPlan): LogicalPlan => ({
  kind: 'limit',
  input,
  count: { kind: 'constant', value: 1, type: typeRef(oid.int8) },
  offset: undefined,
  withTies: undefined,
});

/** A call as an expression: a subquery, or the elements of one where it returns a set. */
function asValue(
  analysis: Analysis,
  plan: LogicalPlan,
  columns: readonly OutputColumn[],
  form: ResultForm,
  isSet: boolean,
  call: SubqueryCall,
): Expression {
  const value = columns.map(({ id, name, type }): Expression => ({ kind: 'column', id, name, type }));
  const shape = { names: columns.map(({ name }) => name), types: columns.map(({ type }) => type) };
  const whole: Expression = form.isRecord ? { kind: 'row', fields: value, names: shape.names, type: form.type } : required(value[0]);
  // An array of arrays would be one array: each goes in a record of its own.
  const isWrapped = isSet && !form.isRecord && arrayElementOf(whole.type.oid) !== 0;
  const item: Expression = isWrapped ? { kind: 'row', fields: [whole], names: ['value'], type: typeRef(oid.record) } : whole;
  const id = analysis.newColumnId();
  if (form.isRecord) analysis.shapes.set(id, shape);
  const subquery: Expression = {
    kind: 'subquery',
    form: isSet ? 'array' : 'scalar',
    negated: false,
    plan: { kind: 'project', input: plan, targets: [{ id, name: 'value', expression: item }] } satisfies LogicalPlan,
    output: [id],
    comparison: undefined,
    call,
    type: isSet ? typeRef(arrayTypeOf(item.type.oid)) : item.type,
  };
  if (!isSet) return subquery;
  const elements: Expression = {
    kind: 'function',
    function: unnest,
    args: [subquery],
    variadic: false,
    returnsSet: true,
    form: { kind: 'call' },
    type: item.type,
  };
  if (form.isRecord) analysis.callShapes.set(elements, shape);
  return isWrapped ? { kind: 'field', arg: elements, index: 0, name: 'value', type: whole.type } : elements;
}

function resultName(descriptor: FunctionDescriptor): string | undefined {
  const outputs = outputArguments(descriptor);
  return outputs.length === 1 && outputs[0].name !== '' ? outputs[0].name : undefined;
}

const unnest = 2331;

/** In FROM an expression is a row of one column. */
function planOfValue(analysis: Analysis, descriptor: FunctionDescriptor, expression: Expression): FunctionPlan {
  const id: ColumnId = analysis.newColumnId();
  return {
    plan: { kind: 'project', input: { kind: 'oneRow' }, targets: [{ id, name: 'value', expression }] },
    columns: [{ id, name: 'value', type: expression.type, tableOid: 0, attributeNumber: 0 }],
    isRecord: false,
    hasFields: false,
    resultName: resultName(descriptor),
    returnsSet: false,
  };
}
