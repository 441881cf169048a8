/** The gathered types: finding, naming, modifiers, refusals, malformed binary input, and row types. */
import { describe, expect, it } from 'vitest';
import { ByteReader } from '#base/bytes.ts';
import { SqlError } from '#base/sql-error.ts';
import { pgTypes } from '../postgres/pg-type.ts';
import { defaultSettings } from '../settings.ts';
import type { NameLookup, NonNull, TypeContext } from '../type.ts';
import { rowTypeOf } from './catalog-types.ts';
import { RecordValue } from './record-value.ts';
import { findType, formatType, isImplemented, typeByName, typeByOid } from './registry.ts';

const context: TypeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlstate} ${error.message}`;
    throw error;
  }
  return 'no error';
}

it('finds every type of the catalog, once', () => {
  for (const { oid, name } of pgTypes) {
    const type = typeByOid(oid);
    expect(type.name).toBe(name);
    expect(findType(oid)).toBe(type);
    expect(typeByName(name)).toBe(type);
  }
  expect(findType(99999)).toBeUndefined();
  expect(typeByName('integer')).toBeUndefined();
});

it('has order and hash together, and a key only for what has an order', () => {
  for (const { oid, name } of pgTypes) {
    const { compare, hashKey, encodeKey, decodeKey } = typeByOid(oid);
    if (compare !== undefined) expect(hashKey, name).toBeDefined();
    if (encodeKey !== undefined) expect(compare, name).toBeDefined();
    if (decodeKey !== undefined) expect(encodeKey, name).toBeDefined();
  }
});

it.each([
  [1700, 327686, 'numeric(5,2)'],
  [1700, 329729, 'numeric(5,-3)'],
  [1700, -1, 'numeric'],
  [1114, 3, 'timestamp(3) without time zone'],
  [1184, 3, 'timestamp(3) with time zone'],
  [1083, 0, 'time(0) without time zone'],
  [1266, 6, 'time(6) with time zone'],
  [1186, 327679, 'interval year'],
  [1186, 470286338, 'interval day to second(2)'],
  [1186, 2147418116, 'interval(4)'],
  [1186, 458751, 'interval year to month'],
  [1560, 3, 'bit(3)'],
  [1562, 5, 'bit varying(5)'],
  [1015, 7, 'character varying(3)[]'],
  [99999, -1, '???'],
  [0, -1, '-'],
  [1042, -1, 'bpchar'],
  [1042, 5, 'character(1)'],
  [1043, -1, 'character varying'],
  [1007, -1, 'integer[]'],
  [1002, -1, '"char"[]'],
  [18, -1, '"char"'],
  [22, -1, 'int2vector'],
  [1231, 327686, 'numeric(5,2)[]'],
  [1560, -1, '"bit"'],
  [2287, -1, 'record[]'],
  [25, 5, 'text(5)'],
  [23, 5, 'integer'],
  [2276, -1, '"any"'],
  [790, -1, 'money'],
])('writes type %i with modifier %i as %s', (oid, typmod, expected) => {
  expect(formatType({ oid, typmod })).toBe(expected);
});

describe('typmods in', () => {
  it.each([
    ['varchar', [3], 7],
    ['bpchar', [1], 5],
    ['numeric', [5, 2], 327686],
    ['numeric', [5], 327684],
    ['numeric', [5, -3], 329729],
    ['timestamp', [3], 3],
    ['time', [9], 6],
    ['interval', [4], 327679],
    ['interval', [32767, 4], 2147418116],
    ['interval', [32767], -1],
    ['interval', [7176, 2], 470286338],
    ['_numeric', [5, 2], 327686],
  ] as const)('%s %j is %i', (name, modifiers, expected) => {
    expect(typeByName(name)?.typmodIn?.(modifiers)).toBe(expected);
  });

  it.each([
    ['varchar', [0], '22023 length for type varchar must be at least 1'],
    ['varchar', [10485761], '22023 length for type varchar cannot exceed 10485760'],
    ['bpchar', [0], '22023 length for type char must be at least 1'],
    ['bpchar', [10485761], '22023 length for type char cannot exceed 10485760'],
    ['numeric', [0], '22023 NUMERIC precision 0 must be between 1 and 1000'],
    ['numeric', [1001], '22023 NUMERIC precision 1001 must be between 1 and 1000'],
    ['numeric', [5, -1001], '22023 NUMERIC scale -1001 must be between -1000 and 1000'],
    ['numeric', [2, 1, 1], '22023 invalid NUMERIC type modifier'],
  ] as const)('%s %j is refused', (name, modifiers, expected) => {
    expect(errorOf(() => typeByName(name)?.typmodIn?.(modifiers))).toBe(expected);
  });

  it('come back as text', () => {
    expect(typeByName('numeric')?.typmodOut?.(327686)).toBe('(5,2)');
    expect(typeByName('timestamptz')?.typmodOut?.(3)).toBe('(3) with time zone');
    expect(typeByName('varchar')?.typmodOut?.(7)).toBe('(3)');
    expect(typeByName('interval')?.typmodOut?.(470286338)).toBe(' day to second(2)');
  });
});

it('cuts silently in explicit casts only', () => {
  const varchar = typeByName('varchar');
  expect(varchar?.applyTypmod?.('abcd', 7, true)).toBe('abc');
  expect(varchar?.applyTypmod?.('abc  ', 7, false)).toBe('abc');
  expect(errorOf(() => varchar?.applyTypmod?.('abcd', 7, false))).toBe('22001 value too long for type character varying(3)');
  expect(typeByName('bpchar')?.applyTypmod?.('😀', 7, true)).toBe('😀  ');
  const strings = typeByName('_varchar');
  const array = strings?.input('{abcd,NULL}', -1, context) as NonNull;
  expect(strings?.output(strings.applyTypmod?.(array, 7, true) as NonNull, context)).toBe('{abc,NULL}');
});

it('refuses values of pseudo-types and of types that it does not have', () => {
  expect(errorOf(() => typeByName('internal')?.input('x', -1, context))).toBe('0A000 cannot accept a value of type internal');
  expect(errorOf(() => typeByName('anyarray')?.input('x', -1, context))).toBe('0A000 cannot accept a value of type anyarray');
  expect(errorOf(() => typeByName('money')?.input('1', -1, context))).toBe('0A000 datatype money not supported');
  expect(errorOf(() => typeByName('record')?.input('(1)', -1, context))).toBe(
    '0A000 input of anonymous composite types is not implemented',
  );
  expect([23, 1007, 790, 791, 2249, 22, 2281].map(isImplemented)).toEqual([true, true, false, false, true, true, false]);
});

it('refuses malformed binary input', () => {
  const receive = (name: string, bytes: string) =>
    errorOf(() => typeByName(name)?.receive(new ByteReader(Buffer.from(bytes, 'hex')), -1, context));
  expect(receive('int4', '0001')).toBe('08P01 insufficient data left in message');
  expect(receive('int4', '0000000100')).toBe('22P03 incorrect binary data format');
  expect(receive('text', '6100')).toBe('22021 invalid byte sequence for encoding "UTF8": 0x00');
  expect(receive('text', '61c3')).toBe('22021 invalid byte sequence for encoding "UTF8": 0xc3');
  expect(receive('text', 'e28228')).toBe('22021 invalid byte sequence for encoding "UTF8": 0xe2 0x82 0x28');
  expect(receive('numeric', '0001000000000000ffff')).toBe('22P03 invalid digit in external "numeric" value');
  expect(receive('numeric', '0000000012340000')).toBe('22P03 invalid sign in external "numeric" value');
  expect(receive('jsonb', '0231')).toBe('XX000 unsupported jsonb version number 2');
  expect(receive('timestamp', '8000000000000001')).toBe('22008 timestamp out of range');
  expect(receive('_int4', '00000001000000000000001400000000')).toBe(
    '42804 binary data has array element type 20 (bigint) instead of expected 23 (integer)',
  );
  expect(receive('_int4', '0000000100000000000000174000000000000001')).toBe('08P01 insufficient data left in message');
});

describe('rows', () => {
  const pair = typeByOid(rowTypeOf(20001));
  const columns = [
    { name: 'a', type: { oid: 23, typmod: -1 } },
    { name: 'b', type: { oid: 25, typmod: -1 } },
  ];
  const names: NameLookup = {
    oidOf: () => 0,
    typeOf: () => ({ oid: 0, typmod: -1 }),
    nameOf: () => undefined,
    rowFields: (rowType) => (rowType === pair.oid ? columns : undefined),
  };
  const withNames = { ...context, names };

  it.each([
    ['(1,abc)', '(1,abc)'],
    ['(,"a ""b")', '(,"a ""b")'],
    [' ( 1 , x y ) ', '(1," x y ")'],
    ['(1,)', '(1,)'],
    ['(1,"")', '(1,"")'],
    ['(1,a\\,b)', '(1,"a,b")'],
  ])('reads %s as %s', (text, expected) => {
    expect(pair.output(pair.input(text, -1, withNames) as NonNull, context)).toBe(expected);
  });

  it.each([
    ['(1)', 'Too few columns.'],
    ['(1,2,3)', 'Too many columns.'],
    ['1,2', 'Missing left parenthesis.'],
    ['(1,2', 'Unexpected end of input.'],
    ['(1,2)x', 'Junk after right parenthesis.'],
  ])('refuses %s: %s', (text, detail) => {
    expect(() => pair.input(text, -1, withNames)).toThrow(
      expect.objectContaining({ sqlstate: '22P02', message: `malformed record literal: "${text}"`, fields: { detail } }),
    );
  });

  it('quotes what needs it', () => {
    const record = new RecordValue([23, 25, 25, 25, 25, 16], ['a', 'b', 'c', 'd', 'e', 'f'], [1, 'a b', null, '', 'x"y\\', true]);
    expect(typeByOid(2249).output(record, context)).toBe('(1,"a b",,"","x""y\\\\",t)');
  });

  it('compares only alike columns', () => {
    const { compare } = typeByOid(2249);
    const row = (oids: number[], values: (number | string | null)[]) => new RecordValue(oids, oids.map(String), values);
    expect(compare?.(row([23, 25], [1, 'a']), row([23, 25], [1, null]))).toBe(-1);
    expect(errorOf(() => compare?.(row([23], [1]), row([25], ['1'])))).toBe(
      '42804 cannot compare dissimilar column types integer and text at record column 1',
    );
    expect(errorOf(() => compare?.(row([23], [1]), row([23, 23], [1, 2])))).toBe(
      '42804 cannot compare record types with different numbers of columns',
    );
  });
});
