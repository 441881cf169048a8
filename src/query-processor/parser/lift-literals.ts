/**
 * Lifts the literals out of a statement's text: what is left is the statement's shape, which statements that differ in their numbers and
 * strings alone have in common.
 *
 *   L1  Two texts of one shape are cut into the same tokens by the grammar, and each pair of literals at the same place has the same type
 *       (int4, int8, numeric or a string of yet unknown type): so their trees differ in the values of constants and in nothing else.
 *   L2  Everything but plain numbers and '...' strings stays in the shape as it is written: E'...', B'...', names, comments, blanks.
 *   L3  Where L1 would need a closer look, there is no shape: parameters, dollar quotes, numbers that run into a word.
 */
import { endOfComment, endOfLine, isWordPart, isWordStart, prefixedEnd } from './scanner.ts';

export type LiftedText = {
  /** The text with a mark for each literal that tells its type. */
  readonly shape: string;
  /** UTF-16 offsets of the literals, in order: start, end, start, end, ... */
  readonly bounds: readonly number[];
};

const quote = 39;
const doubleQuote = 34;

/** Marks begin with a control character, which no text with a shape contains. */
const stringMark = '\x01s';
const int4Mark = '\x01i';
const int8Mark = '\x01l';
const numericMark = '\x01n';

/** undefined: the text has no shape, or no literals. Hot: once a simple query, some 10 ns a token. */
export function liftLiterals(text: string): LiftedText | undefined {
  const { length } = text;
  const bounds: number[] = [];
  let shape = '';
  let copied = 0;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    if (code === 32) {
      at++;
    } else if (isWordStart(code)) {
      const prefixed = prefixedEnd(text, at);
      if (prefixed !== undefined) at = prefixed.end;
      else {
        at++;
        while (at < length && isWordPart(text.charCodeAt(at))) at++;
      }
    } else if ((code >= 48 && code <= 57) || (code === 46 && isDigitAt(text, at + 1))) {
      const end = endOfPlainNumber(text, at);
      const mark = end === 0 ? undefined : numberMark(text, at, end);
      if (mark === undefined) return undefined;
      shape += text.slice(copied, at) + mark;
      bounds.push(at, end);
      at = end;
      copied = end;
    } else if (code === quote) {
      const end = endOfString(text, at);
      if (end === 0) return undefined;
      shape += text.slice(copied, at) + stringMark;
      bounds.push(at, end);
      at = end;
      copied = end;
    } else if (code === doubleQuote) {
      at = text.indexOf('"', at + 1) + 1;
      if (at === 0) return undefined;
    } else if (code === 45 && text.charCodeAt(at + 1) === 45) {
      at = endOfLine(text, at);
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      at = endOfComment(text, at);
    } else if (code === 36 || code < 9) {
      return undefined;
    } else at++;
  }
  if (bounds.length === 0) return undefined;
  return { shape: shape + text.slice(copied), bounds };
}

const isDigitAt = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
};

/** Digits with at most a point and an exponent; 0 for what else the grammar takes for a number, or for a fault. */
function endOfPlainNumber(text: string, start: number): number {
  let at = start;
  while (isDigitAt(text, at)) at++;
  if (text.charCodeAt(at) === 46) {
    at++;
    while (isDigitAt(text, at)) at++;
  }
  const code = text.charCodeAt(at);
  if (code === 101 || code === 69) {
    at++;
    const sign = text.charCodeAt(at);
    if (sign === 43 || sign === 45) at++;
    if (!isDigitAt(text, at)) return 0;
    while (isDigitAt(text, at)) at++;
  }
  const next = text.charCodeAt(at);
  return isWordPart(next) || next === 46 ? 0 : at;
}

const int4Max = '2147483647';
const int8Max = '9223372036854775807';

/** The type of a number as PostgreSQL's; undefined where a sign before it would change the type. */
function numberMark(text: string, start: number, end: number): string | undefined {
  const digits = end - start;
  for (let at = start; at < end; at++) if (!isDigitAt(text, at)) return numericMark;
  if (digits < 10) return int4Mark;
  if (text.charCodeAt(start) === 48) return undefined;
  const written = text.slice(start, end);
  if (digits === 10) return written <= int4Max ? int4Mark : written === '2147483648' ? undefined : int8Mark;
  if (digits < 19) return int8Mark;
  if (digits > 19) return numericMark;
  return written <= int8Max ? int8Mark : written === '9223372036854775808' ? undefined : numericMark;
}

/** Behind the closing quote; 0 when there is none. */
function endOfString(text: string, start: number): number {
  let at = start;
  do {
    at = text.indexOf("'", at + 1) + 1;
    if (at === 0) return 0;
  } while (text.charCodeAt(at) === quote);
  // The grammar refuses zero bytes, wherever they are.
  for (let inside = start + 1; inside < at; inside++) if (text.charCodeAt(inside) === 0) return 0;
  return at;
}

/** What a lifted literal says: a string without its quotes, a number as it is written. */
export function literalText(text: string, start: number, end: number): string {
  if (text.charCodeAt(start) !== quote) return text.slice(start, end);
  const inside = text.slice(start + 1, end - 1);
  return inside.includes("'") ? inside.replaceAll("''", "'") : inside;
}
