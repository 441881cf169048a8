/**
 * Verifies a connection token (iam.ts I1, I2): parses it, checks each of its claims, and recomputes the signature.
 * The hints are DSQL's where they are recorded (dsql-behaviour 1.4), else the texts that AWS services answer in the same case.
 */
import { timingSafeEqual } from 'node:crypto';
import { actionFor } from './connection-token.ts';
import type { AccessKeys, TokenCheck, TokenVerdict } from './iam.ts';
import { expiredSession, sessionFits } from './session-token.ts';
import { presign, service } from './sigv4.ts';

/** One week, the longest life that SigV4 allows. */
export const tokenSecondsMaximum = 604_800;
/** How far the client's clock may be ahead of ours. AWS allows the same. */
const clockSkewSeconds = 300;

const denied = (hint: string): TokenVerdict => ({ kind: 'denied', hint });

type Claims = {
  readonly host: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedAt: Date;
  readonly stamp: string;
  readonly expiresInSeconds: number;
  readonly signature: string;
};

export async function verifyToken(check: TokenCheck, keys: AccessKeys): Promise<TokenVerdict> {
  const claims = parseToken(check.token);
  if (typeof claims === 'string') return denied(claims);
  if (claims.service !== service) return denied(`Credential should be scoped to correct service: '${service}'.`);
  if (claims.region !== check.region) return denied(`Credential should be scoped to a valid Region, not '${claims.region}'.`);
  if (check.hosts !== undefined && !check.hosts.includes(claims.host.toLowerCase())) {
    return denied(`The token is for another host: ${claims.host}`);
  }
  const action = claims.parameters.get('Action');
  if (action !== actionFor(check.user)) return denied(`Wrong user to action mapping. user: ${check.user}, action: ${action ?? ''}`);
  const key = keys.find(claims.accessKeyId);
  if (key === undefined || !sessionFits(key, claims.parameters.get('X-Amz-Security-Token'))) {
    return denied('The security token included in the request is invalid.');
  }
  if (!(await signatureFits(claims, key))) {
    return denied(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
  // Temporary keys end connections' beginnings even when the token itself would still be good.
  if (key.session !== undefined && key.session.expiresAt <= check.now) return denied(expiredSession);
  return lifetime(claims, check.now) ?? { kind: 'allowed', principal: key.principal, accessKeyId: key.accessKeyId };
}

/** Asked after the signature: only who knows the secret learns how a token's time stands. */
function lifetime(claims: Claims, now: number): TokenVerdict | undefined {
  const nowMs = now / 1_000;
  const signedMs = claims.signedAt.getTime();
  if (claims.expiresInSeconds > tokenSecondsMaximum) return denied('X-Amz-Expires must be less than a week (in seconds); that is 604800.');
  if (signedMs > nowMs + clockSkewSeconds * 1_000) {
    return denied(`Signature not yet current: ${claims.stamp} is still later than ${stampOf(nowMs + clockSkewSeconds * 1_000)}`);
  }
  if (nowMs >= signedMs + claims.expiresInSeconds * 1_000) {
    return denied(`Signature expired: ${stampOf(signedMs + claims.expiresInSeconds * 1_000)} is now earlier than ${stampOf(nowMs)}`);
  }
  return undefined;
}

async function signatureFits(claims: Claims, key: Parameters<typeof presign>[1]): Promise<boolean> {
  const query: Record<string, string> = {};
  for (const [name, value] of claims.parameters) if (!presignedNames.has(name)) query[name] = value;
  const expected = await presign({ ...claims, query }, key);
  const ours = Buffer.from(expected['X-Amz-Signature'], 'utf8');
  const theirs = Buffer.from(claims.signature, 'utf8');
  return ours.length === theirs.length && timingSafeEqual(ours, theirs);
}

/** What presigning adds itself, from the claims. */
const presignedNames = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
]);

/** The claims, or why the text is no token. */
function parseToken(token: string): Claims | string {
  const split = token.indexOf('/?');
  if (split <= 0) return 'The token is malformed: it is not a presigned request.';
  const host = token.slice(0, split);
  const parameters = new Map<string, string>();
  for (const part of token.slice(split + 2).split('&')) {
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    const value = decode(equals < 0 ? '' : part.slice(equals + 1));
    if (name === undefined || value === undefined) return 'The token is malformed: its parameters are not percent-encoded.';
    if (parameters.has(name)) return `The token is malformed: it names ${name} twice.`;
    parameters.set(name, value);
  }
  for (const name of presignedNames) if (!parameters.has(name)) return `The token is malformed: ${name} is missing.`;
  const value = (name: string): string => parameters.get(name) ?? '';
  if (value('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return 'The token is malformed: its algorithm is not AWS4-HMAC-SHA256.';
  if (value('X-Amz-SignedHeaders') !== 'host') return 'The token is malformed: its signed headers are not just host.';
  const [accessKeyId, date, region, scopeService, terminator, ...rest] = value('X-Amz-Credential').split('/');
  if (!accessKeyId || !date || !region || !scopeService || terminator !== 'aws4_request' || rest.length > 0) {
    return 'The token is malformed: its credential has no valid scope.';
  }
  const stamp = value('X-Amz-Date');
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp);
  if (parts === null) return 'The token is malformed: its date is not of the form YYYYMMDDTHHMMSSZ.';
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  const signedAt = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (!stamp.startsWith(date)) return 'The token is malformed: its date and its credential scope differ.';
  if (!/^[1-9]\d{0,8}$/.test(value('X-Amz-Expires'))) return 'The token is malformed: its lifetime is not a number of seconds.';
  return {
    host,
    parameters,
    accessKeyId,
    date,
    region,
    service: scopeService,
    signedAt,
    stamp,
    expiresInSeconds: Number(value('X-Amz-Expires')),
    signature: value('X-Amz-Signature'),
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // A stray % sign: the caller refuses the token.
  }
}

function stampOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
