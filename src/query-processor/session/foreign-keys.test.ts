/** Foreign keys as the session runs them: what they put into the commit request, what they ask of storage, and where limits fall. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KeyMode } from '#adjudicator/adjudicator.ts';
import { descriptorKey, isSchemaKey, writtenKey } from '#sql/spaces.ts';
import type { LocalSession } from './session.ts';
import { MemoryCluster } from './testing/memory-cluster.ts';
import { run } from './testing/text-sink.ts';

let cluster: MemoryCluster;
let session: LocalSession;
beforeEach(async () => {
  cluster = await MemoryCluster.start();
  session = cluster.connect();
});
afterEach(async () => {
  session.close();
  await cluster.stop();
});

/** The last line of each statement's answer. */
async function all(...statements: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const statement of statements) answers.push((await run(session, statement)).at(-1) ?? '');
  return answers;
}

async function oidOf(table: string): Promise<number> {
  const lines = await run(session, `SELECT '${table}'::regclass::oid`);
  return Number(lines[1]);
}

const last = () => cluster.adjudicator.requests[cluster.adjudicator.requests.length - 1];
const space = (key: string): number =>
  key.charCodeAt(0) * 2 ** 24 + (key.charCodeAt(1) << 16) + (key.charCodeAt(2) << 8) + key.charCodeAt(3);

/** Modes in which the last request uses rows of the table. */
function modesOf(tableOid: number): KeyMode[] {
  const { writes, marks } = last();
  return [...writes, ...marks].filter(({ key }) => space(key) === tableOid).map(({ mode }) => mode);
}

const usesDescriptor = (tableOid: number): boolean =>
  last().marks.some(({ key, mode }) => isSchemaKey(key) && key === descriptorKey(tableOid) && mode === 'read');

describe('commit request', () => {
  beforeEach(async () => {
    await all(
      'CREATE TABLE parent (id int PRIMARY KEY, code int UNIQUE, note text)',
      'CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE, code int REFERENCES parent (code) DEFERRABLE INITIALLY DEFERRED)',
      "INSERT INTO parent VALUES (1, 10, 'x'), (2, 20, 'y')",
    );
  });

  it('marks the row of the parent, whichever of its keys is referred to, and names its table', async () => {
    const parent = await oidOf('parent');
    await all('INSERT INTO child VALUES (1, 1, 20)');
    expect(modesOf(parent)).toEqual(['share', 'share']);
    expect(usesDescriptor(parent)).toBe(true);
    await all('UPDATE child SET parent_id = 2');
    expect(modesOf(parent)).toEqual(['share']);
  });

  it('marks nothing for a child that keeps its parent, or has none', async () => {
    const parent = await oidOf('parent');
    await all('INSERT INTO child VALUES (1, NULL, NULL)');
    expect(modesOf(parent)).toEqual([]);
    await all('INSERT INTO child VALUES (2, 1, 10)', 'UPDATE child SET id = 3 WHERE id = 2');
    expect(modesOf(parent)).toEqual([]);
  });

  it('writes a parent whose other columns change in a mode that children do not meet', async () => {
    const parent = await oidOf('parent');
    const child = await oidOf('child');
    await all("UPDATE parent SET note = 'z' WHERE id = 1");
    expect(modesOf(parent)).toEqual(['update']);
    expect(usesDescriptor(child)).toBe(false);
    await all('UPDATE parent SET code = 11 WHERE id = 1');
    expect(modesOf(parent)).toEqual(['write']);
    expect(usesDescriptor(child)).toBe(true);
  });

  it('writes the rows that an action changes', async () => {
    const child = await oidOf('child');
    await all('INSERT INTO child VALUES (1, 1, NULL), (2, 1, NULL), (3, 2, NULL)');
    expect(await all('DELETE FROM parent WHERE id = 1')).toEqual(['DELETE 1']);
    expect(modesOf(child)).toEqual(['write', 'write']);
    expect(last().marks.some(({ key, mode }) => key === writtenKey(child) && mode === 'share')).toBe(true);
  });

  it('keeps writers of both tables out while rows from before are checked', async () => {
    await all('CREATE TABLE older (parent_id int)', 'ALTER TABLE older ADD FOREIGN KEY (parent_id) REFERENCES parent');
    const excluded = last().marks.filter(({ mode }) => mode === 'write');
    expect(excluded.map(({ key }) => key).sort()).toEqual([writtenKey(await oidOf('parent')), writtenKey(await oidOf('older'))].sort());
    await all('ALTER TABLE older ADD FOREIGN KEY (parent_id) REFERENCES parent NOT VALID');
    expect(last().marks.filter(({ mode }) => mode === 'write')).toEqual([]);
  });

  it('says nothing more of tables without foreign keys', async () => {
    await all('CREATE TABLE plain (id int PRIMARY KEY)');
    const plain = await oidOf('plain');
    await all('INSERT INTO plain VALUES (1), (2)');
    expect(last().writes.length).toBe(2);
    expect(
      last()
        .marks.map(({ key }) => key)
        .sort(),
    ).toEqual([descriptorKey(plain), writtenKey(plain)].sort());
  });
});

describe('sets', () => {
  it('asks for all the children of a statement at once, by an index of theirs', async () => {
    await all(
      'CREATE TABLE parent (id int PRIMARY KEY)',
      'CREATE TABLE child (id int PRIMARY KEY, other int, parent_id int REFERENCES parent)',
      'CREATE INDEX by_parent ON child (parent_id, other)',
      'INSERT INTO parent SELECT generate_series(1, 500)',
      'INSERT INTO child SELECT id, 0, id FROM generate_series(401, 500) id',
    );
    const index = await oidOf('by_parent');
    const scans = vi.spyOn(cluster.replica, 'scan');
    expect(await all('DELETE FROM parent WHERE id <= 400')).toEqual(['DELETE 400']);
    const requests = scans.mock.calls.map(([request]) => request);
    expect(requests.map(({ ranges }) => space(ranges[0].start))).toEqual([await oidOf('parent'), index]);
    expect(requests[1].ranges.length).toBe(400);
    expect(await all('DELETE FROM parent')).toEqual([
      'ERROR 23503: update or delete on table "parent" violates foreign key constraint "child_parent_id_fkey" on table "child"',
    ]);
  });

  it('asks for all the parents of a load at once', async () => {
    await all(
      'CREATE TABLE parent (id int PRIMARY KEY)',
      'CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent)',
      'INSERT INTO parent VALUES (1), (2)',
    );
    const gets = vi.spyOn(cluster.replica, 'get');
    const lines = Array.from({ length: 300 }, (_, at) => `${at}\t${(at % 2) + 1}\n`).join('');
    expect((await run(session, 'COPY child FROM STDIN', [lines])).at(-1)).toBe('COPY 300');
    expect(gets.mock.calls.length).toBeLessThan(6);
    expect((await run(session, 'COPY child FROM STDIN', ['301\t1\n302\t3\n'])).at(-1)).toBe(
      'ERROR 23503: insert or update on table "child" violates foreign key constraint "child_parent_id_fkey"',
    );
    expect(await all('SELECT count(*) FROM child')).toEqual(['SELECT 1']);
  });
});

describe('limits and states', () => {
  it('counts the rows of actions toward the limit of rows', async () => {
    const dsql = await MemoryCluster.start('dsql');
    session = dsql.connect();
    await all(
      'CREATE TABLE parent (id int PRIMARY KEY)',
      'CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE)',
    );
    await all('INSERT INTO parent VALUES (1), (2)');
    await all('INSERT INTO child SELECT id, 1 FROM generate_series(1, 2999) id', 'INSERT INTO child VALUES (3000, 1)');
    expect(await all('DELETE FROM parent WHERE id = 1')).toEqual(['ERROR 54000: transaction row limit exceeded']);
    expect(await all('DELETE FROM child WHERE id = 3000', 'DELETE FROM parent WHERE id = 1', 'SELECT * FROM child')).toEqual([
      'DELETE 1',
      'DELETE 1',
      'SELECT 0',
    ]);
    session.close();
    await dsql.stop();
  });

  it('takes in profile dsql what DSQL takes', async () => {
    const dsql = await MemoryCluster.start('dsql');
    session = dsql.connect();
    expect(
      await all(
        'CREATE TABLE parent (id int PRIMARY KEY)',
        'CREATE TABLE child (id int PRIMARY KEY, parent_id int)',
        'ALTER TABLE child ADD FOREIGN KEY (parent_id) REFERENCES parent NOT VALID',
        'ALTER TABLE child ALTER CONSTRAINT child_parent_id_fkey DEFERRABLE',
        'INSERT INTO child VALUES (1, 1)',
        'BEGIN',
        'SET CONSTRAINTS ALL DEFERRED',
        'INSERT INTO child VALUES (1, 1)',
        'INSERT INTO parent VALUES (1)',
        'COMMIT',
      ),
    ).toEqual([
      'CREATE TABLE',
      'CREATE TABLE',
      'ALTER TABLE',
      'ALTER TABLE',
      'ERROR 23503: insert or update on table "child" violates foreign key constraint "child_parent_id_fkey"',
      'BEGIN',
      'SET CONSTRAINTS',
      'INSERT 0 1',
      'INSERT 0 1',
      'COMMIT',
    ]);
    session.close();
    await dsql.stop();
  });

  it('leaves a failed check behind as a transaction that has failed', async () => {
    await all('CREATE TABLE tree (id int PRIMARY KEY, above int REFERENCES tree DEFERRABLE INITIALLY DEFERRED)');
    expect(await all('BEGIN', 'INSERT INTO tree VALUES (1, 2)', 'COMMIT', 'SELECT 1')).toEqual([
      'BEGIN',
      'INSERT 0 1',
      'ERROR 23503: insert or update on table "tree" violates foreign key constraint "tree_above_fkey"',
      'SELECT 1',
    ]);
    expect(session.transactionStatus).toBe('I');
    expect(await all('INSERT INTO tree VALUES (1, 2)', 'SELECT * FROM tree')).toEqual([
      'ERROR 23503: insert or update on table "tree" violates foreign key constraint "tree_above_fkey"',
      'SELECT 0',
    ]);
  });

  it('takes back with a savepoint what is owed, and how constraints were set', async () => {
    await all('CREATE TABLE tree (id int PRIMARY KEY, above int REFERENCES tree DEFERRABLE)');
    expect(
      await all(
        'BEGIN',
        'SAVEPOINT s',
        'SET CONSTRAINTS ALL DEFERRED',
        'INSERT INTO tree VALUES (1, 2)',
        'ROLLBACK TO s',
        'INSERT INTO tree VALUES (1, 1)',
        'COMMIT',
      ),
    ).toEqual(['BEGIN', 'SAVEPOINT', 'SET CONSTRAINTS', 'INSERT 0 1', 'ROLLBACK', 'INSERT 0 1', 'COMMIT']);
    const answers = await all('BEGIN', 'SAVEPOINT s', 'SET CONSTRAINTS ALL DEFERRED', 'ROLLBACK TO s', 'INSERT INTO tree VALUES (2, 3)');
    expect(answers.at(-1)).toMatch(/^ERROR 23503/);
  });

  it('keeps the schema of a table of which a check is due', async () => {
    await all('CREATE TABLE tree (id int PRIMARY KEY, above int REFERENCES tree DEFERRABLE INITIALLY DEFERRED)');
    const attempts = {
      'ALTER TABLE tree ADD COLUMN x int': 'ALTER TABLE',
      'DROP TABLE tree': 'DROP TABLE',
      'TRUNCATE tree': 'TRUNCATE',
      'CREATE INDEX ON tree (above)': 'CREATE INDEX',
    };
    for (const [statement, command] of Object.entries(attempts)) {
      await all('BEGIN', 'INSERT INTO tree VALUES (1, 2)');
      expect(await all(statement)).toEqual([`ERROR 55006: cannot ${command} "tree" because it has pending trigger events`]);
      await all('ROLLBACK');
    }
  });

  it('counts in the tag what the statement itself has changed', async () => {
    await all(
      'CREATE TABLE tree (id int PRIMARY KEY, above int REFERENCES tree ON DELETE CASCADE)',
      'INSERT INTO tree VALUES (1, 1), (2, 1), (3, 2)',
    );
    expect(await all('WITH gone AS (DELETE FROM tree WHERE id = 3) DELETE FROM tree WHERE id = 2')).toEqual(['DELETE 1']);
    expect(await all('DELETE FROM tree', 'SELECT * FROM tree')).toEqual(['DELETE 1', 'SELECT 0']);
  });
});
