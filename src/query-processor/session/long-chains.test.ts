/** Long statements as programs write them: long is not deep. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
afterAll(async () => await cluster.stop());

const answer = async (text: string): Promise<readonly string[]> => (await run(cluster.connect(), text)).slice(1, -1);
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
const selects = (count: number, operator: string): string =>
  numbers(count)
    .map((n) => `select ${n} as n`)
    .join(` ${operator} `);

describe('a long chain of', () => {
  it('UNION ALL keeps its rows in order', async () => {
    expect(await answer(selects(3000, 'union all'))).toEqual(numbers(3000).map(String));
    expect(await answer(`select count(*) from (${selects(5000, 'union all')}) t`)).toEqual(['5000']);
  });

  it('UNION has each row once, and conditions and limits of the whole', async () => {
    expect(await answer(`${selects(1500, 'union')} union ${selects(1500, 'union')} order by n desc limit 2`)).toEqual(['1499', '1498']);
    expect(await answer(`select n from (${selects(1500, 'union')}) t where n between 700 and 702`)).toEqual(['700', '701', '702']);
  });

  it('several operations keeps their order', async () => {
    const text = `${selects(500, 'union all')} union all ${selects(500, 'union')} union all ${selects(300, 'union all')}`;
    expect(await answer(`select count(*), count(distinct n), max(n) from (${text}) t`)).toEqual(['800|500|499']);
    expect(await answer(`select count(*) from (${text} except select 7 intersect select 7) t`)).toEqual(['499']);
  });

  it('UNION ALL is of the type that its sides have in common, from where they do', async () => {
    const text = `${selects(100, 'union all')} union all select 0.5 union all ${selects(100, 'union all')} union all select null`;
    expect(await answer(`select sum(n), count(*), min(pg_typeof(n)::text) from (${text}) t`)).toEqual(['9900.5|202|numeric']);
    expect(await answer(`(${selects(100, 'union all')} union all select 0.5) offset 99`)).toEqual(['99', '0.5']);
  });

  it('|| is the text of its parts, or NULL with one of them', async () => {
    const parts = (of: string): string =>
      numbers(3000)
        .map((n) => (n % 2 === 0 ? of : `'${n % 10}'`))
        .join(' || ');
    expect(await answer(`select md5(${parts("'ab'")}) = md5(repeat('ab1ab3ab5ab7ab9', 300))`)).toEqual(['t']);
    expect(
      await answer(
        `select a, md5(${parts('a')}) = md5(repeat(replace('a1a3a5a7a9', 'a', a), 300)) from (values ('x'), ('yy'), (null)) t (a)`,
      ),
    ).toEqual(['x|t', 'yy|t', 'NULL|NULL']);
    expect(await answer(`select length(${parts("'ab'")} || 17 || ${parts("'ab'")} || null::int)`)).toEqual(['NULL']);
    expect(await answer(`select length(${parts("'ab'")} || 17 || ${parts("'ab'")})`)).toEqual(['9002']);
  });

  it('|| may be compared, assigned and grouped by', async () => {
    const session = cluster.connect();
    await run(session, 'create table note (id int primary key, body text)');
    await run(session, "insert into note values (1, 'a'), (2, 'b')");
    const chain = `body${" || 'x'".repeat(2000)}`;
    expect(await run(session, `update note set body = ${chain} where ${chain} like 'b%'`)).toEqual(['UPDATE 1']);
    expect(await run(session, `delete from note where ${chain} = 'a'`)).toEqual(['DELETE 0']);
    expect((await run(session, `select length(${chain}) from note group by ${chain} order by 1`)).slice(1, -1)).toEqual(['2001', '4001']);
  });

  it('UNION ALL in a view is printed as it was written', async () => {
    const session = cluster.connect();
    await run(session, `create view long_union as ${selects(300, 'union all')}`);
    expect((await run(session, 'select count(*) from long_union')).slice(1, -1)).toEqual(['300']);
    const [text] = (await run(session, `select replace(pg_get_viewdef('long_union'), chr(10), ' ')`)).slice(1, -1);
    expect(text.match(/UNION ALL/g)).toHaveLength(299);
    expect(text).not.toContain('(');
  });
});

describe('what is longer than the stack bears', () => {
  it.each([
    ['union all', selects(20_000, 'union all')],
    ['union all of others', `${selects(1500, 'union all select 1 union')} order by 1`],
    ['except', selects(2000, 'except')],
    ['+', `select ${'1 + '.repeat(2000)}1`],
    ['||', `select ${"'a' || ".repeat(20_000)}'a'`],
    ['|| of arrays', `select ${'array[1] || '.repeat(3000)}array[1]`],
  ])('ends with 54001: %s', async (_name, text) => {
    expect(await run(cluster.connect(), text)).toEqual(['ERROR 54001: stack depth limit exceeded']);
    expect(await answer('select 1')).toEqual(['1']);
  });
});
