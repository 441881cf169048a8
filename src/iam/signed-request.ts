/**
 * SigV4 of HTTP requests by the Authorization header, signing and verifying with one canonical form (iam.ts I1, I2).
 *
 *   The canonical form is made of the request line as it was sent, not of a parsed and rebuilt one, so that nothing is signed that was not meant.
 *   Who does not hold the secret learns only whether the key exists, as from AWS.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AccessKey, AccessKeys } from './iam.ts';
import { expiredSession, sessionFits } from './session-token.ts';

const algorithm = 'AWS4-HMAC-SHA256';
/** How far the two clocks may lie apart, as AWS allows. */
const skewMicroseconds = 300_000_000;

export type HttpRequestParts = {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
};

export type RequestVerdict =
  | { readonly kind: 'verified'; readonly key: AccessKey; readonly region: string }
  | { readonly kind: 'refused'; readonly type: string; readonly status: 400 | 403; readonly message: string };

const refused = (type: string, message: string, status: 400 | 403 = 403): RequestVerdict => ({ kind: 'refused', type, status, message });

export function verifyRequest(request: HttpRequestParts, service: string, keys: AccessKeys, now: number): RequestVerdict {
  const { headers } = request;
  const authorization = headers.get('authorization');
  if (authorization === undefined) return refused('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const incomplete = (message: string): RequestVerdict => refused('IncompleteSignatureException', message, 400);
  const parts = /^AWS4-HMAC-SHA256\s+(.*)$/.exec(authorization);
  if (parts === null) return incomplete(`Authorization header requires the algorithm ${algorithm}.`);
  const named = new Map(
    parts[1].split(',').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return [part.slice(0, Math.max(equals, 0)).trim(), part.slice(equals + 1).trim()];
    }),
  );
  const [credential, signedNames, signature] = [named.get('Credential'), named.get('SignedHeaders'), named.get('Signature')];
  if (!credential || !signedNames || !signature)
    return incomplete("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.");
  const [accessKeyId, date, region, scopeService, terminator, ...rest] = credential.split('/');
  if (!accessKeyId || !date || !region || !scopeService || terminator !== 'aws4_request' || rest.length > 0)
    return incomplete('Credential must have exactly 5 slash-delimited elements.');
  const stamp = headers.get('x-amz-date') ?? '';
  if (!/^\d{8}T\d{6}Z$/.test(stamp)) return incomplete("Authorization header requires existence of an 'X-Amz-Date' header.");
  const names = signedNames.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) return incomplete("'Host' and 'X-Amz-Date' must be signed headers.");
  const invalid = (message: string): RequestVerdict => refused('InvalidSignatureException', message);
  if (!/^[a-z0-9-]{1,30}$/.test(region)) return invalid('Credential should be scoped to a valid Region.');
  if (scopeService !== service) return invalid(`Credential should be scoped to correct service: '${service}'.`);
  if (!stamp.startsWith(date)) return invalid('Date in Credential scope does not match the date of the request.');
  const key = keys.find(accessKeyId);
  if (key === undefined || !sessionFits(key, headers.get('x-amz-security-token')))
    return refused('UnrecognizedClientException', 'The security token included in the request is invalid.');
  const hash = sha256(request.body);
  const stated = headers.get('x-amz-content-sha256');
  const ours = signatureOf(request, { names, stamp, date, region, service, hash }, key);
  const [a, b] = [Buffer.from(ours, 'utf8'), Buffer.from(signature, 'utf8')];
  if (a.length !== b.length || !timingSafeEqual(a, b) || (stated !== undefined && stated !== hash)) {
    return invalid(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    );
  }
  if (key.session !== undefined && key.session.expiresAt <= now) return refused('ExpiredTokenException', expiredSession);
  const signedAt = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')) * 1_000;
  if (!(signedAt > now - skewMicroseconds))
    return invalid(`Signature expired: ${stamp} is now earlier than ${stampOf(now - skewMicroseconds)}`);
  if (!(signedAt < now + skewMicroseconds))
    return invalid(`Signature not yet current: ${stamp} is still later than ${stampOf(now + skewMicroseconds)}`);
  return { kind: 'verified', key, region };
}

/** The headers to send, Authorization among them. `headers` must hold `host`. */
export function signRequest(
  request: HttpRequestParts,
  scope: { readonly region: string; readonly service: string; readonly now: number },
  key: AccessKey,
): ReadonlyMap<string, string> {
  const stamp = stampOf(scope.now);
  const headers = new Map(request.headers);
  headers.set('x-amz-date', stamp);
  if (key.session !== undefined) headers.set('x-amz-security-token', key.session.token);
  const names = [...headers.keys()].sort();
  const date = stamp.slice(0, 8);
  const { region, service } = scope;
  const signature = signatureOf({ ...request, headers }, { names, stamp, date, region, service, hash: sha256(request.body) }, key);
  const credential = `${key.accessKeyId}/${date}/${region}/${service}/aws4_request`;
  headers.set('authorization', `${algorithm} Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`);
  return headers;
}

type Scope = {
  readonly names: readonly string[];
  readonly stamp: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly hash: string;
};

function signatureOf(request: HttpRequestParts, scope: Scope, key: AccessKey): string {
  const { names, stamp, date, region, service, hash } = scope;
  const question = request.target.indexOf('?');
  const path = question < 0 ? request.target : request.target.slice(0, question);
  const query = question < 0 ? '' : request.target.slice(question + 1);
  const canonical = [
    request.method,
    // Each segment as it was sent is encoded once more: SigV4's rule for every service but S3.
    path.split('/').map(encode).join('/'),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${(request.headers.get(name) ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    names.join(';'),
    hash,
  ].join('\n');
  const scopeText = `${date}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, stamp, scopeText, sha256(Buffer.from(canonical, 'utf8'))].join('\n');
  const signingKey = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${key.secretAccessKey}`);
  return hmac(signingKey, toSign).toString('hex');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      return `${encode(decode(name))}=${encode(decode(value))}`;
    })
    .sort()
    .join('&');
}

/** RFC 3986: everything but letters, digits and -._~ */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray % sign: no signer makes such a query, so its signature will not fit.
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();
const stampOf = (microseconds: number): string => new Date(microseconds / 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
