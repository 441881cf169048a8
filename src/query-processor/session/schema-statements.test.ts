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

const sql = (text: string, input: readonly string[] = []): Promise<string[]> => run(session, text, input);

/** Rows alone, without heading and tag. */
const rows = async (text: string): Promise<string[]> => (await sql(text)).slice(1, -1);

async function untilJobsEnd(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const open = await rows("select count(*) from sys.jobs where status in ('submitted', 'processing')");
    if (open[0] === '0') return;
    await cluster.world.timers.sleep(10);
  }
  throw new Error('jobs do not end');
}

describe('CREATE TABLE', () => {
  it('names constraints and indexes as PostgreSQL does', async () => {
    await sql(
      'create table named (id int primary key unique, a text unique, b int check (b > 0), c int, check (b < c), check (c <> 5), unique (a, b), constraint own unique (c))',
    );
    expect(await rows("select conname from pg_constraint where conrelid = 'named'::regclass order by 1")).toEqual([
      'named_a_b_key',
      'named_a_key',
      'named_b_check',
      'named_c_check',
      'named_check',
      'named_pkey',
      'own',
    ]);
  });

  it.each([
    ['create table x (a int, a text)', '42701: column "a" specified more than once'],
    ['create table x (a int primary key, b int primary key)', '42P16: multiple primary keys for table "x" are not allowed'],
    ['create table x (a int, primary key (b))', '42703: column "b" named in key does not exist'],
    ['create table x (a int, unique (a, a))', '42701: column "a" appears twice in unique constraint'],
    ['create table x (a int null not null)', '42601: conflicting NULL/NOT NULL declarations for column "a" of table "x"'],
    ['create table x (a int default b)', '0A000: cannot use column reference in DEFAULT expression'],
    [
      'create table x (a int default now())',
      '42804: column "a" is of type integer but default expression is of type timestamp with time zone',
    ],
    ['create table x (a json primary key)', '0A000: datatype json is not supported in a key'],
    ['create table nowhere.x (a int)', '3F000: schema "nowhere" does not exist'],
    ['create table x (a int, b int generated always as (a + random()) stored)', '42P17: generation expression is not immutable'],
    ['create table x (a int check (b > 0))', '42703: column "b" does not exist'],
    ['create table named (a int)', '42P07: relation "named" already exists'],
    [`create table x (${Array.from({ length: 256 }, (_, at) => `c${at} int`).join(', ')})`, '54011: tables can have at most 255 columns'],
    [
      'create table x (a int, b int, c int, d int, e int, f int, g int, h int, i int, primary key (a, b, c, d, e, f, g, h, i))',
      '54011: more than 8 column keys in an index are not supported',
    ],
  ])('%s', async (text, message) => {
    expect(await sql(text)).toEqual([`ERROR ${message}`]);
  });

  it('keeps defaults, generated columns and checks', async () => {
    await sql("create table kept (a int default 2 + 3, b int generated always as (a * 2) stored, c text default 'x' check (c <> ''))");
    expect(await sql('insert into kept default values returning *')).toEqual(['a|b|c', '5|10|x', 'INSERT 0 1']);
    expect(await sql("insert into kept (c) values ('')")).toEqual([
      'ERROR 23514: new row for relation "kept" violates check constraint "kept_c_check"',
    ]);
    expect(await sql('create table if not exists kept (a int)')).toEqual([
      'NOTICE: relation "kept" already exists, skipping',
      'CREATE TABLE',
    ]);
  });

  it('is seen by its own transaction alone until it commits', async () => {
    const other = cluster.connect();
    await sql('begin; create table mine (a int); insert into mine values (1)');
    expect(await sql('select * from mine')).toEqual(['a', '1', 'SELECT 1']);
    expect(await run(other, 'select * from mine')).toEqual(['ERROR 42P01: relation "mine" does not exist']);
    await sql('commit');
    expect(await run(other, 'select * from mine')).toEqual(['a', '1', 'SELECT 1']);
    other.close();
  });

  it('conflicts with another schema change beside it', async () => {
    const other = cluster.connect();
    await sql('begin; create table beside1 (a int)');
    await run(other, 'create table beside2 (a int)');
    expect(await sql('commit')).toEqual(['ERROR 40001: schema has been updated by another transaction (OC001)']);
    other.close();
  });
});

describe('DROP', () => {
  it('of schemas asks for CASCADE', async () => {
    await sql('create schema full1 create table inside (a int)');
    expect(await sql('drop schema full1')).toEqual(['ERROR 2BP01: cannot drop schema full1 because other objects depend on it']);
    expect(await sql('drop schema full1 cascade')).toEqual(['NOTICE: drop cascades to table full1.inside', 'DROP SCHEMA']);
    expect(await sql('drop schema if exists full1')).toEqual(['NOTICE: schema "full1" does not exist, skipping', 'DROP SCHEMA']);
  });

  it('knows kinds', async () => {
    expect(await sql('drop table named_pkey')).toEqual(['ERROR 42809: "named_pkey" is not a table']);
    expect(await sql('drop index named')).toEqual(['ERROR 42809: "named" is not an index']);
    expect(await sql('drop index named_pkey')).toEqual([
      'ERROR 2BP01: cannot drop index named_pkey because constraint named_pkey on table named requires it',
    ]);
    expect(await sql('drop table nope')).toEqual(['ERROR 42P01: table "nope" does not exist']);
    expect(await sql('drop table if exists nope, mine')).toEqual(['NOTICE: table "nope" does not exist, skipping', 'DROP TABLE']);
    expect(await sql('select 1 from mine')).toEqual(['ERROR 42P01: relation "mine" does not exist']);
  });

  it('cleans up after itself', async () => {
    await sql('create table gone (a int primary key, b int unique); insert into gone select g, g from generate_series(1, 100) g');
    const space = Number((await rows("select 'gone'::regclass::oid"))[0]);
    await sql('drop table gone');
    await untilJobsEnd();
    const start = String.fromCharCode(0, 0, space >> 8, space & 255);
    const end = String.fromCharCode(0, 0, (space + 5) >> 8, (space + 5) & 255);
    expect(cluster.replica.scanKeys(cluster.replica.appliedTimestamp, { start, end }, 1000)).toEqual([]);
  });
});

describe('CREATE INDEX', () => {
  beforeAll(async () => {
    await sql('create table indexed (id int primary key, a int, t text)');
    await sql("insert into indexed select g, g % 10, 'n' || g from generate_series(1, 5000) g");
  });

  it('fills the index within the statement', async () => {
    expect(await sql('create index on indexed (a)')).toEqual([
      'NOTICE: not supported by Aurora DSQL: CREATE INDEX without ASYNC',
      'CREATE INDEX',
    ]);
    expect(await rows('explain (costs off) select * from indexed where a = 3')).toContain('Index Scan using indexed_a_idx on indexed');
    expect(await rows('select count(*) from indexed where a = 3')).toEqual(['500']);
  });

  it('sees the rows of its own transaction, and refuses duplicates', async () => {
    await sql('begin; insert into indexed values (9001, 3, $$x$$)');
    expect((await sql('create unique index bad on indexed (a)')).at(-1)).toBe('ERROR 23505: could not create unique index "bad"');
    await sql('rollback; begin; insert into indexed values (9001, 77, $$x$$); create index seen on indexed (a, t)');
    expect(await rows('select id from indexed where a = 77')).toEqual(['9001']);
    await sql('rollback');
  });

  it('loses to rows written beside it', async () => {
    const other = cluster.connect();
    await sql('begin; create index missed on indexed (t)');
    await run(other, "insert into indexed values (9002, 3, 'y')");
    expect(await sql('commit')).toEqual(['ERROR 40001: change conflicts with another transaction (OC000)']);
    other.close();
  });

  it('ASYNC answers with a job, which fills it while rows change', async () => {
    const answer = await sql('create index async on indexed (t)');
    expect(answer[0]).toBe('job_id');
    expect(answer[1]).toMatch(/^[a-z2-7]{26}$/);
    expect(answer[2]).toBe('CREATE INDEX');
    const other = cluster.connect();
    const change = async (text: string): Promise<void> => {
      // The moment when the index becomes valid is a schema change like others: whoever writes across it is told so, and tries again.
      let answer = await run(other, text);
      while (answer[0].startsWith('ERROR 40001')) answer = await run(other, text);
      expect(answer[0]).toMatch(/^(UPDATE|DELETE) 1$/);
    };
    for (let id = 1; id <= 40; id++) await change(`update indexed set t = 'changed' where id = ${id * 100}`);
    await change('delete from indexed where id = 4999');
    expect(await sql(`call sys.wait_for_job('${answer[1]}')`)).toEqual(['succeeded', 't', 'CALL']);
    expect(await rows(`select status, details, job_type, object_name from sys.jobs where job_id = '${answer[1]}'`)).toEqual([
      'completed|NULL|INDEX_BUILD|public.indexed_t_idx',
    ]);
    expect(await rows("select indisvalid from pg_index where indexrelid = 'indexed_t_idx'::regclass")).toEqual(['t']);
    expect((await rows("explain (costs off) select id from indexed where t = 'changed'"))[0]).toContain('indexed_t_idx');
    expect(await rows("select count(*) from indexed where t = 'changed'")).toEqual(['40']);
    expect(await rows("select count(*) from indexed where t = 'n4999'")).toEqual(['0']);
    expect(await rows("select id from indexed where t = 'n4998'")).toEqual(['4998']);
    other.close();
  });

  it('ASYNC leaves a unique index invalid when there are duplicates, and it goes on guarding', async () => {
    const [, job] = await sql('create unique index async uneven on indexed (a)');
    expect(await sql(`call sys.wait_for_job('${job}')`)).toEqual(['succeeded', 'f', 'CALL']);
    expect(await rows(`select status, details from sys.jobs where job_id = '${job}'`)).toEqual([
      'failed|Found duplicate key while validating index for UCVs',
    ]);
    expect(await rows("select indisvalid from pg_index where indexrelid = 'uneven'::regclass")).toEqual(['f']);
    expect(await sql('drop index uneven')).toEqual(['DROP INDEX']);
  });

  it('names indexes as PostgreSQL does', async () => {
    await sql('create index on indexed (a); create index on indexed (lower(t), a); create index on indexed (a, a) include (t)');
    expect(await rows("select indexname from pg_indexes where tablename = 'indexed' order by 1")).toEqual([
      'indexed_a_a1_t_idx',
      'indexed_a_idx',
      'indexed_a_idx1',
      'indexed_lower_a_idx',
      'indexed_pkey',
      'indexed_t_idx',
    ]);
  });
});

describe('ALTER TABLE', () => {
  it('adds columns that older rows read by their default', async () => {
    await sql('create table alt (id int primary key); insert into alt values (1)');
    await sql("alter table alt add column a int default 7, add column b text, add column c timestamptz not null default '2020-01-01'");
    expect(await sql('select id, a, b, extract(year from c) from alt')).toEqual(['id|a|b|extract', '1|7|NULL|2020', 'SELECT 1']);
    await sql('alter table alt alter column a drop default; insert into alt values (2, null, null, now())');
    expect(await rows('select a from alt order by id')).toEqual(['7', 'NULL']);
    expect((await sql('alter table alt add column d int not null')).at(-1)).toBe(
      'ERROR 23502: column "d" of relation "alt" contains null values',
    );
    await sql('alter table alt add column e float default random(), add column g int generated always as (id * 2) stored');
    expect(await rows('select count(distinct e), sum(g) from alt')).toEqual(['2|6']);
  });

  it('drops and renames', async () => {
    await sql('create table ren (a int primary key, b int check (b > 0), c int unique)');
    expect(await sql('alter table ren rename column b to "B b"')).toEqual(['ALTER TABLE']);
    expect(await sql('insert into ren values (1, 0, 0)')).toEqual([
      'ERROR 23514: new row for relation "ren" violates check constraint "ren_b_check"',
    ]);
    expect(await rows("select pg_get_constraintdef(oid) from pg_constraint where conname = 'ren_b_check'")).toEqual([
      'CHECK (("B b" > 0))',
    ]);
    await sql('alter table ren drop column "B b"; alter table ren rename constraint ren_c_key to k; alter table ren rename to ren2');
    expect(await rows("select conname from pg_constraint where conrelid = 'ren2'::regclass order by 1")).toEqual(['k', 'ren_pkey']);
    expect(await sql('insert into ren2 values (1, 0)')).toEqual(['INSERT 0 1']);
    expect(await sql('alter table ren2 drop column a')).toEqual(['ALTER TABLE']);
  });

  it('adds checked constraints', async () => {
    await sql('create table con (a int, b int); insert into con values (1, 1), (2, 1)');
    expect((await sql('alter table con add check (a > 1)')).at(-1)).toBe(
      'ERROR 23514: check constraint "con_a_check" of relation "con" is violated by some row',
    );
    expect(await sql('alter table con add constraint later check (a > 1) not valid')).toEqual(['ALTER TABLE']);
    expect(await sql('insert into con values (0, 0)')).toEqual([
      'ERROR 23514: new row for relation "con" violates check constraint "later"',
    ]);
    expect((await sql('alter table con add unique (b)')).at(-1)).toBe('ERROR 23505: could not create unique index "con_b_key"');
    expect((await sql('alter table con alter a set not null')).at(-1)).toBe('ALTER TABLE');
    expect(await sql('insert into con values (null, 0)')).toEqual([
      'ERROR 23502: null value in column "a" of relation "con" violates not-null constraint',
    ]);
  });
});

describe('ALTER TABLE ASYNC ... VALIDATE CONSTRAINT', () => {
  const validated = async (name: string): Promise<string[]> => rows(`select convalidated from pg_constraint where conname = '${name}'`);
  const finished = async (job: string): Promise<string[]> => {
    await sql(`call sys.wait_for_job('${job}')`);
    return rows(`select status, details, job_type, object_name from sys.jobs where job_id = '${job}'`);
  };

  it('leaves a check to a job, which marks it valid or tells why not', async () => {
    await sql('create table val (id int primary key, a int); insert into val select n, n from generate_series(1, 5000) n');
    await sql('alter table val add constraint val_most check (a < 5000) not valid');
    const answer = await sql('alter table async val validate constraint val_most');
    expect([answer[0], answer[2]]).toEqual(['job_id', 'ALTER TABLE']);
    expect(await finished(answer[1])).toEqual([
      'failed|check constraint "val_most" of relation "val" is violated by some row|VALIDATE_CONSTRAINT|public.val',
    ]);
    expect(await validated('val_most')).toEqual(['f']);
    await sql('update val set a = 0 where a = 5000');
    const [, job] = await sql('alter table async only public.val validate constraint val_most');
    expect(await finished(job)).toEqual(['completed|NULL|VALIDATE_CONSTRAINT|public.val']);
    expect(await validated('val_most')).toEqual(['t']);
    expect(await sql('alter table async val validate constraint val_most')).toEqual([
      'ERROR 55000: constraint "val_most" of relation "val" is already validated',
    ]);
  });

  it('of a foreign key looks for every parent', async () => {
    await sql('create table val_parent (id int primary key); insert into val_parent select generate_series(1, 4000)');
    await sql('create table val_child (id int primary key, p int); insert into val_child select n, n from generate_series(1, 4001) n');
    await sql('alter table val_child add constraint val_fk foreign key (p) references val_parent not valid');
    const [, failing] = await sql('alter table async val_child validate constraint val_fk');
    expect(await finished(failing)).toEqual([
      'failed|insert or update on table "val_child" violates foreign key constraint "val_fk"|VALIDATE_CONSTRAINT|public.val_child',
    ]);
    await sql('insert into val_parent values (4001)');
    const [, job] = await sql('alter table async val_child validate constraint val_fk');
    expect(await finished(job)).toEqual(['completed|NULL|VALIDATE_CONSTRAINT|public.val_child']);
    expect(await validated('val_fk')).toEqual(['t']);
  });

  it.each([
    ['alter table async val validate constraint nothing', '42704: constraint "nothing" of relation "val" does not exist'],
    [
      'alter table async val validate constraint val_pkey',
      '42809: constraint "val_pkey" of relation "val" is not a foreign key or check constraint',
    ],
    ['alter table async nowhere validate constraint c', '42P01: relation "nowhere" does not exist'],
    ['alter table async val add column b int', '42601: syntax error at or near "val"'],
  ])('%s', async (text, message) => {
    expect(await sql(text)).toEqual([`ERROR ${message}`]);
  });
});

it('TRUNCATE empties a table and its indexes', async () => {
  await sql('create table trunc (id int primary key, a int unique); insert into trunc values (1, 1)');
  expect((await sql('truncate trunc')).at(-1)).toBe('TRUNCATE TABLE');
  expect(await sql('insert into trunc values (1, 1)')).toEqual(['INSERT 0 1']);
});

describe('in profile dsql', () => {
  let dsql: LocalSession;
  beforeAll(() => {
    dsql = cluster.connect(new Map([['borealis.profile', 'dsql']]));
  });

  it.each([
    ['create table x (a serial)', '42704: type "serial" does not exist'],
    ['truncate t', '0A000: unsupported statement: Truncate'],
    ['vacuum', '0A000: unsupported VACUUM statement'],
    ['savepoint a', '0A000: unsupported transaction statement: SAVEPOINT'],
    ['listen a', '0A000: unsupported statement: Listen'],
    ['create index on indexed (a)', '0A000: unsupported mode. please use CREATE INDEX ASYNC.'],
    ['create extension x', '0A000: unsupported statement: CreateExtension'],
    ['set transaction read only', '0A000: setting configuration parameter "TRANSACTION" not supported'],
    ['set work_mem = 1', '0A000: setting configuration parameter "work_mem" not supported'],
    ['alter table indexed add column z int default 1', '0A000: ALTER TABLE ADD COLUMN with constraint not supported'],
    ['create table arrays (a text[])', '0A000: datatype text[] not supported'],
    ['create index async on indexed (a desc)', '0A000: specifying sort order not supported for index keys'],
    ['prepare p as select 1', '0A000: unsupported statement: Prepare'],
    ['discard all', '0A000: unsupported statement: Discard'],
  ])('%s', async (text, message) => {
    expect(await run(dsql, text)).toEqual([`ERROR ${message}`]);
  });

  it('takes one schema change a transaction, and no rows beside it', async () => {
    expect(await run(dsql, 'create table d1 (a int); create table d2 (a int)')).toEqual([
      'CREATE TABLE',
      'ERROR 0A000: multiple ddl statements not supported in a transaction',
    ]);
    await run(dsql, 'create table d1 (a int)');
    expect((await run(dsql, 'begin; insert into d1 values (1); drop table d1')).at(-1)).toBe(
      'ERROR 0A000: ddl and dml are not supported in the same transaction',
    );
    await run(dsql, 'rollback');
  });

  it('counts rows', async () => {
    await run(dsql, 'create table counted (a int primary key)');
    expect(await run(dsql, 'insert into counted select generate_series(1, 3000)')).toEqual(['INSERT 0 3000']);
    expect(await run(dsql, 'insert into counted select generate_series(4001, 7001)')).toEqual([
      'ERROR 54000: transaction row limit exceeded',
    ]);
  });
});

describe('COPY', () => {
  it('takes rows in both formats, with defaults for the columns left out', async () => {
    await sql("create table copied (id int primary key, name text default 'dflt', n numeric(6, 2))");
    expect(await sql('copy copied (id, n) from stdin', ['1\t2', '.5\n2\t\\', 'N\n'])).toEqual(['COPY 2']);
    expect(await sql('copy copied from stdin (format csv, header match)', ['id,name,n\n3,"a ""b""\n",1\n4,,\n'])).toEqual(['COPY 2']);
    expect(await sql('copy copied to stdout')).toEqual([
      '(copy 3)',
      '1\tdflt\t2.50',
      '2\tdflt\t\\N',
      '3\ta "b"\\n\t1.00',
      '4\t\\N\t\\N',
      '(end)',
      'COPY 4',
    ]);
    expect(await sql('copy copied from stdin where id > 5', ['5\tx\t1\n6\ty\t1\n'])).toEqual(['COPY 1']);
    expect(await sql('copy (select id, name from copied where id > 2 order by id) to stdout csv header')).toEqual([
      '(copy 2)',
      'id,name',
      '3,"a ""b""',
      '"',
      '4,',
      '6,y',
      '(end)',
      'COPY 3',
    ]);
  });

  it.each([
    ['copy copied from stdin', '1\n', '22P04: missing data for column "name"'],
    ['copy copied from stdin', '1\ta\t1\tx\n', '22P04: extra data after last expected column'],
    ['copy copied from stdin', 'x\ta\t1\n', '22P02: invalid input syntax for type integer: "x"'],
    ['copy copied (id, nope) from stdin', '', '42703: column "nope" of relation "copied" does not exist'],
    ['copy nope from stdin', '', '42P01: relation "nope" does not exist'],
    [
      'copy copied from stdin (format csv, header match)',
      'id,nam,n\n',
      '22P04: column name mismatch in header line field 2: got "nam", expected "name"',
    ],
    ['copy copied from stdin (format foo)', '', '22023: COPY format "foo" not recognized'],
    ["copy copied from '/etc/passwd'", '', '42501: permission denied to COPY from a file'],
    ['copy copied from stdin', '1\ta\t1\n', '23505: duplicate key value violates unique constraint "copied_pkey"'],
  ])('%s (%j)', async (text, input, message) => {
    expect(await sql(text, [input])).toEqual([`ERROR ${message}`]);
  });
});
