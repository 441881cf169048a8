/** The life of change streams: their states, their quota, what becomes of them with their cluster, and when the power is lost. */
import { describe, expect, it } from 'vitest';
import { memoryDisk } from '#base/real-world.ts';
import { createCluster, deleteCluster } from '../cluster-changes.ts';
import type { ClusterRecord } from '../cluster-records.ts';
import type { Clusters } from '../clusters.ts';
import { connect, east, openClusters, worldOn } from '../clusters-fixture.ts';
import { CrashingDisk, PowerLost } from '../crashing-disk-fixture.ts';
import { query } from '../query-fixture.ts';
import { createStream, deleteStream } from './stream-changes.ts';

const clusterId = 'a'.repeat(26);
const streamIds = ['1', '2', '3', '4', '5', '6'].map((digit) => digit.repeat(26));
const nameOf = (id: string) => ({ region: east, clusterId, id });
const target = { streamArn: 'arn:s', roleArn: 'arn:r' };

async function makeCluster(clusters: Clusters): Promise<ClusterRecord> {
  const request = { id: clusterId, region: east, createdAt: 1, isProtected: false, tags: {}, policy: undefined, multiRegion: undefined };
  await clusters.change(() => createCluster(clusters.registry, clusters.rules, request));
  await clusters.settle();
  return clusters.registry.get(east, clusterId);
}

async function make(clusters: Clusters, id: string): Promise<void> {
  await clusters.change(() => createStream(clusters.registry, { ...nameOf(id), createdAt: 1, target, tags: {} }, true));
  await clusters.settle();
}

async function operationsOf(clusters: Clusters, id: string): Promise<string[]> {
  const stream = clusters.registry.stream(nameOf(id));
  if (stream?.start === undefined) throw new Error('the stream is not ready');
  const feed = await clusters.changeFeed(stream, { place: stream.start, mayBeGone: true });
  if (feed === undefined) throw new Error('the stream cannot be read');
  try {
    return ((await feed.next(0)) ?? []).map(({ record }) => JSON.parse(record).op);
  } finally {
    feed.close();
  }
}

describe('change streams of a cluster', () => {
  it('begin where they are created, and there are so many at most', async () => {
    const clusters = await openClusters(worldOn(memoryDisk()));
    const session = await connect(clusters, await makeCluster(clusters));
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY)');
    await make(clusters, streamIds[0]);
    await query(session, 'INSERT INTO t VALUES (1)');
    await make(clusters, streamIds[1]);
    await query(session, 'DELETE FROM t');
    expect(await operationsOf(clusters, streamIds[0])).toEqual(['c', 'd']);
    expect(await operationsOf(clusters, streamIds[1])).toEqual(['d']);
    for (const id of streamIds.slice(2, 5)) await make(clusters, id);
    await expect(make(clusters, streamIds[5])).rejects.toMatchObject({ kind: 'quota' });
    await clusters.change(() => deleteStream(clusters.registry, nameOf(streamIds[0])));
    await clusters.settle();
    expect(clusters.registry.streams().map(({ id }) => id)).toEqual(streamIds.slice(1, 5));
    session.close();
    await clusters.change(() => deleteCluster(clusters.registry, east, clusterId));
    await clusters.settle();
    expect(clusters.registry.streams()).toEqual([]);
    await clusters.close();
  });

  it('can be read behind a restart from where they were', async () => {
    const disk = memoryDisk();
    const first = await openClusters(worldOn(disk));
    const session = await connect(first, await makeCluster(first));
    await make(first, streamIds[0]);
    await query(session, 'CREATE TABLE t (id int PRIMARY KEY)');
    await query(session, 'INSERT INTO t VALUES (1)');
    session.close();
    await first.close();
    const second = await openClusters(worldOn(disk));
    expect(await operationsOf(second, streamIds[0])).toEqual(['c']);
    await second.close();
  });
});

describe.each([false, true])('power lost while a stream is created and deleted (unsynchronised bytes lost: %s)', (isLossy) => {
  it('leaves a state from which the work ends', { timeout: 60_000 }, async () => {
    const run = async (clusters: Clusters): Promise<void> => {
      const { registry } = clusters;
      if (registry.stream(nameOf(streamIds[0])) === undefined) await make(clusters, streamIds[0]);
      await clusters.settle();
      await clusters.change(() => deleteStream(registry, nameOf(streamIds[0])));
      await clusters.settle();
    };
    for (let at = 1; ; at++) {
      const disk = new CrashingDisk(isLossy);
      // What a process must not survive ends it.
      let end: (error: Error) => void = () => {};
      const ended = new Promise<void>((_, reject) => {
        end = reject;
      });
      ended.catch(() => {});
      const clusters = await openClusters(worldOn(disk.disk), { onFailure: () => end(new PowerLost()) });
      await makeCluster(clusters);
      disk.countFromHere(at);
      try {
        await Promise.race([run(clusters), ended]);
        if (!disk.hasCrashed) {
          await clusters.close();
          expect(at).toBeGreaterThan(5);
          return;
        }
      } catch (error) {
        expect(error, String(error)).toBeInstanceOf(PowerLost);
      }
      const again = await openClusters(worldOn(disk.afterCrash()));
      await again.settle();
      for (const { status, start } of again.registry.streams())
        expect([status, start !== undefined], `crash at ${at}`).toEqual(['ACTIVE', true]);
      await run(again);
      expect(again.registry.streams(), `crash at ${at}`).toEqual([]);
      await again.close();
    }
  });
});
