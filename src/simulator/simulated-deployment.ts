/**
 * One process with a whole cluster in it, on a simulated world: the real journal, adjudicator and crossbar, over the real storage in some histories, over
 * replicas as small as can be in others. It can lose power at any moment, and starts
 * again from what its disk has kept.
 */
import type { Clock, Timestamp } from '#base/world.ts';
import { RegionNetwork } from '#crossbar/network.ts';
import { type LocalCluster, startLocalCluster } from '#deployment/local-cluster.ts';
import { type FileJournal, openFileJournal } from '#journal/file/file-journal.ts';
import type { JournalPosition } from '#journal/journal.ts';
import { MemoryStore } from '#storage/memory-store.ts';
import { defaultReplicaOptions, Replica as StorageReplica } from '#storage/replica.ts';
import { MemoryReplica } from './memory-replica.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import type { SimulatedTarget, SimulationParts, TargetDoors } from './simulated-target.ts';
import { ProcessLife, SimulatedClock } from './simulated-world.ts';
import { type SimulatedReplica, StoredReplica } from './stored-replica.ts';

const threeRegions = ['us-east-1', 'us-east-2', 'us-west-2'];

/**
 * Bugs that the checkers must find. Only the first is in the product's code (an option of the leader meant for this); the others break what it
 * relies on.
 */
export const plantedBugs = ['skipConflictCheck', 'lyingDisk', 'slowClock', 'answerUnstable'] as const;
export type PlantedBug = (typeof plantedBugs)[number];

export type DeploymentOptions = SimulationParts & { readonly plantedBug: PlantedBug | undefined };

const directory = '/data/journal';

/** From power on to power off. */
type Running = {
  readonly life: ProcessLife;
  readonly fail: (error: Error) => void;
  readonly network: RegionNetwork;
  journal: FileJournal | undefined;
  cluster: LocalCluster | undefined;
  readonly replicas: Map<string, SimulatedReplica>;
  readonly down: Set<string>;
  /** Of each Region, from its start to its stop, or to the crash: sessions end then. */
  readonly uptimes: Map<string, Uptime>;
};

type Uptime = { readonly ended: Promise<'ended'>; readonly end: () => void };

function beginUptime(): Uptime {
  let end = (): void => {};
  const ended = new Promise<'ended'>((resolve) => {
    end = () => resolve('ended');
  });
  return { ended, end };
}

export class SimulatedDeployment implements SimulatedTarget {
  readonly #options: DeploymentOptions;
  readonly #disk: SimulatedDisk;
  readonly #clock: SimulatedClock;
  readonly #regionClocks: Map<string, Clock>;
  readonly #oneWayMs: number;
  /** Regions with replicas: two and a witness, or three, or one alone. */
  readonly regions: readonly string[];
  readonly witness: string | undefined;
  /** What the replicas' stores keep over crashes; undefined where replicas keep nothing. */
  readonly #stores: Map<string, MemoryStore> | undefined;
  readonly #committed = new Map<string, Timestamp>();
  #noted: JournalPosition = 0;
  #running: Running | undefined;

  constructor(options: DeploymentOptions) {
    const { scheduler, random, plantedBug } = options;
    this.#options = options;
    const shape = random.float();
    this.regions = shape < 0.1 ? threeRegions.slice(0, 1) : shape < 0.6 ? threeRegions.slice(0, 2) : threeRegions;
    this.witness = this.regions.length === 2 ? threeRegions[2] : undefined;
    this.#stores = random.chance(0.5) ? new Map() : undefined;
    const syncMs = random.pick([0.2, 1, 5]);
    this.#disk = new SimulatedDisk(scheduler, random, () => random.between(syncMs / 2, syncMs * 3), plantedBug === 'lyingDisk');
    this.#clock = new SimulatedClock(scheduler, random.between(0.99, 1.01));
    // A tenth of the drift that the lease terms allow for; a slow clock trusts its lease far too long.
    const rate = (): number => random.between(0.995, 1.005);
    this.#regionClocks = new Map(
      this.regions.map((name) => [name, new SimulatedClock(scheduler, plantedBug === 'slowClock' ? 0.1 : rate())]),
    );
    this.#oneWayMs = random.pick([0, 1, 15, 60]);
  }

  get answersUnstable(): boolean {
    return this.#options.plantedBug === 'answerUnstable';
  }

  get isRunning(): boolean {
    return this.#running?.cluster !== undefined;
  }

  /** Regions and witness. */
  get places(): readonly string[] {
    return this.witness === undefined ? this.regions : [...this.regions, this.witness];
  }

  get leaderRegion(): string | undefined {
    return this.#running?.cluster?.leaderRegion;
  }

  get rttMs(): number {
    return this.#oneWayMs * 2;
  }

  async start(): Promise<void> {
    const { scheduler, random, log, plantedBug, onFailure } = this.#options;
    const life = new ProcessLife(scheduler, random, this.#disk, this.#clock, log);
    const fail = (error: Error): void => {
      if (life.isAlive) onFailure(error);
    };
    const far = this.#oneWayMs;
    const network = new RegionNetwork({
      world: life.world,
      regions: this.places,
      rttMs: far * 2,
      ...(far === 0 ? {} : { delayMs: () => far * random.between(0.8, random.chance(0.05) ? 5 : 1.3) }),
    });
    const replicas = new Map<string, SimulatedReplica>();
    const uptimes = new Map(this.regions.map((name) => [name, beginUptime()]));
    const running: Running = { life, fail, network, journal: undefined, cluster: undefined, replicas, down: new Set(), uptimes };
    this.#running = running;
    // Small segments, so that crashes meet their borders.
    const journal = await openFileJournal({ world: life.world, directory, onFailure: fail, segmentBytes: 20_000, tailCacheBytes: 20_000 });
    running.journal = journal;
    this.#noteCommitted(journal);
    journal.onGrow(() => this.#noteCommitted(journal));
    for (const name of this.regions) replicas.set(name, await this.#openReplica(name, life, journal.id, fail));
    running.cluster = await startLocalCluster({
      world: life.world,
      journal,
      network,
      regions: [...replicas].map(([name, replica]) => ({ name, replica })),
      witness: this.witness,
      onFailure: fail,
      // Short, so that journals are cut and transactions too old within a history.
      windowMs: 4000,
      clocks: this.#regionClocks,
      skipConflictCheck: plantedBug === 'skipConflictCheck',
    });
  }

  async #openReplica(name: string, life: ProcessLife, journalId: string, onFailure: (error: Error) => void): Promise<SimulatedReplica> {
    if (this.#stores === undefined) return new MemoryReplica();
    const { scheduler, random } = this.#options;
    const store = this.#stores.get(name) ?? new MemoryStore(() => scheduler.sleep(random.between(1, 80)));
    this.#stores.set(name, store);
    // A little history and memory, so that flushing, trimming and back-pressure happen in a short history.
    const options = {
      ...defaultReplicaOptions,
      journalId,
      recentBytes: 20_000,
      flushDelayMs: random.between(5, 500),
      batchVersions: 50,
      fewestInRun: 2,
    };
    const fail = (error: unknown): void => onFailure(error instanceof Error ? error : new Error(String(error)));
    return new StoredReplica(await StorageReplica.open(store, life.world, { ...options, onFailure: fail }));
  }

  /** Power off; or the process is killed, and the operating system keeps what it was given, durable or not yet. */
  crash(kind: 'power' | 'process'): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.life.end();
    if (kind === 'power') this.#disk.crash();
    for (const [name, store] of this.#stores ?? []) this.#stores?.set(name, store.afterCrash());
    for (const { end } of running.uptimes.values()) end();
  }

  /** undefined while the Region cannot be used: power is off, or it is stopped. */
  doors(region: string): TargetDoors | undefined {
    const running = this.#running;
    const replica = running?.replicas.get(region);
    const uptime = running?.uptimes.get(region);
    if (running?.cluster === undefined || replica === undefined || uptime === undefined || running.down.has(region)) return undefined;
    const { readPoint, adjudicator } = running.cluster.region(region);
    return { readPoint, adjudicator, replica, ended: uptime.ended };
  }

  isolate(region: string): void {
    this.#running?.network.isolate(region);
  }

  heal(region: string): void {
    this.#running?.network.heal(region);
  }

  healAll(): void {
    for (const region of this.#running?.network.regions ?? []) this.heal(region);
  }

  stopRegion(region: string): void {
    const running = this.#running;
    if (running?.cluster === undefined || running.down.has(region)) return;
    running.down.add(region);
    running.uptimes.get(region)?.end();
    running.cluster.stopRegion(region);
  }

  /** With an empty replica, which the journal fills again, or with the one it had. */
  async startRegion(region: string, mayBeEmpty: boolean): Promise<void> {
    const running = this.#running;
    const old = running?.replicas.get(region);
    if (running?.cluster === undefined || old === undefined || !running.down.has(region)) return;
    // What has been cut off could not be given to an empty replica (main brings a checkpoint then).
    const isEmpty = mayBeEmpty && running.journal?.firstPosition === 1;
    if (isEmpty) this.#stores?.delete(region);
    const journalId = running.journal?.id ?? '';
    const replica = isEmpty ? await this.#openReplica(region, running.life, journalId, running.fail) : old;
    if (!running.life.isAlive) return;
    running.replicas.set(region, replica);
    await running.cluster.startRegion(region, replica);
    running.uptimes.set(region, beginUptime());
    running.down.delete(region);
  }

  async startAllRegions(): Promise<void> {
    for (const region of [...(this.#running?.down ?? [])]) await this.startRegion(region, false);
  }

  /** A replica has no room for a while. */
  setFull(region: string, isFull: boolean): void {
    this.#running?.replicas.get(region)?.setFull(isFull);
  }

  jumpClock(byMs: number): void {
    this.#clock.jump(byMs);
  }

  /** What the journal has ever held, by transaction id. */
  get committed(): ReadonlyMap<string, Timestamp> {
    return this.#committed;
  }

  #noteCommitted(journal: FileJournal): void {
    while (this.#noted < journal.lastPosition) {
      for (const { position, entry } of journal.read(this.#noted + 1, 100)) {
        this.#noted = position;
        if (entry.kind === 'commits')
          for (const { transactionId, timestamp } of entry.records) this.#committed.set(transactionId, timestamp);
      }
    }
  }

  /** Cuts the journal as far as replicas and conflict window allow. */
  async truncateJournal(): Promise<void> {
    await this.#running?.cluster?.truncateJournal(Number.MAX_SAFE_INTEGER);
  }

  async fault(tell: (what: string, counted: string) => void): Promise<void> {
    const { random, scheduler } = this.#options;
    const { places, regions } = this;
    const draw = random.float();
    if (draw < 0.25) await this.#crash(tell);
    else if (draw < 0.6) {
      const region = random.pick(places);
      tell(`isolate ${region}`, 'isolations');
      this.isolate(region);
      await scheduler.sleep(random.between(50, 6000));
      if (random.chance(0.8)) this.healAll();
    } else if (draw < 0.75) {
      const region = random.pick(regions);
      tell(`stop ${region}`, 'Region stops');
      this.stopRegion(region);
      await scheduler.sleep(random.between(50, 4000));
      await this.startRegion(region, random.chance(0.5));
    } else if (draw < 0.85) {
      const region = random.pick(regions);
      tell(`${region} is full`, 'full replicas');
      this.setFull(region, true);
      await scheduler.sleep(random.between(50, 3000));
      this.setFull(region, false);
    } else if (draw < 0.93) {
      tell('cut the journal', 'journal cuts');
      await this.truncateJournal();
    } else {
      tell('clock jump', 'clock jumps');
      this.jumpClock(random.between(-20_000, 20_000));
    }
  }

  async #crash(tell: (what: string, counted: string) => void): Promise<void> {
    const { random, scheduler } = this.#options;
    for (let again = true; again; again = random.chance(0.2)) {
      const kind = random.chance(0.6) ? 'power' : 'process';
      tell(`crash (${kind})`, 'crashes');
      this.crash(kind);
      await scheduler.sleep(random.between(10, 500));
      const start = this.#startAgain();
      // Now and then power fails again while it starts.
      await (random.chance(0.2) ? Promise.race([start, scheduler.sleep(random.between(0, 10))]) : start);
    }
    if (!this.isRunning) await scheduler.sleep(1000);
  }

  async #startAgain(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      this.#options.onFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async mendAll(): Promise<void> {
    this.healAll();
    for (const region of this.regions) this.setFull(region, false);
    await this.startAllRegions();
  }

  /** Empty when all replicas hold the same. */
  differences(): readonly string[] {
    const [first, ...others] = [...(this.#running?.replicas.values() ?? [])];
    if (first === undefined) return ['there is no replica'];
    const found: string[] = [];
    for (const other of others) {
      if (other.position !== first.position) found.push(`one replica is at position ${first.position}, another at ${other.position}`);
      for (const key of new Set([...first.keys(), ...other.keys()])) {
        const [a, b] = [first.get(key, first.appliedTimestamp).value, other.get(key, other.appliedTimestamp).value];
        const isSame = a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
        if (!isSame) found.push(`replicas differ at ${key}`);
      }
    }
    return found;
  }
}
