/**
 * Rule: one thing that Aurora DSQL refuses, as a fact about the parse tree.
 *
 * A rule says what it matches, what DSQL answers, how that is known, and what the profile `open` does with it. The same rules refuse
 * statements in profile `dsql`, make the NOTICE of `open`, print docs/dsql-compatibility.md and drive `borealis lint`.
 */
import type { Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { ParsedStatement } from '../parser/parse.ts';

type KeysOf<T> = T extends unknown ? keyof T : never;
export type NodeKind = KeysOf<Node>;

/** How an answer is known, and when it was so. */
export type Source = {
  readonly kind: 'recorded' | 'documented' | 'published' | 'inferred';
  /** The newest day on which it is known to have been so. */
  readonly date: string;
};

/** Answers of a real cluster (test/conformance/data). */
export const recorded: Source = { kind: 'recorded', date: '2026-09-18' };
/** The user guide. */
export const documented: Source = { kind: 'documented', date: '2026-10-02' };
/** Code that AWS publishes: the grammar of dsql-lint, connectors, samples. */
export const published: Source = { kind: 'published', date: '2026-08-07' };
/** The refusal is known, its text is the one of its kin. */
export const inferred: Source = { kind: 'inferred', date: '2026-10-02' };

export type Area = 'Statements' | 'CREATE TABLE' | 'ALTER TABLE' | 'CREATE INDEX' | 'Types' | 'Queries' | 'Settings and transactions';

/** One place where a rule applies. What is left out is as the rule says. */
export type Finding = {
  /** Byte offset in the whole text, as in the tree. */
  readonly location?: number | undefined;
  readonly sqlstate?: string;
  readonly message?: string;
  /** The construct as the NOTICE of `open` and its refusal name it. */
  readonly construct?: string;
  readonly open?: OpenAnswer;
};

/** What profile `open` does: runs it with a NOTICE, refuses it in words of its own, or refuses it in DSQL's words. */
export type OpenAnswer = 'runs' | 'refused' | 'same';

export type Rule = {
  /** Stable: reports of `borealis lint` carry it. */
  readonly name: string;
  readonly area: Area;
  readonly construct: string;
  readonly sqlstate: string;
  /** DSQL's text. What varies stands in angle brackets here and comes with the finding. */
  readonly answer: string;
  readonly source: Source;
  readonly open: OpenAnswer;
  /** What to write instead. */
  readonly hint: string | undefined;
  /** Statements that it looks at. */
  readonly on: readonly NodeKind[];
  /** Also (only, when `on` is empty) looks at nodes of these kinds anywhere inside a statement whose text has one of the words. */
  readonly inside: { readonly kinds: readonly NodeKind[]; readonly words: readonly string[] } | undefined;
  readonly find: (node: Node, statement: ParsedStatement) => readonly Finding[];
};

export const nothing: readonly Finding[] = [];
/** The rule applies, and nothing is to be added. */
export const found: readonly Finding[] = [{}];

type RuleDraft = Pick<Rule, 'name' | 'area' | 'construct' | 'answer' | 'source' | 'open' | 'find'> &
  Partial<Pick<Rule, 'sqlstate' | 'hint' | 'on' | 'inside'>>;

export const rule = (draft: RuleDraft): Rule => ({
  sqlstate: sqlstate.featureNotSupported,
  hint: undefined,
  on: [],
  inside: undefined,
  ...draft,
});

export const stringsOf = (nodes: readonly Node[] | undefined): string[] =>
  (nodes ?? []).map((node) => ('String' in node ? (node.String.sval ?? '') : ''));
