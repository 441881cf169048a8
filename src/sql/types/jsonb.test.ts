/** Order, equality and depth of jsonb documents. */
import { expect, it } from 'vitest';
import { ByteWriter } from '#base/bytes.ts';
import { compareJsonb, formatJsonb, jsonbType, parseJsonb } from './jsonb.ts';

it('orders documents as PostgreSQL 16 does', () => {
  const ascending = [
    '[]', 'null', '""', '"B"', '"a"', '"aa"', '"é"', '1', 'false', 'true', '[null]', '["a"]', '[1]', '[2]', '[true]', '[[]]', '[[1]]',
    '[{}]', '[1, 2]', '{}', '{"a": "x"}', '{"a": 1}', '{"a": 2}', '{"aa": 1}', '{"b": 1}', '{"a": 1, "b": 1}', '{"a": 1, "c": 0}',
  ]; // biome-ignore format: one line of the order
  const documents = ascending.map((text) => parseJsonb(text).root);
  const sorted = [...documents].reverse().sort(compareJsonb);
  expect(sorted.map(formatJsonb)).toEqual(ascending);
});

it('takes 1 and 1.0 for equal and keeps how they were written', () => {
  expect(compareJsonb(parseJsonb('[1.0]').root, parseJsonb('[1]').root)).toBe(0);
  expect(jsonbType.hashKey?.(parseJsonb('[1.00, "1"]'))).toBe(jsonbType.hashKey?.(parseJsonb('[1, "1"]')));
  expect(jsonbType.hashKey?.(parseJsonb('["1"]'))).not.toBe(jsonbType.hashKey?.(parseJsonb('[1]')));
  expect(formatJsonb(parseJsonb('[1.00]').root)).toBe('[1.00]');
});

it('goes deep, and refuses what is too deep before it is stored', () => {
  const nested = (depth: number) => parseJsonb(`${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`);
  const deep = nested(2000);
  const row = new ByteWriter();
  jsonbType.encodeRow(deep, row);
  const back = jsonbType.decodeRow(row.take(), 0, row.length);
  expect(jsonbType.compare?.(deep, nested(2000))).toBe(0);
  expect(jsonbType.hashKey?.(deep)).toBe(jsonbType.hashKey?.(nested(2000)));
  expect(back).not.toBeNull();
  if (back !== null) expect(jsonbType.compare?.(deep, back)).toBe(0);
  expect(() => nested(2002)).toThrow(expect.objectContaining({ sqlstate: '54001' }));
});
