/**
 * Execute: a physical plan becomes its rows.
 *
 *   X1  Nothing runs before the first batch is asked for, and no more than what is asked for: leaving early ends every operator.
 *   X2  A plan that changes data must be read to its end: its changes reach the transaction when the last row is out (statement-writes.ts).
 */
import { unreachable } from '#base/assert.ts';
import type { Batch } from '#sql/batch.ts';
import type { Wait } from '#storage/storage.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { aggregate } from './aggregate.ts';
import { apply } from './apply.ts';
import { awaitCalls } from './await.ts';
import { hasNode, runsVolatileRoutine } from './column-references.ts';
import { crossMatch } from './cross-match.ts';
import { deleteRows } from './delete.ts';
import { distinct } from './distinct.ts';
import { filter } from './filter.ts';
import { finishStatement } from './foreign-keys/enforce.ts';
import { functionScan } from './function-scan.ts';
import { hashJoin } from './hash-join.ts';
import { indexScan } from './index-scan.ts';
import { insert } from './insert.ts';
import { limit, limitsOf } from './limit.ts';
import { lockRows } from './lock-rows.ts';
import { lookupJoin } from './lookup-join.ts';
import { nestedLoop } from './nested-loop.ts';
import type { Rows, Run } from './operator.ts';
import { prepared } from './prepared.ts';
import { project } from './project.ts';
import { projectSet } from './project-set.ts';
import { setOperation } from './set-operation.ts';
import { sort } from './sort.ts';
import { systemScan } from './system-scan.ts';
import { tableScan } from './table-scan.ts';
import { update } from './update.ts';
import { oneRow, values } from './values.ts';
import { window } from './window.ts';
import { cteScan, withCommonTable } from './with.ts';

const changesData = prepared((plan: PhysicalPlan) => ({
  yes: hasNode(plan, (node) => node.kind === 'insert' || node.kind === 'update' || node.kind === 'delete'),
  calls: runsVolatileRoutine(plan),
}));

/** The rows of a whole statement. */
export function execute(plan: PhysicalPlan, run: Run): Rows {
  const changes = changesData(plan);
  // What functions change meanwhile is for their own later statements (W1).
  if (changes.calls) run.frozen ??= run.transaction.frozen();
  return changes.yes ? executeChanges(plan, run) : start(plan, run);
}

function* executeChanges(plan: PhysicalPlan, run: Run): Generator<Batch | Wait, void, undefined> {
  yield* start(plan, run);
  yield* finishStatement(run);
}

/** The rows of one node, watched over when the statement is being analyzed. */
function start(plan: PhysicalPlan, run: Run): Rows {
  const rows = operator(plan, run, Number.POSITIVE_INFINITY);
  return run.instrument === undefined ? rows : run.instrument(plan, rows);
}

/** As `start`, for a consumer that takes no more than `rowLimit` rows. Rows behind that may come, but are not locked. */
function startLimited(plan: PhysicalPlan, run: Run, rowLimit: number): Rows {
  const rows = operator(plan, run, rowLimit);
  return run.instrument === undefined ? rows : run.instrument(plan, rows);
}

function operator(plan: PhysicalPlan, run: Run, rowLimit: number): Rows {
  switch (plan.kind) {
    case 'oneRow':
      return oneRow();
    case 'values':
      return values(plan, run);
    case 'tableScan':
      return tableScan(plan, run);
    case 'indexScan':
      return indexScan(plan, run);
    case 'systemScan':
      return systemScan(plan, run);
    case 'functionScan':
      return functionScan(plan, run);
    case 'project':
      return project(plan, startLimited(plan.input, run, rowLimit), run);
    case 'projectSet':
      return projectSet(plan, start(plan.input, run), run);
    case 'filter':
      return filter(plan, start(plan.input, run), run);
    case 'nestedLoop':
      return nestedLoop(plan, start(plan.outer, run), () => start(plan.inner, run), run);
    case 'hashJoin':
      return hashJoin(plan, start(plan.outer, run), start(plan.inner, run), run);
    case 'lookupJoin':
      return lookupJoin(plan, start(plan.outer, run), run);
    case 'crossMatch':
      return crossMatch(plan, start(plan.outer, run), start(plan.inner, run), run);
    case 'apply':
      return apply(plan, startLimited(plan.input, run, rowLimit), () => start(plan.subplan, run), rowLimit, run);
    case 'aggregate':
      return aggregate(plan, start(plan.input, run), run);
    case 'window':
      return window(plan, start(plan.input, run), run);
    case 'sort':
      return sort(plan, start(plan.input, run), rowLimit, run);
    case 'limit':
      return limited(plan, run);
    case 'distinct':
      return distinct(plan, start(plan.input, run), run);
    case 'setOperation':
      return setOperation(plan, start(plan.left, run), start(plan.right, run), run);
    case 'with':
      return withCommonTable(plan, (inner) => start(inner, run), run);
    case 'cteScan':
      return cteScan(plan, run);
    case 'lockRows':
      return lockRows(plan, start(plan.input, run), rowLimit, run);
    case 'insert':
      return insert(plan, start(plan.input, run), (inner) => start(inner, run), run);
    case 'update':
      return update(plan, start(plan.input, run), run);
    case 'delete':
      return deleteRows(plan, start(plan.input, run), run);
    case 'await':
      return awaitCalls(plan, startLimited(plan.input, run, rowLimit), run);
    default:
      return unreachable(plan);
  }
}

function* limited(plan: Extract<PhysicalPlan, { kind: 'limit' }>, run: Run): Generator<Batch | Wait, void, undefined> {
  const limits = limitsOf(plan, run);
  if (limits.count === 0) return;
  // How many rows WITH TIES takes is not known before it has seen one more.
  const rowLimit = plan.withTies === undefined ? limits.count + limits.offset : Number.POSITIVE_INFINITY;
  yield* limit(plan, startLimited(plan.input, run, rowLimit), limits, run);
}
