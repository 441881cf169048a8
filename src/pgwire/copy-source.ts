/**
 * CopySource: the data of one COPY FROM STDIN on its way from the message loop to the session. Bounded: `isFull` tells the loop to stop
 * reading the socket until the session has taken what is there.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

const heldBytesMaximum = 1024 * 1024;

export class CopySource implements AsyncIterableIterator<Uint8Array, undefined> {
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #end: 'done' | SqlError | undefined;
  #wakeReader: (() => void) | undefined;
  #onTaken: () => void;

  /** `onTaken` is called whenever the session has made room. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  get isFull(): boolean {
    return this.#heldBytes >= heldBytesMaximum;
  }

  /** True once the client has ended its data, well or not. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Takes a copy: the caller's view ends with the next read. */
  push(data: Uint8Array): void {
    if (this.#end !== undefined) return;
    this.#chunks.push(Buffer.from(data));
    this.#heldBytes += data.length;
    this.#wake();
  }

  finish(): void {
    this.#end ??= 'done';
    this.#wake();
  }

  /** Ends the data with an error, which the session meets once it has read what came before. */
  fail(error: SqlError): void {
    this.#end ??= error;
    this.#wake();
  }

  connectionLost(): void {
    this.#end ??= new SqlError(sqlstate.connectionFailure, 'unexpected EOF on client connection with an open transaction');
    this.#wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#heldBytes -= chunk.length;
        this.#onTaken();
        return { done: false, value: chunk };
      }
      if (this.#end instanceof SqlError) throw this.#end;
      if (this.#end === 'done') return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  /** The session wants no more, although it may be waiting for the next piece: that wait ends too. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#end = 'done';
    this.#chunks = [];
    this.#heldBytes = 0;
    this.#wake();
    return { done: true, value: undefined };
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }
}
