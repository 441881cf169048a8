/** What we send: each function appends one message to a writer. */
import type { ByteWriter } from '#base/bytes.ts';
import type { ErrorFields, Severity } from '#base/sql-error.ts';
import type { Field, ValueEncoder } from '#query-processor/query-processor.ts';
import { type Batch, datumAt } from '#sql/batch.ts';
import { sentTypeOf } from '#sql/types/catalog-types.ts';

/** Starts a message; `endMessage` fills its length in. */
function beginMessage(writer: ByteWriter, type: string): number {
  writer.uint8(type.charCodeAt(0));
  writer.int32(0);
  return writer.length - 4;
}

function endMessage(writer: ByteWriter, lengthAt: number): void {
  writer.patchInt32(lengthAt, writer.length - lengthAt);
}

function cstring(writer: ByteWriter, text: string): void {
  writer.utf8(text);
  writer.uint8(0);
}

function bare(writer: ByteWriter, type: string): void {
  writer.uint8(type.charCodeAt(0));
  writer.int32(4);
}

function authentication(writer: ByteWriter, code: number): void {
  writer.uint8(0x52);
  writer.int32(8);
  writer.int32(code);
}

export const authenticationOk = (writer: ByteWriter): void => authentication(writer, 0);
export const authenticationCleartextPassword = (writer: ByteWriter): void => authentication(writer, 3);
export const parseComplete = (writer: ByteWriter): void => bare(writer, '1');
export const bindComplete = (writer: ByteWriter): void => bare(writer, '2');
export const closeComplete = (writer: ByteWriter): void => bare(writer, '3');
export const noData = (writer: ByteWriter): void => bare(writer, 'n');
export const emptyQueryResponse = (writer: ByteWriter): void => bare(writer, 'I');
export const portalSuspended = (writer: ByteWriter): void => bare(writer, 's');
export const copyDone = (writer: ByteWriter): void => bare(writer, 'c');

export function negotiateProtocolVersion(writer: ByteWriter, unknownOptions: readonly string[]): void {
  const at = beginMessage(writer, 'v');
  writer.int32(0);
  writer.int32(unknownOptions.length);
  for (const option of unknownOptions) cstring(writer, option);
  endMessage(writer, at);
}

export function parameterStatus(writer: ByteWriter, name: string, value: string): void {
  const at = beginMessage(writer, 'S');
  cstring(writer, name);
  cstring(writer, value);
  endMessage(writer, at);
}

/** Protocol 3.0 has room for four bytes of secret. */
export function backendKeyData(writer: ByteWriter, processId: number, secret: Uint8Array): void {
  writer.uint8(0x4b);
  writer.int32(12);
  writer.int32(processId);
  writer.bytes(secret.subarray(0, 4));
}

export function readyForQuery(writer: ByteWriter, status: 'I' | 'T' | 'E'): void {
  writer.uint8(0x5a);
  writer.int32(5);
  writer.uint8(status.charCodeAt(0));
}

export function commandComplete(writer: ByteWriter, tag: string): void {
  const at = beginMessage(writer, 'C');
  cstring(writer, tag);
  endMessage(writer, at);
}

export function rowDescription(writer: ByteWriter, fields: readonly Field[]): void {
  const at = beginMessage(writer, 'T');
  writer.int16(fields.length);
  for (const field of fields) {
    cstring(writer, field.name);
    writer.int32(field.tableOid);
    writer.int16(field.attributeNumber);
    writer.int32(sentTypeOf(field.type));
    writer.int16(field.length);
    writer.int32(field.type.typmod);
    writer.int16(field.format);
  }
  endMessage(writer, at);
}

export function parameterDescription(writer: ByteWriter, typeOids: readonly number[]): void {
  const at = beginMessage(writer, 't');
  writer.int16(typeOids.length);
  for (const oid of typeOids) writer.int32(oid);
  endMessage(writer, at);
}

/** Rows [start, end) of a batch as DataRow messages. Hot: one loop a row, one call a value. */
export function dataRows(writer: ByteWriter, batch: Batch, encoders: readonly ValueEncoder[], start: number, end: number): void {
  const { columns } = batch;
  const columnCount = columns.length;
  for (let row = start; row < end; row++) {
    writer.uint8(0x44);
    const at = writer.length;
    writer.int32(0);
    writer.int16(columnCount);
    for (let c = 0; c < columnCount; c++) {
      const value = datumAt(columns[c], row);
      if (value === null) writer.int32(-1);
      else encoders[c](value, writer);
    }
    writer.patchInt32(at, writer.length - at);
  }
}

export function copyResponse(writer: ByteWriter, direction: 'in' | 'out', columnFormats: readonly number[]): void {
  const at = beginMessage(writer, direction === 'in' ? 'G' : 'H');
  writer.uint8(columnFormats.some((format) => format === 1) ? 1 : 0);
  writer.int16(columnFormats.length);
  for (const format of columnFormats) writer.int16(format);
  endMessage(writer, at);
}

/** One row of COPY data. Hot. */
export function copyRow(writer: ByteWriter, row: string | Uint8Array): void {
  writer.uint8(0x64);
  const at = writer.length;
  writer.int32(0);
  if (typeof row === 'string') writer.utf8(row);
  else writer.bytes(row);
  writer.patchInt32(at, writer.length - at);
}

export type Report = { readonly sqlstate: string; readonly message: string; readonly fields: ErrorFields };

export function errorResponse(writer: ByteWriter, report: Report, severity: Severity): void {
  reportMessage(writer, 'E', report, severity);
}

export function noticeResponse(writer: ByteWriter, report: Report, severity: Severity): void {
  reportMessage(writer, 'N', report, severity);
}

function reportMessage(writer: ByteWriter, type: string, report: Report, severity: Severity): void {
  const at = beginMessage(writer, type);
  const field = (code: string, text: string | undefined): void => {
    if (text === undefined) return;
    writer.uint8(code.charCodeAt(0));
    cstring(writer, text.replaceAll('\0', ''));
  };
  const { fields } = report;
  field('S', severity);
  field('V', severity);
  field('C', report.sqlstate);
  field('M', report.message);
  field('D', fields.detail);
  field('H', fields.hint);
  field('P', fields.position?.toString());
  field('W', fields.where);
  field('s', fields.schema);
  field('t', fields.table);
  field('c', fields.column);
  field('d', fields.datatype);
  field('n', fields.constraint);
  writer.uint8(0);
  endMessage(writer, at);
}
