/**
 * LIKE, ILIKE and SIMILAR TO. A pattern becomes pieces between its %s: the first is bound to the start, the last to the end, each one in
 * between is found at the leftmost place behind the one before; so no pattern costs more than a few passes over the text.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { type Implementations, type ScalarFunction, scalar } from '../function.ts';
import { characterCount, lowerAscii } from './characters.ts';
import { similarPattern } from './similar-pattern.ts';

type Matcher = (text: string) => boolean;

const endsWithEscape = (): SqlError => new SqlError(sqlstate.invalidEscapeSequence, 'LIKE pattern must not end with escape character');

/** A piece: literals and single characters (`_`) in turn. */
type Piece = readonly Token[];
type Token = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'any' } | { readonly kind: 'dangling' };

function parsePattern(pattern: string): readonly Piece[] {
  const pieces: Token[][] = [[]];
  let literal = '';
  const flush = (): void => {
    if (literal !== '') pieces[pieces.length - 1].push({ kind: 'literal', text: literal });
    literal = '';
  };
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '%') {
      flush();
      pieces.push([]);
    } else if (character === '_') {
      flush();
      pieces[pieces.length - 1].push({ kind: 'any' });
    } else if (character === '\\') {
      at++;
      if (at < pattern.length) literal += pattern[at];
      else {
        flush();
        pieces[pieces.length - 1].push({ kind: 'dangling' });
      }
    } else literal += character;
  }
  flush();
  return pieces;
}

/** Where the piece ends when it matches at `start`; -1 when it does not. */
function matchAt(piece: Piece, text: string, start: number): number {
  let at = start;
  for (const token of piece) {
    if (token.kind === 'literal') {
      if (!text.startsWith(token.text, at)) return -1;
      at += token.text.length;
    } else {
      if (at >= text.length) return -1;
      if (token.kind === 'dangling') throw endsWithEscape();
      at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    }
  }
  return at;
}

/** Leftmost match at or behind `from`. */
function find(piece: Piece, text: string, from: number): number {
  const first = piece[0];
  if (first === undefined) return from;
  for (let at = from; at <= text.length; at++) {
    if (first.kind === 'literal') {
      at = text.indexOf(first.text, at);
      if (at < 0) return -1;
    }
    const end = matchAt(piece, text, at);
    if (end >= 0) return end;
    if ((text.codePointAt(at) ?? 0) > 0xffff) at++;
  }
  return -1;
}

/** The length in units that the piece takes at the end of the text: its literals, and one or two for each `_`. */
function matchesEnd(piece: Piece, text: string, from: number): boolean {
  // Only `_` before surrogates makes a piece's length vary: try each start from the shortest.
  let least = 0;
  let anys = 0;
  for (const token of piece) {
    if (token.kind === 'literal') least += token.text.length;
    else {
      least++;
      anys++;
    }
  }
  for (let start = text.length - least; start >= from && start >= text.length - least - anys; start--)
    if (matchAt(piece, text, start) === text.length) return true;
  return false;
}

function compile(pattern: string): Matcher {
  const pieces = parsePattern(pattern);
  const simple = simpleMatcher(pieces);
  if (simple !== undefined) return simple;
  const first = pieces[0];
  if (pieces.length === 1) return (text) => matchAt(first, text, 0) === text.length;
  const last = pieces[pieces.length - 1];
  const isDangling = last.at(-1)?.kind === 'dangling';
  return (text) => {
    let at = matchAt(first, text, 0);
    for (let index = 1; index < pieces.length - 1 && at >= 0; index++) at = find(pieces[index], text, at);
    if (at < 0) return false;
    // Wherever the rest of the piece matches with text behind it, its end is a fault.
    return isDangling ? find(last, text, at) >= 0 : matchesEnd(last, text, at);
  };
}

/** The shapes that most patterns have: 'a', 'a%', '%a', '%a%'. */
function simpleMatcher(pieces: readonly Piece[]): Matcher | undefined {
  const literals = pieces.map((piece) => {
    if (piece.length === 0) return '';
    const only = piece[0];
    return piece.length === 1 && only.kind === 'literal' ? only.text : undefined;
  });
  const [first, second, third] = literals;
  if (literals.includes(undefined) || first === undefined) return undefined;
  if (pieces.length === 1) return (text) => text === first;
  if (second === undefined) return undefined;
  if (pieces.length === 2) {
    if (first === '') return second === '' ? () => true : (text) => text.endsWith(second);
    if (second === '') return (text) => text.startsWith(first);
    return (text) => text.length >= first.length + second.length && text.startsWith(first) && text.endsWith(second);
  }
  if (pieces.length === 3 && first === '' && third === '') return (text) => text.includes(second);
  return undefined;
}

/** Patterns are nearly always constants: the last few are kept compiled. */
const compiled = new Map<string, Matcher>();
const maxCompiled = 256;

function matcherOf(pattern: string): Matcher {
  let matcher = compiled.get(pattern);
  if (matcher === undefined) {
    if (compiled.size >= maxCompiled) compiled.clear();
    matcher = compile(pattern);
    compiled.set(pattern, matcher);
  }
  return matcher;
}

export const like = (text: string, pattern: string): boolean => matcherOf(pattern)(text);
/** Under the C collation only ASCII letters have a case. */
export const ilike = (text: string, pattern: string): boolean => matcherOf(lowerAscii(pattern))(lowerAscii(text));

/** LIKE ... ESCAPE: the pattern with a backslash in the place of the escape character. */
function escapePattern(pattern: string, escapeCharacter: string): string {
  const length = characterCount(escapeCharacter);
  if (length > 1)
    throw new SqlError(sqlstate.invalidEscapeSequence, 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  if (length === 0) return pattern.replaceAll('\\', '\\\\');
  if (escapeCharacter === '\\') return pattern;
  let result = '';
  let isEscaped = false;
  for (const character of pattern) {
    if (character === escapeCharacter && !isEscaped) {
      result += '\\';
      isEscaped = true;
    } else if (character === '\\') {
      result += isEscaped ? '\\' : '\\\\';
      isEscaped = false;
    } else {
      result += character;
      isEscaped = false;
    }
  }
  return result;
}

const negated =
  (f: (text: string, pattern: string) => boolean): ScalarFunction =>
  (text: string, pattern: string) =>
    !f(text, pattern);

/** bytea as text of one character a byte, in which LIKE works the same. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice(0, bytes.length);
const likeBytes: ScalarFunction = (bytes: Uint8Array, pattern: Uint8Array) => like(latin1(bytes), latin1(pattern));
const notLikeBytes: ScalarFunction = (bytes: Uint8Array, pattern: Uint8Array) => !like(latin1(bytes), latin1(pattern));

export const likeFunctions: Implementations = {
  'textlike(text,text)': scalar(like),
  'textnlike(text,text)': scalar(negated(like)),
  'texticlike(text,text)': scalar(ilike),
  'texticnlike(text,text)': scalar(negated(ilike)),
  'namelike(name,text)': scalar(like),
  'namenlike(name,text)': scalar(negated(like)),
  'nameiclike(name,text)': scalar(ilike),
  'nameicnlike(name,text)': scalar(negated(ilike)),
  'bpcharlike(bpchar,text)': scalar(like),
  'bpcharnlike(bpchar,text)': scalar(negated(like)),
  'bpchariclike(bpchar,text)': scalar(ilike),
  'bpcharicnlike(bpchar,text)': scalar(negated(ilike)),
  'like(text,text)': scalar(like),
  'notlike(text,text)': scalar(negated(like)),
  'like(name,text)': scalar(like),
  'notlike(name,text)': scalar(negated(like)),
  'bytealike(bytea,bytea)': scalar(likeBytes),
  'byteanlike(bytea,bytea)': scalar(notLikeBytes),
  'like(bytea,bytea)': scalar(likeBytes),
  'notlike(bytea,bytea)': scalar(notLikeBytes),
  'like_escape(text,text)': scalar(escapePattern),
  'like_escape(bytea,bytea)': scalar((pattern: Uint8Array, escapeCharacter: Uint8Array) =>
    Uint8Array.from(Buffer.from(escapePattern(latin1(pattern), latin1(escapeCharacter)), 'latin1')),
  ),
  'similar_to_escape(text)': scalar((pattern: string) => similarPattern(pattern, '\\')),
  'similar_to_escape(text,text)': scalar(similarPattern),
  'similar_escape(text,text)': scalar((pattern: string | null, escapeCharacter: string | null) =>
    pattern === null ? null : similarPattern(pattern, escapeCharacter ?? '\\'),
  ),
};
