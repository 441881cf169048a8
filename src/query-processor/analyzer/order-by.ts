/**
 * ORDER BY and DISTINCT: which target an item means (by position, by output name, or as an expression), with junk targets for
 * expressions that are not in the list.
 */
import type { Node } from '@pgsql/types';
import { sqlstate } from '#base/sql-error.ts';
import type { Expression } from '#sql/expression.ts';
import { resolveUnknown } from './coercion.ts';
import { bindExpression, required } from './expression.ts';
import { sameExpression } from './expression-key.ts';
import type { ExpressionKind } from './expression-kind.ts';
import { stringOf } from './expression-names.ts';
import { findColumn, Scope } from './scope.ts';
import { makeSortKey, requireOrder } from './sort-key.ts';
import type { Target } from './targets.ts';

export type SortTarget = { readonly target: Target; readonly descending: boolean; readonly nullsFirst: boolean };

type Clause = 'ORDER BY' | 'GROUP BY' | 'DISTINCT ON';
const kindOf: Readonly<Record<Clause, ExpressionKind>> = { 'ORDER BY': 'orderBy', 'GROUP BY': 'groupBy', 'DISTINCT ON': 'distinctOn' };

export function bindOrderBy(scope: Scope, nodes: readonly Node[] | undefined, targets: Target[]): readonly SortTarget[] {
  const order: SortTarget[] = [];
  for (const node of nodes ?? []) {
    if (!('SortBy' in node)) continue;
    const target = findTarget(scope, required(node.SortBy.node), targets, 'ORDER BY');
    target.expression = resolveUnknown(scope.analysis, target.expression);
    const { descending, nullsFirst } = makeSortKey(scope.analysis, target.expression, node.SortBy);
    // What a row is sorted by already cannot sort it again.
    if (!order.some((other) => other.target === target)) order.push({ target, descending, nullsFirst });
  }
  return order;
}

/** The target that an item of ORDER BY, GROUP BY or DISTINCT ON means; a new junk target when none does. */
export function findTarget(scope: Scope, node: Node, targets: Target[], clause: Clause): Target {
  const analysis = scope.analysis;
  if ('ColumnRef' in node && node.ColumnRef.fields?.length === 1 && 'String' in node.ColumnRef.fields[0]) {
    const name = stringOf(node.ColumnRef.fields[0]);
    const { location } = node.ColumnRef;
    // In GROUP BY a column of FROM comes before an output name; in ORDER BY after it.
    if (clause !== 'GROUP BY' || !isOwnColumn(scope, name, location)) {
      let found: Target | undefined;
      for (const target of targets) {
        if (target.isJunk || target.name !== name) continue;
        if (found !== undefined && !sameExpression(found.expression, target.expression))
          throw analysis.error(sqlstate.ambiguousColumn, `${clause} "${name}" is ambiguous`, location);
        found ??= target;
      }
      if (found !== undefined) return found;
    }
  }
  if ('A_Const' in node) {
    const { ival, location, isnull } = node.A_Const;
    if (ival === undefined || isnull) throw analysis.syntaxError(`non-integer constant in ${clause}`, location);
    const position = ival.ival ?? 0;
    const visibleTargets = targets.filter((target) => !target.isJunk);
    const found = visibleTargets[position - 1];
    if (found === undefined)
      throw analysis.error(sqlstate.invalidColumnReference, `${clause} position ${position} is not in select list`, location);
    return found;
  }
  const expression = scope.within(kindOf[clause], () => bindExpression(scope, node));
  return targetFor(targets, expression);
}

/** The target of an equal expression, or a new junk one. */
export function targetFor(targets: Target[], expression: Expression): Target {
  const known = targets.find((target) => sameExpression(target.expression, expression));
  if (known !== undefined) return known;
  const target: Target = { expression, name: '?column?', isJunk: true };
  targets.push(target);
  return target;
}

function isOwnColumn(scope: Scope, name: string, location: number | undefined): boolean {
  const own = new Scope(scope.analysis, undefined);
  own.namespace = scope.namespace;
  return findColumn(own, name, location) !== undefined;
}

/** DISTINCT [ON (...)]; undefined without. `on` undefined: all columns. */
export function bindDistinct(
  scope: Scope,
  nodes: readonly Node[] | undefined,
  targets: Target[],
  order: readonly SortTarget[],
): { readonly on: readonly Target[] | undefined } | undefined {
  const analysis = scope.analysis;
  if (nodes === undefined) return undefined;
  const [first] = nodes;
  if (first === undefined || Object.keys(first).length === 0) {
    const stray = order.find(({ target }) => target.isJunk);
    if (stray !== undefined)
      throw analysis.error(
        sqlstate.invalidColumnReference,
        'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
        analysis.locationOf(stray.target.expression),
      );
    for (const target of targets) {
      if (target.isJunk) continue;
      target.expression = resolveUnknown(analysis, target.expression);
      requireOrder(analysis, target.expression, 'equality');
    }
    if (targets.length === 0) throw analysis.syntaxError('SELECT DISTINCT must have at least one column');
    return { on: undefined };
  }
  const on: Target[] = [];
  for (const node of nodes) {
    const target = findTarget(scope, node, targets, 'DISTINCT ON');
    target.expression = resolveUnknown(analysis, target.expression);
    requireOrder(analysis, target.expression, 'equality');
    if (!on.includes(target)) on.push(target);
  }
  // The sort has to bring the rows of a group together: its first keys are those of ON, in any order.
  let skipped = false;
  for (const { target } of order) {
    if (!on.includes(target)) skipped = true;
    else if (skipped) throw mustMatch(scope, target);
  }
  const matched = on.filter((target) => order.some((sort) => sort.target === target)).length;
  if (skipped && matched < on.length) throw mustMatch(scope, on.find((target) => !order.some((sort) => sort.target === target)) ?? on[0]);
  return { on };
}

const mustMatch = (scope: Scope, target: Target) =>
  scope.analysis.error(
    sqlstate.invalidColumnReference,
    'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
    scope.analysis.locationOf(target.expression),
  );
