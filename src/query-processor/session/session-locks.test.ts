import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
afterAll(async () => await cluster.stop());

const pause = () => new Promise((resolve) => setImmediate(resolve));

describe('advisory locks', () => {
  it('make others wait until they are given back', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'select pg_advisory_lock(1)');
    expect((await run(other, 'select pg_try_advisory_lock(1)'))[1]).toBe('f');
    let isThere = false;
    const waiting = run(other, 'select pg_advisory_lock(1)').then((lines) => {
      isThere = true;
      return lines;
    });
    for (let at = 0; at < 10; at++) await pause();
    expect(isThere).toBe(false);
    await run(one, 'select pg_advisory_unlock(1)');
    expect((await waiting).at(-1)).toBe('SELECT 1');
    expect((await run(one, 'select pg_try_advisory_lock(1)'))[1]).toBe('f');
    other.close();
    expect((await run(one, 'select pg_try_advisory_lock(1)'))[1]).toBe('t');
    one.close();
  });

  it('refuse the wait that would never end', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'begin');
    await run(other, 'begin');
    await run(one, 'select pg_advisory_xact_lock(10)');
    await run(other, 'select pg_advisory_xact_lock(20)');
    const waiting = run(one, 'select pg_advisory_xact_lock(20)');
    for (let at = 0; at < 10; at++) await pause();
    expect((await run(other, 'select pg_advisory_xact_lock(10)')).at(-1)).toBe('ERROR 40P01: deadlock detected');
    await run(other, 'rollback');
    expect((await waiting).at(-1)).toBe('SELECT 1');
    await run(one, 'commit');
    one.close();
    other.close();
  });

  it('are shared, and given up by a cancelled wait and by a time limit', async () => {
    const [one, other, third] = [cluster.connect(), cluster.connect(), cluster.connect()];
    await run(one, 'select pg_advisory_lock_shared(3)');
    expect((await run(other, 'select pg_try_advisory_lock_shared(3)'))[1]).toBe('t');
    const waiting = run(third, 'select pg_advisory_lock(3)');
    for (let at = 0; at < 10; at++) await pause();
    third.cancel();
    expect((await waiting).at(-1)).toBe('ERROR 57014: canceling statement due to user request');
    expect((await run(third, 'select pg_try_advisory_lock_shared(3)'))[1]).toBe('t');
    for (const session of [one, other, third]) session.close();
  });
});

describe('LOCK TABLE', () => {
  it('keeps writers out from SHARE on, and nobody below', async () => {
    const [one, other] = [cluster.connect(), cluster.connect()];
    await run(one, 'create table kept (id int primary key)');
    for (const [mode, answer] of [
      ['row exclusive', 'COMMIT'],
      ['share', 'ERROR 40001: change conflicts with another transaction (OC000)'],
    ]) {
      await run(one, 'begin');
      await run(one, `lock table kept in ${mode} mode`);
      await run(other, `insert into kept values (${mode.length})`);
      expect((await run(one, 'commit')).at(-1)).toBe(answer);
    }
  });
});
