/** Where a node's clusters come from: files of its own (local-cluster-source.ts), or a fleet's common journals (fleet/fleet-cluster-source.ts). */
import type { Timestamp } from '#base/world.ts';
import type { ClusterCounters } from '#query-processor/activity/cluster-counters.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
import type { ChangeFeed, FeedStart } from './change-streams/change-feed.ts';
import type { StreamPlace } from './change-streams/stream-place.ts';
import type { ClusterCopy } from './cluster-copy.ts';
import type { JournalRecord } from './cluster-records.ts';

export type ClusterFigures = {
  readonly journalPosition: number;
  readonly counters: ClusterCounters;
  /** undefined: nobody leads at the moment, or this node does not know. */
  readonly leaderRegion: string | undefined;
  readonly regions: readonly {
    readonly name: string;
    readonly lag: number;
    readonly recentBytes: number;
    readonly storeBytes: number;
    /** Its lease is valid: it serves reads without asking anybody. */
    readonly holdsLease: boolean;
  }[];
};

/** A cluster that is open on this node. */
export interface HostedCluster {
  /** undefined where the node does not serve the Region. */
  queryProcessor(region: string): QueryProcessor | undefined;
  /** What metrics show. */
  readonly figures: ClusterFigures;
  sessionsIn(region: string): number;
  /** Whether it would be missed: a session is open, or a job has something to do. */
  readonly isBusy: boolean;
  /** All that it holds, at one timestamp, while it goes on. It is busy until the copy has been read, or given up. */
  /** `at`: as it was then, when that is still retained; else MomentNotKept. */
  copy(at?: Timestamp): Promise<ClusterCopy>;
  /** From now on so much of the past is kept. What is gone does not come back. */
  retain(retainedMs: number): void;
  /** Behind the last commit. undefined where there are no change streams. */
  readonly journalEnd: StreamPlace | undefined;
  /** The changes of the Region from a place on, to be closed by the caller; undefined where there are none, or the Region is down. */
  changeFeed(region: string, clusterId: string, start: FeedStart): ChangeFeed | undefined;
  /** The Region's replica follows the journal no more, and its endpoint answers nothing; the replica stays open. */
  stopRegion(region: string): void;
  startRegion(region: string): Promise<void>;
  /** Sessions must be closed before. */
  close(): Promise<void>;
}

export interface ClusterSource {
  readonly hasStreams: boolean;
  /** Makes a journal, empty or going on behind the content; what an earlier attempt has left goes first. */
  prepare(journal: JournalRecord, content: ClusterCopy | undefined): Promise<void>;
  /** `retainedMs`: how much of the past is kept, beyond what running transactions need. */
  open(journal: JournalRecord, retainedMs: number): Promise<HostedCluster>;
  /** All that is kept of it. It is closed. */
  remove(home: string): Promise<void>;
}
