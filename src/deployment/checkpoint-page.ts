/** A page of a checkpoint as bytes: length uint32, crc32, rows (timestamp int64, key and value with their lengths). */
import { crc32 } from 'node:zlib';
import { ByteReader, type ByteWriter } from '#base/bytes.ts';
import type { StoredRow } from '#storage/replica.ts';

export const pageHeaderBytes = 8;

/** The writer holds the page and nothing else afterwards. */
export function writePage(writer: ByteWriter, rows: readonly StoredRow[]): void {
  writer.clear();
  writer.uint32(0);
  writer.uint32(0);
  for (const { key, value, timestamp } of rows) {
    writer.int64(timestamp);
    writer.uint32(key.length);
    writer.latin1(key);
    writer.uint32(value.length);
    writer.bytes(value);
  }
  const page = writer.view().subarray(8);
  writer.patchInt32(0, page.length);
  writer.patchInt32(4, crc32(page) | 0);
}

/** The page at the reader's place; undefined when its checksum is wrong. */
export function readPage(reader: ByteReader): StoredRow[] | undefined {
  const length = reader.uint32();
  const checksum = reader.uint32();
  const page = reader.bytes(length);
  if (crc32(page) !== checksum) return undefined;
  const inside = new ByteReader(page);
  const rows: StoredRow[] = [];
  while (inside.remaining > 0) {
    const timestamp = Number(inside.int64());
    const key = inside.latin1(inside.uint32());
    rows.push({ timestamp, key, value: inside.bytes(inside.uint32()) });
  }
  return rows;
}
