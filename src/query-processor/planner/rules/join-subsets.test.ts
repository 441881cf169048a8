/** Orders of joins: none that adds one relation after the other gives fewer rows on the way; and what pairs of columns have in common. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { btreeOperator, operatorByOid } from '#sql/builtins.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { LogicalPlan } from '../../analyzer/logical-plan.ts';
import { pairShare } from '../column-selectivity.ts';
import type { ColumnStatistics } from '../environment.ts';
import { Estimator } from '../estimate-rows.ts';
import { conjunctsOf } from '../expression-tree.ts';
import { outputIds } from '../plan-tree.ts';
import { plannerEnvironment } from '../testing/plan-sql.ts';
import { joinBySubsets, type Relation } from './join-subsets.ts';

const int4 = typeRef(oid.int4);
/** A relation of so many rows; column 10 * i + j is for its join with relation j. */
const relationOf = (at: number, rows: number, count: number): Relation => ({
  plan: {
    kind: 'values',
    rows: Array.from({ length: rows }, () => Array.from({ length: count }, (): Expression => ({ kind: 'constant', value: 1, type: int4 }))),
    columns: Array.from({ length: count }, (_, j) => ({ id: 10 * at + j, name: '', type: int4, tableOid: 0, attributeNumber: 0 })),
  },
  join: 'inner',
  condition: undefined,
  needs: new Set(),
});

const equalInt4 = btreeOperator(oid.int4, oid.int4, 3) ?? 0;
const column = (id: number): Expression => ({ kind: 'column', id, name: '', type: int4 });
const equal = (a: number, b: number): Expression => ({
  kind: 'function',
  function: operatorByOid(equalInt4)?.function ?? 0,
  form: { kind: 'operator', operator: equalInt4 },
  args: [column(10 * a + b), column(10 * b + a)],
  type: typeRef(oid.bool),
  variadic: false,
  returnsSet: false,
});

/** The rows of all joins of the plan, and the relations in it. */
function priceOf(plan: LogicalPlan, rowsOf: (members: ReadonlySet<number>) => number): { cost: number; members: Set<number> } {
  if (plan.kind !== 'join') return { cost: 0, members: new Set([...outputIds(plan)].map((id) => Math.floor(id / 10))) };
  const left = priceOf(plan.left, rowsOf);
  const right = priceOf(plan.right, rowsOf);
  const members = new Set([...left.members, ...right.members]);
  return { cost: left.cost + right.cost + rowsOf(members), members };
}

it('finds an order at least as good as any that adds one relation after the other', () => {
  const graph = fc.integer({ min: 3, max: 6 }).chain((count) =>
    fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: count, maxLength: count }),
      // Each relation is connected to an earlier one: no order needs a product of unconnected parts.
      parents: fc.tuple(...Array.from({ length: count - 1 }, (_, at) => fc.nat(at))),
    }),
  );
  fc.assert(
    fc.property(graph, ({ sizes, parents }) => {
      const edges = parents.map((parent, at): [number, number] => [parent, at + 1]);
      const estimator = new Estimator(plannerEnvironment());
      const selectivity = estimator.selectivity(equal(0, 1));
      const rowsOf = (members: ReadonlySet<number>): number => {
        const product = [...members].reduce((rows, at) => rows * sizes[at], 1);
        return Math.max(1, product * selectivity ** edges.filter(([a, b]) => members.has(a) && members.has(b)).length);
      };
      const plan = joinBySubsets(
        sizes.map((rows, at) => relationOf(at, rows, sizes.length)),
        edges.map(([a, b]) => equal(a, b)),
        estimator,
      );
      const { cost, members } = priceOf(plan, rowsOf);
      expect(members.size).toBe(sizes.length);
      const conditions = (at: LogicalPlan): number =>
        at.kind === 'join' ? conjunctsOf(at.condition).length + conditions(at.left) + conditions(at.right) : 0;
      expect(conditions(plan)).toBe(edges.length);

      let least = Number.POSITIVE_INFINITY;
      const extend = (placed: readonly number[], soFar: number): void => {
        if (placed.length === sizes.length) least = Math.min(least, soFar);
        sizes.forEach((_, at) => {
          const isConnected = edges.some(([a, b]) => (a === at && placed.includes(b)) || (b === at && placed.includes(a)));
          if (placed.includes(at) || (placed.length > 0 && !isConnected)) return;
          extend([...placed, at], placed.length === 0 ? 0 : soFar + rowsOf(new Set([...placed, at])));
        });
      };
      extend([], 0);
      expect(cost).toBeLessThanOrEqual(least * (1 + 1e-6));
    }),
    { numRuns: 60 },
  );
});

it('knows the share of equal pairs exactly where all values are common ones', () => {
  const values = fc.array(fc.option(fc.integer({ min: 0, max: 6 }), { nil: null, freq: 5 }), { minLength: 1, maxLength: 40 });
  const statisticsOf = (given: readonly (number | null)[]): ColumnStatistics => {
    const counts = new Map<number, number>();
    for (const value of given) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
    return {
      nullFraction: given.filter((value) => value === null).length / given.length,
      averageWidth: 4,
      distinct: counts.size,
      common: [...counts].map(([value, count]) => ({ value, frequency: count / given.length })).sort((a, b) => b.frequency - a.frequency),
      histogram: [],
    };
  };
  fc.assert(
    fc.property(values, values, (left, right) => {
      const share = pairShare(statisticsOf(left), statisticsOf(right), oid.int4);
      const pairs = left.flatMap((a) => right.filter((b) => a !== null && a === b)).length / (left.length * right.length);
      if (share === undefined) expect([...left, ...right].every((value) => value === null)).toBe(true);
      else expect(share).toBeCloseTo(pairs, 9);
    }),
  );
});
