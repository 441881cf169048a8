/**
 * What Aurora DSQL publishes of a cluster in CloudWatch (namespace AWS/AuroraDSQL, dsql-behaviour 11.1), under the same names, counted since the
 * process started: `rate()` gives what CloudWatch's Sum gives.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ClusterCounters } from '#query-processor/activity/cluster-counters.ts';

export type DsqlFigures = {
  readonly id: string;
  readonly counters: ClusterCounters;
  readonly regions: readonly { readonly storeBytes: number }[];
};

type Metric = readonly [name: string, help: string, value: (figures: DsqlFigures) => number];

const counters: readonly Metric[] = [
  ['TotalTransactions', 'Transactions that have ended', ({ counters }) => counters.totalTransactions],
  ['ReadOnlyTransactions', 'Transactions that have ended and written nothing', ({ counters }) => counters.readOnlyTransactions],
  ['QueryTimeouts', 'Statements and transactions that have met a time limit', ({ counters }) => counters.queryTimeouts],
  ['OccConflicts', 'Transactions aborted by a conflict on data (OC000)', ({ counters }) => counters.occConflicts],
  ['BytesWritten', 'Bytes that transactions have written', ({ counters }) => counters.bytesWritten],
  ['BytesRead', 'Bytes that transactions have read in storage', ({ counters }) => counters.bytesRead],
  ['ComputeTime', 'Milliseconds of computing in query processors', ({ counters }) => counters.computeMs],
  ['ComputeDPU', 'Distributed processing units for computing', computeDpu],
  ['ReadDPU', 'Distributed processing units for reading', ({ counters }) => counters.readDpu],
  ['WriteDPU', 'Distributed processing units for writing', ({ counters }) => counters.writeDpu],
  ['MultiRegionWriteDPU', 'Distributed processing units for writing in a second Region', multiRegionWriteDpu],
  [
    'TotalDPU',
    'All distributed processing units',
    (figures) => computeDpu(figures) + figures.counters.readDpu + figures.counters.writeDpu + multiRegionWriteDpu(figures),
  ],
];

const gauges: readonly Metric[] = [
  ['CommitLatency', 'Median of the last commits in milliseconds', ({ counters }) => counters.commitLatencyMs],
  ['ClusterStorageSize', 'Bytes of storage, of one Region', ({ regions }) => Math.max(0, ...regions.map(({ storeBytes }) => storeBytes))],
];

function computeDpu({ counters }: DsqlFigures): number {
  return counters.computeMs / 1000;
}

function multiRegionWriteDpu({ counters, regions }: DsqlFigures): number {
  return regions.length > 1 ? counters.writeDpu : 0;
}

export function registerDsqlMetrics(registry: Registry, clusters: () => readonly DsqlFigures[]): void {
  const labelNames = ['ClusterId'];
  const registers = [registry];
  for (const [name, help, value] of counters) {
    const counter: Counter = new Counter({
      name,
      help,
      labelNames,
      registers,
      collect() {
        counter.reset();
        for (const figures of clusters()) counter.inc({ ClusterId: figures.id }, value(figures));
      },
    });
  }
  for (const [name, help, value] of gauges) {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const figures of clusters()) gauge.set({ ClusterId: figures.id }, value(figures));
      },
    });
  }
}

/** The same figures as they are now, by name. */
export const dsqlMetricValues = (figures: DsqlFigures): readonly (readonly [string, number])[] =>
  [...counters, ...gauges].map(([name, , value]) => [name, value(figures)]);
