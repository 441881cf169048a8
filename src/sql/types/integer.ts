/**
 * smallint, integer, bigint, and the unsigned 32-bit types (oid, xid, cid) and xid8.
 * Text input takes what PostgreSQL 16 takes: a sign, decimal, 0x, 0o and 0b digits, single underscores between digits.
 */
import { int8 } from '../datum.ts';
import { oid } from '../oids.ts';
import { type BehaviourOf, behaviour, invalidSyntax, isSpace, trimSpace, valueOutOfRange } from './behaviour.ts';
import {
  decodeInt32Key,
  decodeInt64Key,
  decodeUint32Key,
  encodeInt32Key,
  encodeInt64Key,
  keyBytesOfUint32,
  readInt32,
  readInt64,
} from './integer-bytes.ts';

/** The least and the greatest value of the signed types. */
export const integerLimits: ReadonlyMap<number, readonly [number | bigint, number | bigint]> = new Map<
  number,
  readonly [number | bigint, number | bigint]
>([
  [oid.int2, [-32768, 32767]],
  [oid.int4, [-2147483648, 2147483647]],
  [oid.int8, [-9223372036854775808n, 9223372036854775807n]],
]);

const spelled = /^[ \t-\r]*([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[oO]((?:_?[0-7])+)|0[bB]((?:_?[01])+)|([0-9](?:_?[0-9])*))/;

/**
 * The integer that a text spells, when it lies in [-limit, limit). As PostgreSQL does, a number that has grown too large is out of
 * range even when something else follows.
 */
function parseSpelled(text: string, limit: bigint, typeName: string): bigint {
  const match = spelled.exec(text);
  if (match === null) throw invalidSyntax(typeName, text);
  const [whole, sign, hexadecimal, octal, binary, decimal] = match;
  let base = 10n;
  let digits = decimal;
  let prefix = '';
  if (hexadecimal !== undefined) [base, digits, prefix] = [16n, hexadecimal, '0x'];
  else if (octal !== undefined) [base, digits, prefix] = [8n, octal, '0o'];
  else if (binary !== undefined) [base, digits, prefix] = [2n, binary, '0b'];
  const magnitude = BigInt(prefix + digits.replaceAll('_', ''));
  const tooManyDigits = magnitude >= base * (limit / base + 1n);
  if (!tooManyDigits) {
    for (let at = whole.length; at < text.length; at++) if (!isSpace(text.charCodeAt(at))) throw invalidSyntax(typeName, text);
  }
  if (tooManyDigits || magnitude > limit || (magnitude === limit && sign !== '-')) throw valueOutOfRange(typeName, text);
  return sign === '-' ? -magnitude : magnitude;
}

/** Hot. Plain decimal of at most 15 digits; undefined for all else, valid or not. */
function parsePlain(text: string): number | undefined {
  const length = text.length;
  let at = 0;
  const negative = text.charCodeAt(0) === 0x2d;
  if (negative) at = 1;
  if (at === length || length - at > 15) return undefined;
  let value = 0;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return negative ? 0 - value : value;
}

export function parseInt2(text: string): number {
  const value = parsePlain(text);
  return value !== undefined && value >= -32768 && value <= 32767 ? value : Number(parseSpelled(text, 0x8000n, 'smallint'));
}

export function parseInt4(text: string): number {
  const value = parsePlain(text);
  return value !== undefined && value >= -2147483648 && value <= 2147483647 ? value : Number(parseSpelled(text, 0x80000000n, 'integer'));
}

export function parseInt8(text: string): number | bigint {
  return parsePlain(text) ?? int8(parseSpelled(text, 0x8000000000000000n, 'bigint'));
}

/** C's strtoul with base 0, as PostgreSQL reads an oid: octal after 0, hexadecimal after 0x, and a minus that wraps around. */
export function parseUint32(text: string, typeName: string): number {
  const plain = parsePlain(text);
  if (plain !== undefined && plain >= 0 && plain <= 0xffffffff && (text.length === 1 || text.charCodeAt(0) !== 0x30)) return plain;
  const match = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))$/.exec(trimSpace(text));
  if (match === null) throw invalidSyntax(typeName, text);
  const [, sign, hexadecimal, octal, decimal] = match;
  let magnitude: bigint;
  if (hexadecimal !== undefined) magnitude = BigInt(`0x${hexadecimal}`);
  else if (octal !== undefined) magnitude = octal === '' ? 0n : BigInt(`0o${octal}`);
  else magnitude = BigInt(decimal);
  const value = sign === '-' ? -magnitude : magnitude;
  if (value < -0x80000000n || value > 0xffffffffn) throw valueOutOfRange(typeName, text);
  return Number(BigInt.asUintN(32, value));
}

const compareNumbers = (a: number, b: number): number => a - b;
const numberItself = (value: number): number => value;

export const int2Type = behaviour<number>({
  input: parseInt2,
  output: String,
  receive: (reader) => reader.int16(),
  send: (value, writer) => writer.int16(value),
  compare: compareNumbers,
  hashKey: numberItself,
  encodeKey(value, writer) {
    const turned = value + 0x8000;
    writer.append(String.fromCharCode(turned >>> 8, turned & 0xff));
  },
  decodeKey: (reader) => ((reader.byte() << 8) | reader.byte()) - 0x8000,
  encodeRow: (value, writer) => writer.int16(value),
  decodeRow: (buffer, offset) => (((buffer[offset] << 8) | buffer[offset + 1]) << 16) >> 16,
});

export const int4Type = behaviour<number>({
  input: parseInt4,
  output: String,
  receive: (reader) => reader.int32(),
  send: (value, writer) => writer.int32(value),
  compare: compareNumbers,
  hashKey: numberItself,
  encodeKey: encodeInt32Key,
  decodeKey: decodeInt32Key,
  encodeRow: (value, writer) => writer.int32(value),
  decodeRow: readInt32,
});

export const int8Type = behaviour<number | bigint>({
  input: parseInt8,
  output: String,
  receive: (reader) => reader.int64(),
  send: (value, writer) => writer.int64(value),
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  hashKey: (value) => value,
  encodeKey: encodeInt64Key,
  decodeKey: decodeInt64Key,
  encodeRow: (value, writer) => writer.int64(value),
  decodeRow: readInt64,
});

/** Without an order: xid and cid, which have equality only. */
const uint32 = (typeName: string) =>
  behaviour<number>({
    input: (text) => parseUint32(text, typeName),
    output: String,
    receive: (reader) => reader.uint32(),
    send: (value, writer) => writer.uint32(value),
    hashKey: numberItself,
    encodeRow: (value, writer) => writer.uint32(value),
    decodeRow: (buffer, offset) => readInt32(buffer, offset) >>> 0,
  });

/** Also the form of the reg* types. */
export const oidBehaviour: BehaviourOf<number> = {
  input: (text) => parseUint32(text, 'oid'),
  output: String,
  receive: (reader) => reader.uint32(),
  send: (value, writer) => writer.uint32(value),
  compare: compareNumbers,
  hashKey: numberItself,
  encodeKey: (value, writer) => writer.append(keyBytesOfUint32(value)),
  decodeKey: decodeUint32Key,
  encodeRow: (value, writer) => writer.uint32(value),
  decodeRow: (buffer, offset) => readInt32(buffer, offset) >>> 0,
};

export const oidType = behaviour<number>(oidBehaviour);

export const xidType = uint32('xid');
export const cidType = uint32('cid');

/** Unsigned 64 bits; a datum like int8's. */
export const xid8Type = behaviour<number | bigint>({
  input(text) {
    const match = /^([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(trimSpace(text));
    if (match === null) throw invalidSyntax('xid8', text);
    const magnitude = BigInt(match[2]);
    const value = BigInt.asUintN(64, match[1] === '-' ? -magnitude : magnitude);
    if (magnitude > 0xffffffffffffffffn) throw valueOutOfRange('xid8', text);
    return int8(value);
  },
  output: String,
  receive: (reader) => int8(BigInt.asUintN(64, BigInt(reader.int64()))),
  send: (value, writer) => writer.int64(BigInt.asIntN(64, BigInt(value))),
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  hashKey: (value) => value,
  encodeRow: (value, writer) => writer.int64(BigInt.asIntN(64, BigInt(value))),
  decodeRow: (buffer, offset) => int8(BigInt.asUintN(64, BigInt(readInt64(buffer, offset)))),
});
