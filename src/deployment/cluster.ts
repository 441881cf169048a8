/**
 * One cluster in this process: its journal, a replica in each Region, the commit path between them, and a query processor behind each endpoint.
 *
 *   DIR/clusters/ID/journal/            the truth
 *   DIR/clusters/ID/replicas/REGION/    a cache of it (LMDB), rebuilt when in doubt
 */
import type { World } from '#base/world.ts';
import type { RegionNetwork } from '#crossbar/network.ts';
import { type FileJournal, openFileJournal } from '#journal/file/file-journal.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import { LocalQueryProcessor } from '#query-processor/session/local-query-processor.ts';
import type { Profile } from '#sql/settings.ts';
import { openLmdbStore } from '#storage/lmdb-store.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import type { OrderedStore } from '#storage/ordered-store.ts';
import { defaultReplicaOptions, Replica } from '#storage/replica.ts';
import { type LocalCluster, startLocalCluster } from './local-cluster.ts';

export type ClusterOptions = {
  readonly world: World;
  readonly id: string;
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly network: RegionNetwork;
  readonly regions: readonly string[];
  readonly witnessRegion: string;
  readonly profile: Profile;
  /** Journal or replica can no longer be trusted or written: the process must end. */
  readonly onFailure: (error: Error) => void;
};

/** How often superfluous journal is looked for. */
const truncationMs = 30_000;

type RegionParts = {
  readonly name: string;
  readonly replica: Replica;
  readonly store: OrderedStore;
  readonly queryProcessor: LocalQueryProcessor;
};

export class Cluster {
  readonly id: string;
  #world: World;
  #journal: FileJournal;
  #commitPath: LocalCluster;
  #regions: readonly RegionParts[];
  #cancelTruncation: () => void;

  private constructor(world: World, id: string, journal: FileJournal, commitPath: LocalCluster, regions: readonly RegionParts[]) {
    this.id = id;
    this.#world = world;
    this.#journal = journal;
    this.#commitPath = commitPath;
    this.#regions = regions;
    this.#cancelTruncation = () => {};
    this.#planTruncation();
  }

  /** Opens what is in the directory, or makes it. */
  static async open(options: ClusterOptions): Promise<Cluster> {
    const { world, directory, network, onFailure } = options;
    const journal = await openFileJournal({ world, directory: `${directory}/journal`, onFailure });
    const opened: { readonly name: string; readonly replica: Replica; readonly store: OrderedStore }[] = [];
    for (const name of options.regions) {
      const folder = `${directory}/replicas/${name}`;
      if (!options.isInMemory) world.disk.makeDirectory(folder);
      const store = options.isInMemory ? new MemoryStore() : await openLmdbStore(folder, world);
      opened.push({ name, store, replica: await Replica.open(store, world, { ...defaultReplicaOptions, journalId: journal.id, onFailure: (error) => onFailure(asError(error)) }) });
    }
    const commitPath = await startLocalCluster({ world, journal, network, regions: opened, witness: options.witnessRegion, onFailure });
    const regions = opened.map((region) => ({
      ...region,
      queryProcessor: new LocalQueryProcessor({
        world,
        storage: region.replica,
        ...doorsOf(commitPath, region.name),
        profile: options.profile,
        regionName: region.name,
      }),
    }));
    for (const { queryProcessor } of regions) await queryProcessor.start();
    return new Cluster(world, options.id, journal, commitPath, regions);
  }

  queryProcessor(region: string): QueryProcessor | undefined {
    return this.#regions.find(({ name }) => name === region)?.queryProcessor;
  }

  /** What metrics show. */
  get figures(): {
    readonly journalPosition: number;
    readonly regions: readonly { readonly name: string; readonly lag: number; readonly recentBytes: number; readonly storeBytes: number }[];
  } {
    return {
      journalPosition: this.#journal.lastPosition,
      regions: this.#regions.map(({ name, replica }) => ({
        name,
        lag: this.#journal.lastPosition - replica.position,
        recentBytes: replica.recentBytes,
        storeBytes: replica.storeBytes,
      })),
    };
  }

  /** Sessions must be closed before. */
  async close(): Promise<void> {
    this.#cancelTruncation();
    for (const { queryProcessor } of this.#regions) await queryProcessor.stop();
    await this.#commitPath.close();
    for (const { replica } of this.#regions) await replica.close();
    await this.#journal.close();
  }

  #planTruncation(): void {
    this.#cancelTruncation = this.#world.timers.after(truncationMs, () => {
      this.#commitPath
        .truncateJournal()
        .catch((error: Error) => this.#world.log.error('the journal could not be truncated', { error: error.message }))
        .finally(() => this.#planTruncation());
    });
  }
}

function doorsOf(commitPath: LocalCluster, region: string) {
  const { readPoint, adjudicator } = commitPath.region(region);
  return { readPoint, adjudicator };
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
