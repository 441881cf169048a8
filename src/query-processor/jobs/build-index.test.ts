/**
 * The build of an index against writers, in every order that chance finds: the index comes into being, slices begin, are filled and commit
 * between the statements and commits of two writers, of which some began before the index. Then the index must hold exactly the entries of the rows.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Datum } from '#sql/datum.ts';
import { defaultSettings } from '#sql/settings.ts';
import type { TableDescriptor } from '../catalog/descriptors.ts';
import { decodeJob, encodeJob, isFinished, type Job, jobKey } from '../catalog/job-rows.ts';
import { storedExpression } from '../catalog/schema-change/table-expressions.ts';
import { indexLayoutOf, layoutOf } from '../catalog/table-layout.ts';
import type { LocalSession } from '../session/session.ts';
import { MemoryCluster } from '../session/testing/memory-cluster.ts';
import { run } from '../session/testing/text-sink.ts';
import { commit, commitRequest } from '../transaction/commit.ts';
import { beginNodeTransaction } from '../transaction/node-transaction.ts';
import type { OpenTransaction } from '../transaction/open-transaction.ts';
import { buildIndexSlice } from './build-index.ts';
import type { JobWorkHost } from './table-work.ts';

let cluster: MemoryCluster;
let host: JobWorkHost;
beforeAll(async () => {
  cluster = await MemoryCluster.start();
  const typeContext = { settings: defaultSettings, transactionTimestamp: 0, names: undefined };
  host = {
    world: cluster.world,
    storage: cluster.replica,
    rowsPerSlice: 3,
    bindTableText: (catalog, table, text) =>
      storedExpression(
        { catalog, settings: defaultSettings, typeContext, currentUser: 'admin', parameterTypes: undefined, statementText: text },
        table,
        text,
      ),
  };
});
afterAll(async () => await cluster.stop());

/** A session that does as it is told, and takes conflicts as they come. */
class Writer {
  readonly #session = cluster.connect();
  #isOpen = false;

  async do(text: string): Promise<void> {
    if (!this.#isOpen) await this.#run('begin');
    this.#isOpen = true;
    await this.#run(text);
  }

  async end(): Promise<void> {
    if (this.#isOpen) await this.#run('commit');
    this.#isOpen = false;
  }

  close(): void {
    this.#session.close();
  }

  async #run(text: string): Promise<void> {
    const answer = (await run(this.#session, text)).at(-1) ?? '';
    if (answer.startsWith('ERROR') && !/^ERROR (40001|23505|25P02)/.test(answer)) throw new Error(`${text}: ${answer}`);
  }
}

/** The job's work in three steps that others may come between: a snapshot, the slice, its commit. */
class Builder {
  readonly #session: LocalSession = cluster.connect();
  readonly #create: string;
  #job: Job | undefined;
  #transaction: OpenTransaction | undefined;
  #next: Job | undefined;
  hasFoundDuplicate = false;

  constructor(create: string) {
    this.#create = create;
  }

  get isDone(): boolean {
    return this.hasFoundDuplicate || (this.#job !== undefined && isFinished(this.#job));
  }

  async step(): Promise<void> {
    if (this.isDone) return;
    if (this.#job === undefined) await this.#createIndex();
    else if (this.#transaction === undefined) this.#transaction = await beginNodeTransaction({ ...cluster, storage: cluster.replica });
    else if (this.#next === undefined) this.#fill(this.#job, this.#transaction);
    else await this.#commit(this.#next, this.#transaction);
  }

  close(): void {
    this.#session.close();
  }

  /** The job is made another runner's, so that the cluster leaves it to this one. */
  async #createIndex(): Promise<void> {
    await run(this.#session, 'begin');
    const [, id = ''] = await run(this.#session, this.#create);
    const { transaction } = this.#session.block;
    const row = transaction.overlay?.get(jobKey(id))?.value;
    if (row === undefined) throw new Error('no job');
    const job: Job = { ...decodeJob(row), status: 'processing', runner: 'the test' };
    transaction.write(jobKey(id), encodeJob(job), 'write');
    if ((await run(this.#session, 'commit'))[0] === 'COMMIT') this.#job = job;
  }

  #fill(job: Job, transaction: OpenTransaction): void {
    if (job.work.kind !== 'buildIndex') throw new Error('not a build');
    const catalog = this.#session.host.catalogs.at(transaction.snapshot);
    try {
      this.#next = buildIndexSlice(host, job, job.work, transaction, catalog);
    } catch (error) {
      if (!(error instanceof SqlError) || error.sqlstate !== sqlstate.uniqueViolation) throw error;
      this.hasFoundDuplicate = true;
    }
  }

  async #commit(next: Job, transaction: OpenTransaction): Promise<void> {
    transaction.write(jobKey(next.id), encodeJob(next), 'write');
    this.#transaction = undefined;
    this.#next = undefined;
    try {
      const request = commitRequest(transaction, cluster.world.random, cluster.world.clock.monotonicMs());
      if (request !== undefined) await commit(cluster.adjudicator, request);
      this.#job = next;
    } catch (error) {
      if (!(error instanceof SqlError) || error.sqlstate !== sqlstate.serializationFailure) throw error;
    }
  }
}

/** Entries as they should be, and as they are. */
async function entriesOf(session: LocalSession, table: string): Promise<{ readonly expected: string[]; readonly found: string[] }> {
  await run(session, `begin; select 1 from ${table}`);
  const { catalog, transaction } = session.block;
  const relation = catalog.relationByName(catalog.schemaByName('public')?.oid ?? 0, table);
  if (relation?.kind !== 'table') throw new Error('no table');
  const { storage } = host;
  const index = indexLayoutOf(relation, relation.indexes[0]);
  const print = (key: string, value: Uint8Array): string =>
    `${Buffer.from(key, 'latin1').toString('hex')} ${Buffer.from(value).toString('hex')}`;
  const rows = storage.scanKeys(transaction.snapshot, layoutOf(relation).rowRange, 10_000);
  const expected = rows.flatMap(({ key, value }) => {
    const fields = layoutOf(relation).decode(value);
    if (!isIndexed(relation, fields)) return [];
    const keys = relation.indexes[0].keys.map(({ attributeNumber }) => fields[attributeNumber - 1]);
    const entry = index.entry(keys, fields, key);
    return [print(entry.key, entry.value)];
  });
  const found = storage.scanKeys(transaction.snapshot, index.range, 10_000).map(({ key, value }) => print(key, value));
  await run(session, 'rollback');
  return { expected: expected.sort(), found: found.sort() };
}

/** The predicate of the partial index below. */
const isIndexed = (table: TableDescriptor, fields: readonly Datum[]): boolean =>
  table.indexes[0].predicateText === undefined || Number(fields[2]) > 2;

const id = fc.integer({ min: 1, max: 12 });
const small = fc.integer({ min: 0, max: 5 });
const rowChange = fc.oneof(
  fc.tuple(id, small, small).map(
    ([n, a, b]) =>
      (t: string) =>
        `insert into ${t} values (${n}, ${a}, ${b}) on conflict (id) do nothing`,
  ),
  fc.tuple(id, small).map(
    ([n, a]) =>
      (t: string) =>
        `update ${t} set a = ${a} where id = ${n}`,
  ),
  fc.tuple(id, small).map(
    ([n, b]) =>
      (t: string) =>
        `update ${t} set b = ${b} where id = ${n}`,
  ),
  fc.tuple(id, id).map(
    ([n, m]) =>
      (t: string) =>
        `update ${t} set id = ${m + 20} where id = ${n}`,
  ),
  id.map((n) => (t: string) => `delete from ${t} where id = ${n}`),
  small.map((a) => (t: string) => `delete from ${t} where a = ${a}`),
);
const change = fc.oneof(
  { weight: 20, arbitrary: rowChange },
  // Rows and entries get other key spaces: what the job had done is gone.
  { weight: 1, arbitrary: fc.constant((t: string) => `truncate ${t}`) },
);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'build' as const }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('change' as const), writer: fc.nat(1), text: change }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), writer: fc.nat(1) }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let tables = 0;

async function playOut(create: (table: string) => string, steps: readonly Step[]): Promise<void> {
  const table = `t${tables++}`;
  const session = cluster.connect();
  await run(session, `create table ${table} (id int primary key, a int, b int)`);
  await run(session, `insert into ${table} select n, n % 6, n % 4 from generate_series(1, 9) n`);
  const writers = [new Writer(), new Writer()];
  const builder = new Builder(create(table));
  for (const each of steps) {
    if (each.kind === 'build') await builder.step();
    else if (each.kind === 'change') await writers[each.writer].do(each.text(table));
    else await writers[each.writer].end();
  }
  for (const writer of writers) await writer.end();
  while (!builder.isDone) await builder.step();
  const { expected, found } = await entriesOf(session, table);
  if (!builder.hasFoundDuplicate) expect(found).toEqual(expected);
  for (const each of [...writers, builder, session]) each.close();
  await run(session, `drop table ${table}`);
}

describe('an index built beside writers holds exactly the entries of the rows', () => {
  it.each([
    ['plain', (table: string) => `create index async ${table}_i on ${table} (a)`],
    ['with columns beside its key', (table: string) => `create index async ${table}_i on ${table} (a) include (b)`],
    ['partial', (table: string) => `create index async ${table}_i on ${table} (a) where b > 2`],
    ['unique', (table: string) => `create unique index async ${table}_i on ${table} (id, a)`],
    ['unique, with duplicates', (table: string) => `create unique index async ${table}_i on ${table} (a, b)`],
  ])('%s', async (_, create) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => playOut(create, steps)),
      { numRuns: process.env.BOREALIS_LONG ? 2000 : 60 },
    );
  });
});
