/**
 * Name errors: what to say about a table or column name that nothing answers to, with PostgreSQL's guesses at what was meant.
 */
import { type SqlError, sqlstate } from '#base/sql-error.ts';
import type { NamespaceEntry, RangeColumn, RangeItem, Scope } from './scope.ts';

const fuzzyDistanceMax = 3;

/** A qualified name whose first part is no visible FROM item. */
export function missingRelation(scope: Scope, schemaName: string | undefined, name: string, location: number | undefined): SqlError {
  const written = schemaName === undefined ? name : name;
  const bad = searchRangeTable(scope, schemaName, name);
  const analysis = scope.analysis;
  // An item with the right table under another name.
  if (bad !== undefined && bad.item.name !== name) {
    const entry = findEntry(scope, bad.item);
    if (entry?.isRelationVisible)
      return analysis.error(sqlstate.undefinedTable, `invalid reference to FROM-clause entry for table "${written}"`, location, {
        hint: `Perhaps you meant to reference the table alias "${bad.item.name}".`,
      });
  }
  if (bad !== undefined)
    return analysis.error(sqlstate.undefinedTable, `invalid reference to FROM-clause entry for table "${written}"`, location, {
      detail: `There is an entry for table "${bad.item.name}", but it cannot be referenced from this part of the query.`,
      ...(isVisibleIfLateral(scope, bad.item) ? { hint: 'To reference that table, you must mark this subquery with LATERAL.' } : {}),
    });
  return analysis.error(sqlstate.undefinedTable, `missing FROM-clause entry for table "${written}"`, location);
}

function searchRangeTable(scope: Scope, schemaName: string | undefined, name: string): { item: RangeItem } | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent)
    for (const item of level.rangeTable) {
      if (item.kind === 'join' && !item.hasAlias) continue;
      const isSameTable = item.table?.name === name && (schemaName === undefined || item.table.schemaName === schemaName);
      if (isSameTable || (schemaName === undefined && item.name === name)) return { item };
    }
  return undefined;
}

function findEntry(scope: Scope, item: RangeItem): NamespaceEntry | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent)
    for (const entry of level.namespace) if (entry.item === item && !(entry.lateralOnly && !level.isLateralActive)) return entry;
  return undefined;
}

function isVisibleIfLateral(scope: Scope, item: RangeItem): boolean {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent)
    for (const entry of level.namespace) if (entry.item === item) return entry.lateralOnly && entry.lateralOk && !level.isLateralActive;
  return false;
}

function isVisibleIfQualified(scope: Scope, item: RangeItem): boolean {
  const entry = findEntry(scope, item);
  return entry?.isRelationVisible === true && !entry.areColumnsVisible;
}

/** A column name, alone or behind the name of a visible item. */
export function missingColumn(scope: Scope, relationName: string | undefined, name: string, location: number | undefined): SqlError {
  const analysis = scope.analysis;
  const message = relationName === undefined ? `column "${name}" does not exist` : `column ${relationName}.${name} does not exist`;
  const guess = guessColumn(scope, relationName, name);
  if (guess.exact.length > 1)
    return analysis.error(sqlstate.undefinedColumn, message, location, {
      detail: `There are columns named "${name}", but they are in tables that cannot be referenced from this part of the query.`,
      ...(relationName === undefined ? { hint: 'Try using a table-qualified name.' } : {}),
    });
  if (guess.exact.length === 1) {
    const item = guess.exact[0];
    let hint: string | undefined;
    if (isVisibleIfLateral(scope, item)) hint = 'To reference that column, you must mark this subquery with LATERAL.';
    else if (relationName === undefined && isVisibleIfQualified(scope, item))
      hint = 'To reference that column, you must use a table-qualified name.';
    return analysis.error(sqlstate.undefinedColumn, message, location, {
      detail: `There is a column named "${name}" in table "${item.name}", but it cannot be referenced from this part of the query.`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const [first, second] = guess.near;
  if (first === undefined) return analysis.error(sqlstate.undefinedColumn, message, location);
  const hint =
    second === undefined
      ? `Perhaps you meant to reference the column "${nameOf(first)}".`
      : `Perhaps you meant to reference the column "${nameOf(first)}" or the column "${nameOf(second)}".`;
  return analysis.error(sqlstate.undefinedColumn, message, location, { hint });
}

type Near = { readonly item: RangeItem; readonly column: RangeColumn };
const nameOf = ({ item, column }: Near): string => `${item.name}.${column.name}`;

type Guess = { readonly exact: RangeItem[]; near: Near[] };

function guessColumn(scope: Scope, relationName: string | undefined, name: string): Guess {
  const guess: Guess = { exact: [], near: [] };
  let distance = fuzzyDistanceMax + 1;
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    for (const item of level.rangeTable) {
      if (item.kind === 'join') continue;
      const penalty = relationName === undefined ? 0 : editDistance(relationName, item.name);
      if (penalty > fuzzyDistanceMax) continue;
      if (item.columns.some((column) => column.name === name)) {
        if (penalty === 0) guess.exact.push(item);
        else if (penalty < distance) {
          distance = penalty;
          guess.near = [{ item, column: item.columns.find((column) => column.name === name) ?? item.columns[0] }];
        }
        continue;
      }
      for (const column of item.columns) {
        if (penalty > distance) continue;
        const columnDistance = editDistance(column.name, name);
        // More than half of the name differs: no guess worth telling.
        if (columnDistance > name.length / 2) continue;
        const total = columnDistance + penalty;
        if (total < distance) {
          distance = total;
          guess.near = [{ item, column }];
        } else if (total === distance) {
          if (guess.near.length === 2) guess.near = [];
          else if (guess.near.length === 1) guess.near = [...guess.near, { item, column }];
        }
      }
    }
  }
  return guess;
}

/** Levenshtein distance, each step costing one. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++)
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1));
    previous = row;
  }
  return previous[b.length];
}
