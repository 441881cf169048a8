import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run, TextSink } from './testing/text-sink.ts';

let cluster: MemoryCluster;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
});
afterAll(async () => await cluster.stop());

describe('FETCH', () => {
  it('is described and run over the extended protocol, DECLARE with parameters too', async () => {
    const session = cluster.connect();
    await run(session, 'begin');
    await session.parse('', 'declare c cursor for select g, g * $1 as twice from generate_series(1, 5) g', [23]);
    await session.bind('', '', [], [Buffer.from('2')], []);
    await session.execute('', 0, new TextSink());
    await session.parse('fetching', 'fetch 2 from c', []);
    expect((await session.describeStatement('fetching')).fields?.map((field) => field.name)).toEqual(['g', 'twice']);
    const sink = new TextSink();
    await session.bind('p', 'fetching', [], [], [1]);
    const fields = await session.describePortal('p');
    expect(fields?.map((field) => field.format)).toEqual([1, 1]);
    sink.fields = fields ?? [];
    await session.execute('p', 0, sink);
    expect(sink.lines.at(-1)).toBe('FETCH 2');
    await session.bind('q', 'fetching', [], [], []);
    const next = new TextSink();
    next.fields = (await session.describePortal('q')) ?? [];
    await session.execute('q', 0, next);
    expect(next.lines).toEqual(['3|6', '4|8', 'NOTICE: not supported by Aurora DSQL: FETCH', 'FETCH 2']);
    await session.sync();
    await run(session, 'commit');
  });

  it('computes no more rows than asked for, and locks no others', async () => {
    const session = cluster.connect();
    await run(session, 'create table locked (id int primary key)');
    await run(session, 'insert into locked select generate_series(1, 100)');
    await run(session, 'begin');
    await run(session, 'declare l cursor for select id from locked order by id for update');
    await run(session, 'fetch 3 from l');
    const other = cluster.connect();
    expect(await run(other, 'delete from locked where id = 50')).toEqual(['DELETE 1']);
    expect(await run(session, 'commit')).toEqual(['COMMIT']);
  });

  it('goes on in a text of several statements, and a binary cursor answers in binary', async () => {
    const session = cluster.connect();
    const sink = new TextSink();
    await session.simpleQuery('begin; declare b binary cursor for select 7::int4; fetch b; close b; commit', sink);
    expect(sink.fields.map((field) => field.format)).toEqual([1]);
    expect(sink.lines.slice(-3)).toEqual(['NOTICE: not supported by Aurora DSQL: CLOSE CURSOR', 'CLOSE CURSOR', 'COMMIT']);
  });
});
