/**
 * A parsed regular expression as one of JavaScript's, and the rules for how much a match takes.
 *
 * JavaScript takes the first alternative that leads to a match; PostgreSQL the longest match there is at the leftmost place, or the shortest
 * when the first quantifier that counts is a non-greedy one. Where the two can differ (`isAmbiguous`), the end is looked for by trying ends, from
 * the far side or the near one, with the same expression bound to it. Character classes and case know ASCII only, as under the C collation.
 */
import {
  type CharacterSet,
  type ClassMember,
  type Constraint,
  type ParsedRegex,
  parseRegex,
  type RegexNode,
  type RegexOptions,
  unlimited,
} from './regex-syntax.ts';

export type Regex = {
  readonly captures: number;
  /** Whether there is a match anywhere. */
  readonly test: (text: string) => boolean;
  /** The first match at or behind a UTF-16 index. `indices` as in JavaScript's d flag. */
  readonly exec: (text: string, from: number) => RegexMatch | undefined;
};

/** Start and end (UTF-16) of the whole and of each group; undefined for groups that took no part. */
export type RegexMatch = readonly (readonly [number, number] | undefined)[];

const cache = new Map<string, Regex>();
const maxCached = 256;

/** Compiled expressions are kept: patterns are nearly always constants. */
export function compileRegex(pattern: string, options: RegexOptions): Regex {
  const key = `${options.ignoreCase}${options.newlineStops}${options.newlineAnchors}${options.expanded}${options.literal}/${pattern}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    if (cache.size >= maxCached) cache.clear();
    regex = build(parseRegex(pattern, options));
    cache.set(key, regex);
  }
  return regex;
}

/** Longer texts than this are taken with JavaScript's idea of the end. */
const maxEndSearch = 10000;

function build(parsed: ParsedRegex): Regex {
  const source = emit(parsed.root, parsed.options);
  const finder = new RegExp(source, 'dgu');
  const tester = new RegExp(source, 'u');
  const isShort = preference(parsed.root) === 'short';
  const toEnd =
    isAmbiguous(parsed.root) && !looksAround(parsed.root, parsed.options) ? new RegExp(`(?:${source})(?![^])`, 'dyu') : undefined;

  const exec = (text: string, from: number): RegexMatch | undefined => {
    finder.lastIndex = from;
    const match = finder.exec(text);
    if (match?.indices === undefined) return undefined;
    if (toEnd === undefined || text.length - match.index > maxEndSearch) return match.indices;
    const start = match.index;
    const first = match.indices;
    const end = match.index + match[0].length;
    if (isShort) {
      for (let stop = start; stop < end; stop++) {
        const shorter = endingAt(toEnd, text, start, stop);
        if (shorter !== undefined) return shorter;
      }
      return first;
    }
    for (let stop = text.length; stop > end; stop--) {
      const longer = endingAt(toEnd, text, start, stop);
      if (longer !== undefined) return longer;
    }
    return first;
  };
  return { captures: parsed.captures, test: (text) => tester.test(text), exec };
}

function endingAt(regex: RegExp, text: string, start: number, stop: number): RegexMatch | undefined {
  regex.lastIndex = start;
  return regex.exec(text.slice(0, stop))?.indices;
}

type Preference = 'long' | 'short' | undefined;

/** Greediness of a node, by the manual's rules. */
function preference(node: RegexNode): Preference {
  switch (node.kind) {
    case 'alternation':
      return 'long';
    case 'sequence':
      for (const item of node.items) {
        const own = preference(item);
        if (own !== undefined) return own;
      }
      return undefined;
    case 'group':
      return preference(node.body);
    case 'repeat':
      return node.fixed ? preference(node.body) : node.lazy ? 'short' : 'long';
    default:
      return undefined;
  }
}

/** Whether JavaScript's match may end elsewhere than PostgreSQL's. */
function isAmbiguous(root: RegexNode): boolean {
  const isShort = preference(root) === 'short';
  const visit = (node: RegexNode): boolean => {
    switch (node.kind) {
      case 'alternation':
        return !branchesExclude(node.branches) || node.branches.some(visit);
      case 'sequence':
        return node.items.some(visit);
      case 'group':
        return visit(node.body);
      case 'repeat':
        return (!node.fixed && node.lazy !== isShort) || visit(node.body);
      default:
        return false;
    }
  };
  return visit(root);
}

/** True when at most one branch can match at a place: each begins with another character, or all are single characters. */
function branchesExclude(branches: readonly RegexNode[]): boolean {
  if (branches.every((branch) => branch.kind === 'character' || branch.kind === 'class' || branch.kind === 'any')) return true;
  const firsts = branches.map((branch) => {
    const first = branch.kind === 'sequence' ? branch.items[0] : branch;
    return first?.kind === 'character' ? first.code | 32 : undefined;
  });
  return !firsts.includes(undefined) && new Set(firsts).size === firsts.length;
}

/** Whether what follows a match's end matters to it: then the text cannot be cut there to try an end. */
function looksAround(node: RegexNode, options: RegexOptions): boolean {
  switch (node.kind) {
    case 'alternation':
      return node.branches.some((branch) => looksAround(branch, options));
    case 'sequence':
      return node.items.some((item) => looksAround(item, options));
    case 'group':
    case 'repeat':
      return looksAround(node.body, options);
    case 'look':
      return true;
    case 'constraint':
      return node.which !== 'textStart' && node.which !== 'lineStart';
    default:
      return false;
  }
}

function emit(node: RegexNode, options: RegexOptions): string {
  switch (node.kind) {
    case 'alternation':
      return node.branches.map((branch) => emit(branch, options)).join('|');
    case 'sequence':
      return node.items.map((item) => (item.kind === 'alternation' ? `(?:${emit(item, options)})` : emit(item, options))).join('');
    case 'character':
      return emitCharacter(node.code, options);
    case 'any':
      return options.newlineStops ? '[^\\n]' : '[^]';
    case 'class':
      return emitClass(node.negated, node.members, options);
    case 'group':
      return `(${node.capture === undefined ? '?:' : ''}${emit(node.body, options)})`;
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negated ? '!' : '='}${emit(node.body, options)})`;
    case 'backReference':
      return `(?:\\${node.capture})`;
    case 'constraint':
      return emitConstraint(node.which, options);
    case 'repeat': {
      // {1,1} and {1,1}? only say how greedy their group is: the group's own quantifiers take the word over.
      if (node.least === 1 && node.most === 1 && !node.fixed) return `(?:${emit(node.lazy ? makeLazy(node.body) : node.body, options)})`;
      const count =
        node.most === unlimited
          ? node.least === 0
            ? '*'
            : node.least === 1
              ? '+'
              : `{${node.least},}`
          : node.least === 0 && node.most === 1
            ? '?'
            : `{${node.least},${node.most}}`;
      return `(?:${emit(node.body, options)})${count}${node.lazy ? '?' : ''}`;
    }
  }
}

function makeLazy(node: RegexNode): RegexNode {
  switch (node.kind) {
    case 'alternation':
      return { ...node, branches: node.branches.map(makeLazy) };
    case 'sequence':
      return { ...node, items: node.items.map(makeLazy) };
    case 'group':
      return { ...node, body: makeLazy(node.body) };
    case 'repeat':
      return { ...node, body: makeLazy(node.body), lazy: true };
    default:
      return node;
  }
}

const escapeCode = (code: number): string => {
  const isPlain = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 32 || code === 95;
  return isPlain ? String.fromCharCode(code) : `\\u{${code.toString(16)}}`;
};

const isAsciiLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;

function emitCharacter(code: number, options: RegexOptions): string {
  return options.ignoreCase && isAsciiLetter(code) ? `[${escapeCode(code)}${escapeCode(code ^ 32)}]` : escapeCode(code);
}

const setRanges: Readonly<Record<CharacterSet, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e',
  space: '\\t-\\r ',
  upper: 'A-Z',
  word: 'A-Za-z0-9_',
  xdigit: '0-9A-Fa-f',
};
const setComplements: Partial<Readonly<Record<CharacterSet, string>>> = {
  digit: '\\u{0}-\\x2f\\x3a-\\u{10ffff}',
  space: '\\x00-\\x08\\x0e-\\x1f\\x21-\\u{10ffff}',
  word: '\\x00-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\u{10ffff}',
};

function emitClass(negated: boolean, members: readonly ClassMember[], options: RegexOptions): string {
  let inside = '';
  for (const member of members) {
    if ('set' in member) {
      const set = options.ignoreCase && (member.set === 'lower' || member.set === 'upper') ? 'alpha' : member.set;
      inside += member.negated ? (setComplements[set] ?? '') : setRanges[set];
      continue;
    }
    inside += emitRange(member.low, member.high);
    if (!options.ignoreCase) continue;
    const low = Math.max(member.low, 65);
    const high = Math.min(member.high, 90);
    if (low <= high) inside += emitRange(low + 32, high + 32);
    const lowerLow = Math.max(member.low, 97);
    const lowerHigh = Math.min(member.high, 122);
    if (lowerLow <= lowerHigh) inside += emitRange(lowerLow - 32, lowerHigh - 32);
  }
  if (negated && options.newlineStops) inside += '\\n';
  // \D and the like in newline-sensitive matching leave out the newline too.
  const [only] = members;
  const isComplement = !negated && members.length === 1 && 'set' in only && only.negated;
  return isComplement && options.newlineStops ? `(?:(?!\\n)[${inside}])` : `[${negated ? '^' : ''}${inside}]`;
}

const emitRange = (low: number, high: number): string => (low === high ? escapeCode(low) : `${escapeCode(low)}-${escapeCode(high)}`);

function emitConstraint(which: Constraint, options: RegexOptions): string {
  switch (which) {
    case 'lineStart':
      return options.newlineAnchors ? '(?<![^\\n])' : '^';
    case 'lineEnd':
      return options.newlineAnchors ? '(?![^\\n])' : '$';
    case 'textStart':
      return '^';
    case 'textEnd':
      return '$';
    case 'wordStart':
      return '(?<![A-Za-z0-9_])(?=[A-Za-z0-9_])';
    case 'wordEnd':
      return '(?<=[A-Za-z0-9_])(?![A-Za-z0-9_])';
    case 'wordEdge':
      return '(?:(?<![A-Za-z0-9_])(?=[A-Za-z0-9_])|(?<=[A-Za-z0-9_])(?![A-Za-z0-9_]))';
    case 'notWordEdge':
      return '(?:(?<![A-Za-z0-9_])(?![A-Za-z0-9_])|(?<=[A-Za-z0-9_])(?=[A-Za-z0-9_]))';
  }
}
