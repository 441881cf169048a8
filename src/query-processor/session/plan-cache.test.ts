import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { liftLiterals, literalText } from '../parser/lift-literals.ts';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run, TextSink } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let cached: LocalSession;
let plain: LocalSession;

beforeAll(async () => {
  cluster = await MemoryCluster.start();
  const session = cluster.connect();
  for (const text of [
    'create table item (id int primary key, big bigint, small smallint, name varchar(10), note text, price numeric(8,2), ratio float8, flag boolean, day date, at timestamptz, key uuid, tags int[], span interval, span_year interval year)',
    'create table part (item_id int, number int, label char(4), primary key (item_id, number))',
    "insert into item select n, n * 10000000000, n % 100, 'name' || n, case when n % 3 = 0 then 'kept' else 'it''s' end, n * 1.5, n / 7.0, n % 2 = 0, date '2020-01-01' + n, timestamptz '2020-01-01 00:00+00' + n * interval '1 hour', ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, array[n, n + 1], n * interval '1 day', '1 year' from generate_series(1, 40) n",
    "insert into part select n % 10 + 1, n, 'p' || n from generate_series(1, 60) n",
    "create unique index async item_name on item (name) where note = 'kept'",
    'create index async item_day on item (day, big)',
  ])
    for (;;) {
      const [error] = (await run(session, text)).filter((line) => line.startsWith('ERROR'));
      // A job that builds an index may come in between.
      if (error?.includes('40001')) continue;
      expect(error).toBeUndefined();
      break;
    }
  for (let n = 0; n < 100; n++) {
    const [, pending] = await run(session, "select count(*) from sys.jobs where status not in ('completed', 'failed')");
    if (pending === '0') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  cached = cluster.connect();
  plain = cluster.connect();
  plain.plans.isOn = false;
});
afterAll(async () => await cluster.stop());

/** All that a client can see of a statement, and then as if it had not been. */
async function seen(session: LocalSession, text: string): Promise<unknown> {
  const sink = new TextSink();
  await session.simpleQuery('begin', new TextSink());
  let error: unknown;
  try {
    await session.simpleQuery(text, sink);
  } catch (raised) {
    if (!(raised instanceof SqlError)) throw raised;
    error = { code: raised.sqlstate, message: raised.message, ...raised.fields };
  }
  const fields = sink.fields.map(({ name, type, tableOid, attributeNumber, length }) => ({
    name,
    type,
    tableOid,
    attributeNumber,
    length,
  }));
  const answer = { fields, lines: sink.lines, notices: session.takeNotices(), error };
  let after: readonly string[] = [];
  if (error === undefined && !/^\s*select/i.test(text))
    after = await run(session, 'select * from item full join part on id = item_id order by 1, item_id, number');
  await session.simpleQuery('rollback', new TextSink());
  return { ...answer, after };
}

async function same(text: string): Promise<void> {
  const expected = await seen(plain, text);
  expect(await seen(cached, text), text).toEqual(expected);
}

/** A sequence that is the same each time. */
function choices(seed: number): <Item>(items: readonly Item[]) => Item {
  let state = seed;
  return (items) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return items[(state >>> 8) % items.length];
  };
}

const numbers = [
  '0',
  '1',
  '7',
  '42',
  '007',
  '-3',
  '- 3',
  '- -3',
  '2147483647',
  '2147483648',
  '-2147483648',
  '-2147483649',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '1.5',
  '.5',
  '2.',
  '1e2',
  '1E-1',
  '-0',
  '-0.0',
  '99999999999999999999',
  '1_000',
  '0x1f',
  '1.5e400',
];
const strings = [
  "'7'",
  "'name7'",
  "'it''s'",
  "''",
  "'x'",
  "'kept'",
  "'2020-01-05'",
  "'2020-02-30'",
  "'now'",
  "'today'",
  "'infinity'",
  "'t'",
  "'true'",
  "'1 day'",
  "'1'",
  "'{1,2}'",
  "'{'",
  "'00000000-0000-0000-0000-000000000007'",
  "'NaN'",
  "'ünïcödé'",
  "E'it\\'s'",
  "'a longer text than ten'",
  '$$7$$',
  "'12:30'",
  "'1e3'",
  "' 7 '",
  "'a'\n'b'",
  "'%'",
  'null',
  'true',
  "'[1]'",
];
const all = [...numbers, ...strings];
const columns = ['id', 'big', 'small', 'name', 'note', 'price', 'ratio', 'flag', 'day', 'at', 'key', 'tags', 'span', 'span_year'];

/** ? a number or string, # a number, @ a string, ~ a column. */
const templates = [
  'select id, ~ from item where ~ = ? order by id',
  'select id from item where ~ <> ? and id < # order by id',
  'select ~ from item where id = #',
  'select ~ as x from item where # = id',
  'select id from item where id in (#, #, #) order by id',
  'select id from item where ~ in (?, ?)',
  'select id from item where ~ not in (?, ?) order by id',
  'select id from item where ~ between ? and ? order by id',
  'select id from item where id between # and # and ~ > ? order by id desc',
  'select id + #, # from item where id < # order by 1',
  'select id, count(*) + # from item where id > # group by id + #, id order by #',
  'select id + # from item where id > # group by id + # order by 1',
  'select ~, @ from item where id = # union all select ~, @ from item where id = #',
  'select distinct id % # from item where id > # order by id % #',
  'select id from item where name = @ and note = @',
  "select id from item where note = 'kept' and name = @",
  'select id from item where name like @ and id > #',
  'select id from item where id > # order by id limit # offset #',
  'select id from item where id > # order by id fetch first # rows only',
  'select (select count(*) from part where item_id = i.id and number > #) from item i where i.id = #',
  'select i.id, p.number from item i join part p on p.item_id = i.id and p.number <> # where i.id = # order by 2',
  'select i.id, p.number from item i left join part p on p.item_id = i.id and p.label = @ where i.id < # order by 1, 2',
  'with c as (select * from item where ~ = ?) select id from c where id <> # order by id',
  'select * from (select id, name, price from item where price < # and id > 3) cheap where id > # and price < # order by id',
  'select id from item where (id, ~) = (#, ?)',
  'select number from part where (item_id, number) > (#, #) order by item_id, number',
  'select number from part where (item_id, number) in ((#, #), (#, #))',
  'select id from item where day = date @',
  'select id from item where at > timestamptz @ order by id',
  'select id from item where id = @::int',
  'select id from item where key = uuid @ or id = #',
  'select id from item where span = interval @',
  'select id from item where span_year = interval @ year',
  'select id from item where #= # and id = #',
  'select id from item where 10 / # > id order by id',
  'select id from item where id / # > 1 order by id',
  'select id from item where id = # / #',
  'select id from item where id = # + # or not (id = #)',
  'select id from item where ~ = any (@)',
  'select id from item where id = any (array[#, #])',
  'select id from item where flag = @ and id = #',
  'select id from item where flag and ~ is distinct from ?',
  'select id from item where coalesce(~, ?) = ?',
  'select id from item where lower(name) = @ or substr(note, #, #) = @',
  'select id from item where case when id = # then # else 1 / # end = #',
  'select id, /* # @ */ "name" from item where id = # -- 7',
  'select id from item where exists (select from part where item_id = id and number = #)',
  'select id from item where id in (select item_id from part where number < # and label = @) order by id',
  'select id from item where ~ + # = ?',
  'select nothing from item where id = #',
  'select id from item where nothing = @',
  'select id from item where id = # and',
  'select id from item where ~ || @ = @',
  'select sum(id) filter (where id > #) from item having count(*) > #',
  'select id from item where id = # for update',
  'select id from item where row_number() over () = #',
  'select id from item where sum(id) = #',
  'select * from item where id = # order by nothing',
  'select * from generate_series(1, 9) g where g > # order by 1',
  'select id from only item where id = #',
  'update item set ~ = ? where id = #',
  'update item set ~ = ?, ~ = ? where id = #',
  'update item set big = big + #, small = small - # where id = #',
  'update item set price = price * # where id < #',
  'update item set price = price / #, name = @ where id > #',
  'update item set name = name || @ where id = #',
  'update item set name = @::varchar, note = @::text where id = # returning id, name, #',
  'update item set (name, note) = (@, @) where id = #',
  'update item set id = id + # where id = #',
  'update item set big = (select max(number) + # from part where number < #) where id = #',
  'update part set label = @ from item where id = item_id and ~ = ?',
  'insert into item (id, ~) values (#, ?)',
  'insert into item (id, ~) values (#, ?), (#, ?) returning *',
  'insert into item (id, name, price) values (#, @, #), (#, @, #)',
  'insert into item values (#, #, #, @)',
  'insert into item (id, name) values (#, @) on conflict (id) do update set name = excluded.name || @, big = item.big + # where item.id > #',
  'insert into item (id, name) values (#, default), (# + #, @)',
  'insert into item (id, day) values (#, date @)',
  'insert into item (id, name) select #, name from item where id = #',
  'insert into part (item_id, number, label) values (#, #, @)',
  'delete from item where ~ = ?',
  'delete from part using item where id = item_id and item_id = # and number > #',
  'delete from item where id = # returning ~',
  'explain select id from item where id = #',
  'values (#, @)',
  'select #',
  'select @ as x, #',
  'set extra_float_digits = #',
  'table item',
];

describe('lifting', () => {
  it('cuts literals out and keeps all else', () => {
    const shapeOf = (text: string): string | undefined => liftLiterals(text)?.shape.replaceAll('\x01', '$');
    expect(shapeOf("select a1, 'it''s', 12, 1.5e3 from \"t 7\" where b = 'x' -- 'y' 8")).toBe(
      'select a1, $s, $i, $n from "t 7" where b = $s -- \'y\' 8',
    );
    expect(shapeOf("select E'7', b'1', 2147483647, 2147483650, 9223372036854775807, 9223372036854775809")).toBe(
      "select E'7', b'1', $i, $l, $l, $n",
    );
    for (const text of [
      'select 2147483648',
      'select $1, 2',
      'select $$x$$, 2',
      'select 1x',
      'select 1_0',
      'select 0xff',
      'select 1..2',
      "select 'x",
      'select "x',
      'select a',
      'select 1e',
    ])
      expect(shapeOf(text), text).toBeUndefined();
    expect(literalText("select 'it''s'", 7, 14)).toBe("it's");
  });
});

describe('plans by shape', () => {
  it('are shared by texts that differ in literals', async () => {
    const session = cluster.connect();
    const first = session.plans.find("select name from item where id = 7 and note <> 'x'");
    const second = session.plans.find("select name from item where id = 12345 and note <> 'another''s'");
    expect(second?.statement).toBe(first?.statement);
    expect(session.plans.find("select name from item where id = 12345678901 and note <> 'x'")?.statement).not.toBe(first?.statement);
    for (const text of ['select 7', "select name from item where name like 'x%'", 'set work_mem = 7', "select 'x' union select 'y'"])
      expect(session.plans.find(text), text).toBeUndefined();
    // What stays is part of the key.
    const limited = session.plans.find('select name from item where id > 7 limit 3');
    expect(session.plans.find('select name from item where id > 8 limit 3')?.statement).toBe(limited?.statement);
    expect(session.plans.find('select name from item where id > 8 limit 4')?.statement).not.toBe(limited?.statement);
  });

  it('keep literals as written that an index condition may ask for', async () => {
    const session = cluster.connect();
    await run(session, "select id from item where note = 'kept' and name = 'name3'");
    const kept = session.plans.find("select id from item where note = 'kept' and name = 'name3'");
    expect(session.plans.find("select id from item where note = 'kept' and name = 'name6'")?.statement).toBe(kept?.statement);
    expect(session.plans.find("select id from item where note = 'other' and name = 'name6'")?.statement).not.toBe(kept?.statement);
  });

  it('notice another catalog and other settings', async () => {
    const session = cluster.connect();
    await run(session, 'create table changing (a int, b int)');
    await run(session, 'insert into changing values (1, 2)');
    expect(await run(session, 'select * from changing where a = 1')).toEqual(['a|b', '1|2', 'SELECT 1']);
    await run(session, 'drop table changing');
    expect(await run(session, 'select * from changing where a = 2')).toEqual(['ERROR 42P01: relation "changing" does not exist']);
    await run(session, 'create table changing (a text, at timestamptz)');
    await run(session, "insert into changing values ('1', '2020-01-01 00:00+00')");
    expect(await run(session, "select a from changing where at = '2020-01-01'")).toEqual(['a', '1', 'SELECT 1']);
    await run(session, "set timezone = 'Asia/Tokyo'");
    expect(await run(session, "select a from changing where at = '2020-01-01'")).toEqual(['a', 'SELECT 0']);
    expect(await run(session, 'select a from changing where a = 1')).toEqual(['ERROR 42883: operator does not exist: text = integer']);
  });

  it('forget what has not been used for long', async () => {
    const session = cluster.connect();
    for (let n = 0; n < 300; n++) await run(session, `select id as c${n} from item where id = 7`);
    expect(session.plans.size).toBeLessThanOrEqual(256);
  });
});

describe('an answer with the cache is the answer without', () => {
  it('where a literal means more than its value', async () => {
    for (const text of [
      "insert into item (id, span_year) values (101, '7')",
      "insert into item (id, span_year) values (102, '3')",
      "update item set span_year = '7' where id = 1",
      "update item set span_year = '3' where id = 2",
      "update item set span_year = interval '3' where id = 2",
      "update item set flag = 't' where id = 1",
      "update item set flag = 'f' where id = 2",
      "update item set name = 'short' where id = 2",
      "update item set name = 'much too long a name' where id = 3",
      "select id from item where id = 1 and 1 = 1 and name = 'name1'",
      "select id from item where id = 1 and 1 = 0 and name = 'name1'",
      'select id / 2 from item where id = 1',
      'select id / 0 from item where id = 1',
      'update item set big = big / 2 where id = 1',
      'update item set big = big / 0 where id = 1',
      "select id from item where at > 'now'",
      "select id from item where at > 'tomorrow' and id = 3",
      'select id from item where price = 1.5',
      'select id from item where id = 1.5',
      'select id from item where small = 1',
      'select id from item where small = 32768',
      'insert into item (id, small) values (201, 7)',
      'insert into item (id, small) values (202, 32768)',
      "select id from item where id = '7'",
      "select id from item where id = 'x7'",
      "/* ü */ select id from item where name = 'ü' and id = '8'",
      "/* ü */ select id from item where name = 'üü' and id = 'x8'",
    ])
      await same(text);
  });

  for (const seed of [1, 2])
    it(`seed ${seed}`, async () => {
      const choose = choices(seed * 7919);
      for (const template of templates)
        for (let n = 0; n < 4; n++) {
          const text = template.replace(/[?#@~]/g, (mark) =>
            choose(mark === '?' ? all : mark === '#' ? (n < 2 ? numbers.slice(0, 4) : numbers) : mark === '@' ? strings : columns),
          );
          await same(text);
        }
    });
});
