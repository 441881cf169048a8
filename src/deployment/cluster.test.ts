import { describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
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
