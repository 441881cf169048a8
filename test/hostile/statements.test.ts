/** 10 000 malformed statements from a generator: every one is answered, by rows or by an SQLSTATE of the client's fault, and the session lives on. */
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
});
afterAll(() => deployment.remove());

const words = [
  'SELECT',
  'FROM',
  'WHERE',
  'INSERT',
  'INTO',
  'VALUES',
  'UPDATE',
  'SET',
  'DELETE',
  'CREATE',
  'TABLE',
  'INDEX',
  'ASYNC',
  'ON',
  'JOIN',
  'LEFT',
  'GROUP',
  'BY',
  'ORDER',
  'HAVING',
  'LIMIT',
  'OFFSET',
  'UNION',
  'ALL',
  'WITH',
  'RECURSIVE',
  'AS',
  'NULL',
  'DEFAULT',
  'CASE',
  'WHEN',
  'END',
  'CAST',
  'IN',
  'EXISTS',
  'ANY',
  'BETWEEN',
  'LIKE',
  'IS',
  'NOT',
  'AND',
  'OR',
  'DISTINCT',
  'COUNT',
  'sum',
  'now',
  'generate_series',
  'victim',
  'id',
  'name',
  'pg_class',
  'int',
  'text',
  'numeric',
  'date',
  'jsonb',
  'ARRAY',
  'ROW',
  'OVER',
  'PARTITION',
  'LATERAL',
  'RETURNING',
  'CONFLICT',
  'DO',
  'NOTHING',
  'COPY',
  'STDOUT',
  'EXPLAIN',
  'SHOW',
  'RESET',
  'GRANT',
  'ALTER',
  'DROP',
  'COLUMN',
  'SCHEMA',
  'AWS',
  'IAM',
  'BEGIN',
  'ROLLBACK',
  '(',
  ')',
  ',',
  ';',
  '.',
  '*',
  '=',
  '<',
  '>',
  '+',
  '-',
  '/',
  '||',
  '::',
  '[',
  ']',
  '$1',
  "'",
  '"',
  '$$',
  '--',
  '/*',
  '*/',
  '1',
  '-1',
  '0',
  '2147483648',
  '9223372036854775808',
  '1e400',
  "'a'",
  "'2020-01-01'",
  "E'\\x00'",
  '"x"',
  'é',
  '😀',
  '\\',
  '%',
  '1.5',
];
const wellFormed = [
  'SELECT id, name FROM victim WHERE id = 1 ORDER BY name LIMIT 3',
  "INSERT INTO victim (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING *",
  'SELECT count(*), sum(id) FILTER (WHERE id > 2) FROM victim GROUP BY name HAVING count(*) > 1',
  'WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT * FROM t',
  'SELECT a.id, row_number() OVER (PARTITION BY a.name ORDER BY a.id) FROM victim a LEFT JOIN victim b USING (id)',
  'CREATE TABLE other (id int PRIMARY KEY, v numeric(10, 2) DEFAULT 1.5 CHECK (v > 0))',
];

const soup = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 25 }).map((parts) => parts.join(' '));
const broken = fc
  .tuple(fc.constantFrom(...wellFormed), fc.nat(200), fc.nat(12), fc.constantFrom('', ...words))
  .map(([text, at, length, put]) => text.slice(0, at % text.length) + put + text.slice((at % text.length) + length));
const noise = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\0', ''));
const nested = fc
  .tuple(fc.constantFrom('(', 'NOT ', '- ', 'ARRAY[', 'CASE WHEN true THEN ', '(SELECT '), fc.integer({ min: 1, max: 3_000 }))
  .map(([open, depth]) => `SELECT ${open.repeat(depth)}1`);

it('are answered, all of them', async () => {
  const client = await deployment.connect();
  await client.query('CREATE TABLE victim (id int PRIMARY KEY, name text)');
  await client.query("INSERT INTO victim SELECT n, 'name ' || n FROM generate_series(1, 20) AS n");
  // A damaged recursion may run for ever: it ends by time or by memory.
  await client.query("SET statement_timeout = '1s'");
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const statements = fc.sample(
    fc.oneof(
      { weight: 6, arbitrary: soup },
      { weight: 8, arbitrary: broken },
      { weight: 3, arbitrary: noise },
      { weight: 1, arbitrary: nested },
    ),
    { numRuns: 10_000, seed },
  );
  const codes = new Map<string, number>();
  for (const [i, statement] of statements.entries()) {
    // What would wait for us, or end the session, is not malformed.
    if (/copy[\s\S]*stdin/i.test(statement)) continue;
    try {
      await client.query(i % 3 === 0 ? { text: statement, values: [] as unknown[] } : statement);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      expect(code, `seed ${seed}, statement ${JSON.stringify(statement)}: ${message}`).toMatch(
        /^((0A|0B|2|3|4|54|55)[0-9A-Z]+|53200|57014)$/,
      );
      codes.set(code ?? '', (codes.get(code ?? '') ?? 0) + 1);
    }
    if (i % 50 === 0) await client.query('ROLLBACK');
  }
  await client.query('ROLLBACK');
  expect((await client.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }]);
  expect(codes.get('42601') ?? 0).toBeGreaterThan(2_000);
  expect(deployment.errors).not.toContain('internal error');
  await client.end();
}, 300_000);

it('that are cancelled while the client does not read leave nothing behind for the next one', async () => {
  const client = await deployment.connect();
  await client.query("SET statement_timeout = '400ms'");
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection;
  for (const sql of [
    "SELECT repeat('x', 1000), n FROM generate_series(1, 1000000) AS n",
    'SELECT n FROM generate_series(1, 100000000) AS n',
  ]) {
    const answer = client.query(sql).then(
      () => 'no error',
      (error: pg.DatabaseError) => error.code,
    );
    stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    stream.resume();
    expect(await answer).toBe('57014');
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect((await client.query('BEGIN')).rows).toEqual([]);
    await client.query('ROLLBACK');
  }
  await client.end();
});
