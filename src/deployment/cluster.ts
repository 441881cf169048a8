/**
 * One cluster in this process: its journal, a replica in each Region, the commit path between them, and a query processor behind each endpoint.
 *
 *   DIR/clusters/ID/journal/            the truth
 *   DIR/clusters/ID/checkpoints/        what the journal's cut-off part amounts to (checkpoint-files.ts)
 *   DIR/clusters/ID/replicas/REGION/    a cache of both (LMDB), rebuilt when in doubt
 *
 * What is retained of the past is one window for all who read it (`retain`): the replicas keep superseded versions that long, and the journal is kept from a
 * checkpoint before it on, so that a replica that is rebuilt has the same past, and change streams read on from any position in it.
 */
import type { Timestamp, World } from '#base/world.ts';
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
import { ChangeFeed, type FeedStart } from './change-streams/change-feed.ts';
import type { StreamPlace } from './change-streams/stream-place.ts';
import { newestCheckpoint, oldestCheckpoint, removeOlderCheckpoints, storedCheckpoints, writeCheckpoint } from './checkpoint-files.ts';
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
  /** How much of the past is kept; 0: what running transactions need. */
  readonly retainedMs: number;
  /** Journal or replica can no longer be trusted or written: the process must end. */
  readonly onFailure: (error: Error) => void;
  /** 16 MiB; tests take less. */
  readonly journalSegmentBytes?: number;
};

/** How often superfluous journal is looked for. */
const truncationMs = 30_000;
/**
 * A checkpoint is written, and the journal cut as far as nobody needs it, when the journal has more than so many segments (of 16 MiB) behind the last one;
 * while the past is retained, when that is also more than the last checkpoint: so checkpoints take no more room than the journal between them.
 */
const journalSegments = 6;
const usualSegmentBytes = 16 * 2 ** 20;

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
  /** Change streams that are being read. */
  readonly #feeds = new Set<ChangeFeed>();
  readonly #segmentBytes: number;
  #retainedMs: number;

  private constructor(
    { world, id, directory, retainedMs, journalSegmentBytes }: ClusterOptions,
    journal: FileJournal,
    commitPath: LocalCluster,
    regions: readonly RegionParts[],
    activity: Activity,
  ) {
    this.id = id;
    this.#world = world;
    this.#directory = directory;
    this.#retainedMs = retainedMs;
    this.#segmentBytes = journalSegmentBytes ?? usualSegmentBytes;
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
    const { journalSegmentBytes, retainedMs } = options;
    const checkpoints = `${directory}/checkpoints`;
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
        checkpoint: () =>
          retainedMs === 0
            ? newestCheckpoint(world, checkpoints, journal.id)
            : oldestCheckpoint(world, checkpoints, journal.id, journal.firstPosition),
        onFailure,
      });
      replica.retainHistory(retainedMs);
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
    return new Cluster(options, journal, commitPath, regions, activity);
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
    return this.#copies.size > 0 || this.#feeds.size > 0 || this.#regions.some(({ queryProcessor }) => queryProcessor.isBusy);
  }

  sessionsIn(region: string): number {
    return this.#regions.find(({ name }) => name === region)?.queryProcessor.sessionCount ?? 0;
  }

  async copy(at?: Timestamp): Promise<ClusterCopy> {
    if (at !== undefined) await this.#commitPath.region(this.#commitPath.leaderRegion ?? this.#regions[0].name).readPoint.begin();
    const replica = (this.#regions.find(({ name }) => name === this.#commitPath.leaderRegion) ?? this.#regions[0]).replica;
    return copyOfReplica(this.#world, replica, this.#copies, at);
  }

  retain(retainedMs: number): void {
    this.#retainedMs = retainedMs;
    for (const { replica } of this.#regions) replica.retainHistory(retainedMs);
  }

  get journalEnd(): StreamPlace {
    return { journalId: this.#journal.id, position: this.#journal.lastPosition + 1, record: 0, change: 0 };
  }

  /** undefined: the Region is down. */
  changeFeed(region: string, clusterId: string, start: FeedStart): ChangeFeed | undefined {
    const parts = this.#regions.find(({ name }) => name === region);
    if (parts === undefined || !this.#commitPath.isUp(region)) return undefined;
    const { readPoint } = this.#commitPath.region(region);
    const { replica } = parts;
    const feed = new ChangeFeed({ world: this.#world, journal: this.#journal, replica, readPoint, clusterId, region, start }, () =>
      this.#feeds.delete(feed),
    );
    this.#feeds.add(feed);
    return feed;
  }

  get leaderRegion(): string | undefined {
    return this.#commitPath.leaderRegion;
  }

  stopRegion(region: string): void {
    if (!this.#regions.some(({ name }) => name === region)) return;
    this.#commitPath.stopRegion(region);
    for (const feed of this.#feeds) if (!this.#commitPath.isUp(feed.region)) feed.close();
  }

  async startRegion(region: string): Promise<void> {
    const parts = this.#regions.find(({ name }) => name === region);
    if (parts !== undefined) await this.#commitPath.startRegion(region, parts.replica);
  }

  async close(): Promise<void> {
    this.#cancelTruncation();
    this.#copies.clear();
    for (const feed of this.#feeds) feed.close();
    for (const { queryProcessor } of this.#regions) await queryProcessor.stop();
    await this.#commitPath.close();
    for (const { replica } of this.#regions) await replica.close();
    await this.#journal.close();
  }

  /** Writes a checkpoint of the first Region's replica and cuts the journal, as far as replicas, conflict window and the retained past allow. */
  async checkpoint(): Promise<void> {
    const { position } = await writeCheckpoint(this.#world, this.#checkpoints, this.#regions[0].replica);
    this.#world.log.info('checkpoint', { cluster: this.id, position });
    await this.#cut();
  }

  get #checkpoints(): string {
    return `${this.#directory}/checkpoints`;
  }

  /** Gives up checkpoints and journal that nobody needs any more. */
  async #cut(): Promise<void> {
    const since = this.#retainedMs === 0 ? Number.POSITIVE_INFINITY : this.#world.clock.now() - this.#retainedMs * 1000;
    const position = removeOlderCheckpoints(this.#world, this.#checkpoints, this.#journal.id, since);
    if (position !== undefined) await this.#commitPath.truncateJournal(position);
  }

  async #maintain(): Promise<void> {
    const last = storedCheckpoints(this.#world, this.#checkpoints, this.#journal.id).at(-1);
    const segments = this.#journal.segmentsBehind(last?.position ?? 0);
    const checkpointBytes = this.#retainedMs === 0 ? 0 : (last?.bytes ?? 0);
    if (segments > journalSegments && segments * this.#segmentBytes > checkpointBytes) await this.checkpoint();
    else if (last !== undefined) await this.#cut();
  }

  #planTruncation(): void {
    this.#cancelTruncation = this.#world.timers.after(truncationMs, () => {
      this.#maintain()
        .catch((error: Error) => this.#world.log.error('no checkpoint could be written; it is tried again', { error: error.message }))
        .finally(() => this.#planTruncation());
    });
  }
}

function doorsOf(commitPath: LocalCluster, region: string) {
  const { readPoint, adjudicator } = commitPath.region(region);
  return { readPoint, adjudicator };
}
