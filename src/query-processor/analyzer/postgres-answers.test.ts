/**
 * What PostgreSQL 16 answers to Parse and Describe: parameter types, result columns, or the error with its position and hints.
 * `testdata/postgres-answers.jsonl` holds a statement and its answer a line; RECORD_POSTGRES=1 asks a real PostgreSQL again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { SqlError } from '#base/sql-error.ts';
import { nameMarkedTypes } from '#sql/types/catalog-types.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { loadParser, parse } from '../parser/parse.ts';
import { analyzeQuery } from './analyze.ts';
import { rowTypeRelation } from './catalog-type.ts';
import { makeEnvironment, standardCatalog, tableDeclarations } from './testing/catalog-fixture.ts';

/** Columns as name:type[/typmod][@attribute of a table]. */
type Answer = {
  readonly params?: readonly number[];
  readonly columns?: readonly string[];
  readonly code?: string;
  readonly message?: string;
  readonly position?: number;
  readonly hint?: string;
  readonly detail?: string;
};
type Recorded = Answer & { readonly sql: string };

const file = new URL('./testdata/postgres-answers.jsonl', import.meta.url);
const read = (): Recorded[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Recorded => JSON.parse(line));

beforeAll(async () => {
  await loadParser();
  catalog = standardCatalog();
  if (process.env.RECORD_POSTGRES === '1') await record();
});

let catalog: Catalog;

function answer(sql: string): Answer {
  try {
    const statements = parse(sql);
    if (statements.length === 0) return {};
    if (statements.length > 1) return { code: '42601', message: 'cannot insert multiple commands into a prepared statement' };
    const query = analyzeQuery(statements[0], makeEnvironment(catalog, sql));
    const columns = query.output.map(
      ({ name, type, tableOid, attributeNumber }) =>
        `${name}:${type.oid}${type.typmod >= 0 ? `/${type.typmod}` : ''}${tableOid === 0 ? '' : `@${attributeNumber}`}`,
    );
    const hasResult = columns.length > 0 || query.command === 'SELECT';
    return {
      ...(query.parameterTypes.length === 0 ? {} : { params: query.parameterTypes.map(({ oid }) => oid) }),
      ...(hasResult ? { columns } : {}),
    };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    const { position, hint, detail } = error.fields;
    return {
      code: error.sqlstate,
      message: nameMarkedTypes(error.message, (oid) => rowTypeRelation(catalog, oid)?.name),
      ...(position === undefined ? {} : { position }),
      ...(hint === undefined ? {} : { hint }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
}

it('answers as PostgreSQL does', () => {
  const recorded = read();
  expect(recorded.length).toBeGreaterThan(800);
  const wrong: { sql: string; expected: Answer; actual: Answer }[] = [];
  for (const { sql, ...expected } of recorded) {
    const actual = answer(sql);
    if (JSON.stringify(sorted(actual)) !== JSON.stringify(sorted(expected))) wrong.push({ sql, expected, actual });
  }
  expect(wrong).toEqual([]);
});

const sorted = (given: Answer): readonly (readonly [string, unknown])[] => Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));

/** Parse and Describe each statement on a PostgreSQL that has the fixture's tables. */
async function record(): Promise<void> {
  const { startPostgres } = await import('../../../scripts/oracle.ts');
  const { default: pg } = await import('pg');
  const oracle = await startPostgres();
  if (oracle === undefined) throw new Error('there is no PostgreSQL to ask');
  const client = new pg.Client({ host: oracle.host, port: oracle.port, user: oracle.user, database: oracle.database });
  await client.connect();
  await client.query('create schema other; create table other.o (k int)');
  for (const [name, declaration] of Object.entries(tableDeclarations)) await client.query(`create table ${name} (${declaration})`);
  await client.query('create view v as SELECT a, b AS bb FROM t WHERE c > 1');
  const { connection } = client as unknown as { connection: RawConnection };
  const recorded: Recorded[] = [];
  for (const { sql } of read()) recorded.push({ sql, ...(await describe(connection, sql)) });
  await client.end();
  await oracle.stop();
  writeFileSync(file, `${recorded.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

type RawConnection = {
  on(event: string, listener: (message: RawMessage) => void): void;
  off(event: string, listener: (message: RawMessage) => void): void;
  listeners(event: string): ((message: RawMessage) => void)[];
  removeAllListeners(event: string): void;
  parse(query: { text: string; name: string; types: number[] }, more: boolean): void;
  describe(target: { type: string; name: string }, more: boolean): void;
  sync(): void;
};
type RawMessage = {
  readonly code: string;
  readonly message: string;
  readonly position?: string;
  readonly hint?: string;
  readonly detail?: string;
  readonly dataTypeIDs: number[];
  readonly fields: { name: string; dataTypeID: number; dataTypeModifier: number; tableID: number; columnID: number }[];
};

const events = ['errorMessage', 'rowDescription', 'readyForQuery', 'noData', 'parseComplete', 'parameterDescription'];

function describe(connection: RawConnection, sql: string): Promise<Answer> {
  return new Promise((resolve) => {
    let result: Answer = {};
    const saved = events.map((event) => ({ event, listeners: connection.listeners(event) }));
    for (const event of events) connection.removeAllListeners(event);
    connection.on('errorMessage', ({ code, message, position, hint, detail }) => {
      result = {
        code,
        message,
        ...(position === undefined ? {} : { position: Number(position) }),
        ...(hint === undefined ? {} : { hint }),
        ...(detail === undefined ? {} : { detail }),
      };
    });
    connection.on('parameterDescription', ({ dataTypeIDs }) => {
      if (dataTypeIDs.length > 0) result = { ...result, params: dataTypeIDs };
    });
    connection.on('rowDescription', ({ fields }) => {
      const columns = fields.map(
        ({ name, dataTypeID, dataTypeModifier, tableID, columnID }) =>
          `${name}:${dataTypeID}${dataTypeModifier >= 0 ? `/${dataTypeModifier}` : ''}${tableID === 0 ? '' : `@${columnID}`}`,
      );
      result = { ...result, columns };
    });
    connection.on('readyForQuery', () => {
      for (const event of events) connection.removeAllListeners(event);
      for (const { event, listeners } of saved) for (const listener of listeners) connection.on(event, listener);
      resolve(result);
    });
    connection.parse({ text: sql, name: '', types: [] }, true);
    connection.describe({ type: 'S', name: '' }, true);
    connection.sync();
  });
}
