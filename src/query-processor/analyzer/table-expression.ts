/**
 * Expressions that belong to a table: DEFAULT, CHECK, generated columns, index expressions and predicates.
 *
 * `analyzeTableExpression` binds one over column ids that ARE attribute numbers (1 is the table's first column, dropped ones
 * counted), with PostgreSQL's refusals for the kind of place. Statements that write rows bind the stored texts again over ids of
 * their own (`bindTableText`).
 */
import type { Node } from '@pgsql/types';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { procByOid, procsByName } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { oid } from '#sql/oids.ts';
import { type TypeRef, typeRef } from '#sql/type.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { type PositionOf, parse } from '../parser/parse.ts';
import { coerceToBoolean, coerceToTarget, resolveUnknown } from './coercion.ts';
import { domainDefault } from './domain.ts';
import { Analysis, type AnalyzerEnvironment } from './environment.ts';
import { bindExpression } from './expression.ts';
import { rangeColumn } from './from-clause.ts';
import type { OutputColumn } from './logical-plan.ts';
import { type RangeItem, Scope, visible } from './scope.ts';
import { typeDisplayName, typeFacts } from './type-facts.ts';
import { columnsIn } from './walk.ts';

export type TableExpressionKind = 'default' | 'check' | 'generated' | 'indexExpression' | 'indexPredicate' | 'statistics' | 'alterType';

export type TableExpressionOptions = {
  readonly kind: TableExpressionKind;
  /** default, generated and alterType: the column that takes the value. */
  readonly column?: { readonly name: string; readonly type: TypeRef };
  /** Where a node of a statement's tree stands, for errors. */
  readonly positionOf?: PositionOf;
  /** The expression is only printed: calls of users' functions stay calls. */
  readonly keepsCalls?: boolean;
};

/** What of a table is needed; `columns` by attribute number, as in a TableDescriptor. */
export type ExpressionTable = Pick<TableDescriptor, 'oid' | 'name' | 'schemaName' | 'columns'>;

export function analyzeTableExpression(
  source: Node | string,
  table: ExpressionTable,
  environment: AnalyzerEnvironment,
  options: TableExpressionOptions,
): Expression {
  const positionOf: PositionOf = options.positionOf ?? (() => undefined);
  const analysis = new Analysis({ ...environment, parameterTypes: undefined }, positionOf);
  analysis.keepsLists = true;
  analysis.keepsCalls = options.keepsCalls === true;
  analysis.reserveColumnIds(table.columns.length);
  const columns = table.columns
    .filter((column) => !column.isDropped)
    .map((column) => ({
      id: column.attributeNumber,
      name: column.name,
      type: column.type,
      tableOid: table.oid,
      attributeNumber: column.attributeNumber,
    }));
  const node = typeof source === 'string' ? expressionNode(source) : source;
  const bound = bindTableNode(analysis, node, table.name, columns, options);
  requireProperties(analysis, bound, table, options);
  return bound;
}

/** Binds a stored text over columns of a statement. */
export function bindTableText(
  analysis: Analysis,
  text: string,
  tableName: string,
  columns: readonly OutputColumn[],
  options: TableExpressionOptions,
): Expression {
  const environment = { ...analysis.environment, parameterTypes: undefined, functionArguments: undefined, statementText: text };
  return bindTableNode(analysis.inner(environment), expressionNode(text), tableName, columns, options);
}

/** Trees of stored texts, which are few and met again with every statement that writes the table. */
const parsedTexts = new Map<string, Node>();
const parsedTextsMax = 2000;

export function expressionNode(text: string): Node {
  const known = parsedTexts.get(text);
  if (known !== undefined) return known;
  const [statement] = parse(`SELECT ${text}`);
  const node = statement.node;
  const target = 'SelectStmt' in node ? node.SelectStmt.targetList?.[0] : undefined;
  const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
  if (value === undefined) throw new SqlError(sqlstate.syntaxError, `not an expression: ${text}`);
  if (parsedTexts.size >= parsedTextsMax) parsedTexts.clear();
  parsedTexts.set(text, value);
  return value;
}

function bindTableNode(
  analysis: Analysis,
  node: Node,
  tableName: string,
  columns: readonly OutputColumn[],
  options: TableExpressionOptions,
): Expression {
  const scope = new Scope(analysis, undefined);
  scope.kind = options.kind;
  // Owners are of this scope only while the expression is bound: the statement goes on with its own.
  const before = columns.map(({ id }) => analysis.owners.get(id));
  const item: RangeItem = {
    kind: 'relation',
    name: tableName,
    hasAlias: false,
    table: undefined,
    columns: columns.map(rangeColumn),
    isScalar: false,
    takeKeyColumn: undefined,
  };
  scope.namespace = [visible(scope.addItem(item))];
  const bound = convert(analysis, bindExpression(scope, node), options);
  for (const [at, { id }] of columns.entries()) {
    const owner = before[at];
    if (owner === undefined) analysis.owners.delete(id);
    else analysis.owners.set(id, owner);
  }
  return bound;
}

function convert(analysis: Analysis, bound: Expression, options: TableExpressionOptions): Expression {
  switch (options.kind) {
    case 'check':
      return coerceToBoolean(analysis, bound, 'CHECK');
    case 'indexPredicate':
      return coerceToBoolean(analysis, bound, 'WHERE');
    case 'indexExpression':
    case 'statistics':
      return resolveUnknown(analysis, bound);
    default: {
      const { column } = options;
      if (column === undefined) return resolveUnknown(analysis, bound);
      const coerced = coerceToTarget(analysis, bound, column.type, 'assignment');
      if (coerced !== undefined) return coerced;
      const what = { default: 'default', generated: 'generation', alterType: 'USING' }[options.kind];
      throw analysis.error(
        sqlstate.datatypeMismatch,
        `column "${column.name}" is of type ${typeDisplayName(column.type.oid)} but ${what} expression is of type ${typeDisplayName(bound.type.oid)}`,
        analysis.locationOf(bound),
        { hint: 'You will need to rewrite or cast the expression.' },
      );
    }
  }
}

function requireProperties(analysis: Analysis, bound: Expression, table: ExpressionTable, options: TableExpressionOptions): void {
  const notImmutable = (message: string): SqlError => new SqlError(sqlstate.invalidObjectDefinition, message);
  const { catalog } = analysis.environment;
  if (options.kind === 'generated') {
    columnsIn(bound, ({ id, name }) => {
      if (table.columns[id - 1]?.generated === undefined) return;
      throw new SqlError(sqlstate.invalidObjectDefinition, `cannot use generated column "${name}" in column generation expression`, {
        detail: 'A generated column cannot reference another generated column.',
        position: analysis.positionOf(analysis.locationOf(bound)),
      });
    });
    if (!isImmutable(bound, catalog)) throw notImmutable('generation expression is not immutable');
  }
  if (options.kind === 'indexExpression' && !isImmutable(bound, catalog))
    throw notImmutable('functions in index expression must be marked IMMUTABLE');
  if (options.kind === 'indexPredicate' && !isImmutable(bound, catalog))
    throw notImmutable('functions in index predicate must be marked IMMUTABLE');
}

/** True when the value depends on nothing but the columns. */
export function isImmutable(expression: Expression, catalog?: Catalog): boolean {
  return !someExpression(expression, (part) => {
    switch (part.kind) {
      case 'function':
        return (catalog?.functionByOid(part.function) ?? procByOid(part.function))?.volatility !== 'i';
      case 'sqlValue':
        return true;
      case 'convertByText':
        return !isImmutableText(part.arg.type.oid, 'output') || !isImmutableText(part.type.oid, 'input');
      default:
        return false;
    }
  });
}

function isImmutableText(typeOid: number, direction: 'input' | 'output'): boolean {
  const name = typeFacts(typeOid)?.[direction];
  return name !== undefined && procsByName(name).every((proc) => proc.volatility === 'i');
}

/** The default of a column as a statement needs it; NULL without one. */
export function columnDefault(analysis: Analysis, table: TableDescriptor, column: TableDescriptor['columns'][number]): Expression {
  if (column.identity !== undefined) {
    const sequence = identitySequence(analysis.environment, table, column.attributeNumber);
    if (sequence !== undefined) return nextValue(analysis, sequence, column.type);
  }
  if (column.defaultText === undefined || column.generated !== undefined) return domainDefault(analysis, column.type);
  return bindTableText(analysis, column.defaultText, table.name, [], { kind: 'default', column });
}

function identitySequence(environment: AnalyzerEnvironment, table: TableDescriptor, attributeNumber: number): number | undefined {
  for (const relation of environment.catalog.relations(table.schemaOid))
    if (relation.kind === 'sequence' && relation.ownedBy?.tableOid === table.oid && relation.ownedBy.attributeNumber === attributeNumber)
      return relation.oid;
  return undefined;
}

const nextvalOid = 1574;

function nextValue(analysis: Analysis, sequenceOid: number, type: TypeRef): Expression {
  const call: Expression = {
    kind: 'function',
    function: nextvalOid,
    // The second argument: who may insert into the table needs no privilege on the sequence of its identity.
    args: [
      { kind: 'constant', value: sequenceOid, type: typeRef(oid.regclass) },
      { kind: 'constant', value: true, type: typeRef(oid.bool) },
    ],
    variadic: false,
    returnsSet: false,
    form: { kind: 'call' },
    type: typeRef(oid.int8),
  };
  return coerceToTarget(analysis, call, type, 'assignment') ?? call;
}
