/**
 * The clusters that are open in this process: opened when somebody connects, closed when nobody has been there for a while.
 *
 *   CH1  A cluster's files are opened once at a time: opening, closing and removing of one cluster never overlap.
 *   CH2  A cluster is closed only when no session and no unfinished job is in it.
 *   CH3  An open cluster costs memory, files and heartbeats; one that is closed costs nothing but its files.
 */
import type { World } from '#base/world.ts';
import type { ClusterCopy } from './cluster-copy.ts';
import type { JournalRecord } from './cluster-records.ts';
import type { ClusterSource, HostedCluster } from './cluster-source.ts';

export type ClusterHostOptions = {
  readonly world: World;
  readonly source: ClusterSource;
  /** How much of its past a cluster keeps. */
  readonly retainedMs: (home: string) => number;
  /** Without connections for so long a cluster is closed. */
  readonly idleMs: number;
  readonly onFailure: (error: Error) => void;
};

type Slot = {
  cluster: HostedCluster | undefined;
  opening: Promise<HostedCluster> | undefined;
  /** What is done with the files now; what comes next waits for it. */
  turn: Promise<unknown>;
  turns: number;
  usedMs: number;
};

export class ClusterHost {
  readonly #options: ClusterHostOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #stoppedRegions = new Set<string>();
  #cancelSweep: () => void;
  #isClosed = false;

  constructor(options: ClusterHostOptions) {
    this.#options = options;
    this.#cancelSweep = () => {};
    this.#planSweep();
  }

  /** Opens the cluster unless it is open. */
  open(journal: JournalRecord): HostedCluster | Promise<HostedCluster> {
    const slot = this.#slot(journal.home);
    slot.usedMs = this.#nowMs();
    if (slot.cluster !== undefined) return slot.cluster;
    slot.opening ??= this.#inTurn(slot, async () => {
      try {
        slot.cluster = await this.#open(journal);
        slot.usedMs = this.#nowMs();
        return slot.cluster;
      } finally {
        slot.opening = undefined;
      }
    });
    return slot.opening;
  }

  opened(home: string): HostedCluster | undefined {
    return this.#slots.get(home)?.cluster;
  }

  /** It is open, or has been used lately: what DSQL calls ACTIVE; otherwise IDLE. */
  isAwake(home: string): boolean {
    const slot = this.#slots.get(home);
    if (slot === undefined) return false;
    return slot.cluster !== undefined || slot.opening !== undefined || this.#nowMs() - slot.usedMs < this.#options.idleMs;
  }

  get openClusters(): readonly { readonly home: string; readonly cluster: HostedCluster }[] {
    return [...this.#slots].flatMap(([home, { cluster }]) => (cluster === undefined ? [] : [{ home, cluster }]));
  }

  /** Makes a journal; what an earlier attempt has left goes first. With content, the cluster is open afterwards: its replicas have been filled. */
  prepare(journal: JournalRecord, content: ClusterCopy | undefined): Promise<void> {
    const slot = this.#slot(journal.home);
    return this.#inTurn(slot, async () => {
      await this.#close(slot);
      await this.#options.source.prepare(journal, content);
      if (content !== undefined) slot.cluster = await this.#open(journal);
      slot.usedMs = this.#nowMs();
    });
  }

  /** Closes the cluster and removes its files. Its sessions must be closed before. */
  async remove(home: string): Promise<void> {
    const slot = this.#slot(home);
    await this.#inTurn(slot, async () => {
      await this.#close(slot);
      await this.#options.source.remove(home);
    });
    this.#slots.delete(home);
  }

  stopRegion(region: string): void {
    this.#stoppedRegions.add(region);
    for (const { cluster } of this.openClusters) cluster.stopRegion(region);
  }

  async startRegion(region: string): Promise<void> {
    this.#stoppedRegions.delete(region);
    for (const { cluster } of this.openClusters) await cluster.startRegion(region);
  }

  isStopped(region: string): boolean {
    return this.#stoppedRegions.has(region);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelSweep();
    for (const slot of this.#slots.values()) await this.#inTurn(slot, () => this.#close(slot));
  }

  /** Closes what nobody has used for a while; resolves when that is done. */
  async sweep(): Promise<void> {
    for (const [home, slot] of [...this.#slots]) {
      if (slot.cluster === undefined) {
        if (slot.turns === 0 && !this.isAwake(home)) this.#slots.delete(home);
        continue;
      }
      if (slot.cluster.isBusy) slot.usedMs = this.#nowMs();
      if (this.#nowMs() - slot.usedMs < this.#options.idleMs) continue;
      this.#options.world.log.info('a cluster goes idle', { cluster: home });
      const { cluster } = slot;
      // Whoever connects from here on opens it anew, behind the closing.
      slot.cluster = undefined;
      await this.#inTurn(slot, () => cluster.close());
    }
  }

  async #open(journal: JournalRecord): Promise<HostedCluster> {
    const cluster = await this.#options.source.open(journal, this.#options.retainedMs(journal.home));
    for (const region of this.#stoppedRegions) cluster.stopRegion(region);
    return cluster;
  }

  async #close(slot: Slot): Promise<void> {
    const { cluster } = slot;
    slot.cluster = undefined;
    await cluster?.close();
  }

  #planSweep(): void {
    const everyMs = Math.min(Math.max(this.#options.idleMs / 4, 50), 15_000);
    this.#cancelSweep = this.#options.world.timers.after(everyMs, () => {
      this.sweep().then(
        () => {
          if (!this.#isClosed) this.#planSweep();
        },
        (error: Error) => this.#options.onFailure(error),
      );
    });
  }

  #slot(home: string): Slot {
    let slot = this.#slots.get(home);
    if (slot === undefined) {
      slot = { cluster: undefined, opening: undefined, turn: Promise.resolve(), turns: 0, usedMs: Number.NEGATIVE_INFINITY };
      this.#slots.set(home, slot);
    }
    return slot;
  }

  #inTurn<Result>(slot: Slot, work: () => Promise<Result>): Promise<Result> {
    slot.turns++;
    const done = slot.turn.then(work).finally(() => slot.turns--);
    slot.turn = done.catch(() => {});
    return done;
  }

  #nowMs(): number {
    return this.#options.world.clock.monotonicMs();
  }
}
