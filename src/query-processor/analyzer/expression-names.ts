/**
 * Names in expressions: columns, whole rows, fields of records, subscripts.
 */
import type { A_Indices, A_Indirection, ColumnRef, Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { procByOid } from '#sql/builtins.ts';
import type { Expression, FunctionCall } from '#sql/expression.ts';
import { rowKeyType } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import { isComposite, isRowTypeOid, rowTypeOf } from '#sql/types/catalog-types.ts';
import { type Proc, procOf } from '../catalog/function-proc.ts';
import { rowTypeShape } from './catalog-type.ts';
import { boolType, coerceToTarget, int4Constant } from './coercion.ts';
import type { Analysis } from './environment.ts';
import { bindExpression, required } from './expression.ts';
import { bindFunctionOnRecord } from './expression-calls.ts';
import { nodeLocation } from './node-location.ts';
import { resolvePolymorphic } from './polymorphism.ts';
import { noteRead } from './relation-access.ts';
import {
  columnOfItem,
  findColumn,
  findItem,
  missingColumn,
  missingRelation,
  type RangeItem,
  type RecordShape,
  referTo,
  referToColumn,
  type Scope,
} from './scope.ts';
import { arrayElementOf, typeDisplayName } from './type-facts.ts';

export const stringOf = (node: Node | undefined): string => (node !== undefined && 'String' in node ? (node.String.sval ?? '') : '');

/** Its attribute number: no list of a column's own can allow it. */
const tableoidNumber = -6;
const systemColumns = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax']);

export function bindColumnReference(scope: Scope, reference: ColumnRef): Expression {
  const analysis = scope.analysis;
  const fields = reference.fields ?? [];
  const location = reference.location;
  refuseColumnsByKind(scope, location);
  const last = fields[fields.length - 1];
  const hasStar = last !== undefined && 'A_Star' in last;
  const names = fields.filter((field) => 'String' in field).map(stringOf);
  if (names.length === 0) throw analysis.notSupported('row expansion via "*" is not supported here', location);
  if (names.length === 1 && !hasStar) {
    const [name] = names;
    const found = findColumn(scope, name, location);
    if (found !== undefined) return found;
    const item = findItem(scope, undefined, name, location);
    if (item !== undefined) return wholeRow(analysis, item.item, location);
    const argument = argumentNamed(analysis, name, location);
    if (argument !== undefined) return argument;
    const system = findSystemColumn(scope, name, location);
    if (system !== undefined) return system;
    throw missingColumn(scope, undefined, name, location);
  }
  const { schemaName, relationName } = qualification(analysis, names, hasStar, location);
  const entry = findItem(scope, schemaName, relationName, location);
  const ofArgument = entry === undefined && !hasStar ? argumentPart(scope, names, location) : undefined;
  if (ofArgument !== undefined) return ofArgument;
  if (entry === undefined) throw missingRelation(scope, schemaName, relationName, location);
  if (hasStar) return wholeRow(analysis, entry.item, location);
  const name = names[names.length - 1];
  const column = columnOfItem(scope, entry.item, name, location);
  if (column !== undefined) return referToColumn(analysis, entry.item, column, location);
  const system = systemColumn(analysis, entry.item, name, location);
  if (system !== undefined) return system;
  const call = bindFunctionOnRecord(scope, name, wholeRow(analysis, entry.item, location), location);
  if (call !== undefined) return call;
  throw missingColumn(scope, relationName, name, location);
}

/** The argument of that name of the function whose body this is. */
function argumentNamed(analysis: Analysis, name: string, location: number | undefined): Expression | undefined {
  const { functionArguments } = analysis.environment;
  const at = functionArguments?.names.indexOf(name) ?? -1;
  const value = at < 0 ? undefined : functionArguments?.values[at];
  return value === undefined ? undefined : analysis.locate({ ...value }, location);
}

/** `argument.field`, `function.argument` and `function.argument.field` in a function's body. */
function argumentPart(scope: Scope, names: readonly string[], location: number | undefined): Expression | undefined {
  const { analysis } = scope;
  const isOfFunction = analysis.environment.functionArguments?.functionName === names[0];
  const [field, more] = names.slice(isOfFunction && names.length > 2 ? 2 : 1);
  if (names.length === 2) {
    const argument = argumentNamed(analysis, names[0], location);
    const found = argument === undefined ? undefined : findField(analysis, argument, field, location);
    if (found !== undefined) return found;
  }
  if (!isOfFunction) return undefined;
  const argument = argumentNamed(analysis, names[1], location);
  if (argument === undefined || names.length === 2) return argument;
  return more === undefined ? selectField(scope, argument, field, location) : undefined;
}

/** Schema and relation of a qualified name: `table.column`, `schema.table.column`, `database.schema.table.column` (or `.*`). */
export function qualification(
  analysis: Analysis,
  names: readonly string[],
  hasStar: boolean,
  location: number | undefined,
): { readonly schemaName: string | undefined; readonly relationName: string } {
  const qualifiers = hasStar ? names : names.slice(0, -1);
  if (qualifiers.length > 3) throw analysis.syntaxError(`improper qualified name (too many dotted names): ${names.join('.')}`, location);
  if (qualifiers.length === 3 && qualifiers[0] !== 'postgres')
    throw analysis.notSupported(`cross-database references are not implemented: ${names.join('.')}`, location);
  return {
    schemaName: qualifiers.length > 1 ? qualifiers[qualifiers.length - 2] : undefined,
    relationName: qualifiers[qualifiers.length - 1],
  };
}

function refuseColumnsByKind(scope: Scope, location: number | undefined): void {
  if (scope.kind === 'default') throw scope.analysis.notSupported('cannot use column reference in DEFAULT expression', location);
}

function findSystemColumn(scope: Scope, name: string, location: number | undefined): Expression | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent)
    for (const entry of level.namespace) {
      if (!entry.areColumnsVisible || (entry.lateralOnly && !level.isLateralActive)) continue;
      const found = systemColumn(scope.analysis, entry.item, name, location);
      if (found !== undefined) return found;
    }
  return undefined;
}

/** tableoid is known without reading; the others tell of a storage that is not PostgreSQL's. */
function systemColumn(analysis: Analysis, item: RangeItem, name: string, location: number | undefined): Expression | undefined {
  if (item.kind !== 'relation' || item.table === undefined) return undefined;
  if (name === 'tableoid' && item.access !== undefined) noteRead({ access: item.access, attributeNumber: tableoidNumber });
  if (name === 'tableoid') return analysis.locate({ kind: 'constant', value: item.table.oid, type: typeRef(oid.oid) }, location);
  if (systemColumns.has(name)) throw analysis.notSupported(`system column "${name}" is not supported`, location);
  return undefined;
}

/** The row of an item as one record; a function's single scalar column stands for itself. */
export function wholeRow(analysis: Analysis, item: RangeItem, location: number | undefined): Expression {
  if (item.isScalar) return referTo(analysis, item.columns[0], location);
  const rowType = rowTypeOfItem(item);
  // The row's fields have their own names, whatever an alias calls the columns.
  const shape = rowTypeShape(analysis.environment.catalog, rowType);
  const row: Expression = {
    kind: 'row',
    fields: item.columns.map((column) => referTo(analysis, column, location)),
    names: shape?.names ?? item.columns.map((column) => column.name),
    type: typeRef(rowType),
  };
  const whole = analysis.nullable.has(item) ? nullWhenMissing(item, row) : row;
  analysis.wholeRows.set(whole, item);
  return analysis.locate(whole, location);
}

/** Of a relation its row type, of all else record. */
const rowTypeOfItem = ({ relationOid }: RangeItem): number => (relationOid === undefined ? oid.record : rowTypeOf(relationOid));

/** Behind an outer join the row of a table that had no match is NULL, not a record of NULLs: its key tells. */
function nullWhenMissing(item: RangeItem, row: Expression): Expression {
  if (item.takeKeyColumn === undefined) return row;
  const key: Expression = { kind: 'column', id: item.takeKeyColumn(), name: 'key', type: rowKeyType };
  const isThere: Expression = { kind: 'isNull', arg: key, negated: true, type: boolType };
  // biome-ignore lint/suspicious/noThenProperty: SQL's own word; nobody awaits a branch
  return { kind: 'case', operand: undefined, branches: [{ when: isThere, then: row }], otherwise: undefined, type: row.type };
}

/** Names and types of the fields of a record expression, where the statement tells. */
export function recordShapeOf(analysis: Analysis, expression: Expression): RecordShape | undefined {
  const own = rowTypeShape(analysis.environment.catalog, expression.type.oid);
  if (own !== undefined) return own;
  switch (expression.kind) {
    case 'row':
      return { names: expression.names, types: expression.fields.map((field) => field.type) };
    case 'column':
    case 'outerValue':
      return analysis.shapes.get(expression.id);
    case 'function':
      return analysis.callShapes.get(expression) ?? functionShape(analysis, expression);
    case 'relabel':
      return recordShapeOf(analysis, expression.arg);
    case 'case': {
      const first = expression.branches[0];
      return first === undefined ? undefined : recordShapeOf(analysis, first.then);
    }
    case 'coalesce':
      return recordShapeOf(analysis, expression.args[0]);
    case 'subquery':
      return expression.form === 'scalar' ? analysis.shapes.get(expression.output[0]) : undefined;
    default:
      return undefined;
  }
}

/** OUT and TABLE arguments of a function, when they make a record. */
export function functionShape(analysis: Analysis, call: FunctionCall): RecordShape | undefined {
  const proc = anyProc(analysis, call.function);
  if (proc === undefined || call.type.oid !== oid.record || proc.argModes === undefined || proc.allArgTypes === undefined) return undefined;
  const modes = [...proc.argModes];
  const names: string[] = [];
  const types: TypeRef[] = [];
  for (let at = 0; at < modes.length; at++) {
    if (modes[at] !== 'o' && modes[at] !== 'b' && modes[at] !== 't') continue;
    names.push(proc.argNames?.[at] ?? `column${names.length + 1}`);
    const actual = call.args.map((arg) => arg.type.oid);
    types.push(typeRef(resolvePolymorphic(analysis, proc.argTypes, actual, proc.allArgTypes[at]).result));
  }
  return names.length === 0 ? undefined : { names, types };
}

/** A built-in function or a user's. */
export function anyProc(analysis: Analysis, procOid: number): Proc | undefined {
  const own = analysis.environment.catalog.functionByOid(procOid);
  return own === undefined ? procByOid(procOid) : procOf(own);
}

export function bindIndirection(scope: Scope, node: A_Indirection): Expression {
  const analysis = scope.analysis;
  let bound = bindExpression(scope, required(node.arg));
  let indices: A_Indices[] = [];
  const applyIndices = (): void => {
    if (indices.length > 0) bound = bindSubscripts(scope, bound, indices);
    indices = [];
  };
  for (const step of node.indirection ?? []) {
    if ('A_Indices' in step) {
      indices.push(step.A_Indices);
      continue;
    }
    applyIndices();
    if ('A_Star' in step) throw analysis.notSupported('row expansion via "*" is not supported here', analysis.locationOf(bound));
    bound = selectField(scope, bound, stringOf(step), analysis.locationOf(bound));
  }
  applyIndices();
  return bound;
}

/** (record).name */
export function selectField(scope: Scope, arg: Expression, name: string, location: number | undefined): Expression {
  const analysis = scope.analysis;
  const field = findField(analysis, arg, name, location);
  if (field !== undefined) return field;
  const call = bindFunctionOnRecord(scope, name, arg, location);
  if (call !== undefined) return call;
  const item = analysis.wholeRows.get(arg);
  if (item !== undefined) throw analysis.error(sqlstate.undefinedColumn, `column ${item.name}.${name} does not exist`, location);
  if (isRowTypeOid(arg.type.oid))
    throw analysis.error(sqlstate.undefinedColumn, `column "${name}" not found in data type ${typeDisplayName(arg.type.oid)}`, location);
  if (arg.type.oid === oid.record)
    throw analysis.error(sqlstate.undefinedColumn, `could not identify column "${name}" in record data type`, location);
  throw analysis.error(
    sqlstate.wrongObjectType,
    `column notation .${name} applied to type ${typeDisplayName(arg.type.oid)}, which is not a composite type`,
    location,
  );
}

/** The field of that name; undefined where there is none, or `arg` is no row. */
export function findField(analysis: Analysis, arg: Expression, name: string, location: number | undefined): Expression | undefined {
  if (!isComposite(arg.type.oid)) return undefined;
  const shape = recordShapeOf(analysis, arg);
  const index = shape?.names.indexOf(name) ?? -1;
  return shape === undefined || index < 0 ? undefined : fieldOf(analysis, arg, shape, index, location);
}

export function fieldOf(analysis: Analysis, arg: Expression, shape: RecordShape, index: number, location: number | undefined): Expression {
  const row = arg.kind === 'case' && analysis.wholeRows.has(arg) ? arg.branches[0].then : arg;
  if (row.kind === 'row') return analysis.locate({ ...row.fields[index] }, location);
  return analysis.locate({ kind: 'field', arg, index, name: shape.names[index], type: shape.types[index] }, location);
}

type SubscriptExpression = Extract<Expression, { kind: 'subscript' }>;

export function bindSubscripts(scope: Scope, arg: Expression, indices: readonly A_Indices[]): SubscriptExpression {
  const analysis = scope.analysis;
  const type = arg.type.oid;
  const isSlice = indices.some((index) => index.is_slice);
  if (type === oid.jsonb) return bindJsonbSubscripts(scope, arg, indices, isSlice);
  const element = type === oid.name ? oid.char : arrayElementOf(type);
  const location = analysis.locationOf(arg);
  if (isSlice && type === oid.name) throw analysis.notSupported('slices of fixed-length arrays not implemented');
  if (element === 0)
    throw analysis.error(
      sqlstate.datatypeMismatch,
      `cannot subscript type ${typeDisplayName(type)} because it does not support subscripting`,
      location,
    );
  if (indices.length > 6)
    throw analysis.error(sqlstate.programLimitExceeded, `number of array dimensions (${indices.length}) exceeds the maximum allowed (6)`);
  const subscript = (node: Node | undefined): Expression | undefined => {
    if (node === undefined) return undefined;
    const bound = bindExpression(scope, node);
    const coerced = coerceToTarget(analysis, bound, typeRef(oid.int4), 'assignment');
    if (coerced === undefined)
      throw analysis.error(sqlstate.datatypeMismatch, 'array subscript must have type integer', analysis.locationOf(bound));
    return coerced;
  };
  const subscripts = indices.map((index) => ({
    // In a slice, [5] is [1:5].
    lower: isSlice && !index.is_slice ? int4Constant(1) : subscript(index.lidx),
    upper: subscript(index.uidx),
  }));
  const sliceType = arrayElementOf(type) === 0 ? typeRef(type) : typeRef(type, arg.type.typmod);
  const picked: SubscriptExpression = {
    kind: 'subscript',
    arg,
    isSlice,
    subscripts,
    type: isSlice ? sliceType : typeRef(element, arg.type.typmod),
  };
  return analysis.locate(picked, location);
}

function bindJsonbSubscripts(scope: Scope, arg: Expression, indices: readonly A_Indices[], isSlice: boolean): SubscriptExpression {
  const analysis = scope.analysis;
  const subscripts = indices.map((index) => {
    if (isSlice)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        'jsonb subscript does not support slices',
        nodeLocation(index.uidx) ?? nodeLocation(index.lidx),
      );
    const bound = bindExpression(scope, required(index.uidx));
    const target = bound.type.oid === oid.int4 || bound.type.oid === oid.int2 ? oid.int4 : oid.text;
    const upper = coerceToTarget(analysis, bound, typeRef(target), 'implicit');
    if (upper === undefined)
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `subscript type ${typeDisplayName(bound.type.oid)} is not supported`,
        analysis.locationOf(bound),
        { hint: 'jsonb subscript must be coercible to either integer or text.' },
      );
    return { lower: undefined, upper };
  });
  const picked: SubscriptExpression = { kind: 'subscript', arg, isSlice: false, subscripts, type: typeRef(oid.jsonb) };
  return analysis.locate(picked, analysis.locationOf(arg));
}
