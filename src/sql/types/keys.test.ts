/** Keys, hashes and row forms of every type that has them, against the type's own order: K1 and K2 of sql/key.ts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '#base/bytes.ts';
import { type Datum, int8 } from '../datum.ts';
import { KeyReader, KeyWriter } from '../key.ts';
import type { NonNull, Type } from '../type.ts';
import { ArrayValue } from './array-value.ts';
import { Interval } from './interval-value.ts';
import { inKeyOrder } from './json-parser.ts';
import { Jsonb, type JsonNode } from './jsonb-value.ts';
import { Numeric } from './numeric-value.ts';
import { RecordValue } from './record-value.ts';
import { typeByName } from './registry.ts';
import { TimeTz } from './timetz-value.ts';
import { uuidFromBytes } from './uuid.ts';

const int = (min: number, max: number) =>
  fc.oneof(
    fc.integer({ min, max }),
    fc.constantFrom(min, max, 0, 1, -1).filter((n) => n >= min),
  );
const int64 = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 32n, -(2n ** 32n)),
  )
  .map(int8);
const timestamp = fc.oneof(
  fc.bigInt({ min: -211813488000000000n, max: 9223371331199999999n }).map(int8),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0),
);
// Characters from every length of UTF-8, with those around the surrogates, where UTF-16 and UTF-8 sort differently.
const character = fc.constantFrom(
  'a',
  'b',
  ' ',
  '\x01',
  '\x7f',
  'é',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
  '\u{10000}',
);
const text = fc.oneof(
  fc.array(character, { maxLength: 6 }).map((all) => all.join('')),
  fc.string({ maxLength: 12 }).filter((s) => !s.includes('\0')),
);
const numeric = fc.oneof(
  fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 40 })).map(([n, scale]) => Numeric.of(n, scale)),
  fc.tuple(fc.bigInt({ min: -200n, max: 200n }), fc.integer({ min: 0, max: 3 })).map(([n, scale]) => Numeric.of(n, scale)),
  fc
    .tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 0, max: 20 }))
    .map(([n, zeros]) => Numeric.of(BigInt(n) * 10n ** BigInt(zeros), zeros)),
  fc.constantFrom(Numeric.nan, Numeric.infinity, Numeric.negativeInfinity),
);
const interval = fc
  .tuple(
    int(-50, 50),
    int(-2000, 2000),
    fc.oneof(
      int64,
      fc.integer({ min: -10, max: 10 }).map((n) => n * 43200000000),
    ),
  )
  .map(([m, d, t]) => new Interval(m, d, t));
const float = fc.oneof(fc.double(), fc.constantFrom(0, -0, Number.NaN, 5e-324, -5e-324));
const json: fc.Arbitrary<JsonNode> = fc.letrec<{ node: JsonNode }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<JsonNode>(null, true, false),
    text,
    numeric.filter((n) => n.kind === 'finite'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.array(fc.tuple(text, tie('node')), { maxLength: 3 }).map((entries) => inKeyOrder(new Map(entries))),
  ),
})).node;

const nullable = <T extends Datum>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 });
const arrays = (elementOid: number, items: fc.Arbitrary<Datum>): fc.Arbitrary<ArrayValue> =>
  fc.oneof(
    fc.array(nullable(items), { maxLength: 4 }).map((all) => new ArrayValue(elementOid, all)),
    fc.tuple(fc.array(items, { minLength: 4, maxLength: 4 }), fc.constantFrom([4], [2, 2], [1, 4]), int(-1, 1)).map(
      ([all, dimensions, lower]) =>
        new ArrayValue(
          elementOid,
          all,
          dimensions,
          dimensions.map(() => lower),
        ),
    ),
  );

const values: Readonly<Record<string, fc.Arbitrary<NonNull>>> = {
  bool: fc.boolean(),
  int2: int(-32768, 32767),
  int4: int(-2147483648, 2147483647),
  int8: int64,
  oid: int(0, 4294967295),
  float4: float.map(Math.fround),
  float8: float,
  numeric,
  text,
  varchar: text,
  bpchar: text,
  name: text,
  char: fc.constantFrom('', 'a', 'b', '\x80', '\xff'),
  bytea: fc.uint8Array({ maxLength: 5 }).map((bytes) => bytes.map((byte) => (byte > 200 ? 0 : byte > 150 ? 255 : byte))),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => uuidFromBytes(bytes)),
  date: fc.oneof(int(-2451545, 2145031948), fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
  time: int(0, 86400000000),
  timetz: fc.tuple(int(0, 86400000000), fc.constantFrom(0, 3600, -3600, 57599, -57599)).map(([t, zone]) => new TimeTz(t, zone)),
  timestamp,
  timestamptz: timestamp,
  interval,
  jsonb: json.map((node) => new Jsonb(node)),
  _int4: arrays(23, int(-3, 3)),
  _text: arrays(25, text),
  _numeric: arrays(1700, numeric),
  record: fc.tuple(nullable(int(-3, 3)), nullable(text)).map((fields) => new RecordValue([23, 25], ['a', 'b'], fields)),
};

/** Buffers and other byte arrays are alike. */
const plain = (value: Datum): unknown => (value instanceof Uint8Array ? [...value] : value);

const sign = (order: number): number => (order < 0 ? -1 : order > 0 ? 1 : 0);
const typeOf = (name: string): Type => {
  const type = typeByName(name);
  if (type === undefined) throw new Error(name);
  return type;
};

function keyOf(type: Type, value: NonNull, descending = false): string {
  const writer = new KeyWriter(7);
  writer.descending = descending;
  type.encodeKey?.(value, writer);
  return writer.finish();
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

describe.each(Object.keys(values))('%s', (name) => {
  const type = typeOf(name);
  const pair = fc.tuple(values[name], values[name]);

  it('has keys in its own order, none the beginning of another', () => {
    if (type.encodeKey === undefined) return;
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const order = sign(type.compare?.(a, b) ?? 0);
        const [x, y] = [keyOf(type, a), keyOf(type, b)];
        expect(/^[\0-\xff]*$/.test(x)).toBe(true);
        expect(compareKeys(x, y)).toBe(order);
        expect(compareKeys(keyOf(type, a, true), keyOf(type, b, true)) + order).toBe(0);
        if (order !== 0) expect(x.startsWith(y) || y.startsWith(x)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('comes back from its key and its row form', () => {
    fc.assert(
      fc.property(values[name], (value) => {
        if (type.decodeKey !== undefined) {
          for (const descending of [false, true]) {
            const reader = new KeyReader(`${keyOf(type, value, descending)}tail`);
            reader.descending = descending;
            expect(plain(type.decodeKey(reader))).toEqual(plain(value));
            expect(reader.key.slice(reader.offset)).toBe('tail');
          }
        }
        const writer = new ByteWriter();
        writer.uint8(1);
        type.encodeRow(value, writer);
        const length = writer.length - 1;
        writer.uint8(1);
        const decoded = type.decodeRow(writer.take(), 1, length);
        expect(plain(decoded)).toEqual(plain(value));
      }),
      { numRuns: 200 },
    );
  });

  it('hashes equal values, and only those, to one key', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const map = new Map([[type.hashKey?.(a), 1]]);
        expect(map.has(type.hashKey?.(b))).toBe(type.compare?.(a, b) === 0);
      }),
      { numRuns: 500 },
    );
  });
});

it('orders text by code points', () => {
  const { compare } = typeOf('text');
  const sorted = ['', 'A', 'a', 'aa', 'b', 'é', '\ue000', '\uffff', '\u{10000}', '😀'];
  expect([...sorted].reverse().sort((a, b) => compare?.(a, b) ?? 0)).toEqual(sorted);
});
