/** pgbench in its three protocol modes: reads, and changes that are tried again when they meet (40001). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

/** On the path, or where Debian keeps it. */
const debian = '/usr/lib/postgresql';
const pgbench = [
  'pgbench',
  ...(existsSync(debian) ? readdirSync(debian).map((version) => path.join(debian, version, 'bin/pgbench')) : []),
].find((command) => spawnSync(command, ['--version']).status === 0);
if (pgbench === undefined) console.warn('pgbench is not installed: its tests are left out (Debian: apt-get install postgresql-15)');

describe.runIf(pgbench !== undefined)('pgbench', () => {
  let deployment: Deployment;
  let variables: Record<string, string>;
  let folder: string;
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory']);
    variables = await deployment.environment();
    folder = mkdtempSync(path.join(tmpdir(), 'borealis-pgbench-'));
    writeFileSync(
      path.join(folder, 'change.sql'),
      `\\set aid random(1, 20)
      BEGIN;
      UPDATE accounts SET balance = balance + 1 WHERE aid = :aid;
      SELECT balance FROM accounts WHERE aid = :aid;
      COMMIT;`,
    );
    writeFileSync(path.join(folder, 'read.sql'), '\\set aid random(1, 1000)\nSELECT balance FROM accounts WHERE aid = :aid;\n');
    const client = await deployment.connect();
    await client.query('CREATE TABLE accounts (aid int PRIMARY KEY, balance int NOT NULL)');
    await client.query('INSERT INTO accounts SELECT n, 0 FROM generate_series(1, 1000) n');
    await client.end();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await deployment.remove();
  });

  it.each(['simple', 'extended', 'prepared'])('-M %s', async (mode) => {
    const run = (script: string, transactions: number, ...more: readonly string[]): string => {
      const done = spawnSync(
        pgbench ?? '',
        ['-n', '-M', mode, '-c', '4', '-t', String(transactions), '-f', path.join(folder, script), ...more],
        { env: { ...process.env, ...variables }, encoding: 'utf8' },
      );
      expect(done.stderr).not.toMatch(/error|aborted/i);
      return done.stdout;
    };
    expect(run('read.sql', 50)).toContain('number of transactions actually processed: 200/200');
    const client = await deployment.connect();
    const total = async (): Promise<number> => (await client.query('SELECT sum(balance)::int AS total FROM accounts')).rows[0].total;
    const before = await total();
    const changed = run('change.sql', 10, '--max-tries', '100');
    expect(changed).toContain('number of transactions actually processed: 40/40');
    expect((await total()) - before).toBe(40);
    await client.end();
  });
});
