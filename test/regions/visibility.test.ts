/**
 * Strong reads: a commit acknowledged at one Region is seen by every read begun afterwards at the other, and what one read has shown no later read takes back.
 * Also while nodes join anew: their first reads ask the leader.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Deployment } from '../deployment.ts';
import { connectAll, endAll, untilDone } from './clients.ts';

// What is done is counted, not timed: a busy machine takes longer.
vi.setConfig({ testTimeout: 120_000 });

describe.each([
  { rtt: '0ms', pairs: 6, alternations: 250 },
  { rtt: '30ms', pairs: 24, alternations: 24 },
])('strong reads with a round trip of $rtt', ({ rtt, pairs, alternations }) => {
  let deployment: Deployment;
  let clients: pg.Client[];
  beforeAll(async () => {
    deployment = await Deployment.start(['--region-rtt', rtt]);
    clients = await connectAll(deployment, pairs * 2);
    await clients[0].query('CREATE TABLE register (id int PRIMARY KEY, value int NOT NULL, other int NOT NULL)');
    await clients[0].query('CREATE INDEX register_other ON register (other)');
    await clients[0].query(`INSERT INTO register SELECT n, 0, n FROM generate_series(0, ${pairs}) AS n`);
  });
  afterAll(async () => {
    await endAll(clients);
    await deployment.remove();
  });

  it('see what was acknowledged at the other Region', async () => {
    const stale: string[] = [];
    const alternate = async (pair: number): Promise<void> => {
      const both = [clients[2 * pair], clients[2 * pair + 1]];
      for (let i = 1; i <= alternations; i++) {
        const [writer, reader] = i % 2 === 0 ? both : [both[1], both[0]];
        await writer.query('UPDATE register SET value = $1, other = $2 WHERE id = $3', [i, 1000 * i + pair, pair]);
        const byKey = await reader.query('SELECT value FROM register WHERE id = $1', [pair]);
        if (byKey.rows[0].value !== i) stale.push(`register ${pair} reads ${byKey.rows[0].value} after ${i}`);
        const byIndex = await reader.query('SELECT id FROM register WHERE other = $1', [1000 * i + pair]);
        if (byIndex.rows[0]?.id !== pair) stale.push(`register ${pair} is not found by index at ${i}`);
      }
    };
    await Promise.all(Array.from({ length: pairs }, (_, pair) => alternate(pair)));
    expect(stale).toEqual([]);
  });

  it('never go back, whoever reads where', async () => {
    /** The greatest value that any finished read or write has shown. */
    let shown = 0;
    let isOver = false;
    const back: string[] = [];
    let reads = 0;
    const read = async (first: number): Promise<void> => {
      for (let at = first; !isOver; at++) {
        const least = shown;
        const region = at % 2;
        const reader = clients[2 * first + region];
        const { rows } = await reader.query(`SELECT value FROM register WHERE id = ${pairs}`);
        const { value } = rows[0];
        if (value < least) back.push(`${value} after ${least} at Region ${region}`);
        shown = Math.max(shown, value);
        reads++;
      }
    };
    const write = async (writer: pg.Client, times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await untilDone(writer, `UPDATE register SET value = value + 1 WHERE id = ${pairs}`);
    };
    const readers = Array.from({ length: pairs - 2 }, (_, at) => read(at));
    const last = clients.length - 1;
    await Promise.all([write(clients[last], alternations / 2), write(clients[last - 1], alternations / 2)]);
    isOver = true;
    await Promise.all(readers);
    expect(back).toEqual([]);
    expect(shown).toBeLessThanOrEqual(alternations);
    expect(reads, 'the readers must have been reading').toBeGreaterThan(alternations / 2);
    for (const client of clients.slice(0, 2)) {
      const { rows } = await client.query(`SELECT value FROM register WHERE id = ${pairs}`);
      expect(rows[0].value).toBe(alternations);
    }
  });

  it('find done at the other Region what a job was waited for', async () => {
    for (let round = 0; round < 4; round++) {
      const index = `register_${round}`;
      const { rows: made } = await clients[round % 2].query(`CREATE INDEX ASYNC ${index} ON register (value)`);
      // Whoever waits looks every 50 ms: one of these looks just when the job's end is here, and perhaps not there yet.
      const wait = async (at: number): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, 8 * at));
        const both = clients.slice(2 * at, 2 * at + 2);
        const [here, there] = round % 2 === 0 ? both : both.reverse();
        const { rows: waited } = await here.query(`CALL sys.wait_for_job('${made[0].job_id}')`);
        expect(waited).toEqual([{ succeeded: true }]);
        const { rows: indexes } = await there.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = '${index}'::regclass`);
        expect(indexes).toEqual([{ indisvalid: true }]);
        const { rows: jobs } = await there.query(`SELECT status FROM sys.jobs WHERE job_id = '${made[0].job_id}'`);
        expect(jobs).toEqual([{ status: 'completed' }]);
      };
      await Promise.all(Array.from({ length: 6 }, (_, at) => wait(at)));
    }
  });
});
