import fc from 'fast-check';
import { expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type Batch, datumAt, rowAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { Expression } from '#sql/expression.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { encodeRow } from '#sql/row.ts';
import { typeRef } from '#sql/type.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { MemoryStore } from './memory-store.ts';
import { defaultReplicaOptions, Replica } from './replica.ts';
import type { ScanRequest } from './storage.ts';

const world = realWorld({ log: silentLog });
const context = { parameters: [], outerValues: new Map() } as unknown as EvaluationContext;

const fieldTypes = [oid.int4, oid.int8, oid.float8, oid.text, oid.bool, oid.timestamp];
const types = fieldTypes.map(typeByOid);
const keyOf = (n: number): Key => `${spacePrefix(16384)}\x01${String.fromCharCode(n >> 8, n & 0xff)}`;

const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 5 });
const someRow = fc.tuple(
  nullable(fc.integer()),
  nullable(
    fc.oneof(
      { weight: 200, arbitrary: fc.maxSafeInteger() as fc.Arbitrary<Datum> },
      { weight: 1, arbitrary: fc.constant<Datum>(9223372036854775807n) },
    ),
  ),
  nullable(fc.double()),
  nullable(fc.string({ maxLength: 5 })),
  nullable(fc.boolean()),
  nullable(fc.oneof({ weight: 20, arbitrary: fc.maxSafeInteger() }, { weight: 1, arbitrary: fc.constantFrom(Infinity, -Infinity) })),
);

async function replicaOf(rows: readonly (readonly Datum[])[]): Promise<Replica> {
  const replica = await Replica.open(new MemoryStore(), world, {
    ...defaultReplicaOptions,
    journalId: 'journal',
    onFailure: (error) => {
      throw error;
    },
  });
  const writes = rows.map((row, n) => ({ key: keyOf(n), value: encodeRow(types, row), mode: 'write' as const }));
  const record = { transactionId: 'x', timestamp: 5, snapshot: 0, marks: [], writes };
  replica.apply({ position: 1, hash: Buffer.alloc(32), entry: { kind: 'commits', epoch: 1, records: [record] } });
  return replica;
}

const request = (more: Partial<ScanRequest>): ScanRequest => ({
  snapshot: 5,
  ranges: [{ start: keyOf(0), end: keyOf(0xffff) }],
  descending: false,
  fieldTypes,
  columns: [0, 1, 2, 3, 4, 5, 'key'],
  missing: [],
  filter: undefined,
  limit: undefined,
  overlay: undefined,
  ...more,
});

const batchesOf = (replica: Replica, more: Partial<ScanRequest>): Batch[] =>
  [...replica.scan(request(more), context, { newest: 0 })].filter((item): item is Batch => !(item instanceof Promise));
const rowsOf = (batches: readonly Batch[]): Datum[][] =>
  batches.flatMap((batch) => Array.from({ length: batch.rowCount }, (_, row) => rowAt(batch, row)));

it('gives back every value, in batches of few rows and of many, whatever array a column comes in', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someRow, { maxLength: 90, size: 'max' }), fc.integer({ min: 1, max: 100 }), async (rows, limit) => {
      const replica = await replicaOf(rows);
      const expected = rows.map((row, n) => [...row, keyOf(n)]);
      expect(rowsOf(batchesOf(replica, {}))).toEqual(expected);
      expect(rowsOf(batchesOf(replica, { limit }))).toEqual(expected.slice(0, limit));
      await replica.flush();
      expect(rowsOf(batchesOf(replica, { descending: true }))).toEqual(expected.reverse());
    }),
    { numRuns: 50 },
  );
});

it('does not change a batch that was handed out', async () => {
  const replica = await replicaOf(Array.from({ length: 3000 }, (_, n) => [n, n * 2, n / 2, `${n}`, n % 2 === 0, n]));
  const batches = batchesOf(replica, {});
  expect(batches.map((batch) => batch.rowCount)).toEqual([1024, 1024, 952]);
  expect(batches.flatMap((batch) => [0, 7].map((row) => datumAt(batch.columns[1], row)))).toEqual([0, 14, 2048, 2062, 4096, 4110]);
  expect(rowsOf(batches).map(([n]) => n)).toEqual(Array.from({ length: 3000 }, (_, n) => n));
});

it('counts rows without looking at their values', async () => {
  const replica = await replicaOf(Array.from({ length: 1500 }, (_, n) => [n, null, null, null, null, null]));
  const batches = batchesOf(replica, { columns: [] });
  expect(batches.map(({ rowCount, columns }) => [rowCount, columns.length])).toEqual([
    [1024, 0],
    [476, 0],
  ]);
});

it('filters beside the data, and counts the limit behind the filter', async () => {
  const replica = await replicaOf(Array.from({ length: 2500 }, (_, n) => [n, null, null, null, n % 3 === 0, null]));
  const filter: Expression = { kind: 'column', id: 1, type: typeRef(oid.bool), name: 'flag' };
  const expected = Array.from({ length: 2500 }, (_, n) => n).filter((n) => n % 3 === 0);
  const found = (more: Partial<ScanRequest>) => rowsOf(batchesOf(replica, { columns: [0, 4], filter, ...more })).map(([n]) => n);
  expect(found({})).toEqual(expected);
  expect(found({ limit: 400 })).toEqual(expected.slice(0, 400));
  expect(found({ limit: 1, descending: true })).toEqual([2499]);
  expect(found({ limit: 0 })).toEqual([]);
});

it('takes ranges in order, and from the last to the first when descending', async () => {
  const replica = await replicaOf(Array.from({ length: 50 }, (_, n) => [n, null, null, null, null, null]));
  const ranges = [
    { start: keyOf(3), end: keyOf(5) },
    { start: keyOf(9), end: keyOf(9) },
    { start: keyOf(20), end: keyOf(22) },
  ];
  const found = (more: Partial<ScanRequest>) => rowsOf(batchesOf(replica, { columns: [0], ranges, ...more })).map(([n]) => n);
  expect(found({})).toEqual([3, 4, 20, 21]);
  expect(found({ descending: true })).toEqual([21, 20, 4, 3]);
  expect(found({ descending: true, limit: 3 })).toEqual([21, 20, 4]);
});

it('lets others run while it goes on', async () => {
  const replica = await replicaOf(Array.from({ length: 30_000 }, (_, n) => [n, n, n, `row ${n}`, true, n]));
  let waits = 0;
  let others = 0;
  setImmediate(() => others++);
  for (const item of replica.scan(request({}), context, { newest: 0 })) {
    if (!(item instanceof Promise)) continue;
    waits++;
    await item;
  }
  expect(waits).toBeGreaterThan(0);
  expect(others).toBe(1);
});
