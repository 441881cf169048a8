import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { InvariantError } from '#base/assert.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import type { PlacedEntry } from '#journal/journal.ts';
import { type Batch, rowAt } from '#sql/batch.ts';
import type { Datum } from '#sql/datum.ts';
import type { EvaluationContext } from '#sql/function.ts';
import type { Key, KeyRange } from '#sql/key.ts';
import { spacePrefix } from '#sql/key.ts';
import { oid } from '#sql/oids.ts';
import { encodeRow } from '#sql/row.ts';
import { catalogSpace } from '#sql/spaces.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { LmdbStore } from './lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { OrderedStore } from './ordered-store.ts';
import { defaultReplicaOptions, Replica, type ReplicaOptions } from './replica.ts';
import type { Overlay, ScanRequest } from './storage.ts';

const root = mkdtempSync(join(tmpdir(), 'borealis-replica-'));
afterAll(() => rmSync(root, { recursive: true }));

const world = realWorld({ log: silentLog });
const context = {} as EvaluationContext;
const fieldTypes = [oid.int4, oid.text];
const types = fieldTypes.map(typeByOid);
const rowOf = (n: number) => encodeRow(types, [n, n % 7 === 0 ? null : `row ${n}`]);
const datumsOf = (n: number): Datum[] => [n, n % 7 === 0 ? null : `row ${n}`];

const keyOf = (n: number): Key =>
  n % 10 === 9
    ? spacePrefix(catalogSpace) + spacePrefix(n)
    : `${spacePrefix(16384 + (n % 3))}\x01${String.fromCharCode((n * 37) & 0xff, n & 0xff)}`;
const everything: KeyRange = { start: spacePrefix(1), end: '\xff\xff\xff\xff' };

const options = (more: Partial<ReplicaOptions> = {}): ReplicaOptions => ({
  ...defaultReplicaOptions,
  journalId: 'journal',
  historyMs: 1000,
  flushDelayMs: 1,
  batchVersions: 7,
  fewestInRun: 2,
  onFailure: (error) => {
    throw error;
  },
  ...more,
});

type Write = { readonly key: Key; readonly n: number | undefined };

/** The naive model: every version of every key, and the journal itself. */
class Model {
  readonly versions = new Map<Key, { timestamp: number; n: number | undefined }[]>();
  readonly journal: PlacedEntry[] = [];
  readonly timestamps: number[] = [];
  timestamp = 1_000_000;

  commits(commits: readonly { readonly gap: number; readonly writes: readonly Write[] }[]): PlacedEntry {
    const records = commits.map(({ gap, writes }) => {
      this.timestamp += gap;
      this.timestamps.push(this.timestamp);
      const once = [...new Map(writes.map((write) => [write.key, write])).values()];
      // Large commits in key order are kept in another way.
      if (this.timestamp % 2 === 0) once.sort((a, b) => (a.key < b.key ? -1 : 1));
      for (const { key, n } of once) {
        const versions = this.versions.get(key) ?? [];
        versions.push({ timestamp: this.timestamp, n });
        this.versions.set(key, versions);
      }
      return {
        transactionId: 'x',
        timestamp: this.timestamp,
        snapshot: 0,
        marks: [],
        writes: once.map(({ key, n }) => ({ key, value: n === undefined ? undefined : rowOf(n), mode: 'write' as const })),
      };
    });
    return this.#append({ kind: 'commits', epoch: 1, records });
  }

  claim(gap: number): PlacedEntry {
    this.timestamp += gap;
    return this.#append({ kind: 'claim', epoch: 1, floor: this.timestamp, claimant: '' });
  }

  at(key: Key, snapshot: number): number | undefined {
    return this.versions.get(key)?.findLast(({ timestamp }) => timestamp <= snapshot)?.n;
  }

  /** The newest timestamp among the keys' versions, and the newest that collection cannot have taken away. */
  newest(keys: readonly Key[], horizon: number): { atLeast: number; atMost: number } {
    let atLeast = 0;
    let atMost = 0;
    for (const key of keys) {
      const newest = this.versions.get(key)?.at(-1);
      if (newest === undefined) continue;
      atMost = Math.max(atMost, newest.timestamp);
      if (newest.n !== undefined || newest.timestamp > horizon) atLeast = Math.max(atLeast, newest.timestamp);
    }
    return { atLeast, atMost };
  }

  #append(entry: PlacedEntry['entry']): PlacedEntry {
    const placed = { position: this.journal.length + 1, entry, hash: Buffer.from(`hash ${this.journal.length + 1}`) };
    this.journal.push(placed);
    return placed;
  }
}

const someWrite = fc.record({ key: fc.nat(14).map(keyOf), n: fc.option(fc.nat(1000), { nil: undefined, freq: 3 }) });
const someCommit = fc.record({ gap: fc.nat(50).map((n) => 1 + n * 2000), writes: fc.array(someWrite, { maxLength: 8 }) });
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('commits' as const), commits: fc.array(someCommit, { minLength: 1, maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), gap: fc.integer({ min: 1, max: 3_000_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('get' as const),
      back: fc.double({ min: 0, max: 1, noNaN: true }),
      keys: fc.array(fc.nat(16).map(keyOf), { minLength: 3, maxLength: 10 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('scan' as const),
      back: fc.double({ min: 0, max: 1, noNaN: true }),
      bounds: fc.array(fc.nat(16).map(keyOf), { minLength: 2, maxLength: 4 }),
      isWhole: fc.boolean(),
      descending: fc.boolean(),
      limit: fc.option(fc.nat(12), { nil: undefined }),
      own: fc.option(fc.array(someWrite, { maxLength: 10 }), { nil: undefined }),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** A store under test, and what a process crash and a machine crash leave of it. */
type Bed = { open(): OrderedStore; afterCrash(): OrderedStore };

async function check(bed: Bed, commands: readonly Command[]): Promise<void> {
  const model = new Model();
  const short = options({ historyMs: 300 });
  let replica = await Replica.open(bed.open(), world, short);
  const resume = async (store: OrderedStore, atLeast: number) => {
    replica = await Replica.open(store, world, short);
    expect(replica.position).toBeGreaterThanOrEqual(atLeast);
    if (replica.position > 0) expect(Buffer.from(replica.hash)).toEqual(model.journal[replica.position - 1].hash);
    for (const placed of model.journal.slice(replica.position)) replica.apply(placed);
    checkAll(replica, model);
  };
  for (const command of commands) {
    switch (command.kind) {
      case 'commits':
        replica.apply(model.commits(command.commits));
        break;
      case 'claim':
        replica.apply(model.claim(command.gap));
        break;
      case 'flush':
        await replica.flush();
        expect(replica.flushedPosition).toBe(model.journal.length);
        checkAll(replica, model);
        break;
      case 'collect':
        await replica.collect();
        checkAll(replica, model);
        break;
      case 'pause':
        await world.timers.sleep(2);
        break;
      case 'reopen':
        await replica.close();
        await resume(bed.open(), model.journal.length);
        break;
      case 'crash': {
        const durable = replica.flushedPosition;
        await resume(bed.afterCrash(), durable);
        break;
      }
      case 'get':
        checkGet(replica, model, command.back, command.keys);
        break;
      case 'scan':
        checkScan(replica, model, command);
        break;
    }
  }
  expect(replica.appliedTimestamp).toBe(model.journal.length === 0 ? 0 : model.timestamp);
  await replica.close();
}

/** At a commit or just before one, mostly of those that are kept, sometimes an older one. */
function snapshotOf(replica: Replica, model: Model, back: number): number {
  const all = model.timestamps.filter((timestamp) => timestamp <= replica.appliedTimestamp);
  const kept = all.filter((timestamp) => timestamp >= replica.horizon);
  const from = back < 0.1 ? all : kept;
  if (from.length === 0) return replica.appliedTimestamp;
  const at = from[Math.floor(back * 0.999 * from.length)];
  return Math.round(back * 1e6) % 3 === 0 ? Math.max(at - 1, 0) : at;
}

/** Every key as of every commit that can be read. */
function checkAll(replica: Replica, model: Model): void {
  const keys = Array.from({ length: 15 }, (_, n) => keyOf(n));
  for (const timestamp of model.timestamps) {
    if (timestamp < replica.horizon) continue;
    const values = replica.get(timestamp, keys, { newest: 0 });
    for (let i = 0; i < keys.length; i++) {
      const n = model.at(keys[i], timestamp);
      expect(values[i]?.toString('latin1')).toBe(n === undefined ? undefined : rowOf(n).toString('latin1'));
    }
  }
}

const refused = expect.objectContaining({ sqlstate: '40001' });

function checkGet(replica: Replica, model: Model, back: number, keys: readonly Key[]): void {
  const snapshot = snapshotOf(replica, model, back);
  const observed = { newest: 0 };
  if (snapshot < replica.horizon) {
    expect(() => replica.get(snapshot, keys, observed)).toThrow(refused);
    return;
  }
  const expected = keys.map((key) => model.at(key, snapshot)).map((n) => (n === undefined ? undefined : rowOf(n)));
  expect(replica.get(snapshot, keys, observed)).toEqual(expected);
  expectObserved(observed.newest, model.newest(keys, replica.horizon));
}

function checkScan(replica: Replica, model: Model, command: Extract<Command, { kind: 'scan' }>): void {
  const { back, bounds, isWhole, descending, limit, own } = command;
  const snapshot = snapshotOf(replica, model, back);
  const sorted = [...bounds].sort();
  const ranges = isWhole ? [everything] : [{ start: sorted[0], end: sorted[1] }];
  if (!isWhole && sorted.length === 4) ranges.push({ start: sorted[2], end: sorted[3] });
  const observed = { newest: 0 };
  const request: ScanRequest = {
    snapshot,
    ranges,
    descending,
    fieldTypes: [...fieldTypes, oid.text],
    columns: [1, 'key', 0, 2],
    missing: [undefined, undefined, 'later'],
    filter: undefined,
    limit,
    overlay: own === undefined ? undefined : overlayOf(own),
  };
  const batches = () => [...replica.scan(request, context, observed)].filter((item): item is Batch => !(item instanceof Promise));
  if (snapshot < replica.horizon) {
    expect(batches).toThrow(refused);
    return;
  }
  const owned = new Map((own ?? []).map(({ key, n }) => [key, n]));
  const keys = [...new Set([...model.versions.keys(), ...owned.keys()])]
    .filter((key) => ranges.some(({ start, end }) => key >= start && key < end))
    .sort();
  const rows = (descending ? keys.toReversed() : keys).flatMap((key) => {
    const n = owned.has(key) ? owned.get(key) : model.at(key, snapshot);
    return n === undefined ? [] : [[datumsOf(n)[1], key, datumsOf(n)[0], 'later']];
  });
  const found = batches().flatMap((batch) => Array.from({ length: batch.rowCount }, (_, row) => rowAt(batch, row)));
  expect(found).toEqual(limit === undefined ? rows : rows.slice(0, limit));
  if (limit === undefined) expectObserved(observed.newest, model.newest(keys, replica.horizon));
  if (own === undefined && limit === undefined && ranges.length === 1) {
    const raw = replica.scanKeys(snapshot, ranges[0], 1000).map(({ key, value }) => [key, Buffer.from(value).toString('latin1')]);
    const expected = keys.flatMap((key) => {
      const n = model.at(key, snapshot);
      return n === undefined ? [] : [[key, rowOf(n).toString('latin1')]];
    });
    expect(raw).toEqual(expected);
  }
}

function expectObserved(newest: number, { atLeast, atMost }: { atLeast: number; atMost: number }): void {
  expect(newest).toBeGreaterThanOrEqual(atLeast);
  expect(newest).toBeLessThanOrEqual(atMost);
}

function overlayOf(writes: readonly Write[]): Overlay {
  const entries = new Map(writes.map(({ key, n }) => [key, { key, value: n === undefined ? undefined : rowOf(n) }]));
  return {
    get: (key) => entries.get(key),
    entries: ({ start, end }, descending) => {
      const found = [...entries.values()].filter(({ key }) => key >= start && key < end).sort((a, b) => (a.key < b.key ? -1 : 1));
      return descending ? found.reverse() : found;
    },
  };
}

describe('any run of commits, reads, flushes, collections, restarts and crashes reads like a list of all versions', () => {
  it('over memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 120 }), async (commands) => {
        let store = new MemoryStore(() => world.timers.sleep(1));
        const bed: Bed = {
          open: () => store,
          afterCrash: () => {
            // The old replica may still be flushing into the store it had: the crashed machine's, not this one.
            store = store.afterCrash();
            return store;
          },
        };
        await check(bed, commands);
      }),
      { numRuns: 150 },
    );
  });

  it('over LMDB', async () => {
    let directories = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          command.filter(({ kind }) => kind !== 'crash'),
          { minLength: 10, maxLength: 120 },
        ),
        async (commands) => {
          const directory = join(root, `${++directories}`);
          const open = () => new LmdbStore(directory);
          await check({ open, afterCrash: open }, commands);
          rmSync(directory, { recursive: true });
        },
      ),
      { numRuns: 30 },
    );
  });
});

it('goes on with a scan behind the last key while rows change, are flushed and collected between its batches', async () => {
  for (const descending of [false, true]) {
    const model = new Model();
    const replica = await Replica.open(new MemoryStore(() => world.timers.sleep(1)), world, options({ batchVersions: 500 }));
    const wide = (n: number): Key => `${spacePrefix(16384)}\x01${String.fromCharCode(n >> 8, n & 0xff)}`;
    replica.apply(model.commits([{ gap: 1000, writes: Array.from({ length: 5000 }, (_, n) => ({ key: wide(n), n })) }]));
    const snapshot = replica.appliedTimestamp;
    const expected = Array.from({ length: 5000 }, (_, n) => wide(n));
    const keys: Datum[] = [];
    let round = 0;
    const request: ScanRequest = {
      snapshot,
      ranges: [everything],
      descending,
      fieldTypes,
      columns: ['key'],
      missing: [],
      filter: undefined,
      limit: undefined,
      overlay: undefined,
    };
    for (const item of replica.scan(request, context, { newest: 0 })) {
      if (item instanceof Promise) {
        await item;
        continue;
      }
      for (let row = 0; row < item.rowCount; row++) keys.push(rowAt(item, row)[0]);
      const writes = Array.from({ length: 700 }, (_, i) => ({ key: wide((i * 31 + round * 7) % 6000), n: i % 3 === 0 ? undefined : i }));
      replica.apply(model.commits([{ gap: 100_000, writes }]));
      round++;
      if (round % 2 === 0) await replica.flush();
      if (round === 3) await replica.collect();
    }
    expect(round).toBeGreaterThan(4);
    expect(keys).toEqual(descending ? expected.reverse() : expected);
    await replica.close();
  }
});

it('has everything in the store once flush resolves, also when the flusher was under way with pauses', async () => {
  const model = new Model();
  const replica = await Replica.open(
    new MemoryStore(() => world.timers.sleep(1)),
    world,
    options({ batchVersions: 20_000, batchBytes: 1e9, flushDelayMs: 0 }),
  );
  const wide = (n: number): Key => `${spacePrefix(16384)}\x01${String.fromCharCode(n >> 8, n & 0xff)}`;
  for (let round = 0; round < 2; round++) {
    replica.apply(model.commits([{ gap: 1, writes: Array.from({ length: 25_000 }, (_, n) => ({ key: wide(n), n: 1 })) }]));
    await replica.flush();
    expect(replica.flushedPosition).toBe(round + 1);
    expect(replica.recentBytes).toBe(0);
  }
  await replica.close();
});

it('flushes a full batch when nothing more comes, and what is less when its time has come', async () => {
  const { timers } = world;
  const replica = await Replica.open(new MemoryStore(), world, options({ flushDelayMs: 3_600_000, batchVersions: 4, quietMs: 2 }));
  const model = new Model();
  const apply = (count: number): void =>
    replica.apply(model.commits([{ gap: 1, writes: Array.from({ length: count }, (_, n) => ({ key: keyOf(n), n })) }]));
  apply(3);
  await timers.sleep(30);
  expect(replica.flushedPosition).toBe(0);
  apply(3);
  for (let turn = 0; turn < 500 && replica.flushedPosition < 2; turn++) await timers.sleep(2);
  expect(replica.flushedPosition).toBe(2);
  await replica.close();
  const soon = await Replica.open(new MemoryStore(), world, options({ flushDelayMs: 2 }));
  soon.apply(new Model().commits([{ gap: 1, writes: [{ key: keyOf(1), n: 1 }] }]));
  for (let turn = 0; turn < 500 && soon.flushedPosition < 1; turn++) await timers.sleep(2);
  expect(soon.flushedPosition).toBe(1);
  await soon.close();
});

it('refuses a read above what is applied', async () => {
  const replica = await Replica.open(new MemoryStore(), world, options());
  expect(() => replica.get(5, ['x'], { newest: 0 })).toThrow(InvariantError);
  await replica.close();
});

it('does not take back the horizon of a transaction that began after an idle hour', async () => {
  const model = new Model();
  const replica = await Replica.open(new MemoryStore(), world, options());
  const key = keyOf(1);
  replica.apply(model.commits([{ gap: 1, writes: [{ key, n: 1 }] }]));
  const snapshot = replica.appliedTimestamp;
  replica.apply(model.commits([{ gap: 3_600_000_000, writes: [{ key, n: 2 }] }]));
  replica.apply(model.commits([{ gap: 900_000, writes: [] }]));
  await replica.collect();
  expect(replica.get(snapshot, [key], { newest: 0 })).toEqual([rowOf(1)]);
  replica.apply(model.commits([{ gap: 200_000, writes: [] }]));
  await replica.collect();
  expect(() => replica.get(snapshot, [key], { newest: 0 })).toThrow(refused);
  expect(replica.get(replica.appliedTimestamp, [key], { newest: 0 })).toEqual([rowOf(2)]);
  await replica.close();
});

it('keeps as much history as it is asked to, and no more, also where it is opened anew again and again', async () => {
  const model = new Model();
  const second = 1_000_000;
  const folder = mkdtempSync(join(root, 'history-'));
  const key = keyOf(1);
  for (let round = 0; round < 12; round++) {
    const replica = await Replica.open(new LmdbStore(folder), world, options());
    replica.retainHistory(60_000);
    for (let n = 0; n < 10; n++) replica.apply(model.commits([{ gap: second, writes: [{ key, n: round * 10 + n }] }]));
    await replica.collect();
    const { appliedTimestamp, horizon } = replica;
    expect(replica.get(Math.max(appliedTimestamp - 59 * second, model.timestamps[0]), [key], { newest: 0 })).toEqual([
      rowOf(Math.max(round * 10 + 9 - 59, 0)),
    ]);
    expect(appliedTimestamp - horizon).toBeLessThanOrEqual(Math.max(62 * second, appliedTimestamp));
    if (round >= 7) expect(appliedTimestamp - horizon).toBeLessThanOrEqual(62 * second);
    await replica.close();
  }
});

it('leaves one entry a live key, and nothing of deleted ones, once all is collected', async () => {
  const model = new Model();
  const store = new MemoryStore();
  const replica = await Replica.open(store, world, options());
  for (let round = 0; round < 30; round++) {
    const writes = Array.from({ length: 40 }, (_, n) => ({ key: keyOf(n), n: n < 20 && round === 29 ? undefined : round }));
    replica.apply(model.commits([{ gap: 30_000, writes }]));
    if (round % 3 === 0) await replica.flush();
  }
  replica.apply(
    model.commits([
      { gap: 2_000_000, writes: [] },
      { gap: 2_000_000, writes: [] },
    ]),
  );
  await replica.collect();
  let entries = 0;
  const cursor = store.cursor('\0', '\xff\xff\xff\xff', false);
  while (cursor.next()) entries++;
  // The rows, the counts of four spaces, and the header.
  expect(entries).toBe(20 + 4 + 1);
  await replica.close();
});

it('wipes a store of another journal, and one that it cannot read', async () => {
  const model = new Model();
  const store = new MemoryStore();
  const first = await Replica.open(store, world, options());
  first.apply(model.commits([{ gap: 1, writes: [{ key: keyOf(1), n: 1 }] }]));
  await first.close();
  const other = await Replica.open(store, world, options({ journalId: 'another' }));
  expect(other.position).toBe(0);
  expect(store.get(keyOf(1))).toBe(-1);
  store.write({ keys: [keyOf(1)], values: [Buffer.alloc(20)] });
  const again = await Replica.open(store, world, options());
  expect(again.position).toBe(0);
  expect(store.get(keyOf(1))).toBe(-1);
});

it('says when it is full, and has room again after a flush', async () => {
  const model = new Model();
  const replica = await Replica.open(new MemoryStore(), world, options({ recentBytes: 20_000 }));
  expect(replica.untilRoom()).toBeUndefined();
  for (let i = 0; i < 10; i++)
    replica.apply(model.commits([{ gap: 1, writes: Array.from({ length: 50 }, (_, n) => ({ key: keyOf(n), n })) }]));
  expect(replica.isFull).toBe(true);
  while (replica.isFull) await replica.untilRoom();
  expect(replica.isFull).toBe(false);
  await replica.close();
});

it('knows the newest change of the catalog, also after it was opened again', async () => {
  const model = new Model();
  const store = new MemoryStore();
  const replica = await Replica.open(store, world, options());
  replica.apply(model.commits([{ gap: 5, writes: [{ key: keyOf(9), n: 1 }] }]));
  const changed = replica.appliedTimestamp;
  replica.apply(model.commits([{ gap: 5, writes: [{ key: keyOf(1), n: 1 }] }]));
  expect(replica.catalogTimestamp).toBe(changed);
  const waits = replica.untilApplied(model.timestamp + 10);
  expect(replica.untilApplied(model.timestamp)).toBeUndefined();
  replica.apply(model.claim(10));
  await waits;
  await replica.close();
  expect((await Replica.open(store, world, options())).catalogTimestamp).toBe(changed);
});
