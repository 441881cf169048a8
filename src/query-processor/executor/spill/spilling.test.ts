/** Whatever spills gives the rows that it gives with plenty of memory, in the same order where order is promised, and leaves no file open. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '#base/assert.ts';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import { Numeric } from '#sql/types/numeric-value.ts';
import type { PhysicalPlan } from '../../planner/physical-plan.ts';
import { execute } from '../execute.ts';
import type { JoinKind } from '../join-matching.ts';
import type { MemoryFigures } from '../operator.ts';
import { drain, InMemoryRun, runPlan } from '../testing/in-memory-run.ts';
import { aggregateCall, estimate, key, op, out, procOid, valuesPlan } from '../testing/plans.ts';

/** A number, a text, a numeric: what describes itself and what needs its type. */
const types = [oid.int4, oid.text, oid.numeric];
type Row = readonly Datum[];

const row = fc.tuple(
  fc.option(fc.integer({ min: 0, max: 400 }), { nil: null, freq: 20 }),
  fc.option(fc.string({ maxLength: 12 }), { nil: null, freq: 10 }),
  fc.option(
    fc.integer({ min: -50, max: 50 }).map((value): Datum => Numeric.of(BigInt(value) * 100n + 50n, 2)),
    { nil: null, freq: 10 },
  ),
);
const rows = fc.array(row, { minLength: 200, maxLength: 900 });

const output = (firstId: number) => types.map((typeOid, at) => out(firstId + at, typeOid));
const ids = (firstId: number) => types.map((_, at) => firstId + at);

/** The rows in several batches, as UNION ALL gives them. */
function input(firstId: number, given: readonly Row[]): PhysicalPlan {
  const head = valuesPlan(firstId, types, given.slice(0, 150));
  if (given.length <= 150) return head;
  return {
    kind: 'setOperation',
    output: output(firstId),
    estimate,
    operation: 'union',
    all: true,
    left: head,
    right: input(firstId, given.slice(150)),
    leftColumns: ids(firstId),
    rightColumns: ids(firstId),
  };
}

const text = (value: Datum): string =>
  typeof value === 'bigint' ? String(value) : JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner));
const inOrder = (given: readonly Row[]): string[] => given.map((values) => values.map(text).join('|'));

/** The same plan with little memory; says how it spilled. */
async function tight(plan: PhysicalPlan, workBytes = 3_000): Promise<{ rows: Datum[][]; files: number; figures: MemoryFigures[] }> {
  const figures: MemoryFigures[] = [];
  const run = new InMemoryRun(undefined, undefined, { workBytes, report: (_, given) => figures.push(given) });
  const found = await runPlan(plan, run);
  if (run.openFiles !== 0) throw new InvariantError('F1: files are closed');
  return { rows: found, files: run.filesOpened, figures };
}

const join = (kind: JoinKind, outer: readonly Row[], inner: readonly Row[], nullAware = false, hasCondition = false): PhysicalPlan => ({
  kind: 'hashJoin',
  output: kind === 'semi' || kind === 'anti' ? output(1) : [...output(1), ...output(11)],
  estimate,
  join: kind,
  outer: input(1, outer),
  inner: input(11, inner),
  outerKeys: [column(1)],
  innerKeys: [column(11)],
  condition: hasCondition ? op(column(2, oid.text), '<', column(12, oid.text)) : undefined,
  nullAware,
});

const aggregate = (given: readonly Row[], more: Partial<Extract<PhysicalPlan, { kind: 'aggregate' }>> = {}): PhysicalPlan => ({
  kind: 'aggregate',
  output: [out(21), out(22, oid.text), ...[101, 102, 103].map((id) => out(id, oid.int8)), out(104, oid.text)],
  estimate,
  strategy: 'hashed',
  input: input(1, given),
  groupBy: [
    { id: 21, name: '', expression: column(1) },
    { id: 22, name: '', expression: column(2, oid.text) },
  ],
  groupingSets: undefined,
  aggregates: [
    { id: 101, call: aggregateCall('count', [], [], oid.int8) },
    { id: 102, call: aggregateCall('sum', [oid.int4], [column(1)], oid.int8) },
    { id: 103, call: aggregateCall('sum', [oid.int4], [column(1)], oid.int8, { isDistinct: true }) },
    {
      id: 104,
      call: aggregateCall('string_agg', [oid.text, oid.text], [column(2, oid.text), constant(',', oid.text)], oid.text, {
        orderBy: [key(column(3, oid.numeric)), key(column(2, oid.text))],
      }),
    },
  ],
  groupings: [],
  ...more,
});

/** Operators of two inputs, and whether the order of their rows is promised. */
const operators: Record<string, { readonly ordered: boolean; readonly plan: (a: readonly Row[], b: readonly Row[]) => PhysicalPlan }> = {
  sort: {
    ordered: true,
    plan: (a) => ({
      kind: 'sort',
      presorted: 0,
      output: output(1),
      estimate,
      input: input(1, a),
      keys: [key(column(3, oid.numeric), true), key(column(2, oid.text))],
      limit: undefined,
    }),
  },
  'sort of groups': {
    ordered: true,
    plan: (a) => ({
      kind: 'sort',
      presorted: 1,
      output: output(1),
      estimate,
      input: {
        kind: 'sort',
        presorted: 0,
        output: output(1),
        estimate,
        input: input(
          1,
          a.map(([value, t, n]) => [value === null ? null : Number(value) % 7, t, n]),
        ),
        keys: [key(column(1), true)],
        limit: undefined,
      },
      keys: [key(column(1), true), key(column(3, oid.numeric)), key(column(2, oid.text), true)],
      limit: undefined,
    }),
  },
  'top-N': {
    ordered: true,
    plan: (a) => ({
      kind: 'sort',
      presorted: 0,
      output: output(1),
      estimate,
      input: input(1, a),
      keys: [key(column(3, oid.numeric), true)],
      limit: 150,
    }),
  },
  distinct: {
    ordered: true,
    plan: (a) => ({ kind: 'distinct', output: output(1), estimate, input: input(1, a), on: undefined, isSorted: false }),
  },
  'distinct on': {
    ordered: true,
    plan: (a) => ({ kind: 'distinct', output: output(1), estimate, input: input(1, a), on: [column(1)], isSorted: false }),
  },
  aggregate: { ordered: false, plan: (a) => aggregate(a) },
  'grouping sets': { ordered: false, plan: (a) => aggregate(a, { strategy: 'mixed', groupingSets: [[0], [1], [0, 1], []] }) },
  'aggregate of all rows': {
    ordered: true,
    plan: (a) => aggregate(a, { strategy: 'plain', groupBy: [], output: [101, 102, 103].map((id) => out(id, oid.int8)) }),
  },
  'aggregate of sorted rows': {
    ordered: true,
    plan: (a) => ({
      ...aggregate(a, { strategy: 'sorted' }),
      input: {
        kind: 'sort',
        presorted: 0,
        output: output(1),
        estimate,
        input: input(1, a),
        keys: [key(column(1)), key(column(2, oid.text))],
        limit: undefined,
      },
    }),
  },
  window: {
    ordered: true,
    plan: (a) => ({
      kind: 'window',
      output: [...output(1), out(101, oid.int8)],
      estimate,
      input: input(1, a),
      specification: {
        name: undefined,
        partitionBy: [op(column(1), '%', constant(3, oid.int4))],
        orderBy: [key(column(2, oid.text)), key(column(1))],
        frame: { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclusion: 'none' },
      },
      calls: [
        {
          id: 101,
          call: {
            kind: 'window',
            function: procOid('sum', [oid.int4]),
            args: [column(1)],
            isStar: false,
            isAggregate: true,
            filter: undefined,
            specification: 0,
            type: typeRef(oid.int8),
          },
        },
      ],
    }),
  },
  'nested loop': {
    ordered: true,
    plan: (a, b) => ({
      kind: 'nestedLoop',
      output: [...output(1), ...output(11)],
      estimate,
      join: 'left',
      outer: input(1, a.slice(0, 20)),
      inner: input(11, b),
      condition: op(column(1), '<', column(11)),
      bindings: [],
    }),
  },
  'common table': {
    ordered: true,
    plan: (a) => ({
      kind: 'with',
      output: [...output(1), ...output(11)],
      estimate,
      cte: 1,
      name: 'c',
      definition: input(31, a),
      definitionColumns: [31, 32, 33],
      modifies: false,
      recursive: undefined,
      input: {
        kind: 'hashJoin',
        output: [...output(1), ...output(11)],
        estimate,
        join: 'inner',
        outer: { kind: 'cteScan', output: output(1), estimate, cte: 1, alias: 'c', name: 'c' },
        inner: { kind: 'cteScan', output: output(11), estimate, cte: 1, alias: 'd', name: 'c' },
        outerKeys: [column(1)],
        innerKeys: [column(11)],
        condition: undefined,
        nullAware: false,
      },
    }),
  },
  'not in': {
    ordered: true,
    plan: (a, b) =>
      join(
        'anti',
        a,
        b.filter(([value]) => value !== null && Number(value) % 2 === 0),
        true,
      ),
  },
};
for (const kind of ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const) {
  // A right join's unmatched rows come in no order.
  const ordered = kind !== 'right' && kind !== 'full';
  operators[`${kind} join`] = { ordered, plan: (a, b) => join(kind, a, b) };
  operators[`${kind} join with a condition`] = { ordered, plan: (a, b) => join(kind, a, b, false, true) };
}
/** All of one key, but for a few that have no partner: no division helps. */
const ofOneKey = (given: readonly Row[], other: number): Row[] =>
  given.slice(0, 120).map(([, t, n], at) => [at % 40 === 0 ? other : 7, t, n]);
for (const kind of ['inner', 'left', 'right', 'full', 'semi', 'anti'] as const)
  for (const hasCondition of [false, true])
    operators[`${kind} join of one key${hasCondition ? ' with a condition' : ''}`] = {
      ordered: kind === 'semi' || kind === 'anti',
      plan: (a, b) => join(kind, ofOneKey(a, 1), ofOneKey(b, 2), false, hasCondition),
    };
for (const kind of ['right', 'full'] as const)
  operators[`${kind} join without an equality`] = {
    ordered: true,
    plan: (a, b) => ({
      kind: 'crossMatch',
      output: [...output(1), ...output(11)],
      estimate,
      join: kind,
      outer: input(1, a.slice(0, 40)),
      inner: input(11, b),
      condition: op(column(1), '<', column(11)),
    }),
  };
operators['value in a subquery'] = {
  ordered: true,
  plan: (a, b) => ({
    kind: 'apply',
    output: [...output(1), out(101, oid.bool)],
    estimate,
    input: input(1, a),
    subplan: input(
      11,
      b.filter(([value]) => value !== null || b.length % 2 === 0),
    ),
    form: 'any',
    comparison: op(column(2, oid.text), '=', column(12, oid.text)),
    bindings: [],
    subOutput: [12],
    result: out(101, oid.bool),
  }),
};
operators['recursive union'] = {
  ordered: false,
  plan: (a) => ({
    kind: 'with',
    output: output(21),
    estimate,
    cte: 1,
    name: 'c',
    definition: input(31, a),
    definitionColumns: [31, 32, 33],
    modifies: false,
    recursive: {
      plan: {
        kind: 'project',
        output: [out(41), out(42, oid.text), out(43, oid.numeric)],
        estimate,
        input: {
          kind: 'filter',
          output: output(51),
          estimate,
          input: { kind: 'cteScan', output: output(51), estimate, cte: 1, alias: 'c', name: 'c' },
          condition: op(column(51), '>', constant(0, oid.int4)),
        },
        targets: [
          { id: 41, name: '', expression: op(column(51), '/', constant(2, oid.int4)) },
          { id: 42, name: '', expression: column(52, oid.text) },
          { id: 43, name: '', expression: constant(null, oid.numeric) },
        ],
      },
      planColumns: [41, 42, 43],
      all: false,
    },
    input: { kind: 'cteScan', output: output(21), estimate, cte: 1, alias: 'c', name: 'c' },
  }),
};
for (const operation of ['union', 'intersect', 'except'] as const)
  for (const all of [false, true]) {
    if (operation === 'union' && all) continue;
    operators[`${operation}${all ? ' all' : ''}`] = {
      ordered: false,
      plan: (a, b) => ({
        kind: 'setOperation',
        output: [out(41), out(42, oid.text)],
        estimate,
        operation,
        all,
        left: input(1, a),
        right: input(11, [...b, ...a.slice(0, 40)]),
        leftColumns: [1, 2],
        rightColumns: [11, 12],
      }),
    };
  }

describe.each(Object.entries(operators))('%s', (_, { ordered, plan }) => {
  it('gives the same rows with little memory', async () => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(rows, rows, async (a, b) => {
        const made = plan(a, b);
        const plenty = inOrder(await runPlan(made));
        const found = await tight(made);
        files += found.files;
        const few = inOrder(found.rows);
        if (ordered) expect(few).toEqual(plenty);
        else expect(few.sort()).toEqual(plenty.sort());
      }),
      { numRuns: 4, seed: 7 },
    );
    expect(files).toBeGreaterThan(0);
  });

  it('closes its files when it is left early, and when it fails', () => {
    const [a, b] = fc.sample(rows, { numRuns: 2, seed: 7 });
    for (const stopAt of [1, 40, 400]) {
      const run = new InMemoryRun(undefined, undefined, { workBytes: 3_000 });
      let seen = 0;
      for (const _item of execute(plan(a, b), run)) if (++seen === stopAt) break;
      expect(run.openFiles).toBe(0);
      expect(run.held).toBe(0);
    }
    const failing = new InMemoryRun(undefined, undefined, { workBytes: 3_000 });
    let written = 0;
    const open = failing.openTemporary.bind(failing);
    failing.openTemporary = () => {
      const file = open();
      return {
        length: 0,
        append: (bytes) => {
          if (++written > 1) throw new InvariantError('the disk is full');
          file.append(bytes);
        },
        read: file.read,
        close: file.close,
      };
    };
    expect(() => {
      for (const _item of execute(plan(a, b), failing));
    }).toThrow('the disk is full');
    expect(failing.openFiles).toBe(0);
    expect(failing.held).toBe(0);
  });
});

it('divides again what is too large after a division, down to rows of one key', async () => {
  const many = Array.from({ length: 4000 }, (_, at): Row => [at < 200 ? 7 : at, `text ${at}`, null]);
  const plan = join('full', many.slice(0, 1500), many);
  const found = await tight(plan, 2_500);
  expect(inOrder(found.rows).sort()).toEqual(inOrder(await runPlan(plan)).sort());
  expect(found.figures[0]).toMatchObject({ buckets: 1024 });
});

it('merges more runs than are read at once', async () => {
  const many = Array.from({ length: 3000 }, (_, at): Row => [(at * 7919) % 3001, `text ${at}`, null]);
  const plan: PhysicalPlan = {
    kind: 'sort',
    presorted: 0,
    output: output(1),
    estimate,
    input: input(1, many),
    keys: [key(column(1))],
    limit: undefined,
  };
  const { rows: found, figures } = await tight(plan, 1_500);
  expect(found.map(([value]) => value)).toEqual(many.map(([value]) => value).sort((x, y) => Number(x) - Number(y)));
  expect(figures).toMatchObject([{ method: 'external merge', space: 'Disk' }]);
});

it('says how it sorted in memory', async () => {
  const many = Array.from({ length: 3000 }, (_, at): Row => [(at * 7919) % 3001, null, null]);
  const sort = (limit: number | undefined): PhysicalPlan => ({
    kind: 'sort',
    presorted: 0,
    output: output(1),
    estimate,
    input: input(1, many),
    keys: [key(column(1))],
    limit,
  });
  expect((await tight(sort(undefined), 10_000_000)).figures).toMatchObject([{ method: 'quicksort', space: 'Memory' }]);
  expect((await tight(sort(3), 10_000_000)).figures).toMatchObject([{ method: 'top-N heapsort', space: 'Memory' }]);
  expect(await drain(execute(sort(3), new InMemoryRun()))).toHaveLength(3);
});
