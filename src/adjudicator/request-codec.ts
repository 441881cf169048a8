/**
 * Commit requests and verdicts as bytes, for an adjudicator on another node. Format 1, told in the first byte; both ends are nodes of one fleet, which is upgraded node by
 * node, so a new form gets a new number and the old one stays readable.
 */
import { type ByteReader, ByteWriter, EndOfBytes } from '#base/bytes.ts';
import { readCount, readLatin1, writeCount, writeLatin1 } from '#base/compact.ts';
import type { CommitRequest, KeyMode, Mark, Verdict, Write } from './adjudicator.ts';

const format = 1;
const tombstone = 0x80;
const modes: readonly KeyMode[] = ['write', 'update', 'share', 'read', 'blind'];
const verdictKinds: readonly Verdict['kind'][] = ['committed', 'conflict', 'tooOld', 'unavailable', 'unknown'];

/** Bytes that are no request or verdict of a known format. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export function encodeRequest(request: CommitRequest): Uint8Array {
  const writer = new ByteWriter(request.bytes + 256);
  writer.uint8(format);
  writeCount(writer, request.partition);
  writeCount(writer, request.epoch);
  writeLatin1(writer, request.transactionId);
  writer.int64(request.snapshot);
  writeCount(writer, request.bytes);
  writeCount(writer, request.writes.length);
  for (const { key, mode, value } of request.writes) {
    writer.uint8(value === undefined ? modes.indexOf(mode) | tombstone : modes.indexOf(mode));
    writeLatin1(writer, key);
    if (value === undefined) continue;
    writeCount(writer, value.length);
    writer.bytes(value);
  }
  writeCount(writer, request.marks.length);
  for (const { key, mode } of request.marks) {
    writer.uint8(modes.indexOf(mode));
    writeLatin1(writer, key);
  }
  return writer.view();
}

/** Throws MalformedMessage. Values are views of the bytes. */
export function decodeRequest(reader: ByteReader): CommitRequest {
  return decoded(reader, () => {
    const partition = readCount(reader);
    const epoch = readCount(reader);
    const transactionId = readLatin1(reader);
    const snapshot = Number(reader.int64());
    const bytes = readCount(reader);
    const writes: Write[] = [];
    for (let left = readCount(reader); left > 0; left--) writes.push(readWrite(reader));
    const marks: Mark[] = [];
    for (let left = readCount(reader); left > 0; left--) marks.push(readMark(reader));
    return { partition, epoch, transactionId, snapshot, writes, marks, bytes };
  });
}

export function encodeVerdict(verdict: Verdict): Uint8Array {
  const writer = new ByteWriter(64);
  writer.uint8(format);
  writer.uint8(verdictKinds.indexOf(verdict.kind));
  if (verdict.kind === 'committed') {
    writer.int64(verdict.timestamp);
    writer.int64(verdict.position);
  } else if (verdict.kind === 'conflict') {
    writer.uint8(verdict.code === 'OC000' ? 0 : 1);
    writeLatin1(writer, verdict.key);
    writer.int64(verdict.winner);
  } else if (verdict.kind === 'unavailable') writer.utf8(verdict.reason);
  return writer.view();
}

/** Throws MalformedMessage. */
export function decodeVerdict(reader: ByteReader): Verdict {
  return decoded(reader, (): Verdict => {
    const kind = verdictKinds[reader.uint8()];
    switch (kind) {
      case 'committed':
        return { kind, timestamp: Number(reader.int64()), position: Number(reader.int64()) };
      case 'conflict':
        return { kind, code: reader.uint8() === 0 ? 'OC000' : 'OC001', key: readLatin1(reader), winner: Number(reader.int64()) };
      case 'unavailable':
        return { kind, reason: Buffer.from(reader.bytes(reader.remaining)).toString('utf8') };
      case 'tooOld':
      case 'unknown':
        return { kind };
      default:
        throw new MalformedMessage('a verdict of unknown kind');
    }
  });
}

function readWrite(reader: ByteReader): Write {
  const code = reader.uint8();
  const mode = modes[code & 0x7f];
  if (mode !== 'write' && mode !== 'update' && mode !== 'blind') throw new MalformedMessage('unknown mode of a write');
  const key = readLatin1(reader);
  return { key, mode, value: code & tombstone ? undefined : reader.bytes(readCount(reader)) };
}

function readMark(reader: ByteReader): Mark {
  const mode = modes[reader.uint8()];
  if (mode !== 'write' && mode !== 'share' && mode !== 'read') throw new MalformedMessage('unknown mode of a mark');
  return { mode, key: readLatin1(reader) };
}

function decoded<T>(reader: ByteReader, read: () => T): T {
  try {
    const found = reader.uint8();
    if (found !== format) throw new MalformedMessage(`message format ${found} is not known to this version`);
    const value = read();
    if (reader.remaining !== 0) throw new MalformedMessage('bytes left over behind a message');
    return value;
  } catch (error) {
    if (error instanceof EndOfBytes) throw new MalformedMessage('a message ends too early');
    throw error;
  }
}
