import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const command = path.join(import.meta.dirname, '../../bin/borealis.mjs');
const execute = promisify(execFile);

describe('borealis backup and restore', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory', '--retain-journal', '1h']);
  });
  afterAll(() => deployment.remove());

  const run = async (...args: string[]) => {
    const { stdout } = await execute(process.execPath, [command, ...args, '--json', '--data-dir', deployment.dataDir], { cwd: tmpdir() });
    return JSON.parse(stdout);
  };

  it('carry a cluster through a file, and refuse one that is damaged', async () => {
    const client = await deployment.connect();
    await client.query('CREATE TABLE kept (id int PRIMARY KEY)');
    await client.query('INSERT INTO kept VALUES (1)');
    await client.end();
    const file = path.join(deployment.dataDir, 'all.backup');
    const taken = await run('backup', file);
    expect(taken).toMatchObject({ file });
    expect(taken.rows).toBeGreaterThan(1);
    expect(await run('restore', file, '--region', 'us-east-2')).toMatchObject({ status: 'ACTIVE' });
    const pair = await run('cluster', 'fork', taken.cluster, '--regions', 'us-east-1,us-east-2', '--witness-region', 'us-west-2');
    expect(pair).toMatchObject({ status: 'ACTIVE', multiRegionProperties: { witnessRegion: 'us-west-2' } });
    // The default cluster is protected.
    await expect(run('restore', file, '--cluster', taken.cluster)).rejects.toThrow(/deletion protection is enabled/);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 1));
    await expect(run('restore', file)).rejects.toThrow(/cannot be used: it ends too early/);
    expect((await run('cluster', 'list', '--region', 'us-east-2')).clusters.length).toBe(3);
  });

  it('restore a cluster as it was at a moment, which can be read in its place too', async () => {
    const client = await deployment.connect();
    await client.query('CREATE TABLE lost (id int PRIMARY KEY)');
    await client.query('INSERT INTO lost VALUES (7)');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const at = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await client.query('DROP TABLE lost');
    await client.query('BEGIN');
    await client.query(`SET LOCAL borealis.as_of = '${at}'`);
    expect((await client.query('SELECT id FROM lost')).rows).toEqual([{ id: 7 }]);
    await client.query('COMMIT');
    await client.end();
    const { identifier } = await run('restore', '--at', at);
    const { stdout } = await execute(process.execPath, [command, 'env', '--cluster', identifier, '--data-dir', deployment.dataDir]);
    const variables = Object.fromEntries([...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
    const restored = new pg.Client({
      ...(await deployment.clientConfig()),
      password: variables.PGPASSWORD,
      options: `-c amzn-cluster-id=${identifier}`,
    });
    await restored.connect();
    expect((await restored.query('SELECT id FROM lost')).rows).toEqual([{ id: 7 }]);
    await restored.end();
    await expect(run('restore', '--at', '2001-01-01T00:00:00Z', '--of', identifier)).rejects.toThrow(/past is kept since/);
    await expect(run('restore', '--at', '2999-01-01T00:00:00Z')).rejects.toThrow(/must not lie in the future/);
    await expect(run('restore')).rejects.toThrow(/takes a backup file, or --at TIME/);
  });
});
