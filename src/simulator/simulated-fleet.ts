/**
 * A fleet of nodes in virtual time: the real commit path of a fleet (journal over a stream, claims, leases, receipts, messages), over a simulated stream, simulated messages and replicas in memory.
 *
 * Faults: nodes crash, stand still, are cut off from everything or from one other node one way; the stream has no leader; clocks jump and drift; replicas fill up; the office changes hands at any
 * moment, so that two nodes believe to lead.
 */
import type { Timestamp } from '#base/world.ts';
import { type FleetCommitPath, fleetTerms, FleetCommitPath as Path } from '#deployment/fleet/fleet-commit-path.ts';
import type { FleetFaults } from '#deployment/fleet/fleet-leadership.ts';
import { type JetStreamJournal, openJetStreamJournal } from '#journal/jetstream/jetstream-journal.ts';
import type { JournalPosition } from '#journal/journal.ts';
import type { Office } from '#transport/transport.ts';
import { MemoryReplica } from './memory-replica.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedStream } from './simulated-stream.ts';
import type { SimulatedTarget, SimulationParts, TargetDoors } from './simulated-target.ts';
import { SimulatedNetwork } from './simulated-transport.ts';
import { ProcessLife, SimulatedClock } from './simulated-world.ts';

/** Rules left out of the fleet's protocol, or broken beneath it: the checkers must find each. */
export const fleetBugs = [
  'skipConflictCheck',
  'skipLeaseWait',
  'skipReceipts',
  'answerUnstable',
  'slowClock',
  'skipRecordRule',
  'skipFencing',
  'skipDurability',
  'skipInheritance',
] as const;
export type FleetBug = (typeof fleetBugs)[number];

type Life = {
  readonly process: ProcessLife;
  readonly replica: MemoryReplica;
  readonly ended: Promise<'ended'>;
  readonly end: () => void;
  path: FleetCommitPath | undefined;
  journal: JetStreamJournal | undefined;
};

const names = ['node a', 'node b', 'node c'].map((name) => name.replace(' ', '-'));
const officeLimitMs = 2000;

export class SimulatedFleet implements SimulatedTarget {
  readonly regions: readonly string[];
  readonly #parts: SimulationParts;
  readonly #bug: FleetBug | undefined;
  readonly #stream: SimulatedStream;
  readonly #network: SimulatedNetwork;
  readonly #clocks: ReadonlyMap<string, SimulatedClock>;
  readonly #disk: SimulatedDisk;
  readonly #lives = new Map<string, Life>();
  readonly #committed = new Map<string, Timestamp>();
  #noted: JournalPosition = 0;
  /** Who has the office, until when (virtual time). */
  #isForAllUntilMs = 0;
  #holder: { readonly name: string; readonly untilMs: number } | undefined;

  constructor(parts: SimulationParts, bug: FleetBug | undefined) {
    const { scheduler, random } = parts;
    this.#parts = parts;
    this.#bug = bug;
    this.regions = names.slice(0, random.chance(0.5) ? 2 : 3);
    const oneWayMs = random.pick([0.3, 2, 15]);
    this.#stream = new SimulatedStream(scheduler, random, 'j'.repeat(26), oneWayMs);
    this.#network = new SimulatedNetwork(scheduler, random, oneWayMs);
    const rate = (): number => (bug === 'slowClock' ? random.pick([0.1, 1]) : random.between(0.995, 1.005));
    this.#clocks = new Map(this.regions.map((name) => [name, new SimulatedClock(scheduler, rate())]));
    this.#disk = new SimulatedDisk(scheduler, random, () => 1, false);
  }

  get answersUnstable(): boolean {
    return this.#bug === 'answerUnstable';
  }

  get committed(): ReadonlyMap<string, Timestamp> {
    return this.#committed;
  }

  async start(): Promise<void> {
    await Promise.all(this.regions.map((name) => this.#startNode(name)));
  }

  doors(name: string): TargetDoors | undefined {
    const life = this.#lives.get(name);
    if (life?.path === undefined) return undefined;
    return { readPoint: life.path.readPoint, adjudicator: life.path.adjudicator, replica: life.replica, ended: life.ended };
  }

  /** Resolves when it serves; goes on in the background where it cannot yet. */
  async #startNode(name: string): Promise<void> {
    const { scheduler, random, log, onFailure } = this.#parts;
    const whenRunning = (run: () => void): void => this.#network.whenRunning(name, run);
    const clock = this.#clocks.get(name) ?? new SimulatedClock(scheduler);
    const process = new ProcessLife(scheduler, random, this.#disk, clock, log, whenRunning);
    const isAlive = (): boolean => process.isAlive;
    let end = (): void => {};
    const ended = new Promise<'ended'>((resolve) => {
      end = () => resolve('ended');
    });
    const life: Life = { process, replica: new MemoryReplica(), ended, end, path: undefined, journal: undefined };
    this.#lives.set(name, life);
    const fail = (error: Error): void => {
      if (isAlive()) onFailure(error);
    };
    const journal = await this.#openJournal(name, life, fail);
    if (!isAlive()) return;
    life.journal = journal;
    journal.onGrow(() => this.#noteCommitted(journal));
    const path = new Path({
      world: process.world,
      clusterId: 'c'.repeat(26),
      node: name,
      region: name,
      journal,
      replica: life.replica,
      transport: this.#network.open(name, isAlive),
      office: this.#office(name, isAlive),
      onFailure: fail,
      terms: fleetTerms,
      windowMs: 60_000,
      patienceMs: 6000,
      messageBytes: 600,
      ...(this.#bug === undefined ? {} : { faults: faultsOf(this.#bug) }),
    });
    await path.start();
    if (isAlive()) life.path = path;
  }

  async #openJournal(name: string, life: Life, onFailure: (error: Error) => void): Promise<JetStreamJournal> {
    const { world } = life.process;
    for (;;) {
      try {
        const stream = this.#stream.open({
          isConnected: () => !this.#network.isIsolated(name),
          isAlive: () => life.process.isAlive,
          whenRunning: (run) => this.#network.whenRunning(name, run),
        });
        return await openJetStreamJournal({
          stream,
          timers: world.timers,
          log: world.log,
          onFailure,
          ...(this.#bug === 'skipRecordRule' ? { skipRecordRule: true } : {}),
        });
      } catch (error) {
        world.log.debug('the journal cannot be opened yet', { error: String(error) });
        await world.timers.sleep(300);
      }
    }
  }

  /** A key with a time limit, reached through the same network as everything. */
  #office(name: string, isAlive: () => boolean): Office {
    const { scheduler, random } = this.#parts;
    const ask = async <T>(answer: () => T): Promise<T> => {
      await scheduler.sleep(random.between(0.5, 8));
      if (this.#network.isIsolated(name) || random.chance(0.02)) throw new Error('the office cannot be asked');
      const result = answer();
      await scheduler.sleep(random.between(0.5, 8));
      return new Promise((resolve, reject) =>
        this.#network.whenRunning(name, () => {
          if (!isAlive()) return;
          // The answer was lost, and what was asked was done.
          if (random.chance(0.02)) reject(new Error('the office does not answer'));
          else resolve(result);
        }),
      );
    };
    return {
      hold: () =>
        ask(() => {
          if (scheduler.nowMs < this.#isForAllUntilMs) return true;
          const holder = this.#holder;
          if (holder !== undefined && holder.name !== name && holder.untilMs > scheduler.nowMs) return false;
          this.#holder = { name, untilMs: scheduler.nowMs + officeLimitMs };
          return true;
        }),
      leave: () =>
        ask(() => {
          if (this.#holder?.name === name) this.#holder = undefined;
        }),
    };
  }

  // --- faults ---

  async fault(tell: (what: string, counted: string) => void): Promise<void> {
    const { random, scheduler } = this.#parts;
    const draw = random.float();
    const name = random.pick(this.regions);
    if (draw < 0.2) {
      if (random.chance(0.5)) {
        tell(`crash ${name}`, 'crashes');
        this.#crash(name);
      } else {
        const leader = this.regions.find((region) => this.#lives.get(region)?.path?.isLeader === true) ?? name;
        const stopped = random.chance(0.7) ? leader : name;
        tell(`stop ${stopped}`, 'stops');
        await this.#stop(stopped);
        // Somebody who holds a lease may hear of nothing from then on.
        const absent = random.pick(this.regions);
        if (absent !== stopped && random.chance(0.7)) this.#network.isolate(absent);
        await scheduler.sleep(random.between(10, 3000));
        this.#network.healAll();
        this.#restart(stopped);
        return;
      }
      await scheduler.sleep(random.between(10, 3000));
      this.#restart(name);
    } else if (draw < 0.4) {
      tell(`isolate ${name}`, 'isolations');
      this.#network.isolate(name);
      this.#changeLeaderMeanwhile(name);
      await scheduler.sleep(random.between(50, 6000));
      this.#network.healAll();
    } else if (draw < 0.5) {
      const other = random.pick(this.regions);
      tell(`cut ${name} to ${other}`, 'one-way cuts');
      this.#network.cut(name, other);
      await scheduler.sleep(random.between(50, 5000));
      this.#network.healAll();
    } else if (draw < 0.7) {
      tell(`pause ${name}`, 'pauses');
      this.#network.pause(name);
      this.#changeLeaderMeanwhile(name);
      await scheduler.sleep(random.between(50, 5000));
      this.#network.resume(name);
    } else if (draw < 0.78) {
      tell('the stream has no leader', 'stream elections');
      this.#stream.loseLeader();
      await scheduler.sleep(random.between(200, 7000));
      this.#stream.findLeader();
    } else if (draw < 0.9) {
      tell('the office is free', 'office changes');
      this.#holder = undefined;
      // It is a hint, never a proof: for a while it may have several holders.
      this.#isForAllUntilMs = scheduler.nowMs + random.pick([0, 0, 800]);
    } else if (draw < 0.95) {
      tell(`${name} is full`, 'full replicas');
      const { replica } = this.#lives.get(name) ?? {};
      replica?.setFull(true);
      await scheduler.sleep(random.between(50, 3000));
      replica?.setFull(false);
    } else {
      tell(`clock of ${name} jumps`, 'clock jumps');
      this.#clocks.get(name)?.jump(random.between(-20_000, 20_000));
    }
  }

  #crash(name: string): void {
    const life = this.#lives.get(name);
    if (life === undefined) return;
    life.process.end();
    this.#network.drop(name);
    life.end();
    this.#lives.delete(name);
  }

  /** While the node may still trust its lease and hears of nothing, another one may take over from a leader that is lost, or that has stopped. */
  #changeLeaderMeanwhile(absent: string): void {
    const { random, scheduler } = this.#parts;
    const draw = random.float();
    const change = async (): Promise<void> => {
      await scheduler.sleep(random.between(0, 400));
      const leader = this.regions.find((name) => name !== absent && this.#lives.get(name)?.path?.isLeader === true);
      if (draw < 0.3) this.#holder = undefined;
      else if (draw < 0.7 && leader !== undefined) {
        await this.#stop(leader);
        await scheduler.sleep(random.between(10, 1000));
        this.#restart(leader);
      }
    };
    void change();
  }

  #restart(name: string): void {
    if (!this.#lives.has(name)) void this.#startNode(name);
  }

  /** In good order: sessions end, the adjudicator hands over. It has no more time than a supervisor gives it. */
  async #stop(name: string): Promise<void> {
    const life = this.#lives.get(name);
    const { path } = life ?? {};
    if (life === undefined || path === undefined) return;
    life.path = undefined;
    life.end();
    await Promise.race([path.close(), this.#parts.scheduler.sleep(8000)]);
    // Where it has crashed meanwhile, another life may go on.
    if (this.#lives.get(name) === life) this.#crash(name);
  }

  async mendAll(): Promise<void> {
    this.#network.healAll();
    this.#network.resumeAll();
    this.#stream.findLeader();
    for (const name of this.regions) {
      this.#lives.get(name)?.replica.setFull(false);
      this.#restart(name);
    }
  }

  // --- checks ---

  #noteCommitted(journal: JetStreamJournal): void {
    while (this.#noted < journal.lastPosition) {
      const entries = journal.read(this.#noted + 1, 100);
      if (entries instanceof Promise) return;
      for (const { position, entry } of entries) {
        this.#noted = position;
        if (entry.kind === 'commits')
          for (const { transactionId, timestamp } of entry.records) this.#committed.set(transactionId, timestamp);
      }
    }
  }

  /** Heartbeats go on, so that one may be an entry or two ahead: they are compared where all have come to. */
  differences(): readonly string[] {
    const replicas = [...this.#lives.values()].map(({ replica }) => replica);
    const [first, ...others] = replicas;
    if (first === undefined || replicas.length < this.regions.length) return ['a node is missing'];
    const found: string[] = [];
    for (const other of others) {
      if (Math.abs(other.position - first.position) > 20)
        found.push(`one replica is at position ${first.position}, another at ${other.position}`);
      if (other.position === first.position && Buffer.compare(other.hash, first.hash) !== 0)
        found.push('replicas have different histories');
      const common = Math.min(first.appliedTimestamp, other.appliedTimestamp);
      for (const key of new Set([...first.keys(), ...other.keys()])) {
        const [a, b] = [first.get(key, common).value, other.get(key, common).value];
        const isSame = a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
        if (!isSame) found.push(`replicas differ at ${key}`);
      }
    }
    return found;
  }
}

const faultsOf = (bug: FleetBug): FleetFaults => ({
  skipLeaseWait: bug === 'skipLeaseWait',
  skipReceipts: bug === 'skipReceipts',
  skipConflictCheck: bug === 'skipConflictCheck',
  skipFencing: bug === 'skipFencing',
  skipDurability: bug === 'skipDurability',
  skipInheritance: bug === 'skipInheritance',
});
