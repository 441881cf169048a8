/** Expression keys: a text that two expressions share exactly when they mean the same (up to where they stand in the statement). */
import type { Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';

/** Not part of the meaning: where it stood and how it was written. */
const ignored = new Set(['position', 'name', 'sqlSyntax']);
/** Fields of plans that hold ids of columns. */
const idLists = new Set(['output', 'planColumns', 'leftColumns', 'rightColumns']);

export function expressionKey(expression: Expression): string {
  const own = someExpression(expression, (part) => part.kind === 'subquery') ? ownIds(expression) : undefined;
  return JSON.stringify(expression, (key, value: unknown) => {
    if (ignored.has(key) && typeof value !== 'object') return undefined;
    if (own !== undefined) {
      if (key === 'table') return tableKey(value);
      if (key === 'id' || key === 'keyColumn') return typeof value === 'number' ? (own.columns.get(value) ?? value) : value;
      if (key === 'cte' && typeof value === 'number') return own.commonTables.get(value) ?? value;
      if (idLists.has(key) && Array.isArray(value)) return value.map((id: unknown) => (typeof id === 'number' ? own.columns.get(id) : id));
    }
    if (isCastForm(value)) return 'cast';
    if (typeof value === 'bigint') return `${value}n`;
    if (typeof value === 'number' && !Number.isFinite(value)) return `${value}`;
    if (Object.is(value, -0)) return '-0';
    if (value instanceof Map) return [...value];
    return value;
  });
}

const isCastForm = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'cast' && 'explicit' in value;

const tableKey = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'oid' in value ? value.oid : value);

type OwnIds = { readonly columns: Map<number, string>; readonly commonTables: Map<number, string> };

/** Columns and common tables that the subqueries inside bring into being, numbered as they are met: the same text twice has other ids. */
function ownIds(expression: Expression): OwnIds {
  const own: OwnIds = { columns: new Map(), commonTables: new Map() };
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) visit(item);
      return;
    }
    if ('id' in value && typeof value.id === 'number') {
      const ids = 'recursive' in value ? own.commonTables : own.columns;
      const isReference = 'kind' in value && (value.kind === 'column' || value.kind === 'outerValue');
      if (!isReference && !ids.has(value.id)) ids.set(value.id, `#${ids.size}`);
    }
    if ('keyColumn' in value && typeof value.keyColumn === 'number' && !own.columns.has(value.keyColumn))
      own.columns.set(value.keyColumn, `#${own.columns.size}`);
    for (const [name, child] of Object.entries(value)) if (name !== 'table') visit(child);
  };
  visit(expression);
  return own;
}

export const sameExpression = (a: Expression, b: Expression): boolean =>
  a === b || (a.kind === b.kind && expressionKey(a) === expressionKey(b));
