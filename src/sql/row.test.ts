import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ByteWriter } from '#base/bytes.ts';
import type { Datum } from './datum.ts';
import { decodeRow, encodeRow, RowReader } from './row.ts';
import type { Type, TypeContext } from './type.ts';
import { typeByName } from './types/registry.ts';

/** Two types of the test's own, so that the row's layout is tested and nothing else. */
const integer = {
  encodeRow: (value: number, writer: ByteWriter) => writer.int32(value),
  decodeRow: (buffer: Buffer, offset: number, length: number) => {
    expect(length).toBe(4);
    return buffer.readInt32BE(offset);
  },
} as unknown as Type;
const text = {
  encodeRow: (value: string, writer: ByteWriter) => writer.utf8(value),
  decodeRow: (buffer: Buffer, offset: number, length: number) => buffer.toString('utf8', offset, offset + length),
} as unknown as Type;

const someField = fc.oneof(
  fc.record({ type: fc.constant(integer), value: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })) }),
  fc.record({
    type: fc.constant(text),
    value: fc.option(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.nat(40_000).map((n) => 'x'.repeat(n)),
      ),
    ),
  }),
);

it('gives back any fields, wherever the row lies in a buffer', () => {
  fc.assert(
    fc.property(fc.array(someField, { maxLength: 40 }), fc.nat(9), fc.nat(9), (fields, before, after) => {
      const types = fields.map(({ type }) => type);
      const values = fields.map(({ value }) => value);
      const row = encodeRow(types, values);
      expect(decodeRow(types, row)).toEqual(values);
      const buffer = Buffer.concat([Buffer.alloc(before, 0xee), row, Buffer.alloc(after, 0xee)]);
      const reader = new RowReader();
      reader.open(buffer, before, row.length);
      expect(reader.fieldCount).toBe(fields.length);
      for (let field = fields.length - 1; field >= 0; field--) {
        expect(reader.datum(field, types[field], 'missing')).toEqual(values[field]);
        expect(reader.isNull(field)).toBe(values[field] === null);
      }
    }),
  );
});

it('gives the missing value for fields that came later, and NULL where there is none', () => {
  const row = encodeRow([integer], [7]);
  expect(decodeRow([integer, text, integer], row, [undefined, 'later'])).toEqual([7, 'later', null]);
  expect(decodeRow([integer, text], encodeRow([integer, text], [null, '']), [1, 'x'])).toEqual([null, '']);
});

it('holds values far beyond what short offsets reach', () => {
  const values: Datum[] = ['a'.repeat(70_000), 5, null, 'ö'.repeat(2_000_000), ''];
  const types = [text, integer, text, text, text];
  expect(decodeRow(types, encodeRow(types, values))).toEqual(values);
});

it('does not let one row change another', () => {
  const first = encodeRow([text], ['first']);
  const second = encodeRow([text], ['second']);
  expect([decodeRow([text], first), decodeRow([text], second)]).toEqual([['first'], ['second']]);
});

it('reports rows that are cut short or of an unknown format', () => {
  const row = encodeRow([integer, text], [1, 'some text']);
  const reader = new RowReader();
  for (let length = 1; length < row.length; length++) expect(() => reader.open(row, 0, length)).toThrow('stored row is damaged');
  expect(() => reader.open(Buffer.from([9, 0, 0]), 0, 3)).toThrow('stored row is damaged');
});

it.each([
  ['bytea', '\\xdeadbeef00'],
  ['text', 'größer'],
  ['varchar', ''],
  ['numeric', '-12345.678900'],
  ['jsonb', '{"a": [1, "x", null, 2.50], "b": {}}'],
  ['json', '{"a" : 1}'],
  ['uuid', '00112233-4455-6677-8899-aabbccddeeff'],
  ['int8', '9223372036854775807'],
  ['_text', '{a,NULL,"b c"}'],
  ['_bytea', '{"\\\\x00ff"}'],
])('hands out a %s that does not lie in the row: stores reuse their memory', (name, input) => {
  const type = typeByName(name);
  if (type === undefined) throw new Error(name);
  const value = type.input(input, -1, {} as TypeContext);
  const row = encodeRow([type], [value]);
  const memory = Buffer.from(row);
  const [decoded] = decodeRow([type], memory);
  memory.fill(0xaa);
  expect(encodeRow([type], [decoded]).equals(row)).toBe(true);
});
