/**
 * OR over several indexes: `a = 1 OR b = 2` as one scan for each branch, one after another. Each later scan leaves out the rows of the branches
 * before it, so that no row comes twice and nothing has to be remembered.
 */
import type { Expression } from '#sql/expression.ts';
import { boolean, conjunctsOf } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { cpuTuple, estimate } from './cost.ts';

/** More branches than that are tested row by row. */
const mostBranches = 8;

/** `scanFor`: the best scan under some conditions. undefined: no OR, or a branch that no key narrows. */
export function orScan(
  conditions: readonly Expression[],
  scanFor: (conditions: readonly Expression[]) => PhysicalPlan,
): PhysicalPlan | undefined {
  let best: PhysicalPlan | undefined;
  for (const condition of conditions) {
    if (condition.kind !== 'or' || condition.args.length > mostBranches) continue;
    const others = conditions.filter((c) => c !== condition);
    const plan = union(others, condition.args, scanFor);
    if (plan !== undefined && (best === undefined || plan.estimate.totalCost < best.estimate.totalCost)) best = plan;
  }
  return best;
}

function union(
  others: readonly Expression[],
  branches: readonly Expression[],
  scanFor: (conditions: readonly Expression[]) => PhysicalPlan,
): PhysicalPlan | undefined {
  let plan: PhysicalPlan | undefined;
  const before: Expression[] = [];
  for (const branch of branches) {
    const scan = scanFor([...conjunctsOf(branch), ...others, ...before]);
    if ((scan.kind !== 'tableScan' && scan.kind !== 'indexScan') || scan.access === undefined) return undefined;
    before.push({ kind: 'booleanTest', arg: branch, test: 'true', negated: true, type: boolean });
    plan = plan === undefined ? scan : appended(plan, scan);
  }
  return plan;
}

function appended(left: PhysicalPlan, right: PhysicalPlan): PhysicalPlan {
  const { output } = right;
  const ids = output.map((column) => column.id);
  const rows = left.estimate.rows + right.estimate.rows;
  const cost = left.estimate.totalCost + right.estimate.totalCost + rows * (cpuTuple / 2);
  return {
    kind: 'setOperation',
    operation: 'union',
    all: true,
    left,
    right,
    leftColumns: ids,
    rightColumns: ids,
    output,
    estimate: estimate(left.estimate.startupCost, cost, rows, right.estimate.width),
  };
}
