/**
 * Figures of the last hours, for the console: sampled every few seconds into rings of fixed size, so that memory is bounded however long the deployment runs.
 *
 *   A series is a metric with its labels. One that has had no sample for the whole ring goes; when there are too many, new ones are not taken.
 */
import type { World } from '#base/world.ts';

export type Sample = { readonly metric: string; readonly labels: Readonly<Record<string, string>>; readonly value: number };
export type SeriesPoints = {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since 1970, and the value. */
  readonly points: readonly (readonly [number, number])[];
};

export type TimeSeriesOptions = {
  readonly world: World;
  readonly sample: () => readonly Sample[];
  readonly stepSeconds: number;
  /** Samples kept of each series. */
  readonly length: number;
  readonly maximumSeries: number;
};

/** Six hours, every ten seconds; some 10 MB at the most. */
export const usualSeries = { stepSeconds: 10, length: 2_160, maximumSeries: 1_000 } as const;

type Ring = { readonly metric: string; readonly labels: Readonly<Record<string, string>>; readonly values: Float32Array; lastTick: number };

export class TimeSeries {
  readonly #options: TimeSeriesOptions;
  readonly #rings = new Map<string, Ring>();
  /** Of each tick in the ring, when it was. */
  readonly #times: Float64Array;
  #tick = 0;
  #cancel: () => void = () => {};

  constructor(options: TimeSeriesOptions) {
    this.#options = options;
    this.#times = new Float64Array(options.length);
    this.#plan();
  }

  get stepSeconds(): number {
    return this.#options.stepSeconds;
  }

  get metrics(): readonly string[] {
    return [...new Set([...this.#rings.values()].map(({ metric }) => metric))].sort();
  }

  read(metric: string, seconds: number): readonly SeriesPoints[] {
    const from = this.#options.world.clock.now() / 1_000_000 - seconds;
    return [...this.#rings.values()]
      .filter((ring) => ring.metric === metric)
      .map((ring) => ({ labels: ring.labels, points: this.#points(ring, from) }));
  }

  /** Takes one sample of everything now. */
  sample(): void {
    const { world, sample, length, maximumSeries } = this.#options;
    const at = this.#tick % length;
    this.#times[at] = Math.floor(world.clock.now() / 1_000) / 1_000;
    for (const ring of this.#rings.values()) ring.values[at] = Number.NaN;
    for (const { metric, labels, value } of sample()) {
      const key = `${metric} ${JSON.stringify(labels)}`;
      let ring = this.#rings.get(key);
      if (ring === undefined) {
        if (this.#rings.size >= maximumSeries) continue;
        ring = { metric, labels, values: new Float32Array(length).fill(Number.NaN), lastTick: this.#tick };
        this.#rings.set(key, ring);
      }
      ring.values[at] = value;
      ring.lastTick = this.#tick;
    }
    for (const [key, ring] of this.#rings) if (this.#tick - ring.lastTick >= length) this.#rings.delete(key);
    this.#tick++;
  }

  close(): void {
    this.#cancel();
  }

  #points(ring: Ring, from: number): readonly (readonly [number, number])[] {
    const { length } = this.#options;
    const points: [number, number][] = [];
    for (let tick = Math.max(this.#tick - length, 0); tick < this.#tick; tick++) {
      const value = ring.values[tick % length];
      const time = this.#times[tick % length];
      if (!Number.isNaN(value) && time >= from) points.push([time, value]);
    }
    return points;
  }

  #plan(): void {
    this.#cancel = this.#options.world.timers.after(this.#options.stepSeconds * 1_000, () => {
      this.sample();
      this.#plan();
    });
  }
}
