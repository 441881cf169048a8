/** The HTTP port against what no honest client sends. */

import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCredentials } from '../../src/iam/access-key-file.ts';
import type { AccessKey } from '../../src/iam/iam.ts';
import { signRequest } from '../../src/iam/signed-request.ts';
import { Deployment } from '../deployment.ts';

type Answer = { readonly status: number; readonly type: string | undefined; readonly content: Record<string, unknown> };

describe('the HTTP port', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let key: AccessKey;
  let port: number;
  beforeAll(async () => {
    deployment = await Deployment.start();
    port = deployment.description.httpPort;
    const parsed = parseCredentials(readFileSync(path.join(deployment.dataDir, 'credentials'), 'utf8'));
    if (parsed === undefined) throw new Error('no key');
    key = parsed;
  });
  afterAll(() => deployment.remove());

  function send(method: string, target: string, headers: Record<string, string>, body: Buffer | string = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: { 'content-length': Buffer.byteLength(body), ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (data) => (text += data));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['x-amzn-errortype'] === undefined ? undefined : String(response.headers['x-amzn-errortype']),
            // The console's page is no JSON.
            content: /json/.test(response.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : {},
          }),
        );
      });
      sent.end(body);
    });
  }

  function signed(method: string, target: string, body: Buffer | string = '', more: Record<string, string> = {}): Promise<Answer> {
    const parts = { method, target, body: Buffer.from(body), headers: new Map([['host', `127.0.0.1:${port}`], ...Object.entries(more)]) };
    const headers = signRequest(parts, { region: 'us-east-1', service: 'dsql', now: Date.now() * 1_000 }, key);
    return send(method, target, Object.fromEntries(headers), body);
  }

  /** Whatever the server answers to these bytes, until it closes or has been silent. */
  function raw(bytes: Buffer): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.setTimeout(300, () => socket.destroy());
      socket.on('data', (data) => (text += data));
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
  }

  it('serves signed calls, and nothing else of the API', async () => {
    expect(await signed('GET', '/cluster')).toMatchObject({ status: 200 });
    expect(await send('GET', '/cluster', {})).toMatchObject({ status: 403, type: 'MissingAuthenticationTokenException' });
    for (const target of ['/borealis/regions', '/borealis/audit', '/borealis/series', '/tags/x', '/stream/x'])
      expect((await send('GET', target, {})).status).toBe(403);
    for (const target of ['/borealis/regions/us-east-1/stop', '/borealis/iam/CreateUser'])
      expect((await send('POST', target, {}, '{}')).status).toBe(403);
    expect(await signed('PATCH', '/cluster')).toMatchObject({ status: 404, type: 'UnknownOperationException' });
    expect(await signed('GET', '/cluster/a/b/c')).toMatchObject({ status: 404, type: 'UnknownOperationException' });
    expect((await signed('GET', '/health')).status).toBe(200);
    expect((await signed('GET', '/ready')).content).toEqual({ status: 'ready' });
  });

  it('serves no strange host and no other origin', async () => {
    expect((await send('GET', '/cluster', { host: 'evil.example' })).status).toBe(421);
    expect((await send('GET', '/health', { host: `evil.example:${port}` })).status).toBe(421);
    expect((await signed('GET', '/cluster', '', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await signed('GET', '/cluster', '', { origin: 'null' })).status).toBe(403);
    expect((await signed('GET', '/cluster', '', { origin: `http://127.0.0.1:${port}` })).status).toBe(200);
  });

  it('takes no large body, and no body that is not JSON', async () => {
    const large = await signed('POST', '/cluster', Buffer.alloc(200_000, 32)).catch((error: Error) => error.message);
    expect(typeof large === 'string' ? 413 : large.status).toBe(413);
    for (const body of ['{', '[]', '"x"', 'null', '\ufeff{}', Buffer.from([0x7b, 0xff, 0x7d])])
      expect(await signed('POST', '/cluster', body)).toMatchObject({
        status: 400,
        type: 'ValidationException',
        content: { reason: 'cannotParse' },
      });
    const all = await signed(
      'POST',
      '/cluster',
      JSON.stringify({
        tags: { '': 'x' },
        clientToken: ' ',
        policy: 1,
        deletionProtectionEnabled: 'yes',
        multiRegionProperties: { clusters: [1] },
      }),
    );
    expect(all).toMatchObject({ status: 400, content: { reason: 'fieldValidationFailed' } });
    expect((all.content.fieldList as { readonly name: string }[]).map(({ name }) => name).sort()).toEqual([
      'clientToken',
      'deletionProtectionEnabled',
      'multiRegionProperties.clusters.0',
      'policy',
      'tags',
    ]);
    expect(await signed('POST', '/cluster', '{"__proto__":{"deletionProtectionEnabled":false},"constructor":1}')).toMatchObject({
      status: 200,
      content: { deletionProtectionEnabled: true },
    });
  });

  it('answers every target and every body, and goes on', async () => {
    const targets = fc.oneof(
      fc.webPath(),
      fc.constantFrom('/cluster/%zz', '/tags/%', '/cluster/%2e%2e/x', '/tags/arn%3Aaws%3Adsql', '//cluster', '/cluster?next-token=%00'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'DELETE'),
        fc.constantFrom('/cluster', '/tags', '/stream', '/borealis', ''),
        targets,
        fc.json(),
        async (method, prefix, target, body) => {
          const { status } = await signed(method, `${prefix}${target}` || '/', body);
          expect(status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
    for (const bytes of [
      Buffer.alloc(2_000, 0xff),
      Buffer.from('GET / HTTP/9.9\r\n\r\n'),
      Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`),
    ])
      expect(await raw(bytes)).not.toMatch(/^HTTP\/1\.1 (2|5)/);
    expect((await signed('GET', '/cluster')).status).toBe(200);
  });

  it('takes no body that is nested beyond reason, in whatever it lies', async () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    for (const [target, body] of [
      ['/cluster', `{"clientToken":"t","tags":${deep}}`],
      ['/cluster', `{"clientToken":"t","unknown":${deep}}`],
      ['/borealis/iam/CreateUser', `{"UserName":${deep}}`],
    ])
      expect(await signed('POST', target, body), target).toMatchObject({ status: 400, content: { reason: 'cannotParse' } });
    const policy = `{"Version":"2012-10-17","Statement":${'['.repeat(9_000)}${']'.repeat(9_000)}}`;
    const validate = JSON.stringify({ policyDocument: policy, policyType: 'RESOURCE_POLICY' });
    expect((await signed('POST', '/borealis/policies/validate', validate)).status).toBe(200);
    expect((await signed('POST', '/cluster', JSON.stringify({ policy }))).status).toBe(400);
    expect((await send('POST', '/console/session', { 'content-type': 'application/json' }, deep.slice(40_000, 55_000))).status).toBe(400);
  });

  it('takes no large body of unknown length, from whoever it comes', async () => {
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    for (const target of ['/cluster', '/console/session', '/borealis/recovery-points/aaaaaaaaaaaaaaaaaaaaaaaaaa/complete']) {
      const head = `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
      expect(await raw(Buffer.from(head + piece.repeat(8))), target).toMatch(/^HTTP\/1\.1 413 /);
    }
  });

  it('gives nothing by a path that means another one', async () => {
    const line = (target: string, more = ''): Promise<string> =>
      raw(Buffer.from(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n${more}\r\n`, 'latin1'));
    for (const target of [
      '/console/assets/../../main.js',
      '/console/assets/%2e%2e/%2e%2e/main.js',
      '/console/assets/..%5c..%5cmain.js',
      '/console/assets/%00',
      '/console/assets/%c0%ae%c0%ae/x',
      '/console/assets//etc/passwd',
      '/../../etc/passwd',
    ]) {
      const answer = await line(target);
      expect(answer, target).not.toMatch(/^HTTP\/1\.1 5/);
      expect(answer, target).not.toMatch(/root:|import \{/);
    }
    // What is behind the session stays there, however it is spelt.
    for (const target of [
      '/console/api/control/us-east-1/cluster',
      '/console//api/control/us-east-1/cluster',
      '/console/x/../api/control/us-east-1/cluster',
      '/console/%61pi/control/us-east-1/cluster',
      '/CONSOLE/API/control/us-east-1/cluster',
      `http://127.0.0.1:${port}/console/api/control/us-east-1/cluster`,
    ])
      expect(await line(target), target).not.toContain('"identifier"');
    expect(await line('http://evil.example/cluster')).not.toMatch(/^HTTP\/1\.1 (2|5)/);
    // A request that two readers would cut in different places is none.
    for (const more of [
      'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n',
      'Content-Length: 3\r\nContent-Length: 4\r\n',
      'Bad\x00: x\r\n',
    ])
      expect(await line('/cluster', more)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('serves others while many requests never end', async () => {
    const head = `POST /cluster HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 1000\r\n\r\n{`;
    const stalled = await Promise.all(
      Array.from(
        { length: 300 },
        () =>
          new Promise<ReturnType<typeof connect>>((resolve, reject) => {
            const socket = connect(port, '127.0.0.1', () => socket.write(head, () => resolve(socket)));
            socket.on('error', reject);
          }),
      ),
    );
    for (let i = 0; i < 5; i++) expect((await signed('GET', '/cluster')).status).toBe(200);
    for (const socket of stalled) socket.destroy();
  });

  it('writes down who called and who connected, and no secret', async () => {
    const client = await deployment.connect();
    await client.end();
    await expect(deployment.connect('us-east-2').then((second) => second.end())).resolves.toBe(undefined);
    await signed('GET', `/cluster/${'a'.repeat(26)}`, '', { 'user-agent': 'test' });
    const { content } = await signed('GET', '/borealis/audit?max-results=50');
    const events = content.events as readonly Record<string, unknown>[];
    expect(events[0]).toMatchObject({
      eventName: 'GetCluster',
      eventSource: 'dsql.amazonaws.com',
      awsRegion: 'us-east-1',
      errorCode: 'ResourceNotFoundException',
      userAgent: 'test',
      userIdentity: { type: 'Root', arn: 'arn:aws:iam::000000000000:root', accessKeyId: key.accessKeyId },
      requestParameters: { identifier: 'a'.repeat(26) },
    });
    expect(events.filter(({ eventName }) => eventName === 'DbConnectAdmin').map(({ awsRegion }) => awsRegion)).toEqual([
      'us-east-2',
      'us-east-1',
    ]);
    const file = readFileSync(path.join(deployment.dataDir, 'audit/000001.jsonl'), 'utf8');
    expect(file.trim().split('\n').length).toBeGreaterThanOrEqual(events.length);
    expect(file).not.toContain(key.secretAccessKey);
    expect(file).not.toContain('X-Amz-Signature');
  });
});
