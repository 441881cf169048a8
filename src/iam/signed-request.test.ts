import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accessKeysOf } from './access-key-file.ts';
import type { AccessKey } from './iam.ts';
import { type HttpRequestParts, signRequest, verifyRequest } from './signed-request.ts';

const key: AccessKey = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY', principal: 'p' };
const temporary: AccessKey = { ...key, accessKeyId: 'ASIAEXAMPLE', session: { token: 'tok/en+=', expiresAt: 1_700_000_100_000_000 } };
const keys = accessKeysOf(key, temporary);
const now = 1_700_000_000_000_000;
const scope = { region: 'us-east-1', service: 'dsql', now };

const request = (more: Partial<HttpRequestParts> = {}): HttpRequestParts => ({
  method: 'POST',
  target: '/cluster',
  headers: new Map([['host', 'localhost:8000']]),
  body: Buffer.from('{}'),
  ...more,
});
const outcome = (parts: HttpRequestParts, at = now): string => {
  const verdict = verifyRequest(parts, 'dsql', keys, at);
  return verdict.kind === 'verified' ? `${verdict.key.accessKeyId} in ${verdict.region}` : verdict.type;
};
const signed = (parts: HttpRequestParts, by = key): HttpRequestParts => ({ ...parts, headers: signRequest(parts, scope, by) });

/** As the AWS SDKs sign it. */
async function signedBySdk(
  method: string,
  path: string,
  query: Record<string, string | string[]>,
  body: string,
  by: AccessKey = key,
): Promise<HttpRequestParts> {
  const signer = new SignatureV4({
    service: 'dsql',
    region: 'us-east-1',
    credentials: {
      accessKeyId: by.accessKeyId,
      secretAccessKey: by.secretAccessKey,
      ...(by.session === undefined ? {} : { sessionToken: by.session.token }),
    },
    sha256: Sha256,
  });
  const made = await signer.sign(
    new HttpRequest({
      method,
      protocol: 'http:',
      hostname: 'localhost',
      path,
      query,
      body,
      headers: { host: 'localhost:8000', 'content-type': 'application/json' },
    }),
    { signingDate: new Date(now / 1_000) },
  );
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const parts = Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => `${encode(name)}=${encode(value)}`));
  return {
    method,
    target: parts.length === 0 ? path : `${path}?${parts.join('&')}`,
    headers: new Map(Object.entries(made.headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: Buffer.from(body),
  };
}

describe('a signed request', () => {
  it('of the AWS SDK is verified', async () => {
    const arn = encodeURIComponent('arn:aws:dsql:us-east-1:000000000000:cluster/abc');
    expect(outcome(await signedBySdk('POST', '/cluster', {}, '{"tags":{"Näme":"ü"}}'))).toBe('AKIDEXAMPLE in us-east-1');
    expect(outcome(await signedBySdk('GET', '/cluster', { 'max-results': '2', 'next-token': 'a/b+c=' }, ''))).toBe(
      'AKIDEXAMPLE in us-east-1',
    );
    expect(outcome(await signedBySdk('DELETE', `/tags/${arn}`, { tagKeys: ['b', 'a', 'x y(*)'] }, ''))).toBe('AKIDEXAMPLE in us-east-1');
    expect(outcome(await signedBySdk('POST', '/cluster', {}, '{}', temporary))).toBe('ASIAEXAMPLE in us-east-1');
  });

  it('of our own is signed as the AWS SDK signs it', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.webQueryParameters(), fc.string(), (path, query, body) => {
        const parts = signed(request({ target: `${path || '/'}?${query}`, body: Buffer.from(body) }));
        expect(outcome(parts)).toBe('AKIDEXAMPLE in us-east-1');
      }),
    );
  });

  it('is refused when anything about it is changed', () => {
    const good = signed(request({ target: '/cluster?a=1' }));
    expect(outcome(good)).toBe('AKIDEXAMPLE in us-east-1');
    expect(outcome({ ...good, method: 'PUT' })).toBe('InvalidSignatureException');
    expect(outcome({ ...good, target: '/cluster?a=2' })).toBe('InvalidSignatureException');
    expect(outcome({ ...good, target: '/cluster2?a=1' })).toBe('InvalidSignatureException');
    expect(outcome({ ...good, body: Buffer.from('{ }') })).toBe('InvalidSignatureException');
    expect(outcome({ ...good, headers: new Map([...good.headers, ['host', 'other']]) })).toBe('InvalidSignatureException');
    expect(outcome({ ...good, headers: new Map([...good.headers, ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']]) })).toBe(
      'InvalidSignatureException',
    );
    const authorization = good.headers.get('authorization') ?? '';
    for (let at = 0; at < authorization.length; at++) {
      const changed = authorization.slice(0, at) + (authorization[at] === 'a' ? 'b' : 'a') + authorization.slice(at + 1);
      expect(outcome({ ...good, headers: new Map([...good.headers, ['authorization', changed]]) }), changed).toMatch(/Exception$/);
    }
  });

  it('is refused outside its time, for another service, without or with a wrong session', () => {
    const good = signed(request());
    expect(outcome(good, now + 299_000_000)).toBe('AKIDEXAMPLE in us-east-1');
    expect(outcome(good, now + 301_000_000)).toBe('InvalidSignatureException');
    expect(outcome(good, now - 301_000_000)).toBe('InvalidSignatureException');
    expect(verifyRequest(good, 's3', keys, now)).toMatchObject({ type: 'InvalidSignatureException' });
    expect(outcome(request())).toBe('MissingAuthenticationTokenException');
    expect(outcome(request({ headers: new Map([['authorization', 'Bearer x']]) }))).toBe('IncompleteSignatureException');
    expect(outcome(signed(request(), { ...key, accessKeyId: 'AKIDOTHER' }))).toBe('UnrecognizedClientException');
    const bySession = signed(request(), temporary);
    expect(outcome(bySession)).toBe('ASIAEXAMPLE in us-east-1');
    expect(outcome(bySession, now + 100_000_000)).toBe('ExpiredTokenException');
    expect(outcome({ ...bySession, headers: new Map([...bySession.headers, ['x-amz-security-token', 'x']]) })).toBe(
      'UnrecognizedClientException',
    );
    expect(outcome(signed(request(), { ...key, session: { token: 'x', expiresAt: now * 2 } }))).toBe('UnrecognizedClientException');
  });
});
