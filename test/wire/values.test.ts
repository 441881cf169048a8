/**
 * Values of every type in both formats: text and binary results have PostgreSQL 16's bytes, and its binary and text values are read as the
 * same parameters.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Both, comparable } from './both.ts';
import { bind, describePortal, execute, parse, query, type RawClient, sync, valuesOf } from './raw-client.ts';

let both: Both;
let ours: RawClient;
let theirs: RawClient;
beforeAll(async () => {
  both = await Both.start();
  ({ ours, theirs } = await both.connect());
});
afterAll(async () => {
  ours?.close();
  theirs?.close();
  await both?.stop();
});

type Sample = readonly [type: string, oid: number, ...texts: readonly string[]];

const samples: readonly Sample[] = [
  ['boolean', 16, 'true', 'false'],
  ['smallint', 21, '0', '-1', '32767', '-32768'],
  ['integer', 23, '0', '-1', '2147483647', '-2147483648'],
  ['bigint', 20, '0', '-1', '4294967296', '-4294967297', '9007199254740993', '9223372036854775807', '-9223372036854775808'],
  ['real', 700, '0', '-0', '1.5', '-3.4e38', '1e-40', '0.1', 'NaN', 'Infinity', '-Infinity'],
  ['double precision', 701, '0', '-0', '1.5', '1e308', '5e-324', '0.1', '123456789.123456789', 'NaN', 'Infinity', '-Infinity'],
  [
    'numeric',
    1700,
    ...[
      '0',
      '0.00',
      '1',
      '-1',
      '10000',
      '9999',
      '0.0001',
      '0.00001',
      '12345.6789',
      '-12345678901234567890.00000000012345',
      '1e50',
      '1e-50',
    ],
    ...['100000000', '1.10', 'NaN', 'Infinity', '-Infinity'],
  ],
  ['numeric(10,3)', 1700, '1', '1234567.8915', '-0.0005'],
  ['text', 25, '', 'a', 'é€😀', 'tab\tline\n'],
  ['varchar', 1043, '', 'é€😀'],
  ['varchar(4)', 1043, 'abcd', 'ab  '],
  ['char(5)', 1042, '', 'ab', 'é€'],
  ['uuid', 2950, '00000000-0000-0000-0000-000000000000', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{ffffffffffffffffffffffffffffffff}'],
  ['bytea', 17, '', '\\x00ff80', 'abc\\\\\\001'],
  ['date', 1082, '2000-01-01', '1999-12-31', '0001-01-01', '0044-03-15 BC', '4713-01-01 BC', '5874897-12-31', 'infinity', '-infinity'],
  ['time', 1083, '00:00', '24:00', '23:59:59.999999', '12:34:56.7'],
  ['time(2)', 1083, '12:34:56.789'],
  ['timetz', 1266, '00:00+00', '23:59:59.999999-15:59', '12:34:56.7+05:30'],
  [
    'timestamp',
    1114,
    ...['2000-01-01', '1999-12-31 23:59:59.999999', '2024-02-29 12:34:56.123', '4713-01-01 BC', '294276-12-31 23:59:59.999999'],
    ...['infinity', '-infinity'],
  ],
  [
    'timestamptz',
    1184,
    ...['2000-01-01 00:00+00', '1999-12-31 23:59:59.999999-08', '2024-03-31 02:30:00', '4713-01-01 BC', 'infinity', '-infinity'],
  ],
  [
    'interval',
    1186,
    ...['0', '1 year 2 mons 3 days 04:05:06.789', '-1 year -2 mons +3 days -04:05:06.789', '1 mon -1 day', '178000000 years', '1.5 weeks'],
    ...['-00:00:00.000001', 'P1Y2M3DT4H5M6S'],
  ],
  ['json', 114, '{}', ' {"a" : [1, 2.50, null, "é"]} ', '"text"', '1e2'],
  ['jsonb', 3802, '{}', '{"b":1,"a":[1,2.50,null,"é\\u0041"],"aa":{"x":true}}', '"text"', '1e2', '[]', 'null'],
  ['oid', 26, '0', '4294967295'],
  ['name', 19, 'a name', ''],
  ['integer[]', 1007, '{}', '{1,NULL,3}', '{{1,2},{3,4}}', '[2:3]={1,2}'],
  ['text[]', 1009, '{a,"b c",NULL,"NULL","",é}'],
];

const binaryOf = async (client: RawClient, messages: readonly Uint8Array[]): Promise<string[]> =>
  (await client.exchange(messages)).map(({ type, body }) =>
    type === 'D' ? `Row ${valuesOf(body).map((value) => value?.toString('hex'))}` : type === 'E' ? body.toString('utf8') : type,
  );

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const cases = samples.flatMap(([type, oid, ...texts]) => texts.map((text) => ({ type, oid, text })));

describe('binary results', () => {
  it.each(samples.map(([type, oid, ...texts]) => ({ type, oid, texts })))('$type', async ({ type, texts }) => {
    const list = texts.map((text) => `${quoted(text)}::${type}`).join(', ');
    for (const resultFormats of [[1], [0], []]) {
      const messages = [parse(`SELECT ${list}, NULL::${type}`), bind({ resultFormats }), describePortal(), execute(), sync];
      expect(await binaryOf(ours, messages)).toEqual(await binaryOf(theirs, messages));
    }
  });
});

describe('parameters', () => {
  it.each(cases)('$type $text', async ({ type, oid, text }) => {
    const [, , row] = await theirs.exchange([parse(`SELECT ${quoted(text)}::${type}`), bind({ resultFormats: [1] }), execute(), sync]);
    const [value] = valuesOf(row.body);
    const values = [value ?? null, text];
    const ask = [
      parse('SELECT $1, $2, $1 IS NULL', '', [oid, oid]),
      bind({ formats: [1, 0], values, resultFormats: [0, 1, 0] }),
      execute(),
      bind({ formats: [1, 0], values, resultFormats: [1, 0, 1] }),
      execute(),
      sync,
    ];
    expect(await binaryOf(ours, ask)).toEqual(await binaryOf(theirs, ask));
  });

  const malformed: readonly (readonly [type: string, oid: number, ...hex: readonly string[]])[] = [
    ['boolean', 16, '02', '0101'],
    ['integer', 23, '', '000001', '0000000001'],
    ['numeric', 1700, '', '0001', '000100000000000027ff', '0001000011110000', '0001000000000000', 'ffff000000000000'],
    ['text', 25, 'ff', '00', 'c328', 'e282'],
    ['uuid', 2950, '', '00'],
    ['date', 1082, '00', '7ffffffe'],
    ['time', 1083, 'ffffffffffffffff', '00000014f46b0401'],
    ['timetz', 1266, '000000000000000000ffffff'],
    ['timestamp', 1114, '7ffffffffffffffe', '8000000000000001'],
    ['interval', 1186, '0000000000000000', '00000000000000000000000000000000ff'],
    ['json', 114, '', '7b', 'ff'],
    ['jsonb', 3802, '', '02', '017b', '7b7d'],
    ['integer[]', 1007, '', '000000010000000000000017', '0000000100000000000000190000000000000001', 'ffffffff0000000000000017'],
  ];
  it.each(malformed.map(([type, oid, ...texts]) => ({ type, oid, texts })))('malformed $type', async ({ oid, texts }) => {
    const strip = (lines: readonly string[]): string[] =>
      lines.map((line) =>
        line
          .replace(/\0F.*$/s, '')
          .replaceAll('\0', ' ')
          .trimEnd(),
      );
    for (const hex of texts) {
      const messages = [parse('SELECT $1', '', [oid]), bind({ formats: [1], values: [Buffer.from(hex, 'hex')] }), execute(), sync];
      expect(strip(await binaryOf(ours, messages)), hex).toEqual(strip(await binaryOf(theirs, messages)));
    }
  });
});

describe('text results follow the settings', () => {
  const settings = [
    "SET DateStyle = 'ISO, DMY'",
    "SET DateStyle = 'German'",
    "SET DateStyle = 'SQL, MDY'",
    "SET DateStyle = 'Postgres, DMY'",
    "SET TimeZone = 'America/New_York'",
    "SET TimeZone = 'Asia/Kolkata'",
    "SET IntervalStyle = 'postgres_verbose'",
    "SET IntervalStyle = 'sql_standard'",
    "SET IntervalStyle = 'iso_8601'",
    'SET extra_float_digits = 0',
    'SET extra_float_digits = -3',
    "SET bytea_output = 'escape'",
  ];
  it.each(settings)('%s', async (setting) => {
    const moment = cases.filter(({ type }) => /^(date|time|interval|real|double|bytea)/.test(type));
    const list = moment.map(({ type, text }) => (/2024-03-31|BC|\d{6}-/.test(text) ? 'NULL' : `${quoted(text)}::${type}`)).join(', ');
    const messages = [query(`RESET ALL; ${setting}`), query(`SELECT ${list}`)];
    // Several changed parameters are told in no order.
    expect(comparable(await ours.talk(...messages)).sort()).toEqual((await theirs.talk(...messages)).sort());
  });
});
