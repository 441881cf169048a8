/**
 * Reads JSON as PostgreSQL does, with its errors: what was expected, which token stood there, and the line around it.
 * Nesting is kept on a stack of its own, so that its depth is bounded by memory only.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { JsonNode } from './jsonb-value.ts';
import { parseNumeric } from './numeric.ts';

type Token = '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'number' | 'true' | 'false' | 'null' | 'end';

/** What the parser was waiting for, as the error's detail says it. */
const expectations = {
  end: 'end of input',
  value: 'JSON value',
  arrayNext: '"," or "]"',
  objectStart: 'string or "}"',
  objectLabel: '":"',
  objectNext: '"," or "}"',
  objectComma: 'string',
} as const;

type Container =
  | { readonly kind: 'array'; readonly items: JsonNode[] }
  | { readonly kind: 'object'; readonly entries: Map<string, JsonNode>; key: string };

/** How deep a jsonb document may be, for everything that walks one by recursion. PostgreSQL's limit depends on its stack. */
export const maxJsonbDepth = 2000;

export const depthExceeded = (): SqlError => new SqlError(sqlstate.statementTooComplex, 'stack depth limit exceeded');

/**
 * The document as jsonb holds it. With `keepEscapes`, as type json has it: escapes need to be well formed only, and the
 * strings of the result are not to be used.
 */
export function parseJson(text: string, keepEscapes = false): JsonNode {
  return new JsonParser(text, keepEscapes).parse();
}

class JsonParser {
  readonly #text: string;
  readonly #keepEscapes: boolean;
  #start = 0;
  #end = 0;
  #token: Token = 'end';
  #string = '';
  #line = 1;
  #lineStart = 0;

  constructor(text: string, keepEscapes: boolean) {
    this.#text = text;
    this.#keepEscapes = keepEscapes;
  }

  parse(): JsonNode {
    const open: Container[] = [];
    this.#next();
    for (;;) {
      const started = this.#startValue(open);
      if (started === undefined) {
        if (open.length > maxJsonbDepth && !this.#keepEscapes) throw depthExceeded();
        continue;
      }
      let value: JsonNode = started;
      for (;;) {
        const container = open.at(-1);
        if (container === undefined) {
          if (this.#token !== 'end') this.#unexpected('end');
          return value;
        }
        const closed: JsonNode | undefined =
          container.kind === 'array' ? this.#afterItem(container, value) : this.#afterMember(container, value);
        if (closed === undefined) break;
        open.pop();
        value = closed;
      }
    }
  }

  /** A scalar or empty container; undefined when a container was opened whose first value comes next. */
  #startValue(open: Container[]): JsonNode | undefined {
    switch (this.#token) {
      case '[':
        this.#next();
        if ((this.#token as Token) === ']') {
          this.#next();
          return [];
        }
        open.push({ kind: 'array', items: [] });
        return undefined;
      case '{':
        this.#next();
        if ((this.#token as Token) === '}') {
          this.#next();
          return new Map();
        }
        if ((this.#token as Token) !== 'string') this.#unexpected('objectStart');
        open.push({ kind: 'object', entries: new Map(), key: this.#label() });
        return undefined;
      case 'string': {
        const value = this.#string;
        this.#next();
        return value;
      }
      case 'number': {
        const value = this.#keepEscapes ? null : parseNumeric(this.#text.slice(this.#start, this.#end));
        this.#next();
        return value;
      }
      case 'true':
      case 'false':
      case 'null': {
        const value = this.#token === 'null' ? null : this.#token === 'true';
        this.#next();
        return value;
      }
      default:
        return this.#unexpected('value');
    }
  }

  /** The key at hand, with the colon behind it. */
  #label(): string {
    const key = this.#string;
    this.#next();
    if (this.#token !== ':') this.#unexpected('objectLabel');
    this.#next();
    return key;
  }

  #afterItem(container: Container & { kind: 'array' }, value: JsonNode): JsonNode | undefined {
    container.items.push(value);
    if (this.#token === ',') {
      this.#next();
      return undefined;
    }
    if (this.#token !== ']') this.#unexpected('arrayNext');
    this.#next();
    return container.items;
  }

  #afterMember(container: Container & { kind: 'object' }, value: JsonNode): JsonNode | undefined {
    container.entries.set(container.key, value);
    if (this.#token === ',') {
      this.#next();
      if ((this.#token as Token) !== 'string') this.#unexpected('objectComma');
      container.key = this.#label();
      return undefined;
    }
    if (this.#token !== '}') this.#unexpected('objectNext');
    this.#next();
    return inKeyOrder(container.entries);
  }

  #next(): void {
    const text = this.#text;
    let at = this.#end;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x0a) {
        this.#line++;
        this.#lineStart = at + 1;
      } else if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
    }
    this.#start = at;
    const first = text[at];
    switch (first) {
      case undefined:
        this.#end = at;
        this.#token = 'end';
        return;
      case '{':
      case '}':
      case '[':
      case ']':
      case ',':
      case ':':
        this.#end = at + 1;
        this.#token = first;
        return;
      case '"':
        this.#lexString();
        return;
    }
    if (first === '-' || (first >= '0' && first <= '9')) {
      this.#lexNumber();
      return;
    }
    this.#end = endOfWord(text, at);
    if (this.#end === at) this.#end = at + 1;
    const word = text.slice(at, this.#end);
    if (word !== 'true' && word !== 'false' && word !== 'null') this.#invalidToken();
    this.#token = word;
  }

  #lexNumber(): void {
    number.lastIndex = this.#start;
    const match = number.exec(this.#text)?.[0];
    if (match === undefined) {
      partOfNumber.lastIndex = this.#start;
      const part = partOfNumber.exec(this.#text)?.[0] ?? '';
      this.#end = endOfWord(this.#text, this.#start + part.length);
      this.#invalidToken();
    }
    this.#end = this.#start + match.length;
    this.#token = 'number';
  }

  #lexString(): void {
    const text = this.#text;
    let decoded = '';
    let high = -1;
    let from = this.#start + 1;
    let at = from;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) break;
      if (Number.isNaN(code)) {
        this.#end = at;
        this.#invalidToken();
      }
      if (code === 0x5c) {
        decoded += text.slice(from, at);
        at++;
        const letter = text[at];
        if (letter === undefined) {
          this.#end = at;
          this.#invalidToken();
        }
        if (letter === 'u') {
          high = this.#unicodeEscape(at + 1, high);
          if (high < 0) decoded += String.fromCodePoint(-high - 1);
          at += 4;
          high = high >= 0 ? high : -1;
        } else {
          if (high >= 0) this.#failAt(at + 1, sqlstate.invalidTextRepresentation, lowSurrogate);
          const plain = escapes[letter];
          if (plain === undefined) {
            this.#start = at;
            const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
            this.#failAt(at + character.length, sqlstate.invalidTextRepresentation, `Escape sequence "\\${character}" is invalid.`);
          }
          decoded += plain;
        }
        from = at + 1;
      } else {
        if (high >= 0) this.#failAt(at + 1, sqlstate.invalidTextRepresentation, lowSurrogate);
        if (code < 0x20) {
          const hex = code.toString(16).padStart(2, '0');
          this.#failAt(at, sqlstate.invalidTextRepresentation, `Character with value 0x${hex} must be escaped.`);
        }
      }
    }
    if (high >= 0) this.#failAt(at + 1, sqlstate.invalidTextRepresentation, lowSurrogate);
    this.#string = decoded === '' ? text.slice(from, at) : decoded + text.slice(from, at);
    this.#end = at + 1;
    this.#token = 'string';
  }

  /** The first half of a pair as it is, or a whole code point as -1 less the code point. */
  #unicodeEscape(at: number, high: number): number {
    let unit = 0;
    for (let digit = 0; digit < 4; digit++) {
      const character = this.#text[at + digit];
      if (character === undefined) {
        this.#end = at + digit;
        this.#invalidToken();
      }
      if (!/[0-9a-fA-F]/.test(character)) {
        this.#failAt(at + digit + 1, sqlstate.invalidTextRepresentation, '"\\u" must be followed by four hexadecimal digits.');
      }
      unit = unit * 16 + Number.parseInt(character, 16);
    }
    if (this.#keepEscapes) return -1;
    const fail = (detail: string): never => this.#failAt(at + 4, sqlstate.invalidTextRepresentation, detail);
    if (unit >= 0xd800 && unit <= 0xdbff) return high >= 0 ? fail('Unicode high surrogate must not follow a high surrogate.') : unit;
    if (unit >= 0xdc00 && unit <= 0xdfff) {
      return high < 0 ? fail(lowSurrogate) : -1 - (0x10000 + ((high & 0x3ff) << 10) + (unit & 0x3ff));
    }
    if (high >= 0) fail(lowSurrogate);
    if (unit === 0) this.#failAt(at + 4, sqlstate.untranslatableCharacter, '\\u0000 cannot be converted to text.');
    return -1 - unit;
  }

  #invalidToken(): never {
    this.#failAt(this.#end, sqlstate.invalidTextRepresentation, `Token "${this.#text.slice(this.#start, this.#end)}" is invalid.`);
  }

  #unexpected(expected: keyof typeof expectations): never {
    const detail =
      this.#token === 'end'
        ? 'The input string ended unexpectedly.'
        : `Expected ${expectations[expected]}, but found "${this.#text.slice(this.#start, this.#end)}".`;
    this.#failAt(this.#end, sqlstate.invalidTextRepresentation, detail);
  }

  #failAt(end: number, code: string, detail: string): never {
    const message =
      code === sqlstate.untranslatableCharacter ? 'unsupported Unicode escape sequence' : 'invalid input syntax for type json';
    throw new SqlError(code, message, { detail, where: this.#context(end) });
  }

  /** The line up to the wrong place, at most some fifty bytes of it. */
  #context(end: number): string {
    const text = this.#text;
    let start = this.#lineStart;
    let bytes = Buffer.byteLength(text.slice(start, end));
    while (bytes >= 50) {
      const character = String.fromCodePoint(text.codePointAt(start) ?? 0);
      bytes -= Buffer.byteLength(character);
      start += character.length;
    }
    if (Buffer.byteLength(text.slice(this.#lineStart, start)) <= 3) start = this.#lineStart;
    const more = end < text.length && text[end] !== '\n' && text[end] !== '\r';
    return `JSON data, line ${this.#line}: ${start > this.#lineStart ? '...' : ''}${text.slice(start, end)}${more ? '...' : ''}`;
  }
}

const lowSurrogate = 'Unicode low surrogate must follow a high surrogate.';

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Not followed by more of a word: `01` and `1.5x` are wrong as a whole. */
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+|(?!\.))(?![0-9A-Za-z_\u0080-\uffff])/y;
const partOfNumber = /-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?/y;

/** Past letters, digits, underscores and everything beyond ASCII. */
function endOfWord(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const letter = code | 0x20;
    const inWord = (letter >= 0x61 && letter <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x5f || code > 0x7f;
    if (!inWord) break;
  }
  return at;
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/** jsonb's order of keys: by length in UTF-8, then by bytes. */
export function compareJsonKeys(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length - right.length || Buffer.compare(left, right);
}

/** An object as jsonb holds it. Of equal keys the last one counts, as Map has it already. */
export function inKeyOrder(entries: ReadonlyMap<string, JsonNode>): ReadonlyMap<string, JsonNode> {
  let previous: string | undefined;
  for (const key of entries.keys()) {
    if (previous !== undefined && compareJsonKeys(previous, key) > 0) {
      return new Map([...entries].sort(([a], [b]) => compareJsonKeys(a, b)));
    }
    previous = key;
  }
  return entries;
}
