import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { loadParser, parse } from './parse.ts';
import { scanTokens } from './scanner.ts';

beforeAll(loadParser);

const failure = (text: string): SqlError => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error(`parsed: ${text}`);
};

describe('statements', () => {
  it('are cut out of the text', () => {
    const text = '  select 1 ; -- first; really\n select \';\' as "é;" ;;\n/* ; */ insert into t values (1)';
    expect(parse(text).map((statement) => statement.text)).toEqual([
      'select 1',
      'select \';\' as "é;"',
      '/* ; */ insert into t values (1)',
    ]);
    for (const { text: own, start } of parse(text)) expect(text.slice(start, start + own.length)).toBe(own);
  });

  it('may be none', () => {
    for (const text of ['', ' ', ';', ';;', '-- hi', '/* x */ ;', '\n\t']) expect(parse(text)).toEqual([]);
  });

  it('tell positions in characters', () => {
    const [, second] = parse("select '😀é'; select x");
    const node = second.node;
    const target = 'SelectStmt' in node ? node.SelectStmt.targetList?.[0] : undefined;
    const location = target !== undefined && 'ResTarget' in target ? target.ResTarget.location : undefined;
    expect(second.positionOf(location)).toBe([..."select '😀é'; select "].length + 1);
    expect(second.positionOf(-1)).toBeUndefined();
    expect(second.positionOf(undefined)).toBeUndefined();
  });
});

describe('extensions', () => {
  const extensionsOf = (text: string) => parse(text).map(({ node, extension }) => ({ kind: Object.keys(node)[0], extension }));

  it('are carried beside the tree', () => {
    const iam = "AWS IAM GRANT \"My role\" TO 'arn:aws:iam::1:role/it''s'";
    expect(
      extensionsOf(
        `select 1; create unique index async i on t (a); ${iam}; aws iam revoke r from 'x'; alter table async only a.t validate constraint c`,
      ),
    ).toEqual([
      { kind: 'SelectStmt', extension: undefined },
      { kind: 'IndexStmt', extension: { kind: 'createIndexAsync' } },
      { kind: 'SelectStmt', extension: { kind: 'iamGrant', role: 'My role', arn: "arn:aws:iam::1:role/it's" } },
      { kind: 'SelectStmt', extension: { kind: 'iamRevoke', role: 'r', arn: 'x' } },
      { kind: 'AlterTableStmt', extension: { kind: 'alterTableAsync' } },
    ]);
  });

  it('are words elsewhere', () => {
    expect(extensionsOf("select async from aws where 'create index async' = async")).toEqual([
      { kind: 'SelectStmt', extension: undefined },
    ]);
    expect(extensionsOf('alter table async add b int')).toEqual([{ kind: 'AlterTableStmt', extension: undefined }]);
    expect(extensionsOf('alter table async validate constraint c')).toEqual([{ kind: 'AlterTableStmt', extension: undefined }]);
    expect(failure('alter table async t add a int').message).toBe('syntax error at or near "t"');
    expect(extensionsOf('create /* async */ index i on async (a)')).toEqual([{ kind: 'IndexStmt', extension: undefined }]);
  });

  it('keep positions', () => {
    expect(failure('create index async on t (a) wher').fields.position).toBe(29);
    expect(failure('aws iam grant r to').fields.position).toBe(1);
  });

  it('keep the text', () => {
    expect(parse('create index\n async i on t (a)')[0].text).toBe('create index\n async i on t (a)');
  });
});

describe('errors', () => {
  it.each([
    ["select 'é', x y z", '42601', 'syntax error at or near "z"', 17],
    ["select '😀', x y z", '42601', 'syntax error at or near "z"', 17],
    ['select 1,', '42601', 'syntax error at end of input', 10],
    ["select 'é", '42601', 'unterminated quoted string at or near "\'é"', 8],
    ['/* x', '42601', 'unterminated /* comment at or near "/* x"', 1],
    ['select ""', '42601', 'zero-length delimited identifier at or near """"', 8],
    ['select 123abc', '42601', 'trailing junk after numeric literal at or near "123abc"', 8],
    ["select E'\\u12'", '22025', 'invalid Unicode escape', 10],
    ["select u&'\\00zz'", '42601', 'invalid Unicode escape', 11],
    ["select E'\\400'", '22021', 'invalid byte sequence for encoding "UTF8": 0x00', undefined],
    ['select sum(a) over (rows unbounded following) from t', '42P20', 'frame start cannot be UNBOUNDED FOLLOWING', 26],
    ['select 1::float(0)', '22023', 'precision for type float must be at least 1 bit', 17],
    ['select \0 1', '22021', 'invalid byte sequence for encoding "UTF8": 0x00', undefined],
  ])('%j', (text, code, message, position) => {
    const error = failure(text);
    expect([error.sqlstate, error.message, error.fields.position]).toEqual([code, message, position]);
  });

  it('leave the parser as it was', () => {
    for (let i = 0; i < 3000; i++) failure(`select from where ${i} '${'x'.repeat(i % 50)}' "`);
    expect(parse('select 1')).toHaveLength(1);
  });
});

describe('nesting', () => {
  const shapes: readonly (readonly [string, (depth: number) => string])[] = [
    ['parentheses', (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`],
    ['not', (n) => `select ${'not '.repeat(n)}true`],
    ['operators', (n) => `select ${'1+'.repeat(n)}1`],
    ['minus', (n) => `select ${'- '.repeat(n)}x`],
    ['case', (n) => `select ${'case when true then '.repeat(n)}1${' end'.repeat(n)}`],
    ['calls', (n) => `select ${'f('.repeat(n)}1${')'.repeat(n)}`],
    ['subqueries', (n) => `select ${'(select '.repeat(n)}1${')'.repeat(n)}`],
    ['unions', (n) => `select 1${' union select 1'.repeat(n)}`],
    ['joins', (n) => `select 1 from a${' join b on true'.repeat(n)}`],
    ['casts', (n) => `select a${'::int'.repeat(n)}`],
    ['with', (n) => `${'with a as ('.repeat(n)}select 1${') select 1'.repeat(n)}`],
    ['subscripts', (n) => `select ${'a['.repeat(n)}1${']'.repeat(n)}`],
  ];

  it.each(shapes)('of %s is bounded', (_name, text) => {
    expect(parse(text(200))).toHaveLength(1);
    for (const depth of [10_000, 100_000]) expect(failure(text(depth)).sqlstate).toBe('54001');
    expect(parse('select 1')).toHaveLength(1);
  });

  it('does not mistake length for depth', () => {
    expect(parse(`select 1 where ${'a = -1 or not b and c in (1, 2) or '.repeat(5000)}true`)).toHaveLength(1);
    expect(parse(`insert into t values ${"(1, -2, 'x' || 'y', (1 + 2) * 3), ".repeat(5000)}(1)`)).toHaveLength(1);
    expect(parse(`select case ${'when a = 1 then 2 '.repeat(5000)}end`)).toHaveLength(1);
  });
});

describe('scanner', () => {
  const kindsOf = (text: string): string => [...scanTokens(text)].map(({ start, end }) => text.slice(start, end)).join(' ¦ ');

  it('cuts tokens', () => {
    expect(kindsOf("select E'a\\'b', $$x;y$$, $a$ $$ $a$ -- c\n, \"q\"\"q\", $1, 1.5e10, a::int, x<=-1 /* /* */ */ U&'z' 1..2")).toBe(
      "select ¦ E'a\\'b' ¦ , ¦ $$x;y$$ ¦ , ¦ $a$ $$ $a$ ¦ , ¦ \"q\"\"q\" ¦ , ¦ $1 ¦ , ¦ 1.5e10 ¦ , ¦ a ¦ :: ¦ int ¦ , ¦ x ¦ <=- ¦ 1 ¦ U&'z' ¦ 1 ¦ .. ¦ 2",
    );
  });

  it('ends on every text, with tokens in order', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ae$1\'"\\-/*;:.[(=<é \n'.split('')), maxLength: 40 }), (text) => {
        let at = 0;
        for (const { start, end } of scanTokens(text)) {
          expect(start).toBeGreaterThanOrEqual(at);
          expect(end).toBeGreaterThan(start);
          at = end;
        }
        expect(at).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
