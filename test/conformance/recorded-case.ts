/** A recorded case, as it stands in data/real-dsql.jsonl. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A value that is volatile: any will do. */
export type Any = { readonly any: true; readonly recorded?: unknown };
export type Cell = string | null | Any;

export type Result = {
  readonly tag: string | Any;
  readonly columns?: readonly string[];
  readonly rows?: readonly (readonly Cell[])[] | Any;
  readonly rows_unordered?: boolean;
};

export type Expectation =
  | { readonly outcome: 'error'; readonly sqlstate: string; readonly message: string }
  | ({ readonly outcome: 'ok'; readonly results?: undefined } & Result)
  | { readonly outcome: 'ok'; readonly results: readonly Result[] };

export type Step = { readonly session: number; readonly round?: number; readonly sql: string; readonly expect: Expectation };

export type RecordedCase = {
  readonly id: string;
  readonly group: string;
  readonly note?: string;
  readonly protocol: 'simple' | 'extended';
  readonly sessions: number;
  readonly race?: boolean;
  readonly race_losers?: { readonly min: number; readonly max: number };
  readonly setup?: readonly string[];
  readonly steps: readonly Step[];
  readonly teardown?: readonly string[];
};

export const recordedCases = (): readonly RecordedCase[] =>
  readFileSync(path.join(import.meta.dirname, 'data/real-dsql.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedCase);

export const isAny = (value: unknown): value is Any => typeof value === 'object' && value !== null && 'any' in value;
