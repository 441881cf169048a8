/** psql: \copy with its options, the commands that need more of the server than a query, TLS, options, interruption. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, hasPsql } from '../deployment.ts';

describe.runIf(hasPsql)('psql', () => {
  let deployment: Deployment;
  let folder: string;
  let variables: Record<string, string>;
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory']);
    variables = await deployment.environment();
    folder = mkdtempSync(path.join(tmpdir(), 'borealis-psql-'));
    await run(`
      CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(8,2), "Mixed Case" text);
      CREATE TABLE copied (id int PRIMARY KEY, name text, price numeric(8,2), "Mixed Case" text);
      INSERT INTO item VALUES (1, 'one', 1.5, 'a'), (2, 'two, "quoted"; it''s', NULL, ''), (3, E'tab\\there\\nline \\\\', 3, NULL), (4, 'N/A', 4, '\\.');
    `);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await deployment.remove();
  });

  const psql = (arguments_: readonly string[], more: Record<string, string> = {}, input = '') =>
    spawnSync('psql', ['-XAt', '-v', 'ON_ERROR_STOP=1', ...arguments_], {
      env: { ...process.env, ...variables, ...more },
      encoding: 'utf8',
      input,
    });

  /** What a script prints, unaligned and without headings. Rejects with what psql complains of. */
  const run = async (script: string): Promise<string[]> => {
    const { status, stdout, stderr } = psql([], {}, script);
    if (status !== 0) throw new Error(stderr);
    return stdout.trimEnd().split('\n');
  };
  const file = (name: string, content?: string): string => {
    const where = path.join(folder, name);
    if (content !== undefined) writeFileSync(where, content);
    return where;
  };

  describe('\\copy', () => {
    it.each([
      ['text', ''],
      ['text with options', "with (delimiter ';', null 'nothing')"],
      ['csv', 'csv'],
      ['csv with a header', 'csv header'],
      ['csv, old syntax', "with delimiter ';' null 'none' csv quote '''' escape '\\'"],
      ['csv, all options', "with (format csv, header true, delimiter '|', null 'none', quote '''', escape '\\')"],
      ['csv, quotes forced', 'csv force quote *'],
      ['csv, some quotes forced', 'with (format csv, force_quote (name, "Mixed Case"))'],
    ])('%s goes out and comes back', async (_, options) => {
      const where = file('item.data');
      const back = options.replace(/,? ?force[ _]quote (\*|\(.*?\))/, '');
      const lines = await run(`
        DELETE FROM copied;
        \\copy item to '${where}' ${options}
        \\copy copied from '${where}' ${back}
        SELECT count(*) FROM (TABLE item EXCEPT TABLE copied) AS missing;
        SELECT count(*) FROM copied;
      `);
      expect(lines.slice(1)).toEqual(['COPY 4', 'COPY 4', '0', '4']);
    });

    it('matches headers, forces nulls, takes columns, conditions and inline data', async () => {
      const matching = file('matching.csv', 'id,name\n1,"a"\n');
      const other = file('other.csv', 'name,id\na,1\n');
      const lines = await run(`
        DELETE FROM copied;
        \\copy copied (id, name) from '${matching}' with (format csv, header match)
        \\copy copied (id, name) from stdin with (format csv, force_not_null (name))
2,
3,""
\\.
        \\copy copied (id, name) from stdin with (format csv, force_null (name))
4,
5,""
\\.
        \\copy copied (id, name) from stdin where id > 100
6	x
107	y
\\.
        SELECT id, name IS NULL FROM copied ORDER BY id;
        \\copy (SELECT id, 'x' FROM copied WHERE id < 3 ORDER BY id) to stdout csv
      `);
      expect(lines.slice(1)).toEqual(['COPY 1', 'COPY 2', 'COPY 2', 'COPY 1', '1|f', '2|f', '3|f', '4|t', '5|t', '107|f', '1,x', '2,x']);
      await expect(run(`\\copy copied (id, name) from '${other}' with (format csv, header match)`)).rejects.toThrow(
        'column name mismatch in header line field 1: got "name", expected "id"',
      );
      await expect(run(`\\copy copied (id) from '${file('bad.csv', '900\n901\nx\n')}' csv`)).rejects.toThrow(
        'CONTEXT:  COPY copied, line 3, column id: "x"',
      );
    });
  });

  it('includes files, describes, gathers variables, runs what a query gives', async () => {
    const included = file('included.sql', "SELECT 'included';\n");
    const written = file('written.txt');
    expect(
      await run(`
        \\include ${included}
        \\ir ${included}
        SELECT id, name, price FROM item \\gdesc
        SELECT id, name FROM item WHERE id = 1 \\gset got_
        \\echo :got_id :got_name
        SELECT 7 \\g ${written}
        \\! cat ${written}
        SELECT 'SELECT ' || n FROM generate_series(8, 9) n \\gexec
        SELECT 1 \\; SELECT 2;
        \\encoding
        \\set AUTOCOMMIT off
        UPDATE item SET price = 0;
        ROLLBACK;
        SELECT count(*) FROM item WHERE price = 0;
      `),
    ).toEqual([
      'included',
      'included',
      'id|integer',
      'name|text',
      'price|numeric(8,2)',
      '1 one',
      '7',
      '8',
      '9',
      '1',
      '2',
      'UTF8',
      'UPDATE 4',
      'ROLLBACK',
      '0',
    ]);
  });

  it('lists relations', async () => {
    expect(await run('\\dt')).toEqual(['public|copied|table|admin', 'public|item|table|admin']);
    expect(await run('\\di item*')).toEqual(['public|item_pkey|index|admin|item']);
    expect((await run('\\l'))[0]).toMatch(/^postgres\|\w+\|UTF8\|/);
    expect((await run('\\conninfo')).join()).toMatch(/as user "admin".*TLSv1\.3/);
  });

  it('shows errors with line and caret', async () => {
    await expect(run('SELECT id,\n nothing FROM item;')).rejects.toThrow(
      /ERROR: {2}column "nothing" does not exist\nLINE 2: {2}nothing FROM item;\n {9}\^/,
    );
  });

  it('verifies the certificate in full', () => {
    const ca = path.join(deployment.dataDir, 'tls/ca.crt');
    const full = psql(['-c', 'SELECT ssl_is_used FROM (SELECT true AS ssl_is_used) s'], { PGSSLMODE: 'verify-full', PGSSLROOTCERT: ca });
    expect(full.stderr).toBe('');
    expect(full.stdout).toBe('t\n');
    const plain = psql(['-c', 'SELECT 1'], { PGSSLMODE: 'disable' });
    expect(plain.stderr).toContain('FATAL:  unable to accept connection, SSL is mandatory. AWS Authentication is required.');
    const wrong = psql(['-c', 'SELECT 1'], { PGPASSWORD: 'x' });
    expect(wrong.stderr).toMatch(/FATAL: {2}unable to accept connection, access denied\nHINT: /);
  });

  it('hands on PGOPTIONS and PGTZ', () => {
    const options = { PGOPTIONS: '-c statement_timeout=1234 -c search_path=a\\,b', PGTZ: 'Asia/Tokyo', PGAPPNAME: 'mine' };
    expect(
      psql(['-c', 'SHOW statement_timeout', '-c', 'SHOW search_path', '-c', 'SHOW TimeZone', '-c', 'SHOW application_name'], options)
        .stdout,
    ).toBe('1234ms\na,b\nAsia/Tokyo\nmine\n');
  });

  it('cancels a statement at SIGINT', async () => {
    const child = spawn('psql', ['-XAt'], { env: { ...process.env, ...variables }, stdio: 'pipe' });
    let output = '';
    const seen = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => (output.includes(text) ? resolve() : void setTimeout(look, 10));
        look();
      });
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.stdin.write("SELECT 'started';\nSELECT count(*) FROM generate_series(1, 1000000000);\n");
    await seen('started');
    await new Promise((resolve) => setTimeout(resolve, 100));
    const askedMs = performance.now();
    child.kill('SIGINT');
    await seen('canceling statement due to user request');
    expect(performance.now() - askedMs).toBeLessThan(1_000);
    child.kill();
  });
});
