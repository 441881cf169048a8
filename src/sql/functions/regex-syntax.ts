/**
 * PostgreSQL's regular expressions, parsed: advanced, extended and basic ones. How they match is regex-matching.ts.
 *
 * Escapes, bracket expressions, constraints, embedded options, expanded syntax and errors are those of section 9.7.3 of PostgreSQL's manual.
 */
import {
  applyOption,
  type CharacterSet,
  type ClassMember,
  type Constraint,
  type ParsedRegex,
  type RegexNode,
  type RegexOptions,
  type RegexSyntax,
  regexError,
  tooComplex,
  unlimited,
} from './regex-node.ts';

const characterSets: ReadonlySet<string> = new Set<CharacterSet>([
  'alnum',
  'alpha',
  'ascii',
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
/** A literal has no lines and no blanks to leave out. */
const asLiteral = (options: RegexOptions): RegexOptions => ({
  ...options,
  syntax: 'literal',
  expanded: false,
  newlineStops: false,
  newlineAnchors: false,
});

/** What the front of an expression says of the rest: *** and what follows it, and (?letters). */
function readPrefix(pattern: string, given: RegexOptions): { readonly source: string; readonly options: RegexOptions } {
  let options = given;
  let source = pattern;
  if (options.syntax === 'literal') return { source, options };
  if (source.length >= 4 && source.startsWith('***')) {
    if (source[3] === '=') return { source: source.slice(4), options: asLiteral(options) };
    if (source[3] === '?') throw regexError('invalid regexp (reg version 0.8)');
    if (source[3] !== ':') throw regexError('quantifier operand invalid');
    options = { ...options, syntax: 'advanced' };
    source = source.slice(4);
  }
  const embedded = options.syntax === 'advanced' ? /^\(\?([A-Za-z]+)(\)?)/.exec(source) : null;
  if (embedded === null) return { source, options };
  for (const letter of embedded[1]) {
    const next = applyOption(options, letter);
    if (next === undefined) throw regexError('invalid embedded option');
    options = next;
  }
  if (embedded[2] === '') throw regexError('invalid embedded option');
  return { source: source.slice(embedded[0].length), options: options.syntax === 'literal' ? asLiteral(options) : options };
}

export function parseRegex(pattern: string, given: RegexOptions): ParsedRegex {
  if (given.syntax === 'literal' && (given.expanded || given.newlineStops || given.newlineAnchors))
    throw regexError('invalid argument to regex function');
  const { source, options } = readPrefix(pattern, given);
  const characters = Array.from(source, (character) => character.codePointAt(0) ?? 0);
  if (options.syntax === 'literal')
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

/** Groups in groups; the limit keeps the recursion off the end of the stack. */
const maxDepth = 1000;

class RegexParser {
  readonly #source: readonly number[];
  readonly #syntax: RegexSyntax;
  readonly #expanded: boolean;
  #at = 0;
  #depth = 0;
  #lookDepth = 0;
  /** Groups that are closed: only those can be referred back to. */
  readonly #closed = new Set<number>();
  captures = 0;

  constructor(source: readonly number[], options: RegexOptions) {
    this.#source = source;
    this.#syntax = options.syntax;
    this.#expanded = options.expanded;
  }

  parse(): RegexNode {
    const root = this.#alternation();
    if (this.#at < this.#source.length) throw regexError('parentheses () not balanced');
    return root;
  }

  get #isBasic(): boolean {
    return this.#syntax === 'basic';
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

  /** In expanded syntax blanks and # to the end of the line. */
  #skipBlanks(): void {
    while (this.#expanded)
      if (this.#peek() === 32 || (this.#peek() >= 9 && this.#peek() <= 13)) this.#at++;
      else if (this.#peek() === c('#')) while (this.#peek() !== -1 && this.#peek() !== 10) this.#at++;
      else return;
  }

  #skipIgnored(): void {
    this.#skipBlanks();
    while (this.#syntax === 'advanced' && this.#is('(?#')) {
      while (this.#peek() !== -1 && this.#peek() !== c(')')) this.#at++;
      this.#at = Math.min(this.#at + 1, this.#source.length);
      this.#skipBlanks();
    }
  }

  #closes(): boolean {
    if (this.#isBasic) return this.#is('\\)');
    // Outside of parentheses an extended expression takes a closing one for a character.
    return this.#is(')') && (this.#syntax === 'advanced' || this.#depth > 0);
  }

  #alternation(): RegexNode {
    if (this.#depth > maxDepth) throw tooComplex();
    const branches = [this.#branch()];
    while (!this.#isBasic && this.#take('|')) branches.push(this.#branch());
    return branches.length === 1 ? branches[0] : { kind: 'alternation', branches };
  }

  #branch(): RegexNode {
    const items: RegexNode[] = [];
    for (;;) {
      this.#skipIgnored();
      if (this.#peek() === -1 || (!this.#isBasic && this.#is('|')) || this.#closes()) break;
      items.push(this.#quantified(items[items.length - 1]));
    }
    return items.length === 1 ? items[0] : { kind: 'sequence', items };
  }

  #atQuantifier(): boolean {
    const next = this.#peek();
    if (next === c('*')) return true;
    if (this.#isBasic) return this.#is('\\{');
    return next === c('+') || next === c('?') || this.#atBrace();
  }

  /** A brace without a number behind it is a brace. */
  #atBrace(): boolean {
    if (!this.#is('{')) return false;
    const start = this.#at++;
    this.#skipBlanks();
    const isBound = isDigit(this.#peek());
    this.#at = start;
    return isBound;
  }

  #quantified(before: RegexNode | undefined): RegexNode {
    const isFirst = before === undefined;
    // In basic syntax a star has nothing to repeat there, and is one.
    const isStar = this.#isBasic && this.#is('*') && (isFirst || (before.kind === 'constraint' && before.which === 'lineStart'));
    if (this.#atQuantifier() && !isStar) throw regexError('quantifier operand invalid');
    const body = this.#atom(isFirst);
    this.#skipIgnored();
    if (body.kind === 'constraint' || body.kind === 'look') {
      // Whether a quantifier may stand here is for the next item to say.
      return body;
    }
    const bounds = this.#quantifier();
    if (bounds === undefined) return body;
    this.#skipIgnored();
    if (this.#atQuantifier()) throw regexError('quantifier operand invalid');
    return { kind: 'repeat', body, ...bounds };
  }

  /** `fixed`: {m}, which says nothing of greediness; {m,m} does. */
  #quantifier(): { least: number; most: number; fixed: boolean; lazy: boolean } | undefined {
    const lazy = (): boolean => this.#syntax === 'advanced' && this.#take('?');
    if (this.#take('*')) return { least: 0, most: unlimited, fixed: false, lazy: lazy() };
    if (!this.#isBasic) {
      if (this.#take('+')) return { least: 1, most: unlimited, fixed: false, lazy: lazy() };
      if (this.#take('?')) return { least: 0, most: 1, fixed: false, lazy: lazy() };
    }
    if (this.#isBasic ? !this.#take('\\{') : !this.#atBrace() || !this.#take('{')) return undefined;
    const least = this.#count();
    let most = least;
    this.#skipBlanks();
    const fixed = !this.#take(',');
    if (!fixed) {
      this.#skipBlanks();
      most = isDigit(this.#peek()) ? this.#count() : unlimited;
      if (least > most) throw regexError('invalid repetition count(s)');
    }
    this.#skipBlanks();
    if (!this.#take(this.#isBasic ? '\\}' : '}'))
      throw regexError(this.#peek() === -1 ? 'braces {} not balanced' : 'invalid repetition count(s)');
    return { least, most, fixed, lazy: lazy() };
  }

  #count(): number {
    this.#skipBlanks();
    let value = 0;
    if (!isDigit(this.#peek())) throw regexError(this.#peek() === -1 ? 'braces {} not balanced' : 'invalid repetition count(s)');
    while (isDigit(this.#peek())) {
      value = value * 10 + this.#peek() - 48;
      this.#at++;
      this.#skipBlanks();
    }
    if (value > maxRepeat) throw regexError('invalid repetition count(s)');
    return value;
  }

  #atom(isFirst: boolean): RegexNode {
    const code = this.#peek();
    this.#at++;
    switch (code) {
      case c('.'):
        return { kind: 'any' };
      case c('^'):
        return this.#isBasic && !isFirst ? { kind: 'character', code } : { kind: 'constraint', which: 'lineStart' };
      case c('$'):
        if (this.#isBasic) {
          this.#skipBlanks();
          if (this.#peek() !== -1 && !this.#closes()) return { kind: 'character', code };
        }
        return { kind: 'constraint', which: 'lineEnd' };
      case c('('):
        return this.#isBasic ? { kind: 'character', code } : this.#parenthesis();
      case c('['):
        return this.#bracket();
      case c('\\'):
        if (this.#isBasic) return this.#basicEscape();
        return this.#escape();
      default:
        return { kind: 'character', code };
    }
  }

  #basicEscape(): RegexNode {
    const code = this.#peek();
    if (code === -1) throw regexError('invalid escape \\ sequence');
    this.#at++;
    if (code === c('(')) return this.#group(++this.captures);
    if (code === c('<')) return { kind: 'constraint', which: 'wordStart' };
    if (code === c('>')) return { kind: 'constraint', which: 'wordEnd' };
    if (code >= c('1') && code <= c('9')) return this.#backReference(code - 48);
    return { kind: 'character', code };
  }

  #backReference(capture: number): RegexNode {
    if (!this.#closed.has(capture) || this.#lookDepth > 0) throw regexError('invalid backreference number');
    return { kind: 'backReference', capture };
  }

  #parenthesis(): RegexNode {
    if (this.#syntax === 'advanced' && this.#peek() === c('?')) {
      for (const [opening, ahead, negated] of lookOpenings)
        if (this.#take(opening)) {
          this.#lookDepth++;
          const { body } = this.#group(undefined);
          this.#lookDepth--;
          return { kind: 'look', ahead, negated, body };
        }
      if (!this.#take('?:')) throw regexError('quantifier operand invalid');
      return this.#group(undefined);
    }
    // Parentheses in lookaround never capture.
    return this.#group(this.#lookDepth > 0 ? undefined : ++this.captures);
  }

  #group(capture: number | undefined): RegexNode & { readonly kind: 'group' } {
    this.#depth++;
    const body = this.#alternation();
    this.#depth--;
    if (!this.#take(this.#isBasic ? '\\)' : ')')) throw regexError('parentheses () not balanced');
    if (capture !== undefined) this.#closed.add(capture);
    return { kind: 'group', capture, body };
  }

  #bracket(): RegexNode {
    if (this.#take('[:<:]]')) return { kind: 'constraint', which: 'wordStart' };
    if (this.#take('[:>:]]')) return { kind: 'constraint', which: 'wordEnd' };
    const negated = this.#take('^');
    const members: ClassMember[] = [];
    for (let isFirst = true; isFirst || this.#peek() !== c(']'); isFirst = false) {
      if (this.#peek() === -1) throw regexError('brackets [] not balanced');
      if (!isFirst && this.#atRange()) throw regexError('invalid character range');
      const member = this.#classMember();
      if (!('low' in member) || member.isClass === true || !this.#atRange()) {
        members.push(member);
        continue;
      }
      this.#at++;
      const end = this.#classMember();
      if (!('low' in end) || end.isClass === true || member.low > end.low) throw regexError('invalid character range');
      members.push({ low: member.low, high: end.low });
    }
    this.#at++;
    return { kind: 'class', negated, members };
  }

  /** A hyphen that stands last is itself. */
  #atRange(): boolean {
    return this.#peek() === c('-') && this.#peek(1) !== c(']');
  }

  #classMember(): ClassMember {
    if (this.#peek() === -1) throw regexError('brackets [] not balanced');
    const code = this.#peek();
    if (code === c('[')) {
      const kind = this.#peek(1);
      if (kind === c(':') || kind === c('.') || kind === c('=')) return this.#namedMember(kind);
    }
    this.#at++;
    if (code !== c('\\') || this.#syntax !== 'advanced') return { low: code, high: code };
    const escaped = this.#escape(true);
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
    if (name === '') throw regexError(kind === c(':') ? 'invalid character class' : 'invalid collating element');
    if (kind === c(':')) {
      if (!isCharacterSet(name)) throw regexError('invalid character class');
      return { set: name, negated: false };
    }
    const character = Array.from(name).length === 1 ? name : collatingNames[name];
    if (character === undefined) throw regexError('invalid collating element');
    const code = character.codePointAt(0) ?? 0;
    return { low: code, high: code, isClass: kind === c('=') };
  }

  #escape(inClass = false): RegexNode {
    const code = this.#peek();
    if (code === -1) throw regexError('invalid escape \\ sequence');
    this.#at++;
    if (this.#syntax === 'extended') return { kind: 'character', code };
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
        return isDigit(code) ? this.#digits(code - 48, inClass) : this.#refuse();
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
  #digits(first: number, inClass: boolean): RegexNode {
    const start = this.#at;
    let value = first;
    if (first !== 0) {
      while (isDigit(this.#peek())) {
        value = value * 10 + this.#peek() - 48;
        this.#at++;
      }
      const isSingle = this.#at === start;
      if (isSingle || value <= this.captures) {
        return inClass ? this.#refuse() : this.#backReference(value);
      }
      this.#at = start;
    }
    if (first > 7) this.#refuse();
    value = first;
    for (let digits = 1; digits < 3 && this.#peek() >= 48 && this.#peek() <= 55 && value * 8 + this.#peek() - 48 <= 255; digits++) {
      value = value * 8 + this.#peek() - 48;
      this.#at++;
    }
    return { kind: 'character', code: value };
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
