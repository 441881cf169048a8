/** Reads jsonpath, PostgreSQL's SQL/JSON path language. */
import { notSupported, SqlError, sqlstate } from '#base/sql-error.ts';
import { pathRegex } from '../functions/jsonpath-regex.ts';
import { invalidSyntax } from './behaviour.ts';
import { type PathToken, tokensOf, unexpectedToken } from './jsonpath-lexer.ts';
import type { Comparison, JsonPath, PathItem, PathMethod, PathStep } from './jsonpath-value.ts';
import { parseNumeric } from './numeric.ts';
import { negateNumeric } from './numeric-arithmetic.ts';
import { Numeric } from './numeric-value.ts';

const comparisons: Readonly<Record<string, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const methods: ReadonlySet<string> = new Set<PathMethod>(['type', 'size', 'abs', 'floor', 'ceiling', 'double', 'keyvalue']);

/** A predicate says yes, no or unknown; the language keeps it apart from expressions. */
type Parsed = { readonly item: PathItem; readonly isPredicate: boolean; readonly inBrackets: boolean };

const cache = new Map<string, JsonPath>();
const maxCached = 256;

/** Parsed paths are kept: they are nearly always constants. */
export function parseJsonPath(text: string): JsonPath {
  let path = cache.get(text);
  if (path === undefined) {
    path = new PathParser(text).parse();
    if (cache.size >= maxCached) cache.clear();
    cache.set(text, path);
  }
  return path;
}

function usable(token: PathToken): PathToken {
  if (token.error !== undefined) throw token.error;
  return token;
}

class PathParser {
  readonly #text: string;
  readonly #tokens: readonly PathToken[];
  #at = 0;
  #filterDepth = 0;
  #subscriptDepth = 0;
  /** What is in a wrong place, though the syntax may be right: told when the whole path was read. */
  #misplaced: SqlError | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): JsonPath {
    if (this.#peek.kind === 'end') throw invalidSyntax('jsonpath', this.#text);
    const strict = this.#takeWord('strict');
    if (!strict) this.#takeWord('lax');
    const { item } = this.#disjunction();
    const rest = this.#next();
    if (rest.kind !== 'end') throw unexpectedToken(rest);
    if (this.#misplaced !== undefined) throw this.#misplaced;
    return { strict, root: item };
  }

  get #peek(): PathToken {
    return usable(this.#tokens[this.#at]);
  }

  #next(): PathToken {
    return usable(this.#tokens[this.#at++]);
  }

  #isSymbol(symbol: string): boolean {
    return this.#peek.kind === 'symbol' && this.#peek.value === symbol;
  }

  #take(symbol: string): boolean {
    if (!this.#isSymbol(symbol)) return false;
    this.#at++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw unexpectedToken(this.#peek);
  }

  #isWord(word: string): boolean {
    return this.#peek.kind === 'word' && wordOf(this.#peek) === word;
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false;
    this.#at++;
    return true;
  }

  #predicate(): PathItem {
    const parsed = this.#disjunction();
    if (!parsed.isPredicate) throw unexpectedToken(this.#peek);
    return parsed.item;
  }

  #expression(): PathItem {
    const parsed = this.#sum();
    if (parsed.isPredicate) throw unexpectedToken(this.#peek);
    return parsed.item;
  }

  #disjunction(): Parsed {
    return this.#logical('||', () => this.#logical('&&', () => this.#comparison()));
  }

  #logical(operator: '&&' | '||', operand: () => Parsed): Parsed {
    let left = operand();
    while (this.#isSymbol(operator)) {
      if (!left.isPredicate) throw unexpectedToken(this.#peek);
      this.#at++;
      const right = operand();
      if (!right.isPredicate) throw unexpectedToken(this.#peek);
      left = predicate({ kind: 'logical', operator, left: left.item, right: right.item });
    }
    return left;
  }

  #comparison(): Parsed {
    if (this.#take('!')) return predicate({ kind: 'not', operand: this.#delimited() });
    if (this.#isWord('exists')) return predicate(this.#delimited());
    const left = this.#sum();
    if (left.isPredicate) return left;
    const { kind, value } = this.#peek;
    const comparison = kind === 'symbol' ? comparisons[value] : undefined;
    if (comparison !== undefined) {
      this.#at++;
      return predicate({ kind: 'comparison', operator: comparison, left: left.item, right: this.#expression() });
    }
    if (this.#takeWord('starts')) {
      if (!this.#takeWord('with')) throw unexpectedToken(this.#peek);
      return predicate({ kind: 'startsWith', left: left.item, right: this.#startingText() });
    }
    if (this.#takeWord('like_regex')) return predicate(this.#likeRegex(left.item));
    return left;
  }

  /** ( predicate ) or exists ( expression ): what may stand behind `!`. */
  #delimited(): PathItem {
    if (this.#takeWord('exists')) {
      this.#expect('(');
      const operand = this.#expression();
      this.#expect(')');
      return { kind: 'exists', operand };
    }
    this.#expect('(');
    const item = this.#predicate();
    this.#expect(')');
    return item;
  }

  #startingText(): PathItem {
    const token = this.#next();
    if (token.kind === 'string') return { kind: 'literal', value: token.value };
    if (token.kind === 'variable') return { kind: 'variable', name: token.value };
    throw unexpectedToken(token);
  }

  #likeRegex(operand: PathItem): PathItem {
    const pattern = this.#string();
    const given = this.#takeWord('flag') ? this.#string() : '';
    for (const flag of given) {
      if (!'ismxq'.includes(flag)) {
        throw new SqlError(sqlstate.syntaxError, 'invalid input syntax for type jsonpath', {
          detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.`,
        });
      }
    }
    const flags = [...'ismxq'].filter((flag) => given.includes(flag)).join('');
    if (flags.includes('x') && !flags.includes('q'))
      throw notSupported('XQuery "x" flag (expanded regular expressions) is not implemented');
    // A pattern that is none is told at once.
    pathRegex(pattern, flags);
    return { kind: 'likeRegex', operand, pattern, flags };
  }

  #string(): string {
    const token = this.#next();
    if (token.kind !== 'string') throw unexpectedToken(token);
    return token.value;
  }

  #sum(): Parsed {
    return this.#arithmetic(['+', '-'], () => this.#arithmetic(['*', '/', '%'], () => this.#signed()));
  }

  #arithmetic(operators: readonly ('+' | '-' | '*' | '/' | '%')[], operand: () => Parsed): Parsed {
    let left = operand();
    for (;;) {
      const operator = operators.find((one) => this.#isSymbol(one));
      if (operator === undefined || left.isPredicate) return left;
      this.#at++;
      const right = operand();
      if (right.isPredicate) throw unexpectedToken(this.#peek);
      left = expression({ kind: 'arithmetic', operator, left: left.item, right: right.item });
    }
  }

  #signed(): Parsed {
    const operator = this.#isSymbol('+') ? '+' : this.#isSymbol('-') ? '-' : undefined;
    if (operator === undefined) return this.#accessed();
    this.#at++;
    const { item, isPredicate } = this.#signed();
    if (isPredicate) throw unexpectedToken(this.#peek);
    if (item.kind === 'literal' && item.value instanceof Numeric)
      return expression({ kind: 'literal', value: operator === '-' ? negateNumeric(item.value) : item.value });
    return expression({ kind: 'sign', operator, operand: item });
  }

  #accessed(): Parsed {
    const base = this.#primary();
    const steps: PathStep[] = [];
    while (this.#isSymbol('.') || this.#isSymbol('[') || this.#isSymbol('?')) steps.push(this.#step());
    if (steps.length === 0) return base;
    const { item } = base;
    return expression(
      item.kind === 'chain' ? { kind: 'chain', base: item.base, steps: [...item.steps, ...steps] } : { kind: 'chain', base: item, steps },
    );
  }

  #primary(): Parsed {
    const token = this.#peek;
    if (this.#take('(')) {
      const inner = this.#disjunction();
      this.#expect(')');
      if (inner.isPredicate && this.#takeWord('is')) {
        if (!this.#takeWord('unknown')) throw unexpectedToken(this.#peek);
        return predicate({ kind: 'isUnknown', operand: inner.item });
      }
      return { ...inner, inBrackets: true };
    }
    this.#at++;
    switch (token.kind) {
      case 'string':
        return expression({ kind: 'literal', value: token.value });
      case 'variable':
        return expression({ kind: 'variable', name: token.value });
      case 'number':
        return expression({ kind: 'literal', value: parseNumeric(token.value.endsWith('.') ? token.value.slice(0, -1) : token.value) });
      case 'symbol':
        if (token.value === '$') return expression({ kind: 'root' });
        if (token.value === '@') {
          if (this.#filterDepth === 0) this.#misplaced ??= new SqlError(sqlstate.syntaxError, '@ is not allowed in root expressions');
          return expression({ kind: 'current' });
        }
        break;
      case 'word':
        switch (wordOf(token)) {
          case 'null':
            return expression({ kind: 'literal', value: null });
          case 'true':
          case 'false':
            return expression({ kind: 'literal', value: token.value === 'true' });
          case 'last':
            if (this.#subscriptDepth === 0)
              this.#misplaced ??= new SqlError(sqlstate.syntaxError, 'LAST is allowed only in array subscripts');
            return expression({ kind: 'last' });
          default:
        }
        break;
      default:
    }
    throw unexpectedToken(token);
  }

  #step(): PathStep {
    if (this.#take('?')) {
      this.#expect('(');
      this.#filterDepth++;
      const item = this.#predicate();
      this.#filterDepth--;
      this.#expect(')');
      return { kind: 'filter', predicate: item };
    }
    if (this.#take('[')) return this.#subscripts();
    this.#expect('.');
    if (this.#take('*')) return { kind: 'anyMember' };
    if (this.#take('**')) return this.#levels();
    const token = this.#next();
    if (token.kind === 'string') return { kind: 'member', name: token.value };
    if (token.kind !== 'word') throw unexpectedToken(token);
    const word = wordOf(token) ?? '';
    if (this.#isSymbol('(')) {
      this.#at++;
      if (word === 'datetime') {
        const template = this.#peek.kind === 'string' ? this.#string() : undefined;
        this.#expect(')');
        return { kind: 'datetime', template };
      }
      if (!isMethod(word)) throw unexpectedToken(this.#tokens[this.#at - 1]);
      this.#expect(')');
      return { kind: 'method', name: word };
    }
    return { kind: 'member', name: token.value };
  }

  #subscripts(): PathStep {
    if (this.#take('*')) {
      this.#expect(']');
      return { kind: 'anyItem' };
    }
    const subscripts: { from: PathItem; to: PathItem | undefined }[] = [];
    this.#subscriptDepth++;
    do {
      const from = this.#expression();
      subscripts.push({ from, to: this.#takeWord('to') ? this.#expression() : undefined });
    } while (this.#take(','));
    this.#subscriptDepth--;
    this.#expect(']');
    return { kind: 'items', subscripts };
  }

  #levels(): PathStep {
    if (!this.#take('{')) return { kind: 'descend', first: 0, last: Number.POSITIVE_INFINITY };
    const first = this.#level();
    const last = this.#takeWord('to') ? this.#level() : first;
    this.#expect('}');
    return { kind: 'descend', first, last };
  }

  #level(): number {
    if (this.#takeWord('last')) return Number.POSITIVE_INFINITY;
    const token = this.#next();
    if (token.kind !== 'number' || !/^[0-9]+$/.test(token.value)) throw unexpectedToken(token);
    return Number(token.value);
  }
}

const isMethod = (word: string): word is PathMethod => methods.has(word);
const predicate = (item: PathItem): Parsed => ({ item, isPredicate: true, inBrackets: false });
const expression = (item: PathItem): Parsed => ({ item, isPredicate: false, inBrackets: false });

/** Words are known in any case, but for null, true and false. */
function wordOf(token: PathToken): string | undefined {
  const lower = token.value.toLowerCase();
  return lower !== token.value && (lower === 'null' || lower === 'true' || lower === 'false') ? undefined : lower;
}
