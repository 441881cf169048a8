/**
 * Clients that append to lists through real connections, and remember what they were told: a history for the checker of strong snapshot isolation.
 * What a client cannot know (its connection broke at COMMIT, 08007) is remembered as unknown; everything else that failed is certain to have had no effect.
 */
import pg from 'pg';
import type { HistoryTransaction, Operation } from '#simulator/history.ts';
import type { Fleet } from './fleet.ts';

const lists = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

export class ListWorkload {
  readonly history: HistoryTransaction[] = [];
  readonly #fleet: Fleet;
  #moment = 0;
  #nextValue = 1;
  #isOver = false;
  #running: Promise<void>[] = [];
  /** When the last commit was acknowledged. */
  #lastCommitMs = performance.now();
  /** Between two acknowledged commits, anywhere. */
  longestGapMs = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  static async prepare(fleet: Fleet): Promise<void> {
    const client = await fleet.connect(0);
    await client.query('create table lists (k text primary key, v text not null)');
    for (const list of lists) await client.query('insert into lists values ($1, $2)', [list, '']);
    await client.end();
  }

  start(clientsPerNode: number): void {
    for (const node of this.#fleet.nodes.keys()) for (let i = 0; i < clientsPerNode; i++) this.#running.push(this.#client(node, i));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    this.#running = [];
  }

  /** Starts measuring the longest time without a commit anew. */
  resetGap(): void {
    this.#lastCommitMs = performance.now();
    this.longestGapMs = 0;
  }

  get acknowledged(): number {
    return this.history.filter(({ outcome }) => outcome === 'ok').length;
  }

  /** Every list as each node shows it. */
  async finalLists(): Promise<readonly string[]> {
    return Promise.all(
      this.#fleet.nodes.map(async (_, node) => {
        const client = await this.#fleet.connect(node);
        const operations: Operation[] = [];
        const invoked = this.#moment++;
        const { rows } = await client.query<{ k: string; v: string }>('select k, v from lists order by k');
        for (const { k, v } of rows) operations.push({ kind: 'read', key: k, values: numbersOf(v) });
        this.#record(invoked, 'ok', operations);
        await client.end();
        return JSON.stringify(rows);
      }),
    );
  }

  async #client(node: number, number: number): Promise<void> {
    let client: pg.Client | undefined;
    while (!this.#isOver) {
      try {
        client ??= await this.#fleet.connect(node);
      } catch {
        // The node is down: later.
        await pause(100);
        continue;
      }
      if (!(await this.#transaction(client, number))) {
        client.end().catch(() => {});
        client = undefined;
      }
    }
    await client?.end().catch(() => {});
  }

  /** False when the connection is of no use any more. */
  async #transaction(client: pg.Client, number: number): Promise<boolean> {
    const invoked = this.#moment++;
    const operations: Operation[] = [];
    let isCommitting = false;
    try {
      await client.query('begin');
      for (let count = 1 + Math.floor(Math.random() * 3); count > 0; count--) {
        const key = lists[Math.floor(Math.random() * lists.length)];
        const { rows } = await client.query<{ v: string }>('select v from lists where k = $1', [key]);
        operations.push({ kind: 'read', key, values: numbersOf(rows[0].v) });
        if (Math.random() < 0.5) continue;
        const value = this.#nextValue++;
        await client.query("update lists set v = v || ',' || $2::text where k = $1", [key, String(value)]);
        operations.push({ kind: 'append', key, value });
      }
      isCommitting = true;
      await client.query('commit');
      this.#record(invoked, 'ok', operations);
      if (operations.some(({ kind }) => kind === 'append')) this.#committed();
      return true;
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      const isUnknown = isCommitting && (code === undefined || code === '08007');
      this.#record(invoked, isUnknown ? 'info' : 'fail', operations);
      if (code === undefined) return false;
      await client.query('rollback').catch(() => {});
      await pause(5 + number);
      return true;
    }
  }

  #record(invoked: number, outcome: HistoryTransaction['outcome'], operations: readonly Operation[]): void {
    this.history.push({
      id: this.history.length,
      invoked,
      returned: this.#moment++,
      outcome,
      operations,
      snapshot: 0,
      commitTimestamp: undefined,
    });
  }

  #committed(): void {
    const nowMs = performance.now();
    this.longestGapMs = Math.max(this.longestGapMs, nowMs - this.#lastCommitMs);
    this.#lastCommitMs = nowMs;
  }
}

const numbersOf = (text: string): readonly number[] =>
  text
    .split(',')
    .filter((part) => part !== '')
    .map(Number);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
