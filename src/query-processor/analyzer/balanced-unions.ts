/**
 * Balanced unions: a long chain of UNION or UNION ALL as a tree as flat as it can be, so that what follows (the planner's rules, the
 * operators) goes a dozen levels deep and not thousands.
 *
 * Both are associative, and neither the order of rows nor names change: sides stay in their order, the whole keeps its columns. Short
 * chains stay as they are written.
 */
import type { ColumnId } from '#sql/expression.ts';
import type { Analysis } from './environment.ts';
import type { LogicalPlan } from './logical-plan.ts';

type SetOperation = Extract<LogicalPlan, { kind: 'setOperation' }>;
type Side = { readonly plan: LogicalPlan; readonly columns: readonly ColumnId[] };

/** More links than people write. */
const longChain = 64;

/** The plan with the chain that leans to its left balanced; the other sides are queries of their own, which have been through here. */
export function balancedUnions(analysis: Analysis, plan: LogicalPlan): LogicalPlan {
  if (plan.kind === 'project') {
    // Between two links where the types of the left side were cast.
    const input = balancedUnions(analysis, plan.input);
    return input === plan.input ? plan : { ...plan, input };
  }
  if (plan.kind !== 'setOperation') return plan;
  const links = linksOf(plan);
  const last = links[links.length - 1];
  const first = balancedUnions(analysis, last.left);
  if (links.length < longChain)
    return first === last.left ? plan : links.reduceRight<LogicalPlan>((left, link) => ({ ...link, left }), first);
  const sides: Side[] = [{ plan: first, columns: last.leftColumns }];
  for (const link of links.toReversed()) sides.push({ plan: link.right, columns: link.rightColumns });
  const middle = sides.length >> 1;
  return union(plan, united(analysis, plan, sides.slice(0, middle)), united(analysis, plan, sides.slice(middle)));
}

/** The unions of one kind in a row, the outermost first; a single link for other operations. */
function linksOf(plan: SetOperation): readonly SetOperation[] {
  const links = [plan];
  if (plan.operation !== 'union') return links;
  let { left } = plan;
  while (left.kind === 'setOperation' && left.operation === 'union' && left.all === plan.all) {
    links.push(left);
    left = left.left;
  }
  return links;
}

/** `whole` says what is done and of which types the columns are. */
function united(analysis: Analysis, whole: SetOperation, sides: readonly Side[]): Side {
  if (sides.length === 1) return sides[0];
  const middle = sides.length >> 1;
  const columns = whole.columns.map((column) => ({ ...column, id: analysis.newColumnId() }));
  const left = united(analysis, whole, sides.slice(0, middle));
  const right = united(analysis, whole, sides.slice(middle));
  return { plan: union({ ...whole, columns }, left, right), columns: columns.map(({ id }) => id) };
}

const union = (whole: SetOperation, left: Side, right: Side): SetOperation => ({
  ...whole,
  left: left.plan,
  right: right.plan,
  leftColumns: left.columns,
  rightColumns: right.columns,
});
