/**
 * kill -9 under load: after each restart every acknowledged transaction is there, none is there in part, both Regions agree.
 * Rounds: 4 in `npm test`, 20 in `npm run test:long`.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const rounds = process.env.BOREALIS_LONG ? 20 : 4;
const connections = 8;

describe('kill -9 under a write load', () => {
  let deployment: Deployment;
  const acknowledged = new Set<number>();
  const attempted = new Set<number>();
  let nextId = 1;

  beforeAll(async () => {
    deployment = await Deployment.start();
    const client = await deployment.connect();
    await client.query('CREATE TABLE left_half (id int PRIMARY KEY, worker int NOT NULL)');
    await client.query('CREATE TABLE right_half (id int PRIMARY KEY, worker int NOT NULL)');
    await client.query('CREATE INDEX right_half_worker ON right_half (worker)');
    await client.query('CREATE TABLE total (worker int PRIMARY KEY, transactions int NOT NULL)');
    await client.query(`INSERT INTO total SELECT n, 0 FROM generate_series(1, ${connections}) AS n`);
    await client.end();
  });
  afterAll(() => deployment.remove());

  /** One transaction after another until the connection breaks. Three rows in three tables: a part of it would show. */
  const work = async (client: pg.Client, worker: number): Promise<void> => {
    for (;;) {
      const id = nextId++;
      attempted.add(id);
      try {
        await client.query('BEGIN');
        await client.query('INSERT INTO left_half VALUES ($1, $2)', [id, worker]);
        await client.query('INSERT INTO right_half VALUES ($1, $2)', [id, worker]);
        await client.query('UPDATE total SET transactions = transactions + 1 WHERE worker = $1', [worker]);
        await client.query('COMMIT');
        acknowledged.add(id);
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === '40001') await client.query('ROLLBACK').catch(() => {});
        else if (code === undefined || /^(08|57P)/.test(code) || code === 'ECONNRESET' || code === 'EPIPE') return;
        else throw error;
      }
    }
  };

  const contents = async (region: string) => {
    const client = await deployment.connect(region);
    const ids = async (sql: string) => (await client.query(sql)).rows.map((row) => row.id as number);
    const left = await ids('SELECT id FROM left_half ORDER BY id');
    const right = await ids('SELECT id FROM right_half ORDER BY id');
    const counted = (await client.query('SELECT sum(transactions)::int AS n FROM total')).rows[0].n as number;
    const byIndex = (await client.query(`SELECT count(*)::int AS n FROM right_half WHERE worker BETWEEN 1 AND ${connections}`)).rows[0]
      .n as number;
    await client.end();
    return { left, right, counted, byIndex };
  };

  it(
    `loses nothing in ${rounds} rounds`,
    async () => {
      for (let round = 1; round <= rounds; round++) {
        const clients = await Promise.all(
          Array.from({ length: connections }, (_, i) => deployment.connect(i % 2 === 0 ? 'us-east-1' : 'us-east-2')),
        );
        const before = acknowledged.size;
        const working = Promise.all(clients.map((client, i) => work(client, i + 1)));
        // The load must be under way, however busy the machine is; then the blow falls at another moment each round.
        for (let i = 0; i < 600 && acknowledged.size < before + 20; i++) await new Promise((resolve) => setTimeout(resolve, 50));
        await new Promise((resolve) => setTimeout(resolve, (round * 137) % 500));
        await deployment.kill();
        await working;
        await deployment.start();

        const first = await contents('us-east-1');
        expect(await contents('us-east-2')).toEqual(first);
        expect(acknowledged.size, 'the load must have done something').toBeGreaterThan(before + 10);
        const present = new Set(first.left);
        expect(
          [...acknowledged].filter((id) => !present.has(id)),
          `acknowledged and lost in round ${round}`,
        ).toEqual([]);
        expect(first.left.filter((id) => !attempted.has(id))).toEqual([]);
        expect(first.right, 'half a transaction').toEqual(first.left);
        expect(first.counted).toBe(first.left.length);
        expect(first.byIndex).toBe(first.left.length);
      }
    },
    60_000 + rounds * 15_000,
  );
});
