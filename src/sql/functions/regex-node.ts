/** Regular expressions as trees, and the options they are read and matched with. */
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
/** `isClass`: an equivalence class, which no range can begin or end with. */
export type ClassMember =
  | { readonly low: number; readonly high: number; readonly isClass?: boolean }
  | { readonly set: CharacterSet; readonly negated: boolean };
export type CharacterSet =
  | 'alnum'
  | 'alpha'
  | 'ascii'
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

export type RegexSyntax = 'advanced' | 'extended' | 'basic' | 'literal';

export type RegexOptions = {
  readonly syntax: RegexSyntax;
  readonly ignoreCase: boolean;
  /** `.` and negated classes leave out the newline. */
  readonly newlineStops: boolean;
  /** ^ and $ match at newlines too. */
  readonly newlineAnchors: boolean;
  readonly expanded: boolean;
};

export const defaultRegexOptions: RegexOptions = {
  syntax: 'advanced',
  ignoreCase: false,
  newlineStops: false,
  newlineAnchors: false,
  expanded: false,
};

export type ParsedRegex = { readonly root: RegexNode; readonly captures: number; readonly options: RegexOptions };

export const regexError = (message: string): SqlError =>
  new SqlError(sqlstate.invalidRegularExpression, `invalid regular expression: ${message}`);

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
      return { ...options, syntax: 'literal' };
    case 'e':
      return { ...options, syntax: 'extended' };
    case 'b':
      return { ...options, syntax: 'basic' };
    default:
      return undefined;
  }
}

export const tooComplex = (): SqlError => regexError('regular expression is too complex');
