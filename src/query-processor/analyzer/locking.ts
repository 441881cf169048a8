/** FOR UPDATE and its weaker kin: which tables of a SELECT have their rows locked. */
import type { LockingClause } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import { privilege } from '#sql/privilege.ts';
import type { RowLock } from './logical-plan.ts';
import type { RangeItem, Scope } from './scope.ts';

const strengths: Readonly<Record<string, { readonly strength: RowLock['strength']; readonly name: string; readonly rank: number }>> = {
  LCS_FORKEYSHARE: { strength: 'keyShare', name: 'FOR KEY SHARE', rank: 1 },
  LCS_FORSHARE: { strength: 'share', name: 'FOR SHARE', rank: 2 },
  LCS_FORNOKEYUPDATE: { strength: 'noKeyUpdate', name: 'FOR NO KEY UPDATE', rank: 3 },
  LCS_FORUPDATE: { strength: 'update', name: 'FOR UPDATE', rank: 4 },
};

const strengthOf = (clause: LockingClause) => strengths[clause.strength ?? 'LCS_FORUPDATE'] ?? strengths.LCS_FORUPDATE;
export const lockingName = (clause: LockingClause): string => strengthOf(clause).name;

type Shape = { readonly isGrouped: boolean; readonly hasHaving: boolean; readonly isDistinct: boolean };

/** The locks of a level. Clauses that name subqueries and views were handed to those when FROM was bound. */
export function bindLocks(scope: Scope, shape: Shape): readonly RowLock[] {
  if (scope.locking.length === 0) return [];
  scope.analysis.noteChange();
  const locks = new Map<RangeItem, { readonly lock: RowLock; readonly rank: number }>();
  for (const clause of scope.locking) {
    const { strength, name, rank } = strengthOf(clause);
    refuseShapes(scope, shape, name);
    for (const item of lockedItems(scope, clause, name)) {
      if (item.access !== undefined) item.access.required |= privilege.update;
      if (item.table === undefined || item.table.kind !== 'table' || item.takeKeyColumn === undefined) continue;
      if (scope.analysis.nullable.has(item))
        throw scope.analysis.notSupported(`${name} cannot be applied to the nullable side of an outer join`);
      const known = locks.get(item);
      if (known !== undefined && known.rank >= rank) continue;
      locks.set(item, { lock: { table: item.table, keyColumn: item.takeKeyColumn(), strength }, rank });
    }
  }
  return [...locks.values()].map(({ lock }) => lock);
}

function lockedItems(scope: Scope, clause: LockingClause, name: string): readonly RangeItem[] {
  const named = clause.lockedRels ?? [];
  if (named.length === 0) return scope.rangeTable;
  return named.flatMap((node) => {
    if (!('RangeVar' in node)) return [];
    const { relname = '', schemaname, catalogname, location } = node.RangeVar;
    const analysis = scope.analysis;
    if (schemaname !== undefined || catalogname !== undefined)
      throw analysis.syntaxError(`${name} must specify unqualified relation names`, location);
    const item = scope.rangeTable.find((candidate) => candidate.name === relname && (candidate.kind !== 'join' || candidate.hasAlias));
    if (item === undefined)
      throw analysis.error(sqlstate.undefinedTable, `relation "${relname}" in ${name} clause not found in FROM clause`, location);
    const refused = {
      join: 'a join',
      function: 'a function',
      values: 'VALUES',
      cte: 'a WITH query',
      relation: undefined,
      subquery: undefined,
    }[item.kind];
    if (refused !== undefined) throw analysis.notSupported(`${name} cannot be applied to ${refused}`, location);
    return [item];
  });
}

function refuseShapes(scope: Scope, shape: Shape, name: string): void {
  const refuse = (what: string) => scope.analysis.notSupported(`${name} is not allowed with ${what}`);
  if (shape.isDistinct) throw refuse('DISTINCT clause');
  if (shape.isGrouped) throw refuse('GROUP BY clause');
  if (shape.hasHaving) throw refuse('HAVING clause');
  if (scope.aggregates.length > 0) throw refuse('aggregate functions');
  if (scope.windowCalls.length > 0) throw refuse('window functions');
  if (scope.hasSetReturning) throw refuse('set-returning functions in the target list');
}
