/** JSON documents: text in and out, operators, functions that make, change and take them apart, and jsonpath in both modes. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const scalars = [
  ...[
    '1',
    '0',
    '-2.50',
    '1e3',
    '12345678901234567890',
    '0.1',
    '"a"',
    '"b"',
    '""',
    '"12"',
    '"true"',
    '"2024-02-29"',
    '"12:34:56"',
    '"2024-02-29 12:34:56+02"',
  ],
  ...['true', 'false', 'null', '"\\u00e9"', '"x\\ny"', '"abc"', '"2024-02-29T10:00:00"'],
];
const keys = ['a', 'b', 'c', 'é', '', 'A', '1', 'a b'];

export function document(random: Random, depth: number): string {
  const dice = random.int(0, 9);
  if (depth <= 0 || dice < 3) return random.pick(scalars);
  const count = random.int(0, 3);
  if (dice < 6) return `[${random.times(count, () => document(random, depth - 1)).join(random.pick([',', ', ']))}]`;
  return `{${random.times(count, () => `"${random.pick(keys)}"${random.pick([':', ' : '])}${document(random, depth - 1)}`).join(', ')}}`;
}
const oddDocument = (random: Random): string => {
  const text = document(random, 2);
  if (random.chance(0.7)) return text;
  const at = random.int(0, text.length);
  return random.pick([
    text.slice(0, at),
    `${text.slice(0, at)}${random.pick(['x', '"', ',', '}', ']', ' ', '\\', '\\u00', '\\ud83d', '1', '-', '.', 'e', '\n', '\t', "'", '\\u0000', 'nul'])}${text.slice(at)}`,
  ]);
};
const jsonb = (random: Random, depth = 3): string => `${quoted(document(random, depth))}::jsonb`;
const json = (random: Random, depth = 3): string => `${quoted(document(random, depth))}::json`;
const key = (random: Random): string => quoted(random.pick(keys));
const path = (random: Random): string =>
  `'{${random.times(random.int(0, 3), () => random.pick(['a', 'b', 'c', '0', '1', '-1', '"a b"', 'x', '-5', 'NULL'])).join(',')}}'`;

export const jsonInput: Battery = {
  name: 'json input',
  statement: (random) => `SELECT ${quoted(oddDocument(random))}::${random.pick(['json', 'jsonb', 'jsonb'])} AS v`,
};

export const jsonFunctions: Battery = {
  name: 'json operators and functions',
  statement(random) {
    const either = () => (random.chance(0.5) ? jsonb(random) : json(random));
    const small = () => jsonb(random, 1);
    const forms: readonly (() => string)[] = [
      () => `${either()} ${random.pick(['->', '->>'])} ${random.chance(0.5) ? key(random) : random.pick(['0', '1', '-1', '-2', '5'])}`,
      () => `${either()} ${random.pick(['#>', '#>>'])} ${path(random)}`,
      () => `${jsonb(random, 2)} ${random.pick(['@>', '<@', '=', '<', '>', '<=', '<>'])} ${jsonb(random, 2)}`,
      () => `${jsonb(random, 2)} ${random.pick(['||', '||', '@>'])} ${jsonb(random, 2)}`,
      () =>
        `${jsonb(random)} - ${random.chance(0.4) ? key(random) : random.chance(0.5) ? random.pick(['0', '-1', '7']) : `ARRAY[${key(random)}, ${key(random)}]`}`,
      () => `${jsonb(random)} #- ${path(random)}`,
      () => `${jsonb(random)} ? ${key(random)}`,
      () => `${jsonb(random)} ${random.pick(['?|', '?&'])} ARRAY[${key(random)}, ${key(random)}]`,
      () => `jsonb_set(${jsonb(random)}, ${path(random)}, ${small()}, ${random.pick(['true', 'false'])})`,
      () =>
        `jsonb_set_lax(${jsonb(random)}, ${path(random)}, ${random.pick(['NULL', small()])}, true, ${quoted(random.pick(['use_json_null', 'delete_key', 'return_target', 'raise_exception', 'foo']))})`,
      () => `jsonb_insert(${jsonb(random)}, ${path(random)}, ${small()}, ${random.pick(['true', 'false'])})`,
      () =>
        `${random.pick(['jsonb_pretty', 'jsonb_typeof', 'jsonb_strip_nulls', 'jsonb_array_length', 'to_json', 'to_jsonb'])}(${jsonb(random)})`,
      () => `${random.pick(['json_typeof', 'json_strip_nulls', 'json_array_length', 'to_jsonb'])}(${json(random)})`,
      () =>
        `${random.pick(['jsonb_object_keys', 'jsonb_array_elements', 'jsonb_array_elements_text', 'jsonb_each', 'jsonb_each_text'])}(${jsonb(random)})`,
      () =>
        `${random.pick(['json_object_keys', 'json_array_elements', 'json_array_elements_text', 'json_each', 'json_each_text'])}(${json(random)})`,
      () => `(${small()})::${random.pick(['int4', 'int2', 'int8', 'numeric', 'float8', 'float4', 'bool', 'text', 'json'])}`,
      () => `(${jsonb(random, 2)})[${random.pick(["'a'", '0', "'b'", '-1', '1', "'0'", 'NULL'])}]${random.pick(['', "['a']", '[0]'])}`,
      () =>
        `${random.pick(['jsonb', 'json'])}_build_${random.pick(['array', 'object'])}(${random.times(random.int(0, 4), () => random.pick(["'a'", '1', '2.50', 'true', 'NULL', "date '2024-02-29'", "'{}'::jsonb", 'ARRAY[1,2]', "ROW(1,'x')", "'b'::text"])).join(', ')})`,
      () =>
        `${random.pick(['jsonb', 'json'])}_object(${random.pick(["'{a,1,b,2}'", "'{{a,1},{b,2}}'", "'{a,b}','{1,2}'", "'{a,b}','{1}'", "'{a}'", "'{{a}}'", "'{a,NULL}'", "'{NULL,1}'", "'{}'"])})`,
      () =>
        `* FROM ${random.pick(['jsonb', 'json'])}_to_record(${quoted(document(random, 2))}) AS t(a ${random.pick(['int', 'text', 'jsonb', 'int[]', 'bool', 'numeric'])}, b ${random.pick(['text', 'json', 'text[]'])})`,
      () =>
        `* FROM ${random.pick(['jsonb', 'json'])}_to_recordset(${quoted(random.chance(0.7) ? `[{"a":${random.pick(scalars)}, "b":${document(random, 1)}}]` : document(random, 2))}) AS t(a ${random.pick(['int', 'text', 'jsonb'])}, b text)`,
      () => `${random.pick(['json', 'jsonb'])}_agg(v ORDER BY v::text) FROM (VALUES (${small()}), (${small()}), (NULL)) AS t(v)`,
      () =>
        `json_object(${random.pick(["'a': 1", "'a' VALUE 1, 'b': NULL", "'a': 1, 'a': 2", "'a': NULL", ''])}${random.pick(['', ' ABSENT ON NULL', ' NULL ON NULL'])}${random.pick(['', ' WITH UNIQUE KEYS', ' WITHOUT UNIQUE KEYS'])}${random.pick(['', ' RETURNING jsonb', ' RETURNING text', ' RETURNING bytea', ' RETURNING int'])})`,
      () =>
        `json_array(${random.pick(['1, NULL, 2', "'a'", 'NULL', ''])}${random.pick(['', ' ABSENT ON NULL', ' NULL ON NULL'])}${random.pick(['', ' RETURNING jsonb', ' RETURNING text'])})`,
      () =>
        `json_objectagg(k: v${random.pick(['', ' ABSENT ON NULL'])}${random.pick(['', ' WITH UNIQUE KEYS'])}) FROM (VALUES ('a', 1), ('b', NULL), (${key(random)}, 3)) AS t(k, v)`,
      () =>
        `json_arrayagg(v ORDER BY v${random.pick(['', ' NULL ON NULL', ' ABSENT ON NULL'])}${random.pick(['', ' RETURNING jsonb'])}) FROM (VALUES (1), (NULL), (3)) AS t(v)`,
      () =>
        `${quoted(oddDocument(random))} IS ${random.pick(['', 'NOT '])}JSON${random.pick(['', ' VALUE', ' SCALAR', ' ARRAY', ' OBJECT'])}${random.pick(['', ' WITH UNIQUE KEYS', ' WITHOUT UNIQUE'])}`,
    ];
    return `SELECT ${random.pick(forms)()}`;
  },
};

const methods = [
  'type()',
  'size()',
  'double()',
  'ceiling()',
  'floor()',
  'abs()',
  'keyvalue()',
  'datetime()',
  'datetime("YYYY-MM-DD")',
  'datetime("HH24:MI:SS")',
];

function accessor(random: Random, depth: number): string {
  const dice = random.int(0, 99);
  if (dice < 30) return `.${random.pick(['a', 'b', 'c', '"a b"', '"é"', 'x', '"a"', 'type', 'strict', 'last'])}`;
  if (dice < 50)
    return `[${random.pick(['0', '1', '*', 'last', '0 to 1', 'last - 1', '0, last', '-1', '1 to last', '5', '1.5', '"a"', '$.b', '@', 'last to 0', '$.size() - 1'])}]`;
  if (dice < 60) return `.${random.pick(['*', '**', '**{1}', '**{0 to 1}', '**{last}', '**{2 to last}'])}`;
  if (dice < 82) return `.${random.pick(methods)}`;
  return depth > 0 ? ` ? (${predicate(random, depth - 1)})` : '.a';
}

function operand(random: Random, depth: number): string {
  const dice = random.int(0, 99);
  if (dice < 45) return `@${random.times(random.int(0, 2), () => accessor(random, 0)).join('')}`;
  if (dice < 70)
    return random.pick([
      '1',
      '2.5',
      '"a"',
      '"b"',
      'true',
      'null',
      '"2024-02-29"',
      '-1',
      '0x10',
      '1_000',
      '.5',
      '"12:00".datetime()',
      '"2024-02-29".datetime()',
    ]);
  if (dice < 80) return random.pick(['$x', '$y', '$"z"', '$missing']);
  if (dice < 90) return `$${random.times(random.int(0, 1), () => accessor(random, 0)).join('')}`;
  return depth > 0 ? `(${operand(random, depth - 1)} ${random.pick(['+', '-', '*', '/', '%'])} ${operand(random, depth - 1)})` : `-@`;
}

function predicate(random: Random, depth: number): string {
  const dice = random.int(0, 99);
  if (dice < 55) return `${operand(random, depth)} ${random.pick(['==', '!=', '<>', '<', '>', '<=', '>='])} ${operand(random, depth)}`;
  if (dice < 63)
    return `${operand(random, 0)} like_regex "${random.pick(['a', '^b', 'B', '[0-9]+', '.', '\\\\d', '('])}"${random.pick(['', ' flag "i"', ' flag "q"', ' flag "x"', ' flag "ms"', ' flag "z"'])}`;
  if (dice < 69) return `${operand(random, 0)} starts with ${random.pick(['"a"', '"b"', '$x', '""', '"2024"'])}`;
  if (dice < 75) return `exists(${operand(random, 0)}${accessor(random, depth)})`;
  if (depth <= 0) return '@ == 1';
  if (dice < 88) return `${parenthesized(random, depth)} ${random.pick(['&&', '||'])} ${parenthesized(random, depth)}`;
  return random.pick([`!(${predicate(random, depth - 1)})`, `(${predicate(random, depth - 1)}) is unknown`]);
}
const parenthesized = (random: Random, depth: number): string => `(${predicate(random, depth - 1)})`;

function jsonPath(random: Random): string {
  const mode = random.pick(['', '', '', 'strict ', 'lax ']);
  const steps = () => random.times(random.int(0, 3), () => accessor(random, 2)).join('');
  const dice = random.int(0, 99);
  if (dice < 70) return `${mode}$${steps()}`;
  if (dice < 78)
    return `${mode}$${steps()} ${random.pick(['+', '-', '*', '/', '%', '==', '<', '>='])} ${random.pick(['1', '0', '"a"', '$x', `$${steps()}`])}`;
  if (dice < 84) return `${mode}${random.pick(['-', '+'])}$${steps()}`;
  if (dice < 92) return `${mode}${predicate(random, 1).replaceAll('@', '$')}`;
  const text = `${mode}$${steps()}`;
  const at = random.int(0, text.length);
  return `${text.slice(0, at)}${random.pick(['.', '[', ')', '"', '?', '@', ' ', '$', '*', '#', '=', '!', '\\', '/* c */', 'e'])}${text.slice(at)}`;
}

export const jsonPaths: Battery = {
  name: 'jsonpath',
  settings: { timezone: ['UTC', 'America/New_York'] },
  statement(random) {
    const vars = random.pick([
      '',
      '',
      ', \'{"x": 1, "y": "a", "z": [1]}\'',
      ', \'{"x": "a"}\'',
      ", '[1]'",
      ", '{}', true",
      ', \'{"x": 2, "y": null, "z": {}}\', true',
    ]);
    const [target, pattern] = [jsonb(random), quoted(jsonPath(random))];
    const forms: readonly (() => string)[] = [
      () => `jsonb_path_query(${target}, ${pattern}${vars})`,
      () => `jsonb_path_query_array(${target}, ${pattern}${vars})`,
      () => `jsonb_path_query_array(${target}, ${pattern}${vars})`,
      () => `jsonb_path_query_first(${target}, ${pattern}${vars})`,
      () => `jsonb_path_exists(${target}, ${pattern}${vars})`,
      () => `jsonb_path_match(${target}, ${pattern}${vars})`,
      () => `jsonb_path_query_array_tz(${target}, ${pattern}${vars})`,
      () => `${target} @? ${pattern}`,
      () => `${target} @@ ${pattern}`,
      () => `${pattern}::jsonpath`,
    ];
    return `SELECT ${random.pick(forms)()} AS v`;
  },
};
