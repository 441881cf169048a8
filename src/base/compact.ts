/** Counts and short strings in few bytes: seven bits a byte, low first. What journal entries and messages between nodes are made of. */
import { assert } from './assert.ts';
import { type ByteReader, type ByteWriter, EndOfBytes } from './bytes.ts';

/** Up to 2^31 - 1. */
export function writeCount(writer: ByteWriter, count: number): void {
  assert(count >= 0 && count < 2 ** 31, 'counts fit 31 bits');
  let rest = count;
  while (rest >= 0x80) {
    writer.uint8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.uint8(rest);
}

/** Throws EndOfBytes, also for a count that is longer than any that was written. */
export function readCount(reader: ByteReader): number {
  let count = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.uint8();
    count |= (byte & 0x7f) << shift;
    if (byte < 0x80) return count;
    if (shift >= 28) throw new EndOfBytes('a count is too long');
  }
}

/** A string of code points below 256 and its length. Hot: once a key. */
export function writeLatin1(writer: ByteWriter, text: string): void {
  writeCount(writer, text.length);
  const buffer = writer.reserve(text.length);
  buffer.latin1Write(text, writer.length, text.length);
  writer.advance(text.length);
}

export const readLatin1 = (reader: ByteReader): string => reader.latin1(readCount(reader));
