/**
 * Sets of characters in regular expressions, and the alphabet an expression tells apart.
 *
 * A set is a list of ranges of code points, in order, none touching the next. Letters, digits and case are ASCII's, as under the C collation.
 * An alphabet numbers the classes of characters that no set of the expression separates: automata (regex-automaton.ts) step by class.
 */
import type { CharacterSet, RegexNode, RegexOptions } from './regex-node.ts';

/** Lowest and highest code point of each range, one pair behind the other. */
export type CodeRanges = readonly number[];

const maxCode = 0x10ffff;
const newline = 10;

const namedRanges: Readonly<Record<CharacterSet, CodeRanges>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  ascii: [0, 127],
  blank: [9, 9, 32, 32],
  cntrl: [0, 31, 127, 127],
  digit: [48, 57],
  graph: [33, 126],
  lower: [97, 122],
  print: [32, 126],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  upper: [65, 90],
  word: [48, 57, 65, 90, 95, 95, 97, 122],
  xdigit: [48, 57, 65, 70, 97, 102],
};

export const wordRanges: CodeRanges = namedRanges.word;

/** The characters that a node of one character takes; undefined for any other node. */
export function rangesOf(node: RegexNode, options: RegexOptions): CodeRanges | undefined {
  switch (node.kind) {
    case 'character':
      // Escapes may name numbers that no character has.
      if (node.code > maxCode) return [];
      return options.ignoreCase ? withBothCases([node.code, node.code]) : [node.code, node.code];
    case 'any':
      return options.newlineStops ? complement([newline, newline]) : [0, maxCode];
    case 'class': {
      let ranges: number[] = [];
      for (const member of node.members) {
        if (!('set' in member)) ranges.push(member.low, member.high);
        else {
          const set = options.ignoreCase && (member.set === 'lower' || member.set === 'upper') ? 'alpha' : member.set;
          ranges = ranges.concat(member.negated ? complement(namedRanges[set]) : namedRanges[set]);
        }
      }
      const all = options.ignoreCase ? withBothCases(ranges) : normalize(ranges);
      if (!node.negated) return all;
      return complement(options.newlineStops ? normalize([...all, newline, newline]) : all);
    }
    default:
      return undefined;
  }
}

export function shareCharacters(one: CodeRanges, other: CodeRanges): boolean {
  for (let i = 0, k = 0; i < one.length && k < other.length; )
    if (one[i + 1] < other[k]) i += 2;
    else if (other[k + 1] < one[i]) k += 2;
    else return true;
  return false;
}

function normalize(ranges: readonly number[]): CodeRanges {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i], ranges[i + 1]]);
  pairs.sort((a, b) => a[0] - b[0]);
  const result: number[] = [];
  for (const [low, high] of pairs)
    if (result.length > 0 && low <= result[result.length - 1] + 1) result[result.length - 1] = Math.max(high, result[result.length - 1]);
    else result.push(low, high);
  return result;
}

function complement(ranges: CodeRanges): CodeRanges {
  const result: number[] = [];
  let low = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i] > low) result.push(low, ranges[i] - 1);
    low = ranges[i + 1] + 1;
  }
  if (low <= maxCode) result.push(low, maxCode);
  return result;
}

function withBothCases(ranges: readonly number[]): CodeRanges {
  const result = [...ranges];
  const addShifted = (index: number, low: number, high: number, by: number): void => {
    const from = Math.max(ranges[index], low);
    const to = Math.min(ranges[index + 1], high);
    if (from <= to) result.push(from + by, to + by);
  };
  for (let i = 0; i < ranges.length; i += 2) {
    addShifted(i, 65, 90, 32);
    addShifted(i, 97, 122, -32);
  }
  return normalize(result);
}

const asciiSize = 128;

export class Alphabet {
  /** The first code point of each class's ranges, ascending, and the class there. */
  readonly #starts: readonly number[];
  readonly #classes: readonly number[];
  readonly #ascii = new Uint32Array(asciiSize);
  readonly size: number;

  constructor(sets: readonly CodeRanges[]) {
    const edges = new Set([0]);
    for (const ranges of sets)
      for (let i = 0; i < ranges.length; i += 2) {
        edges.add(ranges[i]);
        edges.add(ranges[i + 1] + 1);
      }
    this.#starts = [...edges].sort((a, b) => a - b);
    // Pieces between edges that the same sets take are one class: [[:alnum:]] costs one class, not six.
    const members = this.#starts.map(() => '');
    sets.forEach((ranges, number) => {
      for (let i = 0; i < ranges.length; i += 2)
        for (let piece = this.#pieceOf(ranges[i]); piece < this.#starts.length && this.#starts[piece] <= ranges[i + 1]; piece++)
          members[piece] += `${number},`;
    });
    const numbers = new Map<string, number>();
    this.#classes = members.map((member) => {
      const known = numbers.get(member) ?? numbers.size;
      numbers.set(member, known);
      return known;
    });
    this.size = numbers.size;
    for (let code = 0; code < asciiSize; code++) this.#ascii[code] = this.#classes[this.#pieceOf(code)];
  }

  classOf(code: number): number {
    return code < asciiSize ? this.#ascii[code] : this.#classes[this.#pieceOf(code)];
  }

  /** The classes that make up a set the alphabet was built from. */
  classesOf(ranges: CodeRanges): readonly number[] {
    const classes = new Set<number>();
    for (let i = 0; i < ranges.length; i += 2)
      for (let piece = this.#pieceOf(ranges[i]); piece < this.#starts.length && this.#starts[piece] <= ranges[i + 1]; piece++)
        classes.add(this.#classes[piece]);
    return [...classes];
  }

  #pieceOf(code: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= code) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
