/**
 * Table layout: how a table's rows and index entries lie in keys and values, as follows from its descriptor.
 *
 *   rows            key: space, primary key columns (or 16 random bytes)   value: field i is attribute i + 1, dropped ones too (NULL)
 *   unique entries  key: space, key columns                                value: row key, key columns, included, rest of the primary key
 *   other entries   key: space, key columns, the row's key behind its space   value: the same
 *
 * A unique index' entry counts as "other" when one of its key columns is NULL, unless NULLs are not distinct.
 *
 *   T1  Two rows have the same row key exactly when their primary keys are equal; the same holds for entries of unique indexes without NULLs.
 *   T2  An entry alone tells all that an index-only scan may ask for: its value holds the key columns exactly (keys keep them only up to equality).
 *
 * Layouts are made once per descriptor and kept as long as it lives.
 */
import { InvariantError } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Random } from '#base/world.ts';
import type { Datum } from '#sql/datum.ts';
import { type Key, type KeyRange, KeyWriter, prefixEnd, spacePrefix } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { decodeRow, encodeRow } from '#sql/row.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { NonNull, Type, TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ColumnDescriptor, IndexDescriptor, TableDescriptor } from './descriptors.ts';

export type TableLayout = {
  readonly table: TableDescriptor;
  /** Live columns in attribute order. */
  readonly liveColumns: readonly ColumnDescriptor[];
  /** Type of each stored field: field i is attribute i + 1 (dropped columns stay as fields holding NULL). */
  readonly fieldTypes: readonly number[];
  /** What a field reads as in rows that were stored before its column was added. */
  readonly missing: readonly (Datum | undefined)[];
  /** Key columns of the rows in key order; empty when rows are kept under a random id. */
  readonly keyParts: readonly KeyPart[];
  /** All rows. */
  readonly rowRange: KeyRange;
  /** Key of a row from its stored fields (by attributeNumber - 1); a new random one for tables without a primary key. */
  rowKey(values: readonly Datum[], random: Pick<Random, 'bytes'>): Key;
  /** `values` as `rowKey` takes them; always all fields. */
  encode(values: readonly Datum[]): Uint8Array;
  /** All fields, those added later than the row filled in. */
  decode(value: Uint8Array): Datum[];
};

export type IndexLayout = {
  readonly index: IndexDescriptor;
  /** All entries. */
  readonly range: KeyRange;
  readonly keyParts: readonly KeyPart[];
  /**
   * Fields of an entry's value: the row's key (bytea), then the key columns, then the included columns, then those primary key
   * columns not among them.
   */
  readonly fieldTypes: readonly number[];
  /** attributeNumber of each entry field; 0 for the row's key and for expressions. */
  readonly fieldAttributes: readonly number[];
  /** `keyValues` in key order, `row` by attributeNumber - 1. */
  entry(keyValues: readonly Datum[], row: readonly Datum[], rowKey: Key): IndexEntry;
};

/** mode: `write` for entries that must be unique, `blind` otherwise (the row itself is checked). */
export type IndexEntry = { readonly key: Key; readonly value: Uint8Array; readonly mode: 'write' | 'blind' };

/** How one column lies in a key. */
export type KeyPart = { readonly type: Type; readonly descending: boolean; readonly nullsFirst: boolean };

const tableLayouts = new WeakMap<TableDescriptor, TableLayout>();
const indexLayouts = new WeakMap<IndexDescriptor, { readonly table: TableDescriptor; readonly layout: IndexLayout }>();

export function layoutOf(table: TableDescriptor): TableLayout {
  let layout = tableLayouts.get(table);
  if (layout === undefined) {
    layout = makeTableLayout(table);
    tableLayouts.set(table, layout);
  }
  return layout;
}

export function indexLayoutOf(table: TableDescriptor, index: IndexDescriptor): IndexLayout {
  const known = indexLayouts.get(index);
  if (known !== undefined && known.table === table) return known.layout;
  const layout = makeIndexLayout(table, index);
  indexLayouts.set(index, { table, layout });
  return layout;
}

const spaceRange = (space: number): KeyRange => {
  const start = spacePrefix(space);
  const end = prefixEnd(start);
  if (end === undefined) throw new InvariantError('a relation has no space of 0xFFFFFFFF');
  return { start, end };
};

/** Appends one column's marker and value. Hot: once a key column of every row written or looked up. */
export function appendKeyColumn(writer: KeyWriter, part: KeyPart, value: Datum): void {
  writer.descending = part.descending;
  if (value === null) {
    // The inversion of descending columns turns the markers round with the values: the marker is chosen so that it ends up on the right side.
    writer.append(part.nullsFirst !== part.descending ? '\x00' : '\x02');
    return;
  }
  writer.append('\x01');
  if (part.type.encodeKey === undefined) throw notAKeyType(part.type);
  part.type.encodeKey(value, writer);
}

const notAKeyType = (type: Type): SqlError =>
  new SqlError(sqlstate.undefinedObject, `data type ${type.displayName} has no default operator class for access method "btree"`);

/** Longest key that storage takes; a longer one could not be kept (LMDB with 8 KiB pages). */
const keyBytesMax = 1978;

function checked(key: Key): Key {
  if (key.length > keyBytesMax) throw new SqlError(sqlstate.programLimitExceeded, 'key size too large');
  return key;
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).latin1Slice(0, bytes.length);

/** Text forms in descriptors are read under default settings: they mean the same for every session. */
const descriptorContext: TypeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

function missingValue(column: ColumnDescriptor): Datum | undefined {
  if (column.isDropped || column.missingText === undefined) return undefined;
  return typeByOid(column.type.oid).input(column.missingText, column.type.typmod, descriptorContext);
}

function makeTableLayout(table: TableDescriptor): TableLayout {
  const types = table.columns.map((column) => typeByOid(column.type.oid));
  const missing = table.columns.map(missingValue);
  const key = table.primaryKey?.attributeNumbers.map((attributeNumber) => attributeNumber - 1);
  const keyParts: KeyPart[] = (key ?? []).map((field) => ({ type: types[field], descending: false, nullsFirst: false }));
  const prefix = spacePrefix(table.space);

  return {
    table,
    liveColumns: table.columns.filter((column) => !column.isDropped),
    fieldTypes: types.map((type) => type.oid),
    missing,
    keyParts,
    rowRange: spaceRange(table.space),

    rowKey(values, random) {
      if (key === undefined) return prefix + latin1(random.bytes(16));
      const writer = new KeyWriter(table.space);
      for (let i = 0; i < key.length; i++) appendKeyColumn(writer, keyParts[i], values[key[i]]);
      return checked(writer.finish());
    },

    encode: (values) => encodeRow(types, values),

    decode(value) {
      return decodeRow(types, value, missing);
    },
  };
}

function makeIndexLayout(table: TableDescriptor, index: IndexDescriptor): IndexLayout {
  const keyParts: KeyPart[] = index.keys.map((key) => ({
    type: typeByOid(key.type.oid),
    descending: key.descending,
    nullsFirst: key.nullsFirst,
  }));
  const keyAttributes = index.keys.map((key) => key.attributeNumber);
  const carried = [...index.included];
  for (const attributeNumber of table.primaryKey?.attributeNumbers ?? [])
    if (!keyAttributes.includes(attributeNumber) && !carried.includes(attributeNumber)) carried.push(attributeNumber);

  const fieldAttributes = [0, ...keyAttributes, ...carried];
  const types = [
    typeByOid(oid.bytea),
    ...keyParts.map((part) => part.type),
    ...carried.map((attributeNumber) => typeByOid(table.columns[attributeNumber - 1].type.oid)),
  ];
  const keyCount = keyParts.length;

  return {
    index,
    range: spaceRange(index.space),
    keyParts,
    fieldTypes: types.map((type) => type.oid),
    fieldAttributes,

    entry(keyValues, row, rowKey) {
      const writer = new KeyWriter(index.space);
      const fields: Datum[] = new Array(types.length);
      fields[0] = Buffer.from(rowKey, 'latin1');
      let hasNull = false;
      for (let i = 0; i < keyCount; i++) {
        const value = keyValues[i];
        if (value === null) hasNull = true;
        appendKeyColumn(writer, keyParts[i], value);
        fields[i + 1] = value;
      }
      for (let i = 0; i < carried.length; i++) fields[keyCount + 1 + i] = row[carried[i] - 1];
      const isUnique = index.isUnique && (!hasNull || index.nullsNotDistinct);
      const key = isUnique ? writer.finish() : writer.finish() + rowKey.slice(4);
      return { key: checked(key), value: encodeRow(types, fields), mode: isUnique ? 'write' : 'blind' };
    },
  };
}

/** The row key that an entry points to, from field 0 of its value, or from a scan's 'key' column: keys are strings, stored ones bytes. */
export function rowKeyOf(value: NonNull): Key {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return latin1(value);
  throw new InvariantError('a row key is a byte string');
}
