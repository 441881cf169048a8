/**
 * Frames: cuts a stream of bytes into messages. Knows no socket and no message's meaning.
 *
 * A message is a type byte and a length that counts itself; start-up packets have no type byte. Half-received messages are kept
 * until their rest arrives. A type that no message has, or a length that cannot be right, is an error at once, before its bytes are
 * waited for: there is no telling where the next message begins.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

/** One message: its type (0 for a start-up packet) and its body, a view that is valid until the next `push`. */
export type Frame = { readonly type: number; readonly body: Buffer };

/** What a client may send. */
const messageTypes = new Set(Buffer.from('QPBDECSHXdcfpF'));
const startupBytesMaximum = 10_000; // PostgreSQL's MAX_STARTUP_PACKET_LENGTH.

export class FrameReader {
  /** Received bytes not yet taken: from #start to #end. The rest is room, when the buffer is our own. */
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #isOwn = false;
  #limit: number;
  #isStartup = true;

  /** `limit`: the largest body, in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes received and not yet taken. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** From now on messages have a type byte. */
  endStartup(): void {
    this.#isStartup = false;
  }

  set limit(bytes: number) {
    this.#limit = bytes;
  }

  /**
   * Adds received bytes. Keeps the buffer: the caller gives it away. A message that comes in many pieces is collected in a buffer that
   * doubles, never shifted: what a frame shows stays as it was.
   */
  push(bytes: Buffer): void {
    const held = this.heldBytes;
    if (held === 0) {
      this.#buffer = bytes;
      this.#start = 0;
      this.#end = bytes.length;
      this.#isOwn = false;
      return;
    }
    if (!this.#isOwn || this.#end + bytes.length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * held, held + bytes.length));
      this.#buffer.copy(grown, 0, this.#start, this.#end);
      this.#buffer = grown;
      this.#start = 0;
      this.#end = held;
      this.#isOwn = true;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next whole message, undefined while there is none. Throws SqlError 08P01 on an impossible length. */
  next(): Frame | undefined {
    return this.#isStartup ? this.#nextStartup() : this.#nextMessage();
  }

  #nextStartup(): Frame | undefined {
    if (this.heldBytes < 4) return undefined;
    const length = this.#buffer.readUInt32BE(this.#start);
    if (length < 8 || length > startupBytesMaximum) throw new SqlError(sqlstate.protocolViolation, 'invalid length of startup packet');
    if (this.heldBytes < length) return undefined;
    return { type: 0, body: this.#take(4, length - 4) };
  }

  #nextMessage(): Frame | undefined {
    if (this.heldBytes < 5) return undefined;
    const type = this.#buffer[this.#start];
    if (!messageTypes.has(type)) throw new SqlError(sqlstate.protocolViolation, `invalid frontend message type ${type}`);
    const length = this.#buffer.readUInt32BE(this.#start + 1);
    if (length < 4 || length - 4 > this.#limit) throw new SqlError(sqlstate.protocolViolation, 'invalid message length');
    if (this.heldBytes < length + 1) return undefined;
    return { type, body: this.#take(5, length - 4) };
  }

  #take(headerBytes: number, bodyBytes: number): Buffer {
    const start = this.#start + headerBytes;
    this.#start = start + bodyBytes;
    return this.#buffer.subarray(start, this.#start);
  }
}
