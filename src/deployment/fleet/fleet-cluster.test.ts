/** Two nodes of a fleet in one process, over three real nats-servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomId } from '#base/base32.ts';
import { realWorld, silentLog } from '#base/real-world.ts';
import { NatsServers, NoNatsServer } from '#cli/fleet/nats-servers.ts';
import { openJetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import { openNatsRecordStream } from '#journal/jetstream/nats-record-stream.ts';
import { loadParser } from '#query-processor/parser/parse.ts';
import { connectToNats } from '#transport/nats-connection.ts';
import { NatsOffice, openOfficeBucket } from '#transport/nats-office.ts';
import { NatsTransport } from '#transport/nats-transport.ts';
import { FleetCluster } from './fleet-cluster.ts';

const log = process.env.FLEET_LOG
  ? { ...silentLog, info: (m: string, d?: unknown) => console.log(m, d), warn: (m: string, d?: unknown) => console.log(m, d), error: console.log }
  : silentLog;
const world = realWorld({ log });
const directory = mkdtempSync(path.join(tmpdir(), 'borealis-fleet-'));
let servers: NatsServers | undefined;
const connections: NatsConnection[] = [];
const clusterId = randomId(world.random);

async function openNode(node: string, region: string): Promise<FleetCluster> {
  const connection = await connectToNats({ servers: servers?.urls.split(',') ?? [], name: node });
  connections.push(connection);
  const bucket: KV = await openOfficeBucket({ connection, bucket: 'borealis-offices', replicas: 3, limitMs: 2000 });
  const stream = await openNatsRecordStream({
    connection,
    timers: world.timers,
    log: world.log,
    name: clusterId,
    create: { journalId: randomId(world.random), replicas: 3, maximumBytes: 2 ** 26 },
  });
  const onFailure = (error: Error): void => {
    throw error;
  };
  const journal = await openJetStreamJournal({ stream, timers: world.timers, log: world.log, onFailure });
  return FleetCluster.open({
    world,
    id: clusterId,
    node,
    region,
    directory: path.join(directory, node),
    isInMemory: true,
    profile: 'open',
    journal,
    transport: new NatsTransport(connection, world.log),
    office: new NatsOffice(bucket, clusterId, node),
    onFailure,
  });
}

beforeAll(async () => {
  await loadParser();
  try {
    servers = await NatsServers.start({ directory, regions: ['us-east-1', 'us-east-2', 'us-west-2'] });
  } catch (error) {
    if (!(error instanceof NoNatsServer)) throw error;
  }
}, 60_000);
afterAll(async () => {
  for (const connection of connections) await connection.close();
  await servers?.stopAndRemove();
  rmSync(directory, { recursive: true, force: true });
});

describe('a fleet of two nodes', () => {
  it('answers alike at both', async () => {
    const a = await openNode('a', 'us-east-1');
    const b = await openNode('b', 'us-east-2');
    console.log(a.commitPath.isLeader, b.commitPath.isLeader, a.commitPath.epoch);
    expect(a.commitPath.isLeader || b.commitPath.isLeader).toBe(true);
    await b.close();
    await a.close();
  }, 60_000);
});
