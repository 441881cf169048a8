/** Backups, restores and forks of whole clusters: what is in them, while others write, and when the power is lost. */
import { afterEach, describe, expect, it } from 'vitest';
import { memoryDisk } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import { createCluster, deleteCluster } from './cluster-changes.ts';
import type { ClusterRecord, JournalOrigin } from './cluster-records.ts';
import { createFilled, refill } from './cluster-restores.ts';
import type { Clusters, ClustersOptions } from './clusters.ts';
import { connect, east, east2, openClusters, west, worldOn } from './clusters-fixture.ts';
import { CrashingDisk, PowerLost } from './crashing-disk-fixture.ts';
import { query } from './query-fixture.ts';

const opened: Clusters[] = [];
afterEach(async () => {
  for (const clusters of opened.splice(0)) await clusters.close();
});

async function open(world: World, more: Partial<ClustersOptions> = {}): Promise<Clusters> {
  const clusters = await openClusters(world, more);
  opened.push(clusters);
  return clusters;
}

const ids = { source: 'a'.repeat(26), other: 'b'.repeat(26), peer: 'c'.repeat(26) };

async function makeSource(clusters: Clusters, rows: number): Promise<ClusterRecord> {
  const request = { id: ids.source, region: east, createdAt: 1, isProtected: false, tags: {}, policy: undefined, multiRegion: undefined };
  await clusters.change(() => createCluster(clusters.registry, clusters.rules, request));
  await clusters.settle();
  const record = clusters.registry.get(east, ids.source);
  const session = await connect(clusters, record);
  await query(session, 'CREATE TABLE account (id int PRIMARY KEY, owner text, balance int NOT NULL)');
  await query(session, 'CREATE INDEX ON account (balance)');
  await query(session, `INSERT INTO account SELECT i, 'owner ' || i, 100 FROM generate_series(1, ${rows}) AS i`);
  session.close();
  return record;
}

async function make(
  clusters: Clusters,
  origin: JournalOrigin,
  members: readonly { readonly region: string; readonly id: string }[] = [{ region: east, id: ids.other }],
): Promise<ClusterRecord> {
  const witnessRegion = members.length > 1 ? west : undefined;
  await clusters.change(() =>
    createFilled(clusters.registry, clusters.rules, { origin, members, witnessRegion, createdAt: 1, isProtected: false, tags: {} }),
  );
  await clusters.settle();
  return clusters.registry.get(members[0].region, members[0].id);
}

async function ended(clusters: Clusters, id: string): Promise<void> {
  while (clusters.backupJobs.get(id).state === 'RUNNING') await new Promise((resolve) => setTimeout(resolve, 1));
  expect(clusters.backupJobs.get(id)).toMatchObject({ state: 'COMPLETED' });
}

async function rowsOf(clusters: Clusters, record: ClusterRecord): Promise<unknown[][]> {
  const session = await connect(clusters, record);
  try {
    return await query(session, 'SELECT id, owner, balance FROM account ORDER BY id');
  } finally {
    session.close();
  }
}

const sum = (rows: readonly unknown[][]): number => rows.reduce((total, [, , balance]) => total + Number(balance), 0);

describe('a backup', () => {
  it('taken while others write holds one moment, and its clusters go on from there', { timeout: 20_000 }, async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world);
    const source = await makeSource(clusters, 2_500);
    let isOver = false;
    let transfers = 0;
    const teller = async (seed: number): Promise<void> => {
      const session = await connect(clusters, source);
      for (let i = seed; !isOver; i += 7) {
        const [from, to] = [(i * 31) % 2_500, (i * 57 + 1) % 2_500].map((n) => n + 1);
        try {
          await query(session, 'BEGIN');
          await query(session, `UPDATE account SET balance = balance - 1 WHERE id = ${from}`);
          await query(session, `UPDATE account SET balance = balance + 1 WHERE id = ${to}`);
          await query(session, 'COMMIT');
          transfers++;
        } catch {
          // A conflict: somebody else has been first.
          await query(session, 'ROLLBACK');
        }
        await session.sync();
        await new Promise((resolve) => setImmediate(resolve));
      }
      session.close();
    };
    const tellers = [1, 2, 3].map(teller);
    while (transfers < 20) await new Promise((resolve) => setTimeout(resolve, 1));
    const before = transfers;
    const job = clusters.backupJobs.start(source);
    await ended(clusters, job.id);
    isOver = true;
    await Promise.all(tellers);
    expect(transfers).toBeGreaterThan(before);

    const restored = await make(clusters, { kind: 'recovery-point', id: job.id });
    expect(restored.status).toBe('ACTIVE');
    const rows = await rowsOf(clusters, restored);
    expect(rows.length).toBe(2_500);
    expect(sum(rows)).toBe(250_000);
    // A second one of the same moment has the same rows, in both of its Regions.
    const twin = await make(clusters, { kind: 'recovery-point', id: job.id }, [
      { region: east2, id: ids.peer },
      { region: east, id: ids.peer },
    ]);
    expect(await rowsOf(clusters, twin)).toEqual(rows);
    expect(await rowsOf(clusters, clusters.registry.get(east, ids.peer))).toEqual(rows);
    // Indexes and later writes work on what was restored, and over a restart.
    const session = await connect(clusters, restored);
    await query(session, "INSERT INTO account VALUES (0, 'new', 7)");
    await query(session, 'DELETE FROM account WHERE id > 2');
    expect(await query(session, 'SELECT owner FROM account WHERE balance = 7')).toEqual([['new']]);
    session.close();
    await clusters.close();
    opened.pop();
    const again = await open(world);
    expect((await rowsOf(again, again.registry.get(east, ids.other))).map(([id]) => id)).toEqual([0, 1, 2]);
    expect(again.backupJobs.list(undefined).map(({ id, state }) => [id, state])).toEqual([[job.id, 'COMPLETED']]);
  });

  it('travels in parts, and is refused when these are not what was sent', async () => {
    const clusters = await open(worldOn(memoryDisk()));
    const source = await makeSource(clusters, 10);
    const job = clusters.backupJobs.start(source);
    await ended(clusters, job.id);
    const points = clusters.recoveryPoints;
    const point = points.get(job.id);
    const part = points.part(point.id, 1);
    if (part === undefined) throw new Error('a part is missing');
    const upload = points.beginUpload(point);
    const damaged = Uint8Array.from(part);
    damaged[damaged.length >> 1] ^= 1;
    await expect(points.addPart(upload, 1, damaged)).rejects.toThrow(/damaged/);
    await expect(points.addPart(upload, 2, part)).rejects.toThrow(/next part is 1/);
    await points.addPart(upload, 1, part);
    await expect(points.addPart(upload, 2, part)).rejects.toThrow(/not in order/);
    await expect(points.endUpload(upload, 1, point.rows + 1)).rejects.toThrow(/have arrived/);
    await points.endUpload(upload, 1, point.rows);
    expect(await rowsOf(clusters, await make(clusters, { kind: 'recovery-point', id: upload }))).toEqual(await rowsOf(clusters, source));
    points.remove(upload);
    expect(points.find(upload)).toBeUndefined();
  });

  it('replaces the content of a cluster that is not protected', async () => {
    const clusters = await open(worldOn(memoryDisk()));
    const source = await makeSource(clusters, 10);
    const before = await rowsOf(clusters, source);
    const job = clusters.backupJobs.start(source);
    await ended(clusters, job.id);
    const session = await connect(clusters, source);
    await query(session, 'DROP TABLE account');
    session.close();
    await clusters.change(() => refill(clusters.registry, east, source.id, { kind: 'recovery-point', id: job.id }));
    await clusters.settle();
    expect(await rowsOf(clusters, source)).toEqual(before);
  });
});

describe('a fork', () => {
  it('begins as the other is, and each goes its own way', async () => {
    const clusters = await open(worldOn(memoryDisk()));
    const source = await makeSource(clusters, 100);
    const rows = await rowsOf(clusters, source);
    const fork = await make(clusters, { kind: 'cluster', home: source.id });
    expect(await rowsOf(clusters, fork)).toEqual(rows);
    const session = await connect(clusters, fork);
    await query(session, 'DELETE FROM account');
    session.close();
    expect(await rowsOf(clusters, fork)).toEqual([]);
    expect(await rowsOf(clusters, source)).toEqual(rows);
  });

  it('of a moment of the past is what was there then, and its own past begins with it', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world, { retainedMs: 3_600_000 });
    const source = await makeSource(clusters, 1_200);
    const rows = await rowsOf(clusters, source);
    await world.timers.sleep(2);
    const at = world.clock.now();
    await world.timers.sleep(2);
    const session = await connect(clusters, source);
    await query(session, 'UPDATE account SET balance = 0');
    await query(session, 'DROP TABLE account');
    session.close();
    await clusters.checkMoment(source, at);
    const fork = await make(clusters, { kind: 'cluster', home: source.id, at });
    expect(await rowsOf(clusters, fork)).toEqual(rows);
    const past = await connect(clusters, fork);
    await query(past, 'BEGIN');
    await expect(query(past, "SET LOCAL borealis.as_of = '2001-01-01'")).rejects.toMatchObject({ sqlstate: '72000' });
    past.close();
    await expect(clusters.checkMoment(fork, at - 1)).rejects.toMatchObject({ kind: 'invalid', field: 'restoreTime' });
    expect(await make(clusters, { kind: 'cluster', home: fork.id, at: at - 1 }, [{ region: east, id: ids.peer }])).toMatchObject({
      status: 'FAILED',
      failure: expect.stringMatching(/past is kept since/),
    });
  });

  it('of what is gone fails, and can be deleted', async () => {
    const clusters = await open(worldOn(memoryDisk()));
    const fork = await make(clusters, { kind: 'cluster', home: 'z'.repeat(26) });
    expect(fork.status).toBe('FAILED');
    expect(clusters.registry.journals()).toEqual([]);
    await clusters.change(() => deleteCluster(clusters.registry, east, fork.id));
    await clusters.settle();
    expect(clusters.registry.clusters()).toEqual([]);
  });
});

describe('several restores', () => {
  it('go on side by side, and one that fails for a lasting reason ends with it', { timeout: 20_000 }, async () => {
    const disk = memoryDisk();
    let full = '';
    const world = worldOn({
      ...disk,
      openAppend: (path) => {
        if (full !== '' && path.includes(`/${full}/checkpoints/`)) throw new Error('no space left on device');
        return disk.openAppend(path);
      },
    });
    const clusters = await open(world);
    const source = await makeSource(clusters, 100);
    const origin: JournalOrigin = { kind: 'cluster', home: source.id };
    full = ids.other;
    const request = { origin, witnessRegion: undefined, createdAt: 1, isProtected: false, tags: {} };
    for (const id of [ids.other, ids.peer])
      await clusters.change(() => createFilled(clusters.registry, clusters.rules, { ...request, members: [{ region: east, id }] }));
    await clusters.settle();
    expect(clusters.registry.get(east, ids.peer).status).toBe('ACTIVE');
    expect(clusters.registry.get(east, ids.other).status).toBe('CREATING');
    while (clusters.registry.get(east, ids.other).status === 'CREATING') await world.timers.sleep(50);
    expect(clusters.registry.get(east, ids.other)).toMatchObject({ status: 'FAILED', failure: 'no space left on device' });
    expect(disk.list('data/clusters')).not.toContain(ids.other);
  });
});

describe.each([false, true])('power lost in a backup, a restore or a fork (unsynchronised bytes lost: %s)', (isLossy) => {
  it('leaves a state from which the work ends', { timeout: 60_000 }, async () => {
    const run = async (clusters: Clusters): Promise<void> => {
      const { registry } = clusters;
      const source = registry.find(east, ids.source) ?? (await makeSource(clusters, 5));
      let [point] = clusters.recoveryPoints.list();
      if (point === undefined) {
        const copy = { clusterId: source.id, clusterArn: 'arn', createdAt: 1 };
        const journal = registry.journal(source.id);
        if (journal === undefined) throw new Error('the source has no journal');
        await rowsOf(clusters, source);
        const hosted = clusters.opened(source);
        if (hosted === undefined) throw new Error('the source is not open');
        point = await clusters.recoveryPoints.take(clusters.recoveryPoints.newId(), copy, await hosted.copy());
      }
      if (registry.find(east, ids.other) === undefined) await make(clusters, { kind: 'recovery-point', id: point.id });
      if (registry.find(east, ids.peer) === undefined)
        await make(clusters, { kind: 'cluster', home: source.id }, [{ region: east, id: ids.peer }]);
    };
    // The source is made once; the crashes are those of what follows.
    let crashes = 0;
    for (let at = 1; ; at += 3) {
      const disk = new CrashingDisk(isLossy);
      const world = worldOn(disk.disk);
      // What a process must not survive ends it.
      let end: (error: Error) => void = () => {};
      const ended = new Promise<void>((_, reject) => {
        end = reject;
      });
      ended.catch(() => {});
      const clusters = await open(world, { onFailure: () => end(new PowerLost()) });
      await makeSource(clusters, 5);
      disk.countFromHere(at);
      try {
        await Promise.race([run(clusters), ended]);
        if (!disk.hasCrashed) break;
      } catch (error) {
        if (!disk.hasCrashed) throw error;
        expect(error, String(error)).toBeInstanceOf(PowerLost);
      }
      crashes++;
      opened.splice(0);
      const again = await open(worldOn(disk.afterCrash()));
      await again.settle();
      for (const { status } of again.registry.clusters()) expect(status, `crash at ${at}`).toBe('ACTIVE');
      await run(again);
      const rows = await rowsOf(again, again.registry.get(east, ids.source));
      expect(rows.length).toBe(5);
      for (const id of [ids.other, ids.peer]) expect(await rowsOf(again, again.registry.get(east, id)), `crash at ${at}`).toEqual(rows);
      await again.close();
      opened.splice(0);
    }
    expect(crashes).toBeGreaterThan(10);
  });
});
