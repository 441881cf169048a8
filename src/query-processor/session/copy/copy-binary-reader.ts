/**
 * Copy binary reader: COPY data in binary format, in pieces cut anywhere, becomes batches of rows.
 *
 *   C1  What comes out does not depend on where the pieces are cut.
 *   C2  Kept between pieces is one unfinished row, and it is put together only when it can be whole: small pieces of a large row cost no copies.
 *
 * The header (signature, flags, extension), the rows and the trailer are those of PostgreSQL's manual, the errors those of its COPY.
 */
import { ByteReader, EndOfBytes } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Batch, BatchBuilder } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Type, TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { ColumnDescriptor } from '../../catalog/descriptors.ts';

/** Its bytes are such that a transfer that changes line ends or the eighth bit is noticed. */
export const binarySignature: Buffer = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

/** Stands in the place of a row's count of fields. */
export const binaryTrailer = -1;

/** The upper half of the flags: who does not know one of them cannot read the data. */
const criticalFlags = 0xffff0000;
const withOids = 0x00010000;

const badFormat = (message: string): SqlError => new SqlError(sqlstate.badCopyFileFormat, message);

export class CopyBinaryReader {
  readonly #columns: readonly ColumnDescriptor[];
  readonly #types: readonly Type[];
  readonly #context: TypeContext;
  readonly #builder: BatchBuilder;
  #pieces: Uint8Array[] = [];
  #held = 0;
  /** How much has to be held before it is worth looking again. */
  #needed = 0;
  #state: 'header' | 'rows' | 'ended' = 'header';
  #rowNumber = 0;
  /** Where in the data an error is, while its cause is still the reader's. */
  #place: string | undefined;

  constructor(columns: readonly ColumnDescriptor[], context: TypeContext) {
    this.#columns = columns;
    this.#context = context;
    this.#types = columns.map((column) => typeByOid(column.type.oid));
    this.#builder = new BatchBuilder(columns.length);
  }

  /** Where an error of the reader was; undefined: in the header, or not the reader's. */
  get place(): string | undefined {
    return this.#place;
  }

  /** Where an error is that comes instead of more data. */
  get nextPlace(): string | undefined {
    return this.#state === 'header' ? undefined : `line ${this.#rowNumber + 1}`;
  }

  get isInHeader(): boolean {
    return this.#state === 'header';
  }

  *push(piece: Uint8Array): Generator<Batch, void, undefined> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (this.#held >= this.#needed) yield* this.#read(false);
  }

  *end(): Generator<Batch, void, undefined> {
    yield* this.#read(true);
    if (this.#builder.rowCount > 0) yield this.#builder.take();
  }

  *#read(isLast: boolean): Generator<Batch, void, undefined> {
    const bytes = this.#pieces.length === 1 ? bufferOf(this.#pieces[0]) : Buffer.concat(this.#pieces);
    let at = 0;
    if (this.#state === 'header') at = this.#header(bytes, isLast);
    while (this.#state === 'rows') {
      const needed = isLast ? 0 : this.#rowLength(bytes, at);
      if (at + needed > bytes.length || at + 2 > bytes.length) {
        this.#needed = Math.max(needed, 2);
        break;
      }
      const reader = new ByteReader(bytes, at);
      this.#place = `line ${this.#rowNumber + 1}`;
      const count = reader.int16();
      if (count === binaryTrailer) {
        this.#state = 'ended';
        this.#rowNumber++;
      } else {
        this.#builder.addRow(this.#row(reader, count));
        this.#rowNumber++;
      }
      at = reader.offset;
      this.#place = undefined;
      if (this.#builder.isFull) yield this.#builder.take();
    }
    if (this.#state === 'ended' && at < bytes.length) {
      this.#place = `line ${this.#rowNumber}`;
      throw badFormat('received copy data after EOF marker');
    }
    this.#held = bytes.length - at;
    this.#pieces = this.#held === 0 ? [] : [bytes.subarray(at)];
  }

  /** Where the rows begin; 0 when the header is not yet whole. */
  #header(bytes: Buffer, isLast: boolean): number {
    const { length } = binarySignature;
    if (bytes.length < length && !isLast) return this.#wait(length);
    if (!bytes.subarray(0, length).equals(binarySignature)) throw badFormat('COPY file signature not recognized');
    if (bytes.length < length + 4) {
      if (!isLast) return this.#wait(length + 4);
      throw badFormat('invalid COPY file header (missing flags)');
    }
    const flags = bytes.readUInt32BE(length);
    if ((flags & withOids) !== 0) throw badFormat('invalid COPY file header (WITH OIDS)');
    if ((flags & criticalFlags) !== 0) throw badFormat('unrecognized critical flags in COPY file header');
    if (bytes.length < length + 8 && !isLast) return this.#wait(length + 8);
    const extension = bytes.length < length + 8 ? -1 : bytes.readInt32BE(length + 4);
    if (extension < 0) throw badFormat('invalid COPY file header (missing length)');
    const rows = length + 8 + extension;
    if (bytes.length < rows) {
      if (!isLast) return this.#wait(rows);
      throw badFormat('invalid COPY file header (wrong length)');
    }
    this.#state = 'rows';
    return rows;
  }

  #wait(needed: number): 0 {
    this.#needed = needed;
    return 0;
  }

  /** How long the row there is, as far as can be seen: at least that many bytes must be there. What is wrong is left to the reading. */
  #rowLength(bytes: Buffer, start: number): number {
    let at = start + 2;
    if (at > bytes.length) return 2;
    if (bytes.readInt16BE(start) !== this.#columns.length) return 2;
    for (let column = 0; column < this.#columns.length; column++) {
      if (at + 4 > bytes.length) return at + 4 - start;
      const size = bytes.readInt32BE(at);
      at += 4;
      if (size < -1) break;
      if (size > 0) at += size;
    }
    return at - start;
  }

  // Hot: once a row.
  #row(reader: ByteReader, count: number): Datum[] {
    const columns = this.#columns;
    if (count !== columns.length) throw badFormat(`row field count is ${count}, expected ${columns.length}`);
    const row: Datum[] = new Array(columns.length);
    for (let at = 0; at < columns.length; at++) {
      try {
        row[at] = this.#value(reader, at);
      } catch (error) {
        this.#place = `line ${this.#rowNumber + 1}, column ${columns[at].name}`;
        if (error instanceof EndOfBytes) throw new SqlError(sqlstate.protocolViolation, 'insufficient data left in message');
        throw error;
      }
    }
    return row;
  }

  #value(reader: ByteReader, at: number): Datum {
    if (reader.remaining < 4) throw badFormat('unexpected EOF in COPY data');
    const size = reader.int32();
    if (size === -1) return null;
    if (size < 0) throw badFormat('invalid field size');
    if (reader.remaining < size) throw badFormat('unexpected EOF in COPY data');
    const end = reader.offset + size;
    const value = new ByteReader(reader.buffer, reader.offset, end);
    const datum = this.#types[at].receive(value, this.#columns[at].type.typmod, this.#context);
    if (value.remaining !== 0) throw new SqlError(sqlstate.invalidBinaryRepresentation, 'incorrect binary data format');
    reader.offset = end;
    return datum;
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
