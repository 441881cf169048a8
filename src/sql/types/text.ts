/**
 * text, varchar, bpchar, name, "char", and what is carried as text (unknown, cstring, json and others use parts of this file).
 *
 * Order is that of the C collation: UTF-8 bytes, which is code point order. JavaScript compares UTF-16 units, which differs
 * only where a surrogate meets U+E000 to U+FFFF.
 */
import { isUtf8 } from 'node:buffer';
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { KeyReader, KeyWriter } from '../key.ts';
import { type BehaviourOf, behaviour } from './behaviour.ts';

/** Hot: `===` is quick for equal strings and unequal lengths; else the first difference decides. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? codePointRank(x) - codePointRank(y) : x - y;
  }
  return a.length - b.length;
}

/** Moves surrogates above U+E000..U+FFFF, where the code points that they stand for are. */
const codePointRank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);

/** Hot. True when every character is a single byte of UTF-8 and none is zero. */
function isPlainAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0 || unit > 0x7f) return false;
  }
  return true;
}

export function encodeTextKey(text: string, writer: KeyWriter): void {
  if (isPlainAscii(text)) {
    writer.append(`${text}\x00\x01`);
    return;
  }
  const bytes = Buffer.from(text, 'utf8');
  encodeBytesKey(bytes.latin1Slice(0, bytes.length), writer);
}

/** A byte string of any content, one character a byte, so that no key is the beginning of another. */
export function encodeBytesKey(bytes: string, writer: KeyWriter): void {
  writer.append(`${bytes.includes('\x00') ? bytes.replaceAll('\x00', '\x00\xff') : bytes}\x00\x01`);
}

export function decodeTextKey(reader: KeyReader): string {
  const bytes = reader.takeTerminated();
  for (let at = 0; at < bytes.length; at++) {
    if (bytes.charCodeAt(at) > 0x7f) {
      const buffer = Buffer.from(bytes, 'latin1');
      return buffer.utf8Slice(0, buffer.length);
    }
  }
  return bytes;
}

export function encodeTextRow(text: string, writer: ByteWriter): void {
  writer.utf8(text);
}

/** Hot: a call into Node costs about 60 ns, so the shortest texts are built here. */
export function decodeTextRow(buffer: Buffer, offset: number, length: number): string {
  const end = offset + length;
  if (length > 8) return buffer.utf8Slice(offset, end);
  let text = '';
  for (let at = offset; at < end; at++) {
    const byte = buffer[at];
    if (byte > 0x7f) return buffer.utf8Slice(offset, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The rest of the reader as text; 22021 where it is not UTF-8 without zero bytes. */
export function receiveText(reader: ByteReader): string {
  const bytes = reader.bytes(reader.remaining);
  if (bytes.includes(0)) throw invalidByteSequence('0x00');
  if (!isUtf8(bytes)) throw invalidByteSequence(firstInvalidSequence(bytes));
  return decodeTextRow(bytes, 0, bytes.length);
}

const invalidByteSequence = (bytes: string): SqlError =>
  new SqlError(sqlstate.characterNotInRepertoire, `invalid byte sequence for encoding "UTF8": ${bytes}`);

/** As PostgreSQL names it: the bytes that the first wrong character would have taken, as far as there are any. */
function firstInvalidSequence(bytes: Buffer): string {
  let at = 0;
  while (at < bytes.length) {
    const length = Math.min(sequenceLength(bytes[at]), bytes.length - at);
    const sequence = bytes.subarray(at, at + length);
    if (!isUtf8(sequence)) return [...sequence].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
    at += length;
  }
  return '0x00';
}

function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 1;
}

const itself = (value: string): string => value;

/** A type without modifiers whose datum is its text form. */
export const textBehaviour: BehaviourOf<string> = {
  input: itself,
  output: itself,
  receive: receiveText,
  send: (value, writer) => {
    writer.utf8(value);
  },
  compare: compareText,
  hashKey: itself,
  encodeKey: encodeTextKey,
  decodeKey: decodeTextKey,
  encodeRow: encodeTextRow,
  decodeRow: decodeTextRow,
};

export const textType = behaviour<string>(textBehaviour);

/** Text without an order or key: values are carried, and that is all (pg_node_tree, aclitem and such, in system catalogs). */
export const carriedTextType = behaviour<string>({
  input: itself,
  output: itself,
  receive: receiveText,
  send: textBehaviour.send,
  encodeRow: encodeTextRow,
  decodeRow: decodeTextRow,
});

/** Number of code points: what length limits count. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    if ((text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      count--;
      at++;
    }
  }
  return count;
}

/** Where in `text` its first `count` code points end. */
function endOfCharacters(text: string, count: number): number {
  let at = 0;
  for (let seen = 0; seen < count && at < text.length; seen++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return at;
}

/** The first `limit` characters. Unless the cast is explicit, only blanks may be cut off. */
function cutTo(text: string, limit: number, explicit: boolean, typeName: string): string {
  if (text.length <= limit) return text;
  const end = endOfCharacters(text, limit);
  if (end === text.length) return text;
  if (!explicit && !onlyBlanks(text, end)) {
    throw new SqlError(sqlstate.stringDataRightTruncation, `value too long for type ${typeName}(${limit})`);
  }
  return text.slice(0, end);
}

function onlyBlanks(text: string, from: number): boolean {
  for (let at = from; at < text.length; at++) if (text.charCodeAt(at) !== 0x20) return false;
  return true;
}

const headerBytes = 4;
const maxCharacters = 10485760;

/** typmod of varchar(n) and char(n). `typeName` is the word of the error messages. */
const lengthTypmod =
  (typeName: string) =>
  (modifiers: readonly number[]): number => {
    if (modifiers.length !== 1) throw new SqlError(sqlstate.invalidParameterValue, 'invalid type modifier');
    const [length] = modifiers;
    if (length < 1) throw new SqlError(sqlstate.invalidParameterValue, `length for type ${typeName} must be at least 1`);
    if (length > maxCharacters) {
      throw new SqlError(sqlstate.invalidParameterValue, `length for type ${typeName} cannot exceed ${maxCharacters}`);
    }
    return length + headerBytes;
  };
const lengthTypmodOut = (typmod: number): string => (typmod > headerBytes ? `(${typmod - headerBytes})` : '');

const fitVarchar = (text: string, typmod: number, explicit: boolean): string =>
  typmod < headerBytes ? text : cutTo(text, typmod - headerBytes, explicit, 'character varying');

export const varcharType = behaviour<string>({
  ...textBehaviour,
  input: (text, typmod) => fitVarchar(text, typmod, false),
  receive: (reader, typmod) => fitVarchar(receiveText(reader), typmod, false),
  typmodIn: lengthTypmod('varchar'),
  typmodOut: lengthTypmodOut,
  applyTypmod: fitVarchar,
});

/** Without the blanks at its end, which count for nothing in a bpchar. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 0x20) end--;
  return end === text.length ? text : text.slice(0, end);
}

function fitBpchar(text: string, typmod: number, explicit: boolean): string {
  if (typmod < headerBytes) return text;
  const limit = typmod - headerBytes;
  const cut = cutTo(text, limit, explicit, 'character');
  const missing = limit - characterCount(cut);
  return missing > 0 ? cut + ' '.repeat(missing) : cut;
}

/** The datum holds its padding; order, equality and keys leave it out, so there is no way back from a key. */
export const bpcharType = behaviour<string>({
  input: (text, typmod) => fitBpchar(text, typmod, false),
  output: itself,
  receive: (reader, typmod) => fitBpchar(receiveText(reader), typmod, false),
  send: textBehaviour.send,
  compare: (a, b) => compareText(trimBlanks(a), trimBlanks(b)),
  hashKey: trimBlanks,
  encodeKey: (value, writer) => encodeTextKey(trimBlanks(value), writer),
  encodeRow: encodeTextRow,
  decodeRow: decodeTextRow,
  typmodIn: lengthTypmod('char'),
  typmodOut: lengthTypmodOut,
  applyTypmod: fitBpchar,
});

const nameBytes = 63;

/** An identifier cut to 63 bytes of UTF-8, never inside a character. */
export function cutName(text: string): string {
  if (text.length * 3 <= nameBytes || Buffer.byteLength(text) <= nameBytes) return text;
  let bytes = 0;
  let at = 0;
  while (at < text.length) {
    const point = text.codePointAt(at) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (bytes > nameBytes) break;
    at += point > 0xffff ? 2 : 1;
  }
  return text.slice(0, at);
}

export const nameType = behaviour<string>({
  ...textBehaviour,
  input: cutName,
  receive(reader) {
    const text = receiveText(reader);
    if (Buffer.byteLength(text) > nameBytes) {
      throw new SqlError(sqlstate.nameTooLong, 'identifier too long', { detail: 'Identifier must be less than 64 characters.' });
    }
    return text;
  },
});

/** One byte, shown as a character when ASCII and else as a backslash and three octal digits; the zero byte is ''. */
function charInput(text: string): string {
  if (/^\\[0-7]{3}$/.test(text)) return charOfByte(Number.parseInt(text.slice(1), 8) & 0xff);
  if (text === '') return '';
  const first = text.charCodeAt(0);
  return first < 0x80 ? text[0] : charOfByte(Buffer.from(text, 'utf8')[0]);
}

export const charOfByte = (byte: number): string => (byte === 0 ? '' : String.fromCharCode(byte));
const byteOfChar = (value: string): number => (value === '' ? 0 : value.charCodeAt(0) & 0xff);

export const charType = behaviour<string>({
  input: charInput,
  output: (value) => (byteOfChar(value) > 0x7f ? `\\${byteOfChar(value).toString(8)}` : value),
  receive: (reader) => charOfByte(reader.uint8()),
  send: (value, writer) => writer.uint8(byteOfChar(value)),
  compare: (a, b) => byteOfChar(a) - byteOfChar(b),
  hashKey: itself,
  encodeKey: (value, writer) => writer.append(String.fromCharCode(byteOfChar(value))),
  decodeKey: (reader) => charOfByte(reader.byte()),
  encodeRow: (value, writer) => writer.uint8(byteOfChar(value)),
  decodeRow: (buffer, offset) => charOfByte(buffer[offset]),
});

/** void: the result of functions that return nothing. */
export const voidType = behaviour<string>({
  input: () => '',
  output: () => '',
  receive: (reader) => {
    reader.bytes(reader.remaining);
    return '';
  },
  send: () => undefined,
  encodeRow: () => undefined,
  decodeRow: () => '',
});
