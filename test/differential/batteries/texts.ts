/** Texts and bytes: the string functions, their SQL call forms, bytea in both formats, arrays, and addresses. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const pieces = [
  'a',
  'b',
  'ab',
  'A',
  'é',
  'É',
  'ß',
  '日本',
  ' ',
  '_',
  '1',
  ',',
  'x',
  '😀',
  'İ',
  'ǆ',
  'σς',
  "'",
  '\\',
  '%',
  '\n',
  'e\u0301',
  '\u00a0',
  '-',
  '.',
];
const text = (random: Random): string =>
  random.times(random.int(0, 6), () => random.pick(random.chance(0.7) ? pieces.slice(0, 4) : pieces)).join('');
const constant = (random: Random): string =>
  quoted(text(random)) + random.pick(['', '', '::text', '::varchar', '::varchar(3)', '::char(5)', '::name']);
const whole = (random: Random): string => random.pick(['0', '1', '2', '3', '-1', '-2', '5', '10', '-10']);

export const texts: Battery = {
  name: 'texts',
  statement(random) {
    const t = () => constant(random);
    const n = () => whole(random);
    const forms: readonly (() => string)[] = [
      () =>
        `${random.pick(['length', 'char_length', 'octet_length', 'bit_length', 'upper', 'lower', 'initcap', 'reverse', 'ascii', 'md5', 'quote_ident', 'quote_literal', 'quote_nullable', 'btrim', 'ltrim', 'rtrim', 'to_ascii', 'unistr', 'casefold', 'hashtext', 'parse_ident', 'string_to_table'])}(${t()})`,
      () => `${random.pick(['left', 'right', 'repeat'])}(${t()}, ${n()})`,
      () => `substring(${t()}, ${n()}${random.pick(['', `, ${n()}`])})`,
      () => `substring(${t()} FROM ${n()} FOR ${n()})`,
      () => `substring(${t()} FOR ${n()})`,
      () => `substr(${t()}, ${n()}, ${n()})`,
      () => `overlay(${t()} PLACING ${t()} FROM ${n()}${random.pick(['', ` FOR ${n()}`])})`,
      () => `position(${t()} IN ${t()})`,
      () => `strpos(${t()}, ${t()})`,
      () => `trim(${random.pick(['BOTH', 'LEADING', 'TRAILING'])} ${t()} FROM ${t()})`,
      () => `trim(${random.pick(['BOTH FROM ', 'LEADING FROM ', ''])}${t()})`,
      () => `${random.pick(['lpad', 'rpad'])}(${t()}, ${n()}${random.pick(['', `, ${t()}`])})`,
      () => `replace(${t()}, ${t()}, ${t()})`,
      () => `translate(${t()}, ${t()}, ${t()})`,
      () => `split_part(${t()}, ${quoted(random.pick([',', 'a', '', 'ab']))}, ${n()})`,
      () => `string_to_array(${t()}, ${random.pick(["','", "'a'", "''", 'NULL'])}${random.pick(['', ", ''", ", 'b'"])})`,
      () => `array_to_string(ARRAY[${t()}, NULL, ${t()}], ','${random.pick(['', ", '*'"])})`,
      () => `concat(${t()}, ${n()}, NULL, ${t()}, true)`,
      () => `concat_ws(${random.pick(["','", 'NULL', "''"])}, ${t()}, NULL, ${n()})`,
      () =>
        `format(${quoted(random.times(random.int(0, 4), () => random.pick(['%s', '%I', '%L', '%%', '%1$s', '%2$L', '%-5s', '%5s', '%*s', '%1$*2$s', 'x', '%', '%d', '%3$s', '%-*s', '%0$s', '%$s', '%1'])).join(''))}, ${random.pick(["'a'", 'NULL', '3', "'a b'"])}, ${random.pick(["'x'", '4', 'NULL'])})`,
      () => `${t()} ${random.pick(['||', '=', '<', '>', '<>', '>='])} ${t()}`,
      () => `${t()} || ${n()}`,
      () => `starts_with(${t()}, ${t()})`,
      () => `normalize(${quoted(text(random))}${random.pick(['', ', NFC', ', NFD', ', NFKC', ', NFKD'])})`,
      () => `${quoted(text(random))} IS ${random.pick(['', 'NOT '])}${random.pick(['', 'NFC ', 'NFD ', 'NFKC ', 'NFKD '])}NORMALIZED`,
      () => `chr(${random.pick(['0', '65', '233', '55296', '1114112', '-1', '128512'])})`,
      () => `${random.pick(['levenshtein', 'overlay', 'foo'])}(${t()}, ${t()})`,
      () => `(${t()})::${random.pick(['int4', 'bool', 'varchar(2)', 'char(2)', 'name', 'text', '"char"', 'bytea', 'uuid'])}`,
      () => `string_agg(v, ${random.pick(["','", 'v', 'NULL'])} ORDER BY v COLLATE "C") FROM (VALUES (${t()}), (${t()}), (NULL)) AS t(v)`,
      () =>
        `unistr(${quoted(random.pick(['\\0061', '\\+01F600', '\\u00e9', '\\U0001F600', '\\\\', '\\', '\\00', 'd\\0061t', '\\D83D\\DE00', '\\D83D', '\\0000']))})`,
      () =>
        `U&'${random.pick(['\\0061', '\\+01F600', 'd\\0061t', '\\\\', '\\00', '\\D83D\\DE00', '\\D83D', '\\0000', '!0061'])}'${random.pick(['', '', " UESCAPE '!'"])}`,
      () => `E'${random.pick(['\\n', '\\x41', '\\101', '\\u00e9', '\\U0001F600', '\\q', "\\'", '\\0', '\\xff', '\\u12', '\\b'])}'`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

const bytes = (random: Random): string =>
  quoted(
    random.chance(0.6)
      ? `\\x${random.times(random.int(0, 6), () => random.pick(['00', '01', '61', 'ff', '80', 'C3', 'A9', '5c', ' '])).join('')}${random.chance(0.05) ? random.pick(['0', 'g', 'x']) : ''}`
      : random.times(random.int(0, 5), () => random.pick(['a', 'b', '\\000', '\\377', '\\\\', 'é', '\\400', ' ', '\\1'])).join(''),
  );

const encodings = ['UTF8', 'LATIN1', 'SQL_ASCII', 'utf-8', 'foo'];

export const binary: Battery = {
  name: 'bytes',
  settings: { bytea_output: ['hex', 'escape'] },
  statement(random) {
    const b = () => `${bytes(random)}::bytea`;
    const n = () => whole(random);
    const forms: readonly (() => string)[] = [
      b,
      () => `${b()} ${random.pick(['||', '=', '<', '>='])} ${b()}`,
      () =>
        `${random.pick(['length', 'octet_length', 'bit_length', 'bit_count', 'md5', 'sha224', 'sha256', 'sha384', 'sha512', 'reverse', 'hashvarlena', 'crc32'])}(${b()})`,
      () => `${random.pick(['get_bit', 'get_byte'])}(${b()}, ${n()})`,
      () => `${random.pick(['set_bit', 'set_byte'])}(${b()}, ${n()}, ${random.pick(['0', '1', '2', '255', '256', '-1'])})`,
      () => `substring(${b()} FROM ${n()} FOR ${n()})`,
      () => `substr(${b()}, ${n()})`,
      () => `overlay(${b()} PLACING ${b()} FROM ${n()})`,
      () => `position(${b()} IN ${b()})`,
      () => `trim(${random.pick(['BOTH', 'LEADING', 'TRAILING'])} ${b()} FROM ${b()})`,
      () => `encode(${b()}, ${quoted(random.pick(['hex', 'base64', 'escape', 'HEX', 'foo', 'base32']))})`,
      () =>
        `decode(${quoted(random.pick(['6162', 'YWI=', 'YWI', 'a\\000b', '6', 'zz', 'YW I=', '\\', '', '61 62', 'Y===', 'YWJj\n', '\\1', '=']))}, ${quoted(random.pick(['hex', 'base64', 'escape', 'foo']))})`,
      () => `convert_from(${b()}, ${quoted(random.pick(encodings))})`,
      () => `convert_to(${quoted(random.pick(['abc', 'é', '日本', '', '€']))}, ${quoted(random.pick(encodings))})`,
      () => `convert(${b()}, ${quoted(random.pick(encodings))}, ${quoted(random.pick(encodings))})`,
      () => `length(${b()}, ${quoted(random.pick(encodings))})`,
      () => `${random.pick(['pg_encoding_to_char', 'pg_encoding_max_length'])}(${random.int(-1, 45)})`,
      () => `pg_char_to_encoding(${quoted(random.pick(encodings))})`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

const elementTexts = ['1', '2', '3', '-1', 'NULL', '10', 'null'];

function arrayText(random: Random, depth: number): string {
  // Braces beside elements are read oddly by PostgreSQL 16.
  const isNested = depth > 0 && random.chance(0.35);
  const inner = random.times(random.int(0, 3), () =>
    isNested ? arrayText(random, depth - 1) : random.pick(random.chance(0.95) ? elementTexts : ['"1"', 'x', '', '"', ' 4 ', '1 2']),
  );
  return `${random.chance(0.1) ? random.pick(['[0:2]=', '[2:3]=', '[1:2][0:0]=', '[-1:0]=', '[3:2]=']) : ''}{${inner.join(random.pick([',', ', ', ',']))}}${random.chance(0.02) ? random.pick(['}', 'x', ' ']) : ''}`;
}
const goodArrays = [
  "'{}'::int[]",
  "'{1,2,3}'::int[]",
  "'{1,NULL,2,1}'::int[]",
  "'{{1,2},{3,4}}'::int[]",
  "'[0:2]={5,6,7}'::int[]",
  'NULL::int[]',
  "'[2:3][-1:0]={{1,2},{3,4}}'::int[]",
  'ARRAY[3,1,2]',
  'ARRAY[]::int[]',
  "'{{{1},{2}}}'::int[]",
];

export const arrays: Battery = {
  name: 'arrays',
  statement(random) {
    const a = () => random.pick(goodArrays);
    const n = () => random.pick(['0', '1', '2', '3', '-1', 'NULL', '5']);
    const forms: readonly (() => string)[] = [
      () => `${quoted(arrayText(random, 2))}::${random.pick(['int[]', 'text[]', 'int[]', 'numeric[]'])}`,
      () => `${a()} ${random.pick(['||', '=', '<', '>', '<>', '@>', '<@', '&&', '>='])} ${a()}`,
      () => `${a()} || ${n()}`,
      () => `${n()} || ${a()}`,
      () => `(${a()})[${n()}]${random.pick(['', `[${n()}]`])}`,
      () => `(${a()})[${random.pick(['', n()])}:${random.pick(['', n()])}]${random.pick(['', '[:1]', '[1]'])}`,
      () =>
        `${random.pick(['array_ndims', 'array_dims', 'cardinality', 'array_to_json', 'unnest', 'to_jsonb', 'array_length', 'trim_array'])}(${a()}${random.pick(['', '', `, ${n()}`])})`,
      () =>
        `${random.pick(['array_lower', 'array_upper', 'array_length', 'array_append', 'array_remove', 'array_position', 'array_positions', 'trim_array', 'generate_subscripts'])}(${a()}, ${n()})`,
      () => `array_prepend(${n()}, ${a()})`,
      () => `array_cat(${a()}, ${a()})`,
      () => `array_replace(${a()}, ${n()}, ${n()})`,
      () => `array_position(${a()}, ${n()}, ${n()})`,
      () =>
        `array_fill(${n()}, ARRAY[${n()}${random.pick(['', `, ${n()}`])}]${random.pick(['', `, ARRAY[${n()}]`, `, ARRAY[${n()}, ${n()}]`])})`,
      () => `${n()} ${random.pick(['=', '<', '>=', '<>'])} ${random.pick(['ANY', 'ALL', 'SOME'])} (${a()})`,
      () =>
        `ARRAY[${random.pick([`${a()}, ${a()}`, '1, 2.5', "1, 'x'", "'a', 'b'", '1, NULL', 'ARRAY[1], ARRAY[2,3]', 'ARRAY[1], 2', "1, '2'", 'NULL', '', '[1,2],[3,4]', "date '2024-01-01', timestamp '2024-01-01'"])}]`,
      () => `array_agg(v) FROM (VALUES (${a()}), (${a()})) AS t(v)`,
      () => `(${a()})::${random.pick(['text', 'int8[]', 'text[]', 'bool[]', 'numeric(3,1)[]', 'varchar(1)[]', 'int', 'jsonb', 'int2[]'])}`,
      () => `array_to_string(${a()}, ${random.pick(["','", "''", 'NULL'])}${random.pick(['', ", '*'", ', NULL'])})`,
      () => `array(SELECT unnest(${a()}))`,
      () => `* FROM unnest(${a()}, ${random.pick(["ARRAY['a','b']", a()])}) WITH ORDINALITY`,
      () => `width_bucket(${n()}, ${a()})`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

const addresses = [
  '192.168.1.5',
  '192.168.1.0/24',
  '10.0.0.1/8',
  '::1',
  '2001:db8::1/64',
  '::ffff:1.2.3.4',
  '0.0.0.0/0',
  '255.255.255.255',
  '1.2.3',
  '1.2.3.4/33',
  '::/0',
  'fe80::1',
  '1.2.3.256',
  'x',
  '1.2.3.4/',
  '::1/129',
  '192.168.1/24',
  '10/8',
  '1:2:3:4:5:6:7:8',
  '2001:db8::/32',
  '',
];

export const networkAddresses: Battery = {
  name: 'network addresses',
  statement(random) {
    const i = () => `${quoted(random.pick(addresses))}::inet`;
    const forms: readonly (() => string)[] = [
      i,
      () => `${i()} ${random.pick(['=', '<', '>', '<>', '<<', '<<=', '>>', '>>=', '&&', '&', '|', '-'])} ${i()}`,
      () => `${i()} ${random.pick(['+', '-'])} ${random.pick(['1', '0', '-1', '256', '4294967296', '9223372036854775807'])}`,
      () => `~ ${i()}`,
      () => `${random.pick(['abbrev', 'broadcast', 'family', 'host', 'hostmask', 'masklen', 'netmask', 'text'])}(${i()})`,
      () => `set_masklen(${i()}, ${random.pick(['8', '24', '33', '-1', '64', '129'])})`,
      () => `${random.pick(['inet_same_family', 'inet_merge'])}(${i()}, ${i()})`,
      () => `(${i()})::${random.pick(['text', 'varchar(5)', 'int'])}`,
      () => `${random.pick(['min', 'max', 'count'])}(v) FROM (VALUES (${i()}), (${i()})) AS t(v)`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};
