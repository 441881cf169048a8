/**
 * Indexes that come into being beside writers at both Regions: afterwards the index alone and the table alone give the same rows.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Deployment } from '../deployment.ts';
import { codeOf, connectAll, endAll, numbersFrom, untilDone } from '../regions/clients.ts';

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

/** Changes rows of a table until stopped. Every `code` that it writes is another. */
class Writers {
  readonly #work: Promise<unknown>;
  changes = 0;
  readonly lost = new Map<string, number>();
  #isOver = false;
  #nextId = 10_000;

  constructor(table: string, writers: readonly pg.Client[], pauseMs: number) {
    this.#work = Promise.all(writers.map((client, at) => this.#write(table, client, numbersFrom(at), pauseMs)));
  }

  /** Once they have gone on for a while from now. */
  async stop(): Promise<void> {
    const least = this.changes + 30;
    while (this.changes < least) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#isOver = true;
    await this.#work;
  }

  async #write(table: string, client: pg.Client, random: (below: number) => number, pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      const id = random(2) === 0 ? random(rowsBefore) : 10_000 + random(this.#nextId - 9999);
      const fresh = this.#nextId++;
      const statements = [
        `INSERT INTO ${table} VALUES (${fresh}, ${random(100)}, 'n${fresh}', 0)`,
        `UPDATE ${table} SET value = ${random(100)}, code = 'u${fresh}' WHERE id = ${id}`,
        `UPDATE ${table} SET other = other + 1 WHERE id = ${id}`,
        `DELETE FROM ${table} WHERE id = ${id}`,
        `DELETE FROM ${table} WHERE id = ${id}; INSERT INTO ${table} VALUES (${id}, ${random(100)}, 'r${fresh}', 1)`,
      ];
      try {
        await client.query(statements[random(statements.length)]);
        this.changes++;
      } catch (error) {
        const code = codeOf(error);
        // The conflict is what this is about; all else must not happen.
        if (code !== '40001' || !(error instanceof Error)) throw error;
        this.lost.set(error.message, (this.lost.get(error.message) ?? 0) + 1);
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

async function createTable(name: string): Promise<void> {
  await clients[0].query(`CREATE TABLE ${name} (id int PRIMARY KEY, value int NOT NULL, code text, other int)`);
  for (let from = 0; from < rowsBefore; from += 1000)
    await clients[0].query(
      `INSERT INTO ${name} SELECT n, n % 100, 'b' || n, 0 FROM generate_series(${from}, ${Math.min(from + 999, rowsBefore - 1)}) AS n`,
    );
}

/** The rows by a plan that reads the index, and by one that reads the table. */
async function bothWays(
  client: pg.Client,
  index: string,
  sql: string,
): Promise<{ readonly byIndex: unknown[]; readonly byTable: unknown[] }> {
  await client.query('BEGIN READ ONLY');
  const ask = async (isIndex: boolean): Promise<unknown[]> => {
    await client.query(`SET enable_seqscan = ${isIndex ? 'off' : 'on'}; SET enable_indexscan = ${isIndex ? 'on' : 'off'}`);
    const plan = await client.query({ text: `EXPLAIN ${sql}`, rowMode: 'array' });
    expect(plan.rows.flat().join('\n').includes(index), plan.rows.flat().join('\n')).toBe(isIndex);
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  };
  const byIndex = await ask(true);
  const byTable = await ask(false);
  await client.query('ROLLBACK');
  return { byIndex, byTable };
}

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
    const writers = new Writers(table, clients.slice(2), 0);
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
    const writers = new Writers(table, clients.slice(2), 60);
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
    const writers = new Writers('grown', clients.slice(2), 60);
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
    const writers = new Writers('doubled', clients.slice(3), 5);
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
