/** Constraint errors: what a client is told of a row that a table does not take, in PostgreSQL's words. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ColumnDescriptor, IndexDescriptor, TableDescriptor } from '../catalog/descriptors.ts';

/** Values in `Failing row contains` are cut at so many bytes. */
const shownBytesMax = 64;

const place = (table: TableDescriptor) => ({ schema: table.schemaName, table: table.name });

export function notNullViolation(
  table: TableDescriptor,
  column: ColumnDescriptor,
  row: readonly Datum[],
  context: EvaluationContext,
): SqlError {
  return new SqlError(
    sqlstate.notNullViolation,
    `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
    { detail: failingRow(table, row, context), ...place(table), column: column.name },
  );
}

export function checkViolation(table: TableDescriptor, name: string, row: readonly Datum[], context: EvaluationContext): SqlError {
  return new SqlError(sqlstate.checkViolation, `new row for relation "${table.name}" violates check constraint "${name}"`, {
    detail: failingRow(table, row, context),
    ...place(table),
    constraint: name,
  });
}

/** A row that a view WITH CHECK OPTION would not show. */
export function viewCheckViolation(table: TableDescriptor, view: string, row: readonly Datum[], context: EvaluationContext): SqlError {
  return new SqlError(sqlstate.withCheckOptionViolation, `new row violates check option for view "${view}"`, {
    detail: failingRow(table, row, context),
  });
}

export function primaryKeyViolation(table: TableDescriptor, row: readonly Datum[], context: EvaluationContext): SqlError {
  const key = table.primaryKey;
  const columns = (key?.attributeNumbers ?? []).map((attributeNumber) => table.columns[attributeNumber - 1]);
  return uniqueViolation(
    table,
    key?.name ?? table.name,
    columns.map((column) => quoted(column.name)),
    columns.map((column) => shown(row[column.attributeNumber - 1], column.type.oid, context)),
  );
}

export function indexViolation(
  table: TableDescriptor,
  index: IndexDescriptor,
  keyValues: readonly Datum[],
  context: EvaluationContext,
): SqlError {
  return uniqueViolation(
    table,
    index.name,
    index.keys.map((key) =>
      key.attributeNumber > 0 ? quoted(table.columns[key.attributeNumber - 1].name) : shownExpression(key.expressionText ?? ''),
    ),
    keyValues.map((value, at) => shown(value, index.keys[at].type.oid, context)),
  );
}

function uniqueViolation(table: TableDescriptor, name: string, columns: readonly string[], values: readonly string[]): SqlError {
  return new SqlError(sqlstate.uniqueViolation, `duplicate key value violates unique constraint "${name}"`, {
    detail: `Key (${columns.join(', ')})=(${values.join(', ')}) already exists.`,
    ...place(table),
    constraint: name,
  });
}

export const mergedTwice = (): SqlError =>
  new SqlError(sqlstate.cardinalityViolation, 'MERGE command cannot affect row a second time', {
    hint: 'Ensure that not more than one source row matches any one target row.',
  });

export const affectedTwice = (): SqlError =>
  new SqlError(sqlstate.cardinalityViolation, 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
    hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
  });

function failingRow(table: TableDescriptor, row: readonly Datum[], context: EvaluationContext): string {
  const values = table.columns
    .filter((column) => !column.isDropped)
    .map((column) => clipped(shown(row[column.attributeNumber - 1], column.type.oid, context)));
  return `Failing row contains (${values.join(', ')}).`;
}

const shown = (value: Datum, typeOid: number, context: EvaluationContext): string =>
  value === null ? 'null' : typeByOid(typeOid).output(value, context);

function clipped(text: string): string {
  if (text.length <= shownBytesMax && Buffer.byteLength(text) <= shownBytesMax) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > shownBytesMax) break;
    end += character.length;
  }
  return `${text.slice(0, end)}...`;
}

const quoted = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** A function call stands as it is, any other expression in parentheses. */
function shownExpression(text: string): string {
  return /^[\w."]+\(.*\)$/.test(text) || text.startsWith('(') ? text : `(${text})`;
}
