/** The console's query, schema and import endpoints over HTTP, as its page calls them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, sampleData } from '../deployment.ts';

type Line = {
  readonly kind: string;
  readonly rows?: readonly (readonly (string | null)[])[];
  readonly tag?: string;
  readonly error?: { readonly sqlstate: string; readonly message: string; readonly position?: number };
};

let deployment: Deployment;
let origin = '';
let cookie = '';
let csrf = '';
let cluster = '';
beforeAll(async () => {
  deployment = await Deployment.start();
  const described = JSON.parse(readFileSync(path.join(deployment.dataDir, 'deployment.json'), 'utf8'));
  origin = `http://127.0.0.1:${described.httpPort}`;
  cluster = described.clusters[0].id;
  const credentials = readFileSync(path.join(deployment.dataDir, 'credentials'), 'utf8');
  const of = (name: string): string => new RegExp(`${name}\\s*=\\s*(\\S+)`).exec(credentials)?.[1] ?? '';
  const signedIn = await fetch(`${origin}/console/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ accessKeyId: of('aws_access_key_id'), secretAccessKey: of('aws_secret_access_key') }),
  });
  cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const { csrfToken }: { csrfToken: string } = JSON.parse(await signedIn.text());
  csrf = csrfToken;
});
afterAll(() => deployment.remove());

const call = (method: string, where: string, body?: unknown, region = 'us-east-1'): Promise<Response> =>
  fetch(`${origin}/console/api/clusters/${region}/${cluster}${where}`, {
    method,
    headers: {
      cookie,
      'x-borealis-csrf': csrf,
      'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json',
    },
    ...(body === undefined ? {} : { body: body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body) }),
  });
type Answer = {
  readonly session: string;
  readonly import: string;
  readonly position: number;
  readonly rows: number;
  readonly message: string;
  readonly plan: readonly { readonly Plan: Readonly<Record<string, unknown>> }[];
  readonly relations: readonly { readonly schema: string; readonly name: string; readonly oid: number }[];
};
const answerOf = async (response: Response): Promise<Answer> => JSON.parse(await response.text());
const json = async (method: string, where: string, body?: unknown, region?: string): Promise<Answer> =>
  answerOf(await call(method, where, body, region));

async function run(session: string, text: string, region = 'us-east-1'): Promise<Line[]> {
  const answer = await (await call('POST', `/query/${session}/run`, { text }, region)).text();
  return answer
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('the query endpoints', () => {
  it('run statements in a session of their own, at each Region', async () => {
    const { session } = await json('POST', '/query', {});
    const lines = await run(session, 'create schema example; create table example.t(id int primary key); insert into example.t values (1)');
    expect(lines.flatMap(({ tag }) => tag ?? [])).toEqual(['CREATE SCHEMA', 'CREATE TABLE', 'INSERT 0 1']);
    const other = (await json('POST', '/query', { role: 'admin' }, 'us-east-2')).session;
    expect((await run(other, 'select * from example.t', 'us-east-2')).flatMap(({ rows }) => rows ?? [])).toEqual([['1']]);
    // A session is reached by its cluster alone.
    expect((await call('POST', `/query/${session}/run`, { text: 'select 1' }, 'us-east-2')).status).toBe(404);
    expect((await call('DELETE', `/query/${session}`)).status).toBe(200);
    expect((await call('POST', `/query/${session}/run`, { text: 'select 1' })).status).toBe(404);
  });

  it('refuse roles that nobody has granted, unknown clusters, and requests without the second token', async () => {
    const refused = await call('POST', '/query', { role: 'nobody' });
    expect([refused.status, (await answerOf(refused)).message]).toEqual([403, expect.stringContaining('access denied')]);
    expect((await call('POST', '/query', {}, 'eu-west-1')).status).toBe(404);
    const bare = await fetch(`${origin}/console/api/clusters/us-east-1/${cluster}/query`, { method: 'POST', headers: { cookie } });
    expect(bare.status).toBe(403);
    expect((await fetch(`${origin}/console/api/clusters/us-east-1/${cluster}/schema`)).status).toBe(401);
  });

  it('cancel what runs', async () => {
    const { session } = await json('POST', '/query', {});
    const running = run(session, 'select count(*) from generate_series(1, 500000000)');
    await expect.poll(async () => (await call('POST', `/query/${session}/run`, { text: 'select 1' })).status).toBe(409);
    await call('POST', `/query/${session}/cancel`);
    expect((await running).find(({ kind }) => kind === 'error')?.error?.sqlstate).toBe('57014');
  });

  it('explain, and show what exists', async () => {
    const { session } = await json('POST', '/query', {});
    const { plan } = await json('POST', `/query/${session}/explain`, { text: 'select * from example.t', analyze: true });
    expect(plan[0].Plan['Relation Name']).toBe('t');
    const { relations } = await json('GET', '/schema');
    expect(relations.map(({ schema, name }) => `${schema}.${name}`)).toEqual(['example.t']);
    expect((await json('GET', `/schema/${relations[0].oid}`)).rows).toBe(1);
    expect((await call('GET', '/schema/1')).status).toBe(404);
  });
});

describe('an import', () => {
  it('takes both sample files, and goes on after a broken connection', async () => {
    const { session } = await json('POST', '/query', {});
    await run(
      session,
      'create table example.department(id int primary key unique, name text, email text); create table example.invoice(id uuid primary key default gen_random_uuid(), created timestamp, purchaser int, amount float)',
    );
    const script = readFileSync(path.join(sampleData, 'department-insert-multirow.sql'));
    const first = (await json('POST', '/imports', { kind: 'sql', stopsAtError: true })).import;
    await call('PUT', `/imports/${first}?position=0`, script);
    expect(await json('POST', `/imports/${first}/finish`, { length: script.length })).toMatchObject({ state: 'finished', rows: 9 });

    const file = readFileSync(path.join(sampleData, 'invoice.csv'));
    const begun = { kind: 'csv', schema: 'example', table: 'invoice', columns: ['created', 'purchaser', 'amount'], hasHeader: false };
    const second = (await json('POST', '/imports', begun)).import;
    expect((await call('PUT', `/imports/${second}?position=0`, file.subarray(0, 50_001))).status).toBe(200);
    expect((await call('PUT', `/imports/${second}?position=0`, file.subarray(0, 50_001))).status).toBe(409);
    const { position } = await json('GET', `/imports/${second}`);
    expect(position).toBe(50_001);
    await call('PUT', `/imports/${second}?position=${position}`, file.subarray(position));
    expect(await json('POST', `/imports/${second}/finish`, { length: file.length })).toMatchObject({
      state: 'finished',
      rows: 2999,
      refusedCount: 0,
    });
    expect((await run(session, 'select count(*) from example.invoice')).flatMap(({ rows }) => rows ?? [])).toEqual([['2999']]);
  });

  it('says what is wrong with its request', async () => {
    for (const body of [{ kind: 'xml' }, { kind: 'csv' }, { kind: 'csv', schema: 's', table: 't', columns: [], delimiter: '££' }])
      expect((await call('POST', '/imports', body)).status).toBe(400);
  });
});
