/** ANALYZE: what it finds, as pg_stats shows it, and that plans are chosen by it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;

beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
  await run(session, 'create table m (id int primary key, a int, b text, c numeric, f boolean, j json)');
  await run(session, 'create index m_a on m (a)');
  await run(
    session,
    "insert into m select i, case when i % 10 < 7 then 1 else i % 100 end, 'b' || i, case when i % 4 = 0 then null else i / 3.0 end, i % 3 = 0, '{}' from generate_series(1, 3000) i",
  );
});

afterAll(() => cluster.stop());

const rows = async (sql: string): Promise<string[]> => (await run(session, sql)).slice(1, -1);

it('finds what PostgreSQL finds', async () => {
  expect(await rows("select count(*) from pg_stats where tablename = 'm'")).toEqual(['0']);
  expect(await rows("select reltuples from pg_class where relname = 'm'")).toEqual(['-1']);
  expect(await run(session, 'analyze m')).toEqual(['ANALYZE']);
  expect(await rows("select reltuples, relpages > 0 from pg_class where relname = 'm'")).toEqual(['3000|t']);
  expect(
    await rows(
      "select attname, null_frac, avg_width, n_distinct, correlation from pg_stats where tablename = 'm' and attname <> 'c' order by 1",
    ),
  ).toEqual(shapes.map((shape) => expect.stringMatching(shape)));
  expect(await rows("select null_frac, n_distinct from pg_stats where tablename = 'm' and attname = 'c'")).toEqual(['0.25|-0.75']);
  const [common] = await rows("select most_common_vals, most_common_freqs from pg_stats where tablename = 'm' and attname = 'a'");
  expect(common).toMatch(/^\{1,7,8,9,17,.*\}\|\{0\.7,0\.01,/);
  const [bounds] = await rows("select histogram_bounds from pg_stats where tablename = 'm' and attname = 'id'");
  expect(bounds).toMatch(/^\{1,30,60,90,.*,3000\}$/);
});

/** Correlations are those that PostgreSQL prints, to two digits. */
const shapes = [/^a\|0\|4\|31\|0\.49/, /^b\|0\|5\|-1\|/, /^f\|0\|1\|2\|0\.5/, /^id\|0\|4\|-1\|1$/, /^j\|0\|3\|0\|NULL$/];

it.each([
  ['a = 1', 2100],
  ['a = 7', 30],
  ['a <> 1', 900],
  ['c is null', 750],
  ['id < 300', 299],
  ['id >= 2700', 301],
  ['id between 1000 and 1099', 100],
  ['f', 1000],
  ['a in (1, 7)', 2130],
  ["b = 'b17'", 1],
])('%s', async (condition, expected) => {
  const [first] = await rows(`explain select * from m where ${condition}`);
  const estimated = Number(/rows=(\d+)/.exec(first)?.[1]);
  expect(estimated).toBeGreaterThan(expected * 0.9 - 2);
  expect(estimated).toBeLessThan(expected * 1.1 + 2);
});

it('counts rows alike before and after storage has flushed them', async () => {
  await run(session, 'create table fresh (id int primary key)');
  await run(session, 'insert into fresh select generate_series(1, 5000)');
  await run(session, 'analyze fresh');
  const estimated = async () => /rows=(\d+)/.exec((await rows('explain select * from fresh'))[0])?.[1];
  expect(await estimated()).toBe('5000');
  const [space] = await rows("select oid from pg_class where relname = 'fresh'");
  await expect.poll(() => cluster.replica.rowCount(Number(space)), { timeout: 10_000 }).toBe(8192);
  expect(await estimated()).toBe('5000');
});

it('makes plans of prepared statements anew', async () => {
  await run(session, 'create table skewed (id int primary key, kind int, note text)');
  await run(session, 'create index skewed_kind on skewed (kind)');
  await run(session, 'insert into skewed select i, 1, null from generate_series(1, 2000) i');
  await run(session, 'prepare of_kind as select * from skewed where kind = 1');
  const planned = async () => (await rows('explain (costs off) execute of_kind'))[0];
  expect(await planned()).toBe('Index Scan using skewed_kind on skewed');
  await run(session, 'analyze skewed');
  expect(await planned()).toBe('Index Only Scan using skewed_pkey on skewed');
});

it('makes an index worth its while for rare values alone', async () => {
  expect((await rows('explain (costs off) select * from m where a = 7'))[0]).toBe('Index Scan using m_a on m');
  expect((await rows('explain (costs off) select * from m where a = 1'))[0]).toBe('Index Only Scan using m_pkey on m');
});

it('rolls back with its transaction, and writes nothing in one that reads only', async () => {
  await run(session, 'create table other (id int primary key)');
  await run(session, 'insert into other values (1)');
  await run(session, 'begin');
  await run(session, 'analyze other');
  expect(await rows("select count(*) from pg_stats where tablename = 'other'")).toEqual(['1']);
  await run(session, 'rollback');
  await run(session, 'begin read only');
  expect(await run(session, 'analyze other')).toEqual(['ANALYZE']);
  await run(session, 'commit');
  expect(await rows("select count(*) from pg_stats where tablename = 'other'")).toEqual(['0']);
  expect(await run(session, 'analyze')).toEqual(['ANALYZE']);
  expect(await rows("select count(*) from pg_stats where tablename = 'other'")).toEqual(['1']);
});
