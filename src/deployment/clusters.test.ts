import { afterEach, describe, expect, it } from 'vitest';
import { randomId } from '#base/base32.ts';
import { memoryDisk } from '#base/real-world.ts';
import type { World } from '#base/world.ts';
import type { Session } from '#query-processor/query-processor.ts';
import { createCluster, deleteCluster, type MultiRegionRequest, setPolicy, updateCluster } from './cluster-changes.ts';
import { type ClusterRecord, clusterArn } from './cluster-records.ts';
import { ClusterRefusal } from './cluster-refusal.ts';
import type { Clusters, ClustersOptions } from './clusters.ts';
import { connect, east, east2, openClusters, west, worldOn } from './clusters-fixture.ts';
import { CrashingDisk, PowerLost } from './crashing-disk-fixture.ts';
import { removeTags, setTags } from './resource-tags.ts';

const opened: Clusters[] = [];

afterEach(async () => {
  for (const clusters of opened.splice(0)) await clusters.close();
});

async function open(world: World, more: Partial<ClustersOptions> = {}): Promise<Clusters> {
  const clusters = await openClusters(world, more);
  opened.push(clusters);
  return clusters;
}

const create = (clusters: Clusters, world: World, region: string, multiRegion?: MultiRegionRequest, token = randomId(world.random)) =>
  clusters.change(
    () =>
      createCluster(clusters.registry, clusters.rules, {
        id: randomId(world.random),
        region,
        createdAt: world.clock.now(),
        isProtected: false,
        tags: {},
        policy: undefined,
        multiRegion,
      }),
    { name: `${region}/CreateCluster/${token}`, requestHash: JSON.stringify(multiRegion ?? null) },
  );

const link = (clusters: Clusters, of: ClusterRecord, to: ClusterRecord) =>
  clusters.change(() =>
    updateCluster(clusters.registry, clusters.rules, of.region, of.id, {
      isProtected: undefined,
      multiRegion: { witnessRegion: west, clusters: [clusterArn(to)] },
    }),
  );

const remove = (clusters: Clusters, { region, id }: ClusterRecord) => clusters.change(() => deleteCluster(clusters.registry, region, id));
const status = (clusters: Clusters, { region, id }: ClusterRecord): string => {
  const found = clusters.registry.find(region, id);
  return found === undefined ? 'gone' : clusters.statusOf(found);
};

async function query(session: Session, text: string): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  await session.simpleQuery(text, {
    rowDescription: () => {},
    rows: (batch) => {
      for (let row = 0; row < batch.rowCount; row++) rows.push(batch.columns.map((column) => column.values[row]));
    },
    commandComplete: () => {},
    emptyQuery: () => {},
    portalSuspended: () => {},
    notice: () => {},
    copyIn: () => {
      throw new Error('no copy here');
    },
    copyOutStart: () => {},
    copyOutData: () => {},
    copyOutEnd: () => {},
  });
  await session.sync();
  return rows;
}

describe('clusters', () => {
  it('of one Region are created, used, kept over a restart, and deleted', async () => {
    const disk = memoryDisk();
    const world = worldOn(disk);
    const clusters = await open(world);
    const made = await create(clusters, world, east);
    expect(made.status).toBe('CREATING');
    await clusters.settle();
    expect(status(clusters, made)).toBe('ACTIVE');
    const session = await connect(clusters, made);
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY)');
    await query(session, 'INSERT INTO t VALUES (1)');
    session.close();
    await clusters.close();
    opened.pop();

    const again = await open(world);
    expect(status(again, made)).toBe('IDLE');
    const later = await connect(again, made);
    expect(await query(later, 'SELECT id FROM t')).toEqual([[1]]);
    expect(status(again, made)).toBe('ACTIVE');
    later.close();
    await expect(connect(again, { ...made, region: east2 })).rejects.toThrow('takes no connections');
    expect((await remove(again, made)).status).toBe('DELETING');
    await again.settle();
    expect(status(again, made)).toBe('gone');
    expect(disk.list('data/clusters')).toEqual(['registry.log']);
  });

  it('of two Regions are linked step by step, share their rows, and end when both are deleted', async () => {
    const disk = memoryDisk();
    const world = worldOn(disk);
    const clusters = await open(world);
    const a = await create(clusters, world, east, { witnessRegion: west, clusters: undefined });
    expect(a.status).toBe('PENDING_SETUP');
    const b = await create(clusters, world, east2, { witnessRegion: west, clusters: [clusterArn(a)] });
    await clusters.settle();
    expect([status(clusters, a), status(clusters, b)]).toEqual(['PENDING_SETUP', 'PENDING_SETUP']);
    await expect(connect(clusters, a)).rejects.toThrow('takes no connections');
    expect((await link(clusters, a, b)).status).toBe('UPDATING');
    await clusters.settle();
    expect([status(clusters, a), status(clusters, b)]).toEqual(['ACTIVE', 'ACTIVE']);
    const [inA, inB] = [await connect(clusters, a), await connect(clusters, b)];
    await query(inA, 'CREATE TABLE t (id int PRIMARY KEY)');
    await query(inB, 'INSERT INTO t VALUES (7)');
    expect(await query(inA, 'SELECT id FROM t')).toEqual([[7]]);
    inA.close();

    expect((await remove(clusters, a)).status).toBe('PENDING_DELETE');
    await clusters.settle();
    await expect(connect(clusters, a)).rejects.toThrow('takes no connections');
    expect(await query(inB, 'SELECT id FROM t')).toEqual([[7]]);
    inB.close();
    expect((await remove(clusters, b)).status).toBe('DELETING');
    await clusters.settle();
    expect([status(clusters, a), status(clusters, b)]).toEqual(['gone', 'gone']);
    expect(disk.list('data/clusters')).toEqual(['registry.log']);
  });

  it('refuse what cannot be', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world, {
      rules: { regions: [east, east2], witnessRegion: west, singleRegionQuota: 1, multiRegionQuota: 5 },
    });
    const single = await create(clusters, world, east);
    await expect(create(clusters, world, east)).rejects.toThrow('You have reached the cluster limit.');
    await clusters.settle();
    const multi = (witnessRegion: string | undefined, arns?: string[]) => create(clusters, world, east2, { witnessRegion, clusters: arns });
    await expect(multi(undefined)).rejects.toThrow('needs a witness Region');
    await expect(multi(east2)).rejects.toThrow("another one than the cluster's own");
    await expect(multi('eu-west-1')).rejects.toThrow('eu-west-1 cannot be the witness Region');
    await expect(multi(west, [clusterArn(single)])).rejects.toThrow('is a single-Region cluster');
    await expect(multi(west, [clusterArn({ region: east, id: 'x'.repeat(26) })])).rejects.toThrow('does not exist');
    await expect(multi(west, ['arn:aws:s3:::x'])).rejects.toThrow('is not the ARN of a cluster');
    await expect(link(clusters, single, { ...single, region: east2 })).rejects.toThrow('cannot become a multi-Region cluster');
    await clusters.change(() =>
      updateCluster(clusters.registry, clusters.rules, east, single.id, { isProtected: true, multiRegion: undefined }),
    );
    await clusters.settle();
    await expect(remove(clusters, single)).rejects.toThrow('deletion protection is enabled');
    expect(status(clusters, single)).toBe('ACTIVE');
    await expect(remove(clusters, { ...single, id: 'y'.repeat(26) })).rejects.toThrow(ClusterRefusal);
  });

  it('do a call with a token once', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world);
    const [first, second] = await Promise.all([
      create(clusters, world, east, undefined, 'once'),
      create(clusters, world, east, undefined, 'once'),
    ]);
    expect(second.id).toBe(first.id);
    expect(clusters.registry.clusters()).toHaveLength(1);
    await expect(create(clusters, world, east, { witnessRegion: west, clusters: undefined }, 'once')).rejects.toThrow('client token');
  });

  it('may be deleted while they are being created', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world);
    const made = await Promise.all(Array.from({ length: 20 }, () => create(clusters, world, east)));
    await Promise.all(made.map((cluster) => remove(clusters, cluster)));
    await clusters.settle();
    expect(clusters.registry.clusters()).toEqual([]);
    // Both of two peers too, one after the other.
    const a = await create(clusters, world, east, { witnessRegion: west, clusters: undefined });
    const b = await create(clusters, world, east2, { witnessRegion: west, clusters: [clusterArn(a)] });
    await link(clusters, a, b);
    await remove(clusters, a);
    await remove(clusters, b);
    await clusters.settle();
    expect(clusters.registry.clusters()).toEqual([]);
    expect(world.disk.list('data/clusters')).toEqual(['registry.log']);
  });

  it('stop and start with their Regions, open or idle', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world, { idleMs: 150 });
    const single = await create(clusters, world, east);
    const a = await create(clusters, world, east, { witnessRegion: west, clusters: undefined });
    const b = await create(clusters, world, east2, { witnessRegion: west, clusters: [clusterArn(a)] });
    await link(clusters, a, b);
    await clusters.settle();
    const inSingle = await connect(clusters, single);
    await query(inSingle, 'CREATE TABLE t (id int PRIMARY KEY)');
    inSingle.close();
    clusters.stopRegion(east);
    await expect(connect(clusters, single)).rejects.toThrow('takes no connections');
    await expect(connect(clusters, a)).rejects.toThrow('takes no connections');
    // Opened while one of its Regions is away: the other one has the quorum, with the witness.
    const inB = await connect(clusters, b);
    await query(inB, 'CREATE TABLE u (id int PRIMARY KEY)');
    while (clusters.open.length > 1) await world.timers.sleep(20);
    await clusters.startRegion(east);
    const inA = await connect(clusters, a);
    expect(await query(inA, 'SELECT count(*) FROM u')).toEqual([[0]]);
    const again = await connect(clusters, single);
    clusters.stopRegion(east);
    await clusters.startRegion(east);
    await query(again, 'INSERT INTO t VALUES (1)');
    expect(await query(again, 'SELECT id FROM t')).toEqual([[1]]);
    for (const session of [inA, inB, again]) session.close();
  });

  it('go idle without connections, and wake on connect', async () => {
    const world = worldOn(memoryDisk());
    const clusters = await open(world, { idleMs: 100 });
    const made = await create(clusters, world, east);
    await clusters.settle();
    const session = await connect(clusters, made);
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY)');
    await world.timers.sleep(400);
    expect(clusters.open).toHaveLength(1);
    session.close();
    while (clusters.open.length > 0) await world.timers.sleep(20);
    await world.timers.sleep(120);
    expect(status(clusters, made)).toBe('IDLE');
    const startedMs = performance.now();
    const woken = await connect(clusters, made);
    expect(performance.now() - startedMs).toBeLessThan(300);
    expect(await query(woken, 'SELECT count(*) FROM t')).toEqual([[0]]);
    woken.close();
  });
});

/** Each is tried with the power lost at every disk operation. */
const operations: readonly { readonly name: string; run(clusters: Clusters, world: World): Promise<void> }[] = [
  {
    name: 'creating, tagging and deleting a cluster of one Region',
    async run(clusters, world) {
      const made = await create(clusters, world, east, undefined, 'c');
      await clusters.settle();
      if (clusters.registry.find(east, made.id) === undefined) return;
      await clusters.change(() => setTags(clusters.registry, { region: east, id: made.id }, { Name: 'x' }));
      await remove(clusters, made);
      await clusters.settle();
    },
  },
  {
    name: 'changing a cluster: protection, policy, tags',
    async run(clusters, world) {
      const made = await create(clusters, world, east, undefined, 'u');
      await clusters.settle();
      const { registry, rules } = clusters;
      // Gone, or the power went while it was being made.
      if (registry.find(east, made.id)?.status !== 'ACTIVE') return;
      const protect = (isProtected: boolean) =>
        clusters.change(() => updateCluster(registry, rules, east, made.id, { isProtected, multiRegion: undefined }));
      await protect(true);
      await clusters.settle();
      const policy = { text: '{}', version: randomId(world.random) };
      await clusters.change(() => setPolicy(registry, east, made.id, policy, undefined));
      await clusters.change(() => removeTags(registry, { region: east, id: made.id }, ['Name']));
      await protect(false);
      await clusters.settle();
      await remove(clusters, made);
      await clusters.settle();
    },
  },
  {
    name: 'linking and deleting a cluster of two Regions',
    async run(clusters, world) {
      const a = await create(clusters, world, east, { witnessRegion: west, clusters: undefined }, 'a');
      if (clusters.registry.find(east, a.id) === undefined) return;
      const b = await create(clusters, world, east2, { witnessRegion: west, clusters: [clusterArn(a)] }, 'b');
      const statusOf = (cluster: ClusterRecord) => status(clusters, cluster);
      if (statusOf(a) === 'PENDING_SETUP') await link(clusters, a, b);
      await clusters.settle();
      if (statusOf(a) === 'ACTIVE') await remove(clusters, a);
      if (statusOf(b) === 'ACTIVE' || statusOf(b) === 'IDLE') await remove(clusters, b);
      await clusters.settle();
    },
  },
];

describe.each(operations)('power lost while $name', ({ run }) => {
  it.each([false, true])(
    'leaves a state from which the work ends (unsynchronised bytes lost: %s)',
    { timeout: 60_000 },
    async (isLossy) => {
      let crashes = 0;
      for (let at = 1; ; at++) {
        const disk = new CrashingDisk(isLossy);
        disk.crashAt = at;
        try {
          const world = worldOn(disk.disk);
          const clusters = await open(world);
          await run(clusters, world);
          // Everything was done before the crash's turn came: all of them have been tried.
          if (!disk.hasCrashed) break;
        } catch (error) {
          if (!disk.hasCrashed) throw error;
          expect(error, String(error)).toBeInstanceOf(PowerLost);
        }
        crashes++;
        opened.splice(0);
        const world = worldOn(disk.afterCrash());
        const clusters = await open(world);
        await clusters.settle();
        for (const record of clusters.registry.clusters()) {
          expect(['ACTIVE', 'PENDING_SETUP', 'PENDING_DELETE'], `crash at ${at}`).toContain(record.status);
          if (record.status === 'ACTIVE') (await connect(clusters, record)).close();
        }
        const homes = clusters.registry.journals().map(({ home }) => home);
        expect(world.disk.list('data/clusters'), `crash at ${at}`).toEqual([...homes, 'registry.log'].sort());
        // The same calls again come to the same end.
        await run(clusters, world);
        expect(
          clusters.registry.clusters().filter((record) => record.status !== 'PENDING_SETUP'),
          `crash at ${at}`,
        ).toEqual([]);
        await clusters.close();
        opened.splice(0);
      }
      expect(crashes).toBeGreaterThan(10);
    },
  );
});
