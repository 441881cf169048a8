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

/** `parts`: metrics, each with the name of its line. */
const chart = (
  title: TextName,
  unit: Unit,
  label: Chart['label'],
  isRate: boolean,
  parts: readonly (readonly [string, TextName])[],
): Chart => ({
  title,
  unit,
  isRate,
  metrics: parts.map(([metric, name]) => ({ metric, title: name })),
  label,
});

export const charts: readonly Chart[] = [
  chart('monitoring.connections', 'count', 'region', false, [['ClusterConnectionCount', 'monitoring.connections']]),
  chart('monitoring.transactions', 'count', 'cluster', true, [
    ['TotalTransactions', 'monitoring.all'],
    ['ReadOnlyTransactions', 'monitoring.readOnly'],
  ]),
  chart('monitoring.conflicts', 'count', 'cluster', true, [
    ['OccConflicts', 'monitoring.conflicts'],
    ['QueryTimeouts', 'monitoring.timeouts'],
  ]),
  chart('monitoring.latency', 'milliseconds', 'cluster', false, [
    ['CommitLatency', 'monitoring.median'],
    ['CommitLatencyP95', 'monitoring.p95'],
    ['CommitLatencyP99', 'monitoring.p99'],
  ]),
  chart('monitoring.bytes', 'bytes', 'cluster', true, [
    ['BytesRead', 'monitoring.read'],
    ['BytesWritten', 'monitoring.written'],
  ]),
  chart('monitoring.dpu', 'count', 'cluster', true, [
    ['ComputeDPU', 'monitoring.compute'],
    ['ReadDPU', 'monitoring.read'],
    ['WriteDPU', 'monitoring.written'],
    ['TotalDPU', 'monitoring.all'],
  ]),
  chart('monitoring.lag', 'count', 'region', false, [['ReplicaLag', 'monitoring.lag']]),
  chart('monitoring.storage', 'bytes', 'cluster', false, [['ClusterStorageSize', 'monitoring.storage']]),
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
