/** Every join operator against the definition of a join: all pairs, tried one by one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import type { JoinKind } from './join-matching.ts';
import { InMemoryRun, InMemoryStorage, runPlan } from './testing/in-memory-run.ts';
import { columnDescriptor, estimate, indexDescriptor, op, out, outer, tableColumns, tableDescriptor, valuesPlan } from './testing/plans.ts';

type Row = readonly Datum[];

/** The definition. `matches` is SQL's condition: true, false or unknown. */
function naiveJoin(join: JoinKind, left: readonly Row[], right: readonly Row[], matches: (a: Row, b: Row) => boolean | null): Datum[][] {
  const rows: Datum[][] = [];
  const rightMatched = right.map(() => false);
  for (const a of left) {
    let isMatched = false;
    right.forEach((b, at) => {
      if (matches(a, b) !== true) return;
      isMatched = true;
      rightMatched[at] = true;
      if (join !== 'semi' && join !== 'anti') rows.push([...a, ...b]);
    });
    if (join === 'semi' ? isMatched : join === 'anti' && !isMatched) rows.push([...a]);
    if (!isMatched && (join === 'left' || join === 'full')) rows.push([...a, null, null]);
  }
  if (join === 'right' || join === 'full') rows.push(...right.filter((_, at) => !rightMatched[at]).map((b): Datum[] => [null, null, ...b]));
  return rows;
}

const sorted = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

const value = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 4 });
const rowsOf = fc.array(fc.tuple(value, value), { maxLength: 25 });
const types = [oid.int4, oid.int4];
const equals = (a: Datum, b: Datum): boolean | null => (a === null || b === null ? null : a === b);
const less = (a: Datum, b: Datum): boolean | null => (a === null || b === null ? null : Number(a) < Number(b));
const and = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true;

const outputOf = (join: JoinKind) => [out(1), out(2), ...(join === 'semi' || join === 'anti' ? [] : [out(3), out(4)])];
const residual: Expression = op(column(2), '<', column(4));

describe('hash join', () => {
  for (const join of ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)
    for (const withCondition of [false, true])
      it(`${join}${withCondition ? ' with a further condition' : ''}`, async () => {
        await fc.assert(
          fc.asyncProperty(rowsOf, rowsOf, async (left, right) => {
            const plan: PhysicalPlan = {
              kind: 'hashJoin',
              output: outputOf(join),
              estimate,
              join,
              outer: valuesPlan(1, types, left),
              inner: valuesPlan(3, types, right),
              outerKeys: [column(1)],
              innerKeys: [column(3)],
              condition: withCondition ? residual : undefined,
              nullAware: false,
            };
            const expected = naiveJoin(join, left, right, (a, b) =>
              withCondition ? and(equals(a[0], b[0]), less(a[1], b[1])) : equals(a[0], b[0]),
            );
            expect(sorted(await runPlan(plan))).toEqual(sorted(expected));
          }),
          { numRuns: 40 },
        );
      });

  it('keeps the order of outer rows, unmatched ones among them', async () => {
    const left = [
      [3, 0],
      [1, 0],
      [null, 0],
      [2, 0],
      [1, 1],
    ];
    const plan: PhysicalPlan = {
      kind: 'hashJoin',
      output: outputOf('left'),
      estimate,
      join: 'left',
      outer: valuesPlan(1, types, left),
      inner: valuesPlan(3, types, [
        [1, 7],
        [1, 8],
        [3, 9],
      ]),
      outerKeys: [column(1)],
      innerKeys: [column(3)],
      condition: undefined,
      nullAware: false,
    };
    expect(await runPlan(plan)).toEqual([
      [3, 0, 3, 9],
      [1, 0, 1, 7],
      [1, 0, 1, 8],
      [null, 0, null, null],
      [2, 0, null, null],
      [1, 1, 1, 7],
      [1, 1, 1, 8],
    ]);
  });

  it('null-aware anti join is NOT IN', async () => {
    await fc.assert(
      fc.asyncProperty(rowsOf, rowsOf, fc.boolean(), async (left, right, twoKeys) => {
        const plan: PhysicalPlan = {
          kind: 'hashJoin',
          output: outputOf('anti'),
          estimate,
          join: 'anti',
          outer: valuesPlan(1, types, left),
          inner: valuesPlan(3, types, right),
          outerKeys: twoKeys ? [column(1), column(2)] : [column(1)],
          innerKeys: twoKeys ? [column(3), column(4)] : [column(3)],
          condition: undefined,
          nullAware: true,
        };
        // x NOT IN (...) is true only when every comparison is false.
        const expected = left.filter((a) =>
          right.every((b) => (twoKeys ? and(equals(a[0], b[0]), equals(a[1], b[1])) : equals(a[0], b[0])) === false),
        );
        expect(await runPlan(plan)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('makes more rows of one batch than a batch holds', async () => {
    const left = Array.from({ length: 60 }, (_, at) => [1, at]);
    const plan: PhysicalPlan = {
      kind: 'hashJoin',
      output: [out(4), out(2)],
      estimate,
      join: 'inner',
      outer: valuesPlan(1, types, left),
      inner: valuesPlan(3, types, left),
      outerKeys: [column(1)],
      innerKeys: [column(3)],
      condition: undefined,
      nullAware: false,
    };
    const rows = await runPlan(plan);
    expect(rows).toHaveLength(3600);
    expect(rows[61]).toEqual([1, 1]);
  });
});

describe('nested loop', () => {
  for (const join of ['inner', 'left', 'semi', 'anti'] as const) {
    it(`${join}, inner plan kept`, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOf, rowsOf, async (left, right) => {
          const plan: PhysicalPlan = {
            kind: 'nestedLoop',
            output: outputOf(join),
            estimate,
            join,
            outer: valuesPlan(1, types, left),
            inner: valuesPlan(3, types, right),
            condition: residual,
            bindings: [],
          };
          expect(await runPlan(plan)).toEqual(naiveJoin(join, left, right, (a, b) => less(a[1], b[1])));
        }),
        { numRuns: 40 },
      );
    });

    it(`${join}, inner plan run anew for each outer row`, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOf, rowsOf, async (left, right) => {
          const plan: PhysicalPlan = {
            kind: 'nestedLoop',
            output: outputOf(join),
            estimate,
            join,
            outer: valuesPlan(1, types, left),
            inner: {
              kind: 'filter',
              output: [out(3), out(4)],
              estimate,
              input: valuesPlan(3, types, right),
              condition: op(column(3), '=', outer(1)),
            },
            condition: residual,
            bindings: [1],
          };
          expect(await runPlan(plan)).toEqual(naiveJoin(join, left, right, (a, b) => and(equals(a[0], b[0]), less(a[1], b[1]))));
        }),
        { numRuns: 40 },
      );
    });
  }
});

describe('cross match', () => {
  for (const join of ['right', 'full'] as const)
    it(join, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOf, rowsOf, async (left, right) => {
          const plan: PhysicalPlan = {
            kind: 'crossMatch',
            output: outputOf(join),
            estimate,
            join,
            outer: valuesPlan(1, types, left),
            inner: valuesPlan(3, types, right),
            condition: residual,
          };
          expect(sorted(await runPlan(plan))).toEqual(sorted(naiveJoin(join, left, right, (a, b) => less(a[1], b[1]))));
        }),
        { numRuns: 40 },
      );
    });
});

describe('lookup join', () => {
  /** (k, n, v): primary key (k, n), an index on v. */
  const table = tableDescriptor(
    20000,
    [
      columnDescriptor(1, 'k', oid.int4, { notNull: true }),
      columnDescriptor(2, 'n', oid.int4, { notNull: true }),
      columnDescriptor(3, 'v', oid.int4),
    ],
    {
      primaryKey: { indexOid: 20001, constraintOid: 20001, name: 't_pkey', attributeNumbers: [1, 2] },
      indexes: [indexDescriptor(20002, 't_v', [[3, oid.int4]])],
    },
  );

  function filled(values: readonly Datum[]): { run: InMemoryRun; rows: Datum[][] } {
    const storage = new InMemoryStorage();
    const layout = layoutOf(table);
    const index = indexLayoutOf(table, table.indexes[0]);
    const rows = values.map((v, at): Datum[] => [at >> 2, at, v]);
    const run = new InMemoryRun(storage);
    for (const row of rows) {
      const key = layout.rowKey(row, run.context.random);
      storage.rows.set(key, layout.encode(row));
      const entry = index.entry([row[2]], row, key);
      storage.rows.set(entry.key, entry.value);
    }
    return { run, rows };
  }

  const inner = tableColumns(table, 3);
  for (const join of ['inner', 'left', 'semi', 'anti'] as const)
    for (const [way, indexOid, keys, matches] of [
      ['a whole primary key', undefined, [column(1), column(2)], (a: Row, b: Row) => and(equals(a[0], b[0]), equals(a[1], b[1]))],
      ['a prefix of the primary key', undefined, [column(1)], (a: Row, b: Row) => equals(a[0], b[0])],
      ['an index', 20002, [column(1)], (a: Row, b: Row) => equals(a[0], b[2])],
    ] as const)
      it(`${join} by ${way}`, async () => {
        await fc.assert(
          fc.asyncProperty(rowsOf, fc.array(value, { maxLength: 20 }), async (left, values) => {
            const { run, rows } = filled(values);
            const plan: PhysicalPlan = {
              kind: 'lookupJoin',
              output: [out(1), out(2), ...(join === 'semi' || join === 'anti' ? [] : inner)],
              estimate,
              join,
              outer: valuesPlan(1, types, left),
              table,
              alias: 't',
              indexOid,
              keys,
              innerColumns: inner,
              keyColumn: undefined,
              condition: undefined,
            };
            const expected = naiveJoin(join, left, rows, matches).map((row) => (row.length === 4 ? [...row, null] : row));
            expect(sorted(await runPlan(plan, run))).toEqual(sorted(expected));
          }),
          { numRuns: 25 },
        );
      });

  it('reads an index alone when its entries hold what is asked for', async () => {
    const { run } = filled([4, 4, 5]);
    const plan: PhysicalPlan = {
      kind: 'lookupJoin',
      output: [out(1), out(5), out(4)],
      estimate,
      join: 'inner',
      outer: valuesPlan(1, types, [[4, 0]]),
      table,
      alias: 't',
      indexOid: 20002,
      keys: [column(1)],
      innerColumns: [inner[2], inner[1]],
      keyColumn: undefined,
      condition: op(column(4), '>', constant(0)),
    };
    expect(await runPlan(plan, run)).toEqual([[4, 4, 1]]);
    expect(run.storage.gets).toBe(0);
  });
});
