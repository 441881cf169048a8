/**
 * 32- and 64-bit integers as bytes: big-endian in rows, and with the sign bit turned in keys, so that bytes sort as numbers do.
 * A 64-bit integer is a number where that is exact, else a bigint (datum.ts).
 *
 * Hot: read and written once a column and row.
 */
import type { KeyReader, KeyWriter } from '../key.ts';

const twoTo32 = 4294967296;

export function readInt32(buffer: Buffer, offset: number): number {
  return (buffer[offset] << 24) | (buffer[offset + 1] << 16) | (buffer[offset + 2] << 8) | buffer[offset + 3];
}

export function readInt64(buffer: Buffer, offset: number): number | bigint {
  const high = readInt32(buffer, offset);
  const low = readInt32(buffer, offset + 4) >>> 0;
  return joinInt64(high, low);
}

/** From a signed high and an unsigned low half. */
function joinInt64(high: number, low: number): number | bigint {
  const value = high * twoTo32 + low;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? value : BigInt(high) * 4294967296n + BigInt(low);
}

export function keyBytesOfUint32(value: number): string {
  return String.fromCharCode((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
}

export function encodeInt32Key(value: number, writer: KeyWriter): void {
  writer.append(keyBytesOfUint32(value ^ 0x80000000));
}

export function decodeUint32Key(reader: KeyReader): number {
  const high = (reader.byte() << 8) | reader.byte();
  const low = (reader.byte() << 8) | reader.byte();
  return high * 65536 + low;
}

export const decodeInt32Key = (reader: KeyReader): number => (decodeUint32Key(reader) ^ 0x80000000) | 0;

export function encodeInt64Key(value: number | bigint, writer: KeyWriter): void {
  let high: number;
  let low: number;
  if (typeof value === 'number') {
    high = Math.floor(value / twoTo32);
    low = value - high * twoTo32;
  } else {
    high = Number(value >> 32n);
    low = Number(value & 0xffffffffn);
  }
  high ^= 0x80000000;
  writer.append(
    String.fromCharCode(
      (high >>> 24) & 0xff,
      (high >>> 16) & 0xff,
      (high >>> 8) & 0xff,
      high & 0xff,
      (low >>> 24) & 0xff,
      (low >>> 16) & 0xff,
      (low >>> 8) & 0xff,
      low & 0xff,
    ),
  );
}

export function decodeInt64Key(reader: KeyReader): number | bigint {
  const high = decodeInt32Key(reader);
  return joinInt64(high, decodeUint32Key(reader));
}
