/** What `/metrics` shows: asked for at each scrape, so that nothing is counted twice. */
import { Gauge, Registry } from 'prom-client';
import type { StreamCount } from '#deployment/change-streams/stream-figures.ts';
import { registerDsqlMetrics } from './dsql-metrics.ts';
import type { NodeFigures } from './node-figures.ts';

export function collectMetrics(figures: () => NodeFigures): Registry {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge, now: NodeFigures) => void): void => {
    const made: Gauge = new Gauge({ name, help, labelNames, registers: [registry], collect: () => collect(made, figures()) });
  };
  gauge('borealis_connections', 'Open SQL connections', ['region'], (made, now) => {
    for (const { region, count } of now.connections) made.set({ region }, count);
  });
  gauge('borealis_journal_position', 'Entries in the journal', ['cluster'], (made, now) => {
    for (const { id, journalPosition } of now.clusters) made.set({ cluster: id }, journalPosition);
  });
  gauge('borealis_adjudicator', '1 where this process has the adjudicator of the cluster', ['cluster', 'region'], (made, now) => {
    made.reset();
    for (const { id, leaderRegion } of now.clusters) if (leaderRegion !== undefined) made.set({ cluster: id, region: leaderRegion }, 1);
  });
  gauge('borealis_replica_lag_entries', 'Journal entries that a replica has not applied yet', ['cluster', 'region'], (made, now) => {
    for (const { id, regions } of now.clusters) for (const { name, lag } of regions) made.set({ cluster: id, region: name }, lag);
  });
  gauge('borealis_replica_recent_bytes', 'Versions in memory that are not in the store yet', ['cluster', 'region'], (made, now) => {
    for (const { id, regions } of now.clusters)
      for (const { name, recentBytes } of regions) made.set({ cluster: id, region: name }, recentBytes);
  });
  gauge('borealis_replica_store_bytes', 'Size of the store', ['cluster', 'region'], (made, now) => {
    for (const { id, regions } of now.clusters)
      for (const { name, storeBytes } of regions) made.set({ cluster: id, region: name }, storeBytes);
  });
  gauge('borealis_clusters', 'Clusters by status', ['region', 'status'], (made, now) => {
    made.reset();
    for (const { region, status } of now.records) made.inc({ region, status });
  });
  // Of Aurora DSQL's usage metrics (namespace AWS/Usage), by their names.
  gauge('ClusterConnectionCount', 'Open connections of a cluster in a Region', ['ResourceId', 'Region'], (made, now) => {
    made.reset();
    for (const { id, region, sessions } of now.records) made.set({ ResourceId: `cluster/${id}`, Region: region }, sessions);
  });
  gauge('CallCount', 'Attempts to connect', ['ResourceId', 'Region', 'Resource'], (made, now) => {
    for (const { cluster, region, action, count } of now.connectionAttempts)
      made.set({ ResourceId: `cluster/${cluster}`, Region: region, Resource: action }, count);
  });
  // Of Aurora DSQL's metrics of change data capture, by their names; of readers here, since the process started.
  for (const [name, help, value] of [
    ['PublishedRecords', 'Change records that readers of a stream were given', ({ records }: StreamCount) => records],
    ['PublishedBytes', 'Bytes of change records that readers of a stream were given', ({ bytes }: StreamCount) => bytes],
    [
      'BehindSourceLag',
      'Milliseconds that the last reader of a stream is behind the newest commit',
      ({ behindMs }: StreamCount) => behindMs,
    ],
  ] as const) {
    gauge(name, help, ['ClusterId', 'StreamId'], (made, now) => {
      made.reset();
      for (const count of now.streams) made.set({ ClusterId: count.clusterId, StreamId: count.streamId }, value(count));
    });
  }
  gauge('borealis_resident_bytes', 'Resident memory of the process', [], (made) => made.set(process.memoryUsage.rss()));
  registerDsqlMetrics(registry, () => figures().clusters);
  return registry;
}
