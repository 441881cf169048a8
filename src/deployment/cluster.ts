/**
 * One cluster in this process: its journal, a replica in each Region, the commit path between them, and a query processor behind each endpoint.
 *
 *   DIR/clusters/ID/journal/            the truth
 *   DIR/clusters/ID/checkpoints/        what the journal's cut-off part amounts to (checkpoint-files.ts)
 *   DIR/clusters/ID/replicas/REGION/    a cache of both (LMDB), rebuilt when in doubt
 */
import type { World } from '#base/world.ts';
import type { RegionNetwork } from '#crossbar/network.ts';
import { type FileJournal, openFileJournal } from '#journal/file/file-journal.ts';
import { Activity } from '#query-processor/activity/activity.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import { LocalQueryProcessor } from '#query-processor/session/local-query-processor.ts';
import type { Profile } from '#sql/settings.ts';
import { openLmdbStore } from '#storage/lmdb-store.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import type { OrderedStore } from '#storage/ordered-store.ts';
import type { Replica } from '#storage/replica.ts';
import { newestCheckpoint, removeOlderCheckpoints, writeCheckpoint } from './checkpoint-files.ts';
import { type ClusterCopy, copyOfReplica } from './cluster-copy.ts';
import type { ClusterFigures, HostedCluster } from './cluster-source.ts';
import { type LocalCluster, startLocalCluster } from './local-cluster.ts';
import { openReplica } from './open-replica.ts';

export type ClusterOptions = {
  readonly world: World;
  readonly id: string;
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly network: RegionNetwork;
  readonly regions: readonly string[];
  /** A cluster of one Region has none: its journal is in that Region alone. */
  readonly witnessRegion: string | undefined;
  readonly profile: Profile;
  /** Journal or replica can no longer be trusted or written: the process must end. */
  readonly onFailure: (error: Error) => void;
  /** 16 MiB; tests take less. */
  readonly journalSegmentBytes?: number;
};

/** How often superfluous journal is looked for. */
const truncationMs = 30_000;
/** A checkpoint is written, and the journal cut below it, when the journal has more than so many segments (of 16 MiB). */
const journalSegments = 6;

type RegionParts = {
  readonly name: string;
  readonly replica: Replica;
  readonly store: OrderedStore;
  readonly queryProcessor: LocalQueryProcessor;
};

export class Cluster implements HostedCluster {
  readonly id: string;
  #world: World;
  #journal: FileJournal;
  #commitPath: LocalCluster;
  #regions: readonly RegionParts[];
  readonly #activity: Activity;
  #directory: string;
  #cancelTruncation: () => void;
  /** Copies that are being taken. */
  readonly #copies = new Set<ClusterCopy>();

  private constructor(
    world: World,
    id: string,
    directory: string,
    journal: FileJournal,
    commitPath: LocalCluster,
    regions: readonly RegionParts[],
    activity: Activity,
  ) {
    this.id = id;
    this.#world = world;
    this.#directory = directory;
    this.#journal = journal;
    this.#commitPath = commitPath;
    this.#regions = regions;
    this.#activity = activity;
    this.#cancelTruncation = () => {};
    this.#planTruncation();
  }

  /** Opens what is in the directory, or makes it. */
  static async open(options: ClusterOptions): Promise<Cluster> {
    const { world, directory, network, onFailure } = options;
    const { journalSegmentBytes } = options;
    const journal = await openFileJournal({
      world,
      directory: `${directory}/journal`,
      onFailure,
      ...(journalSegmentBytes === undefined ? {} : { segmentBytes: journalSegmentBytes }),
    });
    const opened: { readonly name: string; readonly replica: Replica; readonly store: OrderedStore }[] = [];
    for (const name of options.regions) {
      const folder = `${directory}/replicas/${name}`;
      if (!options.isInMemory) world.disk.makeDirectory(folder);
      const store = options.isInMemory ? new MemoryStore() : await openLmdbStore(folder, world);
      const replica = await openReplica({
        world,
        store,
        journal,
        clusterId: options.id,
        newestCheckpoint: () => newestCheckpoint(world, `${directory}/checkpoints`, journal.id),
        onFailure,
      });
      opened.push({ name, store, replica });
    }
    const commitPath = await startLocalCluster({ world, journal, network, regions: opened, witness: options.witnessRegion, onFailure });
    const activity = new Activity();
    const regions = opened.map((region) => ({
      ...region,
      queryProcessor: new LocalQueryProcessor({
        world,
        storage: region.replica,
        ...doorsOf(commitPath, region.name),
        profile: options.profile,
        regionName: region.name,
        nodeName: region.name,
        temporaryDirectory: `${directory}/temporary/${region.name}`,
        isMultiRegion: opened.length > 1,
        activity,
      }),
    }));
    for (const { queryProcessor } of regions) await queryProcessor.start();
    return new Cluster(world, options.id, directory, journal, commitPath, regions, activity);
  }

  queryProcessor(region: string): QueryProcessor | undefined {
    return this.#regions.find(({ name }) => name === region)?.queryProcessor;
  }

  get figures(): ClusterFigures {
    return {
      journalPosition: this.#journal.lastPosition,
      counters: this.#activity.counters,
      leaderRegion: this.leaderRegion,
      regions: this.#regions.map(({ name, replica }) => ({
        name,
        lag: this.#journal.lastPosition - replica.position,
        recentBytes: replica.recentBytes,
        storeBytes: replica.storeBytes,
        holdsLease: this.#commitPath.node(name).lease.valid !== 0,
      })),
    };
  }

  get isBusy(): boolean {
    return this.#copies.size > 0 || this.#regions.some(({ queryProcessor }) => queryProcessor.isBusy);
  }

  sessionsIn(region: string): number {
    return this.#regions.find(({ name }) => name === region)?.queryProcessor.sessionCount ?? 0;
  }

  copy(): ClusterCopy {
    const replica = (this.#regions.find(({ name }) => name === this.#commitPath.leaderRegion) ?? this.#regions[0]).replica;
    return copyOfReplica(this.#world, replica, this.#copies);
  }

  get leaderRegion(): string | undefined {
    return this.#commitPath.leaderRegion;
  }

  stopRegion(region: string): void {
    if (this.#regions.some(({ name }) => name === region)) this.#commitPath.stopRegion(region);
  }

  async startRegion(region: string): Promise<void> {
    const parts = this.#regions.find(({ name }) => name === region);
    if (parts !== undefined) await this.#commitPath.startRegion(region, parts.replica);
  }

  async close(): Promise<void> {
    this.#cancelTruncation();
    this.#copies.clear();
    for (const { queryProcessor } of this.#regions) await queryProcessor.stop();
    await this.#commitPath.close();
    for (const { replica } of this.#regions) await replica.close();
    await this.#journal.close();
  }

  /** Writes a checkpoint of the first Region's replica and cuts the journal below it, as far as replicas and conflict window allow. */
  async checkpoint(): Promise<void> {
    const directory = `${this.#directory}/checkpoints`;
    const { position, appliedTimestamp } = await writeCheckpoint(this.#world, directory, this.#regions[0].replica);
    this.#world.log.info('checkpoint', { cluster: this.id, position });
    removeOlderCheckpoints(this.#world, directory, this.#journal.id, appliedTimestamp);
    await this.#commitPath.truncateJournal(position);
  }

  #planTruncation(): void {
    this.#cancelTruncation = this.#world.timers.after(truncationMs, () => {
      const isLong = this.#world.disk.list(`${this.#directory}/journal`).length > journalSegments;
      const work = isLong ? this.checkpoint() : Promise.resolve();
      work
        .catch((error: Error) => this.#world.log.error('no checkpoint could be written; it is tried again', { error: error.message }))
        .finally(() => this.#planTruncation());
    });
  }
}

function doorsOf(commitPath: LocalCluster, region: string) {
  const { readPoint, adjudicator } = commitPath.region(region);
  return { readPoint, adjudicator };
}
