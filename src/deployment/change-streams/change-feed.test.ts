/** Change streams against the tables that they tell of: applied to nothing they give the table, in every Region, however they are broken off. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryDisk, realWorld, silentLog } from '#base/real-world.ts';
import type { Cluster } from '../cluster.ts';
import { clusterId, connectTo as connect, openCluster, regions } from '../cluster-fixture.ts';
import { query } from '../query-fixture.ts';
import { type FeedStart, PlaceGone, type StreamedChange } from './change-feed.ts';
import { placeOf, type StreamPlace } from './stream-place.ts';

const [east, west] = regions;
const opened: Cluster[] = [];
afterEach(async () => {
  for (const cluster of opened.splice(0)) await cluster.close();
});

async function open(): Promise<Cluster> {
  const cluster = await openCluster(realWorld({ log: silentLog, disk: memoryDisk() }), 3_600_000);
  opened.push(cluster);
  return cluster;
}

const startOf = (place: StreamPlace): FeedStart => ({ place, mayBeGone: false });

async function read(cluster: Cluster, region: string, start: FeedStart, calls = Number.POSITIVE_INFINITY): Promise<StreamedChange[]> {
  const feed = cluster.changeFeed(region, clusterId, start);
  if (feed === undefined) throw new Error('the Region is down');
  const found: StreamedChange[] = [];
  try {
    for (let call = 0; call < calls; call++) {
      const changes = await feed.next(0);
      if (changes === undefined || changes.length === 0) break;
      found.push(...changes);
    }
  } finally {
    feed.close();
  }
  return found;
}

type Row = Readonly<Record<string, unknown>>;
type Told = {
  readonly op: string;
  readonly before: Row | null;
  readonly after: Row | null;
  readonly source: Readonly<Record<string, unknown>>;
};
const told = ({ record }: StreamedChange): Told => JSON.parse(record);

/** What a consumer has of one table after all of it. */
function applied(changes: readonly StreamedChange[], table: string, key: string): Row[] {
  const rows = new Map<unknown, Row>();
  for (const { op, before, after, source } of changes.map(told)) {
    if (source.table !== table) continue;
    if (op === 't') rows.clear();
    else if (op === 'd') {
      if (!rows.delete(before?.[key])) throw new Error('a row goes that never came');
    } else {
      if (after === null) throw new Error('a row without its image');
      if (rows.has(after[key]) !== (op === 'u')) throw new Error(`${op} of a row that is ${op === 'u' ? 'not there' : 'there'}`);
      rows.set(after[key], after);
    }
  }
  return [...rows.values()].sort((a, b) => Number(a[key]) - Number(b[key]));
}

const statement = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.nat(9), fc.nat(99)).map(([k, v]) => `INSERT INTO t VALUES (${k}, ${v}) ON CONFLICT (k) DO NOTHING`) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(9), fc.nat(99)).map(([k, v]) => `INSERT INTO t VALUES (${k}, ${v}) ON CONFLICT (k) DO UPDATE SET v = 7`),
  },
  { weight: 5, arbitrary: fc.nat(9).map((k) => `UPDATE t SET v = v + 1 WHERE k >= ${k}`) },
  { weight: 5, arbitrary: fc.nat(9).map((k) => `DELETE FROM t WHERE k = ${k}`) },
  {
    weight: 2,
    arbitrary: fc.nat(9).map((k) => `UPDATE t SET k = k + 10 WHERE k = ${k} AND NOT EXISTS (SELECT FROM t WHERE k = ${k} + 10)`),
  },
);
const transaction = fc.oneof(
  { weight: 12, arbitrary: fc.array(statement, { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant(['TRUNCATE t']) },
  { weight: 1, arbitrary: fc.constant(['ALTER TABLE t ALTER COLUMN v TYPE int8']) },
  { weight: 1, arbitrary: fc.constant(['ALTER TABLE t ALTER COLUMN v TYPE int4']) },
  { weight: 1, arbitrary: fc.nat(1_000).map((n) => [`ALTER TABLE t ADD COLUMN c${n} int DEFAULT 5`, `ALTER TABLE t DROP COLUMN c${n}`]) },
);

describe('a change stream', () => {
  it('applied to an empty table gives the table, the same in both Regions, wherever reading is broken off', {
    timeout: 30_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(transaction, { minLength: 5, maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        async (transactions, calls) => {
          const cluster = await open();
          const session = connect(cluster);
          const start = startOf(cluster.journalEnd);
          await query(session, 'CREATE TABLE t (k int PRIMARY KEY, v int)');
          await query(session, 'CREATE INDEX ON t (v)');
          for (const statements of transactions) {
            if (statements.length === 1) await query(session, statements[0]);
            else
              for (const text of statements[0].startsWith('ALTER') ? statements : ['BEGIN', ...statements, 'COMMIT'])
                await query(session, text);
          }
          const inEast = await read(cluster, east, start);
          expect(applied(inEast, 't', 'k')).toEqual((await query(session, 'SELECT k, v FROM t ORDER BY k')).map(([k, v]) => ({ k, v })));

          const inWest: StreamedChange[] = [];
          for (let from = start; ; ) {
            const part = await read(cluster, west, from, calls);
            // Broken off anywhere within what has come: the rest is asked for again.
            const kept = part.slice(0, Math.ceil(part.length / 2));
            if (kept.length === 0) break;
            inWest.push(...kept);
            const place = placeOf(kept[kept.length - 1].place, start.place.journalId);
            if (place === undefined) throw new Error('a place is of its journal');
            from = startOf(place);
          }
          expect(inWest.map((change) => [change.place, { ...told(change), ts_ms: 0, ts_ns: 0 }])).toEqual(
            inEast.map((change) => [change.place, { ...told(change), ts_ms: 0, ts_ns: 0 }]),
          );
          session.close();
          await cluster.close();
          opened.splice(opened.indexOf(cluster), 1);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('tells the net effect of a transaction, with the schema of its commit', async () => {
    const cluster = await open();
    const session = connect(cluster);
    const start = startOf(cluster.journalEnd);
    for (const text of [
      'CREATE SCHEMA s',
      'CREATE TABLE s.a (id int PRIMARY KEY, n numeric, note text)',
      "BEGIN; INSERT INTO s.a VALUES (1, 1.50, 'x'), (2, NULL, 'y'); DELETE FROM s.a WHERE id = 2; UPDATE s.a SET note = 'z'; COMMIT",
      'ALTER TABLE s.a RENAME COLUMN note TO remark',
      'ALTER TABLE s.a ADD COLUMN more int8 DEFAULT 9007199254740993',
      'UPDATE s.a SET id = 3',
      'CREATE TABLE bare (v int)',
      'INSERT INTO bare VALUES (5)',
      'DELETE FROM bare',
      "BEGIN; DELETE FROM s.a; INSERT INTO s.a VALUES (3, 2, 'w', 0); COMMIT",
      'DROP TABLE s.a',
    ])
      await query(session, text);
    const changes = await read(cluster, east, start);
    expect(changes.map(told).map(({ op, before, after, source }) => [op, before, after, `${source.schema}.${source.table}`])).toEqual([
      ['c', null, { id: 1, n: '1.50', note: 'z' }, 's.a'],
      ['d', { id: 1 }, null, 's.a'],
      ['c', null, { id: 3, n: '1.50', remark: 'z', more: Number('9007199254740993') }, 's.a'],
      ['c', null, { v: 5 }, 'public.bare'],
      ['d', null, null, 'public.bare'],
      ['u', null, { id: 3, n: '2', remark: 'w', more: 0 }, 's.a'],
    ]);
    expect(changes[2].record).toContain('"more":9007199254740993}');
    const { source } = told(changes[0]);
    expect(source).toMatchObject({ version: '1.0', db: 'postgres', cluster: clusterId });
    expect(source.txId).toMatch(/^[a-z2-7]{26}$/);
    expect(changes[0].record).toContain(`"ts_ms":${source.ts_ms},"ts_ns":${source.ts_ms}`);
    session.close();
  });

  it('writes every type as Aurora DSQL does', async () => {
    const cluster = await open();
    const session = connect(cluster);
    const start = startOf(cluster.journalEnd);
    await query(
      session,
      `CREATE TABLE v (b bool, s int2, l int8, f float4, d float8, n numeric, t text, c char(5), y bytea, u uuid, da date, ti time, tz timetz, ts timestamp,
         tt timestamptz, i interval, j json, jb jsonb, a int[])`,
    );
    await query(
      session,
      `INSERT INTO v VALUES (true, -3, 9223372036854775807, 0.1, 'NaN', 'Infinity', E'a\\n"', 'ab', '\\x0001ff', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
         '1970-01-02', '00:00:01', '00:30:00+01', '1970-01-01 00:00:01', '1970-01-01 00:00:00+00', '1 mon 1 day 1 sec', '{"a": 1}', '{"a":1}', '{1,NULL}'),
        (NULL, NULL, NULL, '-Infinity', 1e300, 1.10, NULL, NULL, NULL, NULL, 'infinity', NULL, NULL, '-infinity', NULL, '178000000 years', NULL, NULL, NULL)`,
    );
    const [first, second] = (await read(cluster, east, start)).map(({ record }) => /"after":(\{.*\}),"source"/.exec(record)?.[1]);
    expect(first).toBe(
      '{"b":true,"s":-3,"l":9223372036854775807,"f":0.1,"d":"NaN","n":"Infinity","t":"a\\n\\"","c":"ab","y":"AAH/","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",' +
        '"da":1,"ti":1000000,"tz":84600000000,"ts":1000000,"tt":0,"i":2678401000000,"j":"{\\"a\\": 1}","jb":"{\\"a\\": 1}","a":"{1,NULL}"}',
    );
    expect(JSON.parse(second ?? '')).toMatchObject({
      f: '-Infinity',
      d: 1e300,
      n: '1.10',
      da: 'infinity',
      ts: '-infinity',
      i: null,
      t: null,
    });
    session.close();
  });

  it('waits for changes, and ends when the cluster is closed', async () => {
    const cluster = await open();
    const session = connect(cluster);
    await query(session, 'CREATE TABLE w (v int PRIMARY KEY)');
    const feed = cluster.changeFeed(west, clusterId, startOf(cluster.journalEnd));
    const waiting = feed?.next(20_000);
    await query(session, 'INSERT INTO w VALUES (1)');
    expect((await waiting)?.map(told).map(({ op }) => op)).toEqual(['c']);
    expect(cluster.isBusy).toBe(true);
    const more = feed?.next(20_000);
    session.close();
    await cluster.close();
    expect(await more).toBeUndefined();
  });

  it('says that a place is gone when the journal no longer holds it, and begins with what there is where it may', async () => {
    const cluster = await open();
    const session = connect(cluster);
    const start = cluster.journalEnd;
    await query(session, 'CREATE TABLE w (v int PRIMARY KEY)');
    await query(session, 'INSERT INTO w VALUES (1)');
    const gone = { ...start, position: 0 };
    await expect(read(cluster, east, startOf(gone))).rejects.toThrow(PlaceGone);
    expect((await read(cluster, east, { place: gone, mayBeGone: true })).map(told).map(({ op }) => op)).toEqual(['c']);
    session.close();
  });
});
