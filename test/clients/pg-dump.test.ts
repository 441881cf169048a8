/** pg_dump and what restores its output: a schema goes out, into a fresh cluster, and out again as the same text. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { type VersionProxy, versionProxy } from './version-proxy.ts';

const version = /\d+\.\d+/.exec(spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[0];
if (version === undefined) console.warn('pg_dump is not installed: its tests are left out (Debian: apt-get install postgresql-client)');

const schema = `
  CREATE SCHEMA app;
  CREATE DOMAIN app.positive AS integer DEFAULT 1 NOT NULL CONSTRAINT positive_check CHECK (VALUE > 0);
  CREATE DOMAIN app.code AS varchar(10);
  CREATE SEQUENCE app.seq INCREMENT 5 START 10 CACHE 3;
  CREATE TABLE app.customer (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    name text NOT NULL DEFAULT 'none',
    "Mixed Case" varchar(20),
    age app.positive,
    made timestamptz DEFAULT now(),
    balance numeric(12,2) CHECK (balance >= 0),
    doubled numeric GENERATED ALWAYS AS (balance * 2) STORED
  );
  CREATE TABLE app.purchase (
    id bigserial PRIMARY KEY,
    customer bigint REFERENCES app.customer (id) ON DELETE CASCADE,
    number bigint DEFAULT nextval('app.seq'),
    code app.code,
    data jsonb,
    UNIQUE (customer, number)
  );
  CREATE INDEX purchase_code ON app.purchase (code DESC NULLS LAST);
  CREATE UNIQUE INDEX customer_name ON app.customer (name) INCLUDE (made);
  CREATE VIEW app.rich AS SELECT id, name FROM app.customer WHERE balance > 100;
  COMMENT ON TABLE app.customer IS 'who buys';
  COMMENT ON COLUMN app.customer.name IS 'the name';
  COMMENT ON SCHEMA app IS 'application';
  COMMENT ON DOMAIN app.code IS 'a code';
  COMMENT ON CONSTRAINT positive_check ON DOMAIN app.positive IS 'above zero';
  COMMENT ON INDEX app.purchase_code IS 'an index';
  CREATE ROLE reader;
  GRANT USAGE ON SCHEMA app TO reader;
  GRANT SELECT ON app.customer TO reader;
  GRANT UPDATE (name) ON app.customer TO reader;
  INSERT INTO app.customer (name, "Mixed Case", age, balance, made)
    VALUES ('a', E'tab\\there', 5, 10.5, '2024-01-01Z'), ('b', NULL, 6, 1000, '2024-01-02Z');
  INSERT INTO app.purchase (customer, code, data) VALUES (100, 'c1', '{"a": 1}'), (101, 'c2', NULL);
`;

type End = { readonly deployment: Deployment; readonly proxy: VersionProxy; readonly variables: Record<string, string> };

describe.runIf(version !== undefined)('pg_dump', () => {
  const ends: End[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'borealis-dump-'));
  beforeAll(async () => {
    for (const _ of ['from', 'plain', 'custom']) {
      const deployment = await Deployment.start(['--in-memory']);
      const variables = await deployment.environment();
      const proxy = await versionProxy({ port: Number(variables.PGPORT), tls: true }, version ?? '');
      ends.push({ deployment, proxy, variables: { ...variables, PGPORT: String(proxy.port), PGSSLMODE: 'disable' } });
    }
    await ends[0].deployment.psql(schema);
    for (const { deployment } of ends.slice(1)) await deployment.psql('CREATE ROLE reader;');
  });
  afterAll(async () => {
    for (const { deployment, proxy } of ends) {
      proxy.close();
      await deployment.remove();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** The proxy is in this process, so its loop must go on while the command runs. */
  const run = async (end: End, command: string, ...args: readonly string[]): Promise<string> => {
    const { execFile } = await import('node:child_process');
    return new Promise((resolve, reject) => {
      execFile(command, [...args], { env: { ...process.env, ...end.variables } }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${command}: ${stderr}`)),
      );
    });
  };
  const dump = async (end: End): Promise<string> => (await run(end, 'pg_dump')).replace(/^\\(un)?restrict .*$/gm, '');

  it.each([
    ['plain', 1],
    ['custom', 2],
  ] as const)('%s goes into another cluster as it was', async (format, at) => {
    const file = path.join(folder, `dump.${format}`);
    await run(ends[0], 'pg_dump', '-F', format, '-f', file);
    if (format === 'plain') await run(ends[at], 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', file);
    else await run(ends[at], 'pg_restore', '--exit-on-error', '-d', 'postgres', file);
    const before = await dump(ends[0]);
    expect(before).toContain('ALTER TABLE app.customer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY');
    expect(before).toContain("DEFAULT nextval('app.seq'::regclass)");
    expect(before).not.toContain('SCHEMA sys');
    expect(await dump(ends[at])).toBe(before);
  });
});
