/**
 * What a round trip between Regions costs: one for a commit at the leader's Region, two at the other, none for a local read. The fastest of
 * several is compared with that of a deployment without distance in the same run: a round trip is never shorter than it is, and a busy machine only adds.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { connectAll, endAll } from './clients.ts';

const rttMs = 40;
const samples = 15;

async function fastestMs(work: () => Promise<unknown>): Promise<number> {
  await work();
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) {
    const startedMs = performance.now();
    await work();
    fastest = Math.min(fastest, performance.now() - startedMs);
  }
  return fastest;
}

describe(`a round trip of ${rttMs} ms between Regions`, () => {
  const deployments: Deployment[] = [];
  const clients: pg.Client[][] = [];
  beforeAll(async () => {
    for (const rtt of ['0ms', `${rttMs}ms`]) {
      const deployment = await Deployment.start(['--region-rtt', rtt]);
      deployments.push(deployment);
      clients.push(await connectAll(deployment, 2));
    }
    for (const [client] of clients)
      await client.query('CREATE TABLE t (id int PRIMARY KEY, value int); INSERT INTO t VALUES (1, 0), (2, 0)');
  });
  afterAll(async () => {
    await Promise.all(clients.map(endAll));
    await Promise.all(deployments.map((deployment) => deployment.remove()));
  });

  /** Round trips that the work costs at a Region: what it takes more than without distance. */
  const roundTrips = async (region: number, work: (client: pg.Client) => Promise<unknown>): Promise<number> => {
    const [near, far] = clients;
    return ((await fastestMs(() => work(far[region]))) - (await fastestMs(() => work(near[region])))) / rttMs;
  };

  it('is what a commit takes at the leader', async () => {
    const trips = await roundTrips(0, (client) => client.query('UPDATE t SET value = value + 1 WHERE id = 1'));
    expect(trips).toBeGreaterThan(0.7);
    expect(trips).toBeLessThan(1.6);
  });

  it('is half of what a commit takes at the other Region', async () => {
    const trips = await roundTrips(1, (client) => client.query('UPDATE t SET value = value + 1 WHERE id = 2'));
    expect(trips).toBeGreaterThan(1.7);
    expect(trips).toBeLessThan(2.7);
  });

  it.each([0, 1])('is paid at COMMIT alone, once a transaction (Region %i)', async (region) => {
    const far = clients[1][region];
    await far.query('BEGIN');
    const statements = await fastestMs(() => far.query('UPDATE t SET value = value + 1 WHERE id = 2'));
    await far.query('ROLLBACK');
    expect(statements).toBeLessThan(rttMs / 2);
  });

  it.each([0, 1])('is not noticed by reads (Region %i)', async (region) => {
    expect(await roundTrips(region, (client) => client.query('SELECT value FROM t WHERE id = 1'))).toBeLessThan(0.4);
    const block = async (client: pg.Client) => {
      await client.query('BEGIN READ ONLY');
      await client.query('SELECT sum(value) FROM t');
      await client.query('COMMIT');
    };
    expect(await roundTrips(region, block)).toBeLessThan(0.4);
  });
});
