/**
 * A node's place in a fleet: its connection to NATS, what the fleet has in common (which cluster is the default one), and the clusters that it opens.
 *
 *   stream  borealis-ID            the journal of a cluster
 *   bucket  borealis-fleet         default-cluster: its id; journal.ID: its journal's id; each written once
 *   bucket  borealis-offices       ID: which node should lead; lasts for a few seconds
 *   objects borealis-checkpoints   ID/checkpoint
 */
import { JetStreamApiError } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { type ObjectStore, Objm } from '@nats-io/obj';
import { type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node';
import { randomId } from '#base/base32.ts';
import type { World } from '#base/world.ts';
import { JournalDamaged } from '#journal/chain.ts';
import { openJetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import { openNatsRecordStream } from '#journal/jetstream/nats-record-stream.ts';
import type { RecordStream } from '#journal/jetstream/record-stream.ts';
import type { Profile } from '#sql/settings.ts';
import { connectToNats, type NatsAddress } from '#transport/nats-connection.ts';
import { isRefusal, NatsOffice, openOfficeBucket } from '#transport/nats-office.ts';
import { checkSynchronisation, checkVersion } from '#transport/nats-server-check.ts';
import { NatsTransport } from '#transport/nats-transport.ts';
import { type ClusterCopy, OriginLost } from '../cluster-copy.ts';
import type { JournalRecord } from '../cluster-records.ts';
import type { ClusterSource } from '../cluster-source.ts';
import { CheckpointObjects } from './checkpoint-objects.ts';
import { FleetCluster } from './fleet-cluster.ts';

export type FleetMembership = {
  readonly world: World;
  /** Of the clusters' directories. */
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly profile: Profile;
  readonly region: string;
  readonly nodeName: string;
  readonly address: NatsAddress;
  readonly monitors: readonly string[];
  readonly trustsServers: boolean;
  readonly replicas: number;
  readonly onFailure: (error: Error) => void;
};

/** An adjudicator that does not renew its office for so long is thought lost. */
const officeLimitMs = 1500;
/** A full stream refuses commits and loses nothing. */
const journalBytes = 4 * 2 ** 30;
/** At a start. */
const startPatienceMs = 30_000;

export class FleetClusterSource implements ClusterSource {
  readonly defaultClusterId: string;
  readonly #options: FleetMembership;
  readonly #connection: NatsConnection;
  readonly #transport: NatsTransport;
  readonly #offices: KV;
  readonly #checkpoints: ObjectStore;
  readonly #common: KV;

  private constructor(
    options: FleetMembership,
    connection: NatsConnection,
    offices: KV,
    checkpoints: ObjectStore,
    common: KV,
    defaultClusterId: string,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#transport = new NatsTransport(connection, options.world.log);
    this.#offices = offices;
    this.#checkpoints = checkpoints;
    this.#common = common;
    this.defaultClusterId = defaultClusterId;
  }

  /** Connects, and refuses servers that are not fit to keep a journal. */
  static async join(options: FleetMembership): Promise<FleetClusterSource> {
    const { address, replicas, world } = options;
    if (!options.trustsServers) await checkSynchronisation(options.monitors);
    const connection = await connectToNats(address);
    try {
      checkVersion(connection.info?.version ?? '');
      const offices = await patiently(world, () =>
        openOfficeBucket({ connection, bucket: 'borealis-offices', replicas, limitMs: officeLimitMs }),
      );
      const checkpoints = await patiently(world, () => new Objm(connection).create('borealis-checkpoints', { replicas }));
      const common = await patiently(world, () => new Kvm(connection).create('borealis-fleet', { replicas, history: 1 }));
      return new FleetClusterSource(
        options,
        connection,
        offices,
        checkpoints,
        common,
        await chosen(world, common, 'default-cluster', randomId(world.random)),
      );
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  readonly hasStreams = false;

  async prepare(journal: JournalRecord, content: ClusterCopy | undefined): Promise<void> {
    if (content !== undefined) throw new OriginLost('a fleet cannot restore or fork clusters yet');
    const stream = await this.#stream(journal.home);
    await stream.close();
  }

  async open({ home }: JournalRecord, retainedMs: number): Promise<FleetCluster> {
    const { world, directory, isInMemory, profile, region, nodeName, onFailure } = this.#options;
    const journal = await openJetStreamJournal({ stream: await this.#stream(home), timers: world.timers, log: world.log, onFailure });
    return FleetCluster.open({
      world,
      id: home,
      node: nodeName,
      region,
      directory: `${directory}/${home}`,
      isInMemory,
      profile,
      retainedMs,
      journal,
      transport: this.#transport,
      office: new NatsOffice(this.#offices, home, nodeName),
      checkpoints: new CheckpointObjects(this.#checkpoints, home),
      onFailure,
    });
  }

  /** This node's part of it; the stream is the fleet's. */
  async remove(home: string): Promise<void> {
    this.#options.world.disk.remove(`${this.#options.directory}/${home}`);
  }

  async leave(): Promise<void> {
    await this.#connection.drain();
  }

  /** Which journal a cluster has is written once. Its stream is made once: one that is gone, or another, is a loss that nobody may write over. */
  async #stream(home: string): Promise<RecordStream> {
    const { world, replicas } = this.#options;
    const known = (await patiently(world, () => this.#common.get(`journal.${home}`)))?.string();
    const stream = await patiently(world, () =>
      openNatsRecordStream({
        connection: this.#connection,
        timers: world.timers,
        log: world.log,
        name: home,
        create: known === undefined ? { journalId: randomId(world.random), replicas, maximumBytes: journalBytes } : undefined,
      }),
    );
    const journalId = known ?? (await chosen(world, this.#common, `journal.${home}`, stream.journalId));
    if (stream.journalId !== journalId)
      throw new JournalDamaged(
        `the stream of cluster ${home} is of journal ${stream.journalId}, and the cluster's is ${journalId}: it has been made anew`,
      );
    return stream;
  }
}

/** What stands under the key: what is proposed, unless somebody was first. */
async function chosen(world: World, common: KV, key: string, proposed: string): Promise<string> {
  const created = await patiently(world, async () => {
    try {
      await common.create(key, proposed);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw error;
    }
  });
  if (created) return proposed;
  // The replica that answers may not have it yet.
  return patiently(world, async () => {
    const found = await common.get(key);
    if (found === null) throw new RequestError(`nothing stands under ${key} yet`);
    return found.string();
  });
}

/** Streams that were made a moment ago, or are choosing a leader, do not answer yet. */
async function patiently<T>(world: World, work: () => Promise<T>): Promise<T> {
  const untilMs = world.clock.monotonicMs() + startPatienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof RequestError || error instanceof TimeoutError || isUnavailable(error);
      if (!isPassing || world.clock.monotonicMs() > untilMs) throw error;
      world.log.debug('NATS does not answer yet', { error: error.message });
      await world.timers.sleep(200);
    }
  }
}

/** No leader yet; or (10005) the servers have not all found each other yet. */
const isUnavailable = (error: unknown): error is JetStreamApiError =>
  error instanceof JetStreamApiError && (error.status === 503 || error.code === 10005);
