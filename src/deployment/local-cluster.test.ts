import { describe, expect, it } from 'vitest';
import type { CommitRequest, Verdict } from '#adjudicator/adjudicator.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import { openFileJournal } from '#journal/file/file-journal.ts';
import type { Journal } from '#journal/journal.ts';
import { MemoryReplica } from '#simulator/memory-replica.ts';
import { Scheduler } from '#simulator/scheduler.ts';
import { SeededRandom } from '#simulator/seeded-random.ts';
import { SimulatedDisk } from '#simulator/simulated-disk.ts';
import { ProcessLife, SimulatedClock } from '#simulator/simulated-world.ts';
import { type LocalCluster, startLocalCluster } from './local-cluster.ts';

const terms = { leaseMs: 2000, driftMs: 100 };

type Bench = {
  readonly scheduler: Scheduler;
  readonly network: RegionNetwork;
  readonly cluster: LocalCluster;
  readonly journal: Journal;
  readonly replicas: ReadonlyMap<string, MemoryReplica>;
  readonly failures: Error[];
};

async function bench(rttMs: number, disk?: SimulatedDisk, given?: Scheduler): Promise<Bench> {
  const random = new SeededRandom(1);
  const scheduler = given ?? new Scheduler(random, realWorld({ log: silentLog }).timers.yield);
  const life = new ProcessLife(
    scheduler,
    random,
    disk ?? new SimulatedDisk(scheduler, random, () => 1),
    new SimulatedClock(scheduler),
    silentLog,
  );
  const failures: Error[] = [];
  const onFailure = (error: Error): void => {
    failures.push(error);
  };
  const journal = await scheduler.until(openFileJournal({ world: life.world, directory: '/j', onFailure }));
  const network = new RegionNetwork({ world: life.world, regions: ['a', 'b', 'w'], rttMs });
  const replicas = new Map([
    ['a', new MemoryReplica()],
    ['b', new MemoryReplica()],
  ]);
  const regions = [...replicas].map(([name, replica]) => ({ name, replica }));
  const cluster = await scheduler.until(
    startLocalCluster({ world: life.world, journal, network, regions, witness: 'w', terms, onFailure }),
  );
  await scheduler.advance(rttMs * 3);
  return { scheduler, network, cluster, journal, replicas, failures };
}

let count = 0;
async function request(cluster: LocalCluster, region: string, ...keys: string[]): Promise<CommitRequest> {
  const { readPoint } = cluster.region(region);
  const snapshot = await readPoint.begin();
  return {
    partition: 0,
    epoch: readPoint.epoch,
    transactionId: `transaction ${count++}`,
    snapshot,
    writes: keys.map((key) => ({ key, mode: 'update', value: Buffer.from(`by ${region}`) })),
    marks: [],
    bytes: 100,
  };
}

const commit = async (cluster: LocalCluster, region: string, ...keys: string[]): Promise<Verdict> =>
  cluster.region(region).adjudicator.commit(await request(cluster, region, ...keys));

async function timed<T>({ scheduler }: Bench, promise: Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const start = scheduler.nowMs;
  const result = await scheduler.until(promise);
  return { result, ms: scheduler.nowMs - start };
}

describe('without distance', () => {
  it('a commit costs one synchronisation, and is applied everywhere when it is answered', async () => {
    const b = await bench(0);
    for (const region of ['a', 'b']) {
      const { result, ms } = await timed(b, commit(b.cluster, region, 'x'));
      expect(ms).toBe(1);
      if (result.kind !== 'committed') throw new Error(result.kind);
      for (const replica of b.replicas.values()) expect(replica.appliedTimestamp).toBe(result.timestamp);
      for (const name of ['a', 'b']) {
        expect(b.cluster.region(name).readPoint.begin()).toBe(result.timestamp);
        expect(b.cluster.region(name).readPoint.stable).toBe(result.timestamp);
      }
    }
    expect(b.failures).toEqual([]);
    await b.scheduler.until(b.cluster.close());
  });
});

describe('with distance', () => {
  it('a commit costs one round trip at the leader, two elsewhere', async () => {
    const b = await bench(40);
    expect(b.cluster.leaderRegion).toBe('a');
    expect((await timed(b, commit(b.cluster, 'a', 'x'))).ms).toBe(41);
    expect((await timed(b, commit(b.cluster, 'b', 'y'))).ms).toBe(81);
  });

  it('a read elsewhere sees at once what was acknowledged, and waits only for what is not stable', async () => {
    const b = await bench(40);
    const verdict = await b.scheduler.until(commit(b.cluster, 'a', 'x'));
    if (verdict.kind !== 'committed') throw new Error(verdict.kind);
    const snapshot = b.cluster.region('b').readPoint.begin();
    expect(snapshot).toBe(verdict.timestamp);
    // B has the commit since half a round trip, the announcement is still on its way.
    expect(b.cluster.region('b').readPoint.stable).toBeLessThan(verdict.timestamp);
    expect((await timed(b, b.cluster.region('b').readPoint.untilStable(verdict.timestamp))).ms).toBe(20);
  });

  it('commits wait for a slow lease holder, and go on when its lease has run out', async () => {
    const b = await bench(40);
    b.replicas.get('b')?.setFull(true);
    const slow = b.scheduler.until(commit(b.cluster, 'a', 'x'));
    // It renews its lease as long as it can, and so commits wait for it: that is what holds back a cluster whose replica is full.
    await b.scheduler.advance(5000);
    expect(b.replicas.get('a')?.get('x', b.replicas.get('a')?.appliedTimestamp ?? 0).value).toBeDefined();
    b.network.isolate('b');
    const before = b.scheduler.nowMs;
    expect((await slow).kind).toBe('committed');
    expect(b.scheduler.nowMs - before).toBeGreaterThan(terms.leaseMs / 2);
    expect(b.scheduler.nowMs - before).toBeLessThan(terms.leaseMs + terms.driftMs + 50);
  });

  it('room made in a replica lets commits go on', async () => {
    const b = await bench(40);
    b.replicas.get('b')?.setFull(true);
    const slow = commit(b.cluster, 'a', 'x');
    await b.scheduler.advance(500);
    b.replicas.get('b')?.setFull(false);
    expect((await timed(b, slow)).ms).toBeLessThan(30);
  });
});

describe('an isolated Region', () => {
  for (const rttMs of [0, 30]) {
    it(`without the leader (round trip ${rttMs} ms): the others go on after a lease, it serves nothing stale, and catches up when healed`, async () => {
      const b = await bench(rttMs);
      await b.scheduler.until(commit(b.cluster, 'a', 'x'));
      await b.scheduler.advance(100);
      b.network.isolate('b');
      const readOnly = b.cluster.region('b').readPoint.begin();
      expect(typeof readOnly).toBe('number');
      const during = await timed(b, commit(b.cluster, 'a', 'x'));
      expect(during.result.kind).toBe('committed');
      expect(during.ms).toBeLessThan(terms.leaseMs + terms.driftMs + 100);
      await expect(b.scheduler.until(Promise.resolve(b.cluster.region('b').readPoint.begin()))).rejects.toMatchObject({
        sqlstate: '57P03',
      });
      const refused = await b.scheduler.until(b.cluster.region('b').adjudicator.commit({ ...(await request(b.cluster, 'a', 'y')) }));
      expect(refused.kind).toBe('unavailable');
      expect((await timed(b, commit(b.cluster, 'a', 'z'))).ms).toBeLessThan(rttMs + 10);
      b.network.heal('b');
      const head = await b.scheduler.until(Promise.resolve(b.cluster.region('b').readPoint.begin()));
      expect(head).toBe(b.replicas.get('a')?.appliedTimestamp);
      await b.scheduler.advance(rttMs * 4);
      expect(b.cluster.node('b').lease.valid).not.toBe(0);
      expect((await timed(b, commit(b.cluster, 'b', 'z'))).result.kind).toBe('committed');
      expect(b.failures).toEqual([]);
    });

    it(`with the leader (round trip ${rttMs} ms): another takes over with the next epoch, commits in doubt are settled`, async () => {
      const b = await bench(rttMs);
      await b.scheduler.until(commit(b.cluster, 'a', 'x'));
      const inDoubt = commit(b.cluster, 'b', 'y');
      const lost = commit(b.cluster, 'a', 'z');
      await b.scheduler.advance(rttMs === 0 ? 0.2 : rttMs / 2 + 0.5);
      b.network.isolate('a');
      const { result } = await timed(b, inDoubt);
      expect(['committed', 'tooOld']).toContain(result.kind);
      expect(b.cluster.leaderRegion).toBe('b');
      expect(b.cluster.epoch).toBe(2);
      const next = await timed(b, commit(b.cluster, 'b', 'x'));
      expect(next.result.kind).toBe('committed');
      await expect(b.scheduler.until(Promise.resolve(b.cluster.region('a').readPoint.begin()))).rejects.toMatchObject({
        sqlstate: '57P03',
      });
      expect((await timed(b, lost)).result.kind).toBe('unknown');
      b.network.heal('a');
      await b.scheduler.advance(rttMs * 4 + 600);
      expect(b.cluster.leaderRegion).toBe('b');
      expect(b.cluster.region('a').readPoint.begin()).toBe(b.replicas.get('b')?.appliedTimestamp);
      expect((await timed(b, commit(b.cluster, 'a', 'x'))).result.kind).toBe('committed');
      expect(b.replicas.get('a')?.position).toBe(b.journal.lastPosition);
      expect(b.failures).toEqual([]);
    });
  }

  it('of two that are isolated neither commits; healed, they go on', async () => {
    const b = await bench(0);
    b.network.isolate('b');
    b.network.isolate('w');
    expect((await b.scheduler.until(commit(b.cluster, 'a', 'x'))).kind).toBe('unavailable');
    await b.scheduler.advance(5000);
    await expect(b.scheduler.until(Promise.resolve(b.cluster.region('a').readPoint.begin()))).rejects.toMatchObject({ sqlstate: '57P03' });
    b.network.heal('w');
    expect((await b.scheduler.until(commit(b.cluster, 'a', 'x'))).kind).toBe('committed');
    expect(b.cluster.epoch).toBe(1);
  });
});

describe('stopping and starting Regions', () => {
  it('hands leadership on without waiting for leases, and takes a Region back with an empty replica', async () => {
    const b = await bench(0);
    for (const key of ['x', 'y', 'z']) await b.scheduler.until(commit(b.cluster, 'a', key));
    b.cluster.stopRegion('a');
    const next = await timed(b, commit(b.cluster, 'b', 'x'));
    expect(next.result.kind).toBe('committed');
    expect(next.ms).toBeLessThan(20);
    expect((await timed(b, commit(b.cluster, 'b', 'x'))).result.kind).toBe('committed');
    const fresh = new MemoryReplica();
    await b.cluster.startRegion('a', fresh);
    expect(fresh.position).toBe(b.journal.lastPosition);
    expect(b.cluster.region('a').readPoint.begin()).toBe(fresh.appliedTimestamp);
    expect((await timed(b, commit(b.cluster, 'a', 'x'))).result.kind).toBe('committed');
    expect(b.cluster.leaderRegion).toBe('b');
  });

  it('brings an empty replica up to date over a long journal, a turn at a time', async () => {
    const b = await bench(0);
    let last = b.journal.lastPosition;
    const appended: Promise<unknown>[] = [];
    b.cluster.stopRegion('b');
    b.cluster.stopRegion('a');
    for (let i = 0; i < 20_000; i++) appended.push(b.journal.append({ kind: 'commits', epoch: 1, records: [] }, last++));
    await b.scheduler.until(Promise.all(appended));
    const fresh = new MemoryReplica();
    await b.cluster.startRegion('b', fresh);
    await b.scheduler.advance(100);
    expect(fresh.position).toBe(b.journal.lastPosition);
    expect((await timed(b, commit(b.cluster, 'b', 'x'))).result.kind).toBe('committed');
    expect(b.failures).toEqual([]);
  });

  it('refuses a replica of another history, or ahead of the journal', async () => {
    const b = await bench(0);
    await b.scheduler.until(commit(b.cluster, 'a', 'x'));
    b.cluster.stopRegion('b');
    const ahead = new MemoryReplica();
    const other = new MemoryReplica();
    for (let position = 1; position <= 3; position++) {
      ahead.apply({ position, entry: { kind: 'commits', epoch: 1, records: [] }, hash: Buffer.alloc(32, position) });
      if (position <= 2) other.apply({ position, entry: { kind: 'commits', epoch: 1, records: [] }, hash: Buffer.alloc(32, position) });
    }
    await expect(b.cluster.startRegion('b', ahead)).rejects.toThrow(/have been lost/);
    await expect(b.cluster.startRegion('b', other)).rejects.toThrow(/another history/);
  });
});

it('leases are not trusted over a jump of the wall clock (a suspended machine)', async () => {
  const random = new SeededRandom(1);
  const scheduler = new Scheduler(random, realWorld({ log: silentLog }).timers.yield);
  const clock = new SimulatedClock(scheduler);
  const life = new ProcessLife(scheduler, random, new SimulatedDisk(scheduler, random, () => 1), clock, silentLog);
  const journal = await scheduler.until(openFileJournal({ world: life.world, directory: '/j', onFailure: () => {} }));
  const network = new RegionNetwork({ world: life.world, regions: ['a'], rttMs: 0 });
  const regions = [{ name: 'a', replica: new MemoryReplica() }];
  const cluster = await scheduler.until(
    startLocalCluster({ world: life.world, journal, network, regions, witness: undefined, terms, onFailure: () => {} }),
  );
  expect(cluster.node('a').lease.valid).not.toBe(0);
  clock.jump(60_000);
  expect(cluster.node('a').lease.valid).toBe(0);
  expect(cluster.region('a').readPoint.begin()).toBe(0);
  await scheduler.advance(600);
  expect(cluster.node('a').lease.valid).not.toBe(0);
});
