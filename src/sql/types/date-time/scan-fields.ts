/**
 * Cuts the text of a date, time or interval into fields, by what their first characters look like. Punctuation that means nothing
 * is passed over: `'2019-02-11T21:40:27.892Z'` with its quotes is read like the same text without.
 */
import { isSpace } from '../behaviour.ts';
import { DateTimeError } from './date-time-error.ts';
import { findKeyword } from './keywords.ts';

export type FieldKind =
  /** Digits with separators, perhaps with a month's name; also zone names with punctuation in them. */
  | 'date'
  /** Digits and colons. */
  | 'time'
  /** Digits, perhaps with a point. */
  | 'number'
  /** Letters. */
  | 'word'
  /** A sign and digits: a zone's offset, or a signed amount. */
  | 'signed'
  /** A sign and letters: -infinity. */
  | 'signedWord';

export type Field = { readonly kind: FieldKind; readonly text: string };

const maxFields = 25;
/** PostgreSQL's working space for the text of all fields, each with a byte to end it. */
const maxBytes = 128 + 25;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isAlpha = (code: number): boolean => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
const isAlnum = (code: number): boolean => isDigit(code) || isAlpha(code);
const isPunctuation = (code: number): boolean => code > 0x20 && code < 0x7f && !isAlnum(code);

const minus = 0x2d;
const plus = 0x2b;
const slash = 0x2f;
const dot = 0x2e;
const colon = 0x3a;
const underscore = 0x5f;

export function scanFields(text: string): Field[] {
  const fields: Field[] = [];
  let at = 0;
  let used = 0;
  const code = (): number => text.charCodeAt(at);
  const skip = (accepts: (code: number) => boolean): void => {
    while (at < text.length && accepts(code())) at++;
  };

  while (at < text.length) {
    const first = code();
    const start = at;
    let kind: FieldKind;
    let fieldText: string | undefined;
    if (isSpace(first)) {
      at++;
      continue;
    }
    if (isDigit(first)) {
      skip(isDigit);
      kind = afterDigits();
    } else if (first === dot) {
      at++;
      skip(isDigit);
      kind = 'number';
    } else if (isAlpha(first)) {
      skip(isAlpha);
      kind = afterLetters(start);
    } else if (first === plus || first === minus) {
      at++;
      skip(isSpace);
      const from = at;
      if (isDigit(code())) {
        skip((next) => isDigit(next) || next === colon || next === dot || next === minus);
        kind = 'signed';
      } else if (isAlpha(code())) {
        skip(isAlpha);
        kind = 'signedWord';
      } else throw new DateTimeError('format');
      fieldText = text[start] + text.slice(from, at);
    } else if (isPunctuation(first)) {
      at++;
      continue;
    } else throw new DateTimeError('format');
    const field = (fieldText ?? text.slice(start, at)).toLowerCase();
    used += field.length + 1;
    if (fields.length === maxFields || used > maxBytes) throw new DateTimeError('format');
    fields.push({ kind, text: field });
  }
  return fields;

  function afterDigits(): FieldKind {
    const delimiter = code();
    if (delimiter === colon) {
      skip((next) => isDigit(next) || next === colon || next === dot);
      return 'time';
    }
    if (delimiter !== minus && delimiter !== slash && delimiter !== dot) return 'number';
    at++;
    if (!isDigit(code())) {
      skip((next) => isAlnum(next) || next === delimiter);
      return 'date';
    }
    skip(isDigit);
    if (code() !== delimiter) return delimiter === dot ? 'number' : 'date';
    skip((next) => isDigit(next) || next === delimiter);
    return 'date';
  }

  /** A name with punctuation in it is a date (`jan-1-2000`) or a zone; after a word that is known, a sign or digit begins a new field. */
  function afterLetters(start: number): FieldKind {
    const next = code();
    const goesOn =
      next === minus ||
      next === slash ||
      next === dot ||
      ((next === plus || isDigit(next)) && findKeyword(text.slice(start, at).toLowerCase()) === undefined);
    if (!goesOn) return 'word';
    skip(
      (more) => more === plus || more === minus || more === slash || more === underscore || more === dot || more === colon || isAlnum(more),
    );
    return 'date';
  }
}
