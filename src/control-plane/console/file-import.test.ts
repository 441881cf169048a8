import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryCluster } from '#query-processor/session/testing/memory-cluster.ts';
import { FileImport } from './file-import.ts';
import type { ImportProgress, ImportRequest } from './import-shapes.ts';
import { QuerySession } from './query-session.ts';
import { RecordSplitter } from './record-splitter.ts';
import type { ErrorReport } from './result-lines.ts';

let cluster: MemoryCluster;
let session: QuerySession;
const connect = (): QuerySession => new QuerySession(cluster.world, cluster.queryProcessor, cluster.connect(), 'admin');
beforeAll(async () => {
  cluster = await MemoryCluster.start('dsql');
  session = connect();
});
afterAll(async () => await cluster.stop());

const small = { rows: 50, bytes: 4096 };
const csvInto = (table: string, more: Partial<Extract<ImportRequest, { kind: 'csv' }>> = {}): ImportRequest => ({
  kind: 'csv',
  schema: 'public',
  table,
  columns: [],
  hasHeader: false,
  delimiter: ',',
  quote: '"',
  nullText: '',
  ...more,
});
const script: ImportRequest = { kind: 'sql', stopsAtError: false };

async function importOf(
  request: ImportRequest,
  content: string | Buffer,
  pieceBytes = 1000,
  limits = small,
): Promise<ImportProgress<ErrorReport>> {
  const running = new FileImport(cluster.world, connect(), request, limits);
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += pieceBytes) await running.take(at, bytes.subarray(at, at + pieceBytes));
  await running.finish(bytes.length);
  return running.progress(0);
}
const rows = (query: string): Promise<readonly (readonly (string | null)[])[]> => session.rows(query);

describe('a CSV file', () => {
  it('is inserted in several transactions, its wrong rows refused with line and reason', async () => {
    await session.execute('create table t (id int primary key, name text, n int check (n < 1000))');
    await session.execute("insert into t values (77, 'there before', 0)");
    const lines = Array.from({ length: 200 }, (_, at) => `${at + 1},"name\n${at + 1}",${at}`);
    lines[9] = 'ten,x,1';
    lines[19] = '20,too few';
    lines[29] = '30,checked,1000';
    lines[39] = '1,again,1';
    const done = await importOf(csvInto('t', { hasHeader: true }), `id,name,n\n${lines.join('\n')}`);
    expect(done).toMatchObject({ state: 'finished', rows: 195, failure: undefined });
    expect(done.transactions).toBeGreaterThan(4);
    expect(done.refused.map(({ line, error }) => [line, error.sqlstate])).toEqual([
      [20, '22P02'],
      [39, '22P04'],
      [58, '23514'],
      [77, '23505'],
      [150, '23505'],
    ]);
    expect(done.refused[0]).toMatchObject({ text: 'ten,x,1', error: { where: 'COPY t, line 20, column id: "ten"' } });
    expect(await rows('select count(*) from t')).toEqual([['196']]);
    expect(await rows('select name from t where id = 50')).toEqual([['name\n50']]);
  });

  it('goes into the columns that are named, with its own delimiter, quote and null', async () => {
    await session.execute('create table "Odd ""name" (a int, b text, c text default \'d\')');
    const done = await importOf(
      csvInto('Odd "name', { columns: ['b', 'a'], delimiter: ';', quote: "'", nullText: '\\N' }),
      "\ufeff'it''s; one';1\n\\N;2\n",
    );
    expect(done).toMatchObject({ state: 'finished', rows: 2 });
    expect(await rows('select * from "Odd ""name" order by a')).toEqual([
      ['1', "it's; one", 'd'],
      ['2', null, 'd'],
    ]);
  });

  it('is ended by what is no row of it to blame for', async () => {
    expect(await importOf(csvInto('absent'), '1\n2\n')).toMatchObject({
      state: 'failed',
      rows: 0,
      refusedCount: 0,
      failure: { sqlstate: '42P01' },
    });
  });

  it('is ended when it does not fit at all', async () => {
    await session.execute('create table fits_not (a int)');
    const done = await importOf(csvInto('fits_not'), 'x\n'.repeat(1500), 4000);
    expect(done).toMatchObject({ state: 'failed', rows: 0, refusedCount: 1000 });
  });

  it('goes on where it stood when the connection broke', async () => {
    await session.execute('create table resumed (a int primary key)');
    const running = new FileImport(cluster.world, connect(), csvInto('resumed'), small);
    const bytes = Buffer.from(Array.from({ length: 100 }, (_, at) => `${at}\n`).join(''));
    expect(await running.take(0, bytes.subarray(0, 101))).toBe(true);
    expect(await running.take(0, bytes.subarray(0, 101))).toBe(false);
    expect(await running.take(200, bytes.subarray(200))).toBe(false);
    expect(running.progress(0).position).toBe(101);
    // Sent twice at once: the first is taken, the second refused.
    const both = await Promise.all([running.take(101, bytes.subarray(101)), running.take(101, bytes.subarray(101))]);
    expect(both).toEqual([true, false]);
    await running.finish(bytes.length);
    expect(running.progress(0)).toMatchObject({ state: 'finished', rows: 100, refusedCount: 0 });
  });

  it('meets conflicts and tries again', async () => {
    await session.execute('create table contended (a int primary key)');
    await session.execute("set borealis.inject_conflict = 'code=OC000, share=0.5, seed=3, scope=cluster'");
    const done = await importOf(csvInto('contended'), Array.from({ length: 300 }, (_, at) => `${at}\n`).join(''));
    await session.execute("set borealis.inject_conflict = 'off, scope=cluster'");
    expect(done).toMatchObject({ state: 'finished', rows: 300, refusedCount: 0 });
  });
});

describe('a SQL file', () => {
  it('runs statement by statement and reports those that fail', async () => {
    const text = `-- a comment; with a semicolon
create table s (id int primary key, t text);
\\restrict abc
insert into s values (1, 'a;b'), (2, $x$;$x$);
insert into s values (1, 'again');
begin;
insert into s values (3, 'c');
insert into nowhere values (1);
insert into s values (4, 'd');
commit;
\\echo hello
insert into s values (5, 'é')`;
    for (const pieceBytes of [1000, 7]) {
      const done = await importOf(script, text, pieceBytes);
      expect(done).toMatchObject({ state: 'finished', rows: 3, skippedStatements: 1 });
      expect(done.refused.map(({ line, error }) => [line, error.sqlstate])).toEqual([
        [5, '23505'],
        [8, '42P01'],
        [11, '42601'],
      ]);
      expect(await rows('select * from s order by id')).toEqual([
        ['1', 'a;b'],
        ['2', ';'],
        ['5', 'é'],
      ]);
      await session.execute('drop table s');
    }
  });

  it('carries the data of COPY, as pg_dump writes it', async () => {
    await session.execute('create table d (id int primary key, t text)');
    const text = `copy public.d (id, t) from stdin;\n1\ta\\tb\nx\tc\n2\t\\N\n\\.\n\ninsert into d values (3, 'after'), (x);\ncopy d from stdin with (format csv);\n4,"y\nz"\n5,6,7\n\\.\n`;
    for (const pieceBytes of [1000, 5]) {
      const done = await importOf(script, text, pieceBytes);
      expect(done).toMatchObject({ state: 'finished', rows: 3 });
      expect(done.refused.map(({ line, error }) => [line, error.sqlstate])).toEqual([
        [3, '22P02'],
        [7, '42703'],
        [11, '22P04'],
      ]);
      expect(await rows('select * from d order by id')).toEqual([
        ['1', 'a\tb'],
        ['2', null],
        ['4', 'y\nz'],
      ]);
      await session.execute('delete from d');
    }
  });

  it('ends at its first error when it is told to, and at an open transaction', async () => {
    const stopped = await importOf({ kind: 'sql', stopsAtError: true }, 'select 1;\nselect nope;\nselect 2;');
    expect(stopped).toMatchObject({ state: 'failed', statements: 1, failure: { message: 'line 2: column "nope" does not exist' } });
    expect(await importOf(script, 'begin; select 1;')).toMatchObject({ state: 'failed', failure: { sqlstate: '25000' } });
    expect(await importOf(script, Buffer.from([0x73, 0xff]))).toMatchObject({ state: 'failed', failure: { sqlstate: '22021' } });
  });
});

it('the sample files of the story go in', async () => {
  await session.execute('create schema example');
  await session.execute('create table example.department (id int primary key, name text, email text)');
  await session.execute(
    'create table example.invoice (id uuid primary key default gen_random_uuid(), created timestamp, purchaser int, amount float)',
  );
  const data = new URL('../../../test/data/', import.meta.url);
  expect(await importOf(script, readFileSync(new URL('department-insert-multirow.sql', data)))).toMatchObject({
    state: 'finished',
    rows: 9,
  });
  const request = csvInto('invoice', { schema: 'example', columns: ['created', 'purchaser', 'amount'] });
  const done = await importOf(request, readFileSync(new URL('invoice.csv', data)), 65_536, { rows: 1000, bytes: 1e6 });
  expect(done).toMatchObject({ state: 'finished', rows: 2999, refusedCount: 0, transactions: 3 });
});

it('records are the same however a file is cut', () => {
  const field = fc.oneof(fc.constantFrom('', 'a', 'é', '\\.', '🌊'), fc.constantFrom('"x"', '"a\nb"', '"c""d\n"'));
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 1, maxLength: 3 })), fc.array(fc.integer({ min: 1, max: 9 })), (table, cuts) => {
      const expected = table.map((fields) => `${fields.join(',')}\n`).filter((line) => line !== '\\.\n');
      const bytes = Buffer.from(expected.join(''));
      const splitter = new RecordSplitter('"');
      const found: string[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        for (const record of splitter.push(bytes.subarray(at, at + cut))) found.push(Buffer.from(record.bytes).toString());
        at += cut;
      }
      expect(found).toEqual(expected);
    }),
  );
});
