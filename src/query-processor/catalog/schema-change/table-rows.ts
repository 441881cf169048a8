/**
 * Work over the rows of a table: index entries for them, checks of them, a new column in them. A slice at a time, through one
 * transaction's overlay, so that the same code serves a statement that does all at once and a job that goes in steps.
 */
import { assert } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, datumAt, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { compileExpression } from '#sql/evaluate/compile.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext, VectorEvaluator } from '#sql/function.ts';
import type { Key, KeyRange } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { decodeRow } from '#sql/row.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { NonNull } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Storage } from '#storage/storage.ts';
import type { OpenTransaction } from '../../transaction/open-transaction.ts';
import type { ColumnDescriptor, IndexDescriptor, TableDescriptor } from '../descriptors.ts';
import { indexLayoutOf, layoutOf, rowKeyOf } from '../table-layout.ts';

export type StoredRow = { readonly key: Key; readonly value: Uint8Array };

/** Rows of [start, end) as the transaction sees them, at most `limit`, in key order. */
export function readRows(storage: Storage, transaction: OpenTransaction, range: KeyRange, limit: number): readonly StoredRow[] {
  const stored = storage.scanKeys(transaction.snapshot, range, limit);
  const { overlay } = transaction;
  if (overlay === undefined) return stored;
  // Behind the last row of a full slice there may be more stored rows: own writes from there on wait for their turn.
  const end = stored.length < limit ? range.end : `${stored[stored.length - 1].key}\0`;
  const rows = new Map<Key, Uint8Array | undefined>(stored.map(({ key, value }) => [key, value]));
  for (const { key, value } of overlay.entries({ start: range.start, end }, false)) rows.set(key, value);
  const merged: StoredRow[] = [];
  for (const [key, value] of rows) if (value !== undefined) merged.push({ key, value });
  return merged.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Where the next slice begins; undefined after the last one. */
export function nextStart(storage: Storage, transaction: OpenTransaction, range: KeyRange, limit: number): Key | undefined {
  const stored = storage.scanKeys(transaction.snapshot, range, limit);
  return stored.length < limit ? undefined : `${stored[stored.length - 1].key}\0`;
}

/** Binds a stored expression text over the table's columns, under ids that are attribute numbers. `column`: what takes the value. */
export type BindTableText = (table: TableDescriptor, text: string, column?: ColumnDescriptor) => Expression;

const columnIds = (table: TableDescriptor): readonly number[] => table.columns.map((column) => column.attributeNumber);

/** All fields of each row, as one batch in attribute order. */
export function batchOfRows(
  table: TableDescriptor,
  rows: readonly StoredRow[],
): { readonly batch: Batch; readonly values: readonly Datum[][] } {
  const layout = layoutOf(table);
  const values = rows.map((row) => layout.decode(row.value));
  return { batch: { rowCount: rows.length, columns: table.columns.map((_, at) => vectorOf(values.map((row) => row[at]))) }, values };
}

export class IndexBuilder {
  readonly #table: TableDescriptor;
  readonly #index: IndexDescriptor;
  readonly #keys: readonly (VectorEvaluator | number)[];
  readonly #predicate: VectorEvaluator | undefined;

  constructor(table: TableDescriptor, indexOid: number, bind: BindTableText) {
    const index = table.indexes.find((entry) => entry.oid === indexOid);
    assert(index !== undefined, 'an index that is built belongs to its table');
    this.#table = table;
    this.#index = index;
    const ids = columnIds(table);
    this.#keys = index.keys.map((key) =>
      key.expressionText === undefined ? key.attributeNumber - 1 : compileExpression(bind(table, key.expressionText), ids),
    );
    this.#predicate = index.predicateText === undefined ? undefined : compileExpression(bind(table, index.predicateText), ids);
  }

  /**
   * Writes the entries of the rows. `marksRows`: each row's key is checked at commit, so that a row changed meanwhile undoes the slice
   * instead of leaving an entry of what it was. Throws 23505 for a second row with a unique key.
   */
  build(rows: readonly StoredRow[], storage: Storage, transaction: OpenTransaction, context: EvaluationContext, marksRows: boolean): void {
    if (rows.length === 0) return;
    const { batch, values } = batchOfRows(this.#table, rows);
    const keys = this.#keys.map((key) => (typeof key === 'number' ? batch.columns[key] : key(batch, context)));
    const predicate = this.#predicate?.(batch, context);
    const layout = indexLayoutOf(this.#table, this.#index);
    for (let at = 0; at < rows.length; at++) {
      if (marksRows) transaction.mark(rows[at].key, 'read');
      if (predicate !== undefined && datumAt(predicate, at) !== true) continue;
      const keyValues = keys.map((vector) => datumAt(vector, at));
      const entry = layout.entry(keyValues, values[at], rows[at].key);
      if (entry.mode === 'write') this.#checkUnique(entry, keyValues, rows[at].key, storage, transaction);
      transaction.write(entry.key, entry.value, entry.mode);
    }
  }

  #checkUnique(
    entry: { readonly key: Key; readonly value: Uint8Array },
    keyValues: readonly Datum[],
    rowKey: Key,
    storage: Storage,
    transaction: OpenTransaction,
  ): void {
    const own = transaction.overlay?.get(entry.key);
    const found = own === undefined ? storage.get(transaction.snapshot, [entry.key], { newest: 0 })[0] : own.value;
    if (found === undefined || rowKeyOfEntry(found) === rowKey) return;
    throw duplicateKey(this.#table, this.#index, keyValues);
  }
}

/** Field 0 of an entry is the key of its row. */
function rowKeyOfEntry(value: Uint8Array): Key {
  const [rowKey] = decodeRow([typeByOid(oid.bytea)], value);
  assert(rowKey !== null, 'an index entry holds its row key');
  return rowKeyOf(rowKey);
}

function duplicateKey(table: TableDescriptor, index: IndexDescriptor, keyValues: readonly Datum[]): SqlError {
  const names = index.keys.map((key) =>
    key.attributeNumber === 0 ? (key.expressionText ?? '') : table.columns[key.attributeNumber - 1].name,
  );
  const context = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
  const shown = keyValues.map((value, at) =>
    value === null ? 'null' : typeByOid(index.keys[at].type.oid).output(value as NonNull, context),
  );
  return new SqlError(sqlstate.uniqueViolation, `could not create unique index "${index.name}"`, {
    detail: `Key (${names.join(', ')})=(${shown.join(', ')}) is duplicated.`,
    schema: table.schemaName,
    table: table.name,
    constraint: index.name,
  });
}

/** Throws 23502 when a row holds NULL in the column. */
export function checkNotNull(table: TableDescriptor, attributeNumber: number, rows: readonly StoredRow[]): void {
  const layout = layoutOf(table);
  for (const row of rows) if (layout.decode(row.value)[attributeNumber - 1] === null) throw containsNulls(table, attributeNumber);
}

export function containsNulls(table: TableDescriptor, attributeNumber: number): SqlError {
  const column = table.columns[attributeNumber - 1].name;
  return new SqlError(sqlstate.notNullViolation, `column "${column}" of relation "${table.name}" contains null values`, {
    schema: table.schemaName,
    table: table.name,
    column,
  });
}

/** Throws 23514 when the condition is false for a row. */
export function checkRows(
  table: TableDescriptor,
  name: string,
  condition: VectorEvaluator,
  rows: readonly StoredRow[],
  context: EvaluationContext,
): void {
  if (rows.length === 0) return;
  const answers = condition(batchOfRows(table, rows).batch, context);
  for (let at = 0; at < rows.length; at++)
    if (datumAt(answers, at) === false)
      throw new SqlError(sqlstate.checkViolation, `check constraint "${name}" of relation "${table.name}" is violated by some row`, {
        schema: table.schemaName,
        table: table.name,
        constraint: name,
      });
}

/** Writes one column's value into every row. */
export function fillColumn(
  table: TableDescriptor,
  attributeNumber: number,
  value: VectorEvaluator,
  rows: readonly StoredRow[],
  transaction: OpenTransaction,
  context: EvaluationContext,
): void {
  if (rows.length === 0) return;
  const layout = layoutOf(table);
  const { batch, values } = batchOfRows(table, rows);
  const filled = value(batch, context);
  const column = table.columns[attributeNumber - 1];
  for (let at = 0; at < rows.length; at++) {
    const datum = datumAt(filled, at);
    if (datum === null && column.notNull) throw containsNulls(table, attributeNumber);
    values[at][attributeNumber - 1] = datum;
    transaction.write(rows[at].key, layout.encode(values[at]), 'update');
  }
}

/** Writes values that a sequence has given, one a row, into a column. */
export function fillWith(
  table: TableDescriptor,
  attributeNumber: number,
  values: readonly Datum[],
  rows: readonly StoredRow[],
  transaction: OpenTransaction,
): void {
  const layout = layoutOf(table);
  for (let at = 0; at < rows.length; at++) {
    const fields = layout.decode(rows[at].value);
    fields[attributeNumber - 1] = values[at];
    transaction.write(rows[at].key, layout.encode(fields), 'update');
  }
}

export const compileOver = (table: TableDescriptor, expression: Expression): VectorEvaluator =>
  compileExpression(expression, columnIds(table));
