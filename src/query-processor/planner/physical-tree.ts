/** Walking physical plans. */
import type { PhysicalPlan } from './physical-plan.ts';

/** All plans directly beneath, subplans and definitions of common tables included. */
export function childPlans(plan: PhysicalPlan): readonly PhysicalPlan[] {
  switch (plan.kind) {
    case 'nestedLoop':
    case 'hashJoin':
    case 'crossMatch':
      return [plan.outer, plan.inner];
    case 'lookupJoin':
      return [plan.outer];
    case 'apply':
      return [plan.input, plan.subplan];
    case 'setOperation':
      return [plan.left, plan.right];
    case 'with':
      return [plan.definition, ...(plan.recursive === undefined ? [] : [plan.recursive.plan]), plan.input];
    case 'oneRow':
    case 'values':
    case 'tableScan':
    case 'indexScan':
    case 'systemScan':
    case 'functionScan':
    case 'cteScan':
      return [];
    case 'insert':
      return plan.conflictQueries === undefined ? [plan.input] : [plan.input, plan.conflictQueries.plan];
    default:
      return [plan.input];
  }
}
