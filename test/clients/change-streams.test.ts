/** Change streams through the AWS SDK's own client of DSQL, unchanged, and read over HTTP and by the command line. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DSQLClient,
  GetStreamCommand,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  paginateListStreams,
  TagResourceCommand,
  waitUntilStreamActive,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-dsql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signRequest } from '#iam/signed-request.ts';
import { Deployment } from '../deployment.ts';

const [east, east2] = ['us-east-1', 'us-east-2'];
const targetDefinition = {
  kinesis: { streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', roleArn: 'arn:aws:iam::000000000000:role/r' },
};
const wait = { minDelay: 0.05, maxDelay: 1, maxWaitTime: 20 };
const command = path.join(import.meta.dirname, '../../bin/borealis.mjs');

describe('change streams', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let variables: Record<string, string>;
  let clusterIdentifier: string;
  const clients: DSQLClient[] = [];
  beforeAll(async () => {
    deployment = await Deployment.start();
    variables = await deployment.environment();
    clusterIdentifier = deployment.description.clusters[0].id;
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await deployment.remove();
  });

  const credentials = () => ({ accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY });
  const clientOf = (region: string): DSQLClient => {
    const client = new DSQLClient({ region, endpoint: variables.AWS_ENDPOINT_URL_DSQL, credentials: credentials(), maxAttempts: 1 });
    clients.push(client);
    return client;
  };
  const request = (client: DSQLClient) =>
    client.send(new CreateStreamCommand({ clusterIdentifier, targetDefinition, ordering: 'UNORDERED', format: 'JSON' }));

  async function read(region: string, stream: string, query: Record<string, string>, more: Record<string, string> = {}): Promise<Response> {
    const url = new URL(variables.AWS_ENDPOINT_URL_DSQL);
    const target = `/borealis/clusters/${clusterIdentifier}/streams/${stream}/records?${new URLSearchParams(query)}`;
    const parts = { method: 'GET', target, body: Buffer.alloc(0), headers: new Map([['host', url.host], ...Object.entries(more)]) };
    const key = { accessKeyId: variables.AWS_ACCESS_KEY_ID, secretAccessKey: variables.AWS_SECRET_ACCESS_KEY, principal: 'root' };
    const headers = signRequest(parts, { region, service: 'dsql', now: Date.now() * 1_000 }, key);
    return fetch(`${url.origin}${target}`, { headers: Object.fromEntries(headers) });
  }
  type Line = { readonly position: string; readonly record?: { readonly op: string; readonly after: unknown } };
  const linesOf = async (response: Response): Promise<Line[]> =>
    (await response.text())
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  const changesOf = (lines: readonly Line[]) => lines.flatMap(({ record }) => (record === undefined ? [] : [[record.op, record.after]]));

  it('are created, waited for, tagged, listed and deleted by the SDK, and read from any position', async () => {
    const client = clientOf(east);
    const made = await request(client);
    expect(made).toMatchObject({ clusterIdentifier, status: 'CREATING', ordering: 'UNORDERED', format: 'JSON' });
    const streamIdentifier = made.streamIdentifier ?? '';
    expect(made.arn).toBe(`arn:aws:dsql:us-east-1:000000000000:cluster/${clusterIdentifier}/stream/${streamIdentifier}`);
    await waitUntilStreamActive({ client, ...wait }, { clusterIdentifier, streamIdentifier });
    await client.send(new TagResourceCommand({ resourceArn: made.arn, tags: { Name: 'all' } }));
    expect((await client.send(new ListTagsForResourceCommand({ resourceArn: made.arn }))).tags).toEqual({ Name: 'all' });
    expect(await client.send(new GetStreamCommand({ clusterIdentifier, streamIdentifier }))).toMatchObject({
      status: 'ACTIVE',
      targetDefinition,
      tags: { Name: 'all' },
    });

    const sql = await deployment.connect(east2);
    await sql.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
    await sql.query('INSERT INTO account VALUES (1, 100), (2, 50)');
    await sql.query('UPDATE account SET balance = balance - 10 WHERE id = 1');
    await sql.query('DELETE FROM account WHERE id = 2');
    await sql.end();
    const lines = await linesOf(await read(east, streamIdentifier, { 'wait-seconds': '0' }));
    const changes = [
      ['c', { id: 1, balance: 100 }],
      ['c', { id: 2, balance: 50 }],
      ['u', { id: 1, balance: 90 }],
      ['d', null],
    ];
    expect(changesOf(lines)).toEqual(changes);
    const behind = await linesOf(await read(east, streamIdentifier, { position: lines[1].position, 'wait-seconds': '0' }));
    expect(changesOf(behind)).toEqual(changes.slice(2));
    // The other Region has streams of its own.
    const other = clientOf(east2);
    const { streamIdentifier: there = '' } = await request(other);
    await waitUntilStreamActive({ client: other, ...wait }, { clusterIdentifier, streamIdentifier: there });

    expect((await read(east, streamIdentifier, { position: 'elsewhere' })).status).toBe(400);
    expect((await read(east2, streamIdentifier, {})).status).toBe(404);
    await client.send(new DeleteStreamCommand({ clusterIdentifier, streamIdentifier }));
    await waitUntilStreamNotExists({ client, ...wait }, { clusterIdentifier, streamIdentifier });
    expect((await client.send(new ListStreamsCommand({ clusterIdentifier }))).streams).toEqual([]);
    await expect(client.send(new GetStreamCommand({ clusterIdentifier, streamIdentifier }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      resourceType: 'stream',
    });
  });

  it('are refused where Aurora DSQL refuses them', async () => {
    const client = clientOf(east);
    const wrong = { clusterIdentifier, targetDefinition, ordering: 'ORDERED' as 'UNORDERED', format: 'JSON' } as const;
    await expect(client.send(new CreateStreamCommand(wrong))).rejects.toMatchObject({ name: 'ValidationException' });
    const many = { clusterIdentifier: 'z'.repeat(26), targetDefinition, ordering: 'UNORDERED', format: 'JSON' } as const;
    await expect(client.send(new CreateStreamCommand(many))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const again = { clusterIdentifier, targetDefinition, ordering: 'UNORDERED', format: 'JSON', clientToken: 'once' } as const;
    const first = await client.send(new CreateStreamCommand(again));
    expect((await client.send(new CreateStreamCommand(again))).streamIdentifier).toBe(first.streamIdentifier);
    for (let i = 0; i < 4; i++) await request(client);
    await expect(request(client)).rejects.toMatchObject({ name: 'ServiceQuotaExceededException', $metadata: { httpStatusCode: 402 } });
    const listed: string[] = [];
    for await (const page of paginateListStreams({ client, pageSize: 2 }, { clusterIdentifier }))
      listed.push(...(page.streams ?? []).map(({ streamIdentifier = '' }) => streamIdentifier));
    expect(new Set(listed).size).toBe(5);
    for (const streamIdentifier of listed) await client.send(new DeleteStreamCommand({ clusterIdentifier, streamIdentifier }));
    for (const streamIdentifier of listed) await waitUntilStreamNotExists({ client, ...wait }, { clusterIdentifier, streamIdentifier });
  });

  it('come as they are committed, as server-sent events too, and go on where they were after kill -9', async () => {
    const client = clientOf(east);
    const { streamIdentifier = '' } = await request(client);
    await waitUntilStreamActive({ client, ...wait }, { clusterIdentifier, streamIdentifier });
    const response = await read(east, streamIdentifier, {}, { accept: 'text/event-stream' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body?.getReader();
    const sql = await deployment.connect();
    await sql.query('CREATE TABLE event (id int PRIMARY KEY)');
    await sql.query('INSERT INTO event VALUES (1)');
    let text = '';
    while (!text.includes('event: change')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    const [, position] = /id: (\S+)\nevent: change\ndata: \{"type":"full","op":"c"/.exec(text) ?? [];
    await sql.query('INSERT INTO event VALUES (2)');
    await deployment.kill();
    await deployment.start();
    variables = await deployment.environment();
    const lines = await linesOf(await read(east, streamIdentifier, { 'wait-seconds': '0' }, { 'last-event-id': position }));
    expect(changesOf(lines)).toEqual([['c', { id: 2 }]]);

    const { stdout } = await promisify(execFile)(process.execPath, [
      command,
      'stream',
      'tail',
      streamIdentifier,
      '--no-follow',
      '--data-dir',
      deployment.dataDir,
    ]);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).record.after),
    ).toEqual([{ id: 1 }, { id: 2 }]);
    const metrics = await (await fetch(`${variables.AWS_ENDPOINT_URL_DSQL}/metrics`)).text();
    expect(metrics).toMatch(new RegExp(`^PublishedRecords\\{ClusterId="${clusterIdentifier}",StreamId="${streamIdentifier}"\\} 3$`, 'm'));
  });
});
