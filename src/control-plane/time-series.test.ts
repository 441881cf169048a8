import { describe, expect, it } from 'vitest';
import { realWorld, silentLog } from '#base/real-world.ts';
import { type Sample, TimeSeries } from './time-series.ts';

describe('time series', () => {
  it('keep so many samples of so many series, and forget those that have ended', () => {
    const world = realWorld({ log: silentLog });
    let samples: readonly Sample[] = [];
    const series = new TimeSeries({ world, sample: () => samples, stepSeconds: 3_600, length: 4, maximumSeries: 2 });
    const take = (...values: readonly (readonly [string, number])[]): void => {
      samples = values.map(([metric, value]) => ({ metric, labels: { cluster: 'c' }, value }));
      series.sample();
    };
    const valuesOf = (metric: string): readonly number[] =>
      series.read(metric, 60).flatMap(({ points }) => points.map(([, value]) => value));
    for (let i = 1; i <= 6; i++) take(['a', i]);
    expect(valuesOf('a')).toEqual([3, 4, 5, 6]);
    take(['a', 7], ['b', 1], ['c', 1]);
    expect(series.metrics).toEqual(['a', 'b']);
    for (let i = 0; i < 3; i++) take(['b', 2]);
    // A gap is no zero.
    expect(valuesOf('a')).toEqual([7]);
    take(['b', 3]);
    expect(series.metrics).toEqual(['b']);
    take(['c', 9], ['b', 4]);
    expect(valuesOf('c')).toEqual([9]);
    expect(valuesOf('b')).toEqual([2, 2, 3, 4]);
    series.close();
  });
});
