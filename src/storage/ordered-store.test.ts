import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { LmdbStore, openLmdbStore } from './lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';
import { describeOrderedStore, textAt } from './ordered-store-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'borealis-store-'));
afterAll(() => rmSync(root, { recursive: true }));

let directories = 0;
const pathOf = new Map<object, string>();
const openLmdb = (path: string) => {
  const store = new LmdbStore(path);
  pathOf.set(store, path);
  return store;
};

describeOrderedStore(
  'lmdb store',
  () => openLmdb(join(root, `store-${++directories}`)),
  async (store) => {
    await store.close();
    return openLmdb(pathOf.get(store) ?? '');
  },
);

describeOrderedStore(
  'memory store',
  () => new MemoryStore(),
  async (store) => {
    await store.close();
    return store;
  },
);

it('memory store: a crash takes back what is not durable, in order', async () => {
  const devices: (() => void)[] = [];
  const store = new MemoryStore(() => new Promise((resolve) => devices.push(resolve)));
  const put = (key: string, value: string | undefined) =>
    store.write({ keys: [key, 'last'], values: [value === undefined ? undefined : Buffer.from(value), Buffer.from(key)] });
  const first = put('a', 'one');
  put('b', 'two');
  put('a', undefined);
  expect(textAt(store, 'a')).toBeUndefined();
  devices[0]();
  await first.durable;
  const left = store.afterCrash();
  expect(textAt(left, 'a')).toBe('one');
  expect(textAt(left, 'b')).toBeUndefined();
  expect(textAt(left, 'last')).toBe('a');
});

it('lmdb store: what ended the process while it was opened is removed at the next start', async () => {
  const world = realWorld({ log: silentLog });
  const directory = join(root, 'damaged');
  const first = await openLmdbStore(directory, world);
  await first.write({ keys: ['a'], values: [Buffer.from('one')] }).durable;
  await first.close();
  const second = await openLmdbStore(directory, world);
  expect(textAt(second, 'a')).toBe('one');
  await second.close();
  await world.disk.replace(`${directory}.opening`, Buffer.from('x'));
  const third = await openLmdbStore(directory, world);
  expect(textAt(third, 'a')).toBeUndefined();
  expect(world.disk.read(`${directory}.opening`)).toBeUndefined();
  await third.close();
});
