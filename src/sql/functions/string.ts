/**
 * Functions of text: parts, case, padding, search. Positions count characters from 1; length limits and errors are PostgreSQL's.
 * Patterns are like.ts and regex.ts, format() and concat() text-building.ts, bytes bytea.ts.
 */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '../datum.ts';
import { type Implementation, type Implementations, scalar, setReturning } from '../function.ts';
import { oid } from '../oids.ts';
import { ArrayValue } from '../types/array-value.ts';
import { compareText, trimBlanks } from '../types/text.ts';
import { characterCount, characterIndex, hasSurrogates, lowerAscii, sliceCharacters, upperAscii, utf8Length } from './characters.ts';

const tooLong = (): SqlError => new SqlError(sqlstate.programLimitExceeded, 'requested length too large');
/** PostgreSQL's palloc limit of a gigabyte, for characters of up to four bytes; it lies below JavaScript's limit of text. */
const maxCharacters = 268435455;

/** substring(text from start [for length]); a start before the text counts, so that fewer characters are left. */
export function substring(text: string, start: number, length?: number): string {
  if (length === undefined) return sliceCharacters(text, start - 1, Number.POSITIVE_INFINITY);
  if (length < 0) throw new SqlError(sqlstate.substringError, 'negative substring length not allowed');
  return sliceCharacters(text, Math.max(0, start - 1), start - 1 + length);
}

function overlay(text: string, replacement: string, start: number, length = characterCount(replacement)): string {
  if (start <= 0) throw new SqlError(sqlstate.substringError, 'negative substring length not allowed');
  const behind = start + length;
  if (behind > 2147483647) throw new SqlError(sqlstate.numericValueOutOfRange, 'integer out of range');
  return substring(text, 1, start - 1) + replacement + substring(text, behind);
}

function position(text: string, part: string): number {
  const unit = text.indexOf(part);
  return unit < 0 ? 0 : characterIndex(text, unit) + 1;
}

const left = (text: string, count: number): string => sliceCharacters(text, 0, count >= 0 ? count : characterCount(text) + count);

function right(text: string, count: number): string {
  const length = characterCount(text);
  return sliceCharacters(text, count >= 0 ? Math.max(0, length - count) : -count, length);
}

/** Enough of `fill` to bring the text to `length`; '' when there is nothing to fill with. */
function padding(text: string, length: number, fill: string): string {
  if (length > maxCharacters) throw tooLong();
  const missing = length - characterCount(text);
  if (missing <= 0 || fill === '') return '';
  return sliceCharacters(fill.repeat(Math.ceil(missing / characterCount(fill))), 0, missing);
}

const padLeft = (text: string, length: number, fill: string): string => {
  const pad = padding(text, length, fill);
  return pad === '' ? sliceCharacters(text, 0, length) : pad + text;
};

const padRight = (text: string, length: number, fill: string): string => {
  const pad = padding(text, length, fill);
  return pad === '' ? sliceCharacters(text, 0, length) : text + pad;
};

function trimStart(text: string, characters: string): string {
  const set = new Set(characters);
  let start = 0;
  for (const character of text) {
    if (!set.has(character)) break;
    start += character.length;
  }
  return text.slice(start);
}

function trimEnd(text: string, characters: string): string {
  const set = new Set(characters);
  let end = text.length;
  while (end > 0) {
    const code = text.charCodeAt(end - 1);
    const size = code >= 0xdc00 && code < 0xe000 && end > 1 ? 2 : 1;
    if (!set.has(text.slice(end - size, end))) break;
    end -= size;
  }
  return text.slice(0, end);
}

function repeat(text: string, count: number): string {
  if (count <= 0) return '';
  if (text.length * count > maxCharacters) throw tooLong();
  return text.repeat(count);
}

/** The first letter of each word (letters and digits) upper, the rest lower. */
const capitalize = (text: string): string => text.replace(/[A-Za-z0-9]+/g, (word) => upperAscii(word[0]) + lowerAscii(word.slice(1)));

function translate(text: string, from: string, to: string): string {
  const targets = Array.from(to);
  const map = new Map<string, string>();
  let index = 0;
  for (const character of from) {
    if (!map.has(character)) map.set(character, targets[index] ?? '');
    index++;
  }
  let result = '';
  for (const character of text) result += map.get(character) ?? character;
  return result;
}

function character(code: number): string {
  if (code < 0) throw new SqlError(sqlstate.invalidParameterValue, 'character number must be positive');
  if (code === 0) throw new SqlError(sqlstate.programLimitExceeded, 'null character not permitted');
  if (code > 0x10ffff) throw new SqlError(sqlstate.programLimitExceeded, `requested character too large for encoding: ${code}`);
  if (code >= 0xd800 && code <= 0xdfff)
    throw new SqlError(sqlstate.programLimitExceeded, `requested character not valid for encoding: ${code}`);
  return String.fromCodePoint(code);
}

function splitPart(text: string, delimiter: string, field: number): string {
  if (field === 0) throw new SqlError(sqlstate.invalidParameterValue, 'field position must not be zero');
  if (text === '') return '';
  if (delimiter === '') return field === 1 || field === -1 ? text : '';
  const parts = text.split(delimiter);
  return parts[field > 0 ? field - 1 : parts.length + field] ?? '';
}

const reverse = (text: string): string => (hasSurrogates(text) ? Array.from(text) : text.split('')).reverse().join('');

/** The parts of a text between delimiters: NULL splits into characters, '' does not split. `nullText` stands for NULL. */
function parts(text: string, delimiter: string | null, nullText: string | null): readonly Datum[] {
  if (text === '') return [];
  const fields = delimiter === null ? Array.from(text) : delimiter === '' ? [text] : text.split(delimiter);
  return nullText === null ? fields : fields.map((field) => (field === nullText ? null : field));
}

const toArray = (text: string | null, delimiter: string | null, nullText: string | null): Datum =>
  text === null ? null : new ArrayValue(oid.text, parts(text, delimiter, nullText));

const normalForms = { nfc: 'NFC', nfd: 'NFD', nfkc: 'NFKC', nfkd: 'NFKD' } as const;

function normalForm(name: string): 'NFC' | 'NFD' | 'NFKC' | 'NFKD' {
  const found = Object.entries(normalForms).find(([key]) => key === name.toLowerCase());
  if (found === undefined) throw new SqlError(sqlstate.invalidParameterValue, `invalid normalization form: ${name}`);
  return found[1];
}

/** Unicode escapes \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX; pairs of surrogates make one character. */
function unescapeUnicode(text: string): string {
  const invalid = (): SqlError =>
    new SqlError(sqlstate.syntaxError, 'invalid Unicode escape', {
      hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.',
    });
  let result = '';
  let high: number | undefined;
  const pairError = (): SqlError => new SqlError(sqlstate.syntaxError, 'invalid Unicode surrogate pair');
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '\\') {
      if (high !== undefined) throw pairError();
      result += text[at++];
      continue;
    }
    if (text[at + 1] === '\\') {
      if (high !== undefined) throw pairError();
      result += '\\';
      at += 2;
      continue;
    }
    const match = /^\\(?:([0-9a-fA-F]{4})|u([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|U([0-9a-fA-F]{8}))/.exec(text.slice(at, at + 10));
    if (match === null) throw invalid();
    at += match[0].length;
    const code = Number.parseInt(match[1] ?? match[2] ?? match[3] ?? match[4], 16);
    if (code === 0 || code > 0x10ffff)
      throw new SqlError(sqlstate.invalidParameterValue, `invalid Unicode code point: ${code.toString(16).toUpperCase().padStart(4, '0')}`);
    if (high !== undefined) {
      if (code < 0xdc00 || code > 0xdfff) throw pairError();
      result += String.fromCharCode(high, code);
      high = undefined;
    } else if (code >= 0xd800 && code <= 0xdbff) high = code;
    else if (code >= 0xdc00 && code <= 0xdfff) throw pairError();
    else result += String.fromCodePoint(code);
  }
  if (high !== undefined) throw pairError();
  return result;
}

const ident = (message: string, text: string, detail?: string): SqlError =>
  new SqlError(sqlstate.invalidParameterValue, message.replace('%', text), { detail });

/** A qualified name taken apart as SQL's scanner would. */
function parseIdentifiers(text: string, strict: boolean): Datum {
  const names: string[] = [];
  let at = 0;
  const skipBlanks = (): void => {
    while (/[ \t\n\r\v\f]/.test(text[at] ?? '')) at++;
  };
  const wrong = (detail?: string): SqlError => ident('string is not a valid identifier: "%"', text, detail);
  skipBlanks();
  for (let afterDot = false; ; afterDot = true) {
    if (text[at] === '"') {
      const match = /^"((?:[^"]|"")*)"/.exec(text.slice(at));
      if (match === null) throw wrong('String has unclosed double quotes.');
      if (match[1] === '') throw wrong('Quoted identifier must not be empty.');
      names.push(match[1].replaceAll('""', '"'));
      at += match[0].length;
    } else {
      const match = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/.exec(text.slice(at));
      if (match === null) {
        if (text[at] === '.') throw wrong('No valid identifier before ".".');
        throw wrong(afterDot ? 'No valid identifier after ".".' : undefined);
      }
      names.push(lowerAscii(match[0]));
      at += match[0].length;
    }
    skipBlanks();
    if (text[at] === '.') {
      at++;
      skipBlanks();
    } else if (at >= text.length || !strict) return new ArrayValue(oid.text, names);
    else throw wrong();
  }
}

const both = (names: readonly string[], implementation: Implementation): Implementations =>
  Object.fromEntries(names.map((name) => [name, implementation]));

export const stringFunctions: Implementations = {
  ...both(['length(text)', 'char_length(text)', 'character_length(text)', 'textlen(text)'], scalar(characterCount)),
  ...both(
    ['length(bpchar)', 'char_length(bpchar)', 'character_length(bpchar)'],
    scalar((text: string) => characterCount(trimBlanks(text))),
  ),
  ...both(['octet_length(text)', 'octet_length(bpchar)'], scalar(utf8Length)),
  'bit_length(text)': scalar((text: string) => utf8Length(text) * 8),
  'textcat(text,text)': scalar((a: string, b: string) => a + b),
  'lower(text)': scalar(lowerAscii),
  'upper(text)': scalar(upperAscii),
  'initcap(text)': scalar(capitalize),
  ...both(
    ['substr(text,int4)', 'substring(text,int4)'],
    scalar((text: string, start: number) => substring(text, start)),
  ),
  ...both(
    ['substr(text,int4,int4)', 'substring(text,int4,int4)'],
    scalar((text: string, start: number, length: number) => substring(text, start, length)),
  ),
  'overlay(text,text,int4)': scalar((text: string, replacement: string, start: number) => overlay(text, replacement, start)),
  'overlay(text,text,int4,int4)': scalar((text: string, replacement: string, start: number, length: number) =>
    overlay(text, replacement, start, length),
  ),
  ...both(['position(text,text)', 'strpos(text,text)'], scalar(position)),
  'left(text,int4)': scalar(left),
  'right(text,int4)': scalar(right),
  'lpad(text,int4)': scalar((text: string, length: number) => padLeft(text, length, ' ')),
  'lpad(text,int4,text)': scalar(padLeft),
  'rpad(text,int4)': scalar((text: string, length: number) => padRight(text, length, ' ')),
  'rpad(text,int4,text)': scalar(padRight),
  'ltrim(text)': scalar((text: string) => trimStart(text, ' ')),
  'ltrim(text,text)': scalar(trimStart),
  'rtrim(text)': scalar(trimBlanks),
  'rtrim(text,text)': scalar(trimEnd),
  'btrim(text)': scalar((text: string) => trimStart(trimBlanks(text), ' ')),
  'btrim(text,text)': scalar((text: string, characters: string) => trimStart(trimEnd(text, characters), characters)),
  'repeat(text,int4)': scalar(repeat),
  'replace(text,text,text)': scalar((text: string, from: string, to: string) => (from === '' ? text : text.split(from).join(to))),
  'reverse(text)': scalar(reverse),
  'split_part(text,text,int4)': scalar(splitPart),
  'translate(text,text,text)': scalar(translate),
  'to_ascii(text)': scalar(() => {
    throw notSupported('encoding conversion from UTF8 to ASCII not supported');
  }),
  'ascii(text)': scalar((text: string) => text.codePointAt(0) ?? 0),
  'chr(int4)': scalar(character),
  'starts_with(text,text)': scalar((text: string, prefix: string) => text.startsWith(prefix)),
  'text_larger(text,text)': scalar((a: string, b: string) => (compareText(a, b) > 0 ? a : b)),
  'text_smaller(text,text)': scalar((a: string, b: string) => (compareText(a, b) < 0 ? a : b)),
  'bpchar_larger(bpchar,bpchar)': scalar((a: string, b: string) => (compareText(trimBlanks(a), trimBlanks(b)) >= 0 ? a : b)),
  'bpchar_smaller(bpchar,bpchar)': scalar((a: string, b: string) => (compareText(trimBlanks(a), trimBlanks(b)) <= 0 ? a : b)),
  'to_hex(int4)': scalar((value: number) => (value >>> 0).toString(16)),
  'to_hex(int8)': scalar((value: number | bigint) => BigInt.asUintN(64, BigInt(value)).toString(16)),
  'string_to_array(text,text)': scalar((text: string | null, delimiter: string | null) => toArray(text, delimiter, null)),
  'string_to_array(text,text,text)': scalar(toArray),
  'string_to_table(text,text)': setReturning((text: string | null, delimiter: string | null) =>
    text === null ? [] : parts(text, delimiter, null),
  ),
  'string_to_table(text,text,text)': setReturning((text: string | null, delimiter: string | null, nullText: string | null) =>
    text === null ? [] : parts(text, delimiter, nullText),
  ),
  'normalize(text,text)': scalar((text: string, form: string) => text.normalize(normalForm(form))),
  'is_normalized(text,text)': scalar((text: string, form: string) => text.normalize(normalForm(form)) === text),
  'unistr(text)': scalar(unescapeUnicode),
  'parse_ident(text,bool)': scalar(parseIdentifiers),
  'nameconcatoid(name,oid)': scalar((name: string, suffix: number) => {
    const tail = `_${suffix}`;
    return sliceCharacters(name, 0, 63 - tail.length) + tail;
  }),
};
