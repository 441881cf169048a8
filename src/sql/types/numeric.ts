/**
 * numeric: text, binary, row and key forms. Arithmetic is numeric-arithmetic.ts.
 *
 *   row  two bytes (sign and scale, or which special value), then the digits as a big-endian integer without leading zero bytes
 *   key  a byte for the class (-Infinity, negative, 0, positive, Infinity, NaN), three for the decimal exponent, two digits a byte
 *        from the first non-zero one on, and an end mark; all turned for negative values. Equal values of different scale have one key,
 *        so there is no way back.
 */
import type { ByteReader, ByteWriter } from '#base/bytes.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { KeyWriter } from '../key.ts';
import { behaviour, invalidSyntax, trimSpace } from './behaviour.ts';
import { compareNumeric, finiteNumeric, magnitudeOf, maxNumericScale, maxNumericWhole, powerOfTen, rescale } from './numeric-arithmetic.ts';
import { numericPrecision, numericScale, numericTypmodIn, numericTypmodOut } from './numeric-typmod.ts';
import { Numeric } from './numeric-value.ts';

const plain = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;
const spelled = /^([+-]?)(?:([0-9](?:_?[0-9])*)(?:\.((?:[0-9](?:_?[0-9])*)?))?|\.([0-9](?:_?[0-9])*))(?:[eE]([+-]?[0-9](?:_?[0-9])*))?$/;
const radix = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)$/;

const overflow = (): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'value overflows numeric format');

export function parseNumeric(text: string): Numeric {
  const match = plain.exec(text);
  if (match !== null) {
    const [, sign, whole, fraction = ''] = match;
    if (fraction.length > maxNumericScale) throw overflow();
    const magnitude = BigInt(whole + fraction);
    return finiteNumeric(sign === '' ? magnitude : -magnitude, fraction.length);
  }
  return parseSpelled(text);
}

function parseSpelled(text: string): Numeric {
  const trimmed = trimSpace(text);
  const match = spelled.exec(trimmed);
  if (match !== null) {
    const [, sign, whole = '', afterWhole = '', alone = '', exponent = '0'] = match;
    return fromParts(sign, whole.replaceAll('_', ''), (afterWhole + alone).replaceAll('_', ''), Number(exponent.replaceAll('_', '')));
  }
  const other = radix.exec(trimmed);
  if (other !== null) {
    const magnitude = BigInt(other[2].replaceAll('_', '').toLowerCase());
    return finiteNumeric(other[1] === '-' ? -magnitude : magnitude, 0);
  }
  switch (trimmed.toLowerCase()) {
    case 'nan':
      return Numeric.nan;
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Numeric.infinity;
    case '-inf':
    case '-infinity':
      return Numeric.negativeInfinity;
    default:
      throw invalidSyntax('numeric', text);
  }
}

function fromParts(sign: string, whole: string, fraction: string, exponent: number): Numeric {
  const scale = Math.max(0, fraction.length - exponent);
  if (scale > maxNumericScale) throw overflow();
  let magnitude = BigInt(whole + fraction);
  if (magnitude !== 0n && exponent > fraction.length) {
    if (exponent - fraction.length > maxNumericWhole) throw overflow();
    magnitude *= powerOfTen(exponent - fraction.length);
  }
  return finiteNumeric(sign === '-' ? -magnitude : magnitude, scale);
}

const specialNames = { nan: 'NaN', infinity: 'Infinity', '-infinity': '-Infinity' } as const;

export function formatNumeric(value: Numeric): string {
  if (value.kind !== 'finite') return specialNames[value.kind];
  const { unscaled, scale } = value;
  if (scale === 0) return unscaled.toString();
  const digits = magnitudeOf(unscaled)
    .toString()
    .padStart(scale + 1, '0');
  const point = digits.length - scale;
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Rounds to the scale of numeric(p,s); 22003 when more than p - s digits remain before the point. */
export function fitNumeric(value: Numeric, typmod: number): Numeric {
  if (typmod < 4 || value.kind === 'nan') return value;
  const precision = numericPrecision(typmod);
  const scale = numericScale(typmod);
  if (value.kind !== 'finite') {
    throw fieldOverflow(`A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`);
  }
  const rounded = value.scale === scale ? value.unscaled : rescale(value.unscaled, value.scale, scale);
  if (magnitudeOf(rounded) >= powerOfTen(precision)) {
    const limit = precision === scale ? '1' : `10^${precision - scale}`;
    throw fieldOverflow(`A field with precision ${precision}, scale ${scale} must round to an absolute value less than ${limit}.`);
  }
  return scale >= 0 ? new Numeric('finite', rounded, scale) : new Numeric('finite', rounded * powerOfTen(-scale), 0);
}

const fieldOverflow = (detail: string): SqlError => new SqlError(sqlstate.numericValueOutOfRange, 'numeric field overflow', { detail });

// The wire's form: groups of four decimal digits.

const signPositive = 0x0000;
const signNegative = 0x4000;
const signNan = 0xc000;
const signInfinity = 0xd000;
const signNegativeInfinity = 0xf000;
/** PostgreSQL sends this as the scale of its infinities. */
const scaleOfInfinity = 0x20;

function send(value: Numeric, writer: ByteWriter): void {
  if (value.kind !== 'finite') {
    writer.int16(0);
    writer.int16(0);
    writer.int16(value.kind === 'nan' ? signNan : value.kind === 'infinity' ? signInfinity : signNegativeInfinity);
    writer.int16(value.kind === 'nan' ? 0 : scaleOfInfinity);
    return;
  }
  const digits = magnitudeOf(value.unscaled).toString().padStart(value.scale, '0');
  const whole = digits.length - value.scale;
  const left = (4 - (whole % 4)) % 4;
  const right = (4 - (value.scale % 4)) % 4;
  const padded = '0'.repeat(left) + digits + '0'.repeat(right);
  const groups: number[] = [];
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4)));
  let first = 0;
  let end = groups.length;
  while (first < end && groups[first] === 0) first++;
  while (end > first && groups[end - 1] === 0) end--;
  writer.int16(end - first);
  writer.int16(first === end ? 0 : (whole + left) / 4 - 1 - first);
  writer.int16(value.unscaled < 0n ? signNegative : signPositive);
  writer.int16(value.scale);
  for (let at = first; at < end; at++) writer.int16(groups[at]);
}

const malformed = (part: string): SqlError =>
  new SqlError(sqlstate.invalidBinaryRepresentation, `invalid ${part} in external "numeric" value`);

function receive(reader: ByteReader): Numeric {
  const count = reader.uint16();
  const weight = reader.int16();
  const sign = reader.uint16();
  const scale = reader.uint16();
  if (sign === signNan) return Numeric.nan;
  if (sign === signInfinity) return Numeric.infinity;
  if (sign === signNegativeInfinity) return Numeric.negativeInfinity;
  if (sign !== signPositive && sign !== signNegative) throw malformed('sign');
  if (scale > maxNumericScale) throw malformed('scale');
  let digits = '';
  for (let at = 0; at < count; at++) {
    const group = reader.int16();
    if (group < 0 || group > 9999) throw malformed('digit');
    digits += String(group).padStart(4, '0');
  }
  // The groups' last digit has the place 10^(4 (weight + 1 - count)); what lies beyond the stated scale is cut, not rounded.
  const shift = 4 * (weight + 1 - count) + scale;
  let magnitude = digits === '' ? 0n : BigInt(digits);
  magnitude = shift >= 0 ? magnitude * powerOfTen(shift) : magnitude / powerOfTen(-shift);
  return finiteNumeric(sign === signNegative ? -magnitude : magnitude, scale);
}

const rowNegative = 0x4000;
const rowSpecial = 0x8000;
const specialKinds = ['nan', 'infinity', '-infinity'] as const;

/** Hot: magnitudes below 2^48 go through plain numbers. */
function encodeRow(value: Numeric, writer: ByteWriter): void {
  if (value.kind !== 'finite') {
    writer.int16(rowSpecial | specialKinds.indexOf(value.kind));
    return;
  }
  const negative = value.unscaled < 0n;
  const magnitude = negative ? -value.unscaled : value.unscaled;
  writer.int16(value.scale | (negative ? rowNegative : 0));
  if (magnitude < 0x1000000000000n) {
    const small = Number(magnitude);
    const bytes = byteLength(small);
    if (bytes > 0) {
      writer.reserve(bytes).writeUIntBE(small, writer.length, bytes);
      writer.advance(bytes);
    }
    return;
  }
  const hex = magnitude.toString(16);
  writer.bytes(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

function byteLength(value: number): number {
  let bytes = 0;
  for (let rest = value; rest >= 1; rest /= 256) bytes++;
  return bytes;
}

function decodeRow(buffer: Buffer, offset: number, length: number): Numeric {
  const head = (buffer[offset] << 8) | buffer[offset + 1];
  if (head >= rowSpecial) return special(specialKinds[head - rowSpecial]);
  const bytes = length - 2;
  let magnitude: bigint;
  if (bytes <= 6) magnitude = bytes === 0 ? 0n : BigInt(buffer.readUIntBE(offset + 2, bytes));
  else magnitude = BigInt(`0x${buffer.toString('hex', offset + 2, offset + length)}`);
  return new Numeric('finite', (head & rowNegative) !== 0 ? -magnitude : magnitude, head & 0x3fff);
}

function special(kind: (typeof specialKinds)[number]): Numeric {
  return kind === 'nan' ? Numeric.nan : kind === 'infinity' ? Numeric.infinity : Numeric.negativeInfinity;
}

/** Powers of ten that a double holds exactly: an integer of fifteen digits over one of them is the double nearest to the quotient. */
const exactPowers: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Equal for equal values whatever their scale: a number while that tells all values apart, else the digits without trailing zeros. */
export function hashNumeric(value: Numeric): number | string {
  if (value.kind !== 'finite') return value.kind;
  const { unscaled, scale } = value;
  if (unscaled > -1000000000000000n && unscaled < 1000000000000000n && scale < exactPowers.length)
    return Number(unscaled) / exactPowers[scale];
  let digits = unscaled.toString();
  let places = scale;
  if (places > 0 && digits.endsWith('0')) {
    const zeros = Math.min(/0*$/.exec(digits)?.[0].length ?? 0, places);
    digits = digits.slice(0, digits.length - zeros);
    places -= zeros;
    if (digits === '' || digits === '-') return 0;
  }
  if (digits.length <= 15 && places < exactPowers.length) return Number(digits) / exactPowers[places];
  return `${digits}e${places}`;
}

const keyClass = { '-infinity': '\x01', negative: '\x02', zero: '\x03', positive: '\x04', infinity: '\x05', nan: '\x06' } as const;
const exponentBias = 0x800000;

function encodeKey(value: Numeric, writer: KeyWriter): void {
  if (value.kind !== 'finite') {
    writer.append(keyClass[value.kind]);
    return;
  }
  if (value.unscaled === 0n) {
    writer.append(keyClass.zero);
    return;
  }
  const negative = value.unscaled < 0n;
  const digits = magnitudeOf(value.unscaled).toString();
  // The value is 0.digits times 10^exponent.
  const exponent = digits.length - value.scale + exponentBias;
  const turn = negative ? 0xff : 0;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 0x30) end--;
  let bytes = String.fromCharCode((exponent >>> 16) ^ turn, ((exponent >>> 8) & 0xff) ^ turn, (exponent & 0xff) ^ turn);
  for (let at = 0; at < end; at += 2) {
    const high = digits.charCodeAt(at) - 0x30;
    const low = at + 1 < end ? digits.charCodeAt(at + 1) - 0x30 : 0;
    bytes += String.fromCharCode((high * 10 + low + 1) ^ turn);
  }
  writer.append((negative ? keyClass.negative : keyClass.positive) + bytes + String.fromCharCode(turn));
}

export const numericType = behaviour<Numeric>({
  input: (text, typmod) => fitNumeric(parseNumeric(text), typmod),
  output: formatNumeric,
  receive: (reader, typmod) => fitNumeric(receive(reader), typmod),
  send,
  compare: compareNumeric,
  hashKey: hashNumeric,
  encodeKey,
  encodeRow,
  decodeRow,
  typmodIn: numericTypmodIn,
  typmodOut: numericTypmodOut,
  applyTypmod: fitNumeric,
});
