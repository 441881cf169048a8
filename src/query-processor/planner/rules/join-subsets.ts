/**
 * The cheapest order of a chain of joins, by dynamic programming over the subsets of its relations (Selinger's, without a left-deep bound): of every
 * subset the cheapest way to join it, made of the cheapest ways for two parts of it. The price of an order is the number of rows that its joins give.
 *
 *   JS1  How many rows a subset has does not depend on the order in which it is joined, so that orders are compared by what differs.
 *   JS2  Parts without a condition between them are joined only where a subset cannot be had otherwise.
 *   JS3  A relation that needs columns of others (semi, anti, lateral) is joined last in its part, on the right, where these are there.
 *
 * Of orders at one price the one wins that is nearest to the written one.
 */
import { InvariantError } from '#base/assert.ts';
import type { ColumnId, Expression } from '#sql/expression.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import type { Estimator } from '../estimate-rows.ts';
import { columnsOf, conjunction, conjunctsOf, overlaps } from '../expression-tree.ts';
import { freeColumns, outputIds } from '../plan-tree.ts';

/** One member of a chain. */
export type Relation = {
  readonly plan: LogicalPlan;
  readonly join: 'inner' | 'semi' | 'anti';
  /** Conditions of a semi or anti join: they go with it. */
  readonly condition: Expression | undefined;
  /** Columns of other members that must be there before: lateral references, columns of a semi join's condition. */
  readonly needs: ReadonlySet<ColumnId>;
};

/** So many relations have 3 to the ninth, some 20 000 pairs of parts: a millisecond. */
export const mostSubsetRelations = 9;

/** `conditions`: of the inner joins. */
export function joinBySubsets(relations: readonly Relation[], conditions: readonly Expression[], estimator: Estimator): LogicalPlan {
  return new Subsets(relations, conditions, estimator).plan();
}

/** `relation` joined to what is there already. */
export function joined(left: LogicalPlan, relation: Relation, conditions: readonly Expression[]): LogicalPlan {
  return {
    kind: 'join',
    join: relation.join,
    left,
    right: relation.plan,
    condition: conjunction([...conditions, ...conjunctsOf(relation.condition)]),
    lateral: overlaps(freeColumns(relation.plan), outputIds(left)),
  };
}

/** Sets of relations are bit masks: bit i is relation i. */
class Subsets {
  readonly #relations: readonly Relation[];
  readonly #estimator: Estimator;
  readonly #full: number;
  readonly #conditions: readonly { readonly expression: Expression; readonly mask: number; readonly selectivity: number }[];
  /** By relation: those that it needs; 0 for one that can stand first. */
  readonly #needs: readonly number[];
  readonly #rows: Float64Array;
  readonly #cost: Float64Array;
  /** The left part of the cheapest way to join each subset; 0: it is one relation. */
  readonly #left: Int32Array;

  constructor(relations: readonly Relation[], conditions: readonly Expression[], estimator: Estimator) {
    this.#relations = relations;
    this.#estimator = estimator;
    this.#full = (1 << relations.length) - 1;
    const owners = new Map<ColumnId, number>();
    relations.forEach(({ plan, join }, at) => {
      if (join === 'inner') for (const id of outputIds(plan)) owners.set(id, 1 << at);
    });
    const maskOf = (ids: Iterable<ColumnId>): number => {
      let mask = 0;
      for (const id of ids) mask |= owners.get(id) ?? 0;
      return mask;
    };
    this.#conditions = conditions.map((expression) => ({
      expression,
      mask: maskOf(columnsOf(expression)),
      selectivity: estimator.selectivity(expression),
    }));
    this.#needs = relations.map(({ needs }) => maskOf(needs));
    this.#rows = new Float64Array(this.#full + 1);
    this.#cost = new Float64Array(this.#full + 1).fill(Number.POSITIVE_INFINITY);
    this.#left = new Int32Array(this.#full + 1);
  }

  plan(): LogicalPlan {
    for (let mask = 1; mask <= this.#full; mask++) {
      this.#rows[mask] = this.#rowsOf(mask);
      if ((mask & (mask - 1)) === 0) this.#single(mask);
      else this.#split(mask);
    }
    if (this.#cost[this.#full] === Number.POSITIVE_INFINITY) throw new InvariantError('a join chain can be joined');
    return this.#build(this.#full);
  }

  #single(mask: number): void {
    const at = 31 - Math.clz32(mask);
    if (this.#relations[at].join === 'inner' && this.#needs[at] === 0) this.#cost[mask] = 0;
  }

  #split(mask: number): void {
    for (const needsCondition of [true, false]) {
      // One relation on the right first, the last written one before the others.
      for (let at = this.#relations.length - 1; at >= 0; at--)
        if ((mask & (1 << at)) !== 0) this.#try(mask ^ (1 << at), 1 << at, needsCondition);
      for (let left = (mask - 1) & mask; left > 0; left = (left - 1) & mask) {
        const right = mask ^ left;
        if ((right & (right - 1)) !== 0) this.#try(left, right, needsCondition);
      }
      if (this.#cost[mask] !== Number.POSITIVE_INFINITY) return;
    }
  }

  #try(left: number, right: number, needsCondition: boolean): void {
    const mask = left | right;
    const isAlone = (right & (right - 1)) === 0;
    const needed = isAlone ? this.#needs[31 - Math.clz32(right)] : 0;
    const isLast = isAlone && this.#cost[right] !== 0; // JS3
    // Two parts are tried with the first written relation on the left.
    if (isLast ? (needed & left) !== needed : (left & mask & -mask) === 0) return;
    const cost = this.#cost[left] + (isLast ? 0 : this.#cost[right]) + this.#rows[mask];
    if (!(cost < this.#cost[mask] * (1 - 1e-9) || this.#cost[mask] === Number.POSITIVE_INFINITY) || cost === Number.POSITIVE_INFINITY)
      return;
    if (needsCondition && !isLast && !this.#areConnected(left, right)) return;
    this.#cost[mask] = cost;
    this.#left[mask] = left;
  }

  #areConnected(left: number, right: number): boolean {
    for (const { mask } of this.#conditions) if (isBetween(mask, left, right)) return true;
    return false;
  }

  /** JS1 */
  #rowsOf(subset: number): number {
    let rows = 1;
    this.#relations.forEach(({ plan, join }, at) => {
      if ((subset & (1 << at)) !== 0 && join === 'inner') rows *= this.#estimator.rows(plan);
    });
    for (const { mask, selectivity } of this.#conditions) if (mask !== 0 && (mask & subset) === mask) rows *= selectivity;
    this.#relations.forEach(({ plan, join, condition }, at) => {
      if ((subset & (1 << at)) !== 0 && join !== 'inner')
        rows = this.#estimator.joinRows(join, rows, this.#estimator.rows(plan), condition);
    });
    return Math.max(1, rows);
  }

  #build(subset: number): LogicalPlan {
    if (this.#left[subset] === 0) return this.#filtered(subset, this.#relations[31 - Math.clz32(subset)].plan);
    const [left, right] = this.#sides(this.#left[subset], subset ^ this.#left[subset]);
    const conditions = this.#conditions.filter(({ mask }) => isBetween(mask, left, right)).map(({ expression }) => expression);
    const relation = (right & (right - 1)) === 0 ? this.#relations[31 - Math.clz32(right)] : undefined;
    if (relation !== undefined && relation.join !== 'inner') return joined(this.#build(left), relation, conditions);
    return joined(this.#build(left), { plan: this.#build(right), join: 'inner', condition: undefined, needs: new Set() }, conditions);
  }

  /** What is joined already, or the smaller part, stands left: the physical planner looks at both ways, but keeps the rows of the left in order. */
  #sides(left: number, right: number): readonly [left: number, right: number] {
    const isAlone = (mask: number): boolean => (mask & (mask - 1)) === 0;
    if (isAlone(right) && this.#cost[right] !== 0) return [left, right];
    const goesFirst = isAlone(left) === isAlone(right) ? this.#rows[right] < this.#rows[left] : isAlone(left);
    return goesFirst ? [right, left] : [left, right];
  }

  /** Conditions about this relation alone are mostly in it already; those about none go with the first. */
  #filtered(relation: number, plan: LogicalPlan): LogicalPlan {
    const condition = conjunction(
      this.#conditions.filter(({ mask }) => mask === relation || (mask === 0 && relation === 1)).map(({ expression }) => expression),
    );
    return condition === undefined ? plan : { kind: 'filter', input: plan, condition };
  }
}

/** A condition over both parts and nothing else. */
const isBetween = (mask: number, left: number, right: number): boolean =>
  (mask & (left | right)) === mask && (mask & left) !== 0 && (mask & right) !== 0;
