/**
 * Batch codec: a batch as bytes of a temporary file, and back.
 *
 *   C1  What comes back is equal datum by datum. Vectors keep their kind: a typed array comes back as one.
 *
 * Primitive datums describe themselves, so that only columns of objects (numeric, interval, jsonb, arrays, records, ...) need their type: it
 * writes them as it does in stored rows. The bytes live and die with one statement of one process: no version, no checksum.
 */
import { InvariantError } from '#base/assert.ts';
import type { ByteWriter } from '#base/bytes.ts';
import type { Batch, Vector } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import { typeByOid } from '#sql/types/registry.ts';

const integers = 0;
const floats = 1;
const datums = 2;
const constant = 3;

const isNull = 0;
const isFalse = 1;
const isTrue = 2;
const isInteger = 3;
const isFloat = 4;
const isBigint = 5;
const isString = 6;
const isBytes = 7;
const isObject = 8;

/** `types`: one oid a column. */
export function encodeBatch(batch: Batch, types: readonly number[], writer: ByteWriter): void {
  writer.int32(batch.rowCount);
  for (let c = 0; c < types.length; c++) encodeVector(batch.columns[c], batch.rowCount, types[c], writer);
}

function encodeVector({ values, nulls, mask }: Vector, rowCount: number, typeOid: number, writer: ByteWriter): void {
  if (mask === 0) {
    writer.uint8(constant);
    encodeDatum(nulls !== undefined && nulls[0] === 1 ? null : values[0], typeOid, writer);
  } else if (values instanceof Int32Array || values instanceof Float64Array) {
    writer.uint8(values instanceof Int32Array ? integers : floats);
    writer.uint8(nulls === undefined ? 0 : 1);
    writer.bytes(new Uint8Array(values.buffer, values.byteOffset, rowCount * values.BYTES_PER_ELEMENT));
    if (nulls !== undefined) writer.bytes(nulls.subarray(0, rowCount));
  } else {
    writer.uint8(datums);
    for (let row = 0; row < rowCount; row++) encodeDatum(values[row], typeOid, writer);
  }
}

function encodeDatum(value: Datum, typeOid: number, writer: ByteWriter): void {
  switch (typeof value) {
    case 'boolean':
      writer.uint8(value ? isTrue : isFalse);
      return;
    case 'number':
      if ((value | 0) === value && !Object.is(value, -0)) {
        writer.uint8(isInteger);
        writer.int32(value);
      } else {
        writer.uint8(isFloat);
        writer.float64(value);
      }
      return;
    case 'bigint':
      writer.uint8(isBigint);
      writer.int64(value);
      return;
    case 'string': {
      writer.uint8(isString);
      const at = writer.length;
      writer.int32(0);
      writer.patchInt32(at, writer.utf8(value));
      return;
    }
    default: {
      if (value === null) {
        writer.uint8(isNull);
        return;
      }
      writer.uint8(value instanceof Uint8Array ? isBytes : isObject);
      const at = writer.length;
      writer.int32(0);
      if (value instanceof Uint8Array) writer.bytes(value);
      else typeByOid(typeOid).encodeRow(value, writer);
      writer.patchInt32(at, writer.length - at - 4);
    }
  }
}

/** Reads batches one after the other out of a block. */
export class BatchReader {
  readonly #buffer: Buffer;
  readonly #types: readonly number[];
  #at = 0;

  constructor(buffer: Buffer, types: readonly number[]) {
    this.#buffer = buffer;
    this.#types = types;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  next(): Batch {
    const rowCount = this.#int32();
    const columns: Vector[] = new Array(this.#types.length);
    for (let c = 0; c < columns.length; c++) columns[c] = this.#vector(rowCount, this.#types[c]);
    return { rowCount, columns };
  }

  #vector(rowCount: number, typeOid: number): Vector {
    const kind = this.#buffer[this.#at++];
    if (kind === constant) return { values: [this.#datum(typeOid)], nulls: undefined, mask: 0 };
    if (kind === datums) {
      const values: Datum[] = new Array(rowCount);
      for (let row = 0; row < rowCount; row++) values[row] = this.#datum(typeOid);
      return { values, nulls: undefined, mask: -1 };
    }
    const hasNulls = this.#buffer[this.#at++] === 1;
    const values = kind === integers ? new Int32Array(rowCount) : new Float64Array(rowCount);
    new Uint8Array(values.buffer).set(this.#bytes(values.byteLength));
    return { values, nulls: hasNulls ? new Uint8Array(this.#bytes(rowCount)) : undefined, mask: -1 };
  }

  #datum(typeOid: number): Datum {
    const kind = this.#buffer[this.#at++];
    switch (kind) {
      case isNull:
        return null;
      case isFalse:
        return false;
      case isTrue:
        return true;
      case isInteger:
        return this.#int32();
      case isFloat: {
        this.#at += 8;
        return this.#buffer.readDoubleBE(this.#at - 8);
      }
      case isBigint: {
        this.#at += 8;
        return this.#buffer.readBigInt64BE(this.#at - 8);
      }
      case isString: {
        const length = this.#int32();
        this.#at += length;
        return this.#buffer.utf8Slice(this.#at - length, this.#at);
      }
      case isBytes:
        return new Uint8Array(this.#bytes(this.#int32()));
      case isObject: {
        const length = this.#int32();
        this.#at += length;
        return typeByOid(typeOid).decodeRow(this.#buffer, this.#at - length, length);
      }
      default:
        throw new InvariantError('a temporary file holds what was written');
    }
  }

  #int32(): number {
    this.#at += 4;
    return this.#buffer.readInt32BE(this.#at - 4);
  }

  #bytes(length: number): Uint8Array {
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }
}
