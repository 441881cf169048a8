/**
 * Change records: what one committed transaction has done to the rows of tables, each change as the JSON document that Aurora DSQL's change data capture
 * sends (dsql-behaviour 12.1).
 *
 *   CS1  One record a row and transaction, its net effect: c (the row was not there before), u, or d; nothing for a row that came and went.
 *   CS2  Values are decoded with the schema of that very commit, deleted rows with the one before it.
 *   CS3  The same transaction always gives the same records in the same order, in whatever Region and however often it is read.
 *
 * A table whose rows have been replaced as a whole (TRUNCATE, a change of a column's type) has a record `t`, which DSQL does not have, before its rows: with
 * it, who applies the records in order has the table's rows always. Schema changes themselves are no records.
 */
import type { Timestamp } from '#base/world.ts';
import type { CommitRecord } from '#journal/journal.ts';
import type { TableDescriptor } from '#query-processor/catalog/descriptors.ts';
import { LoadedCatalog } from '#query-processor/catalog/loaded-catalog.ts';
import { layoutOf, type TableLayout } from '#query-processor/catalog/table-layout.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { isSchemaKey } from '#sql/spaces.ts';
import type { Storage } from '#storage/storage.ts';
import { type ValueWriter, valueWriter } from './change-values.ts';

export type ChangeOperation = 'c' | 'u' | 'd' | 't';
export type Change = { readonly operation: ChangeOperation; readonly text: string };

/** Former rows are looked up so many at a time: a transaction may have changed millions. */
const lookUpRows = 512;

type TableWriter = {
  readonly table: TableDescriptor;
  readonly layout: TableLayout;
  readonly columns: readonly ColumnWriter[];
  readonly keyColumns: readonly ColumnWriter[];
};
type ColumnWriter = { readonly field: number; readonly name: string; readonly write: ValueWriter };

/** The tables of one catalog, by the first four characters of their rows' keys. */
class Schema {
  readonly #tables = new Map<Key, TableDescriptor>();
  readonly #byOid = new Map<number, TableDescriptor>();
  readonly #writers = new Map<Key, TableWriter>();

  constructor(catalog: LoadedCatalog) {
    for (const table of catalog.tables()) {
      this.#tables.set(spacePrefix(table.space), table);
      this.#byOid.set(table.oid, table);
    }
  }

  writer(key: Key): TableWriter | undefined {
    const prefix = key.slice(0, 4);
    const known = this.#writers.get(prefix);
    if (known !== undefined) return known;
    const table = this.#tables.get(prefix);
    if (table === undefined) return undefined;
    const columns = table.columns.filter(({ isDropped }) => !isDropped).map(columnWriter);
    const keyNumbers = table.primaryKey?.attributeNumbers ?? [];
    const keyColumns = keyNumbers.map((number) => columnWriter(table.columns[number - 1]));
    const made = { table, layout: layoutOf(table), columns, keyColumns };
    this.#writers.set(prefix, made);
    return made;
  }

  /** Tables of both whose rows lie elsewhere now: all that was in them has been replaced. */
  replacedSince(before: Schema): readonly TableDescriptor[] {
    return [...this.#byOid.values()].filter(({ oid, space }) => {
      const former = before.#byOid.get(oid);
      return former !== undefined && former.space !== space;
    });
  }
}

const columnWriter = ({ attributeNumber, name, type }: TableDescriptor['columns'][number]): ColumnWriter => ({
  field: attributeNumber - 1,
  name: JSON.stringify(name),
  write: valueWriter(type.oid),
});

export class ChangeRecords {
  readonly #storage: Storage;
  readonly #clusterId: string;
  readonly #now: () => Timestamp;
  #schema: Schema | undefined;

  /** Storage has applied every record that is asked about, and still holds what was before it. */
  constructor(storage: Storage, clusterId: string, now: () => Timestamp) {
    this.#storage = storage;
    this.#clusterId = clusterId;
    this.#now = now;
  }

  /** Records are asked about in the journal's order. */
  *of(record: CommitRecord): Generator<Change, void, undefined> {
    const before = this.#schemaBefore(record.timestamp);
    let schema = before;
    if (record.writes.some(({ key }) => isSchemaKey(key))) {
      schema = new Schema(LoadedCatalog.load(this.#storage, record.timestamp));
      this.#schema = schema;
      for (const table of schema.replacedSince(before)) yield this.#change('t', 'null', 'null', table, record);
    }
    const rows = record.writes.filter(({ key }) => (schema.writer(key) ?? before.writer(key)) !== undefined);
    for (let from = 0; from < rows.length; from += lookUpRows) {
      const part = rows.slice(from, from + lookUpRows);
      const former = this.#storage.get(
        record.timestamp - 1,
        part.map(({ key }) => key),
        { newest: 0 },
      );
      for (const [at, { key, value }] of part.entries()) {
        const old = former[at];
        const now = schema.writer(key);
        if (value === undefined) {
          const was = before.writer(key) ?? now;
          if (old === undefined || was === undefined) continue;
          const keyText = was.keyColumns.length === 0 ? 'null' : rowText(was, was.keyColumns, old);
          yield this.#change('d', keyText, 'null', was.table, record);
        } else if (now !== undefined) {
          yield this.#change(old === undefined ? 'c' : 'u', 'null', rowText(now, now.columns, value), now.table, record);
        }
      }
    }
  }

  #schemaBefore(timestamp: Timestamp): Schema {
    this.#schema ??= new Schema(LoadedCatalog.load(this.#storage, timestamp - 1));
    return this.#schema;
  }

  #change(operation: ChangeOperation, before: string, after: string, table: TableDescriptor, record: CommitRecord): Change {
    const { schemaName, name } = table;
    const source =
      `{"version":"1.0",${times(record.timestamp)},"txId":${JSON.stringify(record.transactionId)},"schema":${JSON.stringify(schemaName)},` +
      `"table":${JSON.stringify(name)},"db":"postgres","cluster":${JSON.stringify(this.#clusterId)}}`;
    const text = `{"type":"full","op":"${operation}","before":${before},"after":${after},"source":${source},${times(this.#now())}}`;
    return { operation, text };
  }
}

/** Nanoseconds are more than a JavaScript number holds exactly. */
const times = (timestamp: Timestamp): string => `"ts_ms":${Math.floor(timestamp / 1000)},"ts_ns":${timestamp}000`;

function rowText({ layout }: TableWriter, columns: readonly ColumnWriter[], row: Uint8Array): string {
  const fields = layout.decode(row);
  let text = '{';
  for (const { field, name, write } of columns) {
    const value = fields[field];
    text += `${text.length > 1 ? ',' : ''}${name}:${value === null ? 'null' : write(value)}`;
  }
  return `${text}}`;
}
