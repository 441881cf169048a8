import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvariantError } from '#base/assert.ts';
import { SortedMap } from './sorted-map.ts';

const keyOf = (n: number) => String.fromCharCode(n >> 8, n & 0xff);

it('is a sorted list under random inserts, deletes, sweeps and ranges', () => {
  const operation = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('set' as const), n: fc.nat(3000) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), n: fc.nat(3000) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('fill' as const), n: fc.nat(2000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const), n: fc.integer({ min: 2, max: 5 }) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 30 }), fc.nat(3000), fc.nat(3000), (operations, a, b) => {
      const map = new SortedMap<number>();
      const model = new Map<string, number>();
      const set = (n: number) => {
        map.set(keyOf(n), n);
        model.set(keyOf(n), n);
      };
      for (const { kind, n } of operations) {
        if (kind === 'set') set(n);
        else if (kind === 'fill') for (let i = 0; i < 700; i++) set(n + ((i * 7) % 700));
        else if (kind === 'delete') expect(map.delete(keyOf(n))).toBe(model.delete(keyOf(n)));
        else {
          map.retain((value) => value % n !== 0);
          for (const [key, value] of model) if (value % n === 0) model.delete(key);
        }
      }
      const [start, end] = [keyOf(Math.min(a, b)), keyOf(Math.max(a, b))];
      const expected = [...model.keys()].filter((key) => key >= start && key < end).sort();
      expect(walk(map, start, end, false)).toEqual(expected);
      expect(walk(map, start, end, true)).toEqual(expected.reverse());
      expect(map.size).toBe(model.size);
      for (const [key, value] of model) expect(map.get(key)).toBe(value);
      expect(map.get(keyOf(9999))).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

it('refuses to go on with a cursor after a change', () => {
  const map = new SortedMap<number>();
  for (let i = 0; i < 10; i++) map.set(keyOf(i), i);
  const cursor = map.cursor('', '\xff', false);
  expect(cursor.next()).toBe(true);
  map.set(keyOf(3), 33);
  expect(cursor.next()).toBe(true);
  map.delete(keyOf(5));
  expect(() => cursor.next()).toThrow(InvariantError);
});

function walk(map: SortedMap<number>, start: string, end: string, descending: boolean): string[] {
  const keys: string[] = [];
  const cursor = map.cursor(start, end, descending);
  while (cursor.next()) keys.push(cursor.key);
  return keys;
}
