/**
 * The HTTP port: health, metrics, and the API (api/).
 *
 *   GET /health   200 {"status":"ok"} while the node runs and serves, 503 otherwise
 *   GET /ready    200 once it takes connections in every Region that has not been stopped
 *   GET /metrics  Prometheus text; from loopback only
 *   /, /console   the web console (console/), for who has signed in
 *   /cluster, /clusters, /tags, /stream, /borealis    the API, each call signed
 *
 *   H1  A page from elsewhere reaches nothing here: the Host must be a name of ours (against DNS rebinding), and an Origin, when there is one, this very port.
 *   H2  No request holds more than a bounded piece of memory, or a socket for longer than a bounded time.
 */
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';
import type { ApiRequest, ApiResponse } from './api/api-service.ts';
import { consoleApplication, sent } from './console/console-application.ts';
import type { ConsoleParts } from './console/console-parts.ts';

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly isServing: () => boolean;
  readonly isReady: () => boolean;
  /** Made when first asked for. */
  readonly metrics: () => Promise<Registry>;
  readonly api: {
    serves(target: string): boolean;
    bodyMaximum(method: string, target: string): number;
    handle(request: ApiRequest): Promise<ApiResponse>;
  };
  readonly console: ConsoleParts;
  /** Host names (without port) that requests may name. */
  readonly hostNames: readonly string[];
  /** undefined only on loopback. */
  readonly tls: { readonly certificate: Buffer; readonly privateKey: Buffer } | undefined;
};

/** Of bodies that are larger than usual so many are taken at once. */
const largeBodiesAtOnce = 8;
const usualBodyBytes = 128 * 1024;
const connectionsMaximum = 1_000;

export class HttpServer {
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const pages = getRequestListener(application(options).fetch);
    const listener: RequestListener = (request, response) => {
      const refusal = strangerRefusal(request, options.hostNames);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      if (refusal !== undefined) answer(response, refusal.status, refusal.message);
      else if (options.api.serves(request.url ?? '')) handleApi(request, response, options);
      else void pages(request, response);
    };
    const { tls } = options;
    const server =
      tls === undefined ? createHttpServer(listener) : createHttpsServer({ cert: tls.certificate, key: tls.privateKey }, listener);
    server.requestTimeout = 30_000;
    server.headersTimeout = 10_000;
    server.maxConnections = connectionsMaximum;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: options.host, port: options.port }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    return new HttpServer(server);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

/** H1. */
function strangerRefusal(
  request: IncomingMessage,
  hostNames: readonly string[],
): { readonly status: number; readonly message: string } | undefined {
  const host = (request.headers.host ?? '').toLowerCase();
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (!hostNames.includes(name)) return { status: 421, message: 'this host name is not served here' };
  const { origin } = request.headers;
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return undefined;
  return { status: 403, message: 'requests from other origins are not served' };
}

let largeBodies = 0;

function handleApi(request: IncomingMessage, response: ServerResponse, { api, tls }: HttpServerOptions): void {
  const chunks: Buffer[] = [];
  let length = 0;
  const allowed = api.bodyMaximum(request.method ?? '', request.url ?? '');
  const isLarge = allowed > usualBodyBytes;
  if (isLarge) {
    largeBodies++;
    response.once('close', () => largeBodies--);
  }
  const bodyMaximum = largeBodies > largeBodiesAtOnce ? Math.min(allowed, usualBodyBytes) : allowed;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= bodyMaximum) chunks.push(chunk);
    else if (!response.headersSent) {
      response.setHeader('Connection', 'close');
      answer(response, 413, 'the request is too large');
      response.on('finish', () => request.destroy());
    }
  });
  request.on('end', () => {
    if (length > bodyMaximum) return;
    const headers = new Map<string, string>();
    for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers.set(name, [value].flat().join(','));
    void api
      .handle({
        method: request.method ?? '',
        target: request.url ?? '',
        headers,
        body: Buffer.concat(chunks),
        address: request.socket.remoteAddress ?? '',
        isSecure: tls !== undefined,
      })
      .then(({ status, headers: own, body }) => {
        response.writeHead(status, own);
        if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
        else flow(body, response);
      });
  });
  // A client that goes away in the middle has asked nothing.
  request.on('error', () => response.destroy());
}

/** A reader that goes away ends what was made for him; one that is slow is waited for, with little held in memory. */
function flow(pieces: AsyncIterable<string>, response: ServerResponse): void {
  response.flushHeaders();
  pipeline(Readable.from(pieces, { highWaterMark: 1 }), response, () => response.destroy());
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ message }));
}

function application(options: HttpServerOptions): Hono {
  const app = new Hono();
  app.get('/health', (context) => (options.isServing() ? context.json({ status: 'ok' }) : context.json({ status: 'unavailable' }, 503)));
  app.get('/ready', (context) => (options.isReady() ? context.json({ status: 'ready' }) : context.json({ status: 'not ready' }, 503)));
  app.get('/metrics', async (context) => {
    const from = getConnInfo(context).remote.address ?? '';
    if (!/^(::ffff:)?127\.|^::1$/.test(from)) return context.json({ message: 'metrics are served to loopback only' }, 403);
    const metrics = await options.metrics();
    return context.body(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType });
  });
  app.get('/', (context) => sent(context, options.console.files.page()));
  app.route('/console', consoleApplication(options.console));
  app.notFound((context) => context.json({ message: 'no such page' }, 404));
  return app;
}
