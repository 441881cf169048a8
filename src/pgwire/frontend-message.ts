/**
 * What clients send, decoded from a frame's body (manual, chapter "Message Formats").
 * A body that is too short, too long or not UTF-8 is SqlError 08P01.
 */
import { ByteReader, EndOfBytes } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { decodeUtf8 } from '#base/utf8.ts';
import type { Frame } from './frames.ts';

export type StartupPacket =
  | { readonly kind: 'sslRequest' }
  | { readonly kind: 'gssEncRequest' }
  | { readonly kind: 'cancelRequest'; readonly processId: number; readonly secret: Uint8Array }
  | {
      readonly kind: 'startup';
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
      readonly protocolOptions: readonly string[];
    };

export type FrontendMessage =
  | { readonly kind: 'query'; readonly text: string }
  | { readonly kind: 'parse'; readonly name: string; readonly text: string; readonly parameterTypes: readonly number[] }
  | {
      readonly kind: 'bind';
      readonly portal: string;
      readonly statement: string;
      readonly formats: readonly number[];
      readonly values: readonly (Uint8Array | null)[];
      readonly resultFormats: readonly number[];
    }
  | { readonly kind: 'describe' | 'close'; readonly what: 'statement' | 'portal'; readonly name: string }
  | { readonly kind: 'execute'; readonly portal: string; readonly maxRows: number }
  | { readonly kind: 'sync' | 'flush' | 'terminate' | 'copyDone' | 'functionCall' }
  | { readonly kind: 'copyData'; readonly data: Buffer }
  | { readonly kind: 'copyFail'; readonly reason: string }
  /** PasswordMessage, and SASL's and GSS' answers, which share its type byte. */
  | { readonly kind: 'password'; readonly text: string };

const cancelCode = 80877102;
const sslCode = 80877103;
const gssEncCode = 80877104;

export function decodeStartup(frame: Frame): StartupPacket {
  return decoding('startup packet', () => {
    const reader = new ByteReader(frame.body);
    const code = reader.uint32();
    if (code === sslCode) return { kind: 'sslRequest' };
    if (code === gssEncCode) return { kind: 'gssEncRequest' };
    if (code === cancelCode)
      return { kind: 'cancelRequest', processId: reader.int32(), secret: Buffer.from(reader.bytes(reader.remaining)) };
    const major = code >>> 16;
    if (major !== 3) {
      throw new SqlError(
        sqlstate.featureNotSupported,
        `unsupported frontend protocol ${major}.${code & 0xffff}: server supports 3.0 to 3.0`,
      );
    }
    const parameters = new Map<string, string>();
    const protocolOptions: string[] = [];
    for (;;) {
      const name = reader.cstring();
      if (name === '') break;
      const value = reader.cstring();
      if (name.startsWith('_pq_.')) protocolOptions.push(name);
      else parameters.set(name, value);
    }
    if (reader.remaining > 0) {
      throw new SqlError(sqlstate.protocolViolation, 'invalid startup packet layout: expected terminator as last byte');
    }
    return { kind: 'startup', minor: code & 0xffff, parameters, protocolOptions };
  });
}

export function decodeMessage(frame: Frame): FrontendMessage {
  return decoding('message', () => {
    const reader = new ByteReader(frame.body);
    const message = decodeBody(String.fromCharCode(frame.type), reader);
    if (reader.remaining > 0) throw new SqlError(sqlstate.protocolViolation, 'invalid message format');
    return message;
  });
}

function decodeBody(type: string, reader: ByteReader): FrontendMessage {
  switch (type) {
    case 'Q':
      return { kind: 'query', text: text(reader) };
    case 'P': {
      const name = text(reader);
      const statement = text(reader);
      return { kind: 'parse', name, text: statement, parameterTypes: list(reader, () => reader.uint32()) };
    }
    case 'B':
      return decodeBind(reader);
    case 'D':
    case 'C': {
      const what = reader.uint8();
      if (what !== 0x53 && what !== 0x50) {
        throw new SqlError(sqlstate.protocolViolation, `invalid ${type === 'D' ? 'DESCRIBE' : 'CLOSE'} message subtype ${what}`);
      }
      return { kind: type === 'D' ? 'describe' : 'close', what: what === 0x53 ? 'statement' : 'portal', name: text(reader) };
    }
    case 'E': {
      const portal = text(reader);
      const maxRows = reader.int32();
      return { kind: 'execute', portal, maxRows: Math.max(0, maxRows) };
    }
    case 'S':
      return { kind: 'sync' };
    case 'H':
      return { kind: 'flush' };
    case 'X':
      return { kind: 'terminate' };
    case 'd':
      return { kind: 'copyData', data: reader.bytes(reader.remaining) };
    case 'c':
      return { kind: 'copyDone' };
    case 'f':
      return { kind: 'copyFail', reason: text(reader) };
    case 'p':
      return { kind: 'password', text: text(reader) };
    case 'F':
      reader.bytes(reader.remaining);
      return { kind: 'functionCall' };
    default:
      throw new SqlError(sqlstate.protocolViolation, `invalid frontend message type ${type.charCodeAt(0)}`);
  }
}

function decodeBind(reader: ByteReader): FrontendMessage {
  const portal = text(reader);
  const statement = text(reader);
  const formats = list(reader, () => reader.int16());
  const values = list(reader, () => {
    const length = reader.int32();
    return length === -1 ? null : reader.bytes(length);
  });
  if (formats.length > 1 && formats.length !== values.length) {
    throw new SqlError(sqlstate.protocolViolation, `bind message has ${formats.length} parameter formats but ${values.length} parameters`);
  }
  return { kind: 'bind', portal, statement, formats, values, resultFormats: list(reader, () => reader.int16()) };
}

function list<Item>(reader: ByteReader, item: () => Item): Item[] {
  const count = reader.uint16();
  const items: Item[] = [];
  for (let i = 0; i < count; i++) items.push(item());
  return items;
}

/** A zero-terminated string; bytes that are not UTF-8 are 22021 as in PostgreSQL. */
function text(reader: ByteReader): string {
  const stop = reader.buffer.indexOf(0, reader.offset);
  if (stop < 0 || stop >= reader.end) throw new EndOfBytes('unterminated string');
  const decoded = decodeUtf8(reader.buffer.subarray(reader.offset, stop));
  reader.offset = stop + 1;
  return decoded;
}

function decoding<Result>(what: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof EndOfBytes)) throw error;
    throw new SqlError(sqlstate.protocolViolation, what === 'message' ? 'insufficient data left in message' : `invalid ${what} layout`);
  }
}
