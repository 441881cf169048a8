/** Reading the past: what was there at any retained moment, rows and schema, in both Regions, also of replicas that have been rebuilt; and restoring it. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import type { Session } from '#query-processor/query-processor.ts';
import type { Cluster } from './cluster.ts';
import { MomentNotKept } from './cluster-copy.ts';
import { connectTo as connect, openCluster, regions } from './cluster-fixture.ts';
import { query } from './query-fixture.ts';

const opened: Cluster[] = [];
afterEach(async () => {
  for (const cluster of opened.splice(0)) await cluster.close();
});

async function open(world: World): Promise<Cluster> {
  const cluster = await openCluster(world, 3_600_000, 2_048);
  opened.push(cluster);
  return cluster;
}

async function reopen(cluster: Cluster, world: World): Promise<Cluster> {
  opened.splice(opened.indexOf(cluster), 1);
  await cluster.close();
  return open(world);
}

const textOf = (timestamp: number): string => {
  const milliseconds = new Date(Math.floor(timestamp / 1000)).toISOString().slice(0, -1);
  return `${milliseconds}${String(timestamp % 1000).padStart(3, '0')}Z`;
};

/** A moment between two commits. */
async function momentNow(world: World): Promise<number> {
  await world.timers.sleep(2);
  const moment = world.clock.now();
  await world.timers.sleep(2);
  return moment;
}

const statements = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.nat(19), fc.nat(99))
      .map(([k, v]) => `INSERT INTO t VALUES (${k}, ${v}) ON CONFLICT (k) DO UPDATE SET v = t.v + 1`),
  },
  { weight: 4, arbitrary: fc.nat(19).map((k) => `UPDATE t SET v = v + 1 WHERE k >= ${k}`) },
  { weight: 4, arbitrary: fc.nat(19).map((k) => `DELETE FROM t WHERE k < ${k}`) },
  { weight: 1, arbitrary: fc.constant('TRUNCATE t') },
  { weight: 1, arbitrary: fc.constant('ALTER TABLE t ALTER COLUMN v TYPE int8') },
  { weight: 1, arbitrary: fc.constant('ALTER TABLE t ALTER COLUMN v TYPE int4') },
  { weight: 1, arbitrary: fc.constant('ALTER TABLE t ADD COLUMN c int DEFAULT 5') },
  { weight: 1, arbitrary: fc.constant('ALTER TABLE t DROP COLUMN IF EXISTS c') },
  { weight: 1, arbitrary: fc.constant('CREATE INDEX ON t (v)') },
  { weight: 1, arbitrary: fc.constant('DROP TABLE t') },
  { weight: 1, arbitrary: fc.constant('checkpoint') },
);

describe('the past of a cluster', () => {
  it('is what it was, at every moment, in both Regions, of replicas that have been rebuilt too', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(statements, { minLength: 5, maxLength: 20 }), async (list) => {
        const world = realWorld({ log: silentLog, disk: memoryDisk() });
        let cluster = await open(world);
        let session = connect(cluster);
        const rowsNow = (from: Session) => query(from, 'SELECT * FROM t ORDER BY v, k');
        const seen: { readonly moment: number; readonly rows: unknown[][] }[] = [];
        await query(session, 'CREATE TABLE t (k int PRIMARY KEY, v int)');
        for (const text of list) {
          if (text === 'checkpoint') await cluster.checkpoint();
          // What cannot be done now (a column that is there) leaves all as it is.
          else await query(session, text).catch(() => {});
          if (text === 'DROP TABLE t') await query(session, 'CREATE TABLE t (k int PRIMARY KEY, v int)');
          seen.push({ moment: await momentNow(world), rows: await rowsNow(session) });
        }
        for (let round = 0; round < 2; round++) {
          for (const { moment, rows } of seen)
            for (const region of regions) {
              const reader = connect(cluster, region);
              await query(reader, 'BEGIN');
              await query(reader, `SET LOCAL borealis.as_of = '${textOf(moment)}'`);
              expect(await rowsNow(reader)).toEqual(rows);
              expect(await query(reader, 'SELECT k, v FROM t WHERE k = 7')).toEqual(rows.filter(([k]) => k === 7).map(([k, v]) => [k, v]));
              await query(reader, 'COMMIT');
              reader.close();
            }
          session.close();
          cluster = await reopen(cluster, world);
          session = connect(cluster);
        }
        session.close();
        await reopen(cluster, world).then((last) => last.close());
        opened.splice(0);
      }),
      { numRuns: 6 },
    );
  });

  it('is read only, seen from the beginning of a transaction, and ends where it ends', async () => {
    const world = realWorld({ log: silentLog, disk: memoryDisk() });
    const cluster = await open(world);
    const session = connect(cluster);
    await query(session, 'CREATE TABLE t (k int PRIMARY KEY)');
    await query(session, 'CREATE SEQUENCE s');
    await query(session, 'INSERT INTO t VALUES (1)');
    const moment = textOf(await momentNow(world));
    await query(session, 'INSERT INTO t VALUES (2)');
    const failure = (text: string) => expect(query(session, text)).rejects;
    const asOf = `SET LOCAL borealis.as_of = '${moment}'`;

    for (const text of [
      'INSERT INTO t VALUES (3)',
      "SELECT nextval('s')",
      'CREATE TABLE u (k int)',
      'SELECT * FROM t FOR UPDATE',
      'TRUNCATE t',
    ]) {
      await query(session, 'BEGIN');
      await query(session, asOf);
      await failure(text).toMatchObject({ sqlstate: '25006' });
      await query(session, 'ROLLBACK');
    }
    await query(session, 'BEGIN');
    await query(session, asOf);
    await failure('SET TRANSACTION READ WRITE').toMatchObject({ sqlstate: '25001' });
    await query(session, 'ROLLBACK');
    await query(session, 'BEGIN');
    await query(session, 'SELECT 1');
    await failure(asOf).toMatchObject({ sqlstate: '25001', message: '"borealis.as_of" must be set before any query' });
    await query(session, 'ROLLBACK');
    for (const [value, code] of [
      ['3000-01-01', '22023'],
      ['infinity', '22023'],
      ['yesterday noon please', '22007'],
    ]) {
      await query(session, 'BEGIN');
      await failure(`SET LOCAL borealis.as_of = '${value}'`).toMatchObject({ sqlstate: code });
      await query(session, 'ROLLBACK');
    }
    // It has ended with its transaction.
    expect(await query(session, 'SELECT count(*) FROM t')).toEqual([[2]]);
    await query(session, `SET borealis.as_of = '${moment}'`);
    expect(await query(session, 'SELECT count(*) FROM t')).toEqual([[1]]);
    await failure('DELETE FROM t').toMatchObject({ sqlstate: '25006' });
    await query(session, 'RESET borealis.as_of');
    await query(session, 'DELETE FROM t WHERE k = 2');
    session.close();
    const past = connect(cluster, regions[1], new Map([['borealis.as_of', moment]]));
    expect(await query(past, 'SELECT k FROM t')).toEqual([[1]]);
    past.close();
  });

  it('can be copied, as far as it is kept', async () => {
    const world = realWorld({ log: silentLog, disk: memoryDisk() });
    const cluster = await open(world);
    const session = connect(cluster);
    await query(session, 'CREATE TABLE t (k int PRIMARY KEY)');
    const moment = await momentNow(world);
    await query(session, 'CREATE TABLE later (k int PRIMARY KEY)');
    session.close();
    const { appliedTimestamp, catalogTimestamp } = await cluster.copy(moment);
    expect(appliedTimestamp).toBe(moment);
    expect(catalogTimestamp).toBeLessThan(moment);
    expect((await cluster.copy()).catalogTimestamp).toBeGreaterThan(moment);
    await expect(cluster.copy(-1)).rejects.toThrow(MomentNotKept);
  });
});
