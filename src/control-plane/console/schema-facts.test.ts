import { afterAll, beforeAll, expect, it } from 'vitest';
import { MemoryCluster } from '#query-processor/session/testing/memory-cluster.ts';
import { QuerySession } from './query-session.ts';
import { relationDetails, schemaFacts } from './schema-facts.ts';

let cluster: MemoryCluster;
let session: QuerySession;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = new QuerySession(cluster.world, cluster.queryProcessor, cluster.connect(), 'admin');
  await session.execute('create schema x');
  await session.execute(
    "create table x.t (id int generated always as identity primary key, a text not null default 'q', b varchar(10) check (b <> ''))",
  );
  await session.execute('create view x.v as select a from x.t');
  await session.execute('insert into x.t (a, b) select i::text, i::text from generate_series(1, 50) i');
});
afterAll(async () => await cluster.stop());

it('tells of tables, views, columns, sequences', async () => {
  const facts = await schemaFacts(session);
  expect(facts.schemas).toEqual(['public', 'x']);
  expect(facts.isCut).toBe(false);
  expect(facts.relations.map(({ schema, name, kind }) => `${kind} ${schema}.${name}`)).toEqual(['table x.t', 'view x.v']);
  expect(facts.relations[0].columns).toEqual([
    { name: 'id', type: 'integer', isNullable: false, defaultText: null, identity: 'always' },
    { name: 'a', type: 'text', isNullable: false, defaultText: "'q'::text", identity: undefined },
    { name: 'b', type: 'character varying(10)', isNullable: true, defaultText: null, identity: undefined },
  ]);
  expect(facts.sequences).toMatchObject([{ schema: 'x', name: 't_id_seq', increment: '1' }]);
});

it('tells of a table: indexes and the job that builds them, constraints; of a view its text', async () => {
  const { relations } = await schemaFacts(session);
  const [table, view] = relations;
  const [[job]] = await session.rows('create index async on x.t (a)');
  const details = await relationDetails(session, table.oid);
  expect(details?.rows).toBe(50);
  expect(details?.indexes.map(({ name, isPrimary, isUnique }) => [name, isPrimary, isUnique])).toEqual([
    ['t_pkey', true, true],
    ['t_a_idx', false, false],
  ]);
  expect(details?.indexes[1].job?.id).toBe(job);
  expect(details?.indexes[1].definition).toBe('CREATE INDEX t_a_idx ON x.t USING btree (a)');
  expect(details?.constraints.map(({ name }) => name).sort()).toEqual(['t_b_check', 't_pkey']);
  expect((await relationDetails(session, view.oid))?.viewText).toContain('SELECT a');
  expect(await relationDetails(session, 1)).toBeUndefined();
});
