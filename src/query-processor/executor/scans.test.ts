/** Table and index scans: every way of naming keys against filtering all rows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { column, constant } from '#sql/evaluate/build-expression.ts';
import type { Expression } from '#sql/expression.ts';
import { oid } from '#sql/oids.ts';
import { ArrayValue } from '#sql/types/array-value.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';
import type { IndexScan, KeyAccess, TableScan } from '../planner/physical-plan.ts';
import { rowComparator } from './row-order.ts';
import { InMemoryRun, InMemoryStorage, runPlan } from './testing/in-memory-run.ts';
import { columnDescriptor, estimate, indexDescriptor, op, out, tableColumns, tableDescriptor } from './testing/plans.ts';

const index = indexDescriptor(20002, 'i', [], {
  keys: [
    { attributeNumber: 3, expressionText: undefined, type: { oid: oid.int4, typmod: -1 }, descending: true, nullsFirst: true },
    { attributeNumber: 2, expressionText: undefined, type: { oid: oid.int4, typmod: -1 }, descending: false, nullsFirst: false },
  ],
});
/** (a, b, v): primary key (a, b), an index on (v desc, b). */
const table = tableDescriptor(
  20000,
  [
    columnDescriptor(1, 'a', oid.int4, { notNull: true }),
    columnDescriptor(2, 'b', oid.int4, { notNull: true }),
    columnDescriptor(3, 'v', oid.int4),
    columnDescriptor(4, 'w', oid.text),
  ],
  { primaryKey: { indexOid: 20001, constraintOid: 20001, name: 't_pkey', attributeNumbers: [1, 2] }, indexes: [index] },
);

const rows: Datum[][] = [];
for (let a = 0; a < 4; a++)
  for (let b = 0; b < 4; b++) rows.push([a, b, (a * 7 + b * 3) % 5 === 4 ? null : (a * 7 + b * 3) % 5, `w${a}${b}`]);

function filled(): InMemoryRun {
  const storage = new InMemoryStorage();
  const run = new InMemoryRun(storage);
  // The last rows are the transaction's own writes, and one stored row it has deleted.
  rows.forEach((row, at) => {
    const key = layoutOf(table).rowKey(row, run.context.random);
    const entry = indexLayoutOf(table, index).entry([row[2], row[1]], row, key);
    if (at < 12) {
      storage.rows.set(key, layoutOf(table).encode(row));
      storage.rows.set(entry.key, entry.value);
    } else {
      run.transaction.write(key, layoutOf(table).encode(row), 'write');
      run.transaction.write(entry.key, entry.value, entry.mode);
    }
  });
  const ghost = [9, 9, 1, 'ghost'];
  const key = layoutOf(table).rowKey(ghost, run.context.random);
  const entry = indexLayoutOf(table, index).entry([1, 9], ghost, key);
  storage.rows.set(key, layoutOf(table).encode(ghost));
  storage.rows.set(entry.key, entry.value);
  run.transaction.write(key, undefined, 'write');
  run.transaction.write(entry.key, undefined, 'blind');
  return run;
}

const scan = (access: KeyAccess, more: Partial<TableScan> = {}): TableScan => ({
  kind: 'tableScan',
  output: tableColumns(table, 1),
  estimate,
  table,
  alias: 't',
  keyColumn: undefined,
  access,
  descending: false,
  filter: undefined,
  limit: undefined,
  ...more,
});

const scanIndex = (access: KeyAccess, more: Partial<IndexScan> = {}): IndexScan => ({
  kind: 'indexScan',
  output: tableColumns(table, 1),
  estimate,
  table,
  alias: 't',
  indexOid: 20002,
  keyColumn: undefined,
  access,
  descending: false,
  isIndexOnly: false,
  filter: undefined,
  limit: undefined,
  ...more,
});

type Bound = { readonly value: number | null; readonly inclusive: boolean } | undefined;
type Alternative = { readonly equal: readonly (number | null)[]; readonly lower: Bound; readonly upper: Bound };

const bound = fc.option(fc.record({ value: fc.option(fc.integer({ min: -1, max: 4 }), { nil: null, freq: 9 }), inclusive: fc.boolean() }), {
  nil: undefined,
});
const alternative: fc.Arbitrary<Alternative> = fc.record({
  equal: fc.array(fc.option(fc.integer({ min: -1, max: 4 }), { nil: null, freq: 9 }), { maxLength: 1 }),
  lower: bound,
  upper: bound,
});

const accessOf = (alternatives: readonly Alternative[], anyOf?: Expression): KeyAccess => ({
  alternatives: alternatives.map(({ equal, lower, upper }) => ({
    equal: equal.map((value) => constant(value)),
    lower: lower === undefined ? undefined : { value: constant(lower.value), inclusive: lower.inclusive },
    upper: upper === undefined ? undefined : { value: constant(upper.value), inclusive: upper.inclusive },
  })),
  anyOf,
  conditions: undefined,
});

function satisfies(key: readonly Datum[], { equal, lower, upper }: Alternative): boolean {
  if (equal.some((value, at) => value === null || key[at] !== value)) return false;
  const next = key[equal.length];
  if (lower !== undefined) {
    if (lower.value === null || next === null) return false;
    if (lower.inclusive ? Number(next) < lower.value : Number(next) <= lower.value) return false;
  }
  if (upper !== undefined) {
    if (upper.value === null || next === null) return false;
    if (upper.inclusive ? Number(next) > upper.value : Number(next) >= upper.value) return false;
  }
  return true;
}

describe('table scan', () => {
  it('reads exactly the rows of its key access, in key order or its reverse', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(alternative, { minLength: 1, maxLength: 3 }), fc.boolean(), async (alternatives, descending) => {
        const expected = rows.filter((row) => alternatives.some((item) => satisfies(row, item)));
        if (descending) expected.reverse();
        expect(await runPlan(scan(accessOf(alternatives), { descending }), filled())).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  it('looks whole keys up, and filters them', async () => {
    const run = filled();
    const access = accessOf([
      { equal: [2, 1], lower: undefined, upper: undefined },
      { equal: [0, 3], lower: undefined, upper: undefined },
      { equal: [9, 9], lower: undefined, upper: undefined },
      { equal: [3, 3], lower: undefined, upper: undefined },
    ]);
    const plan = scan(access, { filter: op(column(1), '>', constant(1)), output: [out(4, oid.text, 4), out(1, oid.int4, 1)] });
    expect(await runPlan(plan, run)).toEqual([
      ['w21', 2],
      ['w33', 3],
    ]);
    expect(run.storage.scans).toBe(0);
  });

  it('takes each element of = ANY once', async () => {
    const anyOf = constant(new ArrayValue(oid.int4, [3, null, 1, 3, 77]), oid.int4Array);
    const expected = rows.filter((row) => row[0] === 1 || row[0] === 3);
    expect(await runPlan(scan(accessOf([], anyOf)), filled())).toEqual(expected);
    const second = accessOf([{ equal: [2], lower: undefined, upper: undefined }], anyOf);
    expect(await runPlan(scan(second), filled())).toEqual(rows.filter((row) => row[0] === 2 && (row[1] === 1 || row[1] === 3)));
  });

  it('compares integers of another width as they are', async () => {
    const wide = (value: number): Expression => constant(value, oid.int8);
    const none: KeyAccess = {
      alternatives: [{ equal: [wide(5_000_000_000)], lower: undefined, upper: undefined }],
      anyOf: undefined,
      conditions: undefined,
    };
    expect(await runPlan(scan(none), filled())).toEqual([]);
    const all: KeyAccess = {
      alternatives: [
        { equal: [], lower: { value: wide(-5_000_000_000), inclusive: true }, upper: { value: wide(5_000_000_000), inclusive: true } },
      ],
      anyOf: undefined,
      conditions: undefined,
    };
    expect(await runPlan(scan(all), filled())).toHaveLength(16);
    const beyond: KeyAccess = {
      alternatives: [{ equal: [], lower: { value: wide(5_000_000_000), inclusive: true }, upper: undefined }],
      anyOf: undefined,
      conditions: undefined,
    };
    expect(await runPlan(scan(beyond), filled())).toEqual([]);
  });

  it('gives the key of each row, and stops at the limit', async () => {
    const run = filled();
    const plan = scan(undefined, { output: [out(9, oid.bytea), out(1, oid.int4, 1)], keyColumn: 9, limit: 2 });
    const keys = rows.slice(0, 2).map((row) => layoutOf(table).rowKey(row, run.context.random));
    expect(await runPlan(plan, run)).toEqual([
      [keys[0], 0],
      [keys[1], 0],
    ]);
  });
});

describe('index scan', () => {
  const inIndexOrder = [...rows].sort((a, b) =>
    rowComparator([
      { typeOid: oid.int4, descending: true, nullsFirst: true },
      { typeOid: oid.int4, descending: false, nullsFirst: false },
      { typeOid: oid.int4, descending: false, nullsFirst: false },
    ])([a[2], a[1], a[0]], [b[2], b[1], b[0]]),
  );

  it('reads exactly the rows of its key access, in index order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(alternative, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.boolean(),
        async (alternatives, descending, isIndexOnly) => {
          const expected = inIndexOrder
            .filter((row) => alternatives.some((item) => satisfies([row[2], row[1]], item)))
            .map((row) => (isIndexOnly ? [row[2], row[0], row[1]] : row));
          if (descending) expected.reverse();
          const more = isIndexOnly ? { output: [out(3, oid.int4, 3), out(1, oid.int4, 1), out(2, oid.int4, 2)] } : {};
          const run = filled();
          expect(await runPlan(scanIndex(accessOf(alternatives), { descending, isIndexOnly, ...more }), run)).toEqual(expected);
          if (isIndexOnly) expect(run.storage.gets).toBe(0);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('filters on entries where they hold what the filter reads, on rows otherwise', async () => {
    const onEntries = filled();
    const filter = op(column(2), '=', constant(1));
    expect(await runPlan(scanIndex(undefined, { filter }), onEntries)).toEqual(inIndexOrder.filter((row) => row[1] === 1));
    expect(onEntries.storage.gets).toBeLessThanOrEqual(4);
    const onRows = scanIndex(undefined, { filter: op(column(4, oid.text), '=', constant('w21', oid.text)), limit: 1 });
    expect(await runPlan(onRows, filled())).toEqual([[2, 1, 2, 'w21']]);
  });

  it('gives row keys', async () => {
    const run = filled();
    const plan = scanIndex(undefined, { output: [out(9, oid.bytea), out(3, oid.int4, 3)], keyColumn: 9, isIndexOnly: true, limit: 1 });
    const first = inIndexOrder[0];
    expect(await runPlan(plan, run)).toEqual([[layoutOf(table).rowKey(first, run.context.random), first[2]]]);
  });
});
