import { expect, it } from 'vitest';
import { spacePrefix } from '#sql/key.ts';
import { MemoryStore } from './memory-store.ts';
import { RowCounts, toldAfter } from './row-counts.ts';
import { encodeRowCount } from './store-layout.ts';

const change = (count: number) => new Map([[spacePrefix(20_000), { rows: count, versions: Math.abs(count) }]]);

it('tells powers of two, and seldom another one', () => {
  const counts = new RowCounts(new MemoryStore());
  const seen: [number, number][] = [];
  for (const step of [1000, 24, 1, 976, 47, 1, 1, -1, 1, -1500, 30, -100, 100_000, -100_000, -500]) {
    counts.add(change(step));
    seen.push([counts.told(20_000), counts.version]);
  }
  expect(seen).toEqual([
    [1024, 0],
    [1024, 0],
    [2048, 1],
    [2048, 1],
    [2048, 1],
    [4096, 2],
    [4096, 2],
    [4096, 2],
    [4096, 2],
    [1024, 3],
    [1024, 3],
    [1024, 3],
    [131_072, 4],
    [1024, 5],
    [1024, 5],
  ]);
  expect(counts.told(20_001)).toBe(1024);
});

it('goes on from what the store holds', () => {
  const store = new MemoryStore();
  const before = new RowCounts(store);
  for (const { key, count } of before.entries(change(5_000_000_000)))
    store.write({ keys: [key], values: [count === undefined ? undefined : encodeRowCount(count)] });
  const after = new RowCounts(store);
  expect(after.exact(20_000)).toBe(5_000_000_000);
  expect(after.versions(20_000)).toBe(5_000_000_000);
  expect(after.told(20_000)).toBe(2 ** 33);
  expect([...after.entries(change(-5_000_000_000))].map(({ count }) => count)).toEqual([undefined]);
});

it('foresees what it will tell', () => {
  const counts = new RowCounts(new MemoryStore());
  let count = 0;
  for (const step of [500, 525, 3000, -3900, 70_000, -60_000, 1, -10_000]) {
    const foreseen = toldAfter(counts.told(20_000), (count += step));
    counts.add(change(step));
    expect(counts.told(20_000)).toBe(foreseen);
  }
});
