/**
 * What every ordered store must do (O1 to O4), as one suite: each store's test file calls it.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Key } from '#sql/key.ts';
import type { OrderedStore, StoreCursor } from './ordered-store.ts';

/** Keys of few different bytes, so that they collide, nest and touch both ends of the byte range. */
const someKey = fc
  .array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { minLength: 1, maxLength: 5 })
  .map((bytes) => String.fromCharCode(...bytes));
const someValue = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));

export function describeOrderedStore(name: string, open: () => OrderedStore, reopen: (store: OrderedStore) => Promise<OrderedStore>): void {
  describe(name, () => {
    let store: OrderedStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(async () => {
      await store.close();
    });

    const write = async (entries: readonly (readonly [Key, Buffer | undefined])[]) => {
      const written = store.write({ keys: entries.map(([key]) => key), values: entries.map(([, value]) => value) });
      await written.visible;
      store.refresh();
      await written.durable;
    };

    it('gets what was put, and nothing else', async () => {
      await write([
        ['a', Buffer.from('one')],
        ['b', Buffer.from('two')],
      ]);
      expect(textAt(store, 'a')).toBe('one');
      expect(textAt(store, 'b')).toBe('two');
      expect(textAt(store, 'ab')).toBeUndefined();
      await write([
        ['a', undefined],
        ['b', Buffer.from('three')],
        ['never', undefined],
      ]);
      expect(textAt(store, 'a')).toBeUndefined();
      expect(textAt(store, 'b')).toBe('three');
    });

    it('takes the last operation on a key within a batch', async () => {
      await write([
        ['a', Buffer.from('one')],
        ['a', undefined],
        ['a', Buffer.from('two')],
      ]);
      expect(textAt(store, 'a')).toBe('two');
    });

    it('holds large values and keys up to the maximum', async () => {
      const key = 'k'.repeat(4020);
      const value = Buffer.alloc(3_000_000, 7);
      await write([
        [key, Buffer.from('long key')],
        ['large', value],
        ['m', Buffer.from('small')],
      ]);
      expect(textAt(store, key)).toBe('long key');
      expect(store.get('large')).toBe(value.length);
      expect(store.bytes.subarray(0, value.length).equals(value)).toBe(true);
      expect(textAt(store, 'm')).toBe('small');
      expect(all(store.cursor('large', 'n', false)).map(([found]) => found)).toEqual(['large', 'm']);
    });

    it('grows beyond its first size', async () => {
      const value = Buffer.alloc(4000, 1);
      for (let round = 0; round < 10; round++) {
        await write(Array.from({ length: 1000 }, (_, i) => [`${round}/${String(i).padStart(6, '0')}`, value]));
      }
      expect(all(store.cursor('0', ':', false)).length).toBe(10_000);
      expect(store.size).toBeGreaterThan(40_000_000);
    });

    it('keeps everything when closed and opened again', async () => {
      await write([['a', Buffer.from('one')]]);
      store = await reopen(store);
      expect(textAt(store, 'a')).toBe('one');
    });

    it('is empty after clear', async () => {
      await write([['a', Buffer.from('one')]]);
      await store.clear();
      expect(textAt(store, 'a')).toBeUndefined();
      expect(all(store.cursor('\0', '\xff', false))).toEqual([]);
      await write([['b', Buffer.from('two')]]);
      expect(all(store.cursor('\0', '\xff', false))).toEqual([['b', 'two']]);
    });

    it('serves a get while a cursor is open, and a cursor within a cursor', async () => {
      await write(Array.from({ length: 50 }, (_, i) => [`k${String(i).padStart(2, '0')}`, Buffer.from(`value ${i}`)]));
      const outer = store.cursor('k00', 'l', false);
      for (let i = 0; i < 50; i++) {
        expect(outer.next()).toBe(true);
        expect(outer.key).toBe(`k${String(i).padStart(2, '0')}`);
        expect(outer.bytes.latin1Slice(0, outer.length)).toBe(`value ${i}`);
        expect(textAt(store, 'k07')).toBe('value 7');
        const inner = store.cursor('k20', 'k99', i % 2 === 0);
        expect(inner.next()).toBe(true);
        expect(inner.key).toBe(i % 2 === 0 ? 'k49' : 'k20');
        inner.close();
      }
      expect(outer.next()).toBe(false);
    });

    it('iterates any range in both directions like a sorted list', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(someKey, fc.option(someValue, { nil: undefined })), { maxLength: 40 }),
          fc.array(fc.tuple(someKey, someKey), { minLength: 1, maxLength: 6 }),
          async (operations, ranges) => {
            await store.clear();
            const model = new Map<Key, string>();
            for (const [key, value] of operations) {
              if (value === undefined) model.delete(key);
              else model.set(key, value.latin1Slice());
            }
            await write(operations);
            const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
            for (const [one, other] of ranges) {
              const [start, end] = one < other ? [one, other] : [other, one];
              const expected = sorted.filter(([key]) => key >= start && key < end);
              expect(all(store.cursor(start, end, false))).toEqual(expected);
              expect(all(store.cursor(start, end, true))).toEqual(expected.reverse());
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

export function textAt(store: OrderedStore, key: Key): string | undefined {
  const length = store.get(key);
  return length < 0 ? undefined : store.bytes.latin1Slice(0, length);
}

function all(cursor: StoreCursor): (readonly [Key, string])[] {
  const out: (readonly [Key, string])[] = [];
  while (cursor.next()) out.push([cursor.key, cursor.bytes.latin1Slice(0, cursor.length)]);
  return out;
}
