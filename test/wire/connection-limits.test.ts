/** Limits on connections as a deployment is started with them: how many, how fast, how old. */
import type pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

let deployment: Deployment | undefined;
afterEach(() => deployment?.remove());

const start = async (...args: readonly string[]): Promise<Deployment> => {
  deployment = await Deployment.start(['--in-memory', ...args]);
  return deployment;
};

/** Resolves with what the server said when it ended the connection. */
const farewell = (client: pg.Client): Promise<string> =>
  new Promise((resolve) => {
    client.once('error', (error: Error & { code?: string }) => resolve(`${error.code} ${error.message}`));
  });

describe('connections', () => {
  it('over the limit are refused', async () => {
    const { connect } = bound(await start('--connection-limit', '2'));
    const clients = [await connect(), await connect()];
    await expect(connect()).rejects.toMatchObject({ code: '53300', message: 'Unable to accept connection, too many open connections.' });
    await clients[0].end();
    for (const client of [await connect(), clients[1]]) await client.end();
  });

  it('opened too fast are refused, until the bucket has filled again', async () => {
    const { connect } = bound(await start('--profile', 'dsql', '--connection-burst', '2', '--connection-rate', '1'));
    const clients: pg.Client[] = [];
    const refusals: unknown[] = [];
    for (let at = 0; at < 8; at++)
      await connect().then(
        (client) => clients.push(client),
        (error: unknown) => refusals.push(error),
      );
    expect(refusals.length).toBeGreaterThan(0);
    expect(refusals[0]).toMatchObject({ code: '53400', message: 'Unable to accept connection, rate exceeded.' });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    clients.push(await connect());
    for (const client of clients) await client.end();
  });

  it('end when they are old: between two transactions', async () => {
    const { connect } = bound(await start('--session-duration', '900ms'));
    const [idle, busy] = [await connect(), await connect()];
    const [idleEnd, busyEnd] = [farewell(idle), farewell(busy)];
    await busy.query('BEGIN');
    await busy.query('CREATE TABLE kept (id int)');
    const told = '57P01 terminating connection because the session has reached its maximum duration';
    expect(await idleEnd).toBe(told);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await busy.query('COMMIT');
    expect(await busyEnd).toBe(told);
    const client = await connect();
    expect((await client.query('SELECT count(*)::int AS n FROM kept')).rows).toEqual([{ n: 0 }]);
    await client.end();
  });
});

const bound = (started: Deployment): { connect: () => Promise<pg.Client> } => ({ connect: () => started.connect() });
