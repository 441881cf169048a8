/** The console and the API over TLS, with a certificate of one's own: a browser signs in, and the commands find their way. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { hasBrowser, launch, rootKeyOf } from './browser.ts';

describe('over TLS', { timeout: 60_000 }, () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'borealis-tls-'));
  let deployment: Deployment;
  beforeAll(async () => {
    const [key, certificate] = [path.join(directory, 'key.pem'), path.join(directory, 'certificate.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', key],
        ...['-out', certificate, '-subj', '/CN=db.example', '-addext', 'subjectAltName=DNS:db.example,DNS:*.db.example'],
      ],
      { stdio: 'ignore' },
    );
    deployment = await Deployment.start(['--in-memory', '--tls-cert', certificate, '--tls-key', key]);
  });
  afterAll(async () => {
    await deployment.remove();
    rmSync(directory, { recursive: true });
  });

  const get = (host: string, target: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { httpPort: port } = deployment.description;
      const sent = request({ host: '127.0.0.1', port, path: target, headers: { host: `${host}:${port}` }, rejectUnauthorized: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.end();
    });

  it('answers to the names in the certificate, and to no others', async () => {
    expect(await get('db.example', '/health')).toBe(200);
    expect(await get('localhost', '/health')).toBe(200);
    for (const host of ['evil.example', 'x.db.example', '*.db.example']) expect(await get(host, '/health'), host).toBe(421);
  });

  it('takes the commands of this machine, which know the certificate', async () => {
    await deployment.run('iam', 'create-user', 'alice');
    expect(await deployment.run('iam', 'list-users', '--json')).toContain('user/alice');
    expect((await deployment.environment()).AWS_ENDPOINT_URL_DSQL).toMatch(/^https:/);
  });

  it.skipIf(!hasBrowser)('signs a browser in, by a cookie that goes over TLS only', async () => {
    const browser = await launch();
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-US' });
      const page = await context.newPage();
      const key = rootKeyOf(deployment);
      await page.goto(`https://127.0.0.1:${deployment.description.httpPort}/`);
      await page.getByLabel('Access key ID').fill(key.accessKeyId);
      await page.getByLabel('Secret access key').fill(key.secretAccessKey);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('ACTIVE').first().waitFor();
      expect(await context.cookies()).toMatchObject([
        { name: '__Host-borealis-session', secure: true, httpOnly: true, sameSite: 'Strict' },
      ]);
    } finally {
      await browser.close();
    }
  });
});
