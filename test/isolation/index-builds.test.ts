/**
 * Indexes that come into being beside writers at both Regions: afterwards the index alone and the table alone give the same rows.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Deployment } from '../deployment.ts';
import { codeOf, connectAll, endAll, untilDone } from '../regions/clients.ts';
import { bothWays, createChangingTable, TableWriters } from './table-writers.ts';

const rounds = process.env.BOREALIS_LONG ? 20 : 4;
const rowsBefore = 3000;
vi.setConfig({ testTimeout: 120_000 });

let deployment: Deployment;
let clients: pg.Client[];
beforeAll(async () => {
  deployment = await Deployment.start(['--region-rtt', '2ms']);
  clients = await connectAll(deployment, 8);
});
afterAll(async () => {
  await endAll(clients);
  await deployment.remove();
});

const createTable = (name: string): Promise<void> => createChangingTable(clients[0], name, rowsBefore);

async function expectAgreement(index: string, sql: string): Promise<number> {
  let count = 0;
  for (const client of clients.slice(0, 2)) {
    const { byIndex, byTable } = await bothWays(client, index, sql);
    expect(byIndex).toEqual(byTable);
    count = byIndex.length;
  }
  return count;
}

const finished = async (job: string): Promise<boolean> => (await clients[0].query(`CALL sys.wait_for_job('${job}')`)).rows[0].succeeded;

describe('an index made beside writers', () => {
  it.each(Array.from({ length: rounds }, (_, round) => round))('agrees with its table: ASYNC, round %i', async (round) => {
    const table = `async_${round}`;
    await createTable(table);
    const writers = new TableWriters(table, rowsBefore, clients.slice(2), 0);
    const isUnique = round % 2 === 1;
    const made = isUnique ? `UNIQUE INDEX ASYNC ${table}_key ON ${table} (code)` : `INDEX ASYNC ${table}_key ON ${table} (value)`;
    const { rows } = await clients[round % 2].query(`CREATE ${made}`);
    const succeeded = await finished(rows[0].job_id);
    // From the index's commit on everybody keeps it up.
    await writers.stop();
    const { rows: jobs } = await clients[0].query(`SELECT status, details FROM sys.jobs WHERE job_id = '${rows[0].job_id}'`);
    expect(jobs).toEqual([{ status: 'completed', details: null }]);
    expect(succeeded).toBe(true);
    const sql = isUnique
      ? `SELECT code, id FROM ${table} WHERE code >= '' ORDER BY code, id`
      : `SELECT value, id FROM ${table} WHERE value BETWEEN 0 AND 99 ORDER BY value, id`;
    expect(await expectAgreement(`${table}_key`, sql)).toBeGreaterThan(rowsBefore / 2);
  });

  it.each(Array.from({ length: rounds }, (_, round) => round))('agrees with its table: at once, round %i', async (round) => {
    const table = `sync_${round}`;
    await createTable(table);
    const writers = new TableWriters(table, rowsBefore, clients.slice(2), 60);
    await untilDone(clients[round % 2], `CREATE INDEX ${table}_key ON ${table} (value)`);
    await writers.stop();
    for (const message of writers.lost.keys())
      expect(message).toMatch(/^(change conflicts with|schema has been updated by) another transaction \(OC00[01]\)$/);
    expect(
      await expectAgreement(`${table}_key`, `SELECT value, id FROM ${table} WHERE value BETWEEN 0 AND 99 ORDER BY value, id`),
    ).toBeGreaterThan(rowsBefore / 2);
  });

  it('agrees with its table when a column is added and changed meanwhile', async () => {
    await createTable('grown');
    const writers = new TableWriters('grown', rowsBefore, clients.slice(2), 60);
    await untilDone(clients[0], 'ALTER TABLE grown ADD COLUMN extra int DEFAULT 7');
    await untilDone(clients[1], 'CREATE INDEX grown_key ON grown (extra)');
    await writers.stop();
    const { rows } = await clients[0].query('SELECT count(*)::int AS n FROM grown WHERE extra IS DISTINCT FROM 7');
    expect(rows[0].n, 'every row has the default, whoever wrote it').toBe(0);
    const count = await clients[0].query('SELECT count(*)::int AS n FROM grown');
    expect(await expectAgreement('grown_key', 'SELECT extra, id FROM grown WHERE extra > 0 ORDER BY extra, id')).toBe(count.rows[0].n);
  });
});

describe('a unique index over duplicates', () => {
  it('fails at once without ASYNC, and leaves nothing', async () => {
    await clients[0].query("CREATE TABLE twice (id int PRIMARY KEY, code text); INSERT INTO twice VALUES (1, 'x'), (2, 'x')");
    await expect(clients[0].query('CREATE UNIQUE INDEX twice_code ON twice (code)')).rejects.toMatchObject({
      code: '23505',
      message: 'could not create unique index "twice_code"',
      detail: 'Key (code)=(x) is duplicated.',
    });
    await clients[1].query("INSERT INTO twice VALUES (3, 'x')");
    await clients[1].query('DROP TABLE twice');
  });

  it('made ASYNC beside writers ends invalid, with the reason in sys.jobs, and is enforced until dropped', async () => {
    await createTable('doubled');
    await clients[0].query("UPDATE doubled SET code = 'same' WHERE id IN (17, 2900)");
    const writers = new TableWriters('doubled', rowsBefore, clients.slice(3), 5);
    // Other schema changes all the time: what the job does to the catalog conflicts with them.
    let isOver = false;
    const schemaChanges = (async () => {
      for (let n = 0; !isOver; n++) await untilDone(clients[2], `CREATE TABLE other_${n} (id int)`);
    })();
    let rows: readonly { readonly job_id: string }[] = [];
    while (rows.length === 0) {
      try {
        rows = (await clients[0].query('CREATE UNIQUE INDEX ASYNC doubled_code ON doubled (code)')).rows;
      } catch (error) {
        if (codeOf(error) !== '40001') throw error;
      }
    }
    const startedMs = performance.now();
    const succeeded = await finished(rows[0].job_id);
    expect(performance.now() - startedMs, 'a conflict is tried again at once').toBeLessThan(10_000);
    isOver = true;
    await schemaChanges;
    await writers.stop();
    const { rows: jobs } = await clients[1].query(`SELECT status, details FROM sys.jobs WHERE job_id = '${rows[0].job_id}'`);
    if (succeeded) {
      // A writer has changed one of the two before the job came to the other.
      expect(jobs).toEqual([{ status: 'completed', details: null }]);
      return;
    }
    expect(jobs).toEqual([{ status: 'failed', details: 'Found duplicate key while validating index for UCVs' }]);
    const { rows: indexes } = await clients[1].query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'doubled_code'::regclass");
    expect(indexes).toEqual([{ indisvalid: false }]);
    const plan = await clients[1].query({ text: "EXPLAIN SELECT id FROM doubled WHERE code = 'same'", rowMode: 'array' });
    expect(plan.rows.flat().join('\n')).not.toContain('doubled_code');
    await clients[0].query("INSERT INTO doubled VALUES (9001, 1, 'mine', 0)");
    await expect(clients[1].query("INSERT INTO doubled VALUES (9002, 1, 'mine', 0)")).rejects.toMatchObject({ code: '23505' });
    await clients[1].query('DROP INDEX doubled_code');
    await clients[0].query("INSERT INTO doubled VALUES (9002, 1, 'mine', 0)");
  });
});
