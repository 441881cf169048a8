/**
 * A cluster's content at one timestamp, as it is handed from one that is being copied to one that is being made: backups, restores and forks are made of it.
 */
import type { Timestamp, World } from '#base/world.ts';
import { catalogVersionKey } from '#sql/spaces.ts';
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
  override readonly name: string = 'OriginLost';
}

/** Nothing can be copied as of a moment that is older than what is kept. */
export class MomentNotKept extends OriginLost {
  constructor(at: Timestamp, since: Timestamp) {
    super(`the cluster's past is kept since ${momentText(since)}: ${momentText(at)} is before it`);
  }
}

/**
 * Of a replica as it is now, or as it was `at` a moment that its history still holds; else MomentNotKept. The copy is in `underWay` from its first page to
 * its last; taken out of there, it ends with an error.
 */
export function copyOfReplica(world: World, replica: Replica, underWay: Set<ClusterCopy>, at?: Timestamp): ClusterCopy {
  const { appliedTimestamp, catalogTimestamp } = at === undefined ? replica : momentOf(replica, at);
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

/** Every commit has its place before or after `at` for good once a later one has been applied, or the clock has passed it: the caller sees to that. */
function momentOf(replica: Replica, at: Timestamp): Pick<ClusterCopy, 'appliedTimestamp' | 'catalogTimestamp'> {
  if (at < replica.horizon) throw new MomentNotKept(at, replica.horizon);
  const appliedTimestamp = Math.min(at, replica.appliedTimestamp);
  const [version] = replica.scanKeys(appliedTimestamp, { start: catalogVersionKey, end: `${catalogVersionKey}\0` }, 1);
  return { appliedTimestamp, catalogTimestamp: version?.timestamp ?? 0 };
}

export const momentText = (timestamp: Timestamp): string => new Date(timestamp / 1000).toISOString();
