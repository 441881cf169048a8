/** Serverless: clusters cost what the active ones cost. 50 of them here, 500 in the long form. */
import { CreateClusterCommand, DSQLClient, GetClusterCommand } from '@aws-sdk/client-dsql';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const count = process.env.BOREALIS_LONG ? 500 : 50;

describe(`${count} clusters`, { timeout: 120_000 }, () => {
  let deployment: Deployment;
  let client: DSQLClient;
  let credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  const region = 'us-east-1';
  beforeAll(async () => {
    deployment = await Deployment.start(['--cluster-quota', String(count), '--idle-after', '1s']);
    const variables = await deployment.environment();
    credentials = { accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY };
    client = new DSQLClient({ region, endpoint: variables.AWS_ENDPOINT_URL_DSQL, credentials });
  });
  afterAll(async () => {
    client.destroy();
    await deployment.remove();
  });

  async function metrics(): Promise<{ readonly residentMegabytes: number; readonly idle: number; readonly creating: number }> {
    const text = await (await fetch(`http://127.0.0.1:${deployment.description.httpPort}/metrics`)).text();
    const figure = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
    const clusters = (status: string): number =>
      figure(new RegExp(`^borealis_clusters\\{region="us-east-1",status="${status}"\\} (\\d+)$`, 'm'));
    return {
      residentMegabytes: figure(/^borealis_resident_bytes (\S+)$/m) / 1024 / 1024,
      idle: clusters('IDLE'),
      creating: clusters('CREATING'),
    };
  }

  async function connect(id: string): Promise<pg.Client> {
    const hostname = `${id}.dsql.${region}.on.aws`;
    const password = await new DsqlSigner({ hostname, region, credentials }).getDbConnectAdminAuthToken();
    const sql = new pg.Client({
      host: '127.0.0.1',
      port: deployment.description.regions[0].port,
      user: 'admin',
      password,
      database: 'postgres',
      ssl: { rejectUnauthorized: false, servername: hostname },
    });
    await sql.connect();
    return sql;
  }

  it('are created within a minute, used, go idle, and wake when somebody connects', async () => {
    const startedMs = performance.now();
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await client.send(new CreateClusterCommand({}))).identifier ?? '');
    while ((await metrics()).creating > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    const creatingMs = performance.now() - startedMs;
    // Every tenth of them is used.
    for (const [i, id] of ids.entries()) {
      if (i % 10 !== 0) continue;
      const sql = await connect(id);
      await sql.query('CREATE TABLE t (id int PRIMARY KEY)');
      await sql.query(`INSERT INTO t VALUES (${i})`);
      await sql.end();
    }
    let figures = await metrics();
    for (let i = 0; i < 200 && figures.idle < count; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      figures = await metrics();
    }
    expect(figures.idle).toBeGreaterThanOrEqual(count);
    const slowest: number[] = [];
    for (const i of [0, 10, count - 10, count - 1]) {
      const wokenMs = performance.now();
      const sql = await connect(ids[i]);
      slowest.push(performance.now() - wokenMs);
      if (i % 10 === 0) expect((await sql.query('SELECT id FROM t')).rows).toEqual([{ id: i }]);
      await sql.end();
    }
    console.log(
      `${count} clusters created in ${Math.round(creatingMs)} ms; idle: ${Math.round(figures.residentMegabytes)} MB; connects to idle ones took ${slowest.map(Math.round).join(', ')} ms`,
    );
    expect(creatingMs).toBeLessThan(60_000);
    expect(figures.residentMegabytes).toBeLessThan(400);
    expect(Math.min(...slowest)).toBeLessThan(300);
    expect((await client.send(new GetClusterCommand({ identifier: ids[0] }))).status).toBe('ACTIVE');
    // All are there after a restart, and none is opened for it.
    expect(await deployment.stop()).toBe(0);
    await deployment.start();
    expect((await metrics()).idle).toBe(count);
  });
});
