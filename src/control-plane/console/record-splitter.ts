/**
 * Cuts a file that comes in pieces into its records, as COPY does: at line ends, but for those between the quotes of a CSV file. Records stay bytes, as they
 * are in the file; a piece may end anywhere, in the middle of a character too.
 */

export type FileRecord = {
  /** Of its first line, from 1. */
  readonly line: number;
  /** How many lines it takes. */
  readonly lines: number;
  /** With its line end, where it has one. */
  readonly bytes: Uint8Array;
};

/** COPY's own bound: a field has 1 GiB at most. Ours is what a transaction can hold anyway. */
const recordBytesMaximum = 16 * 1024 * 1024;

export class RecordTooLong extends Error {
  override readonly name = 'RecordTooLong';
}

const newline = 10;
const endMark = /^\\\.\r?\n?$/;

export class RecordSplitter {
  readonly #quote: number | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #scanned = 0;
  #isQuoted = false;
  #line = 1;
  #lines = 1;
  #hasEnded = false;

  /** `quote`: the character that CSV fields are quoted with; undefined for files without quotes. */
  constructor(quote: string | undefined) {
    this.#quote = quote === undefined ? undefined : quote.charCodeAt(0);
  }

  /** COPY's mark of the end has come: what follows is no data. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  push(piece: Uint8Array): FileRecord[] {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const records: FileRecord[] = [];
    let start = 0;
    let at = this.#scanned;
    for (; at < bytes.length && !this.#hasEnded; at++) {
      const byte = bytes[at];
      if (byte === this.#quote) this.#isQuoted = !this.#isQuoted;
      else if (byte === newline && this.#isQuoted) this.#lines++;
      else if (byte === newline) {
        this.#take(bytes.subarray(start, at + 1), records);
        start = at + 1;
      }
    }
    this.#rest = this.#hasEnded ? new Uint8Array(0) : Uint8Array.from(bytes.subarray(start));
    this.#scanned = this.#rest.length;
    if (this.#rest.length > recordBytesMaximum) throw new RecordTooLong(`the record at line ${this.#line} is longer than 16 MiB`);
    return records;
  }

  /** The last record, when no line end stands behind it. */
  finish(): FileRecord[] {
    const records: FileRecord[] = [];
    if (this.#rest.length > 0) this.#take(this.#rest, records);
    this.#rest = new Uint8Array(0);
    return records;
  }

  #take(bytes: Uint8Array, records: FileRecord[]): void {
    if (bytes.length <= 4 && endMark.test(Buffer.from(bytes).toString('latin1'))) this.#hasEnded = true;
    else records.push({ line: this.#line, lines: this.#lines, bytes });
    this.#line += this.#lines;
    this.#lines = 1;
  }
}
