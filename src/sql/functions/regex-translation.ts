/**
 * A regular expression as one of JavaScript's, where that gives PostgreSQL's answer and soon.
 *
 * JavaScript takes the first alternative that leads to a match and goes back to try others; PostgreSQL takes the longest match (or the shortest). Two
 * things are asked of an expression. To test for a match: that going back costs no more than a bound, which holds where no repetition stands in
 * another and the text is short for the number of repetitions. To find the match: that there is but one way to match from a place, or that the
 * first one JavaScript tries is the longest.
 */
import { type CodeRanges, rangesOf, shareCharacters } from './regex-characters.ts';
import { type Constraint, type RegexNode, type RegexOptions, unlimited } from './regex-node.ts';

export type Translation = {
  readonly tester: RegExp;
  /** With indices; undefined where JavaScript's match may be another than PostgreSQL's. */
  readonly finder: RegExp | undefined;
  /** Longer texts could take JavaScript too long. */
  readonly maxLength: number;
  /** JavaScript may see a place within a character of two units, where constraints hold that hold at neither side. */
  readonly knowsCharacters: boolean;
};

/** Places that JavaScript's engine may come by for one text. */
const maxSteps = 20_000_000;

export function translate(root: RegexNode, options: RegexOptions): Translation | undefined {
  const variable = countVariable(root);
  if (variable === undefined) return undefined;
  const source = emit(root, options);
  return {
    tester: new RegExp(source, 'u'),
    finder: isDetermined(root, options) ? new RegExp(source, 'dgu') : undefined,
    knowsCharacters: !hasConditions(root),
    maxLength: variable === 0 ? Number.POSITIVE_INFINITY : Math.floor(maxSteps ** (1 / (variable + 1))),
  };
}

function hasConditions(node: RegexNode): boolean {
  switch (node.kind) {
    case 'look':
      return true;
    case 'constraint':
      return node.which !== 'textStart' && node.which !== 'textEnd';
    case 'alternation':
      return node.branches.some(hasConditions);
    case 'sequence':
      return node.items.some(hasConditions);
    case 'group':
    case 'repeat':
      return hasConditions(node.body);
    default:
      return false;
  }
}

/** How many parts can take more or fewer characters; undefined where such parts stand in each other or there is no telling. */
function countVariable(node: RegexNode): number | undefined {
  switch (node.kind) {
    case 'backReference':
      return undefined;
    case 'group':
      return countVariable(node.body);
    case 'look':
      // What a look takes is tried again at every place.
      return countVariable(node.body) === 0 ? 0 : undefined;
    case 'sequence':
    case 'alternation': {
      const parts = node.kind === 'sequence' ? node.items : node.branches;
      let sum = node.kind === 'alternation' ? 1 : 0;
      for (const part of parts) {
        const own = countVariable(part);
        if (own === undefined) return undefined;
        sum += own;
      }
      return sum;
    }
    case 'repeat': {
      if (node.body.kind !== 'character' && node.body.kind !== 'class' && node.body.kind !== 'any') {
        if (node.most > 1 || countVariable(node.body) !== 0) return undefined;
      }
      return node.least === node.most ? 0 : 1;
    }
    default:
      return 0;
  }
}

type Step = { readonly set: CodeRanges; readonly isVariable: boolean; readonly isOptional: boolean };

/**
 * A row of single characters and greedy repetitions of them, groups only around parts of it. With one repetition the longest is the first that is
 * tried; with more, no one of them may take what one behind it can begin with.
 */
function isDetermined(root: RegexNode, options: RegexOptions): boolean {
  const steps: Step[] = [];
  const walk = (node: RegexNode): boolean => {
    switch (node.kind) {
      case 'sequence':
        return node.items.every(walk);
      case 'group':
        return walk(node.body);
      case 'constraint':
        return true;
      case 'repeat': {
        const set = rangesOf(node.body, options);
        const isVariable = node.least !== node.most;
        if (set === undefined || (node.lazy && !node.fixed) || node.most === 0) return false;
        steps.push({ set, isVariable, isOptional: node.least === 0 });
        return true;
      }
      default: {
        const set = rangesOf(node, options);
        if (set === undefined) return false;
        steps.push({ set, isVariable: false, isOptional: false });
        return true;
      }
    }
  };
  if (!walk(root)) return false;
  const variable = steps.filter((step) => step.isVariable).length;
  if (variable <= 1) return true;
  return steps.every((step, index) => {
    if (!step.isVariable) return true;
    for (let next = index + 1; next < steps.length; next++) {
      if (shareCharacters(step.set, steps[next].set)) return false;
      if (!steps[next].isOptional) return true;
    }
    return true;
  });
}

function emit(node: RegexNode, options: RegexOptions): string {
  switch (node.kind) {
    case 'alternation':
      return node.branches.map((branch) => emit(branch, options)).join('|');
    case 'sequence':
      return node.items.map((item) => (item.kind === 'alternation' ? `(?:${emit(item, options)})` : emit(item, options))).join('');
    case 'character':
    case 'any':
    case 'class':
      return emitSet(rangesOf(node, options) ?? []);
    case 'group':
      return `(${node.capture === undefined ? '?:' : ''}${emit(node.body, options)})`;
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negated ? '!' : '='}${emit(node.body, options)})`;
    case 'backReference':
      return `(?:\\${node.capture})`;
    case 'constraint':
      return emitConstraint(node.which, options);
    case 'repeat': {
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

const escapeCode = (code: number): string => {
  const isPlain = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 32 || code === 95;
  return isPlain ? String.fromCharCode(code) : `\\u{${code.toString(16)}}`;
};

function emitSet(ranges: CodeRanges): string {
  let inside = '';
  for (let i = 0; i < ranges.length; i += 2) inside += emitRange(ranges[i], ranges[i + 1]);
  return `[${inside}]`;
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
