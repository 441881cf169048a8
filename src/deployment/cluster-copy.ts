/**
 * A cluster's content at one timestamp, as it is handed from one that is being copied to one that is being made: backups, restores and forks are made of it.
 */
import type { Timestamp, World } from '#base/world.ts';
import { checkpointRows } from '#storage/checkpoint.ts';
import type { Replica } from '#storage/replica.ts';
import type { PageSource } from './checkpoint-folder.ts';

export type ClusterCopy = {
  /** The rows are as of this timestamp. */
  readonly appliedTimestamp: Timestamp;
  readonly catalogTimestamp: Timestamp;
  /** Once; in key order. */
  readonly pages: PageSource;
};

/** What was to be copied is not there, and will not be. */
export class OriginLost extends Error {
  override readonly name = 'OriginLost';
}

/** Of a replica as it is now. The copy is in `underWay` from its first page to its last; taken out of there, it ends with an error. */
export function copyOfReplica(world: World, replica: Replica, underWay: Set<ClusterCopy>): ClusterCopy {
  const { appliedTimestamp, catalogTimestamp } = replica;
  const copy: ClusterCopy = { appliedTimestamp, catalogTimestamp, pages: noted() };
  return copy;

  function* noted(): ReturnType<typeof checkpointRows> {
    underWay.add(copy);
    try {
      for (const page of checkpointRows(replica, world, appliedTimestamp)) {
        yield page;
        if (!underWay.has(copy)) throw new Error('the cluster has been closed while it was being copied');
      }
    } finally {
      underWay.delete(copy);
    }
  }
}
