import { createHash, createHmac } from 'node:crypto';
import { DsqlSigner } from '@aws-sdk/dsql-signer';
import { describe, expect, it } from 'vitest';
import { accessKeysOf, formatCredentials, makeAccessKey, parseCredentials, rootPrincipal } from './access-key-file.ts';
import { makeConnectionToken } from './connection-token.ts';
import type { AccessKey, TokenCheck } from './iam.ts';
import { verifyToken } from './token-verifier.ts';

const host = 'abcdefghijklmnopqrstuvwxyz.dsql.us-east-1.on.aws';
const region = 'us-east-1';
const key: AccessKey = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  principal: rootPrincipal,
};
const keys = accessKeysOf(key);
const now = Date.now() * 1_000;

const check = (token: string, more: Partial<TokenCheck> = {}) =>
  verifyToken({ token, user: 'admin', region, hosts: [host], now, ...more }, keys);
const made = (more: Partial<Parameters<typeof makeConnectionToken>[0]> = {}, by: AccessKey = key) =>
  makeConnectionToken({ host, region, user: 'admin', signedAt: new Date(now / 1_000), expiresInSeconds: 900, ...more }, by);
const hint = async (verdict: ReturnType<typeof verifyToken>) => {
  const decided = await verdict;
  return decided.kind === 'denied' ? decided.hint : 'allowed';
};

/** A token by the algorithm of the AWS CLI (botocore's query signer), written out: SignedHeaders before Signature, no SDK involved. */
function cliToken(action: string): string {
  const stamp = new Date(now / 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = stamp.slice(0, 8);
  const scope = `${date}/${region}/dsql/aws4_request`;
  const query = [
    `Action=${action}`,
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${key.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${stamp}`,
    'X-Amz-Expires=900',
    'X-Amz-SignedHeaders=host',
  ].join('&');
  const empty = createHash('sha256').update('').digest('hex');
  const canonical = ['GET', '/', query, `host:${host}\n`, 'host', empty].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const mac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
  const signingKey = mac(mac(mac(mac(`AWS4${key.secretAccessKey}`, date), region), 'dsql'), 'aws4_request');
  return `${host}/?${query}&X-Amz-Signature=${mac(signingKey, toSign).toString('hex')}`;
}

describe('a token', () => {
  it('made by us is allowed', async () => {
    expect(await check(await made())).toEqual({ kind: 'allowed', principal: rootPrincipal, accessKeyId: key.accessKeyId });
    expect(await check(await made({ user: 'app' }), { user: 'app' })).toEqual({
      kind: 'allowed',
      principal: rootPrincipal,
      accessKeyId: key.accessKeyId,
    });
  });

  it('made by the AWS SDK is allowed, for its own action', async () => {
    const signer = new DsqlSigner({ hostname: host, region, credentials: key });
    expect(await hint(check(await signer.getDbConnectAdminAuthToken()))).toBe('allowed');
    expect(await hint(check(await signer.getDbConnectAuthToken(), { user: 'app' }))).toBe('allowed');
    expect(await hint(check(await signer.getDbConnectAuthToken()))).toBe('Wrong user to action mapping. user: admin, action: DbConnect');
    expect(await hint(check(await signer.getDbConnectAdminAuthToken(), { user: 'app' }))).toBe(
      'Wrong user to action mapping. user: app, action: DbConnectAdmin',
    );
  });

  it('made as the AWS CLI makes it is allowed', async () => {
    expect(await hint(check(cliToken('DbConnectAdmin')))).toBe('allowed');
  });

  it('is refused when it has expired, and not a second before', async () => {
    const token = await made({ expiresInSeconds: 60 });
    expect(await hint(check(token, { now: now + 59_000_000 }))).toBe('allowed');
    expect(await hint(check(token, { now: now + 60_000_000 }))).toMatch(/^Signature expired: \d{8}T\d{6}Z is now earlier than /);
  });

  it('is refused when it is from the future', async () => {
    expect(await hint(check(await made({ signedAt: new Date(now / 1_000 + 600_000) })))).toMatch(/^Signature not yet current/);
    expect(await hint(check(await made({ signedAt: new Date(now / 1_000 + 200_000) })))).toBe('allowed');
  });

  it('is refused for another host, unless hosts are not checked', async () => {
    const token = await made({ host: 'other.dsql.us-east-1.on.aws' });
    expect(await hint(check(token))).toBe('The token is for another host: other.dsql.us-east-1.on.aws');
    expect(await hint(check(token, { hosts: undefined }))).toBe('allowed');
  });

  it('is refused for another Region', async () => {
    expect(await hint(check(await made({ region: 'us-east-2' })))).toMatch(/^Credential should be scoped to a valid Region/);
  });

  it('is refused with an unknown key, and with a known key and another secret', async () => {
    expect(await hint(check(await made({}, { ...key, accessKeyId: 'AKIAXXXXXXXXXXXXXXXX' })))).toBe(
      'The security token included in the request is invalid.',
    );
    expect(await hint(check(await made({}, { ...key, secretAccessKey: 'other' })))).toMatch(
      /^The request signature we calculated does not match/,
    );
  });

  it('is refused when any of its parts is changed', async () => {
    const token = await made();
    for (let at = 0; at < token.length; at++) {
      const changed = token.slice(0, at) + (token[at] === 'a' ? 'b' : 'a') + token.slice(at + 1);
      expect(await hint(check(changed, { hosts: undefined })), changed).not.toBe('allowed');
    }
    expect(await hint(check(`${token}&Extra=1`))).toMatch(/^The request signature/);
    expect(await hint(check(`${token}&Action=DbConnect`))).toMatch(/twice/);
    expect(await hint(check(token.replace('X-Amz-Expires=900', 'X-Amz-Expires=9000')))).toMatch(/^The request signature/);
  });

  it('may not live longer than a week', async () => {
    expect(await hint(check(await made({ expiresInSeconds: 604_800 })))).toBe('allowed');
  });

  it.each(['', 'x', '/?', 'host', 'host/?', `${host}/?Action=DbConnectAdmin`, `${host}/?%`, `${host}/?a=%zz`, 'a'.repeat(60_000)])(
    'is refused when it is no token: %.20s',
    async (token) => {
      expect(await hint(check(token))).toMatch(/^The token is malformed/);
    },
  );
});

describe('the credentials file', () => {
  it('keeps a key', () => {
    const random = { bytes: (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 37) % 256), float: () => 0 };
    const fresh = makeAccessKey(random, rootPrincipal);
    expect(fresh.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(fresh.secretAccessKey).toHaveLength(40);
    expect(parseCredentials(formatCredentials(fresh))).toEqual(fresh);
    expect(parseCredentials('[other]\naws_access_key_id = a\naws_secret_access_key = b\n')).toBe(undefined);
  });
});
