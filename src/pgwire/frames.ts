/**
 * Frames: cuts a stream of bytes into messages. Knows no socket and no message's meaning.
 *
 * A message is a type byte and a length that counts itself; start-up packets have no type byte. Half-received messages are kept
 * until their rest arrives. A length that cannot be right is an error at once, before its bytes are waited for.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

/** One message: its type (0 for a start-up packet) and its body, a view that is valid until the next `push`. */
export type Frame = { readonly type: number; readonly body: Buffer };

const startupBytesMaximum = 10_000; // PostgreSQL's MAX_STARTUP_PACKET_LENGTH.

export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  #offset = 0;
  #limit: number;
  #isStartup = true;

  /** `limit`: the largest body, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes received and not yet taken. */
  get heldBytes(): number {
    return this.#held.length - this.#offset;
  }

  /** From now on messages have a type byte. */
  endStartup(): void {
    this.#isStartup = false;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
  }

  /** Adds received bytes. Keeps the buffer: the caller gives it away. */
  push(bytes: Buffer): void {
    if (this.#offset === this.#held.length) this.#held = bytes;
    else this.#held = Buffer.concat([this.#held.subarray(this.#offset), bytes]);
    this.#offset = 0;
  }

  /** The bytes not taken yet; the reader is empty afterwards. */
  takeRest(): Buffer {
    const rest = this.#held.subarray(this.#offset);
    this.#offset = this.#held.length;
    return rest;
  }

  /** The next whole message, undefined while there is none. Throws SqlError 08P01 on an impossible length. */
  next(): Frame | undefined {
    return this.#isStartup ? this.#nextStartup() : this.#nextMessage();
  }

  #nextStartup(): Frame | undefined {
    if (this.heldBytes < 4) return undefined;
    const length = this.#held.readUInt32BE(this.#offset);
    if (length < 8 || length > startupBytesMaximum) throw new SqlError(sqlstate.protocolViolation, 'invalid length of startup packet');
    if (this.heldBytes < length) return undefined;
    return { type: 0, body: this.#take(4, length - 4) };
  }

  #nextMessage(): Frame | undefined {
    if (this.heldBytes < 5) return undefined;
    const type = this.#held[this.#offset];
    const length = this.#held.readUInt32BE(this.#offset + 1);
    if (length < 4 || length - 4 > this.#limit) throw new SqlError(sqlstate.protocolViolation, 'invalid message length');
    if (this.heldBytes < length + 1) return undefined;
    return { type, body: this.#take(5, length - 4) };
  }

  #take(headerBytes: number, bodyBytes: number): Buffer {
    const start = this.#offset + headerBytes;
    this.#offset = start + bodyBytes;
    return this.#held.subarray(start, this.#offset);
  }
}
