import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
afterAll(async () => await cluster.stop());

describe('temporary tables', () => {
  it('are seen by their session alone, and are gone with it', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'create temp table mine (a int primary key)');
    await run(one, 'insert into mine values (1)');
    expect(await run(other, 'select * from mine')).toEqual(['ERROR 42P01: relation "mine" does not exist']);
    await run(other, 'create temp table mine (b text)');
    await run(other, "insert into mine values ('x')");
    expect(await run(one, 'select * from mine')).toEqual(['a', '1', 'SELECT 1']);
    expect(await run(other, 'select * from mine')).toEqual(['b', 'x', 'SELECT 1']);
    one.close();
    expect(await run(cluster.connect(), 'select * from mine')).toEqual(['ERROR 42P01: relation "mine" does not exist']);
  });

  it('send nothing to be decided: changes of them conflict with nobody', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'create table shared (id int primary key)');
    await run(one, 'begin');
    await run(one, 'create temp table t (a int primary key, b text unique)');
    await run(one, "insert into t values (1, 'a')");
    const before = one.block.transaction.buffer.decides;
    await run(other, 'begin');
    await run(other, 'create table beside (a int)');
    expect(await run(other, 'commit')).toEqual(['COMMIT']);
    expect(before).toBe(false);
    expect(await run(one, 'commit')).toEqual(['COMMIT']);
    expect(await run(one, "select b from t where b = 'a'")).toEqual(['b', 'a', 'SELECT 1']);
  });

  it('are not counted against the row limit, and keep rows when a commit is refused only if they had them before', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'create table counter (id int primary key, n int)');
    await run(one, 'insert into counter values (1, 0)');
    await run(one, 'create temp table kept (a int)');
    await run(one, 'insert into kept values (1)');
    await run(one, 'begin');
    await run(one, 'insert into kept values (2)');
    await run(one, 'update counter set n = 1 where id = 1');
    await run(other, 'update counter set n = 2 where id = 1');
    expect(await run(one, 'commit')).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
    expect(await run(one, 'select * from kept')).toEqual(['a', '1', 'SELECT 1']);
    await run(one, 'begin');
    await run(one, 'insert into kept select generate_series(1, 2000)');
    expect(one.block.transaction.buffer.size).toBe(0);
    await run(one, 'rollback');
    expect(await run(one, 'select count(*) from kept')).toEqual(['count', '1', 'SELECT 1']);
  });
});
