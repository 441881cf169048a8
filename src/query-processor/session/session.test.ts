import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { Maybe } from '../query-processor.ts';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run, TextSink } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
beforeEach(() => {
  session = cluster.connect();
});
afterAll(async () => await cluster.stop());

const errorOf = async (action: () => Maybe<unknown>): Promise<string> => {
  try {
    await action();
  } catch (error) {
    if (error instanceof SqlError) return `${error.sqlstate} ${error.message}`;
    throw error;
  }
  return 'no error';
};

describe('simple queries', () => {
  it('create, change and read a table', async () => {
    expect(await run(session, "create table t (id int primary key, name text not null default 'x', n numeric)")).toEqual(['CREATE TABLE']);
    expect(await run(session, "insert into t (id, name) values (1, 'a'), (2, 'b')")).toEqual(['INSERT 0 2']);
    expect(await run(session, 'select * from t order by id')).toEqual(['id|name|n', '1|a|NULL', '2|b|NULL', 'SELECT 2']);
    expect(await run(session, 'update t set n = id * 1.5 where id = 2')).toEqual(['UPDATE 1']);
    expect(await run(session, 'select n from t where id = 2')).toEqual(['n', '3.0', 'SELECT 1']);
    expect(await run(session, 'delete from t where id = 1')).toEqual(['DELETE 1']);
    expect(await run(session, 'insert into t (id) values (9) returning name')).toEqual(['name', 'x', 'INSERT 0 1']);
  });

  it('are one implicit transaction, rolled back as a whole', async () => {
    await run(session, 'create table one (id int primary key)');
    expect(await run(session, 'insert into one values (1); insert into one values (1)')).toEqual([
      'INSERT 0 1',
      'ERROR 23505: duplicate key value violates unique constraint "one_pkey"',
    ]);
    expect(await run(session, 'select count(*) from one')).toEqual(['count', '0', 'SELECT 1']);
    expect(session.transactionStatus).toBe('I');
  });

  it('answer an empty text', async () => {
    expect(await run(session, ' -- nothing')).toEqual(['(empty)']);
  });

  it('notice another catalog under a cached text', async () => {
    await run(session, 'create table again (a int)');
    expect(await run(session, 'select * from again')).toEqual(['a', 'SELECT 0']);
    await run(session, 'drop table again');
    expect(await run(session, 'select * from again')).toEqual(['ERROR 42P01: relation "again" does not exist']);
    await run(session, 'create table again (b text, c int)');
    expect(await run(session, 'select * from again')).toEqual(['b|c', 'SELECT 0']);
  });

  it("read 'now' anew each time", async () => {
    const first = (await run(session, "select 'now'::timestamptz"))[1];
    await cluster.world.timers.sleep(2);
    expect((await run(session, "select 'now'::timestamptz"))[1]).not.toBe(first);
  });
});

describe('transaction blocks', () => {
  it('fail, and answer COMMIT with ROLLBACK', async () => {
    await run(session, 'create table block (id int primary key)');
    expect(await run(session, 'begin')).toEqual(['BEGIN']);
    expect(session.transactionStatus).toBe('T');
    expect(await run(session, 'insert into block values (1)')).toEqual(['INSERT 0 1']);
    expect(await run(session, 'select * from nowhere')).toEqual(['ERROR 42P01: relation "nowhere" does not exist']);
    expect(session.transactionStatus).toBe('E');
    expect(await run(session, 'select 1')).toEqual([
      'ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block',
    ]);
    expect(await run(session, 'commit')).toEqual(['ROLLBACK']);
    expect(session.transactionStatus).toBe('I');
    expect(await run(session, 'select count(*) from block')).toEqual(['count', '0', 'SELECT 1']);
  });

  it('warn as PostgreSQL does', async () => {
    expect(await run(session, 'commit')).toEqual(['WARNING: there is no transaction in progress', 'COMMIT']);
    expect(await run(session, 'begin; begin')).toEqual(['BEGIN', 'WARNING: there is already a transaction in progress', 'BEGIN']);
    expect(await run(session, 'rollback and chain')).toEqual(['ROLLBACK']);
    expect(session.transactionStatus).toBe('T');
    expect(await run(session, 'rollback')).toEqual(['ROLLBACK']);
  });

  it('take what came before BEGIN in the same message along', async () => {
    await run(session, 'create table along (id int)');
    await run(session, 'insert into along values (1); begin');
    await run(session, 'rollback');
    expect(await run(session, 'select count(*) from along')).toEqual(['count', '0', 'SELECT 1']);
  });

  it('have one isolation level', async () => {
    expect(await run(session, 'begin isolation level repeatable read; commit')).toEqual(['BEGIN', 'COMMIT']);
    expect(await run(session, 'begin isolation level serializable')).toEqual(['ERROR 0A000: Unsupported isolation level: SERIALIZABLE']);
    expect(await run(session, 'show transaction_isolation')).toEqual(['transaction_isolation', 'repeatable read', 'SHOW']);
  });

  it('refuse changes when read-only', async () => {
    await run(session, 'create table readonly (id int)');
    expect(await run(session, 'begin read only; select count(*) from readonly')).toEqual(['BEGIN', 'count', '0', 'SELECT 1']);
    expect(await run(session, 'insert into readonly values (1)')).toEqual([
      'ERROR 25006: cannot execute INSERT in a read-only transaction',
    ]);
    await run(session, 'rollback');
    expect(await run(session, 'begin read only; drop table readonly')).toContain(
      'ERROR 25006: cannot execute DROP TABLE in a read-only transaction',
    );
    await run(session, 'rollback');
  });

  it('go back to savepoints, data, schema and settings', async () => {
    await run(session, 'create table saved (id int)');
    await run(session, 'begin; insert into saved values (1); savepoint a');
    await run(session, "insert into saved values (2); create table inside (a int); set datestyle = 'german'");
    expect(await run(session, 'insert into saved values (1/0)')).toEqual(['ERROR 22012: division by zero']);
    expect(await run(session, 'rollback to a; select * from saved')).toEqual([
      'NOTICE: not supported by Aurora DSQL: ROLLBACK TO',
      'ROLLBACK',
      'id',
      '1',
      'SELECT 1',
    ]);
    expect(await run(session, 'show datestyle')).toContain('ISO, MDY');
    expect(await run(session, 'commit')).toEqual(['COMMIT']);
    expect(await run(session, 'select * from inside')).toEqual(['ERROR 42P01: relation "inside" does not exist']);
  });

  it('see one snapshot, and lose to the first committer', async () => {
    const other = cluster.connect();
    await run(session, 'create table race (id int primary key, v int); insert into race values (1, 0)');
    await run(session, 'begin');
    await run(other, 'update race set v = 5 where id = 1');
    expect(await run(session, 'select v from race')).toEqual(['v', '0', 'SELECT 1']);
    expect(await run(session, 'update race set v = 7 where id = 1')).toEqual(['UPDATE 1']);
    expect(await run(session, 'commit')).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
    expect(session.transactionStatus).toBe('I');
    expect(await run(session, 'select v from race')).toEqual(['v', '5', 'SELECT 1']);
    other.close();
  });

  it('lose to a schema change of what they used', async () => {
    const other = cluster.connect();
    await run(session, 'create table changed (id int primary key, v int); create table unchanged (id int)');
    await run(session, 'begin; insert into changed values (1, 1)');
    await run(other, 'alter table changed add column w int');
    expect(await run(session, 'commit')).toEqual(['ERROR 40001: schema has been updated by another transaction (OC001)']);
    await run(session, 'begin; insert into changed values (1, 1)');
    await run(other, 'alter table unchanged add column w int');
    expect(await run(session, 'commit')).toEqual(['COMMIT']);
    other.close();
  });

  it('send nothing to the adjudicator when they have only read', async () => {
    await run(session, 'create table quiet (id int)');
    const before = cluster.adjudicator.requests.length;
    await run(session, 'begin; select * from quiet; commit; select * from quiet; set datestyle = iso');
    expect(cluster.adjudicator.requests.length).toBe(before);
  });
});

describe('the extended protocol', () => {
  it('runs a prepared statement without a promise', async () => {
    await run(session, 'create table ext (id int primary key, name text); insert into ext values (1, $$one$$), (2, $$two$$)');
    const sink = new TextSink();
    expect(session.parse('s', 'select name, id from ext where id = $1', [])).toBeUndefined();
    const described = await session.describeStatement('s');
    expect(described.parameterTypes).toEqual([23]);
    expect(described.fields?.map((field) => [field.name, field.type.oid, field.format])).toEqual([
      ['name', 25, 0],
      ['id', 23, 0],
    ]);
    expect(session.bind('', 's', [], [Buffer.from('2')], [])).toBeUndefined();
    expect(session.execute('', 0, sink)).toBeUndefined();
    expect(session.sync()).toBeUndefined();
    expect(sink.lines).toEqual(['two|2', 'SELECT 1']);
  });

  it('takes and gives binary values', async () => {
    const sink = new TextSink();
    await session.parse('', 'select $1::int4 + 1, $2::text', []);
    const four = Buffer.alloc(4);
    four.writeInt32BE(41);
    await session.bind('', '', [1, 0], [four, Buffer.from('é')], [1, 0]);
    await session.execute('', 0, sink);
    expect(sink.rowsSent).toEqual([['\0\0\0*', 'é']]);
    await session.sync();
    await session.parse('', 'select $1::int4', []);
    expect(await errorOf(() => session.bind('', '', [1], [Buffer.alloc(5)], []))).toBe(
      '22P03 incorrect binary data format in bind parameter 1',
    );
    await session.sync();
  });

  it('suspends a portal at its row limit and goes on', async () => {
    const sink = new TextSink();
    await session.parse('', 'select generate_series(1, 5) g', []);
    await session.bind('p', '', [], [], []);
    await session.execute('p', 2, sink);
    await session.execute('p', 2, sink);
    await session.execute('p', 2, sink);
    expect(sink.lines).toEqual(['1', '2', '(suspended)', '3', '4', '(suspended)', '5', 'SELECT 1']);
    await session.sync();
    expect(await errorOf(() => session.execute('p', 0, sink))).toBe('34000 portal "p" does not exist');
    await session.sync();
  });

  it('makes a change whole before its first row is handed on', async () => {
    await run(session, 'create table whole (id int)');
    const sink = new TextSink();
    await session.parse('', 'insert into whole select generate_series(1, 3) returning id', []);
    await session.bind('', '', [], [], []);
    await session.execute('', 1, sink);
    await session.sync();
    expect(sink.lines).toEqual(['1', '(suspended)']);
    expect(await run(session, 'select count(*) from whole')).toEqual(['count', '3', 'SELECT 1']);
  });

  it('keeps errors as PostgreSQL words them', async () => {
    expect(await errorOf(() => session.bind('', 'nope', [], [], []))).toBe('26000 prepared statement "nope" does not exist');
    await session.sync();
    await session.parse('twice', 'select 1', []);
    expect(await errorOf(() => session.parse('twice', 'select 1', []))).toBe('42P05 prepared statement "twice" already exists');
    await session.sync();
    expect(await errorOf(() => session.parse('', 'select 1; select 2', []))).toBe(
      '42601 cannot insert multiple commands into a prepared statement',
    );
    await session.sync();
    expect(await errorOf(() => session.bind('', 'twice', [], [Buffer.from('1')], []))).toBe(
      '08P01 bind message supplies 1 parameters, but prepared statement "twice" requires 0',
    );
    await session.sync();
    await session.parse('', 'select $1::int', []);
    expect(await errorOf(() => session.bind('', '', [], [Buffer.from('x')], []))).toBe('22P02 invalid input syntax for type integer: "x"');
    await session.sync();
  });

  it('rolls back what came before an error, up to Sync', async () => {
    await run(session, 'create table rolled (id int)');
    const sink = new TextSink();
    await session.parse('', 'insert into rolled values (1)', []);
    await session.bind('', '', [], [], []);
    await session.execute('', 0, sink);
    expect(await errorOf(() => session.parse('', 'select nope', []))).toBe('42703 column "nope" does not exist');
    await session.sync();
    expect(await run(session, 'select count(*) from rolled')).toEqual(['count', '0', 'SELECT 1']);
  });

  it('refuses a prepared statement whose result has changed', async () => {
    await run(session, 'create table shape (a int)');
    await session.parse('shaped', 'select * from shape', []);
    await session.describeStatement('shaped');
    await session.sync();
    await run(session, 'alter table shape add column b int');
    expect(await errorOf(() => session.bind('', 'shaped', [], [], []))).toBe('0A000 cached plan must not change result type');
    await session.sync();
  });
});

describe('waiting', () => {
  it('holds an answer until what it shows is stable', async () => {
    await run(session, 'create table held (id int)');
    cluster.readPoint.hold(cluster.replica.appliedTimestamp);
    await run(session, 'insert into held values (1)');
    let isAnswered = false;
    const answer = run(session, 'select * from held').then((lines) => {
      isAnswered = true;
      return lines;
    });
    await cluster.world.timers.sleep(20);
    expect(isAnswered).toBe(false);
    cluster.readPoint.hold(undefined);
    expect(await answer).toEqual(['id', '1', 'SELECT 1']);
  });

  it('ends a statement by a cancel request or its time limit', async () => {
    const cancelled = run(session, 'select pg_sleep(30)');
    await cluster.world.timers.sleep(10);
    expect(cluster.queryProcessor.cancel(session.processId, session.secret.subarray(0, 4))).toBe(true);
    expect((await cancelled).at(-1)).toBe('ERROR 57014: canceling statement due to user request');
    expect(cluster.queryProcessor.cancel(session.processId, new Uint8Array(4))).toBe(false);
    await run(session, "set statement_timeout = '20ms'");
    expect((await run(session, 'select pg_sleep(30)')).at(-1)).toBe('ERROR 57014: canceling statement due to statement timeout');
    expect(await run(session, 'select 1')).toEqual(['?column?', '1', 'SELECT 1']);
  });

  it('gives long computations a pause, in which a cancel request arrives', async () => {
    const long = run(session, 'select count(*) from generate_series(1, 100000000) a');
    await cluster.world.timers.sleep(30);
    session.cancel();
    expect((await long).at(-1)).toBe('ERROR 57014: canceling statement due to user request');
  });
});

describe('other statements', () => {
  it('prepares and executes by SQL', async () => {
    await run(session, 'prepare plus (int, int) as select $1 + $2 as sum');
    expect(await run(session, 'execute plus (2, 1 + 1)')).toEqual([
      'sum',
      '4',
      'NOTICE: not supported by Aurora DSQL: EXECUTE',
      'SELECT 1',
    ]);
    expect(await run(session, 'execute plus (2)')).toEqual([
      'NOTICE: not supported by Aurora DSQL: EXECUTE',
      'ERROR 42601: wrong number of parameters for prepared statement "plus"',
    ]);
    expect(await run(session, 'deallocate all; execute plus(1, 2)')).toEqual([
      'DEALLOCATE ALL',
      'NOTICE: not supported by Aurora DSQL: EXECUTE',
      'ERROR 26000: prepared statement "plus" does not exist',
    ]);
  });

  it('explains', async () => {
    await run(session, 'create table explained (id int primary key)');
    const lines = await run(session, 'explain (costs off) select * from explained where id = 1');
    expect(lines[0]).toBe('QUERY PLAN');
    expect(lines.at(-1)).toBe('EXPLAIN');
    const analyzed = await run(session, 'explain (analyze, timing off) insert into explained values (1)');
    expect(analyzed.some((line) => line.startsWith('Execution Time: '))).toBe(true);
    expect(await run(session, 'select * from explained')).toEqual(['id', '1', 'SELECT 1']);
  });
});
