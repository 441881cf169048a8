/**
 * Scanner: cuts a text into PostgreSQL's tokens, no more exactly than finding words outside of strings, comments and quoted names
 * needs. It never fails: what is not terminated runs to the end of the text, and the grammar says what is wrong.
 *
 * Offsets are UTF-16 positions in the JavaScript string.
 */

export type TokenKind = 'word' | 'quotedIdentifier' | 'string' | 'number' | 'parameter' | 'operator' | 'punctuation';

export type Token = { readonly kind: TokenKind; readonly start: number; readonly end: number };

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
export const isWordStart = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128;
export const isWordPart = (code: number): boolean => isWordStart(code) || isDigit(code) || code === 36;
const operatorCharacters = new Set([...'+-*/<>=~!@#%^&|`?'].map((character) => character.charCodeAt(0)));

const quote = 39;
const doubleQuote = 34;
const dollar = 36;
const backslash = 92;

export function* scanTokens(text: string): Generator<Token> {
  const length = text.length;
  let at = 0;
  while (at < length) {
    const start = at;
    const code = text.charCodeAt(at);
    if (isSpace(code)) {
      at++;
    } else if (code === 45 && text.charCodeAt(at + 1) === 45) {
      at = endOfLine(text, at);
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      at = endOfComment(text, at);
    } else if (code === quote) {
      at = endOfQuoted(text, at, quote, false);
      yield { kind: 'string', start, end: at };
    } else if (code === doubleQuote) {
      at = endOfQuoted(text, at, doubleQuote, false);
      yield { kind: 'quotedIdentifier', start, end: at };
    } else if (isWordStart(code)) {
      const prefixed = prefixedEnd(text, at);
      if (prefixed !== undefined) {
        at = prefixed.end;
        yield { kind: prefixed.kind, start, end: at };
      } else {
        while (at < length && isWordPart(text.charCodeAt(at))) at++;
        yield { kind: 'word', start, end: at };
      }
    } else if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(at + 1)))) {
      at = endOfNumber(text, at);
      yield { kind: 'number', start, end: at };
    } else if (code === dollar) {
      const dollarEnd = endOfDollarQuoted(text, at);
      if (dollarEnd !== undefined) {
        at = dollarEnd;
        yield { kind: 'string', start, end: at };
      } else {
        at++;
        const isParameter = isDigit(text.charCodeAt(at));
        while (at < length && isDigit(text.charCodeAt(at))) at++;
        yield { kind: isParameter ? 'parameter' : 'punctuation', start, end: at };
      }
    } else if (operatorCharacters.has(code)) {
      at = endOfOperator(text, at);
      yield { kind: 'operator', start, end: at };
    } else {
      // :: and .. are one token each.
      at += (code === 58 || code === 46) && text.charCodeAt(at + 1) === code ? 2 : 1;
      yield { kind: 'punctuation', start, end: at };
    }
  }
}

export function endOfLine(text: string, at: number): number {
  let end = at;
  while (end < text.length && text.charCodeAt(end) !== 10 && text.charCodeAt(end) !== 13) end++;
  return end;
}

export function endOfComment(text: string, at: number): number {
  let depth = 0;
  let end = at;
  while (end < text.length) {
    if (text.startsWith('/*', end)) {
      depth++;
      end += 2;
    } else if (text.startsWith('*/', end)) {
      depth--;
      end += 2;
      if (depth === 0) return end;
    } else end++;
  }
  return end;
}

/** Behind the closing quote; a doubled quote stands for itself. */
function endOfQuoted(text: string, at: number, mark: number, hasEscapes: boolean): number {
  let end = at + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    if (code === mark) {
      if (text.charCodeAt(end + 1) !== mark) return end + 1;
      end += 2;
    } else end += hasEscapes && code === backslash ? 2 : 1;
  }
  return text.length;
}

/** E'...', B'...', X'...', N'...', U&'...' and U&"...". */
export function prefixedEnd(text: string, at: number): { kind: TokenKind; end: number } | undefined {
  const letter = text.charCodeAt(at) | 32;
  const next = text.charCodeAt(at + 1);
  if (next === quote && (letter === 101 || letter === 98 || letter === 120 || letter === 110))
    return { kind: 'string', end: endOfQuoted(text, at + 1, quote, letter === 101) };
  if (letter === 117 && next === 38) {
    const mark = text.charCodeAt(at + 2);
    if (mark === quote) return { kind: 'string', end: endOfQuoted(text, at + 2, quote, false) };
    if (mark === doubleQuote) return { kind: 'quotedIdentifier', end: endOfQuoted(text, at + 2, doubleQuote, false) };
  }
  return undefined;
}

function endOfNumber(text: string, at: number): number {
  const match = /(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?(?:\.(?!\.)[\d_]*)?(?:[eE][+-]?\d[\d_]*)?)/y;
  match.lastIndex = at;
  const found = match.exec(text);
  return found === null || found[0] === '' ? at + 1 : at + found[0].length;
}

function endOfDollarQuoted(text: string, at: number): number | undefined {
  const open = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
  open.lastIndex = at;
  const mark = open.exec(text)?.[0];
  if (mark === undefined) return undefined;
  const close = text.indexOf(mark, at + mark.length);
  return close < 0 ? text.length : close + mark.length;
}

/** A run of operator characters, cut where a comment begins. */
function endOfOperator(text: string, at: number): number {
  let end = at;
  while (end < text.length && operatorCharacters.has(text.charCodeAt(end))) {
    if (end > at && (text.startsWith('--', end) || text.startsWith('/*', end))) return end;
    end++;
  }
  return end;
}

/** The name that an identifier token stands for: folded to lower case, or unquoted. */
export function identifierOf(text: string, token: Token): string {
  const written = text.slice(token.start, token.end);
  return token.kind === 'quotedIdentifier' ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase();
}
