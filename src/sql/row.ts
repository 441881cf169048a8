/**
 * Row: how a table row or an index entry is stored, so that one field can be read without touching the others.
 *
 *   0       format: 1 = offsets of two bytes, 2 = offsets of four
 *   1..2    field count n
 *   ..      null bitmap, (n + 7) / 8 bytes; bit f % 8 of byte f / 8 is set when field f is NULL
 *   ..      n end offsets, counted from the end of this list: field f lies between end[f - 1] (0 for f = 0) and end[f]
 *   ..      the values, by Type.encodeRow
 *
 *   R1  decode(encode(values)) = values, whatever the settings of the session.
 *   R2  A field beyond the stored count is missing: the column was added after the row was written.
 *
 * Numbers are big-endian. The format byte comes first so that another layout can be told from this one.
 */
import { assert } from '#base/assert.ts';
import { ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from './datum.ts';
import type { Type } from './type.ts';

const shortOffsets = 1;
const longOffsets = 2;
const headerBytes = 3;
const maximumFields = 0xffff;

/** One for all rows: encoding is synchronous, and no type's encodeRow encodes a whole row inside itself. */
const writer = new ByteWriter(4096);
let isEncoding = false;

/** The stored form of a row. The caller owns the result. Hot: every inserted row and index entry. */
export function encodeRow(types: readonly Type[], values: readonly Datum[]): Buffer {
  const count = values.length;
  assert(count <= types.length && count <= maximumFields, 'each stored field has a type');
  assert(!isEncoding, 'rows are not encoded inside one another');
  isEncoding = true;
  try {
    return encodeWith(shortOffsets, types, values) ?? encodeWith(longOffsets, types, values) ?? tooLarge();
  } finally {
    isEncoding = false;
  }
}

/** undefined when the values do not fit the format's offsets. */
function encodeWith(format: number, types: readonly Type[], values: readonly Datum[]): Buffer | undefined {
  const count = values.length;
  const width = format === shortOffsets ? 2 : 4;
  const limit = format === shortOffsets ? 0xffff : 0x7fffffff;
  const bitmapBytes = (count + 7) >> 3;
  const valuesAt = headerBytes + bitmapBytes + count * width;
  writer.clear();
  const header = writer.reserve(valuesAt);
  header[0] = format;
  header[1] = count >> 8;
  header[2] = count;
  for (let at = headerBytes; at < headerBytes + bitmapBytes; at++) header[at] = 0;
  writer.advance(valuesAt);
  let offsetAt = headerBytes + bitmapBytes;
  for (let field = 0; field < count; field++) {
    const value = values[field];
    if (value === null) {
      const bitmapAt = headerBytes + (field >> 3);
      const bits = writer.reserve(0)[bitmapAt] | (1 << (field & 7));
      writer.patchUint8(bitmapAt, bits);
    } else types[field].encodeRow(value, writer);
    const end = writer.length - valuesAt;
    if (end > limit) return undefined;
    if (width === 2) writer.patchInt16(offsetAt, end);
    else writer.patchInt32(offsetAt, end);
    offsetAt += width;
  }
  // Pooled memory: a row is small, and an ArrayBuffer of its own would cost more than the row.
  const row = Buffer.allocUnsafe(writer.length);
  writer.reserve(0).copy(row, 0, 0, row.length);
  return row;
}

function tooLarge(): never {
  throw new SqlError(sqlstate.programLimitExceeded, 'row is too big');
}

/**
 * Reads fields of stored rows where they lie. One reader serves many rows: `open` moves it.
 * Hot: scans.
 */
export class RowReader {
  #buffer: Buffer = Buffer.alloc(0);
  #count = 0;
  #bitmapAt = 0;
  #offsetsAt = 0;
  #valuesAt = 0;
  #width = 2;

  /** The row in buffer[offset, offset + length). */
  open(buffer: Buffer, offset: number, length: number): void {
    const format = buffer[offset];
    const count = (buffer[offset + 1] << 8) | buffer[offset + 2];
    const width = format === shortOffsets ? 2 : 4;
    const bitmapAt = offset + headerBytes;
    const offsetsAt = bitmapAt + ((count + 7) >> 3);
    const valuesAt = offsetsAt + count * width;
    if ((format !== shortOffsets && format !== longOffsets) || valuesAt > offset + length) throw damaged();
    this.#buffer = buffer;
    this.#count = count;
    this.#bitmapAt = bitmapAt;
    this.#offsetsAt = offsetsAt;
    this.#valuesAt = valuesAt;
    this.#width = width;
    if (count > 0 && valuesAt + this.#end(count - 1) !== offset + length) throw damaged();
  }

  get fieldCount(): number {
    return this.#count;
  }

  isNull(field: number): boolean {
    return (this.#buffer[this.#bitmapAt + (field >> 3)] & (1 << (field & 7))) !== 0;
  }

  /** The field's datum; `missing` when the row was written before the column was added. */
  datum(field: number, type: Type, missing: Datum): Datum {
    if (field >= this.#count) return missing;
    const buffer = this.#buffer;
    if ((buffer[this.#bitmapAt + (field >> 3)] & (1 << (field & 7))) !== 0) return null;
    let start: number;
    let end: number;
    if (this.#width === 2) {
      const at = this.#offsetsAt + field * 2;
      end = (buffer[at] << 8) | buffer[at + 1];
      start = field === 0 ? 0 : (buffer[at - 2] << 8) | buffer[at - 1];
    } else {
      end = this.#end(field);
      start = field === 0 ? 0 : this.#end(field - 1);
    }
    return type.decodeRow(buffer, this.#valuesAt + start, end - start);
  }

  /**
   * Where the field's bytes begin in the buffer given to `open`; -1 for NULL, -2 for a field that the row does not have. For types of a
   * fixed length, whose reader then needs neither a datum nor a call. Hot: scans.
   */
  locate(field: number): number {
    if (field >= this.#count) return -2;
    const buffer = this.#buffer;
    if ((buffer[this.#bitmapAt + (field >> 3)] & (1 << (field & 7))) !== 0) return -1;
    if (field === 0) return this.#valuesAt;
    if (this.#width !== 2) return this.#valuesAt + this.#end(field - 1);
    const at = this.#offsetsAt + field * 2;
    return this.#valuesAt + ((buffer[at - 2] << 8) | buffer[at - 1]);
  }

  #end(field: number): number {
    const at = this.#offsetsAt + field * this.#width;
    return this.#width === 2 ? (this.#buffer[at] << 8) | this.#buffer[at + 1] : this.#buffer.readUInt32BE(at);
  }
}

/** All fields of a row, as many as there are types; the convenient way. */
export function decodeRow(types: readonly Type[], row: Uint8Array, missing: readonly (Datum | undefined)[] = []): Datum[] {
  const buffer = asBuffer(row);
  const reader = new RowReader();
  reader.open(buffer, 0, buffer.length);
  return types.map((type, field) => reader.datum(field, type, missing[field] ?? null));
}

/** The same bytes as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const damaged = () => new SqlError(sqlstate.dataCorrupted, 'stored row is damaged');
