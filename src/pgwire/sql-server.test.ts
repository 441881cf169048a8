import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext } from 'node:tls';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Notice, notice, SqlError, sqlstate } from '#base/sql-error.ts';
import type { Disk, World } from '#base/world.ts';
import type { Field, QueryProcessor, ResultSink, Session, SessionStart } from '#query-processor/query-processor.ts';
import { vectorOf } from '#sql/batch.ts';
import { oid } from '#sql/oids.ts';
import { dsqlConnectionLimits } from './pgwire.ts';
import { SqlServer } from './sql-server.ts';
import { serverIdentity } from './tls/certificates.ts';

const textField = (name: string): Field => ({
  name,
  tableOid: 0,
  attributeNumber: 0,
  type: { oid: oid.text, typmod: -1 },
  length: -1,
  format: 0,
});

/** A query processor that answers a few fixed statements: what is tested here is the protocol around it. */
class EchoSession implements Session {
  readonly processId = 4711;
  readonly secret = Uint8Array.from([1, 2, 3, 4]);
  transactionStatus: 'I' | 'T' | 'E' = 'I';
  readonly parameters = new Map([
    ['server_version', '16.15'],
    ['client_encoding', 'UTF8'],
  ]);
  #notices: Notice[] = [];
  #text = '';
  #values: readonly (string | null)[] = [];
  cancelled: (() => void) | undefined;

  #rows(values: readonly (string | null)[], sink: ResultSink) {
    const text = (
      value: unknown,
      writer: { int32(n: number): void; utf8(t: string): number; length: number; patchInt32(at: number, n: number): void },
    ) => {
      const at = writer.length;
      writer.int32(0);
      writer.patchInt32(at, writer.utf8(String(value)));
    };
    return sink.rows(
      { rowCount: 1, columns: values.map((value) => vectorOf([value])) },
      values.map((_, i) => textField(`c${i}`)),
      values.map(() => text),
    );
  }
  async simpleQuery(text: string, sink: ResultSink): Promise<void> {
    if (text === '') return sink.emptyQuery();
    if (text === 'fail') throw new SqlError(sqlstate.undefinedTable, 'relation "x" does not exist', { position: 3, hint: 'none' });
    if (text === 'bug') throw new Error('a bug');
    if (text === 'notice') this.#notices.push(notice('look'));
    if (text === 'wait')
      await new Promise<void>((_, reject) => {
        this.cancelled = () => reject(new SqlError(sqlstate.queryCanceled, 'canceling statement due to user request'));
      });
    if (text === 'copy') {
      let bytes = 0;
      for await (const chunk of sink.copyIn([0])) bytes += chunk.length;
      return sink.commandComplete(`COPY ${bytes}`);
    }
    if (text.startsWith('many ')) {
      sink.rowDescription([textField('c0')]);
      for (let i = 0; i < Number(text.slice(5)); i++) await this.#rows(['x'.repeat(1000)], sink);
      return sink.commandComplete('SELECT');
    }
    sink.rowDescription([textField('c0')]);
    await this.#rows([text], sink);
    sink.commandComplete('SELECT 1');
  }
  parse(_name: string, text: string): void {
    if (text === 'fail') throw new SqlError(sqlstate.syntaxError, 'syntax error at or near "fail"', { position: 1 });
    this.#text = text;
  }
  describeStatement() {
    return { parameterTypes: [oid.text], fields: [textField('c0'), textField('c1')] };
  }
  bind(_portal: string, _statement: string, _formats: readonly number[], values: readonly (Uint8Array | null)[]): void {
    this.#values = values.map((value) => (value === null ? null : Buffer.from(value).toString()));
  }
  describePortal() {
    return [textField('c0'), textField('c1')];
  }
  async execute(_portal: string, _maxRows: number, sink: ResultSink): Promise<void> {
    await this.#rows([this.#text, ...this.#values], sink);
    sink.commandComplete('SELECT 1');
  }
  closeStatement() {}
  closePortal() {}
  sync() {}
  takeNotices() {
    const taken = this.#notices;
    this.#notices = [];
    return taken;
  }
  takeChangedParameters() {
    return [];
  }
  close() {}
}

let session = new EchoSession();
let lastStart: SessionStart | undefined;
const logged: string[] = [];
const queryProcessor: QueryProcessor = {
  admit: (user) =>
    user === 'stranger' ? { kind: 'refused', hint: 'User: p is not authorized' } : { kind: 'admitted', settings: new Map() },
  connect: (start) => {
    lastStart = start;
    session = new EchoSession();
    return session;
  },
  cancel: (pid, secret) => {
    if (pid === 4711 && Buffer.from(secret).equals(Buffer.from([1, 2, 3, 4]))) session.cancelled?.();
    return true;
  },
};

const files = new Map<string, Uint8Array>();
const disk = {
  makeDirectory() {},
  read: (path: string) => files.get(path),
  replace: async (path: string, content: Uint8Array) => void files.set(path, content),
} as unknown as Disk;
const world = {
  clock: { now: () => Date.now() * 1000, monotonicMs: () => performance.now() },
  timers: {
    after: (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  },
  random: { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) },
  log: { debug() {}, info() {}, warn() {}, error: (message: string) => logged.push(message) },
  disk,
} as unknown as World;

let server: SqlServer;
let authority: Buffer;
let identity: Awaited<ReturnType<typeof serverIdentity>>;

beforeAll(async () => {
  identity = await serverIdentity({
    disk,
    random: world.random,
    now: world.clock.now(),
    directory: 'tls',
    names: ['localhost', '127.0.0.1', '*.dsql.us-east-1.on.aws'],
  });
  authority = identity.authority;
  const context = createSecureContext({ cert: identity.certificate, key: identity.privateKey });
  server = await SqlServer.listen({
    world,
    host: '127.0.0.1',
    port: 0,
    secureContext: () => context,
    limits: { ...dsqlConnectionLimits, connectionBurst: 100_000 },
    cancel: (pid, secret) => queryProcessor.cancel(pid, secret),
    router: {
      route: (serverName, clusterId) =>
        serverName === 'gone.dsql.us-east-1.on.aws' || clusterId === 'gone'
          ? undefined
          : {
              id: 'c',
              queryProcessor: () => queryProcessor,
              authenticate: (_user, token) =>
                token === 'good' ? { kind: 'allowed', principal: 'p', accessKeyId: 'k' } : { kind: 'denied', hint: 'Signature expired: x' },
            },
    },
  });
});
afterAll(() => server.close());

const connect = async (more: Partial<pg.ClientConfig> = {}): Promise<pg.Client> => {
  const client = new pg.Client({
    host: 'localhost',
    port: server.port,
    user: 'admin',
    password: 'good',
    database: 'postgres',
    ssl: { ca: authority.toString() },
    ...more,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
};

const collect = (socket: Socket): Promise<Buffer> =>
  new Promise((resolve) => {
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(parts)));
  });

const startupPacket = (parameters: Record<string, string>, code = 196608): Buffer => {
  const body = Buffer.concat([
    ...Object.entries(parameters).flatMap(([name, value]) => [Buffer.from(`${name}\0${value}\0`)]),
    Buffer.from([0]),
  ]);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, body]);
};

describe('start-up', () => {
  it('serves a client that verifies the certificate in full', async () => {
    const client = await connect();
    expect((await client.query('hello')).rows).toEqual([{ c0: 'hello' }]);
    expect((await client.query('select $1', ['é'])).rows).toEqual([{ c0: 'select $1', c1: 'é' }]);
    await client.end();
  });

  it('reads options as a PostgreSQL backend does', async () => {
    const client = await connect({ options: '-c search_path=a\\ b --DateStyle=ISO' });
    expect(lastStart?.options.get('search_path')).toBe('a b');
    expect(lastStart?.options.get('datestyle')).toBe('ISO');
    await client.end();
  });

  it('refuses plain text with the text of DSQL', async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    const answer = collect(socket);
    socket.write(startupPacket({ user: 'admin', database: 'postgres' }));
    expect((await answer).toString()).toContain(
      'FATAL\0C08006\0Munable to accept connection, SSL is mandatory. AWS Authentication is required.',
    );
  });

  it('refuses a wrong token with the hint', async () => {
    await expect(connect({ password: 'bad' })).rejects.toMatchObject({
      code: '08006',
      message: 'unable to accept connection, access denied',
      hint: 'Signature expired: x',
    });
  });

  it('refuses a cluster that does not exist', async () => {
    await expect(connect({ options: '-c amzn-cluster-id=gone' })).rejects.toMatchObject({ code: '08006' });
  });

  it('takes direct TLS with ALPN, and drops it without', async () => {
    const open = (alpn: string[] | undefined) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: server.port,
        ca: authority,
        servername: 'localhost',
        ...(alpn ? { ALPNProtocols: alpn } : {}),
      });
      const answer = collect(socket);
      socket.write(startupPacket({ user: 'admin' }));
      setTimeout(() => socket.end(), 300);
      return answer;
    };
    expect((await open(['postgresql'])).toString('latin1')).toBe('R\0\0\0\x08\0\0\0\x03');
    expect((await open(undefined)).length).toBe(0);
  });

  it('answers GSSENCRequest with N and goes on', async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    const answer = collect(socket);
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]));
    setTimeout(() => socket.write(startupPacket({ user: 'admin' })), 50);
    expect((await answer).toString('latin1')).toMatch(/^NE/);
  });

  it('refuses bytes that follow SSLRequest in plain text', async () => {
    const socket = connectTcp(server.port, '127.0.0.1');
    const answer = collect(socket);
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), Buffer.from('injected')]));
    expect((await answer).toString('latin1')).toContain('received unencrypted data after SSL request');
  });
});

describe('a session', () => {
  it('tells errors with their fields, and goes on', async () => {
    const client = await connect();
    await expect(client.query('fail')).rejects.toMatchObject({ code: '42P01', position: '3', hint: 'none', severity: 'ERROR' });
    await expect(client.query({ text: 'fail', values: [1] })).rejects.toMatchObject({ code: '42601' });
    await expect(client.query('bug')).rejects.toMatchObject({ code: 'XX000' });
    expect(logged).toContain('internal error in a session');
    expect((await client.query('still here')).rows).toEqual([{ c0: 'still here' }]);
    await client.end();
  });

  it('sends notices', async () => {
    const client = await connect();
    const notices: (string | undefined)[] = [];
    client.on('notice', (message) => notices.push(message.message));
    await client.query('notice');
    expect(notices).toEqual(['look']);
    await client.end();
  });

  it('cancels by CancelRequest', async () => {
    const client = await connect();
    const waiting = client.query('wait');
    setTimeout(() => {
      const socket = connectTcp(server.port, '127.0.0.1');
      socket.write(Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0x12, 0x67, 1, 2, 3, 4]));
    }, 50);
    await expect(waiting).rejects.toMatchObject({ code: '57014' });
    await client.end();
  });

  it('closes with 08P01 on a message over the limit, before its bytes are there', async () => {
    const client = await connect();
    const failed = new Promise<{ code?: string }>((resolve) => client.on('error', (error: Error & { code?: string }) => resolve(error)));
    const { connection } = client as unknown as { connection: { stream: Socket } };
    connection.stream.write(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
    expect((await failed).code).toBe('08P01');
  });

  it('holds little for a client that does not read', async () => {
    const client = await connect();
    const { connection } = client as unknown as { connection: { stream: Socket } };
    const done = client.query('many 20000');
    connection.stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = process.memoryUsage();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const after = process.memoryUsage();
    expect(after.external + after.arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(4_000_000);
    connection.stream.resume();
    expect((await done).rowCount).toBe(null);
    await client.end();
  });
});

describe('limits on connections', () => {
  it('refuse what is too many or too fast, and forget those that have gone', async () => {
    const context = createSecureContext({ cert: identity.certificate, key: identity.privateKey });
    const limited = await SqlServer.listen({
      world,
      host: '127.0.0.1',
      port: 0,
      secureContext: () => context,
      limits: { ...dsqlConnectionLimits, connections: 2, connectionBurst: 4, connectionsPerSecond: 0.5 },
      cancel: () => {},
      router: {
        route: (_serverName, clusterId) => ({
          id: clusterId ?? 'c',
          queryProcessor: () => queryProcessor,
          authenticate: () => ({ kind: 'allowed', principal: 'p', accessKeyId: 'k' }),
        }),
      },
    });
    const port = limited.port;
    const first = await connect({ port });
    const second = await connect({ port });
    await expect(connect({ port })).rejects.toMatchObject({
      code: '53300',
      message: 'Unable to accept connection, too many open connections.',
    });
    // The limits are each cluster's own.
    const elsewhere = await connect({ port, options: '-c amzn-cluster-id=other' });
    await elsewhere.end();
    await first.end();
    while (limited.connectionCount > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const third = await connect({ port });
    await third.end();
    while (limited.connectionCount > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const fourth = await connect({ port });
    await fourth.end();
    while (limited.connectionCount > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(connect({ port })).rejects.toMatchObject({ code: '53400', message: 'Unable to accept connection, rate exceeded.' });
    const told = new Promise<Error & { code?: string }>((resolve) => second.on('error', resolve));
    await limited.close();
    expect((await told).code).toBe('57P01');
  });
});

describe('hostile bytes', () => {
  it('end their own connection only', async () => {
    let seed = 12345;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
    const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
    const send = async (socket: Socket, payload: Buffer) => {
      const answer = collect(socket);
      socket.write(payload);
      setTimeout(() => socket.destroy(), 100);
      await answer;
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const payload = i % 3 === 0 ? Buffer.concat([Buffer.from([0x16]), bytes(200)]) : bytes(1 + Math.floor(random() * 300));
          return send(connectTcp(server.port, '127.0.0.1'), payload);
        }),
      );
    }
    const secure = () => connectTls({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ALPNProtocols: ['postgresql'] });
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 5 }, () => send(secure(), bytes(300))));
      await Promise.all(Array.from({ length: 5 }, () => send(secure(), Buffer.concat([startupPacket({ user: 'admin' }), bytes(300)]))));
      const authenticated = Buffer.concat([startupPacket({ user: 'admin' }), Buffer.from('p\0\0\0\x09good\0', 'latin1'), bytes(300)]);
      await Promise.all(Array.from({ length: 5 }, () => send(secure(), authenticated)));
    }
    const client = await connect();
    expect((await client.query('alive')).rows).toEqual([{ c0: 'alive' }]);
    await client.end();
  }, 60_000);
});
