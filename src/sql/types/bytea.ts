/** bytea: hex (`\xdeadbeef`) and escape text forms. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Settings } from '../settings.ts';
import { behaviour } from './behaviour.ts';
import { encodeBytesKey } from './text.ts';

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function parseBytea(text: string): Uint8Array {
  return text.startsWith('\\x') ? parseHex(text) : parseEscaped(text);
}

/** White space may stand between bytes, not within one. */
function parseHex(text: string): Buffer {
  const digits = text.slice(2);
  if (digits.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(digits)) return Buffer.from(digits, 'hex');
  const pairs: string[] = [];
  for (let at = 0; at < digits.length; at++) {
    if (/[ \n\t\r]/.test(digits[at])) continue;
    for (let within = at; within < at + 2; within++) {
      if (within === digits.length) throw new SqlError(sqlstate.invalidParameterValue, 'invalid hexadecimal data: odd number of digits');
      if (!/[0-9a-fA-F]/.test(digits[within])) {
        const wrong = String.fromCodePoint(digits.codePointAt(within) ?? 0);
        throw new SqlError(sqlstate.invalidParameterValue, `invalid hexadecimal digit: "${wrong}"`);
      }
    }
    pairs.push(digits.slice(at, at + 2));
    at++;
  }
  return Buffer.from(pairs.join(''), 'hex');
}

/** A backslash stands before another one or three octal digits; all else is the bytes of the text. */
function parseEscaped(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  if (!text.includes('\\')) return bytes;
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== 0x5c) out.push(bytes[at]);
    else if (bytes[at + 1] === 0x5c) {
      out.push(0x5c);
      at++;
    } else {
      const octal = /^[0-3][0-7][0-7]/.exec(bytes.latin1Slice(at + 1, Math.min(at + 4, bytes.length)));
      if (octal === null) throw new SqlError(sqlstate.invalidTextRepresentation, 'invalid input syntax for type bytea');
      out.push(Number.parseInt(octal[0], 8));
      at += 3;
    }
  }
  return Buffer.from(out);
}

export function formatBytea(bytes: Uint8Array, style: Settings['byteaOutput']): string {
  if (style === 'hex') return `\\x${asBuffer(bytes).toString('hex')}`;
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else text += byte < 0x20 || byte > 0x7e ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte);
  }
  return text;
}

const asLatin1 = (bytes: Uint8Array): string => asBuffer(bytes).latin1Slice(0, bytes.length);

export const byteaType = behaviour<Uint8Array>({
  input: parseBytea,
  output: (value, context) => formatBytea(value, context.settings.byteaOutput),
  receive: (reader) => Buffer.from(reader.bytes(reader.remaining)),
  send: (value, writer) => writer.bytes(value),
  compare: (a, b) => Buffer.compare(a, b),
  hashKey: asLatin1,
  encodeKey: (value, writer) => encodeBytesKey(asLatin1(value), writer),
  decodeKey: (reader) => Buffer.from(reader.takeTerminated(), 'latin1'),
  encodeRow: (value, writer) => writer.bytes(value),
  // A copy: the row's buffer may be memory of the store that goes away.
  decodeRow: (buffer, offset, length) => Uint8Array.prototype.slice.call(buffer, offset, offset + length),
});
