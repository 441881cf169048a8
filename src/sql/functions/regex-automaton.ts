/**
 * A regular expression as a finite automaton: which ends a match from a place can have, in one pass over the text, whatever the expression.
 *
 * The states of the nondeterministic automaton that hold together are one state of a deterministic one, made when a text first leads there
 * (and forgotten when there are too many). Constraints (^, \m, lookaround) are edges that are open or shut at a place of the text: which of them
 * are open is a number, the mask, that a step depends on beside the character. A back reference is taken for a copy of its group, so that
 * automata accept more than the expression does where there are any; regex-dissection.ts then compares the texts.
 *
 * Backwards automata read the text from its end and tell where matches begin.
 */
import { assert } from '#base/assert.ts';
import { Alphabet, type CodeRanges, rangesOf } from './regex-characters.ts';
import { type Constraint, type RegexNode, type RegexOptions, tooComplex, unlimited } from './regex-node.ts';
import type { RegexText } from './regex-text.ts';

export type Look = RegexNode & { readonly kind: 'look' };
export type Condition = Constraint | Look;

/** What the automata of an expression share. */
export class Program {
  readonly options: RegexOptions;
  readonly alphabet: Alphabet;
  readonly #groups = new Map<number, RegexNode>();
  readonly #sets = new Map<RegexNode, CodeRanges>();
  readonly #looks = new Map<Look, Automaton>();

  constructor(root: RegexNode, options: RegexOptions) {
    this.options = options;
    this.#collect(root);
    this.alphabet = new Alphabet([...this.#sets.values()]);
  }

  #collect(node: RegexNode): void {
    switch (node.kind) {
      case 'alternation':
        for (const branch of node.branches) this.#collect(branch);
        return;
      case 'sequence':
        for (const item of node.items) this.#collect(item);
        return;
      case 'group':
        if (node.capture !== undefined) this.#groups.set(node.capture, node.body);
        this.#collect(node.body);
        return;
      case 'repeat':
      case 'look':
        this.#collect(node.body);
        return;
      default: {
        const ranges = rangesOf(node, this.options);
        if (ranges !== undefined) this.#sets.set(node, ranges);
      }
    }
  }

  setOf(node: RegexNode): CodeRanges {
    const ranges = this.#sets.get(node);
    assert(ranges !== undefined, 'every set of the expression is in its alphabet');
    return ranges;
  }

  group(capture: number): RegexNode {
    const body = this.#groups.get(capture);
    assert(body !== undefined, 'a back reference names a group that was parsed before it');
    return body;
  }

  /** For what looks ahead the automaton reads backwards: it then marks all the places where the look begins in one pass. */
  lookAutomaton(look: Look): Automaton {
    let automaton = this.#looks.get(look);
    if (automaton === undefined) {
      automaton = new Automaton(this, look.body, look.ahead ? 'backward' : 'forward', true);
      this.#looks.set(look, automaton);
    }
    return automaton;
  }
}

type Edge =
  | { readonly kind: 'empty'; readonly to: number }
  | { readonly kind: 'condition'; readonly condition: number; readonly to: number }
  | { readonly kind: 'step'; readonly classes: readonly number[]; readonly to: number };

/** PostgreSQL has a bound like this on what an expression may grow to. */
const maxStates = 200_000;
/** Conditions are bits of a number. */
const maxConditions = 30;
const maxDeterministic = 4000;

class State {
  /** States of the nondeterministic automaton, before the edges that need no character. */
  readonly members: readonly number[];
  /** By mask and class; `undefined` not looked for yet, `null` leads nowhere. */
  readonly next: (State | null | undefined)[] = [];
  /** By mask. */
  readonly accepts: (boolean | undefined)[] = [];
  constructor(members: readonly number[]) {
    this.members = members;
  }
}

export class Automaton {
  readonly #program: Program;
  readonly #isBackward: boolean;
  readonly #edges: Edge[][] = [];
  readonly #final: number;
  readonly #conditions: Condition[] = [];
  #isCopy = false;
  readonly #masks = new Map<number, number>();
  readonly #maskValues: number[] = [];
  #states = new Map<string, State>();
  readonly #start: State;

  /** `searches`: a match may begin anywhere behind where reading starts. */
  constructor(program: Program, node: RegexNode, direction: 'forward' | 'backward', searches = false) {
    this.#program = program;
    this.#isBackward = direction === 'backward';
    const start = this.#newState();
    if (searches) this.#edges[start].push({ kind: 'step', classes: Array.from({ length: program.alphabet.size }, (_, i) => i), to: start });
    this.#final = this.#build(node, start);
    this.#start = new State([start]);
  }

  #newState(): number {
    if (this.#edges.length >= maxStates) throw tooComplex();
    return this.#edges.push([]) - 1;
  }

  #empty(from: number, to: number): void {
    this.#edges[from].push({ kind: 'empty', to });
  }

  #build(node: RegexNode, from: number): number {
    switch (node.kind) {
      case 'sequence': {
        let at = from;
        if (this.#isBackward) for (let i = node.items.length - 1; i >= 0; i--) at = this.#build(node.items[i], at);
        else for (const item of node.items) at = this.#build(item, at);
        return at;
      }
      case 'alternation': {
        const end = this.#newState();
        for (const branch of node.branches) this.#empty(this.#build(branch, from), end);
        return end;
      }
      case 'group':
        return this.#build(node.body, from);
      case 'backReference': {
        // What constrained the group where it stood says nothing of where its text stands again.
        const outer = this.#isCopy;
        this.#isCopy = true;
        const end = this.#build(this.#program.group(node.capture), from);
        this.#isCopy = outer;
        return end;
      }
      case 'constraint':
        return this.#isCopy ? from : this.#condition(node.which, from);
      case 'look':
        return this.#isCopy ? from : this.#condition(node, from);
      case 'repeat':
        return this.#repeat(node.body, node.least, node.most, from);
      default: {
        const to = this.#newState();
        this.#edges[from].push({ kind: 'step', classes: this.#program.alphabet.classesOf(this.#program.setOf(node)), to });
        return to;
      }
    }
  }

  #repeat(body: RegexNode, least: number, most: number, from: number): number {
    let at = from;
    for (let count = 0; count < least; count++) at = this.#build(body, at);
    if (most === unlimited) {
      // A state of its own: the way back must not lead into what stands before.
      const loop = this.#newState();
      this.#empty(at, loop);
      this.#empty(this.#build(body, loop), loop);
      return loop;
    }
    const end = this.#newState();
    for (let count = least; count < most; count++) {
      this.#empty(at, end);
      // An alternation's branches begin where they are built: each round needs a state of its own to begin at.
      const round = this.#newState();
      this.#empty(at, round);
      at = this.#build(body, round);
    }
    this.#empty(at, end);
    return end;
  }

  #condition(condition: Condition, from: number): number {
    let number = this.#conditions.indexOf(condition);
    if (number < 0) number = this.#conditions.push(condition) - 1;
    if (number >= maxConditions) throw tooComplex();
    const to = this.#newState();
    this.#edges[from].push({ kind: 'condition', condition: number, to });
    return to;
  }

  /** The number, among those met, of the mask of what holds at a place. */
  #maskAt(text: RegexText, at: number): number {
    let mask = 0;
    for (let number = 0; number < this.#conditions.length; number++)
      if (text.holds(this.#program, this.#conditions[number], at)) mask |= 1 << number;
    let index = this.#masks.get(mask);
    if (index === undefined) {
      index = this.#masks.size;
      this.#masks.set(mask, index);
      this.#maskValues.push(mask);
    }
    return index;
  }

  #closure(members: readonly number[], maskIndex: number): ReadonlySet<number> {
    const mask = this.#maskValues[maskIndex] ?? 0;
    const reached = new Set(members);
    for (const state of reached)
      for (const edge of this.#edges[state])
        if (edge.kind === 'empty' || (edge.kind === 'condition' && (mask & (1 << edge.condition)) !== 0)) reached.add(edge.to);
    return reached;
  }

  #accepts(state: State, maskIndex: number): boolean {
    let accepts = state.accepts[maskIndex];
    if (accepts === undefined) {
      accepts = this.#closure(state.members, maskIndex).has(this.#final);
      state.accepts[maskIndex] = accepts;
    }
    return accepts;
  }

  #step(text: RegexText, state: State, maskIndex: number, code: number): State | null {
    const character = this.#program.alphabet.classOf(code);
    const slot = maskIndex * this.#program.alphabet.size + character;
    const known = state.next[slot];
    if (known !== undefined) return known;
    const targets = new Set<number>();
    const closure = this.#closure(state.members, maskIndex);
    text.spend(closure.size);
    for (const member of closure)
      for (const edge of this.#edges[member]) if (edge.kind === 'step' && edge.classes.includes(character)) targets.add(edge.to);
    const next = targets.size === 0 ? null : this.#stateOf([...targets].sort((a, b) => a - b));
    state.next[slot] = next;
    return next;
  }

  #stateOf(members: readonly number[]): State {
    const key = members.join();
    let state = this.#states.get(key);
    if (state === undefined) {
      if (this.#states.size >= maxDeterministic) {
        // Forgetting only costs time. States that are still held lead on into those known before: they stay valid.
        for (const old of this.#states.values()) old.next.length = 0;
        this.#states = new Map();
        this.#start.next.length = 0;
      }
      state = new State(members);
      this.#states.set(key, state);
    }
    return state;
  }

  /** The end of the longest match from `begin` that ends at `limit` or before; -1 where there is none. */
  longest(text: RegexText, begin: number, limit: number): number {
    const isPlain = this.#conditions.length === 0;
    let state: State = this.#start;
    let found = -1;
    let at = begin;
    for (;;) {
      const mask = isPlain ? 0 : this.#maskAt(text, at);
      if (this.#accepts(state, mask)) found = at;
      const code = at >= limit ? -1 : text.codeAt(at);
      const after = at + (code > 0xffff ? 2 : 1);
      // The limit may lie within a character.
      const next = code < 0 || after > limit ? null : this.#step(text, state, mask, code);
      if (next === null) break;
      state = next;
      at = after;
    }
    text.spend(at - begin + 1);
    return found;
  }

  /** The end of the shortest match from `begin` that ends within `least` and `limit`; -1 where there is none. */
  shortest(text: RegexText, begin: number, least: number, limit: number): number {
    const isPlain = this.#conditions.length === 0;
    let state: State = this.#start;
    let at = begin;
    for (;;) {
      const mask = isPlain ? 0 : this.#maskAt(text, at);
      if (at >= least && this.#accepts(state, mask)) break;
      const code = at >= limit ? -1 : text.codeAt(at);
      const next = code < 0 ? null : this.#step(text, state, mask, code);
      if (next === null) {
        at = -1;
        break;
      }
      state = next;
      at += code > 0xffff ? 2 : 1;
    }
    text.spend(Math.max(at - begin, 0) + 1);
    return at;
  }

  matches(text: RegexText, begin: number, end: number): boolean {
    return this.shortest(text, begin, end, end) === end;
  }

  /** Marks every place of the text, read in this automaton's direction, where it accepts. */
  mark(text: RegexText): Uint8Array {
    const length = text.text.length;
    const marks = new Uint8Array(length + 1);
    const isPlain = this.#conditions.length === 0;
    let state: State = this.#start;
    let at = this.#isBackward ? length : 0;
    for (;;) {
      const mask = isPlain ? 0 : this.#maskAt(text, at);
      if (this.#accepts(state, mask)) marks[at] = 1;
      if (at === (this.#isBackward ? 0 : length)) break;
      const code = this.#isBackward ? text.codeBefore(at) : text.codeAt(at);
      const next = this.#step(text, state, mask, code);
      if (next === null) break;
      state = next;
      at += (code > 0xffff ? 2 : 1) * (this.#isBackward ? -1 : 1);
    }
    text.spend(length + 1);
    return marks;
  }
}
