import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const command = path.join(import.meta.dirname, '../../bin/borealis.mjs');

describe('borealis cluster, region and iam', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.start();
  });
  afterAll(() => deployment.remove());

  function run(
    args: readonly string[],
    environment: Record<string, string> = {},
  ): Promise<{ code: number; output: string; errors: string }> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [command, ...args, '--data-dir', deployment.dataDir],
        { env: { ...process.env, ...environment }, cwd: tmpdir(), timeout: 30_000 },
        (error, output, errors) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), output, errors }),
      );
    });
  }
  async function json(args: readonly string[], environment: Record<string, string> = {}) {
    const { code, output, errors } = await run([...args, '--json'], environment);
    expect(errors).toBe('');
    expect(code).toBe(0);
    return JSON.parse(output);
  }
  async function connect(clusterId: string, user = 'admin', environment: Record<string, string> = {}): Promise<pg.Client> {
    const { output, errors } = await run(['env', '--cluster', clusterId, '--user', user], environment);
    expect(errors).toBe('');
    const variables = Object.fromEntries([...output.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]));
    const client = new pg.Client({
      host: variables.PGHOSTADDR,
      port: Number(variables.PGPORT),
      user: variables.PGUSER,
      password: variables.PGPASSWORD,
      database: 'postgres',
      ssl: { rejectUnauthorized: false, servername: variables.PGHOST },
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  it('create, list, change and delete clusters', async () => {
    const made = await json(['cluster', 'create', '--tag', 'Name=orders', 'Team=a']);
    expect(made).toMatchObject({ status: 'ACTIVE', deletionProtectionEnabled: true, tags: { Name: 'orders', Team: 'a' } });
    const id = made.identifier;
    const client = await connect(id);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    const { clusters } = await json(['cluster', 'list', '--region', 'us-east-1']);
    expect(clusters.map(({ identifier }: { identifier: string }) => identifier).sort()).toEqual(
      [id, deployment.description.clusters[0].id].sort(),
    );
    expect((await run(['cluster', 'get', id])).output).toMatch(new RegExp(`^identifier +${id}\n`));
    expect((await run(['cluster', 'delete', id])).errors).toBe(
      `borealis: Cluster ${id} cannot be deleted: deletion protection is enabled.\n`,
    );
    expect(await json(['cluster', 'update', id, '--deletion-protection', 'off'])).toMatchObject({
      status: 'ACTIVE',
      deletionProtectionEnabled: false,
    });
    expect(await json(['cluster', 'delete', id])).toMatchObject({ status: 'DELETING' });
    expect((await run(['token', '--cluster', 'x'.repeat(26)])).errors).toBe(`borealis: no cluster ${'x'.repeat(26)} here\n`);
  });

  it('create a multi-Region cluster in one go', async () => {
    const { clusters } = await json(['cluster', 'create', '--regions', 'us-east-1,us-east-2', '--witness-region', 'us-west-2']);
    expect(clusters).toMatchObject([
      { status: 'ACTIVE', endpoint: expect.stringContaining('.us-east-1.') },
      { status: 'ACTIVE', endpoint: expect.stringContaining('.us-east-2.') },
    ]);
  });

  it('try faults on Regions', async () => {
    const client = await deployment.connect('us-east-2');
    await client.query('SELECT 1');
    const isolated = await json(['region', 'isolate', 'us-east-2']);
    expect(isolated.regions).toMatchObject([{ isIsolated: false }, { name: 'us-east-2', isIsolated: true }, { role: 'witness' }]);
    await json(['region', 'heal', 'us-east-2']);
    await client.query('SELECT 1');
    const ended = new Promise((resolve) => client.once('error', resolve));
    const stopped = await json(['region', 'stop', 'us-east-2']);
    expect(stopped.regions[1]).toMatchObject({ isUp: false, isIsolated: false });
    expect(String(await ended)).toMatch('terminating connection');
    await expect(deployment.connect('us-east-2')).rejects.toThrow('ECONNREFUSED');
    const first = await deployment.connect('us-east-1');
    await first.query('CREATE TABLE during_stop (id int PRIMARY KEY)');
    await first.end();
    await json(['region', 'start', 'us-east-2']);
    const again = await deployment.connect('us-east-2');
    expect((await again.query('SELECT * FROM during_stop')).rows).toEqual([]);
    await again.end();
    expect((await run(['region', 'stop', 'us-west-2'])).errors).toMatch('it has no endpoint');
    expect((await run(['region', 'heal', 'mars-1'])).errors).toBe('borealis: There is no Region mars-1 here.\n');
  });

  it('give users what their policies allow, and take it again', async () => {
    await json(['iam', 'create-user', 'alice']);
    const { AccessKey: key } = await json(['iam', 'create-access-key', 'alice']);
    const alice = { BOREALIS_ACCESS_KEY_ID: key.AccessKeyId, BOREALIS_SECRET_ACCESS_KEY: key.SecretAccessKey };
    expect(await json(['iam', 'get-caller-identity'], alice)).toEqual({
      Account: '000000000000',
      Arn: 'arn:aws:iam::000000000000:user/alice',
    });
    expect((await run(['cluster', 'list'], alice)).errors).toMatch(
      /^borealis: User: arn:aws:iam::000000000000:user\/alice is not authorized to perform: dsql:ListClusters/,
    );
    const file = path.join(deployment.dataDir, 'policy.json');
    const actions = ['dsql:ListClusters', 'dsql:GetCluster', 'dsql:CreateCluster', 'dsql:DbConnectAdmin'];
    writeFileSync(file, JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: actions, Resource: '*' } }));
    await json(['iam', 'put-user-policy', 'alice', 'work', file]);
    const made = await json(['cluster', 'create'], alice);
    const client = await connect(made.identifier, 'admin', alice);
    await client.end();
    expect((await run(['cluster', 'delete', made.identifier], alice)).errors).toMatch('is not authorized to perform: dsql:DeleteCluster');
    await json(['iam', 'update-access-key', 'alice', key.AccessKeyId, 'Inactive']);
    expect((await run(['cluster', 'list'], alice)).errors).toMatch('The security token included in the request is invalid.');
    await json(['iam', 'delete-user', 'alice']);
    expect(await json(['iam', 'list-users'])).toEqual({ Users: [] });
  });

  it('give whoever takes a role on temporary keys', async () => {
    await json(['iam', 'create-role', 'app']);
    await json(['iam', 'attach-role-policy', 'app', 'arn:aws:iam::aws:policy/AmazonAuroraDSQLFullAccess']);
    const { Credentials: key } = await json(['iam', 'assume-role', 'app', 'nightly', '900']);
    expect(key.AccessKeyId).toMatch(/^ASIA/);
    const app = {
      BOREALIS_ACCESS_KEY_ID: key.AccessKeyId,
      BOREALIS_SECRET_ACCESS_KEY: key.SecretAccessKey,
      BOREALIS_SESSION_TOKEN: key.SessionToken,
    };
    expect(await json(['iam', 'get-caller-identity'], app)).toMatchObject({ Arn: 'arn:aws:sts::000000000000:assumed-role/app/nightly' });
    const { identifier } = await json(['cluster', 'create'], app);
    await (await connect(identifier, 'admin', app)).end();
    const { BOREALIS_SESSION_TOKEN: _, ...without } = app;
    expect((await run(['cluster', 'list'], without)).errors).toMatch('The security token included in the request is invalid.');
    expect((await run(['iam', 'create-user', 'eve'], app)).errors).toMatch('is not authorized to perform: iam:CreateUser');
  });
});
