/** Byte strings: parts, bits, encodings of text, digests. Values are never changed in place. */
import { createHash } from 'node:crypto';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementation, type Implementations, scalar } from '../function.ts';
import { decodeBase64, decodeEscape, decodeHex, encodeBase64, encodeEscape } from './byte-encoding.ts';

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** A plain Uint8Array with its own memory, out of what Buffer's functions return. */
const own = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes);

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** From the byte `start` (1-based) on, `length` bytes of them; a start before the first byte counts. */
function substring(bytes: Uint8Array, start: number, length?: number): Uint8Array {
  if (length === undefined) return bytes.slice(Math.max(0, start - 1));
  if (length < 0) throw new SqlError(sqlstate.substringError, 'negative substring length not allowed');
  return bytes.slice(Math.max(0, start - 1), Math.max(0, start - 1 + length));
}

function overlay(bytes: Uint8Array, replacement: Uint8Array, start: number, length = replacement.length): Uint8Array {
  if (start <= 0) throw new SqlError(sqlstate.substringError, 'negative substring length not allowed');
  const behind = start + length;
  if (behind > 2147483647) throw new SqlError(sqlstate.numericValueOutOfRange, 'integer out of range');
  return concatenate(substring(bytes, 1, start - 1), replacement, substring(bytes, behind));
}

function trim(bytes: Uint8Array, set: Uint8Array, sides: 'both' | 'start' | 'end'): Uint8Array {
  const cut = new Set(set);
  let start = 0;
  let end = bytes.length;
  if (sides !== 'end') while (start < end && cut.has(bytes[start])) start++;
  if (sides !== 'start') while (end > start && cut.has(bytes[end - 1])) end--;
  return bytes.slice(start, end);
}

const outside = (index: number | bigint, last: number): SqlError =>
  new SqlError(sqlstate.arraySubscriptError, `index ${index} out of valid range, 0..${last}`);

function checkIndex(index: number | bigint, count: number): number {
  if (index < 0 || index >= count) throw outside(index, count - 1);
  return Number(index);
}

function setByte(bytes: Uint8Array, index: number, value: number): Uint8Array {
  const at = checkIndex(index, bytes.length);
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

function getBit(bytes: Uint8Array, index: number | bigint): number {
  const at = checkIndex(index, bytes.length * 8);
  return (bytes[at >> 3] >> (at & 7)) & 1;
}

function setBit(bytes: Uint8Array, index: number | bigint, bit: number): Uint8Array {
  const at = checkIndex(index, bytes.length * 8);
  if (bit !== 0 && bit !== 1) throw new SqlError(sqlstate.invalidParameterValue, 'new bit must be 0 or 1');
  const copy = bytes.slice();
  const mask = 1 << (at & 7);
  copy[at >> 3] = bit === 1 ? copy[at >> 3] | mask : copy[at >> 3] & ~mask;
  return copy;
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

const unknownEncoding = (name: string): SqlError => new SqlError(sqlstate.invalidParameterValue, `unrecognized encoding: "${name}"`);

function encode(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex':
      return viewOf(bytes).toString('hex');
    case 'base64':
      return encodeBase64(bytes);
    case 'escape':
      return encodeEscape(bytes);
    default:
      throw unknownEncoding(format);
  }
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case 'hex':
      return decodeHex(text);
    case 'base64':
      return decodeBase64(text);
    case 'escape':
      return decodeEscape(text);
    default:
      throw unknownEncoding(format);
  }
}

const digest = (algorithm: string, data: Uint8Array): Uint8Array => own(createHash(algorithm).update(data).digest());
const md5 = (data: Uint8Array | string): string => createHash('md5').update(data).digest('hex');

type CharacterSet = 'UTF8' | 'LATIN1' | 'SQL_ASCII';

function characterSet(name: string, role: 'source ' | 'destination ' | ''): CharacterSet {
  switch (name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')) {
    case 'utf8':
    case 'unicode':
      return 'UTF8';
    case 'latin1':
    case 'iso88591':
      return 'LATIN1';
    case 'sqlascii':
      return 'SQL_ASCII';
    default:
      throw new SqlError(sqlstate.invalidParameterValue, `invalid ${role}encoding name "${name}"`);
  }
}

/** Bytes of an encoding as text. */
export function textFromBytes(bytes: Uint8Array, encoding: CharacterSet): string {
  const zero = bytes.indexOf(0);
  if (encoding === 'LATIN1') {
    if (zero >= 0) throw invalidSequence(bytes, zero, 1, encoding);
    return viewOf(bytes).toString('latin1');
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (zero >= 0) throw invalidSequence(bytes, zero, 1, encoding);
    return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw invalidSequence(bytes, ...firstInvalid(bytes));
  }
}

function invalidSequence(bytes: Uint8Array, at: number, count: number, encoding: CharacterSet = 'UTF8'): SqlError {
  const shown = Array.from(bytes.subarray(at, at + count), (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return new SqlError(sqlstate.characterNotInRepertoire, `invalid byte sequence for encoding "${encoding}": ${shown}`);
}

/** SQL_ASCII says nothing of its bytes but that none is zero. */
function checkAnyBytes(bytes: Uint8Array): Uint8Array {
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw invalidSequence(bytes, zero, 1, 'SQL_ASCII');
  return bytes;
}

/** Place and length of the first sequence that is no UTF-8, a zero byte among them: as many bytes as its first byte announces. */
function firstInvalid(bytes: Uint8Array): [number, number] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at];
    const length =
      lead < 0x80 ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 1;
    try {
      if (lead === 0) return [at, 1];
      decoder.decode(bytes.subarray(at, at + length));
    } catch {
      return [at, Math.min(length, bytes.length - at)];
    }
    at += length;
  }
  return [0, 1];
}

function bytesFromText(text: string, encoding: CharacterSet): Uint8Array {
  if (encoding !== 'LATIN1') return own(Buffer.from(text, 'utf8'));
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code > 0xff) {
      const shown = Array.from(Buffer.from(character), (byte) => `0x${byte.toString(16)}`).join(' ');
      throw new SqlError(
        sqlstate.untranslatableCharacter,
        `character with byte sequence ${shown} in encoding "UTF8" has no equivalent in encoding "LATIN1"`,
      );
    }
  }
  return own(Buffer.from(text, 'latin1'));
}

const both = (names: readonly string[], implementation: Implementation): Implementations =>
  Object.fromEntries(names.map((name) => [name, implementation]));

export const byteaFunctions: Implementations = {
  ...both(
    ['length(bytea)', 'octet_length(bytea)'],
    scalar((bytes: Uint8Array) => bytes.length),
  ),
  'bit_length(bytea)': scalar((bytes: Uint8Array) => bytes.length * 8),
  'byteacat(bytea,bytea)': scalar((a: Uint8Array, b: Uint8Array) => concatenate(a, b)),
  ...both(
    ['substring(bytea,int4)', 'substr(bytea,int4)'],
    scalar((bytes: Uint8Array, start: number) => substring(bytes, start)),
  ),
  ...both(
    ['substring(bytea,int4,int4)', 'substr(bytea,int4,int4)'],
    scalar((bytes: Uint8Array, start: number, length: number) => substring(bytes, start, length)),
  ),
  'overlay(bytea,bytea,int4)': scalar((bytes: Uint8Array, replacement: Uint8Array, start: number) => overlay(bytes, replacement, start)),
  'overlay(bytea,bytea,int4,int4)': scalar((bytes: Uint8Array, replacement: Uint8Array, start: number, length: number) =>
    overlay(bytes, replacement, start, length),
  ),
  'position(bytea,bytea)': scalar((bytes: Uint8Array, part: Uint8Array) => viewOf(bytes).indexOf(part) + 1),
  'btrim(bytea,bytea)': scalar((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, 'both')),
  'ltrim(bytea,bytea)': scalar((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, 'start')),
  'rtrim(bytea,bytea)': scalar((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, 'end')),
  'get_byte(bytea,int4)': scalar((bytes: Uint8Array, index: number) => bytes[checkIndex(index, bytes.length)]),
  'set_byte(bytea,int4,int4)': scalar(setByte),
  'get_bit(bytea,int8)': scalar(getBit),
  'set_bit(bytea,int8,int4)': scalar(setBit),
  'bit_count(bytea)': scalar(countBits),
  'encode(bytea,text)': scalar(encode),
  'decode(text,text)': scalar(decode),
  'md5(text)': scalar((text: string) => md5(text)),
  'md5(bytea)': scalar((bytes: Uint8Array) => md5(bytes)),
  'sha224(bytea)': scalar((bytes: Uint8Array) => digest('sha224', bytes)),
  'sha256(bytea)': scalar((bytes: Uint8Array) => digest('sha256', bytes)),
  'sha384(bytea)': scalar((bytes: Uint8Array) => digest('sha384', bytes)),
  'sha512(bytea)': scalar((bytes: Uint8Array) => digest('sha512', bytes)),
  'convert_from(bytea,name)': scalar((bytes: Uint8Array, name: string) => {
    const source = characterSet(name, 'source ');
    return source === 'SQL_ASCII' ? textFromBytes(checkAnyBytes(bytes), 'UTF8') : textFromBytes(bytes, source);
  }),
  'convert_to(text,name)': scalar((text: string, name: string) => bytesFromText(text, characterSet(name, 'destination '))),
  'convert(bytea,name,name)': scalar((bytes: Uint8Array, from: string, to: string) => {
    const [source, destination] = [characterSet(from, 'source '), characterSet(to, 'destination ')];
    if (source === 'SQL_ASCII') {
      checkAnyBytes(bytes);
      return destination === 'UTF8' ? bytesFromText(textFromBytes(bytes, 'UTF8'), 'UTF8') : bytes;
    }
    const text = textFromBytes(bytes, source);
    return destination === 'SQL_ASCII' ? bytes : bytesFromText(text, destination);
  }),
  'length(bytea,name)': scalar((bytes: Uint8Array, name: string) => {
    const encoding = characterSet(name, '');
    return encoding === 'SQL_ASCII' ? checkAnyBytes(bytes).length : Array.from(textFromBytes(bytes, encoding)).length;
  }),
};
