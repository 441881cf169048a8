/**
 * Byte writing and reading, big-endian as the PostgreSQL protocol and our files are.
 * Hot: see bench/; one growing buffer beats Buffer.concat about twenty times.
 */

/** Grows as needed. `view()` is valid until the next write; `take()` hands over a copy. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for `more` bytes and returns the buffer; the caller writes at `length` and then calls `advance`. */
  reserve(more: number): Buffer {
    const needed = this.#length + more;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    return this.#buffer;
  }

  advance(count: number): void {
    this.#length += count;
  }

  uint8(value: number): void {
    this.reserve(1)[this.#length++] = value;
  }

  int16(value: number): void {
    const b = this.reserve(2);
    b[this.#length++] = value >> 8;
    b[this.#length++] = value;
  }

  int32(value: number): void {
    const b = this.reserve(4);
    const at = this.#length;
    b[at] = value >> 24;
    b[at + 1] = value >> 16;
    b[at + 2] = value >> 8;
    b[at + 3] = value;
    this.#length = at + 4;
  }

  uint32(value: number): void {
    this.int32(value | 0);
  }

  /** A 64-bit two's complement integer from a safe number or a bigint. */
  int64(value: number | bigint): void {
    const b = this.reserve(8);
    if (typeof value === 'number') {
      b.writeInt32BE(Math.floor(value / 4294967296), this.#length);
      b.writeUInt32BE(value - Math.floor(value / 4294967296) * 4294967296, this.#length + 4);
    } else b.writeBigInt64BE(value, this.#length);
    this.#length += 8;
  }

  float32(value: number): void {
    this.#length = this.reserve(4).writeFloatBE(value, this.#length);
  }

  float64(value: number): void {
    this.#length = this.reserve(8).writeDoubleBE(value, this.#length);
  }

  /** UTF-8; returns the number of bytes written. */
  utf8(text: string): number {
    const b = this.reserve(text.length * 3);
    const written = b.write(text, this.#length, 'utf8');
    this.#length += written;
    return written;
  }

  /** One byte a character (for byte strings, see sql/key.ts). */
  latin1(text: string): void {
    const b = this.reserve(text.length);
    b.write(text, this.#length, 'latin1');
    this.#length += text.length;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Overwrites four bytes written before, for lengths known late. */
  patchInt32(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  patchInt16(at: number, value: number): void {
    this.#buffer.writeUInt16BE(value & 0xffff, at);
  }

  patchUint8(at: number, value: number): void {
    this.#buffer[at] = value;
  }

  /** What was written, without a copy; gone with the next write or clear. */
  view(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** A copy that the caller owns. */
  take(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#length);
    this.#buffer.copy(copy, 0, 0, this.#length);
    return copy;
  }

  /** Size of the buffer: what may be written before it grows. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Hands over the buffer itself, without a copy, and starts a new one, as large as that unless told. */
  detach(nextBytes = this.#buffer.length): Buffer {
    const view = this.view();
    this.#buffer = Buffer.allocUnsafe(nextBytes);
    this.#length = 0;
    return view;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Forgets all after `length`. */
  rewind(length: number): void {
    this.#length = length;
  }
}

/** Thrown by ByteReader when the bytes end too early; whoever owns the bytes says what that means. */
export class EndOfBytes extends Error {
  override readonly name = 'EndOfBytes';
}

/** Reads a buffer front to back. `bytes` returns views of the buffer, not copies. */
export class ByteReader {
  readonly buffer: Buffer;
  offset: number;
  readonly end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = start;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  #take(count: number): number {
    const at = this.offset;
    if (count < 0 || at + count > this.end) throw new EndOfBytes('unexpected end of bytes');
    this.offset = at + count;
    return at;
  }

  uint8(): number {
    return this.buffer[this.#take(1)];
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#take(2));
  }

  uint16(): number {
    return this.buffer.readUInt16BE(this.#take(2));
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#take(4));
  }

  /** A number where that is exact, else a bigint (the canonical form of an int8 datum). */
  int64(): number | bigint {
    const at = this.#take(8);
    const high = this.buffer.readInt32BE(at);
    if (high >= -0x200000 && high < 0x200000) {
      const value = high * 4294967296 + this.buffer.readUInt32BE(at + 4);
      if (value >= Number.MIN_SAFE_INTEGER) return value;
    }
    return this.buffer.readBigInt64BE(at);
  }

  float32(): number {
    return this.buffer.readFloatBE(this.#take(4));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#take(8));
  }

  bytes(count: number): Buffer {
    const at = this.#take(count);
    return this.buffer.subarray(at, at + count);
  }

  utf8(count: number): string {
    const at = this.#take(count);
    return this.buffer.toString('utf8', at, at + count);
  }

  latin1(count: number): string {
    const at = this.#take(count);
    return this.buffer.latin1Slice(at, at + count);
  }

  /** Text up to the next zero byte, which is passed over. */
  cstring(): string {
    const stop = this.buffer.indexOf(0, this.offset);
    if (stop < 0 || stop >= this.end) throw new EndOfBytes('unterminated string');
    const text = this.buffer.toString('utf8', this.offset, stop);
    this.offset = stop + 1;
    return text;
  }
}
