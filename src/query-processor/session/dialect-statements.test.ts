/** What a profile makes of whole statements in a session, and the smaller schema statements that DSQL takes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
});
afterAll(async () => await cluster.stop());

const sql = (text: string): Promise<string[]> => run(session, text);
const rows = async (text: string): Promise<string[]> => (await sql(text)).slice(1, -1);

describe('profile dsql', () => {
  let strict: LocalSession;
  beforeAll(async () => {
    strict = cluster.connect();
    await run(strict, 'set borealis.profile = dsql');
  });

  it('refuses before anything is looked up', async () => {
    expect(await run(strict, 'truncate nosuch')).toEqual(['ERROR 0A000: unsupported statement: Truncate']);
    expect(await run(strict, 'select * from nosuch for share')).toEqual([
      'ERROR 0A000: locking clauses other than FOR UPDATE/FOR KEY SHARE are not supported',
    ]);
  });

  it('refuses each time that a statement is run, and in an aborted block says that it is aborted', async () => {
    const refused = ['ERROR 0A000: unsupported statement: Truncate'];
    expect(await run(strict, 'truncate nosuch')).toEqual(refused);
    expect(await run(strict, 'begin')).toEqual(['BEGIN']);
    expect(await run(strict, 'truncate nosuch')).toEqual(refused);
    const aborted = 'ERROR 25P02: current transaction is aborted, commands ignored until end of transaction block';
    expect(await run(strict, 'truncate nosuch')).toEqual([aborted]);
    expect(await run(strict, 'commit')).toEqual(['ROLLBACK']);
  });

  it('refuses in Parse already', async () => {
    expect(() => strict.parse('', 'select 1 from pg_class for share', [])).toThrow('locking clauses other than');
    await strict.sync();
  });

  it('follows the settings', async () => {
    await run(strict, 'create table indexed (id int primary key, a int)');
    const mode = 'ERROR 0A000: unsupported mode. please use CREATE INDEX ASYNC.';
    expect(await run(strict, 'create index first on indexed (a)')).toEqual([mode]);
    await run(strict, 'set disable_sync_create_index = off');
    expect(await run(strict, 'create index first on indexed (a)')).toEqual(['CREATE INDEX']);
    await run(strict, 'insert into indexed values (1, 1)');
    expect(await run(strict, 'create index second on indexed (a)')).toEqual([mode]);
    await run(strict, 'set borealis.profile = open');
    expect(await run(strict, 'create index second on indexed (a)')).toEqual([
      'NOTICE: not supported by Aurora DSQL: CREATE INDEX without ASYNC',
      'CREATE INDEX',
    ]);
    await run(strict, 'set borealis.profile = dsql');
  });

  it('repeats the defect of LEFT JOIN LATERAL where the types differ', async () => {
    await run(strict, 'create table outside (id text primary key)');
    await run(strict, 'create table inside (id bigint primary key, outside_id text)');
    const from = 'from outside o left join lateral (select o.id as o_id from inside i where i.outside_id = o.id) x on true';
    const wrong = ['ERROR 42804: attribute 1 of type inside has wrong type'];
    expect(await run(strict, `select x.o_id ${from}`)).toEqual(wrong);
    expect(await run(strict, `select x.o_id ${from.replace('left', 'inner')}`)).not.toEqual(wrong);
    expect(await sql(`select x.o_id ${from}`)).not.toEqual(wrong);
  });
});

it('the NOTICE of profile open comes with each run', async () => {
  await sql('create table emptied (a int primary key)');
  for (let time = 0; time < 2; time++)
    expect(await sql('truncate emptied')).toEqual(['NOTICE: not supported by Aurora DSQL: TRUNCATE', 'TRUNCATE TABLE']);
});

describe('comments', () => {
  it('are told by pg_description and the functions over it, and go with their objects', async () => {
    await sql('create table told (id int primary key, a text, b int)');
    await sql("comment on table told is 'the table'; comment on column told.a is 'a column'; comment on index told_pkey is 'an index'");
    await sql("comment on constraint told_pkey on told is 'a key'; comment on schema public is 'a schema'");
    const all = "select description from pg_description where description like 'a %' or description like 'the %' order by 1";
    expect(await rows(all)).toEqual(['a column', 'a key', 'a schema', 'an index', 'the table'].filter((text) => text !== 'an index'));
    expect(await rows("select obj_description('told_pkey'::regclass, 'pg_class')")).toEqual(['an index']);
    expect(await rows("select col_description('told'::regclass, 2)")).toEqual(['a column']);
    await sql("comment on table told is 'the same table'");
    expect(await rows("select obj_description('told'::regclass, 'pg_class')")).toEqual(['the same table']);
    await sql('alter table told drop column a');
    await sql("comment on schema public is ''");
    expect(await rows(all)).toEqual(['a key', 'the same table']);
    await sql('drop table told');
    expect(await rows(all)).toEqual([]);
  });

  it.each([
    ["comment on table nosuch is 'x'", 'ERROR 42P01: relation "nosuch" does not exist'],
    ["comment on column pg_class.oid is 'x'", 'ERROR 42501: permission denied: "pg_class" is a system catalog'],
    ["comment on view emptied is 'x'", 'ERROR 42809: "emptied" is not a view'],
    ["comment on column emptied.nosuch is 'x'", 'ERROR 42703: column "nosuch" of relation "emptied" does not exist'],
    ["comment on constraint nosuch on emptied is 'x'", 'ERROR 42704: constraint "nosuch" for table "emptied" does not exist'],
  ])('%s', async (text, message) => {
    expect(await sql(text)).toEqual([message]);
  });
});

describe('CREATE TABLE (LIKE ...)', () => {
  it('copies columns, and by option what hangs on them', async () => {
    await sql(
      "create table model (id int primary key, a text default 'x' not null, b int check (b > 0), c int generated always as (b * 2) stored, unique (a) include (b))",
    );
    await sql('create index async on model (b desc) where b > 5');
    await sql("comment on column model.a is 'copied'");
    await sql('create table bare (like model)');
    expect(await rows("select attname, attnotnull, atthasdef from pg_attribute where attrelid = 'bare'::regclass and attnum > 0")).toEqual([
      'id|t|f',
      'a|t|f',
      'b|f|f',
      'c|f|f',
    ]);
    await sql('create table whole (z int, like model including all)');
    expect(await rows("select conname from pg_constraint where conrelid = 'whole'::regclass order by 1")).toEqual([
      'model_b_check',
      'whole_a_b_key',
      'whole_pkey',
    ]);
    expect(await rows("select indexdef from pg_indexes where indexname = 'whole_b_idx'")).toEqual([
      'CREATE INDEX whole_b_idx ON public.whole USING btree (b DESC) WHERE (b > 5)',
    ]);
    expect(await rows('insert into whole (id, b) values (1, 6) returning a, c')).toEqual(['x|12']);
    expect(await rows("select col_description('whole'::regclass, 3)")).toEqual(['copied']);
    expect(await rows('select id from whole where b = 6')).toEqual(['1']);
  });
});

describe('SET SCHEMA', () => {
  it('takes a table with its sequences', async () => {
    await sql('create schema there; create table moved (id serial primary key, a int)');
    await sql('insert into moved (a) values (1)');
    expect(await sql('alter table moved set schema there')).toEqual(['ALTER TABLE']);
    expect(await sql('insert into there.moved (a) values (2) returning id')).toEqual(['id', '2', 'INSERT 0 1']);
    expect(await sql('select * from moved')).toEqual(['ERROR 42P01: relation "moved" does not exist']);
    await sql('create table moved (a int)');
    expect(await sql('alter table there.moved set schema public')).toEqual([
      'ERROR 42P07: relation "moved" already exists in schema "public"',
    ]);
  });
});

describe('identity columns', () => {
  it('come, change and go', async () => {
    await sql('create table numbered (id bigint not null, a int)');
    await sql('alter table numbered alter id add generated always as identity (cache 1 start 5)');
    expect(await rows('insert into numbered (a) values (1) returning id')).toEqual(['5']);
    await sql('alter table numbered alter id set generated by default restart with 50');
    expect(await rows('insert into numbered (a) values (1), (2) returning id')).toEqual(['50', '51']);
    expect(await rows('insert into numbered values (7, 1) returning id')).toEqual(['7']);
    await sql('alter table numbered alter id drop identity');
    expect((await sql('insert into numbered (a) values (1)'))[0]).toContain('ERROR 23502');
  });

  it.each([
    ['alter table numbered alter a set generated always', 'ERROR 55000: column "a" of relation "numbered" is not an identity column'],
    [
      'alter table numbered alter a add generated always as identity (cache 1)',
      'ERROR 55000: column "a" of relation "numbered" must be declared NOT NULL before identity can be added',
    ],
  ])('%s', async (text, message) => {
    expect(await sql(text)).toEqual([message]);
  });
});

it('finds no triggers', async () => {
  expect(await sql('drop trigger if exists x on emptied')).toEqual([
    'NOTICE: trigger "x" for relation "emptied" does not exist, skipping',
    'DROP TRIGGER',
  ]);
  expect(await sql('drop trigger x on emptied')).toEqual(['ERROR 0A000: DROP TRIGGER is not supported']);
});

it('takes a profile of DSQL by its date', async () => {
  const other = cluster.connect();
  expect(await run(other, "set borealis.profile = 'dsql-2026.10'; show borealis.profile")).toContain('dsql');
  expect(await run(other, 'listen x')).toEqual(['ERROR 0A000: unsupported statement: Listen']);
});

it('ANALYZE checks what it names', async () => {
  expect(await sql('analyze; analyze emptied (a)')).toEqual(['ANALYZE', 'ANALYZE']);
  expect(await sql('analyze emptied (b)')).toEqual(['ERROR 42703: column "b" of relation "emptied" does not exist']);
  expect(await sql('analyze nosuch')).toEqual(['ERROR 42P01: relation "nosuch" does not exist']);
});
