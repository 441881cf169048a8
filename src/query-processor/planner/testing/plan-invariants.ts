/**
 * What every physical plan must hold, as a check for tests: columns named are there, outer values are bound by an operator around, and an
 * operator's output comes from somewhere. The executor would find the same faults, but only on the paths that run.
 */
import { InvariantError } from '#base/assert.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import type { OutputColumn } from '../../analyzer/logical-plan.ts';
import { columnsOf, containsSubquery } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { childPlans } from '../physical-tree.ts';

type Ids = ReadonlySet<ColumnId>;

export function assertPlanIsSound(plan: PhysicalPlan, bound: Ids = new Set()): void {
  const fail = (what: string) => {
    throw new InvariantError(`${plan.kind}: ${what}`);
  };
  const check = (e: Expression | undefined, available: Ids): void => {
    if (e === undefined) return;
    for (const id of columnsOf(e)) if (!available.has(id)) fail(`column ${id} is not there`);
    if (containsSubquery(e)) fail('a subquery is left in an expression');
    someExpression(e, (inner) => {
      if (inner.kind === 'outerValue' && !bound.has(inner.id)) fail(`outer value ${inner.name} (${inner.id}) is not bound`);
      return false;
    });
  };
  const outputs = (...inputs: readonly PhysicalPlan[]): Ids => idsOf(inputs.flatMap((input) => input.output));
  const passes = (available: Ids) => {
    for (const column of plan.output) if (!available.has(column.id)) fail(`output ${column.name} (${column.id}) comes from nowhere`);
  };
  const { startupCost, totalCost, rows } = plan.estimate;
  if (!(startupCost >= 0 && totalCost >= startupCost && rows >= 0)) fail(`estimate ${startupCost}..${totalCost} rows=${rows}`);

  switch (plan.kind) {
    case 'oneRow':
      passes(new Set());
      break;
    case 'values':
      for (const e of plan.rows.flat()) check(e, new Set());
      break;
    case 'tableScan':
    case 'indexScan':
    case 'systemScan': {
      check(plan.filter, outputs(plan));
      const access = plan.kind === 'systemScan' ? undefined : plan.access;
      check(access?.anyOf, new Set());
      for (const alternative of access?.alternatives ?? [])
        for (const e of [...alternative.equal, alternative.lower?.value, alternative.upper?.value]) if (e !== 'null') check(e, new Set());
      break;
    }
    case 'functionScan':
      for (const item of plan.functions) check(item.call, new Set());
      break;
    case 'cteScan':
      break;
    case 'project':
    case 'projectSet':
      for (const target of plan.targets) check(target.expression, outputs(plan.input));
      passes(new Set(plan.targets.map((target) => target.id)));
      break;
    case 'await':
      for (const target of plan.targets) check(target.expression, outputs(plan.input));
      passes(new Set([...outputs(plan.input), ...plan.targets.map((target) => target.id)]));
      break;
    case 'filter':
      check(plan.condition, outputs(plan.input));
      passes(outputs(plan.input));
      break;
    case 'nestedLoop':
    case 'crossMatch': {
      check(plan.condition, outputs(plan.outer, plan.inner));
      passes(plan.join === 'semi' || plan.join === 'anti' ? outputs(plan.outer) : outputs(plan.outer, plan.inner));
      const bindings = plan.kind === 'nestedLoop' ? plan.bindings : [];
      for (const id of bindings) if (!outputs(plan.outer).has(id)) fail(`binding ${id} is not a column of outer`);
      assertPlanIsSound(plan.outer, bound);
      assertPlanIsSound(plan.inner, new Set([...bound, ...bindings]));
      return;
    }
    case 'hashJoin':
      for (const key of plan.outerKeys) check(key, outputs(plan.outer));
      for (const key of plan.innerKeys) check(key, outputs(plan.inner));
      for (const [i, key] of plan.outerKeys.entries()) if (key.type.oid !== plan.innerKeys[i].type.oid) fail('hash keys of two types');
      check(plan.condition, outputs(plan.outer, plan.inner));
      passes(plan.join === 'semi' || plan.join === 'anti' ? outputs(plan.outer) : outputs(plan.outer, plan.inner));
      break;
    case 'lookupJoin': {
      const available = new Set([...outputs(plan.outer), ...idsOf(plan.innerColumns)]);
      for (const key of plan.keys) check(key, outputs(plan.outer));
      check(plan.condition, available);
      passes(plan.join === 'semi' || plan.join === 'anti' ? outputs(plan.outer) : available);
      break;
    }
    case 'apply': {
      check(plan.comparison, new Set([...outputs(plan.input), ...plan.subOutput]));
      for (const id of plan.bindings) if (!outputs(plan.input).has(id)) fail(`binding ${id} is not a column of the input`);
      for (const id of plan.subOutput) if (!outputs(plan.subplan).has(id)) fail(`subquery column ${id} is not there`);
      passes(new Set([...outputs(plan.input), plan.result.id]));
      assertPlanIsSound(plan.input, bound);
      assertPlanIsSound(plan.subplan, new Set([...bound, ...plan.bindings]));
      return;
    }
    case 'aggregate':
      for (const group of plan.groupBy) check(group.expression, outputs(plan.input));
      for (const { call } of plan.aggregates) check(call, outputs(plan.input));
      passes(new Set([...plan.groupBy, ...plan.aggregates, ...plan.groupings].map((item) => item.id)));
      break;
    case 'window':
      for (const { call } of plan.calls) check(call, outputs(plan.input));
      for (const key of plan.specification.partitionBy) check(key, outputs(plan.input));
      for (const key of plan.specification.orderBy) check(key.expression, outputs(plan.input));
      passes(new Set([...outputs(plan.input), ...plan.calls.map((call) => call.id)]));
      break;
    case 'sort':
      for (const key of plan.keys) check(key.expression, outputs(plan.input));
      passes(outputs(plan.input));
      break;
    case 'limit':
      check(plan.count, new Set());
      check(plan.offset, new Set());
      for (const key of plan.withTies ?? []) check(key.expression, outputs(plan.input));
      passes(outputs(plan.input));
      break;
    case 'distinct':
      for (const key of plan.on ?? []) check(key, outputs(plan.input));
      passes(outputs(plan.input));
      break;
    case 'setOperation':
      for (const id of plan.leftColumns) if (!outputs(plan.left).has(id)) fail(`column ${id} of the left is not there`);
      for (const id of plan.rightColumns) if (!outputs(plan.right).has(id)) fail(`column ${id} of the right is not there`);
      break;
    case 'with':
      for (const id of plan.definitionColumns) if (!outputs(plan.definition).has(id)) fail(`column ${id} of the definition is not there`);
      passes(outputs(plan.input));
      break;
    case 'lockRows':
      for (const lock of plan.locks) if (!outputs(plan.input).has(lock.keyColumn)) fail('the key of a locked row is not there');
      passes(outputs(plan.input));
      break;
    case 'insert':
      for (const value of plan.values) check(value.expression, outputs(plan.input));
      break;
    case 'update':
    case 'delete':
      if (!outputs(plan.input).has(plan.keyColumn)) fail('the key of a changed row is not there');
      for (const column of plan.oldColumns) if (!outputs(plan.input).has(column.id)) fail(`old column ${column.name} is not there`);
      if (plan.kind === 'update') for (const a of plan.assignments) check(a.expression, outputs(plan.input));
      break;
  }
  for (const child of childPlans(plan)) assertPlanIsSound(child, bound);
}

const idsOf = (columns: readonly OutputColumn[]): Ids => new Set(columns.map((column) => column.id));
