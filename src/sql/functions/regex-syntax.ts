/**
 * PostgreSQL's advanced regular expressions, parsed. What they mean to JavaScript's engine is regex-translation.ts.
 *
 * Escapes, bracket expressions, constraints, embedded options, expanded syntax and errors are those of section 9.7.3 of PostgreSQL's manual.
 */
import { SqlError, sqlstate } from '#base/sql-error.ts';

export type RegexNode =
  | { readonly kind: 'alternation'; readonly branches: readonly RegexNode[] }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'character'; readonly code: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly members: readonly ClassMember[] }
  | { readonly kind: 'group'; readonly capture: number | undefined; readonly body: RegexNode }
  | { readonly kind: 'look'; readonly ahead: boolean; readonly negated: boolean; readonly body: RegexNode }
  | { readonly kind: 'backReference'; readonly capture: number }
  | { readonly kind: 'constraint'; readonly which: Constraint }
  | {
      readonly kind: 'repeat';
      readonly body: RegexNode;
      readonly least: number;
      readonly most: number;
      readonly lazy: boolean;
      readonly fixed: boolean;
    };

/** Code points from `low` to `high`, or a named set. */
export type ClassMember = { readonly low: number; readonly high: number } | { readonly set: CharacterSet; readonly negated: boolean };
export type CharacterSet =
  | 'alnum'
  | 'alpha'
  | 'blank'
  | 'cntrl'
  | 'digit'
  | 'graph'
  | 'lower'
  | 'print'
  | 'punct'
  | 'space'
  | 'upper'
  | 'word'
  | 'xdigit';
export type Constraint = 'lineStart' | 'lineEnd' | 'textStart' | 'textEnd' | 'wordStart' | 'wordEnd' | 'wordEdge' | 'notWordEdge';

export type RegexOptions = {
  readonly ignoreCase: boolean;
  /** `.` and negated classes leave out the newline. */
  readonly newlineStops: boolean;
  /** ^ and $ match at newlines too. */
  readonly newlineAnchors: boolean;
  readonly expanded: boolean;
  readonly literal: boolean;
};

export const defaultRegexOptions: RegexOptions = {
  ignoreCase: false,
  newlineStops: false,
  newlineAnchors: false,
  expanded: false,
  literal: false,
};

export type ParsedRegex = { readonly root: RegexNode; readonly captures: number; readonly options: RegexOptions };

export const regexError = (message: string): SqlError =>
  new SqlError(sqlstate.invalidRegularExpression, `invalid regular expression: ${message}`);

const characterSets: ReadonlySet<string> = new Set<CharacterSet>([
  'alnum',
  'alpha',
  'blank',
  'cntrl',
  'digit',
  'graph',
  'lower',
  'print',
  'punct',
  'space',
  'upper',
  'word',
  'xdigit',
]);
const isCharacterSet = (name: string): name is CharacterSet => characterSets.has(name);

/** Names of collating elements: [.hyphen.] and the like. */
const collatingNames: Readonly<Record<string, string>> = {
  NUL: '\0',
  alert: '\x07',
  backspace: '\b',
  tab: '\t',
  newline: '\n',
  'vertical-tab': '\v',
  'form-feed': '\f',
  'carriage-return': '\r',
  space: ' ',
  'exclamation-mark': '!',
  'quotation-mark': '"',
  'number-sign': '#',
  'dollar-sign': '$',
  'percent-sign': '%',
  ampersand: '&',
  apostrophe: "'",
  'left-parenthesis': '(',
  'right-parenthesis': ')',
  asterisk: '*',
  'plus-sign': '+',
  comma: ',',
  hyphen: '-',
  'hyphen-minus': '-',
  period: '.',
  'full-stop': '.',
  slash: '/',
  solidus: '/',
  colon: ':',
  semicolon: ';',
  'less-than-sign': '<',
  'equals-sign': '=',
  'greater-than-sign': '>',
  'question-mark': '?',
  'commercial-at': '@',
  'left-square-bracket': '[',
  backslash: '\\',
  'reverse-solidus': '\\',
  'right-square-bracket': ']',
  circumflex: '^',
  underscore: '_',
  'low-line': '_',
  'grave-accent': '`',
  'left-brace': '{',
  'vertical-line': '|',
  'right-brace': '}',
  tilde: '~',
};

/** The greatest count in braces. */
const maxRepeat = 255;
export const unlimited = Number.POSITIVE_INFINITY;

/** Options as letters, in a function's flags or embedded as (?letters). `g` is for the caller. */
export function applyOption(options: RegexOptions, letter: string): RegexOptions | undefined {
  switch (letter) {
    case 'i':
      return { ...options, ignoreCase: true };
    case 'c':
      return { ...options, ignoreCase: false };
    case 'm':
    case 'n':
      return { ...options, newlineStops: true, newlineAnchors: true };
    case 's':
      return { ...options, newlineStops: false, newlineAnchors: false };
    case 'p':
      return { ...options, newlineStops: true, newlineAnchors: false };
    case 'w':
      return { ...options, newlineStops: false, newlineAnchors: true };
    case 'x':
      return { ...options, expanded: true };
    case 't':
      return { ...options, expanded: false };
    case 'q':
      return { ...options, literal: true };
    case 'e':
    case 'b':
      return { ...options, literal: false };
    default:
      return undefined;
  }
}

export function parseRegex(pattern: string, given: RegexOptions): ParsedRegex {
  let options = given;
  let source = pattern;
  if (source.startsWith('***=')) {
    options = { ...options, literal: true };
    source = source.slice(4);
  } else if (source.startsWith('***:')) source = source.slice(4);
  else if (source.startsWith('***')) throw regexError('invalid regexp (reg version 0.8)');
  if (!options.literal) {
    const embedded = /^\(\?([a-z]+)\)/.exec(source);
    if (embedded !== null) {
      for (const letter of embedded[1]) {
        const next = applyOption(options, letter);
        if (next === undefined) throw regexError('invalid embedded option');
        options = next;
      }
      source = source.slice(embedded[0].length);
    }
  }
  const characters = Array.from(source, (character) => character.codePointAt(0) ?? 0);
  if (options.literal)
    return { root: { kind: 'sequence', items: characters.map((code) => ({ kind: 'character', code })) }, captures: 0, options };
  const parser = new RegexParser(characters, options);
  return { root: parser.parse(), captures: parser.captures, options };
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isWord = (code: number): boolean => isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const hexOf = (code: number): number => {
  if (isDigit(code)) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};
const c = (character: string): number => character.charCodeAt(0);

class RegexParser {
  readonly #source: readonly number[];
  readonly #expanded: boolean;
  #at = 0;
  #lookDepth = 0;
  captures = 0;

  constructor(source: readonly number[], options: RegexOptions) {
    this.#source = source;
    this.#expanded = options.expanded;
  }

  parse(): RegexNode {
    const root = this.#alternation();
    if (this.#at < this.#source.length) throw regexError('parentheses () not balanced');
    return root;
  }

  #peek(offset = 0): number {
    return this.#source[this.#at + offset] ?? -1;
  }

  #is(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#peek(i) !== text.charCodeAt(i)) return false;
    return true;
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Comments, and in expanded syntax blanks and # to the end of the line. */
  #skipIgnored(): void {
    for (;;) {
      if (this.#is('(?#')) {
        while (this.#peek() !== -1 && this.#peek() !== c(')')) this.#at++;
        this.#at++;
      } else if (this.#expanded && (this.#peek() === 32 || (this.#peek() >= 9 && this.#peek() <= 13))) this.#at++;
      else if (this.#expanded && this.#peek() === c('#')) while (this.#peek() !== -1 && this.#peek() !== 10) this.#at++;
      else return;
    }
  }

  #alternation(): RegexNode {
    const branches = [this.#branch()];
    while (this.#take('|')) branches.push(this.#branch());
    return branches.length === 1 ? branches[0] : { kind: 'alternation', branches };
  }

  #branch(): RegexNode {
    const items: RegexNode[] = [];
    for (;;) {
      this.#skipIgnored();
      const next = this.#peek();
      if (next === -1 || next === c('|') || next === c(')')) break;
      items.push(this.#quantified());
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  #quantified(): RegexNode {
    const next = this.#peek();
    if (next === c('*') || next === c('+') || next === c('?')) throw regexError('quantifier operand invalid');
    if (next === c('{') && isDigit(this.#peek(1))) throw regexError('quantifier operand invalid');
    const body = this.#atom();
    this.#skipIgnored();
    const bounds = this.#quantifier();
    if (bounds === undefined) return body;
    if (body.kind === 'constraint' || body.kind === 'look') throw regexError('quantifier operand invalid');
    const lazy = this.#take('?');
    this.#skipIgnored();
    const behind = this.#peek();
    if (behind === c('*') || behind === c('+') || behind === c('?') || (behind === c('{') && isDigit(this.#peek(1))))
      throw regexError('quantifier operand invalid');
    return { kind: 'repeat', body, ...bounds, lazy };
  }

  /** `fixed`: {m}, which says nothing of greediness; {m,m} does. */
  #quantifier(): { readonly least: number; readonly most: number; readonly fixed: boolean } | undefined {
    if (this.#take('*')) return { least: 0, most: unlimited, fixed: false };
    if (this.#take('+')) return { least: 1, most: unlimited, fixed: false };
    if (this.#take('?')) return { least: 0, most: 1, fixed: false };
    // A brace without a number behind it is a brace.
    if (this.#peek() !== c('{') || !isDigit(this.#peek(1))) return undefined;
    this.#at++;
    const least = this.#count();
    let most = least;
    const fixed = this.#peek() !== c(',');
    if (this.#take(',')) most = isDigit(this.#peek()) ? this.#count() : unlimited;
    if (!this.#take('}')) throw regexError(this.#peek() === -1 ? 'braces {} not balanced' : 'invalid repetition count(s)');
    if (least > most) throw regexError('invalid repetition count(s)');
    return { least, most, fixed };
  }

  #count(): number {
    let value = 0;
    while (isDigit(this.#peek())) {
      value = value * 10 + this.#peek() - 48;
      this.#at++;
    }
    if (value > maxRepeat) throw regexError('invalid repetition count(s)');
    return value;
  }

  #atom(): RegexNode {
    const code = this.#peek();
    this.#at++;
    switch (code) {
      case c('.'):
        return { kind: 'any' };
      case c('^'):
        return { kind: 'constraint', which: 'lineStart' };
      case c('$'):
        return { kind: 'constraint', which: 'lineEnd' };
      case c('('):
        return this.#parenthesis();
      case c('['):
        return this.#bracket();
      case c('\\'):
        return this.#escape();
      default:
        return { kind: 'character', code };
    }
  }

  #parenthesis(): RegexNode {
    for (const [opening, ahead, negated] of lookOpenings)
      if (this.#take(opening)) {
        this.#lookDepth++;
        const body = this.#alternation();
        this.#lookDepth--;
        this.#close();
        return { kind: 'look', ahead, negated, body };
      }
    // Parentheses in lookaround never capture.
    const capture = this.#take('?:') || this.#lookDepth > 0 ? undefined : ++this.captures;
    if (this.#peek() === c('?')) throw regexError('quantifier operand invalid');
    const body = this.#alternation();
    this.#close();
    return { kind: 'group', capture, body };
  }

  #close(): void {
    if (!this.#take(')')) throw regexError('parentheses () not balanced');
  }

  #bracket(): RegexNode {
    if (this.#take('[:<:]]')) return { kind: 'constraint', which: 'wordStart' };
    if (this.#take('[:>:]]')) return { kind: 'constraint', which: 'wordEnd' };
    const negated = this.#take('^');
    const members: ClassMember[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== c(']'); isFirst = false) {
      if (this.#peek() === -1) throw regexError('brackets [] not balanced');
      const member = this.#classMember();
      const isRange = this.#peek() === c('-') && this.#peek(1) !== c(']') && this.#peek(1) !== -1;
      if (!isRange) {
        members.push(member);
        continue;
      }
      this.#at++;
      const end = this.#classMember();
      if (!('low' in member) || !('low' in end) || member.low > end.low) throw regexError('invalid character range');
      members.push({ low: member.low, high: end.low });
    }
    this.#at++;
    return { kind: 'class', negated, members };
  }

  #classMember(): ClassMember {
    const code = this.#peek();
    if (code === c('[')) {
      const kind = this.#peek(1);
      if (kind === c(':') || kind === c('.') || kind === c('=')) return this.#namedMember(kind);
    }
    this.#at++;
    if (code !== c('\\')) return { low: code, high: code };
    const escaped = this.#escape();
    if (escaped.kind === 'character') return { low: escaped.code, high: escaped.code };
    if (escaped.kind === 'class' && escaped.members.length === 1) {
      const [only] = escaped.members;
      if ('set' in only) return only;
    }
    throw regexError('invalid escape \\ sequence');
  }

  #namedMember(kind: number): ClassMember {
    this.#at += 2;
    let name = '';
    while (!(this.#peek() === kind && this.#peek(1) === c(']'))) {
      if (this.#peek() === -1) throw regexError('brackets [] not balanced');
      name += String.fromCodePoint(this.#peek());
      this.#at++;
    }
    this.#at += 2;
    if (kind === c(':')) {
      if (!isCharacterSet(name)) throw regexError('invalid character class');
      return { set: name, negated: false };
    }
    const character = Array.from(name).length === 1 ? name : collatingNames[name];
    if (character === undefined) throw regexError('invalid collating element');
    const code = character.codePointAt(0) ?? 0;
    return { low: code, high: code };
  }

  #escape(): RegexNode {
    const code = this.#peek();
    if (code === -1) throw regexError('invalid escape \\ sequence');
    this.#at++;
    if (!isWord(code) || code === 95) return { kind: 'character', code };
    const letter = String.fromCharCode(code);
    const simple = simpleEscapes[letter];
    if (simple !== undefined) return { kind: 'character', code: simple };
    const set = setEscapes[letter];
    if (set !== undefined) return { kind: 'class', negated: false, members: [set] };
    const which = constraintEscapes[letter];
    if (which !== undefined) return { kind: 'constraint', which };
    switch (letter) {
      case 'c': {
        const control = this.#peek();
        if (control === -1) throw regexError('invalid escape \\ sequence');
        this.#at++;
        return { kind: 'character', code: control & 31 };
      }
      case 'u':
        return this.#hex(4, 4);
      case 'U':
        return this.#hex(8, 8);
      case 'x':
        return this.#hex(1, 255);
      default:
        return isDigit(code) ? this.#digits(code - 48) : this.#refuse();
    }
  }

  #refuse(): never {
    throw regexError('invalid escape \\ sequence');
  }

  #hex(least: number, most: number): RegexNode {
    let value = 0;
    let digits = 0;
    for (; digits < most && hexOf(this.#peek()) >= 0; digits++) {
      value = value * 16 + hexOf(this.#peek());
      this.#at++;
      if (value > 0x10ffff) this.#refuse();
    }
    if (digits < least) this.#refuse();
    return { kind: 'character', code: value };
  }

  /** A back reference, or an octal escape where it begins with 0 or names more groups than there are. */
  #digits(first: number): RegexNode {
    const start = this.#at;
    let value = first;
    if (first !== 0) {
      while (isDigit(this.#peek())) {
        value = value * 10 + this.#peek() - 48;
        this.#at++;
      }
      const isSingle = this.#at === start;
      if (isSingle || value <= this.captures) {
        if (value > this.captures || this.#lookDepth > 0) throw regexError('invalid backreference number');
        return { kind: 'backReference', capture: value };
      }
      this.#at = start;
    }
    value = first;
    for (let digits = 1; digits < 3 && this.#peek() >= 48 && this.#peek() <= 55; digits++) {
      value = value * 8 + this.#peek() - 48;
      this.#at++;
    }
    if (first > 7) this.#refuse();
    return { kind: 'character', code: value & 255 };
  }
}

const lookOpenings = [
  ['?=', true, false],
  ['?!', true, true],
  ['?<=', false, false],
  ['?<!', false, true],
] as const;

const simpleEscapes: Readonly<Record<string, number>> = { a: 7, b: 8, B: 92, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };

const setEscapes: Readonly<Record<string, ClassMember>> = {
  d: { set: 'digit', negated: false },
  D: { set: 'digit', negated: true },
  s: { set: 'space', negated: false },
  S: { set: 'space', negated: true },
  w: { set: 'word', negated: false },
  W: { set: 'word', negated: true },
};

const constraintEscapes: Readonly<Record<string, Constraint>> = {
  A: 'textStart',
  Z: 'textEnd',
  m: 'wordStart',
  M: 'wordEnd',
  y: 'wordEdge',
  Y: 'notWordEdge',
};
