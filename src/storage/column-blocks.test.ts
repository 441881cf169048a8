import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '#base/bytes.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type Batch, rowAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';
import { type Key, spacePrefix } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { encodeRow } from '#sql/row.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { ColumnBlocks } from './column-blocks.ts';
import { MemoryStore } from './memory-store.ts';
import { defaultReplicaOptions, Replica } from './replica.ts';
import type { Overlay } from './storage.ts';
import { StoreGaps } from './store-gaps.ts';
import { rowCountKey } from './store-layout.ts';

const world = realWorld({ log: silentLog });
const context = {} as EvaluationContext;
const space = 16384;
const fieldTypes = [oid.int4, oid.text, oid.float8];
const types = fieldTypes.map(typeByOid);
const keyOf = (n: number): Key => `${spacePrefix(space)}\x01${String.fromCharCode(n >> 8, n & 0xff)}`;
const whole = { start: spacePrefix(space), end: spacePrefix(space + 1) };
const rowOf = (n: number, value: number): Datum[] => [value, value % 5 === 0 ? null : `row ${n}`, value / 8];

/** Keys that a step writes: `count` of them from `from`, every `step`-th; value undefined deletes. */
const someWrites = fc.record({
  from: fc.nat(3500),
  count: fc.integer({ min: 1, max: 1500 }),
  step: fc.integer({ min: 1, max: 9 }),
  value: fc.option(fc.nat(1000), { nil: undefined, freq: 4 }),
});
const someScan = fc.record({
  kind: fc.constant('scan' as const),
  columns: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
  back: fc.nat(3),
  part: fc.option(fc.tuple(fc.nat(3500), fc.nat(3500)), { freq: 2 }),
  own: fc.option(fc.record({ n: fc.nat(3500), isDelete: fc.boolean() }), { freq: 3 }),
});
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('commit' as const), writes: someWrites }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
  { weight: 5, arbitrary: someScan },
);

const read = [{ kind: 'flush' as const }, { kind: 'scan' as const, columns: [0, 1, 2], back: 0, part: null, own: null }];

describe('a scan over column blocks', () => {
  it('gives the rows of its snapshot, whatever was scanned, written, flushed and collected before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 5, maxLength: 25 }),
        fc.constantFrom(64 * 1024 * 1024, 40_000, 0),
        async (commands, columnBlockBytes) => {
          const store = new MemoryStore();
          const replica = await Replica.open(store, world, {
            ...defaultReplicaOptions,
            journalId: 'journal',
            historyMs: 3,
            flushDelayMs: 100_000,
            batchVersions: 1_000_000,
            columnBlockBytes,
            onFailure: (error) => {
              throw error;
            },
          });
          const states: { readonly timestamp: number; readonly rows: ReadonlyMap<number, number> }[] = [{ timestamp: 0, rows: new Map() }];
          let timestamp = 1_000_000;
          let position = 0;
          const commit = ({ from, count, step, value }: { from: number; count: number; step: number; value: number | undefined }): void => {
            timestamp += 1000;
            const rows = new Map(states[states.length - 1].rows);
            const writes = [];
            for (let i = 0, n = from; i < count && n < 4000; i++, n += step) {
              if (value === undefined) rows.delete(n);
              else rows.set(n, value + i);
              writes.push({
                key: keyOf(n),
                value: value === undefined ? undefined : encodeRow(types, rowOf(n, value + i)),
                mode: 'write' as const,
              });
            }
            const record = { transactionId: 'x', timestamp, snapshot: 0, marks: [], writes };
            replica.apply({ position: ++position, hash: Buffer.alloc(32), entry: { kind: 'commits', epoch: 1, records: [record] } });
            states.push({ timestamp, rows });
          };
          commit({ from: 0, count: 2500, step: 1, value: 1 });
          // Blocks are there before anything else happens, and looked at when all is over.
          for (const step of [...read, ...commands, ...read]) {
            if (step.kind === 'commit') commit(step.writes);
            else if (step.kind === 'flush') {
              await replica.flush();
              const length = store.get(rowCountKey(spacePrefix(space)));
              const counted = length < 0 ? 0 : Number(new ByteReader(store.bytes, 0, length).int64());
              expect(counted).toBe(states[states.length - 1].rows.size);
            } else if (step.kind === 'collect') await replica.collect();
            else {
              const state = states[Math.max(0, states.length - 1 - step.back)];
              if (state.timestamp < replica.horizon) continue;
              const range = step.part === null ? whole : { start: keyOf(Math.min(...step.part)), end: keyOf(Math.max(...step.part)) };
              const rows = new Map([...state.rows].sort(([a], [b]) => a - b));
              let overlay: Overlay | undefined;
              if (step.own !== null) {
                const { n, isDelete } = step.own;
                if (isDelete) rows.delete(n);
                else rows.set(n, 77);
                const value = isDelete ? undefined : encodeRow(types, rowOf(n, 77));
                overlay = {
                  get: () => undefined,
                  entries: ({ start, end }) => (keyOf(n) >= start && keyOf(n) < end ? [{ key: keyOf(n), value }] : []),
                };
              }
              const expected = [...rows]
                .sort(([a], [b]) => a - b)
                .filter(([n]) => keyOf(n) >= range.start && keyOf(n) < range.end)
                .map(([n, value]) => step.columns.map((column) => rowOf(n, value)[column]));
              const observed = { newest: 0 };
              const batches = [
                ...replica.scan(
                  {
                    snapshot: state.timestamp,
                    ranges: range.start < range.end ? [range] : [],
                    descending: false,
                    fieldTypes,
                    columns: step.columns,
                    missing: [],
                    filter: undefined,
                    limit: undefined,
                    overlay,
                  },
                  context,
                  observed,
                ),
              ].filter((item): item is Batch => !(item instanceof Promise));
              const found = batches.flatMap((batch) => Array.from({ length: batch.rowCount }, (_, row) => rowAt(batch, row)));
              expect(found).toEqual(expected);
              // A whole scan has met the newest version of every row.
              if (step.part === null && state.rows.size > 0) expect(observed.newest).toBeGreaterThan(0);
              expect(replica.columnBlockBytes).toBeLessThanOrEqual(columnBlockBytes);
            }
          }
          await replica.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('column blocks', () => {
  const block = (start: string, end: string, rowCount: number, scan: number) => ({
    start,
    end,
    rowCount,
    newest: 1,
    rowBytes: 10,
    columns: [
      { field: 0, typeOid: oid.float8, missing: null, vector: { values: new Float64Array(rowCount), nulls: undefined, mask: -1 as const } },
    ],
    scan,
  });

  it('finds the block around a key, and drops it when the key changes', () => {
    const blocks = new ColumnBlocks(1_000_000);
    blocks.add(block('b', 'd', 1000, blocks.beginScan()));
    blocks.add(block('f', 'h', 1000, blocks.beginScan()));
    expect([...'abcdefgh'].map((key) => blocks.around(key)?.start)).toEqual([
      undefined,
      'b',
      'b',
      undefined,
      undefined,
      'f',
      'f',
      undefined,
    ]);
    expect(blocks.gapEnd('d', 'z')).toBe('f');
    blocks.invalidate('e');
    blocks.invalidate('g');
    expect(blocks.around('f')).toBe(undefined);
    expect(blocks.around('c')?.start).toBe('b');
    blocks.invalidate('b');
    expect(blocks.bytes).toBe(0);
  });

  it('takes small neighbours into a gap', () => {
    const blocks = new ColumnBlocks(1_000_000);
    blocks.add(block('c', 'd', 3, 1));
    blocks.add(block('d', 'e', 1000, 1));
    expect(blocks.gapEnd('b', 'z')).toBe('d');
    expect(blocks.around('c')).toBe(undefined);
  });

  it('keeps the first part of what does not fit, and lets go of it when nobody wants it any more', () => {
    const blocks = new ColumnBlocks(200_000);
    const first = blocks.beginScan();
    for (let i = 0; i < 60; i++) blocks.add(block(`a${String.fromCharCode(65 + i)}`, `a${String.fromCharCode(66 + i)}`, 1000, first));
    expect(blocks.around('aA')).not.toBe(undefined);
    expect(blocks.around(`a${String.fromCharCode(65 + 59)}`)).toBe(undefined);
    for (let i = 0; i < 20; i++) blocks.beginScan();
    const later = blocks.beginScan();
    for (let i = 0; i < 15; i++) blocks.add(block(`b${String.fromCharCode(65 + i)}`, `b${String.fromCharCode(66 + i)}`, 1000, later));
    expect(blocks.around('bA')).not.toBe(undefined);
    expect(blocks.around('aA')).toBe(undefined);
    expect(blocks.bytes).toBeLessThanOrEqual(200_000);
  });
});

describe('store gaps', () => {
  it('answer as the store does', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), fc.array(fc.nat(300)), fc.boolean(), (there, asked, isSorted) => {
        const store = new MemoryStore();
        store.write({ keys: there.map(keyOf), values: there.map((n) => Buffer.alloc(n)) });
        const gaps = new StoreGaps(store);
        const order = isSorted ? [...asked].sort((a, b) => a - b) : asked;
        for (const n of order) expect(gaps.get(keyOf(n))).toBe(there.includes(n) ? n : -1);
      }),
    );
  });
});
