/**
 * The HTTP port: health and metrics today, the AWS API and the console later, at the same port.
 *
 *   GET /health   200 {"status":"ok"} while the node serves, 503 otherwise
 *   GET /metrics  Prometheus text; from loopback only
 *
 * Host headers are checked, so that a page from elsewhere cannot reach the port through a name of its own (DNS rebinding).
 */
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import type { Registry } from 'prom-client';

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly isServing: () => boolean;
  /** Made when first asked for. */
  readonly metrics: () => Promise<Registry>;
  /** Host names (without port) that requests may name. */
  readonly hostNames: readonly string[];
  /** undefined only on loopback. */
  readonly tls: { readonly certificate: Buffer; readonly privateKey: Buffer } | undefined;
};

export class HttpServer {
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const listener = getRequestListener(application(options).fetch);
    const { tls } = options;
    const server =
      tls === undefined ? createHttpServer(listener) : createHttpsServer({ cert: tls.certificate, key: tls.privateKey }, listener);
    server.requestTimeout = 30_000;
    server.headersTimeout = 10_000;
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

function application(options: HttpServerOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const host = (context.req.header('host') ?? '')
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    if (!options.hostNames.includes(host)) return context.json({ message: 'this host name is not served here' }, 421);
    await next();
    context.header('X-Content-Type-Options', 'nosniff');
    return undefined;
  });
  app.get('/health', (context) => (options.isServing() ? context.json({ status: 'ok' }) : context.json({ status: 'unavailable' }, 503)));
  app.get('/metrics', async (context) => {
    const from = getConnInfo(context).remote.address ?? '';
    if (!/^(::ffff:)?127\.|^::1$/.test(from)) return context.json({ message: 'metrics are served to loopback only' }, 403);
    const metrics = await options.metrics();
    return context.body(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType });
  });
  app.notFound((context) => context.json({ message: 'no such page' }, 404));
  return app;
}
