/**
 * The record rule: which messages of a stream count as journal entries. Every reader applies it to the same messages in the same order, so all agree.
 *
 *   R1  A message counts only where it was meant to be: its stated sequence is its real one. A deposed adjudicator's second message may be taken right behind
 *       the claim that deposed it, but then a message it was written behind is missing, and that shows in R2.
 *   R2  Commits count only if their epoch is that of the last claim that counts, their position the next one, and all their pieces lie right before them.
 *       A claim counts only if its epoch is greater than the last one's and its position the next one.
 *   R3  Anything else is void: passed over, and never anybody's commit.
 *   R4  What counts by R1 and R2 but names another history (previous hash) is damage, not a void: somebody has lost or changed an entry. The reader stops.
 *
 * Only adjudicators append; one that was refused appends its next message for the place it then expects (jetstream-journal.ts). So a void is always the work of
 * an adjudicator that did not know of a claim, or of a message before it that did not get in.
 */
import { ByteReader } from '#base/bytes.ts';
import { type ChainEnd, chainHash, entryHeaderBytes, hashBytes, JournalDamaged, sameHash } from '../chain.ts';
import { decodeEntry, MalformedEntry } from '../entry-codec.ts';
import type { JournalEntry, PlacedEntry } from '../journal.ts';
import type { Sequence } from './record-stream.ts';
import { decodeMessage, type StreamMessage } from './stream-message.ts';

/** An entry that counts, and where its first message lies. */
export type CountingEntry = { readonly placed: PlacedEntry; readonly firstSequence: Sequence; readonly bytes: number };

export class RecordRule {
  readonly #journalId: string;
  /** For the simulator alone: whatever stands at the next position counts. */
  readonly #isSkipped: boolean;
  #end: ChainEnd;
  #last: Sequence;
  #pieces: StreamMessage[] = [];

  /** Reading goes on behind sequence `last`, where the history is `end`. */
  constructor(journalId: string, end: ChainEnd, last: Sequence, isSkipped = false) {
    this.#journalId = journalId;
    this.#isSkipped = isSkipped;
    this.#end = end;
    this.#last = last;
  }

  /** What has counted so far. */
  get end(): ChainEnd {
    return this.#end;
  }

  /** Sequence of the last message seen. */
  get last(): Sequence {
    return this.#last;
  }

  /** The entry that the message completes; undefined for a piece or a void. Throws JournalDamaged (R4, J4). */
  take(sequence: Sequence, bytes: Uint8Array): CountingEntry | undefined {
    if (sequence !== this.#last + 1)
      throw new JournalDamaged(`message ${sequence} of the stream follows ${this.#last}: messages are missing`);
    this.#last = sequence;
    const message = decodeMessage(bytes, sequence, this.#journalId);
    const pieces = this.#pieces;
    if (message.sequence !== sequence) {
      this.#pieces = [];
      return undefined;
    }
    if (message.kind === 'piece') {
      this.#takePiece(message);
      return undefined;
    }
    this.#pieces = [];
    if (message.position !== this.#end.position + 1) return undefined;
    if (message.pieces !== pieces.length || !pieces.every((piece) => belongsTo(piece, message))) return undefined;
    return this.#place(message, pieces);
  }

  /**
   * The writer's short way: its own message, acknowledged where it was meant to be, without decoding it again.
   * False when that is not the next message here: it comes the long way then.
   */
  takeOwn(sequence: Sequence, pieces: number, placed: PlacedEntry, previousHash: Uint8Array): boolean {
    const { position, entry, hash } = placed;
    if (sequence - pieces !== this.#last + 1 || this.#pieces.length > 0) return false;
    if (position !== this.#end.position + 1 || !this.#hasRightEpoch(entry)) return false;
    if (!sameHash(previousHash, this.#end.hash)) return false;
    this.#last = sequence;
    this.#end = { position, hash, epoch: entry.epoch };
    return true;
  }

  #takePiece(piece: StreamMessage): void {
    const before = this.#pieces.at(-1);
    const follows = before === undefined ? piece.pieces === 0 : belongsTo(before, piece) && piece.pieces === before.pieces + 1;
    if (follows) this.#pieces.push(piece);
    else this.#pieces = piece.pieces === 0 ? [piece] : [];
  }

  #place(message: StreamMessage, pieces: readonly StreamMessage[]): CountingEntry | undefined {
    const { position, epoch } = message;
    const frame = pieces.length === 0 ? message.bytes : Buffer.concat([...pieces.map(({ bytes }) => bytes), message.bytes]);
    const entry = decodeFrame(frame, message);
    if (!this.#hasRightEpoch(entry)) return undefined;
    if (!sameHash(frame.subarray(entryHeaderBytes - hashBytes, entryHeaderBytes), this.#end.hash))
      throw new JournalDamaged(
        `entry ${position} (message ${message.sequence} of the stream) does not continue the journal as it was read here`,
      );
    const hash = chainHash(frame);
    this.#end = { position, hash, epoch };
    return { placed: { position, entry, hash }, firstSequence: message.sequence - pieces.length, bytes: frame.length };
  }

  #hasRightEpoch(entry: JournalEntry): boolean {
    if (this.#isSkipped) return true;
    return entry.kind === 'claim' ? entry.epoch > this.#end.epoch : entry.epoch === this.#end.epoch;
  }
}

const belongsTo = (a: StreamMessage, b: StreamMessage): boolean => a.position === b.position && a.epoch === b.epoch;

function decodeFrame(frame: Uint8Array, message: StreamMessage): JournalEntry {
  const reader = new ByteReader(frame);
  const where = `entry ${message.position} (message ${message.sequence} of the stream)`;
  try {
    if (Number(reader.int64()) !== message.position || reader.uint32() !== message.epoch)
      throw new MalformedEntry('its frame belongs to another entry');
    reader.bytes(hashBytes);
    return decodeEntry(reader, message.epoch);
  } catch (error) {
    if (error instanceof MalformedEntry) throw new JournalDamaged(`${where}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** The history before the first message that a truncated stream still holds: what that message says it follows. Truncation cuts where an entry begins (J1). */
export function endBefore(sequence: Sequence, bytes: Uint8Array, journalId: string): ChainEnd {
  const message = decodeMessage(bytes, sequence, journalId);
  if (
    message.sequence !== sequence ||
    (message.kind === 'piece' && message.pieces !== 0) ||
    (message.kind === 'entry' && message.pieces > 0)
  )
    throw new JournalDamaged(`the stream begins at message ${sequence}, which does not begin an entry`);
  const { buffer, byteOffset } = message.bytes;
  const frame = Buffer.from(buffer, byteOffset, message.bytes.length);
  const isClaim = frame[entryHeaderBytes + 1] === 1;
  return {
    position: message.position - 1,
    epoch: isClaim ? message.epoch - 1 : message.epoch,
    hash: Uint8Array.from(frame.subarray(entryHeaderBytes - hashBytes, entryHeaderBytes)),
  };
}
