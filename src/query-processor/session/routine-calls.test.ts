import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run, TextSink } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
  const session = cluster.connect();
  await run(session, 'create table item (id int primary key, n int check (n > 0))');
  await run(
    session,
    `create function put(id int, n int) returns int language sql as 'select 1; insert into item values (id, n) returning n'`,
  );
  await run(session, `create function put_twice(a int) returns int language sql as 'select put(a, 1); select put(a + 1, 0)'`);
  await run(session, `create function of_row(a int) returns int language sql as 'select 10 / n from item where id = a'`);
  await run(
    session,
    `create function countdown(n int) returns setof int language sql as 'select n union all select c from countdown(n - 1) c where n > 0'`,
  );
  await run(session, `create function deep(n int) returns int language sql as 'select case when n = 0 then 0 else 1 + deep(n - 1) end'`);
});
afterAll(async () => await cluster.stop());

const rowsOf = async (session: LocalSession, text: string): Promise<readonly string[]> => (await run(session, text)).slice(1, -1);

async function failure(text: string): Promise<SqlError> {
  try {
    await cluster.connect().simpleQuery(text, new TextSink());
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('it has not failed');
}

describe('an error in a function', () => {
  it('says in which statement of which function it arose, the innermost first', async () => {
    expect((await failure('select put(1, 0)')).fields.where).toBe('SQL function "put" statement 2');
    expect((await failure('select put_twice(1)')).fields.where).toBe(
      'SQL function "put" statement 2\nSQL function "put_twice" statement 2',
    );
    expect(await rowsOf(cluster.connect(), 'select count(*) from item')).toEqual(['0']);
  });

  it('says so too where the body was made part of the statement', async () => {
    const session = cluster.connect();
    await run(session, 'insert into item values (100, 1)');
    await run(session, 'alter table item drop constraint item_n_check');
    await run(session, 'update item set n = 0');
    expect((await failure('select of_row(100)')).fields.where).toBe('SQL function "of_row" statement 1');
  });
});

describe('a function that calls itself', () => {
  it('goes as deep as the stack bears, and ends with 54001 behind that', async () => {
    expect(await rowsOf(cluster.connect(), 'select deep(100)')).toEqual(['100']);
    expect(await rowsOf(cluster.connect(), 'select count(*) from countdown(30)')).toEqual(['31']);
    const error = await failure('select deep(100000)');
    expect(error.sqlstate).toBe('54001');
    expect(error.fields.where?.split('\n').length).toBeGreaterThan(100);
  });
});

describe('a call that has effects', () => {
  it('is made for no more rows than are asked for', async () => {
    const session = cluster.connect();
    expect(await rowsOf(session, 'select put(g, 5) from generate_series(1000, 1100) g limit 2')).toEqual(['5', '5']);
    expect(await rowsOf(session, 'select count(*) from item where id between 1000 and 1100')).toEqual(['2']);
  });

  it('has its changes in the commit, where they conflict as others do', async () => {
    const [first, second] = [cluster.connect(), cluster.connect()];
    for (const session of [first, second]) {
      await run(session, 'begin');
      expect(await rowsOf(session, 'select put(2000, 1)')).toEqual(['1']);
    }
    await run(first, 'commit');
    expect(await run(second, 'commit')).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
  });
});
