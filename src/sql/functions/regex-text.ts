/**
 * A text that is being matched: its characters, what constraints hold where, and how much work it may still cost.
 *
 * The work is counted because a few expressions (back references, many matches that each read far ahead) cost more than a pass over the text,
 * and nothing else runs while one matches. Beyond the bound it ends with the error that PostgreSQL has for expressions that are too much for it.
 */
import type { Condition, Look, Program } from './regex-automaton.ts';
import { wordRanges } from './regex-characters.ts';
import { tooComplex } from './regex-node.ts';

/** Steps of automata: some seconds. */
const maxWork = 200_000_000;

export class RegexText {
  readonly text: string;
  readonly #looks = new Map<Look, Uint8Array>();
  #work = 0;

  constructor(text: string) {
    this.text = text;
  }

  spend(work: number): void {
    this.#work += work;
    if (this.#work > maxWork) throw tooComplex();
  }

  codeAt(at: number): number {
    const unit = this.text.charCodeAt(at);
    return unit >= 0xd800 && unit < 0xdc00 ? (this.text.codePointAt(at) ?? unit) : unit;
  }

  codeBefore(at: number): number {
    const unit = this.text.charCodeAt(at - 1);
    return unit >= 0xdc00 && unit < 0xe000 && at >= 2 ? (this.text.codePointAt(at - 2) ?? unit) : unit;
  }

  holds(program: Program, condition: Condition, at: number): boolean {
    const { newlineAnchors } = program.options;
    switch (condition) {
      case 'textStart':
        return at === 0;
      case 'textEnd':
        return at === this.text.length;
      case 'lineStart':
        return at === 0 || (newlineAnchors && this.text.charCodeAt(at - 1) === 10);
      case 'lineEnd':
        return at === this.text.length || (newlineAnchors && this.text.charCodeAt(at) === 10);
      case 'wordStart':
        return !this.#isWordBefore(at) && this.#isWordAt(at);
      case 'wordEnd':
        return this.#isWordBefore(at) && !this.#isWordAt(at);
      case 'wordEdge':
        return this.#isWordBefore(at) !== this.#isWordAt(at);
      case 'notWordEdge':
        return this.#isWordBefore(at) === this.#isWordAt(at);
      default: {
        let marks = this.#looks.get(condition);
        if (marks === undefined) {
          marks = program.lookAutomaton(condition).mark(this);
          this.#looks.set(condition, marks);
        }
        return (marks[at] === 1) !== condition.negated;
      }
    }
  }

  #isWordAt(at: number): boolean {
    return at < this.text.length && isWordUnit(this.text.charCodeAt(at));
  }

  #isWordBefore(at: number): boolean {
    return at > 0 && isWordUnit(this.text.charCodeAt(at - 1));
  }
}

function isWordUnit(unit: number): boolean {
  for (let i = 0; i < wordRanges.length; i += 2) if (unit >= wordRanges[i] && unit <= wordRanges[i + 1]) return true;
  return false;
}
