/** The AWS SDK's own client of DSQL, unchanged: only its endpoint is ours (AWS_ENDPOINT_URL_DSQL). */
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { AuroraDSQLClient } from '@aws/aurora-dsql-node-postgres-connector';
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DeleteClusterPolicyCommand,
  DSQLClient,
  GetClusterCommand,
  GetClusterPolicyCommand,
  GetVpcEndpointServiceNameCommand,
  ListClustersCommand,
  ListTagsForResourceCommand,
  PutClusterPolicyCommand,
  paginateListClusters,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
  waitUntilClusterActive,
  waitUntilClusterNotExists,
} from '@aws-sdk/client-dsql';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const [east, east2, witness] = ['us-east-1', 'us-east-2', 'us-west-2'];

describe('the AWS SDK', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let variables: Record<string, string>;
  const clients: DSQLClient[] = [];
  const clientOf = (region: string, credentials = rootCredentials()): DSQLClient => {
    const client = new DSQLClient({ region, endpoint: variables.AWS_ENDPOINT_URL_DSQL, credentials, maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  const rootCredentials = () => ({ accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY });
  const wait = { minDelay: 0.05, maxDelay: 1, maxWaitTime: 20 };
  const portOf = (region: string): number => deployment.description.regions.find(({ name }) => name === region)?.port ?? 0;
  const ca = (): string => readFileSync(path.join(deployment.dataDir, 'tls/ca.crt'), 'utf8');

  /** Host names of endpoints lead to this machine: what DNS or PGHOSTADDR does for others. */
  async function connect(host: string, region: string, credentials = rootCredentials(), user = 'admin'): Promise<pg.Client> {
    const signer = new DsqlSigner({ hostname: host, region, credentials });
    const password = user === 'admin' ? await signer.getDbConnectAdminAuthToken() : await signer.getDbConnectAuthToken();
    const client = new pg.Client({
      host: '127.0.0.1',
      port: portOf(region),
      user,
      password,
      database: 'postgres',
      ssl: { ca: ca(), servername: host },
    });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  beforeAll(async () => {
    deployment = await Deployment.start();
    variables = await deployment.environment();
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await deployment.remove();
  });

  it('creates a cluster, waits for it, connects, protects and deletes it', async () => {
    const client = clientOf(east);
    const made = await client.send(new CreateClusterCommand({ tags: { Name: 'orders' } }));
    expect(made).toMatchObject({
      status: 'CREATING',
      deletionProtectionEnabled: true,
      endpoint: `${made.identifier}.dsql.us-east-1.on.aws`,
    });
    expect(made.arn).toBe(`arn:aws:dsql:us-east-1:000000000000:cluster/${made.identifier}`);
    expect(Math.abs((made.creationTime?.getTime() ?? 0) - Date.now())).toBeLessThan(10_000);
    const { identifier = '', endpoint = '' } = made;
    await waitUntilClusterActive({ client, ...wait }, { identifier });
    const got = await client.send(new GetClusterCommand({ identifier }));
    expect(got).toMatchObject({ status: 'ACTIVE', tags: { Name: 'orders' }, encryptionDetails: { encryptionType: 'AWS_OWNED_KMS_KEY' } });
    expect(got.multiRegionProperties).toBe(undefined);

    const sql = await connect(endpoint, east);
    await sql.query('CREATE TABLE t (id int PRIMARY KEY)');
    await sql.query('INSERT INTO t VALUES (1), (2)');
    expect((await sql.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 2 }]);
    await sql.end();
    // The default cluster is another one.
    const other = await deployment.connect(east);
    await expect(other.query('SELECT * FROM t')).rejects.toThrow('relation "t" does not exist');
    await other.end();

    await expect(client.send(new DeleteClusterCommand({ identifier }))).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'deletionProtectionEnabled',
      $metadata: { httpStatusCode: 400 },
    });
    expect(await client.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }))).toMatchObject({
      status: 'UPDATING',
    });
    await waitUntilClusterActive({ client, ...wait }, { identifier });
    const open = await connect(endpoint, east);
    const ended = new Promise((resolve) => open.once('error', resolve));
    expect(await client.send(new DeleteClusterCommand({ identifier }))).toMatchObject({ identifier, status: 'DELETING' });
    await waitUntilClusterNotExists({ client, ...wait }, { identifier });
    expect(String(await ended)).toMatch('terminating connection');
    await expect(connect(endpoint, east)).rejects.toThrow('access denied');
    await expect(client.send(new GetClusterCommand({ identifier }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      resourceId: identifier,
      resourceType: 'cluster',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('links two clusters over a witness Region, and ends them together', async () => {
    const [a, b] = [clientOf(east), clientOf(east2)];
    const first = await a.send(
      new CreateClusterCommand({ multiRegionProperties: { witnessRegion: witness }, deletionProtectionEnabled: false }),
    );
    expect(first.status).toBe('PENDING_SETUP');
    const second = await b.send(
      new CreateClusterCommand({
        multiRegionProperties: { witnessRegion: witness, clusters: [first.arn ?? ''] },
        deletionProtectionEnabled: false,
      }),
    );
    expect(second.status).toBe('PENDING_SETUP');
    expect(second.identifier).not.toBe(first.identifier);
    const linked = await a.send(
      new UpdateClusterCommand({
        identifier: first.identifier,
        multiRegionProperties: { witnessRegion: witness, clusters: [second.arn ?? ''] },
      }),
    );
    expect(linked.status).toBe('UPDATING');
    await waitUntilClusterActive({ client: a, ...wait }, { identifier: first.identifier });
    await waitUntilClusterActive({ client: b, ...wait }, { identifier: second.identifier });
    for (const [client, { identifier }] of [
      [a, first],
      [b, second],
    ] as const) {
      const { multiRegionProperties } = await client.send(new GetClusterCommand({ identifier }));
      expect(multiRegionProperties?.witnessRegion).toBe(witness);
      expect([...(multiRegionProperties?.clusters ?? [])].sort()).toEqual([first.arn, second.arn].sort());
    }
    const [inA, inB] = [await connect(first.endpoint ?? '', east), await connect(second.endpoint ?? '', east2)];
    await inA.query('CREATE TABLE t (id int PRIMARY KEY)');
    await inB.query('INSERT INTO t VALUES (7)');
    expect((await inA.query('SELECT id FROM t')).rows).toEqual([{ id: 7 }]);
    await expect(connect(first.endpoint ?? '', east2)).rejects.toThrow('access denied');

    expect(await a.send(new DeleteClusterCommand({ identifier: first.identifier }))).toMatchObject({ status: 'PENDING_DELETE' });
    expect((await inB.query('SELECT id FROM t')).rows).toEqual([{ id: 7 }]);
    expect(await b.send(new DeleteClusterCommand({ identifier: second.identifier }))).toMatchObject({ status: 'DELETING' });
    await waitUntilClusterNotExists({ client: a, ...wait }, { identifier: first.identifier });
    await waitUntilClusterNotExists({ client: b, ...wait }, { identifier: second.identifier });
    await Promise.all([inA.end(), inB.end()]);
  });

  it('shows the default cluster in each of its Regions', async () => {
    const id = deployment.description.clusters[0].id;
    for (const [region, other] of [
      [east, east2],
      [east2, east],
    ]) {
      const cluster = await clientOf(region).send(new GetClusterCommand({ identifier: id }));
      expect(cluster).toMatchObject({
        status: 'ACTIVE',
        arn: `arn:aws:dsql:${region}:000000000000:cluster/${id}`,
        endpoint: `${id}.dsql.${region}.on.aws`,
        deletionProtectionEnabled: true,
        multiRegionProperties: {
          witnessRegion: witness,
          clusters: [region, other].map((name) => `arn:aws:dsql:${name}:000000000000:cluster/${id}`),
        },
      });
    }
  });

  it('lists page by page, and creates once for one token', async () => {
    const client = clientOf(east2);
    const made = new Set<string | undefined>();
    for (let i = 0; i < 5; i++) made.add((await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false }))).identifier);
    const again = { clientToken: 'the-same', deletionProtectionEnabled: false };
    const [one, two] = await Promise.all([client.send(new CreateClusterCommand(again)), client.send(new CreateClusterCommand(again))]);
    expect(two.identifier).toBe(one.identifier);
    await expect(client.send(new CreateClusterCommand({ ...again, tags: { a: 'b' } }))).rejects.toMatchObject({
      name: 'ConflictException',
    });
    made.add(one.identifier);
    const pages: (string | undefined)[][] = [];
    for await (const { clusters } of paginateListClusters({ client, pageSize: 3 }, {}))
      pages.push((clusters ?? []).map(({ identifier }) => identifier));
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(new Set(pages.flat())).toEqual(new Set([...made, deployment.description.clusters[0].id]));
    await expect(client.send(new ListClustersCommand({ maxResults: 101 }))).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(client.send(new ListClustersCommand({ nextToken: 'x' }))).rejects.toMatchObject({ name: 'ValidationException' });
    // A page's token goes on with its own list only.
    const { nextToken } = await client.send(new ListClustersCommand({ maxResults: 1 }));
    expect((await client.send(new ListClustersCommand({ nextToken }))).clusters).toHaveLength(6);
    await expect(clientOf(east).send(new ListClustersCommand({ nextToken }))).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: 'nextToken' }],
    });
    for (const identifier of made) await client.send(new DeleteClusterCommand({ identifier }));
    for (const identifier of made) await waitUntilClusterNotExists({ client, ...wait }, { identifier });
  });

  it('keeps tags', async () => {
    const client = clientOf(east);
    const { arn: resourceArn } = await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false, tags: { a: '1' } }));
    await client.send(new TagResourceCommand({ resourceArn, tags: { 'b c': '2', Name: 'x' } }));
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'b c'] }));
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual({ Name: 'x' });
    await expect(client.send(new TagResourceCommand({ resourceArn, tags: { 'aws:x': '1' } }))).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'fieldValidationFailed',
      fieldList: [{ name: 'tags', message: expect.stringContaining('aws:') }],
    });
    await expect(
      client.send(new ListTagsForResourceCommand({ resourceArn: `arn:aws:dsql:us-east-1:000000000000:cluster/${'z'.repeat(26)}` })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('puts, gets and deletes resource policies, which hold for calls and for connections', async () => {
    const client = clientOf(east);
    const { identifier = '', arn, endpoint = '' } = await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false }));
    await waitUntilClusterActive({ client, ...wait }, { identifier });
    const policy = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await expect(client.send(new GetClusterPolicyCommand({ identifier }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const open = policy({ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' });
    await expect(client.send(new PutClusterPolicyCommand({ identifier, policy: open }))).rejects.toThrow('public access');
    const denial = policy({ Effect: 'Deny', Principal: '*', Action: ['dsql:DbConnectAdmin', 'dsql:UpdateCluster'], Resource: '*' });
    const { policyVersion } = await client.send(new PutClusterPolicyCommand({ identifier, policy: denial }));
    expect(await client.send(new GetClusterPolicyCommand({ identifier }))).toMatchObject({ policy: denial, policyVersion });
    await expect(client.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: true }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
      message: `User: arn:aws:iam::000000000000:root is not authorized to perform: dsql:UpdateCluster on resource: ${arn} with an explicit deny in a resource-based policy`,
    });
    await expect(connect(endpoint, east)).rejects.toMatchObject({
      message: 'unable to accept connection, access denied',
      hint: expect.stringContaining('is not authorized to perform: dsql:DbConnectAdmin'),
    });
    await expect(client.send(new DeleteClusterPolicyCommand({ identifier, expectedPolicyVersion: 'other' }))).rejects.toMatchObject({
      name: 'ConflictException',
    });
    await client.send(new DeleteClusterPolicyCommand({ identifier, expectedPolicyVersion: policyVersion }));
    await (await connect(endpoint, east)).end();
  });

  it('is told what is wrong', async () => {
    const client = clientOf(east);
    await expect(client.send(new GetClusterCommand({ identifier: 'short' }))).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'fieldValidationFailed',
      fieldList: [{ name: 'identifier' }],
    });
    await expect(client.send(new CreateClusterCommand({ kmsEncryptionKey: 'alias/mine' }))).rejects.toThrow('no key management service');
    await expect(clientOf('eu-west-1').send(new CreateClusterCommand({}))).rejects.toThrow('This deployment has no Region eu-west-1');
    expect((await clientOf(witness).send(new ListClustersCommand({}))).clusters).toEqual([]);
    const wrong = clientOf(east, { ...rootCredentials(), secretAccessKey: 'wrong' });
    await expect(wrong.send(new ListClustersCommand({}))).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    const unknown = clientOf(east, { accessKeyId: 'AKIAUNKNOWN', secretAccessKey: 'x' });
    await expect(unknown.send(new ListClustersCommand({}))).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  it('learns the name of the PrivateLink service', async () => {
    const client = clientOf(east);
    const identifier = deployment.description.clusters[0].id;
    const { serviceName } = await client.send(new GetVpcEndpointServiceNameCommand({ identifier }));
    expect(serviceName).toMatch(/^com\.amazonaws\.us-east-1\.dsql-[a-z0-9]{4}$/);
    const label = serviceName?.split('.').pop();
    const privateName = `${identifier}.${label}.us-east-1.on.aws`;
    const signer = new DsqlSigner({ hostname: `${identifier}.dsql.us-east-1.on.aws`, region: east, credentials: rootCredentials() });
    const sql = new pg.Client({
      host: '127.0.0.1',
      port: portOf(east),
      user: 'admin',
      password: await signer.getDbConnectAdminAuthToken(),
      database: 'postgres',
      ssl: { rejectUnauthorized: false, servername: privateName },
    });
    await sql.connect();
    await sql.end();
  });

  it('and its connector connect: to the default cluster by address, to another one by its name', async () => {
    // The connector signs for the host that it connects to, and an address is a name of the default cluster.
    const byAddress = new AuroraDSQLClient({
      host: '127.0.0.1',
      port: portOf(east),
      region: east,
      ssl: { ca: ca() },
      customCredentialsProvider: rootCredentials(),
    });
    await byAddress.connect();
    expect((await byAddress.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await byAddress.end();

    const client = clientOf(east);
    const { identifier = '', endpoint = '' } = await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false }));
    await waitUntilClusterActive({ client, ...wait }, { identifier });
    // In place of a line in /etc/hosts: the endpoint's name leads to this machine.
    class Here extends Socket {
      override connect(...args: unknown[]): this {
        return super.connect(Number(args[0]), '127.0.0.1');
      }
    }
    const byName = new AuroraDSQLClient({
      host: endpoint,
      port: portOf(east),
      ssl: { ca: ca() },
      customCredentialsProvider: rootCredentials(),
      stream: () => new Here(),
    });
    await byName.connect();
    await byName.query('CREATE TABLE t (id int PRIMARY KEY)');
    await byName.transaction(async (transaction) => transaction.query('INSERT INTO t VALUES (1)'));
    expect((await byName.query('SELECT id FROM t')).rows).toEqual([{ id: 1 }]);
    await byName.end();
  });
});
