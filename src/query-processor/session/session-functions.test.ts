import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
  const session = cluster.connect();
  for (const name of ['first', 'second', 'watch']) expect(await run(session, `create role ${name} login`)).toEqual(['CREATE ROLE']);
  expect(await run(session, 'grant first to watch')).toEqual(['GRANT ROLE']);
});
afterAll(async () => await cluster.stop());

const as = (user: string): LocalSession =>
  cluster.queryProcessor.connect({ user, database: 'postgres', applicationName: 'test', options: new Map() });

const answerTo = async (session: LocalSession, text: string): Promise<string> => (await run(session, text))[1] ?? '';

describe('current_query()', () => {
  it('is the text as it was sent, also where texts of one shape share a plan', async () => {
    const session = cluster.connect();
    for (const text of ['select current_query(), 1', 'select current_query(), 2']) expect(await answerTo(session, text)).toContain(text);
  });
});

describe('a transaction number', () => {
  it('is one number for a transaction and another for every other', async () => {
    const [session, other] = [cluster.connect(), cluster.connect()];
    await run(session, 'begin');
    await run(other, 'begin');
    const number = await answerTo(session, 'select pg_current_xact_id()');
    expect(await answerTo(session, 'select txid_current()')).toBe(number);
    expect(await answerTo(other, 'select txid_current()')).not.toBe(number);
    await run(session, 'commit');
    expect(await answerTo(session, 'select txid_current()')).not.toBe(number);
    await run(other, 'commit');
  });

  it('is there once it was asked for, or something was written', async () => {
    const session = cluster.connect();
    await run(session, 'create table t (id int primary key)');
    expect(await answerTo(session, 'select pg_current_xact_id_if_assigned()')).toBe('NULL');
    await run(session, 'begin');
    await run(session, 'insert into t values (1)');
    expect(await answerTo(session, 'select pg_current_xact_id_if_assigned() = pg_current_xact_id()')).toBe('t');
    await run(session, 'rollback');
  });
});

describe('pg_cancel_backend', () => {
  it('cancels what another session runs', async () => {
    const [session, other] = [cluster.connect(), cluster.connect()];
    const sleeping = run(other, 'select pg_sleep(100)');
    expect(await answerTo(session, `select pg_cancel_backend(${other.processId})`)).toBe('t');
    expect(await sleeping).toContain('ERROR 57014: canceling statement due to user request');
  });

  it('warns of a number that is nobody’s', async () => {
    expect(await run(cluster.connect(), 'select pg_cancel_backend(2147483647)')).toEqual([
      'pg_cancel_backend',
      'f',
      'WARNING: PID 2147483647 is not a PostgreSQL backend process',
      'SELECT 1',
    ]);
  });

  it('is for the same role, for its members, and for admin', async () => {
    const other = as('first');
    const cancel = `select pg_cancel_backend(${other.processId})`;
    expect(await run(as('second'), cancel)).toEqual(['pg_cancel_backend', 'ERROR 42501: permission denied to cancel query']);
    for (const user of ['first', 'watch', 'admin']) expect(await answerTo(as(user), cancel)).toBe('t');
  });
});

describe('pg_terminate_backend', () => {
  it('ends the session', async () => {
    const [session, other] = [cluster.connect(), cluster.connect()];
    await run(other, 'begin');
    expect(await answerTo(session, `select pg_terminate_backend(${other.processId})`)).toBe('t');
    expect(await answerTo(session, `select count(*) from pg_stat_activity where pid = ${other.processId}`)).toBe('0');
    expect(await run(session, 'select pg_terminate_backend(1, -1)')).toContain('ERROR 22003: "timeout" must not be negative');
  });
});
