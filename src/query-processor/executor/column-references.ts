/**
 * Column references of expressions: finding and renaming them, and other questions that need a walk over a whole expression or plan.
 *
 * Plans and expressions are plain data, so the walk follows their fields and knows no kinds but those that it looks for.
 */

import type { ColumnId, Expression, FunctionCall } from '#sql/expression.ts';
import { isVolatileCall } from '#sql/volatility.ts';

/** Fields that hold no expressions. */
const opaque: ReadonlySet<string> = new Set(['type', 'value', 'table', 'output', 'estimate', 'form']);

/** Calls `visit` on every object with a `kind` inside (the root too). Descriptors and datums are passed over. */
function walk(node: unknown, visit: (node: { readonly kind: unknown }) => void): void {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit);
    return;
  }
  if ('kind' in node) visit(node);
  for (const [name, child] of Object.entries(node)) if (!opaque.has(name)) walk(child, visit);
}

/** Ids of the columns that an expression reads. */
export function columnsOf(expression: Expression): ReadonlySet<ColumnId> {
  const found = new Set<ColumnId>();
  walk(expression, (node) => {
    if (node.kind === 'column' && 'id' in node && typeof node.id === 'number') found.add(node.id);
  });
  return found;
}

/** The expression with every column's id replaced. */
export function renameColumns(expression: Expression, rename: (id: ColumnId) => ColumnId): Expression {
  return rewrite(expression, (node) => (node.kind === 'column' ? { ...node, id: rename(node.id) } : undefined));
}

/** The expression with every node replaced for which `replace` gives another; the others are rebuilt around them. */
export function rewrite(expression: Expression, replace: (node: Expression) => Expression | undefined): Expression {
  const visit = (node: unknown): unknown => {
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map(visit);
    if ('kind' in node) {
      // An object with a kind inside an expression is an expression, but for the opaque fields, which are never visited.
      const other = replace(node as Expression);
      if (other !== undefined) return other;
    }
    const copy: Record<string, unknown> = {};
    for (const [name, child] of Object.entries(node)) copy[name] = opaque.has(name) ? child : visit(child);
    return copy;
  };
  return visit(expression) as Expression;
}

const isCall = (node: { readonly kind: unknown }): node is FunctionCall => node.kind === 'function';

/** True when something inside is a call of a user's function that is run by itself and may see, and make, changes. */
export const runsVolatileRoutine = (root: unknown): boolean =>
  hasNode(root, (node) => isCall(node) && node.form.kind === 'routine' && node.form.isVolatile);

/** True when some function inside (of an expression or a whole plan) is volatile: two runs may differ. */
export function isVolatile(node: unknown): boolean {
  let found = false;
  walk(node, (inner) => {
    if (isCall(inner) && isVolatileCall(inner)) found = true;
  });
  return found;
}

/** True when some object with a `kind` inside (of an expression or a whole plan) is such as asked for. */
export function hasNode(root: unknown, isSuch: (node: { readonly kind: unknown }) => boolean): boolean {
  let found = false;
  walk(root, (node) => {
    if (isSuch(node)) found = true;
  });
  return found;
}
