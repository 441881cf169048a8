/** Regular expressions, SIMILAR TO and LIKE: random patterns of all their syntax over short subjects, and nearly right ones. */
import type { Random } from '../random.ts';
import { type Battery, quoted } from './battery.ts';

const letters = ['a', 'b', 'c', 'A', 'é', 'ß', 'x', '1', '_', ' ', '-'];

const subject = (random: Random): string =>
  random
    .times(random.int(0, 9), () => random.pick(random.chance(0.8) ? ['a', 'b', 'c'] : [...letters, '\n', '日', 'É', '.', '\t']))
    .join('');

const atoms: readonly string[] = [
  ...['.', '\\d', '\\w', '\\s', '\\D', '\\W', '\\S', '\\.', '\\x61', '\\u0061', '\\t', '\\n', '\\e', '\\cA', '\\0', '\\B', '\\141', '\\a'],
  ...[
    '[abc]',
    '[^a]',
    '[a-c]',
    '[[:alpha:]]',
    '[^[:digit:][:space:]]',
    '[[:upper:]b]',
    '[[.a.]]',
    '[[=a=]b]',
    '[]a]',
    '[a-]',
    '[\\w-]',
    '[^]a]',
  ],
  ...['[[:word:]]', '[\\d]', '[[.hyphen.]]', '[c-a]', '[[:foo:]]', '[a', '[[.tilde.]b]', '[^\\W]', '[é-ü]'],
];
const constraints: readonly string[] = ['^', '$', '\\A', '\\Z', '\\m', '\\M', '\\y', '\\Y', '[[:<:]]', '[[:>:]]'];
const quantifiers: readonly string[] = [
  ...[
    '*',
    '+',
    '?',
    '*?',
    '+?',
    '??',
    '{2}',
    '{1,2}',
    '{0,}',
    '{2,}',
    '{1,2}?',
    '{2}?',
    '{0}',
    '{0,0}',
    '{,2}',
    '{3,2}',
    '{256}',
    '**',
    '{1',
    '{x}',
  ],
];

function regex(random: Random, depth: number, groups: { count: number }): string {
  const branches = random.times(random.chance(0.75) ? 1 : random.int(2, 3), () =>
    random.times(random.int(random.chance(0.1) ? 0 : 1, 3), () => piece(random, depth, groups)).join(''),
  );
  return branches.join('|');
}

function piece(random: Random, depth: number, groups: { count: number }): string {
  const dice = random.int(0, 99);
  if (dice < 8) return random.pick(constraints);
  let atom: string;
  if (dice < 50) atom = random.pick(['a', 'b', 'c']);
  else if (dice < 66) atom = random.pick(atoms);
  else if (dice < 72) atom = random.pick(letters);
  else if (dice < 77) atom = `\\${random.int(1, 3)}`;
  else if (depth <= 0) atom = random.pick(['a', 'ab', '.']);
  else if (dice < 91) {
    groups.count++;
    atom = `(${regex(random, depth - 1, groups)})`;
  } else if (dice < 95) atom = `(?:${regex(random, depth - 1, groups)})`;
  else return `(${random.pick(['?=', '?!', '?<=', '?<!'])}${regex(random, depth - 1, groups)})`;
  return random.chance(0.35) ? atom + random.pick(quantifiers) : atom;
}

const prefixes = ['(?i)', '(?x)', '(?n)', '(?q)', '(?p)', '(?w)', '(?b)', '(?e)', '***=', '***:', '(?c)', '(?s)', '(?ni)', '(?z)', '***'];
const flags = ['g', 'i', 'gi', 'n', 'x', 'q', 'p', 'w', 's', 'c', 'b', 'e', 'ng', 'z', 'm', 't', 'ci', ''];

export const wholePattern = (random: Random): string =>
  (random.chance(0.08) ? random.pick(prefixes) : '') + regex(random, 3, { count: 0 }) + (random.chance(0.01) ? '\\' : '');

const replacements = ['x', '[\\1]', '<\\&>', '\\2\\1', '\\\\', '\\9', '\\', '', '&', '\\0'];

function regexStatement(random: Random): string {
  const [text, pattern] = [quoted(subject(random)), quoted(wholePattern(random))];
  const flag = quoted(random.pick(flags));
  const number = () => random.pick(['0', '1', '1', '2', '3', '7', '-1']);
  const forms: readonly (() => string)[] = [
    () => `${text} ${random.pick(['~', '~*', '!~', '!~*'])} ${pattern}`,
    () => `regexp_match(${text}, ${pattern})`,
    () => `regexp_match(${text}, ${pattern}, ${flag})`,
    () => `array(SELECT regexp_matches(${text}, ${pattern}, ${flag}))`,
    () => `regexp_replace(${text}, ${pattern}, ${quoted(random.pick(replacements))})`,
    () => `regexp_replace(${text}, ${pattern}, ${quoted(random.pick(replacements))}, ${flag})`,
    () => `regexp_replace(${text}, ${pattern}, ${quoted(random.pick(replacements))}, ${number()}, ${number()}, ${flag})`,
    () => `regexp_split_to_array(${text}, ${pattern}${random.chance(0.5) ? `, ${flag}` : ''})`,
    () => `regexp_count(${text}, ${pattern}, ${number()}, ${flag})`,
    () => `regexp_instr(${text}, ${pattern}, ${number()}, ${number()}, ${random.pick(['0', '1', '2'])}, ${flag}, ${number()})`,
    () => `regexp_substr(${text}, ${pattern}, ${number()}, ${number()}, ${flag}, ${number()})`,
    () => `regexp_like(${text}, ${pattern}, ${flag})`,
    () => `substring(${text}, ${pattern})`,
    () => `substring(${text} FROM ${pattern})`,
  ];
  return `SELECT ${random.pick(forms)()} AS v`;
}

export const regularExpressions: Battery = { name: 'regular expressions', statement: regexStatement };

const similarPieces: readonly string[] = [
  ...[
    'a',
    'b',
    'c',
    'a',
    'b',
    '%',
    '_',
    '(a|b)',
    'a|b',
    '[abc]',
    '[^a]',
    '[[:alpha:]]',
    '[a-c]',
    'a*',
    'b+',
    'c?',
    'a{2}',
    'b{1,2}',
    'c{2,}',
  ],
  ...[
    '(ab)*',
    '(a%)',
    '#%',
    '#_',
    '##',
    '\\%',
    '\\_',
    '\\\\',
    '.',
    '^',
    '$',
    '(',
    ')',
    '[',
    '[%_]',
    '[#]]',
    '(b|c|)+',
    '#"',
    '(?:a)',
    '{',
    '\\d',
    'é',
  ],
];
const likePieces: readonly string[] = ['a', 'b', 'c', '%', '_', '%%', '\\%', '\\_', '\\\\', '#%', '#', 'é', 'É', 'A', '日', '.', '\\', '^'];
const escapes = ['#', '\\', '', '##', 'é', '%', '_', 'a'];

function likeStatement(random: Random): string {
  const text = quoted(subject(random) + (random.chance(0.15) ? random.pick(['%', '_', '\\', '#']) : ''));
  const escaped = random.chance(0.4) ? ` ESCAPE ${random.chance(0.05) ? 'NULL' : quoted(random.pick(escapes))}` : '';
  const similar = () => quoted(random.times(random.int(0, 5), () => random.pick(similarPieces)).join(''));
  const like = () => quoted(random.times(random.int(0, 5), () => random.pick(likePieces)).join(''));
  const part = () => random.times(random.int(0, 2), () => random.pick(similarPieces)).join('');
  const forms: readonly (() => string)[] = [
    () => `${text} ${random.pick(['', 'NOT '])}SIMILAR TO ${similar()}${escaped}`,
    () => `${text} ${random.pick(['LIKE', 'NOT LIKE', 'ILIKE', 'NOT ILIKE'])} ${like()}${escaped}`,
    () => `${text} ${random.pick(['~~', '!~~', '~~*', '!~~*'])} ${like()}`,
    () => `${text}::bytea ${random.pick(['LIKE', 'NOT LIKE'])} ${like()}::bytea`,
    () => `substring(${text} SIMILAR ${quoted([part(), part(), part()].join('#"'))} ESCAPE '#')`,
    () => `substring(${text} FROM ${quoted([part(), part(), part()].join('#"'))} FOR '#')`,
    () => `like_escape(${like()}, ${quoted(random.pick(escapes))})`,
    () => `similar_to_escape(${similar()}, ${quoted(random.pick(escapes))})`,
    () => `${text} ${random.pick(['LIKE', 'ILIKE', 'NOT LIKE'])} ${random.pick(['ANY', 'ALL'])} (ARRAY[${like()}, ${like()}])`,
    () => `${text} ^@ ${like()}`,
  ];
  return `SELECT ${random.pick(forms)()} AS v`;
}

export const likePatterns: Battery = { name: 'LIKE and SIMILAR TO', statement: likeStatement };
