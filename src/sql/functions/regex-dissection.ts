/**
 * What each group of a regular expression took of a match whose start and end are known, as PostgreSQL decides it.
 *
 * The expression is taken apart from the outside in. A sequence gives its first part the longest piece (the shortest, where that part prefers
 * short ones) that leaves the rest a match of its own; an alternation takes its first branch that fits; of a repeated group the last round counts.
 * Only parts with groups, back references or both preferences are taken apart: everything else is one automaton, tried whole. That partition is
 * visible in the answers, so the tree is built by PostgreSQL's rules (`branchTree`, `quantified`).
 */
import { Automaton, type Program } from './regex-automaton.ts';
import { type RegexNode, tooComplex } from './regex-node.ts';
import type { RegexText } from './regex-text.ts';

export type Spans = (readonly [number, number] | undefined)[];

/** What a part prefers, and what makes it worth taking apart. */
const long = 1;
const short = 2;
const mixed = 4;
const capturing = 8;
const referring = 16;

const preferenceOf = (flags: number): number => flags & (long | short);
/** What is seen of a part from outside: its preferences only as far as there are two. */
const outward = (flags: number): number => (flags & ~(long | short)) | ((flags & long) !== 0 && (flags & short) !== 0 ? mixed : 0);
const isMessy = (flags: number): boolean => (flags & (mixed | capturing | referring)) !== 0;
const combined = (first: number, second: number): number =>
  outward(first | second) | (preferenceOf(first) !== 0 ? preferenceOf(first) : preferenceOf(second));

type Part =
  | (Shared & { readonly kind: 'plain' })
  | (Shared & { readonly kind: 'sequence'; readonly left: Part; readonly right: Part })
  | (Shared & { readonly kind: 'alternation'; readonly branches: readonly Part[] })
  | (Shared & { readonly kind: 'repeat'; readonly body: Part; readonly least: number; readonly most: number })
  | (Shared & { readonly kind: 'group'; readonly capture: number; readonly body: Part })
  | (Shared & { readonly kind: 'reference'; readonly capture: number; readonly least: number; readonly most: number });

type Shared = { readonly flags: number; readonly node: RegexNode; automaton: Automaton | undefined };

const plain = (node: RegexNode, flags: number): Part => ({ kind: 'plain', flags, node, automaton: undefined });
const sequenceNode = (items: readonly RegexNode[]): RegexNode => ({ kind: 'sequence', items });
const sequence = (left: Part, right: Part, flags: number): Part => ({
  kind: 'sequence',
  left,
  right,
  flags,
  node: sequenceNode([left.node, right.node]),
  automaton: undefined,
});

/** Parts within parts; the limit keeps the recursion off the end of the stack. */
const maxDepth = 1500;

function tree(node: RegexNode, depth: number): Part {
  if (depth > maxDepth) throw tooComplex();
  if (node.kind !== 'alternation') return branchTree(node.kind === 'sequence' ? node.items : [node], 0, depth);
  let flags = long;
  const branches = node.branches.map((branch) => tree(branch, depth + 1));
  for (const branch of branches) flags |= outward(flags | branch.flags);
  return isMessy(flags) ? { kind: 'alternation', branches, flags, node, automaton: undefined } : plain(node, flags);
}

/** Items from a place on: those that need no taking apart are one part, up to the first that does. */
function branchTree(items: readonly RegexNode[], from: number, depth: number): Part {
  if (depth > maxDepth) throw tooComplex();
  const prefix: RegexNode[] = [];
  let prefixFlags = 0;
  for (let index = from; index < items.length; index++) {
    const item = items[index];
    if (item.kind === 'constraint' || item.kind === 'look') {
      prefix.push(item);
      continue;
    }
    const { body, least, most, preferred } = quantifierOf(item);
    if (most === 0) continue;
    const atom = atomTree(body, depth + 1);
    const flags = prefixFlags | preferred | atom.flags;
    if (atom.kind !== 'reference' && !isMessy(outward(flags))) {
      prefix.push(item);
      prefixFlags = flags;
      continue;
    }
    const repeated = quantified(atom, item, least, most, preferred);
    const rest = index + 1 < items.length ? branchTree(items, index + 1, depth + 1) : undefined;
    let tailFlags = combined(preferred, atom.flags);
    if (rest !== undefined) tailFlags |= combined(tailFlags, rest.flags);
    const tail = rest === undefined ? repeated : sequence(repeated, rest, tailFlags);
    if (prefix.length === 0) return tail;
    return sequence(plain(sequenceNode(prefix), prefixFlags), tail, prefixFlags | combined(prefixFlags, tailFlags));
  }
  return plain(sequenceNode(prefix), prefixFlags);
}

function quantifierOf(item: RegexNode): { body: RegexNode; least: number; most: number; preferred: number } {
  if (item.kind !== 'repeat') return { body: item, least: 1, most: 1, preferred: 0 };
  return { ...item, preferred: item.fixed ? 0 : item.lazy ? short : long };
}

function atomTree(node: RegexNode, depth: number): Part {
  if (node.kind === 'backReference')
    return { kind: 'reference', capture: node.capture, least: 1, most: 1, flags: referring, node, automaton: undefined };
  if (node.kind !== 'group') return plain(node, 0);
  const body = tree(node.body, depth);
  if (node.capture === undefined) return body;
  return { kind: 'group', capture: node.capture, body, flags: body.flags | capturing, node, automaton: undefined };
}

function quantified(atom: Part, item: RegexNode, least: number, most: number, preferred: number): Part {
  const flags = combined(preferred, atom.flags);
  if (atom.kind === 'reference' && atom.node === quantifierOf(item).body)
    return { ...atom, least, most, node: item, flags: atom.flags | flags };
  const inner = atom.flags & (long | short | mixed);
  if (least === 1 && most === 1 && (preferred === 0 || inner === 0 || inner === preferred)) return atom;
  if ((atom.flags & (capturing | referring)) === 0) return plain(item, preferenceOf(flags));
  if (least > 0 && (atom.flags & referring) === 0) {
    // Of the groups only the last round counts: the rounds before it are one automaton.
    const before: RegexNode = { kind: 'repeat', body: atom.node, least: least - 1, most: most - 1, lazy: false, fixed: false };
    return sequence(plain(before, preferenceOf(flags)), atom, flags);
  }
  return { kind: 'repeat', body: atom, least, most, flags, node: item, automaton: undefined };
}

export class Dissection {
  readonly #program: Program;
  readonly #root: Part;
  readonly #groups: number;

  constructor(program: Program, root: RegexNode, groups: number) {
    this.#program = program;
    this.#root = tree(root, 0);
    this.#groups = groups;
  }

  /** Whether the whole expression takes the shortest match. */
  get prefersShort(): boolean {
    return (this.#root.flags & short) !== 0;
  }

  /** The groups' spans behind the whole's; undefined where back references do not allow this match. */
  take(text: RegexText, begin: number, end: number): Spans | undefined {
    const spans: Spans = new Array(this.#groups + 1).fill(undefined);
    if (!this.#dissect(this.#root, text, begin, end, spans)) return undefined;
    spans[0] = [begin, end];
    return spans;
  }

  #automaton(part: Part): Automaton {
    part.automaton ??= new Automaton(this.#program, part.node, 'forward');
    return part.automaton;
  }

  /** The span is one that the part's automaton accepts. */
  #dissect(part: Part, text: RegexText, begin: number, end: number, spans: Spans): boolean {
    switch (part.kind) {
      case 'plain':
        return true;
      case 'group':
        if (!this.#dissect(part.body, text, begin, end, spans)) return false;
        spans[part.capture] = [begin, end];
        return true;
      case 'alternation':
        return part.branches.some(
          (branch) => this.#automaton(branch).matches(text, begin, end) && this.#dissect(branch, text, begin, end, spans),
        );
      case 'sequence':
        return this.#dissectSequence(part, text, begin, end, spans);
      case 'repeat':
        return this.#dissectRepeat(part, text, begin, end, spans);
      case 'reference':
        return this.#isRepetition(part, text, begin, end, spans);
    }
  }

  #dissectSequence(part: Part & { kind: 'sequence' }, text: RegexText, begin: number, end: number, spans: Spans): boolean {
    const { left, right } = part;
    const isShort = (left.flags & short) !== 0;
    const first = this.#automaton(left);
    const second = this.#automaton(right);
    let middle = isShort ? first.shortest(text, begin, begin, end) : first.longest(text, begin, end);
    while (middle >= 0) {
      if (
        second.matches(text, middle, end) &&
        this.#dissect(left, text, begin, middle, spans) &&
        this.#dissect(right, text, middle, end, spans)
      )
        return true;
      if (middle === (isShort ? end : begin)) break;
      middle = isShort ? first.shortest(text, begin, middle + 1, end) : first.longest(text, begin, middle - 1);
      forget(part, spans);
    }
    return false;
  }

  /**
   * Rounds one behind the other, each as long (or short) as leaves the others a way to the end; one that takes nothing only where there are
   * otherwise too few. `dead` remembers from where a round was tried in vain: without back references that depends on nothing else, and without
   * it the tries could double with every character.
   */
  #dissectRepeat(part: Part & { kind: 'repeat' }, text: RegexText, begin: number, end: number, spans: Spans): boolean {
    const { body } = part;
    // No round at all: the first choice of short rounds, the last of long ones.
    const mayBeNone = part.least === 0 && begin === end;
    if (mayBeNone && (body.flags & short) !== 0) return true;
    const least = Math.max(part.least, 1);
    const most = Math.max(Math.min(end - begin, part.most), least);
    const automaton = this.#automaton(body);
    const isShort = (body.flags & short) !== 0;
    const dead = (body.flags & referring) === 0 ? new Set<number>() : undefined;
    const place = (round: number): number => round * (end - begin + 1) + ends[round - 1] - begin;
    const mayBeEmpty = (round: number, at: number): boolean => round < least && least - round >= end - at;
    const ends: number[] = [begin];
    let verified = 0;
    let round = 1;
    /** Where the round's end is looked for: at this place or before it (behind it, of short ones). */
    let limit = isShort ? begin : end;
    while (round > 0) {
      const start = ends[round - 1];
      if (isShort) {
        if (limit === start && limit !== end && !mayBeEmpty(round, start)) limit++;
        if (round >= most) limit = end;
      }
      const at = isShort ? automaton.shortest(text, start, limit, end) : automaton.longest(text, start, limit);
      let isStuck = true;
      if (at < 0) {
        dead?.add(place(round));
        round--;
      } else {
        ends[round] = at;
        verified = Math.min(verified, round - 1);
        if (at !== end) {
          const isRefused = round >= most || (at === start && !mayBeEmpty(round, at));
          if (!isRefused && dead?.has(place(round + 1)) !== true) {
            round++;
            limit = isShort ? at : end;
            isStuck = false;
          } else if (round >= most) round--;
        } else if (round >= least) {
          while (verified < round) {
            forget(body, spans);
            if (!this.#dissect(body, text, ends[verified], ends[verified + 1], spans)) break;
            verified++;
          }
          if (verified === round) return true;
          round = verified + 1;
        }
      }
      // Take another end for the last round that has one.
      while (isStuck && round > 0) {
        const from = ends[round - 1];
        if (isShort && ends[round] < end) {
          limit = ends[round] + 1;
          isStuck = false;
        } else if (!isShort && ends[round] > from && (ends[round] - 1 > from || mayBeEmpty(round, from))) {
          limit = ends[round] - 1;
          isStuck = false;
        } else {
          dead?.add(place(round));
          round--;
        }
      }
    }
    return mayBeNone;
  }

  #isRepetition(part: Part & { kind: 'reference' }, text: RegexText, begin: number, end: number, spans: Spans): boolean {
    const span = spans[part.capture];
    if (span === undefined) return false;
    const wanted = this.#folded(text.text.slice(span[0], span[1]));
    if (wanted === '') return begin === end;
    if (begin === end) return part.least === 0;
    const rounds = (end - begin) / wanted.length;
    if (!Number.isInteger(rounds) || rounds < part.least || rounds > part.most) return false;
    text.spend(end - begin);
    return this.#folded(text.text.slice(begin, end)) === wanted.repeat(rounds);
  }

  #folded(text: string): string {
    return this.#program.options.ignoreCase ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
  }
}

/** A try in vain leaves nothing in the groups of a part. */
function forget(part: Part, spans: Spans): void {
  switch (part.kind) {
    case 'group':
      spans[part.capture] = undefined;
      forget(part.body, spans);
      return;
    case 'sequence':
      forget(part.left, spans);
      forget(part.right, spans);
      return;
    case 'alternation':
      for (const branch of part.branches) forget(branch, spans);
      return;
    case 'repeat':
      forget(part.body, spans);
      return;
    default:
      return;
  }
}
