/**
 * Moves projections up through inner joins and into each other, so that derived tables, views and inlined common tables dissolve and
 * their joins and conditions become one chain with the rest.
 *
 * Before subqueries are unnested and conditions pushed, which both meet fewer operators then. What may not be evaluated more often
 * than written (volatile functions, subqueries, sets) stays where it is (R3).
 */
import type { ColumnId, Expression } from '#sql/expression.ts';
import { someExpression } from '#sql/expression-walk.ts';
import type { LogicalPlan, NamedExpression } from '../../analyzer/logical-plan.ts';
import { containsSubquery, isVolatile, mapSubqueries, returnsSet, rewritePlanExpressions, substitute } from '../expression-tree.ts';
import { columnRef, mapExpressions, mapInputs, outputOf } from '../plan-tree.ts';
import type { Rule } from './rule.ts';

export const mergeProjections: Rule = { name: 'merge-projections', apply: (plan) => merge(plan) };

type Project = Extract<LogicalPlan, { kind: 'project' }>;

function merge(plan: LogicalPlan): LogicalPlan {
  const mapped = mapExpressions(mapInputs(plan, merge), (e) => mapSubqueries(e, merge));
  switch (mapped.kind) {
    case 'project':
      return mergeIntoProject(mapped);
    case 'join':
      return liftFromJoin(mapped);
    case 'filter':
      return mapped.input.kind === 'project' &&
        isMovable(mapped.input) &&
        // Inside a subquery a target would be computed once for each of its rows.
        (!containsSubquery(mapped.condition) || mapped.input.targets.every(isPlain))
        ? {
            ...mapped.input,
            input: merge({ ...mapped, input: mapped.input.input, condition: replaceTargets(mapped.condition, mapped.input) }),
          }
        : mapped;
    case 'aggregate':
      // Only plain columns: an expression would be evaluated once for each aggregate that names it.
      return mapped.input.kind === 'project' && mapped.input.targets.every(isPlain)
        ? mapExpressions({ ...mapped, input: mapped.input.input }, (e) => replaceTargets(e, mapped.input as Project))
        : mapped;
    default:
      return mapped;
  }
}

const isPlain = (target: NamedExpression) => target.expression.kind === 'column';
const isRepeatable = (e: Expression) => !isVolatile(e) && !containsSubquery(e) && !returnsSet(e);
const isMovable = (project: Project) => project.targets.every((target) => isRepeatable(target.expression));

function replaceTargets(e: Expression, project: Project): Expression {
  const targets = new Map(project.targets.map((target) => [target.id, target.expression]));
  return substitute(e, (id) => targets.get(id));
}
function mergeIntoProject(outer: Project): LogicalPlan {
  const { input } = outer;
  if (input.kind !== 'project') return outer;
  if (!input.targets.every((target) => !isVolatile(target.expression) && !returnsSet(target.expression))) return outer;
  // An expression used twice above would be computed twice when merged.
  const uses = new Map<ColumnId, number>();
  for (const target of outer.targets)
    someExpression(target.expression, (inner) => {
      if (inner.kind === 'column') uses.set(inner.id, (uses.get(inner.id) ?? 0) + 1);
      // In a subquery it would be evaluated once for each of its rows.
      else if (inner.kind === 'subquery') rewritePlanExpressions(inner.plan as LogicalPlan, (e) => countTwice(e, uses));
      return false;
    });
  const isCheap = (e: Expression) => e.kind === 'column' || e.kind === 'constant' || e.kind === 'parameter' || e.kind === 'outerValue';
  if (!input.targets.every((target) => isCheap(target.expression) || (uses.get(target.id) ?? 0) <= 1)) return outer;
  const targets = new Map(input.targets.map((target) => [target.id, target.expression]));
  return merge({
    ...outer,
    input: input.input,
    targets: outer.targets.map((target) => ({ ...target, expression: substitute(target.expression, (id) => targets.get(id)) })),
  });
}

function countTwice(e: Expression, uses: Map<ColumnId, number>): Expression {
  someExpression(e, (inner) => {
    if (inner.kind === 'column') uses.set(inner.id, (uses.get(inner.id) ?? 0) + 2);
    return false;
  });
  return e;
}

/** Takes the projections off a join's sides, as far as that is sound. */
export function liftFromJoin(join: Extract<LogicalPlan, { kind: 'join' }>): LogicalPlan {
  const { left, right } = join;
  if (left.kind === 'project' && join.join !== 'right' && join.join !== 'full' && isMovable(left)) {
    const condition = join.condition === undefined ? undefined : replaceTargets(join.condition, left);
    // A lateral right side names the left's columns too.
    const inner = join.lateral ? rewritePlanExpressions(right, (e) => replaceTargets(e, left)) : right;
    const rest = join.join === 'semi' || join.join === 'anti' ? [] : passOn(right);
    return { kind: 'project', input: merge({ ...join, left: left.input, right: inner, condition }), targets: [...left.targets, ...rest] };
  }
  if (right.kind === 'project' && isMovable(right)) {
    const onlyPlain = right.targets.every(isPlain);
    const condition = join.condition === undefined ? undefined : replaceTargets(join.condition, right);
    if (join.join === 'semi' || join.join === 'anti') return merge({ ...join, right: right.input, condition });
    // Computed columns of an outer join's optional side become NULL where nothing matches, so they must be computed below it.
    if (join.join === 'inner' || (join.join === 'left' && onlyPlain && plainFromWithin(right)))
      return { kind: 'project', input: merge({ ...join, right: right.input, condition }), targets: [...passOn(left), ...right.targets] };
  }
  return join;
}

/** Not a column of the outer query passed through a lateral item. */
function plainFromWithin(project: Project): boolean {
  const own = new Set(outputOf(project.input).map((column) => column.id));
  return project.targets.every((target) => target.expression.kind === 'column' && own.has(target.expression.id));
}

const passOn = (plan: LogicalPlan): NamedExpression[] =>
  outputOf(plan).map((column) => ({ id: column.id, name: column.name, expression: columnRef(column) }));
