import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const command = path.join(import.meta.dirname, '../../bin/borealis.mjs');

type Ended = { readonly code: number; readonly output: string; readonly errors: string };

function borealis(args: readonly string[], environment: Record<string, string> = {}, cwd = tmpdir()): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [command, ...args],
      { env: { ...process.env, ...environment }, cwd, timeout: 30_000 },
      (error, output, errors) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), output, errors }),
    );
  });
}

const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.once('exit', (code) => resolve(code)));

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('borealis', () => {
  let deployment: Deployment;
  const folders: string[] = [];
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), 'borealis-cli-'));
    folders.push(made);
    return made;
  };
  beforeAll(async () => {
    deployment = await Deployment.start();
  });
  afterAll(async () => {
    await deployment.remove();
    for (const made of folders) rmSync(made, { recursive: true, force: true });
  });

  it('keeps its files from others', () => {
    expect(statSync(deployment.dataDir).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(deployment.dataDir, 'credentials')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(deployment.dataDir, 'credentials'), 'utf8')).toMatch(/^\[default\]\naws_access_key_id = AKIA/);
  });

  it('refuses a second process on the data directory, in words', async () => {
    const second = await borealis(['start', '--data-dir', deployment.dataDir, '--port', '0', '--http-port', '0']);
    expect(second.code).toBe(1);
    expect(second.errors).toMatch(/^borealis: the data directory .* is in use by another Borealis process \(pid \d+\)\n$/);
  });

  it('refuses a port in use, in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const dataDir = folder();
    const refused = await borealis(['start', '--data-dir', dataDir, '--port', String(port), '--http-port', '0', '--log-level', 'error']);
    server.close();
    expect(refused.code).toBe(1);
    expect(refused.errors).toBe(`borealis: port ${port} on 127.0.0.1 is in use: choose another with --port or --http-port\n`);
    // And the directory is free again.
    expect(existsSync(path.join(dataDir, 'borealis.pid'))).toBe(false);
  });

  it('refuses a data directory that is a file', async () => {
    const file = path.join(folder(), 'file');
    writeFileSync(file, '');
    const refused = await borealis(['start', '--data-dir', file, '--port', '0', '--http-port', '0']);
    expect(refused.code).toBe(1);
    expect(refused.errors).toMatch(/^borealis: cannot use the data directory .*\n$/);
  });

  it.each([
    [['--profile', 'strict'], '--profile takes open or dsql, not "strict"'],
    [['--port', 'x'], '--port takes a port number, not "x"'],
    [['--regions', 'here'], '"here" is no Region name'],
    [['--regions', 'us-east-1,us-east-1'], 'each Region, and the witness Region, must be another one'],
    [['--region-rtt', 'slow'], '--region-rtt takes a time such as 20ms'],
    [['--journal', 'nats://127.0.0.1:4222'], 'a node of a fleet is in one Region'],
    [['--journal', 'kafka://127.0.0.1'], '--journal takes file, or NATS servers'],
    [['--journal', 'nats://127.0.0.1:1', '--regions', 'us-east-1'], 'whether the NATS servers synchronise every write is not known'],
    [['--journal', 'nats://127.0.0.1:1', '--regions', 'us-east-1', '--trust-journal'], 'can be reached'],
    [['--workers', '2'], '--workers'],
    [['--tls-cert', 'x'], '--tls-cert and --tls-key go together'],
  ])('refuses %j', async (args, text) => {
    const refused = await borealis(['start', '--data-dir', path.join(folder(), 'data'), ...args]);
    expect(refused.code).toBe(1);
    expect(refused.errors).toContain(text);
  });

  it('reads flags from the environment and from borealis.config.json', async () => {
    const cwd = folder();
    writeFileSync(path.join(cwd, 'borealis.config.json'), JSON.stringify({ profile: 'neither' }));
    expect((await borealis(['start'], {}, cwd)).errors).toContain('not "neither"');
    expect((await borealis(['start'], { BOREALIS_PROFILE: 'from-environment' }, cwd)).errors).toContain('not "from-environment"');
    expect((await borealis(['start', '--profile', 'flag'], { BOREALIS_PROFILE: 'x' }, cwd)).errors).toContain('not "flag"');
    writeFileSync(path.join(cwd, 'borealis.config.json'), JSON.stringify({ colour: 'blue' }));
    expect((await borealis(['start'], {}, cwd)).errors).toContain('borealis.config.json: unknown key "colour"');
  });

  it('makes tokens that open a connection, at each Region its own', async () => {
    const config = await deployment.clientConfig('us-east-2');
    const token = (await deployment.run('token', '--region', 'us-east-2')).trim();
    expect(token).toMatch(/^[a-z2-7]{26}\.dsql\.us-east-2\.on\.aws\/\?Action=DbConnectAdmin&/);
    const client = new pg.Client({ ...config, password: token });
    await client.connect();
    await client.end();
    const wrong = new pg.Client({ ...config, password: (await deployment.run('token')).trim() });
    await expect(wrong.connect()).rejects.toMatchObject({ code: '08006', message: 'unable to accept connection, access denied' });
  });

  it("takes tokens of AWS' signer, with the access key of the data directory", async () => {
    const variables = await deployment.environment();
    const config = await deployment.clientConfig();
    const id = deployment.description.clusters[0].id;
    const signer = (hostname: string) =>
      new DsqlSigner({
        hostname,
        region: 'us-east-1',
        credentials: { accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY },
      });
    for (const name of [`${id}.dsql.us-east-1.on.aws`, 'localhost', '127.0.0.1']) {
      const client = new pg.Client({ ...config, password: () => signer(name).getDbConnectAdminAuthToken() });
      await client.connect();
      await client.end();
    }
    const other = new pg.Client({ ...config, password: () => signer('other.dsql.us-east-1.on.aws').getDbConnectAdminAuthToken() });
    await expect(other.connect()).rejects.toMatchObject({ code: '08006' });
  });

  it('answers /health and /metrics, and no strange host name', async () => {
    const at = `http://127.0.0.1:${deployment.description.httpPort}`;
    expect(await (await fetch(`${at}/health`)).json()).toEqual({ status: 'ok' });
    const metrics = await (await fetch(`${at}/metrics`)).text();
    expect(metrics).toMatch(/^borealis_replica_lag_entries\{cluster="\w+",region="us-east-2"\} 0$/m);
    expect((await fetch(`${at}/nothing`)).status).toBe(404);
  });

  it('stops on request, and says when there is nothing to stop', async () => {
    const other = await Deployment.start();
    expect(await other.run('stop')).toMatch(/^stopped \(pid \d+\)\n$/);
    const again = await borealis(['stop', '--data-dir', other.dataDir]);
    expect(again).toMatchObject({ code: 1, errors: `borealis: no deployment is running in ${other.dataDir}\n` });
    await other.remove();
  });

  it('takes over a directory whose process was killed', async () => {
    const other = await Deployment.start();
    await other.kill();
    expect(existsSync(path.join(other.dataDir, 'borealis.pid'))).toBe(true);
    await other.start();
    expect(await other.stop()).toBe(0);
    await other.remove();
  });

  it('keeps nothing with --in-memory', async () => {
    const memory = await Deployment.start(['--in-memory']);
    const client = await memory.connect();
    await client.query('CREATE TABLE t (id int PRIMARY KEY)');
    await client.end();
    expect(await memory.stop()).toBe(0);
    expect(readdirSync(memory.dataDir)).toEqual([]);
    await memory.remove();
  });

  it('ends with the npm process that started it', async () => {
    const root = path.join(import.meta.dirname, '../..');
    const dataDir = path.join(folder(), 'data');
    const npm = spawn('npm', ['start', '--', '--data-dir', dataDir, '--port', '0', '--http-port', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    await new Promise<void>((resolve) => {
      npm.stdout.on('data', (data) => {
        if (/borealis is ready/.test(String(data))) resolve();
      });
    });
    const pid = Number(readFileSync(path.join(dataDir, 'borealis.pid'), 'utf8').split('\n')[0]);
    const gone = ended(npm);
    npm.kill('SIGKILL');
    await gone;
    for (let i = 0; i < 100 && existsSync(path.join(dataDir, 'borealis.pid')); i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    // The file goes a moment before the process does, and its parent has to notice that too.
    await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
  });

  it('refuses to guess when the credentials are damaged', async () => {
    const other = await Deployment.start();
    await other.stop();
    writeFileSync(path.join(other.dataDir, 'credentials'), 'nothing');
    const refused = await borealis(['start', '--data-dir', other.dataDir, '--port', '0', '--http-port', '0']);
    expect(refused.code).not.toBe(0);
    expect(refused.errors).toContain('holds no access key');
    await other.remove();
  });
});
