/** Two nodes of a fleet in one process, over three real nats-servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { SqlError } from '#base/sql-error.ts';
import { hasNatsServer, NatsServers } from '#cli/fleet/nats-servers.ts';
import { loadParser } from '#query-processor/parser/parse.ts';
import type { Session } from '#query-processor/query-processor.ts';
import { query } from '../query-fixture.ts';
import type { FleetCluster } from './fleet-cluster.ts';
import { FleetClusterSource } from './fleet-cluster-source.ts';

const world = realWorld({ log: silentLog });
const directory = mkdtempSync(path.join(tmpdir(), 'borealis-fleet-'));
const hasNats = hasNatsServer();
let servers: NatsServers | undefined;
const sources: FleetClusterSource[] = [];

async function openNode(nodeName: string, region: string): Promise<FleetCluster> {
  const source = await FleetClusterSource.join({
    world,
    directory: path.join(directory, nodeName),
    isInMemory: true,
    profile: 'open',
    region,
    nodeName,
    address: { servers: servers?.urls.split(',') ?? [], name: nodeName },
    monitors: servers?.monitorUrls ?? [],
    trustsServers: false,
    replicas: 3,
    onFailure: (error) => {
      throw error;
    },
  });
  sources.push(source);
  const home = source.defaultClusterId;
  return source.open({ kind: 'journal', home, regions: [region], witnessRegion: undefined, state: 'ready' }, 0);
}

beforeAll(async () => {
  await loadParser();
  if (hasNats) servers = await NatsServers.start({ directory, regions: ['us-east-1', 'us-east-2', 'us-west-2'] });
}, 60_000);
afterAll(async () => {
  for (const source of sources) await source.leave();
  await servers?.stopAndRemove();
  rmSync(directory, { recursive: true, force: true });
});

const sessionOf = (cluster: FleetCluster): Session => {
  const session = cluster
    .queryProcessor(cluster.region)
    ?.connect({ user: 'admin', database: 'postgres', applicationName: 'test', options: new Map() });
  if (session === undefined) throw new Error('no query processor');
  return session;
};

/** As a client of an optimistic database must: again, when that is what the error asks for. */
async function untilCommitted(session: Session, text: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await query(session, text);
      return;
    } catch (error) {
      if (!(error instanceof SqlError) || error.sqlstate !== '40001' || tries === 5) throw error;
    }
  }
}

describe.skipIf(!hasNats)('a fleet of two nodes', () => {
  it('shows at each node what was acknowledged at the other, and goes on under the other when the leader leaves', async () => {
    const a = await openNode('a', 'us-east-1');
    const b = await openNode('b', 'us-east-2');
    const [leader, follower] = a.commitPath.isLeader ? [a, b] : [b, a];
    const near = sessionOf(leader);
    const far = sessionOf(follower);
    await untilCommitted(near, 'create table t (id int primary key, v int)');
    for (let i = 0; i < 50; i++) {
      await untilCommitted(near, `insert into t values (${i}, 0)`);
      expect(await query(far, `select v from t where id = ${i}`)).toEqual([[0]]);
      await untilCommitted(far, `update t set v = v + 1 where id = ${i}`);
      expect(await query(near, `select v from t where id = ${i}`)).toEqual([[1]]);
    }
    await leader.close();
    await untilCommitted(far, 'insert into t values (100, 100)');
    expect(follower.commitPath.isLeader).toBe(true);
    expect(follower.commitPath.epoch).toBe(2);
    expect(await query(far, 'select count(*)::int, sum(v)::int from t')).toEqual([[51, 150]]);

    const again = await openNode('c', 'us-east-1');
    expect(await query(sessionOf(again), 'select count(*)::int, sum(v)::int from t')).toEqual([[51, 150]]);
    await again.close();

    // A node that comes to a journal that has been cut begins with the checkpoint.
    await follower.checkpoint();
    await untilCommitted(far, 'insert into t values (101, 1)');
    const fresh = await openNode('d', 'us-east-2');
    expect(await query(sessionOf(fresh), 'select count(*)::int, sum(v)::int from t')).toEqual([[52, 151]]);
    await fresh.close();
    await follower.close();
  }, 60_000);
});
