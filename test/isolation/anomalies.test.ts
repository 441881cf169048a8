/**
 * The ten anomalies of Adya's thesis, as Hermitage writes them, in every order of their transactions' steps (of three transactions every so many).
 * Each is judged by a model of snapshot isolation with first committer wins: what every read gives, who commits, and what is there at the end.
 * So what is prevented is seen to be prevented and what is allowed (write skew, G2) to be allowed, wherever the steps fall.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { codeOf, connectAll, endAll } from '../regions/clients.ts';

type Rows = ReadonlyMap<number, number>;

/** A step, in SQL and as the model has it: rows in, rows out. */
type Step =
  | { readonly kind: 'read'; readonly sql: string; readonly sees: (rows: Rows) => Rows }
  | { readonly kind: 'write'; readonly sql: string; readonly makes: (rows: Rows) => Rows }
  /** FOR UPDATE. */
  | { readonly kind: 'lock'; readonly sql: string; readonly sees: (rows: Rows) => Rows }
  | { readonly kind: 'rollback' };

const filtered = (rows: Rows, keeps: (value: number, id: number) => boolean): Rows =>
  new Map([...rows].filter(([id, value]) => keeps(value, id)));
const select = 'SELECT id, value FROM test';

const readAll: Step = { kind: 'read', sql: select, sees: (rows) => rows };
const readOne = (id: number): Step => ({
  kind: 'read',
  sql: `${select} WHERE id = ${id}`,
  sees: (rows) => filtered(rows, (_, key) => key === id),
});
const readThirds: Step = { kind: 'read', sql: `${select} WHERE value % 3 = 0`, sees: (rows) => filtered(rows, (value) => value % 3 === 0) };
const lockOne = (id: number): Step => ({ ...readOne(id), kind: 'lock', sql: `${select} WHERE id = ${id} FOR UPDATE` }) as Step;
const set = (id: number, to: number): Step => ({
  kind: 'write',
  sql: `UPDATE test SET value = ${to} WHERE id = ${id}`,
  makes: (rows) => new Map([...rows].map(([key, value]) => [key, key === id ? to : value])),
});
const addTen: Step = {
  kind: 'write',
  sql: 'UPDATE test SET value = value + 10',
  makes: (rows) => new Map([...rows].map(([key, value]) => [key, value + 10])),
};
const insert = (id: number, value: number): Step => ({
  kind: 'write',
  sql: `INSERT INTO test VALUES (${id}, ${value})`,
  makes: (rows) => new Map([...rows, [id, value]]),
});
const deleteValue = (value: number): Step => ({
  kind: 'write',
  sql: `DELETE FROM test WHERE value = ${value}`,
  makes: (rows) => filtered(rows, (other) => other !== value),
});
const rollback: Step = { kind: 'rollback' };

const anomalies: Readonly<Record<string, readonly (readonly Step[])[]>> = {
  'G0: write cycles': [
    [set(1, 11), set(2, 21)],
    [set(1, 12), set(2, 22)],
  ],
  'G1a: aborted reads': [
    [set(1, 101), rollback],
    [readAll, readAll],
  ],
  'G1b: intermediate reads': [
    [set(1, 101), set(1, 11)],
    [readAll, readAll],
  ],
  'G1c: circular information flow': [
    [set(1, 11), readOne(2)],
    [set(2, 22), readOne(1)],
  ],
  'OTV: observed transaction vanishes': [
    [set(1, 11), set(2, 19)],
    [set(1, 12), set(2, 18)],
    [readOne(1), readOne(2), readOne(1)],
  ],
  'PMP: predicate many preceders': [[readThirds, readThirds], [insert(3, 30)]],
  'PMP: with a write predicate': [[addTen], [deleteValue(20)]],
  'P4: lost update': [
    [readOne(1), set(1, 11)],
    [readOne(1), set(1, 12)],
  ],
  'G-single: read skew': [
    [readOne(1), readOne(2)],
    [readOne(1), readOne(2), set(1, 12), set(2, 18)],
  ],
  'G-single: with a write predicate': [
    [readOne(1), deleteValue(20)],
    [set(1, 12), set(2, 18)],
  ],
  'G2-item: write skew, allowed': [
    [readAll, set(1, 11)],
    [readAll, set(2, 21)],
  ],
  'G2-item: not with FOR UPDATE': [
    [lockOne(2), set(1, 11)],
    [lockOne(1), set(2, 21)],
  ],
  'G2: anti-dependency cycles, allowed': [
    [readThirds, insert(3, 30)],
    [readThirds, insert(4, 42)],
  ],
  'G2: two edges, allowed': [[addTen], [readAll, readAll], [readOne(1), set(1, 0)]],
};

/** Orders of the transactions' turns; each number stands for that transaction's next step. */
function* orders(left: readonly number[]): Generator<readonly number[]> {
  if (left.every((count) => count === 0)) yield [];
  for (const [at, count] of left.entries())
    if (count > 0) for (const rest of orders(left.map((other, index) => (index === at ? other - 1 : other)))) yield [at, ...rest];
}

const start: Rows = new Map([
  [1, 10],
  [2, 20],
]);

type ModelTransaction = { readonly since: number; rows: Rows; readonly used: Set<number>; isOver: boolean };

/** What has been committed, in order, with the keys that each commit wrote or locked. */
class Model {
  rows = start;
  readonly #commits: ReadonlySet<number>[] = [];

  begin(): ModelTransaction {
    return { since: this.#commits.length, rows: this.rows, used: new Set(), isOver: false };
  }

  write(transaction: ModelTransaction, makes: (rows: Rows) => Rows): void {
    const after = makes(transaction.rows);
    for (const id of new Set([...transaction.rows.keys(), ...after.keys()]))
      if (transaction.rows.get(id) !== after.get(id)) transaction.used.add(id);
    transaction.rows = after;
  }

  /** False: another has used one of its keys since it began. */
  commit(transaction: ModelTransaction): boolean {
    for (const keys of this.#commits.slice(transaction.since)) for (const id of keys) if (transaction.used.has(id)) return false;
    if (transaction.used.size === 0) return true;
    this.#commits.push(transaction.used);
    const rows = new Map(this.rows);
    for (const id of transaction.used) {
      const value = transaction.rows.get(id);
      if (value === undefined) rows.delete(id);
      else rows.set(id, value);
    }
    this.rows = rows;
    return true;
  }
}

let deployment: Deployment;
let clients: pg.Client[];
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
  clients = await connectAll(deployment, 3);
  await clients[0].query('CREATE TABLE test (id int PRIMARY KEY, value int NOT NULL)');
});
afterAll(async () => {
  await endAll(clients);
  await deployment.remove();
});

async function rowsOf(client: pg.Client, sql: string): Promise<Rows> {
  const { rows } = await client.query<{ readonly id: number; readonly value: number }>(sql);
  return new Map(rows.map(({ id, value }) => [id, value]));
}

const sorted = (rows: Rows): (readonly [number, number])[] => [...rows].sort(([a], [b]) => a - b);

/** Plays one order; each transaction begins, takes its steps, and ends. */
async function play(transactions: readonly (readonly Step[])[], order: readonly number[]): Promise<void> {
  await clients[0].query('DELETE FROM test; INSERT INTO test VALUES (1, 10), (2, 20)');
  const model = new Model();
  const open: (ModelTransaction | undefined)[] = transactions.map(() => undefined);
  const next = transactions.map(() => 0);
  for (const at of order) {
    const client = clients[at];
    const step = transactions[at][next[at] - 1];
    const transaction = open[at];
    next[at]++;
    if (transaction === undefined) {
      await client.query('BEGIN');
      open[at] = model.begin();
    } else if (step === undefined) {
      if (transaction.isOver) continue;
      const outcome = await client.query('COMMIT').then(() => undefined, codeOf);
      expect(outcome).toBe(model.commit(transaction) ? undefined : '40001');
    } else if (step.kind === 'rollback') {
      await client.query('ROLLBACK');
      transaction.isOver = true;
    } else if (step.kind === 'write') {
      await client.query(step.sql);
      model.write(transaction, step.makes);
    } else {
      const sees = step.sees(transaction.rows);
      expect(sorted(await rowsOf(client, step.sql))).toEqual(sorted(sees));
      if (step.kind === 'lock') for (const id of sees.keys()) transaction.used.add(id);
    }
  }
  for (const client of clients.slice(0, 2)) expect(sorted(await rowsOf(client, select))).toEqual(sorted(model.rows));
}

const most = process.env.BOREALIS_LONG ? 5000 : 120;

describe.each(Object.entries(anomalies))('%s', (_, transactions) => {
  const all = [...orders(transactions.map((steps) => steps.length + 2))];
  const stride = Math.max(1, Math.floor(all.length / most));
  const chosen = all.filter((_, at) => at % stride === 0);
  it(`in ${chosen.length} of ${all.length} orders`, { timeout: 120_000 }, async () => {
    for (const order of chosen)
      await play(transactions, order).catch((error: unknown) => {
        throw new Error(`in the order ${order.join(' ')}`, { cause: error });
      });
  });
});
