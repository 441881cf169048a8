/** Where a node of the tree begins: PostgreSQL's exprLocation for nodes that are not bound yet. */
import type { Node } from '@pgsql/types';

export function nodeLocation(node: Node | undefined): number | undefined {
  if (node === undefined) return undefined;
  if ('A_Expr' in node) return leftmost(node.A_Expr.location, node.A_Expr.lexpr);
  if ('TypeCast' in node) return leftmost(leftmost(node.TypeCast.location, node.TypeCast.arg), undefined);
  if ('A_Indirection' in node) return nodeLocation(node.A_Indirection.arg);
  if ('BoolExpr' in node) return leftmost(node.BoolExpr.location, node.BoolExpr.args?.[0]);
  if ('NullTest' in node) return leftmost(node.NullTest.location, node.NullTest.arg);
  if ('BooleanTest' in node) return leftmost(node.BooleanTest.location, node.BooleanTest.arg);
  if ('CollateClause' in node) return nodeLocation(node.CollateClause.arg);
  if ('SubLink' in node) return leftmost(node.SubLink.location, node.SubLink.testexpr);
  const [content]: { readonly location?: number }[] = Object.values(node);
  return known(content?.location);
}

const known = (location: number | undefined): number | undefined => (location !== undefined && location >= 0 ? location : undefined);

function leftmost(location: number | undefined, part: Node | undefined): number | undefined {
  const own = known(location);
  const other = nodeLocation(part);
  return own === undefined ? other : other === undefined ? own : Math.min(own, other);
}
