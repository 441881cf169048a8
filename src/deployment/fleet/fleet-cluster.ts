/**
 * One cluster as a node of a fleet has it: the common journal, this node's replica, its part in the commit path, and a query processor.
 *
 *   DIR/clusters/ID/replica/    a cache of the journal (LMDB), rebuilt when in doubt
 */
import type { World } from '#base/world.ts';
import type { JetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import { Activity } from '#query-processor/activity/activity.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import { LocalQueryProcessor } from '#query-processor/session/local-query-processor.ts';
import type { Profile } from '#sql/settings.ts';
import { openLmdbStore } from '#storage/lmdb-store.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import { defaultReplicaOptions, Replica } from '#storage/replica.ts';
import type { Office, Transport } from '#transport/transport.ts';
import { checkAgainstJournal } from '../replica-check.ts';
import { FleetCommitPath } from './fleet-commit-path.ts';

export type FleetClusterOptions = {
  readonly world: World;
  readonly id: string;
  readonly node: string;
  readonly region: string;
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly profile: Profile;
  readonly journal: JetStreamJournal;
  readonly transport: Transport;
  readonly office: Office;
  readonly onFailure: (error: Error) => void;
};

export class FleetCluster {
  readonly id: string;
  readonly region: string;
  readonly commitPath: FleetCommitPath;
  readonly #journal: JetStreamJournal;
  readonly #replica: Replica;
  readonly #queryProcessor: LocalQueryProcessor;

  private constructor(options: FleetClusterOptions, replica: Replica, commitPath: FleetCommitPath, queryProcessor: LocalQueryProcessor) {
    this.id = options.id;
    this.region = options.region;
    this.#journal = options.journal;
    this.#replica = replica;
    this.commitPath = commitPath;
    this.#queryProcessor = queryProcessor;
  }

  static async open(options: FleetClusterOptions): Promise<FleetCluster> {
    const { world, journal, region, onFailure } = options;
    const folder = `${options.directory}/replica`;
    if (!options.isInMemory) world.disk.makeDirectory(folder);
    const store = options.isInMemory ? new MemoryStore() : await openLmdbStore(folder, world);
    const replica = await Replica.open(store, world, {
      ...defaultReplicaOptions,
      journalId: journal.id,
      onFailure: (error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))),
    });
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
      activity: new Activity(),
      temporaryDirectory: `${options.directory}/temporary`,
    });
    await commitPath.start();
    await queryProcessor.start();
    return new FleetCluster(options, replica, commitPath, queryProcessor);
  }

  queryProcessor(region: string): QueryProcessor | undefined {
    return region === this.region ? this.#queryProcessor : undefined;
  }

  /** Sessions must be closed before. */
  async close(): Promise<void> {
    await this.#queryProcessor.stop();
    await this.commitPath.close();
    await this.#replica.close();
    await this.#journal.close();
  }
}
