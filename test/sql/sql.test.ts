import { readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Oracle, startPostgres } from '../../scripts/oracle.ts';
import { Deployment } from '../deployment.ts';
import { runScript, updateScript } from './script.ts';

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
    const client = new pg.Client(oracle);
    await client.connect();
    await inSchema(client, script, async (file) => {
      if (process.env.UPDATE) await updateScript(file, client);
      else expect(await runScript(file, client, 'postgres')).toEqual([]);
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
    await inSchema(client, script, async (file) => expect(await runScript(file, client, 'borealis')).toEqual([]));
    await client.end();
  });
});
