/**
 * The conflict matrix (dsql-behaviour 6.3), every pair of ways to use one row in both orders: two transactions that have begun use it, the
 * first commits, and the second does or does not. A third look: what the loser has written is nowhere.
 *
 *   write    insert, delete, change of a key column, FOR UPDATE     conflicts with all three
 *   update   change of other columns                                conflicts with write and update
 *   share    FOR KEY SHARE, a foreign key's parent                  conflicts with write
 *   none     a plain read                                           conflicts with nothing
 *
 * Key columns are those of unique indexes that are neither partial nor over expressions.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { codeOf, connectAll, endAll } from '../regions/clients.ts';

type Mode = 'write' | 'update' | 'share' | 'none';

const conflicts: Readonly<Record<Mode, readonly Mode[]>> = {
  write: ['write', 'update', 'share'],
  update: ['write', 'update'],
  share: ['write'],
  none: [],
};

/** `n` is 1 for the first transaction of a pair and 2 for the second: what they write differs. */
const uses: readonly (readonly [name: string, mode: Mode, sql: (n: number) => string])[] = [
  ['DELETE', 'write', () => 'DELETE FROM t WHERE id = 1'],
  ['DELETE and INSERT', 'write', (n) => `DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (1, ${n}, ${n}, ${n}, ${n}, ${n})`],
  ['UPDATE of the primary key', 'write', (n) => `UPDATE t SET id = ${n * 10} WHERE id = 1`],
  ['UPDATE of a unique column', 'write', (n) => `UPDATE t SET u = ${n * 10} WHERE id = 1`],
  ['FOR UPDATE', 'write', () => 'SELECT * FROM t WHERE id = 1 FOR UPDATE'],
  ['FOR UPDATE through a join', 'write', () => 'SELECT * FROM t JOIN other USING (id) WHERE t.v >= 0 FOR UPDATE OF t'],
  ['UPDATE of a plain column', 'update', (n) => `UPDATE t SET v = ${n * 10} WHERE id = 1`],
  ['UPDATE of a column with a plain index', 'update', (n) => `UPDATE t SET i = ${n * 10} WHERE id = 1`],
  ['UPDATE of a column of a partial unique index', 'update', (n) => `UPDATE t SET p = ${n * 10} WHERE id = 1`],
  ['UPDATE of a column of a unique index over an expression', 'update', (n) => `UPDATE t SET e = ${n * 10} WHERE id = 1`],
  ['FOR KEY SHARE', 'share', () => 'SELECT * FROM t WHERE id = 1 FOR KEY SHARE'],
  ['INSERT of a child', 'share', (n) => `INSERT INTO child VALUES (${n}, 1)`],
  ['SELECT', 'none', () => 'SELECT * FROM t WHERE id = 1'],
];

let deployment: Deployment;
let clients: pg.Client[];
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
  clients = await connectAll(deployment, 3);
  const [client] = clients;
  await client.query('CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v int, i int, p int, e int)');
  await client.query('CREATE INDEX ON t (i)');
  await client.query('CREATE UNIQUE INDEX ON t (p) WHERE p > 0');
  await client.query('CREATE UNIQUE INDEX ON t ((e + 1))');
  await client.query('CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t)');
  await client.query('CREATE TABLE other (id int PRIMARY KEY)');
  await client.query('INSERT INTO other VALUES (1)');
});
afterAll(async () => {
  await endAll(clients);
  await deployment.remove();
});

const contents = async (client: pg.Client): Promise<unknown> =>
  (
    await client.query({
      text: "SELECT 't', id, u, v, i, p, e FROM t UNION ALL SELECT 'child', id, t, 0, 0, 0, 0 FROM child ORDER BY 1, 2",
      rowMode: 'array',
    })
  ).rows;

describe.each(uses)('%s', (_, firstMode, firstSql) => {
  it.each(uses)('and then %s', async (_, secondMode, secondSql) => {
    const [first, second, third] = clients;
    await first.query('DELETE FROM child; DELETE FROM t; INSERT INTO t VALUES (1, 0, 0, 0, 0, 0)');
    for (const client of [first, second]) await client.query('BEGIN');
    await first.query(firstSql(1));
    await second.query(secondSql(2));
    await first.query('COMMIT');
    const between = await contents(third);
    const outcome = await second.query('COMMIT').then(
      () => 'commits',
      (error: unknown) => `${codeOf(error)} ${error instanceof Error ? error.message : ''}`,
    );
    const mustLose = conflicts[secondMode].includes(firstMode);
    expect(outcome).toBe(mustLose ? '40001 change conflicts with another transaction (OC000)' : 'commits');
    if (mustLose) expect(await contents(third)).toEqual(between);
  });
});

it('two inserts of one new key: the second to commit conflicts, one that begins after sees it', async () => {
  const [first, second] = clients;
  await first.query('DELETE FROM child; DELETE FROM t');
  for (const client of [first, second]) await client.query('BEGIN');
  await first.query('INSERT INTO t VALUES (7)');
  await second.query('INSERT INTO t VALUES (7)');
  await first.query('COMMIT');
  await expect(second.query('COMMIT')).rejects.toMatchObject({ code: '40001' });
  await expect(second.query('INSERT INTO t VALUES (7)')).rejects.toMatchObject({ code: '23505' });
});
