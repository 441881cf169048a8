/** What a node counts, gathered when somebody asks: metrics and time series show the same figures. */
import type { StreamCount } from '#deployment/change-streams/stream-figures.ts';
import type { Clusters } from '#deployment/clusters.ts';
import type { ClusterCounters } from '#query-processor/activity/cluster-counters.ts';
import { dsqlMetricValues } from './dsql-metrics.ts';
import type { ConnectionCount, Endpoints } from './endpoints.ts';
import type { Regions } from './regions.ts';
import type { Sample } from './time-series.ts';

export type NodeFigures = {
  readonly connections: readonly { readonly region: string; readonly count: number }[];
  /** The open ones. */
  readonly clusters: readonly {
    readonly id: string;
    readonly counters: ClusterCounters;
    readonly journalPosition: number;
    readonly leaderRegion: string | undefined;
    readonly regions: readonly { readonly name: string; readonly lag: number; readonly recentBytes: number; readonly storeBytes: number }[];
  }[];
  /** All of them, as the API knows them. */
  readonly records: readonly {
    readonly id: string;
    readonly region: string;
    readonly status: string;
    readonly sessions: number;
    readonly isOpen: boolean;
  }[];
  readonly connectionAttempts: readonly ConnectionCount[];
  readonly streams: readonly StreamCount[];
};

export function nodeFigures(parts: { readonly regions: Regions; readonly clusters: Clusters; readonly endpoints: Endpoints }): NodeFigures {
  const { regions, clusters, endpoints } = parts;
  return {
    connections: regions.states
      .filter(({ role }) => role === 'region')
      .map(({ name, connections }) => ({ region: name, count: connections })),
    clusters: clusters.open.map(({ home, cluster }) => ({ id: home, ...cluster.figures })),
    records: clusters.registry.clusters().map((record) => {
      const opened = clusters.opened(record);
      return {
        id: record.id,
        region: record.region,
        status: clusters.statusOf(record),
        sessions: opened?.sessionsIn(record.region) ?? 0,
        isOpen: opened !== undefined,
      };
    }),
    connectionAttempts: [...endpoints.connectionAttempts],
    streams: clusters.streamFigures.ofAll(clusters.registry.streams()),
  };
}

const latencyPercentiles = [
  ['CommitLatencyP95', 0.95],
  ['CommitLatencyP99', 0.99],
] as const;

/** Only of what is open: a thousand idle clusters make no thousand series. */
export function samplesOf(figures: NodeFigures): readonly Sample[] {
  return [
    ...figures.connections.map(({ region, count }) => ({ metric: 'Connections', labels: { region }, value: count })),
    ...figures.clusters.flatMap((cluster) => [
      { metric: 'JournalPosition', labels: { cluster: cluster.id }, value: cluster.journalPosition },
      ...dsqlMetricValues(cluster).map(([metric, value]) => ({ metric, labels: { cluster: cluster.id }, value })),
      // Beside DSQL's CommitLatency, which is the median.
      ...latencyPercentiles.map(([metric, share]) => ({
        metric,
        labels: { cluster: cluster.id },
        value: cluster.counters.commitLatencyPercentile(share),
      })),
      ...cluster.regions.map(({ name, lag }) => ({ metric: 'ReplicaLag', labels: { cluster: cluster.id, region: name }, value: lag })),
    ]),
    ...figures.records
      .filter(({ isOpen }) => isOpen)
      .map(({ id, region, sessions }) => ({ metric: 'ClusterConnectionCount', labels: { cluster: id, region }, value: sessions })),
    { metric: 'ResidentBytes', labels: {}, value: process.memoryUsage.rss() },
  ];
}
