/** Apply, common tables, functions in FROM and in select lists, awaited calls, row locks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { call, column, constant } from '#sql/evaluate/build-expression.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { execute } from './execute.ts';
import { drain, InMemoryRun, runPlan } from './testing/in-memory-run.ts';
import { columnDescriptor, estimate, key, op, out, outer, procOid, tableDescriptor, valuesPlan } from './testing/plans.ts';

/** A run that notes the kind of every node that is started. */
function watched(): { readonly run: InMemoryRun; readonly started: string[] } {
  const started: string[] = [];
  const run = new InMemoryRun(undefined, undefined, {
    instrument: (node, rows) => {
      started.push(node.kind);
      return rows;
    },
  });
  return { run, started };
}

type Apply = Extract<PhysicalPlan, { kind: 'apply' }>;
const number = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null, freq: 4 });
const column1 = fc.array(
  number.map((value): Datum[] => [value]),
  { maxLength: 12 },
);
const pairs = fc.array(fc.tuple(number, number), { maxLength: 12 });

const filtered = (input: PhysicalPlan, condition: Expression): PhysicalPlan => ({
  kind: 'filter',
  output: input.output,
  estimate,
  input,
  condition,
});

function applied(input: PhysicalPlan, subplan: PhysicalPlan, form: Apply['form'], more: Partial<Apply> = {}): PhysicalPlan {
  return {
    kind: 'apply',
    output: [...input.output, out(99, oid.bool)],
    estimate,
    input,
    subplan,
    form,
    comparison: undefined,
    bindings: [],
    subOutput: [10],
    result: out(99, oid.bool),
    ...more,
  };
}

const three = (a: Datum, b: Datum, test: (a: number, b: number) => boolean): boolean | null =>
  a === null || b === null ? null : test(Number(a), Number(b));

function quantified(form: 'any' | 'all', answers: readonly (boolean | null)[]): boolean | null {
  const deciding = form === 'any';
  if (answers.includes(deciding)) return deciding;
  return answers.includes(null) ? null : !deciding;
}

describe('apply', () => {
  it('any and all follow three-valued logic', async () => {
    const form = fc.constantFrom('any' as const, 'all' as const);
    const operator = fc.constantFrom('=' as const, '<' as const);
    await fc.assert(
      fc.asyncProperty(column1, pairs, form, operator, fc.boolean(), async (rows, inner, quantifier, name, isCorrelated) => {
        const comparison = op(column(1), name, column(10));
        const sub = valuesPlan(10, [oid.int4, oid.int4], inner);
        const subplan = isCorrelated ? filtered(sub, op(column(11), '=', outer(1))) : sub;
        const plan = applied(valuesPlan(1, [oid.int4], rows), subplan, quantifier, { comparison, bindings: isCorrelated ? [1] : [] });
        const test = name === '=' ? (a: number, b: number) => a === b : (a: number, b: number) => a < b;
        const expected = rows.map(([a]) => {
          const seen = inner.filter((row) => !isCorrelated || three(row[1], a, (x, y) => x === y) === true);
          return [
            a,
            quantified(
              quantifier,
              seen.map((row) => three(a, row[0], test)),
            ),
          ];
        });
        expect(await runPlan(plan)).toEqual(expected);
      }),
      { numRuns: 120 },
    );
  });

  it('scalar: the one value, NULL for none, an error for several', async () => {
    const sub = valuesPlan(
      10,
      [oid.int4, oid.int4],
      [
        [7, 1],
        [8, 2],
        [9, 2],
      ],
    );
    const plan = applied(valuesPlan(1, [oid.int4], [[1], [3], [null]]), filtered(sub, op(column(11), '=', outer(1))), 'scalar', {
      bindings: [1],
    });
    expect(await runPlan(plan)).toEqual([
      [1, 7],
      [3, null],
      [null, null],
    ]);
    const several = applied(valuesPlan(1, [oid.int4], [[1], [2]]), filtered(sub, op(column(11), '=', outer(1))), 'scalar', {
      bindings: [1],
    });
    await expect(runPlan(several)).rejects.toMatchObject({
      sqlstate: '21000',
      message: 'more than one row returned by a subquery used as an expression',
    });
  });

  it('exists and array', async () => {
    const sub = filtered(
      valuesPlan(
        10,
        [oid.int4, oid.int4],
        [
          [7, 1],
          [8, 2],
          [9, 2],
        ],
      ),
      op(column(11), '=', outer(1)),
    );
    const input = valuesPlan(1, [oid.int4], [[2], [3]]);
    expect(await runPlan(applied(input, sub, 'exists', { bindings: [1] }))).toEqual([
      [2, true],
      [3, false],
    ]);
    const arrays = await runPlan(applied(input, sub, 'array', { bindings: [1], result: out(99, oid.int4Array) }));
    expect(arrays).toEqual([
      [2, new ArrayValue(oid.int4, [8, 9])],
      [3, new ArrayValue(oid.int4, [])],
    ]);
  });

  it('runs a subquery once a binding, and a volatile one for every row', async () => {
    const runsOf = async (value: Expression): Promise<number> => {
      const plan = applied(
        valuesPlan(1, [oid.int4], [[1], [2], [1], [1]]),
        {
          kind: 'project',
          output: [out(10, oid.float8)],
          estimate,
          input: filtered(valuesPlan(12, [oid.int4], [[1], [2]]), op(column(12), '=', outer(1))),
          targets: [{ id: 10, name: '', expression: value }],
        },
        'scalar',
        { bindings: [1], result: out(99, oid.float8) },
      );
      const { run, started } = watched();
      await drain(execute(plan, run));
      return started.filter((kind) => kind === 'filter').length;
    };
    expect(await runsOf(constant(1, oid.float8))).toBe(2);
    expect(await runsOf(call('random()', []))).toBe(4);
  });
});

describe('with', () => {
  const cteScan = (id: number): PhysicalPlan => ({ kind: 'cteScan', output: [out(id)], estimate, cte: 1, alias: 'c', name: 'c' });

  it('runs a common table once for all its readers', async () => {
    const { run, started } = watched();
    const plan: PhysicalPlan = {
      kind: 'with',
      output: [out(30)],
      estimate,
      cte: 1,
      name: 'c',
      definition: valuesPlan(1, [oid.int4], [[1], [2]]),
      definitionColumns: [1],
      modifies: false,
      recursive: undefined,
      input: {
        kind: 'setOperation',
        output: [out(30)],
        estimate,
        operation: 'union',
        all: true,
        left: cteScan(10),
        right: cteScan(20),
        leftColumns: [10],
        rightColumns: [20],
      },
    };
    expect(await drain(execute(plan, run))).toEqual([[1], [2], [1], [2]]);
    expect(started.filter((kind) => kind === 'values')).toHaveLength(1);
    expect(run.held).toBe(0);
  });

  const counting = (all: boolean, next: Expression, limit: Expression, start: Datum[][]): PhysicalPlan => ({
    kind: 'with',
    output: [out(20)],
    estimate,
    cte: 1,
    name: 'c',
    definition: valuesPlan(1, [oid.int4], start),
    definitionColumns: [1],
    modifies: false,
    recursive: {
      plan: {
        kind: 'project',
        output: [out(12)],
        estimate,
        input: filtered(cteScan(10), limit),
        targets: [{ id: 12, name: '', expression: next }],
      },
      planColumns: [12],
      all,
    },
    input: cteScan(20),
  });

  it('recurses until a round adds nothing', async () => {
    const plan = counting(true, op(column(10), '+', constant(1)), op(column(10), '<', constant(5)), [[1], [3]]);
    expect(await runPlan(plan)).toEqual([[1], [3], [2], [4], [3], [5], [4], [5]]);
  });

  it('UNION drops rows that were there before, and so ends a cycle', async () => {
    const plan = counting(false, op(op(column(10), '+', constant(1)), '%', constant(3)), op(column(10), '>=', constant(0)), [[0], [0]]);
    expect(await runPlan(plan)).toEqual([[0], [1], [2]]);
  });
});

describe('set-returning functions', () => {
  const series = (from: Expression, to: Expression): Expression => call('generate_series(int4,int4)', [from, to]);

  it('stand side by side in FROM, padded and numbered', async () => {
    const plan: PhysicalPlan = {
      kind: 'functionScan',
      output: [out(3, oid.int8), out(1), out(2)],
      estimate,
      alias: 'f',
      functions: [
        { call: series(constant(1), constant(3)), columns: [out(1)] },
        { call: series(constant(7), constant(8)), columns: [out(2)] },
      ],
      ordinality: out(3, oid.int8),
    };
    expect(await runPlan(plan)).toEqual([
      [1, 1, 7],
      [2, 2, 8],
      [3, 3, null],
    ]);
  });

  it('advance in step in a select list, nested ones first', async () => {
    const plan: PhysicalPlan = {
      kind: 'projectSet',
      output: [out(10), out(11), out(1)],
      estimate,
      input: valuesPlan(1, [oid.int4], [[2], [0], [null]]),
      targets: [
        { id: 1, name: '', expression: column(1) },
        { id: 10, name: '', expression: op(series(constant(1), column(1)), '*', constant(10)) },
        { id: 11, name: '', expression: series(constant(1), constant(1)) },
      ],
    };
    expect(await runPlan(plan)).toEqual([
      [10, 1, 2],
      [20, null, 2],
      [null, 1, 0],
      [null, 1, null],
    ]);
    const nested: PhysicalPlan = {
      kind: 'projectSet',
      output: [out(10)],
      estimate,
      input: valuesPlan(1, [oid.int4], [[3]]),
      targets: [{ id: 10, name: '', expression: series(constant(1), series(constant(1), column(1))) }],
    };
    expect((await runPlan(nested)).map((row) => row[0])).toEqual([1, 1, 2, 1, 2, 3]);
  });
});

it('await asks for a whole batch of answers, and leaves strict calls with NULL out', async () => {
  const asked: unknown[] = [];
  const plan: PhysicalPlan = {
    kind: 'await',
    output: [out(1, oid.float8), out(9, oid.int8)],
    estimate,
    input: valuesPlan(1, [oid.float8], [[5], [null], [6]]),
    targets: [{ id: 9, name: '', expression: call('pg_sleep(float8)', [column(1, oid.float8)], oid.int8) }],
  };
  const run = new InMemoryRun(undefined, undefined, {
    waitFor: (oidOfFunction, calls) => {
      asked.push([oidOfFunction, calls]);
      return Promise.resolve(calls.map(([value]) => Number(value) * 10));
    },
  });
  expect(await runPlan(plan, run)).toEqual([
    [5, 50],
    [null, null],
    [6, 60],
  ]);
  expect(asked).toEqual([[procOid('pg_sleep', [oid.float8]), [[5], [6]]]]);
});

describe('lock rows', () => {
  const table = tableDescriptor(20000, [columnDescriptor(1, 'a', oid.int4)]);
  const locked = (strength: 'update' | 'keyShare'): PhysicalPlan => ({
    kind: 'lockRows',
    output: [out(1)],
    estimate,
    input: {
      kind: 'sort',
      presorted: 0,
      output: [out(1), out(2, oid.text)],
      estimate,
      input: valuesPlan(
        1,
        [oid.int4, oid.text],
        [
          [3, 'k3'],
          [1, 'k1'],
          [2, 'k2'],
          [4, null],
        ],
      ),
      keys: [key(column(1))],
      limit: undefined,
    },
    locks: [{ table, keyColumn: 2, strength }],
  });

  it('marks the keys of rows that are there', async () => {
    const run = new InMemoryRun();
    expect(await runPlan(locked('update'), run)).toHaveLength(4);
    expect([...run.transaction.marks]).toEqual([
      ['k1', 'write'],
      ['k2', 'write'],
      ['k3', 'write'],
    ]);
    expect(run.transaction.rowCount).toBe(3);
    const shared = new InMemoryRun();
    await runPlan(locked('keyShare'), shared);
    expect(new Set(shared.transaction.marks.values())).toEqual(new Set(['share']));
    expect(shared.transaction.rowCount).toBe(0);
  });

  it('marks no more rows than a LIMIT above takes', async () => {
    const run = new InMemoryRun();
    const plan: PhysicalPlan = {
      kind: 'limit',
      output: [out(5)],
      estimate,
      input: {
        kind: 'project',
        output: [out(5)],
        estimate,
        input: locked('update'),
        targets: [{ id: 5, name: '', expression: op(column(1), '+', constant(1)) }],
      },
      count: constant(1, oid.int8),
      offset: undefined,
      withTies: undefined,
    };
    expect(await runPlan(plan, run)).toEqual([[2]]);
    expect([...run.transaction.marks.keys()]).toEqual(['k1']);
  });
});
