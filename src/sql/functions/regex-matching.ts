/**
 * Regular expressions compiled, and their matches found: the leftmost, and of those that begin there the longest, or the shortest where the
 * expression prefers that.
 *
 * Expressions that JavaScript's engine answers alike and fast go to it (regex-translation.ts says which); all others to automata. Of those one
 * reads the text backwards once and marks where matches begin; another finds the end from there; the groups are regex-dissection.ts. So no
 * expression without back references takes more than a few passes over the text for a match.
 */
import { hasSurrogates } from './characters.ts';
import { Automaton, Program } from './regex-automaton.ts';
import { Dissection, type Spans } from './regex-dissection.ts';
import type { RegexNode, RegexOptions } from './regex-node.ts';
import { parseRegex } from './regex-syntax.ts';
import { RegexText } from './regex-text.ts';
import { type Translation, translate } from './regex-translation.ts';

/** Start and end (UTF-16) of the whole and of each group; undefined for groups that took no part. */
export type RegexMatch = readonly (readonly [number, number] | undefined)[];

export class Regex {
  readonly captures: number;
  readonly #translation: Translation | undefined;
  readonly #root: RegexNode;
  readonly #options: RegexOptions;
  #automata: Automata | undefined;

  constructor(pattern: string, options: RegexOptions) {
    const { root, captures, options: effective } = parseRegex(pattern, options);
    this.captures = captures;
    this.#translation = translate(root, effective);
    this.#root = root;
    this.#options = effective;
    // What is too complex says so when it is compiled, and not only for some texts.
    if (this.#translation === undefined) this.#automata = this.#build();
  }

  test(text: string): boolean {
    const translation = this.#translation;
    if (translation !== undefined && isFor(translation, text)) return translation.tester.test(text);
    return this.search(text)(0) !== undefined;
  }

  /** A function that finds the first match at or behind an index (UTF-16) of a text. */
  search(text: string): (from: number) => RegexMatch | undefined {
    const finder = this.#translation?.finder;
    if (this.#translation !== undefined && finder !== undefined && isFor(this.#translation, text))
      return (from) => {
        finder.lastIndex = from;
        return finder.exec(text)?.indices;
      };
    this.#automata ??= this.#build();
    const automata = this.#automata;
    const subject = new RegexText(text);
    const starts = automata.starts.mark(subject);
    return (from) => {
      for (let start = starts.indexOf(1, from); start >= 0; start = starts.indexOf(1, start + 1)) {
        const match = matchFrom(automata, subject, start);
        if (match !== undefined) return match;
      }
      return undefined;
    };
  }

  #build(): Automata {
    const program = new Program(this.#root, this.#options);
    return {
      dissection: new Dissection(program, this.#root, this.captures),
      whole: new Automaton(program, this.#root, 'forward'),
      starts: new Automaton(program, this.#root, 'backward', true),
    };
  }
}

const isFor = (translation: Translation, text: string): boolean =>
  text.length <= translation.maxLength && (translation.knowsCharacters || !hasSurrogates(text));

type Automata = {
  readonly dissection: Dissection;
  readonly whole: Automaton;
  readonly starts: Automaton;
};

/** Ends from the preferred one on, until one agrees with the back references. */
function matchFrom(automata: Automata, text: RegexText, start: number): Spans | undefined {
  const { whole, dissection } = automata;
  const isShort = dissection.prefersShort;
  const last = text.text.length;
  let end = isShort ? whole.shortest(text, start, start, last) : whole.longest(text, start, last);
  while (end >= 0) {
    const spans = dissection.take(text, start, end);
    if (spans !== undefined) return spans;
    if (end === (isShort ? last : start)) return undefined;
    end = isShort ? whole.shortest(text, start, end + 1, last) : whole.longest(text, start, end - 1);
  }
  return undefined;
}

const cache = new Map<string, Regex>();
const maxCached = 256;

/** Compiled expressions are kept: patterns are nearly always constants. */
export function compileRegex(pattern: string, options: RegexOptions): Regex {
  const key = `${options.syntax}${options.ignoreCase}${options.newlineStops}${options.newlineAnchors}${options.expanded}/${pattern}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    if (cache.size >= maxCached) cache.clear();
    regex = new Regex(pattern, options);
    cache.set(key, regex);
  }
  return regex;
}
