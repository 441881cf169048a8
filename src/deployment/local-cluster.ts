/**
 * One cluster of one or more Regions in one process, over one journal file: wires adjudicator, journal and crossbar to each other.
 *
 *        Region A (leader here)                     Region B                       witness
 *   commit path ─► leader ─► journal ─ delivery ─► node ─► replica                 receipt only
 *        ▲            ▲  └── receipts ◄── receipt, heartbeat ──┘                      │
 *        │            └───────────────────────────────────────────────────────────────┘
 *   commit path of B: a request over the network to the leader, its verdict back
 *
 * Leadership stays where it is while its Region is up and reaches a quorum; otherwise the first Region that is up and does takes over: it stops
 * the old leader, waits until nobody can still trust a lease of the old one, reads the journal and claims it. In the meantime commits wait.
 *
 * The Regions are simulated in this: the journal file is common to all, and a cut is noticed at once. The rules of leases, receipts and stable marks are the
 * same as between machines.
 */
import type { Adjudicator, Epoch } from '#adjudicator/adjudicator.ts';
import { ClaimLost, type Leader, startLeader } from '#adjudicator/leader.ts';
import { assert } from '#base/assert.ts';
import { SqlError, sqlstate } from '#base/sql-error.ts';
import type { Clock, World } from '#base/world.ts';
import type { ReadPoint, Replica } from '#crossbar/crossbar.ts';
import { Delivery } from '#crossbar/delivery.ts';
import type { RegionName, RegionNetwork } from '#crossbar/network.ts';
import { type LeaseTerms, type SentAt, usualTerms } from '#crossbar/read-leases.ts';
import { RegionReceipts } from '#crossbar/receipts.ts';
import { RegionNode } from '#crossbar/region-node.ts';
import { type LeaderHead, RegionReadPoint } from '#crossbar/region-read-point.ts';
import type { Journal, JournalPosition } from '#journal/journal.ts';
import { CommitPath } from './commit-path.ts';
import { RegionLeaderDoor } from './region-leader-door.ts';
import { checkAgainstJournal } from './replica-check.ts';
import { truncationPoint, WindowStart } from './window-start.ts';

export type LocalClusterOptions = {
  readonly world: World;
  readonly journal: Journal;
  /** May be common to several clusters. */
  readonly network: RegionNetwork;
  /** In order of preference for the leader; each with its replica. */
  readonly regions: readonly { readonly name: RegionName; readonly replica: Replica }[];
  readonly witness: RegionName | undefined;
  /** Journal or replica can no longer be trusted or written: the process must end. */
  readonly onFailure: (error: Error) => void;
  readonly terms?: LeaseTerms;
  /** How often a node renews its lease; a quarter of leaseMs. */
  readonly heartbeatMs?: number;
  /** How long a commit in doubt, a read without a lease, or a statement on an unstable commit waits; 10 s. */
  readonly patienceMs?: number;
  /** The conflict window; more than the greatest age of a transaction. */
  readonly windowMs?: number;
  /** Clocks of single Regions, for the simulator. */
  readonly clocks?: ReadonlyMap<RegionName, Clock>;
  readonly skipConflictCheck?: boolean;
};

/** What a query processor of a Region works with. */
export type RegionDoors = { readonly readPoint: ReadPoint; readonly adjudicator: Adjudicator };

type Region = RegionDoors & {
  readonly name: RegionName;
  node: RegionNode;
  isUp: boolean;
  cancelHeartbeat: (() => void) | undefined;
};

/** A leader, and what it keeps about the Regions. */
type Leadership = {
  readonly region: RegionName;
  readonly leader: Leader;
  readonly receipts: RegionReceipts;
  readonly deliveries: Map<RegionName, Delivery>;
  readonly doors: Record<RegionName, RegionLeaderDoor>;
  readonly stopWatching: () => void;
};

const usualPatienceMs = 10_000;
const usualWindowMs = 360_000;

/** Checks the replicas against the journal, claims it, and resolves when the leader's own Region has applied all of it. */
export async function startLocalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  for (const { name, replica } of options.regions) await checkAgainstJournal(options.journal, name, replica);
  const cluster = new LocalCluster(options);
  await cluster.start();
  return cluster;
}

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #world: World;
  readonly #network: RegionNetwork;
  readonly #terms: LeaseTerms;
  readonly #heartbeatMs: number;
  readonly #patienceMs: number;
  readonly #regions = new Map<RegionName, Region>();
  readonly #voters: readonly RegionName[];
  readonly #window: WindowStart;
  readonly #stopListening: () => void;
  readonly #changed = new Set<() => void>();
  #leadership: Leadership | undefined;
  #electing: Promise<void> | undefined;
  #closed = false;

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#network = options.network;
    this.#terms = options.terms ?? usualTerms;
    this.#heartbeatMs = options.heartbeatMs ?? this.#terms.leaseMs / 4;
    this.#patienceMs = options.patienceMs ?? usualPatienceMs;
    this.#window = new WindowStart((options.windowMs ?? usualWindowMs) * 1000);
    const names = options.regions.map(({ name }) => name);
    this.#voters = options.witness === undefined ? names : [...names, options.witness];
    for (const { name, replica } of options.regions) this.#regions.set(name, this.#makeRegion(name, replica));
    this.#stopListening = this.#network.onChange(() => this.#topologyChanged());
  }

  async start(): Promise<void> {
    this.#elect();
    await this.#electing;
    const leadership = this.#leading;
    if (leadership !== undefined) await this.node(leadership.region).replica.untilApplied(leadership.leader.head);
  }

  region(name: RegionName): RegionDoors {
    return this.#regionOf(name);
  }

  get leaderRegion(): RegionName | undefined {
    return this.#leading?.region;
  }

  get epoch(): Epoch {
    return this.#leadership?.leader.epoch ?? 0;
  }

  /** For metrics and tests. */
  node(name: RegionName): RegionNode {
    return this.#regionOf(name).node;
  }

  isUp(name: RegionName): boolean {
    return this.#regionOf(name).isUp;
  }

  /** The Region's node goes away: commits need not wait for it, its doors answer no more. */
  stopRegion(name: RegionName): void {
    const region = this.#regionOf(name);
    if (!region.isUp) return;
    region.isUp = false;
    region.cancelHeartbeat?.();
    region.node.close();
    this.#leadership?.deliveries.get(name)?.close();
    this.#leadership?.deliveries.delete(name);
    // It trusts its lease no more, so that nobody has to wait for it to run out.
    this.#leadership?.receipts.release(name);
    this.#topologyChanged();
  }

  /** The Region comes back, with its replica opened anew or as it was left. */
  async startRegion(name: RegionName, replica: Replica): Promise<void> {
    const region = this.#regionOf(name);
    assert(!region.isUp, 'a Region is started when it is down');
    await checkAgainstJournal(this.#options.journal, name, replica);
    region.node = this.#makeNode(name, replica);
    region.isUp = true;
    this.#topologyChanged();
  }

  /** Cuts the journal below a checkpoint (all of it, when replicas are never lost), as far as replicas and conflict window allow. */
  async truncateJournal(checkpoint: JournalPosition = Number.MAX_SAFE_INTEGER): Promise<void> {
    const leader = this.#leading?.leader;
    if (leader === undefined) return;
    const flushed = [...this.#regions.values()].map(({ node }) => node.replica.flushedPosition);
    const keep = Math.min(checkpoint, truncationPoint(flushed, this.#window.before(leader.head)));
    if (keep > this.#options.journal.firstPosition) await this.#options.journal.truncateBefore(keep);
  }

  /** Answers what is under way, then stops. The journal stays open: it is its owner's. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    this.#tellChanged();
    await this.#electing;
    const leader = this.#leadership?.leader;
    if (leader !== undefined) {
      // Without a quorum it would never end.
      const patience = new AbortController();
      await Promise.race([leader.drained(), this.#world.timers.sleep(this.#patienceMs, patience.signal).catch(() => {})]);
      patience.abort();
    }
    for (const region of this.#regions.values()) {
      region.cancelHeartbeat?.();
      region.node.close();
    }
    this.#endLeadership('the deployment is being stopped');
    this.#tellChanged();
  }

  #regionOf(name: RegionName): Region {
    const region = this.#regions.get(name);
    assert(region !== undefined, 'the cluster has this Region');
    return region;
  }

  #makeRegion(name: RegionName, replica: Replica): Region {
    const regionNode = (): RegionNode => this.#regionOf(name).node;
    const region: Region = {
      name,
      node: this.#makeNode(name, replica),
      isUp: true,
      cancelHeartbeat: undefined,
      // The node changes when the Region is started again; the doors stay, sessions hold them.
      readPoint: new RegionReadPoint({
        node: regionNode,
        timers: this.#world.timers,
        patienceMs: this.#patienceMs,
        askLeader: () => this.#askLeader(name),
      }),
      adjudicator: new CommitPath({
        timers: this.#world.timers,
        patienceMs: this.#patienceMs,
        leader: () => this.#leaderDoor(name),
        mayHaveLeader: () => this.#canReachQuorum(name),
        untilChange: () => this.#untilChange(),
      }),
    };
    return region;
  }

  #makeNode(name: RegionName, replica: Replica): RegionNode {
    const node = new RegionNode({
      region: name,
      replica,
      clock: this.#options.clocks?.get(name) ?? this.#world.clock,
      timers: this.#world.timers,
      terms: this.#terms,
      patienceMs: this.#patienceMs,
      onFailure: this.#options.onFailure,
    });
    node.onReceived = (position) => this.#sendReceipt(node, position);
    return node;
  }

  #leaderDoor(from: RegionName): RegionLeaderDoor | undefined {
    const leadership = this.#leading;
    if (leadership === undefined || !this.#network.isConnected(from, leadership.region)) return undefined;
    leadership.doors[from] ??= new RegionLeaderDoor(leadership.leader, leadership.region, from, this.#network);
    return leadership.doors[from];
  }

  /** The leadership, unless it has ended by itself. */
  get #leading(): Leadership | undefined {
    return this.#leadership === undefined || this.#leadership.leader.stopped ? undefined : this.#leadership;
  }

  // --- what travels between the Regions ---

  #sendReceipt(node: RegionNode, position: JournalPosition): void {
    const leadership = this.#leading;
    if (leadership === undefined) return;
    this.#network.send(node.region, leadership.region, () => {
      leadership.deliveries.get(node.region)?.confirm(position);
      const granted = leadership.receipts.received(node.region, position);
      if (granted !== undefined) this.#sendGrant(leadership, node, granted.number, granted.sentAt);
    });
  }

  #sendGrant(leadership: Leadership, node: RegionNode, number: number, sentAt: SentAt): void {
    const { leader } = leadership;
    const stable = leader.stable;
    this.#network.send(leadership.region, node.region, () => {
      node.grant(number, sentAt, leader.epoch);
      node.announced(stable);
    });
  }

  #heartbeat(region: Region): void {
    region.cancelHeartbeat?.();
    region.cancelHeartbeat = undefined;
    if (this.#closed || !region.isUp) return;
    region.cancelHeartbeat = this.#world.timers.after(this.#heartbeatMs, () => this.#heartbeat(region));
    const leadership = this.#leading;
    if (leadership === undefined) return;
    const { node } = region;
    const sentAt = node.lease.sentNow();
    const received = node.received;
    this.#network.send(region.name, leadership.region, () => {
      const { leader, receipts } = leadership;
      // Only a leader that reaches a quorum may promise that nobody else commits meanwhile.
      if (leader.stopped || !receipts.hasQuorum) return;
      const number = receipts.leases.ask(region.name, sentAt, received, Math.max(leader.claimPosition, leader.answeredPosition));
      if (number !== undefined) this.#sendGrant(leadership, node, number, sentAt);
      receipts.received(region.name, received);
    });
  }

  #announce(from: RegionName, stable: number): void {
    for (const region of this.#regions.values()) {
      if (!region.isUp) continue;
      const { node } = region;
      this.#network.send(from, region.name, () => node.announced(stable));
    }
  }

  #askLeader(name: RegionName): LeaderHead | Promise<LeaderHead> {
    const leadership = this.#leading;
    if (leadership === undefined || !this.#network.isConnected(name, leadership.region) || !leadership.receipts.hasQuorum) {
      if (!this.#canReachQuorum(name)) throw cutOff(name);
      return this.#untilChange().then(() => this.#askLeader(name));
    }
    const { leader, region } = leadership;
    const answer = (): LeaderHead | Promise<LeaderHead> => {
      const head = leader.confirmedHead();
      return head instanceof Promise
        ? head.then((timestamp) => ({ timestamp, epoch: leader.epoch }))
        : { timestamp: head, epoch: leader.epoch };
    };
    if (name === region || this.#network.isInstant) return answer();
    return new Promise((resolve, reject) => {
      const lost = this.#onChange(() => {
        if (this.#network.isConnected(name, region) && !leader.stopped) return;
        lost();
        // Asked again rather than refused: a new leader may be near.
        Promise.resolve()
          .then(() => this.#askLeader(name))
          .then(resolve, reject);
      });
      this.#network.send(name, region, () => {
        if (leader.stopped || !leadership.receipts.hasQuorum) return;
        Promise.resolve(answer()).then(
          (head) =>
            this.#network.send(region, name, () => {
              lost();
              resolve(head);
            }),
          () => {
            // The leader has stopped meanwhile: onChange asks its successor.
          },
        );
      });
    });
  }

  // --- leadership ---

  #isReachable(from: RegionName, to: RegionName): boolean {
    if (!this.#network.isConnected(from, to)) return false;
    return this.#regions.get(to)?.isUp ?? true;
  }

  #canReachQuorum(from: RegionName): boolean {
    if (!(this.#regions.get(from)?.isUp ?? true)) return false;
    let reachable = 0;
    for (const voter of this.#voters) if (this.#isReachable(from, voter)) reachable++;
    return reachable >= Math.floor(this.#voters.length / 2) + 1;
  }

  #onChange(callback: () => void): () => void {
    this.#changed.add(callback);
    return () => this.#changed.delete(callback);
  }

  #untilChange(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#onChange(() => {
        stop();
        resolve();
      });
    });
  }

  #tellChanged(): void {
    for (const callback of [...this.#changed]) callback();
  }

  #topologyChanged(): void {
    if (this.#closed) return;
    const leadership = this.#leading;
    if (leadership !== undefined && this.#canReachQuorum(leadership.region)) this.#reconnect(leadership);
    else this.#elect();
    this.#tellChanged();
  }

  #elect(): void {
    this.#electing ??= this.#runElection().then(
      () => {
        this.#electing = undefined;
      },
      (error: Error) => {
        this.#electing = undefined;
        this.#options.onFailure(error);
      },
    );
  }

  /** Until there is a leader, or nobody could be one: then the next change of topology tries again. */
  async #runElection(): Promise<void> {
    while (!this.#closed) {
      const current = this.#leading;
      if (current !== undefined && this.#canReachQuorum(current.region)) {
        this.#reconnect(current);
        return;
      }
      const candidate = [...this.#regions.values()].find(({ name }) => this.#canReachQuorum(name));
      if (candidate === undefined) return;
      const waitMs = this.#trustedForMs(candidate.name);
      if (waitMs > 0) {
        // The old leader may be back before then, or the Region in question.
        const patience = new AbortController();
        const stop = this.#onChange(() => patience.abort());
        await this.#world.timers.sleep(waitMs, patience.signal).catch(() => {});
        stop();
        continue;
      }
      this.#revokeLeases(candidate.name);
      this.#endLeadership('another Region takes over');
      if (await this.#claim(candidate.name)) return;
    }
  }

  /** How long somebody out of the candidate's reach may still trust a lease of the leader that has been. */
  #trustedForMs(candidate: RegionName): number {
    let waitMs = 0;
    for (const { node, expiresMs } of this.#leadership?.receipts.leases.outstanding() ?? []) {
      if (this.#network.isConnected(candidate, node)) continue;
      // Whole milliseconds: a rest of a billionth, which rounding can leave, would be waited for without end where time moves by such waits.
      waitMs = Math.max(waitMs, Math.ceil(expiresMs - this.#world.clock.monotonicMs() + 1));
    }
    return waitMs;
  }

  /** Those within reach give theirs back. */
  #revokeLeases(candidate: RegionName): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    for (const { name, node } of this.#regions.values())
      if (this.#network.isConnected(candidate, name)) node.revoke(leadership.leader.epoch);
  }

  async #claim(region: RegionName): Promise<boolean> {
    const { journal, world } = this.#options;
    const announce = (stable: number): void => this.#announce(region, stable);
    const isReachable = (voter: RegionName): boolean => this.#isReachable(region, voter);
    let lastEpoch = 0;
    const [last] = journal.lastPosition >= journal.firstPosition ? await journal.read(journal.lastPosition, 1) : [];
    if (last !== undefined) lastEpoch = last.entry.epoch;
    const receipts = new RegionReceipts({
      clock: world.clock,
      timers: world.timers,
      terms: this.#terms,
      epoch: lastEpoch + 1,
      voters: this.#voters,
      isReachable,
      announce,
    });
    let leader: Leader;
    try {
      leader = await startLeader({
        world,
        journal,
        receipts,
        exclusive: true,
        windowMs: this.#options.windowMs ?? usualWindowMs,
        skipConflictCheck: this.#options.skipConflictCheck ?? false,
        onStopped: (reason) => this.#leaderStopped(reason),
      });
    } catch (error) {
      receipts.close();
      if (!(error instanceof ClaimLost)) throw error;
      // The leader before has an append under way: it will be in the journal soon.
      await world.timers.sleep(1);
      return false;
    }
    if (this.#closed) {
      leader.stop('the deployment is being stopped');
      receipts.close();
      return true;
    }
    this.#beginLeadership(region, leader, receipts);
    return true;
  }

  #beginLeadership(region: RegionName, leader: Leader, receipts: RegionReceipts): void {
    const { journal, witness } = this.#options;
    const stopWatching = journal.onGrow(() => this.#grown(leadership));
    const leadership: Leadership = { region, leader, receipts, deliveries: new Map(), doors: {}, stopWatching };
    this.#leadership = leadership;
    for (const { name, isUp } of this.#regions.values()) if (isUp) this.#deliver(leadership, name);
    if (witness !== undefined) this.#reportWitness(leadership, witness);
    leader.begin();
    for (const each of this.#regions.values()) this.#heartbeat(each);
    this.#tellChanged();
  }

  #grown(leadership: Leadership): void {
    const { journal, witness } = this.#options;
    this.#window.note(journal.lastPosition, leadership.leader.head);
    if (witness !== undefined) this.#reportWitness(leadership, witness);
  }

  /** The witness keeps the journal and no rows: here it only says that it has received. */
  #reportWitness(leadership: Leadership, witness: RegionName): void {
    const position = this.#options.journal.lastPosition;
    const { region, receipts } = leadership;
    this.#network.send(region, witness, () => this.#network.send(witness, region, () => receipts.received(witness, position)));
  }

  #deliver(leadership: Leadership, name: RegionName): void {
    leadership.deliveries.get(name)?.close();
    const region = this.#regionOf(name);
    const { node } = region;
    const delivery = new Delivery({
      journal: this.#options.journal,
      network: this.#network,
      from: leadership.region,
      to: name,
      receive: (entries) => node.receive(entries),
      nextPosition: node.nextPosition,
      yieldTurn: () => this.#world.timers.yield(),
      onFailure: this.#options.onFailure,
    });
    leadership.deliveries.set(name, delivery);
    delivery.resume(node.nextPosition);
  }

  /** Links or Regions have come back: what was lost on the way is sent again, and leases are asked for. */
  #reconnect(leadership: Leadership): void {
    const { witness } = this.#options;
    for (const region of this.#regions.values()) {
      if (!region.isUp || !this.#network.isConnected(leadership.region, region.name)) continue;
      this.#deliver(leadership, region.name);
      this.#heartbeat(region);
    }
    if (witness !== undefined) this.#reportWitness(leadership, witness);
  }

  #leaderStopped(reason: string): void {
    if (this.#closed) return;
    this.#world.log.error('the adjudicator has stopped', { reason });
    this.#tellChanged();
    this.#elect();
  }

  #endLeadership(reason: string): void {
    const leadership = this.#leadership;
    if (leadership === undefined) return;
    this.#leadership = undefined;
    leadership.leader.stop(reason);
    leadership.receipts.close();
    leadership.stopWatching();
    for (const delivery of leadership.deliveries.values()) delivery.close();
  }
}

const cutOff = (region: RegionName): SqlError =>
  new SqlError(sqlstate.cannotConnectNow, `Region ${region} cannot reach a quorum of the cluster's Regions`);
