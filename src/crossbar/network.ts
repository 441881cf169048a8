/**
 * The links between the Regions of one process: simulated distance and simulated cuts.
 *
 *   - A message takes half a round trip; between Regions without distance it is delivered within the call, so that nothing is paid for what is not there.
 *   - Each link keeps order. An isolated Region's messages, and those on their way to it, are lost, as on a broken connection.
 *   - Whoever has to know that a message was lost listens to onChange: here a cut is seen by both ends at once.
 */
import type { World } from '#base/world.ts';

export type RegionName = string;

export type RegionNetworkOptions = {
  readonly world: Pick<World, 'clock' | 'timers'>;
  /** Every Region of the deployment, its witness included; clusters may have witnesses beyond these. */
  readonly regions: readonly RegionName[];
  readonly rttMs: number;
  /** One-way time of one message, drawn anew for each; half of rttMs unless given. */
  readonly delayMs?: (from: RegionName, to: RegionName) => number;
};

type Link = {
  readonly queue: { readonly dueMs: number; readonly deliver: () => void }[];
  lastDueMs: number;
  cancelTimer: (() => void) | undefined;
};

export class RegionNetwork {
  readonly regions: readonly RegionName[];
  /** Messages are delivered within `send`. */
  readonly isInstant: boolean;
  readonly #world: Pick<World, 'clock' | 'timers'>;
  readonly #delayMs: (from: RegionName, to: RegionName) => number;
  readonly #isolated = new Set<RegionName>();
  readonly #links = new Map<string, Link>();
  readonly #listeners = new Set<() => void>();

  constructor(options: RegionNetworkOptions) {
    this.#world = options.world;
    this.regions = options.regions;
    this.isInstant = options.rttMs === 0 && options.delayMs === undefined;
    this.#delayMs = options.delayMs ?? (() => options.rttMs / 2);
  }

  /** `deliver` is called once, or never when the link is cut before. */
  send(from: RegionName, to: RegionName, deliver: () => void): void {
    if (from === to) {
      deliver();
      return;
    }
    if (!this.isConnected(from, to)) return;
    if (this.isInstant) deliver();
    else this.#enqueue(this.#link(from, to), this.#delayMs(from, to), deliver);
  }

  isConnected(a: RegionName, b: RegionName): boolean {
    return a === b || (!this.#isolated.has(a) && !this.#isolated.has(b));
  }

  isIsolated(region: RegionName): boolean {
    return this.#isolated.has(region);
  }

  /** Cuts all of a Region's links. */
  isolate(region: RegionName): void {
    if (this.#isolated.has(region)) return;
    this.#isolated.add(region);
    for (const name of [...this.#links.keys()]) if (name.split(' ').includes(region)) this.#cut(name);
    this.#tell();
  }

  heal(region: RegionName): void {
    if (this.#isolated.delete(region)) this.#tell();
  }

  /** Calls back when a Region has been isolated or healed. */
  onChange(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  /** Drops everything under way. */
  close(): void {
    for (const name of [...this.#links.keys()]) this.#cut(name);
    this.#listeners.clear();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #link(from: RegionName, to: RegionName): Link {
    const name = `${from} ${to}`;
    let link = this.#links.get(name);
    if (link === undefined) this.#links.set(name, (link = { queue: [], lastDueMs: 0, cancelTimer: undefined }));
    return link;
  }

  #cut(name: string): void {
    const link = this.#links.get(name);
    if (link === undefined) return;
    link.cancelTimer?.();
    this.#links.delete(name);
  }

  #enqueue(link: Link, delayMs: number, deliver: () => void): void {
    const dueMs = Math.max(this.#world.clock.monotonicMs() + delayMs, link.lastDueMs);
    link.lastDueMs = dueMs;
    link.queue.push({ dueMs, deliver });
    if (link.cancelTimer === undefined) this.#arm(link);
  }

  #arm(link: Link): void {
    const waitMs = Math.max(link.queue[0].dueMs - this.#world.clock.monotonicMs(), 0);
    link.cancelTimer = this.#world.timers.after(waitMs, () => this.#deliverDue(link));
  }

  #deliverDue(link: Link): void {
    link.cancelTimer = undefined;
    // Timers may fire a little early by the monotonic clock's fractions.
    const nowMs = this.#world.clock.monotonicMs() + 0.5;
    let count = 0;
    while (count < link.queue.length && link.queue[count].dueMs <= nowMs) count++;
    const due = link.queue.splice(0, count);
    if (link.queue.length > 0) this.#arm(link);
    for (const { deliver } of due) deliver();
  }
}
