/**
 * Clients that append to lists through real connections, and remember what they were told: a history for the checker of strong snapshot isolation.
 * What a client cannot know (its connection broke at COMMIT, 08007) is remembered as unknown; everything else that failed is certain to have had no effect.
 *
 * Each round has lists of its own, so that what one must be remembered, and checked, does not grow with the rounds; a transaction uses the lists of one round only.
 */
import pg from 'pg';
import type { HistoryTransaction, Operation } from '#simulator/history.ts';
import type { Fleet } from './fleet.ts';

const lists = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** What the clients of one node wait between two transactions: the history of a round stays small enough to be checked in seconds, on a fast machine too. */
const thinkMs = 5;

export class ListWorkload {
  #round = 0;
  #history: HistoryTransaction[] = [];
  /** Of the rounds that are over. */
  #acknowledgedBefore = 0;
  #triedBefore = 0;
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

  static async prepare(fleet: Fleet, rounds: number): Promise<void> {
    const client = await fleet.connect(0);
    await client.query('create table lists (k text primary key, v text not null)');
    for (let round = 0; round < rounds; round++)
      for (const list of lists) await client.query('insert into lists values ($1, $2)', [`${round}${list}`, '']);
    await client.end();
  }

  /** What was done since the last call, on lists that nobody touches any more; and how each node shows them in the end. */
  async endRound(): Promise<readonly HistoryTransaction[]> {
    this.#isOver = true;
    await Promise.all(this.#running);
    await Promise.all(this.#fleet.nodes.map((_, node) => this.#readAll(node)));
    const history = this.#history;
    this.#acknowledgedBefore += acknowledgedIn(history);
    this.#triedBefore += history.length;
    this.#history = [];
    this.#round++;
    this.#isOver = false;
    return history;
  }

  start(clientsPerNode: number): void {
    this.#running = [];
    for (const node of this.#fleet.nodes.keys()) for (let i = 0; i < clientsPerNode; i++) this.#running.push(this.#client(node, i));
  }

  /** Starts measuring the longest time without a commit anew. */
  resetGap(): void {
    this.#lastCommitMs = performance.now();
    this.longestGapMs = 0;
  }

  get acknowledged(): number {
    return this.#acknowledgedBefore + acknowledgedIn(this.#history);
  }

  get tried(): number {
    return this.#triedBefore + this.#history.length;
  }

  /** Every list as each node shows it. */
  async finalLists(): Promise<readonly string[]> {
    return Promise.all(
      this.#fleet.nodes.map(async (_, node) => {
        const client = await this.#fleet.connect(node);
        const { rows } = await client.query<{ k: string; v: string }>('select k, v from lists order by k');
        await client.end();
        return JSON.stringify(rows);
      }),
    );
  }

  async #readAll(node: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const invoked = this.#moment++;
      try {
        const client = await this.#fleet.connect(node);
        const { rows } = await client.query<{ k: string; v: string }>('select k, v from lists where k = any($1)', [
          lists.map((list) => `${this.#round}${list}`),
        ]);
        await client.end();
        this.#record(
          invoked,
          'ok',
          rows.map(({ k, v }): Operation => ({ kind: 'read', key: k, values: numbersOf(v) })),
        );
        return;
      } catch (error) {
        // What the last fault has left: the node may be joining still.
        if (tries === 100) throw error;
        await pause(200);
      }
    }
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
      await pause(thinkMs);
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
        const key = `${this.#round}${lists[Math.floor(Math.random() * lists.length)]}`;
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
    this.#history.push({
      id: this.#history.length,
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

const acknowledgedIn = (history: readonly HistoryTransaction[]): number => history.filter(({ outcome }) => outcome === 'ok').length;

const numbersOf = (text: string): readonly number[] =>
  text
    .split(',')
    .filter((part) => part !== '')
    .map(Number);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
