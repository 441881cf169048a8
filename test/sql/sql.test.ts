import { readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import { Deployment } from '../deployment.ts';
import { type ConnectAs, hasRoles, runScript, updateScript } from './script.ts';

const scripts = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.slt'))
  .sort();

/** Each script has a schema of its own, first in the search path. */
async function inSchema(client: pg.Client, script: string, work: (file: string) => Promise<void>): Promise<void> {
  const schema = `script_${path.basename(script, '.slt').replaceAll('-', '_')}`;
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path = ${schema}, public`);
  try {
    await work(path.join(import.meta.dirname, script));
  } finally {
    await client.query('ROLLBACK');
    await client.query('RESET search_path');
    await client.query(`DROP SCHEMA ${schema} CASCADE`);
  }
}

/** Another session looks for names where the first one does. */
async function inPathOf(first: pg.Client, other: pg.Client): Promise<pg.Client> {
  const { rows } = await first.query("SELECT current_setting('search_path') AS path");
  await other.query(`SET search_path = ${rows[0].path}`);
  return other;
}

/** In PostgreSQL's stead of ours: no superuser, but who makes roles and owns what is public. */
async function makeAdmin(open: (user?: string) => Promise<pg.Client>): Promise<void> {
  const client = await open();
  const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = 'admin'");
  if (rowCount === 0) {
    await client.query('CREATE ROLE admin LOGIN CREATEROLE');
    await client.query('GRANT ALL ON DATABASE postgres TO admin WITH GRANT OPTION');
    await client.query('ALTER SCHEMA public OWNER TO admin');
  }
  await client.end();
}

describe('SQL scripts on PostgreSQL 16', () => {
  let oracle: Oracle | undefined;
  beforeAll(async () => {
    oracle = await startPostgres();
    if (oracle === undefined || !oracle.version.startsWith('16'))
      console.warn('no PostgreSQL 16 here: the scripts are checked on Borealis alone');
  });
  afterAll(() => oracle?.stop());
  it.each(scripts)('%s', async (script) => {
    if (oracle === undefined || !oracle.version.startsWith('16')) return;
    const open = async (user = 'postgres'): Promise<pg.Client> => {
      const client = new pg.Client({ ...oracle, user });
      await client.connect();
      return client;
    };
    if (hasRoles(path.join(import.meta.dirname, script))) await makeAdmin(open);
    const client = await open(hasRoles(path.join(import.meta.dirname, script)) ? 'admin' : undefined);
    await inSchema(client, script, async (file) => {
      const connectAs: ConnectAs = async (role) => inPathOf(client, await open(role));
      if (process.env.UPDATE) await updateScript(file, client, connectAs);
      else expect(await runScript(file, client, 'postgres', connectAs)).toEqual([]);
    });
    await client.end();
  });
});

describe('SQL scripts on Borealis', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory']);
  });
  afterAll(() => deployment.remove());
  it.each(scripts)('%s', async (script) => {
    const client = await deployment.connect();
    await inSchema(client, script, async (file) => {
      const connectAs: ConnectAs = async (role) => inPathOf(client, await deployment.connectAs(role, client));
      expect(await runScript(file, client, 'borealis', connectAs)).toEqual([]);
    });
    await client.end();
  });
});
