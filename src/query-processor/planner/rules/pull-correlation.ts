/**
 * Takes the conditions that name outer columns out of a plan, so that they can become a join's condition. What remains may still
 * name outer columns (in an aggregate's input, under a limit): then the join stays lateral.
 *
 * Sound for the right side of inner, left, semi and anti joins: the conditions come from places where leaving out a row there is the
 * same as leaving it out at the top.
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan, NamedExpression } from '../../analyzer/logical-plan.ts';
import { columnsOf, conjunction, conjunctsOf, isVolatile, overlaps } from '../expression-tree.ts';
import { columnRef, freeColumns, outputIds, outputOf } from '../plan-tree.ts';

export type Pulled = { readonly plan: LogicalPlan; readonly conditions: readonly Expression[] };

/** `rowsOnly`: only whether rows exist matters, not how many (semi and anti joins), so that DISTINCT may go. */
export function pullCorrelation(plan: LogicalPlan, outer: ReadonlySet<ColumnId>, rowsOnly: boolean): Pulled {
  if (!overlaps(freeColumns(plan), outer)) return { plan, conditions: [] };
  switch (plan.kind) {
    case 'filter': {
      const input = pullCorrelation(plan.input, outer, rowsOnly);
      const conditions = conjunctsOf(plan.condition);
      const pulled = conditions.filter((c) => overlaps(columnsOf(c), outer) && !isVolatile(c));
      const kept = conjunction(conditions.filter((c) => !pulled.includes(c)));
      return {
        plan: kept === undefined ? input.plan : { ...plan, input: input.plan, condition: kept },
        conditions: [...input.conditions, ...pulled],
      };
    }
    case 'project': {
      const input = pullCorrelation(plan.input, outer, rowsOnly);
      return { plan: extend({ ...plan, input: input.plan }, input.conditions), conditions: input.conditions };
    }
    case 'sort': {
      if (!rowsOnly) break;
      return pullCorrelation(plan.input, outer, rowsOnly);
    }
    case 'distinct': {
      if (!rowsOnly || plan.on !== undefined) break;
      return pullCorrelation(plan.input, outer, rowsOnly);
    }
    case 'join': {
      if (plan.join === 'inner' && !plan.lateral) {
        const left = pullCorrelation(plan.left, outer, rowsOnly);
        const right = pullCorrelation(plan.right, outer, rowsOnly);
        const conditions = conjunctsOf(plan.condition);
        const pulled = conditions.filter((c) => overlaps(columnsOf(c), outer) && !isVolatile(c));
        const condition = conjunction(conditions.filter((c) => !pulled.includes(c)));
        return {
          plan: { ...plan, left: left.plan, right: right.plan, condition },
          conditions: [...left.conditions, ...right.conditions, ...pulled],
        };
      }
      if (plan.join === 'left' || plan.join === 'semi' || plan.join === 'anti' || plan.join === 'inner') {
        // Conditions pulled from below the left side are over columns that the join passes on.
        const left = pullCorrelation(plan.left, outer, rowsOnly);
        return { plan: { ...plan, left: left.plan }, conditions: left.conditions };
      }
      break;
    }
  }
  return { plan, conditions: [] };
}

/** Passes on the input's columns that the pulled conditions name. */
function extend(project: Extract<LogicalPlan, { kind: 'project' }>, conditions: readonly Expression[]): LogicalPlan {
  const present = outputIds(project);
  const available = new Map(outputOf(project.input).map((column) => [column.id, column]));
  const added = new Map<ColumnId, NamedExpression>();
  for (const condition of conditions)
    for (const id of columnsOf(condition)) {
      const column = available.get(id);
      if (column !== undefined && !present.has(id)) added.set(id, { id, name: column.name, expression: columnRef(column) });
    }
  return added.size === 0 ? project : { ...project, targets: [...project.targets, ...added.values()] };
}
