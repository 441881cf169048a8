/** Which figures are drawn, and how what a node counts since its start becomes a rate. */
import type { Series } from '../api/control-plane.ts';
import type { TextName } from '../texts/texts.ts';

export type Unit = 'count' | 'milliseconds' | 'bytes';

export type Chart = {
  readonly title: TextName;
  readonly unit: Unit;
  /** Of growing counts the change a second is drawn. */
  readonly isRate: boolean;
  readonly metrics: readonly { readonly metric: string; readonly title: TextName }[];
  /** By what the series of one metric differ. */
  readonly label: 'cluster' | 'region';
};

export const charts: readonly Chart[] = [
  {
    title: 'monitoring.connections',
    unit: 'count',
    isRate: false,
    metrics: [{ metric: 'ClusterConnectionCount', title: 'monitoring.connections' }],
    label: 'region',
  },
  {
    title: 'monitoring.transactions',
    unit: 'count',
    isRate: true,
    metrics: [
      { metric: 'TotalTransactions', title: 'monitoring.all' },
      { metric: 'ReadOnlyTransactions', title: 'monitoring.readOnly' },
    ],
    label: 'cluster',
  },
  {
    title: 'monitoring.conflicts',
    unit: 'count',
    isRate: true,
    metrics: [
      { metric: 'OccConflicts', title: 'monitoring.conflicts' },
      { metric: 'QueryTimeouts', title: 'monitoring.timeouts' },
    ],
    label: 'cluster',
  },
  {
    title: 'monitoring.latency',
    unit: 'milliseconds',
    isRate: false,
    metrics: [
      { metric: 'CommitLatency', title: 'monitoring.median' },
      { metric: 'CommitLatencyP95', title: 'monitoring.p95' },
      { metric: 'CommitLatencyP99', title: 'monitoring.p99' },
    ],
    label: 'cluster',
  },
  {
    title: 'monitoring.bytes',
    unit: 'bytes',
    isRate: true,
    metrics: [
      { metric: 'BytesRead', title: 'monitoring.read' },
      { metric: 'BytesWritten', title: 'monitoring.written' },
    ],
    label: 'cluster',
  },
  {
    title: 'monitoring.dpu',
    unit: 'count',
    isRate: true,
    metrics: [
      { metric: 'ComputeDPU', title: 'monitoring.compute' },
      { metric: 'ReadDPU', title: 'monitoring.read' },
      { metric: 'WriteDPU', title: 'monitoring.written' },
      { metric: 'TotalDPU', title: 'monitoring.all' },
    ],
    label: 'cluster',
  },
  {
    title: 'monitoring.lag',
    unit: 'count',
    isRate: false,
    metrics: [{ metric: 'ReplicaLag', title: 'monitoring.lag' }],
    label: 'region',
  },
  {
    title: 'monitoring.storage',
    unit: 'bytes',
    isRate: false,
    metrics: [{ metric: 'ClusterStorageSize', title: 'monitoring.storage' }],
    label: 'cluster',
  },
];

export type Point = { readonly x: Date; readonly y: number };

/** A count that has become smaller has begun anew: the process was restarted. */
export function pointsOf(points: Series['series'][number]['points'], isRate: boolean): readonly Point[] {
  if (!isRate) return points.map(([time, value]) => ({ x: new Date(time * 1_000), y: value }));
  return points.slice(1).map(([time, value], i) => {
    const [timeBefore, before] = points[i] ?? [time, value];
    const rise = value >= before ? value - before : value;
    return { x: new Date(time * 1_000), y: rise / Math.max(time - timeBefore, 0.001) };
  });
}

/** So many points at most: each the largest of those that it stands for, so that no peak is lost. */
export function thinned(points: readonly Point[], maximum: number): readonly Point[] {
  const size = Math.ceil(points.length / maximum);
  if (size <= 1) return points;
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += size)
    kept.push(points.slice(from, from + size).reduce((highest, point) => (point.y > highest.y ? point : highest)));
  return kept;
}
