/** A replica as it was left; from a checkpoint when it is empty or lies behind what the journal still holds. */
import type { World } from '#base/world.ts';
import type { Journal } from '#journal/journal.ts';
import { type CheckpointHeader, importCheckpoint } from '#storage/checkpoint.ts';
import type { OrderedStore } from '#storage/ordered-store.ts';
import { defaultReplicaOptions, Replica, type StoredRow } from '#storage/replica.ts';

export type FoundCheckpoint = {
  readonly header: CheckpointHeader;
  readonly pages: AsyncIterable<readonly StoredRow[]> | Iterable<readonly StoredRow[]>;
};

export type OpenReplicaOptions = {
  readonly world: World;
  readonly store: OrderedStore;
  readonly journal: Journal;
  /** For messages. */
  readonly clusterId: string;
  /** What it begins with when it has to be rebuilt. */
  readonly checkpoint: () => FoundCheckpoint | undefined | Promise<FoundCheckpoint | undefined>;
  readonly onFailure: (error: Error) => void;
};

export async function openReplica(options: OpenReplicaOptions): Promise<Replica> {
  const { world, store, journal, clusterId } = options;
  const onFailure = (error: unknown): void => options.onFailure(error instanceof Error ? error : new Error(String(error)));
  const replicaOptions = { ...defaultReplicaOptions, journalId: journal.id, onFailure };
  const replica = await Replica.open(store, world, replicaOptions);
  if (replica.position >= journal.firstPosition - 1) return replica;
  const checkpoint = await options.checkpoint();
  if (checkpoint === undefined || checkpoint.header.position < journal.firstPosition - 1)
    throw new Error(`the journal of cluster ${clusterId} begins at ${journal.firstPosition}, and no checkpoint reaches it`);
  world.log.warn('a replica is rebuilt from a checkpoint', { cluster: clusterId, position: checkpoint.header.position });
  await store.clear();
  await importCheckpoint(store, checkpoint.header, checkpoint.pages);
  return Replica.open(store, world, replicaOptions);
}
