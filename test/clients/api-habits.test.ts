/** What tools that manage infrastructure rely on, with the AWS SDK's own client: reading after each change, asking again, being told to wait. */
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DSQLClient,
  GetClusterCommand,
  ListClustersCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UpdateClusterCommand,
  waitUntilClusterNotExists,
} from '@aws-sdk/client-dsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';

const region = 'us-east-1';

describe('the API', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  const clients: DSQLClient[] = [];
  let rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string };
  const clientWith = (maxAttempts: number, credentials = rootKey): DSQLClient => {
    const endpoint = `http://127.0.0.1:${deployment.description.httpPort}`;
    const client = new DSQLClient({ region, endpoint, credentials, maxAttempts });
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    deployment = await Deployment.start(['--in-memory', '--api-rate', '5', '--api-burst', '30', '--cluster-quota', '2']);
    const variables = await deployment.environment();
    rootKey = { accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY };
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await deployment.remove();
  });

  it('shows each change to the next call, and a cluster that has gone to none', async () => {
    const client = clientWith(1);
    const made = await client.send(new CreateClusterCommand({ tags: { Name: 'one' }, clientToken: 'habit-1' }));
    const { identifier = '', arn: resourceArn = '' } = made;
    expect(await client.send(new GetClusterCommand({ identifier }))).toMatchObject({ identifier, arn: resourceArn, tags: { Name: 'one' } });
    // The same again, later and in another state, is answered as the first time.
    expect(await client.send(new CreateClusterCommand({ tags: { Name: 'one' }, clientToken: 'habit-1' }))).toMatchObject({ identifier });
    await expect(client.send(new CreateClusterCommand({ tags: { Name: 'two' }, clientToken: 'habit-1' }))).rejects.toMatchObject({
      name: 'ConflictException',
      $metadata: { httpStatusCode: 409 },
    });
    await expect(client.send(new DeleteClusterCommand({ identifier }))).rejects.toMatchObject({
      name: 'ValidationException',
      reason: 'deletionProtectionEnabled',
    });
    await client.send(new UpdateClusterCommand({ identifier, deletionProtectionEnabled: false }));
    expect((await client.send(new GetClusterCommand({ identifier }))).deletionProtectionEnabled).toBe(false);
    await client.send(
      new TagResourceCommand({ resourceArn, tags: Object.fromEntries(Array.from({ length: 199 }, (_, i) => [`k${i}`, ''])) }),
    );
    await expect(client.send(new TagResourceCommand({ resourceArn, tags: { more: '' } }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    expect(Object.keys((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags ?? {})).toHaveLength(200);
    await client.send(new DeleteClusterCommand({ identifier, clientToken: 'habit-2' }));
    expect(await client.send(new DeleteClusterCommand({ identifier, clientToken: 'habit-2' }))).toMatchObject({ identifier });
    await waitUntilClusterNotExists({ client, minDelay: 0.2, maxDelay: 1, maxWaitTime: 10 }, { identifier });
    for (const answer of [client.send(new GetClusterCommand({ identifier })), client.send(new DeleteClusterCommand({ identifier }))])
      await expect(answer).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
        resourceId: identifier,
        resourceType: 'cluster',
      });
    await expect(client.send(new ListTagsForResourceCommand({ resourceArn }))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('refuses more clusters than the quota, with the quota named', async () => {
    const client = clientWith(4);
    for (let i = 0; i < 2; i++) await client.send(new CreateClusterCommand({ deletionProtectionEnabled: false }));
    await expect(client.send(new CreateClusterCommand({}))).rejects.toMatchObject({
      name: 'ServiceQuotaExceededException',
      $metadata: { httpStatusCode: 402 },
      serviceCode: 'dsql',
    });
  });

  it('tells who calls too often when to call again, which the SDK does by itself', async () => {
    const hasty = clientWith(1);
    const refusals: unknown[] = [];
    for (let i = 0; i < 40 && refusals.length === 0; i++)
      await hasty.send(new ListClustersCommand({})).catch((error: unknown) => refusals.push(error));
    expect(refusals[0]).toMatchObject({
      name: 'ThrottlingException',
      $metadata: { httpStatusCode: 429 },
      $retryable: { throttling: true },
      retryAfterSeconds: 1,
    });
    // A changed secret is not this key's holder: it takes nothing from the allowance, and is told as ever.
    await expect(clientWith(1, { ...rootKey, secretAccessKey: 'x' }).send(new ListClustersCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    const patient = await clientWith(6).send(new ListClustersCommand({}));
    expect(patient.clusters?.length).toBeGreaterThan(0);
  });
});
