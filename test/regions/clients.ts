/** Clients at both Regions, and transactions that may lose to another. */
import pg from 'pg';
import type { Deployment } from '../deployment.ts';

export const regions = ['us-east-1', 'us-east-2'] as const;

/** `count` clients, one Region after the other. */
export async function connectAll(deployment: Deployment, count: number): Promise<pg.Client[]> {
  const configs = await Promise.all(regions.map((region) => deployment.clientConfig(region)));
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const client = new pg.Client(configs[at % regions.length]);
      client.on('error', () => {}); // A killed server ends its clients: the tests see it at their next query.
      await client.connect();
      return client;
    }),
  );
}

export const endAll = (clients: readonly pg.Client[]): Promise<unknown> => Promise.all(clients.map((client) => client.end()));

export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Runs `body` between BEGIN and COMMIT; false when it lost to another transaction. Anything else is an error. */
export async function tryTransaction(client: pg.Client, body: () => Promise<void>): Promise<boolean> {
  try {
    await client.query('BEGIN');
    await body();
    await client.query('COMMIT');
    return true;
  } catch (error) {
    if (codeOf(error) !== '40001') throw error;
    await client.query('ROLLBACK');
    return false;
  }
}

/** One statement, again and again until it does not conflict. */
export async function untilDone(client: pg.Client, sql: string, values: readonly unknown[] = []): Promise<void> {
  for (;;) {
    try {
      // Without values, as a simple query: it may hold several statements.
      await (values.length === 0 ? client.query(sql) : client.query(sql, [...values]));
      return;
    } catch (error) {
      if (codeOf(error) !== '40001') throw error;
    }
  }
}

/** Numbers below a bound that look random and are the same each time. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3c6ef372) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}
