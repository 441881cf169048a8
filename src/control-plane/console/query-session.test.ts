import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryCluster } from '#query-processor/session/testing/memory-cluster.ts';
import { QuerySession, SessionIsBusy } from './query-session.ts';
import type { ResultLine } from './result-lines.ts';

let cluster: MemoryCluster;
let session: QuerySession;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
beforeEach(() => {
  session = new QuerySession(cluster.world, cluster.queryProcessor, cluster.connect(), 'admin');
});
afterAll(async () => await cluster.stop());

async function linesOf(stream: ReadableStream<Uint8Array>): Promise<ResultLine[]> {
  const text = await new Response(stream).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): ResultLine => JSON.parse(line));
}

const run = (text: string, maxRows = 10_000): Promise<ResultLine[]> => linesOf(session.run(text, maxRows));
const rowsIn = (lines: readonly ResultLine[]): (readonly (string | null)[])[] =>
  lines.flatMap((line) => (line.kind === 'rows' ? line.rows : []));
const kinds = (lines: readonly ResultLine[]): string[] => lines.map(({ kind }) => kind);

describe('a text', () => {
  it('is run statement by statement, each a transaction of its own', async () => {
    const lines = await run(
      "create schema a; create table a.t(id int primary key, at timestamptz, ok boolean);\ninsert into a.t values (1, '2026-01-02', true), (2, null, false); select * from a.t order by id",
    );
    expect(kinds(lines)).toEqual([
      'statement',
      'complete',
      'statement',
      'complete',
      'statement',
      'complete',
      'statement',
      'columns',
      'rows',
      'complete',
      'ready',
    ]);
    expect(rowsIn(lines)).toEqual([
      ['1', '2026-01-02 00:00:00+00', 't'],
      ['2', null, 'f'],
    ]);
    expect(lines.flatMap((line) => (line.kind === 'columns' ? line.columns.map(({ name, type }) => `${name} ${type}`) : []))).toEqual([
      'id int4',
      'at timestamptz',
      'ok bool',
    ]);
    expect(lines.flatMap((line) => (line.kind === 'complete' ? [line.tag] : []))).toEqual([
      'CREATE SCHEMA',
      'CREATE TABLE',
      'INSERT 0 2',
      'SELECT 2',
    ]);
  });

  it('ends at its first error, whose position counts characters of the whole text', async () => {
    const text = "select '🌊'; select 'é', nowhere; select 3";
    const lines = await run(text);
    expect(rowsIn(lines)).toEqual([['🌊']]);
    const [error] = lines.flatMap((line) => (line.kind === 'error' ? [line.error] : []));
    expect(error).toMatchObject({ sqlstate: '42703', message: 'column "nowhere" does not exist' });
    expect([...text].slice((error.position ?? 0) - 1, (error.position ?? 0) + 6).join('')).toBe('nowhere');
    expect(rowsIn(await run('select 1'))).toEqual([['1']]);
  });

  it('keeps a transaction block open between runs, and says so', async () => {
    expect((await run('begin; select 1')).at(-1)).toEqual({ kind: 'ready', transactionStatus: 'T' });
    expect((await run('select 1/0')).at(-1)).toEqual({ kind: 'ready', transactionStatus: 'E' });
    expect((await run('rollback')).at(-1)).toEqual({ kind: 'ready', transactionStatus: 'I' });
  });

  it('may be empty, or a syntax error', async () => {
    expect(kinds(await run(' -- nothing\n;;'))).toEqual(['ready']);
    expect((await run('selec 1')).find(({ kind }) => kind === 'error')).toMatchObject({ error: { sqlstate: '42601', position: 1 } });
  });

  it('sends notices', async () => {
    const lines = await run('drop table if exists absent');
    expect(lines.find(({ kind }) => kind === 'notice')).toMatchObject({
      notice: { severity: 'NOTICE', message: 'table "absent" does not exist, skipping' },
    });
  });
});

describe('many rows', () => {
  it('come as many as asked for, and more on request, from one snapshot', async () => {
    await run('create table many(id int primary key); insert into many select generate_series(1, 2500)');
    const first = await run('select id from many order by id', 1000);
    expect(rowsIn(first)).toHaveLength(1000);
    expect(first.find(({ kind }) => kind === 'suspended')).toEqual({ kind: 'suspended', isLast: true });
    const other = new QuerySession(cluster.world, cluster.queryProcessor, cluster.connect(), 'admin');
    await linesOf(other.run('delete from many where id > 1500', 10));
    const second = await linesOf(session.more(1000));
    expect(rowsIn(second).at(-1)).toEqual(['2000']);
    const third = await linesOf(session.more(1000));
    expect(rowsIn(third)).toHaveLength(500);
    expect(third.find(({ kind }) => kind === 'complete')).toMatchObject({ tag: 'SELECT 500' });
    expect((await linesOf(session.more(1000))).find(({ kind }) => kind === 'error')).toMatchObject({ error: { sqlstate: '24000' } });
    expect(rowsIn(await run('select count(*) from many'))).toEqual([['1500']]);
  });

  it('wait for a reader that is behind', async () => {
    const stream = session.run("select repeat('x', 1000) from generate_series(1, 20000)", 20_000);
    const reader = stream.getReader();
    await reader.read();
    await cluster.world.timers.sleep(50);
    expect(session.isBusy).toBe(true);
    await reader.cancel();
    await cluster.world.timers.sleep(50);
    expect(session.isBusy).toBe(false);
  });
});

describe('a session', () => {
  it('does one thing at a time, and can be cancelled', async () => {
    const stream = session.run('select count(*) from generate_series(1, 100000000)', 1);
    expect(() => session.run('select 1', 1)).toThrow(SessionIsBusy);
    await cluster.world.timers.sleep(20);
    session.cancel();
    expect((await linesOf(stream)).find(({ kind }) => kind === 'error')).toMatchObject({ error: { sqlstate: '57014' } });
    expect(rowsIn(await run('select 1'))).toEqual([['1']]);
  });

  it('explains, and takes back what ANALYZE has changed', async () => {
    await run('create table e(id int primary key)');
    expect(await session.explain('explain analyze insert into e values (1)', true)).toMatchObject({
      plan: [{ Plan: { 'Node Type': 'ModifyTable' } }],
    });
    expect(rowsIn(await run('select * from e'))).toEqual([]);
    expect(await session.explain('\n select * from nope', false)).toMatchObject({ error: { sqlstate: '42P01', position: 17 } });
    expect(await session.explain('explain (costs off) select * from nope', false)).toMatchObject({ error: { position: 35 } });
    expect(session.transactionStatus).toBe('I');
  });
});
