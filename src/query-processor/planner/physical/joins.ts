/**
 * Joins: which way, and which side inside.
 *
 *   hashJoin     an equality across; the smaller side is built (inner), the larger streams
 *   lookupJoin   the inner side is a plain scan and the equalities give leading key columns; few outer rows
 *   nestedLoop   everything else, and lateral items, which see the outer row through outer values
 *   crossMatch   FULL without an equality
 *
 * All of them keep the order of their outer rows.
 */
import { assert } from '#base/assert.ts';
import { notSupported, type SqlError } from '#base/sql-error.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan, NamedExpression, OutputColumn, Scan } from '../../analyzer/logical-plan.ts';
import { columnsOf, conjunction, conjunctsOf, isConstant, isVolatile, overlaps, sameExpression, within } from '../expression-tree.ts';
import type { PhysicalPlan } from '../physical-plan.ts';
import { columnRef, computedColumn, freeColumns, outputIds, outputOf } from '../plan-tree.ts';
import { pathsOf } from './access-paths.ts';
import { cpuOperator, cpuTuple, disabledCost, estimate, expressionCost, fetchCost, widthOfAll } from './cost.ts';
import { equalityAcross, hashKeysOf } from './hash-keys.ts';
import { bindOuter, lift, needsLifting } from './lift.ts';
import { lookupKeys } from './lookup-keys.ts';
import { noWish, type Planned, type Planning, satisfies, unordered, type Wish } from './planning.ts';

type Join = Extract<LogicalPlan, { kind: 'join' }>;
/** Outer side kept or streamed, no right joins any more. */
type OuterJoin = 'inner' | 'left' | 'semi' | 'anti';

/** A batch of look-ups shares the way down the tree. */
const lookupCost = 0.1;
/** Setting up an inner plan anew for one outer row. */
const rerunCost = 0.1;

export function planJoin(join: Join, wish: Wish, planning: Planning): Planned {
  if (join.join === 'right') return planJoin({ ...join, join: 'left', left: join.right, right: join.left }, wish, planning);
  const conditions = conjunctsOf(join.condition);
  if (join.join === 'full') return planFull(join, planning);
  const special = conditions.filter(needsLifting);
  if (special.length > 0) return planWithSubqueries(join, conditions, special, wish, planning);
  const leftIds = outputIds(join.left);
  if (overlaps(freeColumns(join.right), leftIds)) return planLateral(join, join.join, wish, planning);
  return cheapest(candidatesFor(join, join.join, conditions, wish, planning), wish);
}

/** A subquery in a join's condition sees pairs of rows: the condition moves to where it sees them as rows. */
function planWithSubqueries(
  join: Join,
  conditions: readonly Expression[],
  special: readonly Expression[],
  wish: Wish,
  planning: Planning,
): Planned {
  const rest = conjunction(conditions.filter((c) => !special.includes(c)));
  const condition = conjunction(special);
  assert(condition !== undefined, 'there are conditions to move');
  if (join.join === 'inner') return planning.plan({ kind: 'filter', input: { ...join, condition: rest }, condition }, wish);
  // As a filter of the right side, which then depends on the left's row.
  const right: LogicalPlan = { kind: 'filter', input: join.right, condition };
  return planning.plan({ ...join, right, condition: rest, lateral: true }, wish);
}

const notJoinable = (): SqlError => notSupported('FULL JOIN is only supported with merge-joinable or hash-joinable join conditions');

function planFull(join: Join, planning: Planning): Planned {
  const leftIds = outputIds(join.left);
  const rightIds = outputIds(join.right);
  let leftInput = planning.plan(join.left, noWish);
  let rightInput = planning.plan(join.right, noWish);
  // A subquery is asked where the columns that it names come from; about a pair it cannot be.
  const conditions = conjunctsOf(join.condition).map((condition) => {
    if (!needsLifting(condition)) return condition;
    const columns = columnsOf(condition);
    const isOfLeft = !overlaps(columns, rightIds);
    if (!isOfLeft && overlaps(columns, leftIds)) throw notJoinable();
    const lifted = lift(isOfLeft ? leftInput : rightInput, [condition], planning);
    if (isOfLeft) leftInput = lifted.input;
    else rightInput = lifted.input;
    return lifted.expressions[0];
  });
  const left = leftInput.plan;
  const right = rightInput.plan;
  const keys = hashKeysOf(conditions, leftIds, rightIds);
  if (keys.decided.length === 0 && !conditions.every(isConstant)) throw notJoinable();
  const isSwapped = left.estimate.rows < right.estimate.rows;
  const [outer, inner] = isSwapped ? [right, left] : [left, right];
  const output = [...outer.output, ...inner.output];
  const rows = planning.estimator.rows(join);
  if (keys.decided.length > 0)
    return {
      ordering: unordered,
      plan: {
        kind: 'hashJoin',
        join: 'full',
        outer,
        inner,
        outerKeys: isSwapped ? keys.right : keys.left,
        innerKeys: isSwapped ? keys.left : keys.right,
        condition: conjunction(conditions.filter((c) => !keys.decided.includes(c))),
        nullAware: false,
        output,
        estimate: hashEstimate(outer, inner, keys.decided.length, rows, output),
      },
    };
  return {
    ordering: unordered,
    plan: {
      kind: 'crossMatch',
      join: 'full',
      outer,
      inner,
      condition: conjunction(conditions),
      output,
      estimate: pairsEstimate(outer, inner, join.condition, rows, output),
    },
  };
}

function planLateral(join: Join, kind: OuterJoin, wish: Wish, planning: Planning): Planned {
  const left = planning.plan(join.left, wishForOuter(wish, outputIds(join.left), join, planning));
  const bound = bindOuter(join.right, outputIds(join.left));
  const right = planning.plan(bound.plan, noWish).plan;
  return loop(kind, left, right, join.condition, bound.bindings, planning.estimator.rows(join));
}

function candidatesFor(join: Join, kind: OuterJoin, conditions: readonly Expression[], wish: Wish, planning: Planning): readonly Planned[] {
  const { settings } = planning.environment;
  const rows = planning.estimator.rows(join);
  const leftIds = outputIds(join.left);
  const rightIds = outputIds(join.right);
  const plans = new Map<LogicalPlan, Planned>();
  const planOf = (side: LogicalPlan): Planned => {
    let planned = plans.get(side);
    if (planned === undefined) plans.set(side, (planned = planning.plan(side, noWish)));
    return planned;
  };
  const candidates: Planned[] = [];
  const outers = (side: LogicalPlan): readonly Planned[] => {
    const outerWish = wishForOuter(wish, outputIds(side), join, planning);
    return outerWish === noWish ? [planOf(side)] : [planOf(side), planning.plan(side, outerWish)];
  };

  const nullAware = kind === 'anti' ? nullAwareEquality(conditions) : undefined;
  const keys = hashKeysOf(nullAware === undefined ? conditions : [nullAware], leftIds, rightIds);
  const rest = conjunction(nullAware === undefined ? conditions.filter((c) => !keys.decided.includes(c)) : []);
  if (keys.decided.length > 0) {
    const penalty = settings.enableHashJoin ? 0 : disabledCost;
    for (const outer of outers(join.left))
      candidates.push(hash(kind, outer, planOf(join.right).plan, keys.left, keys.right, rest, nullAware !== undefined, rows, penalty));
    if (kind === 'inner')
      for (const outer of outers(join.right))
        candidates.push(hash(kind, outer, planOf(join.left).plan, keys.right, keys.left, rest, false, rows, penalty));
    // Keeps the smaller left side and streams the right one past it.
    if (kind === 'left')
      candidates.push({
        ordering: unordered,
        plan: hash('right', planOf(join.right), planOf(join.left).plan, keys.right, keys.left, rest, false, rows, penalty).plan,
      });
  }
  if (kind === 'semi' && keys.decided.length === conditions.length) candidates.push(...distinctFirst(join, conditions, planning));
  if (settings.enableNestedLoop) {
    for (const outer of outers(join.left)) candidates.push(...lookups(kind, outer, join.right, conditions, rows, planning));
    if (kind === 'inner')
      for (const outer of outers(join.right)) candidates.push(...lookups(kind, outer, join.left, conditions, rows, planning));
  }
  if (settings.enableNestedLoop || candidates.length === 0) {
    for (const outer of outers(join.left)) {
      candidates.push(loop(kind, outer, planOf(join.right).plan, join.condition, [], rows));
      const bound = boundLoop(kind, outer, join.left, join.right, conditions, rows, planning);
      if (bound !== undefined && keys.decided.length === 0) candidates.push(bound);
    }
    if (kind === 'inner')
      for (const outer of outers(join.right)) candidates.push(loop(kind, outer, planOf(join.left).plan, join.condition, [], rows));
  }
  return candidates;
}

/**
 * `x IN (few values)`: the distinct values first, then the rows that they find, instead of asking of each row. `DELETE ... WHERE id IN
 * (SELECT ... LIMIT n)` reads n rows this way.
 */
function distinctFirst(join: Join, conditions: readonly Expression[], planning: Planning): readonly Planned[] {
  if (conditions.length === 0) return [];
  const leftIds = outputIds(join.left);
  const rightIds = outputIds(join.right);
  const targets: NamedExpression[] = [];
  const equalities: Expression[] = [];
  for (const condition of conditions) {
    const pair = equalityAcross(condition, leftIds, rightIds);
    if (pair === undefined || condition.kind !== 'function') return [];
    const target = { id: planning.newColumnId(), name: 'key', expression: pair.right };
    const value = columnRef(computedColumn(target));
    targets.push(target);
    equalities.push({ ...condition, args: pair.isSwapped ? [value, pair.left] : [pair.left, value] });
  }
  const right: LogicalPlan = { kind: 'distinct', input: { kind: 'project', input: join.right, targets }, on: undefined };
  planning.estimator.learn(right);
  const inner: LogicalPlan = { kind: 'join', join: 'inner', left: join.left, right, condition: conjunction(equalities), lateral: false };
  return [planning.plan(inner, noWish)];
}

/** The order and the limit as far as they concern the side that keeps its order. */
function wishForOuter(wish: Wish, ids: ReadonlySet<ColumnId>, join: Join, planning: Planning): Wish {
  if (wish.order === undefined || !wish.order.every((key) => within(columnsOf(key.expression), ids))) return noWish;
  const share = wish.rowLimit === undefined ? undefined : wish.rowLimit / Math.max(1, planning.estimator.rows(join));
  return {
    order: wish.order,
    rowLimit: share === undefined ? undefined : Math.max(1, Math.ceil(share * planning.estimator.rows(join.left))),
  };
}

export function cheapest(candidates: readonly Planned[], wish: Wish): Planned {
  let best: Planned | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const weight = weightOf(candidate, wish);
    if (best === undefined || weight < least) {
      best = candidate;
      least = weight;
    }
  }
  assert(best !== undefined, 'there is always a nested loop');
  return best;
}

function weightOf({ plan, ordering }: Planned, wish: Wish): number {
  const { startupCost, totalCost, rows } = plan.estimate;
  if (wish.order !== undefined && !satisfies(ordering, wish.order))
    return totalCost + 2 * cpuOperator * rows * Math.log2(Math.max(2, rows));
  if (wish.rowLimit === undefined || wish.rowLimit >= rows) return totalCost;
  return startupCost + ((totalCost - startupCost) * wish.rowLimit) / Math.max(1, rows);
}

/** The equality of `(x = y) IS NOT FALSE`, when that is all there is: NOT IN. */
function nullAwareEquality(conditions: readonly Expression[]): Expression | undefined {
  if (conditions.length !== 1) return undefined;
  const [condition] = conditions;
  return condition.kind === 'booleanTest' && condition.test === 'false' && condition.negated ? condition.arg : undefined;
}

function hash(
  kind: OuterJoin | 'right',
  outer: Planned,
  inner: PhysicalPlan,
  outerKeys: readonly Expression[],
  innerKeys: readonly Expression[],
  condition: Expression | undefined,
  nullAware: boolean,
  rows: number,
  penalty: number,
): Planned {
  const output = kind === 'semi' || kind === 'anti' ? outer.plan.output : [...outer.plan.output, ...inner.output];
  const cost = hashEstimate(outer.plan, inner, outerKeys.length, rows, output);
  return {
    ordering: outer.ordering,
    plan: {
      kind: 'hashJoin',
      join: kind,
      outer: outer.plan,
      inner,
      outerKeys,
      innerKeys,
      condition,
      nullAware,
      output,
      estimate: { ...cost, totalCost: cost.totalCost + penalty },
    },
  };
}

function hashEstimate(outer: PhysicalPlan, inner: PhysicalPlan, keyCount: number, rows: number, output: readonly OutputColumn[]) {
  const build = inner.estimate.totalCost + inner.estimate.rows * (cpuTuple + keyCount * cpuOperator);
  const probe = outer.estimate.rows * keyCount * cpuOperator;
  return estimate(build + outer.estimate.startupCost, build + outer.estimate.totalCost + probe + rows * cpuTuple, rows, widthOfAll(output));
}

function pairsEstimate(
  outer: PhysicalPlan,
  inner: PhysicalPlan,
  condition: Expression | undefined,
  rows: number,
  output: readonly OutputColumn[],
) {
  const pairs = outer.estimate.rows * inner.estimate.rows;
  const before = inner.estimate.totalCost;
  return estimate(
    outer.estimate.startupCost + inner.estimate.startupCost,
    outer.estimate.totalCost + before + pairs * (cpuOperator + expressionCost(condition)) + rows * cpuTuple,
    rows,
    widthOfAll(output),
  );
}

function loop(
  kind: OuterJoin,
  outer: Planned,
  inner: PhysicalPlan,
  condition: Expression | undefined,
  bindings: readonly ColumnId[],
  rows: number,
): Planned {
  const output = kind === 'semi' || kind === 'anti' ? outer.plan.output : [...outer.plan.output, ...inner.output];
  const reruns = outer.plan.estimate.rows;
  const cost =
    bindings.length === 0
      ? pairsEstimate(outer.plan, inner, condition, rows, output)
      : estimate(
          outer.plan.estimate.startupCost + inner.estimate.startupCost,
          outer.plan.estimate.totalCost + reruns * (inner.estimate.totalCost + rerunCost) + rows * (cpuTuple + expressionCost(condition)),
          rows,
          widthOfAll(output),
        );
  return {
    ordering: outer.ordering,
    plan: { kind: 'nestedLoop', join: kind, outer: outer.plan, inner, condition, bindings, output, estimate: cost },
  };
}

/** The inner side read anew for each outer row, with the join's conditions inside: worth it where an index serves them. */
function boundLoop(
  kind: OuterJoin,
  outer: Planned,
  outerSide: LogicalPlan,
  innerSide: LogicalPlan,
  conditions: readonly Expression[],
  rows: number,
  planning: Planning,
): Planned | undefined {
  const scan = scanUnder(innerSide);
  if (scan === undefined || scan.scan.table.kind === 'system') return undefined;
  const inside = conditions.filter((c) => overlaps(columnsOf(c), outputIds(outerSide)) && !isVolatile(c));
  const condition = conjunction([...scan.filters, ...inside]);
  if (condition === undefined || inside.length === 0) return undefined;
  const bound = bindOuter({ kind: 'filter', input: scan.scan, condition }, outputIds(outerSide));
  const inner = planning.plan(bound.plan, noWish).plan;
  // An OR over several indexes is an append of scans that each have an access.
  const isNarrow =
    inner.kind === 'setOperation' || ((inner.kind === 'tableScan' || inner.kind === 'indexScan') && inner.access !== undefined);
  if (!isNarrow) return undefined;
  return loop(kind, outer, inner, conjunction(conditions.filter((c) => !inside.includes(c))), bound.bindings, rows);
}

function scanUnder(plan: LogicalPlan): { readonly scan: Scan; readonly filters: readonly Expression[] } | undefined {
  if (plan.kind === 'scan') return { scan: plan, filters: [] };
  if (plan.kind === 'filter' && plan.input.kind === 'scan') {
    const filters = conjunctsOf(plan.condition);
    return filters.some((c) => isVolatile(c) || needsLifting(c)) ? undefined : { scan: plan.input, filters };
  }
  return undefined;
}

function lookups(
  kind: OuterJoin,
  outer: Planned,
  innerSide: LogicalPlan,
  conditions: readonly Expression[],
  rows: number,
  planning: Planning,
): readonly Planned[] {
  const found = scanUnder(innerSide);
  if (found === undefined || found.scan.table.kind === 'system') return [];
  const { scan, filters } = found;
  const scanIds = outputIds(scan);
  const outerIds = new Set(outer.plan.output.map((column) => column.id));
  const equalities = conditions.filter((c) => equalityAcross(c, outerIds, scanIds) !== undefined);
  if (equalities.length === 0) return [];
  const candidates: Planned[] = [];
  for (const path of pathsOf(scan, filters, planning)) {
    const match = lookupKeys(path, [...equalities, ...filters], scanIds);
    if (match === undefined || !match.used.some((c) => equalities.includes(c))) continue;
    const condition = conjunction(
      [...conditions, ...filters].filter((c) => !match.used.includes(c) && !path.predicate.some((p) => sameExpression(p, c))),
    );
    const innerColumns = outputOf(scan);
    const output = kind === 'semi' || kind === 'anti' ? outer.plan.output : [...outer.plan.output, ...innerColumns];
    const used = conjunction(match.used);
    const isUnique = path.isUnique && match.keys.length === path.parts.length;
    const perLookup =
      isUnique || used === undefined ? 1 : Math.max(1, planning.estimator.tableRows(scan.table) * planning.estimator.selectivity(used));
    const isIndexOnly = path.held === undefined || scan.columns.every((column) => path.held?.has(column.attributeNumber) === true);
    const perRow = cpuTuple + (isIndexOnly ? 0 : fetchCost) + expressionCost(condition);
    const { startupCost, totalCost, rows: outerRows } = outer.plan.estimate;
    candidates.push({
      ordering: outer.ordering,
      plan: {
        kind: 'lookupJoin',
        join: kind,
        outer: outer.plan,
        table: scan.table,
        alias: scan.alias,
        indexOid: path.index?.oid,
        keys: match.keys,
        innerColumns,
        keyColumn: scan.keyColumn,
        condition,
        output,
        estimate: estimate(
          startupCost + lookupCost,
          totalCost + outerRows * (lookupCost + perLookup * perRow) + rows * cpuTuple,
          rows,
          widthOfAll(output),
        ),
      },
    });
  }
  return candidates;
}
