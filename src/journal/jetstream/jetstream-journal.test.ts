import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe } from 'vitest';
import { randomId } from '#base/base32.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import { hasNatsServer, NatsServers } from '#cli/fleet/nats-servers.ts';
import { journalContract } from '../journal-contract.ts';
import { openJetStreamJournal } from './jetstream-journal.ts';
import { openNatsRecordStream } from './nats-record-stream.ts';

const world = realWorld({ log: silentLog });
const directory = mkdtempSync(path.join(tmpdir(), 'borealis-nats-'));
const hasNats = hasNatsServer();
let servers: NatsServers | undefined;
let connection: NatsConnection | undefined;
let name = 0;

beforeAll(async () => {
  if (!hasNats) return;
  servers = await NatsServers.start({ directory, regions: ['us-east-1'] });
  connection = await connect({ servers: servers.urls.split(',') });
});
afterAll(async () => {
  await connection?.close();
  await servers?.stopAndRemove();
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(!hasNats)('over a nats-server', () => {
  journalContract(() => {
    const stream = `test-${++name}`;
    return {
      open: async () => {
        if (connection === undefined) throw new Error('no nats-server');
        return openJetStreamJournal({
          stream: await openNatsRecordStream({
            connection,
            timers: world.timers,
            log: world.log,
            name: stream,
            create: { journalId: randomId(world.random), replicas: 1, maximumBytes: 2 ** 26 },
          }),
          timers: world.timers,
          log: world.log,
          onFailure: (error) => {
            throw error;
          },
        });
      },
    };
  });
});
