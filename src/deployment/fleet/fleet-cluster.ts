/**
 * One cluster as a node of a fleet has it: the common journal, this node's replica, its part in the commit path, and a query processor.
 *
 *   DIR/clusters/ID/replica/    a cache of the journal (LMDB), rebuilt when in doubt
 */
import type { Timestamp, World } from '#base/world.ts';
import type { JetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import { Activity } from '#query-processor/activity/activity.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import { LocalQueryProcessor } from '#query-processor/session/local-query-processor.ts';
import type { Profile } from '#sql/settings.ts';
import { openLmdbStore } from '#storage/lmdb-store.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import type { Replica } from '#storage/replica.ts';
import type { Office, Transport } from '#transport/transport.ts';
import { type ClusterCopy, copyOfReplica } from '../cluster-copy.ts';
import type { ClusterFigures, HostedCluster } from '../cluster-source.ts';
import { openReplica } from '../open-replica.ts';
import { checkAgainstJournal } from '../replica-check.ts';
import type { CheckpointObjects } from './checkpoint-objects.ts';
import { FleetCommitPath } from './fleet-commit-path.ts';

export type FleetClusterOptions = {
  readonly world: World;
  readonly id: string;
  readonly node: string;
  readonly region: string;
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly profile: Profile;
  /** How much of the past this node's replica keeps. */
  readonly retainedMs: number;
  readonly journal: JetStreamJournal;
  readonly transport: Transport;
  readonly office: Office;
  readonly checkpoints: CheckpointObjects;
  readonly onFailure: (error: Error) => void;
};

/** How often superfluous journal is looked for. */
const truncationMs = 30_000;
/** A checkpoint is written, and the journal cut below it, when the stream holds more than this. */
const journalBytes = 96 * 2 ** 20;

export class FleetCluster implements HostedCluster {
  readonly id: string;
  readonly region: string;
  readonly commitPath: FleetCommitPath;
  readonly #journal: JetStreamJournal;
  readonly #replica: Replica;
  readonly #queryProcessor: LocalQueryProcessor;
  readonly #activity: Activity;
  readonly #world: World;
  readonly #checkpoints: CheckpointObjects;
  /** Copies that are being taken. */
  readonly #copies = new Set<ClusterCopy>();
  #cancelTruncation: () => void = () => {};

  private constructor(
    options: FleetClusterOptions,
    replica: Replica,
    commitPath: FleetCommitPath,
    queryProcessor: LocalQueryProcessor,
    activity: Activity,
  ) {
    this.id = options.id;
    this.region = options.region;
    this.#world = options.world;
    this.#journal = options.journal;
    this.#checkpoints = options.checkpoints;
    this.#replica = replica;
    this.commitPath = commitPath;
    this.#queryProcessor = queryProcessor;
    this.#activity = activity;
    this.#planTruncation();
  }

  static async open(options: FleetClusterOptions): Promise<FleetCluster> {
    const { world, journal, region, onFailure } = options;
    const folder = `${options.directory}/replica`;
    if (!options.isInMemory) world.disk.makeDirectory(folder);
    const store = options.isInMemory ? new MemoryStore() : await openLmdbStore(folder, world);
    const replica = await openReplica({
      world,
      store,
      journal,
      clusterId: options.id,
      checkpoint: () => options.checkpoints.newest(journal.id),
      onFailure,
    });
    replica.retainHistory(options.retainedMs);
    await checkAgainstJournal(journal, `node ${options.node}`, replica);
    const commitPath = new FleetCommitPath({
      world,
      clusterId: options.id,
      node: options.node,
      region,
      journal,
      replica,
      transport: options.transport,
      office: options.office,
      onFailure,
    });
    const activity = new Activity();
    const queryProcessor = new LocalQueryProcessor({
      world,
      storage: replica,
      readPoint: commitPath.readPoint,
      adjudicator: commitPath.adjudicator,
      profile: options.profile,
      regionName: region,
      nodeName: options.node,
      // A node does not know how many Regions the others are in.
      isMultiRegion: false,
      activity,
      temporaryDirectory: `${options.directory}/temporary`,
    });
    await commitPath.start();
    await queryProcessor.start();
    return new FleetCluster(options, replica, commitPath, queryProcessor, activity);
  }

  queryProcessor(region: string): QueryProcessor | undefined {
    return region === this.region ? this.#queryProcessor : undefined;
  }

  get figures(): ClusterFigures {
    const { position, recentBytes, storeBytes } = this.#replica;
    return {
      journalPosition: this.#journal.lastPosition,
      counters: this.#activity.counters,
      leaderRegion: this.commitPath.isLeader ? this.region : undefined,
      regions: [
        {
          name: this.region,
          lag: this.#journal.lastPosition - position,
          recentBytes,
          storeBytes,
          holdsLease: this.commitPath.hasLease,
        },
      ],
    };
  }

  sessionsIn(region: string): number {
    return region === this.region ? this.#queryProcessor.sessionCount : 0;
  }

  get isBusy(): boolean {
    return this.#copies.size > 0 || this.#queryProcessor.isBusy;
  }

  async copy(at?: Timestamp): Promise<ClusterCopy> {
    if (at !== undefined) await this.commitPath.readPoint.begin();
    return copyOfReplica(this.#world, this.#replica, this.#copies, at);
  }

  retain(retainedMs: number): void {
    this.#replica.retainHistory(retainedMs);
  }

  /** A fleet's registry is each node's own: nobody would keep the journal for a stream. */
  get journalEnd(): undefined {
    return undefined;
  }

  changeFeed(): undefined {
    return undefined;
  }

  /** A fleet's Region is stopped by stopping its nodes. */
  stopRegion(): void {}

  async startRegion(): Promise<void> {}

  async close(): Promise<void> {
    this.#cancelTruncation();
    this.#copies.clear();
    await this.#queryProcessor.stop();
    await this.commitPath.close();
    await this.#replica.close();
    await this.#journal.close();
  }

  /** Writes a checkpoint of this node's replica, and, where this node leads, cuts the journal below it, as far as nodes and conflict window allow. */
  async checkpoint(): Promise<void> {
    const position = await this.#checkpoints.write(this.#world, this.#replica);
    this.#world.log.info('checkpoint', { cluster: this.id, position });
    await this.commitPath.truncateJournal(position);
  }

  #planTruncation(): void {
    this.#cancelTruncation = this.#world.timers.after(truncationMs, () => {
      this.#truncate()
        .catch((error: Error) => this.#world.log.warn('no checkpoint could be written; it is tried again', { error: error.message }))
        .finally(() => this.#planTruncation());
    });
  }

  async #truncate(): Promise<void> {
    const { bytes } = await this.#journal.refresh();
    if (bytes > journalBytes && this.commitPath.isLeader) await this.checkpoint();
  }
}
