/** What sessions show of themselves: conflicts with both sides, running transactions, statements, units; and conflicts on order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run, TextSink } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let a: LocalSession;
let b: LocalSession;
beforeEach(async () => {
  cluster = await MemoryCluster.start();
  a = cluster.connect();
  b = cluster.connect();
  await run(a, 'create table t (id int primary key, v int, u text unique)');
  await run(a, "insert into t values (1, 10, 'one'), (2, 20, 'two')");
});
afterEach(async () => {
  a.close();
  b.close();
  await cluster.stop();
});

const rows = async (session: LocalSession, text: string): Promise<string[]> => (await run(session, text)).slice(1, -1);

/** The error of a simple query. */
async function errorOf(session: LocalSession, text: string): Promise<SqlError> {
  try {
    await session.simpleQuery(text, new TextSink());
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('no error');
}

/** `a` commits between b's begin and its commit; what b is told. */
async function lose(winning: string, losing: string): Promise<SqlError> {
  await run(b, 'begin');
  await run(b, losing);
  await run(a, winning);
  return errorOf(b, 'commit');
}

describe('a conflict', () => {
  it('names key, table, constraint and winner, in fields and DETAIL', async () => {
    const error = await lose('update t set v = 11 where id = 1', 'delete from t where id = 1');
    expect(error.message).toBe('change conflicts with another transaction (OC000)');
    expect(error.fields).toMatchObject({ schema: 'public', table: 't', constraint: 't_pkey' });
    const winner = cluster.adjudicator.requests.at(-2)?.transactionId ?? '';
    expect(error.fields.detail).toMatch(
      new RegExp(
        `^Key \\(id\\)=\\(1\\) of table "t" was changed by the transaction ${winner} that committed at \\d{4}-\\d\\d-\\d\\d [\\d:.]+\\+00\\.$`,
      ),
    );
  });

  it('over a unique key names its index', async () => {
    const error = await lose("insert into t values (3, 0, 'three')", "insert into t values (4, 0, 'three')");
    expect(error.fields).toMatchObject({ table: 't', constraint: 't_u_key' });
    expect(error.fields.detail).toContain('Key (u)=(three) of table "t"');
  });

  it('over the schema names the table', async () => {
    const error = await lose('alter table t add column w int', 'update t set v = 0');
    expect(error.message).toBe('schema has been updated by another transaction (OC001)');
    expect(error.fields.detail).toContain('The definition of table "t" was changed by the transaction');
  });

  it('has nothing but the message in profile dsql', async () => {
    await run(b, 'set borealis.profile = dsql');
    const error = await lose('update t set v = 11 where id = 1', 'update t set v = 12 where id = 1');
    expect(error.message).toBe('change conflicts with another transaction (OC000)');
    expect(error.fields).toEqual({});
  });

  it('is kept in sys.conflicts, with the statements of both', async () => {
    await lose('update t set v = 11 where id = 1', 'update t set v = v + 1');
    expect(
      await rows(
        a,
        'select code, table_name, constraint_name, key, statements, winner_statements, winner_commit_time <= conflict_time, snapshot < winner_commit_time, winner_pid, pid from sys.conflicts',
      ),
    ).toEqual([
      `OC000|t|t_pkey|(id)=(1)|{"update t set v = v + 1"}|{"update t set v = 11 where id = 1"}|t|t|${a.processId}|${b.processId}`,
    ]);
    expect(cluster.activity.counters.occConflicts).toBe(1);
  });
});

it('sys.transactions shows the transactions that are open', async () => {
  await run(b, 'begin; update t set v = 0 where id = 2');
  expect(
    await rows(a, 'select pid, state, is_read_only, changed_rows, written_bytes > 0, query from sys.transactions order by state'),
  ).toEqual([
    `${a.processId}|active|f|0|f|select pid, state, is_read_only, changed_rows, written_bytes > 0, query from sys.transactions order by state`,
    `${b.processId}|idle in transaction|f|1|t|begin; update t set v = 0 where id = 2`,
  ]);
  await run(b, 'rollback');
  expect(await rows(a, `select state, query from pg_stat_activity where pid = ${b.processId}`)).toEqual(['idle|rollback']);
});

it('sys.statements counts statements that differ in their literals as one', async () => {
  for (const id of [1, 2, 3]) await run(a, `select v from t where id = ${id}`);
  await run(a, 'select v   from t -- again\n where id = 4');
  await run(a, 'select 1 / 0 from t');
  expect(
    await rows(
      a,
      "select query, calls, rows, errors, total_ms > 0, maximum_ms <= total_ms, read_bytes > 0, length(query_id) from sys.statements where query like 'select%from t%' order by 1",
    ),
  ).toEqual(['select $1 / $2 from t|0|0|1|f|t|f|13', 'select v from t where id = $1|4|2|0|t|t|t|13']);
});

describe('units', () => {
  const explained = async (text: string): Promise<string[]> => (await rows(a, `explain (analyze, verbose) ${text}`)).slice(-7);
  const number = '\\d+\\.\\d{5}';

  it('end EXPLAIN ANALYZE VERBOSE', async () => {
    const lines = await explained('select * from t where id = 1');
    expect(lines[0]).toMatch(/^Planning Time/);
    expect(lines.slice(2)).toEqual([
      'Statement DPU Estimate:',
      expect.stringMatching(`^  Compute: ${number} DPU$`),
      expect.stringMatching(`^  Read: 0.00023 DPU \\(Transaction minimum: 0.00375\\)$`),
      '  Write: 0.00000 DPU',
      expect.stringMatching(`^  Total: ${number} DPU$`),
    ]);
    expect(await explained("insert into t values (5, 5, 'five')")).toContain('  Write: 0.01250 DPU (Transaction minimum: 0.05000)');
    expect((await rows(a, 'explain analyze select 1')).join('\n')).not.toContain('DPU');
  });

  it('name a statement whatever its literals are', async () => {
    const name = async (text: string): Promise<string | undefined> =>
      (await rows(a, `explain (analyze, verbose) ${text}`)).find((line) => line.startsWith('Query Identifier: '));
    const first = await name('select * from t where id = 1');
    expect(first).toMatch(/^Query Identifier: [a-z0-9]{13}$/);
    expect(await name('select * from t where id = 2')).toBe(first);
    expect(await name('select * from t where v = 2')).not.toBe(first);
  });

  it('are counted for the cluster, with their minimums a transaction', async () => {
    const { counters } = cluster.activity;
    const before = { ...counters };
    await run(a, 'select * from t where id = 1');
    expect(counters.totalTransactions).toBe(before.totalTransactions + 1);
    expect(counters.readOnlyTransactions).toBe(before.readOnlyTransactions + 1);
    expect(counters.readDpu - before.readDpu).toBeCloseTo(0.00375, 5);
    expect(counters.writeDpu).toBe(before.writeDpu);
    await run(a, 'update t set v = 0 where id = 1');
    expect(counters.writeDpu - before.writeDpu).toBeCloseTo(0.05, 5);
    await run(a, 'begin; update t set v = 1 where id = 1; rollback');
    expect(counters.writeDpu - before.writeDpu).toBeCloseTo(0.05, 5);
    expect(counters.totalTransactions).toBe(before.totalTransactions + 3);
    expect(counters.computeMs).toBeGreaterThan(before.computeMs);
  });
});

describe('conflicts on order', () => {
  it('fail the next commits that have something to decide', async () => {
    await run(a, "set borealis.inject_conflict = 'code=OC000, next=2'");
    expect(await rows(a, 'select count(*) from t')).toEqual(['2']);
    const error = await errorOf(a, 'update t set v = 1');
    expect([error.sqlstate, error.message]).toEqual(['40001', 'change conflicts with another transaction (OC000)']);
    expect(error.fields.detail).toContain('borealis.inject_conflict');
    expect(await run(a, 'begin; update t set v = 2; commit')).toContain('ERROR 40001: change conflicts with another transaction (OC000)');
    expect(a.transactionStatus).toBe('I');
    expect(await run(a, 'update t set v = 3')).toEqual(['UPDATE 2']);
    expect(await rows(a, 'select distinct v from t')).toEqual(['3']);
    expect(await run(b, 'update t set v = 4')).toEqual(['UPDATE 2']);
  });

  it('fail a share of them, the same for the same seed, and readers with OC001', async () => {
    const outcomes = async (): Promise<string> => {
      await run(a, "set borealis.inject_conflict = off; set borealis.inject_conflict = 'code=OC001, share=0.5, seed=7'");
      let told = '';
      for (let at = 0; at < 20; at++) told += (await run(a, 'select 1')).at(-1)?.includes('(OC001)') ? 'x' : '.';
      return told;
    };
    const first = await outcomes();
    expect(first).toMatch(/x.*\..*x|\..*x.*\./);
    await run(a, 'set borealis.inject_conflict = off');
    await run(a, 'select 1');
    expect(await outcomes()).toBe(first);
  });

  it('reach every session of the cluster when told so', async () => {
    await run(a, "set borealis.inject_conflict = 'next=1, scope=cluster'");
    await run(a, 'select 1');
    expect(await run(b, 'update t set v = 1')).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
    expect(await run(b, 'update t set v = 1')).toEqual(['UPDATE 2']);
  });

  it("are admin's to order, by rules", async () => {
    const other = cluster.queryProcessor.connect({ user: 'other', database: 'postgres', applicationName: '', options: new Map() });
    expect(await run(other, "set borealis.inject_conflict = 'next=1'")).toEqual([
      'ERROR 42501: permission denied to set parameter "borealis.inject_conflict"',
    ]);
    other.close();
    expect(await run(a, "set borealis.inject_conflict = 'next=1, share=0.5'")).toEqual([
      'ERROR 22023: invalid value for parameter "borealis.inject_conflict": "next=1, share=0.5"',
    ]);
    expect(await run(a, "set borealis.hold_commit = 'long'")).toEqual([
      'ERROR 22023: invalid value for parameter "borealis.hold_commit": "long"',
    ]);
  });

  it('come true while a commit is held', async () => {
    await run(b, 'set borealis.hold_commit = 30');
    const losing = run(b, 'update t set v = 1');
    await run(a, 'update t set v = 2');
    expect(await losing).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
  });
});
