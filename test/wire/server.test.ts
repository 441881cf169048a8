/** The server as a whole: cancel requests, clients that vanish, messages that are too large, bytes that are no protocol. */
import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment } from '../deployment.ts';
import { deploymentTarget } from './both.ts';
import {
  bind,
  cancelRequest,
  copyData,
  copyDone,
  execute,
  flush,
  gssEncRequest,
  parse,
  password,
  prepared,
  query,
  RawClient,
  raw,
  show,
  sslRequest,
  startup,
  sync,
  type Target,
  terminate,
} from './raw-client.ts';

let deployment: Deployment;
let target: Target;
beforeAll(async () => {
  deployment = await Deployment.start(['--in-memory']);
  target = await deploymentTarget(deployment);
  const client = await RawClient.connect(target);
  await client.talk(query('CREATE TABLE log (n int)'));
  client.close();
});
afterAll(async () => {
  const { errors } = deployment;
  await deployment.remove();
  expect(errors, 'what the server has logged').not.toMatch(/internal error/);
});

const endless = 'SELECT count(*) FROM generate_series(1, 1000000000)';

/** CPU time of the server in ms. */
function cpuMs(): number {
  const fields = readFileSync(`/proc/${deployment.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The server does next to nothing: what a client has left behind has ended. */
async function expectIdle(): Promise<void> {
  let used = 0;
  for (let tries = 0; tries < 20; tries++) {
    const before = cpuMs();
    await sleep(200);
    used = cpuMs() - before;
    if (used <= 60) return;
  }
  expect.fail(`still ${used} ms of CPU in 200 ms`);
}

async function cancel(client: RawClient, over: Target, secret = client.secret): Promise<void> {
  const other = await RawClient.open(over);
  other.send(cancelRequest(client.processId, secret));
  await other.closed();
}

describe('a cancel request', () => {
  it.each([
    ['plain', () => ({ ...target, ca: undefined })],
    ['TLS', () => target],
    ['direct TLS', () => ({ ...target, isDirect: true })],
  ])('over %s ends a statement within a second', async (_, over) => {
    const client = await RawClient.connect(target);
    for (const messages of [[query(endless)], [prepared(endless), sync]]) {
      client.send(...messages);
      await sleep(100);
      const askedMs = performance.now();
      await cancel(client, over());
      const lines = (await client.until('Z')).map(show);
      expect(performance.now() - askedMs).toBeLessThan(1_000);
      expect(lines).toContain('Error V=ERROR C=57014 M=canceling statement due to user request');
      expect(await client.talk(query('SELECT 1'))).toContain('Row 1');
    }
    client.close();
  });

  it('with a wrong secret, or when nothing runs, changes nothing', async () => {
    const client = await RawClient.connect(target);
    await cancel(client, target);
    expect(await client.talk(query('SELECT 1'))).toContain('Row 1');
    client.send(query('SELECT pg_sleep(0.3)'));
    await cancel(client, target, Buffer.from([...client.secret].map((byte) => byte ^ 1)));
    expect((await client.until('Z')).map(show)).toContain('Complete SELECT 1');
    client.close();
  });

  it('ends a COPY that waits for data', async () => {
    const client = await RawClient.connect(target);
    client.send(query('COPY log FROM STDIN'), copyData('1\n'));
    await client.until('G');
    await cancel(client, target);
    expect((await client.until('Z')).map(show)).toContain(
      'Error V=ERROR C=57014 M=canceling statement due to user request W=COPY log, line 2',
    );
    expect(await client.talk(copyData('2\n'), copyDone, query('SELECT count(*) FROM log'))).toContain('Row 0');
    client.close();
  });

  it('reaches a block, which is then aborted', async () => {
    const client = await RawClient.connect(target);
    await client.talk(query('BEGIN'));
    client.send(query(endless));
    await sleep(50);
    await cancel(client, target);
    expect((await client.until('Z')).map(show).at(-1)).toBe('Ready E');
    client.close();
  });
});

describe('a client that vanishes', () => {
  it.each([
    ['in a statement', [query(endless)]],
    ['in a COPY', [query('COPY log FROM STDIN'), copyData('1\n2\n')]],
    ['in a transaction', [query('BEGIN'), query('INSERT INTO log VALUES (1)')]],
    ['in a pipeline', [prepared('INSERT INTO log VALUES (1)'), flush]],
    ['within a message', [query('INSERT INTO log VALUES (1)').subarray(0, 12)]],
    ['without reading', [query("SELECT repeat('x', 1000) FROM generate_series(1, 10000000)")]],
    ['at a suspended portal', [query('BEGIN'), parse(endless.replace('count(*)', '*')), bind(), execute('', 5), flush]],
  ])('%s leaves nothing behind', async (_, messages) => {
    const client = await RawClient.connect(target);
    client.send(...messages);
    await sleep(100);
    client.socket.destroy();
    await expectIdle();
    const other = await RawClient.connect(target);
    expect(await other.talk(query('SELECT count(*) FROM log'))).toContain('Row 0');
    other.close();
  });

  it('or says goodbye first', async () => {
    const client = await RawClient.connect(target);
    client.send(query('SELECT 1'), terminate, query('INSERT INTO log VALUES (1)'));
    expect((await client.until('never')).map(show).slice(-2)).toEqual(['Ready I', 'Closed']);
  });
});

describe('a message', () => {
  const megabytes = (count: number, more: number): string => `SELECT length('${'x'.repeat(count * 1024 * 1024 + more)}')`;

  it('of 10 MiB is taken', async () => {
    const client = await RawClient.connect(target);
    const text = megabytes(10, -"SELECT length('')".length - 1);
    expect(query(text).length).toBe(10 * 1024 * 1024 + 5);
    expect(await client.talk(query(text))).toContain(`Row ${10 * 1024 * 1024 - 18}`);
    client.close();
  });

  it('of a byte more ends the connection with 08P01', async () => {
    const client = await RawClient.connect(target);
    client.send(query(megabytes(10, -"SELECT length('')".length)));
    expect((await client.until('never')).map(show)).toEqual(['Error V=FATAL C=08P01 M=invalid message length', 'Closed']);
  });

  it.each([
    ['of an unknown type', raw('z', Buffer.from('x')), 'invalid frontend message type 122'],
    ['with an impossible length', Buffer.from([0x51, 0, 0, 0, 3]), 'invalid message length'],
  ])('%s ends the connection', async (_, bytes, text) => {
    const client = await RawClient.connect(target);
    client.send(bytes);
    expect((await client.until('never')).map(show)).toEqual([`Error V=FATAL C=08P01 M=${text}`, 'Closed']);
  });

  it.each([
    ['that is too short', raw('B', Buffer.from('\0\0\0\x05')), 'insufficient data left in message'],
    ['that is too long', raw('S', Buffer.from('x')), 'invalid message format'],
    ['with a wrong subtype', raw('D', Buffer.from('Xs\0')), 'invalid DESCRIBE message subtype 88'],
    ['without an end to its text', raw('P', Buffer.from('abc')), 'insufficient data left in message'],
  ])('%s is an error of its statement', async (_, bytes, text) => {
    const client = await RawClient.connect(target);
    client.send(bytes, sync, sync);
    const lines = (await client.until('Z', 2)).map(show);
    expect(lines[0]).toBe(`Error V=ERROR C=08P01 M=${text}`);
    expect(await client.talk(query('SELECT 1'))).toContain('Row 1');
    client.close();
  });
});

describe('start-up', () => {
  it('goes by direct TLS as well', async () => {
    const client = await RawClient.connect({ ...target, isDirect: true });
    expect(await client.talk(query('SELECT 1'))).toContain('Row 1');
    client.close();
  });

  it('refuses plain text', async () => {
    const client = await RawClient.open({ ...target, ca: undefined });
    client.send(startup({ user: 'admin', database: 'postgres' }));
    expect((await client.until('never')).map(show)).toEqual([
      'Error V=FATAL C=08006 M=unable to accept connection, SSL is mandatory. AWS Authentication is required.',
      'Closed',
    ]);
  });

  it.each([
    ['another protocol', startup({ user: 'admin' }, 2 << 16), 'C=0A000 M=unsupported frontend protocol 2.0: server supports 3.0 to 3.0'],
    ['no user', startup({ database: 'postgres' }), 'C=28000 M=no PostgreSQL user name specified in startup packet'],
    ['an unknown setting', startup({ user: 'admin', nothing: '1' }), 'unrecognized configuration parameter "nothing"'],
    ['an invalid value', startup({ user: 'admin', TimeZone: 'x' }), 'C=22023 M=invalid value for parameter "TimeZone": "x"'],
    ['replication', startup({ user: 'admin', replication: 'database' }), 'C=0A000 M=replication connections are not supported'],
  ])('refuses %s', async (_, packet, text) => {
    const client = await RawClient.open(target);
    client.send(packet);
    const first = await client.next();
    if (first?.type === 'R') client.send(password(target.password ?? ''));
    const lines = [first, ...(await client.until('never'))].map((message) => (message ? show(message) : ''));
    expect(lines.join('\n')).toContain(text);
    expect(lines.join('\n')).toContain('V=FATAL');
  });

  it('takes a later minor version, and names what it does not know of it', async () => {
    const client = await RawClient.open(target);
    client.send(startup({ user: 'admin', database: 'postgres', '_pq_.unknown': '1' }, (3 << 16) + 2));
    const first = await client.next();
    expect(first?.type).toBe('v');
    expect(first?.body.toString('latin1')).toBe('\0\0\0\0\0\0\0\x01_pq_.unknown\0');
    client.socket.destroy();
  });

  it('reads settings from the packet and from its options', async () => {
    const client = await RawClient.connect({
      ...target,
      parameters: {
        application_name: 'me',
        TimeZone: 'Asia/Tokyo',
        options: '-c search_path=a,\\ b -c statement_timeout=5s --IntervalStyle=iso_8601',
      },
    });
    expect(client.parameters.get('TimeZone')).toBe('Asia/Tokyo');
    const shown = await client.talk(
      ...['search_path', 'statement_timeout', 'IntervalStyle', 'application_name'].map((name) => query(`SHOW ${name}`)),
    );
    expect(shown.filter((line) => line.startsWith('Row'))).toEqual(['Row a, b', 'Row 5s', 'Row iso_8601', 'Row me']);
    await client.talk(query("SET TimeZone = 'UTC'"));
    expect(await client.talk(query('RESET TimeZone'))).toContain('Parameter TimeZone=Asia/Tokyo');
    client.close();
  });
});

describe('pg_terminate_backend', () => {
  it('ends the connection of another session, and that of its own, with 57P01', async () => {
    const [client, other] = [await RawClient.connect(target), await RawClient.connect(target)];
    other.send(query(endless));
    await sleep(100);
    const [, row] = await client.talk(
      query("SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%1000000000%' AND pid <> pg_backend_pid()"),
    );
    expect(await client.talk(query(`SELECT pg_terminate_backend(${row?.replace('Row ', '')}), inet_client_addr()`))).toContain(
      'Row t|127.0.0.1',
    );
    const told = 'Error V=FATAL C=57P01 M=terminating connection due to administrator command';
    expect((await other.until('E')).map(show).at(-1)).toBe(told);
    await other.closed();
    client.send(query('SELECT pg_terminate_backend(pg_backend_pid())'));
    expect((await client.until('E')).map(show).at(-1)).toBe(told);
    await client.closed();
  });
});

describe('bytes that are no protocol', () => {
  it('end their own connection, before TLS, after it and after the password', async () => {
    const witness = await RawClient.connect(target);
    const send = async (client: RawClient, bytes: Uint8Array): Promise<void> => {
      client.send(bytes);
      await Promise.race([client.closed().catch(() => {}), sleep(30)]);
      client.socket.destroy();
    };
    /** Whole messages with random contents get further than random bytes. */
    const message = fc
      .tuple(fc.constantFrom(...'QPBDECSHdcfpF'), fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => raw(type, body) as Uint8Array);
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(message, { minLength: 1, maxLength: 8 }).map((messages) => Buffer.concat(messages) as Uint8Array),
    );
    const prefixes = [sslRequest, gssEncRequest, startup({ user: 'admin' }), Buffer.from([0x16, 3, 1]), Buffer.alloc(0)];
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(...prefixes), async (garbage, prefix) => {
        await Promise.all([
          send(new RawClient(connectTcp(target.port, target.host)), Buffer.concat([prefix, garbage])),
          RawClient.open(target).then((client) => send(client, Buffer.concat([garbage]))),
          RawClient.open(target).then((client) => send(client, Buffer.concat([startup({ user: 'admin' }), garbage]))),
          RawClient.connect(target).then((client) => send(client, garbage)),
          RawClient.connect(target).then((client) => send(client, Buffer.concat([query('BEGIN; COPY log FROM STDIN'), garbage]))),
        ]);
        expect(await witness.talk(query('SELECT 1'))).toContain('Row 1');
      }),
      { numRuns: 20 },
    );
    expect(await witness.talk(query('SELECT count(*) FROM log'))).toContain('Row 0');
    witness.close();
  });
});
