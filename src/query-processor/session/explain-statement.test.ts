/** EXPLAIN as a statement: its options, and what ANALYZE has counted. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;

beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
  await run(session, 'create table item (id int primary key, kind int, name text)');
  await run(session, "insert into item select i, i % 10, 'name ' || i from generate_series(1, 3000) i");
});

afterAll(() => cluster.stop());

/** The lines without the headline, the tag and what storage does. */
async function explained(sql: string): Promise<string[]> {
  const lines = await run(session, sql);
  return lines.slice(1).filter((line) => line !== 'EXPLAIN' && !/Storage Scan|B-Tree|Projections|NOTICE/.test(line));
}

const quiet = 'explain (analyze, costs off, timing off, summary off)';

describe('ANALYZE', () => {
  it('counts rows, loops and what conditions leave out', async () => {
    expect(await explained(`${quiet} select * from item where name like '%7'`)).toEqual([
      'Index Only Scan using item_pkey on item (actual rows=300 loops=1)',
      "        Filters: (name ~~ '%7'::text)",
      '        Rows Filtered: 2700',
    ]);
    expect(await explained(`${quiet} select kind from item group by kind having count(*) > 1000`)).toEqual([
      'HashAggregate (actual rows=0 loops=1)',
      '  Group Key: kind',
      '  Filter: (count(*) > 1000)',
      '  Rows Removed by Filter: 10',
      expect.stringMatching(/^ {2}Batches: 1 {2}Memory Usage: \d+kB$/),
      '  ->  Index Only Scan using item_pkey on item (actual rows=3000 loops=1)',
    ]);
    const join = await explained(`${quiet} select * from item a join item b on a.id = b.kind and a.name > b.name`);
    expect(join).toContain('  Join Filter: (a.name > b.name)');
    expect(join.find((line) => line.includes('Rows Removed by Join Filter'))).toMatch(/: \d+$/);
    expect(join.find((line) => line.includes('Buckets'))).toMatch(/Buckets: 1024 {2}Batches: 1 {2}Memory Usage: \d+kB$/);
  });

  it('says how operators came by with their memory', async () => {
    expect(await explained(`${quiet} select * from item order by name limit 2`)).toContainEqual(
      expect.stringMatching(/^ {8}Sort Method: top-N heapsort {2}Memory: \d+kB$/),
    );
    await run(session, "set work_mem = '64kB'");
    try {
      expect(await explained(`${quiet} select * from item order by name`)).toContainEqual(
        expect.stringMatching(/^ {2}Sort Method: external merge {2}Disk: \d+kB$/),
      );
      expect(await explained(`${quiet} select name from item group by name`)).toContainEqual(
        expect.stringMatching(/^ {2}Batches: \d\d+ {2}Memory Usage: \d+kB {2}Disk Usage: \d+kB$/),
      );
      expect(await explained(`${quiet} select * from item a join item b using (name)`)).toContainEqual(
        expect.stringMatching(/Buckets: \d+ {2}Batches: 16 {2}Memory Usage: \d+kB$/),
      );
      expect(await explained('explain (costs off, settings) select 1')).toEqual(['Result', "Settings: work_mem = '64kB'"]);
    } finally {
      await run(session, 'reset work_mem');
    }
  });

  it('runs what EXECUTE names, with its values', async () => {
    await run(session, 'prepare pick(int) as select name from item where id < $1');
    expect(await explained(`${quiet} execute pick(11)`)).toEqual([
      'Index Only Scan using item_pkey on item (actual rows=10 loops=1)',
      '  Index Cond: (id < $1)',
      '              Index Cond: (id < $1)',
    ]);
    expect(await run(session, 'explain execute pick')).toContain('ERROR 42601: wrong number of parameters for prepared statement "pick"');
  });
});

it.each([
  ['explain (timing) select 1', 'ERROR 22023: EXPLAIN option TIMING requires ANALYZE'],
  ['explain (wal) select 1', 'ERROR 22023: EXPLAIN option WAL requires ANALYZE'],
  ['explain (analyze, generic_plan) select 1', 'ERROR 22023: EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together'],
  ['explain (bogus) select 1', 'ERROR 42601: unrecognized EXPLAIN option "bogus"'],
  ['explain (format foo) select 1', 'ERROR 22023: unrecognized value for EXPLAIN option "format": "foo"'],
  ['explain (format) select 1', 'ERROR 42601: format requires a parameter'],
  ['explain (costs 2) select 1', 'ERROR 42601: costs requires a Boolean value'],
])('%s', async (sql, answer) => {
  expect(await run(session, sql)).toEqual([answer]);
});

it('writes XML and YAML', async () => {
  const [, xml] = await run(session, 'explain (format xml, costs off, summary) select 1');
  expect(
    xml
      .replace(/\d+\.\d+/, 'n')
      .split('\n')
      .slice(2),
  ).toEqual([
    '    <Plan>',
    '      <Node-Type>Result</Node-Type>',
    '      <Parallel-Aware>false</Parallel-Aware>',
    '      <Async-Capable>false</Async-Capable>',
    '    </Plan>',
    '    <Planning-Time>n</Planning-Time>',
    '  </Query>',
    '</explain>',
  ]);
  expect((await run(session, 'explain (format yaml, costs off) select 1'))[1]).toBe(
    '- Plan: \n    Node Type: "Result"\n    Parallel Aware: false\n    Async Capable: false',
  );
});
