/** Where a node's clusters come from: files of its own (local-cluster-source.ts), or a fleet's common journals (fleet/fleet-cluster-source.ts). */
import type { ClusterCounters } from '#query-processor/activity/cluster-counters.ts';
import type { QueryProcessor } from '#query-processor/query-processor.ts';
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
  /** All that it holds now, at one timestamp, while it goes on. It is busy until the copy has been read, or given up. */
  copy(): ClusterCopy;
  /** The Region's replica follows the journal no more, and its endpoint answers nothing; the replica stays open. */
  stopRegion(region: string): void;
  startRegion(region: string): Promise<void>;
  /** Sessions must be closed before. */
  close(): Promise<void>;
}

export interface ClusterSource {
  /** Makes a journal, empty or going on behind the content; what an earlier attempt has left goes first. */
  prepare(journal: JournalRecord, content: ClusterCopy | undefined): Promise<void>;
  open(journal: JournalRecord): Promise<HostedCluster>;
  /** All that is kept of it. It is closed. */
  remove(home: string): Promise<void>;
}
