/** A table whose rows change all the time, and the same rows read in two ways: what index builds are tried on. */
import type pg from 'pg';
import { expect } from 'vitest';
import { codeOf, numbersFrom } from '../regions/clients.ts';

/** Rows 0 to `rows` - 1; every `code` is another. */
export async function createChangingTable(client: pg.Client, name: string, rows: number): Promise<void> {
  await client.query(`CREATE TABLE ${name} (id int PRIMARY KEY, value int NOT NULL, code text, other int)`);
  const most = 50_000;
  for (let from = 0; from < rows; from += most)
    await client.query(
      `INSERT INTO ${name} SELECT n, n % 100, 'b' || n, 0 FROM generate_series(${from}, ${Math.min(from + most, rows) - 1}) AS n`,
    );
}

/** Tells the rows of one set of writers from those of the next. */
let nextIds = 1;

/** Changes rows of a table until stopped. Every `code` that it writes is another. */
export class TableWriters {
  readonly #work: Promise<unknown>;
  readonly #rowsBefore: number;
  changes = 0;
  readonly lost = new Map<string, number>();
  #isOver = false;
  #nextId: number;
  /** Milliseconds that each change took. */
  readonly latencies: number[] = [];

  constructor(table: string, rowsBefore: number, writers: readonly pg.Client[], pauseMs: number) {
    this.#rowsBefore = rowsBefore;
    this.#nextId = rowsBefore + nextIds++ * 1_000_000;
    this.#work = Promise.all(writers.map((client, at) => this.#write(table, client, numbersFrom(at), pauseMs)));
  }

  /** Once they have gone on for a while from now. */
  async stop(): Promise<void> {
    const least = this.changes + 30;
    while (this.changes < least) await new Promise((resolve) => setTimeout(resolve, 10));
    this.#isOver = true;
    await this.#work;
  }

  /** Takes the end of the connections as it comes: for a server that is about to be killed. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  async #write(table: string, client: pg.Client, random: (below: number) => number, pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      const id = random(2) === 0 ? random(this.#rowsBefore) : this.#nextId - random(1000);
      const fresh = this.#nextId++;
      const statements = [
        `INSERT INTO ${table} VALUES (${fresh}, ${random(100)}, 'n${fresh}', 0)`,
        `UPDATE ${table} SET value = ${random(100)}, code = 'u${fresh}' WHERE id = ${id}`,
        `UPDATE ${table} SET other = other + 1 WHERE id = ${id}`,
        `DELETE FROM ${table} WHERE id = ${id}`,
        `DELETE FROM ${table} WHERE id = ${id}; INSERT INTO ${table} VALUES (${id}, ${random(100)}, 'r${fresh}', 1)`,
      ];
      const startedMs = performance.now();
      try {
        await client.query(statements[random(statements.length)]);
        this.latencies.push(performance.now() - startedMs);
        this.changes++;
      } catch (error) {
        const code = codeOf(error);
        if (this.#isOver && code !== '40001') return;
        // The conflict is what this is about; all else must not happen.
        if (code !== '40001' || !(error instanceof Error)) throw error;
        this.lost.set(error.message, (this.lost.get(error.message) ?? 0) + 1);
      }
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** The rows by a plan that reads the index, and by one that reads the table. */
export async function bothWays(
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
