/**
 * The query editor's, the import's and the schema browser's side of the console, for who is signed in, under /console/api/clusters/REGION/ID:
 *
 *   POST   /query                      {role}                 opens a session as the role: {session}
 *   POST   /query/SESSION/run          {text, maxRows}        JSON lines (result-lines.ts)
 *   POST   /query/SESSION/more         {maxRows}              JSON lines: the next rows of the query that is open
 *   POST   /query/SESSION/explain      {text, analyze}        {plan} or {error}
 *   POST   /query/SESSION/cancel
 *   DELETE /query/SESSION
 *   GET    /schema?role=ROLE                                  what exists (schema-facts.ts)
 *   GET    /schema/OID?role=ROLE                              a table or view
 *   POST   /imports                    {role, kind, …}        begins one: {import, position}
 *   PUT    /imports/IMPORT?position=N  bytes                  takes in a piece; 409 when the import stands elsewhere; the progress in either case
 *   POST   /imports/IMPORT/finish      {length}               the whole file has been sent; the progress
 *   GET    /imports/IMPORT?refused=N                          the progress, with the refusals from the Nth on
 *   DELETE /imports/IMPORT
 *
 *   QE1  What a user may do here is what he may do over a connection of his own: the policies for DbConnect and DbConnectAdmin, then the role's grants.
 *   QE2  No request holds more than a piece of a file, or a text of bounded length.
 */
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { SqlError } from '#base/sql-error.ts';
import { asReport } from '#pgwire/session-loop.ts';
import type { ConsoleEnvironment, ConsoleParts } from './console-parts.ts';
import { dsqlBatch, FileImport, openBatch } from './file-import.ts';
import { importRequest } from './import-request.ts';
import { KeptThings } from './kept-things.ts';
import { QuerySession, SessionIsBusy } from './query-session.ts';
import { errorReport } from './result-lines.ts';
import { relationDetails, schemaFacts } from './schema-facts.ts';

export type QueryParts = Pick<ConsoleParts, 'world' | 'endpoints' | 'sessions' | 'isSecure'>;

const textMaximum = 4 * 1024 * 1024;
const pieceMaximum = 8 * 1024 * 1024;
/** As the editor of Aurora DSQL has it; `more` gives the rest. */
const rowsMaximum = 10_000;
const idleMs = 10 * 60 * 1_000;

const base = '/api/clusters/:region/:id';
type Caller = Context<ConsoleEnvironment>;

export function mountQueryEndpoints(app: Hono<ConsoleEnvironment>, parts: QueryParts): void {
  const { world } = parts;
  const editors = new KeptThings<QuerySession>(world, { idleMs, ofOne: 24, inAll: 500 });
  const imports = new KeptThings<FileImport>(world, { idleMs, ofOne: 8, inAll: 100 });
  parts.sessions.onEnd((id) => {
    editors.closeAllOf(id);
    imports.closeAllOf(id);
  });

  app.use(`${base}/query/*`, bodyLimit({ maxSize: textMaximum }));
  app.use(`${base}/imports/*`, bodyLimit({ maxSize: pieceMaximum }));

  app.post(`${base}/query`, async (context) => {
    const { role = 'admin' } = await bodyOf(context);
    if (typeof role !== 'string') return context.json({ message: 'role is a text' }, 400);
    if (!editors.makeRoom(context.get('session').id)) return context.json({ message: 'there are too many sessions' }, 429);
    const session = await connect(context, parts, role);
    if (session instanceof Response) return session;
    return context.json({ session: editors.add(context.get('session').id, clusterOf(context), session) });
  });

  const withEditor =
    (answer: (context: Caller, session: QuerySession, body: Body) => Response | Promise<Response>) =>
    async (context: Caller): Promise<Response> => {
      const session = editors.find(context.get('session').id, clusterOf(context), context.req.param('session') ?? '');
      if (session === undefined) return context.json({ message: 'there is no such session: it has been idle for too long' }, 404);
      try {
        return await answer(context, session, await bodyOf(context));
      } catch (error) {
        if (error instanceof SessionIsBusy) return context.json({ message: 'a statement is running in this session' }, 409);
        throw error;
      }
    };
  app.post(
    `${base}/query/:session/run`,
    withEditor((context, session, { text, maxRows }) =>
      typeof text === 'string' ? lines(session.run(text, rowsOf(maxRows))) : context.json({ message: 'text is a text' }, 400),
    ),
  );
  app.post(
    `${base}/query/:session/more`,
    withEditor((_, session, { maxRows }) => lines(session.more(rowsOf(maxRows)))),
  );
  app.post(
    `${base}/query/:session/explain`,
    withEditor(async (context, session, { text, analyze }) =>
      typeof text === 'string'
        ? context.json(await session.explain(text, analyze === true))
        : context.json({ message: 'text is a text' }, 400),
    ),
  );
  app.post(
    `${base}/query/:session/cancel`,
    withEditor((context, session) => {
      session.cancel();
      return context.json({});
    }),
  );
  app.delete(`${base}/query/:session`, (context) => {
    editors.close(context.get('session').id, context.req.param('session'));
    return context.json({});
  });

  /** In a session of its own, for one answer. */
  const withSession = async (context: Caller, answer: (session: QuerySession) => Promise<Response>): Promise<Response> => {
    const session = await connect(context, parts, context.req.query('role') ?? 'admin');
    if (session instanceof Response) return session;
    try {
      return await answer(session);
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      return context.json({ error: errorReport(asReport(error, world.log)) }, 409);
    } finally {
      session.close();
    }
  };
  app.get(`${base}/schema`, (context) => withSession(context, async (session) => context.json(await schemaFacts(session))));
  app.get(`${base}/schema/:oid{[0-9]{1,10}}`, (context) =>
    withSession(context, async (session) => {
      const details = await relationDetails(session, Number(context.req.param('oid')));
      return details === undefined ? context.json({ message: 'there is no such table or view' }, 404) : context.json(details);
    }),
  );

  app.post(`${base}/imports`, async (context) => {
    const body = await bodyOf(context);
    const request = importRequest(body);
    if (typeof request === 'string') return context.json({ message: request }, 400);
    if (!imports.makeRoom(context.get('session').id)) return context.json({ message: 'there are too many imports' }, 429);
    const session = await connect(context, parts, typeof body.role === 'string' ? body.role : 'admin');
    if (session instanceof Response) return session;
    const [[profile]] = await session.rows('show borealis.profile');
    const running = new FileImport(world, session, request, profile === 'dsql' ? dsqlBatch : openBatch);
    return context.json({ import: imports.add(context.get('session').id, clusterOf(context), running), position: 0 });
  });
  const withImport =
    (answer: (context: Caller, running: FileImport) => Promise<200 | 409>) =>
    async (context: Caller): Promise<Response> => {
      const running = imports.find(context.get('session').id, clusterOf(context), context.req.param('import') ?? '');
      if (running === undefined) return context.json({ message: 'there is no such import: it has been idle for too long' }, 404);
      const status = await answer(context, running);
      return context.json(running.progress(Number(context.req.query('refused') ?? 0)), status);
    };
  app.put(
    `${base}/imports/:import`,
    withImport(async (context, running) =>
      (await running.take(Number(context.req.query('position')), new Uint8Array(await context.req.arrayBuffer()))) ? 200 : 409,
    ),
  );
  app.post(
    `${base}/imports/:import/finish`,
    withImport(async (context, running) => {
      await running.finish(Number((await bodyOf(context)).length));
      return 200;
    }),
  );
  app.get(
    `${base}/imports/:import`,
    withImport(() => Promise.resolve(200)),
  );
  app.delete(`${base}/imports/:import`, (context) => {
    imports.close(context.get('session').id, context.req.param('import'));
    return context.json({});
  });
}

/** A session of the cluster in the address, or the answer that says why not. */
async function connect(context: Caller, { world, endpoints, isSecure }: QueryParts, user: string): Promise<QuerySession | Response> {
  const { identity, accessKeyId } = context.get('session');
  const { region = '', id = '' } = context.req.param();
  const address = getConnInfo(context).remote.address ?? '';
  const entry = await endpoints.enter({ region, id, user, identity, accessKeyId, address, isSecure });
  if (entry.kind === 'absent') return context.json({ message: 'the cluster does not exist or takes no connections' }, 404);
  if (entry.kind === 'denied') return context.json({ message: `access denied: ${entry.hint}` }, 403);
  const { queryProcessor, roleSettings } = entry;
  const session = queryProcessor.connect({
    user,
    principal: identity.arn,
    roleSettings,
    database: 'postgres',
    applicationName: 'Borealis console',
    options: new Map(),
  });
  return new QuerySession(world, queryProcessor, session, user);
}

const clusterOf = (context: Caller): string => `${context.req.param('region') ?? ''}/${context.req.param('id') ?? ''}`;

export type Body = Readonly<Record<string, unknown>>;

/** A body that is no JSON object has no members, and what needs one says so. */
async function bodyOf(context: Caller): Promise<Body> {
  if (context.req.header('content-type')?.split(';')[0] !== 'application/json') return {};
  const text = await context.req.text();
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

const rowsOf = (maxRows: unknown): number =>
  typeof maxRows === 'number' && Number.isInteger(maxRows) && maxRows > 0 ? Math.min(maxRows, rowsMaximum) : rowsMaximum;

const lines = (stream: ReadableStream<Uint8Array>): Response =>
  new Response(stream, { headers: { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' } });
