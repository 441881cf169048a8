/**
 * The operators against PostgreSQL itself: the same statements, parsed, planned and run here and there, have the same rows or the same
 * error. Rows are compared as sets unless the statement orders them.
 */
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { defaultSettings } from '#sql/settings.ts';
import { typeByOid } from '#sql/types/registry.ts';
import { type Oracle, startPostgres } from '../../../scripts/oracle.ts';
import { loadParser } from '../parser/parse.ts';
import { planQuery } from '../planner/plan.ts';
import { bind, plannerEnvironment } from '../planner/testing/plan-sql.ts';
import { testTables } from '../planner/testing/test-catalog.ts';
import { InMemoryRun, InMemoryStorage, runPlan } from './testing/in-memory-run.ts';

let oracle: Oracle | undefined;
let client: pg.Client | undefined;

beforeAll(async () => {
  await loadParser();
  oracle = await startPostgres();
  if (oracle === undefined) return;
  client = new pg.Client({ host: oracle.host, port: oracle.port, user: oracle.user, database: oracle.database });
  await client.connect();
  for (const table of testTables) {
    const name = (attributeNumber: number): string => table.columns[attributeNumber - 1].name;
    const columns = table.columns.map((item) => `${item.name} ${typeByOid(item.type.oid).displayName}${item.notNull ? ' not null' : ''}`);
    if (table.primaryKey !== undefined) columns.push(`primary key (${table.primaryKey.attributeNumbers.map(name).join()})`);
    await client.query(`create table ${table.name} (${columns.join()})`);
    for (const index of table.indexes)
      if (index.isUnique)
        await client.query(
          `create unique index ${index.name} on ${table.name} (${index.keys.map((item) => name(item.attributeNumber)).join()})`,
        );
  }
});

afterAll(async () => {
  await client?.end();
  await oracle?.stop();
});

const context = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
const described = (code: string, message: string, detail: string | undefined): string[] => [`${code} ${message}`, detail ?? ''];

async function theirs(sql: string): Promise<string[]> {
  if (client === undefined) return [];
  try {
    const types = { getTypeParser: () => (text: string) => text };
    const result = await client.query({ text: sql, rowMode: 'array', types });
    return result.rows.map((row: (string | null)[]) => row.map((value) => value ?? 'NULL').join('|'));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return described(error.code ?? '', error.message, error.detail);
  }
}

async function ours(sql: string, storage: InMemoryStorage): Promise<string[]> {
  const run = new InMemoryRun(storage);
  try {
    const query = bind(sql);
    const rows = await runPlan(planQuery(query, plannerEnvironment()), run);
    storage.apply(run.transaction);
    return rows.map((row) =>
      row.map((value, at) => (value === null ? 'NULL' : typeByOid(query.output[at].type.oid).output(value, context))).join('|'),
    );
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return described(error.sqlstate, error.message, error.fields.detail);
  }
}

async function compare(sql: string, storage: InMemoryStorage): Promise<void> {
  const arranged = (rows: string[]): string[] => (/ order by [^()]*$/.test(sql) ? rows : rows.sort());
  expect(arranged(await ours(sql, storage)), sql).toEqual(arranged(await theirs(sql)));
}

const rows = "(values (1,'a',10),(2,'b',20),(3,'a',null),(4,null,20),(5,'b',10),(6,'c',30),(7,'a',10)) as t(id,k,v)";

const queries = [
  'select k, count(*), sum(v), avg(v), min(v), max(v) from @T group by k order by k',
  'select count(distinct k), sum(distinct v), array_agg(distinct v), array_agg(distinct k) from @T',
  "select array_agg(v order by id desc), string_agg(k, ',' order by v desc nulls last, id), array_agg(distinct v order by v desc) from @T",
  'select k, v, count(*), grouping(k,v), grouping(v) from @T group by rollup(k,v) order by grouping(k,v),k,v',
  'select k, v, count(*) from @T group by cube(k,v) order by k,v,3',
  "select k, count(*) filter (where v > 10), sum(v) filter (where k = 'a') from @T group by k order by k",
  'select percentile_cont(0.5) within group (order by v), percentile_disc(0.25) within group (order by v desc), mode() within group (order by k) from @T',
  'select rank(15) within group (order by v), dense_rank(15) within group (order by v desc), percent_rank(15) within group (order by v), cume_dist(20) within group (order by v) from @T',
  'select count(*), sum(v), max(k) from @T where false',
  'select count(*) from @T where false group by k',
  'select id % 2 as p, k, sum(v) from @T group by grouping sets ((p),(k),()) order by 1,2,3',
  'select id, row_number() over (partition by k order by v, id), rank() over (order by v), dense_rank() over (order by v nulls first), lag(v) over (order by id), lead(v,2,-1) over (order by id) from @T order by id',
  'select id, sum(v) over (order by id rows between 1 preceding and 1 following), avg(v) over () from @T order by id',
  'select id, first_value(v) over (partition by k order by id), last_value(v) over (partition by k order by id rows between unbounded preceding and unbounded following), nth_value(v,2) over (order by id) from @T order by id',
  'select id, count(*) over (order by v groups between 1 preceding and current row exclude group), count(*) over (order by v groups between current row and 1 following exclude ties) from @T order by id',
  "select id, array_agg(id) over (order by v, id), sum(v) filter (where k = 'a') over (order by id) from @T order by id",
  'select k, sum(sum(v)) over (order by k) from @T group by k order by k',
  "select k from @T intersect all (values ('a'),('a'),('b'),(null))",
  "select k from @T except all (values ('a'),('a'),('b'),(null))",
  "select k from @T union (values ('z'))",
  'select id from @T where v not in (select v from @T where v is not null)',
  'select id from @T where v not in (select v from @T)',
  'select id from @T where v not in (select v from @T where false)',
  'select id, v in (select 10), v in (select null::int), v not in (select 10 union all select null), v > all (select 5 union all select 10), v > any (select 15) from @T',
  'select (1,2) in (select 1, 2), (1,null) in (select 1, 2), (1,2) not in (select 1, null), (3,2) not in (select 1, null)',
  'select id, (select max(v) from @T where t.id < 4), exists (select 1 where v = 10), array(select g from generate_series(1, id % 3) g) from @T',
  'select id, (select count(*) from @T where t.id > o.n) from (values (1, 3), (2, 5), (3, 3)) o(id, n)',
  'select array(select array[i, i+1] from generate_series(1,2) i)',
  'select a.x, b.y from (values (1),(2),(null)) a(x) full join (values (2),(3),(null)) b(y) on a.x = b.y',
  'select a.x, b.y from (values (1),(2),(null)) a(x) right join (values (2),(3),(null)) b(y) on a.x = b.y and a.x > 5',
  'select a.x, b.y from (values (1),(2),(null)) a(x) right join (values (2),(3),(null)) b(y) on a.x < b.y',
  'select a.x, s.y from (values (1),(2),(3)) a(x) left join lateral (select y from generate_series(1,a.x) y where y > 1) s on true',
  'with recursive c(n) as (values (1) union all select n+1 from c where n < 10) select sum(n), count(*) from c',
  'with recursive c(n) as (values (1) union select (n*2) % 7 from c) select * from c',
  'with x as materialized (select id from @T) select count(*) from x a, x b where a.id < b.id',
  'select distinct on (k) k, id from @T order by k, id desc',
  'select id from @T order by v desc nulls last, id offset 1 fetch first 2 rows with ties',
  'select v from @T order by v fetch first 1 row with ties',
  'select generate_series(1,3), generate_series(1,2)',
  'select generate_series(1, generate_series(1,3))',
  'select * from rows from (generate_series(1,2), generate_series(5,8)) with ordinality as f(a,b,n)',
  'select (select id from @T)',
  'select 1 limit -1',
  'select x, count(*) from (values (1.0::numeric),(1.00),(2)) v(x) group by x order by x',
  "select count(*) from (values ('a '::char(3)),('a'),('b')) v(x) group by x",
  'select a.x from (values (1::int),(2)) a(x) join (values (1.0::numeric),(3)) b(y) on a.x = b.y',
  "select a.x from (values ('a'::text)) a(x) join (values ('a  '::char(5))) b(y) on a.x = b.y",
  "select a.x from (values (date '2020-01-01')) a(x) join (values (timestamp '2020-01-01')) b(y) on a.x = b.y",
  "select x from (values ('nan'::float8),(1),(null),('-infinity')) v(x) order by x desc",
  "select count(*) from (values (interval '1 month'),(interval '30 days'),(interval '1 day')) v(x) group by x",
];

/** One after another: each finds what those before it have left. */
const changes = [
  "insert into customers values (1,'ann','eu'),(2,'bob','us'),(3,'cy',null)",
  "insert into customers values (4,'dan','eu'),(4,'eve','eu')",
  "insert into customers values (5,'ann','eu')",
  "insert into customers values (5,null,'eu')",
  "insert into customers values (null,'x','eu')",
  "insert into customers values (1,'ann2','x') on conflict do nothing returning id",
  "insert into customers values (1,'zed','x'),(9,'ann','y'),(10,'new','z'),(11,'new','z') on conflict do nothing returning id, name",
  "insert into customers values (1,'ann','x') on conflict (id) do update set region = excluded.region || coalesce(customers.region,'-') returning *",
  "insert into customers values (77,'ann','x') on conflict (name) do update set region = 'via name', id = 78 returning *",
  'select * from customers order by id',
  "insert into customers values (2,'b','x'),(2,'c','y') on conflict (id) do update set region = excluded.region",
  "insert into customers values (20,'b','x'),(20,'c','y') on conflict (id) do update set region = excluded.region",
  "insert into customers values (2,'b','x'),(3,'cc','y') on conflict (id) do update set region = excluded.region where customers.region is null returning id, region",
  "insert into customers values (2,'cy','x') on conflict (id) do update set name = excluded.name",
  "insert into customers values (2,'qq','x') on conflict (name) do update set name = excluded.name",
  "insert into customers values (2,'qq','x') on conflict (id) do update set name = null",
  'update customers set id = id + 1',
  'select id, name from customers order by id',
  'update customers set id = id - 1 where id < 10 returning id, name',
  "update customers set name = 'same'",
  "update customers set name = name || '!' returning name",
  'update customers set region = null where false returning *',
  "update customers c set region = s.r from (values (2,'p'),(3,'q'),(99,'z')) s(i,r) where c.id = s.i returning c.id, c.region, s.r",
  'update customers set name = null where id = 2',
  "update customers set (name, region) = (select 'sub' || c2.id, c2.region from customers c2 where c2.id = customers.id) where id = 2 returning *",
  "with d as (delete from customers where id = 2 returning *) insert into customers select id, name || '?', region from d returning *",
  "with i as (insert into customers values (500,'five','x') returning id) select (select count(*) from customers where id = 500) as visible, id from i",
  'select count(*) from customers where id = 500',
  "with u as (update customers set region = 'cte' returning id) select count(*) from u",
  "with u as (update customers set region = 'a' where id=500 returning id), v as (update customers set region='b' where id=3 returning id) select u.id, v.id from u, v",
  'delete from customers using (values (500),(500)) s(i) where customers.id = s.i returning id',
  'delete from customers where id in (select id from customers order by id desc limit 1) returning id',
  "insert into customers select g, 'n' || g, case when g % 2 = 0 then 'even' end from generate_series(1000, 1010) g",
  'select region, count(*) from customers group by 1 order by 1',
  "insert into customers select id + 1, name || 'c', region from customers where id >= 1000",
  "insert into items select o, l, 'p' || l, l * 10 from generate_series(1,3) o, generate_series(1,3) l",
  'update items set line = line + 10 where order_id = 1',
  'update items set line = line - 1, quantity = quantity + 1 where order_id = 2 returning *',
  'update items set order_id = 3 where order_id = 2',
  'delete from items where quantity > 20 returning order_id, line',
  'select * from items order by 1, 2',
  'select i.*, c.name from items i left join customers c on c.id = i.order_id + 999 order by 1,2',
  "select id from customers where name = 'n1005'",
  "select id from customers where name in ('n1005','n1001','zz') order by name",
  'select id from customers where id between 1003 and 1006 and region is null order by id desc',
  'select id from customers where id = any(array[1003,5,1001]::bigint[]) order by id',
  "insert into heap values (1,'a'),(1,'a'),(2,'b')",
  'update heap set x = x + 1 where x = 1 returning *',
  "delete from heap where y = 'a' returning x",
  'select * from heap',
  "insert into t select g, g % 5, 'b' || (g % 3), g, timestamp '2020-01-01' + g * interval '1 day', g % 2 = 0 from generate_series(1,50) g",
  'select id from t where a = 3 order by id',
  "select b, c from t where b = 'b1' order by c desc limit 5",
  "select b, c from t where b = 'b1' and c > 30 order by c",
  "select id, d from t where active and d > timestamp '2020-02-10' order by d",
  'select t.id, u.id from t join customers u on u.id = t.c + 1000 order by 1',
  'update t set active = not active where a = 1 returning id, active',
  "select id from t where active and d < timestamp '2020-01-10' order by d",
  'select a, count(*) from t group by a order by a',
  'update t set a = null where id % 7 = 0',
  'select id from t where a is null order by id',
  'select id from t order by a desc, id limit 9',
  'select max(a), min(c) from t',
  'delete from t where id > 45 returning id',
  'select count(*) from t',
  'select id from t where id = 3 for update',
  'select t.id from t where a = 2 and exists (select 1 from items where items.quantity = t.c) order by 1',
  'select x.id, y.id from t x join t y on x.a = y.id where x.id < 10 order by 1, 2',
  'select 1/0 from t',
];

it('queries', async (test) => {
  if (client === undefined) return test.skip();
  for (const sql of queries) await compare(sql.replaceAll('@T', rows), new InMemoryStorage());
});

it('changes', async (test) => {
  if (client === undefined) return test.skip();
  const storage = new InMemoryStorage();
  for (const sql of changes) await compare(sql, storage);
});
