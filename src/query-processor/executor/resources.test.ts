/** What operators hold is given back when they end, however they end, and is bounded. */
import { describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import { oid } from '#sql/oids.ts';
import { typeRef } from '#sql/type.ts';
import type { PhysicalPlan } from '../planner/physical-plan.ts';
import { execute } from './execute.ts';
import { drain, InMemoryRun } from './testing/in-memory-run.ts';
import { aggregateCall, estimate, key, op, out, procOid, valuesPlan } from './testing/plans.ts';

const rows = Array.from({ length: 3000 }, (_, at) => [at, at % 7]);
const types = [oid.int4, oid.int4];
const input = (firstId = 1): PhysicalPlan => valuesPlan(firstId, types, rows);
const output = [out(1), out(2)];

const holders: Readonly<Record<string, PhysicalPlan>> = {
  sort: { kind: 'sort', presorted: 0, output, estimate, input: input(), keys: [key(column(2))], limit: undefined },
  'top-N': { kind: 'sort', presorted: 0, output, estimate, input: input(), keys: [key(column(2))], limit: 1200 },
  distinct: { kind: 'distinct', output, estimate, input: input(), on: undefined, isSorted: false },
  aggregate: {
    kind: 'aggregate',
    output: [out(11), out(101, oid.int8), out(102, oid.int8)],
    estimate,
    strategy: 'hashed',
    input: input(),
    groupBy: [{ id: 11, name: '', expression: column(1) }],
    groupingSets: undefined,
    aggregates: [
      { id: 101, call: aggregateCall('count', [], [], oid.int8) },
      { id: 102, call: aggregateCall('sum', [oid.int4], [column(2)], oid.int8, { isDistinct: true, orderBy: [key(column(2))] }) },
    ],
    groupings: [],
  },
  window: {
    kind: 'window',
    output: [...output, out(101, oid.int8)],
    estimate,
    input: input(),
    specification: {
      name: undefined,
      partitionBy: [column(2)],
      orderBy: [],
      frame: { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclusion: 'none' },
    },
    calls: [
      {
        id: 101,
        call: {
          kind: 'window',
          function: procOid('row_number', []),
          args: [],
          isStar: false,
          isAggregate: false,
          filter: undefined,
          specification: 0,
          type: typeRef(oid.int8),
        },
      },
    ],
  },
  'hash join': {
    kind: 'hashJoin',
    output: [...output, out(3), out(4)],
    estimate,
    join: 'full',
    outer: input(),
    inner: input(3),
    outerKeys: [column(1)],
    innerKeys: [column(3)],
    condition: undefined,
    nullAware: false,
  },
  'nested loop': {
    kind: 'nestedLoop',
    output: [...output, out(3), out(4)],
    estimate,
    join: 'inner',
    outer: input(),
    inner: input(3),
    condition: op(column(2), '<', column(4)),
    bindings: [],
  },
  except: {
    kind: 'setOperation',
    output: [out(11), out(12)],
    estimate,
    operation: 'except',
    all: false,
    left: input(),
    right: valuesPlan(3, types, rows.slice(0, 10)),
    leftColumns: [1, 2],
    rightColumns: [3, 4],
  },
  with: {
    kind: 'with',
    output: [out(21), out(22)],
    estimate,
    cte: 1,
    name: 'c',
    definition: input(),
    definitionColumns: [1, 2],
    modifies: false,
    recursive: undefined,
    input: { kind: 'cteScan', output: [out(21), out(22)], estimate, cte: 1, alias: 'c', name: 'c' },
  },
  apply: {
    kind: 'apply',
    output: [...output, out(99, oid.bool)],
    estimate,
    input: input(),
    subplan: input(3),
    form: 'any',
    comparison: op(column(1), '=', column(3)),
    bindings: [],
    subOutput: [3],
    result: out(99, oid.bool),
  },
};

/** A run whose memory ends at `limitBytes`. */
function bounded(limitBytes: number): InMemoryRun {
  const run = new InMemoryRun();
  const charge = run.memory.charge.bind(run.memory);
  run.memory.charge = (bytes) => {
    charge(bytes);
    if (run.held > limitBytes) throw new SqlError('53200', 'out of memory');
  };
  return run;
}

describe.each(Object.entries(holders))('%s', (_, plan) => {
  it('gives everything back at the end', async () => {
    const run = new InMemoryRun();
    expect((await drain(execute(plan, run))).length).toBeGreaterThan(0);
    expect(run.held).toBe(0);
  });

  it('gives everything back when it is left early', () => {
    const run = new InMemoryRun();
    let hasHeld = false;
    for (const item of execute(plan, run)) {
      hasHeld ||= run.held > 0;
      if (!(item instanceof Promise)) break;
    }
    expect(hasHeld).toBe(true);
    expect(run.held).toBe(0);
  });

  it('ends with 53200 where there is too little memory', async () => {
    await expect(drain(execute(plan, bounded(8_000)))).rejects.toMatchObject({ sqlstate: '53200' });
  });
});

it('a limit asks for no more than it needs', async () => {
  const asked: string[] = [];
  const run = new InMemoryRun(undefined, undefined, {
    instrument: (plan, items) => {
      if (plan.kind !== 'values') return items;
      return (function* () {
        for (const item of items) {
          asked.push(plan.kind);
          yield item;
        }
      })();
    },
  });
  const plan: PhysicalPlan = {
    kind: 'limit',
    output,
    estimate,
    input: input(),
    count: constant(5, oid.int8),
    offset: undefined,
    withTies: undefined,
  };
  expect(await drain(execute(plan, run))).toHaveLength(5);
  expect(asked).toHaveLength(1);
});
