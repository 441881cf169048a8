/**
 * Table rewrite: the rows of a table, as they were, become those of the table that it has been altered to, in its new key space. Index
 * entries are built after, from the new rows.
 *
 *   W1  Every new row has been checked: NOT NULL, and its key for being the only one. CHECK is tested by whoever asks for the rewrite.
 *   W2  Nobody else can write the new spaces: what is written here needs no check at commit. Who writes the old rows meanwhile conflicts,
 *       by the mark that the change has set (SchemaChange.excludeWriters).
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { datumAt, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext, VectorEvaluator } from '#sql/function.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { defaultSettings } from '#sql/settings.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { OpenTransaction } from '../../transaction/open-transaction.ts';
import type { TableDescriptor } from '../descriptors.ts';
import { layoutOf, type TableLayout } from '../table-layout.ts';
import type { Rewrite } from './alter-column-type.ts';
import { type BindTableText, batchOfRows, compileOver, containsNulls, type StoredRow } from './table-rows.ts';

export class TableRewrite {
  readonly #before: TableDescriptor;
  readonly #after: TableDescriptor;
  readonly #layout: TableLayout;
  readonly #conversions: readonly (readonly [number, VectorEvaluator])[];
  readonly #defaults: readonly (readonly [number, VectorEvaluator])[];
  readonly #generated: readonly (readonly [number, VectorEvaluator])[];

  constructor(before: TableDescriptor, after: TableDescriptor, rewrite: Rewrite, bind: BindTableText) {
    this.#before = before;
    this.#after = after;
    this.#layout = layoutOf(after);
    this.#conversions = [...rewrite.conversions].map(([attributeNumber, expression]) => [attributeNumber, compileOver(before, expression)]);
    const ofText = (attributeNumber: number): readonly (readonly [number, VectorEvaluator])[] => {
      const column = after.columns[attributeNumber - 1];
      const { defaultText } = column;
      return defaultText === undefined ? [] : [[attributeNumber, compileOver(after, bind(after, defaultText, column))]];
    };
    this.#defaults = [...rewrite.defaults].flatMap(ofText);
    this.#generated = after.columns.filter((column) => column.generated !== undefined).flatMap((column) => ofText(column.attributeNumber));
  }

  /** `taken`: for each column that a sequence fills, a value a row. */
  write(
    rows: readonly StoredRow[],
    taken: ReadonlyMap<number, readonly Datum[]>,
    transaction: OpenTransaction,
    context: EvaluationContext,
  ): void {
    if (rows.length === 0) return;
    const { batch: old, values: oldRows } = batchOfRows(this.#before, rows);
    const width = this.#before.columns.length;
    const { missing } = this.#layout;
    const fields = oldRows.map((row) => this.#after.columns.map((_, at): Datum => (at < width ? row[at] : (missing[at] ?? null))));
    const fill = (attributeNumber: number, vector: Vector): void => {
      for (let row = 0; row < fields.length; row++) fields[row][attributeNumber - 1] = datumAt(vector, row);
    };
    for (const [attributeNumber, evaluate] of this.#conversions) fill(attributeNumber, evaluate(old, context));
    for (const [attributeNumber, list] of taken) for (let row = 0; row < fields.length; row++) fields[row][attributeNumber - 1] = list[row];
    const asBatch = () => ({
      rowCount: fields.length,
      columns: this.#after.columns.map((_, at) => vectorOf(fields.map((row) => row[at]))),
    });
    for (const [attributeNumber, evaluate] of this.#defaults) fill(attributeNumber, evaluate(asBatch(), context));
    if (this.#generated.length > 0) {
      const batch = asBatch();
      for (const [attributeNumber, evaluate] of this.#generated) fill(attributeNumber, evaluate(batch, context));
    }
    for (let row = 0; row < rows.length; row++) this.#writeRow(rows[row].key, fields[row], transaction, context);
  }

  #writeRow(oldKey: Key, fields: readonly Datum[], transaction: OpenTransaction, context: EvaluationContext): void {
    const table = this.#after;
    for (const column of table.columns)
      if (column.notNull && !column.isDropped && fields[column.attributeNumber - 1] === null)
        throw containsNulls(table, column.attributeNumber);
    const keepsId = this.#before.primaryKey === undefined && table.primaryKey === undefined;
    const key = keepsId ? spacePrefix(table.space) + oldKey.slice(4) : this.#layout.rowKey(fields, context.random);
    if (table.primaryKey !== undefined && transaction.overlay?.get(key) !== undefined) throw duplicatedKey(table, fields);
    transaction.write(key, this.#layout.encode(fields), 'blind');
  }
}

function duplicatedKey(table: TableDescriptor, fields: readonly Datum[]): SqlError {
  const context = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
  const columns = (table.primaryKey?.attributeNumbers ?? []).map((number) => table.columns[number - 1]);
  const shown = columns.map(({ attributeNumber, type }) => {
    const value = fields[attributeNumber - 1];
    return value === null ? 'null' : typeByOid(type.oid).output(value, context);
  });
  return new SqlError(sqlstate.uniqueViolation, `could not create unique index "${table.primaryKey?.name ?? ''}"`, {
    detail: `Key (${columns.map(({ name }) => name).join(', ')})=(${shown.join(', ')}) is duplicated.`,
    schema: table.schemaName,
    table: table.name,
    constraint: table.primaryKey?.name ?? '',
  });
}
