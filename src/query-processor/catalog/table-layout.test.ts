import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Datum } from '#sql/datum.ts';
import { oid } from '#sql/oids.ts';
import { rowComparator } from '../executor/row-order.ts';
import { columnDescriptor, indexDescriptor, tableDescriptor } from '../executor/testing/plans.ts';
import { indexLayoutOf, layoutOf } from './table-layout.ts';

const random = { bytes: (count: number) => new Uint8Array(count).fill(7) };
const table = tableDescriptor(
  20000,
  [
    columnDescriptor(1, 'a', oid.int4, { notNull: true }),
    columnDescriptor(2, 'gone', oid.text, { isDropped: true }),
    columnDescriptor(3, 'b', oid.text),
    columnDescriptor(4, 'c', oid.int4, { missingText: '42' }),
  ],
  { primaryKey: { indexOid: 20001, constraintOid: 20001, name: 't_pkey', attributeNumbers: [3, 1] } },
);

it('rows come back as they were', () => {
  const layout = layoutOf(table);
  expect(layout.decode(layout.encode([1, null, 'x', null]))).toEqual([1, null, 'x', null]);
  expect(layout.liveColumns.map((item) => item.name)).toEqual(['a', 'b', 'c']);
});

it('a column added later reads as its default in older rows', () => {
  const older = tableDescriptor(20000, table.columns.slice(0, 3));
  expect(layoutOf(table).decode(layoutOf(older).encode([1, null, 'x']))).toEqual([1, null, 'x', 42]);
});

it('row keys follow the primary key, in its order of columns', () => {
  const layout = layoutOf(table);
  const pair = fc.tuple(
    fc.string({ maxLength: 4 }).filter((text) => !text.includes('\0')),
    fc.integer({ min: -3, max: 3 }),
  );
  const compare = rowComparator([oid.text, oid.int4].map((typeOid) => ({ typeOid, descending: false, nullsFirst: false })));
  fc.assert(
    fc.property(pair, pair, (left, right) => {
      const [a, b] = [left, right].map(([text, number]) => layout.rowKey([number, null, text, null], random));
      expect(Math.sign(a < b ? -1 : a > b ? 1 : 0)).toBe(Math.sign(compare(left, right)));
      expect(a >= layout.rowRange.start && a < layout.rowRange.end).toBe(true);
    }),
  );
});

it('rows without a primary key lie under random ids', () => {
  const heap = layoutOf(tableDescriptor(20005, table.columns));
  const key = heap.rowKey([1, null, 'x', null], random);
  expect(key).toBe(`\x00\x00\x4e\x25${'\x07'.repeat(16)}`);
});

it('entries follow the index order, with NULLs where it says', () => {
  const value = fc.option(fc.integer({ min: -2, max: 2 }), { nil: null });
  fc.assert(
    fc.property(value, value, fc.boolean(), fc.boolean(), (left, right, descending, nullsFirst) => {
      const index = indexDescriptor(20002, 'i', [[4, oid.int4]], {
        keys: [{ attributeNumber: 4, expressionText: undefined, type: { oid: oid.int4, typmod: -1 }, descending, nullsFirst }],
      });
      const layout = indexLayoutOf(table, index);
      const [a, b] = [left, right].map((datum) => layout.entry([datum], [1, null, 'x', datum], '\x00\x00\x4e\x20k').key);
      const order = rowComparator([{ typeOid: oid.int4, descending, nullsFirst }])([left], [right]);
      expect(Math.sign(a < b ? -1 : a > b ? 1 : 0)).toBe(Math.sign(order));
    }),
  );
});

it('only entries that must be unique leave the row key out', () => {
  const keyOf = (row: readonly Datum[], nullsNotDistinct: boolean, rowKey: string) =>
    indexLayoutOf(table, indexDescriptor(20003, 'u', [[4, oid.int4]], { isUnique: true, nullsNotDistinct })).entry([row[3]], row, rowKey);
  const one = keyOf([1, null, 'x', 5], false, '\x00\x00\x4e\x20one');
  const two = keyOf([2, null, 'y', 5], false, '\x00\x00\x4e\x20two');
  expect(one.key).toBe(two.key);
  expect(one.mode).toBe('write');
  const nullOne = keyOf([1, null, 'x', null], false, '\x00\x00\x4e\x20one');
  const nullTwo = keyOf([2, null, 'y', null], false, '\x00\x00\x4e\x20two');
  expect(nullOne.key).not.toBe(nullTwo.key);
  expect(nullOne.mode).toBe('blind');
  expect(keyOf([1, null, 'x', null], true, '\x00\x00\x4e\x20one').mode).toBe('write');
});

it('entries carry included and primary key columns once each', () => {
  const index = indexDescriptor(20004, 'i', [[4, oid.int4]], { included: [3] });
  const layout = indexLayoutOf(table, index);
  expect(layout.fieldAttributes).toEqual([0, 4, 3, 1]);
  expect(layout.fieldTypes).toEqual([oid.bytea, oid.int4, oid.text, oid.int4]);
});

it('refuses keys that storage could not keep', () => {
  expect(() => layoutOf(table).rowKey([1, null, 'x'.repeat(2000), null], random)).toThrow('key size too large');
});
