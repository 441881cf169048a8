/**
 * Row values: `(1,"a b",)` as text. Anonymous records are printed and sent but never read; the row type of a relation can be
 * read too (`rowTypeBehaviour`): the catalog tells its columns.
 */
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { oid } from '../oids.ts';
import type { Type, TypeContext, TypeRef } from '../type.ts';
import { encodeRowField, receiveField, sendField } from './array.ts';
import { type BehaviourOf, behaviour, isSpace, type TypeBehaviour } from './behaviour.ts';
import { joinHashKey } from './element-hash.ts';
import { displayNameOf, formatType, pgTypeByOid } from './format-type.ts';
import { readInt32 } from './integer-bytes.ts';
import { RecordValue } from './record-value.ts';

type TypeByOid = (oid: number) => Type;
type RowField = { readonly name: string; readonly type: TypeRef };

export function recordBehaviour(typeByOid: TypeByOid): TypeBehaviour {
  return behaviour(anonymous(typeByOid));
}

/** The row type of a relation. */
export function rowTypeBehaviour(rowType: number, typeByOid: TypeByOid): TypeBehaviour {
  const fieldsOf = (context: TypeContext): readonly RowField[] => {
    const fields = context.names?.rowFields(rowType);
    if (fields === undefined) throw notSupported('a value of a row type cannot be read here');
    return fields;
  };
  return behaviour<RecordValue>({
    ...anonymous(typeByOid),
    input(text, _typmod, context) {
      const fields = fieldsOf(context);
      const texts = parseRecordText(text, fields.length);
      return rowOf(
        fields,
        texts.map((item, index) =>
          item === null ? null : typeByOid(fields[index].type.oid).input(item, fields[index].type.typmod, context),
        ),
      );
    },
    receive(reader, _typmod, context) {
      const fields = fieldsOf(context);
      return rowOf(fields, receiveFields(reader, fields, typeByOid, context));
    },
  });
}

const rowOf = (fields: readonly RowField[], values: readonly Datum[]): RecordValue =>
  new RecordValue(
    fields.map((field) => field.type.oid),
    fields.map((field) => field.name),
    values,
  );

function anonymous(typeByOid: TypeByOid): BehaviourOf<RecordValue> {
  const refuse = (): never => {
    throw notSupported('input of anonymous composite types is not implemented');
  };
  return {
    input: refuse,
    output: (value, context) => formatRecord(value, typeByOid, context),
    receive: refuse,
    send(value, writer, context) {
      writer.int32(value.values.length);
      for (let index = 0; index < value.values.length; index++) {
        writer.uint32(value.typeOids[index]);
        sendField(typeByOid(value.typeOids[index]), value.values[index], writer, context);
      }
    },
    compare: (a, b) => compareRecords(a, b, typeByOid),
    hashKey: (value) => hashRecord(value, typeByOid),
    encodeRow: (value, writer) => encodeRow(value, writer, typeByOid),
    decodeRow: (buffer, offset) => decodeRow(buffer, offset, typeByOid),
  };
}

const malformed = (text: string, detail: string): SqlError =>
  new SqlError(sqlstate.invalidTextRepresentation, `malformed record literal: "${text}"`, { detail });

/** The fields' texts, null where there is nothing between the commas. */
function parseRecordText(text: string, count: number): (string | null)[] {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  if (text[at++] !== '(') throw malformed(text, 'Missing left parenthesis.');
  const fields: (string | null)[] = [];
  while (fields.length < count) {
    if (fields.length > 0) {
      if (text[at] !== ',') throw malformed(text, 'Too few columns.');
      at++;
    }
    if (text[at] === ',' || text[at] === ')') {
      fields.push(null);
      continue;
    }
    let field = '';
    let quoted = false;
    for (; quoted || (text[at] !== ',' && text[at] !== ')'); at++) {
      let character = text[at];
      if (character === undefined) throw malformed(text, 'Unexpected end of input.');
      if (character === '\\') {
        character = text[++at];
        if (character === undefined) throw malformed(text, 'Unexpected end of input.');
        field += character;
      } else if (character !== '"') field += character;
      else if (!quoted) quoted = true;
      else if (text[at + 1] === '"') {
        field += '"';
        at++;
      } else quoted = false;
    }
    fields.push(field);
  }
  if (text[at++] !== ')') throw malformed(text, 'Too many columns.');
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  if (at < text.length) throw malformed(text, 'Junk after right parenthesis.');
  return fields;
}

function formatRecord(value: RecordValue, typeByOid: TypeByOid, context: TypeContext): string {
  const parts = value.values.map((item, index) => (item === null ? '' : quote(typeByOid(value.typeOids[index]).output(item, context))));
  return `(${parts.join(',')})`;
}

const quote = (text: string): string => (text === '' || /[ \t\n\r\v\f"\\(),]/.test(text) ? `"${text.replace(/["\\]/g, '$&$&')}"` : text);

function receiveFields(reader: ByteReader, fields: readonly RowField[], typeByOid: TypeByOid, context: TypeContext): Datum[] {
  const count = reader.int32();
  if (count !== fields.length) {
    throw new SqlError(sqlstate.datatypeMismatch, `wrong number of columns: ${count}, expected ${fields.length}`);
  }
  return fields.map((field, index) => {
    const stated = reader.uint32();
    if (stated !== field.type.oid) {
      const [found, expected] = [stated, field.type.oid].map((oid) => `${oid} (${formatType({ oid, typmod: -1 })})`);
      throw new SqlError(
        sqlstate.datatypeMismatch,
        `binary data has type ${found} instead of expected ${expected} in record column ${index + 1}`,
      );
    }
    return receiveField(typeByOid(field.type.oid), reader, field.type.typmod, context);
  });
}

function displayName(oid: number): string {
  const type = pgTypeByOid(oid);
  return type === undefined ? '???' : displayNameOf(type);
}

function compareRecords(a: RecordValue, b: RecordValue, typeByOid: TypeByOid): number {
  const shared = Math.min(a.values.length, b.values.length);
  for (let index = 0; index < shared; index++) {
    const typeOid = a.typeOids[index];
    if (typeOid !== b.typeOids[index]) {
      const [left, right] = [typeOid, b.typeOids[index]].map((oid) => displayName(oid));
      throw new SqlError(
        sqlstate.datatypeMismatch,
        `cannot compare dissimilar column types ${left} and ${right} at record column ${index + 1}`,
      );
    }
    const x = a.values[index];
    const y = b.values[index];
    if (x === null || y === null) {
      if (x !== y) return x === null ? 1 : -1;
      continue;
    }
    const { compare } = typeByOid(typeOid);
    if (compare === undefined || typeOid === oid.unknown) {
      throw new SqlError(sqlstate.undefinedFunction, `could not identify a comparison function for type ${displayName(typeOid)}`);
    }
    const order = compare(x, y);
    if (order !== 0) return order;
  }
  if (a.values.length !== b.values.length) {
    throw new SqlError(sqlstate.datatypeMismatch, 'cannot compare record types with different numbers of columns');
  }
  return 0;
}

function hashRecord(value: RecordValue, typeByOid: TypeByOid): string {
  let joined = '';
  for (let index = 0; index < value.values.length; index++) {
    const item = value.values[index];
    const { hashKey, displayName } = typeByOid(value.typeOids[index]);
    if (hashKey === undefined) {
      throw new SqlError(sqlstate.undefinedFunction, `could not identify a hash function for type ${displayName}`);
    }
    joined = joinHashKey(joined, item === null ? undefined : hashKey(item));
  }
  return joined;
}

// Records are not columns of tables, but pass through files when a sort or join spills: names and types travel with them.

function encodeRow(value: RecordValue, writer: ByteWriter, typeByOid: TypeByOid): void {
  writer.int32(value.values.length);
  for (let index = 0; index < value.values.length; index++) {
    writer.uint32(value.typeOids[index]);
    const at = writer.length;
    writer.int32(0);
    writer.patchInt32(at, writer.utf8(value.names[index] ?? ''));
    encodeRowField(typeByOid(value.typeOids[index]), value.values[index], writer);
  }
}

function decodeRow(buffer: Buffer, offset: number, typeByOid: TypeByOid): RecordValue {
  const count = readInt32(buffer, offset);
  const typeOids: number[] = [];
  const names: string[] = [];
  const values: Datum[] = [];
  let at = offset + 4;
  for (let index = 0; index < count; index++) {
    typeOids.push(readInt32(buffer, at) >>> 0);
    const nameLength = readInt32(buffer, at + 4);
    names.push(buffer.utf8Slice(at + 8, at + 8 + nameLength));
    at += 8 + nameLength;
    const length = readInt32(buffer, at);
    at += 4;
    if (length < 0) values.push(null);
    else {
      values.push(typeByOid(typeOids[index]).decodeRow(buffer, at, length));
      at += length;
    }
  }
  return new RecordValue(typeOids, names, values);
}
