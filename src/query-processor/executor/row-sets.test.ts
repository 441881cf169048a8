/** Sort, limit, distinct and the set operations against their definitions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import { oid } from '#sql/oids.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { rowComparator } from './row-order.ts';
import { runPlan } from './testing/in-memory-run.ts';
import { estimate, key, out, valuesPlan } from './testing/plans.ts';

const number = fc.option(fc.integer({ min: -2, max: 3 }), { nil: null, freq: 4 });
const word = fc.option(fc.constantFrom('a', 'b', 'ä', '\u{10000}', '\uffee', ''), { nil: null, freq: 4 });
const rowsOf = (maxLength = 40) => fc.array(fc.tuple(number, word), { maxLength });
const types = [oid.int4, oid.text];
const output = [out(1, oid.int4), out(2, oid.text)];
const identity = (rows: readonly (readonly Datum[])[]): string[] => rows.map((row) => JSON.stringify(row));

describe('sort', () => {
  const direction = fc.record({ descending: fc.boolean(), nullsFirst: fc.boolean() });

  it('orders by the keys, stably; with a limit the first rows of that', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(number, word), { maxLength: 200 }),
        direction,
        direction,
        fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined }),
        async (rows, first, second, limit) => {
          const numbered = rows.map((row, at) => [...row, at]);
          const plan: PhysicalPlan = {
            kind: 'sort',
            presorted: 0,
            output: [...output, out(3)],
            estimate,
            input: valuesPlan(1, [...types, oid.int4], numbered),
            keys: [key(column(1), first.descending, first.nullsFirst), key(column(2, oid.text), second.descending, second.nullsFirst)],
            limit,
          };
          const compare = rowComparator([
            { typeOid: oid.int4, ...first },
            { typeOid: oid.text, ...second },
          ]);
          const expected = [...numbered].sort(compare).slice(0, limit);
          expect(await runPlan(plan)).toEqual(expected);
          // The same of rows that are sorted by the first key: group after group.
          const byGroups = { ...plan, presorted: 1, input: { ...plan, keys: plan.keys.slice(0, 1), limit: undefined } };
          expect(await runPlan(byGroups)).toEqual(expected);
        },
      ),
      { numRuns: 80 },
    );
  });

  it('keeps few rows for a small limit', async () => {
    const rows = Array.from({ length: 5000 }, (_, at) => [(at * 7919) % 5000, 'x']);
    const plan: PhysicalPlan = {
      kind: 'sort',
      presorted: 0,
      output: [out(1)],
      estimate,
      input: valuesPlan(1, types, rows),
      keys: [key(column(1), true)],
      limit: 3,
    };
    expect(await runPlan(plan)).toEqual([[4999], [4998], [4997]]);
  });

  it('sorts more rows than one run holds', async () => {
    const rows = Array.from({ length: 40000 }, (_, at) => [(at * 7919) % 40009, null]);
    const plan: PhysicalPlan = {
      kind: 'sort',
      presorted: 0,
      output: [out(1)],
      estimate,
      input: valuesPlan(1, types, rows),
      keys: [key(column(1))],
      limit: undefined,
    };
    const sorted = (await runPlan(plan)).map((row) => Number(row[0]));
    expect(sorted).toEqual(rows.map((row) => Number(row[0])).sort((a, b) => a - b));
  });
});

describe('limit', () => {
  const limited = (count: Datum, offset: Datum, ties = false): PhysicalPlan => ({
    kind: 'limit',
    output: [out(1)],
    estimate,
    input: valuesPlan(
      1,
      [oid.int4],
      [1, 1, 2, 2, 2, 3, 4].map((value) => [value]),
    ),
    count: constant(count, oid.int8),
    offset: constant(offset, oid.int8),
    withTies: ties ? [key(column(1))] : undefined,
  });

  it('counts, skips, and takes NULL for no limit', async () => {
    expect(await runPlan(limited(3, 2))).toEqual([[2], [2], [2]]);
    expect(await runPlan(limited(null, 5))).toEqual([[3], [4]]);
    expect(await runPlan(limited(0, null))).toEqual([]);
    expect(await runPlan(limited(3, 100))).toEqual([]);
  });

  it('takes ties along', async () => {
    expect(await runPlan(limited(3, 0, true))).toEqual([[1], [1], [2], [2], [2]]);
    expect(await runPlan(limited(1, 6, true))).toEqual([[4]]);
  });

  it('refuses negative numbers', async () => {
    await expect(runPlan(limited(-1, 0))).rejects.toThrow(new SqlError('2201W', 'LIMIT must not be negative'));
    await expect(runPlan(limited(1, -1))).rejects.toThrow(new SqlError('2201X', 'OFFSET must not be negative'));
  });
});

describe('distinct', () => {
  it('keeps first rows, whether sorted or not', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf(), fc.boolean(), async (rows, isSorted) => {
        const compare = rowComparator(types.map((typeOid) => ({ typeOid, descending: false, nullsFirst: false })));
        const input = isSorted ? [...rows].sort(compare) : rows;
        const plan: PhysicalPlan = { kind: 'distinct', output, estimate, input: valuesPlan(1, types, input), on: undefined, isSorted };
        const seen = new Set<string>();
        const expected = input.filter((row) => !seen.has(JSON.stringify(row)) && seen.add(JSON.stringify(row)));
        expect(await runPlan(plan)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('ON keeps the first row of each group', async () => {
    const input = valuesPlan(1, types, [
      [1, 'a'],
      [null, 'b'],
      [1, 'c'],
      [null, 'd'],
      [2, 'e'],
    ]);
    const plan: PhysicalPlan = { kind: 'distinct', output, estimate, input, on: [column(1)], isSorted: false };
    expect(await runPlan(plan)).toEqual([
      [1, 'a'],
      [null, 'b'],
      [2, 'e'],
    ]);
  });
});

describe('set operation', () => {
  const tally = (rows: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const row of rows) counts.set(row, (counts.get(row) ?? 0) + 1);
    return counts;
  };

  for (const operation of ['union', 'intersect', 'except'] as const)
    for (const all of [false, true])
      it(`${operation}${all ? ' all' : ''}`, async () => {
        await fc.assert(
          fc.asyncProperty(rowsOf(25), rowsOf(25), async (left, right) => {
            const plan: PhysicalPlan = {
              kind: 'setOperation',
              output: [out(11, oid.int4), out(12, oid.text)],
              estimate,
              operation,
              all,
              left: valuesPlan(1, types, left),
              right: valuesPlan(
                3,
                [oid.text, oid.int4],
                right.map(([first, second]) => [second, first]),
              ),
              leftColumns: [1, 2],
              rightColumns: [4, 3],
            };
            const [m, n] = [tally(identity(left)), tally(identity(right))];
            const expected: string[] = [];
            for (const row of new Set([...m.keys(), ...n.keys()])) {
              const [a, b] = [m.get(row) ?? 0, n.get(row) ?? 0];
              const count = { union: a + b, intersect: Math.min(a, b), except: all ? Math.max(a - b, 0) : b === 0 ? a : 0 }[operation];
              for (let i = 0; i < (all ? count : Math.min(count, 1)); i++) expected.push(row);
            }
            expect(identity(await runPlan(plan)).sort()).toEqual(expected.sort());
          }),
          { numRuns: 50 },
        );
      });
});
