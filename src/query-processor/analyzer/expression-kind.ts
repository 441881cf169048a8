/**
 * Expression kinds: where in a statement an expression stands, and what may not stand there. The texts are PostgreSQL's.
 */
import { sqlstate } from '#base/sql-error.ts';
import type { Scope } from './scope.ts';

export type ExpressionKind =
  | 'target'
  | 'where'
  | 'having'
  | 'filter'
  | 'joinOn'
  | 'fromSubselect'
  | 'fromFunction'
  | 'groupBy'
  | 'orderBy'
  | 'distinctOn'
  | 'limit'
  | 'offset'
  | 'windowPartition'
  | 'windowOrder'
  | 'windowFrameRange'
  | 'windowFrameRows'
  | 'windowFrameGroups'
  | 'values'
  | 'valuesSingle'
  | 'insertTarget'
  | 'updateSource'
  | 'returning'
  | 'check'
  | 'default'
  | 'indexExpression'
  | 'indexPredicate'
  | 'statistics'
  | 'alterType'
  | 'executeParameter'
  | 'generated'
  | 'call'
  | 'copyWhere'
  | 'mergeWhen';

type Rules = {
  /** How messages name the place. */
  readonly place: string;
  readonly aggregates: boolean;
  readonly windows: boolean;
  readonly sets: boolean;
  /** In `cannot use subquery in ...`; undefined: subqueries are welcome. */
  readonly noSubquery?: string;
  /** In place of `place` for window functions, and for sets. */
  readonly windowPlace?: string;
  readonly setPlace?: string;
};

const no = { aggregates: false, windows: false, sets: false };
const kinds: Readonly<Record<ExpressionKind, Rules>> = {
  target: { place: 'SELECT', aggregates: true, windows: true, sets: true },
  where: { place: 'WHERE', ...no },
  having: { place: 'HAVING', aggregates: true, windows: false, sets: false },
  filter: { place: 'FILTER', ...no },
  joinOn: { place: 'JOIN conditions', ...no },
  fromSubselect: { place: 'FROM clause of their own query level', ...no, sets: true },
  fromFunction: { place: 'functions in FROM', ...no, sets: true },
  groupBy: { place: 'GROUP BY', ...no, sets: true },
  orderBy: { place: 'ORDER BY', aggregates: true, windows: true, sets: true },
  distinctOn: { place: 'DISTINCT ON', aggregates: true, windows: true, sets: true },
  limit: { place: 'LIMIT', ...no },
  offset: { place: 'OFFSET', ...no },
  windowPartition: { place: 'PARTITION BY', aggregates: true, windows: false, sets: true, windowPlace: 'window definitions' },
  windowOrder: { place: 'ORDER BY', aggregates: true, windows: false, sets: true, windowPlace: 'window definitions' },
  windowFrameRange: { place: 'window RANGE', ...no, windowPlace: 'window definitions', setPlace: 'window definitions' },
  windowFrameRows: { place: 'window ROWS', ...no, windowPlace: 'window definitions', setPlace: 'window definitions' },
  windowFrameGroups: { place: 'window GROUPS', ...no, windowPlace: 'window definitions', setPlace: 'window definitions' },
  values: { place: 'VALUES', ...no },
  valuesSingle: { place: 'VALUES', aggregates: false, windows: false, sets: true },
  insertTarget: { place: 'INSERT', ...no },
  updateSource: { place: 'UPDATE', ...no },
  returning: { place: 'RETURNING', ...no },
  check: { place: 'check constraints', ...no, noSubquery: 'check constraint' },
  default: { place: 'DEFAULT expressions', ...no, noSubquery: 'DEFAULT expression' },
  indexExpression: { place: 'index expressions', ...no, noSubquery: 'index expression' },
  indexPredicate: { place: 'index predicates', ...no, noSubquery: 'index predicate' },
  statistics: { place: 'statistics expressions', ...no, noSubquery: 'statistics expression' },
  alterType: { place: 'transform expressions', ...no, noSubquery: 'transform expression' },
  executeParameter: { place: 'EXECUTE parameters', ...no, noSubquery: 'EXECUTE parameter' },
  generated: { place: 'column generation expressions', ...no, noSubquery: 'column generation expression' },
  call: { place: 'CALL arguments', ...no, noSubquery: 'CALL argument' },
  mergeWhen: { place: 'MERGE WHEN conditions', ...no },
  copyWhere: { place: 'COPY FROM WHERE conditions', ...no, noSubquery: 'COPY FROM WHERE condition' },
};

export const placeOf = (kind: ExpressionKind): string => kinds[kind].place;

export function requireAggregatesAllowed(scope: Scope, location: number | undefined, what: 'aggregate' | 'grouping'): void {
  const rules = kinds[scope.kind];
  if (rules.aggregates) return;
  const subject = what === 'aggregate' ? 'aggregate functions' : 'grouping operations';
  throw scope.analysis.error(sqlstate.groupingError, `${subject} are not allowed in ${rules.place}`, location);
}

export function requireWindowsAllowed(scope: Scope, location: number | undefined): void {
  const rules = kinds[scope.kind];
  if (rules.windows) return;
  const place = rules.windowPlace ?? rules.place;
  throw scope.analysis.error(sqlstate.windowingError, `window functions are not allowed in ${place}`, location);
}

export function requireSetsAllowed(scope: Scope, location: number | undefined): void {
  const rules = kinds[scope.kind];
  if (rules.sets) return;
  const place = rules.setPlace ?? rules.place;
  throw scope.analysis.notSupported(`set-returning functions are not allowed in ${place}`, location);
}

export const allowsSubqueries = (kind: ExpressionKind): boolean => kinds[kind].noSubquery === undefined;

export function requireSubqueryAllowed(scope: Scope, location: number | undefined): void {
  const rules = kinds[scope.kind];
  if (rules.noSubquery !== undefined) throw scope.analysis.notSupported(`cannot use subquery in ${rules.noSubquery}`, location);
}
