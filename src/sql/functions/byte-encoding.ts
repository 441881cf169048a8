/** The text forms of encode() and decode(): hex, base64 with lines of 76 characters, and escapes. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

const invalid = (message: string, hint?: string): SqlError => new SqlError(sqlstate.invalidParameterValue, message, { hint });
const isBlank = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

export function decodeHex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; ) {
    if (isBlank(text.charCodeAt(at))) {
      at++;
      continue;
    }
    const high = hexDigit(text, at);
    if (at + 1 >= text.length) throw invalid('invalid hexadecimal data: odd number of digits');
    bytes.push(high * 16 + hexDigit(text, at + 1));
    at += 2;
  }
  return Uint8Array.from(bytes);
}

function hexDigit(text: string, at: number): number {
  const value = '0123456789abcdef'.indexOf(text[at].toLowerCase());
  if (value < 0) throw invalid(`invalid hexadecimal digit: "${String.fromCodePoint(text.codePointAt(at) ?? 0)}"`);
  return value;
}

const lineLength = 76;

export function encodeBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += lineLength) lines.push(text.slice(at, at + lineLength));
  return lines.join('\n');
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function decodeBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let buffer = 0;
  let count = 0;
  let end = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isBlank(code)) continue;
    let value = 0;
    if (text[at] === '=') {
      // The first = stands in the third or the fourth place of its group.
      if (end === 0) {
        if (count === 2) end = 1;
        else if (count === 3) end = 2;
        else throw invalid('unexpected "=" while decoding base64 sequence');
      }
    } else {
      value = alphabet.indexOf(text[at]);
      if (value < 0)
        throw invalid(`invalid symbol "${String.fromCodePoint(text.codePointAt(at) ?? 0)}" found while decoding base64 sequence`);
    }
    buffer = buffer * 64 + value;
    if (++count < 4) continue;
    bytes.push((buffer >> 16) & 255);
    if (end === 0 || end > 1) bytes.push((buffer >> 8) & 255);
    if (end === 0 || end > 2) bytes.push(buffer & 255);
    buffer = 0;
    count = 0;
  }
  if (count !== 0) throw invalid('invalid base64 end sequence', 'Input data is missing padding, is truncated, or is otherwise corrupted.');
  return Uint8Array.from(bytes);
}

/** Zero bytes and those above ASCII as octal, the backslash doubled. */
export function encodeEscape(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0 || byte > 127) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += byte === 92 ? '\\\\' : String.fromCharCode(byte);
  }
  return text;
}

export function decodeEscape(text: string): Uint8Array {
  const source = Buffer.from(text, 'utf8');
  const bytes: number[] = [];
  for (let at = 0; at < source.length; at++) {
    if (source[at] !== 92) {
      bytes.push(source[at]);
      continue;
    }
    if (source[at + 1] === 92) {
      bytes.push(92);
      at++;
      continue;
    }
    const octal = /^[0-3][0-7][0-7]$/.exec(source.toString('latin1', at + 1, at + 4));
    if (octal === null) throw new SqlError(sqlstate.invalidTextRepresentation, 'invalid input syntax for type bytea');
    bytes.push(Number.parseInt(octal[0], 8));
    at += 3;
  }
  return Uint8Array.from(bytes);
}
