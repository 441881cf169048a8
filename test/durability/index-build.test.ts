/**
 * kill -9 while an index is being built beside eight writers in two Regions: after the restart the build goes on where it was, and at once,
 * and the index holds exactly the rows. 20 000 rows in `npm test`; 1 000 000 in `npm run test:long`, which also measures what the build costs writers.
 */
import type pg from 'pg';
import { afterAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { bothWays, createChangingTable, TableWriters } from '../isolation/table-writers.ts';
import { connectAll, endAll } from '../regions/clients.ts';

const isLong = process.env.BOREALIS_LONG !== undefined;
const rows = isLong ? 1_000_000 : 20_000;
const deployments: Deployment[] = [];
afterAll(() => Promise.all(deployments.map((deployment) => deployment.remove())));

async function started(): Promise<Deployment> {
  const deployment = await Deployment.start();
  deployments.push(deployment);
  return deployment;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function createIndex(client: pg.Client, sql: string): Promise<string> {
  for (;;) {
    try {
      return (await client.query(sql)).rows[0].job_id;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes('OC001')) throw error;
    }
  }
}

async function succeeds(client: pg.Client, job: string): Promise<boolean> {
  return (await client.query(`CALL sys.wait_for_job('${job}')`)).rows[0].succeeded;
}

const statusOf = async (client: pg.Client, job: string): Promise<string> =>
  (await client.query(`SELECT status FROM sys.jobs WHERE job_id = '${job}'`)).rows[0].status;

async function expectAgreement(clients: readonly pg.Client[], index: string, sql: string): Promise<void> {
  for (const client of clients.slice(0, 2)) {
    const { byIndex, byTable } = await bothWays(client, index, sql);
    expect(byIndex.length).toBeGreaterThan(rows / 2);
    expect(byIndex).toEqual(byTable);
  }
}

describe('an index build', () => {
  it(
    'survives kill -9',
    async () => {
      const deployment = await started();
      let clients = await connectAll(deployment, 10);
      await createChangingTable(clients[0], 'big', rows);
      const writers = new TableWriters('big', rows, clients.slice(2), 0);
      const job = await createIndex(clients[0], 'CREATE INDEX ASYNC big_value ON big (value)');
      // Some slices are done, others are not.
      while ((await statusOf(clients[1], job)) === 'submitted') await sleep(1);
      if (isLong) await sleep(3000);
      expect(await statusOf(clients[1], job), 'the blow is to fall in the middle').toBe('processing');
      const abandoned = writers.abandon();
      await deployment.kill();
      await abandoned;
      await deployment.start();

      clients = await connectAll(deployment, 10);
      const more = new TableWriters('big', rows, clients.slice(2), 0);
      const restartedMs = performance.now();
      expect(await succeeds(clients[0], job)).toBe(true);
      if (!isLong) expect(performance.now() - restartedMs, 'the build goes on at once').toBeLessThan(20_000);
      await more.stop();
      await expectAgreement(clients, 'big_value', 'SELECT value, id FROM big WHERE value BETWEEN 0 AND 99 ORDER BY value, id');
      await endAll(clients);
    },
    isLong ? 900_000 : 90_000,
  );

  it.runIf(isLong)(
    'leaves writers under three times their undisturbed p99',
    async () => {
      const deployment = await started();
      const clients = await connectAll(deployment, 10);
      await createChangingTable(clients[0], 'busy', rows);
      await sleep(5000);
      const p99 = async (until: () => Promise<unknown>): Promise<number> => {
        const writers = new TableWriters('busy', rows, clients.slice(2), 0);
        await until();
        await writers.stop();
        const sorted = writers.latencies.sort((a, b) => a - b);
        return sorted[Math.floor(sorted.length * 0.99)];
      };
      const undisturbed = await p99(() => sleep(20_000));
      let job = '';
      const disturbed = await p99(async () => {
        job = await createIndex(clients[0], 'CREATE INDEX ASYNC busy_value ON busy (value)');
        expect(await succeeds(clients[1], job)).toBe(true);
      });
      console.log(`p99 of changes: ${undisturbed.toFixed(1)} ms undisturbed, ${disturbed.toFixed(1)} ms beside the build`);
      expect(disturbed).toBeLessThan(3 * undisturbed);
      await expectAgreement(clients, 'busy_value', 'SELECT value, id FROM busy WHERE value BETWEEN 0 AND 99 ORDER BY value, id');
      await endAll(clients);
    },
    900_000,
  );
});
