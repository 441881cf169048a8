/**
 * CREATE INDEX. Without ASYNC the index is filled within the statement, and whoever writes rows of the table meanwhile conflicts with it.
 * With ASYNC the index comes into being in state `building`: from its commit on every writer keeps it up, and a job fills in the rows
 * from before.
 */
import type { IndexElem, IndexStmt } from '@pgsql/types';
import { maximumIndexes, maximumKeyColumns } from '#base/limits.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { IndexDescriptor, IndexKey, TableDescriptor } from '../descriptors.ts';
import { requireKeyType, requireKeyWidth } from './create-table.ts';
import { freeName, joinedColumns } from './object-names.ts';
import type { SchemaChange } from './schema-change.ts';
import { tableExpression } from './table-expressions.ts';

/** undefined when there is nothing to do (IF NOT EXISTS). */
export function createIndex(
  change: SchemaChange,
  statement: IndexStmt,
  isAsync: boolean,
): { readonly table: TableDescriptor; readonly index: IndexDescriptor } | undefined {
  checkMethod(statement.accessMethod);
  const target = statement.relation ?? {};
  const table = change.table(target);
  if (table === undefined) return undefined;
  if (isAsync && change.isTemporary) throw notSupported('CREATE INDEX ASYNC is not supported on temporary tables');
  const { idxname } = statement;
  if (idxname !== undefined && change.skipsExisting(table.schemaOid, idxname, statement.if_not_exists)) return undefined;
  if (table.indexes.length + (table.primaryKey === undefined ? 0 : 1) >= maximumIndexes)
    throw new SqlError(sqlstate.programLimitExceeded, `more than ${maximumIndexes} indexes per table are not allowed`);

  const elements = (statement.indexParams ?? []).flatMap((node) => ('IndexElem' in node ? [node.IndexElem] : []));
  if (elements.length > maximumKeyColumns)
    throw new SqlError(sqlstate.tooManyColumns, `more than ${maximumKeyColumns} column keys in an index are not supported`);
  const keys = elements.map((element) => indexKey(change, table, element));
  requireKeyWidth(
    change,
    keys.map(({ key }) => key.type),
  );
  const included = (statement.indexIncludingParams ?? []).flatMap((node) =>
    'IndexElem' in node ? [includedColumn(change, table, node.IndexElem)] : [],
  );
  const predicateText = statement.whereClause === undefined ? undefined : predicate(change, table, statement.whereClause);
  const names = [...keys.map((key) => key.nameForIndex), ...included.map((number) => table.columns[number - 1].name)];
  const oid = change.newOid();
  const index: IndexDescriptor = {
    oid,
    name:
      statement.idxname ??
      freeName(table.name, joinedColumns(withoutRepeats(names)), 'idx', (name) => change.catalog.hasRelationName(table.schemaOid, name)),
    space: oid,
    isUnique: statement.unique === true,
    nullsNotDistinct: statement.nulls_not_distinct === true,
    keys: keys.map((key) => key.key),
    included,
    predicateText,
    constraintOid: undefined,
    state: isAsync ? 'building' : 'valid',
  };
  const changed: TableDescriptor = { ...table, indexes: [...table.indexes, index] };
  change.put(changed);
  if (isAsync) change.indexBuild = { table: changed, indexOid: oid };
  else change.excludeWriters(table);
  return { table: changed, index };
}

/** The tree says btree where nothing is written. */
function checkMethod(method: string | undefined): void {
  if (method !== undefined && method !== 'btree' && method !== 'btree_index')
    throw notSupported(`access method "${method}" is not supported`, { hint: 'The only access method is btree.' });
}

function indexKey(
  change: SchemaChange,
  table: TableDescriptor,
  element: IndexElem,
): { readonly key: IndexKey; readonly nameForIndex: string } {
  const descending = element.ordering === 'SORTBY_DESC';
  const nulls = element.nulls_ordering;
  const nullsFirst = nulls === 'SORTBY_NULLS_FIRST' || (nulls !== 'SORTBY_NULLS_LAST' && descending);
  if (element.name !== undefined) {
    const column = columnNamed(change, table, element.name);
    requireKeyType(change, column.type);
    return {
      key: { attributeNumber: column.attributeNumber, expressionText: undefined, type: column.type, descending, nullsFirst },
      nameForIndex: column.name,
    };
  }
  if (element.expr === undefined) throw change.error(sqlstate.syntaxError, 'an index key is empty');
  const bound = tableExpression(change, table, element.expr, 'indexExpression', undefined);
  requireKeyType(change, bound.expression.type);
  return {
    key: { attributeNumber: 0, expressionText: bound.text, type: bound.expression.type, descending, nullsFirst },
    nameForIndex: expressionName(element),
  };
}

/** FigureIndexColname: the function's or the cast type's name, else `expr`. */
function expressionName(element: IndexElem): string {
  const node = element.expr;
  if (node === undefined) return 'expr';
  if ('FuncCall' in node) return lastName(node.FuncCall.funcname) ?? 'expr';
  if ('ColumnRef' in node) return lastName(node.ColumnRef.fields) ?? 'expr';
  if ('TypeCast' in node) {
    const { arg, typeName } = node.TypeCast;
    const inner = arg === undefined ? undefined : expressionName({ expr: arg });
    return inner !== undefined && inner !== 'expr' ? inner : (lastName(typeName?.names) ?? 'expr');
  }
  if ('CoalesceExpr' in node) return 'coalesce';
  if ('CaseExpr' in node) return 'case';
  return 'expr';
}

const lastName = (nodes: readonly unknown[] | undefined): string | undefined => {
  const last = nodes?.at(-1);
  if (typeof last !== 'object' || last === null || !('String' in last)) return undefined;
  const { sval } = last.String as { readonly sval?: string };
  return sval;
};

function columnNamed(change: SchemaChange, table: TableDescriptor, name: string): TableDescriptor['columns'][number] {
  const column = table.columns.find((entry) => !entry.isDropped && entry.name === name);
  if (column === undefined) throw change.error(sqlstate.undefinedColumn, `column "${name}" does not exist`);
  return column;
}

function includedColumn(change: SchemaChange, table: TableDescriptor, element: IndexElem): number {
  if (element.name === undefined) throw notSupported('expressions are not supported in included columns');
  return columnNamed(change, table, element.name).attributeNumber;
}

function predicate(change: SchemaChange, table: TableDescriptor, node: NonNullable<IndexStmt['whereClause']>): string {
  const bound = tableExpression(change, table, node, 'indexPredicate', undefined);
  return bound.text;
}

/** ChooseIndexColumnNames: a repeated name gets a number. */
function withoutRepeats(names: readonly string[]): readonly string[] {
  const out: string[] = [];
  for (const name of names) {
    let candidate = name;
    for (let pass = 1; out.includes(candidate); pass++) candidate = `${name}${pass}`;
    out.push(candidate);
  }
  return out;
}
