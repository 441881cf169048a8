/**
 * Transfers between accounts and appends to lists, over SQL from both Regions at once: no money is made or lost at any snapshot, and what all clients have
 * seen together is strong snapshot isolation. The journal, once the deployment is stopped, holds nothing that the adjudicator must not have let through.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { HistoryTransaction, Operation } from '../../src/simulator/history.ts';
import { checkStrongSnapshotIsolation } from '../../src/simulator/strong-si-checker.ts';
import { Deployment } from '../deployment.ts';
import { codeOf, connectAll, endAll, numbersFrom, regions, tryTransaction } from './clients.ts';
import { auditJournal } from './journal-audit.ts';

const isLong = Boolean(process.env.BOREALIS_LONG);
/** At least so long, and until enough has happened: a busy machine takes longer. */
const runMs = isLong ? 20_000 : 2000;
vi.setConfig({ testTimeout: 120_000 });

describe.each(['0ms', '6ms'])('workloads at both Regions, a round trip of %s', (rtt) => {
  let deployment: Deployment;
  let clients: pg.Client[];
  beforeAll(async () => {
    deployment = await Deployment.start(['--region-rtt', rtt]);
    clients = await connectAll(deployment, 10);
  });
  afterAll(() => deployment.remove());

  const totals = [
    'SELECT sum(balance)::int AS total FROM account',
    'SELECT sum(balance)::int AS total FROM account WHERE branch BETWEEN 0 AND 9',
    'SELECT sum(branch_total)::int AS total FROM (SELECT branch, sum(balance) AS branch_total FROM account GROUP BY branch) AS branches',
  ];

  it('transfers keep the total at every snapshot', async () => {
    await clients[0].query('CREATE TABLE account (id int PRIMARY KEY, branch int NOT NULL, balance int NOT NULL)');
    await clients[0].query('CREATE INDEX account_branch ON account (branch) INCLUDE (balance)');
    await clients[0].query('INSERT INTO account SELECT n, n % 10, 100 FROM generate_series(1, 30) AS n');
    const wrong: string[] = [];
    let committed = 0;
    let checks = 0;
    const untilMs = performance.now() + runMs;
    const transfer = async (client: pg.Client, random: (below: number) => number): Promise<void> => {
      const [from, to, amount] = [1 + random(30), 1 + random(30), 1 + random(20)];
      if (from === to) return;
      const done = await tryTransaction(client, async () => {
        const { rows } = await client.query('SELECT balance FROM account WHERE id = $1', [from]);
        if (rows[0].balance < amount) return;
        await client.query('UPDATE account SET balance = balance - $1 WHERE id = $2', [amount, from]);
        // Index entries move too: the account goes to another branch.
        await client.query('UPDATE account SET balance = balance + $1, branch = $2 WHERE id = $3', [amount, random(10), to]);
      });
      if (done) committed++;
    };
    const check = async (client: pg.Client, random: (below: number) => number): Promise<void> => {
      const expectTotal = (total: number, how: string): void => {
        checks++;
        if (total !== 3000) wrong.push(`${total}: ${how}`);
      };
      const sql = totals[random(totals.length)];
      expectTotal((await client.query(sql)).rows[0].total, sql);
      await client.query('BEGIN READ ONLY');
      const low = await client.query('SELECT sum(balance)::int AS total FROM account WHERE id <= 15');
      const all = await client.query(totals[random(totals.length)]);
      const high = await client.query('SELECT sum(balance)::int AS total FROM account WHERE id > 15');
      await client.query('COMMIT');
      expectTotal(low.rows[0].total + high.rows[0].total, 'in two halves');
      expectTotal(all.rows[0].total, 'within a block');
    };
    const run = async (client: pg.Client, at: number): Promise<void> => {
      const random = numbersFrom(at);
      while (performance.now() < untilMs || committed < 60 || checks < 60)
        await (at < 6 ? transfer(client, random) : check(client, random));
    };
    await Promise.all(clients.map(run));
    expect(wrong).toEqual([]);
    const contents = 'SELECT id, branch, balance FROM account ORDER BY id';
    expect((await clients[1].query(contents)).rows).toEqual((await clients[0].query(contents)).rows);
    const negative = await clients[0].query('SELECT count(*)::int AS n FROM account WHERE balance < 0');
    expect(negative.rows[0].n, 'the balance is read and written in one transaction: no overdraft').toBe(0);
  });

  it('appends to lists are strong snapshot isolation', async () => {
    await clients[0].query("CREATE TABLE list (key int PRIMARY KEY, items text NOT NULL DEFAULT '')");
    await clients[0].query('INSERT INTO list (key) SELECT n FROM generate_series(0, 999) AS n');
    const history: HistoryTransaction[] = [];
    let time = 0;
    let nextValue = 1;
    let nextId = 1;
    let failed = 0;
    const startedMs = performance.now();
    const untilMs = startedMs + runMs;
    /** Six keys at a time, others every 200 ms, so that lists stay short. */
    const keyNow = (random: (below: number) => number): string =>
      String(6 * (Math.floor((performance.now() - startedMs) / 200) % 160) + random(6));

    const itemsOf = (rows: readonly { readonly items: string }[]): readonly number[] =>
      rows[0].items.split(',').filter(Boolean).map(Number);
    const read = async (client: pg.Client, key: string): Promise<Operation> => {
      const { rows } = await client.query('SELECT items FROM list WHERE key = $1', [Number(key)]);
      return { kind: 'read', key, values: itemsOf(rows) };
    };
    const append = async (client: pg.Client, key: string, value: number): Promise<void> => {
      await client.query("UPDATE list SET items = items || ',' || $1 WHERE key = $2", [String(value), Number(key)]);
    };

    const transact = async (client: pg.Client, random: (below: number) => number): Promise<void> => {
      const id = nextId++;
      const isReadOnly = random(3) === 0;
      const isBlock = random(4) > 0;
      const count = isBlock ? 1 + random(4) : 1;
      const operations: Operation[] = [];
      let outcome: HistoryTransaction['outcome'] = 'ok';
      const invoked = time++;
      try {
        if (isBlock) await client.query(isReadOnly ? 'BEGIN READ ONLY' : 'BEGIN');
        for (let i = 0; i < count; i++) {
          const key = keyNow(random);
          if (isReadOnly || random(2) === 0) {
            operations.push(await read(client, key));
            continue;
          }
          const value = nextValue++;
          operations.push({ kind: 'append', key, value });
          await append(client, key, value);
        }
        if (isBlock) await client.query('COMMIT');
      } catch (error) {
        if (codeOf(error) !== '40001') throw error;
        outcome = 'fail';
        failed++;
        if (isReadOnly) throw new Error('a read-only transaction has failed', { cause: error });
        if (isBlock) await client.query('ROLLBACK');
      }
      history.push({ id, invoked, returned: time++, outcome, operations, snapshot: 0, commitTimestamp: undefined });
    };
    const run = async (client: pg.Client, at: number): Promise<void> => {
      const random = numbersFrom(100 + at);
      while (performance.now() < untilMs || history.length < 400 || failed < 10) await transact(client, random);
    };
    await Promise.all(clients.map(run));
    // Every list is read to its end, so that appends that nobody has read are judged too.
    const [reader] = clients;
    const invoked = time++;
    const { rows } = await reader.query("SELECT key, items FROM list WHERE items <> ''");
    const operations: Operation[] = rows.map((row) => ({ kind: 'read', key: String(row.key), values: itemsOf([row]) }));
    history.push({ id: nextId++, invoked, returned: time++, outcome: 'ok', operations, snapshot: 0, commitTimestamp: undefined });

    expect(checkStrongSnapshotIsolation(history)).toEqual([]);
  });

  it('goes on behind where it was, after kill -9 in the middle of it', async () => {
    let acknowledged = 0;
    let hasBegun = (): void => {};
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const counting = clients.map(async (client, at) => {
      for (;;) {
        try {
          await client.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [1 + at]);
          if (++acknowledged === 50) hasBegun();
        } catch {
          return;
        }
      }
    });
    await begun;
    await deployment.kill();
    await Promise.all(counting);
    await deployment.start();
    clients = await connectAll(deployment, 4);
    const contents = 'SELECT * FROM account ORDER BY id';
    const [first, second] = await Promise.all(clients.map((client) => client.query(contents)));
    expect(second.rows).toEqual(first.rows);
    const total = first.rows.reduce((sum, row) => sum + row.balance, 0);
    expect(total).toBeGreaterThanOrEqual(3000 + acknowledged);
    expect(total).toBeLessThanOrEqual(3000 + acknowledged + 10);
    await Promise.all(clients.map((client, at) => client.query('UPDATE account SET balance = 0 WHERE id = $1', [at + 1])));
    for (const [at, client] of clients.entries()) {
      const { rows } = await client.query('SELECT id FROM account WHERE balance = 0 ORDER BY id');
      expect(
        rows.map((row) => row.id),
        regions[at % 2],
      ).toEqual(expect.arrayContaining([1, 2, 3, 4]));
    }
  });

  it('leaves a journal without a forbidden commit', async () => {
    await endAll(clients);
    await deployment.stop();
    const { violations, transactions, epochs } = await auditJournal(deployment);
    expect(violations).toEqual([]);
    expect(transactions).toBeGreaterThan(100);
    expect(epochs).toBe(2);
  });
});
