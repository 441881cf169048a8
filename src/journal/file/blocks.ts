/**
 * How entries lie in a segment file.
 *
 *   segment = header (86 bytes), blocks
 *   header  = magic 8, format uint32, journal id 26, first position int64, epoch uint32, previous hash 32, crc32 of all before
 *   block   = magic uint32, body length uint32, body crc32, crc32 of these twelve bytes, body
 *   body    = one or more entries: length uint32, position int64, epoch uint32, previous hash 32, payload (../entry-codec.ts)
 *
 * A block is what one synchronisation makes durable. The next block is written only after that, so at most one block of a journal is ever in
 * doubt, and it is the last one: whatever lies behind a block proves that the block had been durable. That is what tells a torn tail, which is
 * cut, from damage, which is not (J3, J4).
 *
 * Entries are chained by hash (../chain.ts); crc32 stands beside it because damage must also be found where no hash has been read yet, and to find
 * blocks behind a damaged one. The crc of a block's header starts from the journal's id (the `seed`), so that no user can store a value that looks
 * like a block.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { hashBytes } from '../chain.ts';

export const segmentHeaderBytes = 86;
export const blockHeaderBytes = 16;
const segmentFormat = 1;
const segmentMagic = 'BOREALJ\n';
const blockMagic = Buffer.from('BRBK', 'latin1');

/** From the journal's id to its block headers' crc. */
export const blockSeed = (journalId: string): number => crc32(journalId);

export type SegmentHeader = {
  readonly journalId: string;
  readonly firstPosition: number;
  /** That of the last claim before the segment; 0 when there is none. */
  readonly epoch: number;
  readonly previousHash: Uint8Array;
};

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const writer = new ByteWriter(segmentHeaderBytes);
  writer.latin1(segmentMagic);
  writer.uint32(segmentFormat);
  writer.latin1(header.journalId);
  writer.int64(header.firstPosition);
  writer.uint32(header.epoch);
  writer.bytes(header.previousHash);
  writer.uint32(crc32(writer.view()));
  return writer.take();
}

/** undefined for bytes that are no header (cut short, or a wrong checksum); throws for a format that this version does not know. */
export function decodeSegmentHeader(file: Buffer): SegmentHeader | undefined {
  if (file.length < segmentHeaderBytes) return undefined;
  const reader = new ByteReader(file, 0, segmentHeaderBytes);
  if (reader.latin1(8) !== segmentMagic) return undefined;
  const version = reader.uint32();
  const journalId = reader.latin1(26);
  const firstPosition = Number(reader.int64());
  const epoch = reader.uint32();
  const previousHash = Uint8Array.from(reader.bytes(hashBytes));
  if (reader.uint32() !== crc32(file.subarray(0, segmentHeaderBytes - 4))) return undefined;
  if (version !== segmentFormat) throw new Error(`journal segment format ${version} is not known to this version`);
  return { journalId, firstPosition, epoch, previousHash };
}

/** Fills in the header of the block that the writer holds (its first bytes were reserved for it). */
export function sealBlock(writer: ByteWriter, seed: number): Buffer {
  const block = writer.view();
  const body = block.subarray(blockHeaderBytes);
  block.set(blockMagic, 0);
  block.writeUInt32BE(body.length, 4);
  block.writeUInt32BE(crc32(body), 8);
  block.writeUInt32BE(crc32(block.subarray(0, 12), seed), 12);
  return block;
}

/** The body of the block at `offset`; undefined when there is no whole and undamaged block. */
export function blockAt(file: Buffer, offset: number, seed: number): { readonly bodyStart: number; readonly bodyEnd: number } | undefined {
  const bodyLength = bodyLengthAt(file, offset, seed);
  if (bodyLength === undefined) return undefined;
  const bodyStart = offset + blockHeaderBytes;
  const bodyEnd = bodyStart + bodyLength;
  if (bodyEnd > file.length || crc32(file.subarray(bodyStart, bodyEnd)) !== file.readUInt32BE(offset + 8)) return undefined;
  return { bodyStart, bodyEnd };
}

/** As the header at `offset` says, undefined when that is damaged. */
function bodyLengthAt(file: Buffer, offset: number, seed: number): number | undefined {
  if (offset + blockHeaderBytes > file.length || blockMagic.compare(file, offset, offset + 4) !== 0) return undefined;
  if (crc32(file.subarray(offset, offset + 12), seed) !== file.readUInt32BE(offset + 12)) return undefined;
  return file.readUInt32BE(offset + 4);
}

/**
 * Whether anything proves that the damaged block at `offset` had been durable: bytes behind its end as its header says, or, where the header
 * is gone too, a whole block anywhere behind.
 */
export function isFollowed(file: Buffer, offset: number, seed: number): boolean {
  const bodyLength = bodyLengthAt(file, offset, seed);
  if (bodyLength !== undefined) return file.length > offset + blockHeaderBytes + bodyLength;
  for (let at = file.indexOf(blockMagic, offset + 1); at >= 0; at = file.indexOf(blockMagic, at + 1)) {
    if (bodyLengthAt(file, at, seed) !== undefined) return true;
  }
  return false;
}
