/**
 * Expressions of a table: defaults, checks, generated columns, index keys and predicates. They are bound when they are stated, so that
 * mistakes are errors of the statement that makes them, and kept as text that means the same whatever the search path.
 */
import type { Node } from '@pgsql/types';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { TypeRef } from '#sql/type.ts';
import { coerceToBoolean } from '../../analyzer/coercion.ts';
import { deparseExpression } from '../../analyzer/deparse.ts';
import { Analysis, type AnalyzerEnvironment } from '../../analyzer/environment.ts';
import { bindExpression } from '../../analyzer/expression.ts';
import { type RangeItem, Scope, visible } from '../../analyzer/scope.ts';
import { analyzeTableExpression, type ExpressionTable, type TableExpressionKind } from '../../analyzer/table-expression.ts';
import { columnsIn } from '../../analyzer/walk.ts';
import type { PositionOf } from '../../parser/parse.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { quoteIdentifier } from '../identifiers.ts';
import { CatalogNames } from '../name-lookup.ts';
import { storedFunctionName, storedTypeName } from '../object-names.ts';
import type { SchemaChange } from './schema-change.ts';

export type TableExpression = {
  readonly text: string;
  readonly expression: Expression;
  /** Attribute numbers used, ascending: columns are bound under ids that are their attribute numbers. */
  readonly attributeNumbers: readonly number[];
};

/** Binds a node of the statement over the table's columns. `target`: the column that the value is assigned to. */
export function tableExpression(
  change: SchemaChange,
  table: ExpressionTable,
  node: Node,
  kind: TableExpressionKind,
  target: { readonly type: TypeRef; readonly name: string } | undefined,
  /** What stands for every column: VALUE in the condition of a domain. */
  columnText?: string,
): TableExpression {
  const { positionOf } = change;
  const options = target === undefined ? { kind, positionOf } : { kind, positionOf, column: target };
  const environment = environmentOf(change);
  // A change of type is computed now and not kept.
  const expression = analyzeTableExpression(node, table, environment, { ...options, keepsCalls: kind !== 'alterType' });
  // What it calls must be of a kind that can be computed wherever rows are written.
  if (someExpression(expression, (part) => part.kind === 'function' && change.catalog.functionByOid(part.function) !== undefined))
    analyzeTableExpression(node, table, environment, options);
  return asTableExpression(change, table, expression, columnText);
}

function asTableExpression(change: SchemaChange, table: ExpressionTable, expression: Expression, columnText?: string): TableExpression {
  const used = new Set<ColumnId>();
  columnsIn(expression, (column) => used.add(column.id));
  return {
    text: deparseExpression(expression, (id) => columnText ?? quoteIdentifier(table.columns[id - 1].name), storedTypes(change)),
    expression,
    attributeNumbers: [...used].sort((a, b) => a - b),
  };
}

/** Stored texts are read under every search path: what a reg* constant names is written with its schema. */
const storedTypes = (change: SchemaChange) => ({
  typeContext: { settings: defaultSettings, transactionTimestamp: 0, names: qualifiedNames(change) },
  nameOfType: (type: TypeRef) =>
    storedTypeName(
      type,
      (domain) => change.catalog.domainByOid(domain),
      (relation) => change.catalog.relationByOid(relation),
    ),
  nameOfFunction: (procOid: number) => storedFunctionName(procOid, (own) => change.catalog.functionByOid(own)),
});

function qualifiedNames({ catalog, host }: SchemaChange): CatalogNames {
  return new CatalogNames(catalog, [], host.user);
}

export const environmentOf = (change: SchemaChange): AnalyzerEnvironment => ({
  catalog: change.catalog,
  settings: change.host.settings,
  typeContext: change.host.typeContext,
  currentUser: change.host.user,
  parameterTypes: undefined,
  statementText: change.statementText,
});

/** A stored expression bound again, under ids that are attribute numbers. */
export function storedExpression(
  environment: AnalyzerEnvironment,
  table: TableDescriptor,
  text: string,
  column?: { readonly type: TypeRef; readonly name: string },
  keepsCalls = false,
): Expression {
  // Whatever it was when it was stated, it has been checked then.
  const options = { kind: 'alterType', keepsCalls } as const;
  return analyzeTableExpression(text, table, environment, column === undefined ? options : { ...options, column });
}

/** The text with one column under its new name. */
export function renamedText(change: SchemaChange, table: TableDescriptor, text: string, attributeNumber: number, newName: string): string {
  const expression = storedExpression(environmentOf(change), table, text, undefined, true);
  return deparseExpression(
    expression,
    (id) => quoteIdentifier(id === attributeNumber ? newName : table.columns[id - 1].name),
    storedTypes(change),
  );
}

/** COPY ... WHERE: a condition of a statement over a table's columns. */
export function copyCondition(environment: AnalyzerEnvironment, positionOf: PositionOf, table: TableDescriptor, node: Node): Expression {
  const analysis = new Analysis(environment, positionOf);
  analysis.reserveColumnIds(table.columns.length);
  const scope = new Scope(analysis, undefined);
  scope.kind = 'copyWhere';
  scope.namespace = [visible(scope.addItem(itemOf(table)))];
  return coerceToBoolean(analysis, bindExpression(scope, node), 'WHERE');
}

function itemOf(table: TableDescriptor): RangeItem {
  return {
    kind: 'relation',
    name: table.name,
    hasAlias: false,
    table,
    columns: table.columns
      .filter((column) => !column.isDropped)
      .map((column) => ({
        name: column.name,
        expression: { kind: 'column', id: column.attributeNumber, type: column.type, name: column.name },
        tableOid: table.oid,
        attributeNumber: column.attributeNumber,
      })),
    isScalar: false,
    takeKeyColumn: undefined,
  };
}

/** Stored expression texts name columns bare. */
export function textMentions(text: string | undefined, name: string): boolean {
  if (text === undefined) return false;
  const withoutStrings = text.replace(/'(?:[^']|'')*'/g, "''");
  const quoted = quoteIdentifier(name).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(^|[^\\w".])${quoted}($|[^\\w"(])`).test(withoutStrings);
}

/** A stored expression bound again, over what the table has become: its text may be another then. */
export function reboundExpression(
  change: SchemaChange,
  table: TableDescriptor,
  text: string,
  kind: TableExpressionKind,
  target?: { readonly type: TypeRef; readonly name: string },
): TableExpression {
  const environment = { ...environmentOf(change), statementText: text };
  return asTableExpression(
    change,
    table,
    analyzeTableExpression(text, table, environment, target === undefined ? { kind } : { kind, column: target }),
  );
}
