import { describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import { PlaceGone } from './change-streams/change-feed.ts';
import { connectTo as connect, openCluster } from './cluster-fixture.ts';
import { query } from './query-fixture.ts';

const open = (world: World) => openCluster(world, 0);

/** Cuts the journal as truncation does once the conflict window has passed: whole segments below the checkpoint go. */
function cutJournal(disk: World['disk']): number {
  const [checkpoint] = disk.list('cluster/checkpoints').map(Number);
  const segments = disk.list('cluster/journal');
  const below = segments.filter((_, i) => i + 1 < segments.length && Number.parseInt(segments[i + 1], 10) <= checkpoint);
  for (const segment of below) disk.remove(`cluster/journal/${segment}`);
  return below.length;
}

describe('a cluster', () => {
  it('shows at one Region what was committed at the other', async () => {
    const cluster = await open(realWorld({ log: silentLog, disk: memoryDisk() }));
    const first = connect(cluster, 'us-east-1');
    await query(first, 'CREATE TABLE t (id int PRIMARY KEY, name text)');
    await query(first, "INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    expect(await query(connect(cluster, 'us-east-2'), 'SELECT id, name FROM t ORDER BY id')).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    await cluster.close();
  });

  it('is rebuilt from the oldest checkpoint that it keeps, with its past, when its replicas are lost', async () => {
    const disk = memoryDisk();
    const world = realWorld({ log: silentLog, disk });
    const first = await openCluster(world, 3_600_000);
    const session = connect(first, 'us-east-1');
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY, v int)');
    for (let i = 0; i < 40; i++) await query(session, `INSERT INTO t VALUES (${i}, 0)`);
    const beginning = first.journalEnd;
    await first.checkpoint();
    await world.timers.sleep(2);
    await query(session, 'UPDATE t SET v = 1');
    await world.timers.sleep(2);
    const [[moment]] = await query(session, "SELECT clock_timestamp()::text || ''");
    await world.timers.sleep(2);
    for (let i = 0; i < 40; i++) await query(session, `UPDATE t SET v = 2 WHERE id = ${i}`);
    await first.checkpoint();
    session.close();
    await first.close();
    // Both checkpoints are within what is retained.
    expect(disk.list('cluster/checkpoints')).toHaveLength(2);
    expect(cutJournal(disk)).toBeGreaterThan(0);

    const second = await openCluster(world, 3_600_000);
    for (const region of ['us-east-1', 'us-east-2']) {
      const reader = connect(second, region);
      expect(await query(reader, 'SELECT count(*), sum(v) FROM t')).toEqual([[40, 80]]);
      await query(reader, `SET borealis.as_of = '${moment}'`);
      expect(await query(reader, 'SELECT count(*), sum(v) FROM t')).toEqual([[40, 40]]);
      reader.close();
    }
    // Change streams go on from a place behind the checkpoint; the first update of a row is one of a row that was there.
    const feed = second.changeFeed('us-east-2', second.id, { place: beginning, mayBeGone: false });
    const operations: string[] = [];
    for (let changes = await feed?.next(0); changes !== undefined && changes.length > 0; changes = await feed?.next(0))
      operations.push(...changes.map(({ record }) => JSON.parse(record).op));
    expect(operations).toEqual(Array.from({ length: 80 }, () => 'u'));
    feed?.close();
    const tooLate = second.changeFeed('us-east-2', second.id, { place: { ...beginning, position: 2 }, mayBeGone: false });
    await expect(tooLate?.next(0)).rejects.toThrow(PlaceGone);
    tooLate?.close();
    await second.close();
    // Where nothing is retained the newest checkpoint is enough.
    const third = await openCluster(world, 0);
    await third.checkpoint();
    expect(disk.list('cluster/checkpoints')).toHaveLength(1);
    await third.close();
  });

  it('is rebuilt from checkpoint and journal when its replicas are lost', async () => {
    const disk = memoryDisk();
    const world = realWorld({ log: silentLog, disk });
    const cluster = await open(world);
    const session = connect(cluster, 'us-east-1');
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY, name text)');
    for (let id = 0; id < 200; id++) await query(session, `INSERT INTO t VALUES (${id}, 'row ${id}')`);
    await cluster.checkpoint();
    await query(session, 'DELETE FROM t WHERE id < 50');
    await query(session, "UPDATE t SET name = 'changed' WHERE id = 60");
    await cluster.close();

    // Replicas were in memory: nothing is left of them but journal and checkpoint.
    expect(cutJournal(disk)).toBeGreaterThan(2);
    const again = await open(world);
    const rows = await query(connect(again, 'us-east-2'), 'SELECT count(*), min(id), max(id) FROM t');
    expect(rows).toEqual([[150, 50, 199]]);
    expect(await query(connect(again, 'us-east-1'), 'SELECT name FROM t WHERE id = 60')).toEqual([['changed']]);
    await again.close();
  });

  it('refuses a damaged checkpoint', async () => {
    const disk = memoryDisk();
    const world = realWorld({ log: silentLog, disk });
    const cluster = await open(world);
    const session = connect(cluster, 'us-east-1');
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY)');
    for (let id = 0; id < 100; id++) await query(session, `INSERT INTO t VALUES (${id})`);
    await cluster.checkpoint();
    await cluster.close();
    const [name] = disk.list('cluster/checkpoints');
    const part = `cluster/checkpoints/${name}/part-000001`;
    const content = Buffer.from(disk.read(part) ?? []);
    content[content.length - 1] ^= 1;
    await disk.replace(part, content);
    // The journal alone cannot rebuild the replicas once it has been cut.
    expect(cutJournal(disk)).toBeGreaterThan(2);
    await expect(open(world)).rejects.toThrow('is damaged in part 1');
  });
});
