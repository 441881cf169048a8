/**
 * How a journal entry lies in stream messages. Format 1.
 *
 *   message = format uint8, kind uint8 (1 entry, 2 piece), sequence int64, position int64, epoch uint32, pieces uint32, bytes, crc32
 *
 * `bytes` is the entry's frame (../chain.ts), or a part of it: an entry that is larger than a message goes as pieces numbered from 0, each a message, followed at once by the
 * closing message of kind 1, which says how many pieces come before it and holds the rest. `sequence` is where the writer expected the message to be
 * stored, `position` and `epoch` are the entry's. The crc starts from the journal's id: nothing that another stream or a user wrote passes for a message.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import { JournalDamaged } from '../chain.ts';
import { encodeEntry } from '../entry-codec.ts';
import type { JournalEntry, JournalPosition } from '../journal.ts';
import type { Sequence } from './record-stream.ts';

const format = 1;
const entryKind = 1;
const pieceKind = 2;
const headerBytes = 26;
const checksumBytes = 4;

export type StreamMessage = {
  readonly kind: 'entry' | 'piece';
  readonly sequence: Sequence;
  readonly position: JournalPosition;
  readonly epoch: number;
  /** Of an entry: how many pieces come before it. Of a piece: its number, from 0. */
  readonly pieces: number;
  readonly bytes: Uint8Array;
};

/** position, epoch, previous hash, payload. */
export function encodeFrame(position: JournalPosition, previousHash: Uint8Array, entry: JournalEntry): Uint8Array {
  const writer = new ByteWriter(4096);
  writer.int64(position);
  writer.uint32(entry.epoch);
  writer.bytes(previousHash);
  encodeEntry(entry, writer);
  return writer.view();
}

/** The messages of one entry, the closing one last, for the sequences from `firstSequence` on. */
export function encodeMessages(frame: Uint8Array, firstSequence: Sequence, journalId: string, maximumBytes: number): Uint8Array[] {
  const reader = new ByteReader(frame);
  const position = Number(reader.int64());
  const epoch = reader.uint32();
  const room = maximumBytes - headerBytes - checksumBytes;
  const messages: Uint8Array[] = [];
  let offset = 0;
  for (; frame.length - offset > room; offset += room) {
    messages.push(
      encodeMessage(
        {
          kind: 'piece',
          sequence: firstSequence + messages.length,
          position,
          epoch,
          pieces: messages.length,
          bytes: frame.subarray(offset, offset + room),
        },
        journalId,
      ),
    );
  }
  messages.push(
    encodeMessage(
      { kind: 'entry', sequence: firstSequence + messages.length, position, epoch, pieces: messages.length, bytes: frame.subarray(offset) },
      journalId,
    ),
  );
  return messages;
}

// Hot: once a batch.
function encodeMessage(message: StreamMessage, journalId: string): Uint8Array {
  const writer = new ByteWriter(headerBytes + message.bytes.length + checksumBytes);
  writer.uint8(format);
  writer.uint8(message.kind === 'entry' ? entryKind : pieceKind);
  writer.int64(message.sequence);
  writer.int64(message.position);
  writer.uint32(message.epoch);
  writer.uint32(message.pieces);
  writer.bytes(message.bytes);
  writer.uint32(crc32(writer.view(), crc32(journalId)));
  return writer.view();
}

/** Throws JournalDamaged for bytes that no adjudicator of this journal has written. */
export function decodeMessage(message: Uint8Array, at: Sequence, journalId: string): StreamMessage {
  const body = message.length - checksumBytes;
  const reader = new ByteReader(message);
  if (body < headerBytes) throw new JournalDamaged(`message ${at} of the stream is cut short`);
  if (reader.buffer.readUInt32BE(body) !== crc32(reader.buffer.subarray(0, body), crc32(journalId)))
    throw new JournalDamaged(`message ${at} of the stream is damaged, or belongs to another journal`);
  const found = reader.uint8();
  if (found !== format) throw new JournalDamaged(`message ${at} of the stream has format ${found}, which is not known to this version`);
  const kind = reader.uint8();
  if (kind !== entryKind && kind !== pieceKind) throw new JournalDamaged(`message ${at} of the stream is of unknown kind ${kind}`);
  const sequence = Number(reader.int64());
  const position = Number(reader.int64());
  const epoch = reader.uint32();
  const pieces = reader.uint32();
  return {
    kind: kind === entryKind ? 'entry' : 'piece',
    sequence,
    position,
    epoch,
    pieces,
    bytes: reader.buffer.subarray(headerBytes, body),
  };
}
