/**
 * Column decoder: turns stored rows into the columns of batches. Only the fields that are asked for are looked at.
 *
 * Numbers go into typed arrays, which loops over vectors like best; in a batch of few rows they are plain datums, because a typed
 * array costs more to make than it saves. Values are gathered in arrays that all scans share: a batch is filled and taken in one synchronous
 * step, and what is handed out is a copy (B1).
 *
 * Hot: every scan.
 */
import { type Batch, batchRows, constantVector, type Vector, vectorOf } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Key } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { RowReader } from '#sql/row.ts';
import type { Type } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ScanRequest } from './storage.ts';
import type { VersionCursor } from './versions.ts';

/** From so many rows on numbers are handed out as typed arrays. */
const typedRows = 32;

const int32Types: ReadonlySet<number> = new Set([oid.int2, oid.int4]);
/** Their datums are numbers, but for int8 and timestamps beyond 2^53. */
const float64Types: ReadonlySet<number> = new Set([
  oid.int8,
  oid.float4,
  oid.float8,
  oid.oid,
  oid.date,
  oid.time,
  oid.timestamp,
  oid.timestamptz,
]);

export class ColumnDecoder {
  readonly #reader = new RowReader();
  readonly #columns: Column[] = [];
  #needsRow = false;
  #rowCount = 0;

  constructor({ columns, fieldTypes, missing }: Pick<ScanRequest, 'columns' | 'fieldTypes' | 'missing'>) {
    for (let c = 0; c < columns.length; c++) {
      const field = columns[c];
      if (field === 'key') this.#columns.push(new KeyColumn());
      else {
        this.#columns.push(columnOf(c, field, fieldTypes[field], missing[field] ?? null));
        this.#needsRow = true;
      }
    }
  }

  /** Takes up to `rows` (at most `batchRows`) rows from the cursor, meeting as many keys at most. Returns how long they were. */
  fill(cursor: VersionCursor, rows: number): number {
    const reader = this.#reader;
    const columns = this.#columns;
    const width = columns.length;
    const needsRow = this.#needsRow;
    let row = 0;
    let bytes = 0;
    while (cursor.next(rows)) {
      bytes += cursor.length;
      if (needsRow) reader.open(cursor.bytes, cursor.offset, cursor.length);
      for (let c = 0; c < width; c++) columns[c].add(row, reader, cursor);
      row++;
    }
    this.#rowCount = row;
    return bytes;
  }

  /** The batch, or undefined when it would be empty (B2). To be called before anything else is decoded. */
  take(): Batch | undefined {
    const rowCount = this.#rowCount;
    if (rowCount === 0) return undefined;
    this.#rowCount = 0;
    const columns: Vector[] = [];
    for (let c = 0; c < this.#columns.length; c++) columns.push(this.#columns[c].take(rowCount));
    return { rowCount, columns };
  }
}

interface Column {
  add(row: number, reader: RowReader, cursor: VersionCursor): void;
  take(rowCount: number): Vector;
}

function columnOf(position: number, field: number, typeOid: number, missing: Datum): Column {
  const type = typeByOid(typeOid);
  if (typeOid === oid.int4 && (missing === null || typeof missing === 'number')) return new Int4Column(field, missing, position);
  if (typeOid === oid.float8 && (missing === null || typeof missing === 'number')) return new Float8Column(field, missing, position);
  if (int32Types.has(typeOid)) return new NumberColumn(field, type, missing, shared(sharedIntegers, position, newIntegers), position);
  if (float64Types.has(typeOid)) return new NumberColumn(field, type, missing, shared(sharedNumbers, position, newNumbers), position);
  return new DatumColumn(field, type, missing);
}

class KeyColumn implements Column {
  #keys: Key[] = [];

  add(_row: number, _reader: RowReader, cursor: VersionCursor): void {
    this.#keys.push(cursor.key);
  }

  take(): Vector {
    const keys = this.#keys;
    this.#keys = [];
    return vectorOf(keys);
  }
}

class DatumColumn implements Column {
  readonly #field: number;
  readonly #type: Type;
  readonly #missing: Datum;
  #datums: Datum[] = [];

  constructor(field: number, type: Type, missing: Datum) {
    this.#field = field;
    this.#type = type;
    this.#missing = missing;
  }

  add(_row: number, reader: RowReader): void {
    this.#datums.push(reader.datum(this.#field, this.#type, this.#missing));
  }

  take(): Vector {
    const datums = this.#datums;
    this.#datums = [];
    return vectorOf(datums);
  }
}

/**
 * The two commonest types of numbers are read straight from the row, without a datum and a call through the type (bench: join and sum
 * over 1 000 000 invoices, first run). Each in a class of its own: one array kind a loop.
 */
class Int4Column implements Column {
  readonly #field: number;
  readonly #missing: number | null;
  readonly #numbers: Int32Array | Float64Array;
  readonly #nulls: Uint8Array;
  #nullCount = 0;

  constructor(field: number, missing: number | null, position: number) {
    this.#field = field;
    this.#missing = missing;
    this.#numbers = shared(sharedIntegers, position, newIntegers);
    this.#nulls = shared(sharedNulls, position, newNulls);
  }

  add(row: number, reader: RowReader, cursor: VersionCursor): void {
    const at = reader.locate(this.#field);
    if (at >= 0) {
      const { bytes } = cursor;
      this.#numbers[row] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
      this.#nulls[row] = 0;
    } else if (at === -2 && this.#missing !== null) {
      this.#numbers[row] = this.#missing;
      this.#nulls[row] = 0;
    } else {
      this.#nulls[row] = 1;
      this.#nullCount++;
    }
  }

  take(rowCount: number): Vector {
    const nullCount = this.#nullCount;
    this.#nullCount = 0;
    return numberVector(this.#numbers, this.#nulls, nullCount, rowCount);
  }
}

class Float8Column implements Column {
  readonly #field: number;
  readonly #missing: number | null;
  readonly #numbers: Int32Array | Float64Array;
  readonly #nulls: Uint8Array;
  #nullCount = 0;

  constructor(field: number, missing: number | null, position: number) {
    this.#field = field;
    this.#missing = missing;
    this.#numbers = shared(sharedNumbers, position, newNumbers);
    this.#nulls = shared(sharedNulls, position, newNulls);
  }

  add(row: number, reader: RowReader, cursor: VersionCursor): void {
    const at = reader.locate(this.#field);
    if (at >= 0) {
      this.#numbers[row] = cursor.bytes.readDoubleBE(at);
      this.#nulls[row] = 0;
    } else if (at === -2 && this.#missing !== null) {
      this.#numbers[row] = this.#missing;
      this.#nulls[row] = 0;
    } else {
      this.#nulls[row] = 1;
      this.#nullCount++;
    }
  }

  take(rowCount: number): Vector {
    const nullCount = this.#nullCount;
    this.#nullCount = 0;
    return numberVector(this.#numbers, this.#nulls, nullCount, rowCount);
  }
}

/** What was gathered, as datums where it is little. */
function numberVector(numbers: Int32Array | Float64Array, nulls: Uint8Array, nullCount: number, rowCount: number): Vector {
  if (rowCount < typedRows) {
    const datums: Datum[] = [];
    for (let row = 0; row < rowCount; row++) datums.push(nulls[row] === 1 ? null : numbers[row]);
    return vectorOf(datums);
  }
  if (nullCount === rowCount) return constantVector(null);
  return { values: numbers.slice(0, rowCount), nulls: nullCount === 0 ? undefined : nulls.slice(0, rowCount), mask: -1 };
}

class NumberColumn implements Column {
  readonly #field: number;
  readonly #type: Type;
  readonly #missing: Datum;
  readonly #numbers: Int32Array | Float64Array;
  readonly #nulls: Uint8Array;
  #nullCount = 0;
  /** Set once a value is no number (a large int8): then the rest of the batch goes here too. */
  #datums: Datum[] | undefined;

  constructor(field: number, type: Type, missing: Datum, numbers: Int32Array | Float64Array, position: number) {
    this.#field = field;
    this.#type = type;
    this.#missing = missing;
    this.#numbers = numbers;
    this.#nulls = shared(sharedNulls, position, newNulls);
  }

  add(row: number, reader: RowReader): void {
    const datum = reader.datum(this.#field, this.#type, this.#missing);
    if (this.#datums !== undefined) this.#datums.push(datum);
    else if (typeof datum === 'number') {
      this.#numbers[row] = datum;
      this.#nulls[row] = 0;
    } else if (datum === null) {
      this.#nulls[row] = 1;
      this.#nullCount++;
    } else {
      this.#datums = this.#asDatums(row);
      this.#datums.push(datum);
    }
  }

  take(rowCount: number): Vector {
    const datums = this.#datums ?? (rowCount < typedRows ? this.#asDatums(rowCount) : undefined);
    const nullCount = this.#nullCount;
    this.#datums = undefined;
    this.#nullCount = 0;
    if (datums !== undefined) return vectorOf(datums);
    if (nullCount === rowCount) return constantVector(null);
    return { values: this.#numbers.slice(0, rowCount), nulls: nullCount === 0 ? undefined : this.#nulls.slice(0, rowCount), mask: -1 };
  }

  #asDatums(rowCount: number): Datum[] {
    const datums: Datum[] = [];
    for (let row = 0; row < rowCount; row++) datums.push(this.#nulls[row] === 1 ? null : this.#numbers[row]);
    return datums;
  }
}

/** One array a column position, made when first needed. */
function shared<T>(pool: T[], position: number, make: () => T): T {
  while (pool.length <= position) pool.push(make());
  return pool[position];
}
const newIntegers = () => new Int32Array(batchRows);
const newNumbers = () => new Float64Array(batchRows);
const newNulls = () => new Uint8Array(batchRows);
const sharedIntegers: Int32Array[] = [];
const sharedNumbers: Float64Array[] = [];
const sharedNulls: Uint8Array[] = [];
