/**
 * Copy reader: COPY data, in pieces cut anywhere, becomes lines, and lines become fields.
 *
 *   C1  What comes out does not depend on where the pieces are cut (within a character, a line end, a quoted field).
 *   C2  Kept between pieces is one unfinished line, nothing more.
 *
 * The rules, down to the error texts, are those of PostgreSQL's copyfromparse.c: one style of line end a stream, the first line's;
 * a backslash and a dot alone on a line end the data.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { decodeUtf8 } from '#base/utf8.ts';
import type { CopyOptions } from './copy-options.ts';

export type CopyLine = {
  /** 1-based, header included. */
  readonly number: number;
  readonly text: string;
};

type LineEnd = '\n' | '\r\n' | '\r';

const badFormat = (message: string, hint?: string): SqlError => new SqlError(sqlstate.badCopyFileFormat, message, { hint });

export class CopyLineReader {
  readonly #isCsv: boolean;
  readonly #quote: string;
  readonly #escape: string;
  /** Bytes of a character that the last piece cut through. */
  #cut: Buffer = Buffer.alloc(0);
  /** Text of the unfinished line. */
  #text = '';
  /** How far #text has been looked at, and in CSV whether that place is inside quotes. */
  #scanned = 0;
  #isQuoted = false;
  #lineEnd: LineEnd | undefined;
  #lineNumber = 0;
  #isEnded = false;
  /** Where #text has its next bare line end of another style: a search a piece, not one a line. */
  #nextStray = -1;

  constructor(options: CopyOptions) {
    this.#isCsv = options.format === 'csv';
    this.#quote = options.quote;
    this.#escape = options.escape;
  }

  /** The line being read, for error contexts. */
  get lineNumber(): number {
    return this.#lineNumber + 1;
  }

  *push(piece: Uint8Array): Generator<CopyLine, void, undefined> {
    if (this.#isEnded) return;
    const bytes =
      this.#cut.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength) : Buffer.concat([this.#cut, piece]);
    const whole = wholeCharacters(bytes);
    this.#cut = Buffer.from(bytes.subarray(whole));
    this.#text += decodeUtf8(bytes.subarray(0, whole));
    yield* this.#lines(false);
  }

  /** The data is at its end: what is left is a last line without a line end. */
  *end(): Generator<CopyLine, void, undefined> {
    if (this.#isEnded) return;
    if (this.#cut.length > 0) decodeUtf8(this.#cut);
    yield* this.#lines(true);
    if (this.#isEnded || this.#text.length === 0) return;
    if (this.#isQuoted) throw badFormat('unterminated CSV quoted field');
    const line = this.#take(this.#text.length, this.#text.length);
    if (line !== undefined) yield line;
  }

  *#lines(isLast: boolean): Generator<CopyLine, void, undefined> {
    let start = 0;
    this.#nextStray = -1;
    for (;;) {
      const found = this.#isCsv ? this.#csvLineEnd(isLast) : this.#textLineEnd(start, isLast);
      if (found === undefined) break;
      const text = this.#text.slice(start, found.at);
      start = found.at + found.length;
      this.#scanned = start;
      this.#lineNumber++;
      if (text === '\\.') {
        this.#isEnded = true;
        this.#text = '';
        return;
      }
      yield { number: this.#lineNumber, text };
    }
    this.#text = this.#text.slice(start);
    this.#scanned = Math.max(0, this.#scanned - start);
  }

  #take(end: number, next: number): CopyLine | undefined {
    const text = this.#text.slice(0, end);
    this.#text = this.#text.slice(next);
    this.#scanned = 0;
    this.#lineNumber++;
    if (text !== '\\.') return { number: this.#lineNumber, text };
    this.#isEnded = true;
    return undefined;
  }

  // Hot: one search a line. In text format a line end behind an odd number of backslashes is data.
  #textLineEnd(start: number, isLast: boolean): { readonly at: number; readonly length: number } | undefined {
    if (this.#lineEnd === undefined && !this.#detect(start, isLast)) return undefined;
    const text = this.#text;
    const wanted = this.#lineEnd === '\r' ? '\r' : '\n';
    for (let at = text.indexOf(wanted, this.#scanned); at >= 0; at = text.indexOf(wanted, at + 1)) {
      if (isEscaped(text, at, start)) continue;
      if (this.#lineEnd !== '\r\n') {
        this.#refuseStray(start, at);
        return { at, length: 1 };
      }
      if (at > start && text[at - 1] === '\r' && !isEscaped(text, at - 1, start)) return { at: at - 1, length: 2 };
      throw badFormat('literal newline found in data', 'Use "\\n" to represent newline.');
    }
    if (isLast) this.#refuseStray(start, text.length);
    this.#scanned = Math.max(start, text.length);
    return undefined;
  }

  /** A bare line end of another style within a line. Hot: once a line (bench: COPY of 100 000 rows). */
  #refuseStray(start: number, end: number): void {
    if (this.#lineEnd === '\r\n' || this.#nextStray >= end) return;
    const stray = this.#lineEnd === '\n' ? '\r' : '\n';
    let at = this.#text.indexOf(stray, start);
    for (; at >= 0 && at < end; at = this.#text.indexOf(stray, at + 1)) {
      if (isEscaped(this.#text, at, start)) continue;
      throw stray === '\r'
        ? badFormat('literal carriage return found in data', 'Use "\\r" to represent carriage return.')
        : badFormat('literal newline found in data', 'Use "\\n" to represent newline.');
    }
    this.#nextStray = at < 0 ? Number.POSITIVE_INFINITY : at;
  }

  /** Learns the style of line ends from the first one; false when it is not here yet. */
  #detect(start: number, isLast: boolean): boolean {
    const { length } = this.#text;
    for (let at = start; at < length; at++) {
      const letter = this.#text[at];
      if (letter === '\\') at++;
      else if (letter === '\n') {
        this.#lineEnd = '\n';
        return true;
      } else if (letter === '\r') {
        if (at + 1 >= length && !isLast) return false;
        this.#lineEnd = this.#text[at + 1] === '\n' ? '\r\n' : '\r';
        return true;
      }
    }
    return false;
  }

  #csvLineEnd(isLast: boolean): { readonly at: number; readonly length: number } | undefined {
    const text = this.#text;
    const { length } = text;
    let at = this.#scanned;
    for (; at < length; at++) {
      const letter = text[at];
      if (this.#isQuoted) {
        if (letter === this.#escape && this.#escape !== this.#quote) {
          if (at + 1 >= length && !isLast) break;
          const next = text[at + 1];
          if (next === this.#quote || next === this.#escape) at++;
        } else if (letter === this.#quote) this.#isQuoted = false;
        continue;
      }
      if (letter === this.#quote) {
        this.#isQuoted = true;
        continue;
      }
      if (letter !== '\n' && letter !== '\r') continue;
      if (letter === '\r' && at + 1 >= length && !isLast && this.#lineEnd !== '\r') break;
      const style: LineEnd = letter === '\n' ? '\n' : text[at + 1] === '\n' && this.#lineEnd !== '\r' ? '\r\n' : '\r';
      this.#lineEnd ??= style;
      if (style !== this.#lineEnd)
        throw letter === '\r'
          ? badFormat('unquoted carriage return found in data', 'Use quoted CSV field to represent carriage return.')
          : badFormat('unquoted newline found in data', 'Use quoted CSV field to represent newline.');
      return { at, length: style.length };
    }
    this.#scanned = at;
    return undefined;
  }
}

/** True when an odd number of backslashes stands before the place. */
function isEscaped(text: string, at: number, start: number): boolean {
  let backslashes = 0;
  while (at - 1 - backslashes >= start && text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}

/** Length of the longest part that ends between two characters. */
function wholeCharacters(bytes: Buffer): number {
  const { length } = bytes;
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = bytes[length - back];
    if (byte < 0x80) return length;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? length - back : length;
    }
  }
  return length;
}

/** Fields of a line in text format; null for the null text. Hot. */
export function splitTextLine(line: string, options: CopyOptions): (string | null)[] {
  const { delimiter, nullText } = options;
  if (!line.includes('\\')) {
    const fields: (string | null)[] = [];
    for (let from = 0; ; ) {
      const end = line.indexOf(delimiter, from);
      const field = end < 0 ? line.slice(from) : line.slice(from, end);
      fields.push(field === nullText ? null : field);
      if (end < 0) return fields;
      from = end + 1;
    }
  }
  const fields: (string | null)[] = [];
  let start = 0;
  const add = (end: number): void => {
    const raw = line.slice(start, end);
    fields.push(raw === nullText ? null : unescaped(raw));
  };
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === delimiter) {
      add(at);
      start = at + 1;
    }
  }
  add(line.length);
  return fields;
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescaped(raw: string): string {
  if (!raw.includes('\\')) return raw;
  let text = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    text += decodeUtf8(Buffer.from(bytes));
    bytes = [];
  };
  for (let at = 0; at < raw.length; at++) {
    const letter = raw[at];
    if (letter !== '\\' || at + 1 >= raw.length) {
      flush();
      text += letter;
      continue;
    }
    at++;
    const rest = raw.slice(at, at + 3);
    const octal = /^[0-7]{1,3}/.exec(rest)?.[0];
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest)?.[1];
    if (octal !== undefined) {
      bytes.push(Number.parseInt(octal, 8) & 0xff);
      at += octal.length - 1;
    } else if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
      at += hex.length;
    } else {
      flush();
      text += escapes[raw[at]] ?? raw[at];
    }
  }
  flush();
  return text;
}

export type CsvField = { readonly text: string; readonly isQuoted: boolean };

/** Fields of a line in CSV format. */
export function splitCsvLine(line: string, options: CopyOptions): CsvField[] {
  const { delimiter, quote, escape: escapeWith } = options;
  const fields: CsvField[] = [];
  let text = '';
  let isQuoted = false;
  let inQuotes = false;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at];
    if (inQuotes) {
      if (
        letter === escapeWith &&
        (line[at + 1] === quote || line[at + 1] === escapeWith) &&
        (escapeWith !== quote || line[at + 1] === quote)
      ) {
        text += line[at + 1];
        at++;
      } else if (letter === quote) inQuotes = false;
      else text += letter;
    } else if (letter === quote) {
      inQuotes = true;
      isQuoted = true;
    } else if (letter === delimiter) {
      fields.push({ text, isQuoted });
      text = '';
      isQuoted = false;
    } else text += letter;
  }
  if (inQuotes) throw badFormat('unterminated CSV quoted field');
  fields.push({ text, isQuoted });
  return fields;
}
