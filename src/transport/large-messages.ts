/**
 * Messages above what the transport carries at once, in parts.
 *
 *   part = id 8 bytes, number uint16, of uint16, bytes
 *
 * The last part is the one that asks; the others only go before it. Parts of one message come from one node and so in order; if one is lost the message is not put together, nobody answers,
 * and whoever asked asks again. What is being put together is bounded in count and bytes: the oldest is given up first.
 */
import { ByteReader, ByteWriter } from '#base/bytes.ts';
import type { Random } from '#base/world.ts';
import type { Subject, Transport } from './transport.ts';

const headerBytes = 12;
const noId = new Uint8Array(8);

export class LargeMessages {
  readonly #transport: Transport;
  readonly #random: Random;
  readonly #partBytes: number;

  /** `partBytes`: what one message may hold. */
  constructor(transport: Transport, random: Random, partBytes: number) {
    this.#transport = transport;
    this.#random = random;
    this.#partBytes = partBytes;
  }

  send(subject: Subject, message: Uint8Array): void {
    this.#transport.send(subject, this.#allButLast(subject, message));
  }

  request(subject: Subject, message: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined> {
    return this.#transport.request(subject, this.#allButLast(subject, message), timeoutMs);
  }

  /** Sends what comes before the last part, and returns that. */
  #allButLast(subject: Subject, message: Uint8Array): Uint8Array {
    const room = this.#partBytes - headerBytes;
    const count = Math.max(1, Math.ceil(message.length / room));
    if (count === 1) return part(noId, 0, 1, message);
    const id = this.#random.bytes(8);
    for (let i = 0; i < count - 1; i++) this.#transport.send(subject, part(id, i, count, message.subarray(i * room, (i + 1) * room)));
    return part(id, count - 1, count, message.subarray((count - 1) * room));
  }
}

type Unfinished = { readonly parts: Uint8Array[]; bytes: number };

export class LargeMessageAssembler {
  readonly #unfinished = new Map<string, Unfinished>();
  readonly #maximumBytes: number;
  readonly #maximumMessages: number;
  #bytes = 0;

  constructor(maximumBytes: number, maximumMessages: number) {
    this.#maximumBytes = maximumBytes;
    this.#maximumMessages = maximumMessages;
  }

  /** The whole message with its last part; undefined before, and for one of which a part is missing. */
  take(message: Uint8Array): Uint8Array | undefined {
    if (message.length < headerBytes) return undefined;
    const reader = new ByteReader(message);
    const id = Buffer.from(reader.bytes(8)).toString('latin1');
    const number = reader.uint16();
    const count = reader.uint16();
    const bytes = reader.bytes(reader.remaining);
    if (count === 1) return bytes;
    if (number === 0) this.#begin(id);
    const unfinished = this.#unfinished.get(id);
    if (unfinished === undefined || unfinished.parts.length !== number) {
      this.#drop(id);
      return undefined;
    }
    unfinished.parts.push(bytes);
    unfinished.bytes += bytes.length;
    this.#bytes += bytes.length;
    if (number === count - 1) {
      this.#drop(id);
      return Buffer.concat(unfinished.parts);
    }
    this.#bound();
    return undefined;
  }

  #begin(id: string): void {
    this.#drop(id);
    this.#unfinished.set(id, { parts: [], bytes: 0 });
  }

  #drop(id: string): void {
    this.#bytes -= this.#unfinished.get(id)?.bytes ?? 0;
    this.#unfinished.delete(id);
  }

  #bound(): void {
    for (const id of this.#unfinished.keys()) {
      if (this.#bytes <= this.#maximumBytes && this.#unfinished.size <= this.#maximumMessages) return;
      this.#drop(id);
    }
  }
}

function part(id: Uint8Array, number: number, count: number, bytes: Uint8Array): Uint8Array {
  const writer = new ByteWriter(headerBytes + bytes.length);
  writer.bytes(id);
  writer.uint8(number >> 8);
  writer.uint8(number & 0xff);
  writer.uint8(count >> 8);
  writer.uint8(count & 0xff);
  writer.bytes(bytes);
  return writer.view();
}
