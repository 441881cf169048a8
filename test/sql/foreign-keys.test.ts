/**
 * Foreign keys against PostgreSQL 16: random schemas, actions and operations, statement by statement. The same SQLSTATE and row count for
 * each, and the same rows behind it.
 */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import { SqlError } from '../../src/base/sql-error.ts';
import type { LocalSession } from '../../src/query-processor/session/session.ts';
import { MemoryCluster } from '../../src/query-processor/session/testing/memory-cluster.ts';
import { TextSink } from '../../src/query-processor/session/testing/text-sink.ts';

const columns = ['id', 'u', 'a', 'b'] as const;
type Column = (typeof columns)[number];

type Key = {
  readonly child: number;
  readonly childColumns: readonly Column[];
  readonly parent: number;
  readonly parentColumns: readonly Column[];
  readonly options: string;
};
type Operation = { readonly sql: string };
type Scenario = {
  /** For each table what its rows 1 to 4 refer to. */
  readonly tables: readonly (readonly string[])[];
  readonly keys: readonly Key[];
  readonly indexes: readonly string[];
  readonly operations: readonly Operation[];
};

const action = fc.constantFrom('NO ACTION', 'RESTRICT', 'CASCADE', 'CASCADE', 'SET NULL', 'SET DEFAULT');
const timing = fc.constantFrom('', '', 'DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED');

const keyOf = (tables: number): fc.Arbitrary<Key> =>
  fc
    .record({
      child: fc.nat(tables - 1),
      parent: fc.nat(tables - 1),
      shape: fc.constantFrom<readonly [readonly Column[], readonly Column[]]>(
        [['a'], ['id']],
        [['b'], ['id']],
        [['a'], ['u']],
        [['b'], ['u']],
        [['u'], ['u']],
        [['id'], ['id']],
        [
          ['a', 'b'],
          ['id', 'u'],
        ],
        [
          ['b', 'a'],
          ['u', 'id'],
        ],
      ),
      match: fc.constantFrom('', '', 'MATCH FULL'),
      onDelete: action,
      onUpdate: action,
      subset: fc.boolean(),
      timing,
    })
    .map(({ child, parent, shape: [childColumns, parentColumns], match, onDelete, onUpdate, subset, timing: when }) => {
      const hasSubset = subset && childColumns.length > 1 && onDelete.startsWith('SET');
      const set = hasSubset ? ` (${childColumns[0]})` : '';
      return {
        child,
        childColumns,
        parent,
        parentColumns,
        options: `${match} ON DELETE ${onDelete}${set} ON UPDATE ${onUpdate} ${when}`,
      };
    });

const value = fc.constantFrom('1', '2', '3', '4');
const reference = fc.constantFrom('1', '1', '2', '3', '4', 'NULL');
const maybe = fc.constantFrom('1', '2', '3', 'NULL');

const operationOf = (tables: number, keyCount: number): fc.Arbitrary<Operation> => {
  const table = fc.nat(tables - 1).map((number) => `t${number}`);
  const column = fc.constantFrom(...columns);
  const weighted = (weight: number, arbitrary: fc.Arbitrary<string>) => ({ weight, arbitrary });
  return fc
    .oneof(
      weighted(
        8,
        fc.tuple(table, value, maybe, maybe, maybe).map(([t, id, u, a, b]) => `INSERT INTO ${t} VALUES (${id}, ${u}, ${a}, ${b})`),
      ),
      weighted(
        2,
        fc.tuple(table, maybe, maybe).map(([t, a, b]) => `INSERT INTO ${t} VALUES (5, 5, ${a}, ${b}), (6, 6, 5, 5), (7, NULL, NULL, 6)`),
      ),
      weighted(
        2,
        fc
          .tuple(table, value, maybe, maybe)
          .map(
            ([t, id, u, a]) => `INSERT INTO ${t} VALUES (${id}, ${u}, ${a}) ON CONFLICT (id) DO UPDATE SET a = excluded.a, u = excluded.u`,
          ),
      ),
      weighted(
        8,
        fc.tuple(table, column, maybe, value).map(([t, c, to, id]) => `UPDATE ${t} SET ${c} = ${to} WHERE id = ${id}`),
      ),
      weighted(
        2,
        fc.tuple(table, maybe, value).map(([t, to, id]) => `UPDATE ${t} SET a = ${to}, b = ${to} WHERE id >= ${id}`),
      ),
      weighted(
        2,
        fc.tuple(table, value).map(([t, id]) => `UPDATE ${t} SET u = u + 10 WHERE id = ${id}`),
      ),
      weighted(
        2,
        fc.tuple(table, value).map(([t, id]) => `UPDATE ${t} SET id = id + 10 WHERE id = ${id}`),
      ),
      weighted(
        6,
        fc.tuple(table, value).map(([t, id]) => `DELETE FROM ${t} WHERE id = ${id}`),
      ),
      weighted(
        1,
        table.map((t) => `DELETE FROM ${t}`),
      ),
      weighted(
        3,
        fc
          .tuple(table, value, maybe)
          .map(
            ([t, id, a]) =>
              `WITH gone AS (DELETE FROM ${t} WHERE id = ${id} RETURNING u) INSERT INTO ${t} SELECT ${id} + 20, u, ${a}, NULL FROM gone`,
          ),
      ),
      weighted(
        3,
        fc
          .tuple(table, value, maybe)
          .map(
            ([t, id, a]) => `WITH gone AS (DELETE FROM ${t} WHERE id = ${id} RETURNING *) INSERT INTO ${t} SELECT id, u, ${a}, b FROM gone`,
          ),
      ),
      weighted(
        1,
        fc
          .tuple(table, table, value)
          .map(([s, t, id]) => `WITH gone AS (DELETE FROM ${s} WHERE id = ${id}) DELETE FROM ${t} WHERE u = ${id}`),
      ),
      weighted(4, fc.constantFrom('BEGIN', 'BEGIN', 'COMMIT', 'COMMIT', 'ROLLBACK')),
      weighted(1, fc.constantFrom('SAVEPOINT s', 'ROLLBACK TO s', 'RELEASE s')),
      weighted(1, fc.constantFrom('SET CONSTRAINTS ALL DEFERRED', 'SET CONSTRAINTS ALL IMMEDIATE')),
      weighted(
        1,
        fc
          .tuple(fc.nat(Math.max(0, keyCount - 1)), fc.constantFrom('DEFERRED', 'IMMEDIATE'))
          .map(([k, mode]) => `SET CONSTRAINTS k${k} ${mode}`),
      ),
    )
    .map((sql) => ({ sql }));
};

const scenario: fc.Arbitrary<Scenario> = fc.integer({ min: 1, max: 3 }).chain((tables) =>
  fc.array(keyOf(tables), { minLength: 1, maxLength: 4 }).chain((keys) =>
    fc.record({
      tables: fc.array(fc.array(reference, { minLength: 4, maxLength: 4 }), { minLength: tables, maxLength: tables }),
      keys: fc.constant(keys),
      indexes: fc.uniqueArray(
        fc.tuple(fc.nat(tables - 1), fc.constantFrom('a', 'b', 'b, a', 'a DESC, b')).map(([t, on]) => `CREATE INDEX ON t${t} (${on})`),
        { maxLength: 2 },
      ),
      operations: fc.array(operationOf(tables, keys.length), { minLength: 3, maxLength: 25 }),
    }),
  ),
);

/** Each row's number is in all of its keys, so that everything that the first rows refer to is there. */
function* statementsOf({ tables, keys, indexes, operations }: Scenario): Generator<string> {
  for (const [at, references] of tables.entries()) {
    yield `CREATE TABLE t${at} (id int PRIMARY KEY DEFAULT 3, u int UNIQUE DEFAULT 1, a int DEFAULT 1, b int DEFAULT 2, UNIQUE (id, u))`;
    yield `INSERT INTO t${at} VALUES ${references.map((to, row) => `(${row + 1}, ${row + 1}, ${to}, ${to})`).join(', ')}`;
  }
  for (const sql of indexes) yield sql;
  for (const [at, key] of keys.entries())
    yield `ALTER TABLE t${key.child} ADD CONSTRAINT k${at} FOREIGN KEY (${key.childColumns.join(', ')}) REFERENCES t${key.parent} (${key.parentColumns.join(', ')}) ${key.options}`;
  for (const { sql } of operations) yield sql;
}

async function askBorealis(session: LocalSession, sql: string): Promise<string> {
  const sink = new TextSink();
  try {
    await session.simpleQuery(sql, sink);
    session.takeNotices();
    return sink.lines.filter((line) => !/^(NOTICE|WARNING)/.test(line)).join('\n');
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `ERROR ${error.sqlstate} ${error.sqlstate === '23503' ? error.message : ''}`;
  }
}

async function askPostgres(client: pg.Client, sql: string): Promise<string> {
  try {
    const result = await client.query({ text: sql, rowMode: 'array', types: { getTypeParser: () => (text: string) => text } });
    const rows = result.rows.map((row: (string | null)[]) => row.map((item) => item ?? 'NULL').join('|'));
    const counted =
      result.rowCount === null ? result.command : `${result.command}${result.command === 'INSERT' ? ' 0' : ''} ${result.rowCount}`;
    return [...(result.fields.length > 0 ? [result.fields.map((field) => field.name).join('|')] : []), ...rows, counted].join('\n');
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined) throw error;
    return `ERROR ${code} ${code === '23503' ? message : ''}`;
  }
}

/** Of several rows' faults the one is told that is met first, and PostgreSQL goes by where rows lie. */
const hasManyRows = (sql: string): boolean => !/WHERE id = \d+$|^INSERT/.test(sql) || sql.startsWith('WITH');

const isConstraintError = (answer: string): boolean => answer.startsWith('ERROR 23');

/** What the two differ in; undefined: nothing. */
async function difference(name: string, test: Scenario, session: LocalSession, client: pg.Client): Promise<string | undefined> {
  const both = async (sql: string): Promise<readonly [string, string]> => [await askBorealis(session, sql), await askPostgres(client, sql)];
  for (const sql of ['ROLLBACK', `CREATE SCHEMA ${name}`, `SET search_path = ${name}`]) await both(sql);
  const rows = test.tables.map((_, at) => `SELECT ${at} AS t, * FROM t${at}`).join(' UNION ALL ');
  const told: string[] = [];
  try {
    for (const sql of statementsOf(test)) {
      const [ours, theirs] = await both(sql);
      told.push(`${sql};  -- ${theirs}`);
      if (hasManyRows(sql) && isConstraintError(ours) && isConstraintError(theirs)) continue;
      // The names of commands without rows differ in clients; what matters is whether they fail.
      if (ours !== theirs && (ours.startsWith('ERROR') || theirs.startsWith('ERROR') || /^(INSERT|UPDATE|DELETE)/.test(theirs)))
        return `${told.join('\n')}\n  Borealis: ${ours}`;
      const [left, right] = await both(`${rows} ORDER BY 1, 2`);
      if (left !== right) return `${told.join('\n')}\n  Borealis:\n${left}\n  PostgreSQL:\n${right}`;
    }
    return undefined;
  } finally {
    for (const sql of ['ROLLBACK', `DROP SCHEMA ${name} CASCADE`]) await both(sql);
  }
}

const numRuns = Number(process.env.FOREIGN_KEY_RUNS ?? 40);

describe('foreign keys', () => {
  let oracle: Oracle | undefined;
  let client: pg.Client;
  let cluster: MemoryCluster;
  beforeAll(async () => {
    oracle = await startPostgres();
    cluster = await MemoryCluster.start();
    if (oracle === undefined) return;
    client = new pg.Client(oracle);
    await client.connect();
    await client.query('SET client_min_messages = error');
  });
  afterAll(async () => {
    await client?.end();
    await cluster.stop();
    await oracle?.stop();
  });

  it(
    'answers as PostgreSQL does, whatever the schema and the operations',
    async (context) => {
      if (oracle === undefined) return context.skip();
      const session = cluster.connect();
      let number = 0;
      await fc.assert(
        fc.asyncProperty(scenario, async (test) => {
          expect(await difference(`run_${++number}`, test, session, client)).toBeUndefined();
        }),
        { numRuns, ...(process.env.SEED === undefined ? {} : { seed: Number(process.env.SEED) }) },
      );
      session.close();
      return undefined;
    },
    numRuns * 2000,
  );
});
