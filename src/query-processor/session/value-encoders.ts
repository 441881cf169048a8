/**
 * Value encoders: how a column's datums are written into DataRow messages, and how Bind's parameters are read.
 *
 * An encoder is chosen once per column, type and format. Those of the common types write straight into the buffer; the others go through
 * the type's own output or send function.
 */
import { ByteReader, type ByteWriter, EndOfBytes } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { decodeUtf8 } from '#base/utf8.ts';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import type { NonNull, TypeContext } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import type { Field, ValueEncoder } from '../query-processor.ts';

/** Writes `text` with its length before it. Hot. */
function writeText(text: string, writer: ByteWriter): void {
  const at = writer.length;
  writer.int32(0);
  writer.patchInt32(at, writer.utf8(text));
}

/** For text that is known to be ASCII. Hot. */
function writeAscii(text: string, writer: ByteWriter): void {
  writer.int32(text.length);
  writer.latin1(text);
}

const textOfString: ValueEncoder = (value, writer) => writeText(value as string, writer);
const textOfInteger: ValueEncoder = (value, writer) => writeAscii(String(value), writer);
const textOfAscii: ValueEncoder = (value, writer) => writeAscii(value as string, writer);
const textOfBoolean: ValueEncoder = (value, writer) => {
  writer.int32(1);
  writer.uint8(value === true ? 0x74 : 0x66);
};

/** Types whose text form depends on nothing but the value. */
const plainText = new Map<number, ValueEncoder>([
  [oid.text, textOfString],
  [oid.varchar, textOfString],
  [oid.bpchar, textOfString],
  [oid.name, textOfString],
  [oid.json, textOfString],
  [oid.int2, textOfInteger],
  [oid.int4, textOfInteger],
  [oid.int8, textOfInteger],
  [oid.oid, textOfInteger],
  [oid.bool, textOfBoolean],
  [oid.uuid, textOfAscii],
]);

const plainBinary = new Map<number, ValueEncoder>([
  [oid.text, textOfString],
  [oid.varchar, textOfString],
  [oid.bpchar, textOfString],
  [oid.name, textOfString],
  [oid.json, textOfString],
  [
    oid.int2,
    (value, writer) => {
      writer.int32(2);
      writer.int16(value as number);
    },
  ],
  [
    oid.int4,
    (value, writer) => {
      writer.int32(4);
      writer.int32(value as number);
    },
  ],
  [
    oid.int8,
    (value, writer) => {
      writer.int32(8);
      writer.int64(value as number | bigint);
    },
  ],
  [
    oid.float8,
    (value, writer) => {
      writer.int32(8);
      writer.float64(value as number);
    },
  ],
  [
    oid.bool,
    (value, writer) => {
      writer.int32(1);
      writer.uint8(value === true ? 1 : 0);
    },
  ],
]);

export function encoderFor(typeOid: number, format: 0 | 1, context: TypeContext): ValueEncoder {
  const plain = (format === 0 ? plainText : plainBinary).get(typeOid);
  if (plain !== undefined) return plain;
  const type = typeByOid(typeOid);
  if (format === 0) return (value, writer) => writeText(type.output(value as NonNull, context), writer);
  return (value, writer) => {
    const at = writer.length;
    writer.int32(0);
    type.send(value as NonNull, writer, context);
    writer.patchInt32(at, writer.length - at - 4);
  };
}

export const encodersFor = (fields: readonly Field[], context: TypeContext): readonly ValueEncoder[] =>
  fields.map((field) => encoderFor(field.type.oid, field.format, context));

/** Bind's rule for formats: none given is text, one stands for all. */
export function formatAt(formats: readonly number[], index: number): 0 | 1 {
  const format = formats.length === 0 ? 0 : formats.length === 1 ? formats[0] : formats[index];
  if (format !== 0 && format !== 1) throw new SqlError(sqlstate.invalidParameterValue, `unsupported format code: ${format}`);
  return format;
}

/** One parameter of Bind. `number` is 1 for $1. */
export function decodeParameter(
  value: Uint8Array,
  typeOid: number,
  format: 0 | 1,
  number: number,
  portal: string,
  context: TypeContext,
): Datum {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const type = typeByOid(typeOid);
  if (format === 0) {
    let shown = '';
    try {
      const text = decodeUtf8(bytes);
      shown = text === '' ? " = ''" : " = '...'";
      return type.input(text, -1, context);
    } catch (error) {
      throw withContext(error, number, portal, shown);
    }
  }
  try {
    const reader = new ByteReader(bytes);
    const datum = type.receive(reader, -1, context);
    if (reader.remaining !== 0) throw incorrectBinary(number, portal);
    return datum;
  } catch (error) {
    if (error instanceof SqlError && error.message === 'incorrect binary data format') throw incorrectBinary(number, portal);
    if (error instanceof EndOfBytes) throw new SqlError('08P01', 'insufficient data left in message');
    throw withContext(error, number, portal, '');
  }
}

const incorrectBinary = (number: number, portal: string): SqlError =>
  new SqlError(sqlstate.invalidBinaryRepresentation, `incorrect binary data format in bind parameter ${number}`, {
    where: contextOf(number, portal),
  });

const contextOf = (number: number, portal: string): string =>
  `${portal === '' ? 'unnamed portal' : `portal "${portal}"`} parameter $${number}`;

function withContext(error: unknown, number: number, portal: string, value: string): unknown {
  if (!(error instanceof SqlError)) return error;
  const inner = error.fields.where === undefined ? '' : `${error.fields.where}\n`;
  return new SqlError(error.sqlstate, error.message, { ...error.fields, where: `${inner}${contextOf(number, portal)}${value}` });
}
