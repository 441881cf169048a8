/**
 * A real fleet under load and faults: nodes and NATS servers are killed and stopped. Nothing that was acknowledged is lost, no anomaly is seen, both Regions end up alike.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasNatsServer } from '#cli/fleet/nats-servers.ts';
import { checkStrongSnapshotIsolation } from '#simulator/strong-si-checker.ts';
import { Fleet } from './fleet.ts';
import { ListWorkload, pause } from './workload.ts';

const hasNats = hasNatsServer();
if (!hasNats) console.warn('nats-server is not installed, or too old: the tests of a fleet are left out');
const rounds = Number(process.env.FAULT_ROUNDS ?? (process.env.BOREALIS_LONG ? 100 : 5));

describe.skipIf(!hasNats)('Regions that are 20 ms apart', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start(20);
  }, 90_000);
  afterAll(() => fleet?.remove());

  it('read on their own; one that is cut off answers nothing, the others go on, and it comes back', { timeout: 120_000 }, async () => {
    const [near, far] = await Promise.all([fleet.connect(0), fleet.connect(1)]);
    await near.query('create table t (id int primary key, v int)');
    await near.query('insert into t values (1, 1)');
    const started = performance.now();
    for (let i = 0; i < 50; i++) await far.query('select v from t where id = 1');
    expect((performance.now() - started) / 50).toBeLessThan(20);

    fleet.servers.isolate('us-east-2');
    await untilCommitted(near, 'update t set v = 2 where id = 1');
    await pause(2000);
    // What it last had would be stale: it says that it cannot know. (Or its server has found a way around the cut, and it answers what is new.)
    const answer = await far.query('select v from t where id = 1').then(
      ({ rows }) => rows[0].v,
      (error: pg.DatabaseError) => error.code,
    );
    expect(['57P03', 2]).toContain(answer);
    fleet.servers.heal();
    await expect
      .poll(
        () =>
          far.query('select v from t where id = 1').then(
            ({ rows }) => rows,
            () => 'not yet',
          ),
        { timeout: 60_000 },
      )
      .toEqual([{ v: 2 }]);
    await near.end();
    await far.end();
  });
});

async function untilCommitted(client: pg.Client, text: string): Promise<void> {
  for (const deadline = performance.now() + 40_000; ; ) {
    try {
      await client.query(text);
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(50);
    }
  }
}

describe.skipIf(!hasNats)('a fleet of two Regions', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await Fleet.start();
  }, 90_000);
  afterAll(() => fleet?.remove());

  it('shows in each Region what was acknowledged in the other', async () => {
    const [near, far] = await Promise.all([fleet.connect(0), fleet.connect(1)]);
    await near.query('create table greeting (id int primary key, text text)');
    for (let i = 0; i < 20; i++) {
      await near.query('insert into greeting values ($1, $2)', [i, 'hello']);
      expect((await far.query('select text from greeting where id = $1', [i])).rows).toEqual([{ text: 'hello' }]);
      await far.query('update greeting set text = $2 where id = $1', [i, 'hello again']);
      expect((await near.query('select text from greeting where id = $1', [i])).rows).toEqual([{ text: 'hello again' }]);
    }
    await near.end();
    await far.end();
  });

  it(`loses nothing and shows no anomaly in ${rounds} rounds of faults`, { timeout: 120_000 + rounds * 40_000 }, async () => {
    await ListWorkload.prepare(fleet, rounds);
    const workload = new ListWorkload(fleet);
    const gaps: string[] = [];
    for (let round = 0; round < rounds; round++) {
      workload.start(4);
      await pause(1500);
      workload.resetGap();
      const { what, boundMs } = await fault(fleet, round);
      await pause(500);
      gaps.push(`${what}: ${Math.round(workload.longestGapMs)} ms`);
      expect(workload.longestGapMs, what).toBeLessThan(boundMs);
      expect(checkStrongSnapshotIsolation(await workload.endRound()), `round ${round}: ${what}`).toEqual([]);
      if (round % 10 === 9) console.log(`${round + 1} rounds, ${workload.acknowledged} transactions acknowledged`);
    }
    await pause(2000);
    const [one, other] = await workload.finalLists();
    console.log(
      `${rounds} rounds, ${workload.acknowledged} of ${workload.tried} transactions acknowledged; longest time without a commit: ${gaps.join('; ')}`,
    );
    expect(one).toBe(other);
    expect(workload.acknowledged).toBeGreaterThan(100 * rounds);
  });
});

/** Does one thing, lets it last, and mends it. `boundMs`: how long commits may stand still, on a machine that others use too. */
async function fault(fleet: Fleet, round: number): Promise<{ readonly what: string; readonly boundMs: number }> {
  const node = fleet.nodes[round % fleet.nodes.length];
  const server = round % fleet.servers.servers.length;
  switch (round % 5) {
    case 0:
    case 1: {
      await node.kill();
      await pause(6000);
      await node.start();
      return { what: `node ${round % 2} killed`, boundMs: 10_000 };
    }
    case 2: {
      process.kill(node.pid, 'SIGSTOP');
      await pause(5000);
      process.kill(node.pid, 'SIGCONT');
      return { what: `node ${round % 2} stopped for 5 s`, boundMs: 10_000 };
    }
    case 3: {
      fleet.servers.servers[server].process.kill('SIGKILL');
      await pause(12_000);
      fleet.servers.startServer(server);
      await fleet.servers.untilHealthy(server);
      return { what: `NATS server ${server} killed`, boundMs: 20_000 };
    }
    default: {
      fleet.servers.servers[server].process.kill('SIGSTOP');
      await pause(8000);
      fleet.servers.servers[server].process.kill('SIGCONT');
      await pause(4000);
      return { what: `NATS server ${server} stopped for 8 s`, boundMs: 20_000 };
    }
  }
}
