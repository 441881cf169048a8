/**
 * SocketWriter: one client's outgoing bytes. Messages are collected and handed to the socket when asked (`flush`) or when a chunk is
 * full; `whenWritable` is how a producer waits for a client that reads slowly (P3).
 */
import type { Duplex } from 'node:stream';
import { ByteWriter } from '#base/bytes.ts';

const chunkBytes = 64 * 1024;
/** The buffer while answers are small: a session that has nothing large to say holds no more. */
const restingBytes = 8 * 1024;
/** Up to here a copy out of Node's pool is cheaper than a buffer of its own. */
const copiedBytes = 2 * 1024;
/** Above this the socket's own buffer counts as full. */
const socketBytesMaximum = 256 * 1024;

export class SocketWriter {
  readonly messages = new ByteWriter(restingBytes);
  #socket: Duplex;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.#socket = socket;
    const wake = () => {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resume of waiting) resume();
    };
    socket.on('drain', wake);
    socket.on('close', () => {
      this.#isClosed = true;
      wake();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Hot: once a round trip. */
  flush(): void {
    const { messages } = this;
    if (messages.length === 0) return;
    if (this.#isClosed) messages.clear();
    else if (messages.length <= copiedBytes && messages.capacity === restingBytes) {
      this.#socket.write(Buffer.from(messages.view()));
      messages.clear();
    } else this.#socket.write(messages.detach(restingBytes));
  }

  /** More will follow: the next buffer is as large as this one has become. */
  #sendChunk(): void {
    if (this.#isClosed) this.messages.clear();
    else this.#socket.write(this.messages.detach());
  }

  /**
   * Sends what has become a chunk. undefined: go on writing; else a promise that resolves when the client has caught up, or is gone.
   */
  whenWritable(): Promise<void> | undefined {
    if (this.messages.length >= chunkBytes) this.#sendChunk();
    if (this.#isClosed || this.#socket.writableLength < socketBytesMaximum) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends the rest and closes. */
  end(): void {
    this.flush();
    this.#socket.end();
  }
}
