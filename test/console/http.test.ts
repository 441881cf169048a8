/** The console's side of the HTTP port without a browser: who gets what, cookies, headers, and what pages from elsewhere can do. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { rootKeyOf } from './browser.ts';

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

describe('the console over HTTP', { timeout: 60_000 }, () => {
  let deployment: Deployment;
  let port: number;
  beforeAll(async () => {
    deployment = await Deployment.start();
    port = deployment.description.httpPort;
  });
  afterAll(() => deployment.remove());

  function send(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        host: '127.0.0.1',
        port,
        method,
        path,
        headers: { 'content-length': Buffer.byteLength(body), ...headers },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (data) => (text += data));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.end(body);
    });
  }

  const json = { 'content-type': 'application/json' };
  function signIn(more: Record<string, string> = {}, credentials: Record<string, string> = {}): Promise<Answer> {
    const { accessKeyId, secretAccessKey } = rootKeyOf(deployment);
    return send('POST', '/console/session', { ...json, ...more }, JSON.stringify({ accessKeyId, secretAccessKey, ...credentials }));
  }
  async function session(): Promise<{ readonly cookie: string; readonly csrf: string; readonly setCookie: string }> {
    const { headers, text } = await signIn();
    const setCookie = headers['set-cookie']?.[0] ?? '';
    return { cookie: setCookie.split(';')[0], csrf: JSON.parse(text).csrfToken, setCookie };
  }

  it('serves the page with no script but its own, in no frame, and kept nowhere', async () => {
    for (const path of ['/', '/console/clusters', '/console/clusters/us-east-1/x/tab/jobs']) {
      const { status, headers, text } = await send('GET', path);
      expect(status, path).toBe(200);
      expect(headers['content-type']).toMatch(/^text\/html/);
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      const policy = String(headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(/script-src ([^;]*)/.exec(policy)?.[1]).toBe("'self'");
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
      // Offline: nothing comes from anywhere else.
      expect(text).not.toMatch(/https?:\/\//);
    }
  });

  it('reads change streams with its session, as server-sent events', async () => {
    const [{ id }] = deployment.description.clusters;
    const { cookie, csrf } = await session();
    const control = '/console/api/control/us-east-1';
    const kinesis = { streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', roleArn: 'arn:aws:iam::000000000000:role/r' };
    const body = JSON.stringify({ targetDefinition: { kinesis }, ordering: 'UNORDERED', format: 'JSON' });
    const made = await send('POST', `${control}/stream/${id}`, { ...json, cookie, 'x-borealis-csrf': csrf }, body);
    const { streamIdentifier } = JSON.parse(made.text);
    for (let status = ''; status !== 'ACTIVE'; )
      ({ status } = JSON.parse((await send('GET', `${control}/stream/${id}/${streamIdentifier}`, { cookie })).text));
    const path = `${control}/borealis/clusters/${id}/streams/${streamIdentifier}/records?wait-seconds=0`;
    expect((await send('GET', path)).status).toBe(401);
    const { status, headers, text } = await send('GET', path, { cookie, accept: 'text/event-stream' });
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream']);
    expect(text).toMatch(/^id: [a-z0-9]+-\d+-0-0\nevent: position\ndata: \{\}\n\n$/);
  });

  it('serves the program to be kept for ever, compressed where that is wanted, and no other files', async () => {
    const { text } = await send('GET', '/');
    const script = /src="([^"]+)"/.exec(text)?.[1] ?? '';
    const plain = await send('GET', script);
    expect(plain.status).toBe(200);
    expect(plain.headers['cache-control']).toContain('immutable');
    expect(plain.headers['content-type']).toMatch(/javascript/);
    expect((await send('GET', script, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBe('gzip');
    for (const name of ['..%2findex.html', '..%2f..%2fmain.js', 'nothing.js', '.built'])
      expect((await send('GET', `/console/assets/${name}`)).status, name).toBe(404);
  });

  it('gives nothing to who is not signed in', async () => {
    for (const path of ['/console/session', '/console/api/control/us-east-1/cluster', '/console/api/anything'])
      expect((await send('GET', path)).status, path).toBe(401);
    expect((await send('GET', '/console/session', { cookie: 'borealis-session=made-up' })).status).toBe(401);
  });

  it('keeps the session in a cookie that no script reads and no other site sends', async () => {
    const { setCookie, cookie } = await session();
    expect(setCookie).toMatch(/; HttpOnly/i);
    expect(setCookie).toMatch(/; SameSite=Strict/i);
    const { status, text } = await send('GET', '/console/session', { cookie });
    expect(status).toBe(200);
    expect(text).not.toContain(rootKeyOf(deployment).secretAccessKey);
    expect(JSON.parse(text).name).toBe('root');
  });

  it('carries out the operations of the API for who is signed in', async () => {
    const { cookie } = await session();
    const { status, text } = await send('GET', '/console/api/control/us-east-1/cluster', { cookie });
    expect(status).toBe(200);
    expect(JSON.parse(text).clusters).toHaveLength(1);
    expect((await send('GET', '/console/api/control/us-east-1/nothing', { cookie })).status).toBe(404);
  });

  it('changes nothing without the second token', async () => {
    const { cookie, csrf } = await session();
    const isolate = (headers: Record<string, string>): Promise<Answer> =>
      send('POST', '/console/api/control/us-east-1/borealis/regions/us-east-2/heal', { cookie, ...json, ...headers }, '{}');
    expect((await isolate({})).status).toBe(403);
    expect((await isolate({ 'x-borealis-csrf': 'x' })).status).toBe(403);
    expect((await isolate({ 'x-borealis-csrf': (await session()).csrf })).status).toBe(403);
    expect((await isolate({ 'x-borealis-csrf': csrf, origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await isolate({ 'x-borealis-csrf': csrf })).status).toBe(200);
    expect((await send('DELETE', '/console/session', { cookie })).status).toBe(403);
  });

  it('signs in by JSON only: a form of another page cannot', async () => {
    const { accessKeyId, secretAccessKey } = rootKeyOf(deployment);
    const body = JSON.stringify({ accessKeyId, secretAccessKey });
    expect((await send('POST', '/console/session', { 'content-type': 'text/plain' }, body)).status).toBe(415);
    expect((await signIn({ origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await send('POST', '/console/session', json, '{"accessKeyId":1}')).status).toBe(400);
    expect((await send('POST', '/console/session', json, '[')).status).toBe(400);
  });

  it('ends the session at signing out', async () => {
    const { cookie, csrf } = await session();
    const { status, headers } = await send('DELETE', '/console/session', { cookie, 'x-borealis-csrf': csrf });
    expect(status).toBe(200);
    expect(headers['set-cookie']?.[0]).toMatch(/Max-Age=0/);
    expect((await send('GET', '/console/session', { cookie })).status).toBe(401);
  });

  it('holds users to their policies, and ends the session of a key that is gone', async () => {
    await deployment.run('iam', 'create-user', 'reader');
    await deployment.run('iam', 'attach-user-policy', 'reader', 'arn:aws:iam::aws:policy/AmazonAuroraDSQLReadOnlyAccess');
    const key = JSON.parse(await deployment.run('iam', 'create-access-key', 'reader', '--json')).AccessKey;
    const { headers, text } = await signIn({}, { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey });
    const cookie = headers['set-cookie']?.[0].split(';')[0] ?? '';
    const csrf = JSON.parse(text).csrfToken;
    expect((await send('GET', '/console/api/control/us-east-1/cluster', { cookie })).status).toBe(200);
    const made = await send('POST', '/console/api/control/us-east-1/cluster', { cookie, 'x-borealis-csrf': csrf }, '{}');
    expect(made.status).toBe(403);
    expect(made.headers['x-amzn-errortype']).toBe('AccessDeniedException');
    const [{ id }] = deployment.description.clusters;
    const token = `/console/api/control/us-east-1/borealis/clusters/${id}/token`;
    expect((await send('POST', token, { cookie, 'x-borealis-csrf': csrf }, '{}')).status).toBe(403);
    expect((await send('GET', `/console/api/control/us-east-1/borealis/clusters/${id}/conflicts`, { cookie })).status).toBe(403);
    await deployment.run('iam', 'delete-access-key', 'reader', key.AccessKeyId);
    expect((await send('GET', '/console/api/control/us-east-1/cluster', { cookie })).status).toBe(401);
  });

  it('slows down who tries secrets', async () => {
    const answers: number[] = [];
    for (let i = 0; i < 12; i++) answers.push((await signIn({}, { secretAccessKey: `guess ${i}` })).status);
    expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 403));
    expect(answers.at(-1)).toBe(429);
    const refused = await signIn();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });
});
