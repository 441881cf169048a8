/**
 * CREATE FUNCTION: what the statement says becomes a descriptor. The body is bound when it is stated, unless its arguments have no definite
 * types, so that mistakes are this statement's errors (check_function_bodies).
 */
import type { CreateFunctionStmt, FunctionParameter, Node, TypeName } from '@pgsql/types';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { relationOfRowType } from '#sql/types/catalog-types.ts';
import { formatType } from '#sql/types/registry.ts';
import { returnedName } from '../../analyzer/function-body.ts';
import { checkFunctionBody, type PrintedBody, printFunctionBody } from '../../analyzer/function-check.ts';
import { arrayElementOf, isPolymorphic, typeFacts } from '../../analyzer/type-facts.ts';
import { resolveTypeName } from '../../analyzer/type-name.ts';
import type { FunctionArgument, FunctionDescriptor } from '../descriptors.ts';
import { inputArguments, outputArguments } from '../function-proc.ts';
import { storedNames } from '../object-names.ts';
import { functionObject, requireOwner } from '../privileges/secured-object.ts';
import { namesOf } from './create-table.ts';
import { describeFunction, functionsCalled } from './function-names.ts';
import { type FunctionOptions, functionOptions } from './function-options.ts';
import type { SchemaChange } from './schema-change.ts';
import { environmentOf, tableExpression } from './table-expressions.ts';

const invalid = (message: string, fields: { readonly detail?: string; readonly hint?: string } = {}): SqlError =>
  new SqlError(sqlstate.invalidFunctionDefinition, message, fields);

export function createFunction(change: SchemaChange, statement: CreateFunctionStmt): void {
  if (statement.is_procedure === true) throw notSupported('PROCEDURE is not supported');
  const names = namesOf(statement.funcname);
  const name = names[names.length - 1] ?? '';
  const schema = change.creationSchema(names.length > 1 ? { schemaname: names[names.length - 2], relname: name } : { relname: name });
  const options = functionOptions(change, statement);
  const args = argumentsOf(change, statement);
  const result = resultOf(change, statement, args);
  if (options.rows !== undefined && !result.returnsSet)
    throw new SqlError(sqlstate.invalidParameterValue, 'ROWS is not applicable when function does not return a set');
  const existing = functionsCalled(change, schema.oid, name).find((other) => sameTypes(inputTypes(other.args), inputTypes(args)));
  if (existing !== undefined) requireReplaceable(change, existing, statement, args, result);
  const stated: FunctionDescriptor = {
    kind: 'function',
    oid: existing?.oid ?? change.newOid(),
    schemaOid: schema.oid,
    schemaName: schema.name,
    name,
    ownerOid: existing?.ownerOid ?? change.ownerOid(),
    args,
    ...result,
    volatility: options.volatility ?? 'v',
    isStrict: options.isStrict ?? false,
    isLeakproof: leakproof(change, options),
    isSecurityDefiner: options.isSecurityDefiner ?? false,
    parallel: options.parallel ?? 'u',
    cost: options.cost ?? 100,
    rows: result.returnsSet ? (options.rows ?? 1000) : 0,
    settings: options.settings ?? [],
    source: options.source ?? '',
    body: undefined,
    dependencies: [],
  };
  change.put(withBody(change, stated, statement.sql_body));
}

function leakproof(change: SchemaChange, options: FunctionOptions): boolean {
  if (options.isLeakproof === true && !change.catalog.roleGraph.isSuperuser(change.ownerOid()))
    throw new SqlError(sqlstate.insufficientPrivilege, 'only superuser can define a leakproof function');
  return options.isLeakproof ?? false;
}

/** The body checked, and printed where it is written in SQL itself. */
function withBody(change: SchemaChange, stated: FunctionDescriptor, body: Node | undefined): FunctionDescriptor {
  const environment = environmentOf(change);
  const hasPolymorphic = inputArguments(stated).some(({ type }) => isPolymorphic(type.oid));
  if (body === undefined) {
    // Text may call the function itself: it is looked at when the function is there.
    const catalog = change.catalog.withChanges(new Map([[stated.oid, stated]]), change.catalog.nextOid);
    checkFunctionBody(
      { ...environment, catalog },
      stated,
      undefined,
      change.positionOf,
      !hasPolymorphic && change.host.checksFunctionBodies,
    );
    return stated;
  }
  if (hasPolymorphic) throw invalid('SQL function with unquoted function body cannot have polymorphic arguments');
  const isReturn = 'ReturnStmt' in body;
  const nodes = isReturn ? [selectOf(body.ReturnStmt.returnval)] : blockOf(body);
  checkFunctionBody(environment, stated, nodes, change.positionOf, true);
  const printed: PrintedBody = printFunctionBody(
    environment,
    stated,
    nodes,
    change.positionOf,
    storedNames(
      (relation) => change.catalog.relationByOid(relation),
      (domain) => change.catalog.domainByOid(domain),
      (procOid) => change.catalog.functionByOid(procOid),
    ),
  );
  return { ...stated, body: { isReturn, statements: printed.statements }, dependencies: printed.dependencies };
}

const selectOf = (value: Node | undefined): Node => ({
  SelectStmt: {
    targetList: value === undefined ? [] : [{ ResTarget: { name: returnedName, val: value } }],
    limitOption: 'LIMIT_OPTION_DEFAULT',
    op: 'SETOP_NONE',
  },
});

const blockOf = (body: Node): readonly Node[] =>
  'List' in body ? (body.List.items ?? []).flatMap((item) => ('List' in item ? (item.List.items ?? []) : [item])) : [];

const modes: Readonly<Record<string, FunctionArgument['mode']>> = {
  FUNC_PARAM_DEFAULT: 'i',
  FUNC_PARAM_IN: 'i',
  FUNC_PARAM_OUT: 'o',
  FUNC_PARAM_INOUT: 'b',
  FUNC_PARAM_VARIADIC: 'v',
  FUNC_PARAM_TABLE: 't',
};

function argumentsOf(change: SchemaChange, statement: CreateFunctionStmt): readonly FunctionArgument[] {
  const parameters = (statement.parameters ?? []).flatMap((node) => ('FunctionParameter' in node ? [node.FunctionParameter] : []));
  const made: FunctionArgument[] = [];
  let hasDefaults = false;
  for (const parameter of parameters) {
    const mode = modes[parameter.mode ?? 'FUNC_PARAM_DEFAULT'] ?? 'i';
    const name = parameter.name ?? '';
    const isInput = mode !== 'o' && mode !== 't';
    const type = argumentType(change, parameter);
    if (isInput && made.some((other) => other.mode === 'v')) throw invalid('VARIADIC parameter must be the last input parameter');
    if (mode === 'v' && arrayElementOf(type.oid) === 0 && type.oid !== oid.anyarray && type.oid !== oid.anycompatiblearray)
      throw invalid('VARIADIC parameter must be an array');
    if (name !== '' && made.some((other) => other.name === name && isSameSide(other.mode, mode)))
      throw invalid(`parameter name "${name}" used more than once`);
    if (parameter.defexpr !== undefined && !isInput) throw invalid('only input parameters can have default values');
    if (isInput && mode !== 'v' && parameter.defexpr === undefined && hasDefaults)
      throw invalid('input parameters after one with a default value must also have defaults');
    if (parameter.defexpr !== undefined) hasDefaults = true;
    made.push({ name, mode, type, defaultText: defaultText(change, parameter, name, type) });
  }
  if (inputArguments({ args: made }).length > 100)
    throw new SqlError(sqlstate.tooManyArguments, 'functions cannot have more than 100 arguments');
  return made;
}

/** A name may stand for an input and, of RETURNS TABLE or OUT, for an output; PostgreSQL lets only pure ones share it. */
function isSameSide(a: FunctionArgument['mode'], b: FunctionArgument['mode']): boolean {
  const isPureInput = (mode: FunctionArgument['mode']): boolean => mode === 'i' || mode === 'v';
  const isPureOutput = (mode: FunctionArgument['mode']): boolean => mode === 'o';
  return !((isPureInput(a) && isPureOutput(b)) || (isPureOutput(a) && isPureInput(b)));
}

/** Without a modifier: functions take and give any. */
function argumentType(change: SchemaChange, { argType }: FunctionParameter): TypeRef {
  if (argType?.setof === true) throw invalid('functions cannot accept set arguments');
  const found = resolveTypeName(argType ?? {}, change);
  if (typeFacts(found.oid)?.kind === 'p' && !isPolymorphic(found.oid))
    throw invalid(`SQL functions cannot have arguments of type ${formatType(found)}`);
  return found.domain === undefined ? typeRef(found.oid) : found;
}

function defaultText(change: SchemaChange, { defexpr }: FunctionParameter, name: string, type: TypeRef): string | undefined {
  if (defexpr === undefined) return undefined;
  const table = { oid: 0, name: '', schemaName: '', columns: [] };
  return tableExpression(change, table, defexpr, 'default', isPolymorphic(type.oid) ? undefined : { name, type }).text;
}

type Result = Pick<FunctionDescriptor, 'returnType' | 'rowOf' | 'returnsSet'>;

function resultOf(change: SchemaChange, statement: CreateFunctionStmt, args: readonly FunctionArgument[]): Result {
  const outputs = outputArguments({ args });
  const isTable = args.some(({ mode }) => mode === 't');
  const stated = statement.returnType === undefined ? undefined : returnTypeOf(change, statement.returnType);
  const byOutputs: TypeRef | undefined = outputs.length === 0 ? undefined : outputs.length === 1 ? outputs[0].type : typeRef(oid.record);
  if (stated === undefined && byOutputs === undefined) throw invalid('function result type must be specified');
  const returnType = byOutputs ?? stated?.returnType ?? typeRef(oid.void);
  if (byOutputs !== undefined && stated !== undefined && !isTable && stated.returnType.oid !== byOutputs.oid)
    throw invalid(`function result type must be ${formatType(byOutputs)} because of OUT parameters`);
  requireResultType(returnType, args);
  const returnsSet = isTable || statement.returnType?.setof === true;
  return { returnType, rowOf: byOutputs === undefined ? stated?.rowOf : undefined, returnsSet };
}

/** A relation's name is the name of its row type. */
function returnTypeOf(change: SchemaChange, typeName: TypeName): Pick<FunctionDescriptor, 'returnType' | 'rowOf'> {
  const found = resolveTypeName(typeName, change);
  return { returnType: found.domain === undefined ? typeRef(found.oid) : found, rowOf: relationOfRowType(found.oid) };
}

function requireResultType(type: TypeRef, args: readonly FunctionArgument[]): void {
  const inputs = inputArguments({ args });
  if (isPolymorphic(type.oid) && !inputs.some((arg) => isPolymorphic(arg.type.oid)))
    throw invalid('cannot determine result data type', {
      detail: `A result of type ${formatType(type)} requires at least one input of type anyelement, anyarray, anynonarray, anyenum, anyrange, or anymultirange.`,
    });
  const isFine = typeFacts(type.oid)?.kind !== 'p' || isPolymorphic(type.oid) || type.oid === oid.record || type.oid === oid.void;
  if (!isFine) throw invalid(`SQL functions cannot return type ${formatType(type)}`);
}

const inputTypes = (args: readonly FunctionArgument[]): readonly TypeRef[] => inputArguments({ args }).map(({ type }) => type);
const sameType = (a: TypeRef, b: TypeRef): boolean => a.oid === b.oid && a.domain === b.domain;
const sameTypes = (a: readonly TypeRef[], b: readonly TypeRef[]): boolean =>
  a.length === b.length && a.every((type, at) => sameType(type, b[at]));

/** CREATE OR REPLACE keeps what callers and dependents know. */
function requireReplaceable(
  change: SchemaChange,
  existing: FunctionDescriptor,
  statement: CreateFunctionStmt,
  args: readonly FunctionArgument[],
  result: Result,
): void {
  if (statement.replace !== true)
    throw new SqlError(sqlstate.duplicateFunction, `function "${existing.name}" already exists with same argument types`);
  requireOwner(change.catalog, functionObject(existing), change.ownerOid());
  const hint = `Use DROP FUNCTION ${describeFunction(change, existing)} first.`;
  const isSame =
    sameType(existing.returnType, result.returnType) && existing.rowOf === result.rowOf && existing.returnsSet === result.returnsSet;
  if (!isSame) throw invalid('cannot change return type of existing function', { hint });
  const [before, after] = [outputArguments(existing), outputArguments({ args })];
  const hasSameRow =
    before.length === after.length && before.every((arg, at) => arg.name === after[at].name && sameType(arg.type, after[at].type));
  if (existing.returnType.oid === oid.record && !hasSameRow)
    throw invalid('cannot change return type of existing function', { detail: 'Row type defined by OUT parameters is different.', hint });
  const inputs = inputArguments({ args });
  for (const [at, arg] of inputArguments(existing).entries()) {
    if (arg.name !== '' && arg.name !== inputs[at].name) throw invalid(`cannot change name of input parameter "${arg.name}"`, { hint });
    if (arg.defaultText !== undefined && inputs[at].defaultText === undefined)
      throw invalid('cannot remove parameter defaults from existing function', { hint });
  }
}
