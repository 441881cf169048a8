/**
 * Arrays of any element type. Order is element by element with NULLs last, then by number of elements, dimensions and bounds.
 *
 *   row  number of dimensions (a byte), count and lower bound of each, then each element's byte length (-1 for NULL) and row form
 *   key  each element as 0x01 value or 0x02 (NULL), 0x00 as the end, then number of dimensions, counts and bounds
 */
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import { ByteReader as Reader } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import type { KeyReader, KeyWriter } from '../key.ts';
import type { Type, TypeContext } from '../type.ts';
import { formatArrayText, maxDimensions, parseArrayText, tooManyDimensions } from './array-text.ts';
import { ArrayValue } from './array-value.ts';
import { behaviour, type TypeBehaviour } from './behaviour.ts';
import { joinHashKey } from './element-hash.ts';
import { formatType } from './format-type.ts';
import { decodeInt32Key, encodeInt32Key, readInt32 } from './integer-bytes.ts';

export function arrayBehaviour(element: Type, delimiter: string): TypeBehaviour {
  const { compare, hashKey, encodeKey, decodeKey, applyTypmod } = element;
  return behaviour<ArrayValue>({
    input(text, typmod, context) {
      const parsed = parseArrayText(text, delimiter);
      const items = parsed.items.map((item) => (item === null ? null : element.input(item, typmod, context)));
      return new ArrayValue(element.oid, items, parsed.dimensions, parsed.lowerBounds);
    },
    output(value, context) {
      const texts = value.items.map((item) => (item === null ? null : element.output(item, context)));
      return formatArrayText(texts, value.dimensions, value.lowerBounds, delimiter);
    },
    receive: (reader, typmod, context) => receiveArray(element, reader, typmod, context),
    send: (value, writer, context) => sendArray(element, value, writer, context),
    ...(compare && { compare: (a: ArrayValue, b: ArrayValue) => compareArrays(compare, a, b) }),
    ...(hashKey && {
      hashKey(value: ArrayValue) {
        let joined = `${value.dimensions.join(',')}/${value.lowerBounds.join(',')}/`;
        for (const item of value.items) joined = joinHashKey(joined, item === null ? undefined : hashKey(item));
        return joined;
      },
    }),
    ...(encodeKey && { encodeKey: (value: ArrayValue, writer: KeyWriter) => encodeArrayKey(encodeKey, value, writer) }),
    ...(decodeKey && { decodeKey: (reader: KeyReader) => decodeArrayKey(element.oid, decodeKey, reader) }),
    encodeRow: (value, writer) => encodeArrayRow(element, value, writer),
    decodeRow: (buffer, offset) => decodeArrayRow(element, buffer, offset),
    ...(element.typmodIn && { typmodIn: element.typmodIn }),
    ...(element.typmodOut && { typmodOut: element.typmodOut }),
    ...(applyTypmod && {
      applyTypmod: (value: ArrayValue, typmod: number, explicit: boolean) =>
        withItems(
          value,
          value.items.map((item) => (item === null ? null : applyTypmod(item, typmod, explicit))),
        ),
    }),
  });
}

const withItems = (value: ArrayValue, items: readonly Datum[]): ArrayValue =>
  new ArrayValue(value.elementOid, items, value.dimensions, value.lowerBounds);

export function compareArrays(compare: NonNullable<Type['compare']>, a: ArrayValue, b: ArrayValue): number {
  const shared = Math.min(a.items.length, b.items.length);
  for (let at = 0; at < shared; at++) {
    const x = a.items[at];
    const y = b.items[at];
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1;
      continue;
    }
    const order = compare(x, y);
    if (order !== 0) return order;
  }
  if (a.items.length !== b.items.length) return a.items.length - b.items.length;
  if (a.dimensions.length !== b.dimensions.length) return a.dimensions.length - b.dimensions.length;
  return compareNumbers(a.dimensions, b.dimensions) || compareNumbers(a.lowerBounds, b.lowerBounds);
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return a[at] - b[at];
  return 0;
}

function encodeArrayKey(encodeKey: NonNullable<Type['encodeKey']>, value: ArrayValue, writer: KeyWriter): void {
  for (const item of value.items) {
    if (item === null) writer.append('\x02');
    else {
      writer.append('\x01');
      encodeKey(item, writer);
    }
  }
  writer.append('\x00');
  // The end mark has put fewer elements first; the count of elements needs no place of its own.
  writer.append(String.fromCharCode(value.dimensions.length));
  for (const length of value.dimensions) encodeInt32Key(length, writer);
  for (const lower of value.lowerBounds) encodeInt32Key(lower, writer);
}

function decodeArrayKey(elementOid: number, decodeKey: NonNullable<Type['decodeKey']>, reader: KeyReader): ArrayValue {
  const items: Datum[] = [];
  for (let marker = reader.byte(); marker !== 0; marker = reader.byte()) items.push(marker === 2 ? null : decodeKey(reader));
  const count = reader.byte();
  const dimensions = Array.from({ length: count }, () => decodeInt32Key(reader));
  const lowerBounds = Array.from({ length: count }, () => decodeInt32Key(reader));
  return new ArrayValue(elementOid, items, dimensions, lowerBounds);
}

function receiveArray(element: Type, reader: ByteReader, typmod: number, context: TypeContext): ArrayValue {
  const count = reader.int32();
  if (count < 0) throw new SqlError(sqlstate.invalidBinaryRepresentation, `invalid number of dimensions: ${count}`);
  if (count > maxDimensions) throw tooManyDimensions(count);
  const flags = reader.int32();
  if (flags !== 0 && flags !== 1) throw new SqlError(sqlstate.invalidBinaryRepresentation, 'invalid array flags');
  const stated = reader.uint32();
  if (stated !== element.oid) {
    const [found, expected] = [stated, element.oid].map((oid) => `${oid} (${formatType({ oid, typmod: -1 })})`);
    throw new SqlError(sqlstate.datatypeMismatch, `binary data has array element type ${found} instead of expected ${expected}`);
  }
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let total = count === 0 ? 0 : 1;
  for (let dimension = 0; dimension < count; dimension++) {
    const length = reader.int32();
    dimensions.push(length);
    lowerBounds.push(reader.int32());
    total *= length;
    // An element takes four bytes at least: no more of them than that, whatever the header says.
    if (length < 0 || total * 4 > reader.remaining) {
      throw new SqlError(sqlstate.protocolViolation, 'insufficient data left in message');
    }
  }
  const items: Datum[] = [];
  for (let index = 0; index < total; index++) items.push(receiveField(element, reader, typmod, context));
  return total === 0 ? new ArrayValue(element.oid, []) : new ArrayValue(element.oid, items, dimensions, lowerBounds);
}

/** A value behind its byte length, -1 for NULL, as arrays and records hold them on the wire. */
export function receiveField(type: Type, reader: ByteReader, typmod: number, context: TypeContext): Datum {
  const length = reader.int32();
  if (length === -1) return null;
  const start = reader.offset;
  reader.bytes(length);
  return type.receive(new Reader(reader.buffer, start, start + length), typmod, context);
}

export function sendField(type: Type, value: Datum, writer: ByteWriter, context: TypeContext): void {
  if (value === null) {
    writer.int32(-1);
    return;
  }
  const at = writer.length;
  writer.int32(0);
  type.send(value, writer, context);
  writer.patchInt32(at, writer.length - at - 4);
}

function sendArray(element: Type, value: ArrayValue, writer: ByteWriter, context: TypeContext): void {
  writer.int32(value.dimensions.length);
  writer.int32(value.items.includes(null) ? 1 : 0);
  writer.uint32(element.oid);
  for (let dimension = 0; dimension < value.dimensions.length; dimension++) {
    writer.int32(value.dimensions[dimension]);
    writer.int32(value.lowerBounds[dimension]);
  }
  for (const item of value.items) sendField(element, item, writer, context);
}

/** A value's row form behind its byte length, -1 for NULL. */
export function encodeRowField(type: Type, value: Datum, writer: ByteWriter): void {
  if (value === null) {
    writer.int32(-1);
    return;
  }
  const at = writer.length;
  writer.int32(0);
  type.encodeRow(value, writer);
  writer.patchInt32(at, writer.length - at - 4);
}

function encodeArrayRow(element: Type, value: ArrayValue, writer: ByteWriter): void {
  writer.uint8(value.dimensions.length);
  for (let dimension = 0; dimension < value.dimensions.length; dimension++) {
    writer.int32(value.dimensions[dimension]);
    writer.int32(value.lowerBounds[dimension]);
  }
  for (const item of value.items) encodeRowField(element, item, writer);
}

function decodeArrayRow(element: Type, buffer: Buffer, offset: number): ArrayValue {
  const count = buffer[offset];
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let total = count === 0 ? 0 : 1;
  let at = offset + 1;
  for (let dimension = 0; dimension < count; dimension++, at += 8) {
    dimensions.push(readInt32(buffer, at));
    lowerBounds.push(readInt32(buffer, at + 4));
    total *= dimensions[dimension];
  }
  const items: Datum[] = new Array(total);
  for (let index = 0; index < total; index++) {
    const length = readInt32(buffer, at);
    at += 4;
    if (length < 0) items[index] = null;
    else {
      items[index] = element.decodeRow(buffer, at, length);
      at += length;
    }
  }
  return new ArrayValue(element.oid, items, dimensions, lowerBounds);
}
