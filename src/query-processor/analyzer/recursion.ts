/** Recursive WITH: which item mentions which, in what order they can be bound, and where a query may not mention itself. */
import type { CommonTableExpr, SelectStmt } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Scope } from './scope.ts';

type Tree = { readonly [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null;

function isReference(node: Tree, name: string): boolean {
  const range = node.RangeVar;
  return isTree(range) && range.relname === name && range.schemaname === undefined;
}

/**
 * Of a statement whose own WITH has an item of that name: the parts in which the name still means what it means outside, the items up to that
 * one. undefined: the statement does not hide the name.
 */
function beforeHiding({ withClause }: Tree, name: string): readonly unknown[] | undefined {
  if (!isTree(withClause) || !Array.isArray(withClause.ctes)) return undefined;
  const items: readonly unknown[] = withClause.ctes;
  const at = items.findIndex((item) => isTree(item) && isTree(item.CommonTableExpr) && item.CommonTableExpr.ctename === name);
  if (at < 0) return undefined;
  return withClause.recursive === true ? [] : items.slice(0, at + 1);
}

/** True when a FROM item anywhere in the tree has the name (and no schema). */
export function mentions(tree: unknown, name: string): boolean {
  if (Array.isArray(tree)) return tree.some((item) => mentions(item, name));
  if (!isTree(tree)) return false;
  if (isReference(tree, name)) return true;
  const outer = beforeHiding(tree, name);
  if (outer !== undefined) return mentions(outer, name);
  return Object.values(tree).some((value) => mentions(value, name));
}

/** Items in an order in which each mentions only earlier ones and itself. */
export function sortByDependency(scope: Scope, items: readonly CommonTableExpr[]): readonly CommonTableExpr[] {
  const left = [...items];
  const sorted: CommonTableExpr[] = [];
  while (left.length > 0) {
    const at = left.findIndex((item) => left.every((other) => other === item || !mentions(item.ctequery, other.ctename ?? '')));
    if (at < 0) throw scope.analysis.notSupported('mutual recursion between WITH items is not implemented', left[0].location);
    sorted.push(...left.splice(at, 1));
  }
  return sorted;
}

const problems = {
  nonRecursiveTerm: 'must not appear within its non-recursive term',
  subquery: 'must not appear within a subquery',
  outerJoin: 'must not appear within an outer join',
  intersect: 'must not appear within INTERSECT',
  except: 'must not appear within EXCEPT',
  twice: 'must not appear more than once',
} as const;
type Place = keyof typeof problems | 'allowed';

/** 42P19 for a self-reference where recursion has no meaning; 0A000 for clauses that PostgreSQL does not take there. */
export function requireWellFormedRecursion(scope: Scope, select: SelectStmt, name: string): void {
  const analysis = scope.analysis;
  let count = 0;
  const refuse = (place: keyof typeof problems, location: unknown): never => {
    throw analysis.error(
      sqlstate.invalidRecursion,
      `recursive reference to query "${name}" ${problems[place]}`,
      typeof location === 'number' ? location : undefined,
    );
  };
  const walk = (tree: unknown, place: Place): void => {
    if (Array.isArray(tree)) {
      for (const item of tree) walk(item, place);
      return;
    }
    if (!isTree(tree)) return;
    if (isReference(tree, name)) {
      const location = isTree(tree.RangeVar) ? tree.RangeVar.location : undefined;
      if (place !== 'allowed') refuse(place, location);
      if (++count > 1) refuse('twice', location);
      return;
    }
    const outer = beforeHiding(tree, name);
    if (outer !== undefined) {
      walk(outer, place);
      return;
    }
    for (const [key, value] of Object.entries(tree)) {
      if (key === 'SubLink') walk(value, place === 'allowed' ? 'subquery' : place);
      else if (key === 'JoinExpr' && isTree(value)) walkJoin(value, place);
      else if ((key === 'SelectStmt' || key === 'larg' || key === 'rarg') && isTree(value)) walkSelect(value, place);
      else walk(value, place);
    }
  };
  const walkJoin = (join: Tree, place: Place): void => {
    const outer: Place = place === 'allowed' ? 'outerJoin' : place;
    const kind = join.jointype;
    walk(join.larg, kind === 'JOIN_RIGHT' || kind === 'JOIN_FULL' ? outer : place);
    walk(join.rarg, kind === 'JOIN_LEFT' || kind === 'JOIN_FULL' ? outer : place);
    walk(join.quals, place);
  };
  const walkSelect = (node: Tree, place: Place): void => {
    if (node.op === 'SETOP_INTERSECT') {
      walk({ larg: node.larg, rarg: node.rarg }, place === 'allowed' ? 'intersect' : place);
      return;
    }
    if (node.op === 'SETOP_EXCEPT') {
      walk({ larg: node.larg }, place);
      walk({ rarg: node.rarg }, place === 'allowed' ? 'except' : place);
      return;
    }
    walk(node, place);
  };
  walk({ larg: select.larg }, 'nonRecursiveTerm');
  walk({ rarg: select.rarg }, 'allowed');
  const locationIn = (node: unknown): number | undefined => {
    if (!isTree(node)) return undefined;
    for (const value of Object.values(node)) {
      if (typeof value === 'number' || !isTree(value)) continue;
      const own = typeof value.location === 'number' && value.location >= 0 ? value.location : locationIn(value);
      if (own !== undefined) return own;
    }
    return undefined;
  };
  if (select.sortClause !== undefined)
    throw analysis.notSupported('ORDER BY in a recursive query is not implemented', locationIn(select.sortClause));
  if (select.limitOffset !== undefined)
    throw analysis.notSupported('OFFSET in a recursive query is not implemented', locationIn(select.limitOffset));
  if (select.limitCount !== undefined)
    throw analysis.notSupported('LIMIT in a recursive query is not implemented', locationIn(select.limitCount));
  if (select.lockingClause !== undefined) throw analysis.notSupported('FOR UPDATE/SHARE in a recursive query is not implemented');
}
