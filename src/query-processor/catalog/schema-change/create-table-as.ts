/** CREATE TABLE AS: a table whose columns are those of a query's result. The rows come after, as an INSERT of the query. */
import type { IntoClause } from '@pgsql/types';
import { maximumColumns } from '#base/limits.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { TypeRef } from '#sql/type.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { namesOf, newTable, requireColumnType, requireOrdinaryName } from './create-table.ts';
import type { SchemaChange } from './schema-change.ts';

/** undefined: the name is taken, and IF NOT EXISTS lets that pass. */
export function createTableAs(
  change: SchemaChange,
  into: IntoClause,
  result: readonly { readonly name: string; readonly type: TypeRef }[],
  isExistingOk: boolean,
): TableDescriptor | undefined {
  const target = into.rel ?? {};
  const schema = change.creationSchema(target);
  const name = target.relname ?? '';
  if (change.skipsExisting(schema.oid, name, isExistingOk)) return undefined;
  const names = namesOf(into.colNames);
  if (names.length > result.length) throw new SqlError(sqlstate.syntaxError, 'too many column names were specified');
  if (result.length > maximumColumns) throw new SqlError(sqlstate.tooManyColumns, `tables can have at most ${maximumColumns} columns`);
  const seen = new Set<string>();
  const columns = result.map(({ name: resultName, type }, at) => {
    const column = names[at] ?? resultName;
    if (seen.has(column)) throw new SqlError(sqlstate.duplicateColumn, `column "${column}" specified more than once`);
    seen.add(column);
    requireOrdinaryName(column);
    requireColumnType(change, column, type);
    return {
      attributeNumber: at + 1,
      name: column,
      type,
      notNull: false,
      defaultText: undefined,
      generated: undefined,
      identity: undefined,
      isDropped: false,
      missingText: undefined,
    };
  });
  const table = newTable(change, target, schema, columns, into.onCommit);
  change.put(table);
  return table;
}
