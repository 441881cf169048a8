/**
 * Expressions printed as pg_get_expr prints them. The casts in the text also show which functions and operators were chosen.
 * `testdata/postgres-expressions.txt` holds an expression and, behind =>, what PostgreSQL 16 says; RECORD_POSTGRES=1 asks it again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import type { Expression } from '#sql/expression.ts';
import { quoteIdentifier } from '#sql/functions/quoting.ts';
import { loadParser } from '../parser/parse.ts';
import { deparseExpression, deparseSortKey } from './deparse.ts';
import { expressionKey } from './expression-key.ts';
import { analyzeTableExpression } from './table-expression.ts';
import { makeCatalog, makeEnvironment, makeTable } from './testing/catalog-fixture.ts';

const declaration =
  'a int, b text, c numeric(10,2), d timestamptz, e varchar(5), f boolean, g int[], h jsonb, i date, j float8, k bigint, l bytea, m uuid, n interval, o char(3), "Q x" smallint';
const file = new URL('./testdata/postgres-expressions.txt', import.meta.url);

type Recorded = { readonly expression: string; readonly printed: string };
function read(): Recorded[] {
  const recorded: { expression: string; printed: string }[] = [];
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const last = recorded[recorded.length - 1];
    if (line.startsWith('=> ')) last.printed = line.slice(3).replaceAll('⏎', '\n');
    else recorded.push({ expression: line, printed: '' });
  }
  return recorded;
}

beforeAll(async () => {
  await loadParser();
  if (process.env.RECORD_POSTGRES === '1') await record();
});

const bind = (text: string): Expression => {
  const table = makeTable('tt', declaration);
  return analyzeTableExpression(text, table, makeEnvironment(makeCatalog([table]), text), { kind: 'check' });
};
const nameOf = (id: number): string => quoteIdentifier('abcdefghijklmno'[id - 1] ?? 'Q x');
const print = (expression: Expression): string => deparseExpression(expression, nameOf, { indent: true });

it('prints as PostgreSQL does', () => {
  const recorded = read();
  expect(recorded.length).toBeGreaterThan(190);
  const actual = recorded.map(({ expression }) => ({ expression, printed: print(bind(expression)) }));
  expect(actual).toEqual(recorded);
});

it('binds back to the same expression', () => {
  for (const { expression } of read()) {
    const first = print(bind(expression));
    const second = print(bind(first));
    expect(print(bind(second)), expression).toBe(second);
    // Where printing twice gives the same text, both bound trees are the same too.
    if (first === second && !/DISTINCT|CASE/.test(first))
      expect(expressionKey(bind(first)), expression).toBe(expressionKey(bind(expression)));
  }
});

it('leaves out the cast to the column of a default', () => {
  const table = makeTable('tt', declaration);
  const environment = makeEnvironment(makeCatalog([table]), '');
  const printDefault = (text: string, at: number): string =>
    print(analyzeTableExpression(text, table, environment, { kind: 'default', column: table.columns[at - 1] }));
  expect(printDefault('now()', 4)).toBe('now()');
  expect(printDefault('now()', 9)).toBe('now()');
  expect(printDefault("'x'", 5)).toBe("'x'::character varying");
  expect(printDefault('0', 3)).toBe('0');
  expect(printDefault("'2020-01-01'", 9)).toBe("'2020-01-01'::date");
  expect(printDefault('array[1, 2]', 7)).toBe('ARRAY[1, 2]');
});

it('prints sort keys', () => {
  const expression: Expression = { kind: 'column', id: 1, name: 'a', type: { oid: 23, typmod: -1 } };
  const key = (descending: boolean, nullsFirst: boolean): string => deparseSortKey({ expression, descending, nullsFirst }, nameOf);
  expect([key(false, false), key(true, true), key(false, true), key(true, false)]).toEqual([
    'a',
    'a DESC',
    'a NULLS FIRST',
    'a DESC NULLS LAST',
  ]);
});

async function record(): Promise<void> {
  const { startPostgres } = await import('../../../scripts/oracle.ts');
  const { default: pg } = await import('pg');
  const oracle = await startPostgres();
  if (oracle === undefined) throw new Error('there is no PostgreSQL to ask');
  const client = new pg.Client({ host: oracle.host, port: oracle.port, user: oracle.user, database: oracle.database });
  await client.connect();
  await client.query(`create table tt (${declaration})`);
  const lines: string[] = [];
  for (const { expression } of read()) {
    await client.query(`alter table tt add constraint c check (${expression})`);
    const { rows } = await client.query("select pg_get_expr(conbin, conrelid) as printed from pg_constraint where conname = 'c'");
    await client.query('alter table tt drop constraint c');
    lines.push(expression, `=> ${String(rows[0].printed).replaceAll('\n', '⏎')}`);
  }
  await client.end();
  await oracle.stop();
  writeFileSync(file, `${lines.join('\n')}\n`);
}
