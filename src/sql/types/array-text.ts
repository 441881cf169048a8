/** The text form of arrays: `{1,NULL,"a b"}`, nested braces for dimensions, `[2:3]={...}` where a lower bound is not 1. */
import { SqlError, sqlstate } from '#base/sql-error.ts';
import { isSpace } from './behaviour.ts';

export const maxDimensions = 6;

export type ParsedArray = {
  /** Element texts in row-major order; null for an unquoted NULL. */
  readonly items: readonly (string | null)[];
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
};

export const tooManyDimensions = (count: number): SqlError =>
  new SqlError(sqlstate.programLimitExceeded, `number of array dimensions (${count}) exceeds the maximum allowed (${maxDimensions})`);

const malformed = (text: string, detail: string): SqlError =>
  new SqlError(sqlstate.invalidTextRepresentation, `malformed array literal: "${text}"`, { detail });

/** What was read last: decides which characters may come next. */
type State = 'nothing' | 'levelStarted' | 'levelCompleted' | 'levelDelimited' | 'elementStarted' | 'quotedCompleted' | 'elementDelimited';

export function parseArrayText(text: string, delimiter: string): ParsedArray {
  const { dimensions: stated, lowerBounds, at } = parseBounds(text);
  const contents = new ContentsParser(text, at, delimiter);
  const dimensions = contents.parse();
  if (stated.length > 0 && (stated.length !== dimensions.length || stated.some((length, index) => length !== dimensions[index]))) {
    throw malformed(text, 'Specified array dimensions do not match array contents.');
  }
  return { items: contents.items, dimensions, lowerBounds: stated.length > 0 ? lowerBounds : dimensions.map(() => 1) };
}

/** `[lower:upper]...=` before the braces, if there is any. */
function parseBounds(text: string): { dimensions: number[]; lowerBounds: number[]; at: number } {
  const dimensions: number[] = [];
  const lowerBounds: number[] = [];
  let at = skipSpace(text, 0);
  const integer = /[-+0-9]*/y;
  const readInteger = (missing: string): number => {
    integer.lastIndex = at;
    const digits = integer.exec(text)?.[0] ?? '';
    if (digits === '') throw malformed(text, missing);
    at += digits.length;
    return Number.parseInt(digits, 10) || 0;
  };
  while (text[at] === '[') {
    at++;
    if (dimensions.length >= maxDimensions) throw tooManyDimensions(dimensions.length + 1);
    let lower = 1;
    let upper = readInteger('"[" must introduce explicitly-specified array dimensions.');
    if (text[at] === ':') {
      at++;
      lower = upper;
      upper = readInteger('Missing array dimension value.');
    }
    if (text[at] !== ']') throw malformed(text, 'Missing "]" after array dimensions.');
    at++;
    if (upper < lower) throw new SqlError(sqlstate.arraySubscriptError, 'upper bound cannot be less than lower bound');
    dimensions.push(upper - lower + 1);
    lowerBounds.push(lower);
    at = skipSpace(text, at);
  }
  if (dimensions.length === 0) {
    if (text[at] !== '{') throw malformed(text, 'Array value must start with "{" or dimension information.');
    return { dimensions, lowerBounds, at };
  }
  if (text[at] !== '=') throw malformed(text, 'Missing "=" after array dimensions.');
  at = skipSpace(text, at + 1);
  if (text[at] !== '{') throw malformed(text, 'Array contents must start with "{".');
  return { dimensions, lowerBounds, at };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

class ContentsParser {
  readonly items: (string | null)[] = [];
  readonly #text: string;
  /** What errors quote: PostgreSQL leaves out what stands before the braces. */
  readonly #shown: string;
  readonly #delimiter: string;
  #at: number;
  #state: State = 'nothing';
  /** How many elements or sub-arrays each open level has so far. */
  #counts: number[] = [];
  /** How many the closed levels of each depth had, which must be the same for all of a depth. */
  readonly #dimensions: number[] = [];
  /** The depth of the elements; -1 before there is any. */
  #elementDepth = -1;

  constructor(text: string, at: number, delimiter: string) {
    this.#text = text;
    this.#shown = text.slice(at);
    this.#at = at;
    this.#delimiter = delimiter;
  }

  parse(): number[] {
    do this.#step();
    while (this.#counts.length > 0);
    if (skipSpace(this.#text, this.#at) !== this.#text.length) throw malformed(this.#shown, 'Junk after closing right brace.');
    return this.items.length === 0 ? [] : this.#dimensions;
  }

  #step(): void {
    const character = this.#text[this.#at];
    switch (character) {
      case undefined:
        throw malformed(this.#shown, 'Unexpected end of input.');
      case '{':
        this.#open();
        return;
      case '}':
        this.#close();
        return;
      case '"':
        if (!this.#mayStartElement()) throw malformed(this.#shown, 'Unexpected array element.');
        this.#quoted();
        return;
      case this.#delimiter:
        this.#delimit(character);
        return;
      default:
        if (isSpace(character.charCodeAt(0))) this.#at++;
        else if (this.#mayStartElement()) this.#unquoted();
        else throw malformed(this.#shown, character === '\\' ? 'Unexpected "\\" character.' : 'Unexpected array element.');
    }
  }

  #mayStartElement(): boolean {
    return this.#state === 'levelStarted' || this.#state === 'elementDelimited';
  }

  #open(): void {
    if (this.#state !== 'nothing' && this.#state !== 'levelStarted' && this.#state !== 'levelDelimited') {
      throw malformed(this.#shown, 'Unexpected "{" character.');
    }
    if (this.#counts.length >= maxDimensions) throw tooManyDimensions(this.#counts.length + 1);
    this.#counts.push(0);
    this.#state = 'levelStarted';
    this.#at++;
  }

  #close(): void {
    const depth = this.#counts.length - 1;
    const emptyArray = depth === 0 && this.#state === 'levelStarted';
    const complete = this.#state === 'elementStarted' || this.#state === 'quotedCompleted' || this.#state === 'levelCompleted';
    if (!complete && !emptyArray) throw malformed(this.#shown, 'Unexpected "}" character.');
    const count = this.#counts.pop() ?? 0;
    const known = this.#dimensions[depth];
    if (known !== undefined && known !== count) this.#ragged();
    this.#dimensions[depth] = count;
    if (depth > 0) this.#counts[depth - 1]++;
    this.#state = 'levelCompleted';
    this.#at++;
  }

  #delimit(character: string): void {
    if (this.#state === 'levelCompleted') this.#state = 'levelDelimited';
    else if (this.#state === 'elementStarted' || this.#state === 'quotedCompleted') this.#state = 'elementDelimited';
    else throw malformed(this.#shown, `Unexpected "${character}" character.`);
    this.#at++;
  }

  #ragged(): never {
    throw malformed(this.#shown, 'Multidimensional arrays must have sub-arrays with matching dimensions.');
  }

  #add(item: string | null): void {
    const depth = this.#counts.length - 1;
    if (this.#elementDepth >= 0 && this.#elementDepth !== depth) this.#ragged();
    this.#elementDepth = depth;
    this.#counts[depth]++;
    this.items.push(item);
  }

  #quoted(): void {
    let item = '';
    let from = ++this.#at;
    for (; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) throw malformed(this.#shown, 'Unexpected end of input.');
      if (character !== '"' && character !== '\\') continue;
      item += this.#text.slice(from, this.#at);
      if (character === '"') break;
      from = ++this.#at;
      if (from === this.#text.length) throw malformed(this.#shown, 'Unexpected end of input.');
    }
    this.#at++;
    this.#add(item);
    this.#state = 'quotedCompleted';
  }

  /** Up to a brace or delimiter, without the space at its end; a backslash keeps what follows it. */
  #unquoted(): void {
    let item = '';
    let keep = 0;
    let escaped = false;
    for (; ; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined) throw malformed(this.#shown, 'Unexpected end of input.');
      if (character === '}' || character === this.#delimiter) break;
      if (character === '{') throw malformed(this.#shown, 'Unexpected "{" character.');
      if (character === '"') throw malformed(this.#shown, 'Unexpected array element.');
      if (character === '\\') {
        const next = this.#text[++this.#at];
        if (next === undefined) throw malformed(this.#shown, 'Unexpected end of input.');
        item += next;
        keep = item.length;
        escaped = true;
      } else {
        item += character;
        if (!isSpace(character.charCodeAt(0))) keep = item.length;
      }
    }
    const trimmed = item.slice(0, keep);
    this.#add(!escaped && trimmed.length === 4 && trimmed.toUpperCase() === 'NULL' ? null : trimmed);
    this.#state = 'elementStarted';
  }
}

/** Elements as texts (null for NULL) in row-major order to the array's text. */
export function formatArrayText(
  items: readonly (string | null)[],
  dimensions: readonly number[],
  lowerBounds: readonly number[],
  delimiter: string,
): string {
  if (dimensions.length === 0) return '{}';
  const bounds = lowerBounds.some((lower) => lower !== 1)
    ? `${dimensions.map((length, index) => `[${lowerBounds[index]}:${lowerBounds[index] + length - 1}]`).join('')}=`
    : '';
  let next = 0;
  const level = (depth: number): string => {
    const parts: string[] = [];
    for (let index = 0; index < dimensions[depth]; index++) {
      parts.push(depth === dimensions.length - 1 ? quoteElement(items[next++], delimiter) : level(depth + 1));
    }
    return `{${parts.join(delimiter)}}`;
  };
  return bounds + level(0);
}

function quoteElement(item: string | null, delimiter: string): string {
  if (item === null) return 'NULL';
  const plain = item !== '' && !/["\\{} \t\n\r\v\f]/.test(item) && !item.includes(delimiter) && !/^null$/i.test(item);
  return plain ? item : `"${item.replace(/["\\]/g, '\\$&')}"`;
}
