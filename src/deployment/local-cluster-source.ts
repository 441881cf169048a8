/** Clusters in files of this node: DIR/HOME/ each (cluster.ts). */
import type { World } from '#base/world.ts';
import type { RegionNetwork } from '#crossbar/network.ts';
import { genesisHash } from '#journal/chain.ts';
import { type FileJournal, openFileJournal } from '#journal/file/file-journal.ts';
import type { Profile } from '#sql/settings.ts';
import { writeCheckpointOf } from './checkpoint-files.ts';
import { Cluster } from './cluster.ts';
import type { ClusterCopy } from './cluster-copy.ts';
import type { JournalRecord } from './cluster-records.ts';
import type { ClusterSource } from './cluster-source.ts';

/** Where a checkpoint stands that a cluster begins with. */
const contentPosition = 1;

export type LocalClusterSourceOptions = {
  readonly world: World;
  /** Of the clusters' directories. */
  readonly directory: string;
  readonly isInMemory: boolean;
  readonly network: RegionNetwork;
  readonly profile: Profile;
  readonly onFailure: (error: Error) => void;
};

export class LocalClusterSource implements ClusterSource {
  readonly #options: LocalClusterSourceOptions;

  constructor(options: LocalClusterSourceOptions) {
    this.#options = options;
  }

  readonly hasStreams = true;

  async prepare({ home }: JournalRecord, content: ClusterCopy | undefined): Promise<void> {
    const { world, onFailure, directory } = this.#options;
    world.disk.remove(this.#directoryOf(home));
    world.disk.makeDirectory(`${this.#directoryOf(home)}/journal`);
    const startBehind = content === undefined ? 0 : contentPosition;
    const journal = await openFileJournal({ world, directory: `${this.#directoryOf(home)}/journal`, onFailure, startBehind });
    try {
      if (content !== undefined) await this.#fill(home, journal, content);
    } finally {
      await journal.close();
    }
    await world.disk.syncDirectory(this.#directoryOf(home));
    await world.disk.syncDirectory(directory);
  }

  open(journal: JournalRecord, retainedMs: number): Promise<Cluster> {
    const { world, isInMemory, network, profile, onFailure } = this.#options;
    // An empty place where a journal should be is a loss, not a beginning.
    if (world.disk.list(`${this.#directoryOf(journal.home)}/journal`).length === 0)
      throw new Error(`the journal of cluster ${journal.home} is missing`);
    return Cluster.open({
      world,
      id: journal.home,
      directory: this.#directoryOf(journal.home),
      isInMemory,
      network,
      regions: journal.regions,
      witnessRegion: journal.witnessRegion,
      profile,
      retainedMs,
      onFailure,
    });
  }

  async remove(home: string): Promise<void> {
    const { world, directory } = this.#options;
    world.disk.remove(this.#directoryOf(home));
    await world.disk.syncDirectory(directory);
  }

  /**
   * The content becomes a checkpoint at a position that the journal itself does not hold, so that every replica begins with it. The claim keeps all later
   * timestamps above the content's, whatever the clock says.
   */
  async #fill(home: string, journal: FileJournal, content: ClusterCopy): Promise<void> {
    const { appliedTimestamp, catalogTimestamp } = content;
    const header = { journalId: journal.id, position: contentPosition, hash: genesisHash(journal.id), appliedTimestamp, catalogTimestamp };
    await writeCheckpointOf(this.#options.world, `${this.#directoryOf(home)}/checkpoints`, header, content.pages);
    await journal.append({ kind: 'claim', epoch: 1, floor: appliedTimestamp, claimant: '' }, contentPosition);
  }

  #directoryOf(home: string): string {
    return `${this.#options.directory}/${home}`;
  }
}
