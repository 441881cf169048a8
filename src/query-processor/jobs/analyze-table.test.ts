/** Automatic ANALYZE: when a table is due, what the job writes, and that it goes on or begins anew after a stop. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { InvariantError } from '#base/assert.ts';
import { CatalogCache } from '../catalog/catalog-cache.ts';
import type { LocalSession } from '../session/session.ts';
import { MemoryCluster } from '../session/testing/memory-cluster.ts';
import { run } from '../session/testing/text-sink.ts';
import { JobRunner } from './job-runner.ts';

let cluster: MemoryCluster;
let session: LocalSession;
let runner: JobRunner;

/** As the node's own one; small slices, so that a table has many. */
function newRunner(rowsPerSlice: number): JobRunner {
  return new JobRunner({
    world: cluster.world,
    storage: cluster.replica,
    readPoint: cluster.readPoint,
    adjudicator: cluster.adjudicator,
    catalogs: new CatalogCache(cluster.replica),
    nodeName: 'us-east-1',
    submittedMs: 0,
    rowsPerSlice,
    bindTableText: () => {
      throw new InvariantError('nothing is bound');
    },
  });
}

beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
  runner = newRunner(100);
});
afterAll(async () => {
  await runner.stop();
  await cluster.stop();
});

const rows = async (sql: string): Promise<string[]> => (await run(session, sql)).slice(1, -1);
const figures = (table: string): Promise<string[]> =>
  rows(
    `select n_live_tup, n_mod_since_analyze, last_analyze is null, last_autoanalyze is null, analyze_count, autoanalyze_count from pg_stat_user_tables where relname = '${table}'`,
  );
const jobs = (): Promise<string[]> =>
  rows("select status, object_name from sys.jobs where job_type = 'ANALYZE' order by start_time, update_time");

it('analyzes a table when 50 rows and a tenth of it have changed, and not before', async () => {
  await run(
    session,
    "create table t (id int primary key, a int, b text); insert into t select i, i % 3, 'x' from generate_series(1, 50) i",
  );
  await cluster.replica.flush();
  await runner.analyzeChanged();
  expect(await figures('t')).toEqual(['50|50|t|t|0|0']);
  expect(await rows("select reltuples from pg_class where relname = 't'")).toEqual(['-1']);

  await run(session, 'alter table t drop column b; insert into t select i, i % 3 from generate_series(51, 1000) i');
  await cluster.replica.flush();
  await runner.analyzeChanged();
  expect(await figures('t')).toEqual(['1000|0|t|f|0|1']);
  expect(await rows("select reltuples from pg_class where relname = 't'")).toEqual(['1000']);
  expect(await rows("select attname, n_distinct, most_common_vals from pg_stats where tablename = 't' order by 1")).toEqual([
    'a|3|{1,0,2}',
    'id|-1|NULL',
  ]);
  expect(await jobs()).toEqual(['completed|public.t']);

  await run(session, 'update t set a = 5 where id <= 150');
  await cluster.replica.flush();
  await runner.analyzeChanged();
  expect(await figures('t')).toEqual(['1000|150|t|f|0|1']);
  await run(session, 'delete from t where id > 999');
  await cluster.replica.flush();
  await runner.analyzeChanged();
  expect(await figures('t')).toEqual(['999|0|t|f|0|2']);
  expect(await jobs()).toHaveLength(2);
});

it('leaves alone what ANALYZE has analyzed', async () => {
  await run(session, 'create table u (id int primary key); insert into u select generate_series(1, 2000); analyze u');
  await cluster.replica.flush();
  await runner.analyzeChanged();
  expect(await figures('u')).toEqual(['2000|0|f|t|1|0']);
});

it('begins anew where the sample is gone, and skips a table that is', async () => {
  await run(session, 'create table v (id int primary key); insert into v select generate_series(1, 9000)');
  await cluster.replica.flush();
  // A step has 32 slices: this one stops in the middle of the table.
  const first = newRunner(20);
  const began = first.analyzeChanged();
  await expect.poll(async () => (await jobs()).at(-1)).toBe('processing|public.v');
  await first.stop();
  await began;
  expect(await figures('v')).toEqual(['9000|9000|t|t|0|0']);
  runner.wake();
  await expect.poll(jobs, { timeout: 10_000 }).toContain('completed|public.v');
  expect(await figures('v')).toEqual(['9000|0|t|f|0|1']);
  expect(await rows("select reltuples from pg_class where relname = 'v'")).toEqual(['9000']);
});
