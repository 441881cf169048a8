/** The words of a jsonpath. */
import { SqlError, sqlstate } from '#base/sql-error.ts';

export type PathToken = {
  readonly kind: 'word' | 'string' | 'variable' | 'number' | 'symbol' | 'end' | 'error';
  /** What it means: a string without quotes and escapes, a symbol as it stands. */
  readonly value: string;
  /** What an error at it shows: what the lexer has matched last, which is the closing quote of a string and what stands behind a word. */
  readonly text: string;
  /** What is wrong with the text from here on: told when the parser comes here. */
  readonly error?: SqlError;
};

const syntaxError = (message: string): SqlError => new SqlError(sqlstate.syntaxError, message);
export const unexpectedToken = (token: PathToken): SqlError =>
  syntaxError(`syntax error at ${token.text === '' ? 'end' : `or near "${token.text}"`} of jsonpath input`);

const digits = '[0-9](?:_?[0-9])*';
const number = new RegExp(
  `0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|0[oO][0-7](?:_?[0-7])*|0[bB][01](?:_?[01])*|(?:(?:0|[1-9](?:_?[0-9])*)(?:\\.(?:${digits})?)?|\\.${digits})(?:[eE][+-]?${digits})?`,
  'y',
);
const blank = /[ \t\n\r\f]+/y;
const symbols = ['&&', '||', '**', '<=', '==', '<>', '!=', '>='];
const special = '?%$.[]{}()|&!=<>@#,*:-+/"\\';
const isOther = (character: string | undefined): boolean =>
  character !== undefined && !special.includes(character) && !' \t\n\r\f'.includes(character);

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

export function tokensOf(text: string): PathToken[] {
  const tokens: PathToken[] = [];
  try {
    addTokens(text, tokens);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    tokens.push({ kind: 'error', value: '', text: '', error });
  }
  return tokens;
}

function addTokens(text: string, tokens: PathToken[]): void {
  let at = 0;

  const fail = (message: string, end: number, from = at): never => {
    const shown = text.slice(from, end);
    throw syntaxError(end > text.length ? `${message} at end of jsonpath input` : `${message} at or near "${shown}" of jsonpath input`);
  };

  const endOfHex = (from: number, most: number): number => {
    let end = from;
    while (end < from + most && /[0-9a-fA-F]/.test(text[end] ?? '')) end++;
    return end;
  };

  /** An escape's characters and where it ends; `from` is the backslash. */
  const escaped = (from: number): { readonly value: string; readonly end: number } => {
    const letter = text[from + 1];
    if (letter === undefined) return fail('unexpected end after backslash', from + 1, from);
    if (letter === 'u') return unicodeEscape(from);
    if (letter === 'x') {
      const match = /^[0-9a-fA-F]{2}/.exec(text.slice(from + 2));
      if (match === null) return fail('invalid hexadecimal character sequence', endOfHex(from + 2, 1), from);
      return { value: String.fromCharCode(Number.parseInt(match[0], 16)), end: from + 4 };
    }
    const character = String.fromCodePoint(text.codePointAt(from + 1) ?? 0);
    return { value: simpleEscapes[letter] ?? character, end: from + 1 + character.length };
  };

  const unicodeEscape = (from: number): { readonly value: string; readonly end: number } => {
    const run = /^(?:\\u(?:[0-9a-fA-F]{4}|\{[0-9a-fA-F]{1,6}\}))+/.exec(text.slice(from))?.[0];
    if (run === undefined) return fail('invalid Unicode escape sequence', endOfHex(from + 2, 3), from);
    let value = '';
    let high = 0;
    const surrogate = (detail: string): SqlError =>
      new SqlError(sqlstate.invalidTextRepresentation, 'invalid input syntax for type jsonpath', { detail });
    for (const [, four, braces] of run.matchAll(/\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})/g)) {
      const code = Number.parseInt(four ?? braces, 16);
      if (code === 0) {
        throw new SqlError(sqlstate.untranslatableCharacter, 'unsupported Unicode escape sequence', {
          detail: '\\u0000 cannot be converted to text.',
        });
      }
      if (code >= 0xd800 && code <= 0xdbff) {
        if (high !== 0) throw surrogate('Unicode high surrogate must not follow a high surrogate.');
        high = code;
        continue;
      }
      if (code >= 0xdc00 && code <= 0xdfff) {
        if (high === 0) throw surrogate('Unicode low surrogate must follow a high surrogate.');
        value += String.fromCharCode(high, code);
        high = 0;
        continue;
      }
      if (high !== 0) throw surrogate('Unicode low surrogate must follow a high surrogate.');
      if (code > 0x10ffff) throw new SqlError(sqlstate.syntaxError, 'could not convert Unicode to server encoding');
      value += String.fromCodePoint(code);
    }
    if (high !== 0) throw surrogate('Unicode low surrogate must follow a high surrogate.');
    return { value, end: from + run.length };
  };

  const quoted = (from: number): { readonly value: string; readonly end: number } => {
    let value = '';
    let end = from + 1;
    while (text[end] !== '"') {
      if (end >= text.length) return fail('unterminated quoted string', text.length + 1);
      if (text[end] === '\\') {
        const found = escaped(end);
        value += found.value;
        end = found.end;
      } else value += text[end++];
    }
    return { value, end: end + 1 };
  };

  const unquoted = (from: number): { readonly value: string; readonly end: number } => {
    let value = '';
    let end = from;
    while (isOther(text[end]) || text[end] === '\\') {
      if (text[end] === '\\') {
        const found = escaped(end);
        value += found.value;
        end = found.end;
      } else value += text[end++];
    }
    return { value, end };
  };

  const push = (kind: PathToken['kind'], value: string, end: number, shown = text.slice(at, end)): void => {
    tokens.push({ kind, value, text: shown });
    at = end;
  };

  for (;;) {
    blank.lastIndex = at;
    if (blank.test(text)) at = blank.lastIndex;
    const first = text[at];
    if (first === undefined) break;
    if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) fail('unexpected end of comment', text.length + 1);
      at = end + 2;
      continue;
    }
    if (first === '"') {
      const { value, end } = quoted(at);
      push('string', value, end, '"');
      continue;
    }
    if (first === '$' && text[at + 1] === '"') {
      const { value, end } = quoted(at + 1);
      push('variable', value, end, '"');
      continue;
    }
    if (first === '$' && isOther(text[at + 1])) {
      let end = at + 2;
      while (isOther(text[end])) end++;
      push('variable', text.slice(at + 1, end), end);
      continue;
    }
    if ((first >= '0' && first <= '9') || (first === '.' && /[0-9]/.test(text[at + 1] ?? ''))) {
      number.lastIndex = at;
      const match = number.exec(text)?.[0] ?? first;
      const end = at + match.length;
      const isJunk = (isOther(text[end]) && text[end] !== '_') || text[end] === '\\';
      // Digits and letters that run on further are a word.
      if (!isJunk || unquoted(at).end <= end + 1) {
        if (isJunk) fail('trailing junk after numeric literal', end + 1);
        push('number', match, end);
        continue;
      }
    }
    const symbol = symbols.find((one) => text.startsWith(one, at)) ?? (special.includes(first) && first !== '\\' ? first : undefined);
    if (symbol !== undefined) {
      push('symbol', symbol, at + symbol.length);
      continue;
    }
    const { value, end } = unquoted(at);
    // PostgreSQL loses a word that a comment stands right behind.
    if (!text.startsWith('/*', end)) tokens.push({ kind: 'word', value, text: /^[ \t\n\r\f]+/.exec(text.slice(end))?.[0] ?? '' });
    at = end;
  }
  tokens.push({ kind: 'end', value: '', text: '' });
}
