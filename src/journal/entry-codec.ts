/**
 * Binary form of a journal entry. Format 1; a new form gets a new number and the old one stays readable.
 *
 *   entry    = format uint8, kind uint8 (1 claim, 2 commits), then
 *   claim    = floor int64, claimant (length, latin1; not there in the first version's)
 *   commits  = count, records
 *   record   = id (length, latin1), timestamp int64, snapshot int64, count, writes, count, marks
 *   write    = mode and presence uint8, key (length, latin1), value (length, bytes) unless a tombstone
 *   mark     = mode uint8, key
 *
 * Counts and lengths are variable-length (seven bits a byte, low first). The epoch is not here: it stands in the frame, where a reader needs
 * it before it looks inside. Decoded values are views of the bytes that were read; keys are strings of their own.
 */
import { type ByteReader, type ByteWriter, EndOfBytes } from '#base/bytes.ts';
import { readCount, readLatin1, writeCount, writeLatin1 } from '#base/compact.ts';
import type { CommitRecord, JournalEntry } from './journal.ts';

const format = 1;
const claimKind = 1;
const commitsKind = 2;

const modeCode = { write: 0, update: 1, blind: 2, share: 3 } as const;
const tombstone = 0x80;

export function encodeEntry(entry: JournalEntry, writer: ByteWriter): void {
  writer.uint8(format);
  if (entry.kind === 'claim') {
    writer.uint8(claimKind);
    writer.int64(entry.floor);
    writeLatin1(writer, entry.claimant);
    return;
  }
  writer.uint8(commitsKind);
  writeCount(writer, entry.records.length);
  for (const record of entry.records) encodeRecord(record, writer);
}

// Hot: once a commit.
function encodeRecord(record: CommitRecord, writer: ByteWriter): void {
  writeLatin1(writer, record.transactionId);
  writer.int64(record.timestamp);
  writer.int64(record.snapshot);
  writeCount(writer, record.writes.length);
  for (const { key, mode, value } of record.writes) {
    writer.uint8(value === undefined ? modeCode[mode] | tombstone : modeCode[mode]);
    writeLatin1(writer, key);
    if (value === undefined) continue;
    writeCount(writer, value.length);
    writer.bytes(value);
  }
  writeCount(writer, record.marks.length);
  for (const { key, mode } of record.marks) {
    writer.uint8(modeCode[mode]);
    writeLatin1(writer, key);
  }
}

/** Throws MalformedEntry for bytes that are no entry; behind a good checksum that means another version's work, or a bug. */
export function decodeEntry(reader: ByteReader, epoch: number): JournalEntry {
  try {
    const found = reader.uint8();
    if (found !== format) throw new MalformedEntry(`entry format ${found} is not known to this version`);
    const kind = reader.uint8();
    if (kind === claimKind)
      return { kind: 'claim', epoch, floor: Number(reader.int64()), claimant: reader.remaining === 0 ? '' : readLatin1(reader) };
    if (kind !== commitsKind) throw new MalformedEntry(`entry kind ${kind} is not known to this version`);
    const count = readCount(reader);
    const records: CommitRecord[] = [];
    for (let i = 0; i < count; i++) records.push(decodeRecord(reader));
    if (reader.remaining !== 0) throw new MalformedEntry('bytes left over behind an entry');
    return { kind: 'commits', epoch, records };
  } catch (error) {
    if (error instanceof EndOfBytes) throw new MalformedEntry('an entry ends too early');
    throw error;
  }
}

export class MalformedEntry extends Error {
  override readonly name = 'MalformedEntry';
}

function decodeRecord(reader: ByteReader): CommitRecord {
  const transactionId = readLatin1(reader);
  const timestamp = Number(reader.int64());
  const snapshot = Number(reader.int64());
  const writeCount = readCount(reader);
  const writes: CommitRecord['writes'][number][] = [];
  for (let i = 0; i < writeCount; i++) {
    const code = reader.uint8();
    const mode = writeModes[code & 0x7f];
    if (mode === undefined) throw new MalformedEntry('unknown mode of a write');
    const key = readLatin1(reader);
    const value = code & tombstone ? undefined : reader.bytes(readCount(reader));
    writes.push({ key, value, mode });
  }
  const markCount = readCount(reader);
  const marks: CommitRecord['marks'][number][] = [];
  for (let i = 0; i < markCount; i++) {
    const code = reader.uint8();
    if (code !== modeCode.write && code !== modeCode.share) throw new MalformedEntry('unknown mode of a mark');
    marks.push({ key: readLatin1(reader), mode: code === modeCode.write ? 'write' : 'share' });
  }
  return { transactionId, timestamp, snapshot, writes, marks };
}

const writeModes = ['write', 'update', 'blind'] as const;
