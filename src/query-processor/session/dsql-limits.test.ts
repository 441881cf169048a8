/** Limits of profile dsql, at the moment and in the words in which Aurora DSQL tells of them (dsql-behaviour 5.2, 6.5). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;
beforeAll(async () => {
  cluster = await MemoryCluster.start('dsql');
  session = cluster.connect();
});
afterAll(async () => await cluster.stop());

/** The last line of each statement's answer. */
async function answers(...statements: readonly string[]): Promise<string[]> {
  const told: string[] = [];
  for (const statement of statements) told.push((await run(session, statement)).at(-1) ?? '');
  return told;
}
const failed = 'ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block';

describe('a transaction', () => {
  it('takes 3000 rows, and fails at the statement that crosses them', async () => {
    expect(
      await answers(
        'create table rows_of (id int primary key, v int)',
        'insert into rows_of select n, n from generate_series(1, 3000) n',
        'insert into rows_of select n, n from generate_series(3001, 6001) n',
        'begin',
        'update rows_of set v = 0 where id <= 2000',
        'update rows_of set v = 1 where id <= 1001',
        'select 1',
        'commit',
      ),
    ).toEqual([
      'CREATE TABLE',
      'INSERT 0 3000',
      'ERROR 54000: transaction row limit exceeded',
      'BEGIN',
      'UPDATE 2000',
      'ERROR 54000: transaction row limit exceeded',
      failed,
      'ROLLBACK',
    ]);
  });

  it('counts rows that it locks, and those that foreign keys change', async () => {
    await answers(
      'create table children (id int primary key, p int references rows_of on delete cascade)',
      'insert into children select n, 1 from generate_series(1, 2999) n',
      'insert into children values (3000, 2)',
    );
    expect(await answers('begin', 'select id from children for update', 'delete from rows_of where id = 3', 'rollback')).toEqual([
      'BEGIN',
      'SELECT 3000',
      'ERROR 54000: transaction row limit exceeded',
      'ROLLBACK',
    ]);
    expect(await answers('delete from rows_of where id <= 2')).toEqual(['ERROR 54000: transaction row limit exceeded']);
    expect(await answers('delete from rows_of where id = 1')).toEqual(['DELETE 1']);
  });

  it('is measured in bytes at its COMMIT', async () => {
    await answers('create table big (id int primary key, t text)');
    const insert = (from: number, to: number): string =>
      `insert into big select n, repeat(md5(n::text), 30000) from generate_series(${from}, ${to}) n`;
    expect(await answers('begin', insert(1, 6), insert(7, 12), 'commit', 'select count(*) from big', insert(1, 12))).toEqual([
      'BEGIN',
      'INSERT 0 6',
      'INSERT 0 6',
      'ERROR 54000: transaction size limit 10mb exceeded',
      'SELECT 1',
      'ERROR 54000: transaction size limit 10mb exceeded',
    ]);
  });

  it('has one schema change, and no row changes beside it, also in one message', async () => {
    expect(
      await answers(
        'create table m1 (a int); create table m2 (a int)',
        'create table m1 (a int); insert into m1 values (1)',
        'insert into rows_of values (9001, 1); create table m1 (a int)',
        'create table m1 (a int); create index async on m1 (a)',
        'select count(*) from rows_of where id = 9001',
      ),
    ).toEqual([
      'ERROR 0A000: multiple ddl statements not supported in a transaction',
      'ERROR 0A000: ddl and dml are not supported in the same transaction',
      'ERROR 0A000: ddl and dml are not supported in the same transaction',
      'ERROR 0A000: multiple ddl statements not supported in a transaction',
      'SELECT 1',
    ]);
    expect(await answers("select to_regclass('m1') is null")).toEqual(['SELECT 1']);
    expect((await run(session, "select to_regclass('m1') is null"))[1]).toBe('t');
    expect(await answers('select 1; create table m3 (a int); select 1')).toEqual(['SELECT 1']);
  });
});

describe('a value', () => {
  it.each([
    [
      "insert into wide (id, t) values (1, repeat('x', 1048577))",
      'ERROR 54000: datatype limit greater than 1048576 bytes not supported for text',
    ],
    ["insert into wide (id, t) values (2, repeat('x', 1048576))", 'INSERT 0 1'],
    [
      "insert into wide (id, y) values (3, decode(repeat('ab', 1048577), 'hex'))",
      'ERROR 54000: datatype limit greater than 1048576 bytes not supported for bytea',
    ],
    ["insert into wide values (4, repeat('x', 1048576), decode(repeat('ab', 1048576), 'hex'))", 'ERROR 54000: maximum row size exceeded'],
    ["insert into keyed values (repeat('x', 1000))", 'INSERT 0 1'],
    ["insert into keyed values (repeat('x', 2100))", 'ERROR 54000: key size too large'],
  ])('%s', async (text, answer) => {
    await answers('create table wide (id int primary key, t text, y bytea)', 'create table keyed (k text primary key)');
    expect(await answers(text)).toEqual([answer]);
  });
});

describe('an object', () => {
  const list = (count: number, part: (n: number) => string): string => Array.from({ length: count }, (_, n) => part(n)).join(', ');

  it.each([
    [`create table x (${list(256, (n) => `c${n} int`)})`, 'ERROR 54011: tables can have at most 255 columns'],
    [
      `create table x (${list(9, (n) => `c${n} int`)}, primary key (${list(9, (n) => `c${n}`)}))`,
      'ERROR 54011: more than 8 column keys in an index are not supported',
    ],
    ['create table x (k varchar(2001) primary key)', 'ERROR 54000: key size greater than 2000 bytes not supported'],
    ['create table x (a varchar(1500), b char(501), unique (a, b))', 'ERROR 54000: key size greater than 2000 bytes not supported'],
    ['create table fits (k varchar(2000) primary key, t varchar(60000))', 'CREATE TABLE'],
    ['create index async on fits (t)', 'ERROR 54000: key size greater than 2000 bytes not supported'],
    ['create unique index async on fits (k) include (t)', 'CREATE INDEX'],
  ])('%s', async (text, answer) => {
    expect(await answers(text)).toEqual([answer]);
  });

  it('of each kind has its number', async () => {
    await answers('create table indexed (id int primary key, a int)');
    for (let n = 1; n <= 23; n++) await answers(`create index async on indexed (a)`);
    expect(await answers('create index async on indexed (a)')).toEqual(['ERROR 54000: more than 24 indexes per table are not allowed']);
    for (let n = 1; n <= 10; n++) await answers(`create schema s${n}`);
    expect(await answers('create schema s11', 'drop schema s1', 'create schema s11')).toEqual([
      'ERROR 54000: more than 10 schemas not allowed',
      'DROP SCHEMA',
      'CREATE SCHEMA',
    ]);
  });
});

it('a query that needs too much memory', async () => {
  expect(
    await answers(
      'select count(*) from (select md5((a * b)::text) from generate_series(1, 2500) a, generate_series(1, 2500) b order by 1) x',
    ),
  ).toEqual(['ERROR 53200: query requires too much temp space, out of memory.']);
});

describe('extended statistics', () => {
  it('are five of a table, with a target of at most 100', async () => {
    await answers('create table measured (id int primary key, a int, b int)');
    for (let number = 1; number <= 5; number++)
      expect(await answers(`create statistics measured_${number} on a, b from measured`)).toEqual(['CREATE STATISTICS']);
    expect(
      await answers(
        'create statistics on a, b from measured',
        'alter statistics measured_1 set statistics 101',
        'alter statistics measured_1 set statistics 100',
        'drop statistics measured_1',
        'create statistics on a, b from measured',
      ),
    ).toEqual([
      'ERROR 54000: more than 5 extended statistics per table are not allowed',
      'ERROR 22023: statistics target 101 exceeds maximum allowed value of 100',
      'ALTER STATISTICS',
      'DROP STATISTICS',
      'CREATE STATISTICS',
    ]);
  });
});
