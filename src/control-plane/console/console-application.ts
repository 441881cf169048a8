/**
 * The console's side of the HTTP port, under /console:
 *
 *   /console/session            who is signed in (GET), signing in (POST) and out (DELETE)
 *   /console/api/control/REGION/…   the API's own operations, carried out for who is signed in: the same code, policies and audit as for signed calls
 *   /console/api/…              what console-endpoints.ts mounts
 *   /console/assets/…           the program; every other path is the page, which finds its way by itself
 *
 *   W1  Without a session there is nothing but the page, its program, and signing in.
 *   W2  Whatever is no GET needs the session's second token in a header (console-session.ts S3), and signing in a body that no form can send.
 *   W3  The page runs no script but its own, and stands in no frame.
 */
import { Readable } from 'node:stream';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { ApiResponse } from '../api/api-service.ts';
import type { AuditLog } from '../audit-log.ts';
import { mountConsoleEndpoints } from './console-endpoints.ts';
import type { ConsoleFile } from './console-files.ts';
import type { ConsoleEnvironment, ConsoleParts } from './console-parts.ts';
import { type ConsoleSession, carriesCsrfToken, type SignInRequest } from './console-session.ts';
import { SignInLimit } from './sign-in-limit.ts';

export const csrfHeader = 'x-borealis-csrf';
/** Sent by pages that only refresh themselves. */
export const unattendedHeader = 'x-borealis-unattended';

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // Cloudscape and CodeMirror make style sheets as they run.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const controlPath = /^\/console\/api\/control\/([a-z0-9-]{1,30})(\/.*)$/;
const controlBodyMaximum = 128 * 1024;

export function consoleApplication(parts: ConsoleParts): Hono<ConsoleEnvironment> {
  const { sessions, files, api } = parts;
  const cookieName = parts.isSecure ? '__Host-borealis-session' : 'borealis-session';
  const limit = new SignInLimit(parts.world.clock);
  const app = new Hono<ConsoleEnvironment>();

  const noStore: MiddlewareHandler = async (context, next) => {
    await next();
    if (!context.res.headers.has('Cache-Control')) context.header('Cache-Control', 'no-store');
  };
  const current = (context: Context): ConsoleSession | undefined => {
    const token = getCookie(context, cookieName);
    return token === undefined ? undefined : sessions.find(token, context.req.header(unattendedHeader) === undefined);
  };
  const signedIn: MiddlewareHandler<ConsoleEnvironment> = async (context, next) => {
    const session = current(context);
    if (session === undefined) return context.json({ message: 'not signed in' }, 401);
    if (context.req.method !== 'GET' && !carriesCsrfToken(session, context.req.header(csrfHeader)))
      return context.json({ message: `the header ${csrfHeader} is missing or wrong` }, 403);
    context.set('session', session);
    return next();
  };

  app.use('/session', noStore, bodyLimit({ maxSize: 16 * 1024 }));
  app.post('/session', async (context) => {
    const address = addressOf(context);
    if (context.req.header('content-type')?.split(';')[0] !== 'application/json')
      return context.json({ message: 'signing in takes application/json' }, 415);
    const wait = limit.waitSeconds(address);
    if (wait > 0) return context.json({ message: 'too many attempts' }, 429, { 'Retry-After': String(wait) });
    const request = signInRequest(await context.req.text());
    if (request === undefined) return context.json({ message: 'accessKeyId and secretAccessKey are texts' }, 400);
    const made = sessions.signIn(request);
    recordSignIn(parts.audit, context, address, made?.session, request.accessKeyId);
    if (made === undefined) {
      limit.failed(address);
      return context.json({ message: 'the access key and its secret do not belong together' }, 403);
    }
    // Whoever was signed in before in this browser is not any more.
    const before = getCookie(context, cookieName);
    if (before !== undefined) sessions.signOut(before);
    setCookie(context, cookieName, made.token, { httpOnly: true, sameSite: 'Strict', path: '/', secure: parts.isSecure });
    return context.json(described(made.session));
  });
  app.get('/session', (context) => {
    const session = current(context);
    return session === undefined ? context.json({ message: 'not signed in' }, 401) : context.json(described(session));
  });
  app.delete('/session', signedIn, (context) => {
    const token = getCookie(context, cookieName);
    if (token !== undefined) sessions.signOut(token);
    deleteCookie(context, cookieName, { path: '/', secure: parts.isSecure });
    return context.json({});
  });

  app.use('/api/*', noStore, signedIn);
  app.all('/api/control/*', bodyLimit({ maxSize: controlBodyMaximum }), async (context) => {
    const { accessKeyId, identity } = context.get('session');
    const url = new URL(context.req.url);
    const named = controlPath.exec(url.pathname);
    if (named === null) return context.json({ message: 'there is no such operation' }, 404);
    const [, region, path] = named;
    const answer = await api.handleFor(
      { accessKeyId, identity, region },
      {
        method: context.req.method,
        target: `${path}${url.search}`,
        headers: new Map(Object.entries(context.req.header())),
        body: new Uint8Array(await context.req.arrayBuffer()),
        address: addressOf(context),
        isSecure: parts.isSecure,
      },
    );
    return new Response(bodyOf(answer.body), { status: answer.status, headers: answer.headers });
  });
  mountConsoleEndpoints(app, parts);
  app.all('/api/*', (context) => context.json({ message: 'there is no such operation' }, 404));

  app.get('/assets/:name', (context) =>
    sent(context, files.asset(context.req.param('name'), /\bgzip\b/.test(context.req.header('accept-encoding') ?? ''))),
  );
  app.get('*', (context) => sent(context, files.page()));
  return app;
}

function bodyOf(body: ApiResponse['body']): string | Uint8Array<ArrayBuffer> | ReadableStream {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Uint8Array.from(body);
  return Readable.toWeb(Readable.from(body, { highWaterMark: 1 }).map((piece: string) => Buffer.from(piece))) as ReadableStream;
}

export function sent(context: Context, file: ConsoleFile | undefined): Response {
  if (file === undefined) return context.json({ message: 'no such page' }, 404);
  return new Response(Buffer.from(file.content), {
    headers: {
      'Content-Type': file.type,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Resource-Policy': 'same-origin',
      ...(file.encoding === undefined ? {} : { 'Content-Encoding': file.encoding }),
      ...(file.isPage ? pageHeaders : { 'Cache-Control': 'public, max-age=31536000, immutable', Vary: 'Accept-Encoding' }),
    },
  });
}

const pageHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
};

const addressOf = (context: Context): string => getConnInfo(context).remote.address ?? '';

const described = ({ accessKeyId, identity, csrfToken }: ConsoleSession): Readonly<Record<string, string>> => ({
  accessKeyId,
  name: identity.name,
  arn: identity.callerArn,
  csrfToken,
});

/** undefined: not what is to be sent. */
function signInRequest(text: string): SignInRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // No JSON: told like JSON of another shape.
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const members = new Map<string, unknown>(Object.entries(value));
  const textOf = (name: string): string | undefined => {
    const member = members.get(name);
    return typeof member === 'string' && member !== '' ? member : undefined;
  };
  const [accessKeyId, secretAccessKey] = [textOf('accessKeyId'), textOf('secretAccessKey')];
  if (accessKeyId === undefined || secretAccessKey === undefined || accessKeyId.length > 128) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: textOf('sessionToken') };
}

function recordSignIn(audit: AuditLog, context: Context, address: string, session: ConsoleSession | undefined, accessKeyId: string): void {
  audit.record({
    eventSource: 'borealis',
    eventName: 'ConsoleLogin',
    eventCategory: 'Management',
    awsRegion: '',
    sourceIPAddress: address,
    userAgent: context.req.header('user-agent'),
    userIdentity: session === undefined ? undefined : { type: session.identity.type, arn: session.identity.callerArn, accessKeyId },
    requestParameters: undefined,
    resources: [],
    errorCode: session === undefined ? 'AccessDenied' : undefined,
    errorMessage: session === undefined ? 'Failed authentication' : undefined,
    requestID: '',
  });
}
