/** node-postgres as applications use it: pool, prepared statements, types, transactions that are tried again, COPY streams, tokens. */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

let deployment: Deployment;
let config: pg.ClientConfig;
let pool: pg.Pool;
const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client(config);
  await client.connect();
  return client;
};
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
  config = await deployment.clientConfig();
  pool = new pg.Pool({ ...config, max: 8 });
  await pool.query('CREATE TABLE account (id int PRIMARY KEY, owner text NOT NULL, balance numeric(12,2) NOT NULL)');
  await pool.query("INSERT INTO account SELECT n, 'owner ' || n, 100 FROM generate_series(1, 10) n");
});
afterAll(async () => {
  await pool?.end();
  await deployment?.remove();
});

describe('queries', () => {
  it('go through a pool, many at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, i) => pool.query('SELECT id, owner FROM account WHERE id = $1', [1 + (i % 10)])),
    );
    expect(results.map(({ rows }) => rows[0].id)).toEqual(Array.from({ length: 200 }, (_, i) => 1 + (i % 10)));
  });

  it('are prepared once by name', async () => {
    const client = await connect();
    for (const id of [1, 2, 3, 11]) {
      const { rows } = await client.query({ name: 'owner', text: 'SELECT owner FROM account WHERE id = $1', values: [id] });
      expect(rows).toEqual(id > 10 ? [] : [{ owner: `owner ${id}` }]);
    }
    await expect(client.query({ name: 'owner', text: 'SELECT owner FROM account WHERE id = $1', values: ['x'] })).rejects.toMatchObject({
      code: '22P02',
      where: "unnamed portal parameter $1 = '...'",
    });
    await client.end();
  });

  it('take and give values of every type', async () => {
    const moment = new Date('2024-02-29T12:34:56.789Z');
    const { rows, fields } = await pool.query({
      text: 'SELECT $1::int AS i, $2::bigint AS b, $3::numeric AS n, $4::float8 AS f, $5::bool AS t, $6::text AS s, $7::bytea AS y, $8::timestamptz AS at, $9::jsonb AS j, $10::int[] AS a, $11::uuid AS u, $12::date AS d',
      values: [
        1,
        '9007199254740993',
        '1.50',
        0.1,
        true,
        'é😀',
        Buffer.from([0, 255]),
        moment,
        { a: [1, null, 'x'] },
        [1, null, 3],
        '00000000-0000-4000-8000-000000000000',
        null,
      ],
    });
    expect(rows[0]).toEqual({
      i: 1,
      b: '9007199254740993',
      n: '1.50',
      f: 0.1,
      t: true,
      s: 'é😀',
      y: Buffer.from([0, 255]),
      at: moment,
      j: { a: [1, null, 'x'] },
      a: [1, null, 3],
      u: '00000000-0000-4000-8000-000000000000',
      d: null,
    });
    expect(fields.map(({ dataTypeID }) => dataTypeID)).toEqual([23, 20, 1700, 701, 16, 25, 17, 1184, 3802, 1007, 2950, 1082]);
  });

  it('in binary mode', async () => {
    const client = new pg.Client({ ...config, binary: true } as pg.ClientConfig);
    await client.connect();
    const { rows } = await client.query('SELECT id, id::bigint AS big, balance, id = 1 AS first, owner FROM account WHERE id = $1', [1]);
    expect(rows[0]).toMatchObject({ id: 1, first: true, owner: 'owner 1' });
    await client.end();
  });

  it('of several statements give several results', async () => {
    const results = (await pool.query('SELECT 1 AS a; SELECT 2 AS b')) as unknown as pg.QueryResult[];
    expect(results.map(({ rows }) => rows)).toEqual([[{ a: 1 }], [{ b: 2 }]]);
  });

  it('tell errors with their fields', async () => {
    await expect(pool.query("INSERT INTO account VALUES (1, 'x', 1)")).rejects.toMatchObject({
      code: '23505',
      severity: 'ERROR',
      detail: 'Key (id)=(1) already exists.',
      schema: 'public',
      table: 'account',
      constraint: 'account_pkey',
    });
    await expect(pool.query('SELECT nothing FROM account')).rejects.toMatchObject({ code: '42703', position: '8' });
  });

  it('come in portions through a portal', async () => {
    const client = await connect();
    await client.query('BEGIN');
    // What pg-cursor does: Execute with a row limit on a portal, until the command is complete.
    const portions: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const { connection } = client as unknown as { connection: Record<string, (argument?: unknown) => void> };
      let rows = 0;
      client.query({
        submit() {
          connection.parse({ text: 'SELECT n FROM generate_series(1, 250) n' });
          connection.bind({ portal: 'p' });
          connection.execute({ portal: 'p', rows: 100 });
          connection.flush();
        },
        handleRowDescription() {},
        handleDataRow: () => rows++,
        handlePortalSuspended() {
          portions.push(rows);
          rows = 0;
          connection.execute({ portal: 'p', rows: 100 });
          connection.flush();
        },
        handleCommandComplete() {
          portions.push(rows);
          connection.sync();
        },
        handleReadyForQuery: () => resolve(),
        handleError: (error: Error) => reject(error),
      } as unknown as pg.Submittable);
    });
    expect(portions).toEqual([100, 100, 50]);
    await client.query('COMMIT');
    await client.end();
  });
});

describe('transactions', () => {
  it('that meet another one are told so with 40001, and succeed when tried again', async () => {
    let retries = 0;
    const transfer = async (from: number, to: number): Promise<void> => {
      for (;;) {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          const { rows } = await client.query('SELECT balance FROM account WHERE id = $1', [from]);
          await client.query('UPDATE account SET balance = $1 WHERE id = $2', [Number(rows[0].balance) - 1, from]);
          await client.query('UPDATE account SET balance = balance + 1 WHERE id = $1', [to]);
          await client.query('COMMIT');
          return;
        } catch (error) {
          await client.query('ROLLBACK');
          if (!(error instanceof pg.DatabaseError) || error.code !== '40001') throw error;
          retries++;
        } finally {
          client.release();
        }
      }
    };
    await Promise.all(Array.from({ length: 24 }, (_, i) => transfer(1 + (i % 3), 1 + ((i + 1) % 3))));
    const { rows } = await pool.query('SELECT sum(balance) AS total FROM account');
    expect(rows).toEqual([{ total: '1000.00' }]);
    expect(retries).toBeGreaterThan(0);
  });
});

describe('COPY streams', () => {
  it('carry many rows in and out', async () => {
    const client = await connect();
    await client.query('CREATE TABLE bulk (id int PRIMARY KEY, name text)');
    const lines = Array.from({ length: 2_500 }, (_, i) => `${i}\tname ${i} ${'x'.repeat(i % 50)}\n`);
    await pipeline(Readable.from(lines), client.query(copyFrom('COPY bulk FROM STDIN')));
    const received: Buffer[] = [];
    await pipeline(
      client.query(copyTo('COPY (SELECT * FROM bulk ORDER BY id) TO STDOUT')),
      new Writable({
        write(data, _, done) {
          received.push(data);
          done();
        },
      }),
    );
    expect(Buffer.concat(received).toString()).toBe(lines.join(''));
    await client.end();
  });

  it('that break off leave nothing', async () => {
    const client = await connect();
    const broken = Readable.from(
      (async function* () {
        yield '5000\tx\n';
        throw new Error('the source is gone');
      })(),
    );
    await expect(pipeline(broken, client.query(copyFrom('COPY bulk FROM STDIN')))).rejects.toThrow('the source is gone');
    expect((await client.query('SELECT count(*)::int AS n FROM bulk WHERE id = 5000')).rows).toEqual([{ n: 0 }]);
    await client.end();
  });
});

describe('tokens', () => {
  const signer = async (): Promise<{ signer: DsqlSigner; credentials: { accessKeyId: string; secretAccessKey: string } }> => {
    const variables = await deployment.environment();
    const credentials = { accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY };
    const hostname = variables.PGPASSWORD.split('/')[0];
    return { signer: new DsqlSigner({ hostname, region: variables.AWS_REGION, credentials }), credentials };
  };
  const attempt = async (user: string, password: string | (() => Promise<string>)): Promise<void> => {
    const client = new pg.Client({ ...config, user, password });
    await client.connect();
    await client.end();
  };
  const denied = (hint: RegExp) => ({
    code: '08006',
    severity: 'FATAL',
    message: 'unable to accept connection, access denied',
    hint: expect.stringMatching(hint),
  });

  it("of AWS's own signer are taken, asked for at each connection", async () => {
    const { signer: made } = await signer();
    await attempt('admin', () => made.getDbConnectAdminAuthToken());
  });

  it('that are wrong are refused in the words of DSQL', async () => {
    const { signer: made, credentials } = await signer();
    const good = await made.getDbConnectAdminAuthToken();
    const hostname = good.split('/')[0];
    const wrongRegion = new DsqlSigner({ hostname, region: 'eu-west-1', credentials });
    const wrongHost = new DsqlSigner({ hostname: `x${hostname}`, region: 'us-east-1', credentials });
    const wrongKey = new DsqlSigner({ hostname, region: 'us-east-1', credentials: { ...credentials, secretAccessKey: 'x' } });
    const noKey = new DsqlSigner({ hostname, region: 'us-east-1', credentials: { ...credentials, accessKeyId: 'AKIAXXXXXXXXXXXXXXXX' } });
    await expect(attempt('admin', await made.getDbConnectAuthToken())).rejects.toMatchObject(denied(/^Wrong user to action mapping/));
    await expect(attempt('app', good)).rejects.toMatchObject(denied(/^Wrong user to action mapping\. user: app, action: DbConnectAdmin$/));
    await expect(attempt('admin', await wrongRegion.getDbConnectAdminAuthToken())).rejects.toMatchObject(denied(/Region/));
    await expect(attempt('admin', await wrongHost.getDbConnectAdminAuthToken())).rejects.toMatchObject(denied(/another host/));
    await expect(attempt('admin', await wrongKey.getDbConnectAdminAuthToken())).rejects.toMatchObject(denied(/signature/));
    await expect(attempt('admin', await noKey.getDbConnectAdminAuthToken())).rejects.toMatchObject(denied(/security token/));
    await expect(attempt('admin', good.replace('Expires=900', 'Expires=901'))).rejects.toMatchObject(denied(/signature/));
    await expect(attempt('admin', 'password')).rejects.toMatchObject(denied(/malformed/));
    await expect(attempt('admin', '')).rejects.toMatchObject({ severity: 'FATAL' });
  });
});
