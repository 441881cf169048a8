/** Aggregation against grouping by hand. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { call, column, constant } from '#sql/evaluate/build-expression.ts';
import type { AggregateCall } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { runPlan } from './testing/in-memory-run.ts';
import { aggregateCall, estimate, key, op, out, valuesPlan } from './testing/plans.ts';

type Row = readonly Datum[];
const number = fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 4 });
const rowsOf = fc.array(fc.tuple(number, number, number), { maxLength: 40 });
const types = [oid.int4, oid.int4, oid.int4];

type Aggregate = Extract<PhysicalPlan, { kind: 'aggregate' }>;

/** Groups by columns 1 .. keyCount; answers are columns 101 .. */
function plan(rows: readonly Row[], keyCount: number, calls: readonly AggregateCall[], more: Partial<Aggregate> = {}): PhysicalPlan {
  const keys = Array.from({ length: keyCount }, (_, at) => at + 1);
  return {
    kind: 'aggregate',
    output: [...keys.map((id) => out(id + 10)), ...calls.map((item, at) => out(101 + at, item.type.oid))],
    estimate,
    strategy: keyCount === 0 ? 'plain' : 'hashed',
    input: valuesPlan(1, types, rows),
    groupBy: keys.map((id) => ({ id: id + 10, name: '', expression: column(id) })),
    groupingSets: undefined,
    aggregates: calls.map((item, at) => ({ id: 101 + at, call: item })),
    groupings: [],
    ...more,
  };
}

const count = aggregateCall('count', [], [], oid.int8);
const countOf = (id: number, more: Partial<AggregateCall> = {}): AggregateCall =>
  aggregateCall('count', [oid.any], [column(id)], oid.int8, more);
const sumOf = (id: number, more: Partial<AggregateCall> = {}): AggregateCall =>
  aggregateCall('sum', [oid.int4], [column(id)], oid.int8, more);
const arrayOf = (id: number, more: Partial<AggregateCall> = {}): AggregateCall =>
  aggregateCall('array_agg', [oid.anynonarray], [column(id)], oid.int4Array, more);

const sum = (values: readonly Datum[]): Datum => {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce((total: number, value) => total + Number(value), 0);
};
const items = (value: Datum): Datum => (value instanceof ArrayValue ? `{${value.items.map((item) => item ?? 'NULL').join(',')}}` : value);

function grouped(rows: readonly Row[], keyCount: number): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = JSON.stringify(row.slice(0, keyCount));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

describe('aggregate', () => {
  for (const keyCount of [1, 2])
    it(`groups by ${keyCount} keys, in order of first rows`, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOf, async (rows) => {
          const expected = grouped(rows, keyCount).map((group) => [
            ...group[0].slice(0, keyCount),
            group.length,
            group.filter((row) => row[2] !== null).length,
            sum(group.map((row) => row[2])),
            sum([...new Set(group.map((row) => row[2]))]),
            sum(group.filter((row) => row[1] !== null && Number(row[1]) > 1).map((row) => row[2])),
          ]);
          const calls = [
            count,
            countOf(3),
            sumOf(3),
            sumOf(3, { isDistinct: true }),
            sumOf(3, { filter: op(column(2), '>', constant(1)) }),
          ];
          expect(await runPlan(plan(rows, keyCount, calls))).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    });

  it('has one row without GROUP BY, and none with it, for no input', async () => {
    expect(await runPlan(plan([], 0, [count, sumOf(3), arrayOf(3)]))).toEqual([[0, null, null]]);
    expect(await runPlan(plan([], 1, [count]))).toEqual([]);
  });

  it('sorts the rows of an aggregate with ORDER BY', async () => {
    const rows = [
      [1, 3, 30],
      [1, null, 0],
      [1, 1, 10],
      [2, 5, 50],
      [1, 2, 20],
    ];
    const ascending = arrayOf(3, { orderBy: [key(column(2))] });
    const descending = arrayOf(3, { orderBy: [key(column(2), true)] });
    expect((await runPlan(plan(rows, 1, [ascending, descending]))).map((row) => row.map(items))).toEqual([
      [1, '{10,20,30,0}', '{0,30,20,10}'],
      [2, '{50}', '{50}'],
    ]);
  });

  it('DISTINCT gives each value once, sorted', async () => {
    const rows = [3, 1, null, 3, 2, null].map((value) => [0, 0, value]);
    const descending = arrayOf(3, { isDistinct: true, orderBy: [key(column(3), true, false)] });
    const [row] = await runPlan(plan(rows, 0, [arrayOf(3, { isDistinct: true }), descending, countOf(3, { isDistinct: true })]));
    expect(row.map(items)).toEqual(['{1,2,3,NULL}', '{3,2,1,NULL}', 3]);
  });

  it('ordered-set aggregates get their rows sorted', async () => {
    const percentile = aggregateCall('percentile_disc', [oid.float8, oid.anyelement], [column(3)], oid.int4, {
      directArgs: [constant(0.5, oid.float8)],
      orderBy: [key(column(3))],
    });
    const rows = [
      [1, 0, 9],
      [1, 0, 1],
      [1, 0, null],
      [2, 0, 4],
      [1, 0, 5],
    ];
    expect(await runPlan(plan(rows, 1, [percentile]))).toEqual([
      [1, 5],
      [2, 4],
    ]);
    expect(await runPlan(plan([], 0, [percentile]))).toEqual([[null]]);
  });

  it('grouping sets stand side by side', async () => {
    const rows = [
      [1, 1, 5],
      [1, 2, 6],
      [2, 1, 7],
      [1, 1, 8],
    ];
    const sets = plan(rows, 2, [sumOf(3)], {
      output: [out(11), out(12), out(101, oid.int8), out(201)],
      groupingSets: [[0, 1], [0], []],
      groupings: [{ id: 201, args: [0, 1] }],
    });
    expect(await runPlan(sets)).toEqual([
      [1, 1, 13, 0],
      [1, 2, 6, 0],
      [2, 1, 7, 0],
      [1, null, 19, 1],
      [2, null, 7, 1],
      [null, null, 26, 3],
    ]);
    const none = plan([], 1, [count], { groupingSets: [[0], []] });
    expect(await runPlan(none)).toEqual([[null, 0]]);
  });

  it('evaluates arguments and keys over the input', async () => {
    const rows = [
      [1, 2, 3],
      [2, 1, 4],
    ];
    const keyed = plan(rows, 0, [sumOf(3)], {
      output: [out(50), out(101, oid.int8)],
      groupBy: [{ id: 50, name: '', expression: op(column(1), '+', column(2)) }],
      aggregates: [{ id: 101, call: aggregateCall('sum', [oid.int4], [call('abs(int4)', [column(3)])], oid.int8) }],
    });
    expect(await runPlan(keyed)).toEqual([[3, 7]]);
  });
});
