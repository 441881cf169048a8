/** UTF-8 from clients: decoded strictly, refused in PostgreSQL's words. */
import { isUtf8 } from 'node:buffer';
import { SqlError, sqlstate } from './sql-error.ts';

/** Throws 22021 for what is not UTF-8 and for zero bytes, which no text of PostgreSQL holds. Hot. */
export function decodeUtf8(bytes: Buffer): string {
  const text = bytes.utf8Slice(0, bytes.length);
  // Only a decoder's replacement character can tell of wrong bytes; it may also be the client's own.
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw invalidUtf8(firstInvalidSequence(bytes));
  if (text.includes('\0')) throw invalidUtf8('0x00');
  return text;
}

const invalidUtf8 = (bytes: string): SqlError =>
  new SqlError(sqlstate.characterNotInRepertoire, `invalid byte sequence for encoding "UTF8": ${bytes}`);

/** As PostgreSQL names it: the bytes that the first wrong character would have taken, as far as there are any. */
function firstInvalidSequence(bytes: Buffer): string {
  let at = 0;
  for (;;) {
    const sequence = bytes.subarray(at, at + sequenceLength(bytes[at]));
    if (!isUtf8(sequence)) return [...sequence].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
    at += sequence.length;
  }
}

/** What the lead byte announces; bytes that cannot lead stand alone. */
function sequenceLength(lead: number): number {
  if (lead < 0xc0 || lead >= 0xf8) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
